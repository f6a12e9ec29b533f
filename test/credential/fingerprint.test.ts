import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeFingerprint } from '../../src/credential/fingerprint.ts';

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);
const hexOf = (name: string) =>
  Buffer.from(Uint16Array.from(name, (unit) => unit.charCodeAt(0)).buffer).toString('hex');
/** The bytes 0, 1, 2, … as the reference vectors have them. */
const counted = (length: number) => String.fromCharCode(...Array.from({ length }, (_, i) => i));

describe('the name of a secret in memory', () => {
  test.each([
    [0, 'a3817f04ba25a8e66df67214c7550293'],
    [1, 'da87c1d86b99af44347659119b22fc45'],
    [7, 'a1f1ebbed8dbc153c0b84aa61ff08239'],
    [8, '3b62a9ba6258f5610f83e264f31497b4'],
    [15, '5493e99933b0a8117e08ec0f97cfc3d9'],
  ])('is SipHash-2-4-128 as the reference implementation computes it, for %i bytes', (length, expected) => {
    expect(hexOf(makeFingerprint(KEY)(counted(length)))).toBe(expected);
  });

  test('is the same for the same text only, and depends on every bit of the isolate’s key', () => {
    const fingerprint = makeFingerprint(KEY);
    const text = fc.string({ unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(fingerprint(a) === fingerprint(b)).toBe(a === b);
        expect(fingerprint(a)).toBe(fingerprint(a));
      }),
    );
    fc.assert(
      fc.property(fc.nat(15), fc.nat(7), text, (at, bit, secret) => {
        const other = KEY.map((byte, i) => (i === at ? byte ^ (1 << bit) : byte));
        expect(makeFingerprint(other)(secret)).not.toBe(fingerprint(secret));
      }),
    );
  });
});
