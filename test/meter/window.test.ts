import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { add, emptyCount, freesAt, putBack, recount, roll } from '../../src/meter/window.ts';

const WINDOW_MS = 60_000;
const steps = fc.array(fc.record({ afterMs: fc.nat(9_000), n: fc.integer({ min: 1, max: 20 }) }), { maxLength: 80 });

describe('a rolling count', () => {
  test('is never below the list of what happened in the window, and above it by one bucket at most', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(WINDOW_MS, 1_000, 777, 86_400_000), (happened, windowMs) => {
        const count = emptyCount(windowMs);
        const list: { atMs: number; n: number }[] = [];
        let nowMs = 1_800_000_000_000;
        for (const { afterMs, n } of happened) {
          nowMs += afterMs;
          add(count, nowMs, n);
          list.push({ atMs: nowMs, n });
          roll(count, nowMs, windowMs);
          const within = (ms: number) =>
            list.filter(({ atMs }) => atMs > nowMs - ms).reduce((sum, { n }) => sum + n, 0);
          expect(count.sum).toBeGreaterThanOrEqual(within(windowMs));
          expect(count.sum).toBeLessThanOrEqual(within(windowMs + count.bucketMs));
        }
      }),
    );
  });

  test('has at least 60 buckets in a window', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 2_592_000_000 }), (windowMs) => {
        expect(windowMs / emptyCount(windowMs).bucketMs).toBeGreaterThanOrEqual(60);
      }),
    );
  });

  test('takes back from the very bucket that counted, and nothing once that has left', () => {
    const count = emptyCount(WINDOW_MS);
    const first = add(count, 1_000_000, 5);
    add(count, 1_030_000, 7);
    putBack(count, first, 2);
    expect(count.sum).toBe(10);
    roll(count, 1_000_000 + WINDOW_MS + count.bucketMs, WINDOW_MS);
    expect(count.sum).toBe(7);
    putBack(count, first, 3);
    expect(count.sum).toBe(7);
  });

  test('says to the millisecond when it will be low enough', () => {
    fc.assert(
      fc.property(steps, fc.nat(50), (happened, allowed) => {
        const count = emptyCount(WINDOW_MS);
        let nowMs = 1_800_000_000_000;
        for (const { afterMs, n } of happened) {
          nowMs += afterMs;
          add(count, nowMs, n);
        }
        roll(count, nowMs, WINDOW_MS);
        const freeAtMs = freesAt(count, nowMs, WINDOW_MS, allowed);
        if (freeAtMs > nowMs) {
          roll(count, freeAtMs - 1, WINDOW_MS);
          expect(count.sum).toBeGreaterThan(allowed);
        }
        roll(count, freeAtMs, WINDOW_MS);
        expect(count.sum).toBeLessThanOrEqual(allowed);
      }),
    );
  });

  test('agrees with an exact log, whatever is counted ahead, put back and counted earlier, in any order', () => {
    const act = fc.record({
      do: fc.constantFrom('add', 'add', 'putBack', 'recount'),
      afterMs: fc.nat(4_000),
      aheadMs: fc.nat(10_000),
      n: fc.integer({ min: 1, max: 20 }),
      of: fc.nat(40),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.constantFrom(WINDOW_MS, 1_000, 777), (acts, windowMs) => {
        const count = emptyCount(windowMs);
        const log: { atMs: number; index: number; n: number }[] = [];
        let nowMs = 1_800_000_000_000;
        for (const { do: what, afterMs, aheadMs, n, of } of acts) {
          nowMs += afterMs;
          const open = log.filter(({ index, n }) => index >= 0 && n > 0);
          const entry = open[of % Math.max(1, open.length)];
          if (what === 'add') log.push({ atMs: nowMs + aheadMs, index: add(count, nowMs + aheadMs, n), n });
          else if (entry !== undefined) {
            const part = Math.min(n, entry.n);
            if (what === 'putBack') putBack(count, entry.index, part);
            else if (entry.atMs > nowMs) {
              recount(count, entry.index, part, nowMs);
              log.push({ atMs: nowMs, index: -1, n: part });
            }
            if (what === 'putBack' || entry.atMs > nowMs) entry.n -= part;
          }
          roll(count, nowMs, windowMs);
          const within = (ms: number) => log.reduce((sum, { atMs, n }) => sum + (atMs > nowMs - ms ? n : 0), 0);
          expect(count.sum).toBe(count.buckets.reduce((sum, [, n]) => sum + n, 0));
          expect(count.sum).toBeGreaterThanOrEqual(within(windowMs));
          expect(count.sum).toBeLessThanOrEqual(within(windowMs + count.bucketMs));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
