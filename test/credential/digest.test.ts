import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestUnder, innerHash, Pepper, parsePeppers, secureEqual } from '../../src/credential/digest.ts';

const hexOf = (buffer: ArrayBuffer) => Buffer.from(buffer).toString('hex');
const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
const PEPPER = 'a1'.repeat(32);

describe('a digest', () => {
  test('has the SHA-256 of the secret as its inner hash (FIPS 180-4)', async () => {
    expect(hexOf(await innerHash('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(hexOf(await innerHash(''))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  test('is the HMAC-SHA256 of RFC 4231 (cases 6 and 7, keys of 131 bytes)', async () => {
    const pepper = new Pepper(1, new Uint8Array(131).fill(0xaa));
    const digest = async (text: string) =>
      Buffer.from(await digestUnder(pepper, bytesOf(text)), 'base64url').toString('hex');
    expect(await digest('Test Using Larger Than Block-Size Key - Hash Key First')).toBe(
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    );
    expect(
      await digest(
        'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be ' +
          'hashed before being used by the HMAC algorithm.',
      ),
    ).toBe('9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2');
  });

  test('of a secret under a pepper is what openssl gives, in base64url without padding', async () => {
    const parsed = parsePeppers(`1:${PEPPER}`);
    if (!parsed.ok) throw new Error(parsed.problem);
    const inner = await innerHash('ks_live_secret');
    expect(await digestUnder(parsed.peppers[0], inner)).toBe('Kx0k1JZzU6sNIr0EJpNTrEB-29vRaY7OFLYWFKqCA-k');
    expect(await digestUnder(parsed.peppers[0], inner)).toBe('Kx0k1JZzU6sNIr0EJpNTrEB-29vRaY7OFLYWFKqCA-k');
  });

  test('differs from pepper to pepper and from secret to secret', async () => {
    const [a, b] = [new Pepper(1, new Uint8Array(32).fill(1)), new Pepper(2, new Uint8Array(32).fill(2))];
    const inner = await innerHash('x');
    const digests = await Promise.all([
      digestUnder(a, inner),
      digestUnder(b, inner),
      digestUnder(a, await innerHash('y')),
    ]);
    expect(new Set(digests).size).toBe(3);
    expect(digests.every((digest) => /^[A-Za-z0-9_-]{43}$/.test(digest))).toBe(true);
  });
});

describe('peppers', () => {
  test('are read in order, the current one first', () => {
    const parsed = parsePeppers(` 12:${PEPPER}, 3:${'B2'.repeat(40)} `);
    expect(parsed.ok && parsed.peppers.map(({ version }) => version)).toEqual([12, 3]);
  });

  test('never show their bytes in JSON', () => {
    expect(JSON.stringify(parsePeppers(`1:${PEPPER}`))).toBe('{"ok":true,"peppers":[{"version":1}]}');
  });

  test.each([
    [undefined, 'is not set'],
    ['  ', 'is not set'],
    [PEPPER, 'entry 1: expected version:hex'],
    [`:${PEPPER}`, 'entry 1: expected version:hex'],
    [`0:${PEPPER}`, 'entry 1: expected version:hex'],
    [`01:${PEPPER}`, 'entry 1: expected version:hex'],
    [`-1:${PEPPER}`, 'entry 1: expected version:hex'],
    [`1.5:${PEPPER}`, 'entry 1: expected version:hex'],
    [`1:${PEPPER},`, 'entry 2: expected version:hex'],
    [`1:${PEPPER}a`, 'entry 1: expected an even number of hex digits'],
    [`1:${PEPPER}zz`, 'entry 1: expected an even number of hex digits'],
    ['1:', 'entry 1: expected an even number of hex digits'],
    [`1:${PEPPER.slice(2)}`, 'entry 1: expected at least 64 hex digits'],
    [`1:${PEPPER},1:${'b2'.repeat(32)}`, 'entry 2: its version stands twice'],
  ])('%s are refused, and the problem says where', (text, problem) => {
    const parsed = parsePeppers(text);
    expect(parsed.ok ? '' : parsed.problem).toContain(problem);
  });

  test('are never echoed by a problem', () => {
    const secret = fc.stringMatching(/^[0-9a-f]{12,80}$/);
    const mangle = fc.constantFrom<(hex: string) => string>(
      (hex) => hex,
      (hex) => `1:${hex}!`,
      (hex) => `${hex}:1`,
      (hex) => `1:${'a'.repeat(64)},1:${hex}`,
      (hex) => `1:1:${hex}`,
    );
    fc.assert(
      fc.property(secret, mangle, (hex, spoil) => {
        const parsed = parsePeppers(spoil(hex));
        expect(parsed.ok ? '' : parsed.problem).not.toContain(hex.slice(0, 12));
      }),
    );
  });
});

test('two texts are secure-equal exactly when they are equal, whatever their lengths', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), async (a, b) => {
      expect(await secureEqual(a, a)).toBe(true);
      expect(await secureEqual(a, b)).toBe(a === b);
      expect(await secureEqual(a, `${a}x`)).toBe(false);
    }),
  );
});
