import type { KeyRecord } from '../decision/record.ts';
import { type Actor, AUDIT_COLUMNS } from './audit.ts';
import {
  type Db,
  type Grace,
  KEY_COLUMNS,
  type KeyRow,
  keyOfRow,
  labelTaken,
  recordOfKey,
  type StoredKey,
  UNCHANGED,
} from './rows.ts';

export type { StoredKey } from './rows.ts';

/** A secret that was found, and the key it belongs to. */
export interface FoundKey {
  readonly record: KeyRecord;
  /** Which of the digests was found; the earliest given, where several are. */
  readonly digest: string;
  readonly pepperVersion: number;
  readonly secretId: string;
}

/** What to change on a key. */
export interface KeyChange {
  /** What the audit trail and the outbox call it, like `key.revoked`. */
  readonly action: string;
  readonly set: Partial<
    Pick<
      StoredKey,
      | 'label'
      | 'category'
      | 'role'
      | 'status'
      | 'expiresAtMs'
      | 'ratePerSecond'
      | 'ratePerMinute'
      | 'quotas'
      | 'addresses'
      | 'metadata'
    >
  >;
  /** The new generation is above this one too: a gate may be ahead of a restored database. */
  readonly generationAbove?: number;
  /** Only while no other key of the account that is not revoked has the new label. */
  readonly labelMustBeFree?: true;
  /** Only while the member who made the key has one of these roles. */
  readonly creatorRoles?: readonly string[];
}

/** What the changes of a set ask for beside the generation; `key` is the SQL name of the row. */
const fits = (key: string) => `
  (c.value ->> 'labelMustBeFree' IS NULL
    OR NOT ${labelTaken(`c.value ->> '$.next.label'`, `${key}.account_id`, `${key}.id`)})
  AND (c.value ->> 'creatorRoles' IS NULL OR EXISTS (
    SELECT 1 FROM members AS m WHERE m.id = ${key}.user_id
      AND m.role IN (SELECT value FROM json_each(c.value, '$.creatorRoles'))))`;

/** Finds the key that has one of the digests of a secret, in one query. */
export async function findByDigests(db: Db, digests: readonly string[]): Promise<FoundKey | null> {
  const { results } = await db
    .prepare(
      `SELECT ${KEY_COLUMNS}, d.digest, d.pepper_version AS pepperVersion, s.id AS secretId,
         s.replaced_at_ms AS replacedAtMs, s.grace_ends_at_ms AS graceEndsAtMs
       FROM secret_digests AS d
       CROSS JOIN secrets AS s ON s.id = d.secret_id
       CROSS JOIN keys AS k ON k.id = s.key_id
       CROSS JOIN accounts AS a ON a.id = k.account_id
       WHERE d.digest IN (${digests.map(() => '?').join(', ')})`,
    )
    .bind(...digests)
    .all<KeyRow & Omit<FoundKey, 'record'> & Grace>();
  const row = digests.map((digest) => results.find((result) => result.digest === digest)).find(Boolean);
  if (row === undefined) return null;
  const { digest, pepperVersion, secretId } = row;
  return { record: recordOfKey(keyOfRow(row), row), digest, pepperVersion, secretId };
}

/** Adds the digest of a known secret under another pepper. Does nothing where it is there, or the secret is gone. */
export async function addDigest(db: Db, digest: string, secretId: string, pepperVersion: number): Promise<void> {
  await db
    .prepare(
      `INSERT INTO secret_digests (digest, secret_id, pepper_version)
       SELECT ?, id, ? FROM secrets WHERE id = ? ON CONFLICT DO NOTHING`,
    )
    .bind(digest, pepperVersion, secretId)
    .run();
}

/** The digests of all secrets of these keys, under every pepper: the names of their cached records. */
export async function digestsOfKeys(db: Db, keyIds: readonly string[]): Promise<string[]> {
  if (keyIds.length === 0) return [];
  const { results } = await db
    .prepare(
      `SELECT d.digest FROM json_each(?) AS c
       CROSS JOIN secrets AS s ON s.key_id = c.value
       CROSS JOIN secret_digests AS d ON d.secret_id = s.id`,
    )
    .bind(JSON.stringify(keyIds))
    .all<{ digest: string }>();
  return results.map(({ digest }) => digest);
}

/** How many digests there are under each pepper version; reads every digest. */
export async function countByPepper(db: Db): Promise<Map<number, number>> {
  const { results } = await db
    .prepare('SELECT pepper_version AS version, count(*) AS digests FROM secret_digests GROUP BY pepper_version')
    .all<{ version: number; digests: number }>();
  return new Map(results.map(({ version, digests }) => [version, digests]));
}

/** One key as it stands, or null. */
export async function readKey(db: Db, keyId: string): Promise<StoredKey | null> {
  const row = await db
    .prepare(`SELECT ${KEY_COLUMNS} FROM keys AS k CROSS JOIN accounts AS a ON a.id = k.account_id WHERE k.id = ?`)
    .bind(keyId)
    .first<KeyRow>();
  return row === null ? null : keyOfRow(row);
}

/** These keys as they stand, by id, in one query; what does not exist is missing. */
export async function readKeys(db: Db, keyIds: readonly string[]): Promise<Map<string, StoredKey>> {
  if (keyIds.length === 0) return new Map();
  const { results } = await db
    .prepare(
      `SELECT ${KEY_COLUMNS} FROM json_each(?) AS c
       CROSS JOIN keys AS k ON k.id = c.value
       CROSS JOIN accounts AS a ON a.id = k.account_id`,
    )
    .bind(JSON.stringify(keyIds))
    .all<KeyRow>();
  return new Map(results.map((row) => [row.id, keyOfRow(row)]));
}

/**
 * Changes a set of keys in one transaction, each only if it still has the generation with which it was read and what
 * its change asks for holds: the audit trail and the outbox get their rows on that same condition, before the rows
 * themselves change. Returns the keys as they stand now, by id; one that another change overtook, or whose condition
 * does not hold, is missing and nothing of it was written. A key without a change is returned as it was given.
 */
export async function applyChanges(
  db: Db,
  planned: readonly { readonly key: StoredKey; readonly change: KeyChange | null }[],
  actor: Actor,
  nowMs: number,
): Promise<Map<string, StoredKey>> {
  const after = new Map(
    planned.map(({ key, change }) => [key.id, change === null ? key : changed(key, change, nowMs)]),
  );
  const changes = planned.flatMap(({ key, change }) =>
    change === null
      ? []
      : [
          {
            id: key.id,
            generation: key.generation,
            action: change.action,
            before: Object.fromEntries(Object.keys(change.set).map((name) => [name, key[name as keyof StoredKey]])),
            after: change.set,
            next: after.get(key.id),
            labelMustBeFree: change.labelMustBeFree,
            creatorRoles: change.creatorRoles,
          },
        ],
  );
  if (changes.length === 0) return after;
  const set = JSON.stringify(changes);
  const results = await db.batch<{ id: string }>([
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS})
         SELECT ?2, ?3, ?4, ?5, c.value ->> 'action', k.account_id, k.id, c.value -> 'before', c.value -> 'after'
         FROM ${UNCHANGED} WHERE ${fits('k')}`,
      )
      .bind(set, nowMs, actor.name, actor.address, actor.requestId),
    db
      .prepare(
        `INSERT INTO outbox (kind, account_id, key_id, generation, payload, created_at_ms, next_attempt_at_ms)
         SELECT c.value ->> 'action', k.account_id, k.id, c.value ->> '$.next.generation', c.value -> 'after', ?2, ?2
         FROM ${UNCHANGED} WHERE ${fits('k')}`,
      )
      .bind(set, nowMs),
    db
      .prepare(
        `UPDATE keys SET
           generation = c.value ->> '$.next.generation',
           label = c.value ->> '$.next.label',
           category = c.value ->> '$.next.category',
           role = c.value ->> '$.next.role',
           status = c.value ->> '$.next.status',
           expires_at_ms = c.value ->> '$.next.expiresAtMs',
           rate_per_second = c.value ->> '$.next.ratePerSecond',
           rate_per_minute = c.value ->> '$.next.ratePerMinute',
           quotas = c.value ->> '$.next.quotas',
           addresses = c.value ->> '$.next.addresses',
           metadata = c.value ->> '$.next.metadata',
           revoked_at_ms = c.value ->> '$.next.revokedAtMs'
         FROM json_each(?1) AS c
         WHERE keys.id = c.value ->> 'id' AND keys.generation = c.value ->> 'generation'
           AND ${fits('keys')}
         RETURNING id`,
      )
      .bind(set),
  ]);
  const matched = new Set(results[2]?.results.map(({ id }) => id));
  for (const { id } of changes) if (!matched.has(id)) after.delete(id);
  return after;
}

function changed(key: StoredKey, change: KeyChange, nowMs: number): StoredKey {
  const revokes = change.set.status === 'revoked' && key.status !== 'revoked';
  return {
    ...key,
    ...change.set,
    generation: Math.max(key.generation, change.generationAbove ?? 0) + 1,
    revokedAtMs: revokes ? nowMs : key.revokedAtMs,
  };
}
