import type { Actor } from './audit.ts';
import { bringIntoForce, type Force } from './force.ts';
import { applyChanges, type KeyChange, readKey, type StoredKey } from './keys.ts';

/*
 * The order of a change (DESIGN §3): the registry in one conditional batch, then the gate, then KV, and only then the
 * answer. A change that alters nothing still runs the last two for the current generation: the one who made it first
 * may still be waiting, and both may only be answered when it holds.
 */

/**
 * What became of a change. `pending`: recorded, but a gate could not be reached; the outbox sweep goes on. `unmet`: what
 * the change asks for beside the generation does not hold.
 */
export type Changed =
  | { readonly kind: 'in_force' | 'pending'; readonly key: StoredKey }
  | { readonly kind: 'not_found' | 'conflict' | 'unmet' };

/** What to alter on a key as it stands now; null where nothing is to be altered. */
export type Alter = (key: StoredKey) => KeyChange | null;

/** How often a change is tried anew on a key that others change at the same time. */
const ATTEMPTS = 6;

/** Changes one key and answers when it is in force. To be run under `waitUntil`, so that a hang-up cancels nothing. */
export async function changeKey(
  force: Force,
  keyId: string,
  actor: Actor,
  nowMs: number,
  alter: Alter,
): Promise<Changed> {
  const key = await commit(force, keyId, actor, nowMs, alter);
  if (typeof key === 'string') return { kind: key };
  const inForce = await bringIntoForce(force, [key]);
  return { kind: inForce.has(key.id) ? 'in_force' : 'pending', key };
}

/**
 * Changes a bounded set of keys: one batch, then all gates in parallel. Keys that another change overtook are tried
 * again one by one. Answers for each key, in the given order.
 */
export async function changeKeys(
  force: Force,
  keys: readonly StoredKey[],
  actor: Actor,
  nowMs: number,
  alter: Alter,
): Promise<Map<string, Changed['kind']>> {
  const planned = keys.map((key) => ({ key, change: alter(key) }));
  const matched = await applyChanges(force.db, planned, actor, nowMs);
  const committed = await Promise.all(
    keys.map(async ({ id }) => matched.get(id) ?? (await commit(force, id, actor, nowMs, alter))),
  );
  const inForce = await bringIntoForce(
    force,
    committed.filter((key) => typeof key !== 'string'),
  );
  return new Map(
    committed.map((key, i) => {
      const id = (keys[i] as StoredKey).id;
      return [id, typeof key === 'string' ? key : inForce.has(id) ? 'in_force' : 'pending'];
    }),
  );
}

/** Step 1 for one key: the key as it stands after it, or why there is none. */
async function commit(
  force: Force,
  keyId: string,
  actor: Actor,
  nowMs: number,
  alter: Alter,
): Promise<StoredKey | 'not_found' | 'conflict' | 'unmet'> {
  let tried = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const key = await readKey(force.db.withSession('first-primary'), keyId);
    if (key === null) return 'not_found';
    // Nobody overtook the attempt before: it was its condition.
    if (key.generation === tried) return 'unmet';
    tried = key.generation;
    const matched = await applyChanges(force.db, [{ key, change: alter(key) }], actor, nowMs);
    const after = matched.get(keyId);
    if (after !== undefined) return after;
  }
  return 'conflict';
}
