import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSeal, parseSealKeys } from '../../src/events/seal.ts';

const FIRST = '3c'.repeat(32);
const SECOND = 'd4'.repeat(32);
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OWNER = 'whs_1';

/** The seal under such keys. */
function sealUnder(text: string) {
  const parsed = parseSealKeys(text);
  if (!parsed.ok || parsed.keys === null) throw new Error('expected keys');
  return openSeal(parsed.keys);
}

const bytesOf = (sealed: string) => Buffer.from(sealed, 'base64');
const seal = sealUnder(`1:${FIRST}`);

describe('a sealed secret', () => {
  test('is opened by who sealed it, whatever it is', async () => {
    const text = fc.string({ unit: 'grapheme' });
    await fc.assert(
      fc.asyncProperty(text, text, async (secret, owner) => {
        expect(await seal.open(await seal.seal(secret, owner), 1, owner)).toBe(secret);
      }),
    );
  });

  test('tells nothing of the secret, and is another text each time', async () => {
    const texts = await Promise.all(Array.from({ length: 50 }, () => seal.seal(SECRET, OWNER)));
    expect(new Set(texts).size).toBe(50);
    expect(new Set(texts.map((text) => bytesOf(text).subarray(0, 12).toString('hex'))).size).toBe(50);
    for (const text of texts) {
      expect(bytesOf(text)).toHaveLength(12 + SECRET.length + 16);
      expect(text + bytesOf(text).toString('latin1')).not.toContain(SECRET.slice(6, 14));
    }
  });

  test('is the AES-256-GCM that another library opens, with the owner as additional data (SP 800-38D)', async () => {
    const { createDecipheriv } = await import('node:crypto');
    const bytes = bytesOf(await seal.seal(SECRET, OWNER));
    const decipher = createDecipheriv('aes-256-gcm', Buffer.from(FIRST, 'hex'), bytes.subarray(0, 12));
    decipher.setAAD(Buffer.from(OWNER)).setAuthTag(bytes.subarray(-16));
    expect(decipher.update(bytes.subarray(12, -16)).toString() + decipher.final().toString()).toBe(SECRET);
  });

  test('is not opened for another owner', async () => {
    const sealed = await seal.seal(SECRET, OWNER);
    for (const owner of ['whs_2', '', 'whs_1 ', 'whs_11', 'WHS_1']) {
      await expect(seal.open(sealed, 1, owner)).rejects.toThrow();
    }
  });

  test('is not opened where any of its bits is another', async () => {
    const sealed = await seal.seal(SECRET, OWNER);
    const bits = 8 * bytesOf(sealed).length;
    await fc.assert(
      fc.asyncProperty(fc.nat(bits - 1), async (bit) => {
        const bytes = bytesOf(sealed);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await expect(seal.open(bytes.toString('base64'), 1, OWNER)).rejects.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  test('is not opened where a byte is missing, or there is one more', async () => {
    const bytes = bytesOf(await seal.seal(SECRET, OWNER));
    const others = [
      bytes.subarray(1),
      bytes.subarray(0, -1),
      Buffer.concat([bytes, Buffer.of(0)]),
      bytes.subarray(0, 12),
    ];
    for (const other of [...others, bytes.subarray(0, 5), Buffer.of()]) {
      await expect(seal.open(other.toString('base64'), 1, OWNER)).rejects.toThrow();
    }
    await expect(seal.open('not base64!', 1, OWNER)).rejects.toThrow();
  });

  test('is not opened by another key of the same version, nor by the key of another version', async () => {
    const sealed = await seal.seal(SECRET, OWNER);
    await expect(sealUnder(`1:${SECOND}`).open(sealed, 1, OWNER)).rejects.toThrow();
    await expect(sealUnder(`2:${SECOND},1:${FIRST}`).open(sealed, 2, OWNER)).rejects.toThrow();
  });

  test('says which version is missing where its key is gone, and shows no key', async () => {
    const sealed = await seal.seal(SECRET, OWNER);
    const opened = sealUnder(`2:${SECOND}`).open(sealed, 1, OWNER);
    await expect(opened).rejects.toThrow('WEBHOOK_KEYS: has no version 1, under which a secret is sealed');
  });

  test('shows neither the secret nor a key by its errors', async () => {
    const sealed = await seal.seal(SECRET, OWNER);
    const failures = [seal.open(sealed, 1, 'whs_2'), seal.open(sealed, 7, OWNER), seal.open('AAAA', 1, OWNER)];
    for (const failed of await Promise.allSettled(failures)) {
      const told = failed.status === 'rejected' ? `${failed.reason} ${(failed.reason as Error).stack}` : 'opened';
      expect(told).toMatch(/Error/);
      for (const hidden of [SECRET, sealed, FIRST]) expect(told).not.toContain(hidden);
    }
  });
});

describe('keys', () => {
  test('are read in order: the first one seals, each opens what it sealed', async () => {
    const before = sealUnder(`1:${FIRST}`);
    const after = sealUnder(` 7:${SECOND.toUpperCase()}, 1:${FIRST} `);
    expect([before.version, after.version]).toEqual([1, 7]);
    const [older, newer] = [await before.seal(SECRET, OWNER), await after.seal(SECRET, OWNER)];
    expect(await after.open(older, 1, OWNER)).toBe(SECRET);
    expect(await after.open(newer, 7, OWNER)).toBe(SECRET);
    expect(await sealUnder(`7:${SECOND}`).open(newer, 7, OWNER)).toBe(SECRET);
  });

  test.each([undefined, '', '  ', '\n'])('%j are none, which is no problem', (text) => {
    expect(parseSealKeys(text)).toEqual({ ok: true, keys: null });
  });

  test.each([
    [FIRST, 'entry 1: expected version:hex with a whole version from 1, like "1:" and 64 hex digits'],
    [`:${FIRST}`, 'entry 1: expected version:hex'],
    [`0:${FIRST}`, 'entry 1: expected version:hex'],
    [`01:${FIRST}`, 'entry 1: expected version:hex'],
    [`-1:${FIRST}`, 'entry 1: expected version:hex'],
    [`1.5:${FIRST}`, 'entry 1: expected version:hex'],
    [`a:${FIRST}`, 'entry 1: expected version:hex'],
    [`1:${FIRST},`, 'entry 2: expected version:hex'],
    [`,1:${FIRST}`, 'entry 1: expected version:hex'],
    [`2:${SECOND};1:${FIRST}`, 'entry 1: expected an even number of hex digits'],
    [`1:${FIRST.slice(1)}`, 'entry 1: expected an even number of hex digits'],
    [`1:${FIRST.slice(2)}zz`, 'entry 1: expected an even number of hex digits'],
    ['1:', 'entry 1: expected an even number of hex digits'],
    [`1:${btoa(FIRST)}`, 'entry 1: expected an even number of hex digits'],
    [`1:${FIRST.slice(2)}`, 'entry 1: expected at least 64 hex digits'],
    [`1:${FIRST}00`, 'entry 1: expected at most 64 hex digits'],
    [`2:${SECOND},1:${FIRST.slice(2)}`, 'entry 2: expected at least 64 hex digits'],
    [`1:${FIRST},1:${SECOND}`, 'entry 2: its version stands twice'],
  ])('%s are refused, and the problem says where', (text, problem) => {
    const parsed = parseSealKeys(text);
    expect(parsed.ok ? '' : parsed.problem).toContain(`WEBHOOK_KEYS: ${problem}`);
  });

  test('are never shown by a problem', () => {
    const spoilt = fc.constantFrom<(hex: string) => string>(
      (hex) => hex,
      (hex) => `1:${hex}!`,
      (hex) => `${hex}:1`,
      (hex) => `1:1:${hex}`,
      (hex) => `2:${FIRST},2:${hex.padEnd(64, 'e')}`,
      (hex) => `1:${hex}${FIRST}`,
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{12,64}$/), spoilt, (hex, spoil) => {
        const parsed = parseSealKeys(spoil(hex));
        expect(parsed.ok ? '' : parsed.problem).not.toContain(hex.slice(0, 12));
      }),
    );
  });
});
