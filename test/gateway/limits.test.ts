import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KeyRecord } from '../../src/decision/record.ts';
import { accountLimitsOf, creditTermsOf, limitDenial, limitsOf, planOf, reserveOf } from '../../src/gateway/limits.ts';
import type { Refused } from '../../src/meter/gate.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import type { Policy } from '../../src/policy/schema.ts';
import { goodRecord } from '../support/record.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

function policyOf(input: object): Policy {
  const loaded = loadPolicy(input);
  if (!loaded.ok) throw new Error(loaded.problems.join('; '));
  return loaded.policy;
}

const record: KeyRecord = { ...goodRecord, billingAnchorMs: 12_345 };
const bare = policyOf({ limits: { default_rate_per_minute: null } });

describe('the limits of a key', () => {
  test('are none where nothing limits it, and the default of the policy where it has none of its own', () => {
    expect(limitsOf(record, bare)).toEqual([]);
    expect(limitsOf(record, policyOf({}))).toEqual([{ name: 'rate', limit: 6_000, windowMs: MINUTE_MS }]);
    const second = policyOf({ limits: { default_rate_per_second: 9, default_rate_per_minute: null } });
    expect(limitsOf(record, second)).toEqual([{ name: 'rate_second', limit: 9, windowMs: 1_000 }]);
    expect(limitsOf({ ...record, ratePerSecond: 0 }, second)).toMatchObject([{ limit: 0 }]);
  });

  test('are all quotas that it carries, in requests and in credits; 0 is one, too', () => {
    const quotas = { total: 4, daily: 3, weekly: 2, monthly: 0 };
    expect(limitsOf({ ...record, quotas: { ...quotas, credits: quotas } }, bare)).toEqual(
      [
        { name: 'total', limit: 4, windowMs: null },
        { name: 'daily', limit: 3, windowMs: DAY_MS },
        { name: 'weekly', limit: 2, windowMs: 7 * DAY_MS },
        { name: 'monthly', limit: 0, windowMs: 30 * DAY_MS },
        { name: 'credits_total', limit: 4, windowMs: null, unit: 'credits' },
        { name: 'credits_daily', limit: 3, windowMs: DAY_MS, unit: 'credits' },
        { name: 'credits_weekly', limit: 2, windowMs: 7 * DAY_MS, unit: 'credits' },
        { name: 'credits_monthly', limit: 0, windowMs: 30 * DAY_MS, unit: 'credits' },
      ].map((limit) => ({ ...limit, warnPercent: 80 })),
    );
  });

  test('are the lowest of what it has and what policy and plan allow at most', () => {
    const rate = fc.option(fc.nat({ max: 100 }));
    fc.assert(
      fc.property(rate, rate, rate, rate, (own, usual, max, planMax) => {
        fc.pre(max === null || (usual !== null && usual <= max));
        const limits = { default_rate_per_second: usual, max_rate_per_second: max, default_rate_per_minute: usual };
        const policy = policyOf({
          limits: { ...limits, max_rate_per_minute: max },
          plans: { pro: { max_key_rate_per_second: planMax, max_key_rate_per_minute: planMax } },
        });
        const set = [own ?? usual, max, planMax].filter((each) => each !== null);
        const found = limitsOf({ ...record, plan: 'pro', ratePerSecond: own, ratePerMinute: own }, policy);
        const lowest = Math.min(...set);
        expect(found.map(({ limit }) => limit)).toEqual(set.length === 0 ? [] : [lowest, lowest]);
      }),
      { numRuns: 50 },
    );
  });

  test('on a plan that is gone are those of the default plan', () => {
    const policy = policyOf({ plans: { standard: { max_key_rate_per_minute: 5, rates: { per_second: 1 } } } });
    expect(limitsOf({ ...record, plan: 'gone' }, policy)).toMatchObject([{ name: 'rate', limit: 5 }]);
    expect(accountLimitsOf({ ...record, plan: 'gone' }, policy)).toMatchObject([{ name: 'plan_second', limit: 1 }]);
    expect(planOf(policy, 'gone')).toBe(policy.plans.standard);
  });
});

describe('what the keys of an account share', () => {
  const policy = policyOf({
    environments: { test: { quota: { requests: 7, window: '1h' } } },
    plans: {
      pro: { rates: { per_second: 1, per_minute: 2 }, quota: { requests: 3, window: 'month' } },
      rolling: { quota: { requests: 0, window: '30d' } },
    },
  });
  const rates = [
    { name: 'plan_second', limit: 1, windowMs: 1_000 },
    { name: 'plan', limit: 2, windowMs: MINUTE_MS },
  ];

  test('is nothing on a plan without limits', () => {
    expect(accountLimitsOf(record, policy)).toEqual([]);
  });

  test("is the plan's rates, and its quota from the billing anchor or over a rolling window", () => {
    const month = { name: 'quota', limit: 3, windowMs: null, anchorMs: 12_345, warnPercent: 80 };
    expect(accountLimitsOf({ ...record, plan: 'pro' }, policy)).toEqual([...rates, month]);
    const rolling = [{ name: 'quota', limit: 0, windowMs: 30 * DAY_MS, warnPercent: 80 }];
    expect(accountLimitsOf({ ...record, plan: 'rolling' }, policy)).toEqual(rolling);
  });

  test('is a quota of its own in an environment that is not billed, under its own name', () => {
    const own = { name: 'quota.test', limit: 7, windowMs: 3_600_000, warnPercent: 80 };
    expect(accountLimitsOf({ ...record, plan: 'pro', environment: 'test' }, policy)).toEqual([...rates, own]);
    expect(accountLimitsOf({ ...record, plan: 'pro', environment: 'dev' }, policy)).toEqual(rates);
  });
});

describe('credits', () => {
  const policy = policyOf({ plans: { postpaid: { prepaid: false } } });
  const postpaid = { ...record, plan: 'postpaid' };

  test('are bounded by the balance of a prepaid account and by a budget', () => {
    const warned = { lowMicro: 10_000_000, warnPercent: 80 };
    expect(creditTermsOf(record, policy)).toEqual({ prepaid: true, budgetMicro: null, anchorMs: 12_345, ...warned });
    expect(creditTermsOf(postpaid, policy)).toBeNull();
    expect(creditTermsOf({ ...postpaid, budgetMicro: 0 }, policy)).toMatchObject({ prepaid: false, budgetMicro: 0 });
  });

  test('are reserved where something bounds them, and never in an environment that is not billed', () => {
    expect(reserveOf(record, policy, 5)).toBe(5);
    expect(reserveOf(record, policy, 0)).toBe(0);
    expect(reserveOf({ ...record, environment: 'test' }, policy, 5)).toBe(0);
    expect(reserveOf({ ...record, environment: 'moon' }, policy, 5)).toBe(0);
    expect(reserveOf(postpaid, policy, 5)).toBe(0);
    expect(reserveOf({ ...postpaid, budgetMicro: 9 }, policy, 5)).toBe(5);
    expect(reserveOf({ ...postpaid, quotas: { credits: { daily: 9 } } }, policy, 5)).toBe(5);
  });
});

describe('the denial of a limit', () => {
  const policy = policyOf({});
  /** A refusal by limits that free up at these times. */
  function refusedBy(violated: Record<string, number | null>): Refused {
    const views = Object.entries({ ...violated, untouched: 999_999 }).map(([name, resetAtMs]) => ({
      ...{ name, limit: 1, windowMs: null, remaining: 0, resetAtMs },
    }));
    const resets = Object.values(violated);
    const retryAfterMs = resets.includes(null) ? null : Math.max(...resets.map(Number));
    const names = Object.keys(violated);
    return {
      kind: 'refused',
      generation: 1,
      ttlMs: 0,
      violated: names,
      retryAfterMs,
      limits: views,
      atMs: 0,
      reserve: 0,
    };
  }
  const reasonOf = (violated: Record<string, number | null>, of: Partial<KeyRecord> = {}) =>
    limitDenial(refusedBy(violated), { ...record, ...of }, policy).reason;

  test.each([
    ['rate', 'rate_limited'],
    ['rate_second', 'rate_limited'],
    ['total', 'quota_total'],
    ['daily', 'quota_daily'],
    ['weekly', 'quota_weekly'],
    ['monthly', 'quota_monthly'],
    ['credits_total', 'quota_total'],
    ['credits_daily', 'quota_daily'],
    ['credits_weekly', 'quota_weekly'],
    ['credits_monthly', 'quota_monthly'],
    ['plan', 'plan_rate'],
    ['plan_second', 'plan_rate'],
    ['quota', 'plan_quota'],
    ['quota.test', 'plan_quota'],
    ['credits', 'credits_exhausted'],
    ['budget', 'budget_exhausted'],
    ['unheard_of', 'rate_limited'],
  ])('%s is %s', (name, reason) => {
    expect(reasonOf({ [name]: 5 })).toBe(reason);
  });

  test('is that of the limit that frees up last, and names them all', () => {
    const denial = limitDenial(refusedBy({ rate: 10, quota: 30, plan: 20 }), record, policy);
    expect(denial).toEqual({ reason: 'plan_quota', retryAfterMs: 30, limits: ['rate', 'quota', 'plan'] });
    expect(reasonOf({ plan: 40, rate: 10, daily: 30 })).toBe('plan_rate');
  });

  test('is that of a limit that never frees up by itself before all others: totals first, then credits', () => {
    const denial = limitDenial(refusedBy({ quota: 30, credits: null, rate: 5 }), record, policy);
    expect(denial).toEqual({
      reason: 'credits_exhausted',
      retryAfterMs: 3_600_000,
      limits: ['quota', 'credits', 'rate'],
    });
    expect(reasonOf({ rate: null, credits: null })).toBe('credits_exhausted');
    expect(reasonOf({ credits: null, total: null })).toBe('quota_total');
    expect(reasonOf({ credits: null, credits_total: null })).toBe('quota_total');
    expect(reasonOf({ daily: null, monthly: 9 })).toBe('quota_daily');
  });

  test("is a trial's end for the total of a trial key, and only for that", () => {
    const trial = { environment: 'trial' };
    expect(reasonOf({ rate: 5, total: null }, trial)).toBe('trial_exhausted');
    expect(reasonOf({ total: null, credits: null, credits_total: null }, trial)).toBe('trial_exhausted');
    expect(reasonOf({ daily: 5 }, trial)).toBe('quota_daily');
  });
});
