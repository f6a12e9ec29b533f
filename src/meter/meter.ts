import { type Month, monthOf } from './month.ts';
import { add, bucketOf, emptyCount, freesAt, putBack, type RollingCount, rebucket, recount, roll } from './window.ts';

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
  /** Of a quota: when so many percent of it are used, that is told (`warnings.ts`); absent: nothing is. */
  readonly warnPercent?: number;
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
  /** By limit: the billing months that still matter, with their counts. */
  months?: { [name: string]: CountedMonth[] };
}

/** A billing month, and what was counted in it. */
type CountedMonth = [startMs: number, endsAtMs: number, count: number];

/** Where a grant was counted, to put back what is unused into the very same places: a bucket, or a month's start. */
export type Marks = readonly Mark[];
interface Mark {
  readonly name: string;
  readonly at: number;
  /** The month, where it is counted in one. */
  readonly month: Month | null;
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
  return monthsOf(anchorMs, nowMs, endsAtMs).some((month) => !known.some(isOf(month)));
}

/** A limit whose window has changed keeps what was counted; what the old one has forgotten it cannot know. */
function windowOf(meter: Meter, { name, unit }: Limit, windowMs: number): RollingCount {
  const known = meter.windows[name];
  if (known?.bucketMs === bucketOf(windowMs)) return known;
  const count = known === undefined ? emptyCount(windowMs, unit === 'credits') : rebucket(known, bucketOf(windowMs));
  meter.windows[name] = count;
  return count;
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
  const counted = monthsOf(anchorMs, nowMs, endsAtMs).map((month) => countOfMonth(meter, limit.name, month));
  const resetAtMs = limit.limit === 0 ? null : monthOf(anchorMs, nowMs).endsAtMs;
  return { ...limit, remaining: Math.max(0, limit.limit - Math.max(...counted)), resetAtMs };
}

function monthsOf(anchorMs: number, nowMs: number, endsAtMs: number): Month[] {
  const first = monthOf(anchorMs, nowMs);
  return endsAtMs < first.endsAtMs ? [first] : [first, monthOf(anchorMs, first.endsAtMs)];
}

const isOf =
  (month: Month) =>
  ([startMs, endsAtMs]: CountedMonth): boolean =>
    startMs === month.startMs && endsAtMs === month.endsAtMs;

/** After the anchor has moved, a month that was counted before counts whole in each that it touches. */
function countOfMonth(meter: Meter, name: string, month: Month): number {
  const touching = (meter.months?.[name] ?? []).filter(
    ([startMs, endsAtMs]) => startMs < month.endsAtMs && month.startMs < endsAtMs,
  );
  return touching.reduce((sum, [, , count]) => sum + count, 0);
}

/** No month that begins now, whatever the anchor, touches one that has ended so long before it. */
const LONGEST_MONTH_MS = 31 * 86_400_000;

function addToMonth(meter: Meter, name: string, month: Month, n: number): void {
  const known = meter.months?.[name] ?? [];
  const counted = known.find(isOf(month));
  if (counted !== undefined) counted[2] += n;
  else if (n > 0) known.push([month.startMs, month.endsAtMs, n]);
  const kept = known.filter(([, endsAtMs]) => endsAtMs > month.startMs - LONGEST_MONTH_MS);
  meter.months = { ...meter.months, [name]: kept };
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
      return monthsOf(anchorMs, nowMs, endsAtMs).map((month) => {
        addToMonth(meter, name, month, n);
        return { name, at: month.startMs, month, isCredits };
      });
    }
    const count = meter.windows[name];
    return count === undefined ? [] : [{ name, at: add(count, endsAtMs, n), month: null, isCredits }];
  });
}

/** Puts an amount that was not used back into the places that it came from; negative credits take more of them. */
export function restore(meter: Meter, marks: Marks, { permits, micro }: Amount): void {
  meter.granted -= permits;
  if (micro !== 0) meter.grantedMicro = (meter.grantedMicro ?? 0) - micro;
  for (const { name, at, month, isCredits } of marks) {
    const n = isCredits ? micro : permits;
    if (month !== null) addToMonth(meter, name, month, -n);
    else if (meter.windows[name] !== undefined) putBack(meter.windows[name], at, n);
  }
}

/**
 * Counts permits that are known to have been used by `nowMs` then, and no longer at the end of their usability: the
 * sooner this is known, the less of a short window is lost.
 */
export function countUsed(meter: Meter, marks: Marks, permits: number, nowMs: number): void {
  meter.used += permits;
  for (const { name, at, month, isCredits } of marks) {
    if (isCredits) continue;
    if (month === null) {
      if (meter.windows[name] !== undefined) recount(meter.windows[name], at, permits, nowMs);
    } else if (nowMs < at) addToMonth(meter, name, month, -permits);
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

/** Counts everything `laterMs` later: an older version counted grants when they were given, and waited longer instead. */
export function shift(meter: Meter, laterMs: number): void {
  for (const [name, count] of Object.entries(meter.windows))
    meter.windows[name] = rebucket(count, count.bucketMs, laterMs);
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
    for (const month of months) month[2] += reserve.permits;
  }
}
