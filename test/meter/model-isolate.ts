import { watchClock } from '../../src/meter/clock.ts';
import type { Charge } from '../../src/meter/credits.ts';
import {
  beginAsk,
  emptySlot,
  endAsk,
  type Held,
  isRenewalDue,
  killLeases,
  receive,
  returnDueMs,
  type Slot,
  settleCost,
  take,
  takeReports,
} from '../../src/meter/lease.ts';
import type { Limit } from '../../src/meter/meter.ts';
import { unusedGrant } from '../../src/meter/settle.ts';
import { RENEWAL_MARK_MS, REPORT_AFTER_MS, RETURN_AFTER_MS, SLACK_MS } from '../../src/meter/times.ts';
import type { GateModel } from './model-gate.ts';
import { EPOCH_MS, type World } from './world.ts';

/** What the registry knows of a key, or an isolate's copy of it. */
export interface RecordModel {
  readonly generation: number;
  readonly limits: readonly Limit[];
  readonly account: readonly Limit[] | null;
}

/** A key as the model has it, and what is seen of it from above. */
export interface KeyModel {
  readonly gate: GateModel;
  readonly price?: { readonly reserve: number; readonly least: number; readonly most: number } | undefined;
  current: RecordModel;
  /** The newest generation that an `advance` has acknowledged. */
  acknowledged: number;
  readonly admittedAtMs: number[];
  /** Of each that was admitted, once known: what it cost; before: null. */
  readonly costs: (number | null)[];
  /** When that was known in the isolate. */
  readonly doneAtMs: number[];
  readonly violated: Map<string, number>;
  refused: number;
  failed: number;
}

const SPENDING_MS = [20, 3_000] as const;
const MAX_ROUNDS = 4;

/** An isolate, with what it holds of each key. */
export class IsolateModel {
  readonly #world: World;
  readonly #leaseMs: number;
  readonly #clock: ReturnType<typeof watchClock>;
  readonly #slots = new Map<KeyModel, Slot>();
  readonly #records = new Map<KeyModel, RecordModel>();
  readonly #charge: (charge: Charge) => void;
  #offsetMs: number;

  constructor(world: World, index: number, charge: (charge: Charge) => void) {
    const { plan, rng, time } = world;
    const drift = plan.drift === undefined ? 1 : 1 + rng.between(-plan.drift, plan.drift);
    this.#world = world;
    this.#charge = charge;
    this.#leaseMs = plan.leaseTimesMs?.[index] ?? plan.leaseMs;
    this.#offsetMs = plan.drift === undefined ? 0 : rng.between(-86_400_000, 86_400_000);
    this.#clock = watchClock(
      () => Math.floor(EPOCH_MS + time.nowMs * drift + this.#offsetMs),
      () => {
        for (const slot of this.#slots.values()) killLeases(slot);
      },
    );
  }

  stepBack(byMs: number): void {
    this.#offsetMs -= byMs;
  }

  #slot(key: KeyModel): Slot {
    const slot = this.#slots.get(key) ?? emptySlot();
    this.#slots.set(key, slot);
    return slot;
  }

  #record(key: KeyModel): RecordModel {
    const record = this.#records.get(key) ?? key.current;
    this.#records.set(key, record);
    return record;
  }

  request(key: KeyModel): void {
    this.#world.tally.requests++;
    if (!this.#take(key)) this.#ask(key, MAX_ROUNDS);
  }

  /** Whether the request is decided with what the isolate holds. */
  #take(key: KeyModel): boolean {
    const slot = this.#slot(key);
    const { generation } = this.#record(key);
    const nowMs = this.#clock.nowMs();
    const taken = take(slot, generation, nowMs, key.price?.reserve ?? 0);
    if (taken === null) return false;
    if (taken.kind === 'refused') {
      this.#refused(key, taken.violated);
      return true;
    }
    this.#admitted(key, taken);
    if (isRenewalDue(slot, nowMs)) this.#ask(key, 0);
    return true;
  }

  #admitted(key: KeyModel, held: Held): void {
    const { time, rng, tally } = this.#world;
    const at = key.admittedAtMs.push(time.nowMs) - 1;
    if (held.generation < key.acknowledged) tally.late++;
    if (held.isShort) this.#reportUse(key);
    const { price } = key;
    key.costs[at] = price === undefined ? 0 : null;
    if (price === undefined) return;
    const atMs = Math.floor(EPOCH_MS + time.nowMs);
    time.in(rng.between(...SPENDING_MS), () => {
      const micro = Math.floor(rng.between(price.least, price.most + 1));
      key.costs[at] = micro;
      key.doneAtMs[at] = time.nowMs;
      settleCost(this.#slot(key), held, price.reserve, micro);
      time.in(RETURN_AFTER_MS, () => this.#sendSettlements(key));
      time.in(rng.between(0, 2_000), () => this.#charge({ hold: held.hold, reserved: price.reserve, micro, atMs }));
    });
  }

  #refused(key: KeyModel, violated: readonly string[]): void {
    key.refused++;
    const names = violated.join();
    key.violated.set(names, (key.violated.get(names) ?? 0) + 1);
  }

  /** `rounds` 0: a renewal in the background. */
  #ask(key: KeyModel, rounds: number) {
    const { time, tally, delay, lost } = this.#world;
    const slot = this.#slot(key);
    const clock = this.#clock;
    const askedAtMs = clock.nowMs();
    const { epoch } = clock;
    const { generation, limits, account } = this.#record(key);
    const { want, settle } = beginAsk(slot, this.#leaseMs, askedAtMs);
    const reserve = key.price?.reserve ?? 0;
    const named = reserve > 0 ? { id: `ask${tally.calls}` } : {};
    tally.calls++;
    const fail = () =>
      time.in(delay(), () => {
        endAsk(slot, named.id === undefined ? settle : [...settle, unusedGrant(named.id)]);
        if (rounds > 0) key.failed++;
      });
    const again = () => {
      if (rounds > 1 && !this.#take(key)) this.#ask(key, rounds - 1);
    };
    if (lost()) return fail();
    time.in(delay(), () => {
      key.gate.admit(
        { ...named, generation, want, leaseMs: this.#leaseMs, limits, reserve, account, settle },
        (answer) => {
          if (answer === 'failed' || lost()) return fail();
          time.in(delay(), () => {
            endAsk(slot, answer === 'stale' ? settle : []);
            if (answer === 'stale') {
              return time.in(delay(), () => {
                this.#records.set(key, key.current);
                again();
              });
            }
            if (epoch !== clock.epoch) {
              if (answer.kind === 'granted') slot.settlements.push(unusedGrant(answer.id));
              return again();
            }
            receive(slot, answer, askedAtMs);
            if (slot.returningUntilMs < clock.nowMs()) this.#returnUnused(key);
            if (rounds === 0) return;
            if (answer.kind === 'refused' && clock.nowMs() < askedAtMs + Math.max(answer.ttlMs, SLACK_MS)) {
              return this.#refused(key, answer.violated);
            }
            again();
          });
        },
      );
    });
  }

  #returnUnused(key: KeyModel): void {
    const slot = this.#slot(key);
    const nowMs = this.#clock.nowMs();
    const dueMs = returnDueMs(slot);
    slot.returningUntilMs = dueMs === null ? 0 : nowMs + RETURN_AFTER_MS + RENEWAL_MARK_MS;
    if (dueMs === null) return;
    if (nowMs >= dueMs) this.#tellNow(key);
    this.#world.time.in(Math.min(Math.max(1, dueMs - nowMs), RETURN_AFTER_MS), () => this.#returnUnused(key));
  }

  #tellNow(key: KeyModel): void {
    const slot = this.#slot(key);
    slot.settlements = takeReports(slot, this.#clock.nowMs());
    this.#sendSettlements(key);
  }

  #reportUse(key: KeyModel): void {
    const slot = this.#slot(key);
    if (slot.isReporting) return;
    slot.isReporting = true;
    this.#world.time.in(REPORT_AFTER_MS, () => {
      slot.isReporting = false;
      this.#tellNow(key);
    });
  }

  #sendSettlements(key: KeyModel): void {
    const slot = this.#slot(key);
    const { settlements } = slot;
    if (settlements.length === 0) return;
    slot.settlements = [];
    this.#world.tally.calls++;
    this.#world.tally.reports++;
    const fails = this.#world.lost();
    this.#world.time.in(this.#world.delay(), () => {
      if (fails || !key.gate.settle(settlements)) slot.settlements.push(...settlements);
    });
  }
}
