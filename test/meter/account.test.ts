import { describe, expect, test } from 'vitest';
import { balanceOf } from '../../src/meter/credits.ts';
import type { Limit } from '../../src/meter/meter.ts';
import { type KeyOutcome, type Outcome, simulate } from './simulation.ts';
import { EPOCH_MS, type KeyPlan, mostWithin, type Plan } from './world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const limit = (name: string, n: number, windowMs: number | null): Limit => ({ name, limit: n, windowMs });
const perSecond = (name: string, n: number) => limit(name, n, SECOND_MS);
const perMinute = (name: string, n: number) => limit(name, n, MINUTE_MS);
/** A quota by billing months, one of which begins in the middle of a run of two minutes. */
const perMonth = (name: string, n: number): Limit => ({ ...limit(name, n, null), anchorMs: EPOCH_MS + MINUTE_MS });

const keys = (requestsPerSecond: readonly number[], limits: readonly Limit[] = []): KeyPlan[] =>
  requestsPerSecond.map((each) => ({ limits, requestsPerSecond: each }));

const calm = { seed: 1, isolates: 8, leaseMs: 1_000, networkMs: [5, 15], durationMs: 2 * MINUTE_MS } as const;

/** Everything that can go wrong: loss, bad clocks, gates and a ledger that die, keys that change. */
const wild = {
  ...calm,
  networkMs: [1, 40],
  lost: 0.03,
  drift: 0.01,
  stepBackEveryMs: 500,
  crashEveryMs: 4_000,
  ledgerCrashEveryMs: 12_000,
  advanceEveryMs: 2_000,
} as const;
const slow = { ...wild, networkMs: [1, 300] } as const;
const mixed = { ...wild, leaseTimesMs: [1_000, 0, 5_000, 500, 10_000, 0, 1_000, 100] } as const;
const troubles = Object.entries({ wild, slow, mixed });
const seeds = [1, 2, 3];

const inOrder = (outcomes: readonly KeyOutcome[]) =>
  outcomes.flatMap(({ admittedAtMs }) => admittedAtMs).toSorted((a, b) => a - b);
const all = ({ keys }: Outcome) => inOrder(keys);

/** The most of a limit that was ever admitted in one window or month. */
function most(admittedAtMs: readonly number[], { windowMs, anchorMs }: Limit): number {
  if (anchorMs === undefined) return mostWithin(admittedAtMs, windowMs ?? Number.POSITIVE_INFINITY);
  const before = admittedAtMs.filter((at) => EPOCH_MS + at < anchorMs).length;
  return Math.max(before, admittedAtMs.length - before);
}

/** Names every limit that was exceeded by what was admitted. */
function exceeded(outcome: Outcome, plan: Plan): string[] {
  const over = (admittedAtMs: readonly number[], limits: readonly Limit[] = []) =>
    limits.filter((each) => most(admittedAtMs, each) > each.limit).map(({ name }) => name);
  const byKey = plan.keys.flatMap(({ limits }, n) => over(outcome.keys[n]?.admittedAtMs ?? [], limits));
  return [...byKey, ...over(all(outcome), plan.account?.limits)];
}

describe.each(troubles)('several keys of one account, 8 isolates, and everything going wrong (%s)', (_, trouble) => {
  const accounts: [string, KeyPlan[], Limit[]][] = [
    ['seconds and minutes', keys([60, 30, 10, 2], [perSecond('ks', 8)]), [perSecond('s', 12), perMinute('m', 500)]],
    ['minutes alone', keys([60, 30, 10, 2], [perMinute('km', 300)]), [perMinute('m', 400)]],
    ['months, small and large', keys([40, 20, 5]), [perMonth('q', 50), perMonth('q2', 1_500)]],
    ['a large rate', keys([120, 60, 10], [perMinute('km', 1_500)]), [perMinute('m', 2_000), perMonth('q', 1_900)]],
  ];
  test.each(accounts)('no window of any limit is ever exceeded: %s', (_, keys, limits) => {
    for (const seed of seeds) {
      const plan = { ...trouble, seed, keys, account: { limits } };
      const outcome = simulate(plan);
      expect(exceeded(outcome, plan)).toEqual([]);
      expect([outcome.late, outcome.unsettled]).toEqual([0, 0]);
      expect(outcome.crashes).toBeGreaterThan(20);
      expect(outcome.advances).toBeGreaterThan(30);
    }
  });

  test('what was told to be used was admitted, and what was admitted is counted', () => {
    for (const seed of seeds) {
      const account = { limits: [perMinute('m', 1_000_000)] };
      const {
        keys: [key],
        ledger,
      } = simulate({ ...trouble, seed, keys: keys([50]), account, quietMs: 20_000 });
      const admitted = key?.admittedAtMs.length ?? 0;
      expect(key?.meter.granted).toBeGreaterThanOrEqual(admitted);
      expect(key?.meter.used).toBeLessThanOrEqual(admitted);
      expect(ledger?.granted).toBeGreaterThanOrEqual(admitted);
      expect(ledger?.used).toBeLessThanOrEqual(admitted);
    }
  });
});

describe('a change of what an account shares', () => {
  test.each(troubles)('holds once every key has it, lower or higher, and keeps what was counted (%s)', (_, trouble) => {
    for (const seed of seeds) {
      const [first, second] = [20_000, 90_000];
      const plan = {
        ...trouble,
        advanceEveryMs: 10_000,
        durationMs: 3 * MINUTE_MS,
        seed,
        keys: keys([60, 30, 10]),
        account: { limits: [perMinute('m', 2_000)] },
        changes: [
          { atMs: first, accountLimits: [perMinute('m', 300)], keyLimits: [perSecond('ks', 20)] },
          { atMs: second, accountLimits: [perMinute('m', 1_500)] },
        ],
      };
      const outcome = simulate(plan);
      const [lowAtMs = 0, highAtMs = 0] = outcome.inForceAtMs;
      const at = all(outcome);
      expect(highAtMs).toBeGreaterThan(second);
      expect(
        mostWithin(
          at.filter((ms) => ms > lowAtMs && ms < second),
          MINUTE_MS,
        ),
      ).toBeLessThanOrEqual(300);
      // What the first seconds admitted counts on: nothing is left of the lower limit until that has gone.
      expect(at.filter((ms) => ms > lowAtMs && ms < MINUTE_MS / 2).length).toBe(0);
      expect(mostWithin(at, MINUTE_MS)).toBeLessThanOrEqual(2_000);
      for (const { admittedAtMs } of outcome.keys) {
        expect(
          mostWithin(
            admittedAtMs.filter((ms) => ms > lowAtMs),
            SECOND_MS,
          ),
        ).toBeLessThanOrEqual(20);
      }
      expect(at.filter((ms) => ms > second).length).toBeGreaterThan(700);
    }
  });
});

describe('what is used under demand, without kills', () => {
  /** The share of what a limit allows that was admitted after its first window. */
  const share = (admittedAtMs: readonly number[], { limit, windowMs }: Limit, plan: { durationMs: number }) => {
    const ms = windowMs ?? 1;
    return admittedAtMs.filter((at) => at > ms).length / ((limit * (plan.durationMs - ms)) / ms);
  };
  const minutes = { ...calm, durationMs: 4 * MINUTE_MS };
  const seconds = { ...calm, durationMs: 40_000 };
  const near = { ...seconds, ledgerMs: [1, 5] } as const;

  test.each([
    [61, [10, 10]],
    [600, [5, 5, 5, 5]],
    [600, [100]],
    [600, [200, 10, 10, 1]],
    [6_000, [100, 100, 100, 100]],
  ])('at least 95 percent of %i per minute that keys share', (n, rates) => {
    const shared = perMinute('m', n);
    const plan = { ...minutes, keys: keys(rates), account: { limits: [shared] } };
    const outcome = simulate(plan);
    expect(share(all(outcome), shared, plan)).toBeGreaterThanOrEqual(0.95);
    expect(exceeded(outcome, plan)).toEqual([]);
  });

  test.each([
    [5, 100],
    [20, 200],
    [100, 800],
  ])(
    'at least 95 percent of %i per second, of a key and, where the objects are near each other, of an account',
    (n, rps) => {
      const own = perSecond('s', n);
      const ofKey = { ...seconds, keys: keys([rps], [own]) };
      expect(share(all(simulate(ofKey)), own, ofKey)).toBeGreaterThanOrEqual(0.95);
      const quarter = rps / 4;
      const ofAccount = { ...near, keys: keys([quarter, quarter, quarter, quarter]), account: { limits: [own] } };
      const outcome = simulate(ofAccount);
      expect(share(all(outcome), own, ofAccount)).toBeGreaterThanOrEqual(0.95);
      expect(exceeded(outcome, ofAccount)).toEqual([]);
      // With 20 ms between gates and ledger too, each permit is on its way for twice as long.
      const far = { ...seconds, keys: ofAccount.keys, account: { limits: [own] } };
      expect(share(all(simulate(far)), own, far)).toBeGreaterThanOrEqual(0.93);
    },
  );

  test('of a key and its account together: the lower limit is used, whichever it is', () => {
    for (const [ofKey, ofAccount] of [
      [300, 2_000],
      [2_000, 600],
    ] as const) {
      const plan = {
        ...minutes,
        keys: keys([50, 50], [perMinute('km', ofKey)]),
        account: { limits: [perMinute('m', ofAccount)] },
      };
      const outcome = simulate(plan);
      expect(share(all(outcome), perMinute('', Math.min(2 * ofKey, ofAccount)), plan)).toBeGreaterThanOrEqual(0.95);
      expect(exceeded(outcome, plan)).toEqual([]);
    }
  });

  test('all of a month’s quota, also where most of it was in the hands of a key that stopped', () => {
    const burst = { ...calm, durationMs: MINUTE_MS - 5_000, quietMs: 0 };
    for (const n of [20, 500, 5_000]) {
      const plan = { ...burst, keys: keys([300, 40]), account: { limits: [perMonth('q', n)] } };
      const outcome = simulate(plan);
      expect(all(outcome).length).toBe(n);
      expect([outcome.ledger?.granted, outcome.ledger?.used]).toEqual([n, n]);
    }
  });

  test('a key that asks is not starved by one that asks for twenty times as much', () => {
    for (const seed of seeds) {
      const plan = { ...minutes, seed, keys: keys([200, 10, 10, 10]), account: { limits: [perMinute('m', 3_000)] } };
      const { keys: outcomes } = simulate(plan);
      const shares = outcomes.map(
        ({ admittedAtMs }, n) => admittedAtMs.length / (plan.keys[n]?.requestsPerSecond ?? 1),
      );
      const fair = shares.reduce((sum, each) => sum + each, 0) / shares.length;
      for (const each of shares) expect(each).toBeGreaterThan(fair / 2);
    }
  });

  test('a key holds back from the others what it uses within a few leases, and no more', () => {
    const runs = Array.from({ length: 20 }, (_, n) => n + 1);
    for (const rps of [10, 100]) {
      const held = runs.map((seed) => {
        const plan = { ...calm, seed, durationMs: 20_000, keys: keys([rps]) };
        const outcome = simulate({ ...plan, account: { limits: [perMinute('m', 100_000)] } });
        return (outcome.ledger?.granted ?? 0) - all(outcome).length;
      });
      expect(held.reduce((a, b) => a + b) / runs.length).toBeLessThan(13 * rps);
    }
  });
});

describe('what a refused request leaves', () => {
  test('nothing, after the returns: all that is counted was used, at both levels', () => {
    for (const seed of seeds) {
      const limits = [perMinute('km', 200), limit('total', 900, null)];
      const account = { limits: [perMinute('m', 300), perMonth('q', 1_000_000)] };
      const plan = { ...calm, seed, keys: keys([30, 20, 5], limits), account, quietMs: 15_000 };
      const outcome = simulate(plan);
      for (const { meter, admittedAtMs, refused } of outcome.keys) {
        expect(refused).toBeGreaterThan(0);
        expect([meter.granted, meter.used]).toEqual([admittedAtMs.length, admittedAtMs.length]);
      }
      const admitted = all(outcome);
      expect([outcome.ledger?.granted, outcome.ledger?.used]).toEqual([admitted.length, admitted.length]);
      const months = outcome.ledger?.months?.q ?? [];
      const before = admitted.filter((at) => at < MINUTE_MS).length;
      expect(months.map(([, , count]) => count)).toEqual([before, admitted.length - before]);
    }
  });

  test.each([0, 1_000, 10_000])(
    'nothing untold, however seldom a key is used and whatever it was granted (leases of %i ms)',
    (leaseMs) => {
      for (const seed of seeds) {
        for (const rates of [
          [8, 2, 0.5],
          [1.5, 0.4, 0.1],
        ]) {
          for (const n of [50, 500, 1_000_000]) {
            const account = { limits: [perMonth('q', n)] };
            const outcome = simulate({ ...calm, seed, leaseMs, keys: keys(rates), account, quietMs: MINUTE_MS });
            for (const { meter, admittedAtMs } of outcome.keys) {
              expect([meter.granted, meter.used]).toEqual([admittedAtMs.length, admittedAtMs.length]);
            }
            const admitted = all(outcome).length;
            expect([outcome.ledger?.granted, outcome.ledger?.used]).toEqual([admitted, admitted]);
          }
        }
      }
    },
  );

  test('a denial that names every limit of both levels that refused, and no other', () => {
    const named = (own: number, shared: number) => {
      const limits = [limit('total', own, null)];
      const [key] = simulate({
        ...calm,
        keys: keys([50], limits),
        account: { limits: [perMonth('q', shared)] },
        durationMs: 30_000,
      }).keys;
      return [...(key?.violated.keys() ?? [])];
    };
    expect(named(20, 1_000)).toEqual(['total']);
    expect(named(1_000, 20)).toEqual(['q']);
    expect(named(20, 20)).toEqual(['total,q']);
  });
});

describe('credits', () => {
  const price = { reserve: 1_000, least: 0, most: 1_000 };
  const dear = { ...price, most: 1_300 };
  const paying = (price: NonNullable<KeyPlan['price']>, limits: Limit[] = []) =>
    [40, 20, 5].map((requestsPerSecond) => ({ limits, requestsPerSecond, price }));
  const prepaid = { prepaid: true, budgetMicro: null, anchorMs: EPOCH_MS + MINUTE_MS };

  /** The most that admitted requests had reserved or cost at any one time, each at most what it had reserved. */
  function peak({ keys }: Outcome, reserve: number): number {
    const changes = keys.flatMap(({ admittedAtMs, costs, doneAtMs }) =>
      admittedAtMs.flatMap((at, n) => [
        { at, by: reserve },
        { at: doneAtMs[n] ?? Number.POSITIVE_INFINITY, by: Math.min(reserve, costs[n] ?? reserve) - reserve },
      ]),
    );
    let sum = 0;
    return Math.max(...changes.toSorted((a, b) => a.at - b.at || b.by - a.by).map(({ by }) => (sum += by)));
  }
  const spent = ({ keys }: Outcome) =>
    keys.reduce((sum, { costs }) => sum + costs.reduce<number>((a, b) => a + (b ?? 0), 0), 0);

  test.each(troubles)('no more is reserved than was granted, whatever it costs (%s)', (_, trouble) => {
    for (const seed of seeds) {
      for (const each of [price, dear]) {
        const account = { limits: [perMinute('m', 1_000)], credits: prepaid, grantedMicro: 600_000 };
        const plan = { ...trouble, seed, keys: paying(each), account, quietMs: 20_000 };
        const outcome = simulate(plan);
        expect(peak(outcome, each.reserve)).toBeLessThanOrEqual(600_000);
        expect(exceeded(outcome, plan)).toEqual([]);
        expect(outcome.credits?.spent).toBe(spent(outcome));
      }
    }
  });

  test('all of a balance is spent, and agrees to the micro-credit: nothing is held when all is settled', () => {
    for (const seed of seeds) {
      for (const each of [price, dear]) {
        const account = { limits: [], credits: prepaid, grantedMicro: 600_000 };
        const outcome = simulate({ ...calm, seed, keys: paying(each), account, quietMs: 20_000 });
        const { credits } = outcome;
        if (credits === null) throw new Error('no ledger');
        expect([credits.held, credits.unreported, credits.spent]).toEqual([0, 0, spent(outcome)]);
        expect(balanceOf(credits)).toBe(600_000 - spent(outcome));
        expect(balanceOf(credits)).toBeLessThan(each.reserve);
      }
    }
  });

  test.each([['calm', calm] as const, ...troubles])(
    'of a key in a minute: no more is reserved or spent than its limit (%s)',
    (name, trouble) => {
      for (const seed of seeds.slice(0, 2)) {
        for (const each of [price, dear]) {
          const own: Limit = { ...perMinute('cm', 200_000), unit: 'credits' };
          const plan = {
            ...trouble,
            seed,
            keys: paying(each, [own]),
            account: { limits: [perMinute('m', 2_000)] },
            quietMs: 20_000,
          };
          for (const { admittedAtMs, costs, meter } of simulate(plan).keys) {
            const sizes = costs.map((cost) => Math.min(each.reserve, cost ?? each.reserve));
            expect(mostWithin(admittedAtMs, MINUTE_MS, sizes)).toBeLessThanOrEqual(200_000);
            if (name !== 'calm') continue;
            const cost = costs.reduce<number>((a, b) => a + (b ?? 0), 0);
            expect([meter.grantedMicro, meter.usedMicro]).toEqual([cost, cost]);
          }
        }
      }
    },
  );

  test.each(troubles)('a month’s budget holds on both sides of its end (%s)', (_, trouble) => {
    for (const seed of seeds) {
      const credits = { prepaid: false, budgetMicro: 300_000, anchorMs: EPOCH_MS + MINUTE_MS };
      const outcome = simulate({ ...trouble, seed, keys: paying(price), account: { limits: [], credits } });
      for (const month of outcome.credits?.months ?? []) expect(month.spent).toBeLessThanOrEqual(300_000);
      expect(outcome.credits?.months.length).toBe(2);
    }
  });
});

describe('what it costs in calls', () => {
  const hour = [limit('hourly', 100_000_000, 60 * MINUTE_MS)];
  const minute = [perMinute('minute', 10_000_000)];
  const spentKey = { keys: keys([500], [perMinute('km', 600)]) };
  const cases: [string, Omit<Plan, keyof typeof calm>, number][] = [
    ['hot, 100/s', { keys: keys([100], hour) }, 130],
    ['hot, in an account with limits', { keys: keys([100], minute), account: { limits: minute } }, 130],
    ['very hot, 1,000/s', { keys: keys([1_000], hour) }, 35],
    ['very hot, in an account with limits', { keys: keys([1_000], minute), account: { limits: minute } }, 35],
    ['600/min hammered at 500/s', spentKey, 60],
    ['600/min hammered, in an account with limits', { ...spentKey, account: { limits: minute } }, 60],
    ['an account of 600/min hammered', { keys: keys([500]), account: { limits: [perMinute('m', 600)] } }, 80],
  ];
  test.each(cases)('%s', (name, plan, most) => {
    const { calls, draws, requests } = simulate({ ...calm, ...plan });
    const perThousand = (n: number) => Math.round((n * 1_000) / requests);
    console.log(`${name}: ${perThousand(calls)} gate calls, ${perThousand(draws)} ledger calls per 1,000 requests`);
    expect(perThousand(calls)).toBeLessThanOrEqual(most);
    expect(perThousand(draws)).toBeLessThanOrEqual(most / 2);
  });
});
