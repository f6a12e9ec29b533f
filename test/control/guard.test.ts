import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FULL, type Gateway, openGateway, READ } from './gateway.ts';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());

const LIST = '/admin/v1/keys';

describe('the admin guard', () => {
  it('lets a full token read and write, and a read-only one read', async () => {
    expect((await gateway.call(LIST, { token: FULL })).status).toBe(200);
    expect((await gateway.call(LIST, { token: READ })).status).toBe(200);
    const written = await gateway.admin('POST', '/accounts', { name: 'One' }, { token: READ });
    expect([written.status, written.body.code]).toEqual([403, 'admin_forbidden']);
    const lifted = await gateway.admin('DELETE', '/lockouts/ip/192.0.2.9', undefined, { token: READ });
    expect(lifted.status).toBe(403);
  });

  it('asks for a token where none was sent, with a challenge that names no error', async () => {
    const { status, body, headers } = await gateway.call(LIST, {});
    expect([status, body.code]).toEqual([401, 'admin_token_missing']);
    expect(headers.get('www-authenticate')).toBe('Bearer realm="keystile"');
    expect(headers.get('x-request-id')).toBeTruthy();
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('refuses a caller whose address it does not know', async () => {
    const { status, body } = await gateway.call(LIST, { token: FULL, address: 'not-an-address' });
    expect([status, body.code]).toEqual([400, 'client_address_missing']);
  });

  it('tells who asks for an unknown route nothing before it knows them', async () => {
    expect((await gateway.call('/admin/v1/nothing', {})).status).toBe(401);
    expect((await gateway.call('/admin/v1/nothing', { token: FULL })).status).toBe(404);
  });

  it('names the methods of a route that is called with another', async () => {
    const { status, headers, body } = await gateway.call('/admin/v1/accounts', { token: FULL, method: 'DELETE' });
    expect([status, headers.get('allow')]).toEqual([405, 'POST, GET, HEAD']);
    expect(body.status).toBe(405);
  });

  it('strikes wrong tokens: twenty, and then the address is refused with the right one too', async () => {
    const address = '192.0.2.20';
    for (let i = 1; i <= 20; i++) {
      const { status, body } = await gateway.call(LIST, { token: `wrong-token-number-${i}`, address });
      expect([i, status, body.code]).toEqual([i, 401, 'admin_token_invalid']);
    }
    const { status, body, headers } = await gateway.call(LIST, { token: FULL, address });
    expect([status, body.code]).toEqual([429, 'address_locked_out']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(890);
    expect((await gateway.call(LIST, { token: FULL, address: '192.0.2.21' })).status).toBe(200);
  });

  it('does not count a missing token', async () => {
    const address = '192.0.2.30';
    for (let i = 0; i < 25; i++) await gateway.call(LIST, { address });
    expect((await gateway.call(LIST, { token: FULL, address })).status).toBe(200);
  });

  it('counts a scheme that is not Bearer as wrong and shows nothing of it', async () => {
    const headers = { authorization: 'Basic c2VjcmV0OnNlY3JldA==' };
    const { status, body } = await gateway.call(LIST, { headers, address: '192.0.2.31' });
    expect([status, body.code]).toEqual([401, 'admin_token_invalid']);
    expect(JSON.stringify(body)).not.toContain('c2VjcmV0');
  });
});

describe('without tokens and Access', () => {
  let bare: Gateway;
  beforeAll(async () => {
    bare = await openGateway({ ADMIN_TOKEN: undefined });
  });
  afterAll(() => bare.close());

  it('there are no admin routes', async () => {
    for (const path of [LIST, '/admin/v1/status', '/admin/v1/nothing']) {
      expect((await bare.call(path, { token: FULL })).status).toBe(404);
    }
    expect((await bare.call('/healthz', {})).status).toBe(200);
  });
});

describe('behind Cloudflare Access', () => {
  let certs: Server;
  let guarded: Gateway;
  let jwt: string;
  let expired: string;

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256' };
    certs = createServer((_, response) => response.end(JSON.stringify({ keys: [jwk] })));
    await new Promise<void>((done) => certs.listen(0, '127.0.0.1', done));
    const team = `http://127.0.0.1:${(certs.address() as AddressInfo).port}`;
    guarded = await openGateway({ ACCESS_TEAM_DOMAIN: team, ACCESS_AUDIENCE: 'app', ADMIN_TOKEN: undefined });
    const sign = (endsIn: string) =>
      new SignJWT({ email: 'ada@example.com' })
        .setProtectedHeader({ alg: 'RS256', kid: 'one' })
        .setIssuer(team)
        .setAudience('app')
        .setIssuedAt()
        .setExpirationTime(endsIn)
        .sign(privateKey);
    [jwt, expired] = await Promise.all([sign('5m'), sign('-5m')]);
  });
  afterAll(async () => {
    certs.close();
    await guarded.close();
  });

  const withJwt = (assertion: string) => ({ headers: { 'cf-access-jwt-assertion': assertion } });

  it('a JWT admits, and its e-mail address is the name in the audit', async () => {
    const made = await guarded.call('/admin/v1/accounts', { method: 'POST', body: { name: 'One' }, ...withJwt(jwt) });
    expect(made.status).toBe(201);
    const audit = await guarded.call('/admin/v1/audit', withJwt(jwt));
    expect(audit.body.entries[0]).toMatchObject({ actor: 'admin:ada@example.com', action: 'account.created' });
  });

  it('one that is over is told so, and one that is forged is a wrong token', async () => {
    expect((await guarded.call(LIST, withJwt(expired))).body.code).toBe('session_expired');
    expect((await guarded.call(LIST, withJwt(`${jwt.slice(0, -8)}AAAAAAAA`))).body.code).toBe('admin_token_invalid');
    expect((await guarded.call(LIST, {})).body.code).toBe('admin_token_missing');
  });

  it("another site's page cannot write with the JWT that the browser's cookie makes", async () => {
    const post = (site: string) =>
      guarded.call('/admin/v1/keys/key_none/revoke', {
        method: 'POST',
        headers: { ...withJwt(jwt).headers, 'sec-fetch-site': site },
      });
    for (const site of ['cross-site', 'same-site']) expect((await post(site)).status).toBe(403);
    for (const site of ['same-origin', 'none']) expect((await post(site)).status).toBe(404);
  });

  it('nobody passes while the keys of the team cannot be read', async () => {
    const away = await openGateway({ ACCESS_TEAM_DOMAIN: 'http://127.0.0.1:1', ACCESS_AUDIENCE: 'app' });
    expect((await away.call(LIST, withJwt(jwt))).status).toBe(503);
    await away.close();
  });
});

describe('where the control routes are', () => {
  let moved: Gateway;
  beforeAll(async () => {
    moved = await openGateway({}, { control: { host: 'gateway.example', base_path: '/control' } });
  });
  afterAll(() => moved.close());

  it('is what the policy says, and everything else goes on to the upstream', async () => {
    expect((await moved.call('/control/healthz', {})).body).toEqual({ status: 'ok' });
    expect((await moved.call('/control/admin/v1/keys', { token: FULL })).status).toBe(200);
    expect((await moved.call('/control/api/v1/onboarding/temp-key', { method: 'POST' })).status).toBe(200);
    for (const path of ['/healthz', LIST, '/control/other', '/control/admin/v10']) {
      expect((await moved.call(path, { token: FULL })).status).toBe(418);
    }
  });

  it('is no other host', async () => {
    const elsewhere = await openGateway({}, { control: { host: 'admin.example' } });
    expect((await elsewhere.call(LIST, { token: FULL })).status).toBe(418);
    await elsewhere.close();
  });
});
