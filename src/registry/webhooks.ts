import type { Actor } from './audit.ts';
import { NOTE, parameters } from './key-sets.ts';
import type { Db } from './rows.ts';

/*
 * Webhook endpoints and their secrets. Whose an endpoint is stands in every condition, so that nothing of another
 * account is ever found; null is the operator.
 */

/** An endpoint as the registry has it. */
export interface Endpoint {
  readonly id: string;
  readonly accountId: string | null;
  readonly url: string;
  readonly description: string | null;
  /** The types of events that it takes; null: all. */
  readonly events: readonly string[] | null;
  readonly status: 'active' | 'disabled';
  /** Its owner, or what its receiver did; null: it is active. */
  readonly disabledBy: 'owner' | 'gone' | 'failing' | null;
  readonly createdAtMs: number;
  /** How many attempts have failed since one went through, and since when. */
  readonly failures: number;
  readonly failingSinceAtMs: number | null;
}

type EndpointRow = Omit<Endpoint, 'events'> & { readonly events: string | null };

/** Whose endpoint: an account's, or (null) the operator's. */
export interface EndpointName {
  readonly accountId: string | null;
  readonly id: string;
}

/** A secret that is sealed under a version of the Worker's key for its own id. */
export interface SealedSecret {
  readonly id: string;
  readonly sealed: string;
  readonly keyVersion: number;
}

/** What became of a creation. `count`: how many endpoints there are already. */
export type EndpointMade =
  | { readonly ok: true; readonly endpoint: Endpoint }
  | { readonly ok: false; readonly reason: 'account_suspended' }
  | { readonly ok: false; readonly reason: 'full'; readonly count: number };

/** What may change of an endpoint; null: no description, and all events. */
export type EndpointChange = {
  readonly [field in 'url' | 'description' | 'events' | 'status']?: Endpoint[field] | undefined;
};

const COLUMNS = `w.id, w.account_id AS accountId, w.url, w.description, w.events, w.status, w.disabled_by AS disabledBy,
  w.created_at_ms AS createdAtMs, w.failures, w.failing_since_at_ms AS failingSinceAtMs`;
/** The endpoint that `?1` names. */
const IS_NAMED = `w.id = ?1 ->> 'id' AND w.account_id IS ?1 ->> 'accountId'`;
export const NAMED = `webhook_endpoints AS w WHERE ${IS_NAMED}`;

/** So many replaced secrets may still be valid: whoever has lost the answer to a rotation can make another one. */
const REPLACED = 2;

/**
 * Makes an endpoint with its secret and its audit entry, if its owner has fewer than `most` of them and, being an
 * account, is active: both are read where the row is written, so creations at the same time cannot pass it. One whose
 * id is there already is as it is.
 */
export async function createEndpoint(
  db: Db,
  endpoint: EndpointName & Pick<Endpoint, 'url' | 'description' | 'events'>,
  secret: SealedSecret,
  most: number,
  actor: Actor,
  nowMs: number,
): Promise<EndpointMade> {
  const bound = parameters({ ...endpoint, secret, most }, actor, nowMs);
  const own = `SELECT count(*) FROM webhook_endpoints WHERE account_id IS ?1 ->> 'accountId'`;
  const isActive = `(?1 ->> 'accountId' IS NULL
    OR EXISTS (SELECT 1 FROM accounts WHERE id = ?1 ->> 'accountId' AND status = 'active'))`;
  const isDue = `NOT EXISTS (SELECT 1 FROM webhook_endpoints WHERE id = ?1 ->> 'id')
    AND (${own}) < ?1 ->> 'most' AND ${isActive}`;
  const statements = [
    `${NOTE}, 'webhook.created', ?1 ->> 'accountId', NULL, NULL, json_object('endpoint', ?1 ->> 'id',
       'url', ?1 ->> 'url', 'description', ?1 ->> 'description', 'events', ?1 -> 'events') WHERE ${isDue}`,
    `INSERT INTO webhook_endpoints (id, account_id, url, description, events, status, created_at_ms)
     SELECT ?1 ->> 'id', ?1 ->> 'accountId', ?1 ->> 'url', ?1 ->> 'description', ?1 ->> 'events', 'active', ?1 ->> 'nowMs'
     WHERE ${isDue}`,
    insertSecret(''),
    `SELECT ${COLUMNS} FROM ${NAMED}`,
    `SELECT (${own}) AS count, ${isActive} AS isActive`,
  ];
  const results = await db.batch<unknown>(statements.map((sql) => db.prepare(sql).bind(bound)));
  const [row] = (results[3]?.results ?? []) as EndpointRow[];
  if (row !== undefined) return { ok: true, endpoint: endpointOfRow(row) };
  const [found] = (results[4]?.results ?? []) as { count: number; isActive: 0 | 1 }[];
  if (found?.isActive === 1) return { ok: false, reason: 'full', count: found.count };
  return { ok: false, reason: 'account_suspended' };
}

/** The endpoints of an account, or (null) of the operator, newest first: they are few. */
export async function listEndpoints(db: Db, accountId: string | null): Promise<Endpoint[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} FROM webhook_endpoints AS w WHERE w.account_id IS ?1
       ORDER BY w.created_at_ms DESC, w.id DESC`,
    )
    .bind(accountId)
    .all<EndpointRow>();
  return results.map(endpointOfRow);
}

/** One endpoint; null: its owner has none of this id. */
export async function readEndpoint(db: Db, name: EndpointName): Promise<Endpoint | null> {
  const row = await db
    .prepare(`SELECT ${COLUMNS} FROM ${NAMED}`)
    .bind(JSON.stringify({ id: name.id, accountId: name.accountId }))
    .first<EndpointRow>();
  return row && endpointOfRow(row);
}

/** So many deliveries that wait for their next attempt begin at once; the others in their time. */
const MOST_BEGUN = 5_000;

/** The fields of a change, with their columns. */
const FIELDS = { url: 'url', description: 'description', events: 'events', status: 'status' } as const;

/**
 * Changes an endpoint, with an audit entry where that alters it. Another URL, and an activation, forget how often
 * attempts have failed, and let the next one of each delivery begin at once. Null: its owner has none of this id.
 */
export async function changeEndpoint(
  db: Db,
  name: EndpointName,
  set: EndpointChange,
  actor: Actor,
  nowMs: number,
): Promise<Endpoint | null> {
  const fields = (Object.keys(FIELDS) as (keyof typeof FIELDS)[]).filter((field) => set[field] !== undefined);
  if (fields.length === 0) return readEndpoint(db, name);
  const bound = parameters({ ...name, set }, actor, nowMs);
  const wanted = (field: string) => `?1 ->> '$.set.${field}'`;
  const revives = `(${wanted('status')} = 'active' AND (w.failures > 0 OR w.resumes_at_ms > 0))`;
  const differs = fields.map((field) => `w.${field} IS NOT ${wanted(field)}`).join(' OR ');
  const altered = `${IS_NAMED} AND (${differs} OR ${revives})`;
  const told = (value: (field: string) => string) =>
    `json_object('endpoint', w.id, ${fields
      .map((field) => `'${field}', ${field === 'events' ? `json(${value(field)})` : value(field)}`)
      .join(', ')})`;
  const begins = `(${wanted('status')} = 'active' OR coalesce(w.url <> ${wanted('url')}, FALSE))`;
  const results = await db.batch<EndpointRow>(
    [
      `${NOTE}, 'webhook.updated', w.account_id, NULL, ${told((field) => `w.${field}`)}, ${told(wanted)}
         FROM webhook_endpoints AS w WHERE ${altered}`,
      // While it can be told from what it was.
      `UPDATE deliveries SET next_attempt_at_ms = ?1 ->> 'nowMs' WHERE id IN (
         SELECT d.id FROM webhook_endpoints AS w CROSS JOIN deliveries AS d INDEXED BY deliveries_due
           ON d.endpoint_id = w.id AND d.status = 'pending' AND d.next_attempt_at_ms > ?1 ->> 'nowMs' AND d.leased = 0
         WHERE ${altered} AND ${begins} LIMIT ${MOST_BEGUN})`,
      `UPDATE webhook_endpoints AS w SET ${fields.map((field) => `${field} = ${wanted(field)}`).join(', ')},
         disabled_by = CASE coalesce(${wanted('status')}, w.status)
           WHEN 'active' THEN NULL WHEN w.status THEN w.disabled_by ELSE 'owner' END,
         failures = iif(${begins}, 0, w.failures),
         failing_since_at_ms = iif(${begins}, NULL, w.failing_since_at_ms),
         resumes_at_ms = iif(${begins}, 0, w.resumes_at_ms)
       WHERE ${altered}`,
      `SELECT ${COLUMNS} FROM ${NAMED}`,
    ].map((sql) => db.prepare(sql).bind(bound)),
  );
  const row = results[3]?.results[0];
  return row === undefined ? null : endpointOfRow(row);
}

/** What a removal takes of the log of deliveries at once; the rest goes as all of it does, by age. */
const MOST_REMOVED = 5_000;

/** Deletes an endpoint with its secrets and what waits for it. Whether there was one. */
export async function deleteEndpoint(db: Db, name: EndpointName, actor: Actor, nowMs: number): Promise<boolean> {
  const bound = parameters(name, actor, nowMs);
  const those = (status: string) => `SELECT id FROM deliveries
    WHERE endpoint_id = (SELECT w.id FROM ${NAMED}) ${status} ORDER BY id LIMIT ${MOST_REMOVED}`;
  const removal = (deliveries: string) => [
    `DELETE FROM delivery_attempts WHERE delivery_id IN (${deliveries})`,
    `DELETE FROM events WHERE id IN (SELECT event_id FROM deliveries WHERE id IN (${deliveries}))
       AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event_id = events.id AND endpoint_id <> ?1 ->> 'id')`,
    `DELETE FROM deliveries WHERE id IN (${deliveries})`,
  ];
  const statements = [
    `${NOTE}, 'webhook.deleted', w.account_id, NULL, json_object('endpoint', w.id, 'url', w.url), NULL FROM ${NAMED}`,
    ...removal(those(`AND status = 'pending'`)),
    ...removal(those('')),
    `DELETE FROM webhook_secrets WHERE endpoint_id = (SELECT w.id FROM ${NAMED})`,
    `DELETE FROM ${NAMED}`,
  ];
  const results = await db.batch(statements.map((sql) => db.prepare(sql).bind(bound)));
  return results.at(-1)?.meta.changes === 1;
}

/**
 * Gives an endpoint another secret, with an audit entry. The one before is valid until `endsAtMs`, and so is the one
 * before that unless it ends earlier; older ones end now, and those that have ended go. A secret that is there already
 * is as it is. Null: its owner has no endpoint of this id.
 */
export async function rotateEndpointSecret(
  db: Db,
  name: EndpointName,
  secret: SealedSecret,
  endsAtMs: number,
  actor: Actor,
  nowMs: number,
): Promise<Endpoint | null> {
  const bound = parameters({ ...name, secret, endsAtMs }, actor, nowMs);
  const isNew = `NOT EXISTS (SELECT 1 FROM webhook_secrets WHERE id = ?1 ->> '$.secret.id')`;
  const own = `s.endpoint_id = (SELECT w.id FROM ${NAMED}) AND ${isNew}`;
  const kept = `SELECT id FROM webhook_secrets WHERE endpoint_id = ?1 ->> 'id'
    ORDER BY ends_at_ms IS NULL DESC, created_at_ms DESC, id LIMIT ${REPLACED}`;
  const results = await db.batch<EndpointRow>(
    [
      `${NOTE}, 'webhook.secret_rotated', w.account_id, NULL, NULL,
         json_object('endpoint', w.id, 'graceEndsAtMs', ?1 ->> 'endsAtMs') FROM ${NAMED} AND ${isNew}`,
      `UPDATE webhook_secrets AS s SET ends_at_ms = min(coalesce(s.ends_at_ms, ?1 ->> 'endsAtMs'),
         iif(s.id IN (${kept}), ?1 ->> 'endsAtMs', ?1 ->> 'nowMs')) WHERE ${own}`,
      `DELETE FROM webhook_secrets AS s WHERE s.ends_at_ms <= ?1 ->> 'nowMs' AND ${own}`,
      insertSecret(`AND ${isNew}`),
      `SELECT ${COLUMNS} FROM ${NAMED}`,
    ].map((sql) => db.prepare(sql).bind(bound)),
  );
  const row = results[4]?.results[0];
  return row === undefined ? null : endpointOfRow(row);
}

/** Whether this secret of an endpoint is there. */
export async function isSigningSecret(db: Db, secretId: string): Promise<boolean> {
  return (await db.prepare('SELECT 1 FROM webhook_secrets WHERE id = ?').bind(secretId).first()) !== null;
}

function insertSecret(condition: string): string {
  return `INSERT INTO webhook_secrets (id, endpoint_id, sealed, key_version, created_at_ms)
    SELECT ?1 ->> '$.secret.id', w.id, ?1 ->> '$.secret.sealed', ?1 ->> '$.secret.keyVersion', ?1 ->> 'nowMs'
    FROM ${NAMED} ${condition} ON CONFLICT DO NOTHING`;
}

function endpointOfRow(row: EndpointRow): Endpoint {
  return { ...row, events: row.events === null ? null : (JSON.parse(row.events) as string[]) };
}
