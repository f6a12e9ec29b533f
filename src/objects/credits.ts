import {
  balanceOf,
  type Charge,
  type CreditState,
  type CreditTerms,
  close,
  expire,
  expiryMs,
  grant,
  hold,
  noCredits,
  settle,
  spentIn,
  views,
} from '../meter/credits.ts';
import type { LimitView } from '../meter/meter.ts';
import { monthOf } from '../meter/month.ts';
import type { PageRequest } from '../registry/page.ts';
import {
  bookDay,
  createMovements,
  type Day,
  findGrant,
  insertMovement,
  listMovements,
  type Movement,
  type NewGrant,
  NO_DAY,
} from './credit-movements.ts';
import { createCredits, readCredits, totalsOf, writeHold, writeTotals } from './credit-rows.ts';

/**
 * What became of a grant. `known`: it was made before, with the same content. `conflict`: with another. `too_much`:
 * it would take the sum of all grants beyond {@link MOST_GRANTED_MICRO}.
 */
export type GrantResult =
  | { readonly kind: 'granted' | 'known'; readonly movement: Movement }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'too_much' };

/** Which lines to list, and from where the billing months are counted. */
export interface StatementQuery extends PageRequest {
  readonly anchorMs: number;
}

/** Where an account stands, in micro-credits, and a page of what led there. */
export interface Statement {
  readonly granted: number;
  readonly balance: number;
  readonly held: number;
  readonly spent: number;
  readonly unreported: number;
  /** The billing month of now. */
  readonly month: { readonly startMs: number; readonly endsAtMs: number; readonly spent: number };
  readonly movements: readonly Movement[];
  readonly nextCursor: string | null;
}

/** The most that an account may be granted in all, so that every sum is an exact integer. */
export const MOST_GRANTED_MICRO = 4_000_000_000_000_000;

/**
 * An account's credits in its ledger's storage: a thin shell around `meter/credits.ts`. Every method is one
 * synchronous step that has written what it changed when it returns: one row for the totals, and one for each hold
 * that changed. Where a write fails nothing of the step is kept, in storage or in memory.
 */
export class Credits {
  readonly #storage: DurableObjectStorage;
  #state: CreditState = noCredits();
  #day: Day = NO_DAY;
  #hasTables = false;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#load();
  }

  /** What a lease that is granted now and can be used until `endsAtMs` may still hold. */
  views(terms: CreditTerms, nowMs: number, endsAtMs: number): LimitView[] {
    return views(this.#state, terms, nowMs, endsAtMs);
  }

  /** What was granted in all, what of it is not spent, and how much of that leases hold. */
  standing(): { readonly granted: number; readonly left: number; readonly held: number } {
    const { granted, held } = this.#state;
    return { granted, left: balanceOf(this.#state) + held, held };
  }

  /** Whether something is open of a hold of that id. */
  knows(id: string): boolean {
    return this.#state.holds.has(id);
  }

  /**
   * Holds `micro`, at least 1, for a new lease; the caller has seen in {@link views} that they are there. What is open
   * of an earlier hold of that id comes back.
   */
  hold(id: string, micro: number, nowMs: number, endsAtMs: number): void {
    this.#step(nowMs, (state) => {
      hold(state, id, micro, nowMs, endsAtMs);
      return [id];
    });
  }

  /** Books what requests cost, against their holds where they have one. The caller sees to it that none comes twice. */
  settle(charges: readonly Charge[], anchorMs: number, nowMs: number): void {
    this.#step(nowMs, (state) =>
      charges.filter((charge) => settle(state, charge, anchorMs)).flatMap((charge) => charge.hold ?? []),
    );
  }

  /** Closes a lease of which requests have taken `taken`; only the first close counts. */
  close(id: string, taken: number, nowMs: number): void {
    this.#step(nowMs, (state) => (close(state, id, taken) ? [id] : []));
  }

  /** Before it {@link expire} has nothing to do; null: nor ever, as things stand. */
  expiryMs(): number | null {
    return expiryMs(this.#state);
  }

  /**
   * Books as unreported what requests of closed leases should have told by now, and forgets the holds of which it is
   * final. What is open of a lease that should have been closed by now comes back.
   */
  expire(anchorMs: number, nowMs: number): void {
    this.#step(nowMs, (state) => expire(state, nowMs, anchorMs));
  }

  /** Grants or corrects, once for each idempotency key. */
  grantCredits(given: NewGrant, nowMs: number): GrantResult {
    const known = this.#hasTables ? findGrant(this.#storage.sql, given.id) : null;
    if (known !== null) {
      const isSame = known.micro === given.micro && known.note === given.note;
      return isSame ? { kind: 'known', movement: known } : { kind: 'conflict' };
    }
    if (Math.abs(this.#state.granted + given.micro) > MOST_GRANTED_MICRO) return { kind: 'too_much' };
    const { id, micro, note, actor } = given;
    const movement: Movement = { id, atMs: nowMs, kind: 'grant', micro, note, actor };
    this.#step(
      nowMs,
      (state) => {
        grant(state, micro);
        return [];
      },
      movement,
    );
    return { kind: 'granted', movement };
  }

  /** Where the account stands. Null where the cursor is not one of its list's. */
  statement(query: StatementQuery, nowMs: number): Statement | null {
    const page = this.#hasTables
      ? listMovements(this.#storage.sql, this.#day, query)
      : { movements: [], nextCursor: null };
    if (page === null) return null;
    const { granted, held, spent, unreported } = this.#state;
    const month = monthOf(query.anchorMs, nowMs);
    const inMonth = { ...month, spent: spentIn(this.#state, month) };
    return { granted, balance: balanceOf(this.#state), held, spent, unreported, month: inMonth, ...page };
  }

  /** Changes the state and writes what has changed: `act` tells which holds. */
  #step(nowMs: number, act: (state: CreditState) => readonly string[], movement: Movement | null = null): void {
    const { sql } = this.#storage;
    try {
      this.#storage.transactionSync(() => {
        const { spent, unreported } = this.#state;
        const before = totalsOf(this.#state).join();
        const holds = new Set(act(this.#state));
        const booked = { spent: this.#state.spent - spent, unreported: this.#state.unreported - unreported };
        const isChanged = totalsOf(this.#state).join() !== before;
        if (isChanged || holds.size > 0 || movement !== null) this.#createTables();
        if (booked.spent !== 0 || booked.unreported !== 0) this.#day = bookDay(sql, this.#day, booked, nowMs);
        if (isChanged) writeTotals(sql, this.#state, this.#day);
        for (const id of holds) writeHold(sql, id, this.#state.holds.get(id));
        if (movement !== null) insertMovement(sql, movement);
      });
    } catch (error) {
      this.#load();
      throw error;
    }
  }

  #createTables(): void {
    if (this.#hasTables) return;
    createCredits(this.#storage.sql);
    createMovements(this.#storage.sql);
    this.#hasTables = true;
  }

  #load(): void {
    const stored = readCredits(this.#storage.sql);
    this.#state = stored?.state ?? noCredits();
    this.#day = stored?.day ?? NO_DAY;
    this.#hasTables = stored !== null;
  }
}
