import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addTime, type Histogram, mergeTimes, quantiles } from '../../src/meter/histogram.ts';

const SHARES = [0.5, 0.95, 0.99] as const;
/** As dense at the short end as at the long one. */
const time = fc.double({ min: 0, max: Math.log(600_000), noNaN: true }).map((log) => Math.min(600_000, Math.exp(log)));
const times = fc.array(fc.oneof(time, fc.integer({ min: 1, max: 600_000 })), { minLength: 1, maxLength: 300 });

function histogramOf(list: readonly number[]): Histogram {
  const histogram: Histogram = {};
  for (const ms of list) addTime(histogram, ms);
  return histogram;
}

/** Nearest rank. */
function exact(list: readonly number[], share: number): number {
  return list.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * list.length)) - 1] ?? Number.NaN;
}

describe('a histogram of times', () => {
  test('tells every quantile to 5 %', () => {
    fc.assert(
      fc.property(times, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
        for (const each of [...SHARES, share]) {
          const [told] = quantiles(histogramOf(list), [each]) ?? [Number.NaN];
          expect(Math.abs(told / exact(list, each) - 1)).toBeLessThanOrEqual(0.05);
        }
      }),
    );
  });

  test('of parts, merged in any order, is that of the whole', () => {
    fc.assert(
      fc.property(fc.array(times, { maxLength: 6 }), (parts) => {
        const [forth, back]: Histogram[] = [{}, {}];
        for (const part of parts) mergeTimes(forth ?? {}, histogramOf(part));
        for (const part of parts.toReversed()) mergeTimes(back ?? {}, histogramOf(part));
        expect(forth).toEqual(histogramOf(parts.flat()));
        expect(back).toEqual(forth);
      }),
    );
  });

  test('is the same after JSON, and short where times are alike', () => {
    fc.assert(
      fc.property(times, (list) => {
        const histogram = histogramOf(list);
        expect(JSON.parse(JSON.stringify(histogram))).toEqual(histogram);
      }),
    );
    expect(JSON.stringify(histogramOf(Array.from({ length: 1_000 }, (_, i) => 100 + (i % 200)))).length).toBeLessThan(
      150,
    );
  });

  test('holds what is shorter than 1 ms and longer than 10 minutes at its ends', () => {
    expect(quantiles(histogramOf([0, 0.2, -3, 1]), [1])).toEqual([1]);
    const [longest = 0] = quantiles(histogramOf([3_600_000]), [0.5]) ?? [];
    expect(Math.abs(longest / 600_000 - 1)).toBeLessThanOrEqual(0.05);
  });

  test('of nothing has no quantile', () => {
    expect(quantiles({}, SHARES)).toBeNull();
  });
});
