import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answer, openGate } from '../../src/meter/gate.ts';
import { emptyMeter, type Limit, type LimitView, view } from '../../src/meter/meter.ts';
import { monthOf } from '../../src/meter/month.ts';
import { outOf, settle } from '../../src/meter/settle.ts';
import {
  afterGrant,
  type Crossing,
  creditCrossings,
  crossings,
  NO_CREDITS_TOLD,
  type Standing,
  type ToldCredits,
  type ToldQuotas,
} from '../../src/meter/warnings.ts';

const START_MS = Date.UTC(2027, 0, 10);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TOTAL = { name: 'total', windowMs: null };
const DAILY = { name: 'daily', windowMs: DAY_MS };
const MONTH = { name: 'quota', windowMs: null, anchorMs: 0 };

/** A quota of which so much is used. */
const viewOf = (quota: Omit<Limit, 'limit'>, limit: number, used: number): LimitView => ({
  warnPercent: 80,
  ...quota,
  limit,
  remaining: Math.max(0, limit - used),
  resetAtMs: null,
});
const standing = (of: LimitView, isRefused = false, out = 0): Standing => ({ view: of, isRefused, out: () => out });

/** One quota over time, and what is told of it. */
function watch() {
  let told: ToldQuotas = {};
  return (given: Standing, nowMs = START_MS): string[] => {
    const now = crossings(told, [given], nowMs);
    // As it is stored and read again.
    told = now.told === told ? told : JSON.parse(JSON.stringify(now.told));
    return now.crossed.map(({ threshold, used }) => `${threshold} ${used}`);
  };
}

describe('a quota', () => {
  test('is told at the percent of the policy and when nothing is left, each once', () => {
    const look = watch();
    const told = Array.from({ length: 11 }, (_, used) => look(standing(viewOf(TOTAL, 10, used))));
    expect(told.flat()).toEqual(['warning 8', 'reached 10']);
    expect(told[8]).toEqual(['warning 8']);
  });

  test('is not told a little too early where the percent is no whole number of requests', () => {
    const look = watch();
    expect(look(standing(viewOf(TOTAL, 7, 5)))).toEqual([]);
    expect(look(standing(viewOf(TOTAL, 7, 6)))).toEqual(['warning 6']);
  });

  test('that is used up at once is told by both thresholds, in their order', () => {
    expect(watch()(standing(viewOf(DAILY, 1, 1)))).toEqual(['warning 1', 'reached 1']);
  });

  test('is told as it stands', () => {
    const given = [standing(viewOf({ ...DAILY, name: 'credits_daily', unit: 'credits', warnPercent: 33 }, 700, 235))];
    const crossed: Crossing = {
      threshold: 'warning',
      quota: 'credits_daily',
      unit: 'credits',
      limit: 700,
      used: 235,
      percent: 33,
      windowMs: DAY_MS,
    };
    expect(crossings({}, given, START_MS).crossed).toEqual([crossed]);
  });

  test('without a percent, as a rate has none and an isolate of the version before sends none, is not told', () => {
    const { warnPercent: _, ...bare } = viewOf(TOTAL, 10, 10);
    expect(crossings({}, [standing(bare, true)], START_MS)).toEqual({ told: {}, crossed: [] });
  });

  test('is not told by what leases may bring back', () => {
    const look = watch();
    expect(look(standing(viewOf(TOTAL, 100, 100), false, 30))).toEqual([]);
    expect(look(standing(viewOf(TOTAL, 100, 100), false, 20))).toEqual(['warning 80']);
    expect(look(standing(viewOf(TOTAL, 100, 100), false, 1))).toEqual([]);
    expect(look(standing(viewOf(TOTAL, 100, 100), false, 0))).toEqual(['reached 100']);
  });

  test('that has refused a request is told by all that is granted', () => {
    const look = watch();
    expect(look(standing(viewOf(TOTAL, 100, 100), true, 60))).toEqual(['warning 100', 'reached 100']);
    expect(look(standing(viewOf(TOTAL, 100, 100), true, 0))).toEqual([]);
  });

  test('that refuses a request for more than is left has been reached, and is warned of when it is used', () => {
    const look = watch();
    expect(look(standing(viewOf({ ...TOTAL, unit: 'credits' }, 100, 50), true))).toEqual(['reached 50']);
    expect(look(standing(viewOf({ ...TOTAL, unit: 'credits' }, 100, 80)))).toEqual(['warning 80']);
  });

  test('of 0 is reached by the first request that it refuses, and never warned of', () => {
    const look = watch();
    expect(look(standing(viewOf(TOTAL, 0, 0), true))).toEqual(['reached 0']);
    expect(look(standing(viewOf(TOTAL, 0, 0), true))).toEqual([]);
    expect(crossings({}, [standing(viewOf(TOTAL, 0, 0), true)], START_MS).crossed[0]?.percent).toBe(100);
  });

  test('that is raised is told anew, and one that is lowered is not', () => {
    const look = watch();
    expect(look(standing(viewOf(TOTAL, 100, 100)))).toEqual(['warning 100', 'reached 100']);
    expect(look(standing(viewOf(TOTAL, 50, 100)))).toEqual([]);
    expect(look(standing(viewOf(TOTAL, 100, 100)))).toEqual([]);
    expect(look(standing(viewOf(TOTAL, 120, 100)))).toEqual(['warning 100']);
    expect(look(standing(viewOf(TOTAL, 120, 120)))).toEqual(['reached 120']);
  });

  test('of a window is told again when its length has passed and the use was below meanwhile', () => {
    const look = watch();
    const at = (used: number, hours: number) => look(standing(viewOf(DAILY, 10, used)), START_MS + hours * HOUR_MS);
    expect(at(8, 0)).toEqual(['warning 8']);
    expect(at(7, 1)).toEqual([]);
    expect(at(8, 2)).toEqual([]);
    expect(at(8, 23.9)).toEqual([]);
    expect(at(8, 24)).toEqual(['warning 8']);
    expect(at(9, 60)).toEqual([]);
    expect(at(7, 61)).toEqual([]);
    expect(at(8, 62)).toEqual(['warning 8']);
  });

  test('of a month is told again in the next', () => {
    const look = watch();
    const { endsAtMs } = monthOf(0, START_MS);
    expect(look(standing(viewOf(MONTH, 10, 8)))).toEqual(['warning 8']);
    expect(look(standing(viewOf(MONTH, 10, 7)), endsAtMs - 2)).toEqual([]);
    expect(look(standing(viewOf(MONTH, 10, 8)), endsAtMs - 1)).toEqual([]);
    expect(look(standing(viewOf(MONTH, 10, 8)), endsAtMs)).toEqual(['warning 8']);
  });

  test('of which nothing changed is given back as it was, so that nothing is written', () => {
    const { told } = crossings({}, [standing(viewOf(DAILY, 10, 8))], START_MS);
    for (const used of [8, 9]) expect(crossings(told, [standing(viewOf(DAILY, 10, used))], START_MS).told).toBe(told);
    const below = crossings(told, [standing(viewOf(DAILY, 10, 7))], START_MS).told;
    expect(below).not.toBe(told);
    expect(crossings(below, [standing(viewOf(DAILY, 10, 7))], START_MS).told).toBe(below);
  });

  test('is told at most once for a window, month, or total of one limit, never too early, and always in the end', () => {
    const quota = fc.constantFrom<Omit<Limit, 'limit'>>(TOTAL, DAILY, MONTH, {
      ...DAILY,
      name: 'w',
      windowMs: 7 * DAY_MS,
    });
    const step = fc.record({
      used: fc.nat(24),
      out: fc.nat(6),
      isRefused: fc.boolean(),
      limit: fc.constantFrom(10, 10, 10, 10, 20),
      afterMs: fc.oneof(fc.nat(2 * HOUR_MS), fc.nat(2 * DAY_MS), fc.nat(40 * DAY_MS)),
    });
    fc.assert(
      fc.property(quota, fc.array(step, { minLength: 1, maxLength: 60 }), (of, steps) => {
        let told: ToldQuotas = {};
        let nowMs = START_MS;
        const last: { [threshold in Crossing['threshold']]?: { atMs: number; limit: number; wasBelow: boolean } } = {};
        for (const { used, out, isRefused, limit, afterMs } of steps) {
          nowMs += afterMs;
          const given = standing(viewOf(of, limit, used), isRefused, out);
          const now = crossings(told, [given], nowMs);
          told = now.told;
          const counted = Math.min(used, limit);
          const surely = isRefused ? counted : Math.max(0, counted - out);
          for (const threshold of ['warning', 'reached'] as const) {
            const least = threshold === 'reached' ? limit : limit * 0.8;
            const isAt = surely >= least || (threshold === 'reached' && isRefused);
            const known = last[threshold];
            const isNext =
              known === undefined ||
              limit > known.limit ||
              (of === MONTH && monthOf(0, known.atMs).endsAtMs <= nowMs) ||
              (of.windowMs !== null && known.wasBelow && nowMs - known.atMs >= of.windowMs);
            const hits = now.crossed.filter((crossed) => crossed.threshold === threshold);
            expect(hits.map((hit) => hit.used)).toEqual(isAt && isNext ? [surely] : []);
            if (hits.length > 0) last[threshold] = { atMs: nowMs, limit, wasBelow: false };
            // What is out may hide that it is at the threshold still.
            else if (known !== undefined && !isAt && (isNext || counted < least)) known.wasBelow = true;
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('what is out', () => {
  const LIMITS: Limit[] = [
    { ...TOTAL, limit: 2_000, warnPercent: 50 },
    { ...DAILY, limit: 1_500, warnPercent: 80 },
    { name: 'credits_total', windowMs: null, limit: 9_000, unit: 'credits', warnPercent: 60 },
  ];

  test('leaves of what is counted no more than was used, whatever leases are open, closed, late or still running', () => {
    const step = fc.record({
      want: fc.integer({ min: 1, max: 200 }),
      uses: fc.array(fc.record({ lease: fc.nat(5), share: fc.nat(4), closes: fc.boolean(), settles: fc.boolean() }), {
        maxLength: 4,
      }),
      afterMs: fc.nat(40_000),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 4, maxLength: 40 }), (steps) => {
        const gate = openGate({ meter: emptyMeter(), reserve: 0 }, 0, 'g', START_MS);
        let nowMs = START_MS;
        /** What isolates have really done with each grant: permits taken, settled, and what those have cost. */
        const leases: { id: string; permits: number; used: number; settled: number; cost: number; closed: boolean }[] =
          [];
        const reserve = 3;
        for (const { want, uses, afterMs } of steps) {
          nowMs += afterMs;
          const given = answer(gate, { generation: 1, want, leaseMs: 10_000, limits: LIMITS, reserve }, nowMs);
          if (given.kind === 'granted') {
            const { id, permits } = given;
            leases.push({ id, permits, used: 0, settled: 0, cost: 0, closed: false });
          }
          for (const { lease: ago, share, closes, settles } of uses) {
            const lease = leases.at(-1 - ago);
            if (lease === undefined) continue;
            if (!lease.closed) lease.used += Math.floor(((lease.permits - lease.used) * share) / 4);
            lease.closed ||= closes;
            if (settles) {
              lease.cost += (lease.used - lease.settled) * 2;
              lease.settled = lease.used;
            }
            const { id, used, settled, cost, closed } = lease;
            settle(
              gate,
              [{ id, used, closed, micro: { reserved: used * reserve, settled: settled * reserve, cost } }],
              nowMs,
            );
          }
          // As long as every report comes before the grant is forgotten.
          const used = leases.reduce((sum, each) => sum + each.used, 0);
          const cost = leases.reduce((sum, each) => sum + each.cost, 0);
          const forgotten = leases.filter(({ id }) => !gate.grants.has(id));
          const lostPermits = forgotten.reduce((sum, each) => sum + (each.closed ? 0 : each.permits - each.used), 0);
          const lostMicro = forgotten.reduce(
            (sum, each) => sum + (each.closed ? each.used - each.settled : each.permits - each.settled) * reserve,
            0,
          );
          for (const each of view(gate.meter, LIMITS, nowMs)) {
            const surely = each.limit - each.remaining - outOf(gate, each);
            if (each.unit === 'credits') expect(surely).toBeLessThanOrEqual(cost + lostMicro);
            else expect(surely).toBeLessThanOrEqual(used + lostPermits);
            if (each.name === 'total') expect(surely).toBe(Math.min(2_000, used + lostPermits));
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test('of credits is what requests may still cost', () => {
    const paid: Limit = { name: 'credits_total', windowMs: null, limit: 90_000, unit: 'credits', warnPercent: 80 };
    const gate = openGate({ meter: emptyMeter(), reserve: 0 }, 0, 'g', START_MS);
    answer(gate, { generation: 1, want: 10, leaseMs: 1_000, reserve: 100, limits: [paid] }, START_MS);
    const told = (used: number, closed: boolean, micro: { reserved: number; settled: number; cost: number }) => {
      settle(gate, [{ id: 'g1', used, closed, micro }], START_MS);
      const [now] = view(gate.meter, [paid], START_MS);
      return [outOf(gate, paid), paid.limit - (now?.remaining ?? 0)];
    };
    expect(outOf(gate, paid)).toBe(1_000);
    expect(told(3, false, { reserved: 300, settled: 200, cost: 150 })).toEqual([800, 950]);
    expect(told(3, true, { reserved: 300, settled: 200, cost: 150 })).toEqual([100, 250]);
    expect(told(3, true, { reserved: 300, settled: 300, cost: 180 })).toEqual([0, 180]);
  });

  test('of a limit is what its own grants have out', () => {
    const live = { name: 'quota', limit: 1_000, windowMs: DAY_MS, warnPercent: 80 };
    const dev = { name: 'quota.dev', limit: 1_000, windowMs: DAY_MS, warnPercent: 80 };
    const gate = openGate({ meter: emptyMeter(), reserve: 0 }, 0, 'g', START_MS);
    const ask = { generation: 1, want: 100, leaseMs: 1_000, reserve: 0 };
    const given = answer(gate, { ...ask, limits: [live] }, START_MS);
    expect(given).toMatchObject({ kind: 'granted', permits: 100 });
    answer(gate, { ...ask, want: 40, limits: [dev] }, START_MS);
    expect([outOf(gate, live), outOf(gate, dev)]).toEqual([100, 40]);
    settle(gate, [{ id: 'g1', used: 30, closed: false }], START_MS);
    expect([outOf(gate, live), outOf(gate, dev)]).toEqual([70, 40]);
    settle(gate, [{ id: 'g1', used: 30, closed: true }], START_MS);
    expect([outOf(gate, live), outOf(gate, dev)]).toEqual([0, 40]);
  });
});

describe('credits', () => {
  const at = (left: number, isRefused = false, granted = 100) => ({ granted, left, lowMicro: 20, isRefused });

  test('are told when they are low and when they are used up, each once, and again after a grant', () => {
    let told: ToldCredits = NO_CREDITS_TOLD;
    const look = (left: number, isRefused = false) => {
      const now = creditCrossings(told, at(left, isRefused));
      told = now.told;
      return now.crossed;
    };
    expect([look(20), look(19), look(5), look(0), look(-3), look(0, true)]).toEqual([
      [],
      ['low'],
      [],
      ['exhausted'],
      [],
      [],
    ]);
    told = afterGrant(told, 10);
    expect([look(10), look(3), look(1, true), look(0)]).toEqual([[], [], ['exhausted'], []]);
    told = afterGrant(told, 50);
    expect([look(50), look(18), look(0)]).toEqual([[], ['low'], ['exhausted']]);
  });

  test('are low after a grant that has lifted them, also where they were never seen so high', () => {
    const { told } = creditCrossings(NO_CREDITS_TOLD, at(5));
    expect(creditCrossings(afterGrant(told, 20), at(2)).crossed).toEqual(['low']);
    expect(creditCrossings(afterGrant(told, 19), at(2)).crossed).toEqual([]);
    expect(creditCrossings(afterGrant(afterGrant(told, 19), 39), at(2)).crossed).toEqual(['low']);
  });

  test('are low after a grant that has lifted them, also where a request was refused meanwhile', () => {
    const spent = creditCrossings(NO_CREDITS_TOLD, at(0)).told;
    const refused = creditCrossings(afterGrant(spent, 50), at(50, true));
    expect(refused.crossed).toEqual(['exhausted']);
    expect(creditCrossings(refused.told, at(5)).crossed).toEqual(['low']);
  });

  test('that leases bring back make nothing told again', () => {
    const { told } = creditCrossings(NO_CREDITS_TOLD, at(5));
    expect(creditCrossings(told, at(30))).toEqual({ told, crossed: [] });
    expect(creditCrossings(told, at(5)).told).toBe(told);
  });

  test('are never low where the policy says 0, and not of an account that never had any; what it asks for is refused', () => {
    expect(creditCrossings(NO_CREDITS_TOLD, { ...at(-1), lowMicro: 0 }).crossed).toEqual(['exhausted']);
    expect(creditCrossings(NO_CREDITS_TOLD, at(0, false, 0)).crossed).toEqual([]);
    expect(creditCrossings(NO_CREDITS_TOLD, at(0, true, 0)).crossed).toEqual(['exhausted']);
  });

  test('of which nothing was told are not written at a grant', () => {
    expect(afterGrant(NO_CREDITS_TOLD, 5)).toBe(NO_CREDITS_TOLD);
  });
});
