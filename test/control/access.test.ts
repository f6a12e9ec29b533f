import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessIssuer, checkAccess } from '../../src/control/guards/access.ts';
import { type KeyCache, noKeys } from '../../src/control/guards/jwks.ts';

const NOW_MS = Date.UTC(2030, 0, 1);
const AUDIENCE = 'a1b2c3';

type Signer = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

let server: Server;
let team: string;
let published: object[] = [];
let down = false;
let fetches = 0;
let keys: KeyCache;
let first: { jwk: object; signer: Signer };
let second: { jwk: object; signer: Signer };

async function pair(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }, signer: privateKey };
}

function sign(
  signer: Signer,
  kid: string,
  over: { issuer?: string; audience?: string; email?: string | null; expiresAtMs?: number } = {},
): Promise<string> {
  const { issuer = team, audience = AUDIENCE, email = 'ada@example.com', expiresAtMs = NOW_MS + 60_000 } = over;
  return new SignJWT(email === null ? {} : { email })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(issuer)
    .setAudience([audience])
    .setIssuedAt(NOW_MS / 1_000 - 10)
    .setExpirationTime(expiresAtMs / 1_000)
    .sign(signer);
}

const check = (jwt: string, atMs = NOW_MS) => checkAccess({ teamDomain: team, audience: AUDIENCE }, keys, jwt, atMs);

beforeAll(async () => {
  [first, second] = await Promise.all([pair('one'), pair('two')]);
  server = createServer((request, response) => {
    fetches++;
    const found = request.url === '/cdn-cgi/access/certs' && !down;
    response.writeHead(found ? 200 : 500).end(found ? JSON.stringify({ keys: published }) : '');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  team = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
});

beforeEach(() => {
  published = [first.jwk];
  down = false;
  fetches = 0;
  keys = noKeys();
});

describe('a JWT of Cloudflare Access', () => {
  it('admits by its e-mail address, and fetches the keys once', async () => {
    const jwt = await sign(first.signer, 'one');
    expect(await check(jwt)).toEqual({ kind: 'admitted', name: 'ada@example.com' });
    expect(await check(jwt)).toEqual({ kind: 'admitted', name: 'ada@example.com' });
    expect(fetches).toBe(1);
  });

  it('is invalid with another issuer, audience, signature or nobody in it', async () => {
    for (const over of [{ issuer: 'https://other.example.com' }, { audience: 'other' }, { email: null }]) {
      expect(await check(await sign(first.signer, 'one', over))).toEqual({ kind: 'invalid' });
    }
    expect(await check(await sign(second.signer, 'one'))).toEqual({ kind: 'invalid' });
  });

  it('is expired only where Access signed it', async () => {
    const over = { expiresAtMs: NOW_MS - 1_000 };
    expect(await check(await sign(first.signer, 'one', over))).toEqual({ kind: 'expired' });
    expect(await check(await sign(second.signer, 'one', over))).toEqual({ kind: 'invalid' });
  });

  it('is invalid without a fetch where it is no RS256 JWT with a key id', async () => {
    const none = `${btoa('{"alg":"none","kid":"one"}')}.${btoa('{"email":"ada@example.com"}')}.`;
    for (const text of ['', 'a.b.c', none]) expect(await check(text)).toEqual({ kind: 'invalid' });
    expect(fetches).toBe(0);
  });

  it('finds a new key at once, and looks for unknown ones at most once a minute', async () => {
    await check(await sign(first.signer, 'one'));
    const rotated = await sign(second.signer, 'two', { expiresAtMs: NOW_MS + 600_000 });
    expect(await check(rotated, NOW_MS + 30_000)).toEqual({ kind: 'unknown_key' });
    expect(fetches).toBe(1);
    expect(await check(rotated, NOW_MS + 61_000)).toEqual({ kind: 'invalid' });
    published = [first.jwk, second.jwk];
    expect(await check(rotated, NOW_MS + 90_000)).toEqual({ kind: 'unknown_key' });
    expect(fetches).toBe(2);
    expect(await check(rotated, NOW_MS + 122_000)).toEqual({ kind: 'admitted', name: 'ada@example.com' });
  });

  it('never passes while the keys cannot be had, and passes once they can', async () => {
    down = true;
    const jwt = await sign(first.signer, 'one');
    expect(await check(jwt)).toEqual({ kind: 'unreachable' });
    expect(await check(jwt, NOW_MS + 1_000)).toEqual({ kind: 'unreachable' });
    expect(fetches).toBe(1);
    down = false;
    expect(await check(jwt, NOW_MS + 3_000)).toEqual({ kind: 'admitted', name: 'ada@example.com' });
  });

  it('does not outlive keys that are older than an hour', async () => {
    const jwt = await sign(first.signer, 'one', { expiresAtMs: NOW_MS + 7_200_000 });
    await check(jwt);
    down = true;
    expect(await check(jwt, NOW_MS + 3_500_000)).toEqual({ kind: 'admitted', name: 'ada@example.com' });
    expect(await check(jwt, NOW_MS + 3_700_000)).toEqual({ kind: 'unreachable' });
  });
});

it('the issuer is the team domain as an https origin, unless it names its scheme', () => {
  expect(accessIssuer('team.cloudflareaccess.com')).toBe('https://team.cloudflareaccess.com');
  expect(accessIssuer('https://team.cloudflareaccess.com/')).toBe('https://team.cloudflareaccess.com');
  expect(accessIssuer('http://127.0.0.1:9')).toBe('http://127.0.0.1:9');
});
