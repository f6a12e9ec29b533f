import { type Fence, noteAnswer, openFence } from './fence.ts';
import {
  type Amount,
  ceilingBlock,
  draw,
  isNewMonth,
  type Limit,
  type LimitView,
  type Meter,
  recover,
  shift,
  view,
} from './meter.ts';
import { type Book, countingTime, forgetEnded, NOTHING_SPENT } from './settle.ts';
import {
  GUARD_MS,
  isShort,
  LEASES_PER_WINDOW,
  LEDGER_LEASES,
  REFUSAL_MS,
  REFUSAL_WHILE_LEASED_MS,
  REFUSALS_PER_WINDOW,
  SHORTEST_LEASE_MS,
  SLACK_MS,
  SMALL_LIMIT,
  usableMs,
} from './times.ts';

/*
 * The giver's side of a lease (DESIGN §4), as a machine without I/O: it grants permits out of the meter, takes unused
 * ones back once, and knows until when its answers can be used. A key's gate is one, whose askers are isolates, and an
 * account's ledger is one, whose askers are gates. The object around it stores what must survive.
 */

/** A question for admission, of a record at `generation`. */
export interface Ask {
  /** What the asker will know the grant by, also where it never hears the answer; absent: the giver names it. */
  readonly id?: string;
  readonly generation: number;
  /** About how many permits the asker will need within a lease; at least 1. */
  readonly want: number;
  /** The policy's lease time; 0: ask every time. */
  readonly leaseMs: number;
  readonly limits: readonly Limit[];
  /** Micro-credits that each permit must bring with it. */
  readonly reserve: number;
}

/** Permits to use until max(ttlMs, SLACK_MS) after the moment of asking; `ttlMs` 0: one permit, no lease. */
export interface Granted {
  readonly kind: 'granted';
  readonly id: string;
  readonly generation: number;
  readonly permits: number;
  /** Micro-credits, for all permits together. */
  readonly micro: number;
  /** The ledger's lease that the credits are of. */
  readonly hold?: string;
  readonly ttlMs: number;
  readonly limits: readonly LimitView[];
  /** The giver's clock, to which the resets of `limits` are relative. */
  readonly atMs: number;
}

/** No permit before `ttlMs` after the moment of asking; `violated` names every limit that refused. */
export interface Refused {
  readonly kind: 'refused';
  readonly generation: number;
  readonly ttlMs: number;
  readonly violated: readonly string[];
  /** Requests that reserve less than this may be admitted all the same; 0: none may. */
  readonly reserve: number;
  /** When the last of the violated limits frees up; null: never by itself. */
  readonly retryAfterMs: number | null;
  readonly limits: readonly LimitView[];
  readonly atMs: number;
}

/** What else bounds an answer: limits that are counted elsewhere, and what a grant can be made of. */
export interface Bounds {
  readonly limits: readonly LimitView[];
  /** Limits out of which a grant is drawn already; they refuse nothing, and are told with the others. */
  readonly drawn: readonly LimitView[];
  readonly permits: number;
  readonly micro: number;
  /** No grant may be usable after this. */
  readonly endsAtMs: number;
}

/** A running gate. Only what {@link snapshot} gives, the floor and `longestMs` are durable. */
export interface Gate extends Book {
  readonly fence: Fence;
  readonly slackMs: number;
  /** The longest time that an answer of this gate, or of a predecessor, could be used. */
  longestMs: number;
  /** The limits that the durable ceiling must be close to, by name: those asked for since it was last exact. */
  readonly covered: Map<string, Limit>;
  /** Permits that may still be granted below the durable ceiling. */
  ahead: number;
  idPrefix: string;
  sequence: number;
}

/** The meter as it is stored, with what may be granted before it is stored again. */
export interface StoredMeter {
  readonly meter: Meter;
  readonly reserve: number;
  /** Absent where an older version stored it: it gave no credits. */
  readonly reserveMicro?: number;
  /** The limits that the reserve counts in; absent where an older version stored it: all. */
  readonly names?: readonly string[];
}

const UNBOUNDED: Bounds = {
  limits: [],
  drawn: [],
  permits: Number.MAX_SAFE_INTEGER,
  micro: Number.MAX_SAFE_INTEGER,
  endsAtMs: Number.POSITIVE_INFINITY,
};

/** A gate at its start, from what its predecessor stored. `idPrefix` is new for each start, so old ids are unknown. */
export function openGate(
  { meter, reserve, reserveMicro = 0, names }: StoredMeter,
  longestMs: number,
  idPrefix: string,
  nowMs: number,
  slackMs = SLACK_MS,
): Gate {
  if (names === undefined) shift(meter, longestMs);
  recover(meter, { permits: reserve, micro: reserveMicro }, nowMs + longestMs, names);
  return {
    meter,
    fence: openFence(nowMs, longestMs),
    grants: new Map(),
    leases: new Map(),
    slackMs,
    longestMs,
    latestMs: nowMs,
    covered: new Map(),
    ahead: 0,
    aheadMicro: 0,
    idPrefix,
    sequence: 0,
  };
}

/** The lease that is asked for, cut to a share of the shortest window; 0 where that would be too short. */
function leaseTime({ slackMs }: Gate, limits: readonly Limit[], leaseMs: number, longestMs: number): number {
  if (limits.some(isShort)) return 0;
  const shortest = Math.min(...limits.map(({ windowMs }) => windowMs ?? Number.POSITIVE_INFINITY));
  const share = (slackMs === SLACK_MS ? 1 : LEDGER_LEASES) / LEASES_PER_WINDOW;
  const ttlMs = Math.min(leaseMs, Math.floor(shortest * share), longestMs);
  return ttlMs < SHORTEST_LEASE_MS ? 0 : ttlMs;
}

/** How many permits to hand out: what is wanted, at most a quarter of a fair share of what is left; 1 of small limits. */
function share(gate: Gate, ask: Ask, views: readonly LimitView[], bounds: Bounds): number {
  let permits = Math.min(Math.max(1, Math.floor(ask.want)), bounds.permits);
  if (ask.reserve > 0) permits = Math.min(permits, Math.floor(bounds.micro / ask.reserve));
  for (const { limit, remaining, unit } of views) {
    const each = unit === 'credits' ? ask.reserve : 1;
    if (each === 0) continue;
    if (limit <= SMALL_LIMIT * each) return 1;
    permits = Math.min(permits, Math.floor(remaining / each / 4 / Math.max(1, gate.leases.size)));
  }
  return Math.max(1, permits);
}

/** Whether a limit, as {@link view} tells it, refuses an ask. */
export function isViolated(ask: Pick<Ask, 'reserve'>): (view: LimitView) => boolean {
  return ({ remaining, unit }) => remaining < (unit === 'credits' ? ask.reserve : 1);
}

/** Sees to it that the durable ceiling is close to every limit of an ask; it knows nothing of one that is new. */
function cover(gate: Gate, limits: readonly Limit[], countMs: number, latestEndMs: number): void {
  for (const limit of limits) {
    const isCovered = gate.covered.has(limit.name) && !isNewMonth(gate.meter, limit, countMs, latestEndMs);
    if (!isCovered) gate.ahead = gate.aheadMicro = 0;
    gate.covered.set(limit.name, limit);
  }
}

function block(gate: Gate, unit?: 'credits'): number {
  return ceilingBlock([...gate.covered.values()], unit);
}

/**
 * Answers an ask of the floor's generation. All or nothing: a refusal debits nothing and names every violated limit,
 * those that are counted elsewhere included. What the asker reports is settled before ({@link settle}). The answer is noted in the
 * fence before it is given.
 */
export function answer(gate: Gate, ask: Ask, nowMs: number, bounds = UNBOUNDED): Granted | Refused {
  const countMs = countingTime(gate, nowMs);
  forgetEnded(gate, nowMs);
  const latestEndMs = countMs + usableMs(ask.leaseMs, gate.slackMs);
  const own = view(gate.meter, ask.limits, countMs, latestEndMs);
  const views = [...own, ...bounds.limits];
  const violated = views.filter(isViolated(ask));
  if (violated.length > 0) return refuse(gate, ask, [...views, ...bounds.drawn], violated, nowMs);

  const leaseMs = leaseTime(gate, [...ask.limits, ...bounds.drawn], ask.leaseMs, bounds.endsAtMs - nowMs - GUARD_MS);
  const permits = leaseMs === 0 ? 1 : share(gate, ask, views, bounds);
  const ttlMs = permits === 1 ? 0 : leaseMs;
  const amount = { permits, micro: permits * ask.reserve };
  cover(gate, ask.limits, countMs, latestEndMs);
  const id = ask.id ?? `${gate.idPrefix}${++gate.sequence}`;
  const endsAtMs = countMs + usableMs(ttlMs, gate.slackMs);
  const marks = draw(gate.meter, ask.limits, amount, countMs, endsAtMs);
  const isPaid = ask.limits.some(({ unit }) => unit === 'credits');
  gate.grants.set(id, { amount, isPaid, marks, endsAtMs, used: 0, isClosed: false, spent: NOTHING_SPENT });
  if (ttlMs > 0) gate.leases.set(id, endsAtMs);
  // A limit that was lowered has a smaller block; what its predecessor was ahead counts no more.
  gate.ahead = Math.min(gate.ahead, block(gate) - 1) - permits;
  if (isPaid) gate.aheadMicro = Math.min(gate.aheadMicro, block(gate, 'credits') - 1) - amount.micro;
  note(gate, ask.generation, nowMs + usableMs(ttlMs, gate.slackMs), nowMs);
  const others = [...bounds.limits.map((limit) => less(limit, amount)), ...bounds.drawn];
  const limits = [...view(gate.meter, ask.limits, countMs), ...others];
  return { kind: 'granted', id, generation: ask.generation, ...amount, ttlMs, limits, atMs: nowMs };
}

function less(limit: LimitView, { permits, micro }: Amount): LimitView {
  return { ...limit, remaining: Math.max(0, limit.remaining - (limit.unit === 'credits' ? micro : permits)) };
}

/** Which limits would refuse an ask now; nothing is drawn. Null: none would. */
export function refusal(gate: Gate, ask: Ask, nowMs: number, others: readonly LimitView[] = []): Refused | null {
  const countMs = countingTime(gate, nowMs);
  forgetEnded(gate, nowMs);
  const own = view(gate.meter, ask.limits, countMs, countMs + usableMs(ask.leaseMs, gate.slackMs));
  const views = [...own, ...others];
  const violated = views.filter(isViolated(ask));
  return violated.length > 0 ? refuse(gate, ask, views, violated, nowMs) : null;
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
  // Permits that leave a window one bucket after the other would have every isolate ask for each of them.
  const pauseMs = Math.max(
    retryAfterMs ?? longest,
    ...violated.map(({ windowMs }) => (windowMs ?? 0) / REFUSALS_PER_WINDOW),
  );
  const ttlMs = ask.leaseMs === 0 ? 0 : Math.min(longest, pauseMs);
  note(gate, ask.generation, nowMs + usableMs(ttlMs, gate.slackMs), nowMs);
  return {
    kind: 'refused',
    generation: ask.generation,
    ttlMs,
    violated: violated.map(({ name }) => name),
    reserve: violated.every(({ unit }) => unit === 'credits') ? ask.reserve : 0,
    retryAfterMs,
    limits,
    atMs: nowMs,
  };
}

/** Notes an answer that confirms a record of `generation`; it may be used for `ttlMs`. */
export function noteConfirmation(gate: Gate, generation: number, ttlMs: number, nowMs: number): void {
  note(gate, generation, nowMs + usableMs(ttlMs, gate.slackMs), nowMs);
}

function note(gate: Gate, generation: number, endsAtMs: number, nowMs: number): void {
  gate.longestMs = Math.max(gate.longestMs, endsAtMs - nowMs);
  noteAnswer(gate.fence, generation, endsAtMs, nowMs);
}

/** Whether what was granted has passed the durable ceiling: {@link snapshot} must be stored before the answer leaves. */
export function mustStore(gate: Gate): boolean {
  return gate.ahead < 0 || gate.aheadMicro < 0;
}

/** What to store now so that a crash forgets nothing: the meter, and less than a block that may follow unwritten. */
export function snapshot(gate: Gate): StoredMeter {
  gate.ahead = block(gate) - 1;
  const names = [...gate.covered.keys()];
  const hasCredits = [...gate.covered.values()].some(({ unit }) => unit === 'credits');
  gate.aheadMicro = hasCredits ? block(gate, 'credits') - 1 : 0;
  return { meter: gate.meter, reserve: gate.ahead, reserveMicro: gate.aheadMicro, names };
}

/** What to store when traffic has stopped: the exact count. */
export function exactSnapshot(gate: Gate): StoredMeter {
  gate.ahead = 0;
  gate.aheadMicro = 0;
  gate.covered.clear();
  return { meter: gate.meter, reserve: 0, names: [] };
}
