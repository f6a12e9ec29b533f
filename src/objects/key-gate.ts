import { DurableObject } from 'cloudflare:workers';
import { sameTerms, type Terms } from '../decision/record.ts';
import { waitMs } from '../meter/fence.ts';
import {
  type Ask,
  answer,
  exactSnapshot,
  type Gate,
  type Granted,
  noteConfirmation,
  openGate,
  type Refused,
  type Settlement,
  type StoredMeter,
  settle,
  snapshot,
} from '../meter/gate.ts';
import { emptyMeter, type LimitView, view } from '../meter/meter.ts';
import { armJobs, dueJobs, endDueJobs, planJob } from './jobs.ts';
import type { Remote } from './remote.ts';
import { checkVersion, writeVersion } from './version.ts';

/** An {@link Ask} over the wire. `fresh` carries the terms of a record that was just read from the primary. */
export interface GateAsk extends Ask {
  readonly fresh: Terms | null;
}

/** The asked record is older than `floor`, or this gate knows nothing and the record was not fresh. */
export interface Stale {
  readonly kind: 'stale';
  readonly floor: number;
}

/** The asked generation is current; a denial read from such a record may be answered for `ttlMs`. */
export interface Confirmed {
  readonly kind: 'confirmed';
  readonly generation: number;
  readonly ttlMs: number;
}

/** What an operator may see of a gate. */
export interface GateReport {
  readonly floor: number | null;
  readonly terms: Terms | null;
  readonly granted: number;
  readonly used: number;
  readonly leases: number;
  readonly limits: readonly LimitView[];
}

/** A gate, as Workers call it. */
export type GateCalls = Remote<KeyGate, 'admit' | 'confirm' | 'settle' | 'advance' | 'inspect' | 'retire'>;

/** Version of what this object stores. */
const STORAGE_VERSION = 1;
/** After so long without a grant the exact count is written over the ceiling. */
const FLUSH_AFTER_MS = 5_000;
/** A job that failed runs again after so long. */
const RETRY_MS = 1_000;

/**
 * The say over one key: its generation floor and its counters, as a thin shell around `meter/gate.ts`. Every method
 * but `advance` is one synchronous step, so no decision spans an `await`. Writes need none either: the runtime holds
 * an answer back until what was written before it is durable.
 */
export class KeyGate extends DurableObject {
  readonly #storage: DurableObjectStorage;
  #gate: Gate;
  #grantedAtMs = 0;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as Cloudflare.Env);
    this.#storage = ctx.storage;
    checkVersion(this.#storage, STORAGE_VERSION);
    const stored = this.#storage.kv.get<StoredMeter>('meter') ?? { meter: emptyMeter(), reserve: 0 };
    const longestMs = this.#storage.kv.get<number>('longestMs') ?? 0;
    this.#gate = this.#open(stored, longestMs);
    armJobs(this.#storage);
  }

  /** The object's clock, in ms. */
  protected nowMs(): number {
    return Date.now();
  }

  /** Asks for permits. Never grants below the floor, nor anything to a record of unknown age while it knows no floor. */
  admit(ask: GateAsk): Granted | Refused | Stale {
    const stale = this.#raise(ask.generation, ask.fresh);
    if (stale !== null) {
      if (ask.settle.length > 0) this.settle(ask.settle);
      return stale;
    }
    const nowMs = this.nowMs();
    const given = answer(this.#gate, ask, nowMs);
    this.#storeLongest();
    if (given.kind === 'granted') {
      this.#grantedAtMs = nowMs;
      if (this.#gate.ahead < 0) this.#storage.kv.put('meter', snapshot(this.#gate, ask.limits));
    }
    if (given.kind === 'granted' || ask.settle.length > 0) planJob(this.#storage, 'flush', nowMs + FLUSH_AFTER_MS);
    return given;
  }

  /** Tells whether a record of `generation` is current, so that a denial read from it may be answered. */
  confirm(generation: number, fresh: Terms | null, leaseMs: number): Confirmed | Stale {
    const stale = this.#raise(generation, fresh);
    if (stale !== null) return stale;
    noteConfirmation(this.#gate, generation, leaseMs, this.nowMs());
    this.#storeLongest();
    return { kind: 'confirmed', generation, ttlMs: leaseMs };
  }

  /** Takes reports and unused permits without asking for any. */
  settle(settlements: readonly Settlement[]): void {
    settle(this.#gate, settlements);
    if (this.#floor() !== undefined) planJob(this.#storage, 'flush', this.nowMs() + FLUSH_AFTER_MS);
  }

  /**
   * Puts `generation` in force: stores the floor, then answers when nothing that was given for an older generation
   * can be used any more, even if the floor was there already. The key is served meanwhile at the new generation.
   * Returns the floor: one above `generation` is a later change's, or was lost by a restored database. One that has
   * counted up again to a generation that was given before, with other terms, is told one more than it has.
   */
  async advance(generation: number, terms: Terms): Promise<number> {
    const floor = this.#floor();
    const isOther = floor === generation && this.#hasOtherTerms(generation, terms);
    if (!isOther && (floor === undefined || generation >= floor)) this.#putFloor(generation, terms);
    for (;;) {
      const leftMs = waitMs(this.#gate.fence, generation, this.nowMs());
      if (leftMs === 0) return isOther ? generation + 1 : (this.#floor() ?? generation);
      await scheduler.wait(leftMs);
    }
  }

  /** What the gate knows, for operators and for reconciliation. */
  inspect(limits: GateAsk['limits']): GateReport {
    return {
      floor: this.#floor() ?? null,
      terms: this.#storage.kv.get<Terms>('terms') ?? null,
      granted: this.#gate.meter.granted,
      used: this.#gate.meter.used,
      leases: this.#gate.leases.size,
      limits: view(this.#gate.meter, limits, this.nowMs()),
    };
  }

  /**
   * Forgets the key at `atMs`. The caller chooses it: the key's end plus the longest time that a cached record can
   * live, so that no record can come that this gate would have refused.
   */
  retire(atMs: number): void {
    planJob(this.#storage, 'erase', atMs, true);
  }

  override async alarm(): Promise<void> {
    const nowMs = this.nowMs();
    try {
      const due = dueJobs(this.#storage, nowMs);
      if (due.includes('flush')) this.#flush(nowMs);
      if (due.includes('erase')) await this.#erase();
      endDueJobs(this.#storage, nowMs);
    } finally {
      armJobs(this.#storage, nowMs + RETRY_MS);
    }
  }

  /**
   * Compares with the floor, which is read from storage on every admission and not from memory: storage access is
   * where the runtime checks that this is the only living instance. A newer record than the floor was committed to
   * the registry before anyone could read it, so it raises the floor.
   */
  #raise(generation: number, fresh: Terms | null): Stale | null {
    const floor = this.#floor();
    if (floor === undefined && fresh === null) return { kind: 'stale', floor: 0 };
    if (floor !== undefined && generation < floor) return { kind: 'stale', floor };
    if (floor === undefined || generation > floor) this.#putFloor(generation, fresh);
    return null;
  }

  #floor(): number | undefined {
    return this.#storage.kv.get<number>('floor');
  }

  #putFloor(generation: number, terms: Terms | null): void {
    writeVersion(this.#storage, STORAGE_VERSION);
    this.#storage.kv.put('floor', generation);
    if (terms === null) return;
    this.#storage.kv.put('terms', terms);
    this.#storage.kv.put('termsGeneration', generation);
  }

  /** Every change of terms raises the generation, but for those of a key that is revoked for good. */
  #hasOtherTerms(generation: number, terms: Terms): boolean {
    const known = this.#storage.kv.get<Partial<Terms>>('terms');
    if (known === undefined || this.#storage.kv.get<number>('termsGeneration') !== generation) return false;
    if (known.status === 'revoked' && terms.status === 'revoked') return false;
    return !sameTerms(known, terms);
  }

  /** One write when it is raised, before the answer leaves: a successor waits this long for answers it never saw. */
  #storeLongest(): void {
    if (this.#gate.longestMs > (this.#storage.kv.get<number>('longestMs') ?? 0)) {
      this.#storage.kv.put('longestMs', this.#gate.longestMs);
    }
  }

  #flush(nowMs: number): void {
    if (nowMs - this.#grantedAtMs < FLUSH_AFTER_MS) {
      planJob(this.#storage, 'flush', this.#grantedAtMs + FLUSH_AFTER_MS, true);
    } else {
      this.#storage.kv.put('meter', exactSnapshot(this.#gate));
    }
  }

  /** What the erased gate answered may still be in use, so an `advance` that comes now waits for it. */
  async #erase(): Promise<void> {
    await this.#storage.deleteAlarm();
    await this.#storage.deleteAll();
    this.#gate = this.#open({ meter: emptyMeter(), reserve: 0 }, this.#gate.longestMs);
  }

  #open(stored: StoredMeter, longestMs: number): Gate {
    return openGate(stored, longestMs, `${crypto.randomUUID()}:`, this.nowMs());
  }
}
