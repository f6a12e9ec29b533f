import { type Fence, noteAnswer, openFence } from './fence.ts';
import {
  type Amount,
  ceilingBlock,
  countUsed,
  draw,
  isNewMonth,
  type Limit,
  type LimitView,
  type Marks,
  type Meter,
  recover,
  restore,
  shift,
  view,
} from './meter.ts';
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

/** What a report tells of a grant: permits used since the last, and what came back; `isOver`: it is closed. */
export interface Returned extends Amount {
  readonly id: string;
  readonly used: number;
  readonly isOver: boolean;
}

interface Grant {
  readonly amount: Amount;
  /** Whether a limit in credits counts it, so that what comes to cost more must not be forgotten in a crash. */
  readonly isPaid: boolean;
  readonly marks: Marks;
  readonly endsAtMs: number;
  used: number;
  isClosed: boolean;
  spent: Spent;
}

/** A running gate. Only what {@link snapshot} gives, the floor and `longestMs` are durable. */
export interface Gate {
  readonly meter: Meter;
  readonly fence: Fence;
  /** Grants by id, oldest first, for as long as a settlement may come. */
  readonly grants: Map<string, Grant>;
  /** Ends of the leases (not of single permits) that are out, by id, oldest first. */
  readonly leases: Map<string, number>;
  readonly slackMs: number;
  /** The longest time that an answer of this gate, or of a predecessor, could be used. */
  longestMs: number;
  /** The latest time it has counted at: its clock may step back, the meter's may not. */
  latestMs: number;
  /** The limits that the durable ceiling must be close to, by name: those asked for since it was last exact. */
  readonly covered: Map<string, Limit>;
  /** What may still be granted below the durable ceiling. */
  ahead: number;
  aheadMicro: number;
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

/** A settlement that comes later than this after a grant's end is ignored: what it had stays counted. */
const SETTLE_WITHIN_MS = 120_000;
/** The same where credits are reserved for requests that are still running. */
const SETTLE_CREDITS_WITHIN_MS = 3_600_000;

const NOTHING_SPENT: Spent = { reserved: 0, settled: 0, cost: 0 };
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

/**
 * Notes what askers report, and tells what changed by it. Unknown and closed ids are ignored, so nothing comes back
 * twice.
 */
export function settle(gate: Gate, settlements: readonly Settlement[], nowMs: number): Returned[] {
  const countMs = countingTime(gate, nowMs);
  return settlements.flatMap((settlement) => {
    const grant = gate.grants.get(settlement.id);
    return grant === undefined ? [] : [settleGrant(gate, grant, settlement, countMs)];
  });
}

function settleGrant(gate: Gate, grant: Grant, settlement: Settlement, countMs: number): Returned {
  const { id, used, closed, lost = 0, micro } = settlement;
  const { permits } = grant.amount;
  const isClosing = closed && !grant.isClosed;
  const more = grant.isClosed ? 0 : Math.min(Math.max(used, grant.used), permits) - grant.used;
  if (more > 0) countUsed(gate.meter, grant.marks, more, countMs);
  grant.used += more;
  const before = countedMicro(grant);
  if (micro !== undefined) grant.spent = later(gate.meter, grant.spent, micro);
  grant.isClosed ||= closed;
  const unused = isClosing ? Math.max(0, permits - grant.used - lost) : 0;
  const freed = before - countedMicro(grant);
  if (unused > 0 || freed !== 0) restore(gate.meter, grant.marks, { permits: unused, micro: freed });
  if (freed < 0 && grant.isPaid) gate.aheadMicro += freed;
  if (grant.isClosed) gate.leases.delete(id);
  if (grant.isClosed && grant.spent.settled >= grant.spent.reserved) gate.grants.delete(id);
  const unreserved = isClosing ? Math.max(0, grant.amount.micro - grant.spent.reserved) : 0;
  return { id, used: more, permits: unused, micro: unreserved, isOver: grant.isClosed };
}

/** What a grant has taken of the credits: all that it brought while it is open, then what requests reserved or cost. */
function countedMicro({ amount, isClosed, spent: { reserved, settled, cost } }: Grant): number {
  return (isClosed ? Math.min(reserved, amount.micro) : amount.micro) - settled + cost;
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

function forgetEnded(gate: Gate, nowMs: number): void {
  for (const [id, endsAtMs] of gate.leases) {
    if (endsAtMs > nowMs) break;
    gate.leases.delete(id);
  }
  for (const [id, { endsAtMs, amount }] of gate.grants) {
    if (endsAtMs + (amount.micro > 0 ? SETTLE_CREDITS_WITHIN_MS : SETTLE_WITHIN_MS) > nowMs) break;
    gate.grants.delete(id);
  }
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

function isViolated(ask: Ask): (view: LimitView) => boolean {
  return ({ remaining, unit }) => remaining < (unit === 'credits' ? ask.reserve : 1);
}

/** The time at which the meter counts. */
function countingTime(gate: Gate, nowMs: number): number {
  gate.latestMs = Math.max(gate.latestMs, nowMs);
  return gate.latestMs;
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
