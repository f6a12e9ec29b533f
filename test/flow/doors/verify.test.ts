import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decision } from '../../../src/control/shapes/doors.ts';
import { logOf, usageOf } from '../../support/books.ts';
import { BACKGROUND, CALLS, startClocks, stopClocks, without } from '../../support/calls.ts';
import { type Cluster, type IssuedKey, startCluster } from '../../support/cluster.ts';
import { SERVICE_ADDRESS, serviceKey, VERIFY, verify } from '../../support/doors.ts';
import { malformedKey, unissuedKey } from '../../support/keys.ts';
import { freshAddress } from '../../support/matrix.ts';
import { type Json, type Reply, read, status } from '../../support/reply.ts';

/*
 * `POST /api/v1/keys/verify`: the decision of the proxy, for services that proxy by themselves.
 */

let cluster: Cluster;
let account: string;
let service: IssuedKey;

beforeAll(async () => {
  cluster = await startCluster({ isolates: 4, caller: true });
  account = await cluster.account('Customer');
  service = await serviceKey(cluster);
});
afterAll(() => cluster.stop());

/** A decision, which must have the shape that is documented. */
async function ask(question: Json, isolate = 0): Promise<Json> {
  const reply = await verify(cluster, service.key, question, isolate);
  expect([reply.status, reply.text]).toEqual([200, reply.text]);
  expect(decision.safeParse(reply.body).error).toBeUndefined();
  return reply.body;
}

/** What an isolate asks while it does something that it is warm for; leases do not end meanwhile. */
async function callsWhileClocksStand(warm: () => Promise<void>, act: () => Promise<void>, isolate: number) {
  await stopClocks(cluster, [isolate]);
  try {
    await warm();
    await cluster.calls(isolate);
    await act();
    return without(await cluster.calls(isolate), BACKGROUND);
  } finally {
    await startClocks(cluster, [isolate]);
  }
}

const settled = async <T>(get: () => Promise<T>, wanted: (value: T) => boolean): Promise<T> => {
  for (let tries = 0; ; tries++) {
    const value = await get();
    if (wanted(value) || tries === 40) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

describe('a good key', () => {
  test('is valid, with who it is and what is left of its limits', async () => {
    const key = await cluster.issue(account, { label: 'mine', rate_limit_per_minute: 600, quotas: { total: 50 } });
    const told = await ask({ key: key.key, method: 'POST', path: '/v1/chat?x=1', client_ip: '192.0.2.9' });
    expect(told).toEqual({
      valid: true,
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      role_checked: true,
      address_checked: true,
      account,
      key_id: key.id,
      role: 'developer',
      environment: 'live',
      plan: 'standard',
      user: null,
      label: 'mine',
      expires_at: null,
      grace_period_ends_at: null,
      limits: [
        {
          name: 'rate',
          unit: 'requests',
          limit: 600,
          remaining: 599,
          window_seconds: 60,
          resets_at: expect.any(String),
        },
        { name: 'total', unit: 'requests', limit: 50, remaining: 49, window_seconds: null, resets_at: null },
      ],
    });
  });

  test('has what its isolate holds of its limits told as left', async () => {
    const { key } = await cluster.issue(account, { rate_limit_per_minute: 6_000 });
    const remaining: number[] = [];
    for (let i = 0; i < 30; i++) remaining.push((await ask({ key }, 1)).limits[0].remaining);
    expect(remaining).toEqual(Array.from({ length: 30 }, (_, i) => 5_999 - i));
  });

  test('is asked about for its path, its method and its address, or without them', async () => {
    const viewer = await cluster.issue(account, { role: 'viewer' });
    const listed = await cluster.issue(account, { addresses: ['192.0.2.0/24'] });
    const reasons = async (question: Json) => {
      const { valid, reason, role_checked: role, address_checked: address } = await ask(question);
      return [valid ? 'valid' : reason, role, address];
    };
    const path = '/v1/models';
    expect(await reasons({ key: viewer.key, path })).toEqual(['valid', true, false]);
    expect(await reasons({ key: viewer.key, method: 'POST', path })).toEqual(['role_forbidden', true, false]);
    expect(await reasons({ key: viewer.key })).toEqual(['valid', false, false]);
    expect(await reasons({ key: listed.key, path, client_ip: '192.0.2.200' })).toEqual(['valid', true, true]);
    expect(await reasons({ key: listed.key, client_ip: '203.0.113.1' })).toEqual(['address_forbidden', false, true]);
    expect(await reasons({ key: listed.key })).toEqual(['address_missing', false, false]);
    expect(await reasons({ key: listed.key, client_ip: '::ffff:192.0.2.200' })).toEqual(['valid', false, true]);
    expect(await reasons({ key: viewer.key, path: '/v1/%2e%2e/models' })).toEqual(['path_refused', true, false]);
  });

  test('counts as at the proxy and stands in the log and the usage of its account', async () => {
    const own = await cluster.account('Books');
    const key = await cluster.issue(own, { quotas: { total: 3 } });
    await ask({ key: key.key, method: 'POST', path: '/v1/chat?secret=no', client_ip: '192.0.2.9' });
    await ask({ key: key.key });
    expect(await status(cluster.call(key.key, 1))).toBe(200);
    const refused = await ask({ key: key.key, path: '/v1/late' }, 2);
    expect([refused.reason, refused.exceeded, refused.status]).toEqual(['quota_total', ['total'], 403]);
    expect(refused.limits).toContainEqual(expect.objectContaining({ name: 'total', remaining: 0 }));
    const log = await settled(
      () => logOf(cluster, own),
      ({ length }) => length === 4,
    );
    const told = log.map(({ method, path, status, reason, address }) => [method, path, status, reason, address]);
    expect(told.sort()).toEqual(
      [
        ['POST', '/v1/chat', 200, null, '192.0.2.9'],
        ['POST', VERIFY, 200, null, null],
        ['GET', '/v1/models', 200, null, '192.0.2.1'],
        ['GET', '/v1/late', 403, 'quota_total', null],
      ].sort(),
    );
    expect(await usageOf(cluster, own)).toMatchObject({ requests: 4 });
  });
});

describe('a key that is refused', () => {
  test.each<[string, () => Promise<string>, string, string, number]>([
    ['malformed', async () => malformedKey(), 'malformed', 'invalid_api_key', 401],
    ['unknown', async () => unissuedKey(), 'unknown', 'invalid_api_key', 401],
    ['revoked', revokedKey, 'revoked', 'api_key_revoked', 401],
    ['switched off', inactiveKey, 'inactive', 'api_key_inactive', 401],
    ['of a service', async () => service.key, 'role_forbidden', 'insufficient_role', 403],
  ])('is told by reason and by the policy: %s', async (_, keyOf, reason, code, wire) => {
    const told = await ask({ key: await keyOf(), client_ip: freshAddress() });
    expect(told).toMatchObject({ valid: false, reason, code, status: wire });
    expect(told.message.length).toBeGreaterThan(10);
    expect(told.limits).toBeUndefined();
  });

  test('tells when to come again where a rate is reached', async () => {
    const key = await cluster.issue(account, { rate_limit_per_minute: 1 });
    await ask({ key: key.key });
    const told = await ask({ key: key.key });
    expect(told).toMatchObject({ reason: 'rate_limited', status: 429, exceeded: ['rate'] });
    expect(told.retry_after_seconds).toBeGreaterThan(0);
    expect(told.retry_after_seconds).toBeLessThanOrEqual(61);
  });

  test('is refused from the moment at which its revocation is acknowledged, in every isolate', async () => {
    const key = await cluster.issue(account);
    for (const isolate of [0, 1, 2, 3]) expect((await ask({ key: key.key }, isolate)).valid).toBe(true);
    expect(await status(cluster.admin('POST', `/keys/${key.id}/revoke`, undefined, 1))).toBe(204);
    const told = await Promise.all([0, 1, 2, 3].map((isolate) => ask({ key: key.key }, isolate)));
    expect(told.map(({ reason }) => reason)).toEqual(Array(4).fill('revoked'));
  });

  async function revokedKey(): Promise<string> {
    const key = await cluster.issue(account);
    await cluster.admin('POST', `/keys/${key.id}/revoke`);
    return key.key;
  }
  async function inactiveKey(): Promise<string> {
    const key = await cluster.issue(account);
    await cluster.admin('POST', `/keys/${key.id}/deactivate`);
    return key.key;
  }
});

describe('a bad key', () => {
  const strikes = async (address: string): Promise<number> =>
    (await read(cluster.admin('GET', `/lockouts/ip/${address}`))).body.strikes;

  test('strikes the address that is named, and never that of the service', async () => {
    const address = freshAddress();
    await ask({ key: malformedKey(), client_ip: address });
    await ask({ key: unissuedKey(), client_ip: address });
    expect([await strikes(address), await strikes(SERVICE_ADDRESS)]).toEqual([2, 0]);
    await ask({ key: malformedKey() });
    await ask({ key: unissuedKey() });
    expect([await strikes(address), await strikes(SERVICE_ADDRESS)]).toEqual([2, 0]);
  });

  test('locks its address out, at the doors and at the proxy alike', async () => {
    const address = freshAddress();
    const good = await cluster.issue(account);
    for (let i = 0; i < 20; i++) await ask({ key: unissuedKey(), client_ip: address }, i % 4);
    // An isolate that knows the key hears where it comes from all the same.
    for (let i = 0; i < 5; i++) await ask({ key: good.key, client_ip: freshAddress() }, 3);
    const told = await ask({ key: good.key, client_ip: address }, 3);
    expect(told).toMatchObject({ valid: false, reason: 'ip_locked', status: 429 });
    expect(told.retry_after_seconds).toBeGreaterThan(880);
    expect(await status(cluster.call(good.key, 2, address))).toBe(429);
    expect((await ask({ key: good.key, client_ip: freshAddress() }, 3)).valid).toBe(true);
  });

  test('is locked after ten attempts from ten addresses, also where none is named', async () => {
    const key = unissuedKey();
    const seen: string[] = [];
    for (let i = 0; i < 11; i++) {
      seen.push((await ask(i % 2 === 0 ? { key } : { key, client_ip: freshAddress() }, i % 4)).reason);
    }
    expect(seen).toEqual([...Array(10).fill('unknown'), 'secret_locked']);
  });
});

describe('what a request costs', () => {
  test('is charged at once, to the millionth, and refused where no credits are left', async () => {
    const own = await cluster.account('Payer');
    const key = await cluster.issue(own);
    const grant = { method: 'POST', body: JSON.stringify({ micro: 1_000 }) };
    const headers = { authorization: 'Bearer test-admin-token-0123456789', 'content-type': 'application/json' };
    const granted = await cluster.send(`/admin/v1/accounts/${own}/credits`, {
      ...grant,
      headers: { ...headers, 'idempotency-key': 'once' },
      address: '198.51.100.7',
    });
    expect(granted.status).toBe(201);
    const paid = await Promise.all([300, 300, 300].map((cost, i) => ask({ key: key.key, cost }, i)));
    expect(paid.map(({ valid }) => valid)).toEqual([true, true, true]);
    const spent = await settled(
      () => usageOf(cluster, own),
      (sums) => sums.micro === 900,
    );
    expect(spent).toMatchObject({ requests: 3, micro: 900 });
    const told = await ask({ key: key.key, cost: 101 }, 3);
    expect(told).toMatchObject({ valid: false, reason: 'credits_exhausted', status: 402 });
    expect((await ask({ key: key.key, cost: 100 }, 3)).valid).toBe(true);
    expect((await ask({ key: key.key }, 3)).valid).toBe(true);
    const credits = await settled(
      async () => (await read(cluster.admin('GET', `/accounts/${own}/credits`))).body,
      ({ balance_micro: balance }) => balance === 0,
    );
    expect(credits).toMatchObject({ balance_micro: 0 });
    // What was refused is in the books, and cost nothing.
    const sums = await settled(
      () => usageOf(cluster, own),
      ({ requests }) => requests === 6,
    );
    expect(sums).toMatchObject({ requests: 6, micro: 1_000 });
  });

  test('is nothing in an environment that is not billed', async () => {
    const own = await cluster.account('Tester');
    const key = await cluster.issue(own, { environment: 'test' });
    expect((await ask({ key: key.key, cost: 5_000 })).valid).toBe(true);
    const sums = await settled(
      () => usageOf(cluster, own),
      ({ requests }) => requests === 1,
    );
    expect(sums).toMatchObject({ requests: 1, micro: 0 });
  });
});

describe('a question', () => {
  test.each<[string, Json, string]>([
    ['without a key', {}, 'key'],
    ['that is no object', [], 'body'],
    ['with an empty key', { key: '' }, 'key'],
    ['with a key that is no text', { key: 7 }, 'key'],
    ['with a long key', { key: 'k'.repeat(1_025) }, 'key'],
    ['with a field that there is not', { key: 'k', role: 'x' }, 'role: unknown field'],
    ['with a method and no path', { key: 'k', method: 'GET' }, 'method: expected a path'],
    ['with a lower-case method', { key: 'k', method: 'get', path: '/' }, 'method'],
    ['with a method that is none', { key: 'k', method: 'G ET', path: '/' }, 'method'],
    ['with a path that is none', { key: 'k', path: 'v1' }, 'path'],
    ['with a whole URL', { key: 'k', path: 'https://api.example.com/v1' }, 'path'],
    ['with a long path', { key: 'k', path: `/${'p'.repeat(8_192)}` }, 'path'],
    ['with an address that is none', { key: 'k', client_ip: '192.0.2.300' }, 'client_ip'],
    ['with a list of addresses', { key: 'k', client_ip: '192.0.2.1, 192.0.2.2' }, 'client_ip'],
    ['with an empty address', { key: 'k', client_ip: '' }, 'client_ip'],
    ['with a cost below zero', { key: 'k', cost: -1 }, 'cost'],
    ['with a cost in fractions', { key: 'k', cost: 0.5 }, 'cost'],
    ['with a cost of a million credits', { key: 'k', cost: 1_000_000_000_000 }, 'cost'],
    ['with a cost that is a text', { key: 'k', cost: '5' }, 'cost'],
    ['with a wish that is none', { key: 'k', explain: 'yes' }, 'explain'],
    ['that is no JSON', '{"key": ', 'body'],
    ['that is too large', `{"key":"${'k'.repeat(70_000)}"}`, '64 KB'],
  ])('%s is refused with what to do', async (_, question, says) => {
    const secret = 'k'.repeat(20);
    const { status, body, text } = await verify(cluster, service.key, question);
    expect([status, body.code]).toEqual([
      says === '64 KB' ? 413 : 400,
      says === '64 KB' ? 'body_too_large' : 'request_invalid',
    ]);
    expect(body.detail).toContain(says);
    expect(text).not.toContain(secret);
  });

  test('is a POST, and nothing stands behind its path', async () => {
    const headers = { authorization: `Bearer ${service.key}` };
    const got = await read(cluster.send(VERIFY, { headers, address: SERVICE_ADDRESS }));
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await status(cluster.send(`${VERIFY}/x`, { method: 'POST', headers }))).toBe(404);
  });
});

describe('a Worker that is bound', () => {
  test('asks without a service key, by the same counters', async () => {
    const key = await cluster.issue(account, { quotas: { total: 2 } });
    const told = await cluster.askBound({ key: key.key, method: 'GET', path: '/v1/models', client_ip: '192.0.2.4' });
    expect(decision.safeParse(told).error).toBeUndefined();
    expect(told).toMatchObject({ valid: true, key_id: key.id, role_checked: true, address_checked: true });
    expect((await ask({ key: key.key }, 1)).valid).toBe(true);
    expect(await cluster.askBound({ key: key.key }, 2)).toMatchObject({ valid: false, reason: 'quota_total' });
  });

  test('shares what its isolate holds', async () => {
    const { key } = await cluster.issue(account);
    const address = freshAddress();
    const asked = await callsWhileClocksStand(
      async () => {
        for (let i = 0; i < 5; i++) expect(await status(cluster.call(key, 3, address))).toBe(200);
      },
      async () => expect((await cluster.askBound({ key, client_ip: address }, 3)).valid).toBe(true),
      3,
    );
    expect(asked).toEqual({});
  });

  test('is told of what is no question by a decision, and never by an error', async () => {
    for (const question of [{}, null, 'key', { key: 'k', client_ip: 'x' }, { key: 'k', other: 1 }]) {
      const told = await cluster.askBound(question);
      expect(told).toMatchObject({ valid: false, reason: 'request_invalid', status: 400 });
      expect(told.valid ? '' : told.detail).toMatch(/^(?:body|key|client_ip|other): /);
      expect(decision.safeParse(told).error).toBeUndefined();
    }
  });

  test('strikes the address that it names', async () => {
    const address = freshAddress();
    for (let i = 0; i < 20; i++) await cluster.askBound({ key: unissuedKey(), client_ip: address }, i % 4);
    expect(await cluster.askBound({ key: unissuedKey(), client_ip: address })).toMatchObject({ reason: 'ip_locked' });
  });
});

describe('who may ask', () => {
  const asked = (key: string, isolate = 0, address = freshAddress()): Promise<Reply> =>
    verify(cluster, key, { key: service.key }, isolate, address);

  test.each<[string, number, string]>([
    ['viewer', 403, 'insufficient_role'],
    ['developer', 403, 'insufficient_role'],
    ['account_admin', 403, 'insufficient_role'],
    ['service', 200, ''],
  ])('a key of the role %s: %i', async (role, wire, code) => {
    const key = await cluster.issue(account, { role });
    const { status, body } = await asked(key.key);
    expect([status, body.code ?? '']).toEqual([wire, wire === 200 ? 'insufficient_role' : code]);
    if (wire !== 200) expect(body.detail).toContain('service key');
  });

  test('no one without a key, or with one that is none', async () => {
    const none = await read(cluster.send(VERIFY, { method: 'POST', body: '{}', address: freshAddress() }));
    expect([none.status, none.body.code, none.headers.get('www-authenticate')]).toEqual([
      401,
      'missing_api_key',
      'Bearer realm="keystile"',
    ]);
    expect((await asked(unissuedKey())).status).toBe(401);
    expect((await asked(malformedKey())).status).toBe(401);
    const unaddressed = { method: 'POST', headers: { authorization: `Bearer ${service.key}` }, address: null };
    expect((await read(cluster.send(VERIFY, unaddressed))).status).toBe(400);
  });

  test('and who guesses is locked out before anything is looked at', async () => {
    const address = freshAddress();
    for (let i = 0; i < 20; i++) expect((await asked(unissuedKey(), i % 4, address)).status).toBe(401);
    const { status, headers } = await asked(service.key, 1, address);
    expect([status, Number(headers.get('retry-after')) > 880]).toEqual([429, true]);
  });

  test('a service key no longer once its revocation is acknowledged, though isolates know it and its address', async () => {
    const key = await serviceKey(cluster);
    const address = freshAddress();
    const asks = (isolate: number) => verify(cluster, key.key, { key: service.key }, isolate, address);
    for (const isolate of [0, 1, 2, 3, 0, 1, 2, 3]) expect((await asks(isolate)).status).toBe(200);
    await cluster.admin('POST', `/keys/${key.id}/revoke`, undefined, 2);
    // What an isolate was told of the address has ended meanwhile, and not what it remembers of the key.
    for (const isolate of [0, 1, 2, 3]) {
      expect((await verify(cluster, service.key, { key: service.key }, isolate, address)).status).toBe(200);
      expect((await asks(isolate)).body.code).toBe('api_key_revoked');
    }
  });

  test('a service key from its addresses alone, though an isolate knows key and address', async () => {
    const [own, other] = [freshAddress(), freshAddress()];
    const key = await serviceKey(cluster, { addresses: [own] });
    const asks = (address: string) => verify(cluster, key.key, { key: service.key }, 0, address);
    await verify(cluster, service.key, { key: service.key }, 0, other);
    for (let i = 0; i < 3; i++) expect((await asks(own)).status).toBe(200);
    for (let i = 0; i < 3; i++) expect((await asks(other)).body.code).toBe('address_not_allowed');
  });

  test('a key of a client just as little where an isolate has just heard that it holds', async () => {
    const { key } = await cluster.issue(account, { role: 'account_admin' });
    const address = freshAddress();
    for (let i = 0; i < 3; i++) {
      expect(await status(cluster.call(key, 0, address, '/api/v1/keys/apikey'))).toBe(200);
      expect((await asked(key, 0, address)).status).toBe(403);
    }
  });

  test('a service key calls nothing else, and is spent by no question', async () => {
    const key = await serviceKey(cluster, { quotas: { total: 1 } });
    for (let i = 0; i < 5; i++) expect((await verify(cluster, key.key, { key: service.key })).status).toBe(200);
    expect(await status(cluster.call(key.key))).toBe(403);
    expect(await status(cluster.call(key.key, 0, '192.0.2.1', '/api/v1/keys/apikey'))).toBe(403);
  });
});

describe('a question', () => {
  const ISOLATE = 2;
  const question = (key: string, more: Json = {}) => ({ key, path: '/v1/models', client_ip: freshAddress(), ...more });
  const once = async (asked: Json) => expect((await ask(asked, ISOLATE)).valid).toBe(true);

  test('asks nothing while the isolate knows the service key, the client and the key', async () => {
    const { key } = await cluster.issue(account);
    const asked = question(key);
    const warm = async () => {
      for (let i = 0; i < 5; i++) await once(asked);
    };
    expect(await callsWhileClocksStand(warm, () => once(asked), ISOLATE)).toEqual(CALLS.doorWarm);
  });

  test('asks of a key what a forwarded request asks, and of the service key once in a lease', async () => {
    const [first, second] = await Promise.all([cluster.issue(account), cluster.issue(account)]);
    const known = () => once(question(first.key));
    const other = () => once(question(second.key));
    expect(await callsWhileClocksStand(known, other, ISOLATE)).toEqual(CALLS.doorOfOtherKey);
    const third = await cluster.issue(account);
    const forget = () => cluster.steer(ISOLATE, 'forget');
    const cold = await callsWhileClocksStand(forget, () => once(question(third.key)), ISOLATE);
    expect(cold).toEqual(CALLS.doorCold);
  });

  test('that only looks reads the database and asks objects that change nothing', async () => {
    const [first, second] = await Promise.all([cluster.issue(account), cluster.issue(account)]);
    const known = () => once(question(first.key));
    const looks = () => once(question(second.key, { explain: true }));
    expect(await callsWhileClocksStand(known, looks, ISOLATE)).toEqual(CALLS.explained);
  });
});
