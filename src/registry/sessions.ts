import type { Db } from './rows.ts';

/* Tokens that were signed out before they were over. `findSession` asks for them with all else that a session needs. */

/** From now on the token is refused, until it is over by itself at `endsAtMs`. False: it was refused before. */
export async function endSession(db: Db, tokenId: string, endsAtMs: number): Promise<boolean> {
  const { meta } = await db
    .prepare('INSERT INTO ended_sessions (token, ends_at_ms) VALUES (?, ?) ON CONFLICT DO NOTHING')
    .bind(tokenId, endsAtMs)
    .run();
  return meta.changes === 1;
}

/** Kept for longer than its token is good, for isolates whose clock is behind. */
const KEPT_ON_MS = 60_000;

/** Forgets tokens that are over for a minute, at most `limit`, the longest over first. Returns how many. */
export async function purgeEndedSessions(db: Db, nowMs: number, limit: number): Promise<number> {
  const { meta } = await db
    .prepare(
      `DELETE FROM ended_sessions WHERE token IN (
         SELECT token FROM ended_sessions WHERE ends_at_ms < ? ORDER BY ends_at_ms LIMIT ?)`,
    )
    .bind(nowMs - KEPT_ON_MS, limit)
    .run();
  return meta.changes;
}
