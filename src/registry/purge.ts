import { type Actor, AUDIT_COLUMNS } from './audit.ts';
import { pageLength } from './page.ts';
import { type Db, KEY_COLUMNS, type KeyRow, keyOfRow, type StoredKey, UNCHANGED } from './rows.ts';

/**
 * Keys of an environment that expired before `beforeMs`, the longest dead first. None of whose end nobody was told yet:
 * the cron may have been away for long, and have many to tell of.
 */
export async function deadTrialKeys(
  db: Db,
  environment: string,
  beforeMs: number,
  limit: number,
): Promise<StoredKey[]> {
  const { results } = await db
    .prepare(
      `SELECT ${KEY_COLUMNS} FROM keys AS k CROSS JOIN accounts AS a ON a.id = k.account_id
       WHERE k.environment = ?1 AND k.expires_at_ms < min(?2, coalesce(
         (SELECT p.at_ms FROM schedule_progress AS p WHERE p.job = 'key.expired'), ?2))
       ORDER BY k.expires_at_ms LIMIT ?3`,
    )
    .bind(environment, beforeMs, pageLength(limit))
    .all<KeyRow>();
  return results.map(keyOfRow);
}

/**
 * Deletes keys with all that belongs to them, in one transaction, each only if it still has the generation with which
 * it was read, so what was dead then is dead now. Their audit trail stays. Returns the ids that were deleted. Gates
 * must be told before: afterwards nothing knows the keys any more.
 */
export async function purgeKeys(
  db: Db,
  keys: readonly Pick<StoredKey, 'id' | 'generation'>[],
  actor: Actor,
  nowMs: number,
): Promise<string[]> {
  if (keys.length === 0) return [];
  const set = JSON.stringify(keys.map(({ id, generation }) => ({ id, generation })));
  const results = await db.batch<{ id: string }>([
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS})
         SELECT ?2, ?3, ?4, ?5, 'key.purged', k.account_id, k.id,
           json_object('label', k.label, 'environment', k.environment, 'prefix', k.prefix, 'status', k.status), NULL
         FROM ${UNCHANGED}`,
      )
      .bind(set, nowMs, actor.name, actor.address, actor.requestId),
    db.prepare(`DELETE FROM outbox WHERE key_id IN (SELECT k.id FROM ${UNCHANGED})`).bind(set),
    db
      .prepare(
        `DELETE FROM secret_digests WHERE secret_id IN (
           SELECT s.id FROM ${UNCHANGED} CROSS JOIN secrets AS s ON s.key_id = k.id)`,
      )
      .bind(set),
    db.prepare(`DELETE FROM secrets WHERE key_id IN (SELECT k.id FROM ${UNCHANGED})`).bind(set),
    db.prepare(`DELETE FROM keys WHERE id IN (SELECT k.id FROM ${UNCHANGED}) RETURNING id`).bind(set),
  ]);
  return results[4]?.results.map(({ id }) => id) ?? [];
}

/** Whether a key has come from another system, which may know its secret still. */
export async function wasBroughtIn(db: Db, keyId: string): Promise<boolean> {
  const sql = `SELECT 1 AS brought FROM audit WHERE key_id = ? AND action IN ('key.imported', 'key.adopted') LIMIT 1`;
  return (await db.prepare(sql).bind(keyId).first()) !== null;
}

/** Whether there was a key of this id that was deleted. */
export async function wasPurged(db: Db, keyId: string): Promise<boolean> {
  const sql = `SELECT 1 AS purged FROM audit WHERE key_id = ? AND action = 'key.purged'`;
  return (await db.prepare(sql).bind(keyId).first()) !== null;
}
