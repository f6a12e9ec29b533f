import type { House } from '../env.ts';
import { purgeDeliveries } from '../registry/deliveries.ts';
import { purgeEndedSecrets } from '../registry/endpoint-secrets.ts';
import { purgeEvents } from '../registry/events.ts';
import { purgeChunks } from '../registry/imports.ts';
import { purgeRepeats } from '../registry/repeats.ts';
import { purgeEndedSessions } from '../registry/sessions.ts';

const FORGOTTEN_PER_RUN = 5_000;
/** How long the answer of a chunk of an import is kept, and how many are forgotten at once: each may have a megabyte. */
const CHUNKS_KEPT_MS = 30 * 86_400_000;
const CHUNKS_PER_RUN = 20;
/** Each may have a dozen attempts with what was sent and answered. */
const DELIVERIES_AT_ONCE = 1_000;
const DELIVERIES_PER_RUN = 5_000;
/** Only those whose deliveries have gone before them. */
const EVENTS_PER_RUN = 500;

/** Forgets what is over: sessions that were signed out, and answers to requests and imports that nobody repeats any more. */
export async function forgetOld({ env, policy }: House, nowMs: number): Promise<void> {
  await purgeEndedSessions(env.DB, nowMs, FORGOTTEN_PER_RUN);
  await purgeRepeats(env.DB, nowMs - policy.idempotency.keep, FORGOTTEN_PER_RUN);
  await purgeChunks(env.DB, nowMs - CHUNKS_KEPT_MS, CHUNKS_PER_RUN);
}

/**
 * Forgets deliveries that are older than the policy keeps them, of endpoints that are gone too, events that nobody is
 * told of any more, and secrets of endpoints whose grace is over.
 */
export async function forgetDeliveries({ env, policy }: House, nowMs: number): Promise<void> {
  const beforeMs = nowMs - policy.webhooks.keep;
  await purgeEndedSecrets(env.DB, nowMs, FORGOTTEN_PER_RUN);
  for (let purged = 0; purged < DELIVERIES_PER_RUN; purged += DELIVERIES_AT_ONCE) {
    if ((await purgeDeliveries(env.DB, beforeMs, DELIVERIES_AT_ONCE)) < DELIVERIES_AT_ONCE) break;
  }
  await purgeEvents(env.DB, beforeMs, EVENTS_PER_RUN);
}
