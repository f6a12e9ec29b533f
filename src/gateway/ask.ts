import type { Denial } from '../decision/denial.ts';
import { type KeyRecord, termsOf } from '../decision/record.ts';
import type { Refused } from '../meter/gate.ts';
import {
  beginAsk,
  closeGrant,
  endAsk,
  type Held,
  receive,
  returnDueMs,
  type Slot,
  settleCost,
  takeReports,
} from '../meter/lease.ts';
import { keepReports, unusedGrant } from '../meter/settle.ts';
import {
  RENEWAL_MARK_MS,
  REPORT_AFTER_MS,
  RETURN_AFTER_MS,
  RETURNS_AT_MOST_MS,
  RETURNS_FOR_MS,
  SLACK_MS,
} from '../meter/times.ts';
import { callObject } from '../objects/call.ts';
import type { AccountTerms, Confirmed, GateAnswer, Stale } from '../objects/key-gate.ts';
import type { Standing } from '../objects/lockout.ts';
import { type Edge, keepTold, slotOf, told } from './edge.ts';
import { accountLimitsOf, creditTermsOf, limitsOf } from './limits.ts';
import { addressSource, lockedFor } from './strike.ts';

/*
 * The questions to objects. Each answer is timed from before it was asked, and given back as a `keep` that its asker
 * calls in the same synchronous step in which it uses the answer; an answer from before a backward step of the clock
 * is good for nothing.
 */

/** What a request costs beyond its answer: background work, and events for the operator. */
export interface Background {
  readonly waitUntil: (work: Promise<unknown>) => void;
  readonly alert: (event: string, about: Record<string, string | number>) => void;
}

/** What was kept of an answer: `stale` with the floor, the id of a grant, a refusal, or nothing to act on. */
export type Kept =
  | { readonly kind: 'stale'; readonly floor: number }
  | { readonly kind: 'granted'; readonly id: string }
  | { readonly kind: 'refused'; readonly refused: Refused }
  | { readonly kind: 'nothing' };

const NOTHING: Kept = { kind: 'nothing' };

/**
 * Asks the key's gate for permits, each with `reserve` micro-credits. Throws where it, or the account's ledger behind
 * it, cannot be reached.
 */
export async function askGate(
  edge: Edge,
  record: KeyRecord,
  fresh: boolean,
  reserve: number,
  back: Background,
): Promise<() => Kept> {
  const slot = slotOf(edge, record.keyId);
  const askedAtMs = edge.clock.nowMs();
  const { epoch } = edge.clock;
  const leaseMs = edge.policy.lease;
  const { want, settle } = beginAsk(slot, leaseMs, askedAtMs);
  const { generation } = record;
  // What credits were given for must not be lost with an answer.
  const named = reserve > 0 ? { id: crypto.randomUUID() } : {};
  let answer: GateAnswer;
  try {
    answer = await callObject(() =>
      edge.gate(record.keyId).admit({
        ...named,
        generation,
        fresh: fresh ? termsOf(record) : null,
        want,
        leaseMs,
        limits: limitsOf(record, edge.policy),
        reserve,
        account: accountTerms(edge, record, reserve),
        settle,
      }),
    );
  } catch (error) {
    endAsk(slot, 'id' in named ? [...settle, unusedGrant(named.id)] : settle);
    returnLater(edge, record.keyId, back);
    throw error;
  }
  endAsk(slot, answer.kind === 'stale' ? settle : []);
  return () => {
    if (answer.kind === 'stale') {
      returnLater(edge, record.keyId, back);
      return answer;
    }
    if (epoch !== edge.clock.epoch) {
      if (answer.kind === 'granted') slot.settlements.push(unusedGrant(answer.id));
      return NOTHING;
    }
    receive(slot, answer, askedAtMs);
    if (answer.kind === 'refused') {
      const usable = edge.clock.nowMs() < askedAtMs + Math.max(answer.ttlMs, SLACK_MS);
      return usable ? { kind: 'refused', refused: answer } : NOTHING;
    }
    if (answer.permits > 1) edge.counters.raise('leases');
    returnLater(edge, record.keyId, back);
    return { kind: 'granted', id: answer.id };
  };
}

/** What the account limits for a request that reserves `reserve`; null: nothing, and its ledger is not asked. */
function accountTerms({ policy }: Edge, record: KeyRecord, reserve: number): AccountTerms | null {
  const limits = accountLimitsOf(record, policy);
  const credits = reserve > 0 ? creditTermsOf(record, policy) : null;
  return limits.length === 0 && credits === null ? null : { accountId: record.accountId, limits, credits };
}

/** Asks the gate whether a record is current, so that a denial read from it may be answered. */
export async function askConfirmation(edge: Edge, record: KeyRecord, fresh: boolean): Promise<() => Kept> {
  const slot = slotOf(edge, record.keyId);
  const askedAtMs = edge.clock.nowMs();
  const { epoch } = edge.clock;
  const answer: Confirmed | Stale = await callObject(() =>
    edge.gate(record.keyId).confirm(record.generation, fresh ? termsOf(record) : null, edge.policy.lease),
  );
  return () => {
    if (answer.kind === 'stale') return answer;
    const endsAtMs = askedAtMs + Math.max(answer.ttlMs, SLACK_MS);
    if (epoch === edge.clock.epoch) slot.confirmed = { generation: answer.generation, askedAtMs, endsAtMs };
    return NOTHING;
  };
}

/** What the source's lockout answered, for the asking request alone: the lock's denial, or until when it is heard. */
export type Heard = { readonly denial: Denial } | { readonly untilMs: number };

/** Asks where a client address stands, and remembers what was leased. Throws where the lockout cannot be reached. */
export async function askSource(edge: Edge, address: string): Promise<Heard> {
  const name = addressSource(address);
  const askedAtMs = edge.clock.nowMs();
  const { epoch } = edge.clock;
  const standing: Standing = await callObject(() =>
    edge.lockout(name).ask(edge.policy.lockouts.address.window, edge.policy.lease),
  );
  const nowMs = edge.clock.nowMs();
  if (standing.kind !== 'watched' && epoch === edge.clock.epoch) keepTold(edge, name, standing, askedAtMs, nowMs);
  if (standing.kind === 'locked') return { denial: lockedFor(name, standing.retryAfterMs) };
  return { untilMs: askedAtMs + Math.max(SLACK_MS, nowMs - askedAtMs) + 1 };
}

/** Renews a hot lease in the background, so that a busy key never waits. The old lease stays open. */
export async function renew(edge: Edge, record: KeyRecord, reserve: number, back: Background): Promise<void> {
  try {
    const keep = await askGate(edge, record, false, reserve, back);
    keep();
  } catch {
    back.alert('renewal_failed', { key: record.keyId });
  }
}

/** Whether an address is known to be clear. A lease of that past most of its life is renewed in the background. */
export function isClear(edge: Edge, address: string, nowMs: number, back: Background): boolean {
  const known = told(edge, addressSource(address), nowMs);
  if (known?.kind !== 'clear') return false;
  if (nowMs >= known.renewAtMs) {
    known.renewAtMs = nowMs + RENEWAL_MARK_MS;
    back.waitUntil(askSource(edge, address).catch(() => back.alert('renewal_failed', {})));
  }
  return true;
}

/** Closes a grant that its asker may not use, and sends it back; nothing where its report is on its way already. */
export async function giveBack(edge: Edge, keyId: string, grantId: string): Promise<void> {
  const slot = slotOf(edge, keyId);
  if (closeGrant(slot, grantId)) await sendSettlements(edge, keyId, slot);
}

/** Sees to it that what becomes of grants is told by itself where no later question takes it along. */
function returnLater(edge: Edge, keyId: string, back: Background): void {
  const slot = slotOf(edge, keyId);
  const isCounted = slot.limits.length > 0;
  if (isCounted && slot.returningUntilMs < edge.clock.nowMs()) back.waitUntil(returnUnused(edge, keyId, slot));
}

/**
 * One request does so for all of a key, until nothing is left or another one takes over. It looks again soon enough for
 * what is granted meanwhile, or was not heard.
 */
async function returnUnused(edge: Edge, keyId: string, slot: Slot): Promise<void> {
  const { clock } = edge;
  const sinceMs = clock.nowMs();
  for (let isHandedOn = false; ; ) {
    const nowMs = clock.nowMs();
    const dueMs = returnDueMs(slot);
    if (isHandedOn && slot.returningUntilMs > nowMs) return;
    if (dueMs === null || nowMs - sinceMs >= RETURNS_AT_MOST_MS) break;
    isHandedOn = nowMs - sinceMs >= RETURNS_FOR_MS;
    slot.returningUntilMs = isHandedOn ? 0 : nowMs + RETURN_AFTER_MS + RENEWAL_MARK_MS;
    if (nowMs < dueMs) await scheduler.wait(Math.min(dueMs - nowMs, RETURN_AFTER_MS));
    else await tellNow(edge, keyId, slot);
  }
  slot.returningUntilMs = 0;
}

async function tellNow(edge: Edge, keyId: string, slot: Slot): Promise<void> {
  slot.settlements = takeReports(slot, edge.clock.nowMs());
  await sendSettlements(edge, keyId, slot);
}

/** Tells the gate soon what was used, together with others: a short window holds more the sooner it is known. */
export async function reportUse(edge: Edge, keyId: string): Promise<void> {
  const slot = slotOf(edge, keyId);
  if (slot.isReporting) return;
  slot.isReporting = true;
  await scheduler.wait(REPORT_AFTER_MS);
  slot.isReporting = false;
  await tellNow(edge, keyId, slot);
}

/**
 * Notes what a request cost out of what it had reserved; the next question takes it to the gate. Where the key has
 * quotas in credits it goes by itself if none comes soon.
 */
export function reportCost(
  edge: Edge,
  { keyId, quotas }: KeyRecord,
  { held, reserve }: { readonly held: Held; readonly reserve: number },
  cost: number,
  back: Background,
): void {
  const slot = slotOf(edge, keyId);
  settleCost(slot, held, reserve, cost);
  if (quotas.credits === undefined) return;
  back.waitUntil(scheduler.wait(RETURN_AFTER_MS).then(() => sendSettlements(edge, keyId, slot)));
}

async function sendSettlements(edge: Edge, keyId: string, slot: Slot): Promise<void> {
  const { settlements } = slot;
  if (settlements.length === 0) return;
  slot.settlements = [];
  try {
    await callObject(() => edge.gate(keyId).settle(settlements));
  } catch {
    keepReports(slot.settlements, settlements);
  }
}
