import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RequestEvent } from '../../src/decision/event.ts';
import { KEPT_MS, Usage } from '../../src/objects/usage.ts';
import { type HitPage, type HitQuery, type LimitHit, placeOfHit } from '../../src/objects/usage-hits.ts';
import { writeCursor } from '../../src/registry/page.ts';
import { inObject, request, rowsWritten, START_MS } from './ledger-events.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function page(usage: Usage, query: Partial<HitQuery> = {}): HitPage {
  const found = usage.limitHits({ limit: 200, cursor: null, ...query });
  if (found === null) throw new Error('the cursor is not known');
  return found;
}

/** All pages, one after the other; `meanwhile` is run between them. */
function listed(usage: Usage, query: Partial<HitQuery> = {}, meanwhile: () => void = () => {}): LimitHit[] {
  const hits: LimitHit[] = [];
  let cursor: string | null = null;
  do {
    const next = page(usage, { ...query, cursor });
    hits.push(...next.hits);
    cursor = next.nextCursor;
    meanwhile();
  } while (cursor !== null);
  return hits;
}

const nameOf = ({ startMs, keyId, reason }: LimitHit) => `${startMs} ${keyId} ${reason}`;
const refused = (given: Partial<RequestEvent> = {}) => request({ status: 429, reason: 'rate_limited', ...given });

/** What the hits of these requests are. */
function hitsOf(
  events: readonly RequestEvent[],
  { keyIds, fromMs = 0, toMs = Number.MAX_SAFE_INTEGER }: Partial<HitQuery>,
) {
  const hits = new Map<string, LimitHit>();
  for (const { keyId, atMs, reason } of events) {
    const startMs = Math.floor(atMs / HOUR_MS) * HOUR_MS;
    if (reason === null || reason === 'revoked' || !(keyIds?.includes(keyId) ?? true)) continue;
    if (startMs < fromMs || startMs >= toMs) continue;
    const hit = { startMs, keyId, reason: reason as LimitHit['reason'] };
    const name = nameOf({ ...hit, requests: 0 });
    hits.set(name, { ...hit, requests: (hits.get(name)?.requests ?? 0) + 1 });
  }
  const order = ({ keyId, reason }: LimitHit) => `${keyId} ${reason}`;
  return [...hits.values()].sort((a, b) => b.startMs - a.startMs || (order(a) < order(b) ? -1 : 1));
}

describe('hits of limits', () => {
  test('are none where nothing is used, and no denial of another kind is one', () =>
    inObject((storage) => {
      const usage = new Usage(storage);
      expect(page(usage)).toEqual({ hits: [], nextCursor: null });
      usage.count([request(), request({ status: 401, reason: 'revoked' })], START_MS);
      expect(page(usage)).toEqual({ hits: [], nextCursor: null });
    }));

  test('are one for each key, hour and reason, with the number of requests, and cost no write', () =>
    inObject((storage) => {
      const usage = new Usage(storage);
      const startMs = Math.floor(START_MS / HOUR_MS) * HOUR_MS;
      const events = [
        refused(),
        refused({ category: 'x', environment: 'test' }),
        refused({ reason: 'quota_daily' }),
        refused({ keyId: 'key_b', status: 403, reason: 'trial_exhausted' }),
        refused({ atMs: START_MS + HOUR_MS }),
        request(),
      ];
      usage.count(events, START_MS);
      let hits: readonly LimitHit[] = [];
      expect(rowsWritten(storage, (counted) => ({ hits } = page(new Usage(counted))))).toBe(0);
      expect(hits).toEqual([
        { startMs: startMs + HOUR_MS, keyId: 'key_a', reason: 'rate_limited', requests: 1 },
        { startMs, keyId: 'key_a', reason: 'quota_daily', requests: 1 },
        { startMs, keyId: 'key_a', reason: 'rate_limited', requests: 2 },
        { startMs, keyId: 'key_b', reason: 'trial_exhausted', requests: 1 },
      ]);
    }));

  test('agree with a plain list, page by page, while hours are added up, and none comes twice or is left out where others come meanwhile', async () => {
    const event = fc.record({
      keyId: fc.constantFrom('key_a', 'key_b', 'key_c'),
      category: fc.constantFrom(null, 'x'),
      reason: fc.constantFrom(null, 'revoked', 'rate_limited', 'quota_daily', 'credits_exhausted'),
      agoMs: fc.oneof(fc.nat(2 * HOUR_MS), fc.nat(40 * HOUR_MS)),
    });
    const group = fc.record({ events: fc.array(event, { maxLength: 12 }), waitMs: fc.nat(3 * HOUR_MS) });
    const query = fc.record(
      {
        keyIds: fc.constantFrom<string[]>(['key_a'], ['key_c', 'key_b'], []),
        fromMs: fc.integer({ min: START_MS - 20 * HOUR_MS, max: START_MS + 20 * HOUR_MS }),
        toMs: fc.integer({ min: START_MS, max: START_MS + 40 * HOUR_MS }),
      },
      { requiredKeys: [] },
    );
    const groups = fc.array(group, { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(groups, groups, query, fc.integer({ min: 1, max: 4 }), (first, later, filter, limit) =>
        inObject((storage) => {
          const usage = new Usage(storage);
          let nowMs = START_MS;
          const all: RequestEvent[] = [];
          const count = ({ events, waitMs }: (typeof first)[number]) => {
            nowMs += waitMs;
            const made = events.map(({ agoMs, ...given }) => request({ ...given, atMs: nowMs - agoMs }));
            usage.count(made, nowMs);
            all.push(...made);
          };
          for (const each of first) count(each);
          const before = hitsOf(all, filter);
          expect(listed(usage, { ...filter, limit })).toEqual(before);
          const rest = later.values();
          const seen = listed(usage, { ...filter, limit }, () => {
            const next = rest.next();
            if (!next.done) count(next.value);
          }).map(nameOf);
          expect(new Set(seen).size).toBe(seen.length);
          expect(before.map(nameOf).filter((name) => !seen.includes(name))).toEqual([]);
          expect(listed(usage, filter)).toEqual(hitsOf(all, filter));
        }),
      ),
      { numRuns: 80 },
    );
  });

  test('stand for 90 days, as long as usage is kept by hour', () =>
    inObject((storage) => {
      const usage = new Usage(storage);
      usage.count([refused()], START_MS);
      expect(usage.trim(START_MS + KEPT_MS.hour)).toBe(false);
      expect(page(usage).hits).toHaveLength(1);
      usage.trim(START_MS + KEPT_MS.hour + DAY_MS);
      expect(page(usage).hits).toEqual([]);
    }));

  test('are looked for in a bounded number of hours at a time', () =>
    inObject((storage) => {
      const usage = new Usage(storage);
      for (let i = 0; i < 450; i++) {
        const atMs = START_MS + i * HOUR_MS;
        usage.count([refused({ atMs }), ...(i < 10 ? [refused({ atMs, keyId: 'key_b' })] : [])], atMs);
      }
      const first = page(usage, { keyIds: ['key_b'] });
      expect([first.hits, first.nextCursor !== null]).toEqual([[], true]);
      expect(listed(usage, { keyIds: ['key_b'], limit: 3 })).toHaveLength(10);
    }));

  test('go on behind the place of any of them, and take no cursor but their own', () =>
    inObject((storage) => {
      const usage = new Usage(storage);
      for (const keyId of ['key_a', 'key_b']) usage.count([refused({ keyId })], START_MS);
      const [first, second] = page(usage).hits;
      if (first === undefined || second === undefined) throw new Error('there are two');
      expect(page(usage, { cursor: writeCursor(placeOfHit(first)) }).hits).toEqual([second]);
      expect(page(usage, { cursor: writeCursor([first.startMs, '']) }).hits).toEqual([first, second]);
      for (const cursor of ['nonsense', writeCursor([START_MS, 5])]) {
        expect(usage.limitHits({ limit: 1, cursor })).toBeNull();
      }
    }));
});
