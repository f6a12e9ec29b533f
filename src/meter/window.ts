/*
 * A count over a sliding window, kept in buckets. The oldest bucket counts whole until its last moment has
 * left the span, so the count is never below the truth.
 */

const BUCKETS_PER_WINDOW = 240;

/** Counted events; `buckets` is ordered by index, the index being time divided by `bucketMs`. Storable as it is. */
export interface RollingCount {
  readonly bucketMs: number;
  readonly buckets: [index: number, count: number][];
  sum: number;
  /** Counts micro-credits and not requests. */
  readonly credits?: true;
}

/** An empty count for a window of `windowMs`, in 240 buckets. */
export function emptyCount(windowMs: number, credits = false): RollingCount {
  return { bucketMs: bucketOf(windowMs), buckets: [], sum: 0, ...(credits && { credits }) };
}

/**
 * The same events in buckets of `bucketMs`, each at the end of its old bucket, and `laterMs` after
 * that: what was counted leaves no sooner than it would have.
 */
export function rebucket({ credits, ...count }: RollingCount, bucketMs: number, laterMs = 0): RollingCount {
  const anew = { bucketMs, buckets: [], sum: 0, ...(credits && { credits }) };
  for (const [index, n] of count.buckets) add(anew, (index + 1) * count.bucketMs - 1 + laterMs, n);
  return anew;
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

/** How long a bucket of a window is. */
export function bucketOf(windowMs: number): number {
  return Math.max(1, Math.ceil(windowMs / BUCKETS_PER_WINDOW));
}

/** Counts `n` at `atMs`, in any order, and returns the bucket's index, by which it can be put back. */
export function add(count: RollingCount, atMs: number, n: number): number {
  const { buckets } = count;
  const index = Math.floor(atMs / count.bucketMs);
  let at = buckets.length;
  while (at > 0 && (buckets[at - 1]?.[0] ?? index) > index) at--;
  const bucket = buckets[at - 1];
  if (bucket !== undefined && bucket[0] === index) bucket[1] += n;
  else buckets.splice(at, 0, [index, n]);
  count.sum += n;
  return index;
}

/** Takes `n` out of the bucket that it was counted in, or adds to it where negative; nothing once that has left. */
export function putBack(count: RollingCount, index: number, n: number): void {
  const bucket = count.buckets.findLast(([at]) => at === index);
  if (bucket === undefined) return;
  const taken = Math.min(n, bucket[1]);
  bucket[1] -= taken;
  count.sum -= taken;
}

/** Counts what was counted in the bucket `index` at `atMs` instead, if that is earlier: it leaves that much sooner. */
export function recount(count: RollingCount, index: number, n: number, atMs: number): void {
  if (Math.floor(atMs / count.bucketMs) >= index) return;
  const before = count.sum;
  putBack(count, index, n);
  if (count.sum < before) add(count, atMs, before - count.sum);
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
