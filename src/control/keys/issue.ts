import { type CreationRules, createKey, type NewKey, type NotMade } from '../../registry/create.ts';
import { bringIntoForce, bringNewIntoForce } from '../../registry/force.ts';
import { readKey, type StoredKey } from '../../registry/keys.ts';
import { wasPurged } from '../../registry/purge.ts';
import type { Desk } from '../desk.ts';
import { mintSecret } from './secret.ts';

/** Why there is no key. `purged`: this very request has made it, and it was deleted since. */
export type NotIssued = NotMade | { readonly reason: 'purged' };

/** A key that was made, with its secret, which exists nowhere else; or why there is none. */
export type Issued =
  | { readonly ok: true; readonly key: StoredKey; readonly secret: string; readonly inForce: boolean }
  | ({ readonly ok: false } & NotIssued);

/**
 * Mints a secret and makes its key. Only the digest under the current pepper and the visible prefix are stored. A
 * request that runs again finds the key that it has made before.
 */
export async function issueKey(desk: Desk, spec: Omit<NewKey, 'id'>, rules: CreationRules): Promise<Issued> {
  const { house, force, entropy, actor, nowMs } = desk;
  const id = entropy.id('key');
  const { secret, stored } = await mintSecret(house, spec.environment, entropy);
  const before = entropy.isAgain ? await readKey(force.db.withSession('first-primary'), id) : null;
  if (before !== null)
    return { ok: true, key: before, secret, inForce: (await bringIntoForce(force, [before])).has(id) };
  // Its gate refuses every record of this id.
  if (entropy.isAgain && (await wasPurged(force.db, id))) return { ok: false, reason: 'purged' };
  const made = await createKey(force.db, { ...spec, id }, stored, rules, actor, nowMs);
  if (!made.ok) return made;
  return { ok: true, key: made.key, secret, inForce: await bringNewIntoForce(force, made.key) };
}
