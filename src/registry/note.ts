import { type Actor, AUDIT_COLUMNS } from './audit.ts';
import type { Db } from './rows.ts';

/** Writes an audit entry for what is no change of the registry, such as a lock that was lifted. */
export async function noteAction(db: Db, action: string, about: object, actor: Actor, nowMs: number): Promise<void> {
  await db
    .prepare(`INSERT INTO audit (${AUDIT_COLUMNS}) VALUES (?, ?, ?, ?, ?, NULL, NULL, NULL, ?)`)
    .bind(nowMs, actor.name, actor.address, actor.requestId, action, JSON.stringify(about))
    .run();
}
