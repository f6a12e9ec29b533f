import { callObject } from '../objects/call.ts';
import type { Actor } from './audit.ts';
import { bringIntoForce, type Force, forget } from './force.ts';
import { digestsOfKeys, readKey } from './keys.ts';
import { RECORD_CACHE_MS } from './lookup.ts';
import { notePurge } from './outbox.ts';
import { purgeKeys } from './purge.ts';

/**
 * What became of a purge. `used`: the key stays as it was. `pending`: recorded, but the gate could not be reached; the
 * outbox sweep goes on.
 */
export type Purged = 'purged' | 'used' | 'pending' | 'not_found' | 'conflict';

/** How often a purge is tried anew on a key that others change at the same time. */
const ATTEMPTS = 6;
/** How much longer than any cached record can live the gate of a purged key refuses: time to end what is interrupted. */
const SPARE_MS = 86_400_000;

/**
 * Deletes a key that was never used, with all that belongs to it, and answers when no request with it is admitted any
 * more. The outbox notes it first, so that the sweep ends what is interrupted; a call that is repeated does so too.
 */
export async function purgeUnused(force: Force, keyId: string, actor: Actor, nowMs: number): Promise<Purged> {
  await notePurge(force.db, keyId, actor, nowMs);
  return finishPurge(force, keyId, actor, nowMs);
}

/**
 * Goes on with a purge that is noted: the gate, which never grants again if it never has; then the rows; then the
 * cached records. A request that races it is counted first, and then the key stays, or is refused.
 */
export async function finishPurge(force: Force, keyId: string, actor: Actor, nowMs: number): Promise<Purged> {
  const { db, gate } = force;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const key = await readKey(db.withSession('first-primary'), keyId);
    if (key === null) return attempt === 0 ? 'not_found' : 'purged';
    const eraseAtMs = nowMs + RECORD_CACHE_MS + SPARE_MS;
    const isRetired = await callObject(() => gate(keyId).retireIfUnused(eraseAtMs)).catch(() => null);
    if (isRetired === null) return 'pending';
    if (!isRetired) {
      // Closes the note, and drives through what else waits for this gate.
      await bringIntoForce(force, [key]);
      return 'used';
    }
    const digests = await digestsOfKeys(db, [keyId]);
    const purged = await purgeKeys(db, [key], actor, nowMs);
    if (purged.length === 0) continue;
    // A record that stays is refused by the gate for longer than it can live.
    await forget(force, digests).catch(() => undefined);
    return 'purged';
  }
  return 'conflict';
}
