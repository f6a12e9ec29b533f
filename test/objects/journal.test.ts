import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exportOf } from '../../src/control/ledger/logs.ts';
import type { RequestEvent } from '../../src/decision/event.ts';
import {
  type Appended,
  Journal,
  type LogFilter,
  type LogPage,
  type LogQuery,
  REPEAT_MS,
} from '../../src/objects/journal.ts';
import type { ExportPart } from '../../src/objects/log-export.ts';
import { lineOf } from '../../src/objects/log-line.ts';
import { writeCursor } from '../../src/registry/page.ts';
import { batchOf, inObject, request, rowsWritten, START_MS } from './ledger-events.ts';

const HOUR_MS = 3_600_000;
const KEEP_ALL = { ageMs: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };
const ids = (events: readonly RequestEvent[]) => events.map(({ requestId }) => requestId);
const numbered = (n: number, given: Partial<RequestEvent> = {}) =>
  Array.from({ length: n }, (_, i) => request({ requestId: `r${i}`, ...given }));

function page(journal: Journal, query: Partial<LogQuery> = {}): LogPage {
  const found = journal.page({ limit: 200, cursor: null, ...query });
  if (found === null) throw new Error('the cursor is not known');
  return found;
}

/** All pages, one after the other. */
function listed(journal: Journal, query: Partial<LogQuery> = {}): RequestEvent[] {
  const events: RequestEvent[] = [];
  let cursor: string | null = null;
  do {
    const next = page(journal, { ...query, cursor });
    events.push(...next.events);
    cursor = next.nextCursor;
  } while (cursor !== null);
  return events;
}

/** The parts of an export, the first of them `part`. */
function partsOf(journal: Journal, filter: LogFilter, part = journal.exportPart(filter, null)): ExportPart[] {
  const parts = [part];
  for (let { next } = part; next !== null; next = parts.at(-1)?.next ?? null)
    parts.push(journal.exportPart(filter, next));
  return parts;
}
const textOf = (parts: readonly ExportPart[]) => parts.map(({ text }) => text).join('');
const exported = (journal: Journal, filter: LogFilter = {}) => textOf(partsOf(journal, filter));

const rowsOf = (storage: DurableObjectStorage) =>
  storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM log').one().n;
const tablesOf = (storage: DurableObjectStorage) =>
  storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name LIKE 'log%'").toArray().length;

describe('a request log', () => {
  test('stores nothing until there is something to log', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      expect(journal.isKnown('a')).toBe(false);
      expect(page(journal)).toEqual({ events: [], places: [], nextCursor: null });
      expect(journal.trim({ ageMs: 0, bytes: 0 }, START_MS)).toBe(false);
      expect(journal.append([], START_MS)).toEqual({ events: [], unreadable: 0 });
      expect([journal.isEmpty, journal.overflowsAtMs(0)]).toEqual([true, null]);
      expect(tablesOf(storage)).toBe(0);
    }));

  test('keeps every field of a request, and writes one row for all batches that come together', () =>
    inObject((storage) => {
      const event = request({ path: '/v1/"ü\u0007\u{1f600}', label: null, hold: 'h', reserved: 3, ttfbMs: 0.5 });
      const batches = [batchOf([event, request()]), batchOf([event])];
      expect(new Journal(storage).append([batchOf([])], START_MS)).toEqual({ events: [], unreadable: 0 });
      new Journal(storage).append([batchOf([request()])], START_MS);
      let appended: Appended | undefined;
      const written = rowsWritten(storage, (counted) => {
        appended = new Journal(counted).append(batches, START_MS);
      });
      expect(written).toBe(1);
      expect(appended).toEqual({ events: [event, request(), event], unreadable: 0 });
      expect(page(new Journal(storage)).events).toEqual([event, request(), event, request()]);
    }));

  test('gives what a plain list would give, whatever was appended, trimmed, erased, crashed and rolled back in between', async () => {
    const event = fc.record({
      keyId: fc.constantFrom('key_a', 'key_b'),
      category: fc.constantFrom(null, 'x', 'y'),
      status: fc.constantFrom(200, 204, 404, 429, 500),
      reason: fc.constantFrom(null, 'rate_limited'),
      agoMs: fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: -5_000, max: 5_000 }) },
        { weight: 1, arbitrary: fc.nat(5 * HOUR_MS) },
      ),
    });
    const filter = fc.record(
      {
        keyIds: fc.constantFrom<string[]>(['key_a'], ['key_b', 'key_none'], ['key_b', 'key_a'], []),
        category: fc.constantFrom('x', 'y'),
        statuses: fc.constantFrom<[number, number]>([404, 404], [400, 499], [200, 299]),
        reason: fc.constant('rate_limited'),
        fromMs: fc.integer({ min: START_MS - 2 * HOUR_MS, max: START_MS + 4 * HOUR_MS }),
        toMs: fc.integer({ min: START_MS - HOUR_MS, max: START_MS + 4 * HOUR_MS }),
      },
      { requiredKeys: [] },
    );
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('append' as const),
          batches: fc.array(fc.array(event, { maxLength: 5 }), { maxLength: 3 }),
          waitMs: fc.nat(20 * 60_000),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('read' as const),
          reader: fc.nat(2),
          limit: fc.integer({ min: 1, max: 4 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('trim' as const), ageMs: fc.nat(3 * HOUR_MS) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('erase' as const),
          erased: fc.constantFrom(['key_a'], ['key_b', 'key_none'], 'all' as const),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ do: 'crash' as const }) },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('roll back' as const),
          batches: fc.array(fc.array(event, { maxLength: 3 }), { minLength: 1, maxLength: 2 }),
        }),
      },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(filter, { minLength: 3, maxLength: 3 }),
        fc.array(step, { maxLength: 40 }),
        (filters, steps) =>
          inObject((storage) => {
            let journal = new Journal(storage);
            let nowMs = START_MS;
            let made = 0;
            /** Oldest first; `rowMs` as the log may keep it. */
            let list: { readonly event: RequestEvent; readonly rowMs: number }[] = [];
            const readers = filters.map((filter) => ({
              filter,
              cursor: null as string | null,
              left: null as string[] | null,
            }));
            const matching = (filter: (typeof filters)[number]) =>
              list
                .map(({ event }) => event)
                .filter((event) => filter.keyIds?.includes(event.keyId) ?? true)
                .filter((event) => filter.category === undefined || event.category === filter.category)
                .filter((event) => filter.reason === undefined || event.reason === filter.reason)
                .filter(
                  ({ status }) => status >= (filter.statuses?.[0] ?? 0) && status <= (filter.statuses?.[1] ?? 599),
                )
                .filter(({ atMs }) => atMs >= (filter.fromMs ?? 0) && atMs < (filter.toMs ?? Number.MAX_SAFE_INTEGER))
                .reverse();
            const make = (batches: (typeof steps)[number] & { do: 'append' | 'roll back' }) =>
              batches.batches.map((events) =>
                batchOf(
                  events.map(({ agoMs, ...given }) =>
                    request({ ...given, atMs: nowMs - agoMs, requestId: `r${++made}` }),
                  ),
                ),
              );
            for (const step of steps) {
              if (step.do === 'append') {
                nowMs += step.waitMs;
                const batches = make(step);
                const recorded = journal.append(batches, nowMs).events;
                list.push(...recorded.map((event) => ({ event, rowMs: nowMs })));
                expect(ids(recorded)).toEqual(
                  ids(
                    batches
                      .flatMap(({ events }) => JSON.parse(events))
                      .map(([requestId]: string[]) => ({ requestId }) as RequestEvent),
                  ),
                );
                for (const { id, events } of batches) expect(journal.isKnown(id)).toBe(events !== '[]');
                expect(journal.append(batches, nowMs).events).toEqual([]);
              } else if (step.do === 'read') {
                const reader = readers[step.reader];
                if (reader === undefined) throw new Error('no such reader');
                reader.left ??= ids(matching(reader.filter));
                const { events, nextCursor } = page(journal, {
                  ...reader.filter,
                  limit: step.limit,
                  cursor: reader.cursor,
                });
                const there = new Set(ids(list.map(({ event }) => event)));
                reader.left = reader.left.filter((id) => there.has(id));
                expect(ids(events)).toEqual(reader.left.splice(0, step.limit));
                reader.cursor = nextCursor;
                if (nextCursor === null) {
                  expect(reader.left).toEqual([]);
                  reader.left = null;
                }
              } else if (step.do === 'trim') {
                expect(journal.trim({ ...KEEP_ALL, ageMs: step.ageMs }, nowMs)).toBe(false);
                list = list.filter(({ rowMs }) => rowMs >= nowMs - Math.max(step.ageMs, REPEAT_MS));
              } else if (step.do === 'erase') {
                expect(journal.erase(step.erased, -1, nowMs)).toBeNull();
                list = list.filter(({ event }) => step.erased !== 'all' && !step.erased.includes(event.keyId));
              } else if (step.do === 'crash') {
                journal = new Journal(storage);
              } else {
                const batches = make(step);
                expect(() =>
                  storage.transactionSync(() => {
                    journal.append(batches, nowMs);
                    throw new Error('rolled back');
                  }),
                ).toThrow('rolled back');
                for (const { id } of batches) expect(journal.isKnown(id)).toBe(false);
              }
            }
            for (const { filter } of readers)
              expect(ids(listed(journal, { ...filter, limit: 3 }))).toEqual(ids(matching(filter)));
          }),
      ),
      { numRuns: 150 },
    );
  });

  test('records a batch once, also after a restart and for at least 15 minutes', () =>
    inObject((storage) => {
      const [once, twice] = [batchOf(numbered(2)), batchOf(numbered(3))];
      const journal = new Journal(storage);
      expect(journal.append([once, once, twice], START_MS).events.length).toBe(5);
      journal.append([batchOf([request()])], START_MS + REPEAT_MS - 1);
      for (const reopened of [journal, new Journal(storage)]) {
        expect(reopened.isKnown(once.id)).toBe(true);
        expect(reopened.append([once, twice, batchOf([request()])], START_MS + REPEAT_MS).events.length).toBe(1);
      }
      expect(listed(journal).length).toBe(8);
    }));

  test('forgets what was appended in a transaction that failed', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      const batch = batchOf(numbered(2));
      expect(() =>
        storage.transactionSync(() => {
          journal.append([batch], START_MS);
          throw new Error('failed');
        }),
      ).toThrow('failed');
      expect(tablesOf(storage)).toBe(0);
      expect(journal.isKnown(batch.id)).toBe(false);
      expect(journal.append([batch], START_MS).events.length).toBe(2);
    }));

  test.each([
    ['no list', '{"a":1}'],
    ['no JSON', '[["r"'],
    ['an event that is no list', '["r"]'],
    ['fields that are missing', '[["r",1]]'],
  ])('leaves out %s without harm to the others, and counts it', (_, broken) =>
    inObject((storage) => {
      const journal = new Journal(storage);
      const good = JSON.parse(batchOf(numbered(2)).events);
      const inside = broken.endsWith(']') ? [...JSON.parse(broken), ...good] : good;
      const batches = [
        { id: 'bad', events: broken },
        { id: 'mixed', events: JSON.stringify(inside) },
        batchOf([request({ requestId: 'other' })]),
      ];
      const { events, unreadable } = journal.append(batches, START_MS);
      expect(ids(events)).toEqual(['r0', 'r1', 'other']);
      expect(unreadable).toBe(1 + inside.length - good.length);
      expect(ids(listed(journal))).toEqual(['other', 'r1', 'r0']);
    }),
  );

  test.each<[keyof RequestEvent, unknown]>([
    ['atMs', 'now'],
    ['atMs', null],
    ['keyId', null],
    ['status', 42],
    ['ttfbMs', null],
    ['micro', -1],
    ['micro', 0.5],
    ['promptTokens', '1'],
    ['address', 5],
  ])('leaves out an event whose %s is %j', (field, value) =>
    inObject((storage) => {
      const events = [
        request({ requestId: 'a' }),
        request({ requestId: 'b', [field]: value }),
        request({ requestId: 'c' }),
      ];
      const journal = new Journal(storage);
      const appended = journal.append([batchOf(events)], START_MS);
      expect([ids(appended.events), appended.unreadable]).toEqual([['a', 'c'], 1]);
      expect(ids(listed(journal))).toEqual(['c', 'a']);
    }),
  );

  test('takes events of a newer version, which have more fields', () =>
    inObject((storage) => {
      const [event] = JSON.parse(batchOf(numbered(1)).events);
      const journal = new Journal(storage);
      const { events, unreadable } = journal.append(
        [{ id: 'newer', events: JSON.stringify([[...event, 'new']]) }],
        START_MS,
      );
      expect([ids(events), unreadable]).toEqual([['r0'], 0]);
    }));

  test('splits what is too large for a row, and leaves out a single event that is', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      const wide = numbered(60, { path: `/${'ä'.repeat(25_000)}` });
      const large = request({ requestId: 'large', path: '/'.repeat(1_000_000) });
      const batches = [batchOf([...wide, large]), batchOf([request({ requestId: 'last' })])];
      const { events, unreadable } = journal.append(batches, START_MS);
      expect([ids(events), unreadable]).toEqual([[...ids(wide), 'last'], 1]);
      expect(ids(listed(journal, { limit: 7 }))).toEqual(['last', ...ids(wide).reverse()]);
      const sizes = storage.sql
        .exec<{ bytes: number }>('SELECT length(CAST(events AS BLOB)) AS bytes FROM log')
        .toArray();
      expect(sizes.length).toBe(4);
      for (const { bytes } of sizes) expect(bytes).toBeLessThanOrEqual(1_000_002);
      expect(new Journal(storage).append(batches, START_MS).events).toEqual([]);
    }));
});

describe('a page', () => {
  test('of a rare filter ends after bounded work, with a cursor that leads on', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      journal.append([batchOf([request({ requestId: 'rare', keyId: 'key_rare' })])], START_MS);
      for (let i = 0; i < 25; i++) journal.append([batchOf(numbered(1_000))], START_MS + i);
      const first = page(journal, { keyIds: ['key_rare'] });
      expect(first.events).toEqual([]);
      expect(first.nextCursor).not.toBeNull();
      expect(ids(listed(journal, { keyIds: ['key_rare'] }))).toEqual(['rare']);
    }));

  test('by time has the entries of that time in their order, and so has an export, however late or early they came', async () => {
    const minutes = fc.constantFrom(-200, -11, -10, -9, -1, 0, 0, 0, 1, 9);
    const rows = fc.array(fc.tuple(fc.constantFrom(0, 1, 30, 120), fc.array(minutes, { minLength: 1, maxLength: 4 })), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(rows, fc.nat(50), fc.nat(50), fc.constantFrom(0, 1), (given, first, last, moreMs) =>
        inObject((storage) => {
          const journal = new Journal(storage);
          const events: RequestEvent[] = [];
          let nowMs = START_MS;
          for (const [waitMinutes, offsets] of given) {
            nowMs += waitMinutes * 60_000;
            events.push(
              ...journal.append([batchOf(offsets.map((by) => request({ atMs: nowMs + by * 60_000 })))], nowMs).events,
            );
          }
          const times = events.map(({ atMs }) => atMs);
          const [a = 0, b = 0] = [first, last].map((i) => times[i % times.length]);
          const [fromMs, toMs] = [Math.min(a, b), Math.max(a, b) + moreMs];
          const expected = events.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
          expect(listed(journal, { fromMs, toMs, limit: 2 })).toEqual(expected.toReversed());
          expect(listed(journal, { fromMs })).toEqual(events.filter(({ atMs }) => atMs >= fromMs).reverse());
          const lines = exported(journal, { fromMs, toMs }).split('\n').slice(0, -1);
          expect(lines.map((line) => JSON.parse(line).at)).toEqual(
            expected.map(({ atMs }) => new Date(atMs).toISOString()),
          );
        }),
      ),
      { numRuns: 120 },
    );
  });

  test('takes no cursor but its own', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      journal.append([batchOf(numbered(3))], START_MS);
      expect(journal.page({ limit: 1, cursor: 'nonsense' })).toBeNull();
      expect(journal.page({ limit: 1, cursor: writeCursor([START_MS, 'x']) })).toBeNull();
      const beyond = writeCursor([START_MS, Number.MAX_SAFE_INTEGER]);
      expect(ids(page(journal, { cursor: beyond }).events)).toEqual(['r2', 'r1', 'r0']);
      expect(ids(page(journal, { cursor: writeCursor([START_MS, -5]) }).events)).toEqual([]);
    }));

  test('leaves a clock that goes backward no chance to reorder', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      for (const [i, atMs] of [START_MS, START_MS - 60_000, START_MS - 120_000].entries()) {
        journal.append([batchOf([request({ requestId: `${i}`, atMs })])], atMs);
      }
      expect(ids(listed(journal, { limit: 1 }))).toEqual(['2', '1', '0']);
    }));
});

describe('erasing', () => {
  const textsOf = (storage: DurableObjectStorage) =>
    storage.sql.exec<{ events: string }>('SELECT events FROM log ORDER BY id').toArray();

  test('leaves nothing of the requests of a key, and those of others in the same rows as they were', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      const of = (keyId: string) => request({ keyId, label: `label of ${keyId}`, path: `/${keyId}` });
      for (let i = 0; i < 3; i++) journal.append([batchOf([of('key_a'), of('key_b'), of('key_c')])], START_MS + i);
      expect(journal.erase(['key_b', 'key_none'], -1, START_MS)).toBeNull();
      expect(JSON.stringify(textsOf(storage))).not.toContain('key_b');
      expect(listed(journal).map(({ keyId }) => keyId)).toEqual(['key_c', 'key_a', 'key_c', 'key_a', 'key_c', 'key_a']);
      expect(exported(journal).split('\n').length - 1).toBe(6);
      expect(listed(journal, { keyIds: ['key_b'] })).toEqual([]);
      const before = textsOf(storage);
      expect(rowsWritten(storage, (counted) => new Journal(counted).erase(['key_b'], -1, START_MS))).toBe(0);
      expect(textsOf(storage)).toEqual(before);
    }));

  test('leaves a list that is being read where it was, within a row too', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      const mixed = numbered(9).map((event, i) => ({ ...event, keyId: i % 2 ? 'key_b' : 'key_a' }));
      journal.append([batchOf(mixed)], START_MS);
      const first = page(journal, { limit: 3 });
      expect(ids(first.events)).toEqual(['r8', 'r7', 'r6']);
      journal.erase(['key_b'], -1, START_MS);
      const rest = page(journal, { cursor: first.nextCursor });
      expect(ids(rest.events)).toEqual(['r4', 'r2', 'r0']);
      expect(rest.places.map(([, place]) => place)).toEqual([4, 2, 0]);
    }));

  test('takes a bounded part of a large log at a time, and begins anew without harm', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      const wide = numbered(45, { path: `/${'x'.repeat(20_000)}` });
      for (let i = 0; i < 12; i++)
        journal.append([batchOf(wide), batchOf([request({ keyId: 'key_b' })])], START_MS + i);
      const places = [];
      let place: number | null = -1;
      while (place !== null) {
        place = journal.erase(['key_a'], place, START_MS);
        if (place !== null) places.push(place);
        if (places.length === 1) expect(listed(journal, { keyIds: ['key_a'] }).length).toBeGreaterThan(0);
      }
      expect(places.length).toBe(2);
      expect(listed(journal).map(({ keyId }) => keyId)).toEqual(Array(12).fill('key_b'));
      expect(journal.erase('all', -1, START_MS)).toBeNull();
      expect([listed(journal), exported(journal)]).toEqual([[], '']);
    }));

  test('keeps what batches are recognised by, and deletes other rows of which nothing is left, but for the newest', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      const [old, young] = [batchOf(numbered(2)), batchOf(numbered(2))];
      journal.append([old], START_MS);
      journal.append([young], START_MS + REPEAT_MS);
      journal.erase('all', -1, START_MS + REPEAT_MS + 1);
      expect(rowsOf(storage)).toBe(1);
      expect(new Journal(storage).append([young], START_MS + REPEAT_MS + 1).events).toEqual([]);
      journal.erase('all', -1, START_MS + 3 * REPEAT_MS);
      expect(textsOf(storage)).toEqual([{ events: '[]' }]);
      journal.append([batchOf([request({ requestId: 'later' })])], START_MS);
      expect(ids(listed(journal))).toEqual(['later']);
      expect(journal.trim({ ageMs: 0, bytes: 0 }, START_MS + 5 * REPEAT_MS)).toBe(false);
      expect(journal.isEmpty).toBe(true);
    }));

  test('keeps out what comes later of the same keys, which is returned without addresses to be counted', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      const [a, b] = [request({ requestId: 'a' }), request({ requestId: 'b', keyId: 'key_b' })];
      const batch = batchOf([a, b, a]);
      const { events } = journal.append([batch], START_MS, ['key_a']);
      expect(events).toEqual([{ ...a, address: null }, b, { ...a, address: null }]);
      expect(listed(journal, { fromMs: START_MS })).toEqual([b]);
      const alone = batchOf([a]);
      expect(journal.append([alone], START_MS, 'all').events).toHaveLength(1);
      expect(new Journal(storage).append([alone, batch], START_MS + 1, 'all').events).toEqual([]);
      expect(listed(journal)).toEqual([b]);
      expect(JSON.stringify(textsOf(storage))).not.toContain('key_a');
    }));
});

describe('trimming', () => {
  const bytesOf = (storage: DurableObjectStorage) =>
    storage.sql.exec<{ bytes: number | null }>('SELECT sum(length(events) - 2) AS bytes FROM log').one().bytes ?? 0;

  test('keeps the newest rows that fit into the bytes, and what is younger than 15 minutes whatever its size', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      for (let i = 0; i < 40; i++) journal.append([batchOf(numbered(10))], START_MS + i * 60_000);
      const nowMs = START_MS + 40 * 60_000;
      const half = Math.floor(bytesOf(storage) / 2);
      expect(journal.trim({ ...KEEP_ALL, bytes: half }, nowMs)).toBe(false);
      expect(bytesOf(storage)).toBeLessThanOrEqual(half);
      expect(rowsOf(storage)).toBe(20);
      expect(journal.trim({ ageMs: 0, bytes: 0 }, nowMs)).toBe(false);
      expect(rowsOf(storage)).toBe(15);
      journal.trim({ ageMs: 0, bytes: 0 }, nowMs + REPEAT_MS + 1);
      expect(rowsOf(storage)).toBe(0);
    }));

  test('finds something to trim of a log that is too large from the moment that it tells, and not before', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      for (let i = 0; i < 40; i++) journal.append([batchOf(numbered(10))], START_MS + i * 60_000);
      const half = Math.floor(bytesOf(storage) / 2);
      for (let gone = 0; gone < 20; gone++) {
        const dueMs = journal.overflowsAtMs(half) ?? 0;
        expect(dueMs).toBe(START_MS + gone * 60_000 + REPEAT_MS + 1);
        journal.trim({ ...KEEP_ALL, bytes: half }, dueMs - 1);
        expect(rowsOf(storage)).toBe(40 - gone);
        journal.trim({ ...KEEP_ALL, bytes: half }, dueMs);
        expect(rowsOf(storage)).toBe(39 - gone);
      }
      expect(journal.overflowsAtMs(half)).toBeNull();
      expect(journal.isEmpty).toBe(false);
      journal.trim({ ageMs: 0, bytes: 0 }, START_MS + 2 * HOUR_MS);
      expect([journal.isEmpty, journal.overflowsAtMs(0)]).toEqual([true, null]);
    }));

  test('takes away a bounded number at once and tells that there is more', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      for (let i = 0; i < 1_500; i++) journal.append([batchOf(numbered(1))], START_MS + i);
      const nowMs = START_MS + HOUR_MS;
      expect(journal.trim({ ...KEEP_ALL, ageMs: 0 }, nowMs)).toBe(true);
      expect(rowsOf(storage)).toBe(500);
      expect(journal.trim({ ...KEEP_ALL, ageMs: 0 }, nowMs)).toBe(false);
      expect(rowsOf(storage)).toBe(0);
    }));
});

describe('an export', () => {
  const lines = (events: readonly RequestEvent[]) =>
    events.map((event) => `${JSON.stringify(lineOf(event))}\n`).join('');

  test('is what the list shows, one JSON object a line and oldest first; of nothing it is empty', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      expect(partsOf(journal, {})).toEqual([{ text: '', next: null }]);
      for (let i = 0; i < 30; i++)
        journal.append([batchOf(numbered(200, { atMs: START_MS + i, keyId: `key_${i % 3}` }))], START_MS + i);
      expect(exported(journal)).toBe(lines(listed(journal).reverse()));
      expect(exported(journal, { keyIds: ['key_1'] })).toBe(lines(listed(journal, { keyIds: ['key_1'] }).reverse()));
      expect(partsOf(journal, { keyIds: ['key_none'] })).toEqual([{ text: '', next: null }]);
    }));

  test('reads and gives a bounded amount in a part, also where a filter leaves little, and ends at what was there when it began', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      for (let i = 0; i < 40; i++) journal.append([batchOf(numbered(1_000))], START_MS + i);
      const first = journal.exportPart({}, null);
      const rare = journal.exportPart({ keyIds: ['key_none'] }, null);
      journal.append([batchOf([request({ requestId: 'later' })])], START_MS + HOUR_MS);
      const parts = partsOf(journal, {}, first);
      expect(textOf(parts).split('\n').length - 1).toBe(40_000);
      expect(textOf(parts)).not.toContain('later');
      const rowChars = textOf(parts).length / 40;
      for (const { text } of parts) expect(text.length).toBeLessThan(1_000_000 + rowChars);
      const scanned = partsOf(journal, { keyIds: ['key_none'] }, rare);
      expect(scanned.length).toBeGreaterThan(1);
      expect(textOf(scanned)).toBe('');
    }));

  test('reads a bounded number of rows in a part', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      storage.transactionSync(() => {
        for (let i = 0; i < 10_001; i++) journal.append([batchOf(numbered(1))], START_MS + i);
      });
      const first = journal.exportPart({ keyIds: ['key_none'] }, null);
      expect(first).toEqual({ text: '', next: { fromId: START_MS + 10_000, toId: START_MS + 10_000 } });
    }));

  test('leaves out what is trimmed before it is read', () =>
    inObject((storage) => {
      const journal = new Journal(storage);
      for (let i = 0; i < 10; i++) journal.append([batchOf(numbered(4_000))], START_MS + i);
      const first = journal.exportPart({}, null);
      journal.trim({ ...KEEP_ALL, ageMs: 0 }, START_MS + HOUR_MS);
      expect(textOf(partsOf(journal, {}, first)).split('\n').length - 1).toBe(4_000);
    }));
});

describe('an export as a stream', () => {
  /** The stream of an export of rows that are a part each, and how often the ledger was asked for one. */
  const streamed = (
    check: (stream: ReadableStream<Uint8Array>, calls: () => number, journal: Journal) => Promise<void>,
    {
      rows = 10,
      filter = {},
      failing,
    }: { rows?: number; filter?: LogFilter; failing?: { call: number; error: object } } = {},
  ) =>
    inObject(async (storage) => {
      const journal = new Journal(storage);
      for (let i = 0; i < rows; i++) journal.append([batchOf(numbered(4_000, { keyId: `key_${i}` }))], START_MS + i);
      let calls = 0;
      const exportLogs = async (...given: Parameters<Journal['exportPart']>) => {
        calls += 1;
        if (calls === failing?.call) throw failing.error;
        return journal.exportPart(...given);
      };
      await check(await exportOf({ exportLogs }, filter), () => calls, journal);
    });
  const idle = () => scheduler.wait(20);

  test('asks for a further part when those before are taken, and ends at what was there when it was asked for', () =>
    streamed(async (stream, calls, journal) => {
      journal.append([batchOf([request({ requestId: 'later' })])], START_MS + HOUR_MS);
      const whole = exported(journal).split('\n').slice(0, 40_000).join('\n');
      await idle();
      expect(calls()).toBe(1);
      const reader = stream.getReader();
      let text = '';
      for (let taken = 1; ; taken++) {
        const { value, done } = await reader.read();
        if (done) break;
        text += new TextDecoder().decode(value);
        await idle();
        expect(calls()).toBeLessThanOrEqual(taken + 1);
      }
      expect(text).toBe(`${whole}\n`);
      expect(calls()).toBe(10);
    }));

  test('goes on over parts in which nothing is found', () =>
    streamed(
      async (stream, calls) => {
        expect((await new Response(stream).text()).split('\n').length - 1).toBe(4_000);
        expect(calls()).toBe(5);
      },
      { rows: 40, filter: { keyIds: ['key_39'] } },
    ));

  test('asks once more where the runtime says so', () =>
    streamed(async (stream) => expect((await new Response(stream).text()).split('\n').length - 1).toBe(40_000), {
      failing: { call: 3, error: Object.assign(new Error('moved'), { retryable: true }) },
    }));

  test('breaks off where a part cannot be had', () =>
    streamed(async (stream) => expect(new Response(stream).text()).rejects.toThrow('away'), {
      failing: { call: 3, error: new Error('away') },
    }));
});
