import { type Actor, AUDIT_COLUMNS } from './audit.ts';
import type { NewSecret } from './create.ts';
import { RECORD_CACHE_MS } from './lookup.ts';
import { type Db, KEY_COLUMNS, type KeyRow, keyOfRow, type StoredKey } from './rows.ts';

/** A key as a rotation reads it. */
export interface RotatableKey {
  readonly key: StoredKey;
  /** The current secret, which a rotation replaces. */
  readonly secretId: string;
  /** A rotation of it is recorded that is not known to be in force. */
  readonly isRotating: boolean;
}

/** Under which terms the current secret is replaced. */
export interface RotationTerms {
  /** Until when it goes on working; at `nowMs` it stops at once. */
  readonly graceEndsAtMs: number;
  /** Whether the account may have no other key that is active. */
  readonly alone: boolean;
}

/** What became of a rotation; `overtaken`: another change came first, and nothing was written. */
export type Rotation =
  | { readonly kind: 'rotated'; readonly key: StoredKey }
  | { readonly kind: 'overtaken' | 'several_keys' };

/** A rotation that was made. */
export interface RotationMade {
  readonly key: StoredKey;
  /** Of the secret that was replaced, and until when it works. */
  readonly oldPrefix: string;
  readonly graceEndsAtMs: number;
}

/** The new secret, if this very batch has written it: a later generation is that of a batch before. */
const WRITTEN = 'secrets AS n CROSS JOIN keys AS k ON k.id = n.key_id AND k.generation = ?2 WHERE n.id = ?1';

/** How many replaced secrets of a key are kept, so that who still uses one is told what became of it. */
const KEPT_SECRETS = 20;
/** The older ones of key `?1`, once they are over since before `?2`. */
const FORGOTTEN = `SELECT id FROM secrets WHERE key_id = ?1 AND grace_ends_at_ms < ?2 AND replaced_at_ms < (
    SELECT replaced_at_ms FROM secrets WHERE key_id = ?1 AND replaced_at_ms IS NOT NULL
    ORDER BY replaced_at_ms DESC LIMIT 1 OFFSET ${KEPT_SECRETS - 1})`;

/** One key with its current secret; null where there is no such key. */
export async function readRotatable(db: Db, keyId: string): Promise<RotatableKey | null> {
  const row = await db
    .prepare(
      `SELECT ${KEY_COLUMNS}, s.id AS secretId,
         EXISTS (SELECT 1 FROM outbox AS o WHERE o.key_id = k.id AND o.kind = 'key.rotated') AS isRotating
       FROM keys AS k
       CROSS JOIN accounts AS a ON a.id = k.account_id
       CROSS JOIN secrets AS s ON s.key_id = k.id AND s.replaced_at_ms IS NULL
       WHERE k.id = ?`,
    )
    .bind(keyId)
    .first<KeyRow & { secretId: string; isRotating: 0 | 1 }>();
  return row && { key: keyOfRow(row), secretId: row.secretId, isRotating: row.isRotating === 1 };
}

/**
 * Gives a key another secret in one transaction, if its generation and its current secret are those that were read; of
 * rotations at the same time one is written. The key keeps its id and all its settings. The current secret goes on
 * working until its grace ends, and those that were replaced earlier stop: their grace becomes one without length,
 * which is over by any clock (`decision/decide.ts`). Throws where the new secret's id or digest is taken.
 */
export async function rotateSecret(
  db: Db,
  { key, secretId }: RotatableKey,
  secret: NewSecret,
  { graceEndsAtMs, alone }: RotationTerms,
  actor: Actor,
  nowMs: number,
): Promise<Rotation> {
  const written = [secret.id, key.generation];
  const before = { prefix: key.prefix };
  const after = { prefix: secret.prefix, graceEndsAtMs };
  const results = await db.batch<{ generation: number }>([
    db
      .prepare(
        `INSERT INTO secrets (id, key_id, prefix, created_at_ms)
         SELECT ?1, k.id, ?3, ?4 FROM keys AS k
         CROSS JOIN secrets AS s ON s.id = ?6 AND s.key_id = k.id AND s.replaced_at_ms IS NULL
         WHERE k.id = ?5 AND k.generation = ?2
           AND (?7 = 0 OR NOT EXISTS (
             SELECT 1 FROM keys AS o WHERE o.account_id = k.account_id AND o.id <> k.id AND o.status = 'active'
               AND (o.expires_at_ms IS NULL OR o.expires_at_ms > ?4)))`,
      )
      .bind(...written, secret.prefix, nowMs, key.id, secretId, alone ? 1 : 0),
    db
      .prepare(`INSERT INTO secret_digests (digest, secret_id, pepper_version) SELECT ?3, n.id, ?4 FROM ${WRITTEN}`)
      .bind(...written, secret.digest, secret.pepperVersion),
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS})
         SELECT ?3, ?4, ?5, ?6, 'key.rotated', k.account_id, k.id, ?7, ?8 FROM ${WRITTEN}`,
      )
      .bind(
        ...written,
        nowMs,
        actor.name,
        actor.address,
        actor.requestId,
        JSON.stringify(before),
        JSON.stringify(after),
      ),
    db
      .prepare(
        `INSERT INTO outbox (kind, account_id, key_id, generation, payload, created_at_ms, next_attempt_at_ms)
         SELECT 'key.rotated', k.account_id, k.id, k.generation + 1, ?3, ?4, ?4 FROM ${WRITTEN}`,
      )
      .bind(...written, JSON.stringify({ ...after, oldPrefix: key.prefix }), nowMs),
    db
      .prepare(
        `UPDATE secrets SET
           replaced_at_ms = coalesce(replaced_at_ms, ?3),
           grace_ends_at_ms = CASE WHEN replaced_at_ms IS NULL THEN ?4 ELSE replaced_at_ms END
         WHERE key_id = ?5 AND id <> ?1 AND (replaced_at_ms IS NULL OR grace_ends_at_ms > replaced_at_ms)
           AND EXISTS (SELECT 1 FROM ${WRITTEN})`,
      )
      .bind(...written, nowMs, graceEndsAtMs, key.id),
    db
      .prepare(
        `UPDATE keys SET generation = generation + 1, prefix = ?3
         WHERE id = (SELECT k.id FROM ${WRITTEN}) RETURNING generation`,
      )
      .bind(...written, secret.prefix),
    db.prepare('SELECT generation FROM keys WHERE id = ?').bind(key.id),
    db.prepare(`DELETE FROM secret_digests WHERE secret_id IN (${FORGOTTEN})`).bind(key.id, nowMs - RECORD_CACHE_MS),
    db.prepare(`DELETE FROM secrets WHERE id IN (${FORGOTTEN})`).bind(key.id, nowMs - RECORD_CACHE_MS),
  ]);
  const raised = results[5]?.results[0];
  if (raised !== undefined) {
    return { kind: 'rotated', key: { ...key, generation: raised.generation, prefix: secret.prefix } };
  }
  const isAsRead = results[6]?.results[0]?.generation === key.generation;
  return { kind: alone && isAsRead ? 'several_keys' : 'overtaken' };
}

/** What the rotation that made this secret has done; null where no secret has this id, or it replaced none. */
export async function readRotation(db: Db, secretId: string): Promise<RotationMade | null> {
  const row = await db
    .prepare(
      `SELECT ${KEY_COLUMNS}, s.prefix AS oldPrefix, s.grace_ends_at_ms AS graceEndsAtMs
       FROM secrets AS n
       CROSS JOIN secrets AS s ON s.key_id = n.key_id AND s.replaced_at_ms = n.created_at_ms AND s.id <> n.id
       CROSS JOIN keys AS k ON k.id = n.key_id
       CROSS JOIN accounts AS a ON a.id = k.account_id
       WHERE n.id = ?`,
    )
    .bind(secretId)
    .first<KeyRow & Pick<RotationMade, 'oldPrefix' | 'graceEndsAtMs'>>();
  return row && { key: keyOfRow(row), oldPrefix: row.oldPrefix, graceEndsAtMs: row.graceEndsAtMs };
}
