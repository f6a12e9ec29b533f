import type { DenialReason } from '../decision/denial.ts';
import { type Position, pageLength, readCursor, writeCursor } from '../registry/page.ts';
import { hasTable } from './tables.ts';
import { hitsOf, hoursWith } from './usage-rows.ts';

/** The denials of limits, as they are told in the audit view: one for each key, hour and reason. */
const LIMIT_REASONS = [
  'rate_limited',
  'quota_total',
  'quota_daily',
  'quota_weekly',
  'quota_monthly',
  'plan_rate',
  'plan_quota',
  'credits_exhausted',
  'budget_exhausted',
  'trial_exhausted',
] as const satisfies readonly DenialReason[];

/** How often a limit refused a key within one hour. */
export interface LimitHit {
  /** When the hour began. */
  readonly startMs: number;
  readonly keyId: string;
  readonly reason: (typeof LIMIT_REASONS)[number];
  readonly requests: number;
}

/** Which of them: those of hours that began at `fromMs` or later and before `toMs`. */
export interface HitQuery {
  readonly keyIds?: readonly string[] | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly limit: number;
  readonly cursor: string | null;
}

/** The newest hour first; within it by key and reason. A page may be short, or empty, and still go on. */
export interface HitPage {
  readonly hits: readonly LimitHit[];
  readonly nextCursor: string | null;
}

/** How many hours one page looks at. */
const MOST_HOURS = 200;

/** Where a hit stands: behind it the list goes on, and at `[startMs, '']` it begins with its hour. */
export function placeOfHit({ startMs, keyId, reason }: LimitHit): Position {
  return [startMs, `${keyId} ${reason}`];
}

/** Before the newest. */
const NEWEST: Position = [Number.MAX_SAFE_INTEGER - 1, ''];

/** Reads hits from the rows of usage that are kept by hour; null where the cursor is not one of this list's. */
export function limitHits(sql: SqlStorage, query: HitQuery): HitPage | null {
  const [beginMs, behind] = (query.cursor === null ? NEWEST : readCursor(query.cursor)) ?? [0, 0];
  if (typeof behind !== 'string') return null;
  const hits: LimitHit[] = [];
  if (!hasTable(sql, 'usage_hours')) return { hits, nextCursor: null };
  const { keyIds, fromMs = 0, toMs = Number.MAX_SAFE_INTEGER } = query;
  const limit = pageLength(query.limit);
  let hours = 0;
  for (const startMs of hoursWith(sql, LIMIT_REASONS, fromMs, Math.min(toMs, beginMs + 1))) {
    if (hours === MOST_HOURS) return { hits, nextCursor: writeCursor([startMs, '']) };
    hours += 1;
    const after = startMs === beginMs ? behind : '';
    for (const hit of hitsOf(sql, LIMIT_REASONS, startMs, keyIds ?? null, after, limit + 1 - hits.length)) {
      const last = hits.at(-1);
      if (hits.length === limit && last !== undefined) return { hits, nextCursor: writeCursor(placeOfHit(last)) };
      hits.push({ startMs, ...hit });
    }
  }
  return { hits, nextCursor: null };
}
