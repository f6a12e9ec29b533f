import { AUDIT_COLUMNS, ONCE } from './audit.ts';
import { HOUR_MS } from './create.ts';
import type { Claimed } from './deliveries.ts';
import { ERASED } from './erasing.ts';
import { type Note, noteStatement, SYSTEM } from './note.ts';
import type { Db } from './rows.ts';

/** What was sent and what came back; bodies only as far as they are kept. */
export interface AttemptRecord {
  readonly atMs: number;
  readonly durationMs: number;
  /** null: there was no answer, and `error` says why. */
  readonly status: number | null;
  readonly error: string | null;
  readonly request: { readonly url: string; readonly headers: Headers; readonly body: string };
  readonly response: { readonly headers: Headers; readonly body: string } | null;
}

type Headers = Readonly<Record<string, string>>;

/** When a delivery goes on after a failure. */
export interface Next {
  /** null: its attempts are used up. */
  readonly attemptAtMs: number | null;
  /** The endpoint's first pauses: the n-th after its n-th failure, the last one after all further ones. */
  readonly pausesMs: readonly number[];
  /** The receiver wants nothing before. */
  readonly notBeforeMs: number;
  /** After so long without an attempt, nobody knows that it only failed. */
  readonly quietMs: number;
}

/** Records an attempt that went through. */
export async function settleDelivered(db: Db, claimed: Claimed, record: AttemptRecord, nowMs: number): Promise<void> {
  await db.batch([
    recorded(db, claimed, record),
    db
      .prepare(
        `UPDATE deliveries SET status = 'delivered', leased = 0, ended_at_ms = ? WHERE id = ? AND status = 'pending'`,
      )
      .bind(nowMs, claimed.delivery),
    nextOfKey(db, claimed),
    // What was sent before the pause says nothing of how the endpoint is since.
    db
      .prepare(
        `UPDATE webhook_endpoints SET failures = 0, failing_since_at_ms = NULL, resumes_at_ms = 0
         WHERE id = ? AND failures > 0 AND resumes_at_ms <= ?`,
      )
      .bind(claimed.endpoint, record.atMs),
  ]);
}

/**
 * Records an attempt that failed, and what follows for the delivery and for its endpoint: attempts that were under way
 * together count as one failure of the endpoint. Returns since when it only fails and when it is tried again; null
 * where it is disabled or gone, or another URL has taken the place of the one that failed.
 */
export async function settleFailed(
  db: Db,
  claimed: Claimed,
  record: AttemptRecord,
  { attemptAtMs, pausesMs, notBeforeMs, quietMs }: Next,
  nowMs: number,
): Promise<{ failingSinceAtMs: number; resumesAtMs: number } | null> {
  const isOver = attemptAtMs === null;
  const dead = { endpoint: claimed.endpoint, account: claimed.accountId, cause: 'attempts', deliveries: 1 } as const;
  const results = await db.batch<{ failingSinceAtMs: number; resumesAtMs: number }>([
    recorded(db, claimed, record),
    db
      .prepare(
        `UPDATE deliveries SET status = ?3, leased = 0, next_attempt_at_ms = ?4, ended_at_ms = ?5
         WHERE id = ?1 AND attempts = ?2 AND status = 'pending'`,
      )
      .bind(
        claimed.delivery,
        claimed.attempt,
        isOver ? 'failed' : 'pending',
        attemptAtMs ?? nowMs,
        isOver ? nowMs : null,
      ),
    ...(isOver ? [nextOfKey(db, claimed), noteStatement(db, deadNote(dead, nowMs), SYSTEM, nowMs)] : []),
    db
      .prepare(
        `UPDATE webhook_endpoints SET failures = failures + (resumes_at_ms <= ?2),
           failing_since_at_ms = iif(resumes_at_ms < ?3 - ?7, ?3, coalesce(failing_since_at_ms, ?3)),
           resumes_at_ms = max(?5, iif(resumes_at_ms > ?2, resumes_at_ms,
             ?3 + json_extract(?4, '$[' || min(failures, json_array_length(?4) - 1) || ']')))
         WHERE id = ?1 AND status = 'active' AND url = ?6
         RETURNING failing_since_at_ms AS failingSinceAtMs, resumes_at_ms AS resumesAtMs`,
      )
      .bind(claimed.endpoint, record.atMs, nowMs, JSON.stringify(pausesMs), notBeforeMs, claimed.url, quietMs),
  ]);
  return results.at(-1)?.results[0] ?? null;
}

/**
 * Disables an endpoint that is active, and tells its owner why: it is `gone` by its own word, or it only fails.
 * Deliveries that are pending stay so until it is active again.
 */
export async function disableEndpoint(
  db: Db,
  endpoint: string,
  reason: 'gone' | 'failing',
  nowMs: number,
): Promise<void> {
  await db.batch([
    db
      .prepare(`UPDATE webhook_endpoints SET status = 'disabled', disabled_by = ?2 WHERE id = ?1 AND status = 'active'`)
      .bind(endpoint, reason),
    // Of the endpoint itself nobody is told: it is disabled by now.
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS}, once)
         SELECT ?3, ?4, NULL, NULL, 'webhook.failed', account_id, NULL, NULL,
           json_object('endpoint', id, 'url', url, 'reason', ?2, 'failingSinceAtMs', failing_since_at_ms),
           'webhook.failed ' || id || ' ' || ?3
         FROM webhook_endpoints WHERE id = ?1 AND disabled_by = ?2 AND changes() = 1
         ${ONCE}`,
      )
      .bind(endpoint, reason, nowMs, SYSTEM.name),
  ]);
}

/** Lets the event that waits behind one be looked at first, where it was put off. */
function nextOfKey(db: Db, { delivery }: Claimed): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE deliveries SET next_attempt_at_ms = created_at_ms WHERE id = (
         SELECT n.id FROM deliveries AS d CROSS JOIN deliveries AS n INDEXED BY deliveries_of_key
           ON n.key_id = d.key_id AND n.endpoint_id = d.endpoint_id AND n.status = 'pending' AND n.id > d.id
         WHERE d.id = ? ORDER BY n.id LIMIT 1)
       AND attempts = 0 AND leased = 0 AND next_attempt_at_ms > created_at_ms`,
    )
    .bind(delivery);
}

/** Whether the account of a delivery `d` was erased while somebody had it in hand. */
const IS_ERASED = `EXISTS (
  SELECT 1 FROM events AS e CROSS JOIN accounts AS a ON a.id = e.account_id
  WHERE e.id = d.event_id AND a.closed_at_ms IS NOT NULL AND a.name = '${ERASED}')`;

/** Nothing where the delivery is gone; of what was sent of an erased account not what was in it. */
function recorded(db: Db, { delivery, attempt }: Claimed, record: AttemptRecord): D1PreparedStatement {
  const { atMs, durationMs, status, error, request, response } = record;
  return db
    .prepare(
      `INSERT INTO delivery_attempts (delivery_id, number, at_ms, duration_ms, status, error, request, response)
       SELECT d.id, ?2, ?3, ?4, ?5, ?6, iif(${IS_ERASED}, json_set(?7, '$.body', ''), ?7), iif(${IS_ERASED}, NULL, ?8)
       FROM deliveries AS d WHERE d.id = ?1 ON CONFLICT DO NOTHING`,
    )
    .bind(
      delivery,
      attempt,
      atMs,
      durationMs,
      status,
      error,
      JSON.stringify(request),
      response === null ? null : JSON.stringify(response),
    );
}

/** Deliveries that were given up, or that the queue could not hand over. */
export interface Dead {
  /** null: of any. */
  readonly endpoint: string | null;
  readonly account: string | null;
  readonly cause: 'attempts' | 'queue';
  readonly deliveries: number;
}

/** What the operator is told of them, once for an endpoint and hour. */
export function deadNote(about: Dead, nowMs: number): Note {
  const once = `delivery.dead ${about.endpoint ?? about.cause} ${Math.floor(nowMs / HOUR_MS)}`;
  return { once, action: 'delivery.dead', accountId: null, keyId: null, about };
}
