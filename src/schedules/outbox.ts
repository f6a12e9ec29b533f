import { forceOf } from '../control/desk.ts';
import type { House } from '../env.ts';
import { bringIntoForce, type Force } from '../registry/force.ts';
import { readKeys } from '../registry/keys.ts';
import { noteAlert } from '../registry/note.ts';
import { closeOutbox, dueKeys, outboxAge, putOff, type Unfinished } from '../registry/outbox.ts';
import { finishPurge } from '../registry/retire.ts';

const SWEPT_PER_RUN = 50;
/** A change that waits for longer than that is an operator's business. */
const STUCK_AFTER_MS = 300_000;

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

/** Tells of changes that the sweep has not brought into force for long. */
export async function tellStuck({ env, logger }: House, nowMs: number): Promise<void> {
  const { waiting, oldestAtMs } = await outboxAge(env.DB);
  const ageMs = nowMs - (oldestAtMs ?? nowMs);
  if (ageMs <= STUCK_AFTER_MS) return;
  const about = { rows: waiting, seconds: Math.round(ageMs / 1_000) };
  logger.alert('outbox_stuck', about);
  await noteAlert(env.DB, 'outbox.stuck', '', about, nowMs);
}
