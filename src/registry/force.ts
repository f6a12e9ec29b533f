import { termsOf } from '../decision/record.ts';
import { callObject } from '../objects/call.ts';
import type { GateCalls } from '../objects/key-gate.ts';
import { digestsOfKeys, readKey, type StoredKey } from './keys.ts';
import { kvName } from './lookup.ts';
import { closeOutbox } from './outbox.ts';

/** What bringing a change into force reaches. */
export interface Force {
  readonly db: D1Database;
  readonly kv: KVNamespace;
  readonly gate: (keyId: string) => GateCalls;
  /** Lets events go out, in the background. */
  readonly wake: () => void;
}

/**
 * Steps 2 and 3 of a change (DESIGN §3), for keys whose generation is committed: the gates advance, in parallel, and
 * answer when nothing older can be used; then the cached records go. Returns the ids that are in force now. Those
 * that failed stay in the outbox, and the sweep drives them through. Never throws.
 */
export async function bringIntoForce(force: Force, keys: readonly StoredKey[]): Promise<Set<string>> {
  const advanced = await Promise.all(keys.map(async (key) => ((await advance(force, key)) ? [key] : [])));
  const done = advanced.flat();
  try {
    const digests = await digestsOfKeys(
      force.db,
      done.map(({ id }) => id),
    );
    await forget(force, digests);
    if (await closeOutbox(force.db, done)) force.wake();
  } catch {
    // A cached record that stays is below its gate's floor, so it is harmless; the sweep deletes it later.
  }
  return new Set(done.map(({ id }) => id));
}

/** {@link bringIntoForce} for a key that was just made: nowhere is a record of it, so there is none to delete. */
export async function bringNewIntoForce(force: Force, key: StoredKey): Promise<boolean> {
  if (!(await advance(force, key))) return false;
  if (await closeOutbox(force.db, [key]).catch(() => false)) force.wake();
  return true;
}

/** KV takes 1,000 operations of one invocation; a key that was rotated often has that many secrets. */
const MOST_FORGOTTEN = 500;

/** Deletes cached records by their digests; of very many only some, since those that stay do no harm. */
export async function forget({ kv }: Force, digests: readonly string[]): Promise<void> {
  await Promise.all(digests.slice(0, MOST_FORGOTTEN).map((digest) => kv.delete(kvName(digest))));
}

/** Whether the key's gate has the key's generation in force, and the registry has all that is in force. */
async function advance({ db, gate }: Force, key: StoredKey): Promise<boolean> {
  try {
    const floor = await callObject(() => gate(key.id).advance(key.generation, termsOf(key)));
    return floor <= key.generation || !(await isBehind(db, key.id, floor));
  } catch {
    return false;
  }
}

/**
 * Whether the registry lacks the generation that is in force, as a restored one does: then older changes may still
 * be admitted from caches, and nothing holds until the key is reconciled.
 */
async function isBehind(db: D1Database, keyId: string, floor: number): Promise<boolean> {
  const key = await readKey(db.withSession('first-primary'), keyId);
  return key !== null && key.generation < floor;
}
