import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decision } from '../../../src/control/shapes/doors.ts';
import { gateOf, grantCredits, limitsOf, logOf, usageOf } from '../../support/books.ts';
import { type Cluster, type IssuedKey, startCluster } from '../../support/cluster.ts';
import { serviceKey, verify } from '../../support/doors.ts';
import { malformedKey, unissuedKey } from '../../support/keys.ts';
import { freshAddress } from '../../support/matrix.ts';
import { type Json, read, status } from '../../support/reply.ts';

/*
 * `explain`: why a key would be refused, all reasons at once, and nothing else.
 */

let cluster: Cluster;
let account: string;
let service: IssuedKey;

beforeAll(async () => {
  cluster = await startCluster({
    isolates: 2,
    caller: true,
    policy: { plans: { small: { rates: { per_minute: 0 }, quota: { requests: 5, window: 'month' } } } },
  });
  account = await cluster.account('Customer');
  service = await serviceKey(cluster);
});
afterAll(() => cluster.stop());

async function explain(question: Json, isolate = 0): Promise<Json> {
  const { status, text, body } = await verify(cluster, service.key, { ...question, explain: true }, isolate);
  expect([status, text]).toEqual([200, text]);
  expect(decision.safeParse(body).error).toBeUndefined();
  expect(body.explained).toBe(true);
  return body;
}

const reasonsOf = (told: Json): string[] => told.reasons.map(({ reason }: Json) => reason);

describe('of a key that', () => {
  test('may pass it has no reason, and what is left of every limit', async () => {
    const key = await cluster.issue(account, { quotas: { total: 3, monthly: 2 }, label: 'mine' });
    const told = await explain({ key: key.key, path: '/v1/models', client_ip: freshAddress() });
    expect(told).toMatchObject({ valid: true, reasons: [], account, key_id: key.id, label: 'mine' });
    expect(told.limits.map(({ name, remaining }: Json) => [name, remaining])).toEqual([
      ['rate', 6_000],
      ['total', 3],
      ['monthly', 2],
    ]);
    expect(told.lockouts).toEqual({
      address: { strikes: 0, locked_until: null },
      secret: { strikes: 0, locked_until: null },
    });
  });

  test('has everything against it it tells all of it, in the order of the proxy', async () => {
    const own = await cluster.account('Spent', 'small');
    const key = await cluster.issue(own, {
      role: 'viewer',
      addresses: ['203.0.113.1'],
      quotas: { total: 0, daily: 0 },
      rate_limit_per_minute: 0,
    });
    await cluster.admin('POST', `/keys/${key.id}/deactivate`);
    await cluster.admin('POST', `/accounts/${own}/suspend`);
    const told = await explain({ key: key.key, method: 'POST', path: '/v1/x', client_ip: freshAddress() });
    expect(reasonsOf(told)).toEqual([
      'account_suspended',
      'inactive',
      'role_forbidden',
      'address_forbidden',
      'rate_limited',
      'quota_total',
      'quota_daily',
      'plan_rate',
    ]);
    expect(told).toMatchObject({ valid: false, reason: 'account_suspended', code: 'account_suspended', status: 403 });
    expect(told.reasons[4]).toMatchObject({ status: 429, exceeded: ['rate'], retry_after_seconds: expect.any(Number) });
  });

  test.each<[string, () => Promise<string>, string[]]>([
    ['is malformed', async () => malformedKey(), ['malformed']],
    ['nobody has issued', async () => unissuedKey(), ['unknown']],
    ['is a service’s', async () => service.key, ['role_forbidden']],
  ])('%s it says so', async (_, keyOf, reasons) => {
    const told = await explain({ key: await keyOf(), client_ip: freshAddress() });
    expect([told.valid, reasonsOf(told)]).toEqual([false, reasons]);
  });

  test('would have to pay it knows what it would cost', async () => {
    const own = await cluster.account('Payer');
    const { key } = await cluster.issue(own);
    await grantCredits(cluster, own, 100);
    expect(reasonsOf(await explain({ key, cost: 100 }))).toEqual([]);
    const told = await explain({ key, cost: 101 });
    expect(reasonsOf(told)).toEqual(['credits_exhausted']);
    expect(told.limits).toContainEqual(
      expect.objectContaining({ name: 'credits', unit: 'micro_credits', remaining: 100 }),
    );
    expect(reasonsOf(await explain({ key }))).toEqual([]);
  });

  test('is locked, or comes from where it is, it tells both and since when', async () => {
    const address = freshAddress();
    const bad = unissuedKey();
    for (let i = 0; i < 10; i++) await verify(cluster, service.key, { key: bad, client_ip: address });
    for (let i = 0; i < 12; i++) await verify(cluster, service.key, { key: unissuedKey(), client_ip: address });
    const told = await explain({ key: bad, client_ip: address });
    expect(reasonsOf(told)).toEqual(['ip_locked', 'secret_locked', 'unknown']);
    expect(told.retry_after_seconds).toBeGreaterThan(880);
    expect(Date.parse(told.lockouts.address.locked_until)).toBeGreaterThan(Date.now());
    expect(Date.parse(told.lockouts.secret.locked_until)).toBeGreaterThan(Date.now());
    const good = await cluster.issue(account);
    expect(reasonsOf(await explain({ key: good.key, client_ip: address }))).toEqual(['ip_locked']);
    expect(reasonsOf(await explain({ key: good.key }))).toEqual([]);
  });

  test('a path of two readings is refused before the key is looked at', async () => {
    expect(reasonsOf(await explain({ key: service.key, path: '/a//b' }))).toEqual(['path_refused']);
  });
});

describe('it leaves no trace:', () => {
  const strikesOf = async (kind: string, subject: string) =>
    (await read(cluster.admin('GET', `/lockouts/${kind}/${subject}`))).body;
  const digestOf = async (key: string) => (await read(cluster.admin('POST', '/keys/lookup', { key }))).body.digest;

  test('of a good key nothing is counted, leased, recorded or used', async () => {
    const own = await cluster.account('Untouched', 'small');
    const key = await cluster.issue(own, { quotas: { total: 1 } });
    // When an empty window frees up is always a window from now.
    const counted = (books: Json) => ({
      ...books,
      limits: books.limits.map(({ resets_at: _, ...limit }: Json) => limit),
    });
    const state = async () => ({
      gate: counted(await gateOf(cluster, key.id)),
      account: counted(await limitsOf(cluster, own)),
      log: await logOf(cluster, own),
      usage: await usageOf(cluster, own),
      shown: (await read(cluster.admin('GET', `/keys/${key.id}`))).body.last_used,
    });
    const before = await state();
    await cluster.calls(1);
    for (let i = 0; i < 5; i++) await explain({ key: key.key, path: '/v1/models', client_ip: freshAddress() }, 1);
    const calls = await cluster.calls(1);
    expect(Object.keys(calls).filter((name) => /admit|strike|settle|take|draw|record$/.test(name))).toEqual([]);
    expect(calls['gate.inspect']).toBe(5);
    expect(await state()).toEqual(before);
    expect(before.log).toEqual([]);
    expect((await read(cluster.admin('DELETE', `/keys/${key.id}?purge=true`))).status).toBe(204);
  });

  test('of a bad key nobody is struck', async () => {
    const address = freshAddress();
    const bad = unissuedKey();
    for (let i = 0; i < 25; i++) {
      await explain({ key: bad, client_ip: address }, i % 2);
      await explain({ key: malformedKey(), client_ip: address }, i % 2);
    }
    expect(await strikesOf('ip', address)).toMatchObject({ strikes: 0, locked_until: null });
    expect(await strikesOf('secret', await digestOf(bad))).toMatchObject({ strikes: 0, locked_until: null });
    const good = await cluster.issue(account);
    expect(await status(cluster.call(good.key, 0, address))).toBe(200);
  });

  test('nothing is kept in the isolate: the next request asks as if nothing had been', async () => {
    const { key } = await cluster.issue(account);
    const address = freshAddress();
    await explain({ key, client_ip: address }, 1);
    await cluster.calls(1);
    expect(await status(cluster.call(key, 1, address))).toBe(200);
    expect(await cluster.calls(1)).toMatchObject({ d1: 1, 'lockout.ask': 1, 'gate.admit': 1 });
  });
});

test('a Worker that is bound may ask for it too', async () => {
  const { key, id } = await cluster.issue(account, { quotas: { total: 0 } });
  const told = await cluster.askBound({ key, explain: true });
  expect(decision.safeParse(told).error).toBeUndefined();
  expect(told).toMatchObject({ valid: false, explained: true, reason: 'quota_total', key_id: id });
});
