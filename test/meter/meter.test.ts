import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answer, type Gate, mustStore, openGate, snapshot } from '../../src/meter/gate.ts';
import {
  type Amount,
  countUsed,
  draw,
  emptyMeter,
  type Limit,
  type Marks,
  recover,
  restore,
  view,
} from '../../src/meter/meter.ts';
import { settle } from '../../src/meter/settle.ts';
import { mostWithin } from './world.ts';

const T0 = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const one: Amount = { permits: 1, micro: 0 };
const fresh = (): Gate => openGate({ meter: emptyMeter(), reserve: 0 }, 0, 'a:', T0);
const remaining = (meter: ReturnType<typeof emptyMeter>, limit: Limit, nowMs: number, endsAtMs = nowMs) =>
  view(meter, [limit], nowMs, endsAtMs)[0]?.remaining;

describe('a quota by billing months', () => {
  const endMs = T0 + DAY_MS;
  const month: Limit = { name: 'q', limit: 10, windowMs: null, anchorMs: endMs };

  test('is whole again when a month begins, and not before', () => {
    const meter = emptyMeter();
    draw(meter, [month], { permits: 10, micro: 0 }, T0, T0 + 500);
    expect(remaining(meter, month, endMs - 1)).toBe(0);
    expect(view(meter, [month], endMs - 1)[0]?.resetAtMs).toBe(endMs);
    expect(remaining(meter, month, endMs)).toBe(10);
  });

  test('keeps what was counted when the anchor moves: months that touch count whole', () => {
    const meter = emptyMeter();
    draw(meter, [month], { permits: 7, micro: 0 }, T0, T0 + 500);
    const moved: Limit = { ...month, anchorMs: T0 - DAY_MS };
    expect(remaining(meter, moved, T0 + 1_000)).toBe(3);
    for (let i = 0; i < 8; i++) {
      const anchorMs = T0 - i * 3_600_000;
      draw(meter, [{ ...month, anchorMs }], { permits: 0, micro: 0 }, T0, T0 + 500);
      expect(remaining(meter, { ...month, anchorMs }, T0 + 1_000)).toBe(3);
    }
    expect(remaining(meter, moved, T0 + 70 * DAY_MS)).toBe(10);
  });

  test('counts in both months what can be used in either, and must fit into both', () => {
    const meter = emptyMeter();
    draw(meter, [month], { permits: 4, micro: 0 }, endMs - 100, endMs);
    expect([remaining(meter, month, endMs - 1), remaining(meter, month, endMs)]).toEqual([6, 6]);
    draw(meter, [month], { permits: 6, micro: 0 }, endMs - 50, endMs - 1);
    expect([remaining(meter, month, endMs - 1), remaining(meter, month, endMs)]).toEqual([0, 6]);
    expect(remaining(meter, month, endMs - 1, endMs)).toBe(0);
  });

  test('counts a use that is told before the end in its month alone, and puts back what came back in both', () => {
    const meter = emptyMeter();
    const marks = draw(meter, [month], { permits: 5, micro: 0 }, endMs - 100, endMs + 400);
    countUsed(meter, marks, 2, endMs - 10);
    expect([remaining(meter, month, endMs - 1), remaining(meter, month, endMs)]).toEqual([5, 7]);
    restore(meter, marks, { permits: 3, micro: 0 });
    expect([remaining(meter, month, endMs - 1), remaining(meter, month, endMs)]).toEqual([8, 10]);
  });

  test('counts a use that is told after the end in both: it may have been in either', () => {
    const meter = emptyMeter();
    countUsed(meter, draw(meter, [month], one, endMs - 100, endMs + 400), 1, endMs);
    expect([remaining(meter, month, endMs - 1), remaining(meter, month, endMs)]).toEqual([9, 9]);
  });

  test('takes what a crash may have forgotten out of every month that it may have been of', () => {
    const meter = emptyMeter();
    draw(meter, [month], one, endMs - 100, endMs + 400);
    recover(meter, { permits: 2, micro: 0 }, endMs + 1_000);
    expect([remaining(meter, month, endMs - 1), remaining(meter, month, endMs)]).toEqual([7, 7]);
  });

  test('is not forgotten in a crash where a month has just begun, however far ahead the ceiling was', () => {
    const large: Limit = { ...month, limit: 100_000 };
    const ask = { generation: 1, want: 1, leaseMs: 0, limits: [large], reserve: 0 };
    const gate = fresh();
    answer(gate, ask, T0);
    let stored = structuredClone(snapshot(gate));
    for (const atMs of [T0 + 1, endMs + 1]) {
      answer(gate, ask, atMs);
      if (mustStore(gate)) stored = structuredClone(snapshot(gate));
    }
    const next = openGate(stored, 560, 'b:', endMs + 1_000);
    expect(remaining(next.meter, large, endMs + 1_000)).toBeLessThan(100_000);
  });
});

describe('a limit in credits', () => {
  const total: Limit = { name: 'total', limit: 1_000, windowMs: null, unit: 'credits' };
  const day: Limit = { name: 'day', limit: 1_000, windowMs: DAY_MS, unit: 'credits' };
  const requests: Limit = { name: 'requests', limit: 100, windowMs: DAY_MS };
  const limits = [total, day, requests];

  test.each([
    ['less', 40],
    ['more', 160],
    ['nothing', 0],
  ])('counts what a request reserved until its cost is known, and then what it cost: %s', (_, cost) => {
    const gate = fresh();
    const given = answer(gate, { generation: 1, want: 1, leaseMs: 0, limits, reserve: 100 }, T0);
    if (given.kind !== 'granted') throw new Error('refused');
    const left = () => view(gate.meter, limits, T0).map(({ remaining }) => remaining);
    expect(left()).toEqual([900, 900, 99]);
    settle(gate, [{ id: given.id, used: 1, closed: true, micro: { reserved: 100, settled: 0, cost: 0 } }], T0);
    expect(left()).toEqual([900, 900, 99]);
    settle(gate, [{ id: given.id, used: 1, closed: true, micro: { reserved: 100, settled: 100, cost } }], T0);
    settle(gate, [{ id: given.id, used: 1, closed: true, micro: { reserved: 100, settled: 100, cost } }], T0);
    expect(left()).toEqual([1_000 - cost, 1_000 - cost, 99]);
    expect([gate.meter.grantedMicro, gate.meter.usedMicro ?? 0]).toEqual([cost, cost]);
  });

  test('has what a request cost beyond its reserve stored before more is granted: a crash forgets none of it', () => {
    const gate = fresh();
    const given = answer(gate, { generation: 1, want: 1, leaseMs: 0, limits, reserve: 100 }, T0);
    if (given.kind !== 'granted') throw new Error('refused');
    const stored = structuredClone(snapshot(gate));
    settle(gate, [{ id: given.id, used: 1, closed: true, micro: { reserved: 100, settled: 100, cost: 700 } }], T0);
    expect(openGate(stored, 0, 'b:', T0).meter.grantedMicro).toBeLessThan(700);
    expect(mustStore(gate)).toBe(true);
  });

  test('counts a cost in the window of the request that it is of, however late it is told', () => {
    const gate = fresh();
    const given = answer(gate, { generation: 1, want: 1, leaseMs: 0, limits: [day], reserve: 100 }, T0);
    if (given.kind !== 'granted') throw new Error('refused');
    const micro = { reserved: 100, settled: 100, cost: 700 };
    settle(gate, [{ id: given.id, used: 1, closed: true, micro }], T0 + 1_800_000);
    expect(remaining(gate.meter, day, T0 + DAY_MS)).toBe(300);
    expect(remaining(gate.meter, day, T0 + DAY_MS + 400_000)).toBe(1_000);
  });
});

describe('the reserve of a large limit', () => {
  const small: Limit = { name: 'small', limit: 20, windowMs: DAY_MS };
  const large: Limit = { name: 'large', limit: 100_000, windowMs: DAY_MS };
  const ask = (limits: Limit[]) => ({ generation: 1, want: 1, leaseMs: 0, limits, reserve: 0 });

  test('takes nothing from a small one beside it in a crash, whichever was asked for last', () => {
    for (const order of [
      [small, large],
      [large, small],
    ]) {
      const gate = fresh();
      for (const limit of order) answer(gate, ask([limit]), T0);
      const stored = structuredClone(snapshot(gate));
      const next = openGate(stored, 560, 'b:', T0 + 1_000);
      expect(remaining(next.meter, small, T0 + 1_000)).toBe(19);
    }
  });

  test('nor from one that nobody has asked for since', () => {
    const first = fresh();
    answer(first, ask([small]), T0);
    const second = openGate(structuredClone(snapshot(first)), 560, 'b:', T0 + 1_000);
    answer(second, ask([large]), T0 + 1_000);
    const stored = structuredClone(snapshot(second));
    expect(stored.reserve).toBeGreaterThan(100);
    const third = openGate(stored, 560, 'c:', T0 + 2_000);
    expect(remaining(third.meter, small, T0 + 2_000)).toBe(19);
    expect(remaining(third.meter, large, T0 + 2_000)).toBe(100_000 - 1 - stored.reserve);
  });
});

describe('counters', () => {
  test('are after any order of draws, uses and returns what was granted and has not come back', () => {
    const step = fc.record({
      do: fc.constantFrom('draw', 'use', 'back'),
      n: fc.integer({ min: 1, max: 9 }),
      of: fc.nat(20),
    });
    const limits: Limit[] = [
      { name: 'w', limit: 1e9, windowMs: DAY_MS },
      { name: 'm', limit: 1e9, windowMs: null, anchorMs: T0 },
      { name: 't', limit: 1e9, windowMs: null },
    ];
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const meter = emptyMeter();
        const grants: { marks: Marks; left: number }[] = [];
        let out = 0;
        for (const [i, { do: what, n, of }] of steps.entries()) {
          const nowMs = T0 + i * 1_000;
          const grant = grants[of % Math.max(1, grants.length)];
          view(meter, limits, nowMs);
          if (what === 'draw') {
            grants.push({ marks: draw(meter, limits, { permits: n, micro: 0 }, nowMs, nowMs + 1_060), left: n });
            out += n;
          } else if (grant !== undefined) {
            const part = Math.min(n, grant.left);
            grant.left -= part;
            if (what === 'use') countUsed(meter, grant.marks, part, nowMs);
            else restore(meter, grant.marks, { permits: part, micro: 0 });
            if (what === 'back') out -= part;
          }
          expect(view(meter, limits, nowMs).map(({ remaining }) => 1e9 - remaining)).toEqual([out, out, out]);
        }
      }),
    );
  });
});

describe('rolling really rolls, with lease 0 and each use told at once', () => {
  const WINDOWS = 30;

  /** What a gate admits of steady demand, and what an exact log would; `jitter` below 1 moves each request a little. */
  function run(n: number, windowMs: number, demand: number, jitter: number) {
    const gate = fresh();
    const limits: Limit[] = [{ name: 'w', limit: n, windowMs }];
    const gapMs = windowMs / Math.max(240, n * demand);
    const admitted: number[] = [];
    const exact: number[] = [];
    let from = 0;
    for (let i = 0; (i + 1) * gapMs < WINDOWS * windowMs; i++) {
      const atMs = Math.floor(T0 + (i + jitter * ((i * 7) % 5) * 0.2) * gapMs);
      while ((exact[from] ?? Number.POSITIVE_INFINITY) <= atMs - windowMs) from++;
      if (exact.length - from < n) exact.push(atMs);
      const given = answer(gate, { generation: 1, want: 1, leaseMs: 0, limits, reserve: 0 }, atMs);
      if (given.kind === 'refused') continue;
      settle(gate, [{ id: given.id, used: 1, closed: true }], atMs);
      admitted.push(atMs);
    }
    return { admitted, exact };
  }

  const sizes = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 300 }) }, fc.constantFrom(1_000, 2_500));
  test.each([1_000, 60_000, DAY_MS])(
    'in %i ms never above the limit, never below 58/60 of an exact log',
    (windowMs) => {
      fc.assert(
        fc.property(sizes, fc.constantFrom(1.05, 2, 5), fc.constantFrom(0, 0.37, 0.9), (n, demand, jitter) => {
          const { admitted, exact } = run(n, windowMs, demand, jitter);
          expect(mostWithin(admitted, windowMs)).toBeLessThanOrEqual(n);
          expect(admitted.length).toBeGreaterThanOrEqual((exact.length * 58) / 60);
        }),
        {
          numRuns: 12,
          examples: [
            [1, 2, 0],
            [60, 2, 0],
            [2_500, 2, 0.37],
          ],
        },
      );
    },
  );
});

describe('a window that changes', () => {
  const quota = (windowMs: number): Limit => ({ name: 'quota', limit: 5, windowMs });

  test('keeps what was counted, in buckets of its own size', () => {
    const meter = emptyMeter();
    view(meter, [quota(30 * DAY_MS)], T0);
    draw(meter, [quota(30 * DAY_MS)], { permits: 5, micro: 0 }, T0, T0 + 500);
    expect(remaining(meter, quota(60_000), T0 + 1_000)).toBe(0);
    expect(meter.windows.quota?.bucketMs).toBe(250);
    expect(remaining(meter, quota(60_000), T0 + 4 * 3_600_000)).toBe(5);
    draw(meter, [quota(60_000)], one, T0 + 4 * 3_600_000, T0 + 4 * 3_600_000);
    expect(remaining(meter, quota(60_000), T0 + 4 * 3_600_000 + 61_000)).toBe(5);
  });

  test('of what an older version stored leaves later by the longest of its leases', () => {
    const stored = {
      granted: 3,
      used: 3,
      windows: { rate: { bucketMs: 250, buckets: [[T0 / 250, 3] as [number, number]], sum: 3 } },
    };
    const rate: Limit = { name: 'rate', limit: 10, windowMs: 60_000 };
    const { meter } = openGate({ meter: stored, reserve: 0 }, 1_060, 'b:', T0 + 100);
    expect(remaining(meter, rate, T0 + 60_000 + 1_000)).toBe(7);
    expect(remaining(meter, rate, T0 + 60_000 + 1_700)).toBe(10);
  });
});
