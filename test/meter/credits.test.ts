import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  balanceOf,
  book,
  type CreditState,
  close,
  expire,
  expiryMs,
  FINAL_AFTER_MS,
  grant,
  hold,
  noCredits,
  PROVISIONAL_AFTER_MS,
  settle,
  spentIn,
  views,
} from '../../src/meter/credits.ts';
import { monthOf } from '../../src/meter/month.ts';
import { CreditOracle } from './credit-oracle.ts';

const START_MS = Date.parse('2027-01-31T12:00:00Z');
const calendar = 0;
const charge = (of: string | null, reserved: number, micro: number, atMs = START_MS) => ({
  hold: of,
  reserved,
  micro,
  atMs,
});
const terms = { prepaid: true, budgetMicro: null, anchorMs: calendar };
const sums = (state: CreditState) => [balanceOf(state), state.held, state.spent, state.unreported];

/** 1,000 granted, and 100 of them held for 4 s. */
function withHold(): CreditState {
  const state = noCredits();
  grant(state, 1_000);
  hold(state, 'a', 100, START_MS, START_MS + 4_000);
  return state;
}

describe('credits', () => {
  test('are held, spent, and come back', () => {
    const state = withHold();
    expect(sums(state)).toEqual([900, 100, 0, 0]);
    expect(settle(state, charge('a', 30, 25), calendar)).toBe(true);
    expect(sums(state)).toEqual([905, 70, 25, 0]);
    expect(close(state, 'a', 80)).toBe(true);
    expect(sums(state)).toEqual([925, 50, 25, 0]);
    settle(state, charge('a', 50, 0), calendar);
    expect(sums(state)).toEqual([975, 0, 25, 0]);
    expect(state.holds.size).toBe(0);
  });

  test('come back once', () => {
    const state = withHold();
    close(state, 'a', 80);
    expect(close(state, 'a', 0)).toBe(false);
    expect(close(state, 'unknown', 0)).toBe(false);
    expect(sums(state)).toEqual([920, 80, 0, 0]);
  });

  test('that cost more than was reserved may take the balance below zero, and then nothing is admitted', () => {
    const state = withHold();
    settle(state, charge('a', 100, 1_300), calendar);
    expect(sums(state)).toEqual([-300, 0, 1_300, 0]);
    expect(views(state, terms, START_MS, START_MS)).toMatchObject([{ name: 'credits', limit: 0, remaining: 0 }]);
  });

  test('cost what they cost, also where their hold is not known or has less open than they had reserved', () => {
    const state = withHold();
    expect(settle(state, charge('erased', 50, 7), calendar)).toBe(false);
    expect(sums(state)).toEqual([893, 100, 7, 0]);
    settle(state, charge('a', 500, 3), calendar);
    expect(sums(state)).toEqual([990, 0, 10, 0]);
  });

  test('that were held for a question whose answer was not heard come back when it is asked again', () => {
    const state = withHold();
    hold(state, 'a', 70, START_MS + 1, START_MS + 4_001);
    expect(sums(state)).toEqual([930, 70, 0, 0]);
    close(state, 'a', 60);
    settle(state, charge('a', 10, 9), calendar);
    expect(sums(state)).toEqual([941, 50, 9, 0]);
    expire(state, START_MS + 4_001 + PROVISIONAL_AFTER_MS, calendar);
    expect(sums(state)).toEqual([941, 0, 9, 50]);
    hold(state, 'a', 20, START_MS + 2, START_MS + 4_002);
    expect(sums(state)).toEqual([971, 20, 9, 0]);
    expect(close(state, 'a', 0)).toBe(true);
    expect(sums(state)).toEqual([991, 0, 9, 0]);
  });

  test('without a hold are booked', () => {
    const state = noCredits();
    book(state, 40, START_MS, calendar);
    settle(state, charge(null, 0, 2), calendar);
    expect(sums(state)).toEqual([-42, 0, 42, 0]);
  });
});

describe('what is never reported', () => {
  const provisionalMs = START_MS + 4_000 + PROVISIONAL_AFTER_MS;

  test('comes back 15 minutes after the end of a lease that was never closed; the real cost is booked all the same', () => {
    const state = withHold();
    settle(state, charge('a', 30, 25), calendar);
    expect(expiryMs(state)).toBe(provisionalMs);
    expect(expire(state, provisionalMs - 1, calendar)).toEqual([]);
    expect(expire(state, provisionalMs, calendar)).toEqual(['a']);
    expect(sums(state)).toEqual([975, 0, 25, 0]);
    expect([state.holds.size, expiryMs(state)]).toEqual([0, null]);
    expect(state.months.map(({ spent, unreported }) => [spent, unreported])).toEqual([[25, 0]]);
    expect(close(state, 'a', 100)).toBe(false);
    settle(state, charge('a', 60, 55), calendar);
    expect(sums(state)).toEqual([920, 0, 80, 0]);
  });

  test('is booked 15 minutes after the end of a lease that was closed, and replaced by the real cost', () => {
    const state = withHold();
    close(state, 'a', 100);
    expect(expiryMs(state)).toBe(provisionalMs);
    expect(expire(state, provisionalMs - 1, calendar)).toEqual([]);
    expect(expire(state, provisionalMs, calendar)).toEqual(['a']);
    expect(sums(state)).toEqual([900, 0, 0, 100]);
    expect(expire(state, provisionalMs, calendar)).toEqual([]);
    settle(state, charge('a', 60, 55), calendar);
    expect(sums(state)).toEqual([905, 0, 55, 40]);
    settle(state, charge('a', 40, 0), calendar);
    expect(sums(state)).toEqual([945, 0, 55, 0]);
    expect(expiryMs(state)).toBe(null);
  });

  test('is final 24 hours later; the real cost is booked all the same', () => {
    const state = withHold();
    close(state, 'a', 100);
    expire(state, provisionalMs, calendar);
    expect(expiryMs(state)).toBe(provisionalMs + FINAL_AFTER_MS);
    expect(expire(state, provisionalMs + FINAL_AFTER_MS - 1, calendar)).toEqual([]);
    expect(expire(state, provisionalMs + FINAL_AFTER_MS, calendar)).toEqual(['a']);
    expect(state.holds.size).toBe(0);
    settle(state, charge('a', 60, 55), calendar);
    expect(sums(state)).toEqual([845, 0, 55, 100]);
  });

  test('is looked for no later than it is due, whatever was settled meanwhile', () => {
    const state = withHold();
    hold(state, 'b', 100, START_MS, START_MS + 1_000);
    hold(state, 'c', 100, START_MS, START_MS + 9_000);
    expect(expiryMs(state)).toBe(provisionalMs - 3_000);
    close(state, 'b', 0);
    expect(expire(state, provisionalMs - 3_000, calendar)).toEqual([]);
    expect(expiryMs(state)).toBe(provisionalMs);
    close(state, 'a', 0);
    close(state, 'c', 0);
    expect(expiryMs(state)).toBe(null);
  });
});

describe('a budget', () => {
  const capped = { prepaid: false, budgetMicro: 1_000, anchorMs: START_MS };
  const { endsAtMs } = monthOf(START_MS, START_MS);

  test('counts what is spent, held and unreported in the month', () => {
    const state = noCredits();
    hold(state, 'a', 100, START_MS, START_MS + 4_000);
    hold(state, 'b', 200, START_MS, START_MS + 4_000);
    settle(state, charge('b', 150, 150), START_MS);
    for (const id of ['a', 'b']) close(state, id, 200);
    expire(state, START_MS + 2 * FINAL_AFTER_MS, START_MS);
    book(state, 1, START_MS + 1, START_MS);
    book(state, 5_000, endsAtMs, START_MS);
    const nowMs = START_MS + 3 * FINAL_AFTER_MS;
    expect(views(state, capped, nowMs, nowMs + 4_000)).toEqual([
      {
        name: 'budget',
        limit: 1_000,
        windowMs: null,
        unit: 'credits',
        anchorMs: START_MS,
        remaining: 1_000 - 150 - 50 - 100 - 1,
        resetAtMs: Date.parse('2027-02-28T12:00:00Z'),
      },
    ]);
  });

  test('counts a hold across the end of a month in both, until it is settled in the one where the request came', () => {
    const state = noCredits();
    const left = (nowMs: number) => views(state, capped, nowMs, nowMs)[0]?.remaining;
    hold(state, 'a', 600, endsAtMs - 2_000, endsAtMs + 2_000);
    expect([left(endsAtMs - 1), left(endsAtMs)]).toEqual([400, 400]);
    settle(state, charge('a', 500, 450, endsAtMs), START_MS);
    expect([left(endsAtMs - 1), left(endsAtMs)]).toEqual([900, 450]);
    hold(state, 'b', 300, endsAtMs - 1_000, endsAtMs - 1);
    expect(views(state, capped, endsAtMs - 1, endsAtMs)[0]?.remaining).toBe(450);
    expect([left(endsAtMs - 1), left(endsAtMs)]).toEqual([600, 450]);
  });

  test('is kept in the month of admission where a request came just before it', () => {
    const state = noCredits();
    hold(state, 'a', 100, endsAtMs, endsAtMs + 4_000);
    settle(state, charge('a', 100, 80, endsAtMs - 3), START_MS);
    expect(spentIn(state, monthOf(START_MS, START_MS))).toBe(0);
    expect(spentIn(state, monthOf(START_MS, endsAtMs))).toBe(80);
  });

  test('counts what was booked before the anchor moved in every month that it touches', () => {
    const state = noCredits();
    book(state, 700, START_MS, START_MS);
    const moved = { ...capped, anchorMs: Date.parse('2027-02-10T00:00:00Z') };
    for (const nowMs of [START_MS, Date.parse('2027-02-20T00:00:00Z')]) {
      expect(views(state, moved, nowMs, nowMs)[0]?.remaining).toBe(300);
    }
    const later = Date.parse('2027-03-10T00:00:00Z');
    expect(views(state, moved, later, later)[0]?.remaining).toBe(1_000);
  });

  test('counts all that was booked in a month whose anchor moved again and again', () => {
    const state = noCredits();
    for (let i = 0; i < 6; i++) book(state, 200, START_MS, START_MS - i * 3_600_000);
    expect(state.months).toHaveLength(6);
    expect(views(state, capped, START_MS, START_MS)[0]?.remaining).toBe(0);
    expect(spentIn(state, monthOf(START_MS, START_MS))).toBe(1_200);
  });

  test('counts what overlaps the month of now, however the anchor moved', () => {
    const days = (max: number) => fc.nat(max * 86_400_000);
    const bookings = fc.array(fc.record({ afterMs: days(8), anchorMs: days(400), micro: fc.nat(90) }), {
      minLength: 8,
      maxLength: 30,
    });
    let [most, fewest] = [0, 99];
    fc.assert(
      fc.property(bookings, (all) => {
        const state = noCredits();
        const booked: { startMs: number; endsAtMs: number; micro: number }[] = [];
        let nowMs = START_MS;
        for (const { afterMs, anchorMs, micro } of all) {
          nowMs += afterMs;
          const now = monthOf(anchorMs, nowMs);
          const overlapping = booked.filter((each) => each.startMs < now.endsAtMs && now.startMs < each.endsAtMs);
          expect(spentIn(state, now)).toBe(overlapping.reduce((sum, each) => sum + each.micro, 0));
          book(state, micro, nowMs, anchorMs);
          booked.push({ ...now, micro });
        }
        most = Math.max(most, state.months.length);
        fewest = Math.min(fewest, state.months.length / all.length);
      }),
    );
    expect(most).toBeGreaterThan(8);
    expect(fewest).toBeLessThan(0.7);
  });

  test('keeps the newest months', () => {
    const state = noCredits();
    for (let i = 0; i < 9; i++) book(state, 1, START_MS + i * 31 * 86_400_000, START_MS);
    book(state, 1, START_MS, START_MS);
    expect(state.months).toHaveLength(4);
    expect(state.spent).toBe(10);
    expect(state.months.at(-1)?.startMs).toBe(monthOf(START_MS, START_MS + 8 * 31 * 86_400_000).startMs);
  });

  test('of nothing never frees up', () => {
    expect(views(noCredits(), { ...capped, budgetMicro: 0 }, START_MS, START_MS)).toMatchObject([
      { remaining: 0, resetAtMs: null },
    ]);
  });
});

const step = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('grant' as const), micro: fc.integer({ min: -300, max: 1_500 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('hold' as const),
      micro: fc.integer({ min: 1, max: 400 }),
      lastsMs: fc.nat(12_000),
      /** Of the last lease: whether this is its question again, where no request has taken any of it. */
      again: fc.boolean(),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('request' as const),
      of: fc.nat(),
      reserved: fc.integer({ min: 1, max: 200 }),
      cost: fc.nat(100),
      cameMs: fc.nat(400),
      afterMs: fc.nat(5_000),
      batch: fc.nat(2),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('deliver' as const), of: fc.nat(), again: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('close' as const), of: fc.nat(), early: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.oneof(fc.nat(3_000), fc.nat(2 * PROVISIONAL_AFTER_MS), fc.nat(FINAL_AFTER_MS)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('due' as const), beforeMs: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('month' as const), beforeMs: fc.nat(6_000) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('expire' as const) }) },
);
const run = fc.record({
  anchorMs: fc.constantFrom(START_MS, START_MS - 86_400_000 * 33, Date.parse('2024-02-29T00:00:00Z')),
  prepaid: fc.boolean(),
  budgetMicro: fc.option(fc.integer({ min: 0, max: 2_000 })),
  /** How much more than it reserved a request may cost, in percent. */
  overrun: fc.constantFrom(0, 0, 60),
  steps: fc.array(step, { minLength: 5, maxLength: 90, size: 'max' }),
});

describe('against a plain oracle', () => {
  test('10,000 interleavings: the sums agree at every moment, each cost is booked once, no budget is exceeded', () => {
    const seen = { admitted: 0, again: 0, refused: 0, settled: 0, repeated: 0, closed: 0, across: 0 };
    const late = { replaced: 0, final: 0, back: 0 };
    fc.assert(
      fc.property(run, ({ anchorMs, prepaid, budgetMicro, overrun, steps }) => {
        const rules = { prepaid, budgetMicro, anchorMs };
        const state = noCredits();
        const oracle = new CreditOracle(anchorMs);
        const leases: { id: string; micro: number; endsAtMs: number; taken: number }[] = [];
        const batches: { charges: ReturnType<typeof charge>[]; delivered: boolean }[] = [];
        let nowMs = START_MS;
        let realCost = 0;
        for (const next of steps) {
          switch (next.do) {
            case 'grant':
              grant(state, next.micro);
              oracle.grant(next.micro);
              break;
            case 'hold': {
              const endsAtMs = nowMs + next.lastsMs;
              const found = views(state, rules, nowMs, endsAtMs);
              expect(found.map(({ name, remaining }) => [name, remaining])).toEqual([
                ...(prepaid ? [['credits', Math.max(0, oracle.balance())]] : []),
                ...(budgetMicro === null ? [] : [['budget', Math.max(0, budgetMicro - oracle.used(nowMs, endsAtMs))]]),
              ]);
              if (found.some(({ remaining }) => remaining < next.micro)) {
                seen.refused++;
                break;
              }
              const last = leases.at(-1);
              if (next.again && last?.taken === 0) {
                if (state.holds.has(last.id)) seen.again++;
                leases.pop();
              }
              const id = `lease-${leases.length}`;
              hold(state, id, next.micro, nowMs, endsAtMs);
              oracle.hold(id, next.micro, nowMs, endsAtMs);
              leases.push({ id, micro: next.micro, endsAtMs, taken: 0 });
              seen.admitted++;
              if (oracle.isAcross(nowMs, endsAtMs)) seen.across++;
              break;
            }
            case 'request': {
              const open = leases.filter(({ id, micro, taken }) => taken < micro && !oracle.isClosed(id));
              const lease = open[next.of % Math.max(1, open.length)];
              if (lease === undefined) break;
              const reserved = Math.min(next.reserved, lease.micro - lease.taken);
              lease.taken += reserved;
              const atMs = Math.min(nowMs - next.cameMs + next.afterMs, lease.endsAtMs);
              const micro = Math.floor((reserved * next.cost * (100 + overrun)) / 10_000);
              const charges = batches.at(-next.batch - 1);
              if (charges === undefined || charges.delivered) batches.push({ charges: [], delivered: false });
              const batch = charges?.delivered === false ? charges : batches.at(-1);
              batch?.charges.push(charge(lease.id, reserved, micro, atMs));
              break;
            }
            case 'deliver': {
              const waiting = batches.filter(({ delivered }) => delivered === next.again);
              const batch = waiting[next.of % Math.max(1, waiting.length)];
              if (batch === undefined) break;
              if (batch.delivered) {
                seen.repeated++;
                break;
              }
              batch.delivered = true;
              for (const each of batch.charges) {
                if (oracle.isUnreported(each.hold ?? '')) late.replaced++;
                settle(state, each, anchorMs);
                oracle.settle(each);
                realCost += each.micro;
                seen.settled++;
              }
              break;
            }
            case 'close': {
              const lease = leases[next.of % Math.max(1, leases.length)];
              if (lease === undefined || (!next.early && lease.endsAtMs > nowMs)) break;
              close(state, lease.id, lease.taken);
              oracle.close(lease.id, lease.taken);
              seen.closed++;
              break;
            }
            case 'pass':
              nowMs += next.ms;
              break;
            case 'due':
              if (oracle.open().length > 0) nowMs = Math.max(nowMs, oracle.dueMs() - next.beforeMs);
              break;
            case 'month':
              nowMs = Math.max(nowMs, oracle.endOfMonth(nowMs) - next.beforeMs);
              break;
            case 'expire':
              expire(state, nowMs, anchorMs);
              for (const [what, times] of Object.entries(oracle.expire(nowMs))) late[what as 'final' | 'back'] += times;
              expect(expiryMs(state) ?? Number.POSITIVE_INFINITY).toBe(oracle.dueMs());
          }
          const held = [...state.holds.values()].filter(({ provisional }) => !provisional);
          const told = [
            balanceOf(state) + state.held + state.spent + state.unreported - state.granted,
            ...sums(state),
            held.reduce((sum, { open }) => sum + open, 0),
            ...state.holds.keys(),
          ];
          const real = [
            0,
            oracle.balance(),
            oracle.held(),
            realCost,
            oracle.unreported(),
            oracle.held(),
            ...oracle.open(),
          ];
          if (told.join() !== real.join()) expect(told).toEqual(real);
          if ((expiryMs(state) ?? 0) > oracle.dueMs()) expect(expiryMs(state)).toBeLessThanOrEqual(oracle.dueMs());
          const mayRaise = next.do === 'hold' || next.do === 'deliver' || next.do === 'expire';
          if (mayRaise && overrun === 0 && budgetMicro !== null && !oracle.cameTooLate) {
            expect(oracle.mostUsed()).toBeLessThanOrEqual(budgetMicro);
          }
        }
      }),
      { numRuns: 10_000 },
    );
    for (const [what, times] of Object.entries({ ...seen, ...late })) expect(times, what).toBeGreaterThan(500);
  }, 180_000);
});
