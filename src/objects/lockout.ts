import { DurableObject } from 'cloudflare:workers';
import { type LockoutState, type StrikeRule, standing, strike, unstruck } from '../meter/lockout.ts';
import { LOCKED_LEASE_MS, usableMs } from '../meter/times.ts';
import { add, emptyCount, freesAt, type RollingCount, roll } from '../meter/window.ts';
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

/**
 * The say over one source: a client address (`ip:…`), one presented secret (`secret:…`), or a rate by address
 * (`mint:…`, `public:…`). A thin shell around `meter/lockout.ts`; every method but `lift` is one synchronous step.
 */
export class Lockout extends DurableObject {
  readonly #storage: DurableObjectStorage;
  /** Until when a "locked" that was told may be used; a predecessor's are unknown, so it begins with the longest. */
  #lockedTellsEndAtMs: number;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as Cloudflare.Env);
    this.#storage = ctx.storage;
    checkVersion(this.#storage, STORAGE_VERSION);
    const known = this.#storage.kv.get<LockoutState>(STORED_AS) !== undefined;
    this.#lockedTellsEndAtMs = known ? this.nowMs() + usableMs(LOCKED_LEASE_MS) : 0;
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

  /** Counts a failed attempt, unless the source is locked. */
  strike(rule: StrikeRule): Struck {
    const state = this.#state();
    const nowMs = this.nowMs();
    if (strike(state, rule, nowMs) === 'locked') return this.#tellLocked(state, nowMs);
    this.#storage.kv.put(STORED_AS, state);
    this.#expireAt(Math.max(state.lockedUntilMs, nowMs + rule.windowMs));
    return { kind: 'counted', lockedUntilMs: state.lockedUntilMs > nowMs ? state.lockedUntilMs : null };
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

  /** Nothing counts any more: the object deletes itself. */
  override async alarm(): Promise<void> {
    const dueAtMs = this.#storage.kv.get<number>('idleAtMs') ?? 0;
    if (dueAtMs > this.nowMs()) await this.#storage.setAlarm(dueAtMs);
    else await this.#storage.deleteAll();
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
    const idleAtMs = Math.max(atMs, this.#storage.kv.get<number>('idleAtMs') ?? 0);
    this.#storage.kv.put('idleAtMs', idleAtMs);
    void this.#storage.setAlarm(idleAtMs);
  }
}
