import { monthOf } from './month.ts';
import { add, emptyCount, freesAt, putBack, type RollingCount, recount, roll } from './window.ts';

/*
 * The counters of one key, or of one account. What is granted is debited from every limit when it is granted, so no
 * window can be exceeded; what is not used comes back once. What was granted and what was reported as used are kept
 * apart: both count.
 */

/**
 * A limit as the policy and the record give it. `windowMs` null: over the whole life, or, with `anchorMs`, over each
 * billing month from there (`month.ts`).
 */
export interface Limit {
  readonly name: string;
  /** In requests, or in micro-credits where `unit` says so. */
  readonly limit: number;
  readonly windowMs: number | null;
  readonly unit?: 'credits';
  readonly anchorMs?: number;
}

/** What is left of a limit, for `RateLimit` headers and the admin. */
export interface LimitView extends Limit {
  readonly remaining: number;
  /** When the limit has room again (or is whole again); null: never by itself. */
  readonly resetAtMs: number | null;
}

/** What a grant takes: permits, and micro-credits for them. */
export interface Amount {
  readonly permits: number;
  readonly micro: number;
}

/** The counters, storable as they are. Fields that an older version did not store are absent. */
export interface Meter {
  granted: number;
  used: number;
  grantedMicro?: number;
  usedMicro?: number;
  readonly windows: { [name: string]: RollingCount };
  /** By limit: the starts of the months that still matter, oldest first, with their counts. */
  months?: { [name: string]: [startMs: number, count: number][] };
}

/** Where a grant was counted, to put back what is unused into the very same places: a bucket, or a month's start. */
export type Marks = readonly Mark[];
interface Mark {
  readonly name: string;
  readonly at: number;
  readonly isMonth: boolean;
  readonly isCredits: boolean;
}

/** A meter that has counted nothing. */
export function emptyMeter(): Meter {
  return { granted: 0, used: 0, windows: {} };
}

/** Whether a limit counts in a month of which the meter, and so what is stored of it, knows nothing yet. */
export function isNewMonth(meter: Meter, { name, anchorMs }: Limit, nowMs: number, endsAtMs: number): boolean {
  if (anchorMs === undefined) return false;
  const known = meter.months?.[name] ?? [];
  return monthsOf(anchorMs, nowMs, endsAtMs).some((startMs) => !known.some(([at]) => at === startMs));
}

function windowOf(meter: Meter, { name, unit }: Limit, windowMs: number): RollingCount {
  meter.windows[name] ??= emptyCount(windowMs, unit === 'credits');
  return meter.windows[name] as RollingCount;
}

/** What is left of each limit for a grant at `nowMs` that can be used until `endsAtMs`. */
export function view(meter: Meter, limits: readonly Limit[], nowMs: number, endsAtMs = nowMs): LimitView[] {
  return limits.map((limit) => {
    const { windowMs, anchorMs } = limit;
    if (anchorMs !== undefined) return viewMonth(meter, limit, anchorMs, nowMs, endsAtMs);
    if (windowMs === null) {
      const counted = limit.unit === 'credits' ? (meter.grantedMicro ?? 0) : meter.granted;
      return { ...limit, remaining: Math.max(0, limit.limit - counted), resetAtMs: null };
    }
    const count = windowOf(meter, limit, windowMs);
    roll(count, nowMs, windowMs);
    const remaining = Math.max(0, limit.limit - count.sum);
    const allowed = remaining > 0 ? 0 : limit.limit - 1;
    const resetAtMs = limit.limit === 0 ? null : freesAt(count, nowMs, windowMs, allowed);
    return { ...limit, remaining, resetAtMs };
  });
}

/** A grant that can be used on both sides of a month's end must fit into both, since it may be used in either. */
function viewMonth(meter: Meter, limit: Limit, anchorMs: number, nowMs: number, endsAtMs: number): LimitView {
  const counted = monthsOf(anchorMs, nowMs, endsAtMs).map((startMs) => countOfMonth(meter, limit.name, startMs));
  const resetAtMs = limit.limit === 0 ? null : monthOf(anchorMs, nowMs).endsAtMs;
  return { ...limit, remaining: Math.max(0, limit.limit - Math.max(...counted)), resetAtMs };
}

function monthsOf(anchorMs: number, nowMs: number, endsAtMs: number): number[] {
  const first = monthOf(anchorMs, nowMs);
  return endsAtMs < first.endsAtMs ? [first.startMs] : [first.startMs, first.endsAtMs];
}

function countOfMonth(meter: Meter, name: string, startMs: number): number {
  return meter.months?.[name]?.find(([at]) => at === startMs)?.[1] ?? 0;
}

function addToMonth(meter: Meter, name: string, startMs: number, n: number): void {
  meter.months ??= {};
  const months = meter.months[name] ?? [];
  meter.months[name] = months;
  const month = months.find(([at]) => at === startMs);
  if (month !== undefined) month[1] += n;
  else if (n > 0) months.push([startMs, n]);
  if (months.length > 3) months.shift();
}

/**
 * Debits an amount from every limit; the caller has seen in {@link view} that it is there. It is counted at
 * `endsAtMs`, the last moment at which it can be used, and in force at once: what must hold is about the moment of
 * admission in the isolates, whatever lease time each grant had (DESIGN §4).
 */
export function draw(meter: Meter, limits: readonly Limit[], amount: Amount, nowMs: number, endsAtMs: number): Marks {
  meter.granted += amount.permits;
  if (amount.micro > 0) meter.grantedMicro = (meter.grantedMicro ?? 0) + amount.micro;
  return limits.flatMap(({ name, unit, anchorMs }): Mark[] => {
    const isCredits = unit === 'credits';
    const n = isCredits ? amount.micro : amount.permits;
    if (anchorMs !== undefined) {
      return monthsOf(anchorMs, nowMs, endsAtMs).map((at) => {
        addToMonth(meter, name, at, n);
        return { name, at, isMonth: true, isCredits };
      });
    }
    const count = meter.windows[name];
    return count === undefined ? [] : [{ name, at: add(count, endsAtMs, n), isMonth: false, isCredits }];
  });
}

/** Puts an amount that was not used back into the places that it came from; negative credits take more of them. */
export function restore(meter: Meter, marks: Marks, { permits, micro }: Amount): void {
  meter.granted -= permits;
  if (micro !== 0) meter.grantedMicro = (meter.grantedMicro ?? 0) - micro;
  for (const { name, at, isMonth, isCredits } of marks) {
    const n = isCredits ? micro : permits;
    if (isMonth) addToMonth(meter, name, at, -n);
    else if (meter.windows[name] !== undefined) putBack(meter.windows[name], at, n);
  }
}

/**
 * Counts permits that are known to have been used by `nowMs` then, and no longer at the end of their usability: the
 * sooner this is known, the less of a short window is lost.
 */
export function countUsed(meter: Meter, marks: Marks, permits: number, nowMs: number): void {
  meter.used += permits;
  for (const { name, at, isMonth, isCredits } of marks) {
    if (isCredits) continue;
    if (!isMonth) {
      if (meter.windows[name] !== undefined) recount(meter.windows[name], at, permits, nowMs);
    } else if (nowMs < at) addToMonth(meter, name, at, -permits);
  }
}

/**
 * How far ahead of the count the durable ceiling stands, in requests or in micro-credits: 1 for small limits, at most
 * 0.1% of a total and 0.5% of a rate. A crash may cost less than this, and never gives one too many.
 */
export function ceilingBlock(limits: readonly Limit[], unit?: 'credits'): number {
  const blocks = limits
    .filter((limit) => limit.unit === unit)
    .map(({ limit, windowMs }) => Math.floor(limit / (windowMs === null ? 1_000 : 200)));
  const most = unit === undefined ? 1_000 : Number.MAX_SAFE_INTEGER;
  return Math.max(1, Math.min(most, ...blocks));
}

/**
 * The meter as a crashed gate left it: up to `reserve` may have been granted after it was stored, of the limits of
 * these names (all where none are given), at any moment until now, so it is counted at `endsAtMs`, when the last of it
 * can be used.
 */
export function recover(meter: Meter, reserve: Amount, endsAtMs: number, names?: readonly string[]): void {
  meter.granted += reserve.permits;
  if (reserve.micro > 0) meter.grantedMicro = (meter.grantedMicro ?? 0) + reserve.micro;
  const isMeant = ([name]: readonly [string, unknown]) => names === undefined || names.includes(name);
  for (const [, count] of Object.entries(meter.windows).filter(isMeant)) {
    const n = count.credits === true ? reserve.micro : reserve.permits;
    if (n > 0) add(count, endsAtMs, n);
  }
  for (const [, months] of Object.entries(meter.months ?? {}).filter(isMeant)) {
    for (const month of months) month[1] += reserve.permits;
  }
}
