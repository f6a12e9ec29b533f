import { digestUnder, innerHash } from '../credential/digest.ts';
import { ID_BYTES, mintId, mintKey } from '../credential/mint.ts';
import type { House } from '../env.ts';
import type { Actor } from '../registry/audit.ts';
import { createKey, type KeyCaps, type NewKey } from '../registry/create.ts';
import { bringIntoForce } from '../registry/force.ts';
import type { StoredKey } from '../registry/keys.ts';
import { forceOf } from './desk.ts';

/** A key that was made, with its secret, which exists nowhere else; or why there is none. */
export type Issued =
  | { readonly ok: true; readonly key: StoredKey; readonly secret: string; readonly inForce: boolean }
  | { readonly ok: false; readonly reason: 'account_missing' | 'account_suspended' | 'key_cap' };

/** Bytes of cryptographic quality. */
function randomBytes(n: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(n));
}

/** A new id of an account, a key or a secret. */
export function newId(kind: 'acc' | 'key' | 'sec'): string {
  return mintId(kind, randomBytes(ID_BYTES));
}

/** Mints a secret and makes its key. Only the digest under the current pepper and the visible prefix are stored. */
export async function issueKey(
  house: House,
  spec: Omit<NewKey, 'id'>,
  caps: KeyCaps,
  actor: Actor,
  nowMs: number,
): Promise<Issued> {
  const { format, lookup, policy } = house.edge;
  const secret = mintKey(format, spec.environment, randomBytes);
  const [pepper] = lookup.peppers;
  const digest = await digestUnder(pepper, await innerHash(secret));
  const prefix = format.visiblePrefix(secret, policy.key.visible_chars);
  const force = forceOf(house);
  const stored = { id: newId('sec'), prefix, digest, pepperVersion: pepper.version };
  const made = await createKey(force.db, { ...spec, id: newId('key') }, stored, caps, actor, nowMs);
  if (!made.ok) return made;
  const inForce = await bringIntoForce(force, [made.key]);
  return { ok: true, key: made.key, secret, inForce: inForce.has(made.key.id) };
}
