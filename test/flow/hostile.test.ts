import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Cluster, type IssuedKey, startCluster } from '../support/cluster.ts';
import { malformedKey, unissuedKey } from '../support/keys.ts';
import { startOrigin } from '../support/origin.ts';
import { type RawAnswer, sendRaw } from '../support/raw.ts';
import { read } from '../support/reply.ts';

/*
 * Input of any kind: bytes that are hardly HTTP, credentials and paths that no client sends, and bodies of every
 * shape for every control route. Nothing is answered with a 5xx, a stack trace, or the secret that was sent.
 */

const RUNS = { numRuns: 400 };
const TRACE = /\bat \S+ \(|\.[jt]s:\d|\b(?:Type|Range|Reference|Syntax)Error\b|node_modules/;

let cluster: Cluster;
let good: IssuedKey;
let account: string;
let sent = 0;

/** An address that no lockout knows, so that a lock hides nothing. */
function freshAddress(): string {
  sent++;
  return `10.${(sent >> 16) & 255}.${(sent >> 8) & 255}.${sent & 255}`;
}

function expectDecent({ status, text }: Pick<RawAnswer, 'status' | 'text'>, ...secrets: readonly string[]): void {
  expect(status).toBeGreaterThanOrEqual(200);
  expect(status).toBeLessThan(500);
  expect(text).not.toMatch(TRACE);
  for (const secret of secrets) if (secret.length > 11) expect(text).not.toContain(secret);
}

type Header = readonly [name: string, value: string];

/** A request, as it stands on the wire. */
function wire(method: string, target: string, headers: readonly Header[], body = ''): string {
  const all: Header[] = [
    ['host', 'gateway.example'],
    ['connection', 'close'],
    ['cf-connecting-ip', freshAddress()],
    ...headers,
    ...(body === '' ? [] : [['content-length', String(body.length)] as const]),
  ];
  return `${method} ${target} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

/** Any bytes but those that end a line. */
const bytes = fc
  .array(fc.integer({ min: 1, max: 255 }), { maxLength: 60 })
  .map((codes) => String.fromCharCode(...codes.filter((code) => code !== 10 && code !== 13)));
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS');
/** The parts by which paths are told apart, and bytes between them. */
const target = fc
  .array(
    fc.oneof(
      fc.constantFrom('/', '//', '..', '.', '%2e', '%2f', '%5c', '%00', '%', '%zz', '%25', '?', '#', '@', ';', '\\'),
      fc.constantFrom(
        'v1',
        'admin',
        'api',
        'healthz',
        'onboarding',
        'temp-key',
        'keys',
        'accounts',
        'apikey',
        'rotate',
      ),
      bytes.map((text) => text.replaceAll(' ', '')),
    ),
    { maxLength: 12 },
  )
  .map((parts) => `/${parts.join('')}`);
const headerName = fc.constantFrom(
  ...['authorization', 'x-api-key', 'sec-websocket-protocol', 'cookie', 'origin', 'range', 'te', 'accept-encoding'],
  ...['forwarded', 'x-forwarded-for', 'x-real-ip', 'x-keystile-account', 'x-request-id', 'traceparent', 'trailer'],
  ...['content-type', 'content-encoding', 'if-none-match', 'cf-access-jwt-assertion', 'cf-connecting-ip', 'via'],
  ...['access-control-request-method', 'x-http-method-override', 'proxy-authorization', 'keep-alive'],
);
const headers = fc.array(fc.tuple(headerName, bytes), { maxLength: 6 });

beforeAll(async () => {
  const origin = await startOrigin();
  const upstreams = [
    { name: 'open', path: '/open/**', auth: 'none', public_rate_per_minute: 100_000, origins: [{ url: origin.url }] },
    { name: 'origin', max_body: '1MB', origins: [{ url: origin.url }] },
  ];
  const policy = { upstreams, cors: { origins: ['https://app.example'] }, limits: { default_rate_per_minute: null } };
  cluster = await startCluster({
    isolates: 2,
    origin,
    policy,
    vars: { ACCESS_AUDIENCE: 'x', ACCESS_TEAM_DOMAIN: origin.url },
  });
  account = await cluster.account();
  good = await cluster.issue(account);
});
afterAll(() => cluster.stop());

describe('hostile requests are answered, and never with a 5xx, a stack trace or the secret', () => {
  const url = () => cluster.urls[0] ?? '';

  it('with any bytes for a credential, in any place', async () => {
    const place = fc.constantFrom('authorization', 'x-api-key', 'sec-websocket-protocol');
    const around = fc.oneof(fc.constantFrom('Bearer ', 'bearer\t', 'BEARER  ', 'Basic ', 'keystile-key.', ''), bytes);
    const credential = fc.oneof(
      bytes,
      fc.nat(60).map((length) => good.key.slice(0, length)),
      bytes.map((text) => malformedKey() + text),
      fc.constantFrom(
        good.key.toUpperCase(),
        `${good.key}\t${good.key}`,
        `${good.key} ${good.key}`,
        '\xff'.repeat(9_000),
      ),
    );
    await fc.assert(
      fc.asyncProperty(place, around, credential, async (name, before, text) => {
        const value = before + text;
        expectDecent(await sendRaw(url(), wire('GET', '/elsewhere', [[name, value]])), good.key, text.trim());
      }),
      RUNS,
    );
  });

  it('with any headers beside a good key', async () => {
    await fc.assert(
      fc.asyncProperty(method, headers, async (verb, more) => {
        const request = wire(verb, '/v1/x', [
          ['x-api-key', good.key],
          ...more.filter(([name]) => name !== 'x-api-key'),
        ]);
        expectDecent(await sendRaw(url(), request), good.key);
      }),
      RUNS,
    );
  });

  it('with any path, with a good key and without one', async () => {
    await fc.assert(
      fc.asyncProperty(method, target, fc.boolean(), async (verb, path, withKey) => {
        const sending: Header[] = withKey ? [['authorization', `Bearer ${good.key}`]] : [];
        expectDecent(await sendRaw(url(), wire(verb, path, sending)), good.key);
      }),
      RUNS,
    );
  });

  it('with any path below the control routes, with an admin token', async () => {
    const below = fc.constantFrom(
      '/admin/v1',
      '/admin/v1/keys',
      '/admin/v1/lockouts/ip',
      '/api/v1/onboarding/temp-key',
    );
    await fc.assert(
      fc.asyncProperty(method, below, target, async (verb, base, path) => {
        const request = wire(verb, base + path, [['authorization', `Bearer ${ADMIN_TOKEN}`]]);
        expectDecent(await sendRaw(url(), request), ADMIN_TOKEN);
      }),
      RUNS,
    );
  });

  it('with any Access assertion and any admin token', async () => {
    const part = fc.oneof(
      bytes,
      fc.jsonValue().map((value) => btoa(encodeURIComponent(JSON.stringify(value)))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 4 }), bytes, fc.boolean(), async (parts, token, both) => {
        const assertion: Header = ['cf-access-jwt-assertion', parts.join('.')];
        const wrong: Header[] = both ? [['authorization', `Bearer ${token}`]] : [];
        expectDecent(await sendRaw(url(), wire('GET', '/admin/v1/status', [assertion, ...wrong])), token);
      }),
      RUNS,
    );
  });

  it('with what is hardly HTTP', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, bytes, bytes, async (line, name, value) => {
        const { status, text } = await sendRaw(url(), `GET ${line}\r\n${name}: ${value}\r\nconnection: close\r\n\r\n`);
        // The runtime's own answer, before any of this code runs; it may also just hang up.
        expect([0, 400, 401, 404, 431, 501, 505]).toContain(status);
        expect(text).not.toMatch(TRACE);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the control routes', () => {
  const near = fc.oneof(
    fc.record(
      {
        name: fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
        plan: fc.oneof(fc.string(), fc.constantFrom('standard', '__proto__', 'constructor')),
        environment: fc.oneof(fc.constantFrom('live', 'trial', '__proto__', 'toString'), fc.string()),
        role: fc.oneof(fc.constantFrom('viewer', '__proto__', 'constructor'), fc.string()),
        label: fc.string({ unit: 'binary' }),
        category: fc.string({ unit: 'binary' }),
        expires_at: fc.oneof(fc.constantFrom('9999-12-31T23:59:59Z', '+275760-09-13T00:00:00Z', 'now'), fc.string()),
        rate_limit_per_minute: fc.oneof(fc.double(), fc.integer(), fc.bigInt().map(String)),
        quotas: fc.oneof(fc.record({ total: fc.double(), daily: fc.integer() }, { requiredKeys: [] }), fc.jsonValue()),
        addresses: fc.oneof(fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())), fc.jsonValue()),
        limit: fc.oneof(fc.integer(), fc.double()),
        cursor: fc.string(),
        key: fc.oneof(fc.string(), fc.constant(null)),
        prefix: fc.string({ unit: 'binary' }),
        account: fc.string(),
      },
      { requiredKeys: [] },
    ),
    fc.jsonValue(),
  );
  const text = fc.oneof(
    near.map((value) => JSON.stringify(value)),
    near.map((value) => JSON.stringify(value).slice(0, -1)),
    fc.string({ unit: 'binary' }),
    fc.integer({ min: 1, max: 5_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
  );
  const type = fc.constantFrom('application/json', 'application/problem+json', 'text/plain', '', 'a'.repeat(300));

  it.each([
    ['POST', '/admin/v1/accounts'],
    ['POST', '/admin/v1/accounts/ACCOUNT/keys'],
    ['POST', '/admin/v1/accounts/none/suspend'],
    ['POST', '/admin/v1/accounts/none/resume'],
    ['POST', '/admin/v1/keys/revoke'],
    ['POST', '/admin/v1/keys/lookup'],
    ['POST', '/admin/v1/keys/none/revoke'],
    ['POST', '/admin/v1/keys/none/activate'],
    ['POST', '/admin/v1/keys/none/deactivate'],
    ['POST', '/admin/v1/reconcile'],
    ['DELETE', '/admin/v1/lockouts/ip/192.0.2.9'],
    ['POST', '/api/v1/onboarding/temp-key'],
    ['DELETE', '/api/v1/onboarding/temp-key/ks_trial_abcdefghij'],
    ['POST', '/api/v1/keys/apikey/rotate'],
  ])('answer any body of %s %s decently', async (verb, path) => {
    await fc.assert(
      fc.asyncProperty(text, type, async (body, contentType) => {
        const reply = await read(
          cluster.send(path.replace('ACCOUNT', account), {
            method: verb,
            headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...(contentType && { 'content-type': contentType }) },
            body,
            address: freshAddress(),
          }),
        );
        expectDecent(reply, ADMIN_TOKEN);
        expect(reply.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      }),
      { numRuns: 40 },
    );
  });

  it('answer any query decently', async () => {
    const name = fc.oneof(fc.constantFrom('limit', 'cursor', 'account', 'status', 'prefix', 'label', 'key'), bytes);
    const value = fc.oneof(
      bytes,
      fc.jsonValue().map((any) => btoa(encodeURIComponent(JSON.stringify(any)))),
    );
    const list = fc.constantFrom('/keys', '/accounts', '/audit', '/status');
    await fc.assert(
      fc.asyncProperty(list, fc.array(fc.tuple(name, value), { maxLength: 4 }), async (path, pairs) => {
        const query = pairs.map(([left, right]) => `${escape(left)}=${escape(right)}`).join('&');
        expectDecent(await read(cluster.admin('GET', `${path}?${query}`)));
      }),
      RUNS,
    );
  });

  it('answer a cursor of the right shape with absurd contents decently', async () => {
    const position = fc.tuple(fc.oneof(fc.integer(), fc.double(), fc.string()), fc.oneof(fc.integer(), fc.string()));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('/keys', '/accounts', '/audit'), position, async (path, at) => {
        const cursor = Buffer.from(JSON.stringify(at)).toString('base64url');
        expectDecent(await read(cluster.admin('GET', `${path}?cursor=${cursor}`)));
      }),
      { numRuns: 60 },
    );
  });
});

describe('what is too much', () => {
  it('a control body over 64 KB is 413, told by its length or found out while it streams', async () => {
    const body = JSON.stringify({ name: 'x'.repeat(65_536) });
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const announced = await read(cluster.send('/admin/v1/accounts', { method: 'POST', headers, body }));
    expect([announced.status, announced.body.code]).toEqual([413, 'body_too_large']);
    const chunk = `${(16_384).toString(16)}\r\n${'x'.repeat(16_384)}\r\n`;
    const streamed = wire('POST', '/admin/v1/accounts', [
      ['authorization', `Bearer ${ADMIN_TOKEN}`],
      ['transfer-encoding', 'chunked'],
    ]);
    const { status } = await sendRaw(cluster.urls[0] ?? '', `${streamed}${chunk.repeat(5)}0\r\n\r\n`);
    expect(status).toBe(413);
  });

  it('a body over the limit of its route is 413', async () => {
    const headers = { 'x-api-key': good.key };
    const body = 'x'.repeat(1_048_577);
    expect((await read(cluster.send('/v1/x', { method: 'POST', headers, body }))).status).toBe(413);
    expect((await read(cluster.send('/v1/x', { method: 'POST', headers, body: body.slice(1) }))).status).toBe(200);
  });

  it('a header of 60 KB is no key, and is not repeated', async () => {
    const huge = 'k'.repeat(60_000);
    const reply = await read(cluster.send('/v1/x', { headers: { authorization: `Bearer ${huge}` } }));
    expect(reply.status).toBe(401);
    expectDecent(reply, huge.slice(0, 100));
  });

  it('1,000 requests, 200 at once, good and bad, are all answered as each alone would be', async () => {
    const kinds = [
      [200, () => cluster.call(good.key, sent % 2, freshAddress())],
      [401, () => cluster.call(malformedKey(), sent % 2, freshAddress())],
      [401, () => cluster.call(unissuedKey(), sent % 2, freshAddress())],
      [401, () => cluster.send('/v1/x', { address: freshAddress() }, sent % 2)],
      [200, () => cluster.send('/open/x', { address: freshAddress() }, sent % 2)],
      [400, () => cluster.send('/v1//x', { address: freshAddress() }, sent % 2)],
      [200, () => cluster.admin('GET', '/keys?limit=1', undefined, sent % 2)],
      [200, () => cluster.send('/healthz', {}, sent % 2)],
    ] as const;
    const seen = new Set<string>();
    const one = async (i: number) => {
      const [wanted, send] = kinds[i % kinds.length] ?? kinds[0];
      seen.add(`${wanted}: ${(await read(send())).status}`);
    };
    for (let wave = 0; wave < 5; wave++) await Promise.all(Array.from({ length: 200 }, (_, i) => one(i)));
    expect(seen).toEqual(new Set(['200: 200', '400: 400', '401: 401']));
  });

  it('and after all that the gateway has logged no failure of its own', () => {
    const failures = cluster.logs.filter((line) =>
      /control_failed|store_failed|admission_unsettled|uncaught/i.test(line),
    );
    expect(failures).toEqual([]);
    expect((cluster.logs.join('\n').match(TRACE) ?? []).length).toBe(0);
  });
});
