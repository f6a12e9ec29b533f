import { type Actor, AUDIT_COLUMNS } from './audit.ts';
import type { Db } from './rows.ts';

/** What happened once. */
export interface Note {
  /** Names it by what it alone has: of all notes of one name the first stands. */
  readonly once: string;
  readonly action: string;
  /** In whose trail it stands beside the operator's; null: in nobody's. */
  readonly accountId: string | null;
  readonly keyId: string | null;
  readonly about: object;
}

/** Who does what nobody has asked for. */
export const SYSTEM: Actor = { name: 'system', address: null, requestId: null };

const ALERT_EVERY_MS = 600_000;

/** Writes an audit entry for what is no change of the registry, such as a lock that was lifted. */
export async function noteAction(db: Db, action: string, about: object, actor: Actor, nowMs: number): Promise<void> {
  await noteStatement(db, { once: null, action, accountId: null, keyId: null, about }, actor, nowMs).run();
}

/**
 * Writes an audit entry for what happened outside of the registry, unless it was written before: so a call that comes
 * again adds what the first may have left out, and of several who saw the same one writes it.
 */
export async function noteOnce(db: Db, note: Note, actor: Actor, nowMs: number): Promise<void> {
  await noteStatement(db, note, actor, nowMs).run();
}

/**
 * Writes an audit entry for what an operator must look at: of each `detail` one in ten minutes, however many isolates
 * see it.
 */
export async function noteAlert(db: Db, action: string, detail: string, about: object, nowMs: number): Promise<void> {
  const once = `${action} ${detail} ${Math.floor(nowMs / ALERT_EVERY_MS)}`;
  await noteOnce(db, { once, action, accountId: null, keyId: null, about }, SYSTEM, nowMs);
}

/** {@link noteOnce} as part of a transaction. `once` null: any number of times. */
export function noteStatement(
  db: Db,
  { action, accountId, keyId, about, once }: Omit<Note, 'once'> & { readonly once: string | null },
  actor: Actor,
  nowMs: number,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO audit (${AUDIT_COLUMNS}, once) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)
       ON CONFLICT (once) WHERE once IS NOT NULL DO NOTHING`,
    )
    .bind(nowMs, actor.name, actor.address, actor.requestId, action, accountId, keyId, JSON.stringify(about), once);
}
