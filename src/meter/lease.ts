import type { Granted, Refused, Settlement } from './gate.ts';
import type { LimitView } from './meter.ts';
import { RENEWAL_MARK_MS, SLACK_MS } from './times.ts';

/*
 * The isolate's side of a lease (DESIGN §4). All of it is synchronous: a request that has read the clock takes its
 * permit in the same step. Leases are timed from before they were asked for.
 */

interface Held {
  readonly id: string;
  readonly generation: number;
  readonly granted: number;
  left: number;
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
  settlements: Settlement[];
  limits: readonly LimitView[];
  /** How far the gate's clock, by which the limits reset, is ahead of this isolate's; to a round trip. */
  gateAheadMs: number;
  demand: { sinceMs: number; count: number; perMs: number };
}

/** Holds nothing yet. */
export function emptySlot(): Slot {
  return {
    leases: [],
    refusal: null,
    confirmed: null,
    askingUntilMs: 0,
    settlements: [],
    limits: [],
    gateAheadMs: 0,
    demand: { sinceMs: 0, count: 0, perMs: 0 },
  };
}

function alive(held: { readonly askedAtMs: number; readonly endsAtMs: number }, nowMs: number): boolean {
  return nowMs >= held.askedAtMs && nowMs < held.endsAtMs;
}

/** Closes a lease: from here on nothing is taken from it, and what is left goes back with the next message. */
function close(slot: Slot, lease: Held): void {
  slot.leases.splice(slot.leases.indexOf(lease), 1);
  slot.settlements.push({ id: lease.id, used: lease.granted - lease.left, closed: true });
}

/**
 * Takes one permit for a record of `generation`: true, the leased refusal, or null where the gate must be asked.
 * A lease counts only for a record of the same generation.
 */
export function take(slot: Slot, generation: number, nowMs: number): true | Refused | null {
  const held = slot.leases[0];
  if (held !== undefined && held.left > 0 && held.generation === generation && alive(held, nowMs)) {
    held.left--;
    slot.demand.count++;
    return true;
  }
  return takeOther(slot, generation, nowMs);
}

function takeOther(slot: Slot, generation: number, nowMs: number): true | Refused | null {
  sweep(slot, generation, nowMs);
  const lease = slot.leases.find((held) => held.generation === generation && held.left > 0);
  if (lease !== undefined) {
    lease.left--;
    slot.demand.count++;
    return true;
  }
  const { refusal } = slot;
  if (refusal !== null && refusal.refused.generation === generation && alive(refusal, nowMs)) return refusal.refused;
  return null;
}

/** Closes what is spent, over, or of an older generation than the record in hand. */
export function sweep(slot: Slot, generation: number, nowMs: number): void {
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
    id: answer.id,
    generation: answer.generation,
    granted: answer.permits,
    left: answer.permits,
    askedAtMs,
    renewAtMs: answer.ttlMs > 0 ? askedAtMs + answer.ttlMs / 2 : Number.POSITIVE_INFINITY,
    endsAtMs: askedAtMs + Math.max(answer.ttlMs, SLACK_MS),
  });
}

/** Whether a confirmation for this generation is alive. */
export function isConfirmed(slot: Slot, generation: number, nowMs: number): boolean {
  return slot.confirmed !== null && slot.confirmed.generation === generation && alive(slot.confirmed, nowMs);
}

/** Whether to renew in the background now: the newest lease is past half its life, or most of it is spent. */
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
  const reports = slot.leases
    .filter(({ granted, left }) => left < granted)
    .map(({ id, granted, left }) => ({ id, used: granted - left, closed: false }));
  const settle = [...slot.settlements, ...reports];
  slot.settlements = [];
  return { want: crowd ? 1 : need(slot, leaseMs, nowMs), settle };
}

/** Ends a question, answered or not; what could not be delivered is kept for the next one. */
export function endAsk(slot: Slot, undelivered: readonly Settlement[]): void {
  slot.askingUntilMs = 0;
  slot.settlements.push(...undelivered.filter(({ closed }) => closed));
}

/** About how many permits this isolate will need within `leaseMs`, from its rate over the last seconds. */
function need(slot: Slot, leaseMs: number, nowMs: number): number {
  const { demand } = slot;
  const elapsedMs = nowMs - demand.sinceMs;
  const perMs = Math.max(demand.count / Math.max(elapsedMs, 250), elapsedMs < 2_000 ? demand.perMs : 0);
  if (elapsedMs >= 1_000 || elapsedMs < 0) slot.demand = { sinceMs: nowMs, count: 0, perMs };
  const expected = perMs * leaseMs;
  return expected < 1 ? 1 : Math.ceil(expected * 1.25) + 1;
}

/** Closes one grant at once, used or not: its asker was refused for another reason. */
export function closeGrant(slot: Slot, id: string): void {
  const held = slot.leases.find((lease) => lease.id === id);
  if (held !== undefined) close(slot, held);
}

/** Whether {@link take} would answer without asking. */
export function canTake(slot: Slot, generation: number, nowMs: number): boolean {
  const { refusal } = slot;
  return (
    slot.leases.some((held) => held.left > 0 && held.generation === generation && alive(held, nowMs)) ||
    (refusal !== null && refusal.refused.generation === generation && alive(refusal, nowMs))
  );
}
