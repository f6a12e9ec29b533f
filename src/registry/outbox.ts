import type { Actor } from './audit.ts';
import type { StoredKey } from './keys.ts';
import { type Db, readJson } from './rows.ts';

/*
 * What has been committed and is not yet in force. A row is written in the transaction of its change and deleted when
 * the change holds everywhere; what a crash or an unreachable gate leaves behind, the cron sweep drives through.
 */

/** A key with changes that are not known to be in force. */
export interface Unfinished {
  readonly keyId: string;
  readonly attempts: number;
  /** Who began to purge the key; null: nobody did. */
  readonly purger: Actor | null;
}

/** The kind of the row under which a key is purged; its payload is the actor. */
const PURGING = 'key.purging';

const RETRY_MS = 30_000;
const LONGEST_RETRY_MS = 3_600_000;
/** A change is left to its own caller for this long before the sweep looks at it. */
const OWN_CALLER_MS = 15_000;
/** D1 binds at most 100 parameters to a statement. */
const KEYS_PER_STATEMENT = 45;

/** Notes that a key is about to be purged, so that the sweep ends what is interrupted. Nothing where it is gone. */
export async function notePurge(db: Db, keyId: string, actor: Actor, nowMs: number): Promise<void> {
  await db
    .prepare(
      `INSERT INTO outbox (kind, account_id, key_id, generation, payload, created_at_ms, next_attempt_at_ms)
       SELECT '${PURGING}', account_id, id, generation, ?2, ?3, ?3 FROM keys WHERE id = ?1`,
    )
    .bind(keyId, JSON.stringify(actor), nowMs)
    .run();
}

/**
 * Forgets all rows of these keys up to the generation that is in force. Returns whether events of theirs are to be
 * delivered, which have waited for that.
 */
export async function closeOutbox(
  db: D1Database,
  keys: readonly Pick<StoredKey, 'id' | 'generation'>[],
): Promise<boolean> {
  const statements = [];
  for (let i = 0; i < keys.length; i += KEYS_PER_STATEMENT) {
    const some = keys.slice(i, i + KEYS_PER_STATEMENT);
    const match = some.map(() => '(key_id = ? AND generation <= ?)').join(' OR ');
    statements.push(
      db.prepare(`DELETE FROM outbox WHERE ${match}`).bind(...some.flatMap(({ id, generation }) => [id, generation])),
    );
  }
  if (statements.length === 0) return false;
  const ids = JSON.stringify(keys.map(({ id }) => id));
  const results = await db.batch<{ waiting: 0 | 1 }>([...statements, db.prepare(WAITING).bind(ids)]);
  return results.at(-1)?.results[0]?.waiting === 1;
}

/** Whether deliveries of these keys are pending. */
const WAITING = `SELECT EXISTS (
  SELECT 1 FROM json_each(?) AS c CROSS JOIN deliveries AS d ON d.key_id = c.value AND d.status = 'pending') AS waiting`;

/**
 * Keys whose changes are due to be driven through at `nowMs`, the longest waiting first; at most `limit`. Accounts come
 * in turn, so that one with very many changes keeps no other waiting.
 */
export async function dueKeys(db: D1Database, nowMs: number, limit: number): Promise<Unfinished[]> {
  const { results } = await db
    .prepare(
      `SELECT keyId, attempts, purger FROM (
         SELECT key_id AS keyId, account_id, max(attempts) AS attempts, min(id) AS first,
           max(CASE kind WHEN '${PURGING}' THEN payload END) AS purger
         FROM outbox WHERE next_attempt_at_ms <= ? GROUP BY key_id)
       ORDER BY row_number() OVER (PARTITION BY account_id ORDER BY first), first LIMIT ?`,
    )
    .bind(nowMs - OWN_CALLER_MS, limit)
    .all<Omit<Unfinished, 'purger'> & { purger: string | null }>();
  return results.map((row) => ({ ...row, purger: row.purger === null ? null : (readJson(row.purger) as Actor) }));
}

/** Puts a key's rows off after an attempt that failed, for longer each time. */
export async function putOff(db: D1Database, key: Omit<Unfinished, 'purger'>, nowMs: number): Promise<void> {
  const pauseMs = Math.min(RETRY_MS * 2 ** key.attempts, LONGEST_RETRY_MS);
  await db
    .prepare('UPDATE outbox SET attempts = attempts + 1, next_attempt_at_ms = ? WHERE key_id = ?')
    .bind(nowMs + pauseMs - OWN_CALLER_MS, key.keyId)
    .run();
}

/** How many rows wait, and since when; for the operator's status. */
export async function outboxAge(db: D1Database): Promise<{ waiting: number; oldestAtMs: number | null }> {
  const row = await db
    .prepare('SELECT count(*) AS waiting, min(created_at_ms) AS oldestAtMs FROM outbox')
    .first<{ waiting: number; oldestAtMs: number | null }>();
  return row ?? { waiting: 0, oldestAtMs: null };
}
