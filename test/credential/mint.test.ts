import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ID_BYTES, mintId, mintKey } from '../../src/credential/mint.ts';
import { formatOf, seeded, TEMPLATES } from './support.ts';

describe('a minted key', () => {
  test('is drawn again where the first bytes fall short', () => {
    const format = formatOf('ks_{base62:8}');
    const asked: number[] = [];
    const key = mintKey(format, '', (n) => {
      asked.push(n);
      return new Uint8Array(n).fill(asked.length < 3 ? 255 : 10);
    });
    expect(key).toBe('ks_AAAAAAAA');
    expect(asked).toEqual([format.randomBytes, format.randomBytes, format.randomBytes]);
  });

  test('is not waited for where the source is broken', () => {
    expect(() => mintKey(formatOf('ks_{base62:8}'), '', (n) => new Uint8Array(n).fill(255))).toThrow('no usable bytes');
  });

  test.each(TEMPLATES)('of %s needs one draw in 20,000 trials of 20,000', (template) => {
    const format = formatOf(template);
    const random = seeded(3);
    for (let i = 0; i < 20_000; i++) if (format.mint('dev', random(format.randomBytes)) === null) expect.fail(`${i}`);
  });
});

describe('an id', () => {
  test('is its kind and 22 base62 characters, another one for every other 16 bytes', () => {
    const bytes = fc.uint8Array({ minLength: ID_BYTES, maxLength: ID_BYTES });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(mintId('key', a)).toMatch(/^key_[0-9A-Za-z]{22}$/);
        expect(mintId('key', a) === mintId('key', b)).toBe(a.every((byte, i) => byte === b[i]));
      }),
    );
    expect(mintId('acc', new Uint8Array(16))).toBe(`acc_${'0'.repeat(22)}`);
    // 2^128 - 1 in base62.
    expect(mintId('sec', new Uint8Array(16).fill(255))).toBe('sec_7n42DGM5Tflk9n8mt7Fhc7');
  });

  test('is refused for fewer bytes, which could repeat', () => {
    expect(() => mintId('key', new Uint8Array(15))).toThrow(RangeError);
  });
});
