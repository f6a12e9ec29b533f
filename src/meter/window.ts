/*
 * A count over a rolling window, kept in buckets. The oldest bucket counts whole until its last moment has
 * left the span, so the count is never below the truth.
 */

const BUCKETS_PER_WINDOW = 240;

/** Counted events; `buckets` is ordered by index, the index being time divided by `bucketMs`. Storable as it is. */
export interface RollingCount {
  readonly bucketMs: number;
  readonly buckets: [index: number, count: number][];
  sum: number;
}

/** An empty count for a window of `windowMs`, in 240 buckets. */
export function emptyCount(windowMs: number): RollingCount {
  return { bucketMs: Math.max(1, Math.ceil(windowMs / BUCKETS_PER_WINDOW)), buckets: [], sum: 0 };
}

/** Forgets what has wholly left the last `spanMs`. */
export function roll(count: RollingCount, nowMs: number, spanMs: number): void {
  let gone = 0;
  for (const [index, n] of count.buckets) {
    if ((index + 1) * count.bucketMs + spanMs > nowMs) break;
    count.sum -= n;
    gone++;
  }
  if (gone > 0) count.buckets.splice(0, gone);
}

/**
 * Counts `n` at `nowMs` and returns the bucket's index, by which it can be put back. Where the clock went
 * backward the newest bucket takes it: that leaves later, so nothing is forgotten too early.
 */
export function add(count: RollingCount, nowMs: number, n: number): number {
  const last = count.buckets.at(-1);
  const index = Math.max(Math.floor(nowMs / count.bucketMs), last?.[0] ?? Number.NEGATIVE_INFINITY);
  if (last !== undefined && last[0] === index) last[1] += n;
  else count.buckets.push([index, n]);
  count.sum += n;
  return index;
}

/** Takes `n` out of the bucket that it was counted in; nothing where that has been forgotten. */
export function putBack(count: RollingCount, index: number, n: number): void {
  const bucket = count.buckets.find(([at]) => at === index);
  if (bucket === undefined) return;
  const taken = Math.min(n, bucket[1]);
  bucket[1] -= taken;
  count.sum -= taken;
}

/** When enough will have left the span for the sum to be at most `allowed`; `nowMs` where it is already. */
export function freesAt(count: RollingCount, nowMs: number, spanMs: number, allowed: number): number {
  let sum = count.sum;
  for (const [index, n] of count.buckets) {
    if (sum <= allowed) return nowMs;
    sum -= n;
    if (sum <= allowed) return (index + 1) * count.bucketMs + spanMs;
  }
  return nowMs;
}
