import { type Actor, AUDIT_COLUMNS } from './audit.ts';
import type { Db } from './rows.ts';

/*
 * Changes that are made where the rows are, for any number of them by a fixed number of statements. All statements of
 * such a change are bound to one JSON parameter, `?1`, and each repeats the condition of the change; what a condition
 * asks about is altered last, so that in one transaction all of them are about the same rows.
 */

/** The one parameter: the fields of a change, and who makes it when. */
export function parameters(fields: object, actor: Actor, nowMs: number): string {
  return JSON.stringify({ ...fields, actor, nowMs });
}

const BY_WHOM = `?1 ->> 'nowMs', ?1 ->> '$.actor.name', ?1 ->> '$.actor.address', ?1 ->> '$.actor.requestId'`;

/** The beginning of an audit entry; action, account, key, before and after follow, in this order. */
export const NOTE = `INSERT INTO audit (${AUDIT_COLUMNS}) SELECT ${BY_WHOM}`;

/** The same of one that stands there once: `ONCE` of the audit trail is its end. */
export const NOTE_ONCE = `INSERT INTO audit (once, ${AUDIT_COLUMNS}) SELECT ?1 ->> 'once', ${BY_WHOM}`;

/** What to do to each key, as SQL over keys `k` and `?1`; `before` and `after` are JSON for the audit trail. */
export interface KeySetChange {
  readonly action: string;
  readonly where: string;
  readonly before: string;
  readonly after: string;
  readonly set: string;
}

/** Revokes the keys of a condition, with what they belonged to. */
export function revocationOf(where: string, owner: 'member' | 'account'): KeySetChange {
  return {
    action: 'key.revoked',
    where: `k.status <> 'revoked' AND ${where}`,
    before: `json_object('status', k.status)`,
    after: `json_object('status', 'revoked', 'with', '${owner}')`,
    set: `status = 'revoked', revoked_at_ms = ?1 ->> 'nowMs'`,
  };
}

/** Gives `$.role` to the keys of a condition that have none of `$.keyRoles`. */
export function demotionOf(where: string): KeySetChange {
  return {
    action: 'key.updated',
    where: `k.status <> 'revoked' AND k.role NOT IN (SELECT value FROM json_each(?1, '$.keyRoles')) AND ${where}`,
    before: `json_object('role', k.role)`,
    after: `json_object('role', ?1 ->> 'role')`,
    set: `role = ?1 ->> 'role'`,
  };
}

/** Raises the generation of the keys of a condition, each with its audit entry and its outbox row. The update is last. */
export function changeKeySet(db: Db, change: KeySetChange, bound: string): D1PreparedStatement[] {
  const { action, where, before, after, set } = change;
  return [
    `${NOTE}, '${action}', k.account_id, k.id, ${before}, ${after} FROM keys AS k WHERE ${where}`,
    `INSERT INTO outbox (kind, account_id, key_id, generation, payload, created_at_ms, next_attempt_at_ms)
     SELECT '${action}', k.account_id, k.id, k.generation + 1, ${after}, ?1 ->> 'nowMs', ?1 ->> 'nowMs'
     FROM keys AS k WHERE ${where}`,
    `UPDATE keys AS k SET generation = k.generation + 1, ${set} WHERE ${where}`,
  ].map((sql) => db.prepare(sql).bind(bound));
}
