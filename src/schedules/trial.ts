import { forceOf } from '../control/desk.ts';
import type { House } from '../env.ts';
import { callObject } from '../objects/call.ts';
import { RECORD_CACHE_MS } from '../registry/lookup.ts';
import { SYSTEM } from '../registry/note.ts';
import { deadTrialKeys, purgeKeys } from '../registry/purge.ts';

const PURGED_PER_RUN = 200;
/** How long after its row a gate is erased. Should the row stay after all, there is this long to notice. */
const ERASE_AFTER_MS = 3_600_000;
/** For a gate whose key turned out to be wanted: far enough for the next purge to say otherwise. */
const ERASE_PUT_OFF_MS = 10 * 365 * 86_400_000;

/**
 * Deletes trial keys that have been over for longer than any cached record of them can live, and lets their gates be
 * erased (DESIGN §3). The gates are told first, since nothing knows a key whose row is gone; their erasure comes
 * later than the deletion, and is put off for a key that was changed in between. Returns how many were deleted.
 */
export async function purgeTrialKeys(house: House, nowMs: number): Promise<number> {
  const { db, gate } = forceOf(house);
  const { environment } = house.policy.trial;
  const dead = await deadTrialKeys(db, environment, nowMs - RECORD_CACHE_MS, PURGED_PER_RUN);
  const told = await Promise.all(
    dead.map(async (key) => {
      try {
        await callObject(() => gate(key.id).retire(nowMs + ERASE_AFTER_MS));
        return [key];
      } catch {
        return [];
      }
    }),
  );
  const purged = new Set(await purgeKeys(db, told.flat(), SYSTEM, nowMs));
  const kept = told.flat().filter(({ id }) => !purged.has(id));
  await Promise.all(kept.map(({ id }) => callObject(() => gate(id).retire(nowMs + ERASE_PUT_OFF_MS))));
  return purged.size;
}
