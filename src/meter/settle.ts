import { type Amount, countUsed, type Limit, type Marks, type Meter, restore } from './meter.ts';

/*
 * What becomes of grants, on the giver's side: askers report what they used, what they bring back and what it cost.
 */

/** What an asker reports of a grant: how many permits it used, and whether it has closed it. */
export interface Settlement {
  readonly id: string;
  readonly used: number;
  readonly closed: boolean;
  /** Permits that may have been used and of which nothing is known; they stay counted. */
  readonly lost?: number;
  /** Of a grant with credits, in micro-credits. Each only ever grows, so reports may come twice or out of order. */
  readonly micro?: Spent;
}

/** What became of a grant's credits. */
export interface Spent {
  /** Set aside for requests that were admitted. */
  readonly reserved: number;
  /** Of `reserved`: that of requests whose cost is known. */
  readonly settled: number;
  /** What those requests cost. */
  readonly cost: number;
}

/** What a report tells of a grant: permits used since the last, and what came back; `isOver`: it is closed. */
export interface Returned extends Amount {
  readonly id: string;
  readonly used: number;
  readonly isOver: boolean;
}

/** A grant that was given, for as long as a report of it may come. */
export interface Grant {
  readonly amount: Amount;
  /** Whether a limit in credits counts it, so that what comes to cost more must not be forgotten in a crash. */
  readonly isPaid: boolean;
  readonly marks: Marks;
  readonly endsAtMs: number;
  used: number;
  isClosed: boolean;
  spent: Spent;
}

/** The books of a giver: what it has counted, and what it has given. */
export interface Book {
  readonly meter: Meter;
  /** Grants by id, oldest first, for as long as a settlement may come. */
  readonly grants: Map<string, Grant>;
  /** Ends of the leases (not of single permits) that are out, by id, oldest first. */
  readonly leases: Map<string, number>;
  /** The latest time it has counted at: its clock may step back, the meter's may not. */
  latestMs: number;
  /** Micro-credits that may still be granted below the durable ceiling. */
  aheadMicro: number;
}

/** A settlement that comes later than this after a grant's end is ignored: what it had stays counted. */
const SETTLE_WITHIN_MS = 120_000;
/** The same where credits are reserved for requests that are still running. */
const SETTLE_CREDITS_WITHIN_MS = 3_600_000;

/** Of a grant's credits, when it is new. */
export const NOTHING_SPENT: Spent = { reserved: 0, settled: 0, cost: 0 };

/** The report that gives back whole a grant that was never used, or of which nothing was heard. */
export function unusedGrant(id: string): Settlement {
  return { id, used: 0, closed: true, micro: NOTHING_SPENT };
}

/** So many reports wait to be delivered at most; the oldest are given up, and what they tell of stays counted. */
const MOST_REPORTS = 10_000;

/** Keeps the reports of closed grants that could not be delivered; what an open one used is told anew each time. */
export function keepReports(kept: Settlement[], undelivered: readonly Settlement[]): void {
  for (const report of undelivered) if (report.closed) kept.push(report);
  if (kept.length > MOST_REPORTS) kept.splice(0, kept.length - MOST_REPORTS);
}

/** The time at which the meter counts. */
export function countingTime(book: Book, nowMs: number): number {
  book.latestMs = Math.max(book.latestMs, nowMs);
  return book.latestMs;
}

/**
 * Notes what askers report, and tells what changed by it. Unknown and closed ids are ignored, so nothing comes back
 * twice.
 */
export function settle(book: Book, settlements: readonly Settlement[], nowMs: number): Returned[] {
  const countMs = countingTime(book, nowMs);
  return settlements.flatMap((settlement) => {
    const grant = book.grants.get(settlement.id);
    return grant === undefined ? [] : [settleGrant(book, grant, settlement, countMs)];
  });
}

function settleGrant(book: Book, grant: Grant, settlement: Settlement, countMs: number): Returned {
  const { id, used, closed, lost = 0, micro } = settlement;
  const { permits } = grant.amount;
  const isClosing = closed && !grant.isClosed;
  const more = grant.isClosed ? 0 : Math.min(Math.max(used, grant.used), permits) - grant.used;
  if (more > 0) countUsed(book.meter, grant.marks, more, countMs);
  grant.used += more;
  const before = countedMicro(grant);
  if (micro !== undefined) grant.spent = later(book.meter, grant.spent, micro);
  grant.isClosed ||= closed;
  const unused = isClosing ? Math.max(0, permits - grant.used - lost) : 0;
  const freed = before - countedMicro(grant);
  if (unused > 0 || freed !== 0) restore(book.meter, grant.marks, { permits: unused, micro: freed });
  if (freed < 0 && grant.isPaid) book.aheadMicro += freed;
  if (grant.isClosed) book.leases.delete(id);
  if (grant.isClosed && grant.spent.settled >= grant.spent.reserved) book.grants.delete(id);
  const unreserved = isClosing ? Math.max(0, grant.amount.micro - grant.spent.reserved) : 0;
  return { id, used: more, permits: unused, micro: unreserved, isOver: grant.isClosed };
}

/** What a grant has taken of the credits: all that it brought while it is open, then what requests reserved or cost. */
function countedMicro({ amount, isClosed, spent: { reserved, settled, cost } }: Grant): number {
  return (isClosed ? Math.min(reserved, amount.micro) : amount.micro) - settled + cost;
}

/** How much of a limit, in its unit, is granted and may still come back: nobody has said yet what became of it. */
export function outOf(book: Book, { name, unit, windowMs, anchorMs }: Limit): number {
  // A total has no places of its own: every grant counts in it.
  const isTotal = windowMs === null && anchorMs === undefined;
  let out = 0;
  for (const grant of book.grants.values()) {
    if (isTotal || grant.marks.some((mark) => mark.name === name))
      out += unit === 'credits' ? openMicro(grant) : openPermits(grant);
  }
  return out;
}

function openPermits({ isClosed, amount, used }: Grant): number {
  return isClosed ? 0 : amount.permits - used;
}

function openMicro(grant: Grant): number {
  return countedMicro(grant) - grant.spent.cost;
}

function later(meter: Meter, known: Spent, told: Spent): Spent {
  const spent = {
    reserved: Math.max(known.reserved, told.reserved),
    settled: Math.max(known.settled, told.settled),
    cost: Math.max(known.cost, told.cost),
  };
  if (spent.cost > known.cost) meter.usedMicro = (meter.usedMicro ?? 0) + spent.cost - known.cost;
  return spent;
}

/** Forgets grants of which no report is waited for any longer. */
export function forgetEnded(book: Book, nowMs: number): void {
  for (const [id, endsAtMs] of book.leases) {
    if (endsAtMs > nowMs) break;
    book.leases.delete(id);
  }
  for (const [id, { endsAtMs, amount }] of book.grants) {
    if (endsAtMs + (amount.micro > 0 ? SETTLE_CREDITS_WITHIN_MS : SETTLE_WITHIN_MS) > nowMs) break;
    book.grants.delete(id);
  }
}
