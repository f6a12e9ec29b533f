import { type Actor, AUDIT_COLUMNS } from './audit.ts';
import { type Db, KEY_COLUMNS, type KeyRow, keyOfRow, labelTaken, type StoredKey } from './rows.ts';

/** A key to be made. Ids are the caller's. */
export type NewKey = Pick<
  StoredKey,
  | 'id'
  | 'accountId'
  | 'memberId'
  | 'label'
  | 'category'
  | 'environment'
  | 'role'
  | 'expiresAtMs'
  | 'ratePerSecond'
  | 'ratePerMinute'
  | 'quotas'
  | 'addresses'
  | 'metadata'
>;

/** The first secret of a new key: only its digest and its visible prefix. */
export interface NewSecret {
  readonly id: string;
  readonly prefix: string;
  readonly digest: string;
  readonly pepperVersion: number;
}

/** The member who makes a key. */
export interface Creator {
  /** As the issuer of sessions knows the person: over all accounts of a user so many may be made within an hour. */
  readonly userId: string;
  /** With which of these roles the member may have this key. */
  readonly roles: readonly string[];
}

/** What must hold for a key to be made; of numbers, null is any. */
export interface CreationRules {
  /** How many keys the account, and the creator in it, may have that are not revoked. */
  readonly perAccount: number | null;
  readonly perUser: number | null;
  /** How many the creator may make within an hour. */
  readonly perHour: number | null;
  /** Whether no other key of the account that is not revoked may have its label. */
  readonly uniqueLabel: boolean;
  /** null: it is not made by a member, and only the account's rules count. */
  readonly creator: Creator | null;
}

/** For keys that nobody owns. */
export const NO_RULES: CreationRules = {
  perAccount: null,
  perUser: null,
  perHour: null,
  uniqueLabel: false,
  creator: null,
};

/** Why a key was not made. `count`: how many there are already. */
export type NotMade =
  | { readonly reason: 'account_missing' | 'account_suspended' | 'creator_changed' | 'label_taken' }
  | { readonly reason: 'key_cap' | 'user_key_cap'; readonly count: number }
  /** `freeAtMs`: from when on another one may be made. */
  | { readonly reason: 'creation_limited'; readonly count: number; readonly freeAtMs: number };

/** What became of a creation. */
export type Created = { readonly ok: true; readonly key: StoredKey } | ({ readonly ok: false } & NotMade);

/** Over which time creations are counted; they are kept for longer, since the clocks of isolates differ a little. */
export const HOUR_MS = 3_600_000;
const KEPT_MS = 2 * HOUR_MS;

/** What the rules ask about, over accounts `a`; `?1` is the key, `?2` the rules, `?3` the time. */
const STANDING = `SELECT count(*) FROM keys INDEXED BY keys_standing WHERE account_id = a.id AND status <> 'revoked'`;
const OF_CREATOR = `${STANDING} AND user_id = ?1 ->> 'memberId'`;
const RECENT = `key_creations WHERE user_id = ?2 ->> '$.creator.userId' AND at_ms > ?3 - ${HOUR_MS}`;
const CREATOR_STANDS = `(?2 -> 'creator' = 'null' OR EXISTS (
  SELECT 1 FROM members AS m WHERE m.id = ?1 ->> 'memberId' AND m.account_id = a.id AND m.status = 'active'
    AND m.role IN (SELECT value FROM json_each(?2, '$.creator.roles'))))`;
const LABEL_IS_FREE = `NOT (?2 ->> 'uniqueLabel' AND ${labelTaken(`?1 ->> 'label'`, 'a.id', `?1 ->> 'id'`)})`;
const below = (cap: string, count: string) => `(?2 ->> '${cap}' IS NULL OR ?2 ->> '${cap}' > (${count}))`;

/**
 * Makes a key with its first secret, its audit entry and its outbox row in one transaction, if the account is active
 * and the rules hold: they are read where the row is written, so creations at the same time cannot break them. An
 * inactive or expired key counts for the caps, or they could be passed by bringing it back; a purged one counts for the
 * hour. Throws where an id or the digest is taken.
 */
export async function createKey(
  db: Db,
  key: NewKey,
  secret: NewSecret,
  rules: CreationRules,
  actor: Actor,
  nowMs: number,
): Promise<Created> {
  const made = JSON.stringify({ ...key, prefix: secret.prefix });
  const bound = [made, JSON.stringify(rules), nowMs] as const;
  const results = await db.batch<unknown>([
    db
      .prepare(
        `INSERT INTO keys (id, account_id, user_id, label, category, environment, role, status, generation,
           expires_at_ms, rate_per_second, rate_per_minute, quotas, addresses, metadata, prefix, created_at_ms)
         SELECT ?1 ->> 'id', a.id, ?1 ->> 'memberId', ?1 ->> 'label', ?1 ->> 'category', ?1 ->> 'environment',
           ?1 ->> 'role', 'active', 1, ?1 ->> 'expiresAtMs', ?1 ->> 'ratePerSecond', ?1 ->> 'ratePerMinute',
           ?1 ->> 'quotas', ?1 ->> 'addresses', ?1 ->> 'metadata', ?1 ->> 'prefix', ?3
         FROM accounts AS a WHERE a.id = ?1 ->> 'accountId' AND a.status = 'active'
           AND ${CREATOR_STANDS} AND ${LABEL_IS_FREE}
           AND ${below('perHour', `SELECT count(*) FROM ${RECENT}`)}
           AND ${below('perUser', OF_CREATOR)} AND ${below('perAccount', STANDING)}`,
      )
      .bind(...bound),
    db
      .prepare('INSERT INTO secrets (id, key_id, prefix, created_at_ms) SELECT ?, id, prefix, ? FROM keys WHERE id = ?')
      .bind(secret.id, nowMs, key.id),
    db
      .prepare(
        'INSERT INTO secret_digests (digest, secret_id, pepper_version) SELECT ?, id, ? FROM secrets WHERE id = ?',
      )
      .bind(secret.digest, secret.pepperVersion, secret.id),
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS})
         SELECT ?, ?, ?, ?, 'key.created', account_id, id, NULL, ? FROM keys WHERE id = ?`,
      )
      .bind(nowMs, actor.name, actor.address, actor.requestId, made, key.id),
    db
      .prepare(
        `INSERT INTO outbox (kind, account_id, key_id, generation, payload, created_at_ms, next_attempt_at_ms)
         SELECT 'key.created', account_id, id, generation, ?1, ?2, ?2 FROM keys WHERE id = ?3`,
      )
      .bind(made, nowMs, key.id),
    db
      .prepare(
        `INSERT INTO key_creations (user_id, at_ms, key_id)
         SELECT ?1, ?2, id FROM keys WHERE id = ?3 AND ?1 IS NOT NULL`,
      )
      .bind(rules.creator?.userId ?? null, nowMs, key.id),
    db.prepare('DELETE FROM key_creations WHERE at_ms <= ?').bind(nowMs - KEPT_MS),
    db
      .prepare(`SELECT ${KEY_COLUMNS} FROM keys AS k CROSS JOIN accounts AS a ON a.id = k.account_id WHERE k.id = ?`)
      .bind(key.id),
    db
      .prepare(
        `SELECT a.status, ${CREATOR_STANDS} AS creatorStands, ${LABEL_IS_FREE} AS labelIsFree,
           (SELECT count(*) FROM ${RECENT}) AS recent, (${OF_CREATOR}) AS ofCreator, (${STANDING}) AS ofAccount,
           (SELECT at_ms FROM ${RECENT} ORDER BY at_ms DESC LIMIT 1 OFFSET max(0, coalesce(?2 ->> 'perHour', 1) - 1)) AS countedMs
         FROM accounts AS a
         WHERE a.id = ?1 ->> 'accountId' AND NOT EXISTS (SELECT 1 FROM keys WHERE id = ?1 ->> 'id')`,
      )
      .bind(...bound),
  ]);
  const row = results[7]?.results[0] as KeyRow | undefined;
  if (row !== undefined) return { ok: true, key: keyOfRow(row) };
  return { ok: false, ...reasonOf(results[8]?.results[0] as Standing | undefined, rules, nowMs) };
}

/** How things stood in the very transaction that made no key. */
interface Standing {
  readonly status: 'active' | 'suspended';
  readonly creatorStands: 0 | 1;
  readonly labelIsFree: 0 | 1;
  readonly recent: number;
  readonly ofCreator: number;
  readonly ofAccount: number;
  /** When the creation was made that must be an hour old before another one is; null: there is none. */
  readonly countedMs: number | null;
}

function reasonOf(found: Standing | undefined, { perHour, perUser }: CreationRules, nowMs: number): NotMade {
  if (found === undefined) return { reason: 'account_missing' };
  if (found.status !== 'active') return { reason: 'account_suspended' };
  if (found.creatorStands === 0) return { reason: 'creator_changed' };
  if (found.labelIsFree === 0) return { reason: 'label_taken' };
  if (perHour !== null && found.recent >= perHour) {
    return { reason: 'creation_limited', count: found.recent, freeAtMs: (found.countedMs ?? nowMs) + HOUR_MS };
  }
  if (perUser !== null && found.ofCreator >= perUser) return { reason: 'user_key_cap', count: found.ofCreator };
  return { reason: 'key_cap', count: found.ofAccount };
}
