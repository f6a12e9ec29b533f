import { watchClock } from '../../src/meter/clock.ts';
import { waitMs } from '../../src/meter/fence.ts';
import { answer, type Gate, openGate, type StoredMeter, settle, snapshot } from '../../src/meter/gate.ts';
import {
  beginAsk,
  closeGrant,
  emptySlot,
  endAsk,
  isRenewalDue,
  killLeases,
  receive,
  type Slot,
  take,
} from '../../src/meter/lease.ts';
import { emptyMeter, type Limit } from '../../src/meter/meter.ts';
import { RETURN_AFTER_MS, SLACK_MS } from '../../src/meter/times.ts';
import { type Random, random, Timeline } from './timeline.ts';

/*
 * A discrete-event model of the protocol of DESIGN §4: isolates, a network, one gate, one registry. The isolates and
 * the gate run the real modules; only time, delays, crashes and losses are made up, from a seed.
 */

export interface Plan {
  readonly seed: number;
  readonly isolates: number;
  readonly limits: readonly Limit[];
  readonly leaseMs: number;
  /** Lease times that isolates use instead, one each, as while a new policy is rolled out. */
  readonly leaseTimesMs?: readonly number[];
  readonly requestsPerSecond: number;
  readonly durationMs: number;
  /** For so long at the end no request comes. */
  readonly quietMs?: number;
  /** Of one way between an isolate and the gate. */
  readonly networkMs: readonly [least: number, most: number];
  /** Share of messages that never arrive; of an ask, either the ask or its answer. */
  readonly lost?: number;
  /** Isolate clocks are apart by up to a day, drift by up to this share, and step back now and then. */
  readonly drift?: number;
  readonly stepBackEveryMs?: number;
  readonly crashEveryMs?: number;
  readonly advanceEveryMs?: number;
}

export interface Outcome {
  readonly admittedAtMs: number[];
  readonly requests: number;
  readonly calls: number;
  /** Admissions at a generation that an acknowledged `advance` had ended. */
  readonly late: number;
  readonly advances: number;
  readonly crashes: number;
  readonly granted: number;
  readonly used: number;
}

interface Isolate {
  readonly slot: Slot;
  readonly clock: ReturnType<typeof watchClock>;
  readonly leaseMs: number;
  generation: number;
  offsetMs: number;
}

interface Durable {
  floor: number;
  longestMs: number;
  meter: StoredMeter;
}

const EPOCH_MS = 1_800_000_000_000;
const RESTART_MS = 300;

/** Runs the plan to its end. */
export function simulate(plan: Plan): Outcome {
  const rng = random(plan.seed);
  const time = new Timeline();
  const durable: Durable = { floor: 1, longestMs: 0, meter: { meter: emptyMeter(), reserve: 0 } };
  const tally = { requests: 0, calls: 0, late: 0, advances: 0, crashes: 0 };
  const admittedAtMs: number[] = [];
  let current = 1;
  let acknowledged = 1;
  let starts = 0;
  let skewMs = 0;
  const gateNow = () => Math.floor(EPOCH_MS + time.nowMs + skewMs);
  const start = (): Gate => {
    const { meter, reserve } = structuredClone(durable.meter);
    return openGate({ meter, reserve }, durable.longestMs, `${++starts}:`, gateNow());
  };
  let gate: Gate | null = start();
  const isolates = Array.from({ length: plan.isolates }, (_, i) => openIsolate(plan, rng, time, i));
  const delay = () => rng.between(...plan.networkMs);
  const lost = () => rng.chance(plan.lost ?? 0);

  const admitted = (generation: number) => {
    admittedAtMs.push(time.nowMs);
    if (generation < acknowledged) tally.late++;
  };

  const request = (isolate: Isolate) => {
    tally.requests++;
    const nowMs = isolate.clock.nowMs();
    const { generation } = isolate;
    const taken = take(isolate.slot, generation, nowMs);
    if (taken === null) return ask(isolate, 4);
    if (taken !== true) return;
    admitted(generation);
    if (isRenewalDue(isolate.slot, nowMs)) ask(isolate, 0);
  };

  /** `rounds` 0: a renewal in the background. */
  const ask = (isolate: Isolate, rounds: number) => {
    const { slot, clock, generation, leaseMs } = isolate;
    const askedAtMs = clock.nowMs();
    const { epoch } = clock;
    const { want, settle: report } = beginAsk(slot, leaseMs, askedAtMs);
    tally.calls++;
    const fail = () => time.in(delay(), () => endAsk(slot, report));
    if (lost()) return fail();
    time.in(delay(), () => {
      if (gate === null) return fail();
      const given = admit(gate, { generation, want, leaseMs, limits: plan.limits, settle: report });
      if (lost()) return fail();
      time.in(delay(), () => {
        endAsk(slot, given === 'stale' ? report : []);
        if (given === 'stale') {
          return time.in(delay(), () => {
            isolate.generation = Math.max(isolate.generation, current);
            if (rounds > 1) ask(isolate, rounds - 1);
          });
        }
        if (epoch !== clock.epoch) {
          if (given.kind === 'granted') slot.settlements.push({ id: given.id, used: 0, closed: true });
          return rounds > 1 ? ask(isolate, rounds - 1) : undefined;
        }
        receive(slot, given, askedAtMs);
        if (given.kind === 'granted' && given.permits > 1) {
          time.in(Math.max(given.ttlMs, SLACK_MS) + RETURN_AFTER_MS, () => giveBack(isolate, given.id));
        }
        if (rounds === 0 || given.kind === 'refused') return;
        const taken = take(slot, isolate.generation, clock.nowMs());
        if (taken === true) admitted(isolate.generation);
        else if (taken === null && rounds > 1) ask(isolate, rounds - 1);
      });
    });
  };

  const giveBack = ({ slot, clock }: Isolate, id: string) => {
    closeGrant(slot, id);
    const { settlements } = slot;
    if (settlements.length === 0 || slot.askingUntilMs > clock.nowMs()) return;
    slot.settlements = [];
    tally.calls++;
    const fails = lost();
    time.in(delay(), () => {
      if (gate === null || fails) slot.settlements.push(...settlements);
      else settle(gate, settlements);
    });
  };

  /** One step of the gate; what it stores is durable before its answer leaves. */
  const admit = (open: Gate, asked: Parameters<typeof answer>[1]) => {
    settle(open, asked.settle);
    if (asked.generation < durable.floor) return 'stale';
    durable.floor = asked.generation;
    const given = answer(open, asked, gateNow());
    durable.longestMs = Math.max(durable.longestMs, open.longestMs);
    if (open.ahead < 0) durable.meter = structuredClone(snapshot(open, asked.limits));
    return given;
  };

  const advance = () => {
    const generation = ++current;
    const attempt = () => {
      const open = gate;
      if (open === null) return time.in(100, attempt);
      durable.floor = Math.max(durable.floor, generation);
      const wait = () => {
        if (gate !== open) return time.in(100, attempt);
        const leftMs = waitMs(open.fence, generation, gateNow());
        if (leftMs > 0) return time.in(leftMs, wait);
        acknowledged = Math.max(acknowledged, generation);
        tally.advances++;
      };
      wait();
    };
    time.in(delay(), attempt);
  };

  const crash = () => {
    gate = null;
    tally.crashes++;
    time.in(RESTART_MS, () => {
      skewMs = rng.between(-10, 10);
      gate = start();
    });
  };

  const gapMs = (1_000 * plan.isolates) / plan.requestsPerSecond;
  const quietFromMs = plan.durationMs - (plan.quietMs ?? 0);
  for (const isolate of isolates) {
    const arrive = () => {
      if (time.nowMs < quietFromMs) request(isolate);
    };
    time.repeatedly(() => rng.between(0.2, 1.8) * gapMs, arrive);
  }
  const { stepBackEveryMs, crashEveryMs, advanceEveryMs } = plan;
  if (stepBackEveryMs !== undefined) {
    const step = () => {
      const isolate = isolates[Math.floor(rng.between(0, plan.isolates))];
      if (isolate !== undefined) isolate.offsetMs -= rng.between(400, 5_000);
    };
    time.repeatedly(() => rng.between(0.5, 1.5) * stepBackEveryMs, step);
  }
  if (crashEveryMs !== undefined) time.repeatedly(() => rng.between(0.5, 1.5) * crashEveryMs, crash);
  if (advanceEveryMs !== undefined) time.repeatedly(() => rng.between(0.5, 1.5) * advanceEveryMs, advance);
  time.run(plan.durationMs);
  const meter = gate?.meter ?? durable.meter.meter;
  return { admittedAtMs, granted: meter.granted, used: meter.used, ...tally };
}

function openIsolate(plan: Plan, rng: Random, time: Timeline, index: number): Isolate {
  const slot = emptySlot();
  const drift = plan.drift === undefined ? 1 : 1 + rng.between(-plan.drift, plan.drift);
  const isolate: Isolate = {
    slot,
    generation: 1,
    leaseMs: plan.leaseTimesMs?.[index] ?? plan.leaseMs,
    offsetMs: plan.drift === undefined ? 0 : rng.between(-86_400_000, 86_400_000),
    clock: watchClock(
      () => Math.floor(EPOCH_MS + time.nowMs * drift + isolate.offsetMs),
      () => killLeases(slot),
    ),
  };
  return isolate;
}

/** The most events that lie within any `windowMs`, both ends taken in. */
export function mostWithin(timesMs: readonly number[], windowMs: number): number {
  let most = 0;
  let from = 0;
  for (const [to, at] of timesMs.entries()) {
    while ((timesMs[from] as number) <= at - windowMs) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
