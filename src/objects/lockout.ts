import { DurableObject } from 'cloudflare:workers';
import { type LockoutState, type StrikeRule, standing, strike, unstruck } from '../meter/lockout.ts';
import { LOCKED_LEASE_MS, usableMs } from '../meter/times.ts';
import { add, emptyCount, freesAt, type RollingCount, roll } from '../meter/window.ts';
import type { DatedNote } from '../registry/note.ts';
import { armJobs, planJob, plannedFor, runJobs } from './jobs.ts';
import { keepNotes, resumeNotes, type TellEnv, tellNotes, toldByMs } from './notes.ts';
import type { Remote } from './remote.ts';
import { checkVersion, writeVersion } from './version.ts';

/** Whether a source may be heard. `ttlMs` is how long the answer may be used, counted from before it was asked. */
export type Standing =
  | { readonly kind: 'clear'; readonly ttlMs: number }
  /** It has strikes: it may be heard this once, and must be asked about again. */
  | { readonly kind: 'watched' }
  | { readonly kind: 'locked'; readonly ttlMs: number; readonly retryAfterMs: number };

/**
 * `counted`: the strike was counted; until when it has locked the source, of all strikes the one that does, or null.
 * `locked`: it was locked before.
 */
export type Struck =
  | Extract<Standing, { kind: 'locked' }>
  | { readonly kind: 'counted'; readonly lockedUntilMs: number | null };

/** How a lock is told in the audit trail, should a strike bring it about. */
export interface LockNote {
  readonly action: 'address.locked' | 'secret.locked';
  /** As operators name the source; null where the key says all. */
  readonly subject: string | null;
  /** null: a secret is tried from many addresses. */
  readonly address: string | null;
  /** Whose secret it is. */
  readonly keyId: string | null;
  readonly accountId: string | null;
}

/** What an operator may see of a source. */
export interface LockoutReport {
  readonly strikes: number;
  readonly lockedUntilMs: number | null;
}

/** A lockout, as Workers call it. */
export type LockoutCalls = Remote<Lockout, 'ask' | 'strike' | 'lift' | 'inspect' | 'take'>;

/** Version of what this object stores. */
const STORAGE_VERSION = 1;
const STORED_AS = 'state';
const TAKEN_AS = 'taken';
/** The job by which it deletes itself, and where an older version kept when that is due. */
const FORGET = 'forget';
const IDLE_AT = 'idleAtMs';

/**
 * The say over one source: a client address (`ip:…`), one presented secret (`secret:…`), or a rate by address
 * (`mint:…`, `public:…`). A thin shell around `meter/lockout.ts`; every method but `lift` is one synchronous step.
 */
export class Lockout extends DurableObject {
  readonly #storage: DurableObjectStorage;
  readonly #env: TellEnv;
  /** Until when a "locked" that was told may be used; a predecessor's are unknown, so it begins with the longest. */
  #lockedTellsEndAtMs: number;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as Cloudflare.Env);
    this.#storage = ctx.storage;
    this.#env = env as TellEnv;
    checkVersion(this.#storage, STORAGE_VERSION);
    const known = this.#storage.kv.get<LockoutState>(STORED_AS) !== undefined;
    this.#lockedTellsEndAtMs = known ? this.nowMs() + usableMs(LOCKED_LEASE_MS) : 0;
    const idleAtMs = this.#storage.kv.get<number>(IDLE_AT);
    if (idleAtMs !== undefined) {
      this.#storage.kv.delete(IDLE_AT);
      planJob(this.#storage, FORGET, idleAtMs, true);
    }
    resumeNotes(this.#storage);
    armJobs(this.#storage);
  }

  /** The object's clock, in ms. */
  protected nowMs(): number {
    return Date.now();
  }

  /** Where the source stands. Only one without strikes in the window gets a lease of "clear", of `leaseMs`. */
  ask(windowMs: number, leaseMs: number): Standing {
    const state = this.#state();
    const nowMs = this.nowMs();
    const kind = standing(state, nowMs, windowMs);
    if (kind === 'locked') return this.#tellLocked(state, nowMs);
    return kind === 'clear' ? { kind, ttlMs: leaseMs } : { kind };
  }

  /**
   * Counts a failed attempt, unless the source is locked. The one that locks it is told as `note` says; null, as an
   * isolate of the version before asks: that isolate tells it.
   */
  strike(rule: StrikeRule, note: LockNote | null = null): Struck {
    const state = this.#state();
    const nowMs = this.nowMs();
    if (strike(state, rule, nowMs) === 'locked') return this.#tellLocked(state, nowMs);
    this.#storage.kv.put(STORED_AS, state);
    this.#expireAt(Math.max(state.lockedUntilMs, nowMs + rule.windowMs));
    if (state.lockedUntilMs <= nowMs) return { kind: 'counted', lockedUntilMs: null };
    if (note !== null) keepNotes(this.#storage, [lockNote(note, state.lockedUntilMs, nowMs)]);
    return { kind: 'counted', lockedUntilMs: state.lockedUntilMs };
  }

  /** Lifts a lock and forgets the strikes; answers when no "locked" that was told before can be used any more. */
  async lift(): Promise<void> {
    const endsAtMs = this.#lockedTellsEndAtMs;
    this.#storage.kv.put(STORED_AS, unstruck());
    this.#expireAt(Math.max(endsAtMs, this.nowMs()));
    for (;;) {
      const leftMs = endsAtMs - this.nowMs();
      if (leftMs <= 0) return;
      await scheduler.wait(leftMs);
    }
  }

  /** What an operator may see; `windowMs` is the rule's. */
  inspect(windowMs: number): LockoutReport {
    const state = this.#state();
    const nowMs = this.nowMs();
    return {
      strikes: state.strikesAtMs.filter((at) => at > nowMs - windowMs).length,
      lockedUntilMs: state.lockedUntilMs > nowMs ? state.lockedUntilMs : null,
    };
  }

  /** Counts one event of a rate of `limit` in any `windowMs`; 0, or how many ms until there is room. */
  take(limit: number, windowMs: number): number {
    const nowMs = this.nowMs();
    const count = this.#storage.kv.get<RollingCount>(TAKEN_AS) ?? emptyCount(windowMs);
    roll(count, nowMs, windowMs);
    if (count.sum >= limit) return Math.max(1, freesAt(count, nowMs, windowMs, limit - 1) - nowMs);
    add(count, nowMs, 1);
    this.#storage.kv.put(TAKEN_AS, count);
    this.#expireAt(nowMs + windowMs + count.bucketMs);
    return 0;
  }

  override async alarm(): Promise<void> {
    await runJobs(this.#storage, this.nowMs(), {
      forget: (nowMs) => this.#forget(nowMs),
      tell: (nowMs) => tellNotes(this.#storage, this.#env, nowMs),
    });
  }

  /** Nothing counts any more: the object deletes itself, once all is told. */
  async #forget(nowMs: number): Promise<void> {
    const waitsUntilMs = toldByMs(this.#storage, nowMs);
    if (waitsUntilMs === null) await this.#storage.deleteAll();
    else planJob(this.#storage, FORGET, waitsUntilMs, true);
  }

  #state(): LockoutState {
    return this.#storage.kv.get<LockoutState>(STORED_AS) ?? unstruck();
  }

  #tellLocked(state: LockoutState, nowMs: number): Extract<Standing, { kind: 'locked' }> {
    const retryAfterMs = state.lockedUntilMs - nowMs;
    const ttlMs = Math.min(LOCKED_LEASE_MS, retryAfterMs);
    this.#lockedTellsEndAtMs = Math.max(this.#lockedTellsEndAtMs, nowMs + usableMs(ttlMs));
    return { kind: 'locked', ttlMs, retryAfterMs };
  }

  #expireAt(atMs: number): void {
    writeVersion(this.#storage, STORAGE_VERSION);
    planJob(this.#storage, FORGET, Math.max(atMs, plannedFor(this.#storage, FORGET) ?? 0), true);
  }
}

function lockNote({ action, subject, address, keyId, accountId }: LockNote, untilMs: number, nowMs: number): DatedNote {
  const until = new Date(untilMs).toISOString();
  return {
    once: `${action} ${keyId ?? subject} ${untilMs}`,
    action,
    accountId,
    keyId,
    about: subject === null ? { until } : { until, subject },
    atMs: nowMs,
    actor: { name: 'anyone', address, requestId: null },
  };
}
