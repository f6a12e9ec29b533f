import { type Demand, expectedWithin, noDemand } from './demand.ts';
import type { Granted, Refused } from './gate.ts';
import type { LimitView } from './meter.ts';
import { keepReports, type Settlement } from './settle.ts';
import { isShort, RENEW_AT, RENEWAL_MARK_MS, RETURN_AFTER_MS, SLACK_MS } from './times.ts';

/*
 * The isolate's side of a lease (DESIGN §4). All of it is synchronous: a request that has read the clock takes its
 * permit in the same step. Leases are timed from before they were asked for.
 */

/** A lease in an isolate's hands. A request that reserves credits of it keeps it until its cost is known. */
export interface Held {
  readonly kind: 'held';
  readonly id: string;
  readonly generation: number;
  readonly granted: number;
  left: number;
  readonly micro: number;
  /** Micro-credits reserved for requests, of those the ones whose cost is known, and what they cost. */
  reserved: number;
  settled: number;
  cost: number;
  /** The ledger's lease that it draws on; null: none. */
  readonly hold: string | null;
  /** Its window is too short for leases: each use is told at once. */
  readonly isShort: boolean;
  isClosed: boolean;
  readonly askedAtMs: number;
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

interface HeldRefusal {
  readonly refused: Refused;
  readonly askedAtMs: number;
  readonly endsAtMs: number;
}

/** What this isolate holds of one key. */
export interface Slot {
  leases: Held[];
  refusal: HeldRefusal | null;
  /** "The record of this generation is current": lets a cached denial be answered without asking. */
  confirmed: { readonly generation: number; readonly askedAtMs: number; readonly endsAtMs: number } | null;
  /** Until when a question by another request counts as under way. */
  askingUntilMs: number;
  /** What the gate has still to be told of closed leases, and when it was told last, whether it heard or not. */
  settlements: Settlement[];
  toldAtMs: number;
  /** Until when a request counts as telling what no question takes along. */
  returningUntilMs: number;
  /** Whether a report of uses is under way; see {@link Held.isShort}. */
  isReporting: boolean;
  limits: readonly LimitView[];
  /** How far the gate's clock, by which the limits reset, is ahead of this isolate's; to a round trip. */
  gateAheadMs: number;
  readonly demand: Demand;
}

/** Holds nothing yet. */
export function emptySlot(): Slot {
  return {
    leases: [],
    refusal: null,
    confirmed: null,
    askingUntilMs: 0,
    settlements: [],
    toldAtMs: 0,
    returningUntilMs: 0,
    isReporting: false,
    limits: [],
    gateAheadMs: 0,
    demand: noDemand(),
  };
}

function alive(held: { readonly askedAtMs: number; readonly endsAtMs: number }, nowMs: number): boolean {
  return nowMs >= held.askedAtMs && nowMs < held.endsAtMs;
}

function reportOf({ id, granted, left, micro, reserved, settled, cost, isClosed }: Held): Settlement {
  return {
    id,
    used: granted - left,
    closed: isClosed,
    ...(micro > 0 && { micro: { reserved, settled, cost } }),
  };
}

/** Closes a lease: from here on nothing is taken from it, and what is left goes back with the next message. */
function close(slot: Slot, lease: Held): void {
  slot.leases.splice(slot.leases.indexOf(lease), 1);
  lease.isClosed = true;
  slot.settlements.push(reportOf(lease));
}

function holds(held: Held, generation: number, reserve: number, nowMs: number): boolean {
  return held.left > 0 && held.generation === generation && held.micro - held.reserved >= reserve && alive(held, nowMs);
}

function refuses({ refused, ...times }: HeldRefusal, generation: number, reserve: number, nowMs: number): boolean {
  return refused.generation === generation && reserve >= refused.reserve && alive(times, nowMs);
}

/**
 * Takes one permit, and `reserve` micro-credits, for a record of `generation`: the lease it came from, the leased
 * refusal, or null where the gate must be asked. A lease counts only for a record of the same generation.
 */
export function take(slot: Slot, generation: number, nowMs: number, reserve = 0): Held | Refused | null {
  const first = slot.leases[0];
  if (first === undefined || !holds(first, generation, reserve, nowMs)) {
    return takeOther(slot, generation, nowMs, reserve);
  }
  return takeFrom(slot, first, reserve);
}

function takeFrom(slot: Slot, held: Held, reserve: number): Held {
  held.left--;
  held.reserved += reserve;
  slot.demand.count++;
  return held;
}

function takeOther(slot: Slot, generation: number, nowMs: number, reserve: number): Held | Refused | null {
  sweep(slot, generation, nowMs);
  const lease = slot.leases.find((held) => holds(held, generation, reserve, nowMs));
  if (lease !== undefined) return takeFrom(slot, lease, reserve);
  const { refusal } = slot;
  return refusal !== null && refuses(refusal, generation, reserve, nowMs) ? refusal.refused : null;
}

/** The real cost of a request is known: what it reserved beyond that goes back with the next message. */
export function settleCost(slot: Slot, held: Held, reserve: number, cost: number): void {
  held.settled += reserve;
  held.cost += cost;
  if (held.isClosed) slot.settlements.push(reportOf(held));
}

/** Closes what is spent, over, or of an older generation than the record in hand. */
function sweep(slot: Slot, generation: number, nowMs: number): void {
  for (const held of [...slot.leases]) {
    if (held.left === 0 || held.generation < generation || !alive(held, nowMs)) close(slot, held);
  }
}

/** Closes everything: the clock went backward. */
export function killLeases(slot: Slot): void {
  for (const held of [...slot.leases]) close(slot, held);
  slot.refusal = null;
  slot.confirmed = null;
  slot.askingUntilMs = 0;
  slot.toldAtMs = 0;
  slot.returningUntilMs = 0;
}

/** Keeps a grant or a refusal; `askedAtMs` is the isolate's clock from before the question. */
export function receive(slot: Slot, answer: Granted | Refused, askedAtMs: number): void {
  slot.limits = answer.limits;
  slot.gateAheadMs = answer.atMs - askedAtMs;
  if (answer.kind === 'refused') {
    slot.refusal = { refused: answer, askedAtMs, endsAtMs: askedAtMs + answer.ttlMs };
    return;
  }
  slot.refusal = null;
  slot.leases.push({
    kind: 'held',
    id: answer.id,
    generation: answer.generation,
    granted: answer.permits,
    left: answer.permits,
    // A gate of the version before this one, as while a deploy rolls out, gives none.
    micro: answer.micro ?? 0,
    reserved: 0,
    settled: 0,
    cost: 0,
    hold: answer.hold ?? null,
    isShort: answer.limits.some(isShort),
    isClosed: false,
    askedAtMs,
    renewAtMs: answer.ttlMs > 0 ? askedAtMs + RENEW_AT * answer.ttlMs : Number.POSITIVE_INFINITY,
    endsAtMs: askedAtMs + Math.max(answer.ttlMs, SLACK_MS),
  });
}

/** Whether a record of `generation` is known to be current. */
export function isConfirmed(slot: Slot, generation: number, nowMs: number): boolean {
  const { confirmed } = slot;
  return confirmed !== null && confirmed.generation === generation && alive(confirmed, nowMs);
}

/** Whether it is time to ask again in the background: the newest lease is past most of its life, or most of it is spent. */
export function isRenewalDue(slot: Slot, nowMs: number): boolean {
  const newest = slot.leases.at(-1);
  if (newest === undefined || newest.granted === 1 || slot.askingUntilMs > nowMs) return false;
  if (slot.refusal !== null && alive(slot.refusal, nowMs)) return false;
  return nowMs >= newest.renewAtMs || newest.left * 4 < newest.granted;
}

/**
 * Begins a question: how many permits to want, and what to report with it. While another request's question is under
 * way only one permit is wanted, since that other answer will serve the crowd.
 */
export function beginAsk(slot: Slot, leaseMs: number, nowMs: number): { want: number; settle: Settlement[] } {
  const crowd = slot.askingUntilMs > nowMs;
  slot.demand.count++;
  slot.askingUntilMs = nowMs + RENEWAL_MARK_MS;
  const want = crowd ? 1 : expectedWithin(slot.demand, leaseMs, nowMs);
  return { want, settle: takeReports(slot, nowMs) };
}

/** What there is to report now: leases that are closed or over, and how much of the others was used. */
export function takeReports(slot: Slot, nowMs: number): Settlement[] {
  sweep(slot, 0, nowMs);
  slot.toldAtMs = nowMs;
  const open = slot.leases.filter(({ granted, left }) => left < granted).map(reportOf);
  const settle = [...slot.settlements, ...open];
  slot.settlements = [];
  return settle;
}

/**
 * When the gate should hear what became of a grant even if no question takes that along: soon after the grant has ended,
 * while what it was made of is still kept for it. Null: there is nothing to tell.
 */
export function returnDueMs({ leases, settlements, toldAtMs }: Slot): number | null {
  const ends = leases.map(({ endsAtMs }) => endsAtMs);
  // Whatever had ended by then was told then.
  if (settlements.length > 0) ends.push(toldAtMs);
  return ends.length === 0 ? null : Math.min(...ends) + RETURN_AFTER_MS;
}

/** Ends a question, answered or not; what could not be delivered is kept for the next one. */
export function endAsk(slot: Slot, undelivered: readonly Settlement[]): void {
  slot.askingUntilMs = 0;
  keepReports(slot.settlements, undelivered);
}

/** Closes one grant at once, used or not. Tells whether its report has still to go. */
export function closeGrant(slot: Slot, id: string): boolean {
  const held = slot.leases.find((lease) => lease.id === id);
  if (held !== undefined) close(slot, held);
  return slot.settlements.some((report) => report.id === id);
}

/** Whether {@link take} would answer without asking. */
export function canTake(slot: Slot, generation: number, nowMs: number, reserve = 0): boolean {
  const { refusal } = slot;
  return (
    slot.leases.some((held) => holds(held, generation, reserve, nowMs)) ||
    (refusal !== null && refuses(refusal, generation, reserve, nowMs))
  );
}
