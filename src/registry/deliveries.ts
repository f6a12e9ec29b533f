import type { Db } from './rows.ts';
import type { SealedSecret } from './webhooks.ts';

/*
 * What is to be delivered, and who has it in hand. Whoever takes a delivery has it for a while only: if nothing has been
 * heard of it by then, it is due again, so nothing that is killed or lost on the way takes a delivery with it.
 */

/** The n-th attempt of a delivery. */
export interface Attempt {
  readonly delivery: number;
  readonly attempt: number;
}

/** A delivery whose next attempt is its holder's alone to make. */
export interface Claimed extends Attempt {
  readonly event: number;
  readonly endpoint: string;
  /** Whose endpoint; null: the operator's. */
  readonly accountId: string | null;
  readonly url: string;
  /** What it is signed with, newest first. */
  readonly secrets: readonly SealedSecret[];
  /** How many attempts have failed since it was last asked for. */
  readonly failures: number;
}

/** So many deliveries are handed over at once, and so many of one endpoint are in hand. */
const MOST = 100;
const MOST_OF_ENDPOINT = 10;
/** An endpoint that failed is tried with so many before it is given all. */
const MOST_OF_FAILING = 1;
/** So many that have come to their time are looked at for one endpoint. If all of them have to wait, others are next. */
const LOOKED_AT = 200;
const PUT_OFF_MS = 60_000;
/** How long the queue may take. */
const HANDED_OVER_MS = 60_000;
/** An event waits for so long behind those of its key that came before it; then it goes ahead while they pause. */
const IN_ORDER_MS = 3_600_000;

/** Each endpoint that has something pending, by one step in the index: what waits for one is not looked at for others. */
const ENDPOINTS = `endpoint (id) AS (
  SELECT (SELECT min(endpoint_id) FROM deliveries INDEXED BY deliveries_due WHERE status = 'pending')
  UNION ALL
  SELECT (SELECT min(d.endpoint_id) FROM deliveries AS d INDEXED BY deliveries_due
    WHERE d.status = 'pending' AND d.endpoint_id > endpoint.id)
  FROM endpoint WHERE endpoint.id IS NOT NULL)`;

/** Those to which something may be sent now, how many deliveries at once, and how many are in hand. */
const READY = `ready AS (
  SELECT w.id, iif(w.failures = 0, ${MOST_OF_ENDPOINT}, ${MOST_OF_FAILING}) AS most, (
      SELECT count(*) FROM deliveries AS h INDEXED BY deliveries_in_hand
      WHERE h.endpoint_id = w.id AND h.leased = 1 AND h.next_attempt_at_ms > ?1) AS held
  FROM endpoint CROSS JOIN webhook_endpoints AS w ON w.id = endpoint.id
  WHERE w.status = 'active' AND w.resumes_at_ms <= ?1)`;

/** Whether a change is not known to be in force: that of the event, or one of its key before. */
const NOT_IN_FORCE = `EXISTS (SELECT 1 FROM outbox AS o WHERE o.key_id = d.key_id AND o.created_at_ms <= d.created_at_ms)
  OR (d.key_id IS NULL AND EXISTS (
    SELECT 1 FROM events AS e CROSS JOIN outbox AS o ON o.account_id = e.account_id AND o.created_at_ms = e.at_ms
    WHERE e.id = d.event_id AND e.type = 'member_removed'))`;

/**
 * Whether the event before it of the same key is still pending, and not for too long; or was not tried yet, is due now,
 * or in hand.
 */
const BEHIND = `coalesce((
  SELECT b.created_at_ms > ?1 - ${IN_ORDER_MS} OR b.attempts = 0 OR b.leased = 1 OR b.next_attempt_at_ms <= ?1
  FROM deliveries AS b INDEXED BY deliveries_of_key
  WHERE b.key_id = d.key_id AND b.endpoint_id = d.endpoint_id AND b.status = 'pending' AND b.id < d.id
  ORDER BY b.id DESC LIMIT 1), false)`;

const MUST_WAIT = `(${NOT_IN_FORCE} OR ${BEHIND})`;

/** What has come to its time at an endpoint, the longest due first. */
const COME = `FROM deliveries AS c INDEXED BY deliveries_due
  WHERE c.endpoint_id = ready.id AND c.status = 'pending' AND c.next_attempt_at_ms <= ?1
  ORDER BY c.next_attempt_at_ms, c.id LIMIT ${LOOKED_AT}`;

/** What is due at an endpoint, as a JSON array, the longest due first. */
const DUE = `SELECT json_group_array(id) FROM (
  SELECT d.id FROM (SELECT c.* ${COME}) AS d WHERE NOT ${MUST_WAIT} LIMIT ${MOST_OF_ENDPOINT})`;

/** What of the same has to wait, as a JSON array. */
const WAITING = `SELECT json_group_array(d.id) FROM (SELECT c.* ${COME}) AS d WHERE ${MUST_WAIT}`;
/** Whether more may stand behind it. */
const MAY_BE_MORE = `EXISTS (SELECT 1 ${COME} OFFSET ${LOOKED_AT - 1})`;

/**
 * Takes what is due at `nowMs`, to be handed over to the queue: the first of each endpoint before the second of any,
 * and never more than {@link MOST}. What is not claimed within a minute is due again. However much has to wait for
 * something, it costs no more to find what has not.
 */
export async function handOver(db: Db, nowMs: number): Promise<Attempt[]> {
  const [taken] = await db.batch<Attempt>([
    db
      .prepare(
        `WITH RECURSIVE ${ENDPOINTS}, ${READY}
         UPDATE deliveries SET leased = 1, next_attempt_at_ms = ?2 WHERE id IN (
           SELECT d.id FROM ready
             CROSS JOIN json_each((${DUE})) AS place CROSS JOIN deliveries AS d ON d.id = place.value
           WHERE ready.held < ready.most AND place.key < ready.most - ready.held
           ORDER BY place.key, d.next_attempt_at_ms, d.id LIMIT ${MOST})
         RETURNING id AS delivery, attempts + 1 AS attempt`,
      )
      .bind(nowMs, nowMs + HANDED_OVER_MS),
    db
      .prepare(
        `WITH RECURSIVE ${ENDPOINTS}, ${READY}
         UPDATE deliveries SET leased = 0, next_attempt_at_ms = ?2 WHERE id IN (
           SELECT waiting.value FROM ready CROSS JOIN json_each((${WAITING})) AS waiting
           WHERE ready.held = 0 AND ${MAY_BE_MORE})`,
      )
      .bind(nowMs, nowMs + PUT_OFF_MS),
  ]);
  return taken?.results ?? [];
}

type ClaimedRow = Omit<Claimed, 'secrets'> & { readonly secrets: string };

/**
 * Begins these attempts, in one transaction: each is begun once, however often it is asked for, and none of an endpoint
 * that is disabled. An attempt that has left no trace after `leaseMs` is taken for lost.
 */
export async function claim(db: Db, attempts: readonly Attempt[], nowMs: number, leaseMs: number): Promise<Claimed[]> {
  if (attempts.length === 0) return [];
  const asked = JSON.stringify(attempts);
  const [begun, read] = await db.batch<unknown>([
    db
      .prepare(
        `UPDATE deliveries SET attempts = attempts + 1, leased = 1, next_attempt_at_ms = ?2
         FROM json_each(?1) AS c, webhook_endpoints AS w
         WHERE deliveries.id = c.value ->> 'delivery' AND deliveries.attempts = c.value ->> 'attempt' - 1
           AND deliveries.status = 'pending' AND w.id = deliveries.endpoint_id AND w.status = 'active'
         RETURNING deliveries.id`,
      )
      .bind(asked, nowMs + leaseMs),
    db
      .prepare(
        `SELECT d.id AS delivery, d.attempts AS attempt, d.event_id AS event, w.id AS endpoint,
           w.account_id AS accountId, w.url,
           (SELECT count(*) FROM delivery_attempts AS a
            WHERE a.delivery_id = d.id AND a.at_ms >= d.since_at_ms) AS failures,
           (SELECT json_group_array(json_object('id', id, 'sealed', sealed, 'keyVersion', key_version)) FROM (
              SELECT * FROM webhook_secrets WHERE endpoint_id = w.id AND (ends_at_ms IS NULL OR ends_at_ms > ?2)
              ORDER BY created_at_ms DESC, id)) AS secrets
         FROM json_each(?1) AS c CROSS JOIN deliveries AS d ON d.id = c.value ->> 'delivery'
           CROSS JOIN webhook_endpoints AS w ON w.id = d.endpoint_id`,
      )
      .bind(asked, nowMs),
  ]);
  const rows = new Map((read?.results ?? []).map((row) => [(row as ClaimedRow).delivery, row as ClaimedRow]));
  return (begun?.results ?? []).flatMap((own) => {
    const row = rows.get((own as { id: number }).id);
    return row === undefined ? [] : [{ ...row, secrets: JSON.parse(row.secrets) as SealedSecret[] }];
  });
}

/** More than that are not counted: nobody needs to know, and each is read. */
const MOST_COUNTED = 10_000;

/** How many deliveries are to be sent to endpoints that are active, {@link MOST_COUNTED} at most. */
export async function pendingDeliveries(db: Db): Promise<number> {
  const pending = await db
    .prepare(
      `SELECT count(*) AS pending FROM (
         SELECT 1 FROM webhook_endpoints AS w CROSS JOIN deliveries AS d INDEXED BY deliveries_due
           ON d.endpoint_id = w.id AND d.status = 'pending'
         WHERE w.status = 'active' LIMIT ${MOST_COUNTED})`,
    )
    .first<number>('pending');
  return pending ?? 0;
}

/**
 * Forgets deliveries from before `beforeMs`, with their attempts and the events that no other delivery has, at most
 * `limit` of them. Returns how many.
 */
export async function purgeDeliveries(db: Db, beforeMs: number, limit: number): Promise<number> {
  const { results } = await db
    .prepare('SELECT id, event_id AS event FROM deliveries WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?')
    .bind(beforeMs, limit)
    .all<{ id: number; event: number }>();
  if (results.length === 0) return 0;
  const ids = JSON.stringify(results.map(({ id }) => id));
  const events = JSON.stringify(results.map(({ event }) => event));
  await db.batch([
    db.prepare('DELETE FROM delivery_attempts WHERE delivery_id IN (SELECT value FROM json_each(?))').bind(ids),
    db.prepare('DELETE FROM deliveries WHERE id IN (SELECT value FROM json_each(?))').bind(ids),
    db
      .prepare(
        `DELETE FROM events WHERE id IN (SELECT value FROM json_each(?))
           AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event_id = events.id)`,
      )
      .bind(events),
  ]);
  return results.length;
}
