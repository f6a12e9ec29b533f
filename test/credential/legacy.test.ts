import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withLegacy } from '../../src/credential/format.ts';
import type { LegacyRow } from '../../src/credential/legacy.ts';
import { mintKey } from '../../src/credential/mint.ts';
import { redact, redactLegacy } from '../../src/credential/redact.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { formatOf, seeded } from './support.ts';

const OWN = formatOf('ks_{env}_{base62:32}{crc32}');

function row(more: Partial<LegacyRow> = {}): LegacyRow {
  const length = { min_length: 40, max_length: 40 };
  return { name: 'old', prefix: 'old_', charset: 'hex', ...length, visible_chars: 4, environment: 'live', ...more };
}

const HEX = '3f9c0e5d7b1a2c4e6f8091a3b5c7d9e1f0a2b4c6';
const CHARS: Readonly<Record<LegacyRow['charset'], string>> = {
  hex: '0123456789abcdef',
  base58: '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz',
  base62: '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
  base64url: '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_',
  printable: Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i)).join(''),
};
const ASCII = Array.from({ length: 128 }, (_, i) => String.fromCharCode(i));

describe('a format that takes older secrets', () => {
  test('is the own one where there are none', () => {
    expect(withLegacy(OWN, [])).toBe(OWN);
    expect(OWN.read(`old_${HEX}`)).toBeNull();
  });

  test.each(Object.keys(CHARS) as LegacyRow['charset'][])('takes the characters of %s, and no others', (charset) => {
    const format = withLegacy(OWN, [row({ charset, min_length: 8, max_length: 8, visible_chars: 0 })]);
    const taken = ASCII.filter((each) => format.read(`old_${each.repeat(8)}`) !== null);
    expect(taken).toEqual([...CHARS[charset]].sort());
    expect(format.read(`old_${'é'.repeat(8)}`)).toBeNull();
  });

  test('takes lengths from the least to the most, and its prefix alone', () => {
    const format = withLegacy(OWN, [row({ min_length: 10, max_length: 12 })]);
    const lengths = Array.from({ length: 20 }, (_, n) => n).filter((n) => format.read(`old_${'a'.repeat(n)}`) !== null);
    expect(lengths).toEqual([10, 11, 12]);
    for (const text of ['a'.repeat(14), `Old_${'a'.repeat(10)}`, ` old_${'a'.repeat(10)}`, `old_${'a'.repeat(10)} `]) {
      expect(format.read(text), text).toBeNull();
    }
  });

  test('says which format a secret has, its environment, and its visible prefix', () => {
    const format = withLegacy(OWN, [
      row({ name: 'bare', prefix: '', charset: 'base64url', min_length: 20, max_length: 60, environment: 'dev' }),
      row({ visible_chars: 6, environment: 'test' }),
    ]);
    const of = (text: string) => {
      const key = format.read(text);
      return key && [key.legacy?.name, key.environment, format.visiblePrefix(text, 5)];
    };
    // Both take it; the one with the longer prefix is meant.
    expect(of(`old_${HEX}`)).toEqual(['old', 'test', 'old_3f9c0e']);
    expect(of(HEX)).toEqual(['bare', 'dev', '3f9c']);
    const own = mintKey(format, 'live', seeded(1));
    expect(of(own)).toEqual([undefined, 'live', own.slice(0, 13)]);
    expect(() => format.visiblePrefix('no key', 5)).toThrow(TypeError);
  });

  test('takes nothing that begins like an own key and is none, unless the older prefix begins so too', () => {
    const bare = row({ prefix: '', charset: 'base64url', min_length: 8, max_length: 200, visible_chars: 0 });
    const own = mintKey(OWN, 'live', seeded(2));
    const mistyped = `${own.slice(0, -1)}${own.endsWith('a') ? 'b' : 'a'}`;
    expect(withLegacy(OWN, [bare]).read(mistyped)).toBeNull();
    expect(withLegacy(OWN, [bare]).read(own)?.legacy).toBeNull();
    expect(withLegacy(OWN, [bare]).read('ks_staging_aaaaaaaa')).not.toBeNull();
    const before = row({ name: 'before', prefix: 'ks_live_' });
    expect(withLegacy(OWN, [bare, before]).read(`ks_live_${HEX}`)?.legacy?.name).toBe('before');
    expect(withLegacy(OWN, [bare, before]).read(own)?.legacy).toBeNull();
  });

  test('mints its own all the same', () => {
    const format = withLegacy(OWN, [row()]);
    expect(OWN.read(mintKey(format, 'live', seeded(3)))).not.toBeNull();
  });
});

describe('redaction of older secrets', () => {
  const charsets = fc.constantFrom(...(Object.keys(CHARS) as LegacyRow['charset'][]));
  const rows = fc
    .record({
      charset: charsets,
      prefix: fc.constantFrom('', 'old_', 'k', 'sk-', 'aa'),
      min_length: fc.integer({ min: 8, max: 60 }),
      more: fc.integer({ min: 0, max: 20 }),
      visible: fc.integer({ min: 0, max: 16 }),
    })
    .map(({ more, visible, ...rest }) =>
      row({ ...rest, max_length: rest.min_length + more, visible_chars: Math.min(visible, rest.min_length - 8) }),
    );
  const around = fc.oneof(fc.string(), fc.constantFrom('/v1/', '?key=', 'old_', 'a', '…'));

  function secretOf({ charset, prefix, min_length: least, max_length: most }: LegacyRow, seed: number): string {
    const chars = CHARS[charset];
    const length = least + ((seed >>> 0) % (most - least + 1));
    const bytes = [...seeded(seed)(length)];
    return prefix + bytes.map((byte) => chars.charAt(byte % chars.length)).join('');
  }

  test('leaves of every secret, whatever stands around it, no more than its visible prefix', () => {
    fc.assert(
      fc.property(rows, fc.integer(), around, around, (own, seed, before, after) => {
        const secret = secretOf(own, seed);
        const clean = redactLegacy(`${before}${secret}${after}`, withLegacy(OWN, [own]).legacy);
        const shown = own.prefix.length + own.visible_chars;
        expect(clean).not.toContain(secret.slice(0, shown + 8));
        expect(clean).not.toContain(secret.slice(shown));
      }),
      { numRuns: 500 },
    );
  });

  test('leaves no secret whole, whatever other formats there are', () => {
    fc.assert(
      fc.property(
        fc.array(rows, { minLength: 2, maxLength: 4 }),
        fc.integer(),
        around,
        around,
        (all, seed, before, after) => {
          const secret = secretOf(all[0] as LegacyRow, seed);
          expect(redactLegacy(`${before}${secret}${after}`, withLegacy(OWN, all).legacy)).not.toContain(secret);
        },
      ),
      { numRuns: 500 },
    );
  });

  const { legacy } = withLegacy(OWN, [row()]);
  const bare = withLegacy(OWN, [row({ prefix: '', min_length: 32, max_length: 64 })]).legacy;

  test('leaves a lone secret its visible prefix, also where it was cut off', () => {
    expect(redactLegacy(`/v1/old_${HEX}/x`, legacy)).toBe('/v1/old_3f9c…/x');
    expect(redactLegacy(`/v1/old_${HEX.slice(0, 17)}`, legacy)).toBe('/v1/old_3f9c…');
    expect(redactLegacy(`/old_${HEX}old_${HEX}-old_${HEX}`, legacy)).toBe('/old_3f9c…old_3f9c…-old_3f9c…');
    expect(redactLegacy(`/v1/${HEX}/x`, bare)).toBe('/v1/3f9c…/x');
    expect(redactLegacy(`${HEX}${HEX}`, bare)).toBe('3f9c…');
  });

  test('leaves visible prefixes, shorter runs and all other texts as they are', () => {
    for (const text of ['/v1/old_3f9c', `/old_${HEX.slice(0, 16)}`, '/v1/chat/completions?id=7', '']) {
      expect(redactLegacy(text, legacy)).toBe(text);
    }
    expect(redactLegacy(`/v1/${HEX.slice(0, 31)}`, bare)).toBe(`/v1/${HEX.slice(0, 31)}`);
  });

  test('a secret of two pieces without a gap is hidden whole', () => {
    const wide = withLegacy(OWN, [row({ charset: 'base62' })]).legacy;
    expect(redactLegacy(`old_${HEX}old_${HEX}`, wide)).not.toContain(HEX.slice(4, 20));
  });

  test('takes time in proportion to the text', () => {
    const formats = withLegacy(OWN, [row({ prefix: 'a', charset: 'base62' }), row({ name: 'b', prefix: '' })]).legacy;
    for (const unit of ['a', 'aa ', `${'a'.repeat(16)}-`, `a${'-'.repeat(30)}`]) {
      const text = unit.repeat(1_000_000 / unit.length);
      const startedMs = performance.now();
      redactLegacy(text, formats);
      expect(performance.now() - startedMs).toBeLessThan(2_000);
    }
  });

  test('does not stand in the way of the own one', () => {
    const format = withLegacy(OWN, [row()]);
    const key = mintKey(format, 'live', seeded(4));
    expect(redact(`{"path":"/${key}"}`, format)).toBe(`{"path":"/${format.visiblePrefix(key, 2)}…"}`);
  });
});

describe('a policy with legacy formats', () => {
  const problems = (formats: readonly object[], more: object = {}) => {
    const loaded = loadPolicy({ legacy: { formats, ...more } });
    return loaded.ok ? [] : loaded.problems;
  };

  test('is taken with one, with several, and with a verifier', () => {
    expect(problems([row(), row({ name: 'bare', prefix: '' })])).toEqual([]);
    expect(problems([row()], { verifier: { url: 'https://old.example.com/verify' } })).toEqual([]);
  });

  test.each<[string, readonly LegacyRow[], string]>([
    ['a name twice', [row(), row({ prefix: 'x_' })], 'formats[1].name: "old" is taken'],
    ['two that look the same', [row(), row({ name: 'other' })], 'formats[1]: is the same as another one'],
    ['less at most than at least', [row({ max_length: 39 })], 'formats[0].min_length: expected at most max_length, 39'],
    [
      'an unknown environment',
      [row({ environment: 'prod' })],
      'formats[0].environment: there is no environment "prod", expected one of live, test, dev, trial',
    ],
    [
      'the environment of trial keys',
      [row({ environment: 'trial' })],
      'formats[0].environment: "trial" is for trial keys',
    ],
    [
      'a visible prefix that shows most of it',
      [row({ min_length: 11 })],
      'formats[0].visible_chars: expected at most 3, so that 8 of min_length stay hidden',
    ],
  ])('is refused with %s', (_, formats, problem) => {
    expect(problems(formats)).toEqual([`policy.legacy.${problem}`]);
  });

  test('is refused with a verifier that would never be asked', () => {
    const verifier = { url: 'https://old.example.com/verify' };
    expect(problems([], { verifier })).toEqual([
      expect.stringMatching(/^policy\.legacy\.verifier: needs policy\.legacy\.formats/),
    ]);
    expect(problems([row()], { verifier: { url: 'http://old.example.com/verify' } })).toEqual([
      expect.stringContaining('policy.legacy.verifier.url: expected https'),
    ]);
  });
});
