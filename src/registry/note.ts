import { type Actor, AUDIT_COLUMNS } from './audit.ts';
import type { Db } from './rows.ts';

/** Writes an audit entry for what is no change of the registry, such as a lock that was lifted. */
export async function noteAction(db: Db, action: string, about: object, actor: Actor, nowMs: number): Promise<void> {
  await db
    .prepare(`INSERT INTO audit (${AUDIT_COLUMNS}) VALUES (?, ?, ?, ?, ?, NULL, NULL, NULL, ?)`)
    .bind(nowMs, actor.name, actor.address, actor.requestId, action, JSON.stringify(about))
    .run();
}

/**
 * Writes an audit entry for what was done to an account outside of the registry, unless there is one that says the
 * same: `about` names it by what is used once only, so a call that comes again adds what the first may have left out.
 */
export async function noteOnce(
  db: Db,
  action: string,
  accountId: string,
  about: object,
  actor: Actor,
  nowMs: number,
): Promise<void> {
  await db
    .prepare(
      `INSERT INTO audit (${AUDIT_COLUMNS}) SELECT ?1, ?2, ?3, ?4, ?5, ?6, NULL, NULL, ?7
       WHERE NOT EXISTS (SELECT 1 FROM audit WHERE account_id = ?6 AND action = ?5 AND after = ?7)`,
    )
    .bind(nowMs, actor.name, actor.address, actor.requestId, action, accountId, JSON.stringify(about))
    .run();
}
