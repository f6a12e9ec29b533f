import { add, emptyCount, freesAt, putBack, type RollingCount, roll } from './window.ts';

/*
 * The counters of one key. Permits are debited from every limit when they are granted, so no window can be
 * exceeded; what is not used comes back once. What was granted and what was reported as used are kept apart:
 * both count.
 */

/** A limit as the policy and the key's record give it; `windowMs` null: over the whole life of the key. */
export interface Limit {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number | null;
}

/** What is left of a limit, for `RateLimit` headers and the admin. */
export interface LimitView extends Limit {
  readonly remaining: number;
  /** When the limit has room again (or is whole again); null: never by itself. */
  readonly resetAtMs: number | null;
}

/** The counters, storable as they are. */
export interface Meter {
  granted: number;
  used: number;
  readonly windows: { [name: string]: RollingCount };
}

/** Where a grant was counted, to put unused permits back into the very same buckets. */
export type Marks = readonly (readonly [name: string, bucket: number])[];

/** A meter that has counted nothing. */
export function emptyMeter(): Meter {
  return { granted: 0, used: 0, windows: {} };
}

function windowOf(meter: Meter, limit: Limit, windowMs: number): RollingCount {
  meter.windows[limit.name] ??= emptyCount(windowMs);
  return meter.windows[limit.name] as RollingCount;
}

/** What is left of each limit at `nowMs`. */
export function view(meter: Meter, limits: readonly Limit[], nowMs: number): LimitView[] {
  return limits.map((limit) => {
    if (limit.windowMs === null) {
      return { ...limit, remaining: Math.max(0, limit.limit - meter.granted), resetAtMs: null };
    }
    const count = windowOf(meter, limit, limit.windowMs);
    roll(count, nowMs, limit.windowMs);
    const remaining = Math.max(0, limit.limit - count.sum);
    const allowed = remaining > 0 ? 0 : limit.limit - 1;
    const resetAtMs = limit.limit === 0 ? null : freesAt(count, nowMs, limit.windowMs, allowed);
    return { ...limit, remaining, resetAtMs };
  });
}

/**
 * Debits `permits` from every limit; the caller has seen in {@link view} that they are there. They are counted at
 * `endsAtMs`, the last moment at which they can be used, and in force at once: what must hold is about the moment of
 * admission in the isolates, whatever lease time each grant had (DESIGN §4).
 */
export function draw(meter: Meter, limits: readonly Limit[], permits: number, endsAtMs: number): Marks {
  meter.granted += permits;
  return limits.flatMap(({ name }) => {
    const count = meter.windows[name];
    return count === undefined ? [] : [[name, add(count, endsAtMs, permits)] as const];
  });
}

/** Puts unused permits back into the buckets that they came from. */
export function restore(meter: Meter, marks: Marks, permits: number): void {
  meter.granted -= permits;
  for (const [name, bucket] of marks) {
    const count = meter.windows[name];
    if (count !== undefined) putBack(count, bucket, permits);
  }
}

/**
 * How far ahead of the count the durable ceiling stands: 1 for small limits, at most 0.1% of a total and 0.5% of a
 * rate. A crash may cost less than this many permits, and never gives one too many.
 */
export function ceilingBlock(limits: readonly Limit[]): number {
  const blocks = limits.map(({ limit, windowMs }) => Math.floor(limit / (windowMs === null ? 1_000 : 200)));
  return Math.max(1, Math.min(1_000, ...blocks));
}

/**
 * The meter as a crashed gate left it: up to `reserve` permits may have been granted after it was stored, at any
 * moment until now, so they are counted at `endsAtMs`, when the last of them can be used.
 */
export function recover(meter: Meter, reserve: number, endsAtMs: number): void {
  if (reserve === 0) return;
  meter.granted += reserve;
  for (const count of Object.values(meter.windows)) add(count, endsAtMs, reserve);
}
