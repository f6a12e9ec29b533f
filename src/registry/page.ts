/*
 * Pages of lists: newest first, continued by where the last page ended and not by how many rows were seen, so that
 * rows that come or go meanwhile are neither repeated nor skipped.
 */

/** The most rows that a list gives at once. */
export const LONGEST_PAGE = 200;

/** What every list takes. `cursor` is the `nextCursor` of the page before. */
export interface PageRequest {
  readonly limit: number;
  readonly cursor: string | null;
}

/** Where a page ended: the columns that order the list. */
export type Position = readonly [atMs: number, id: string | number];

/** Text that leads back to a position; opaque to clients. */
export function writeCursor(position: Position): string {
  return btoa(JSON.stringify(position)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The position that a cursor names, or null where the text is none of {@link writeCursor}'s. */
export function readCursor(cursor: string): Position | null {
  try {
    const position: unknown = JSON.parse(atob(cursor.replaceAll('-', '+').replaceAll('_', '/')));
    if (!Array.isArray(position) || position.length !== 2) return null;
    const [atMs, id] = position as unknown[];
    return Number.isSafeInteger(atMs) && (typeof id === 'string' || Number.isSafeInteger(id))
      ? [atMs as number, id as string | number]
      : null;
  } catch {
    return null;
  }
}

/** A whole number of rows from 1 to {@link LONGEST_PAGE}. */
export function pageLength(limit: number): number {
  return Math.min(Math.max(Math.trunc(limit), 1), LONGEST_PAGE);
}

/** Cuts the one row too many that a list read to learn whether there is a next page. */
export function cutPage<T>(
  rows: readonly T[],
  limit: number,
  position: (row: T) => Position,
): { rows: readonly T[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, nextCursor: rows.length > limit && last !== undefined ? writeCursor(position(last)) : null };
}

/**
 * The bounds between which all texts that start with `prefix` sort, so that a search is a range of an index and no
 * character has a special meaning, as `%` and `_` have for LIKE.
 */
export function textRange(prefix: string): readonly [from: string, before: string] {
  return [prefix, `${prefix}\u{10ffff}`];
}
