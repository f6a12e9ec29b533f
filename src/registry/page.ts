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
  return encode(position);
}

/** The position that a cursor names, or null where the text is none of {@link writeCursor}'s. */
export function readCursor(cursor: string): Position | null {
  const position = decode(cursor);
  return isPosition(position) ? position : null;
}

/** One cursor for a list that is made of several: where each of them goes on; null: that one has ended. */
export function writeCursors(positions: readonly (Position | null)[]): string {
  return encode(positions);
}

/** What {@link writeCursors} has written of so many lists, or null where the text is none of its. */
export function readCursors(cursor: string, lists: number): readonly (Position | null)[] | null {
  const positions = decode(cursor);
  const isOurs = Array.isArray(positions) && positions.length === lists;
  return isOurs && positions.every((each) => each === null || isPosition(each)) ? positions : null;
}

function isPosition(value: unknown): value is Position {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [atMs, id] = value as unknown[];
  return Number.isSafeInteger(atMs) && (typeof id === 'string' || Number.isSafeInteger(id));
}

function encode(value: unknown): string {
  return btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function decode(text: string): unknown {
  try {
    return JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/')));
  } catch {
    return undefined;
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
