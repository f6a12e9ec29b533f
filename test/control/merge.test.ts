import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergeParts, type Part } from '../../src/control/ledger/merge.ts';
import type { Position } from '../../src/registry/page.ts';

interface Entry {
  readonly list: number;
  readonly n: number;
  readonly atMs: number;
}

/** A list that is added to at its end, and read newest first in pages that may be shorter than they were asked for. */
function openList(list: number) {
  const entries: Entry[] = [];
  return {
    add: (atMs: number) => entries.push({ list, n: entries.length, atMs }),
    entries: () => entries.toReversed(),
    read(begin: Position | null | undefined, limit: number, most: number): Part<Entry> {
      if (begin === null) return { items: [], rest: null };
      const before = begin === undefined ? entries.length : Number(begin[1]);
      const least = Math.max(0, before - Math.min(limit, most));
      const found = entries.slice(least, before).reverse();
      const items = found.map((value) => ({
        value,
        orderMs: value.atMs,
        behind: [value.atMs, value.n] as const,
        from: [value.atMs, value.n + 1] as const,
      }));
      return { items, rest: least === 0 ? null : [found.at(-1)?.atMs ?? 0, least] };
    },
  };
}

it('lists that are laid together give each entry once, newest first, whatever comes between the pages', () => {
  const step = fc.tuple(fc.nat(2), fc.nat(3));
  const run = fc.array(step, { maxLength: 40 });
  fc.assert(
    fc.property(
      run,
      fc.array(run, { maxLength: 8 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 9 }),
      (before, meanwhile, limit, most) => {
        const lists = [0, 1, 2].map(openList);
        let nowMs = 0;
        const add = (steps: typeof before) => {
          for (const [list, waitMs] of steps) {
            nowMs += waitMs;
            lists[list]?.add(nowMs);
          }
        };
        add(before);
        const there = lists.flatMap((list) => list.entries());
        const seen: Entry[] = [];
        let begins: readonly (Position | null)[] = [];
        const later = meanwhile.values();
        for (let pages = 0; ; pages++) {
          expect(pages).toBeLessThan(500);
          const parts = lists.map((list, i) => list.read(begins[i], limit, most));
          const { values, positions } = mergeParts(parts, limit);
          expect(values.length).toBeLessThanOrEqual(limit);
          seen.push(...values);
          begins = positions;
          const next = later.next();
          if (!next.done) add(next.value);
          if (positions.every((position) => position === null)) break;
        }
        // A list that had nothing at first stays out of it, and so does what has come since.
        expect(seen.toSorted((a, b) => a.list - b.list || b.n - a.n)).toEqual(there);
        expect(seen.map(({ atMs }) => atMs)).toEqual(seen.map(({ atMs }) => atMs).sort((a, b) => b - a));
      },
    ),
    { numRuns: 500 },
  );
});
