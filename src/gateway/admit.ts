import { digestUnder, innerHash } from '../credential/digest.ts';
import { decide, type RequestFacts } from '../decision/decide.ts';
import { type Denial, deny } from '../decision/denial.ts';
import { type KeyRecord, PURGED_FLOOR } from '../decision/record.ts';
import { canTake, type Held, isConfirmed, isRenewalDue, take } from '../meter/lease.ts';
import { fromKv, fromMemory, fromPrimary, remember, writeKv } from '../registry/lookup.ts';
import {
  askConfirmation,
  askGate,
  askSource,
  type Background,
  giveBack,
  type Heard,
  isClear,
  renew,
  reportUse,
} from './ask.ts';
import { type Edge, slotOf, told } from './edge.ts';
import { limitDenial, reserveOf } from './limits.ts';
import { addressSource, lockDenial, secretSource, strikeFor } from './strike.ts';
import { gateUnavailable } from './unavailable.ts';

/** A credential that reads like a key, and its name in this isolate's memory. It lives as long as its request. */
export interface Presented {
  readonly secret: string;
  readonly fingerprint: string;
}

/** A secret as admission takes it. */
export function present(edge: Edge, secret: string): Presented {
  return { secret, fingerprint: edge.fingerprint(secret) };
}

/**
 * The facts of a request that admission reads: `source` is the client address, IPv6 by /64, and null where none is
 * known, which no lockout counts then; `reservation` are the micro-credits that it may cost.
 */
export interface AdmitFacts extends RequestFacts {
  readonly source: string | null;
  readonly reservation: number;
}

/** The lease that a request was admitted on, with what it reserved of it. */
export interface Ticket {
  readonly held: Held;
  readonly reserve: number;
}

export type Admission =
  | { readonly admitted: true; readonly record: KeyRecord; readonly ticket: Ticket | null }
  | { readonly admitted: false; readonly denial: Denial; readonly record: KeyRecord | undefined };

/** Refusals of a credential that is bad and stays so: each is a strike (DESIGN §2). */
const STRIKES: ReadonlySet<string> = new Set(['unknown', 'revoked', 'expired', 'grace_ended']);

/** More rounds than any honest sequence of answers takes; past that the gate is not answering usefully. */
const MAX_ROUNDS = 8;

/**
 * Admits, or refuses for a leased refusal, with what this isolate holds: one synchronous step, no I/O. Null where
 * something must be asked. The caller awaits nothing between this and acting on it.
 */
export function admitWarm(edge: Edge, presented: Presented, facts: AdmitFacts, back: Background): Admission | null {
  const nowMs = edge.clock.nowMs();
  const record = fromMemory(edge.lookup, presented.fingerprint, nowMs);
  if (record === undefined || !mayBeHeard(edge, facts, nowMs, back)) return null;
  if (decide(record, facts, edge.policy, nowMs) !== null) return null;
  const slot = slotOf(edge, record.keyId);
  const reserve = reserveOf(record, edge.policy, facts.reservation);
  const taken = take(slot, record.generation, nowMs, reserve);
  if (taken === null) return null;
  if (taken.kind === 'refused') return { admitted: false, denial: limitDenial(taken, record, edge.policy), record };
  if (taken.isShort) back.waitUntil(reportUse(edge, record.keyId));
  if (isRenewalDue(slot, nowMs)) back.waitUntil(renew(edge, record, reserve, back));
  edge.counters.raise('admissions leased');
  return { admitted: true, record, ticket: { held: taken, reserve } };
}

function mayBeHeard(edge: Edge, { source }: AdmitFacts, nowMs: number, back: Background): boolean {
  return source === null || isClear(edge, source, nowMs, back);
}

/** What has been learnt so far for one request; each round asks for what is missing. */
interface Progress {
  /**
   * `identify`: a key asks about itself, or about another one; no permit. `continue`: a running stream asks whether it may go on; no permit,
   * no lockout, no strike.
   */
  readonly mode: 'admit' | 'identify' | 'continue';
  readonly inner: ArrayBuffer;
  readonly digest: string;
  readonly source: string | null;
  record: KeyRecord | undefined;
  /** The record was read from the primary by this very request. */
  fresh: boolean;
  heard: Heard;
  /** The gate could not be reached and the policy serves what the cache knows as good. */
  ungated: boolean;
}

type Missing = { readonly kind: 'missing'; readonly source: boolean; readonly gate: 'admit' | 'confirm' | null };
type Step =
  | { readonly kind: 'admitted'; readonly ticket: Ticket | null }
  | { readonly kind: 'denied'; readonly denial: Denial }
  | Missing;

/** Decides with what is known now, in one synchronous step: done, or what is missing. */
function step(edge: Edge, progress: Progress, facts: AdmitFacts, nowMs: number): Step {
  const { record, mode, heard } = progress;
  if ('denial' in heard) return { kind: 'denied', denial: heard.denial };
  const name = facts.source === null ? null : addressSource(facts.source);
  const locked = mode !== 'continue' && name !== null ? lockDenial(edge, name, nowMs) : null;
  if (locked !== null) return { kind: 'denied', denial: locked };
  const source = name !== null && heard.untilMs <= nowMs && told(edge, name, nowMs)?.kind !== 'clear';
  if (record === undefined) return { kind: 'missing', source, gate: null };

  const denial = decide(record, facts, edge.policy, nowMs);
  const slot = slotOf(edge, record.keyId);
  if (denial !== null || mode !== 'admit') {
    // The primary alone makes a denial sure; that a key still holds is for the gate to say.
    const read = progress.fresh && denial !== null;
    const sure = read || progress.ungated || isConfirmed(slot, record.generation, nowMs);
    if (source || !sure) return { kind: 'missing', source, gate: sure ? null : 'confirm' };
    return denial === null ? { kind: 'admitted', ticket: null } : { kind: 'denied', denial };
  }
  const reserve = reserveOf(record, edge.policy, facts.reservation);
  const gate = progress.ungated || canTake(slot, record.generation, nowMs, reserve) ? null : 'admit';
  if (source || gate !== null) return { kind: 'missing', source, gate };
  const taken = progress.ungated ? null : take(slot, record.generation, nowMs, reserve);
  if (taken === null) return { kind: 'admitted', ticket: null };
  if (taken.kind === 'held') return { kind: 'admitted', ticket: { held: taken, reserve } };
  return { kind: 'denied', denial: limitDenial(taken, record, edge.policy) };
}

/**
 * Admits with whatever must be asked: lookups, the key's gate and the source's lockout, side by side. A bad credential
 * is struck before its refusal is returned. Never throws: a store that fails is the denial `gate_unavailable`.
 */
export function admit(edge: Edge, presented: Presented, facts: AdmitFacts, back: Background): Promise<Admission> {
  return run(edge, presented, facts, back, 'admit');
}

/**
 * Judges a key that asks for nothing but an answer: all but its limits, of which nothing is taken. A bad credential is
 * struck as {@link admit} does, and there is never a ticket.
 */
export function identify(edge: Edge, presented: Presented, facts: AdmitFacts, back: Background): Promise<Admission> {
  return run(edge, presented, facts, back, 'identify');
}

/** {@link identify} with what this isolate holds, as {@link admitWarm}: null where something must be asked. */
export function identifyWarm(edge: Edge, presented: Presented, facts: AdmitFacts, back: Background): Admission | null {
  const nowMs = edge.clock.nowMs();
  const record = fromMemory(edge.lookup, presented.fingerprint, nowMs);
  if (record === undefined || !mayBeHeard(edge, facts, nowMs, back)) return null;
  if (!isConfirmed(slotOf(edge, record.keyId), record.generation, nowMs)) return null;
  return decide(record, facts, edge.policy, nowMs) === null ? { admitted: true, record, ticket: null } : null;
}

/** Whether the key may go on using a running stream, as surely as a new request would be judged. */
export async function mayContinue(
  edge: Edge,
  presented: Presented,
  facts: AdmitFacts,
  back: Background,
): Promise<boolean> {
  return (await run(edge, presented, facts, back, 'continue')).admitted;
}

async function run(
  edge: Edge,
  presented: Presented,
  facts: AdmitFacts,
  back: Background,
  mode: Progress['mode'],
): Promise<Admission> {
  const inner = await innerHash(presented.secret);
  const progress: Progress = {
    mode,
    inner,
    digest: await digestUnder(edge.lookup.peppers[0], inner),
    source: facts.source,
    record: fromMemory(edge.lookup, presented.fingerprint, edge.clock.nowMs()),
    fresh: false,
    heard: { untilMs: mode === 'continue' ? Number.POSITIVE_INFINITY : 0 },
    ungated: false,
  };
  try {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const next = step(edge, progress, facts, edge.clock.nowMs());
      if (next.kind === 'admitted') {
        const record = progress.record as KeyRecord;
        if (mode === 'admit') edge.counters.raise('admissions asked');
        if (next.ticket?.held.isShort) back.waitUntil(reportUse(edge, record.keyId));
        return { admitted: true, record, ticket: next.ticket };
      }
      const denial = next.kind === 'denied' ? next.denial : await learn(edge, progress, presented, facts, next, back);
      if (denial !== null) return await denied(edge, progress, facts, denial, back);
    }
    const denial = gateUnavailable(back, 'unsettled', { rounds: MAX_ROUNDS });
    return { admitted: false, denial, record: progress.record };
  } catch (error) {
    const told = error instanceof Error ? error.message : 'unknown';
    return { admitted: false, denial: gateUnavailable(back, 'store', { error: told }), record: progress.record };
  }
}

async function denied(
  edge: Edge,
  progress: Progress,
  facts: AdmitFacts,
  denial: Denial,
  back: Background,
): Promise<Admission> {
  const { digest, record } = progress;
  if (progress.mode === 'continue' || !STRIKES.has(denial.reason)) return { admitted: false, denial, record };
  const struck = strikeFor(edge, denial, facts.source, digest, record);
  // A caller who hangs up is struck all the same.
  back.waitUntil(struck.catch(() => undefined));
  return { admitted: false, denial: await struck, record };
}

/** Asks for what is missing, side by side. Returns a denial where the answer is one. */
async function learn(
  edge: Edge,
  progress: Progress,
  presented: Presented,
  facts: AdmitFacts,
  missing: Missing,
  back: Background,
): Promise<Denial | null> {
  const { record } = progress;
  const source =
    missing.source && facts.source !== null
      ? askSource(edge, facts.source).catch(fallback(edge, back, 'lockout'))
      : null;
  if (record === undefined) return lookUp(edge, progress, presented, source, back);

  const gate =
    missing.gate === 'admit'
      ? askGate(edge, record, progress.fresh, reserveOf(record, edge.policy, facts.reservation), back)
      : missing.gate === 'confirm'
        ? askConfirmation(edge, record, progress.fresh)
        : null;
  const [keep, heard] = await Promise.all([
    gate?.catch(fallback(edge, back, 'gate')),
    source?.catch(async (error: unknown) => {
      // What the gate gives beside a lockout that fails goes back: a refused request consumes nothing.
      const kept = (await gate?.catch(() => undefined))?.();
      if (kept?.kind === 'granted') back.waitUntil(giveBack(edge, record.keyId, kept.id));
      throw error;
    }),
  ]);
  // From here to the next step() nothing is awaited: what was granted to this request is taken by it.
  hear(progress, heard);
  if (gate !== null && keep === undefined) progress.ungated = true;
  const kept = keep?.();
  if ('denial' in progress.heard) {
    if (kept?.kind === 'granted') back.waitUntil(giveBack(edge, record.keyId, kept.id));
    return progress.heard.denial;
  }
  if (kept?.kind === 'stale') edge.counters.raise('stale_answers');
  if (kept?.kind === 'stale') return refresh(edge, progress, presented, kept.floor, back);
  return kept?.kind === 'refused' ? limitDenial(kept.refused, record, edge.policy) : null;
}

/** An object that cannot be reached: refuse by throwing on, or in `cached` mode go on without it. */
function fallback(edge: Edge, back: Background, store: 'gate' | 'lockout'): (error: unknown) => undefined {
  return (error) => {
    if (edge.policy.gate_unreachable === 'closed') throw error;
    back.alert('gate_unavailable', { cause: store, served: 'cached' });
  };
}

function hear(progress: Progress, heard: Heard | null | undefined): void {
  if (heard === null) return;
  progress.heard = heard ?? { untilMs: Number.POSITIVE_INFINITY };
}

async function lookUp(
  edge: Edge,
  progress: Progress,
  presented: Presented,
  source: Promise<Heard | undefined> | null,
  back: Background,
): Promise<Denial | null> {
  const [cached, heard] = await Promise.all([fromKv(edge.lookup, progress.digest), source]);
  hear(progress, heard);
  if (cached !== undefined) {
    progress.record = cached;
    remember(edge.lookup, presented.fingerprint, cached, edge.clock.nowMs());
    return null;
  }
  // The database is read only for a source that may be heard, and not for a secret that is known to be locked.
  if ('denial' in progress.heard) return progress.heard.denial;
  const locked = lockDenial(edge, secretSource(progress.digest), edge.clock.nowMs());
  return locked ?? refresh(edge, progress, presented, 0, back);
}

/** Reads the primary once and repairs memory and KV. A record still below the gate's floor is a restored database. */
async function refresh(
  edge: Edge,
  progress: Progress,
  presented: Presented,
  floor: number,
  back: Background,
): Promise<Denial | null> {
  const seen = progress.record;
  const found = await fromPrimary(edge.lookup, progress.inner, progress.digest);
  const asks = found === undefined && seen === undefined && progress.mode !== 'continue';
  const record = asks ? await edge.adopt?.(edge, { ...progress, secret: presented.secret }, back) : found;
  if (record !== undefined && 'reason' in record) return record;
  progress.record = record;
  if (record === undefined || floor === PURGED_FLOOR) {
    edge.lookup.memory.delete(presented.fingerprint);
    return deny('unknown');
  }
  if (record.generation < floor) {
    const about = { key: record.keyId, generation: record.generation, floor };
    return gateUnavailable(back, 'registry_behind_gate', about, 5_000);
  }
  progress.fresh = true;
  remember(edge.lookup, presented.fingerprint, record, edge.clock.nowMs());
  back.waitUntil(writeKv(edge.lookup, progress.digest, record, seen));
  return null;
}
