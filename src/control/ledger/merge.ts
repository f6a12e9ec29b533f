import type { Position } from '../../registry/page.ts';

/*
 * One list out of several, each with an order of its own, newest first. What a page has taken of each stands in its
 * cursor, so whatever comes meanwhile, nothing is taken twice and nothing is left out, even where a list is not quite in
 * the order of its times.
 */

/** An entry of a list. */
export interface Item<T> {
  readonly value: T;
  /** By which the lists are laid together, in ms. */
  readonly orderMs: number;
  /** Where its list goes on behind it, and where it begins with it. */
  readonly behind: Position;
  readonly from: Position;
}

/** What was read of a list. */
export interface Part<T> {
  readonly items: readonly Item<T>[];
  /** Where it goes on behind them; null: nothing is there. */
  readonly rest: Position | null;
}

/** A page of all lists, and where each of them goes on; null: it has ended. */
export interface Merged<T> {
  readonly values: readonly T[];
  readonly positions: readonly (Position | null)[];
}

/**
 * Takes the newest entries of all lists. The page ends before `limit` where it comes to what was not read of a list,
 * and so may be newer than what the others have.
 */
export function mergeParts<T>(parts: readonly Part<T>[], limit: number): Merged<T> {
  const heads = parts.map((part) => ({ ...part, taken: 0 }));
  const values: T[] = [];
  while (values.length < limit) {
    const [newest] = heads
      .filter(({ items, rest, taken }) => taken < items.length || rest !== null)
      .toSorted((a, b) => orderOf(b) - orderOf(a));
    const item = newest?.items[newest.taken];
    if (newest === undefined || item === undefined) break;
    values.push(item.value);
    newest.taken += 1;
  }
  return { values, positions: heads.map(positionOf) };
}

interface Head<T> extends Part<T> {
  taken: number;
}

/** What was not read is no newer than where it begins. */
function orderOf<T>({ items, rest, taken }: Head<T>): number {
  return items[taken]?.orderMs ?? rest?.[0] ?? 0;
}

/** A list of which nothing was taken begins with what it had, not with what has come since. */
function positionOf<T>({ items, rest, taken }: Head<T>): Position | null {
  const [last, next] = [items[taken - 1], items[taken]];
  return next === undefined ? rest : (last?.behind ?? next.from);
}
