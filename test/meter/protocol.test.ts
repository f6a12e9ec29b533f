import { describe, expect, test } from 'vitest';
import type { Limit } from '../../src/meter/meter.ts';
import { simulate as simulateKeys } from './simulation.ts';
import { mostWithin, type Plan as Plans } from './world.ts';

const MINUTE_MS = 60_000;
const perMinute = (limit: number): Limit[] => [{ name: 'rate', limit, windowMs: MINUTE_MS }];
const inTotal = (limit: number): Limit[] => [{ name: 'total', limit, windowMs: null }];

interface Plan extends Omit<Plans, 'keys'> {
  readonly limits: readonly Limit[];
  readonly requestsPerSecond: number;
}

/** Runs the model with a single key, and without an account. */
function simulate({ limits, requestsPerSecond, ...plan }: Plan) {
  const { keys, ...outcome } = simulateKeys({ ...plan, keys: [{ limits, requestsPerSecond }] });
  const { admittedAtMs, meter } = keys[0] as (typeof keys)[number];
  return { ...outcome, admittedAtMs, granted: meter.granted, used: meter.used };
}

const calm = { seed: 1, isolates: 8, leaseMs: 1_000, networkMs: [5, 15], durationMs: 5 * MINUTE_MS } as const;

/** Everything that can go wrong: slow and lossy network, bad clocks, a gate that dies, a key that changes. */
const wild = {
  ...calm,
  networkMs: [1, 300],
  lost: 0.03,
  drift: 0.01,
  stepBackEveryMs: 500,
  crashEveryMs: 15_000,
  advanceEveryMs: 2_000,
} as const;

const seeds = Array.from({ length: 12 }, (_, n) => n + 1);
const callsPerThousand = (plan: Plan) => {
  const { calls, requests } = simulate(plan);
  return (calls * 1_000) / requests;
};

describe('with 8 isolates, one gate, and everything going wrong', () => {
  test.each(seeds)('a limit per minute is never exceeded in any minute (seed %i)', (seed) => {
    const { admittedAtMs, crashes } = simulate({ ...wild, seed, limits: perMinute(600), requestsPerSecond: 100 });
    expect(crashes).toBeGreaterThan(5);
    expect(mostWithin(admittedAtMs, MINUTE_MS)).toBeLessThanOrEqual(600);
  });

  test.each([10, 61, 2_000])('a limit of %i in total is never exceeded', (limit) => {
    for (const seed of seeds) {
      const { admittedAtMs } = simulate({ ...wild, seed, limits: inTotal(limit), requestsPerSecond: 100 });
      expect(admittedAtMs.length).toBeLessThanOrEqual(limit);
    }
  });

  test.each(seeds)('nothing is admitted at a generation that an acknowledged advance has ended (seed %i)', (seed) => {
    const limits = perMinute(100_000);
    const { late, advances } = simulate({ ...wild, seed, limits, requestsPerSecond: 400, durationMs: 2 * MINUTE_MS });
    expect(advances).toBeGreaterThan(30);
    expect(late).toBe(0);
  });

  test('nor with long leases, nor where a policy with another lease time is being rolled out', () => {
    const limits: Limit[] = [{ name: 'hourly', limit: 1_000_000, windowMs: 60 * MINUTE_MS }];
    for (const seed of seeds.slice(0, 4)) {
      const plan = { ...wild, seed, limits, requestsPerSecond: 200, leaseMs: 5_000, advanceEveryMs: 8_000 };
      expect(simulate(plan).late).toBe(0);
      expect(simulate({ ...plan, leaseTimesMs: [0, 5_000, 1_000, 100, 0, 10_000, 5_000, 1_000] }).late).toBe(0);
    }
  });

  test('a limit per minute holds where isolates use different lease times', () => {
    for (const seed of seeds) {
      const leaseTimesMs = [1_000, 0, 1_000, 0, 500, 0, 1_000, 0];
      const plan = { ...wild, seed, limits: perMinute(600), requestsPerSecond: 60, leaseTimesMs };
      expect(mostWithin(simulate(plan).admittedAtMs, MINUTE_MS)).toBeLessThanOrEqual(600);
    }
  });
});

describe('what it costs', () => {
  test.each([20, 100, 500])(
    'at %i requests/s at least 95 percent of 600 per minute are used, and never more',
    (rps) => {
      const { admittedAtMs } = simulate({ ...calm, limits: perMinute(600), requestsPerSecond: rps });
      expect(mostWithin(admittedAtMs, MINUTE_MS)).toBeLessThanOrEqual(600);
      const afterFirstMs = admittedAtMs.filter((at) => at > MINUTE_MS);
      expect(afterFirstMs.length).toBeGreaterThanOrEqual(0.95 * 4 * 600);
    },
  );

  test('all of a total is used: what isolates did not need came back', () => {
    for (const limit of [10, 61, 5_000]) {
      const outcome = simulate({ ...calm, limits: inTotal(limit), requestsPerSecond: 100 });
      expect(outcome.admittedAtMs.length).toBe(limit);
      expect(outcome.granted).toBe(limit);
    }
  });

  test('once traffic has stopped, what stays counted is to the last permit what was admitted', () => {
    const plan = { ...calm, limits: inTotal(1_000_000), quietMs: 5_000 };
    for (const requestsPerSecond of [3, 50, 500]) {
      const { granted, used, admittedAtMs } = simulate({ ...plan, requestsPerSecond });
      expect(granted).toBe(admittedAtMs.length);
      expect(used).toBeLessThanOrEqual(granted);
    }
  });

  test.each([
    [10, 1_000, 1_000],
    [100, 1_000, 130],
    [1_000, 1_000, 35],
    [10, 5_000, 420],
    [100, 5_000, 50],
    [1_000, 5_000, 10],
  ])('a key at %i requests/s with leases of %i ms costs under %i gate calls per 1,000', (rps, leaseMs, most) => {
    const limits: Limit[] = [{ name: 'hourly', limit: 100_000_000, windowMs: 60 * MINUTE_MS }];
    const calls = callsPerThousand({ ...calm, durationMs: MINUTE_MS, limits, requestsPerSecond: rps, leaseMs });
    expect(calls).toBeLessThan(most);
    expect(calls).toBeGreaterThan(most / 20);
  });

  test('a key that is used less than once in a lease costs one question per request, and at most one report', () => {
    const { calls, reports, requests } = simulate({ ...calm, limits: perMinute(600), requestsPerSecond: 1 });
    expect((calls - reports) / requests).toBeLessThan(1.05);
    expect(reports).toBeLessThanOrEqual(requests);
  });

  test('a spent key that is hammered costs at most 60 gate calls per 1,000 requests', () => {
    expect(callsPerThousand({ ...calm, limits: perMinute(600), requestsPerSecond: 500 })).toBeLessThanOrEqual(60);
  });

  test('a second run with the same seed is the same run', () => {
    const plan = { ...wild, durationMs: MINUTE_MS, limits: perMinute(600), requestsPerSecond: 100 };
    expect(simulate(plan)).toEqual(simulate(plan));
  });
});
