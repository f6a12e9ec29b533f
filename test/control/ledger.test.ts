import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LogBatch, packEvent, type RequestEvent } from '../../src/decision/event.ts';
import { type Gateway, type Json, openGateway } from './gateway.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.now();

let gateway: Gateway;
let account: string;
let keys: Json[];

const event = (given: Partial<RequestEvent>): RequestEvent => ({
  requestId: 'r',
  atMs: NOW_MS,
  keyId: keys[0].id,
  label: 'web',
  category: null,
  environment: 'live',
  method: 'GET',
  path: '/v1/models',
  status: 200,
  reason: null,
  ttfbMs: 100,
  bytes: 10,
  address: '192.0.2.1',
  country: 'DE',
  micro: 5,
  promptTokens: 1,
  completionTokens: 2,
  hold: null,
  reserved: 0,
  replacedAtMs: null,
  ...given,
});
const batch = (id: string, events: readonly RequestEvent[]): LogBatch => ({
  id,
  events: JSON.stringify(events.map(packEvent)),
});

beforeAll(async () => {
  gateway = await openGateway();
  account = await gateway.account();
  keys = [await gateway.key(account), await gateway.key(account), await gateway.key(account)];
  const old = event({ requestId: 'old', atMs: NOW_MS - 3 * HOUR_MS, category: 'batch' });
  const refused = event({ requestId: 'refused', keyId: keys[1].id, status: 429, reason: 'rate_limited', micro: 0 });
  await gateway.record(account, batch('one', [old, event({ requestId: 'a' }), refused]));
  await gateway.record(account, batch('two', [event({ requestId: 'b', status: 404 })]));
  await gateway.record(account, batch('two', [event({ requestId: 'b', status: 404 })]));
});
afterAll(() => gateway.close());

const get = (path: string, headers = {}) => gateway.admin('GET', path, undefined, { headers });
const ids = (entries: Json[]) => entries.map((entry) => entry.request_id);

describe('the request log of an account', () => {
  it('lists what was recorded once, newest first, and goes on from a cursor', async () => {
    const { status, body } = await get(`/accounts/${account}/logs`);
    expect([status, ids(body.entries), body.next_cursor]).toEqual([200, ['b', 'refused', 'a', 'old'], null]);
    expect(body.entries[1]).toEqual({
      request_id: 'refused',
      at: new Date(NOW_MS).toISOString(),
      key: keys[1].id,
      label: 'web',
      category: null,
      environment: 'live',
      method: 'GET',
      path: '/v1/models',
      status: 429,
      reason: 'rate_limited',
      ttfb_ms: 100,
      bytes: 10,
      address: '192.0.2.1',
      country: 'DE',
      micro: 0,
      prompt_tokens: 1,
      completion_tokens: 2,
    });
    const first = (await get(`/accounts/${account}/logs?limit=3`)).body;
    const second = (await get(`/accounts/${account}/logs?limit=3&cursor=${first.next_cursor}`)).body;
    expect([ids(first.entries), ids(second.entries), second.next_cursor]).toEqual([
      ['b', 'refused', 'a'],
      ['old'],
      null,
    ]);
  });

  it.each<[string, () => string, string[]]>([
    ['key', () => `key=${keys[1].id}`, ['refused']],
    ['category', () => 'category=batch', ['old']],
    ['status', () => 'status=404', ['b']],
    ['class of status', () => 'status=4xx', ['b', 'refused']],
    ['reason', () => 'reason=rate_limited', ['refused']],
    ['time', () => `to=${new Date(NOW_MS).toISOString()}`, ['old']],
    ['several', () => `status=2xx&from=${new Date(NOW_MS).toISOString()}`, ['a']],
  ])('filters by %s', async (_, query, expected) => {
    expect(ids((await get(`/accounts/${account}/logs?${query()}`)).body.entries)).toEqual(expected);
  });

  it('exports NDJSON, oldest first, for format=ndjson and for a client that accepts it', async () => {
    const replies = await Promise.all([
      get(`/accounts/${account}/logs?format=ndjson`),
      get(`/accounts/${account}/logs`, { accept: 'application/x-ndjson' }),
    ]);
    for (const { status, headers, body } of replies) {
      expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
      expect(headers.get('x-request-id')).not.toBeNull();
      expect(ids(body.trim().split('\n').map(JSON.parse))).toEqual(['old', 'a', 'refused', 'b']);
    }
    const none = await get(`/accounts/${account}/logs?format=ndjson&status=500`);
    expect([none.status, none.body]).toEqual([200, null]);
    const page = await get(`/accounts/${account}/logs?format=json`, { accept: 'application/x-ndjson' });
    expect(page.body.entries.length).toBe(4);
  });

  it('exports a long log whole, and breaks off where a part of it cannot be had', async () => {
    const large = await gateway.account();
    const requests = Array.from({ length: 16_000 }, (_, i) => event({ requestId: `r${i}` }));
    for (let i = 0; i < 4; i++) await gateway.record(large, batch(`${i}`, requests.slice(i * 4_000, (i + 1) * 4_000)));
    const path = `/accounts/${large}/logs?format=ndjson`;
    expect(ids((await get(path)).body.trim().split('\n').map(JSON.parse))).toEqual(
      requests.map(({ requestId }) => requestId),
    );
    await expect(get(path, { 'x-test-away': 'exports' })).rejects.toThrow();
    expect((await get(path, { 'x-test-away': 'ledgers' })).status).toBe(503);
  });

  it.each([
    ['status=40', 'status'],
    ['status=6xx', 'status'],
    ['reason=tired', 'reason'],
    ['from=yesterday', 'from'],
    ['from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'to'],
    ['limit=0', 'limit'],
    ['cursor=nonsense', 'cursor'],
    ['format=csv', 'format'],
    ['owner=me', 'owner'],
  ])('refuses ?%s and names the field', async (query, field) => {
    const { status, body } = await get(`/accounts/${account}/logs?${query}`);
    expect([status, body.code]).toEqual([400, 'request_invalid']);
    expect(body.detail).toMatch(new RegExp(`^${field}: `));
  });

  it('is 404 for an account that is not there', async () => {
    expect((await get('/accounts/acc_none/logs')).status).toBe(404);
    expect((await get('/accounts/acc_none/logs?format=ndjson')).status).toBe(404);
    expect((await get('/accounts/acc_none/usage')).status).toBe(404);
  });
});

describe('the usage of an account', () => {
  const sums = {
    requests: 4,
    statuses: { '2xx': 2, '4xx': 2 },
    reasons: { rate_limited: 1 },
    micro: 15,
    prompt_tokens: 4,
    completion_tokens: 8,
  };

  it('covers the last day by hour unless asked otherwise, and agrees with the log', async () => {
    const { status, body } = await get(`/accounts/${account}/usage`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ account, by: 'hour', sums });
    expect(Date.parse(body.to) - Date.parse(body.from)).toBe(25 * HOUR_MS);
    expect(body.points.map((point: Json) => point.requests)).toEqual([1, 3]);
    expect(body.points[1].starts_at).toBe(new Date(Math.floor(NOW_MS / HOUR_MS) * HOUR_MS).toISOString());
    for (const share of ['p50', 'p95', 'p99']) expect(Math.abs(body.sums.ttfb_ms[share] / 100 - 1)).toBeLessThan(0.05);
  });

  it('goes by day, key and category', async () => {
    const byDay = (await get(`/accounts/${account}/usage?by=day`)).body;
    expect(byDay.sums).toMatchObject(sums);
    expect((await get(`/accounts/${account}/usage?key=${keys[1].id}`)).body.sums.requests).toBe(1);
    expect((await get(`/accounts/${account}/usage?category=batch`)).body.sums.requests).toBe(1);
    expect((await get(`/accounts/${account}/usage?key=${keys[2].id}`)).body).toMatchObject({
      points: [],
      sums: { requests: 0, ttfb_ms: null },
    });
  });

  const ago = (days: number) => new Date(NOW_MS - days * 24 * HOUR_MS).toISOString();
  it.each([
    [`from=${ago(1)}&to=${ago(2)}`, 'to: expected a time after from'],
    [`from=${ago(-1)}`, 'from: expected a time that has passed'],
    [`from=${ago(32)}`, 'from: expected at most 31 days by hour'],
    [`from=${ago(763)}&by=day`, 'from: expected at most 762 days by day'],
    [`from=${ago(95)}&to=${ago(92)}`, 'from: by hour only the last 90 days are kept; use by=day'],
    ['by=week', 'by: expected "hour" or "day"'],
  ])('refuses ?%s', async (query, detail) => {
    const { status, body } = await get(`/accounts/${account}/usage?${query}`);
    expect([status, body.detail]).toEqual([400, detail]);
  });
});

describe('the last use of a key', () => {
  it('stands in lists and with the key, null where it was never used or its ledger is away', async () => {
    const lastUsed = (list: Json[]) => new Map(list.map((key) => [key.id, key.last_used]));
    const use = { at: new Date(NOW_MS).toISOString(), address: '192.0.2.1' };
    const listed = lastUsed((await get(`/keys?account=${account}`)).body.keys);
    expect(keys.map(({ id }) => listed.get(id))).toEqual([use, use, null]);
    expect((await get(`/keys/${keys[0].id}`)).body.last_used).toEqual(use);
    const away = { 'x-test-away': 'ledgers' };
    const unknown = await get(`/keys?account=${account}`, away);
    expect([unknown.status, [...lastUsed(unknown.body.keys).values()]]).toEqual([200, [null, null, null]]);
    expect((await get(`/keys/${keys[0].id}`, away)).body).toMatchObject({ last_used: null, usage: { granted: 0 } });
  });
});
