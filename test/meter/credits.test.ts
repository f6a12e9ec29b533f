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

  test('without a hold are booked', () => {
    const state = noCredits();
    book(state, 40, START_MS, calendar);
    settle(state, charge(null, 0, 2), calendar);
    expect(sums(state)).toEqual([-42, 0, 42, 0]);
  });
});

describe('what is never reported', () => {
  const provisionalMs = START_MS + 4_000 + PROVISIONAL_AFTER_MS;

  test('is booked 15 minutes after the end of its lease, and replaced by the real cost', () => {
    const state = withHold();
    expect(expiryMs(state)).toBe(provisionalMs);
    expect(expire(state, provisionalMs - 1, calendar)).toEqual([]);
    expect(expire(state, provisionalMs, calendar)).toEqual(['a']);
    expect(sums(state)).toEqual([900, 0, 0, 100]);
    expect(expire(state, provisionalMs, calendar)).toEqual([]);
    settle(state, charge('a', 60, 55), calendar);
    expect(sums(state)).toEqual([905, 0, 55, 40]);
    close(state, 'a', 60);
    expect(sums(state)).toEqual([945, 0, 55, 0]);
    expect(expiryMs(state)).toBe(null);
  });

  test('is final 24 hours later; the real cost is booked all the same', () => {
    const state = withHold();
    expire(state, provisionalMs, calendar);
    expect(expiryMs(state)).toBe(provisionalMs + FINAL_AFTER_MS);
    expect(expire(state, provisionalMs + FINAL_AFTER_MS - 1, calendar)).toEqual([]);
    expect(expire(state, provisionalMs + FINAL_AFTER_MS, calendar)).toEqual(['a']);
    expect(state.holds.size).toBe(0);
    settle(state, charge('a', 60, 55), calendar);
    expect(sums(state)).toEqual([845, 0, 55, 100]);
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
    arbitrary: fc.record({ do: fc.constant('grant' as const), micro: fc.integer({ min: -300, max: 900 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('hold' as const),
      micro: fc.integer({ min: 1, max: 400 }),
      lastsMs: fc.nat(12_000),
    }),
  },
  {
    weight: 7,
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
  { weight: 3, arbitrary: fc.record({ do: fc.constant('close' as const), of: fc.nat(), early: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.oneof(fc.nat(3_000), fc.nat(2 * PROVISIONAL_AFTER_MS), fc.nat(FINAL_AFTER_MS)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('month' as const), beforeMs: fc.nat(6_000) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('expire' as const) }) },
);
const run = fc.record({
  anchorMs: fc.constantFrom(START_MS, START_MS - 86_400_000 * 33, Date.parse('2024-02-29T00:00:00Z')),
  prepaid: fc.boolean(),
  budgetMicro: fc.option(fc.integer({ min: 0, max: 2_000 })),
  /** How much more than it reserved a request may cost, in percent. */
  overrun: fc.constantFrom(0, 0, 60),
  steps: fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
});

describe('against a plain oracle', () => {
  test('10,000 interleavings: the sums agree at every moment, each cost is booked once, no budget is exceeded', () => {
    const seen = { admitted: 0, refused: 0, settled: 0, repeated: 0, closed: 0, replaced: 0, final: 0, across: 0 };
    fc.assert(
      fc.property(run, ({ anchorMs, prepaid, budgetMicro, overrun, steps }) => {
        const rules = { prepaid, budgetMicro, anchorMs };
        const state = noCredits();
        const oracle = new CreditOracle(anchorMs);
        const taken: number[] = [];
        const leases: { id: string; micro: number; endsAtMs: number }[] = [];
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
              const id = `lease-${leases.length}`;
              hold(state, id, next.micro, nowMs, endsAtMs);
              oracle.hold(id, next.micro, nowMs, endsAtMs);
              leases.push({ id, micro: next.micro, endsAtMs });
              taken.push(0);
              seen.admitted++;
              if (oracle.isAcross(nowMs, endsAtMs)) seen.across++;
              break;
            }
            case 'request': {
              const i = leases.length === 0 ? -1 : next.of % leases.length;
              const lease = leases[i];
              if (lease === undefined || oracle.isClosed(lease.id)) break;
              const reserved = Math.min(next.reserved, lease.micro - (taken[i] ?? 0));
              if (reserved === 0) break;
              taken[i] = (taken[i] ?? 0) + reserved;
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
                if (oracle.isUnreported(each.hold ?? '')) seen.replaced++;
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
              const told = taken[leases.indexOf(lease)] ?? 0;
              close(state, lease.id, told);
              oracle.close(lease.id, told);
              seen.closed++;
              break;
            }
            case 'pass':
              nowMs += next.ms;
              break;
            case 'month':
              nowMs = Math.max(nowMs, oracle.endOfMonth(nowMs) - next.beforeMs);
              break;
            case 'expire':
              expire(state, nowMs, anchorMs);
              seen.final += oracle.expire(nowMs);
          }
          expect(balanceOf(state) + state.held + state.spent + state.unreported).toBe(state.granted);
          expect(sums(state)).toEqual([oracle.balance(), oracle.held(), realCost, oracle.unreported()]);
          expect([...state.holds.keys()]).toEqual(oracle.open());
          const mayRaise = next.do === 'hold' || next.do === 'deliver' || next.do === 'expire';
          if (mayRaise && overrun === 0 && budgetMicro !== null && !oracle.cameTooLate) {
            expect(oracle.mostUsed()).toBeLessThanOrEqual(budgetMicro);
          }
        }
      }),
      { numRuns: 10_000 },
    );
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(500);
  });
});
