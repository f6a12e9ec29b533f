import type { RequestEvent } from '../decision/event.ts';
import { quantiles } from '../meter/histogram.ts';
import { emptyTally, mergeTally, requestsOf, type Tally } from '../meter/tally.ts';
import type { Erased } from './log-erase.ts';
import { hasTable } from './tables.ts';
import { type HitPage, type HitQuery, limitHits } from './usage-hits.ts';
import {
  addedUpTo,
  addUsage,
  createUsage,
  deleteUsage,
  eraseAddresses,
  hasUsage,
  keyAfter,
  lastUseOf,
  readUsage,
} from './usage-rows.ts';
import {
  ALL_KEYS,
  type LastUse,
  ofAllKeys,
  STEP_MS,
  type Step,
  startOf,
  type UsageRow,
  UsageSet,
} from './usage-set.ts';

export type { LastUse } from './usage-set.ts';

/** Which usage. The span is widened to whole hours or days, UTC. */
export interface UsageQuery {
  readonly fromMs: number;
  /** Not in the span. */
  readonly toMs: number;
  readonly by: Step;
  /** Those with one of these keys; absent: of all. */
  readonly keyIds?: readonly string[] | undefined;
  readonly category?: string | undefined;
}

/** What requests come to. */
export interface UsageFigures extends Omit<Tally, 'ttfb'> {
  /** All of them, refused ones too. */
  readonly requests: number;
  /** Times to first byte below which that share of the requests lies, to 5 %, in ms; null: no request. */
  readonly ttfb: { readonly p50: number; readonly p95: number; readonly p99: number } | null;
}

/** Usage by hour or day, oldest first; one without requests is left out. */
export interface UsageSeries {
  /** The span as it was widened. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly points: readonly (UsageFigures & { readonly startMs: number })[];
  /** Of all points together. */
  readonly sums: UsageFigures;
}

/** What of a ledger the readers of usage call. */
export interface UsageCalls {
  usage(query: UsageQuery): Promise<UsageSeries>;
  /** By key; one that was never used, or not for 25 months, is missing. */
  lastUsed(keyIds: readonly string[]): Promise<Record<string, LastUse>>;
}

/** So long usage is kept by hour, and by day: longer than a quarter, and two years with the month before them. */
export const KEPT_MS = { hour: 90 * STEP_MS.day, day: 762 * STEP_MS.day } as const satisfies Record<Step, number>;

/** How many rows one {@link Usage.trim} takes away of each kind. */
const TRIM_ROWS = 1_000;
/** With the key that makes it so many rows one {@link Usage.eraseAddresses} ends. */
const ERASE_ROWS = 5_000;

/**
 * An account's usage in its ledger's storage. A request is counted in one row, that of its key, category and hour, so a
 * group of requests writes one row for each of these. The others are made from them, and so cost a row in an hour and
 * not one in a group: hours that are over are added up for all keys, so that reading an account's series does not read
 * all of its keys; and hours that are no longer kept become days. Every request is thus in one hour or one day, never
 * in both. Nothing is remembered between calls.
 */
export class Usage {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /** Counts requests in the hours in which they arrived at the gateway, whenever that was. */
  count(events: readonly RequestEvent[], nowMs: number): void {
    if (events.length === 0) return;
    createUsage(this.#sql);
    const addedUpToMs = this.#addUp(nowMs);
    const set = new UsageSet();
    for (const event of events) {
      const { keyId, environment, category } = event;
      const name = { startMs: startOf('hour', event.atMs), keyId, environment, category: category ?? '' };
      set.count(event, name);
      if (name.startMs < addedUpToMs) set.count(event, ofAllKeys(name));
    }
    addUsage(this.#sql, 'hour', set.rows());
  }

  /** Usage by hour or day. By hour there is only what is not yet kept by day, see {@link KEPT_MS}. */
  series(query: UsageQuery): UsageSeries {
    const { by, keyIds = [ALL_KEYS], category = null } = query;
    const [fromMs, toMs] = [startOf(by, query.fromMs), startOf(by, query.toMs + STEP_MS[by] - 1)];
    const points = new Map<number, Tally>();
    const sum = emptyTally();
    for (const row of this.#rowsOf(by, keyIds, category, fromMs, toMs)) {
      const startMs = startOf(by, row.startMs);
      const point = points.get(startMs) ?? emptyTally();
      mergeTally(point, row.tally);
      points.set(startMs, point);
    }
    for (const point of points.values()) mergeTally(sum, point);
    const listed = [...points].sort(([a], [b]) => a - b).map(([startMs, tally]) => ({ startMs, ...figuresOf(tally) }));
    return { fromMs, toMs, points: listed, sums: figuresOf(sum) };
  }

  /** When these keys were last used, refused requests among it. One that was never used, or not for 25 months, is missing. */
  lastUsed(keyIds: readonly string[]): Record<string, LastUse> {
    if (!hasTable(this.#sql, 'usage_hours')) return {};
    const uses = keyIds.map((keyId) => [keyId, lastUseOf(this.#sql, keyId)] as const);
    return Object.fromEntries(uses.flatMap(([keyId, use]) => (use === null ? [] : [[keyId, use]])));
  }

  /** How often limits refused keys, newest first, see {@link limitHits}. */
  limitHits(query: HitQuery): HitPage | null {
    return limitHits(this.#sql, query);
  }

  /**
   * Forgets from where keys were last used: of those behind `afterKey` by name, and first of what is added up for all
   * keys. Returns the last one that is done; null: all are. What is counted stays.
   */
  eraseAddresses(erased: Erased, afterKey: string | null): string | null {
    let rows = 0;
    for (const keyId of this.#keysAfter(erased, afterKey)) {
      rows += eraseAddresses(this.#sql, keyId);
      if (rows >= ERASE_ROWS) return keyId;
    }
    return null;
  }

  /** Makes days of hours that are older than {@link KEPT_MS}, and deletes older days. Returns whether there is more to do. */
  trim(nowMs: number): boolean {
    if (!hasTable(this.#sql, 'usage_hours')) return false;
    this.#addUp(nowMs);
    const hours = this.#oldest('hour', startOf('day', nowMs - KEPT_MS.hour));
    const days = new UsageSet();
    for (const row of hours) days.add(row, { ...row, startMs: startOf('day', row.startMs) });
    addUsage(this.#sql, 'day', days.rows());
    deleteUsage(this.#sql, 'hour', hours);
    const past = this.#oldest('day', startOf('day', nowMs - KEPT_MS.day));
    deleteUsage(this.#sql, 'day', past);
    return hours.length === TRIM_ROWS || past.length === TRIM_ROWS;
  }

  /** Whether nothing is counted, or all of it is deleted. */
  get isEmpty(): boolean {
    return !hasTable(this.#sql, 'usage_hours') || !hasUsage(this.#sql);
  }

  /** Of an hour the row of all keys comes last: as long as it stands, its hour counts as added up. */
  #oldest(step: Step, beforeMs: number): UsageRow[] {
    const rest = 'WHERE start_ms < ? ORDER BY start_ms, key_id DESC LIMIT ?';
    return [...readUsage(this.#sql, step, rest, beforeMs, TRIM_ROWS)];
  }

  /** Adds up the hours that are over for all keys; the hour from which on none is. */
  #addUp(nowMs: number): number {
    const fromMs = addedUpTo(this.#sql);
    const set = new UsageSet();
    for (const row of this.#notAddedUp(fromMs, startOf('hour', nowMs), null)) set.add(row, ofAllKeys(row));
    addUsage(this.#sql, 'hour', set.rows());
    return addedUpTo(this.#sql);
  }

  *#keysAfter(erased: Erased, afterKey: string | null): Generator<string> {
    if (!hasTable(this.#sql, 'usage_hours')) return;
    if (erased !== 'all') {
      const named = [ALL_KEYS, ...erased].sort();
      yield* named.filter((keyId) => afterKey === null || keyId > afterKey);
      return;
    }
    for (let keyId = keyAfter(this.#sql, afterKey); keyId !== null; keyId = keyAfter(this.#sql, keyId)) yield keyId;
  }

  #notAddedUp(fromMs: number, toMs: number, category: string | null): Iterable<UsageRow> {
    const rest = 'WHERE start_ms >= ? AND start_ms < ? AND key_id <> ? AND (?4 IS NULL OR category = ?4)';
    return readUsage(this.#sql, 'hour', rest, fromMs, toMs, ALL_KEYS, category);
  }

  *#rowsOf(
    by: Step,
    keyIds: readonly string[],
    category: string | null,
    fromMs: number,
    toMs: number,
  ): Generator<UsageRow> {
    if (!hasTable(this.#sql, 'usage_hours')) return;
    const rest = 'WHERE key_id = ? AND start_ms >= ? AND start_ms < ? AND (?4 IS NULL OR category = ?4)';
    for (const keyId of new Set(keyIds)) {
      const values = [keyId, fromMs, toMs, category];
      yield* readUsage(this.#sql, 'hour', rest, ...values);
      if (by === 'day') yield* readUsage(this.#sql, 'day', rest, ...values);
    }
    if (keyIds.includes(ALL_KEYS)) yield* this.#notAddedUp(Math.max(fromMs, addedUpTo(this.#sql)), toMs, category);
  }
}

function figuresOf(tally: Tally): UsageFigures {
  const { ttfb, ...figures } = tally;
  const [p50, p95, p99] = quantiles(ttfb, [0.5, 0.95, 0.99]) ?? [];
  const times = p50 === undefined || p95 === undefined || p99 === undefined ? null : { p50, p95, p99 };
  return { ...figures, requests: requestsOf(tally), ttfb: times };
}
