import type { AttemptRecord } from './attempts.ts';
import { type Actor, ONCE } from './audit.ts';
import { NOTE, NOTE_ONCE, parameters } from './key-sets.ts';
import { cutPage, type PageRequest, pageLength, readCursor } from './page.ts';
import type { Db } from './rows.ts';
import { type Endpoint, type EndpointName, NAMED } from './webhooks.ts';

/*
 * What was sent to an endpoint, for its owner: like the endpoint itself, it is found by nobody else.
 */

/** One event for one endpoint. */
export interface Delivery {
  readonly id: number;
  readonly endpointId: string;
  /** Of the entry in the audit trail. */
  readonly eventId: number;
  readonly type: string;
  readonly keyId: string | null;
  readonly status: 'pending' | 'delivered' | 'failed';
  /** How many were begun. */
  readonly attempts: number;
  readonly createdAtMs: number;
  /** null: one is being made, or none will be as things are. */
  readonly nextAttemptAtMs: number | null;
  readonly endedAtMs: number | null;
}

/** An attempt that was recorded. */
export interface LoggedAttempt extends AttemptRecord {
  readonly number: number;
}

type AttemptRow = Omit<LoggedAttempt, 'request' | 'response'> & {
  readonly request: string;
  readonly response: string | null;
};

/** Which deliveries of an endpoint. */
export interface DeliveryQuery extends EndpointName, PageRequest {
  readonly status?: Delivery['status'] | undefined;
  readonly type?: string | undefined;
}

/** What became of a wish to send: `waiting`: it is to be sent already; `often`: too much was sent by wish just now. */
export type Sending =
  | { readonly kind: 'sending'; readonly delivery: Delivery }
  | { readonly kind: 'missing' | 'disabled' | 'waiting' | 'often' };

/** What an account may have sent by wish in any minute, tests and repetitions together: nobody knows whose host it is. */
export const WISHES_PER_MINUTE = 60;
/** Of so many newest entries of its trail. */
const LOOKED_AT = 200;
const MAY_WISH = `(
  SELECT count(*) FROM (SELECT action, at_ms FROM audit WHERE account_id = ?1 ->> 'accountId' ORDER BY id DESC LIMIT ${LOOKED_AT}) AS page
  WHERE action IN ('webhook.tested', 'webhook.resent') AND at_ms > (?1 ->> 'nowMs') - 60000) < ${WISHES_PER_MINUTE}`;

const COLUMNS = `d.id, d.endpoint_id AS endpointId, d.event_id AS eventId, e.type, d.key_id AS keyId, d.status,
  d.attempts, d.created_at_ms AS createdAtMs,
  (SELECT max(d.next_attempt_at_ms, w.resumes_at_ms) FROM webhook_endpoints AS w
   WHERE w.id = d.endpoint_id AND w.status = 'active' AND d.status = 'pending' AND d.leased = 0) AS nextAttemptAtMs,
  d.ended_at_ms AS endedAtMs`;
const ATTEMPT = 'a.number, a.at_ms AS atMs, a.duration_ms AS durationMs, a.status, a.error, a.request, a.response';
const ROWS = 'deliveries AS d CROSS JOIN events AS e ON e.id = d.event_id';
/** The delivery `$.delivery` of the endpoint that `?1` names. */
const ONE = `d.id = ?1 ->> 'delivery' AND d.endpoint_id = (SELECT w.id FROM ${NAMED})`;

/**
 * Lists the deliveries of an endpoint, newest first: `missing` where its owner has none of this id, `cursor` where the
 * cursor is not one of this list's.
 */
export async function listDeliveries(
  db: Db,
  { accountId, id, status, type, ...page }: DeliveryQuery,
): Promise<{ deliveries: readonly Delivery[]; nextCursor: string | null } | 'missing' | 'cursor'> {
  const limit = pageLength(page.limit);
  const position = page.cursor === null ? null : readCursor(page.cursor);
  if (page.cursor !== null && typeof position?.[1] !== 'number') return 'cursor';
  const bound = JSON.stringify({ accountId, id, status, type, before: position?.[1], limit: limit + 1 });
  const where = [
    'd.endpoint_id = (SELECT w.id FROM found AS w)',
    ...(status === undefined ? [] : [`d.status = ?1 ->> 'status'`]),
    ...(type === undefined ? [] : [`e.type = ?1 ->> 'type'`]),
    ...(position === null ? [] : [`d.id < ?1 ->> 'before'`]),
  ];
  const { results } = await db
    .prepare(
      `WITH found AS (SELECT w.id FROM ${NAMED}), page AS (
         SELECT ${COLUMNS} FROM deliveries AS d INDEXED BY deliveries_by_endpoint
           CROSS JOIN events AS e ON e.id = d.event_id
         WHERE ${where.join(' AND ')} ORDER BY d.id DESC LIMIT ?1 ->> 'limit')
       SELECT page.* FROM found LEFT JOIN page ORDER BY page.id DESC`,
    )
    .bind(bound)
    .all<Delivery | Record<keyof Delivery, null>>();
  if (results.length === 0) return 'missing';
  const found = results.filter((row): row is Delivery => row.id !== null);
  const { rows, nextCursor } = cutPage(found, limit, (row) => [row.createdAtMs, row.id]);
  return { deliveries: rows, nextCursor };
}

/** One delivery with its attempts, the first one first; null: the owner has no endpoint with it. */
export async function readDelivery(
  db: Db,
  name: EndpointName,
  deliveryId: number,
): Promise<{ delivery: Delivery; attempts: readonly LoggedAttempt[] } | null> {
  const bound = JSON.stringify({ ...name, delivery: deliveryId });
  const [read, made] = await db.batch<unknown>(
    [
      `SELECT ${COLUMNS} FROM ${ROWS} WHERE ${ONE}`,
      `SELECT ${ATTEMPT}
       FROM deliveries AS d CROSS JOIN delivery_attempts AS a ON a.delivery_id = d.id WHERE ${ONE} ORDER BY a.number`,
    ].map((sql) => db.prepare(sql).bind(bound)),
  );
  const [delivery] = (read?.results ?? []) as Delivery[];
  if (delivery === undefined) return null;
  return { delivery, attempts: ((made?.results ?? []) as AttemptRow[]).map(attemptOfRow) };
}

/** The attempts of these deliveries, by delivery, the first one first. */
export async function readAttempts(db: Db, deliveries: readonly Delivery[]): Promise<Map<number, LoggedAttempt[]>> {
  const { results } = await db
    .prepare(
      `SELECT a.delivery_id AS delivery, ${ATTEMPT}
       FROM json_each(?) AS c CROSS JOIN delivery_attempts AS a ON a.delivery_id = c.value ORDER BY a.number`,
    )
    .bind(JSON.stringify(deliveries.map(({ id }) => id)))
    .all<AttemptRow & { readonly delivery: number }>();
  const found = Map.groupBy(results, ({ delivery }) => delivery);
  return new Map([...found].map(([id, rows]) => [id, rows.map(({ delivery: _, ...row }) => attemptOfRow(row))]));
}

/**
 * Lets a delivery that has ended be sent again, from the first attempt on, with an audit entry. Numbers of attempts go
 * on. Not where it is still to be sent, nor while its endpoint is disabled.
 */
export async function resendDelivery(
  db: Db,
  name: EndpointName,
  deliveryId: number,
  actor: Actor,
  nowMs: number,
): Promise<Sending> {
  const bound = parameters({ ...name, delivery: deliveryId }, actor, nowMs);
  const due = `${ONE} AND d.status <> 'pending' AND EXISTS (SELECT 1 FROM ${NAMED} AND w.status = 'active')`;
  const results = await db.batch<unknown>(
    [
      `SELECT d.status, w.status AS endpoint, ${MAY_WISH} AS mayWish
       FROM deliveries AS d CROSS JOIN webhook_endpoints AS w ON w.id = d.endpoint_id WHERE ${ONE}`,
      `${NOTE}, 'webhook.resent', ?1 ->> 'accountId', NULL, json_object('status', d.status),
         json_object('endpoint', d.endpoint_id, 'delivery', d.id, 'event', d.event_id, 'status', 'pending')
       FROM deliveries AS d WHERE ${due} AND ${MAY_WISH}`,
      `UPDATE deliveries AS d SET status = 'pending', since_at_ms = ?1 ->> 'nowMs', leased = 0, ended_at_ms = NULL,
         next_attempt_at_ms = ?1 ->> 'nowMs' WHERE ${due} AND changes() = 1`,
      `SELECT ${COLUMNS} FROM ${ROWS} WHERE ${ONE}`,
    ].map((sql) => db.prepare(sql).bind(bound)),
  );
  const [before] = (results[0]?.results ?? []) as Wished[];
  const [delivery] = (results[3]?.results ?? []) as Delivery[];
  if (before === undefined || delivery === undefined) return { kind: 'missing' };
  if (before.endpoint !== 'active') return { kind: 'disabled' };
  if (before.status === 'pending') return { kind: 'waiting' };
  return before.mayWish === 1 ? { kind: 'sending', delivery } : { kind: 'often' };
}

interface Wished {
  readonly status: Delivery['status'];
  readonly endpoint: 'active' | 'disabled';
  readonly mayWish: 0 | 1;
}

/** Sends a test to an endpoint, with an audit entry; once for each `testId`. Not while it is disabled. */
export async function testEndpoint(
  db: Db,
  name: EndpointName,
  testId: string,
  actor: Actor,
  nowMs: number,
): Promise<Sending> {
  const bound = parameters({ ...name, once: `webhook.tested ${testId}` }, actor, nowMs);
  const results = await db.batch<unknown>(
    [
      `${NOTE_ONCE}, 'webhook.tested', w.account_id, NULL, NULL, json_object('endpoint', w.id)
       FROM ${NAMED} AND w.status = 'active' AND ${MAY_WISH} ${ONCE}`,
      `SELECT w.status FROM ${NAMED}`,
      `SELECT ${COLUMNS} FROM audit AS n CROSS JOIN ${ROWS} AND d.event_id = n.id
       WHERE n.once = ?1 ->> 'once' AND d.endpoint_id = (SELECT w.id FROM ${NAMED})`,
    ].map((sql) => db.prepare(sql).bind(bound)),
  );
  const [delivery] = (results[2]?.results ?? []) as Delivery[];
  if (delivery !== undefined) return { kind: 'sending', delivery };
  const [endpoint] = (results[1]?.results ?? []) as Pick<Endpoint, 'status'>[];
  if (endpoint === undefined) return { kind: 'missing' };
  return { kind: endpoint.status === 'active' ? 'often' : 'disabled' };
}

function attemptOfRow(row: AttemptRow): LoggedAttempt {
  const { request, response } = row;
  return { ...row, request: JSON.parse(request), response: response === null ? null : JSON.parse(response) };
}
