import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RequestEvent } from '../../src/decision/event.ts';
import type { Erased } from '../../src/objects/log-erase.ts';
import { KEPT_MS, Usage, type UsageFigures, type UsageQuery, type UsageSeries } from '../../src/objects/usage.ts';
import { inObject, request, rowsWritten, START_MS } from './ledger-events.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const EVER = { fromMs: 0, toMs: START_MS + 4_000 * DAY_MS, by: 'day' } as const;

const rowsOf = (storage: DurableObjectStorage, table: string) =>
  storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n;

/** What the figures of these requests are, but for the times. */
function figuresOf(events: readonly RequestEvent[]): Omit<UsageFigures, 'ttfb'> {
  const sumOf = (read: (event: RequestEvent) => number) => events.reduce((sum, event) => sum + read(event), 0);
  const countBy = (read: (event: RequestEvent) => string | null) => {
    const counts: Record<string, number> = {};
    for (const name of events.map(read)) if (name !== null) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  };
  return {
    requests: events.length,
    statuses: countBy(({ status }) => `${String(status)[0]}xx`),
    reasons: countBy(({ reason }) => reason),
    micro: sumOf(({ micro }) => micro),
    promptTokens: sumOf(({ promptTokens }) => promptTokens),
    completionTokens: sumOf(({ completionTokens }) => completionTokens),
  };
}

function seriesOf(events: readonly RequestEvent[], { fromMs, toMs, by, keyIds, category }: UsageQuery) {
  const stepMs = by === 'hour' ? HOUR_MS : DAY_MS;
  const [from, to] = [Math.floor(fromMs / stepMs) * stepMs, Math.ceil(toMs / stepMs) * stepMs];
  const within = events.filter(
    (event) =>
      event.atMs >= from &&
      event.atMs < to &&
      (keyIds?.includes(event.keyId) ?? true) &&
      (category === undefined || event.category === category),
  );
  const starts = [...new Set(within.map(({ atMs }) => Math.floor(atMs / stepMs) * stepMs))].sort((a, b) => a - b);
  return {
    fromMs: from,
    toMs: to,
    points: starts.map((startMs) => ({
      startMs,
      ...figuresOf(within.filter(({ atMs }) => atMs >= startMs && atMs < startMs + stepMs)),
    })),
    sums: figuresOf(within),
  };
}

function untimed({ points, sums, ...span }: UsageSeries) {
  const strip = <T extends UsageFigures>({ ttfb: _, ...rest }: T) => rest;
  return { ...span, points: points.map(strip), sums: strip(sums) };
}

describe('usage', () => {
  test('stores nothing until something is used', () =>
    inObject((storage) => {
      const usage = new Usage(storage);
      usage.count([], START_MS);
      expect(usage.trim(START_MS)).toBe(false);
      expect(usage.lastUsed(['key_a'])).toEqual({});
      expect(usage.series(EVER)).toMatchObject({
        points: [],
        sums: { requests: 0, statuses: {}, micro: 0, ttfb: null },
      });
      expect(storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name LIKE 'usage%'").toArray()).toEqual([]);
    }));

  test('agrees to the request with a plain list, by hour and by day, while hours are added up and become days', async () => {
    const event = fc.record({
      keyId: fc.constantFrom('key_a', 'key_b', 'key_c'),
      category: fc.constantFrom(null, 'x', 'y'),
      environment: fc.constantFrom('live', 'test'),
      status: fc.constantFrom(101, 200, 302, 404, 429, 503),
      reason: fc.constantFrom(null, 'rate_limited', 'credits_exhausted'),
      micro: fc.nat(1_000_000),
      promptTokens: fc.nat(100),
      completionTokens: fc.nat(100),
      agoMs: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -2_000, max: 30_000 }) },
        { weight: 1, arbitrary: fc.nat(5 * HOUR_MS) },
        { weight: 1, arbitrary: fc.nat(120 * DAY_MS) },
      ),
    });
    const span = fc.tuple(fc.nat(150 * DAY_MS), fc.nat(150 * DAY_MS)).map((ends) => ends.sort((a, b) => a - b));
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ do: fc.constant('count' as const), events: fc.array(event, { maxLength: 8 }) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('wait' as const),
          ms: fc.oneof(fc.nat(2 * HOUR_MS), fc.nat(100 * DAY_MS)),
        }),
      },
      { weight: 2, arbitrary: fc.constant({ do: 'trim' as const }) },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('read' as const),
          by: fc.constantFrom('hour' as const, 'day' as const),
          keyIds: fc.constantFrom(undefined, ['key_a'], ['key_b', 'key_b', 'key_c'], []),
          category: fc.constantFrom(undefined, 'x', 'y'),
          span,
        }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) =>
        inObject((storage) => {
          let nowMs = START_MS;
          const list: RequestEvent[] = [];
          const usage = new Usage(storage);
          let hoursFromMs = 0;
          for (const step of steps) {
            if (step.do === 'count') {
              const events = step.events.map(({ agoMs, ...given }) => request({ ...given, atMs: nowMs - agoMs }));
              usage.count(events, nowMs);
              list.push(...events);
            } else if (step.do === 'wait') nowMs += step.ms;
            else if (step.do === 'trim') {
              expect(usage.trim(nowMs)).toBe(false);
              hoursFromMs = Math.floor((nowMs - KEPT_MS.hour) / DAY_MS) * DAY_MS;
            } else {
              const { by, keyIds, category } = step;
              const [toMs = 0, fromMs = 0] = step.span.map((agoMs) => nowMs + 2 * HOUR_MS - agoMs);
              const query = {
                by,
                keyIds,
                category,
                fromMs: by === 'hour' ? Math.max(fromMs, hoursFromMs) : fromMs,
                toMs,
              };
              if (query.fromMs > toMs) continue;
              expect(untimed(new Usage(storage).series(query))).toEqual(seriesOf(list, query));
            }
          }
          expect(untimed(usage.series(EVER)).sums).toEqual(figuresOf(list));
        }),
      ),
      { numRuns: 150 },
    );
  });

  test("writes one row for each of a group's keys and categories, and at most 20 for 1,000 requests in 10 groups", () =>
    inObject((storage) => {
      const group = (at: number) =>
        Array.from({ length: 100 }, (_, i) =>
          request({ atMs: at + i, status: i % 7 === 0 ? 429 : 200, ttfbMs: 10 * i }),
        );
      const written = Array.from({ length: 10 }, (_, i) =>
        rowsWritten(storage, (counted) => new Usage(counted).count(group(START_MS + i * 1_000), START_MS + i * 1_000)),
      );
      expect(written.slice(1)).toEqual(Array(9).fill(1));
      expect(written.reduce((sum, n) => sum + n)).toBeLessThanOrEqual(20);
      const mixed = [request(), request({ category: 'x' }), request({ keyId: 'key_b' }), request()];
      new Usage(storage).count(mixed, START_MS);
      expect(rowsWritten(storage, (counted) => new Usage(counted).count(mixed, START_MS))).toBe(3);
    }));

  test('tells the times to first byte to 5 %, of all points together too', () =>
    inObject((storage) => {
      const usage = new Usage(storage);
      for (const [i, ttfbMs] of Array.from({ length: 200 }, (_, i) => 5 * (i + 1)).entries()) {
        usage.count([request({ atMs: START_MS + (i % 2) * HOUR_MS, ttfbMs })], START_MS + HOUR_MS);
      }
      const { sums, points } = usage.series({ ...EVER, by: 'hour' });
      for (const { ttfb } of [sums, ...points]) {
        expect(Math.abs((ttfb?.p50 ?? 0) / 500 - 1)).toBeLessThan(0.06);
        expect(Math.abs((ttfb?.p95 ?? 0) / 950 - 1)).toBeLessThan(0.06);
        expect(Math.abs((ttfb?.p99 ?? 0) / 990 - 1)).toBeLessThan(0.06);
      }
    }));

  test('of all keys reads one row an hour and category, however many keys there are', () =>
    inObject((storage) => {
      const usage = new Usage(storage);
      for (let hour = 0; hour < 5; hour++) {
        const atMs = START_MS + hour * HOUR_MS;
        usage.count(
          Array.from({ length: 200 }, (_, i) => request({ atMs, keyId: `key_${i}` })),
          atMs,
        );
      }
      let read = 0;
      const exec = (...given: Parameters<SqlStorage['exec']>) => {
        const rows = storage.sql.exec(...given).toArray();
        if (/SELECT \*/.test(given[0])) read += rows.length;
        return rows;
      };
      const counted = {
        sql: {
          exec: (...given: Parameters<SqlStorage['exec']>) =>
            Object.assign(exec(...given), { toArray: () => storage.sql.exec(...given).toArray() }),
        },
      };
      const series = new Usage(counted as unknown as DurableObjectStorage).series({ ...EVER, by: 'hour' });
      expect(series.sums.requests).toBe(1_000);
      expect(read).toBe(4 + 200);
    }));
});

describe('last use', () => {
  test('is the newest request with the key, in any category, and survives hours that become days', () =>
    inObject((storage) => {
      const usage = new Usage(storage);
      usage.count(
        [
          request({ atMs: START_MS, category: 'z', address: '192.0.2.1' }),
          request({ atMs: START_MS + 5, category: 'a', address: '192.0.2.2' }),
          request({ atMs: START_MS + 4, category: 'a', address: '192.0.2.3' }),
          request({ atMs: START_MS + 3, category: 'z', address: null }),
          request({ atMs: START_MS + 9, keyId: 'key_b', address: null, reason: 'rate_limited', status: 429 }),
        ],
        START_MS,
      );
      const uses = {
        key_a: { atMs: START_MS + 5, address: '192.0.2.2' },
        key_b: { atMs: START_MS + 9, address: null },
      };
      expect(usage.lastUsed(['key_a', 'key_b', 'key_none'])).toEqual(uses);
      usage.count([request({ atMs: START_MS - HOUR_MS }), request({ atMs: START_MS + 1 })], START_MS + HOUR_MS);
      expect(usage.lastUsed(['key_a', 'key_b'])).toEqual(uses);
      usage.trim(START_MS + 100 * DAY_MS);
      expect(rowsOf(storage, 'usage_hours')).toBe(0);
      expect(usage.lastUsed(['key_a', 'key_b'])).toEqual(uses);
    }));
});

describe('erasing addresses', () => {
  const left = (storage: DurableObjectStorage) =>
    storage.sql
      .exec<{ key: string }>(
        `SELECT DISTINCT key_id AS key FROM (
           SELECT key_id, last_address FROM usage_hours UNION ALL SELECT key_id, last_address FROM usage_days)
         WHERE last_address IS NOT NULL ORDER BY key`,
      )
      .toArray()
      .map(({ key }) => key);

  test.each<[string, Erased, string[]]>([
    ['of some keys', ['key_c', 'key_a', 'key_none'], ['key_b']],
    ['of all', 'all', []],
  ])('%s takes them out of hours and days, and no figure', (_, erased, others) =>
    inObject((storage) => {
      const usage = new Usage(storage);
      const keyIds = ['key_a', 'key_b', 'key_c'];
      const use = (atMs: number) => keyIds.map((keyId) => request({ atMs, keyId, address: `of ${keyId}` }));
      usage.count(use(START_MS), START_MS);
      usage.trim(START_MS + 100 * DAY_MS);
      usage.count(use(START_MS + 100 * DAY_MS), START_MS + 100 * DAY_MS);
      usage.count(use(START_MS + 101 * DAY_MS), START_MS + 101 * DAY_MS);
      expect([rowsOf(storage, 'usage_days'), left(storage)]).toEqual([4, ['', ...keyIds]]);
      const [series, uses] = [usage.series(EVER), usage.lastUsed(keyIds)];
      expect(usage.eraseAddresses(erased, null)).toBeNull();
      expect(left(storage)).toEqual(others);
      expect(usage.series(EVER)).toEqual(series);
      for (const [key, use] of Object.entries(uses)) {
        const address = others.includes(key) ? use.address : null;
        expect(usage.lastUsed([key])).toEqual({ [key]: { ...use, address } });
      }
    }),
  );

  test('takes so many rows at a time, and goes on behind the last key', () =>
    inObject((storage) => {
      const usage = new Usage(storage);
      const keys = Array.from({ length: 12_000 }, (_, i) => `key_${i}`);
      usage.count(
        keys.map((keyId) => request({ keyId })),
        START_MS,
      );
      let places = 0;
      let place: string | null = null;
      do {
        place = usage.eraseAddresses('all', place);
        places += 1;
        expect(left(storage).length).toBe(Math.max(0, 12_000 - 5_000 * places));
      } while (place !== null);
      expect(places).toBe(3);
    }));
});

describe('trimming usage', () => {
  test('makes days of hours after 90 days, in bounded steps that keep every sum, and deletes days after 25 months', () =>
    inObject((storage) => {
      const usage = new Usage(storage);
      const keys = Array.from({ length: 1_500 }, (_, i) => `key_${i}`);
      for (const atMs of [START_MS, START_MS + HOUR_MS, START_MS + DAY_MS]) {
        usage.count(
          keys.map((keyId) => request({ atMs, keyId })),
          atMs,
        );
      }
      const sums = () => [
        usage.series(EVER).points.map(({ requests }) => requests),
        usage.series({ ...EVER, keyIds: ['key_7'] }).sums.requests,
      ];
      const whole = [[3_000, 1_500], 3];
      expect(usage.trim(START_MS + 90 * DAY_MS)).toBe(false);
      expect(rowsOf(storage, 'usage_days')).toBe(0);
      let steps = 1;
      while (usage.trim(START_MS + 100 * DAY_MS)) {
        steps += 1;
        expect(sums()).toEqual(whole);
      }
      expect(steps).toBe(5);
      expect(sums()).toEqual(whole);
      expect([rowsOf(storage, 'usage_hours'), rowsOf(storage, 'usage_days')]).toEqual([0, 3_002]);
      usage.count([request({ atMs: START_MS, keyId: 'key_7' })], START_MS + 101 * DAY_MS);
      expect(sums()).toEqual([[3_001, 1_500], 4]);
      while (usage.trim(START_MS + 763 * DAY_MS));
      expect(sums()).toEqual([[1_500], 1]);
    }));
});
