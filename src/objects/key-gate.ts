import { DurableObject } from 'cloudflare:workers';
import { PURGED_FLOOR, sameTerms, type Terms } from '../decision/record.ts';
import type { CreditTerms } from '../meter/credits.ts';
import { waitMs } from '../meter/fence.ts';
import {
  type Ask,
  answer,
  type Gate,
  type Granted,
  mustStore,
  noteConfirmation,
  openGate,
  type Refused,
  refusal,
  snapshot,
} from '../meter/gate.ts';
import { emptyMeter, type Limit, type LimitView, view } from '../meter/meter.ts';
import {
  beginDraw,
  closeFunds,
  emptyPurse,
  endDraw,
  giveFunded,
  nextCloseMs,
  type Purse,
  receiveDrawn,
  type Told,
  takeBack,
  takeClosings,
} from '../meter/purse.ts';
import { type Settlement, settle, unusedGrant } from '../meter/settle.ts';
import { isShort, LEDGER_LEASES, REPORT_AFTER_MS } from '../meter/times.ts';
import type { AccountLedger, LedgerCalls } from './account-ledger.ts';
import { callObject } from './call.ts';
import { armJobs, planJob, RETRY_MS, runJobs } from './jobs.ts';
import { resumeNotes, type TellEnv, tellNotes, toldByMs } from './notes.ts';
import { QuotaWatch } from './quota-watch.ts';
import type { Remote } from './remote.ts';
import { FLUSH_AFTER_MS, isQuiet, openStored, storeExact, storeLongest } from './stored-gate.ts';
import { checkVersion, writeVersion } from './version.ts';

/** An {@link Ask} over the wire. `fresh` carries the terms of a record that was just read from the primary. */
export interface GateAsk extends Ask {
  readonly fresh: Terms | null;
  /** What isolates report of earlier grants. */
  readonly settle: readonly Settlement[];
  /** What the account limits beside the key; null: nothing. */
  readonly account: AccountTerms | null;
}

/** The limits that all keys of an account share, as the record and the policy have them. */
export interface AccountTerms {
  readonly accountId: string;
  readonly limits: readonly Limit[];
  /** How the account pays for what requests reserve; null: it does not. */
  readonly credits: CreditTerms | null;
}

export type GateAnswer = Granted | Refused | Stale;

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
export type GateCalls = Remote<
  KeyGate,
  'admit' | 'confirm' | 'settle' | 'advance' | 'inspect' | 'retire' | 'retireIfUnused'
>;

/** Version of what this object stores. */
const STORAGE_VERSION = 1;
/** More rounds than any honest sequence of the ledger's answers takes. */
const MAX_ROUNDS = 6;

interface GateEnv extends TellEnv {
  readonly LEDGER: DurableObjectNamespace<AccountLedger>;
}

/**
 * The say over one key: its generation floor and its counters, as a thin shell around `meter/gate.ts` and
 * `meter/purse.ts`. Every decision is one synchronous step and spans no `await`. Writes need none either: the runtime
 * holds an answer back until what was written before it is durable.
 */
export class KeyGate extends DurableObject {
  readonly #storage: DurableObjectStorage;
  readonly #env: GateEnv;
  #gate: Gate;
  #purse: Purse = emptyPurse();
  #quotas: QuotaWatch;
  /** The key's quotas as they were asked for last. */
  #watched: readonly Limit[] = [];
  /** Whose ledger the purse is of. */
  #accountId = '';
  #isReporting = false;
  #grantedAtMs = 0;
  /** Whether what is stored is the exact count, and no flush is to come. */
  #isExact = false;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as Cloudflare.Env);
    this.#storage = ctx.storage;
    this.#env = env as GateEnv;
    checkVersion(this.#storage, STORAGE_VERSION);
    this.#gate = openStored(this.#storage, this.nowMs());
    this.#quotas = this.#openQuotas();
    resumeNotes(this.#storage);
    armJobs(this.#storage);
  }

  /** The object's clock, in ms. */
  protected nowMs(): number {
    return Date.now();
  }

  /**
   * Asks for permits. Never grants below the floor, nor anything to a record of unknown age while it knows no floor.
   * Where the account has limits of its own the ledger is drawn from before; each step in between is synchronous and
   * begins anew, so nothing is debited before everything is there. Throws where the ledger cannot be reached.
   */
  async admit(asked: GateAsk): Promise<GateAnswer> {
    // While a deploy rolls out, isolates of the version before this one ask without these.
    const ask = { ...asked, reserve: asked.reserve ?? 0, account: asked.account ?? null };
    const { id, account } = ask;
    this.settle(ask.settle);
    // A question that comes again was not heard: what was granted for it then is given back.
    if (id !== undefined) this.settle([unusedGrant(id)]);
    let heard: Told | null = null;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const stale = this.#raise(ask.generation, ask.fresh);
      if (stale !== null) return stale;
      const nowMs = this.nowMs();
      const given =
        account === null ? answer(this.#gate, ask, nowMs) : giveFunded(this.#gate, this.#purse, ask, nowMs, heard);
      if (given !== null) return this.#noteGiven(given, ask.limits, nowMs);
      // Null comes only where there is an account.
      heard = await this.#draw(ask, account as AccountTerms);
    }
    throw new Error('the ledger gives leases that are over when they arrive');
  }

  /** Writes what an answer has changed, before it leaves. */
  #noteGiven(given: Granted | Refused, limits: readonly Limit[], nowMs: number): Granted | Refused {
    storeLongest(this.#storage, this.#gate, STORAGE_VERSION);
    this.#watched = limits.filter(({ warnPercent }) => warnPercent !== undefined);
    // The key's own come first, and behind them those that its ledger counts.
    const views = given.limits.slice(0, limits.length);
    this.#quotas.look(this.#gate, views, given.kind === 'refused' ? given.violated : [], nowMs);
    if (given.kind === 'refused') return given;
    // A grant after a pause is written exactly, and needs no second write: many keys are used once in a while.
    this.#isExact = nowMs - this.#grantedAtMs >= FLUSH_AFTER_MS;
    this.#grantedAtMs = nowMs;
    if (this.#isExact) this.#putExact();
    else {
      if (mustStore(this.#gate)) this.#storage.kv.put('meter', snapshot(this.#gate));
      planJob(this.#storage, 'flush', nowMs + FLUSH_AFTER_MS);
    }
    return given;
  }

  #planClose(): void {
    const closeMs = nextCloseMs(this.#purse);
    if (closeMs !== null) planJob(this.#storage, 'close', closeMs);
  }

  /** Draws from the ledger; only asks what it would refuse where the gate's own limits refuse already. */
  async #draw(ask: GateAsk, { accountId, limits, credits }: AccountTerms): Promise<Told | null> {
    const purse = this.#purse;
    const askedAtMs = this.nowMs();
    const isRefused = refusal(this.#gate, ask, askedAtMs) !== null;
    const leaseMs = LEDGER_LEASES * ask.leaseMs;
    const want = isRefused ? 0 : beginDraw(purse, ask.want, leaseMs, askedAtMs);
    const settle = takeClosings(purse);
    const { generation, reserve } = ask;
    const id = crypto.randomUUID();
    try {
      this.#accountId = accountId;
      const drawn = await callObject(() =>
        this.#ledger().draw({ id, generation, want, leaseMs, limits, reserve, settle, credits }),
      );
      endDraw(purse, []);
      const told = receiveDrawn(purse, drawn, ask, askedAtMs);
      // Whatever becomes of the ask that it was drawn for: what is left of it goes back.
      this.#planClose();
      return told;
    } catch (error) {
      endDraw(purse, [...settle, unusedGrant(id)]);
      planJob(this.#storage, 'close', this.nowMs() + RETRY_MS);
      throw error;
    }
  }

  /** Tells whether a record of `generation` is current, so that a denial read from it may be answered. */
  confirm(generation: number, fresh: Terms | null, leaseMs: number): Confirmed | Stale {
    const stale = this.#raise(generation, fresh);
    if (stale !== null) return stale;
    noteConfirmation(this.#gate, generation, leaseMs, this.nowMs());
    storeLongest(this.#storage, this.#gate, STORAGE_VERSION);
    return { kind: 'confirmed', generation, ttlMs: leaseMs };
  }

  /** Takes reports and unused permits without asking for any. */
  settle(settlements: readonly Settlement[]): void {
    const nowMs = this.nowMs();
    const returned = settle(this.#gate, settlements, nowMs);
    if (returned.length === 0) return;
    this.#quotas.look(this.#gate, view(this.#gate.meter, this.#watched, this.#gate.latestMs), [], nowMs);
    for (const each of returned) takeBack(this.#purse, each);
    if (this.#floor() !== undefined) {
      // What has come to cost more than was reserved is not forgotten in a crash.
      if (this.#isExact || mustStore(this.#gate)) this.#putExact();
      else planJob(this.#storage, 'flush', nowMs + FLUSH_AFTER_MS);
    }
    if (this.#purse.limits.some(isShort)) this.ctx.waitUntil(this.#report());
  }

  /** Tells the ledger soon what was used, where a window is too short to wait for the next question. */
  async #report(): Promise<void> {
    if (this.#isReporting) return;
    this.#isReporting = true;
    await scheduler.wait(REPORT_AFTER_MS);
    this.#isReporting = false;
    await this.#sendClosings();
  }

  async #sendClosings(): Promise<void> {
    const closings = takeClosings(this.#purse);
    if (closings.length === 0) return;
    try {
      await callObject(() => this.#ledger().settle(closings));
    } catch {
      endDraw(this.#purse, closings);
      planJob(this.#storage, 'close', this.nowMs() + RETRY_MS, true);
    }
  }

  /** Gives back to the ledger what is left of leases that are over. */
  async #close(nowMs: number): Promise<void> {
    closeFunds(this.#purse, this.#floor() ?? 0, nowMs);
    await this.#sendClosings();
    const nextMs = nextCloseMs(this.#purse);
    if (nextMs !== null) planJob(this.#storage, 'close', Math.max(nextMs, nowMs + RETRY_MS), true);
  }

  #ledger(): LedgerCalls {
    return this.#env.LEDGER.getByName(this.#accountId) as unknown as LedgerCalls;
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
    await this.#waitFor(generation);
    return isOther ? generation + 1 : (this.#floor() ?? generation);
  }

  /** Waits until nothing that was given for a generation below can be used any more. */
  async #waitFor(generation: number): Promise<void> {
    for (;;) {
      const leftMs = waitMs(this.#gate.fence, generation, this.nowMs());
      if (leftMs === 0) return;
      await scheduler.wait(leftMs);
    }
  }

  /** What the gate knows, for operators and for reconciliation. */
  inspect(limits: GateAsk['limits']): GateReport {
    return {
      floor: this.#floor() ?? null,
      // Where a record from a cache has raised the floor, its terms are not known here.
      terms: this.#isOfFloor() ? (this.#storage.kv.get<Terms>('terms') ?? null) : null,
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

  /**
   * Ends a key that was never granted anything: stores a floor above every generation, so that whatever is asked from
   * now on is stale, answers true when nothing that was given before can be used any more, and is erased as by
   * {@link retire}. False where something was granted and has not come back unused; then nothing is altered.
   */
  async retireIfUnused(atMs: number): Promise<boolean> {
    if (this.#gate.meter.granted > 0) return false;
    this.#putFloor(PURGED_FLOOR, null);
    this.retire(atMs);
    await this.#waitFor(PURGED_FLOOR);
    return true;
  }

  override async alarm(): Promise<void> {
    await runJobs(this.#storage, this.nowMs(), {
      flush: (nowMs) => this.#flush(nowMs),
      close: (nowMs) => this.#close(nowMs),
      erase: (nowMs) => this.#erase(nowMs),
      tell: (nowMs) => tellNotes(this.#storage, this.#env, nowMs),
    });
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

  #isOfFloor(): boolean {
    return this.#storage.kv.get<number>('termsGeneration') === this.#floor();
  }

  /** Every change of terms raises the generation, but for those of a key that is revoked for good. */
  #hasOtherTerms(generation: number, terms: Terms): boolean {
    const known = this.#storage.kv.get<Partial<Terms>>('terms');
    if (known === undefined || this.#storage.kv.get<number>('termsGeneration') !== generation) return false;
    if (known.status === 'revoked' && terms.status === 'revoked') return false;
    return !sameTerms(known, terms);
  }

  #flush(nowMs: number): void {
    if (isQuiet(this.#storage, this.#grantedAtMs, nowMs)) this.#putExact();
  }

  #putExact(): void {
    this.#isExact = true;
    storeExact(this.#storage, this.#gate);
  }

  #openQuotas(): QuotaWatch {
    const { name } = this.ctx.id;
    return new QuotaWatch(this.#storage, name === undefined ? null : { keyId: name });
  }

  /**
   * What the erased gate answered may still be in use, so an `advance` that comes now waits for it. It is not erased
   * before all that it has to tell is told.
   */
  async #erase(nowMs: number): Promise<void> {
    const waitsUntilMs = toldByMs(this.#storage, nowMs);
    if (waitsUntilMs !== null) {
      planJob(this.#storage, 'erase', waitsUntilMs, true);
      return;
    }
    await this.#storage.deleteAlarm();
    await this.#storage.deleteAll();
    this.#purse = emptyPurse();
    this.#quotas = this.#openQuotas();
    const { longestMs } = this.#gate;
    this.#gate = openGate({ meter: emptyMeter(), reserve: 0 }, longestMs, `${crypto.randomUUID()}:`, this.nowMs());
  }
}
