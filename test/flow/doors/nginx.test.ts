import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateOf, logOf } from '../../support/books.ts';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { SERVICE_ADDRESS, serviceKey } from '../../support/doors.ts';
import { malformedKey, unissuedKey } from '../../support/keys.ts';
import { freshAddress } from '../../support/matrix.ts';
import { AS_ADDRESS, NGINX, type Nginx, startNginx } from '../../support/nginx.ts';
import { type Json, type Reply, read, status } from '../../support/reply.ts';

/*
 * A real nginx with the configuration of docs/doors.md, in front of a real origin, admits and refuses as the proxy
 * does. `.ci/run` installs nginx, and counts a test that is skipped as failed.
 */

if (NGINX === null) console.warn('nginx is not installed (Debian: nginx-light): its tests are skipped');

const IDENTITY = ['account', 'plan', 'user', 'key-id', 'role', 'environment'].map((name) => `x-keystile-${name}`);
/** What the client is told beside the body, by both. */
const TOLD = ['content-type', 'retry-after', 'www-authenticate', 'deprecation', 'ratelimit-policy', 'cache-control'];

interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Outcome {
  readonly status: number;
  readonly told: Json;
  readonly code: string | undefined;
  /** Who called, as the origin read it. */
  readonly identity: Json;
  readonly method: string | undefined;
  readonly url: string | undefined;
}

describe.skipIf(NGINX === null)('nginx with auth_request', () => {
  let cluster: Cluster;
  let nginx: Nginx;
  let account: string;

  beforeAll(async () => {
    cluster = await startCluster({ isolates: 2 });
    account = await cluster.account('Customer');
    nginx = await startNginx(cluster.urls[1] ?? '', cluster.origin.url, (await serviceKey(cluster)).key);
  });
  afterAll(async () => {
    await nginx?.stop();
    await cluster?.stop();
  });

  /** One call through the proxy, at the first isolate. */
  const direct = ({ path = '/v1/models', ...send }: Call, address: string): Promise<Reply> =>
    read(cluster.send(path, { ...send, address }));
  /** One call through nginx, which asks the second isolate. */
  const through = ({ path = '/v1/models', ...send }: Call, address: string): Promise<Reply> =>
    read(
      fetch(`${nginx.url}${path}`, {
        ...send,
        redirect: 'manual',
        headers: { ...send.headers, [AS_ADDRESS]: address },
      }),
    );

  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
  const withKey = (key: string, call: Call = {}): Call => ({ ...call, headers: { ...bearer(key), ...call.headers } });

  function outcome({ status, headers, body }: Reply): Outcome {
    const isHere = status === 200;
    const seen = isHere ? body.headers : {};
    const { cookie: _, ...identity } = Object.fromEntries(IDENTITY.map((name) => [name, seen[name]]));
    // How long to wait depends on when it is asked.
    const told = Object.fromEntries(TOLD.map((name) => [name, headers.get(name)?.replace(/^\d+$/, 'seconds') ?? null]));
    return {
      status,
      told: isHere ? { ...told, 'cache-control': null } : told,
      code: isHere ? undefined : body?.code,
      identity,
      method: isHere ? body.method : undefined,
      url: isHere ? body.url : undefined,
    };
  }

  const keys = {
    good: () => cluster.issue(account, { label: 'good' }),
    viewer: () => cluster.issue(account, { role: 'viewer' }),
    listed: () => cluster.issue(account, { addresses: ['198.18.0.0/15'] }),
    elsewhere: () => cluster.issue(account, { addresses: ['203.0.113.0/24'] }),
    none: () => cluster.issue(account, { quotas: { total: 0 } }),
    slow: () => cluster.issue(account, { rate_limit_per_minute: 0 }),
    spent: () => cluster.issue(account, { quotas: { daily: 0 } }),
    async revoked() {
      const key = await cluster.issue(account);
      await cluster.admin('POST', `/keys/${key.id}/revoke`);
      return key;
    },
    async inactive() {
      const key = await cluster.issue(account);
      await cluster.admin('POST', `/keys/${key.id}/deactivate`);
      return key;
    },
    async replaced() {
      const key = await cluster.issue(account);
      await cluster.admin('POST', `/keys/${key.id}/rotate`, {});
      return key;
    },
    async suspended() {
      const other = await cluster.account('Suspended');
      const key = await cluster.issue(other);
      await cluster.admin('POST', `/accounts/${other}/suspend`);
      return key;
    },
    async service() {
      return serviceKey(cluster);
    },
  };

  test.each<[string, keyof typeof keys, Call, number]>([
    ['a good key', 'good', {}, 200],
    ['a good key, with a query', 'good', { path: '/v1/models?a=1&b=%2F' }, 200],
    ['a path that is encoded without need', 'good', { path: '/v1/%6Dodels' }, 200],
    ['a POST', 'good', { method: 'POST' }, 200],
    ['a DELETE', 'good', { method: 'DELETE', path: '/v1/files/7' }, 200],
    ['a viewer', 'viewer', {}, 200],
    ['a viewer that writes', 'viewer', { method: 'POST' }, 403],
    ['a viewer at what its role is denied', 'viewer', { path: '/v1/billing/x' }, 403],
    ['a key of this address', 'listed', {}, 200],
    ['a key of another address', 'elsewhere', {}, 403],
    ['a key without a total', 'none', {}, 403],
    ['a key without a rate', 'slow', {}, 429],
    ['a key without a daily quota', 'spent', {}, 429],
    ['a revoked key', 'revoked', {}, 401],
    ['a key that is switched off', 'inactive', {}, 401],
    ['a secret that was replaced', 'replaced', {}, 200],
    ['a key of a suspended account', 'suspended', {}, 403],
    ['a service key', 'service', {}, 403],
    ['a path with an empty segment', 'good', { path: '/v1//models' }, 400],
    ['a path with an encoded slash', 'good', { path: '/v1/a%2Fb' }, 400],
    ['a path with a semicolon', 'good', { path: '/v1/models;x=1' }, 400],
  ])('does with %s as the proxy does', async (_, kind, call, wire) => {
    const { key } = await keys[kind]();
    const [proxy, asked] = [
      await direct(withKey(key, call), freshAddress()),
      await through(withKey(key, call), freshAddress()),
    ];
    expect([proxy.status, asked.status, asked.text]).toEqual([wire, wire, asked.text]);
    const [expected, seen] = [outcome(proxy), outcome(asked)];
    // The origin reads a path as nginx got it, which is another spelling of the same.
    expect({ ...seen, url: seen.url?.replace('%6D', 'm') }).toEqual(expected);
    if (wire === 200) {
      expect(expected.identity['x-keystile-key-id']).toMatch(/^key_/);
      expect(asked.body.headers.authorization).toBeUndefined();
      expect(asked.headers.get('x-request-id')).toBe(asked.body.headers['x-request-id']);
    } else {
      const { request_id: id, ...rest } = asked.body;
      expect(rest).toEqual({ ...proxy.body, request_id: undefined });
      expect(asked.headers.get('x-request-id')).toBe(id);
    }
  });

  test.each<[string, Call, number]>([
    ['no key', {}, 401],
    ['a bare key that is malformed', { headers: { authorization: malformedKey() } }, 401],
    ['a key that nobody has issued', { headers: bearer(unissuedKey()) }, 401],
    ['a password', { headers: { authorization: 'Basic dTpw' } }, 401],
    ['an unknown key in its header', { headers: { 'x-api-key': unissuedKey() } }, 401],
  ])('refuses %s as the proxy does', async (_, call, wire) => {
    const [proxy, asked] = [outcome(await direct(call, freshAddress())), outcome(await through(call, freshAddress()))];
    expect(asked.status).toBe(wire);
    expect(asked).toEqual(proxy);
  });

  test('finds a key in every place that nginx hands on', async () => {
    const { key } = await keys.good();
    for (const headers of [{ authorization: `bearer ${key}` }, { authorization: key }, { 'x-api-key': key }]) {
      const { status, body } = await through({ headers: headers as Record<string, string> }, freshAddress());
      expect(status).toBe(200);
      expect(JSON.stringify(body)).not.toContain(key);
    }
  });

  test('lets no client say who it is', async () => {
    const { key, id } = await keys.good();
    const forged = Object.fromEntries(
      [...IDENTITY, 'x-keystile-service-key', 'x-keystile-assertion'].map((name) => [name, 'forged']),
    );
    const others = {
      'x-original-uri': '/v1/other',
      'x-original-method': 'GET',
      'x-real-ip': '192.0.2.250',
      x_keystile_user: 'forged',
    };
    const { status, body } = await through(
      withKey(key, { method: 'POST', headers: { ...forged, ...others } }),
      '198.18.250.1',
    );
    expect(status).toBe(200);
    expect(JSON.stringify(body.headers)).not.toContain('forged');
    expect(body.headers).toMatchObject({ 'x-keystile-key-id': id, 'x-real-ip': '198.18.250.1' });
    const viewer = await keys.viewer();
    const written = await through(withKey(viewer.key, { method: 'POST', headers: others }), freshAddress());
    expect(written.status).toBe(403);
  });

  test('counts each request once, out of the same limits as the proxy', async () => {
    const key = await cluster.issue(account, { quotas: { total: 20 } });
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        (i % 2 === 0 ? direct : through)(withKey(key.key), `198.18.240.${i}`).then((reply) => reply.status),
      ),
    );
    expect(outcomes.filter((each) => each === 200)).toHaveLength(20);
    expect(outcomes.filter((each) => each === 403)).toHaveLength(10);
    expect(await gateOf(cluster, key.id)).toMatchObject({ granted: 20 });
  });

  test('is told of limits that clients are told of', async () => {
    const key = await cluster.issue(account, { rate_limit_per_minute: 60 });
    const { headers } = await through(withKey(key.key), freshAddress());
    expect(headers.get('ratelimit-policy')).toBe('"rate";q=60;w=60');
    expect(headers.get('ratelimit')).toMatch(/^"rate";r=59;t=\d+$/);
  });

  test('locks the client out and never itself', async () => {
    const { key } = await keys.good();
    const address = freshAddress();
    for (let i = 0; i < 20; i++) expect((await through(withKey(unissuedKey()), address)).status).toBe(401);
    const locked = await through(withKey(key), address);
    expect([locked.status, locked.body.code]).toEqual([429, 'address_locked_out']);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(880);
    expect((await direct(withKey(key), address)).status).toBe(429);
    expect((await through(withKey(key), freshAddress())).status).toBe(200);
    const own = await read(cluster.admin('GET', `/lockouts/ip/${SERVICE_ADDRESS}`));
    expect(own.body).toMatchObject({ strikes: 0, locked_until: null });
  });

  test('refuses a key at the next request after its revocation is acknowledged', async () => {
    const key = await keys.good();
    for (let i = 0; i < 10; i++) expect((await through(withKey(key.key), '198.18.241.1')).status).toBe(200);
    expect(await status(cluster.admin('POST', `/keys/${key.id}/revoke`))).toBe(204);
    const { status: wire, body } = await through(withKey(key.key), '198.18.241.1');
    expect([wire, body.code]).toEqual([401, 'api_key_revoked']);
  });

  test('stands in the log of the account with the method and path of the client', async () => {
    const own = await cluster.account('Log');
    const { key } = await cluster.issue(own, { role: 'viewer' });
    await through(withKey(key, { path: '/v1/models?key=1' }), '198.18.242.7');
    await through(withKey(key, { method: 'POST', path: '/v1/files' }), '198.18.242.7');
    let log: Json[] = [];
    for (let tries = 0; tries < 40 && log.length < 2; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      log = await logOf(cluster, own);
    }
    expect(log.map(({ method, path, status, reason, address }) => [method, path, status, reason, address])).toEqual([
      ['GET', '/v1/models', 200, null, '198.18.242.7'],
      ['POST', '/v1/files', 403, 'role_forbidden', '198.18.242.7'],
    ]);
  });

  test('with a service key that is none lets nobody in, and tells no client that its key is wrong', async () => {
    const other = await startNginx(cluster.urls[0] ?? '', cluster.origin.url, unissuedKey());
    try {
      const { key } = await keys.good();
      const headers = { ...bearer(key), [AS_ADDRESS]: freshAddress() };
      const response = await read(fetch(`${other.url}/v1/models`, { headers }));
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([500, null]);
    } finally {
      await other.stop();
      await cluster.admin('DELETE', `/lockouts/ip/${SERVICE_ADDRESS}`);
    }
  });

  test('logs no key', async () => {
    const { key } = await keys.good();
    await through(withKey(key, { path: `/v1/models?api_key=${key}` }), freshAddress());
    await through({ headers: { 'x-api-key': unissuedKey() } }, freshAddress());
    expect(nginx.log()).toContain('"GET /v1/models" 200');
    expect(nginx.log()).not.toMatch(/ks_live_\w{10}/);
  });
});
