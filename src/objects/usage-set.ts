import type { RequestEvent } from '../decision/event.ts';
import { countRequest, emptyTally, mergeTally, type Tally } from '../meter/tally.ts';

/** By what usage is kept and listed; both begin on the hour or at midnight, UTC. */
export type Step = 'hour' | 'day';

export const STEP_MS = { hour: 3_600_000, day: 86_400_000 } as const satisfies Record<Step, number>;

/** In whose rows those of all keys are added up. */
export const ALL_KEYS = '';

/** Whose usage a row is, and of when. */
export interface UsageName {
  readonly startMs: number;
  /** A key, or {@link ALL_KEYS}. */
  readonly keyId: string;
  /** '' for requests without one. */
  readonly category: string;
  /** The key's; '' for {@link ALL_KEYS}. */
  readonly environment: string;
}

/** When a key was last used and from where, as far as the policy lets addresses be kept. */
export interface LastUse {
  readonly atMs: number;
  readonly address: string | null;
}

/** What one key came to in one hour or day. */
export interface UsageRow extends UsageName {
  readonly last: LastUse;
  readonly tally: Tally;
}

/** Rows in memory, one for each name. */
export class UsageSet {
  readonly #rows = new Map<string, { -readonly [field in keyof UsageRow]: UsageRow[field] }>();

  /** All of them. */
  rows(): UsageRow[] {
    return [...this.#rows.values()];
  }

  /** Counts a request into an hour. */
  count(event: RequestEvent, name: UsageName): void {
    countRequest(this.#rowOf(name, event).tally, event);
  }

  /** Adds what a row has counted to the row of a name. */
  add(row: UsageRow, name: UsageName): void {
    mergeTally(this.#rowOf(name, row.last).tally, row.tally);
  }

  #rowOf({ startMs, keyId, category, environment }: UsageName, { atMs, address }: LastUse): UsageRow {
    const id = [startMs, keyId, category, environment].join('\n');
    const last = { atMs, address };
    const known = this.#rows.get(id);
    if (known !== undefined) {
      if (atMs >= known.last.atMs) known.last = last;
      return known;
    }
    const row = { startMs, keyId, category, environment, last, tally: emptyTally() };
    this.#rows.set(id, row);
    return row;
  }
}

/** When the hour or the day of a time began. */
export function startOf(step: Step, atMs: number): number {
  return Math.floor(atMs / STEP_MS[step]) * STEP_MS[step];
}

/** The same span for all keys. */
export function ofAllKeys({ startMs, category }: UsageName): UsageName {
  return { startMs, keyId: ALL_KEYS, category, environment: '' };
}
