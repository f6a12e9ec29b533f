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
}

/**
 * Steps 2 and 3 of a change (DESIGN §3), for keys whose generation is committed: the gates advance, in parallel, and
 * answer when nothing older can be used; then the cached records go. Returns the ids that are in force now. Those
 * that failed stay in the outbox, and the sweep drives them through. Never throws.
 */
export async function bringIntoForce(force: Force, keys: readonly StoredKey[]): Promise<Set<string>> {
  const advanced = await Promise.all(
    keys.map(async (key) => {
      try {
        const floor = await callObject(() => force.gate(key.id).advance(key.generation, termsOf(key)));
        return floor > key.generation && (await isBehind(force.db, key.id, floor)) ? [] : [key];
      } catch {
        return [];
      }
    }),
  );
  const done = advanced.flat();
  try {
    const digests = await digestsOfKeys(
      force.db,
      done.map(({ id }) => id),
    );
    await Promise.all(digests.map((digest) => force.kv.delete(kvName(digest))));
    await closeOutbox(force.db, done);
  } catch {
    // A cached record that stays is below its gate's floor, so it is harmless; the sweep deletes it later.
  }
  return new Set(done.map(({ id }) => id));
}

/**
 * Whether the registry lacks the generation that is in force, as a restored one does: then older changes may still
 * be admitted from caches, and nothing holds until the key is reconciled.
 */
async function isBehind(db: D1Database, keyId: string, floor: number): Promise<boolean> {
  const key = await readKey(db.withSession('first-primary'), keyId);
  return key !== null && key.generation < floor;
}
