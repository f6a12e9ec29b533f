import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, type JWTHeaderParameters, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newAssertionKey } from '../../dev/assertion-key.ts';
import { JWKS, JWKS_SECTION } from '../../src/control/jwks.ts';
import { acceptWebSocket } from '../support/accept.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { deadUrl, startOrigin, type TestOrigin } from '../support/origin.ts';
import { type Json, read } from '../support/reply.ts';

/*
 * Signed identity: what origins behind the gateway are told, and what the origin of docs/identity.md, which is run as
 * it stands there, lets in.
 */

const ROOT = join(import.meta.dirname, '../..');
const ISSUER = 'https://gateway.example.com';
const TTL_MS = 60_000;
const HEADER = 'x-keystile-assertion';

const OLD = newAssertionKey('old');
const NEW = newAssertionKey('new');
const BROKEN = 'broken:bm90IGEga2V5';
/** The isolates, each with other keys: those of the steps of a rotation, and some that are wrong. */
const [SIGNS_OLD, PUBLISHES_NEW, SIGNS_NEW, BROKEN_KEY, NO_KEY, SWITCHED_OFF, MOVED] = [0, 1, 2, 3, 4, 5, 6] as const;

let cluster: Cluster;
/** Echoes; it is every route's but the example's. */
let origin: TestOrigin;
/** Ends connections without an answer, once it has noted what came. */
let broken: TestOrigin;
const brokenGot: IncomingMessage[] = [];
let example: ChildProcess;
let exampleUrl: string;
let account: string;
let key: { id: string; key: string };
const upgraded: IncomingMessage[] = [];
const sockets: Duplex[] = [];

/** The origin of docs/identity.md, with what its page says that it is told. */
async function startExample(url: string, jwksUrl: string): Promise<ChildProcess> {
  const page = readFileSync(join(ROOT, 'docs/identity.md'), 'utf8');
  const [, code = ''] = /^```js\n([\s\S]*?)^```/m.exec(page) ?? [];
  const env = { ...process.env, PORT: new URL(url).port, ISSUER, JWKS_URL: jwksUrl, AUDIENCE: url };
  const child = spawn(process.execPath, ['--input-type=module'], {
    cwd: ROOT,
    env,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  child.stdin?.end(code);
  for (let tries = 0; tries < 200; tries++) {
    if (await fetch(url).catch(() => null)) return child;
    await pause(50);
  }
  throw new Error('the example does not start');
}

beforeAll(async () => {
  [origin, broken] = await Promise.all([startOrigin(), startOrigin()]);
  exampleUrl = await deadUrl();
  broken.server.removeAllListeners('request');
  broken.server.on('request', (incoming: IncomingMessage) => {
    brokenGot.push(incoming);
    incoming.socket.destroy();
  });
  origin.server.on('upgrade', (incoming, socket) => {
    upgraded.push(incoming);
    sockets.push(socket);
    acceptWebSocket(incoming, socket, 'chat');
  });
  const upstreams = [
    { name: 'example', path: '/example/**', origins: [{ url: exampleUrl }] },
    { name: 'two', path: '/two/**', origins: [{ url: broken.url }, { url: origin.url }] },
    { name: 'public', path: '/public/**', auth: 'none', origins: [{ url: origin.url }] },
    { name: 'all', origins: [{ url: origin.url }] },
  ];
  cluster = await startCluster({
    isolates: 7,
    origin,
    policy: { upstreams, assertion: { issuer: ISSUER }, roles: { developer: { allow: [{ paths: ['/**'] }] } } },
    policies: { [SWITCHED_OFF]: { assertion: null }, [MOVED]: { control: { base_path: '/control' } } },
    vars: { ASSERTION_KEYS: OLD },
    varsOf: {
      [PUBLISHES_NEW]: { ASSERTION_KEYS: `${OLD},${NEW}` },
      [SIGNS_NEW]: { ASSERTION_KEYS: `${NEW},${OLD}` },
      [BROKEN_KEY]: { ASSERTION_KEYS: `${OLD},${BROKEN}` },
      [NO_KEY]: { ASSERTION_KEYS: '' },
      [SWITCHED_OFF]: { ASSERTION_KEYS: BROKEN },
    },
  });
  example = await startExample(exampleUrl, `${cluster.urls[PUBLISHES_NEW]}${JWKS}`);
  account = await cluster.account();
  key = await cluster.issue(account, { role: 'developer' });
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  example?.kill();
  await Promise.all([cluster.stop(), broken.stop()]);
});

beforeEach(() => {
  origin.received.length = 0;
  brokenGot.length = 0;
  upgraded.length = 0;
});

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

/** The assertion that comes to the origin with a request. */
async function assertionOf(secret: string, isolate: number = SIGNS_OLD): Promise<string> {
  const { status, body } = await read(cluster.call(secret, isolate));
  expect(status).toBe(200);
  return body.headers[HEADER];
}

/** What the example answers to an assertion that is sent past the gateway. */
async function present(assertion: string | null): Promise<{ status: number; body: Json }> {
  const { status, body } = await read(
    fetch(exampleUrl, { headers: assertion === null ? {} : { [HEADER]: assertion } }),
  );
  return { status, body };
}

describe('the origin of the docs', () => {
  it('lets in what comes through the gateway, and knows who calls', async () => {
    const { status, body } = await read(cluster.call(key.key, SIGNS_OLD, '192.0.2.1', '/example/x'));
    const { hello, caller } = body;
    expect([status, hello]).toEqual([200, account]);
    expect(caller).toEqual({
      iss: ISSUER,
      aud: exampleUrl,
      sub: key.id,
      iat: expect.any(Number),
      exp: caller.iat + TTL_MS / 1_000,
      account,
      plan: 'standard',
      key_id: key.id,
      role: 'developer',
      environment: 'live',
    });
    expect(Math.abs(caller.iat * 1_000 - Date.now())).toBeLessThan(30_000);
  });

  it.each([
    ['live', 'viewer'],
    ['test', 'developer'],
    ['test', 'account_admin'],
  ])('is told environment %s and role %s', async (environment, role) => {
    const issued = await cluster.issue(account, { environment, role });
    expect(decodeJwt(await assertionOf(issued.key))).toMatchObject({ sub: issued.id, environment, role, account });
  });

  it('is told of a trial key by its own id', async () => {
    const minted = cluster.send('/api/v1/onboarding/temp-key', { method: 'POST', address: '192.0.2.3' });
    const claims = decodeJwt(await assertionOf((await read(minted)).body.api_key));
    expect(claims).toMatchObject({ account: 'acc_trial', environment: 'trial', role: 'trial' });
    expect(claims.sub).toMatch(/^key_/);
  });

  describe('refuses', () => {
    const privateKeyOf = (entry: string): KeyObject =>
      createPrivateKey({ key: Buffer.from(entry.split(':')[1] ?? '', 'base64'), format: 'der', type: 'pkcs8' });
    const now = () => Math.floor(Date.now() / 1_000);
    const claims = () => ({
      iss: ISSUER,
      aud: exampleUrl,
      sub: key.id,
      iat: now(),
      exp: now() + 60,
      account,
      role: 'developer',
      environment: 'live',
    });
    /** As the gateway would make it, but for what is given. */
    const forge = (changed: object = {}, header: object = {}, entry = OLD) =>
      new SignJWT({ ...claims(), ...changed })
        .setProtectedHeader({
          alg: 'EdDSA',
          kid: 'old',
          typ: 'keystile-assertion+jwt',
          ...header,
        } as JWTHeaderParameters)
        .sign(privateKeyOf(entry));
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

    it('nothing that is made as the gateway makes it', async () => {
      expect((await present(await forge())).status).toBe(200);
    });

    it('nothing for clocks that differ by a little', async () => {
      expect((await present(await forge({ exp: now() }))).status).toBe(200);
    });

    const wrong: Record<string, () => Promise<string | null>> = {
      nothing: async () => null,
      'no JWT': async () => 'x.y.z',
      'one for another origin': () => assertionOf(key.key),
      'another audience': () => forge({ aud: 'https://other.example.com' }),
      'another issuer': () => forge({ iss: 'https://other.example.com' }),
      'what is over': () => forge({ exp: now() - 10 }),
      'what has no end': () => forge({ exp: undefined }),
      'what names no account': () => forge({ account: undefined }),
      'another kind of JWT': () => forge({}, { typ: 'JWT' }),
      'what does not say its kind': () => forge({}, { typ: undefined }),
      'a key that is not published': () => forge({}, { kid: 'next' }, NEW),
      'another key under the name of a published one': () => forge({}, {}, newAssertionKey('old')),
      'no algorithm': async () =>
        `${part({ alg: 'none', kid: 'old', typ: 'keystile-assertion+jwt' })}.${part(claims())}.`,
      'the public key as a shared secret': async () => {
        const [published] = (await read(cluster.send(JWKS))).body.keys;
        return new SignJWT(claims())
          .setProtectedHeader({ alg: 'HS256', kid: 'old', typ: 'keystile-assertion+jwt' })
          .sign(Buffer.from(published.x, 'base64url'));
      },
      'changed claims': async () => {
        const [head, , signature] = (await forge()).split('.');
        return [head, part({ ...claims(), account: 'acc_other' }), signature].join('.');
      },
      'a changed signature': async () => {
        const token = await forge();
        return token.slice(0, -2) + (token.endsWith('AA') ? 'BA' : 'AA');
      },
      'two at once': async () => `${await forge()}, ${await forge()}`,
    };

    it.each(Object.entries(wrong))('%s', async (_, make) => {
      expect(await present(await make())).toEqual({ status: 401, body: { error: 'no valid assertion' } });
    });
  });
});

describe('an assertion', () => {
  it('is for the origin that it is sent to, also where that is tried second', async () => {
    const response = await cluster.call(key.key, SIGNS_OLD, '192.0.2.1', '/two/x');
    expect(response.status).toBe(200);
    const told = [brokenGot[0]?.headers[HEADER], origin.received[0]?.headers[HEADER]];
    expect(told.map((token) => decodeJwt(String(token)).aud)).toEqual([broken.url, origin.url]);
  });

  it.each([
    { 'X-Keystile-Assertion': 'forged' },
    { X_Keystile_Assertion: 'forged', 'x-keystile_assertion': 'forged' },
    { 'X.Keystile.Assertion': 'forged', connection: 'x-keystile-assertion' },
  ])('takes the place of what a client sends as %j, on every way', async (forged) => {
    const ask = (path: string, headers: Record<string, string>) =>
      new Promise<number>((resolve, reject) => {
        request(cluster.urls[0] + path, { headers: { ...headers, 'cf-connecting-ip': '192.0.2.1' } }, (response) =>
          response.resume().on('end', () => resolve(response.statusCode ?? 0)),
        )
          .on('error', reject)
          .end();
      });
    expect(await ask('/public/x', forged)).toBe(200);
    expect(await ask('/public/x', { ...forged, ...bearer(key.key) })).toBe(200);
    for (const { headers } of origin.received) expect(headers).not.toHaveProperty(HEADER);
    expect(await ask('/v1/x', { ...forged, ...bearer(key.key) })).toBe(200);
    expect(await ask('/two/x', { ...forged, ...bearer(key.key) })).toBe(200);
    expect(await ask('/v1/x', forged)).toBe(401);
    expect(origin.received).toHaveLength(4);
    for (const { headers } of origin.received.slice(2)) expect(decodeJwt(String(headers[HEADER])).aud).toBe(origin.url);
    expect(JSON.stringify(origin.received)).not.toContain('forged');
  });

  it('goes with a WebSocket’s upgrade, and a client’s own does not', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const end = (response: IncomingMessage) => {
        expect(response.headers).not.toHaveProperty(HEADER);
        response.socket.destroy();
        resolve(response.statusCode ?? 0);
      };
      const headers = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
        'sec-websocket-protocol': 'chat',
        'cf-connecting-ip': '192.0.2.1',
        [HEADER]: 'forged',
        ...bearer(key.key),
      };
      const opening = request(`${cluster.urls[0]}/v1/realtime`, { headers });
      opening.on('upgrade', end).on('response', end).on('error', reject).end();
    });
    expect(status).toBe(101);
    expect(decodeJwt(String(upgraded[0]?.headers[HEADER]))).toMatchObject({ aud: origin.url, sub: key.id });
  });

  it('does not come back to the client where the origin echoes it', async () => {
    origin.routes.set('/v1/echoing', (incoming, response) => {
      response.setHeader(HEADER, String(incoming.headers[HEADER]));
      response.setHeader('x-origin-got', String(decodeJwt(String(incoming.headers[HEADER])).sub));
      response.end();
    });
    const { headers } = await cluster.call(key.key, SIGNS_OLD, '192.0.2.1', '/v1/echoing');
    expect([headers.get('x-origin-got'), headers.get(HEADER)]).toEqual([key.id, null]);
  });

  it('is signed a handful of times for hundreds of requests, and each request has one that is good for a while', async () => {
    const { key: busy } = await cluster.issue(account, { rate_limit_per_minute: 100_000 });
    await assertionOf(busy);
    await cluster.calls();
    const seen = new Set<string>();
    let movedMs = 0;
    for (let round = 0; round < 8; round++) {
      const nowS = (Date.now() + movedMs) / 1_000;
      for (let batch = 0; batch < 4; batch++) {
        await Promise.all(Array.from({ length: 25 }, () => cluster.call(busy).then((response) => response.text())));
      }
      for (const { headers } of origin.received.splice(0)) {
        const token = String(headers[HEADER]);
        seen.add(token);
        expect((decodeJwt(token).exp ?? 0) - nowS).toBeGreaterThan(13);
      }
      movedMs += 10_000;
      await cluster.moveTime(movedMs);
    }
    const signed = (await cluster.calls())['ed25519.sign'] ?? 0;
    await cluster.moveTime(0);
    expect(signed).toBeGreaterThan(1);
    expect(signed).toBeLessThan(8);
    expect(seen.size).toBeLessThanOrEqual(signed + 1);
  });

  it('says what the key is from the moment on that a change is acknowledged', async () => {
    const issued = await cluster.issue(account, { role: 'developer' });
    expect(decodeJwt(await assertionOf(issued.key)).role).toBe('developer');
    expect((await cluster.admin('PATCH', `/keys/${issued.id}`, { role: 'viewer' })).status).toBe(200);
    expect(decodeJwt(await assertionOf(issued.key)).role).toBe('viewer');
  });

  it('is made for no revoked key', async () => {
    const issued = await cluster.issue(account);
    await assertionOf(issued.key);
    await cluster.admin('POST', `/keys/${issued.id}/revoke`);
    origin.received.length = 0;
    await cluster.calls();
    expect((await cluster.call(issued.key)).status).toBe(401);
    expect(origin.received).toEqual([]);
    expect((await cluster.calls())['ed25519.sign']).toBeUndefined();
  });

  it('ends with its key', async () => {
    const expiresAtMs = Math.ceil(Date.now() / 1_000) * 1_000 + 20_000;
    const issued = await cluster.issue(account, { expires_at: new Date(expiresAtMs).toISOString() });
    expect(decodeJwt(await assertionOf(issued.key)).exp).toBe(expiresAtMs / 1_000);
  });

  it('ends with a secret that was replaced, and the new one’s does not', async () => {
    const issued = await cluster.issue(account);
    await assertionOf(issued.key);
    const rotated = await read(cluster.admin('POST', `/keys/${issued.id}/rotate`, { grace_seconds: 20 }));
    const { new_api_key, grace_period_ends_at } = rotated.body;
    const endsAtS = Math.floor(Date.parse(grace_period_ends_at) / 1_000);
    expect(decodeJwt(await assertionOf(issued.key)).exp).toBe(endsAtS);
    expect(decodeJwt(await assertionOf(new_api_key)).exp).toBeGreaterThan(endsAtS + 20);
  });
});

describe('the keys', () => {
  it('rotate: what the older one signed is let in beside what the newer one signs', async () => {
    for (const [isolate, kid] of [
      [SIGNS_OLD, 'old'],
      [PUBLISHES_NEW, 'old'],
      [SIGNS_NEW, 'new'],
    ] as const) {
      const response = await cluster.call(key.key, isolate, '192.0.2.1', '/example/x');
      expect(response.status).toBe(200);
      expect(decodeProtectedHeader(await assertionOf(key.key, isolate)).kid).toBe(kid);
    }
  });

  it('are published for anyone, the one that signs first, with their public members alone', async () => {
    const { status, headers, body: answer } = await read(cluster.send(JWKS, { address: null }, SIGNS_NEW));
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    const shape = JWKS_SECTION.routes[0]?.about.answers[200];
    expect(shape?.parse(answer)).toEqual(answer);
    expect(answer.keys.map(({ kid }: Json) => kid)).toEqual(['new', 'old']);
    expect(Object.keys(answer.keys[0]).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
    expect(
      (await createRemoteJWKSet(new URL(`${cluster.urls[SIGNS_NEW]}${JWKS}`))({ alg: 'EdDSA', kid: 'old' })).type,
    ).toBe('public');
  });

  it('are read and not written', async () => {
    expect((await cluster.send(JWKS, { method: 'HEAD' })).status).toBe(200);
    const posted = await cluster.send(JWKS, { method: 'POST', body: '{}' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await cluster.send(`${JWKS}/x`)).status).toBe(404);
  });

  it('stand with the other control routes where those are moved', async () => {
    expect((await cluster.send(`/control${JWKS}`, {}, MOVED)).status).toBe(200);
    expect((await cluster.call(key.key, MOVED, '192.0.2.1', JWKS)).status).toBe(200);
    expect(origin.received[0]?.url).toBe(JWKS);
  });

  it('are in the document of the routes', async () => {
    const documented = async (isolate: number) =>
      Object.keys((await read(cluster.send('/openapi.json', {}, isolate))).body.paths);
    expect(await documented(SIGNS_OLD)).toContain(JWKS);
    expect(await documented(SWITCHED_OFF)).not.toContain(JWKS);
  });

  it.each([
    ['is missing', NO_KEY, 'ASSERTION_KEYS: is not set, and policy.assertion asks for it'],
    ['is none', BROKEN_KEY, 'ASSERTION_KEYS: entry 2: expected an Ed25519 private key'],
  ])('make the gateway misconfigured where one %s, and the log says which', async (_, isolate, problem) => {
    const { status, body } = await read(cluster.call(key.key, isolate));
    expect([status, body.code]).toEqual([503, 'misconfigured']);
    expect(cluster.logs.join('\n')).toContain(problem);
    expect(cluster.logs.join('\n')).not.toContain(BROKEN.split(':')[1]);
  });

  it('are not looked at where the policy asks for no assertions: none is sent, and the path is the origin’s', async () => {
    expect(await assertionOf(key.key, SWITCHED_OFF)).toBeUndefined();
    expect((await cluster.send(JWKS, {}, SWITCHED_OFF)).status).toBe(401);
    expect((await cluster.call(key.key, SWITCHED_OFF, '192.0.2.1', JWKS)).status).toBe(200);
  });

  it('stand in no log, and neither does what they signed', async () => {
    const token = await assertionOf(key.key);
    const recorded = await read(cluster.admin('GET', `/accounts/${account}/logs`));
    expect(recorded.text).toContain('/v1/models');
    const logged = `${cluster.logs.join('\n')}\n${recorded.text}`;
    expect(logged).toContain('ASSERTION_KEYS');
    for (const secret of [OLD, NEW].map((entry) => entry.split(':')[1] ?? '')) expect(logged).not.toContain(secret);
    expect(logged).not.toContain(token.split('.')[2]);
    expect(logged).not.toContain('eyJ');
  });
});
