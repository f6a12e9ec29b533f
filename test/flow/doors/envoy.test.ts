import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, type IssuedKey, startCluster } from '../../support/cluster.ts';
import { askEnvoy, askNginx, type ClientCall, SERVICE_ADDRESS, serviceKey } from '../../support/doors.ts';
import { malformedKey, unissuedKey } from '../../support/keys.ts';
import { freshAddress } from '../../support/matrix.ts';
import { startOrigin } from '../../support/origin.ts';
import { sendRaw } from '../../support/raw.ts';
import { type Json, type Reply, read, status } from '../../support/reply.ts';

/*
 * `/authz/envoy`, asked as Envoy's documentation says that its HTTP client of ext_authz asks: no Envoy runs here. And
 * what both doors of proxies have in common.
 */

let cluster: Cluster;
let account: string;
let service: IssuedKey;

beforeAll(async () => {
  const origin = await startOrigin();
  const upstreams = [
    { name: 'free', path: '/free/**', auth: 'none', origins: [{ url: origin.url }] },
    { name: 'api', origins: [{ url: origin.url }] },
  ];
  const policies = { 1: { control: { base_path: '/moved' } } };
  cluster = await startCluster({ isolates: 2, origin, policy: { upstreams }, policies });
  account = await cluster.account('Customer');
  service = await serviceKey(cluster);
});
afterAll(() => cluster.stop());

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const ask = (key: string, call: ClientCall = {}) =>
  askEnvoy(cluster, service.key, { address: freshAddress(), ...call, headers: { ...bearer(key), ...call.headers } });
const direct = (key: string, { path = '/v1/models', method = 'GET' }: ClientCall = {}) =>
  read(cluster.send(path, { method, headers: bearer(key), address: freshAddress() }));

describe('the answer to Envoy', () => {
  test('is a 200 with who calls and what is left of the limits', async () => {
    const key = await cluster.issue(account, { rate_limit_per_minute: 600 });
    const { status, headers, text } = await ask(key.key, { method: 'POST', path: '/v1/chat?stream=1' });
    expect([status, text]).toEqual([200, '']);
    const told = (name: string) => headers.get(name);
    expect(Object.fromEntries([...headers].filter(([name]) => name.startsWith('x-keystile-')))).toEqual({
      'x-keystile-account': account,
      'x-keystile-plan': 'standard',
      'x-keystile-key-id': key.id,
      'x-keystile-role': 'developer',
      'x-keystile-environment': 'live',
    });
    expect([told('ratelimit-policy'), told('cache-control')]).toEqual(['"rate";q=600;w=60', 'no-store']);
    expect(told('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('takes the key away, and what the client claims to be', async () => {
    const { key } = await cluster.issue(account);
    const removed = async (headers: Readonly<Record<string, string>>) => {
      const reply = await ask(key, { headers });
      const names = reply.headers.get('x-envoy-auth-headers-to-remove')?.split(',').sort();
      return [names, reply.headers.get('sec-websocket-protocol')];
    };
    const always = ['authorization', 'x-api-key', 'x-keystile-assertion', 'x-keystile-service-key', 'x-keystile-user'];
    expect(await removed({})).toEqual([[...always, 'sec-websocket-protocol'].sort(), null]);
    const offered = { 'sec-websocket-protocol': `chat, keystile-key.${key}, other` };
    expect(await removed(offered)).toEqual([always, 'chat, other']);
    expect(await removed({ 'sec-websocket-protocol': 'chat' })).toEqual([always, null]);
  });

  test.each<[string, () => Promise<string>, ClientCall]>([
    ['a malformed key', async () => malformedKey(), {}],
    ['an unknown key', async () => unissuedKey(), {}],
    ['a viewer that writes', async () => (await cluster.issue(account, { role: 'viewer' })).key, { method: 'POST' }],
    ['a spent key', async () => (await cluster.issue(account, { quotas: { total: 0 } })).key, {}],
    ['a slow key', async () => (await cluster.issue(account, { rate_limit_per_minute: 0 })).key, {}],
    ['another address', async () => (await cluster.issue(account, { addresses: ['203.0.113.9'] })).key, {}],
    ['a path of two readings', async () => (await cluster.issue(account)).key, { path: '/v1//models' }],
  ])('is the refusal of the proxy: %s', async (_, keyOf, call) => {
    const key = await keyOf();
    const [asked, proxy] = [await ask(key, call), await direct(key, call)];
    const shown = ({ status, headers, body: { request_id: id, ...body } }: Reply) => ({
      status,
      body,
      id: headers.get('x-request-id') === id,
      ...Object.fromEntries(
        ['content-type', 'www-authenticate', 'cache-control'].map((name) => [name, headers.get(name)]),
      ),
      waits: headers.has('retry-after'),
    });
    expect(shown(asked)).toEqual(shown(proxy));
    expect(asked.headers.get('x-keystile-reason')).toBeNull();
  });

  test('has no body for HEAD, and the status all the same', async () => {
    const reply = await ask(unissuedKey(), { method: 'HEAD' });
    expect([reply.status, reply.text]).toEqual([401, '']);
  });

  test('reads the path behind its own, also below a base path', async () => {
    const viewer = await cluster.issue(account, { role: 'viewer' });
    const moved = (path: string) =>
      status(
        cluster.send(
          `/moved/authz/envoy${path}`,
          {
            headers: { ...bearer(viewer.key), 'x-keystile-service-key': service.key, 'x-real-ip': '192.0.2.1' },
            address: SERVICE_ADDRESS,
          },
          1,
        ),
      );
    expect([await moved('/v1/models'), await moved('/v1/billing/x')]).toEqual([200, 403]);
    for (const [path, wire] of [
      ['/v1/models', 200],
      ['/v1/billing/invoices', 403],
      ['/v1/billing?x=/v1/models', 403],
      ['/v1/%62illing/x', 403],
      ['/', 200],
      ['/authz/envoy/v1/billing/x', 200],
    ] as const) {
      expect([path, (await ask(viewer.key, { path })).status]).toEqual([path, wire]);
    }
  });

  test('sends nothing on, and climbs nowhere, whatever the path', async () => {
    const { key } = await cluster.issue(account);
    const arrived = cluster.origin.received.length;
    for (const path of ['/../../admin/v1/status', '/..', '/%2e%2e/x', '/a/../b', '/%00', '/%ff', '//', '/a%5Cb']) {
      const raw = await sendRaw(
        cluster.urls[0] ?? '',
        [
          `GET /authz/envoy${path} HTTP/1.1`,
          'Host: api.example.com',
          'Content-Length: 0',
          `Authorization: Bearer ${key}`,
          `X-Keystile-Service-Key: ${service.key}`,
          'X-Real-IP: 192.0.2.1',
          `CF-Connecting-IP: ${SERVICE_ADDRESS}`,
          'Connection: close',
          '',
          '',
        ].join('\r\n'),
      );
      expect([path, raw.status]).toEqual([path, 400]);
      expect(raw.text).toContain('path_refused');
    }
    expect(cluster.origin.received.length).toBe(arrived);
  });
});

describe('a client’s Host', () => {
  test.each(['x/authz/envoy', 'x/authz/envoy/v1/models?', 'x:80/authz/envoy', 'x/authz/envoy/v1/models#'])(
    'moves the path that is judged to nowhere else: %s',
    async (host) => {
      const viewer = await cluster.issue(account, { role: 'viewer' });
      const { status, text } = await sendRaw(
        cluster.urls[0] ?? '',
        [
          'GET /authz/envoy/v1/billing/invoices HTTP/1.1',
          `Host: ${host}`,
          `Authorization: Bearer ${viewer.key}`,
          `X-Keystile-Service-Key: ${service.key}`,
          'X-Real-IP: 192.0.2.1',
          `CF-Connecting-IP: ${SERVICE_ADDRESS}`,
          'Connection: close',
          '',
          '',
        ].join('\r\n'),
      );
      expect([status, text.includes('path_refused')]).toEqual([400, true]);
    },
  );
});

describe('a question whose path was resolved on the way here', () => {
  test.each(['/healthz', '/openapi.json', '/docs', '/v1/models', '/authz/nginxx', '/api/v1/keys/apikey', '/free/x'])(
    'finds no 200 at %s, though that is for anyone or its key is good',
    async (path) => {
      const { key } = await cluster.issue(account);
      const arrived = cluster.origin.received.length;
      const sent = { ...bearer(key), 'x-keystile-service-key': service.key, 'x-real-ip': '192.0.2.1' };
      const { status, body, text } = await read(cluster.send(path, { headers: sent, address: freshAddress() }));
      expect([status, body.code]).toEqual([400, 'path_refused']);
      expect(text).not.toContain(service.key);
      expect(cluster.origin.received.length).toBe(arrived);
    },
  );
});

describe.each([
  ['nginx', askNginx],
  ['envoy', askEnvoy],
] as const)('the door for %s', (name, asks) => {
  test('wants a service key in its header, and takes none of the client', async () => {
    const key = await cluster.issue(account);
    const client = { headers: bearer(service.key), address: freshAddress() };
    for (const wrong of [key.key, unissuedKey(), malformedKey(), '']) {
      const reply = await asks(cluster, wrong, client);
      expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([wrong === key.key ? 403 : 401, null]);
      expect(reply.body.detail).toContain('the service key: ');
      expect(reply.headers.get('x-keystile-status')).toBeNull();
    }
    await cluster.admin('DELETE', `/lockouts/ip/${SERVICE_ADDRESS}`);
  });

  test('judges a service key as a client by what its role may call: nothing', async () => {
    const reply = await asks(cluster, service.key, { headers: bearer(service.key), address: freshAddress() });
    expect([reply.status, reply.body.code]).toEqual([403, 'insufficient_role']);
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ['no address of the client', { 'x-real-ip': '' }],
    ['an address that is none', { 'x-real-ip': 'unix:' }],
    ['two addresses', { 'x-real-ip': '192.0.2.1, 192.0.2.2' }],
  ])('refuses %s as an error of the proxy', async (_, headers) => {
    const { key } = await cluster.issue(account);
    const path = name === 'envoy' ? '/authz/envoy/v1/models' : '/authz/nginx';
    const sent = {
      ...bearer(key),
      'x-keystile-service-key': service.key,
      'x-original-method': 'GET',
      'x-original-uri': '/v1/models',
      ...headers,
    };
    const { status, body } = await read(cluster.send(path, { headers: sent, address: SERVICE_ADDRESS }));
    expect([status, body.code, body.detail]).toEqual([400, 'request_invalid', expect.stringContaining('X-Real-IP')]);
  });

  test('has no answer for pages of other origins', async () => {
    const headers = { origin: 'https://page.example', 'access-control-request-method': 'GET' };
    const path = name === 'envoy' ? '/authz/envoy/v1/models' : '/authz/nginx';
    const sent = { method: 'OPTIONS', headers, address: freshAddress() };
    const open = await startCluster({ policy: { cors: { origins: ['*'] } }, origin: cluster.origin });
    try {
      const { status, headers: told } = await read(open.send(path, sent));
      expect([status, told.get('access-control-allow-origin')]).toEqual([401, null]);
    } finally {
      await open.kill();
    }
  });
});

describe('the door for nginx', () => {
  const question = (headers: Readonly<Record<string, string>>, path = '/authz/nginx', method = 'GET') =>
    read(
      cluster.send(path, {
        method,
        headers: { 'x-keystile-service-key': service.key, 'x-real-ip': '192.0.2.1', ...headers },
        address: SERVICE_ADDRESS,
      }),
    );

  test.each<[string, Json, string]>([
    ['no path', { 'x-original-method': 'GET' }, 'X-Original-URI'],
    ['a path that is none', { 'x-original-method': 'GET', 'x-original-uri': 'v1/models' }, 'X-Original-URI'],
    ['a whole URL', { 'x-original-method': 'GET', 'x-original-uri': 'https://a.example/v1' }, 'X-Original-URI'],
    ['no method', { 'x-original-uri': '/v1/models' }, 'X-Original-Method'],
    ['a method that is none', { 'x-original-uri': '/v1', 'x-original-method': 'get' }, 'X-Original-Method'],
  ])('refuses %s as an error of nginx', async (_, headers, says) => {
    const { status, body } = await question(headers);
    expect([status, body.code, body.detail]).toEqual([400, 'request_invalid', expect.stringContaining(says)]);
  });

  test('answers 204 by any method, and judges the one that it is told', async () => {
    const viewer = await cluster.issue(account, { role: 'viewer' });
    const told = { ...bearer(viewer.key), 'x-original-method': 'GET', 'x-original-uri': '/v1/models' };
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
      expect([(await question(told, '/authz/nginx', method)).status]).toEqual([204]);
    }
    const writes = { ...told, 'x-original-method': 'POST' };
    expect((await question(writes)).status).toBe(403);
    expect((await question(told, '/authz/nginx/v1/models')).status).toBe(404);
  });

  test('tells the real answer in headers that are ASCII, whatever the policy says', async () => {
    const message = 'Der Schlüssel ist ungültig – 鍵';
    const other = await startCluster({
      policy: { denials: { unknown: { status: 418, code: 'schlüssel', message } } },
      origin: cluster.origin,
    });
    try {
      const own = await serviceKey(other);
      const reply = await askNginx(other, own.key, { headers: bearer(unissuedKey()) });
      expect(reply.status).toBe(403);
      const told = (name: string) => reply.headers.get(`x-keystile-${name}`) ?? '';
      expect([told('status'), told('reason'), told('code')]).toEqual(['418', 'unknown', 'schl?ssel']);
      expect(told('body')).toMatch(/^[\x20-\x7e]+$/);
      expect(JSON.parse(told('body'))).toEqual(reply.body);
      expect(JSON.parse(told('body'))).toMatchObject({ detail: message, code: 'schlüssel' });
    } finally {
      await other.kill();
    }
  });
});

describe('where no role verifies', () => {
  test('the doors are not there, and their paths are the upstream’s', async () => {
    const roles = { service: { allow: [], verifies: false } };
    const without = await startCluster({ policy: { roles }, origin: cluster.origin });
    try {
      const { key } = await without.issue(await without.account());
      for (const path of ['/api/v1/keys/verify', '/authz/nginx', '/authz/envoy/v1/models']) {
        const { status, body } = await read(without.call(key, 0, '192.0.2.1', path));
        expect([status, body.url]).toEqual([200, path]);
      }
    } finally {
      await without.kill();
    }
  });
});
