import type { CreditTerms } from '../../src/meter/credits.ts';
import type { Limit } from '../../src/meter/meter.ts';
import { type Random, random, Timeline } from './timeline.ts';

/** A key of the model. */
export interface KeyPlan {
  readonly limits: readonly Limit[];
  readonly requestsPerSecond: number;
  /** What each request reserves and costs, in micro-credits; a cost beyond the reserve is possible. */
  readonly price?: { readonly reserve: number; readonly least: number; readonly most: number };
}

/** What the keys share. */
export interface AccountPlan {
  readonly limits: readonly Limit[];
  readonly credits?: CreditTerms;
  /** Granted at the start, in micro-credits. */
  readonly grantedMicro?: number;
}

/** What holds from `atMs` on, at a new generation of every key. */
export interface Change {
  readonly atMs: number;
  readonly keyLimits?: readonly Limit[];
  readonly accountLimits?: readonly Limit[];
}

export interface Plan {
  readonly seed: number;
  readonly isolates: number;
  readonly keys: readonly KeyPlan[];
  readonly account?: AccountPlan;
  readonly leaseMs: number;
  /** Lease times that isolates use instead, one each, as while a new policy is rolled out. */
  readonly leaseTimesMs?: readonly number[];
  readonly durationMs: number;
  /** For so long at the end no request comes. */
  readonly quietMs?: number;
  /** Of one way between an isolate and a gate. */
  readonly networkMs: readonly [least: number, most: number];
  /** Between a gate and the ledger, where that is another. */
  readonly ledgerMs?: readonly [least: number, most: number];
  /** Share of messages that never arrive; of an ask, either the ask or its answer. */
  readonly lost?: number;
  /** Isolate clocks are apart by up to a day, drift by up to this share, and step back now and then. */
  readonly drift?: number;
  readonly stepBackEveryMs?: number;
  readonly crashEveryMs?: number;
  readonly ledgerCrashEveryMs?: number;
  readonly advanceEveryMs?: number;
  readonly changes?: readonly Change[];
}

/** What all parts of a model share: time, chance, the network, and counts of what happened. */
export interface World {
  readonly plan: Plan;
  readonly time: Timeline;
  readonly rng: Random;
  readonly tally: Tally;
  delay(): number;
  /** Of one way between a gate and the ledger. */
  ledgerDelay(): number;
  lost(): boolean;
}

export interface Tally {
  requests: number;
  /** Questions and reports to gates, the reports among them, and both by gates to the ledger. */
  calls: number;
  reports: number;
  draws: number;
  /** Admissions at a generation that an acknowledged `advance` had ended. */
  late: number;
  advances: number;
  crashes: number;
  /** Asks that a gate gave up, since it found no answer in all its rounds. */
  unsettled: number;
}

export const EPOCH_MS = 1_800_000_000_000;
export const RESTART_MS = 300;
export const FLUSH_AFTER_MS = 5_000;

export function newWorld(plan: Plan): World {
  const rng = random(plan.seed);
  return {
    plan,
    time: new Timeline(),
    rng,
    tally: { requests: 0, calls: 0, reports: 0, draws: 0, late: 0, advances: 0, crashes: 0, unsettled: 0 },
    delay: () => rng.between(...plan.networkMs),
    ledgerDelay: () => rng.between(...(plan.ledgerMs ?? plan.networkMs)),
    lost: () => rng.chance(plan.lost ?? 0),
  };
}

/** The most events that lie within any `windowMs`, the earlier end left out; `sizes` is what each counts, or 1. */
export function mostWithin(timesMs: readonly number[], windowMs: number, sizes?: readonly number[]): number {
  let most = 0;
  let sum = 0;
  let from = 0;
  for (const [to, at] of timesMs.entries()) {
    sum += sizes?.[to] ?? 1;
    for (; (timesMs[from] as number) <= at - windowMs; from++) sum -= sizes?.[from] ?? 1;
    most = Math.max(most, sum);
  }
  return most;
}
