import type { CreditState } from '../../src/meter/credits.ts';
import type { Meter } from '../../src/meter/meter.ts';
import { GateModel } from './model-gate.ts';
import { IsolateModel, type KeyModel } from './model-isolate.ts';
import { LedgerModel } from './model-ledger.ts';
import { newWorld, type Plan, type Tally, type World } from './world.ts';

/*
 * A discrete-event model of the protocol of DESIGN §4: isolates, a network, the gates of some keys, and the ledger of
 * their account. All run the real modules; only time, delays, crashes and losses are made up, from a seed.
 */

/** What became of one key. */
export interface KeyOutcome {
  readonly admittedAtMs: readonly number[];
  /** What each of these cost, and when that was known; null while it is not. */
  readonly costs: readonly (number | null)[];
  readonly doneAtMs: readonly number[];
  /** How often requests were refused, by the names of the limits that the denial told. */
  readonly violated: ReadonlyMap<string, number>;
  readonly refused: number;
  readonly failed: number;
  readonly meter: Meter;
}

export interface Outcome extends Tally {
  readonly keys: readonly KeyOutcome[];
  /** The counters of the ledger, where there is one. */
  readonly ledger: Meter | null;
  readonly credits: CreditState | null;
  /** When each change of the plan was in force everywhere. */
  readonly inForceAtMs: readonly number[];
}

/** Runs the plan to its end. */
export function simulate(plan: Plan): Outcome {
  const world = newWorld(plan);
  const { account } = plan;
  const ledger = account === undefined ? null : new LedgerModel(world);
  const keys = plan.keys.map(
    ({ limits, price }, n): KeyModel => ({
      gate: new GateModel(world, ledger, `k${n}`),
      price,
      current: { generation: 1, limits, account: account?.limits ?? null },
      acknowledged: 1,
      admittedAtMs: [],
      costs: [],
      doneAtMs: [],
      violated: new Map(),
      refused: 0,
      failed: 0,
    }),
  );
  const isolates = Array.from(
    { length: plan.isolates },
    (_, n) => new IsolateModel(world, n, (charge) => ledger?.record(charge)),
  );
  sendRequests(world, isolates, keys);
  const inForceAtMs = makeTrouble(world, isolates, keys, ledger);
  world.time.run(plan.durationMs);
  return {
    ...world.tally,
    keys: keys.map(({ gate, ...key }) => ({ ...key, meter: gate.meter })),
    ledger: ledger?.meter ?? null,
    credits: ledger?.credits ?? null,
    inForceAtMs,
  };
}

function sendRequests({ plan, time, rng }: World, isolates: readonly IsolateModel[], keys: readonly KeyModel[]): void {
  const untilMs = plan.durationMs - (plan.quietMs ?? 0);
  for (const [n, key] of keys.entries()) {
    const gapMs = (1_000 * plan.isolates) / (plan.keys[n]?.requestsPerSecond ?? 1);
    for (const isolate of isolates) {
      time.repeatedly(
        () => rng.between(0.2, 1.8) * gapMs,
        () => time.nowMs < untilMs && isolate.request(key),
      );
    }
  }
}

function makeTrouble(
  { plan, time, rng, tally, delay }: World,
  isolates: readonly IsolateModel[],
  keys: readonly KeyModel[],
  ledger: LedgerModel | null,
): number[] {
  const often = (everyMs: number | undefined, act: () => void) => {
    if (everyMs !== undefined) time.repeatedly(() => rng.between(0.5, 1.5) * everyMs, act);
  };
  const any = <T>(list: readonly T[]): T => list[Math.floor(rng.between(0, list.length))] as T;
  const advance = (key: KeyModel, then = () => {}) => {
    const { generation } = key.current;
    const acknowledge = () => {
      key.acknowledged = Math.max(key.acknowledged, generation);
      tally.advances++;
      then();
    };
    time.in(delay(), () => key.gate.advance(generation, acknowledge));
  };
  often(plan.stepBackEveryMs, () => any(isolates).stepBack(rng.between(400, 5_000)));
  often(plan.crashEveryMs, () => any(keys).gate.crash());
  often(plan.ledgerCrashEveryMs, () => ledger?.crash());
  often(plan.advanceEveryMs, () => {
    const key = any(keys);
    key.current = { ...key.current, generation: key.current.generation + 1 };
    advance(key);
  });
  const inForceAtMs: number[] = [];
  for (const { atMs, keyLimits, accountLimits } of plan.changes ?? []) {
    time.in(atMs, () => {
      let left = keys.length;
      for (const key of keys) {
        const { generation, limits, account } = key.current;
        key.current = {
          generation: generation + 1,
          limits: keyLimits ?? limits,
          account: accountLimits ?? account,
        };
        advance(key, () => {
          if (--left === 0) inForceAtMs.push(time.nowMs);
        });
      }
    });
  }
  return inForceAtMs;
}
