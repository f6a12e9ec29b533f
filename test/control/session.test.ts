import { createHash } from 'node:crypto';
import { base64url, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { parse } from 'smol-toml';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type KeyCache, noKeys } from '../../src/control/guards/jwks.ts';
import { checkSession } from '../../src/control/guards/session.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import type { SessionPolicy } from '../../src/policy/schema.ts';
import { type Issuer, type Person, startIssuer, type TokenOptions } from '../support/issuer.ts';

const NOW_MS = Date.UTC(2030, 0, 1);
const SECONDS = NOW_MS / 1_000;
const ADA = { user: 'user_ada', organisation: 'org_1', email: 'Ada@Example.com', role: 'developer' };

const INVALID = { kind: 'invalid' };
const UNREACHABLE = { kind: 'unreachable' };

let issuer: Issuer;
let keys: KeyCache;
let session: SessionPolicy;
let asked = 0;

function sessionOf(table: unknown): SessionPolicy {
  const loaded = loadPolicy({ session: table });
  if (!loaded.ok || loaded.policy.session === null) throw new Error(loaded.ok ? 'none' : loaded.problems.join('; '));
  return loaded.policy.session;
}

const token = (person: Person = ADA, options: TokenOptions = {}) => issuer.token(person, { nowMs: NOW_MS, ...options });
const check = (jwt: string, { atMs = NOW_MS, by = session } = {}) => checkSession(by, keys, jwt, atMs);

/** Whom a token names, under a policy with these differences. */
async function identity(person: Person, over: object = {}) {
  const checked = await check(await token(person), { by: sessionOf({ ...issuer.policy, ...over }) });
  return checked.kind === 'admitted' ? checked.identity : checked;
}

/** How often the keys were asked for in this test. */
const fetches = () => issuer.requests - asked;

beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.close());
beforeEach(async () => {
  session = sessionOf(issuer.policy);
  keys = noKeys();
  asked = issuer.requests;
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  issuer.serveAgain();
  await issuer.rotate(false);
});

describe('a session token', () => {
  it('says who has signed in', async () => {
    const jwt = await token({ ...ADA, jti: 'one' });
    expect(await check(jwt)).toEqual({
      kind: 'admitted',
      identity: {
        user: 'user_ada',
        organisation: 'org_1',
        email: 'ada@example.com',
        role: 'developer',
        tokenId: createHash('sha256').update('one').digest('hex'),
        issuedAtMs: NOW_MS - 1_000,
        expiresAtMs: NOW_MS + 605_000,
      },
    });
  });

  const refused: readonly [string, Person, TokenOptions][] = [
    ['of another issuer', ADA, { issuer: 'https://other.example.com' }],
    ['of the issuer with a slash', ADA, { issuer: 'http://127.0.0.1/' }],
    ['for another audience', ADA, { audience: 'https://other.example.com' }],
    ['for no audience', ADA, { audience: null }],
    ['that never ends', ADA, { expiresIn: null }],
    ['whose end is no number', { ...ADA, exp: 'tomorrow' }, {}],
    ['of the future (nbf)', { ...ADA, nbf: SECONDS + 6 }, {}],
    ['of the future (iat)', { ...ADA, iat: SECONDS + 6 }, {}],
    ['that is not signed', ADA, { alg: 'none' }],
    ['signed by HS256 with the public key', ADA, { alg: 'HS256' }],
    ['without a user', { ...ADA, user: null }, {}],
    ['with an empty user', { ...ADA, user: '' }, {}],
    ['whose user is a number', { ...ADA, sub: 7 }, {}],
    ['whose user is too long', { ...ADA, user: 'u'.repeat(201) }, {}],
    ['whose user has a control character', { ...ADA, user: 'ada\n' }, {}],
    ['whose user is no Unicode', { ...ADA, user: 'ada\ud800' }, {}],
    ['whose organisation is a number', { ...ADA, organisation: null, org_id: 7 }, {}],
    ['whose organisation is empty', { ...ADA, organisation: '' }, {}],
    ['whose organisation is too long', { ...ADA, organisation: 'o'.repeat(201) }, {}],
  ];
  it.each(refused)('%s is invalid', async (_, person, options) => {
    expect(await check(await token())).toMatchObject({ kind: 'admitted' });
    expect(await check(await token(person, options))).toEqual(INVALID);
  });

  it('that is over is expired, and only where the issuer signed it', async () => {
    const other = await startIssuer();
    const over = { nowMs: NOW_MS, expiresIn: -6, issuer: issuer.url };
    expect(await check(await token(ADA, over))).toEqual({ kind: 'expired' });
    expect(await check(await other.token(ADA, { ...over, kid: await currentKid() }))).toEqual(INVALID);
    await other.close();
  });

  it('may be off by the tolerance of clocks, and no more', async () => {
    const admitted = async (person: Person, options: TokenOptions = {}) =>
      (await check(await token(person, options))).kind === 'admitted';
    expect(await admitted(ADA, { expiresIn: -4 })).toBe(true);
    expect(await admitted(ADA, { expiresIn: -5 })).toBe(false);
    expect(await admitted({ ...ADA, nbf: SECONDS + 5, iat: SECONDS + 5 })).toBe(true);
  });

  it('is good until the moment that its identity tells, and not from then on', async () => {
    const jwt = await token({ ...ADA, exp: SECONDS + 60.25 });
    const checked = await check(jwt);
    const endsAtMs = checked.kind === 'admitted' ? checked.identity.expiresAtMs : 0;
    expect(await check(jwt, { atMs: endsAtMs - 1 })).toMatchObject({ kind: 'admitted' });
    expect(await check(jwt, { atMs: endsAtMs })).toEqual({ kind: 'expired' });
    expect(await identity({ ...ADA, exp: 1e300 })).toMatchObject({ expiresAtMs: 8.64e15 });
  });

  it('is invalid with another payload, signature or key', async () => {
    const [header = '', payload = '', signature = ''] = (await token()).split('.');
    const claims = JSON.parse(new TextDecoder().decode(base64url.decode(payload)));
    const forged = base64url.encode(JSON.stringify({ ...claims, sub: 'user_eve' }));
    expect(await check([header, payload, signature].join('.'))).toMatchObject({ kind: 'admitted' });
    expect(await check([header, forged, signature].join('.'))).toEqual(INVALID);
    expect(await check([header, payload, ''].join('.'))).toEqual(INVALID);
    expect(await check([header, payload].join('.'))).toEqual(INVALID);

    const other = await startIssuer();
    const foreign = await other.token(ADA, { nowMs: NOW_MS, issuer: issuer.url, kid: await currentKid() });
    expect(await check(foreign)).toEqual(INVALID);
    await other.close();
  });

  it('has an algorithm of the policy, whatever keys are published', async () => {
    expect(await check(await token(), { by: { ...session, algorithms: ['RS256', 'EdDSA'] } })).toEqual(INVALID);
    expect(fetches()).toBe(0);
  });

  it('cannot bring its own key', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(publicKey);
    const jwt = await new SignJWT({ sub: 'user_eve' })
      .setProtectedHeader({ alg: 'ES256', jwk, jku: `${issuer.url}/eve` })
      .setIssuer(issuer.url)
      .setAudience(issuer.audience)
      .setExpirationTime(SECONDS + 60)
      .sign(privateKey);
    expect(await check(jwt)).toEqual(INVALID);
  });

  it('is refused unread and without a fetch where it is over 8 KB, or no JWT at all', async () => {
    const padded = async (length: number) => token({ ...ADA, padding: 'x'.repeat(length) });
    const empty = (await padded(0)).length;
    const fits = Math.floor(((8_192 - empty) * 3) / 4) - 3;
    expect(await check(await padded(fits + 6))).toEqual(INVALID);
    for (const text of ['', 'a.b.c', 'ks_live_0123456789abcdef', '.'.repeat(9_000)]) {
      expect(await check(text)).toEqual(INVALID);
    }
    expect(fetches()).toBe(0);
    const longest = await padded(fits);
    expect(longest.length).toBeGreaterThan(8_180);
    expect(await check(longest)).toMatchObject({ kind: 'admitted' });
  });
});

describe('azp', () => {
  const parties = { authorized_parties: ['https://app.example.com', 'https://admin.example.com'] };

  it('must be a known party where there is no audience', async () => {
    const over = { ...parties, audience: null };
    expect(await identity({ ...ADA, azp: 'https://admin.example.com' }, over)).toMatchObject({ user: 'user_ada' });
    expect(await identity({ ...ADA, azp: 'https://app.example.com.evil.example' }, over)).toEqual(INVALID);
    expect(await identity({ ...ADA, azp: parties.authorized_parties }, over)).toEqual(INVALID);
    expect(await identity(ADA, over)).toEqual(INVALID);
  });

  it('must be a known party beside an audience too, if it is there', async () => {
    expect(await identity(ADA, parties)).toMatchObject({ user: 'user_ada' });
    expect(await identity({ ...ADA, azp: 'https://app.example.com' }, parties)).toMatchObject({ user: 'user_ada' });
    expect(await identity({ ...ADA, azp: 'https://other.example.com' }, parties)).toEqual(INVALID);
    expect(await identity({ ...ADA, azp: 'anyone' })).toMatchObject({ user: 'user_ada' });
  });
});

describe('claims', () => {
  it('are found by name, also one that looks like a path, and by a path of names', async () => {
    const claims = { user: ['who', 'id'], organisation: 'https://example.com/org', role: ['a', 'b', 'c'] };
    const person = { who: { id: 'u1' }, 'https://example.com/org': 'o1', a: { b: { c: 'viewer' } } };
    expect(await identity(person, { claims })).toMatchObject({ user: 'u1', organisation: 'o1', role: 'viewer' });
    expect(await identity({ who: 'u1' }, { claims })).toEqual(INVALID);
    expect(await identity({ who: null, toString: 'x' }, { claims: { user: 'constructor' } })).toEqual(INVALID);
  });

  it('that name a user or an organisation have no blanks at their ends, which a header would lose', async () => {
    expect(await identity({ ...ADA, user: 'ada lovelace' })).toMatchObject({ user: 'ada lovelace' });
    for (const name of [' ada', 'ada ', '\u00a0ada', ' ']) {
      expect(await identity({ ...ADA, user: name })).toEqual(INVALID);
      expect(await identity({ ...ADA, organisation: name })).toEqual(INVALID);
    }
  });

  it('name no organisation, e-mail address or role where there is none', async () => {
    const nobody = { organisation: null, email: null, role: null };
    expect(await identity({ user: 'u1' })).toMatchObject(nobody);
    const claims = { organisation: null, email: null, role: null };
    expect(await identity(ADA, { claims })).toMatchObject(nobody);
  });

  it('map to the role that the policy names first, and to none that it does not name', async () => {
    const roles = { Owner: 'account_admin', Engineer: 'developer' };
    const roleOf = async (role: unknown) =>
      ((await identity({ user: 'u1', role: role as string }, { roles })) as Person).role;
    expect(await roleOf('Engineer')).toBe('developer');
    expect(await roleOf(['Guest', 'Engineer', 'Owner'])).toBe('account_admin');
    for (const none of ['owner', 'account_admin', 'constructor', '__proto__', ['Guest'], [], 7, { Owner: true }]) {
      expect(await roleOf(none)).toBeNull();
    }
  });

  it('name an e-mail address in lower case, unless it is not verified or none', async () => {
    const emailOf = async (person: Person, over = {}) =>
      ((await identity({ user: 'u1', ...person }, over)) as Person).email;
    expect(await emailOf({ email: 'Ada@Example.COM', email_verified: true })).toBe('ada@example.com');
    expect(await emailOf({ email: 'ada@example.com', email_verified: false })).toBeNull();
    expect(await emailOf({ email: 'ada@example.com', email_verified: 'false' })).toBeNull();
    for (const unsure of [0, 1, '', 'False', 'yes', []]) {
      expect(await emailOf({ email: 'ada@example.com', email_verified: unsure })).toBeNull();
    }
    for (const email of ['ada', 'a@b@c', 'ada @example.com', 'ada@example.com\n', `${'a'.repeat(250)}@b.de`, 7]) {
      expect(await emailOf({ email: email as string })).toBeNull();
    }
    // The Kelvin sign, which is a "k" in lower case: another address, and perhaps another person's.
    expect(await emailOf({ email: '\u212aEN@example.com' })).toBe('\u212aen@example.com');
    const named = { claims: { email: 'https://example.com/email' } };
    const person = { 'https://example.com/email': 'ada@example.com' };
    expect(await emailOf(person, named)).toBe('ada@example.com');
    expect(await emailOf({ ...person, 'https://example.com/email_verified': false }, named)).toBeNull();
    expect(await emailOf({ ...person, email_verified: false }, named)).toBeNull();
  });
});

describe('by which a signed-out token is known', () => {
  const idOf = async (jwt: string) => {
    const checked = await check(jwt);
    return checked.kind === 'admitted' ? checked.identity.tokenId : checked.kind;
  };

  it('is its jti, else what is signed: another form of the signature is the same token', async () => {
    const jwt = await token({ ...ADA, jti: null });
    const [header, payload, signature = ''] = jwt.split('.');
    const twin = [header, payload, otherForm(signature)].join('.');
    expect(twin).not.toBe(jwt);
    expect(await idOf(twin)).toBe(await idOf(jwt));
    expect(await idOf(jwt)).toMatch(/^[0-9a-f]{64}$/);
    expect(await idOf(await token({ ...ADA, jti: null, note: 1 }))).not.toBe(await idOf(jwt));
    expect(await idOf(await token({ ...ADA, jti: 'a' }))).toBe(await idOf(await token({ user: 'u1', jti: 'a' })));
    expect(await idOf(await token({ ...ADA, jti: 7 }))).not.toBe(await idOf(await token({ user: 'u1', jti: 7 })));
  });
});

describe('the keys of the issuer', () => {
  it('are fetched once for many tokens, and once for many requests at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, async () => check(await token())));
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(['admitted']));
    expect(await check(await token())).toMatchObject({ kind: 'admitted' });
    expect(fetches()).toBe(1);
  });

  it('change at the issuer: a new key works at once, and one that is withdrawn no longer after an hour', async () => {
    const old = await token(ADA, { expiresIn: 7_200 });
    await check(old);
    await issuer.rotate(false);
    expect(await check(old, { atMs: NOW_MS + 3_500_000 })).toMatchObject({ kind: 'admitted' });
    const atMs = NOW_MS + 61_000;
    expect(await check(await token(ADA, { nowMs: atMs }), { atMs })).toMatchObject({ kind: 'admitted' });
    expect(fetches()).toBe(2);
    expect(await check(old, { atMs: NOW_MS + 3_700_000 })).toEqual(INVALID);
  });

  it('are asked for again at most once a minute, however many unknown key ids come', async () => {
    await check(await token());
    const flood = async (atMs: number) => {
      const jwts = await Promise.all(Array.from({ length: 50 }, (_, i) => token(ADA, { kid: `unknown-${i}` })));
      const all = await Promise.all(jwts.map((jwt) => check(jwt, { atMs })));
      return [fetches(), [...new Set(all.map(({ kind }) => kind))]];
    };
    // Those that were looked for among the keys of this very moment are nobody's; of the others it is not known.
    expect(await flood(NOW_MS)).toEqual([1, ['unknown_key']]);
    expect(await flood(NOW_MS + 59_999)).toEqual([1, ['unknown_key']]);
    expect(await flood(NOW_MS + 60_000)).toEqual([2, ['invalid']]);
    expect(await flood(NOW_MS + 119_999)).toEqual([2, ['unknown_key']]);
    keys = noKeys();
    expect(await flood(NOW_MS)).toEqual([3, ['invalid']]);
    expect(await check(await token())).toMatchObject({ kind: 'admitted' });
  });

  it('are not asked for again by a wrong signature under a known key id', async () => {
    const [header, payload] = (await token()).split('.');
    await check(await token());
    const atMs = NOW_MS + 61_000;
    expect(await check([header, payload, 'A'.repeat(86)].join('.'), { atMs })).toEqual(INVALID);
    expect(fetches()).toBe(1);
  });

  it('are found without a key id where exactly one fits, also after it has changed', async () => {
    const anonymous = () => token(ADA, { kid: null });
    expect(await check(await anonymous())).toMatchObject({ kind: 'admitted' });
    await issuer.rotate(false);
    expect(await check(await anonymous(), { atMs: NOW_MS + 61_000 })).toMatchObject({ kind: 'admitted' });
    await issuer.rotate();
    expect(await check(await anonymous(), { atMs: NOW_MS + 122_000 })).toEqual(INVALID);
    expect(await check(await token(), { atMs: NOW_MS + 183_000 })).toMatchObject({ kind: 'admitted' });
  });

  it('that cannot be had let nobody pass, and let pass again once they can', async () => {
    issuer.stopServing();
    const jwt = await token();
    expect(await check(jwt)).toEqual(UNREACHABLE);
    expect(await check(jwt, { atMs: NOW_MS + 1_999 })).toEqual(UNREACHABLE);
    expect(fetches()).toBe(1);
    issuer.serveAgain();
    expect(await check(jwt, { atMs: NOW_MS + 2_000 })).toMatchObject({ kind: 'admitted' });
  });

  it('that cannot be had now do no harm to tokens that the kept ones fit, for an hour', async () => {
    const jwt = await token(ADA, { expiresIn: 7_200 });
    await check(jwt);
    issuer.stopServing();
    await issuer.rotate();
    const unknown = await token(ADA, { expiresIn: 7_200 });
    const atMs = NOW_MS + 61_000;
    expect(await check(unknown, { atMs })).toEqual(UNREACHABLE);
    expect(await check(unknown, { atMs: atMs + 1_999 })).toEqual(UNREACHABLE);
    expect(fetches()).toBe(2);
    expect(await check(unknown, { atMs: atMs + 2_000 })).toEqual(UNREACHABLE);
    expect(fetches()).toBe(3);
    expect(await check(jwt, { atMs })).toMatchObject({ kind: 'admitted' });
    expect(await check(jwt, { atMs: NOW_MS + 3_599_999 })).toMatchObject({ kind: 'admitted' });
    expect(await check(jwt, { atMs: NOW_MS + 3_600_000 })).toEqual(UNREACHABLE);
    issuer.serveAgain();
    expect(await check(unknown, { atMs: NOW_MS + 3_602_000 })).toMatchObject({ kind: 'admitted' });
  });

  const noAnswers: readonly [string, string | ((respond: string) => string), number, Record<string, string>][] = [
    ['no JSON', '<html>', 200, {}],
    ['no set', '{"keys":{}}', 200, {}],
    ['a set of no keys', '{"keys":["one"]}', 200, {}],
    ['a failure', (set) => set, 500, {}],
    ['a redirect', '', 302, { location: '/jwks' }],
    ['too much', (set) => `${set}${' '.repeat(300_000)}`, 200, {}],
  ];
  it.each(noAnswers)('are unreachable where the answer is %s', async (_, body, status, headers) => {
    const set = await (await fetch(issuer.jwksUrl)).text();
    issuer.stopServing((_request, response) => {
      response.writeHead(status, headers).end(typeof body === 'string' ? body : body(set));
    });
    expect(await check(await token())).toEqual(UNREACHABLE);
    expect(fetches()).toBe(2);
  });

  it('are not waited for longer than 5 seconds', async () => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const asking = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(100));
    issuer.stopServing(() => undefined);
    const jwt = await token();
    const waiting = [0, 1_000, 3_000].map((laterMs) => check(jwt, { atMs: NOW_MS + laterMs }));
    expect(await Promise.all(waiting)).toEqual([UNREACHABLE, UNREACHABLE, UNREACHABLE]);
    expect(asking.mock.calls).toEqual([[5_000]]);
  });

  it('are asked for by another where the request that asked was cancelled', async () => {
    keys.asking = Symbol('cancelled');
    const jwt = await token();
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const waiting = [check(jwt), check(jwt)];
    await vi.advanceTimersByTimeAsync(5_000);
    expect(fetches()).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    await vi.waitUntil(() => keys.keys !== null);
    await vi.advanceTimersByTimeAsync(100);
    expect(await Promise.all(waiting)).toMatchObject([{ kind: 'admitted' }, { kind: 'admitted' }]);
    expect(fetches()).toBe(1);
  });

  it('may stand among others that are of no use here', async () => {
    const { keys: published } = (await (await fetch(issuer.jwksUrl)).json()) as { keys: JWK[] };
    const others = [{ kty: 'oct', k: 'c2VjcmV0', kid: 'symmetric' }, { kty: 'XX' }, { ...published[0], use: 'enc' }];
    issuer.stopServing((_request, response) => {
      response.end(JSON.stringify({ keys: [...others, ...published] }));
    });
    expect(await check(await token())).toMatchObject({ kind: 'admitted' });
    expect(await check(await token(ADA, { kid: null }))).toMatchObject({ kind: 'admitted' });
  });
});

describe('the examples of docs/sessions.md', () => {
  const pages = import.meta.glob<string>('../../docs/sessions.md', { query: '?raw', import: 'default', eager: true });
  const tables = [
    ...Object.values(pages)
      .join()
      .matchAll(/^```toml\n([\s\S]*?)^```/gm),
  ].map(([, toml = '']) => (parse(toml) as { vars: { POLICY: { session: object } } }).vars.POLICY.session);
  const [clerk, auth0, openId] = tables.map((table) => table as Record<string, string>);
  let signer: Issuer;
  beforeAll(async () => {
    signer = await startIssuer('RS256');
  });
  afterAll(() => signer.close());

  async function identified(
    table: Record<string, string> | undefined,
    claims: Person,
    audience: TokenOptions['audience'] = null,
  ) {
    const by = { ...sessionOf(table), jwks_url: signer.jwksUrl };
    const jwt = await signer.token(claims, { nowMs: NOW_MS, issuer: by.issuer, audience });
    return check(jwt, { by });
  }

  it('are three', () => {
    expect(tables).toHaveLength(3);
  });

  const clerkClaims = {
    azp: 'https://app.example.com',
    fea: 'o:dashboard',
    fva: [7, -1],
    jti: '10db7f531a90cb2faea4',
    nbf: SECONDS - 10,
    sid: 'sess_2ZqQ',
    sts: 'active',
    sub: 'user_2ZqPabc',
    v: 2,
  };
  it('Clerk: a session token of version 2, in an organisation and without one', async () => {
    const o = { id: 'org_2ZqR', slg: 'acme', rol: 'admin', per: 'read,manage', fpm: '3' };
    expect(await identified(clerk, { ...clerkClaims, o })).toMatchObject({
      identity: { user: 'user_2ZqPabc', organisation: 'org_2ZqR', role: 'account_admin', email: null },
    });
    expect(await identified(clerk, { ...clerkClaims, o: { ...o, rol: 'member' } })).toMatchObject({
      identity: { role: 'developer' },
    });
    const email = { email: 'Ada@example.com', email_verified: true };
    expect(await identified(clerk, { ...clerkClaims, ...email })).toMatchObject({
      identity: { user: 'user_2ZqPabc', organisation: null, role: null, email: 'ada@example.com' },
    });
    expect(await identified(clerk, { ...clerkClaims, azp: 'https://evil.example.net' })).toEqual(INVALID);
    expect(await identified(clerk, { ...clerkClaims, azp: null })).toEqual(INVALID);
  });

  it('Auth0: an access token for the API, and none for another or for a machine', async () => {
    const claims = {
      sub: 'auth0|6553da60a54af58e29493993',
      azp: 'K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja',
      scope: 'openid profile email',
      org_id: 'org_9ybsU1dN2dKfDkBi',
      jti: null,
      'https://example.com/email': 'Ada@example.com',
      'https://example.com/email_verified': true,
      'https://example.com/roles': ['Engineer', 'Accountant'],
    };
    const audience = ['https://api.example.com', 'https://example.eu.auth0.com/userinfo'];
    expect(await identified(auth0, claims, audience)).toMatchObject({
      identity: {
        user: 'auth0|6553da60a54af58e29493993',
        organisation: 'org_9ybsU1dN2dKfDkBi',
        email: 'ada@example.com',
        role: 'developer',
      },
    });
    expect(await identified(auth0, claims, 'https://example.eu.auth0.com/userinfo')).toEqual(INVALID);
    const machine = { sub: 'awZfdIir8YFd@clients', azp: 'awZfdIir8YFd', gty: 'client-credentials' };
    expect(await identified(auth0, machine, 'https://api.example.com')).toEqual(INVALID);
    const unverified = { ...claims, 'https://example.com/email_verified': false };
    expect(await identified(auth0, unverified, audience)).toMatchObject({ identity: { email: null } });
  });

  it('a plain OpenID provider: an access token with roles in an object', async () => {
    const claims = {
      typ: 'Bearer',
      sub: 'f2b1c9b0-8a55-4c6e-9d5b-6b4d5f7c1a11',
      azp: 'web',
      tenant: 'acme',
      realm_access: { roles: ['offline_access', 'keys-user'] },
      email: 'ada@example.com',
      email_verified: false,
    };
    expect(await identified(openId, claims, ['account', 'https://api.example.com'])).toMatchObject({
      identity: { organisation: 'acme', role: 'developer', email: null },
    });
    expect(await identified(openId, claims, 'account')).toEqual(INVALID);
  });
});

/** The key id that the issuer signs by now. */
async function currentKid(): Promise<string> {
  const [header = ''] = (await token()).split('.');
  return JSON.parse(new TextDecoder().decode(base64url.decode(header))).kid;
}

/** The other valid form (r, n − s) of an ECDSA signature (r, s) over P-256. */
function otherForm(signature: string): string {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const hex = Buffer.from(signature, 'base64url').toString('hex');
  const s = (order - BigInt(`0x${hex.slice(64)}`)).toString(16).padStart(64, '0');
  return Buffer.from(hex.slice(0, 64) + s, 'hex').toString('base64url');
}
