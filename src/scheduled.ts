import type { House } from './env.ts';
import { dispatch } from './events/dispatch.ts';
import { noteRun } from './schedules/late.ts';
import { tellExpired, tellGraceEnds, warnExpiring } from './schedules/moments.ts';
import { sweepOutbox, tellStuck } from './schedules/outbox.ts';
import { resealSecrets } from './schedules/reseal.ts';
import { forgetDeliveries, forgetOld } from './schedules/retention.ts';
import { purgeTrialKeys } from './schedules/trial.ts';

/*
 * What the cron does. Each job is bounded, goes on where it stopped, and may be run at any time, also twice at once.
 */

/** Lets go out what is due. A queue that has lost its messages, or was never told, is made good for here. */
const sendEvents = ({ courier }: House) => dispatch(courier);

/** In this order: what makes events comes before they are sent, and a key is told of before it is purged. */
const JOBS = {
  noteRun,
  sweepOutbox,
  tellStuck,
  warnExpiring,
  tellExpired,
  tellGraceEnds,
  purgeTrialKeys,
  sendEvents,
  forgetOld,
  forgetDeliveries,
  resealSecrets,
};

/** Runs every job; one that fails keeps no other from running. `dueAtMs` is when the cron was to run. */
export async function runSchedules(house: House, nowMs: number, dueAtMs = nowMs): Promise<void> {
  for (const [name, job] of Object.entries(JOBS)) {
    try {
      await job(house, nowMs, dueAtMs);
    } catch (error) {
      house.logger.alert('schedule_failed', { job: name, error: error instanceof Error ? error.message : 'unknown' });
    }
  }
}
