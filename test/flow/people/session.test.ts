import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, type Send, startCluster } from '../../support/cluster.ts';
import { type Issuer, type Person, startIssuer, type TokenOptions } from '../../support/issuer.ts';

let issuer: Issuer;
let cluster: Cluster;
/** How far the clocks were moved. */
let movedMs = 0;

const ADA = { user: 'user_ada', email: 'ada@example.com' };

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly detail: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
}

async function ask(token: string | null, path: string, send: Send = {}, isolate = 0): Promise<Answer> {
  const headers = { ...(token !== null && { authorization: `Bearer ${token}` }), ...send.headers };
  const response = await cluster.send(`/api/v1/user${path}`, { ...send, headers }, isolate);
  const body = (await response.json()) as Record<string, string>;
  return { status: response.status, code: body.code, detail: body.detail, body, headers: response.headers };
}

const token = (person: Person = ADA, options: TokenOptions = {}) =>
  issuer.token(person, { nowMs: Date.now() + movedMs, ...options });
const account = (jwt: string | null, isolate = 0, address = '192.0.2.1') => ask(jwt, '/account', { address }, isolate);
const signOut = (jwt: string, isolate = 0) => ask(jwt, '/logout', { method: 'POST' }, isolate);
const forget = () => Promise.all(cluster.urls.map((_, isolate) => cluster.steer(isolate, 'forget')));

async function moveTime(ms: number): Promise<void> {
  movedMs += ms;
  await cluster.moveTime(movedMs);
}

beforeAll(async () => {
  issuer = await startIssuer();
  cluster = await startCluster({ isolates: 2, policy: { session: issuer.policy } });
  const db = await cluster.database();
  await db
    .prepare(
      `INSERT INTO members (id, account_id, user_id, email, role, status, joined_by, joined_at_ms)
       VALUES ('mem_ada', ?, ?, ?, 'account_admin', 'active', 'admin', ?)`,
    )
    .bind(await cluster.account(), ADA.user, ADA.email, Date.now())
    .run();
});
afterAll(async () => {
  await cluster?.stop();
  await issuer?.close();
});
afterEach(() => issuer.serveAgain());

describe('a session', () => {
  test('of the issuer opens the routes of customers, in every isolate', async () => {
    const jwt = await token();
    const [here, there] = [await account(jwt), await account(jwt, 1)];
    expect([here.status, there.status]).toEqual([200, 200]);
    expect(here.body).toEqual(there.body);
  });

  test('is asked for where there is none, with a challenge', async () => {
    const { status, code, headers } = await account(null);
    expect([status, code]).toEqual([401, 'session_missing']);
    expect(headers.get('www-authenticate')).toMatch(/^Bearer /);
  });

  test('is no API key, and an API key is no session', async () => {
    const { key } = await cluster.issue(await cluster.account());
    for (const authorization of [`Bearer ${key}`, key]) {
      const { status, code, detail } = await ask(null, '/account', { headers: { authorization } });
      expect([status, code]).toEqual([401, 'session_invalid']);
      expect(detail).toContain('an API key is no session');
    }
    const called = await cluster.call(await token(), 0, '192.0.2.2');
    expect(called.status).toBe(401);
    expect(((await called.json()) as { code: string }).code).toBe('invalid_api_key');
  });

  test.each<[string, TokenOptions, string]>([
    ['that is not signed', { alg: 'none' }, 'session_invalid'],
    ['signed with the public key', { alg: 'HS256' }, 'session_invalid'],
    ['for another audience', { audience: 'https://other.example.com' }, 'session_invalid'],
    ['of another issuer', { issuer: 'https://other.example.com' }, 'session_invalid'],
    ['that is over', { expiresIn: -60 }, 'session_expired'],
  ])('%s is refused', async (_, options, code) => {
    const refused = await account(await token(ADA, options), 0, '192.0.2.3');
    expect([refused.status, refused.code]).toEqual([401, code]);
  });

  test('that nobody signed is a strike, and twenty lock the address; one that is over is none', async () => {
    const over = await token(ADA, { expiresIn: -60 });
    for (let i = 0; i < 21; i++) expect((await account(over, 0, '192.0.2.4')).code).toBe('session_expired');
    const unsigned = await token(ADA, { alg: 'none' });
    for (let i = 0; i < 20; i++) expect((await account(unsigned, 0, '192.0.2.4')).code).toBe('session_invalid');
    expect(await account(await token(), 0, '192.0.2.4')).toMatchObject({ status: 429, code: 'address_locked_out' });
  });
});

describe('signing out', () => {
  test('refuses this very token in every isolate from then on, says why, and strikes nobody', async () => {
    const [jwt, other] = [await token(), await token()];
    expect(await account(jwt, 1)).toMatchObject({ status: 200 });
    expect(await signOut(jwt)).toMatchObject({ status: 200, body: { signed_out: true } });
    for (let i = 0; i < 21; i++) {
      const refused = await account(jwt, i % 2);
      expect([refused.status, refused.code, refused.detail?.includes('signed out')]).toEqual([
        401,
        'session_invalid',
        true,
      ]);
    }
    expect(await signOut(jwt, 1)).toMatchObject({ status: 401, code: 'session_invalid' });
    expect(await account(other)).toMatchObject({ status: 200 });
  });

  test('holds for a token without an id too', async () => {
    const jwt = await token({ ...ADA, jti: null });
    expect(await signOut(jwt, 1)).toMatchObject({ status: 200 });
    expect(await account(jwt)).toMatchObject({ status: 401, code: 'session_invalid' });
    expect(await account(await token({ ...ADA, jti: null, note: 'another' }))).toMatchObject({ status: 200 });
  });

  test('keeps nothing of the token, and what it keeps no longer than the token lives', async () => {
    const jwt = await token({ ...ADA, jti: 'very-own-id' });
    await signOut(jwt);
    const db = await cluster.database();
    const kept = async () => (await db.prepare('SELECT * FROM ended_sessions').all()).results;
    expect(await kept()).not.toHaveLength(0);
    expect(JSON.stringify(await kept())).not.toContain('very-own-id');
    await moveTime(700_000);
    await cluster.schedule();
    expect(await kept()).toEqual([]);
    expect(await account(jwt)).toMatchObject({ code: 'session_expired' });
  });
});

describe('the keys of the issuer', () => {
  test('change without a restart', async () => {
    expect(await account(await token())).toMatchObject({ status: 200 });
    await issuer.rotate(false);
    await moveTime(61_000);
    expect(await account(await token())).toMatchObject({ status: 200 });
  });

  test('that cannot be had let nobody pass: 503, no strike, an alert; and all is well again by itself', async () => {
    await forget();
    issuer.stopServing();
    const jwt = await token();
    const before = issuer.requests;
    for (let i = 0; i < 25; i++) {
      const refused = await account(jwt);
      expect([refused.status, refused.code]).toEqual([503, 'gate_unavailable']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(issuer.requests).toBeGreaterThan(before);
    expect(cluster.logs.some((line) => line.includes('gate_unavailable') && line.includes('session_keys'))).toBe(true);
    issuer.serveAgain();
    await moveTime(3_000);
    expect(await account(jwt)).toMatchObject({ status: 200 });
  });

  test('that are new within a minute of an invented key id lock nobody out', async () => {
    await forget();
    await account(await token());
    await account(await token(ADA, { kid: 'invented' }), 0, '198.51.100.200');
    await issuer.rotate();
    const honest = await token();
    for (let i = 0; i < 25; i++) {
      expect(await account(honest, 0, '198.51.100.201')).toMatchObject({
        status: 401,
        code: 'session_invalid',
        detail: expect.stringMatching(/try again in a minute/),
      });
    }
    await moveTime(61_000);
    expect(await account(honest, 0, '198.51.100.201')).toMatchObject({ status: 200 });
  });

  test('are fetched once for a flood of invented key ids', async () => {
    await forget();
    await account(await token());
    const before = issuer.requests;
    const jwts = await Promise.all(Array.from({ length: 30 }, (_, i) => token(ADA, { kid: `invented-${i}` })));
    const flood = await Promise.all(jwts.map((jwt, i) => account(jwt, 0, `198.51.100.${i}`)));
    expect(new Set(flood.map(({ code }) => code))).toEqual(new Set(['session_invalid']));
    expect(issuer.requests).toBe(before);
    await moveTime(61_000);
    const later = await Promise.all(jwts.map((jwt, i) => account(jwt, 0, `198.51.100.${i}`)));
    expect(new Set(later.map(({ code }) => code))).toEqual(new Set(['session_invalid']));
    expect(issuer.requests).toBe(before + 1);
  });
});

test('no token stands in a log or in the registry', async () => {
  const jwt = await token({ ...ADA, jti: null, note: 'secret' });
  await account(jwt);
  await signOut(jwt);
  const [, payload = '', signature = ''] = jwt.split('.');
  const logs = cluster.logs.join('\n');
  expect(logs).not.toContain(payload);
  expect(logs).not.toContain(signature);
  expect(logs).not.toContain(ADA.user);
  expect(logs).not.toContain(ADA.email);
});
