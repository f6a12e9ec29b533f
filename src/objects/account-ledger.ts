import { DurableObject } from 'cloudflare:workers';
import type { LogBatch, RequestEvent, Retention } from '../decision/event.ts';
import type { CreditTerms } from '../meter/credits.ts';
import {
  type Ask,
  answer,
  type Gate,
  type Granted,
  mustStore,
  type Refused,
  refusal,
  snapshot,
} from '../meter/gate.ts';
import { type Limit, type LimitView, view } from '../meter/meter.ts';
import type { Clear } from '../meter/purse.ts';
import { type Settlement, settle, unusedGrant } from '../meter/settle.ts';
import { LEDGER_SLACK_MS, REFUSAL_MS, usableMs } from '../meter/times.ts';
import { alert } from './alert.ts';
import type { NewGrant } from './credit-movements.ts';
import { CreditWatch } from './credit-watch.ts';
import { Credits, type GrantResult, type Statement, type StatementQuery } from './credits.ts';
import { armJobs, planJob, RETRY_MS, runJobs } from './jobs.ts';
import { Journal, type LogFilter, type LogPage, type LogQuery } from './journal.ts';
import type { Erased } from './log-erase.ts';
import type { ExportPart, ExportSpan } from './log-export.ts';
import { keepNotes, resumeNotes, type TellEnv, tellNotes } from './notes.ts';
import { OldSecretWatch } from './old-secret-watch.ts';
import { QuotaWatch } from './quota-watch.ts';
import type { Remote } from './remote.ts';
import { FLUSH_AFTER_MS, isQuiet, openStored, storeExact, storeLongest } from './stored-gate.ts';
import { type LastUse, Usage, type UsageQuery, type UsageSeries } from './usage.ts';
import type { HitPage, HitQuery } from './usage-hits.ts';
import { checkVersion, writeVersion } from './version.ts';

/** A gate's question. `want` 0: only whether the ledger would refuse it. */
export interface Draw extends Ask {
  readonly id: string;
  readonly settle: readonly Settlement[];
  /** How what is reserved is paid; null: nothing in the ledger bounds it. */
  readonly credits: CreditTerms | null;
}

/** What a batch is recorded by. */
export interface RecordTerms {
  readonly retention: Retention;
  /** From where the account's billing months are counted. */
  readonly anchorMs: number;
  /** How the account pays; null: nothing bounds it. Absent where an isolate of the version before records. */
  readonly credits?: CreditTerms | null;
}

/** An account's ledger, as Workers and gates call it. */
export type LedgerCalls = Remote<
  AccountLedger,
  | 'draw'
  | 'settle'
  | 'record'
  | 'grantCredits'
  | 'statement'
  | 'logs'
  | 'exportLogs'
  | 'usage'
  | 'lastUsed'
  | 'limitHits'
  | 'eraseRequests'
  | 'inspect'
>;

/** How far an erasure has come: to this row of the log, or to this key of the usage. */
export type ErasePlace =
  | { readonly part: 'log'; readonly afterId: number }
  | { readonly part: 'usage'; readonly afterKey: string | null };

/** What an operator may see of an account's shared limits. */
export interface LedgerReport {
  readonly granted: number;
  readonly used: number;
  readonly leases: number;
  readonly limits: readonly LimitView[];
}

const STORAGE_VERSION = 1;
/** Batches that come within this become one row of the log; isolates send those of an account at the same instants. */
const GATHER_MS = 100;
/** What is kept for too long goes so soon after something was recorded, and so often where nothing is. */
const TRIM_AFTER_MS = 3_600_000;
const TRIM_IDLE_MS = 86_400_000;
/** A log that is too large is trimmed soon, but not after each commit: at its limit it is too large after every one. */
const TRIM_OVERFLOW_MS = 60_000;

interface Group {
  readonly batches: LogBatch[];
  readonly done: Promise<void>;
}

/**
 * The say over one account: what its keys share (plan-wide rates, quotas, credits, the budget), its request log and its
 * usage, as a thin shell around `meter/gate.ts`, `meter/credits.ts` and the tables beside this file. Decisions are
 * synchronous steps; the runtime holds each answer back until what was written before it is durable.
 */
export class AccountLedger extends DurableObject {
  readonly #storage: DurableObjectStorage;
  readonly #gate: Gate;
  readonly #journal: Journal;
  readonly #usage: Usage;
  readonly #env: TellEnv;
  readonly #quotas: QuotaWatch;
  readonly #creditWatch: CreditWatch;
  readonly #oldSecrets = new OldSecretWatch();
  /** The shared quotas as they were asked for last, by name. */
  readonly #watched = new Map<string, Limit>();
  #credits: Credits;
  #group: Group | null = null;
  #grantedAtMs = 0;
  /** Until when refusals for want of credits can be used; a predecessor's are unknown. */
  #refusedUntilMs: number;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as Cloudflare.Env);
    this.#storage = ctx.storage;
    checkVersion(this.#storage, STORAGE_VERSION);
    const nowMs = this.nowMs();
    this.#gate = openStored(this.#storage, nowMs, LEDGER_SLACK_MS);
    this.#refusedUntilMs = this.#gate.longestMs > 0 ? nowMs + usableMs(REFUSAL_MS, LEDGER_SLACK_MS) : 0;
    this.#journal = new Journal(this.#storage);
    this.#usage = new Usage(this.#storage);
    this.#credits = new Credits(this.#storage);
    this.#env = env as TellEnv;
    const accountId = ctx.id.name ?? null;
    this.#quotas = new QuotaWatch(this.#storage, accountId === null ? null : { accountId });
    this.#creditWatch = new CreditWatch(this.#storage, accountId);
    resumeNotes(this.#storage);
    armJobs(this.#storage);
  }

  /** The object's clock, in ms. */
  protected nowMs(): number {
    return Date.now();
  }

  /** Draws permits, and credits for them, out of what the account's keys share; or tells what would refuse them. */
  draw(ask: Draw): Granted | Refused | Clear {
    // A question that comes again was not heard: what was granted for it then is given back.
    this.settle([
      ...ask.settle,
      ...(this.#gate.grants.has(ask.id) || this.#credits.knows(ask.id) ? [unusedGrant(ask.id)] : []),
    ]);
    const nowMs = this.nowMs();
    const endsAtMs = nowMs + usableMs(ask.leaseMs, LEDGER_SLACK_MS);
    const money = ask.credits === null ? [] : this.#credits.views(ask.credits, nowMs, endsAtMs);
    for (const limit of ask.limits) if (limit.warnPercent !== undefined) this.#watched.set(limit.name, limit);
    if (ask.want === 0) {
      const refused = refusal(this.#gate, ask, nowMs, money);
      return refused === null ? this.#clear(ask, money, nowMs) : this.#refuse(refused, ask, nowMs);
    }
    const given = answer(this.#gate, ask, nowMs, {
      limits: money,
      drawn: [],
      permits: Number.MAX_SAFE_INTEGER,
      micro: Math.min(Number.MAX_SAFE_INTEGER, ...money.map(({ remaining }) => remaining)),
      endsAtMs: Number.POSITIVE_INFINITY,
    });
    storeLongest(this.#storage, this.#gate, STORAGE_VERSION);
    if (given.kind === 'refused') return this.#refuse(given, ask, nowMs);
    this.#quotas.look(this.#gate, given.limits.slice(0, ask.limits.length), [], nowMs);
    this.#grantedAtMs = nowMs;
    if (ask.credits !== null && given.micro > 0) {
      this.#credits.hold(given.id, given.micro, nowMs, nowMs + usableMs(given.ttlMs, LEDGER_SLACK_MS));
      this.#keepAnchor(ask.credits.anchorMs);
      this.#planExpiry();
    }
    if (ask.limits.length === 0) return given;
    if (mustStore(this.#gate)) this.#storage.kv.put('meter', snapshot(this.#gate));
    planJob(this.#storage, 'flush', nowMs + FLUSH_AFTER_MS);
    return given;
  }

  /** Takes reports and what was not used, without granting anything. */
  settle(settlements: readonly Settlement[]): void {
    if (settlements.length === 0) return;
    const nowMs = this.nowMs();
    const permits = settlements.map(({ micro: _, ...settlement }) => settlement);
    const returned = settle(this.#gate, permits, nowMs);
    if (returned.length > 0 && this.#isCounting()) planJob(this.#storage, 'flush', nowMs + FLUSH_AFTER_MS);
    if (returned.length > 0) {
      this.#quotas.look(
        this.#gate,
        view(this.#gate.meter, [...this.#watched.values()], this.#gate.latestMs),
        [],
        nowMs,
      );
    }
    for (const { id, closed, micro } of settlements) {
      if (closed && micro !== undefined) this.#credits.close(id, micro.reserved, nowMs);
    }
  }

  /**
   * Records requests: log, usage and what they cost, in one transaction with whatever else has just come. Answers once
   * that is durable; a batch that was recorded already is answered alike. Throws where nothing was recorded.
   */
  async record(batch: LogBatch, terms: RecordTerms): Promise<void> {
    if (this.#journal.isKnown(batch.id)) return;
    this.#group ??= { batches: [], done: this.#commitSoon(terms) };
    if (!this.#group.batches.some(({ id }) => id === batch.id)) this.#group.batches.push(batch);
    await this.#group.done;
  }

  async #commitSoon(terms: RecordTerms): Promise<void> {
    await scheduler.wait(GATHER_MS);
    const batches = this.#group?.batches ?? [];
    this.#group = null;
    const nowMs = this.nowMs();
    writeVersion(this.#storage, STORAGE_VERSION);
    let unreadable = 0;
    let events: readonly RequestEvent[] = [];
    try {
      this.#storage.transactionSync(() => {
        const appended = this.#journal.append(batches, nowMs, this.#storage.kv.get<Erased>('erased'));
        this.#usage.count(appended.events, nowMs);
        this.#credits.settle(appended.events, terms.anchorMs, nowMs);
        ({ events, unreadable } = appended);
      });
    } catch (error) {
      this.#credits = new Credits(this.#storage);
      throw error;
    }
    if (unreadable > 0) alert('events_unreadable', { account: this.ctx.id.name ?? 'unknown', events: unreadable });
    keepNotes(this.#storage, this.#oldSecrets.notesOf(events, nowMs));
    if (terms.credits) this.#lookAtMoney(terms.credits, [], nowMs);
    this.#keepAnchor(terms.anchorMs);
    if (JSON.stringify(terms.retention) !== JSON.stringify(this.#retention())) {
      this.#storage.kv.put('retention', terms.retention);
    }
    this.#planExpiry();
    planJob(this.#storage, 'trim', this.#trimDueMs(terms.retention, nowMs, TRIM_AFTER_MS));
  }

  /**
   * Grants or corrects credits, once for each idempotency key. Answers when nothing can be refused any more for want of
   * what was granted.
   */
  async grantCredits(grant: NewGrant): Promise<GrantResult> {
    writeVersion(this.#storage, STORAGE_VERSION);
    const result = this.#credits.grantCredits(grant, this.nowMs());
    if (result.kind === 'granted' && grant.micro > 0) this.#creditWatch.granted(this.#credits);
    const leftMs = this.#refusedUntilMs - this.nowMs();
    if (leftMs > 0) await scheduler.wait(leftMs);
    return result;
  }

  /** The balance and its movements; null where the cursor is not one of this list's. */
  statement(query: StatementQuery): Statement | null {
    return this.#credits.statement(query, this.nowMs());
  }

  /** A page of the request log. */
  logs(query: LogQuery): LogPage | null {
    return this.#journal.page(query);
  }

  /** A part of the request log as NDJSON, oldest first; `span` is the `next` of the part before. */
  exportLogs(filter: LogFilter, span: ExportSpan | null): ExportPart {
    return this.#journal.exportPart(filter, span);
  }

  /** Requests, credits, tokens and times to the first byte, by hour or day. */
  usage(query: UsageQuery): UsageSeries {
    return this.#usage.series(query);
  }

  /** When and from where keys were used last. */
  lastUsed(keyIds: readonly string[]): Record<string, LastUse> {
    return this.#usage.lastUsed(keyIds);
  }

  /** How often limits refused keys, by key, hour and reason, for as long as usage is kept by hour. */
  limitHits(query: HitQuery): HitPage | null {
    return this.#usage.limitHits(query);
  }

  /**
   * Erases requests of keys that are revoked, or of all: what the log has of them, and from where they were last used.
   * What they cost and how many there were stays. One call does a bounded part, from `place` on (null: the beginning),
   * and returns where the next one goes on; null: all is erased, for good once this has answered. From the first call
   * on none of their requests comes into the log any more. To be called until it is done, and again does no harm.
   */
  eraseRequests(erased: Erased, place: ErasePlace | null): ErasePlace | null {
    writeVersion(this.#storage, STORAGE_VERSION);
    this.#keepOut(erased);
    if (place?.part !== 'usage') {
      const lastId = this.#journal.erase(erased, place?.afterId ?? -1, this.nowMs());
      return lastId === null ? { part: 'usage', afterKey: null } : { part: 'log', afterId: lastId };
    }
    const lastKey = this.#usage.eraseAddresses(erased, place.afterKey);
    return lastKey === null ? null : { part: 'usage', afterKey: lastKey };
  }

  /** What is left of what the account's keys share. */
  inspect(limits: readonly Limit[], credits: CreditTerms | null): LedgerReport {
    const nowMs = this.nowMs();
    const { meter, leases } = this.#gate;
    const money = credits === null ? [] : this.#credits.views(credits, nowMs, nowMs);
    const { granted, used } = meter;
    return { granted, used, leases: leases.size, limits: [...view(meter, limits, nowMs), ...money] };
  }

  override async alarm(): Promise<void> {
    await runJobs(this.#storage, this.nowMs(), {
      flush: (nowMs) => this.#flush(nowMs),
      expire: (nowMs) => this.#expire(nowMs),
      trim: (nowMs) => this.#trim(nowMs),
      tell: (nowMs) => tellNotes(this.#storage, this.#env, nowMs),
    });
  }

  #clear(ask: Draw, money: readonly LimitView[], nowMs: number): Clear {
    const ttlMs = Math.min(ask.leaseMs, REFUSAL_MS);
    return { kind: 'clear', limits: [...view(this.#gate.meter, ask.limits, nowMs), ...money], ttlMs, atMs: nowMs };
  }

  #refuse(refused: Refused, { limits, credits }: Draw, nowMs: number): Refused {
    const { violated } = refused;
    this.#quotas.look(this.#gate, refused.limits.slice(0, limits.length), violated, nowMs);
    if (credits !== null) this.#lookAtMoney(credits, violated, nowMs);
    this.#refusedUntilMs = Math.max(this.#refusedUntilMs, nowMs + usableMs(refused.ttlMs, LEDGER_SLACK_MS));
    storeLongest(this.#storage, this.#gate, STORAGE_VERSION);
    return refused;
  }

  /** Looks at what the account may spend; `violated` names what has just refused a request. */
  #lookAtMoney(terms: CreditTerms, violated: readonly string[], nowMs: number): void {
    this.#creditWatch.look(this.#credits, terms, violated.includes('credits'), nowMs);
    const { held } = this.#credits.standing();
    const standings = this.#credits.views({ ...terms, prepaid: false }, nowMs, nowMs).map((budget) => ({
      view: budget,
      isRefused: violated.includes(budget.name),
      // Holds of another month among it, so near the end of one it is told a little late.
      out: () => held,
    }));
    this.#quotas.lookAt(standings, nowMs);
  }

  #keepOut(erased: Erased): void {
    const before = this.#storage.kv.get<Erased>('erased') ?? [];
    if (before === 'all') return;
    const after = erased === 'all' ? erased : [...new Set([...before, ...erased])];
    if (after.length !== before.length || after === 'all') this.#storage.kv.put('erased', after);
  }

  #isCounting(): boolean {
    return this.#storage.kv.get('meter') !== undefined;
  }

  #flush(nowMs: number): void {
    if (isQuiet(this.#storage, this.#grantedAtMs, nowMs)) storeExact(this.#storage, this.#gate);
  }

  #keepAnchor(anchorMs: number): void {
    if (this.#storage.kv.get<number>('anchorMs') !== anchorMs) this.#storage.kv.put('anchorMs', anchorMs);
  }

  #planExpiry(): void {
    const dueMs = this.#credits.expiryMs();
    if (dueMs !== null) planJob(this.#storage, 'expire', dueMs);
  }

  #expire(nowMs: number): void {
    this.#credits.expire(this.#storage.kv.get<number>('anchorMs') ?? 0, nowMs);
    const dueMs = this.#credits.expiryMs();
    if (dueMs !== null) planJob(this.#storage, 'expire', dueMs, true);
  }

  #retention(): Retention | undefined {
    return this.#storage.kv.get<Retention>('retention');
  }

  #trim(nowMs: number): void {
    const retention = this.#retention();
    if (retention === undefined) return;
    const hasMore = [this.#journal.trim(retention, nowMs), this.#usage.trim(nowMs)].includes(true);
    if (hasMore) planJob(this.#storage, 'trim', nowMs + RETRY_MS, true);
    else if (!this.#journal.isEmpty || !this.#usage.isEmpty) {
      planJob(this.#storage, 'trim', this.#trimDueMs(retention, nowMs, TRIM_IDLE_MS), true);
    }
  }

  /** In `afterMs`, or as soon as there is something to trim of a log that is too large. */
  #trimDueMs({ bytes }: Retention, nowMs: number, afterMs: number): number {
    const overflowsAtMs = this.#journal.overflowsAtMs(bytes);
    return overflowsAtMs === null ? nowMs + afterMs : Math.max(overflowsAtMs, nowMs + TRIM_OVERFLOW_MS);
  }
}
