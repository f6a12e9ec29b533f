import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpointPausesMs, nextAttemptAtMs, readRetryAfter } from '../../src/events/retry.ts';
import { loadPolicy } from '../../src/policy/load.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const DAY_MS = 86_400_000;

describe('the next attempt', () => {
  const pausesMs = [5_000, 300_000];

  it('is after the pause that its turn has, and up to a tenth later', () => {
    expect(nextAttemptAtMs(pausesMs, 1, 0, 0, NOW_MS)).toBe(NOW_MS + 5_000);
    expect(nextAttemptAtMs(pausesMs, 1, 0, 1 - 2 ** -53, NOW_MS)).toBe(NOW_MS + 5_500);
    expect(nextAttemptAtMs(pausesMs, 2, 0, 0.5, NOW_MS)).toBe(NOW_MS + 315_000);
    expect(nextAttemptAtMs(pausesMs, 3, 0, 0, NOW_MS)).toBe(null);
  });

  it('is never before the receiver wants it, and in whole ms', () => {
    expect(nextAttemptAtMs(pausesMs, 1, NOW_MS + 60_000, 0, NOW_MS)).toBe(NOW_MS + 60_000);
    expect(nextAttemptAtMs(pausesMs, 1, NOW_MS + 1_000, 0, NOW_MS)).toBe(NOW_MS + 5_000);
    // Attempts that are used up are none the more for it.
    expect(nextAttemptAtMs(pausesMs, 3, NOW_MS + 60_000, 0, NOW_MS)).toBe(null);
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 7 * DAY_MS }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (pauseMs, random) => {
          const atMs = nextAttemptAtMs([pauseMs], 1, 0, random, NOW_MS) ?? 0;
          expect(Number.isInteger(atMs)).toBe(true);
          expect(atMs - NOW_MS).toBeGreaterThanOrEqual(pauseMs);
          expect(atMs - NOW_MS).toBeLessThanOrEqual(Math.ceil(pauseMs * 1.1));
        },
      ),
    );
  });

  it('is by default one of ten, over about three days, each pause longer than the one before', () => {
    const loaded = loadPolicy(undefined);
    if (!loaded.ok) throw new Error(loaded.problems.join());
    const { retries } = loaded.policy.webhooks;
    expect(retries).toHaveLength(9);
    expect(retries.toSorted((a, b) => a - b)).toEqual(retries);
    const days = retries.reduce((sum, pause) => sum + pause, 0) / DAY_MS;
    expect(days).toBeGreaterThan(2.9);
    expect(days * 1.1).toBeLessThan(3.6);
  });
});

it('the pauses of an endpoint are those of a delivery, of five minutes at most', () => {
  expect(endpointPausesMs([50, 300_000, 300_001, DAY_MS])).toEqual([50, 300_000, 300_000, 300_000]);
});

describe('Retry-After', () => {
  it.each([
    ['seconds', '120', NOW_MS + 120_000],
    ['no time', '0', NOW_MS],
    ['blanks around', ' 7 ', NOW_MS + 7_000],
    ['a date', 'Sat, 21 Nov 2026 12:01:40 GMT', NOW_MS + 100_000],
    ['a date that is past', 'Sat, 21 Nov 2026 11:00:00 GMT', NOW_MS - 3_600_000],
    ['a day', '86400', NOW_MS + DAY_MS],
    ['more than a day', '86401', NOW_MS + DAY_MS],
    ['a date more than a day ahead', 'Sat, 21 Nov 2126 12:00:00 GMT', NOW_MS + DAY_MS],
    ['more than there is', '9'.repeat(400), NOW_MS + DAY_MS],
    ['nothing', null, 0],
    ['an empty text', '', 0],
    ['a negative number', '-5', 0],
    ['a fraction', '1.5', 0],
    ['a number like Date.parse would read', '2030', NOW_MS + 2_030_000],
    ['another form of a date', '2030-01-01', 0],
    ['no day of any month', 'Sat, 41 Nov 2026 12:01:40 GMT', 0],
    ['a word', 'soon', 0],
  ])('%s', (_, value, atMs) => {
    expect(readRetryAfter(value, NOW_MS)).toBe(atMs);
  });
});
