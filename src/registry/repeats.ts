import type { Db } from './rows.ts';

/*
 * What became of POSTs that carry an Idempotency-Key. `name` and `request` are digests of who sent which key, and of
 * what was asked; no row holds a secret.
 */

/** A request that may come again. */
export interface RepeatRow {
  readonly name: string;
  readonly request: string;
  /** Of which its ids and secrets are derived; made anew by each try, and the first one's stays. */
  readonly salt: string;
  /** Null while it runs, {@link FREE} where it is to be run again, else that of its answer. */
  readonly status: number | null;
  /** The answer without its secret; null: it has none. */
  readonly body: string | null;
  readonly createdAtMs: number;
}

/** The status of a request that is to be run again: it failed, or is not in force yet. */
export const FREE = 0;

const COLUMNS = 'name, request, salt, status, body, created_at_ms AS createdAtMs';

/**
 * Begins a request, or finds what is known of it: the row as it was before this call, or the new one. What is older
 * than `keepMs` is forgotten. A request that is free, or has run since before `staleMs` ago without an end, is begun
 * again by exactly one of those who ask: `begun` tells.
 */
export async function beginRepeat(
  db: Db,
  wanted: Pick<RepeatRow, 'name' | 'request' | 'salt'>,
  nowMs: number,
  { keepMs, staleMs }: { readonly keepMs: number; readonly staleMs: number },
): Promise<{ readonly row: RepeatRow; readonly begun: 'new' | 'again' | 'no' }> {
  const { name, request, salt } = wanted;
  const [, inserted, resumed, read] = await db.batch<RepeatRow>([
    db.prepare('DELETE FROM idempotency WHERE name = ? AND created_at_ms <= ?').bind(name, nowMs - keepMs),
    db
      .prepare(
        `INSERT INTO idempotency (name, request, salt, created_at_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT DO NOTHING RETURNING name`,
      )
      .bind(name, request, salt, nowMs),
    db
      .prepare(
        `UPDATE idempotency SET status = NULL, created_at_ms = ?3
         WHERE name = ?1 AND request = ?2 AND salt <> ?4
           AND (status = ${FREE} OR (status IS NULL AND created_at_ms <= ?3 - ?5)) RETURNING name`,
      )
      .bind(name, request, nowMs, salt, staleMs),
    db.prepare(`SELECT ${COLUMNS} FROM idempotency WHERE name = ?`).bind(name),
  ]);
  const row = read?.results[0];
  if (row === undefined) throw new Error('a request that was just begun is not there');
  if (inserted?.results.length === 1) return { row, begun: 'new' };
  return { row, begun: resumed?.results.length === 1 ? 'again' : 'no' };
}

/** Forgets a request that was refused: nothing came of it. */
export async function forgetRepeat(db: Db, name: string): Promise<void> {
  await db.prepare('DELETE FROM idempotency WHERE name = ?').bind(name).run();
}

/** Keeps the answer of a request that has ended, or {@link FREE} for one that is to be run again. */
export async function endRepeat(db: Db, name: string, status: number, body: string | null): Promise<void> {
  await db.prepare('UPDATE idempotency SET status = ?, body = ? WHERE name = ?').bind(status, body, name).run();
}

/** Forgets at most `limit` requests from before `beforeMs`. Returns how many. */
export async function purgeRepeats(db: Db, beforeMs: number, limit: number): Promise<number> {
  const { meta } = await db
    .prepare(
      `DELETE FROM idempotency WHERE name IN (
         SELECT name FROM idempotency WHERE created_at_ms <= ? ORDER BY created_at_ms LIMIT ?)`,
    )
    .bind(beforeMs, limit)
    .run();
  return meta.changes;
}
