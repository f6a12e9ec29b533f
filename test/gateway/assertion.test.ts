import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { newAssertionKey } from '../../dev/assertion-key.ts';
import { type Assertions, isUsable, openAssertions, timesOf } from '../../src/gateway/assertion.ts';
import { type AssertionKey, parseAssertionKeys } from '../../src/gateway/assertion-keys.ts';
import { goodRecord } from '../support/record.ts';

/*
 * How assertions are made, kept and renewed, by a clock that the test moves. RFC 8037's own key signs here and there,
 * whose public half is known.
 */

const RFC_SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const RFC_PUBLIC = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
const RFC_KEY = Buffer.from(`302e020100300506032b657004220420${RFC_SEED}`, 'hex').toString('base64');

const ISSUER = 'https://gateway.example.com';
const ORIGIN = 'https://origin.example.com';
const TTL_MS = 60_000;
const START_MS = 1_893_456_000_400;

function keysOf(text: string): Assertions['keys'] {
  const parsed = parseAssertionKeys(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.keys;
}

/** Assertions whose clock is `clock.ms`, with a count of what was signed and the work that was left to the background. */
function open(policy: { issuer: string; ttl: number } = { issuer: ISSUER, ttl: TTL_MS }) {
  const clock = { ms: START_MS };
  const work: Promise<unknown>[] = [];
  const [key] = keysOf(`rfc:${RFC_KEY}`);
  const counted = { signed: 0 };
  const sign = key.sign.bind(key);
  key.sign = (claims) => {
    counted.signed++;
    return sign(claims);
  };
  const assertions = openAssertions(policy, [key], () => clock.ms);
  const of = (record = goodRecord, audience = ORIGIN) => assertions.of(record, audience, (each) => work.push(each));
  return { clock, work, counted, of };
}

describe('the keys', () => {
  test('are read in order, and publish the public half that RFC 8037 gives', async () => {
    const keys = keysOf(` now:${RFC_KEY} ,\n${newAssertionKey('2029-12.b_c')}\n`);
    expect(keys.map(({ kid }) => kid)).toEqual(['now', '2029-12.b_c']);
    const published = { kty: 'OKP', crv: 'Ed25519', x: RFC_PUBLIC, kid: 'now', alg: 'EdDSA', use: 'sig' };
    expect(await keys[0].publish()).toEqual(published);
    expect(await keys[0].publish()).toEqual(published);
  });

  test('never show their bytes in JSON', async () => {
    const keys = keysOf(`now:${RFC_KEY}`);
    await keys[0].sign({});
    await keys[0].publish();
    expect(JSON.stringify(keys)).toBe('[{"kid":"now"}]');
  });

  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const others = {
    'of X25519': generateKeyPairSync('x25519').privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    'of RSA': generateKeyPairSync('rsa', { modulusLength: 2_048 })
      .privateKey.export({ format: 'der', type: 'pkcs8' })
      .toString('base64'),
    'that is public': generateKeyPairSync('ed25519')
      .publicKey.export({ format: 'der', type: 'spki' })
      .toString('base64'),
    'cut short': RFC_KEY.slice(0, -4),
    'with more behind it': `${RFC_KEY}AAAA`,
    'in PEM': pem,
    'in hex': Buffer.from(RFC_KEY, 'base64').toString('hex'),
    missing: '',
  };

  test.each(Object.entries(others))('refuse a key %s, and name the entry', (_, key) => {
    expect(parseAssertionKeys(`a:${RFC_KEY},b:${key}`)).toEqual({
      ok: false,
      problem:
        'ASSERTION_KEYS: entry 2: expected an Ed25519 private key behind the name, as `openssl genpkey -algorithm ed25519 -outform DER | openssl base64 -A` writes it',
    });
  });

  test.each([undefined, '', ' \n'])('refuse %j', (text) => {
    const problem = 'ASSERTION_KEYS: is not set, and policy.assertion asks for it';
    expect(parseAssertionKeys(text)).toEqual({ ok: false, problem });
  });

  test.each([RFC_KEY, `:${RFC_KEY}`, `a b:${RFC_KEY}`, `${'a'.repeat(65)}:${RFC_KEY}`, `"a":${RFC_KEY}`])(
    'refuse %s for its name',
    (text) => {
      const problem = 'expected name:key, the name of at most 64 letters, digits, ".", "_" and "-"';
      expect(parseAssertionKeys(text)).toEqual({ ok: false, problem: `ASSERTION_KEYS: entry 1: ${problem}` });
    },
  );

  test('refuse a name that stands twice', () => {
    const problem = 'ASSERTION_KEYS: entry 2: its name stands twice';
    expect(parseAssertionKeys(`a:${RFC_KEY},${newAssertionKey('a')}`)).toEqual({ ok: false, problem });
  });

  test('tell no secret in a problem, whatever was written', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), fc.stringMatching(/^[A-Za-z0-9+/]{40,80}$/), (junk, secret) => {
        const parsed = parseAssertionKeys(`${junk}:${secret},b:${secret}`);
        if (!parsed.ok) expect(parsed.problem).not.toContain(secret);
      }),
    );
  });
});

describe('an assertion', () => {
  const policy = { issuer: ISSUER, audience: ORIGIN, algorithms: ['EdDSA'], typ: 'keystile-assertion+jwt' };
  const published = async (...keys: readonly AssertionKey[]): Promise<JSONWebKeySet> => ({
    keys: (await Promise.all(keys.map((key) => key.publish()))).map((key) => ({ ...key })),
  });

  test('says who calls, and is verified by the published key', async () => {
    const { of } = open();
    const token = await of({ ...goodRecord, userId: 'user_7', plan: 'pro', role: 'viewer' });
    const set = createLocalJWKSet(await published(...keysOf(`rfc:${RFC_KEY}`)));
    const { payload, protectedHeader } = await jwtVerify(token, set, { ...policy, currentDate: new Date(START_MS) });
    expect(protectedHeader).toEqual({ alg: 'EdDSA', kid: 'rfc', typ: 'keystile-assertion+jwt' });
    expect(payload).toEqual({
      iss: ISSUER,
      aud: ORIGIN,
      sub: 'key_1',
      iat: 1_893_456_000,
      exp: 1_893_456_060,
      account: 'acc_1',
      plan: 'pro',
      user: 'user_7',
      key_id: 'key_1',
      role: 'viewer',
      environment: 'live',
    });
  });

  test('names no user where the key has none', async () => {
    expect(decodeJwt(await open().of())).not.toHaveProperty('user');
  });

  test('is signed by the first key, and any published key verifies what it signed', async () => {
    const [older, newer] = [newAssertionKey('older'), newAssertionKey('newer')];
    const signedBy = async (text: string) =>
      openAssertions({ issuer: ISSUER, ttl: TTL_MS }, keysOf(text), () => START_MS).of(goodRecord, ORIGIN, () => {});
    const tokens = [await signedBy(older), await signedBy(`${older},${newer}`), await signedBy(`${newer},${older}`)];
    expect(tokens.map((token) => decodeProtectedHeader(token).kid)).toEqual(['older', 'older', 'newer']);
    const set = createLocalJWKSet(await published(...keysOf(`${newer},${older}`)));
    for (const token of tokens) await jwtVerify(token, set, { ...policy, currentDate: new Date(START_MS) });
    const alone = createLocalJWKSet(await published(...keysOf(newer)));
    await expect(jwtVerify(tokens[0] ?? '', alone, policy)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });
});

describe('what is kept', () => {
  test('is given at once, and one signature serves half a life', async () => {
    const { of, clock, work, counted } = open();
    const first = await of();
    for (let i = 0; i < 10_000; i++) {
      clock.ms = START_MS + Math.floor((i * (TTL_MS / 2)) / 10_000);
      expect(of()).toBe(first);
    }
    expect([counted.signed, work.length]).toEqual([1, 0]);
  });

  test('is renewed once in the background from the half of its life on, and used meanwhile', async () => {
    const { of, clock, work, counted } = open();
    const first = await of();
    clock.ms = START_MS + TTL_MS / 2;
    for (let i = 0; i < 100; i++) expect(of()).toBe(first);
    expect([counted.signed, work.length]).toEqual([2, 1]);
    await Promise.all(work);
    const second = of();
    expect(second).not.toBe(first);
    expect(decodeJwt(second as string).exp).toBe(1_893_456_090);
    expect(counted.signed).toBe(2);
  });

  test('is renewed by another request where the one that did it was cancelled', async () => {
    const { of, clock, counted } = open();
    await of();
    clock.ms = START_MS + TTL_MS / 2;
    of();
    clock.ms += 1_999;
    of();
    expect(counted.signed).toBe(2);
    clock.ms += 1;
    of();
    expect(counted.signed).toBe(3);
  });

  test('is not used in the last quarter of its life', async () => {
    const { of, clock } = open();
    const first = await of();
    clock.ms = START_MS + 0.75 * TTL_MS - 1;
    expect(of()).toBe(first);
    clock.ms += 1;
    expect(await of()).not.toBe(first);
  });

  test('is for one audience and one record', async () => {
    const { of, counted } = open();
    const first = await of();
    const other = await of(goodRecord, 'https://other.example.com');
    expect(decodeJwt(other).aud).toBe('https://other.example.com');
    const changed = await of({ ...goodRecord, generation: 2, role: 'viewer' });
    expect(decodeJwt(changed).role).toBe('viewer');
    expect([of(), of(goodRecord, 'https://other.example.com')]).toEqual([first, other]);
    expect(counted.signed).toBe(3);
  });

  test('is made anew where the clock steps to before it was made, so that none is from the future', async () => {
    const { of, clock } = open();
    await of();
    clock.ms -= 3_600_000;
    expect(decodeJwt(await of())).toMatchObject({ iat: 1_893_452_400, exp: 1_893_452_460 });
  });

  test('does not end a request that comes at the same time: each signs, none waits for another', async () => {
    const { of, counted } = open();
    const tokens = await Promise.all([of(), of(), of()]);
    expect(counted.signed).toBe(3);
    expect(tokens).toContain(of());
  });
});

describe('the end of a key', () => {
  test.each([
    ['its expiry', { expiresAtMs: START_MS + 20_700, graceEndsAtMs: null }],
    ['the end of its secret’s grace', { expiresAtMs: null, graceEndsAtMs: START_MS + 20_700 }],
    ['whichever is first', { expiresAtMs: START_MS + 20_700, graceEndsAtMs: START_MS + 50_000 }],
    ['whichever comes first', { expiresAtMs: START_MS + 50_000, graceEndsAtMs: START_MS + 20_700 }],
  ])('ends its assertion: %s', async (_, ends) => {
    const { of, clock, counted } = open();
    const record = { ...goodRecord, ...ends };
    const token = await of(record);
    expect(decodeJwt(token).exp).toBe(Math.floor((START_MS + 20_700) / 1_000));
    for (let ms = 0; ms < 20_700; ms += 10) {
      clock.ms = START_MS + ms;
      expect(of(record)).toBe(token);
    }
    expect(counted.signed).toBe(1);
  });

  test('is outlived by no assertion, and each that is used says when it was made', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000_000 }),
        fc.integer({ min: 30_000, max: 600_000 }),
        fc.option(fc.integer({ min: -1_000, max: 2_000_000 })),
        fc.option(fc.integer({ min: -1_000, max: 2_000_000 })),
        fc.integer({ min: -100_000, max: 700_000 }),
        (nowMs, ttlMs, expiresInMs, graceInMs, laterMs) => {
          const ends = [expiresInMs, graceInMs].map((inMs) => (inMs === null ? null : nowMs + inMs));
          const [expiresAtMs = null, graceEndsAtMs = null] = ends;
          const times = timesOf({ expiresAtMs, graceEndsAtMs }, ttlMs, nowMs);
          const endsAtMs = times.endsAtS * 1_000;
          expect(endsAtMs).toBeLessThanOrEqual(nowMs + ttlMs);
          for (const end of ends) if (end !== null) expect(endsAtMs).toBeLessThanOrEqual(end);
          expect(times.renewAtMs).toBeLessThanOrEqual(times.usableUntilMs);
          const isLast = ends.some((end) => end !== null && end <= nowMs + ttlMs);
          if (!isUsable(times, nowMs + laterMs)) return;
          expect(laterMs).toBeGreaterThan(-1_000);
          const leftMs = endsAtMs - (nowMs + laterMs);
          expect(leftMs).toBeGreaterThan(isLast ? -1_000 : ttlMs / 4 - 1_000);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
