import { type Demand, expectedWithin, noDemand } from './demand.ts';
import { type Ask, answer, type Gate, type Granted, type Refused, refusal } from './gate.ts';
import type { Amount, LimitView } from './meter.ts';
import { keepReports, type Returned, type Settlement } from './settle.ts';
import { LEDGER_SLACK_MS, RENEWAL_MARK_MS, RETURN_AFTER_MS, usableMs } from './times.ts';

/*
 * A gate's side of the leases that it draws from its account's ledger, one level above those that it gives (DESIGN
 * §4). What a gate grants never outlives the ledger's lease that it draws on, and only what is back in the gate's
 * hands goes up again.
 */

/** A ledger's lease in a gate's hands. */
export interface Fund {
  readonly id: string;
  readonly generation: number;
  readonly granted: Amount;
  /** What is in the gate's hands. */
  left: number;
  leftMicro: number;
  /** Permits that isolates have and have told nothing of, and those that they have told to be used. */
  out: number;
  used: number;
  /** The gate's own grants that were made of it. */
  readonly grants: Set<string>;
  readonly askedAtMs: number;
  readonly endsAtMs: number;
}

/** That the ledger would refuse nothing of this kind. */
export interface Clear {
  readonly kind: 'clear';
  readonly limits: readonly LimitView[];
  readonly ttlMs: number;
  readonly atMs: number;
}

/** What the ledger told of a kind of request, instead of a grant. */
export interface Told {
  readonly answer: Refused | Clear;
  readonly generation: number;
  readonly reserve: number;
  readonly askedAtMs: number;
  /** Until when it holds for later asks, and for the one that was asked for. */
  readonly endsAtMs: number;
  readonly askerEndsAtMs: number;
}

/** All that a gate holds of its ledger. */
export interface Purse {
  readonly funds: Map<string, Fund>;
  told: Told | null;
  /** The ledger's limits as they were told last, resets by the gate's clock. */
  limits: readonly LimitView[];
  settlements: Settlement[];
  askingUntilMs: number;
  readonly demand: Demand;
}

/** Holds nothing yet. */
export function emptyPurse(): Purse {
  return {
    funds: new Map(),
    told: null,
    limits: [],
    settlements: [],
    askingUntilMs: 0,
    demand: noDemand(),
  };
}

/**
 * Answers an ask with what the gate holds of its ledger, in one step; null where that must be asked. A refusal names
 * every violated limit, so the ledger must have told of its own before one is given. `heard` is what it has told for
 * this very ask: that holds as a single permit does, also where it is not leased.
 */
export function giveFunded(
  gate: Gate,
  purse: Purse,
  ask: Ask,
  nowMs: number,
  heard: Told | null = null,
): Granted | Refused | null {
  const { generation, reserve } = ask;
  closeFunds(purse, generation, nowMs);
  const fund = fundFor(purse, generation, reserve, nowMs);
  if (fund !== null) {
    const { left: permits, leftMicro: micro, endsAtMs } = fund;
    const given = answer(gate, ask, nowMs, { limits: [], drawn: purse.limits, permits, micro, endsAtMs });
    if (given.kind === 'refused') return given;
    spend(purse, fund, given.id, given);
    return given.micro > 0 ? { ...given, hold: fund.id } : given;
  }
  const isHeard = heard !== null && isGood({ askedAtMs: heard.askedAtMs, endsAtMs: heard.askerEndsAtMs }, nowMs);
  const told = isHeard ? heard : toldOf(purse, generation, reserve, nowMs);
  const refused = told && refusal(gate, ask, nowMs, told.answer.limits);
  if (refused === null || told?.answer.kind !== 'refused') return refused;
  return { ...refused, ttlMs: Math.max(0, Math.min(refused.ttlMs, told.endsAtMs - nowMs)) };
}

/** A fund from which a grant can be made now, and used to its end; null: the ledger must be asked. */
function fundFor(purse: Purse, generation: number, reserve: number, nowMs: number): Fund | null {
  for (const fund of purse.funds.values()) {
    const isEnough = fund.left > 0 && fund.leftMicro >= reserve;
    if (isEnough && fund.generation === generation && isGood(fund, nowMs)) return fund;
  }
  return null;
}

/** Whether what is given now, even a single permit or a refusal, would end before what it rests on. */
function isGood({ askedAtMs, endsAtMs }: Pick<Fund, 'askedAtMs' | 'endsAtMs'>, nowMs: number): boolean {
  return nowMs >= askedAtMs && nowMs + usableMs(0) <= endsAtMs;
}

/** What the ledger has told of such a request, while that holds: that it refuses it, or that it would not. */
function toldOf({ told }: Purse, generation: number, reserve: number, nowMs: number): Told | null {
  if (told === null || told.generation !== generation || nowMs < told.askedAtMs || nowMs >= told.endsAtMs) return null;
  const { answer } = told;
  const holds = answer.kind === 'clear' ? reserve <= told.reserve : reserve >= answer.reserve;
  return holds ? told : null;
}

/** Makes a grant of a fund. */
function spend(purse: Purse, fund: Fund, grantId: string, { permits, micro }: Amount): void {
  fund.left -= permits;
  fund.leftMicro -= micro;
  fund.out += permits;
  fund.grants.add(grantId);
  purse.demand.count += permits;
}

/** Puts what came back where it was taken from; nowhere once that is closed. */
export function takeBack(purse: Purse, { id, used, permits, micro, isOver }: Returned): void {
  for (const fund of purse.funds.values()) {
    if (!fund.grants.has(id)) continue;
    if (isOver) fund.grants.delete(id);
    fund.out -= used + permits;
    fund.used += used;
    purse.demand.count = Math.max(0, purse.demand.count - permits);
    fund.left += permits;
    fund.leftMicro += micro;
  }
}

/**
 * Closes the funds that can be used no more, of which everything is back or is not waited for any longer. What is
 * still out then stays counted.
 */
export function closeFunds(purse: Purse, generation: number, nowMs: number): void {
  for (const fund of purse.funds.values()) {
    // A grant whose permits are all used may still bring back credits that no request has reserved.
    const isOut = fund.out > 0 || (fund.granted.micro > 0 && fund.grants.size > 0);
    const isUseless = fund.generation < generation || !isGood(fund, nowMs) || (fund.left === 0 && !isOut);
    const isLate = nowMs >= fund.endsAtMs + 2 * RETURN_AFTER_MS || nowMs < fund.askedAtMs;
    if (!isUseless || (isOut && !isLate)) continue;
    purse.funds.delete(fund.id);
    purse.settlements.push(closingOf(fund));
  }
}

function closingOf({ id, granted, leftMicro, used, out }: Fund): Settlement {
  const micro = { reserved: granted.micro - leftMicro, settled: 0, cost: 0 };
  return { id, used, closed: true, lost: out, ...(granted.micro > 0 && { micro }) };
}

/** When what is left of the funds should have gone up at the latest; null: there are none. */
export function nextCloseMs(purse: Purse): number | null {
  const ends = [...purse.funds.values()].map(({ endsAtMs }) => endsAtMs + 2 * RETURN_AFTER_MS);
  return ends.length > 0 ? Math.min(...ends) : null;
}

/** Begins a question to the ledger; `wanted` permits are what this one asker hopes for. */
export function beginDraw(purse: Purse, wanted: number, leaseMs: number, nowMs: number): number {
  const isCrowd = purse.askingUntilMs > nowMs;
  purse.askingUntilMs = nowMs + RENEWAL_MARK_MS;
  return isCrowd ? wanted : Math.max(wanted, expectedWithin(purse.demand, leaseMs, nowMs));
}

/** What there is to tell the ledger now: closed funds, and how much of the open ones is known to be used. */
export function takeClosings(purse: Purse): Settlement[] {
  const open = [...purse.funds.values()].filter(({ used }) => used > 0);
  const settle = [...purse.settlements, ...open.map(({ id, used }) => ({ id, used, closed: false }))];
  purse.settlements = [];
  return settle;
}

/** Ends a question; what could not be delivered is kept for the next one. */
export function endDraw(purse: Purse, undelivered: readonly Settlement[]): void {
  purse.askingUntilMs = 0;
  keepReports(purse.settlements, undelivered);
}

/** Keeps the ledger's answer, and returns it where it is no grant; `askedAtMs` is the gate's clock from before it asked. */
export function receiveDrawn(
  purse: Purse,
  answer: Granted | Refused | Clear,
  { generation, reserve }: { readonly generation: number; readonly reserve: number },
  askedAtMs: number,
): Told | null {
  const aheadMs = answer.atMs - askedAtMs;
  const limits = answer.limits.map((limit) => ({
    ...limit,
    resetAtMs: limit.resetAtMs === null ? null : limit.resetAtMs - aheadMs,
  }));
  purse.limits = limits;
  if (answer.kind !== 'granted') {
    const endsAtMs = askedAtMs + answer.ttlMs;
    const askerEndsAtMs = askedAtMs + Math.max(answer.ttlMs, LEDGER_SLACK_MS);
    purse.told = { answer: { ...answer, limits }, generation, reserve, askedAtMs, endsAtMs, askerEndsAtMs };
    return purse.told;
  }
  purse.told = null;
  purse.funds.set(answer.id, {
    id: answer.id,
    generation,
    granted: { permits: answer.permits, micro: answer.micro },
    left: answer.permits,
    leftMicro: answer.micro,
    out: 0,
    used: 0,
    grants: new Set(),
    askedAtMs,
    endsAtMs: askedAtMs + Math.max(answer.ttlMs, LEDGER_SLACK_MS),
  });
  return null;
}
