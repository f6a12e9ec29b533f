import { waitMs } from '../../src/meter/fence.ts';
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
import { emptyMeter, type Limit } from '../../src/meter/meter.ts';
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
} from '../../src/meter/purse.ts';
import { type Settlement, settle, unusedGrant } from '../../src/meter/settle.ts';
import { isShort, LEDGER_LEASES, REPORT_AFTER_MS } from '../../src/meter/times.ts';
import type { LedgerModel } from './model-ledger.ts';
import { EPOCH_MS, FLUSH_AFTER_MS, RESTART_MS, type World } from './world.ts';

/** An isolate's question. */
export interface GateAsk extends Ask {
  readonly settle: readonly Settlement[];
  /** Null: nothing in the ledger bounds the request. */
  readonly account: readonly Limit[] | null;
}

export type Reply = Granted | Refused | 'stale' | 'failed';

const MAX_ROUNDS = 6;
const RETRY_MS = 1_000;

/** A key's gate as its shell runs it: what is durable survives a crash, the rest does not. */
export class GateModel {
  gate: Gate | null = null;
  purse: Purse = emptyPurse();
  floor = 1;
  readonly #world: World;
  readonly #ledger: LedgerModel | null;
  readonly #name: string;
  #stored: StoredMeter = { meter: emptyMeter(), reserve: 0 };
  #longestMs = 0;
  #starts = 0;
  #skewMs = 0;
  #grantedAtMs = 0;
  #isFlushing = false;
  #isReporting = false;
  #isClosing = false;

  constructor(world: World, ledger: LedgerModel | null, name: string) {
    this.#world = world;
    this.#ledger = ledger;
    this.#name = name;
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
    const stored = structuredClone(this.#stored);
    this.purse = emptyPurse();
    this.gate = openGate(stored, this.#longestMs, `${this.#name}.${++this.#starts}:`, this.nowMs);
  }

  crash(): void {
    if (this.gate === null) return;
    this.gate = null;
    this.#world.tally.crashes++;
    this.#world.time.in(RESTART_MS, () => {
      this.#skewMs = this.#world.rng.between(-10, 10);
      this.#start();
    });
  }

  admit(ask: GateAsk, reply: (answer: Reply) => void) {
    const again = ask.id === undefined ? [] : [unusedGrant(ask.id)];
    if (!this.settle([...ask.settle, ...again])) return reply('failed');
    this.#round(ask, null, MAX_ROUNDS, this.gate, reply);
  }

  #round(ask: GateAsk, heard: Told | null, rounds: number, gate: Gate | null, reply: (answer: Reply) => void) {
    if (gate === null || gate !== this.gate) return reply('failed');
    if (ask.generation < this.floor) return reply('stale');
    this.floor = ask.generation;
    const { nowMs } = this;
    const given = ask.account === null ? answer(gate, ask, nowMs) : giveFunded(gate, this.purse, ask, nowMs, heard);
    if (given !== null) return reply(this.#noteGiven(gate, given, nowMs));
    if (rounds === 1) {
      this.#world.tally.unsettled++;
      return reply('failed');
    }
    this.#draw(ask, ask.account as readonly Limit[], gate, (told) => {
      if (told === 'failed') return reply('failed');
      this.#round(ask, told, rounds - 1, gate, reply);
    });
  }

  #noteGiven(gate: Gate, given: Granted | Refused, nowMs: number): Granted | Refused {
    this.#longestMs = Math.max(this.#longestMs, gate.longestMs);
    if (given.kind === 'refused') return given;
    this.#grantedAtMs = nowMs;
    if (mustStore(gate)) this.#stored = structuredClone(snapshot(gate));
    this.#flushLater();
    this.#closeLater();
    return given;
  }

  #draw(ask: GateAsk, limits: readonly Limit[], gate: Gate, then: (told: Told | null | 'failed') => void) {
    const { purse } = this;
    const { time, tally, ledgerDelay: delay, lost } = this.#world;
    const askedAtMs = this.nowMs;
    const leaseMs = LEDGER_LEASES * ask.leaseMs;
    const want = refusal(gate, ask, askedAtMs) !== null ? 0 : beginDraw(purse, ask.want, leaseMs, askedAtMs);
    const settlements = takeClosings(purse);
    const fail = () =>
      time.in(delay(), () => {
        endDraw(purse, [...settlements, unusedGrant(id)]);
        then('failed');
      });
    const id = `${this.#name}#${++tally.draws}`;
    if (lost()) return fail();
    time.in(delay(), () => {
      const { generation, reserve } = ask;
      const drawn = this.#ledger?.draw({ id, generation, want, leaseMs, limits, reserve, settle: settlements }) ?? null;
      if (drawn === null || lost()) return fail();
      time.in(delay(), () => {
        if (gate !== this.gate) return then('failed');
        endDraw(purse, []);
        then(receiveDrawn(purse, drawn, ask, askedAtMs));
      });
    });
  }

  /** False where it is down. */
  settle(settlements: readonly Settlement[]): boolean {
    const { gate } = this;
    if (gate === null) return false;
    const returned = settle(gate, settlements, this.nowMs);
    if (returned.length === 0) return true;
    for (const each of returned) takeBack(this.purse, each);
    if (mustStore(gate)) this.#stored = structuredClone(exactSnapshot(gate));
    this.#flushLater();
    if (this.purse.limits.some(isShort)) this.#report();
    return true;
  }

  #report(): void {
    if (this.#isReporting) return;
    this.#isReporting = true;
    this.#world.time.in(REPORT_AFTER_MS, () => {
      this.#isReporting = false;
      this.#sendClosings();
    });
  }

  #sendClosings(): void {
    const { gate, purse } = this;
    const closings = gate === null ? [] : takeClosings(purse);
    if (closings.length === 0) return;
    const fails = this.#world.lost();
    this.#world.tally.draws++;
    this.#world.time.in(this.#world.ledgerDelay(), () => {
      if (!fails && this.#ledger?.settle(closings)) return;
      endDraw(purse, closings);
      this.#closeLater(RETRY_MS);
    });
  }

  #closeLater(leastMs = 0): void {
    const nextMs = nextCloseMs(this.purse);
    if (this.#isClosing || (nextMs === null && leastMs === 0)) return;
    this.#isClosing = true;
    this.#world.time.in(Math.max(leastMs, (nextMs ?? 0) - this.nowMs), () => {
      this.#isClosing = false;
      if (this.gate === null) return;
      closeFunds(this.purse, this.floor, this.nowMs);
      this.#sendClosings();
      this.#closeLater(RETRY_MS * Number(nextCloseMs(this.purse) !== null));
    });
  }

  /** Puts a generation in force, and says when nothing of an older one can be used any more. */
  advance(generation: number, acknowledge: () => void) {
    const { gate } = this;
    const again = () => this.advance(generation, acknowledge);
    if (gate === null) return this.#world.time.in(100, again);
    this.floor = Math.max(this.floor, generation);
    const wait = () => {
      if (gate !== this.gate) return this.#world.time.in(100, again);
      const leftMs = waitMs(gate.fence, generation, this.nowMs);
      if (leftMs > 0) return this.#world.time.in(leftMs, wait);
      acknowledge();
    };
    wait();
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
