/*
 * A histogram of times to first byte, from 1 ms to 10 minutes, in buckets of a fixed logarithmic scale: each ends a
 * tenth above where it begins, so the middle that stands for it is at most 1/21 (4.8 %) away from any time in it, and
 * histograms of any hours and keys merge exactly. Only buckets in use are kept; as JSON some 8 bytes each.
 */

const GROWTH = 1.1;
const LONGEST_MS = 600_000;
/** By what a bucket's end is divided for the middle from which both its ends are equally far, relative to them. */
const END_TO_MIDDLE = (1 + GROWTH) / 2;

/** How many times fell into each bucket, by its number. Bucket 0 holds 1 ms and less; `n` ends at 1.1^n ms. */
export type Histogram = Record<number, number>;

/** Counts a time. What is under 1 ms counts as 1 ms, what is over 10 minutes as 10 minutes. */
export function addTime(histogram: Histogram, ms: number): void {
  const within = Math.min(Math.max(ms, 1), LONGEST_MS);
  const bucket = Math.ceil(Math.log(within) / Math.log(GROWTH));
  histogram[bucket] = (histogram[bucket] ?? 0) + 1;
}

/** Adds what `from` has counted. */
export function mergeTimes(into: Histogram, from: Histogram): void {
  for (const bucket in from) into[bucket] = (into[bucket] ?? 0) + (from[bucket] ?? 0);
}

/** The times below which the shares lie (nearest rank: at least that share is not above it), in ms; null: none counted. */
export function quantiles<const Shares extends readonly number[]>(
  histogram: Histogram,
  shares: Shares,
): { [i in keyof Shares]: number } | null {
  const buckets = Object.entries(histogram);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  const at = (share: number) => {
    let left = Math.max(1, Math.ceil(share * total));
    const [bucket] = buckets.find(([, count]) => {
      left -= count;
      return left <= 0;
    }) ?? ['0'];
    return middleMs(Number(bucket));
  };
  return shares.map(at) as { [i in keyof Shares]: number };
}

function middleMs(bucket: number): number {
  return bucket === 0 ? 1 : GROWTH ** bucket / END_TO_MIDDLE;
}
