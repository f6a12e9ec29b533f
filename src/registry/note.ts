import { type Actor, AUDIT_COLUMNS, ONCE } from './audit.ts';
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

/** What happened once elsewhere, with when and by whom; JSON. */
export interface DatedNote extends Note {
  readonly atMs: number;
  readonly actor: Actor;
}

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
  await noteOnce(db, alertNote(action, detail, about, nowMs), SYSTEM, nowMs);
}

/** What {@link noteAlert} writes. */
export function alertNote(action: string, detail: string, about: object, nowMs: number): DatedNote {
  return systemNote(action, {}, `${detail} ${Math.floor(nowMs / ALERT_EVERY_MS)}`, about, nowMs);
}

/** What happens by itself at `nowMs`, to an account, to a key, or to nobody; `name` is its own among those of the action. */
export function systemNote(
  action: string,
  of: { readonly accountId?: string; readonly keyId?: string },
  name: string,
  about: object,
  nowMs: number,
): DatedNote {
  const { accountId = null, keyId = null } = of;
  return { once: `${action} ${name}`, action, accountId, keyId, about, atMs: nowMs, actor: SYSTEM };
}

/**
 * {@link noteOnce} for several at once, in their order. One of a key stands in the trail of the key's account; where the
 * key is gone by now, nothing is written.
 */
export async function noteAllOnce(db: Db, notes: readonly DatedNote[]): Promise<void> {
  await db
    .prepare(
      `INSERT INTO audit (${AUDIT_COLUMNS}, once)
       SELECT n.value ->> 'atMs', n.value ->> '$.actor.name', n.value ->> '$.actor.address',
         n.value ->> '$.actor.requestId', n.value ->> 'action', coalesce(n.value ->> 'accountId', k.account_id),
         n.value ->> 'keyId', NULL, n.value -> 'about', n.value ->> 'once'
       FROM json_each(?) AS n LEFT JOIN keys AS k ON k.id = n.value ->> 'keyId'
       WHERE n.value ->> 'keyId' IS NULL OR k.id IS NOT NULL
       ORDER BY n.key
       ${ONCE}`,
    )
    .bind(JSON.stringify(notes))
    .run();
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
       ${ONCE}`,
    )
    .bind(nowMs, actor.name, actor.address, actor.requestId, action, accountId, keyId, JSON.stringify(about), once);
}
