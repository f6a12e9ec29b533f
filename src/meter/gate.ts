import { type Fence, noteAnswer, openFence } from './fence.ts';
import {
  ceilingBlock,
  draw,
  type Limit,
  type LimitView,
  type Marks,
  type Meter,
  recover,
  restore,
  view,
} from './meter.ts';
import {
  LEASES_PER_WINDOW,
  REFUSAL_MS,
  REFUSAL_WHILE_LEASED_MS,
  SHORTEST_LEASE_MS,
  SMALL_LIMIT,
  usableMs,
} from './times.ts';

/*
 * The gate's side of a lease (DESIGN §4), as a machine without I/O: it grants permits out of the meter, takes unused
 * ones back once, and knows until when its answers can be used. The object around it stores what must survive.
 */

/** What an isolate reports of a grant: how many permits it used, and whether it has closed it. */
export interface Settlement {
  readonly id: string;
  readonly used: number;
  readonly closed: boolean;
}

/** A question for admission, of a record at `generation`. */
export interface Ask {
  readonly generation: number;
  /** About how many permits the isolate will need within a lease; at least 1. */
  readonly want: number;
  /** The policy's lease time; 0: ask every time. */
  readonly leaseMs: number;
  readonly limits: readonly Limit[];
  readonly settle: readonly Settlement[];
}

/** Permits to use until max(ttlMs, SLACK_MS) after the moment of asking; `ttlMs` 0: one permit, no lease. */
export interface Granted {
  readonly kind: 'granted';
  readonly id: string;
  readonly generation: number;
  readonly permits: number;
  readonly ttlMs: number;
  readonly limits: readonly LimitView[];
  /** The gate's clock, to which the resets of `limits` are relative. */
  readonly atMs: number;
}

/** No permit before `ttlMs` after the moment of asking; `violated` names every limit that refused. */
export interface Refused {
  readonly kind: 'refused';
  readonly generation: number;
  readonly ttlMs: number;
  readonly violated: readonly string[];
  /** When the last of the violated limits frees up; null: never by itself. */
  readonly retryAfterMs: number | null;
  readonly limits: readonly LimitView[];
  readonly atMs: number;
}

interface Grant {
  readonly permits: number;
  readonly marks: Marks;
  readonly endsAtMs: number;
  used: number;
}

/** A running gate. Only what {@link snapshot} gives, the floor and `longestMs` are durable. */
export interface Gate {
  readonly meter: Meter;
  readonly fence: Fence;
  /** Grants by id, oldest first, for as long as a settlement may come. */
  readonly grants: Map<string, Grant>;
  /** Ends of the leases (not of single permits) that are out, by id, oldest first. */
  readonly leases: Map<string, number>;
  /** The longest time that an answer of this gate, or of a predecessor, could be used. */
  longestMs: number;
  /** Permits that may still be granted below the durable ceiling. */
  ahead: number;
  idPrefix: string;
  sequence: number;
}

/** The meter as it is stored, with the permits that may be granted before it is stored again. */
export interface StoredMeter {
  readonly meter: Meter;
  readonly reserve: number;
}

/** A settlement that comes later than this after a grant's end is ignored: its permits stay counted. */
const SETTLE_WITHIN_MS = 120_000;

/** A gate at its start, from what its predecessor stored. `idPrefix` is new for each start, so old ids are unknown. */
export function openGate(stored: StoredMeter, longestMs: number, idPrefix: string, nowMs: number): Gate {
  recover(stored.meter, stored.reserve, nowMs + longestMs);
  return {
    meter: stored.meter,
    fence: openFence(nowMs, longestMs),
    grants: new Map(),
    leases: new Map(),
    longestMs,
    ahead: 0,
    idPrefix,
    sequence: 0,
  };
}

/** Notes what isolates report. Unknown and closed ids are ignored, so nothing comes back twice. */
export function settle(gate: Gate, settlements: readonly Settlement[]): void {
  for (const { id, used, closed } of settlements) {
    const grant = gate.grants.get(id);
    if (grant === undefined) continue;
    const now = Math.min(Math.max(used, grant.used), grant.permits);
    gate.meter.used += now - grant.used;
    grant.used = now;
    if (!closed) continue;
    if (grant.permits > now) restore(gate.meter, grant.marks, grant.permits - now);
    gate.grants.delete(id);
    gate.leases.delete(id);
  }
}

function forgetEnded(gate: Gate, nowMs: number): void {
  for (const [id, endsAtMs] of gate.leases) {
    if (endsAtMs > nowMs) break;
    gate.leases.delete(id);
  }
  for (const [id, grant] of gate.grants) {
    if (grant.endsAtMs + SETTLE_WITHIN_MS > nowMs) break;
    gate.grants.delete(id);
  }
}

/** The policy's lease, cut to a share of the shortest window that it draws on; 0 where that would be too short. */
function leaseTime(ask: Ask): number {
  const shortest = Math.min(...ask.limits.map(({ windowMs }) => windowMs ?? Number.POSITIVE_INFINITY));
  const ttlMs = Math.min(ask.leaseMs, Math.floor(shortest / LEASES_PER_WINDOW));
  return ttlMs < SHORTEST_LEASE_MS ? 0 : ttlMs;
}

/** How many permits of `remaining` to hand out: what is wanted, at most a quarter of a fair share; 1 for small limits. */
function share(gate: Gate, ask: Ask, remaining: number): number {
  if (ask.limits.some(({ limit }) => limit <= SMALL_LIMIT)) return 1;
  const fair = Math.floor(remaining / 4 / Math.max(1, gate.leases.size));
  return Math.max(1, Math.min(Math.floor(ask.want), fair));
}

/**
 * Answers an ask of the floor's generation. All or nothing: a refusal debits nothing and names every violated limit.
 * The answer is noted in the fence before it is given.
 */
export function answer(gate: Gate, ask: Ask, nowMs: number): Granted | Refused {
  settle(gate, ask.settle);
  forgetEnded(gate, nowMs);
  // The stored ceiling knows nothing of a window that is new.
  if (ask.limits.some(({ name, windowMs }) => windowMs !== null && gate.meter.windows[name] === undefined))
    gate.ahead = 0;
  const leaseMs = leaseTime(ask);
  const views = view(gate.meter, ask.limits, nowMs);
  const violated = views.filter(({ remaining }) => remaining < 1);
  if (violated.length > 0) return refuse(gate, ask, views, violated, nowMs);

  const remaining = Math.min(Number.MAX_SAFE_INTEGER, ...views.map((limit) => limit.remaining));
  const permits = leaseMs === 0 ? 1 : share(gate, ask, remaining);
  const ttlMs = permits === 1 ? 0 : leaseMs;
  const id = `${gate.idPrefix}${++gate.sequence}`;
  const endsAtMs = nowMs + usableMs(ttlMs);
  gate.grants.set(id, { permits, marks: draw(gate.meter, ask.limits, permits, endsAtMs), endsAtMs, used: 0 });
  if (ttlMs > 0) gate.leases.set(id, endsAtMs);
  // A limit that was lowered has a smaller block; what its predecessor was ahead counts no more.
  gate.ahead = Math.min(gate.ahead, ceilingBlock(ask.limits) - 1) - permits;
  note(gate, ask.generation, endsAtMs, nowMs);
  const limits = view(gate.meter, ask.limits, nowMs);
  return { kind: 'granted', id, generation: ask.generation, permits, ttlMs, limits, atMs: nowMs };
}

function refuse(
  gate: Gate,
  ask: Ask,
  limits: readonly LimitView[],
  violated: readonly LimitView[],
  nowMs: number,
): Refused {
  const resets = violated.map(({ resetAtMs }) => resetAtMs);
  const retryAfterMs = resets.includes(null) ? null : Math.max(1, ...resets.map((at) => (at ?? nowMs) - nowMs));
  const longest = gate.leases.size > 0 ? REFUSAL_WHILE_LEASED_MS : REFUSAL_MS;
  const ttlMs = ask.leaseMs === 0 ? 0 : Math.min(longest, retryAfterMs ?? longest);
  note(gate, ask.generation, nowMs + usableMs(ttlMs), nowMs);
  const names = violated.map(({ name }) => name);
  return { kind: 'refused', generation: ask.generation, ttlMs, violated: names, retryAfterMs, limits, atMs: nowMs };
}

/** Notes an answer that confirms a record of `generation`; it may be used for `ttlMs`. */
export function noteConfirmation(gate: Gate, generation: number, ttlMs: number, nowMs: number): void {
  note(gate, generation, nowMs + usableMs(ttlMs), nowMs);
}

function note(gate: Gate, generation: number, endsAtMs: number, nowMs: number): void {
  gate.longestMs = Math.max(gate.longestMs, endsAtMs - nowMs);
  noteAnswer(gate.fence, generation, endsAtMs, nowMs);
}

/** What to store now so that a crash forgets nothing: the meter, and `block - 1` permits that may follow unwritten. */
export function snapshot(gate: Gate, limits: readonly Limit[]): StoredMeter {
  gate.ahead = ceilingBlock(limits) - 1;
  return { meter: gate.meter, reserve: gate.ahead };
}

/** What to store when traffic has stopped: the exact count. */
export function exactSnapshot(gate: Gate): StoredMeter {
  gate.ahead = 0;
  return { meter: gate.meter, reserve: 0 };
}
