import {
  type Charge,
  type CreditState,
  close,
  grant,
  hold,
  noCredits,
  settle as settleCredits,
  views,
} from '../../src/meter/credits.ts';
import {
  type Ask,
  answer,
  exactSnapshot,
  type Gate,
  type Granted,
  mustStore,
  openGate,
  type Refused,
  refusal,
  type StoredMeter,
  snapshot,
} from '../../src/meter/gate.ts';
import { emptyMeter, view } from '../../src/meter/meter.ts';
import type { Clear } from '../../src/meter/purse.ts';
import { type Settlement, settle } from '../../src/meter/settle.ts';
import { LEDGER_SLACK_MS, REFUSAL_MS, usableMs } from '../../src/meter/times.ts';
import { EPOCH_MS, FLUSH_AFTER_MS, RESTART_MS, type World } from './world.ts';

/** A gate's question to the ledger. */
export interface Draw extends Ask {
  readonly settle: readonly Settlement[];
}

/** The account's ledger as its shell runs it: what is durable survives a crash, the rest does not. */
export class LedgerModel {
  gate: Gate | null = null;
  /** In tables of its own, every change of which is durable. */
  readonly credits: CreditState = noCredits();
  readonly #world: World;
  #stored: StoredMeter = { meter: emptyMeter(), reserve: 0 };
  #longestMs = 0;
  #starts = 0;
  #skewMs = 0;
  #grantedAtMs = 0;
  #isFlushing = false;

  constructor(world: World) {
    this.#world = world;
    const { grantedMicro } = world.plan.account ?? {};
    if (grantedMicro !== undefined) grant(this.credits, grantedMicro);
    this.#start();
  }

  get nowMs(): number {
    return Math.floor(EPOCH_MS + this.#world.time.nowMs + this.#skewMs);
  }

  /** The counters: of the running instance, or what is durable. */
  get meter() {
    return this.gate?.meter ?? this.#stored.meter;
  }

  #start(): void {
    const { meter, reserve, ...more } = structuredClone(this.#stored);
    this.gate = openGate(
      { meter, reserve, ...more },
      this.#longestMs,
      `L${++this.#starts}:`,
      this.nowMs,
      LEDGER_SLACK_MS,
    );
  }

  crash(): void {
    this.gate = null;
    this.#world.tally.crashes++;
    this.#world.time.in(RESTART_MS, () => {
      this.#skewMs = this.#world.rng.between(-10, 10);
      this.#start();
    });
  }

  /** Null where it is down. */
  draw(ask: Draw): Granted | Refused | Clear | null {
    const { gate, nowMs } = this;
    if (gate === null) return null;
    this.settle(ask.settle);
    const terms = ask.reserve > 0 ? this.#world.plan.account?.credits : undefined;
    const endsAtMs = nowMs + usableMs(ask.leaseMs, LEDGER_SLACK_MS);
    const money = terms === undefined ? [] : views(this.credits, terms, nowMs, endsAtMs);
    if (ask.want === 0) {
      const refused = refusal(gate, ask, nowMs, money);
      this.#longestMs = Math.max(this.#longestMs, gate.longestMs);
      const ttlMs = Math.min(ask.leaseMs, REFUSAL_MS);
      return (
        refused ?? { kind: 'clear', limits: [...view(gate.meter, ask.limits, nowMs), ...money], ttlMs, atMs: nowMs }
      );
    }
    const given = answer(gate, ask, nowMs, {
      limits: money,
      drawn: [],
      permits: Number.MAX_SAFE_INTEGER,
      micro: Math.min(Number.MAX_SAFE_INTEGER, ...money.map(({ remaining }) => remaining)),
      endsAtMs: Number.POSITIVE_INFINITY,
    });
    this.#longestMs = Math.max(this.#longestMs, gate.longestMs);
    if (given.kind === 'refused') return given;
    this.#grantedAtMs = nowMs;
    if (terms !== undefined && given.micro > 0) {
      hold(this.credits, given.id, given.micro, nowMs, nowMs + usableMs(given.ttlMs, LEDGER_SLACK_MS));
    }
    if (ask.limits.length === 0) return given;
    if (mustStore(gate)) this.#stored = structuredClone(snapshot(gate));
    this.#flushLater();
    return given;
  }

  /** False where it is down. */
  settle(settlements: readonly Settlement[]): boolean {
    if (this.gate === null) return false;
    const permits = settlements.map(({ micro: _, ...settlement }) => settlement);
    settle(this.gate, permits, this.nowMs);
    for (const { id, closed, micro } of settlements) {
      if (closed && micro !== undefined) close(this.credits, id, micro.reserved);
    }
    this.#flushLater();
    return true;
  }

  /** A request is recorded, once: that is durable, and retried until it is. */
  record(charge: Charge): void {
    const { credits } = this.#world.plan.account ?? {};
    settleCredits(this.credits, charge, credits?.anchorMs ?? 0);
  }

  #flushLater(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#world.time.in(FLUSH_AFTER_MS, () => {
      this.#isFlushing = false;
      if (this.gate === null) return;
      if (this.nowMs - this.#grantedAtMs < FLUSH_AFTER_MS) this.#flushLater();
      else this.#stored = structuredClone(exactSnapshot(this.gate));
    });
  }
}
