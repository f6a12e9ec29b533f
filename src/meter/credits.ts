import type { RequestEvent } from '../decision/event.ts';
import type { LimitView } from './meter.ts';
import { type Month, monthOf } from './month.ts';

/*
 * An account's money as a machine without I/O, in whole micro-credits (DESIGN §4, "Accounts"). What a lease may spend
 * is held under the lease's id; a request reserves a part of it and settles later with what it really cost; what no
 * request took comes back when the gate closes the lease. Only what is open of a closed lease was surely reserved by
 * requests: of one that is never closed (its gate lost it, or never heard of it) all that is open comes back.
 * At every moment `balance + held + spent + unreported = granted`.
 */

/** The credits of one lease. */
export interface Hold {
  readonly micro: number;
  /** Its requests are admitted from then until the lease can be used no more. */
  readonly fromMs: number;
  readonly endsAtMs: number;
  /** What has neither come back nor been settled; a hold with nothing open is forgotten. */
  open: number;
  /** Whether the gate has said how much of it was taken. */
  closed: boolean;
  /** Whether what is open counts as unreported, and no longer as held; only of a closed one. */
  provisional: boolean;
}

/** What is known of a billing month. */
export interface MonthTotals extends Month {
  spent: number;
  /** What was never reported and is final. A hold across the end of a month counts in both. */
  unreported: number;
}

/**
 * An account's credits. `held` is the sum of what is open and not provisional, `dueMs` {@link earliestExpiry} or
 * earlier; all else is to be stored.
 */
export interface CreditState {
  granted: number;
  spent: number;
  /** Of closed leases whose requests did not tell what they cost: what they had reserved, provisional and final. */
  unreported: number;
  held: number;
  dueMs: number;
  /** The newest few, and all that may overlap the month of now; oldest first. */
  readonly months: MonthTotals[];
  readonly holds: Map<string, Hold>;
}

/** What of a recorded request concerns credits. */
export type Charge = Pick<RequestEvent, 'hold' | 'reserved' | 'micro' | 'atMs'>;

/** By what an account may spend. */
export interface CreditTerms {
  /** Whether requests are admitted only against the balance. */
  readonly prepaid: boolean;
  /** The most that a billing month may cost; null: no cap. */
  readonly budgetMicro: number | null;
  /** From where the billing months are counted (`month.ts`). */
  readonly anchorMs: number;
  /** When less is left of a balance, that is told, and when so many percent of the budget are spent; absent: nothing is. */
  readonly lowMicro?: number;
  readonly warnPercent?: number;
}

/**
 * So long after a hold's end, what is open of it comes back, or, of a closed one, is booked as unreported; so much
 * later that is final.
 */
export const PROVISIONAL_AFTER_MS = 15 * 60_000;
export const FINAL_AFTER_MS = 24 * 3_600_000;

/** Admission looks at this month and the next; the others are kept for settlements that come late. */
const KEPT_MONTHS = 4;
/** The longest month, and a day: what ended so long before the newest month cannot overlap that of now. */
const OVERLAP_MS = 32 * 86_400_000;

/** The credits of an account that was never granted any. */
export function noCredits(): CreditState {
  return {
    granted: 0,
    spent: 0,
    unreported: 0,
    held: 0,
    dueMs: Number.POSITIVE_INFINITY,
    months: [],
    holds: new Map(),
  };
}

/** What is free to be held; below zero where requests cost more than they had reserved. */
export function balanceOf({ granted, held, spent, unreported }: CreditState): number {
  return granted - held - spent - unreported;
}

/** Adds credits; negative ones correct. */
export function grant(state: CreditState, micro: number): void {
  state.granted += micro;
}

/**
 * Holds `micro`, at least 1, for a new lease that is granted at `nowMs` and can be used until `endsAtMs`. The caller
 * has seen in {@link views} that they are there. What is open of an earlier hold of that id comes back: it was granted
 * for the same question, whose answer was not heard.
 */
export function hold(state: CreditState, id: string, micro: number, nowMs: number, endsAtMs: number): void {
  release(state, id, state.holds.get(id), Number.POSITIVE_INFINITY);
  const made = { micro, fromMs: nowMs, endsAtMs, open: micro, closed: false, provisional: false };
  state.holds.set(id, made);
  state.held += micro;
  state.dueMs = Math.min(state.dueMs, expiresAtMs(made));
}

/**
 * Books what a request cost, and takes what it had reserved out of its hold, from what is held or, as the difference,
 * from what was booked provisionally. The cost of one whose hold is forgotten is booked all the same. It belongs to
 * the month in which the request came; but a request at the very end of a month may be admitted after it, and clocks
 * differ, so where its hold does not count in that month, it belongs to the nearest in which the hold does: a budget
 * holds only if each cost ends up where it was admitted. The caller sees to it that no charge comes twice. Tells
 * whether the hold changed.
 */
export function settle(state: CreditState, charge: Charge, anchorMs: number): boolean {
  const known = charge.hold === null ? undefined : state.holds.get(charge.hold);
  const { fromMs, endsAtMs } = known ?? { fromMs: charge.atMs, endsAtMs: charge.atMs };
  book(state, charge.micro, Math.min(Math.max(charge.atMs, fromMs), endsAtMs), anchorMs);
  return release(state, charge.hold, known, charge.reserved);
}

/** Books a cost without a hold, as of plans that are not prepaid. */
export function book(state: CreditState, micro: number, atMs: number, anchorMs: number): void {
  if (micro === 0) return;
  state.spent += micro;
  monthTotals(state, monthOf(anchorMs, atMs)).spent += micro;
}

/**
 * Closes a lease of which requests have taken `taken`: the rest comes back. Only the first close counts, and none
 * after what is open came back already. Tells whether the hold changed.
 */
export function close(state: CreditState, id: string, taken: number): boolean {
  const known = state.holds.get(id);
  if (known === undefined || known.closed) return false;
  known.closed = true;
  release(state, id, known, Math.max(0, known.micro - taken));
  return true;
}

/** Takes up to `micro` out of what is open. */
function release(state: CreditState, id: string | null, known: Hold | undefined, micro: number): boolean {
  if (id === null || known === undefined) return false;
  const released = Math.min(micro, known.open);
  known.open -= released;
  state[known.provisional ? 'unreported' : 'held'] -= released;
  if (known.open === 0) state.holds.delete(id);
  if (state.holds.size === 0) state.dueMs = Number.POSITIVE_INFINITY;
  return released > 0 || known.open === 0;
}

/**
 * Books as unreported what requests of closed leases should have told by `nowMs`, and forgets the holds of which it is
 * final. What is open of a lease that should have been closed by then comes back, and its hold is forgotten. Returns
 * the ids of the holds that changed.
 */
export function expire(state: CreditState, nowMs: number, anchorMs: number): string[] {
  const changed: string[] = [];
  for (const [id, known] of state.holds) {
    if (expiresAtMs(known) > nowMs) continue;
    changed.push(id);
    if (!known.closed) {
      release(state, id, known, known.open);
      continue;
    }
    if (!known.provisional) {
      known.provisional = true;
      state.held -= known.open;
      state.unreported += known.open;
    }
    if (expiresAtMs(known) > nowMs) continue;
    for (const month of monthsOf(anchorMs, known.fromMs, known.endsAtMs)) {
      monthTotals(state, month).unreported += known.open;
    }
    state.holds.delete(id);
  }
  state.dueMs = earliestExpiry(state.holds);
  return changed;
}

/**
 * When to {@link expire} next: before it nothing is due, and perhaps nothing then, where holds were settled meanwhile;
 * null: there are none.
 */
export function expiryMs({ dueMs }: CreditState): number | null {
  return dueMs === Number.POSITIVE_INFINITY ? null : dueMs;
}

/** When the first of the holds expires; infinite where there are none. */
export function earliestExpiry(holds: CreditState['holds']): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const known of holds.values()) earliest = Math.min(earliest, expiresAtMs(known));
  return earliest;
}

function expiresAtMs({ endsAtMs, provisional }: Hold): number {
  return endsAtMs + PROVISIONAL_AFTER_MS + (provisional ? FINAL_AFTER_MS : 0);
}

/**
 * What a lease that is granted at `nowMs` and can be used until `endsAtMs` may still hold: of the balance, where the
 * account is prepaid, and of the budget, where it has one. Across the end of a month it must fit into both.
 */
export function views(state: CreditState, terms: CreditTerms, nowMs: number, endsAtMs: number): LimitView[] {
  const { prepaid, budgetMicro, anchorMs, warnPercent } = terms;
  const found: LimitView[] = [];
  if (prepaid) {
    const balance = balanceOf(state);
    const limit = Math.max(0, balance + state.held);
    found.push({
      name: 'credits',
      limit,
      windowMs: null,
      unit: 'credits',
      remaining: Math.max(0, balance),
      resetAtMs: null,
    });
  }
  if (budgetMicro !== null) {
    const months = monthsOf(anchorMs, nowMs, endsAtMs);
    const remaining = Math.max(0, Math.min(...months.map((month) => budgetMicro - usedIn(state, month))));
    const resetAtMs = budgetMicro === 0 ? null : monthOf(anchorMs, nowMs).endsAtMs;
    const limit = { name: 'budget', limit: budgetMicro, windowMs: null, unit: 'credits', anchorMs } as const;
    found.push({ ...limit, ...(warnPercent !== undefined && { warnPercent }), remaining, resetAtMs });
  }
  return found;
}

/** What the requests of a month have cost, as far as they have told. */
export function spentIn(state: CreditState, month: Month): number {
  return state.months.reduce((sum, known) => sum + (overlap(known, month) ? known.spent : 0), 0);
}

/** What counts against a month's budget: spent, unreported, and what is open of holds that can be used in it. */
function usedIn(state: CreditState, month: Month): number {
  let used = 0;
  for (const known of state.months) if (overlap(known, month)) used += known.spent + known.unreported;
  for (const { fromMs, endsAtMs, open } of state.holds.values()) {
    if (fromMs < month.endsAtMs && endsAtMs >= month.startMs) used += open;
  }
  return used;
}

/** After the anchor has moved, a month that was booked before counts whole in each that it touches. */
function overlap(a: Month, b: Month): boolean {
  return a.startMs < b.endsAtMs && b.startMs < a.endsAtMs;
}

/** The billing months that `fromMs` to `untilMs`, both included, touch. */
function monthsOf(anchorMs: number, fromMs: number, untilMs: number): Month[] {
  const months = [monthOf(anchorMs, fromMs)];
  for (let last = months[0]; last !== undefined && last.endsAtMs <= untilMs; last = months.at(-1)) {
    months.push(monthOf(anchorMs, last.endsAtMs));
  }
  return months;
}

function monthTotals(state: CreditState, month: Month): MonthTotals {
  const known = state.months.find(({ startMs, endsAtMs }) => startMs === month.startMs && endsAtMs === month.endsAtMs);
  if (known !== undefined) return known;
  const totals = { ...month, spent: 0, unreported: 0 };
  state.months.push(totals);
  state.months.sort((a, b) => a.startMs - b.startMs);
  const keptFromMs = (state.months.at(-1) ?? totals).startMs - OVERLAP_MS;
  while (state.months.length > KEPT_MONTHS && (state.months[0] ?? totals).endsAtMs <= keptFromMs) state.months.shift();
  return totals;
}
