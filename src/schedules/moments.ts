import type { House } from '../env.ts';
import { goOn, type Walk } from '../registry/warnings.ts';

/*
 * What is told because a time has come. Each walk takes so many keys at once that D1 is busy for some 50 ms, some 150
 * where forty endpoints listen, and in one run as many as let 10,000 keys be told within five minutes.
 */

const KEYS_AT_ONCE = 500;
const TIMES_PER_RUN = 4;
/** What is not told before warns too late: until then a change may be on its way that was made before the time came. */
const SETTLED_AFTER_MS = 15_000;

/**
 * Warns of keys that expire soon: once for each span of the policy, and where several have come at once, as after a
 * pause of the cron, only by the shortest. A key whose end was set to be nearer than a span is not warned by that one.
 */
export async function warnExpiring(house: House, nowMs: number): Promise<void> {
  const spans = [...new Set(house.policy.warnings.expiry)].sort((a, b) => a - b);
  for (const [i, spanMs] of spans.entries()) {
    const fromMs = nowMs + (spans[i - 1] ?? 0);
    await walk(house, { kind: 'key.expiring', spanMs, fromMs, untilMs: nowMs + spanMs }, nowMs);
  }
}

/** Tells of keys that have expired, whether or not they were active. */
export async function tellExpired(house: House, nowMs: number): Promise<void> {
  await walk(house, { kind: 'key.expired', spanMs: 0, fromMs: 0, untilMs: nowMs - SETTLED_AFTER_MS }, nowMs);
}

/** Tells of replaced secrets whose grace is over. */
export async function tellGraceEnds(house: House, nowMs: number): Promise<void> {
  await walk(house, { kind: 'key.grace_ended', spanMs: 0, fromMs: 0, untilMs: nowMs - SETTLED_AFTER_MS }, nowMs);
}

async function walk({ env }: House, next: Walk, nowMs: number): Promise<void> {
  for (let time = 0; time < TIMES_PER_RUN; time++) {
    if (!(await goOn(env.DB, next, KEYS_AT_ONCE, nowMs))) return;
  }
}
