import { forceOf } from './control/desk.ts';
import type { House } from './env.ts';
import { callObject } from './objects/call.ts';
import type { Actor } from './registry/audit.ts';
import { bringIntoForce, type Force } from './registry/force.ts';
import { purgeChunks } from './registry/imports.ts';
import { readKeys } from './registry/keys.ts';
import { RECORD_CACHE_MS } from './registry/lookup.ts';
import { closeOutbox, dueKeys, outboxAge, putOff, type Unfinished } from './registry/outbox.ts';
import { deadTrialKeys, purgeKeys } from './registry/purge.ts';
import { purgeRepeats } from './registry/repeats.ts';
import { finishPurge } from './registry/retire.ts';
import { purgeEndedSessions } from './registry/sessions.ts';

/* What the cron does. Each job is bounded, and may be run again at any time. */

const SWEPT_PER_RUN = 50;
const PURGED_PER_RUN = 200;
const FORGOTTEN_PER_RUN = 5_000;
/** How long the answer of a chunk of an import is kept, and how many are forgotten at once: each may have a megabyte. */
const CHUNKS_KEPT_MS = 30 * 86_400_000;
const CHUNKS_PER_RUN = 20;
/** How long after its row a gate is erased. Should the row stay after all, there is this long to notice. */
const ERASE_AFTER_MS = 3_600_000;
/** For a gate whose key turned out to be wanted: far enough for the next purge to say otherwise. */
const ERASE_PUT_OFF_MS = 10 * 365 * 86_400_000;

/** A change that waits for longer than that, or a cron that comes later, is an operator's business. */
const STUCK_AFTER_MS = 300_000;
const LATE_AFTER_MS = 180_000;

const SYSTEM: Actor = { name: 'system', address: null, requestId: null };

/** Runs every job; one that fails keeps no other from running. `dueAtMs` is when the cron was to run. */
export async function runSchedules(house: House, nowMs: number, dueAtMs = nowMs): Promise<void> {
  const noteRun = () => noteCron(house, nowMs, dueAtMs);
  for (const [name, job] of Object.entries({ noteRun, sweepOutbox, tellStuck, purgeTrialKeys, forgetOld })) {
    try {
      await job(house, nowMs);
    } catch (error) {
      house.logger.alert('schedule_failed', { job: name, error: error instanceof Error ? error.message : 'unknown' });
    }
  }
}

/** Notes the run durably, and tells where it or the one before it is late. */
async function noteCron({ board, logger }: House, nowMs: number, dueAtMs: number): Promise<void> {
  const lastAtMs = (await callObject(() => board().noteCron(nowMs))) ?? nowMs;
  const lateMs = Math.max(nowMs - lastAtMs, nowMs - dueAtMs);
  if (lateMs > LATE_AFTER_MS) logger.alert('cron_late', { seconds: Math.round(lateMs / 1_000) });
}

/** Tells of changes that the sweep has not brought into force for long. */
async function tellStuck({ env, logger }: House, nowMs: number): Promise<void> {
  const { waiting, oldestAtMs } = await outboxAge(env.DB);
  const ageMs = nowMs - (oldestAtMs ?? nowMs);
  if (ageMs > STUCK_AFTER_MS) logger.alert('outbox_stuck', { rows: waiting, seconds: Math.round(ageMs / 1_000) });
}

/** Forgets what is over: sessions that were signed out, and answers to requests and imports that nobody repeats any more. */
export async function forgetOld({ env, policy }: House, nowMs: number): Promise<void> {
  await purgeEndedSessions(env.DB, nowMs, FORGOTTEN_PER_RUN);
  await purgeRepeats(env.DB, nowMs - policy.idempotency.keep, FORGOTTEN_PER_RUN);
  await purgeChunks(env.DB, nowMs - CHUNKS_KEPT_MS, CHUNKS_PER_RUN);
}

/** Drives changes through that were committed and are not in force (DESIGN §3). Returns how many keys are now. */
export async function sweepOutbox(house: House, nowMs: number): Promise<number> {
  const force = forceOf(house);
  const due = await dueKeys(force.db, nowMs, SWEPT_PER_RUN);
  const ids = due.map(({ keyId }) => keyId);
  const keys = await readKeys(force.db.withSession('first-primary'), ids);
  const purged = new Set(await Promise.all(due.map((key) => sweepPurge(force, key, nowMs))));
  const inForce = await bringIntoForce(
    force,
    [...keys.values()].filter(({ id }) => !purged.has(id)),
  );
  const gone = due.filter(({ keyId }) => !keys.has(keyId));
  await closeOutbox(
    force.db,
    gone.map(({ keyId }) => ({ id: keyId, generation: Number.MAX_SAFE_INTEGER })),
  );
  const failed = due.filter(({ keyId }) => keys.has(keyId) && !inForce.has(keyId) && !purged.has(keyId));
  await Promise.all(failed.map((key) => putOff(force.db, key, nowMs)));
  return inForce.size;
}

/** Goes on with the purge of a key that was begun. Returns its id where it is purged. */
async function sweepPurge(force: Force, { keyId, purger }: Unfinished, nowMs: number): Promise<string | null> {
  const purged = purger === null ? null : await finishPurge(force, keyId, purger, nowMs);
  return purged === 'purged' ? keyId : null;
}

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
