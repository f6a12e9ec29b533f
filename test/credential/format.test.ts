import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BASE62 } from '../../src/credential/alphabet.ts';
import { checksum } from '../../src/credential/checksum.ts';
import { compileFormat } from '../../src/credential/format.ts';
import { mintKey } from '../../src/credential/mint.ts';
import { CHECKED, ENVIRONMENTS, formatOf, seeded, TEMPLATES } from './support.ts';

const environment = fc.constantFrom(...ENVIRONMENTS);
const seed = fc.integer();

describe.each(TEMPLATES)('a key of %s', (template) => {
  const format = formatOf(template);
  const start = (env: string) => template.slice(0, template.search(/\{(base|hex)/)).replace('{env}', env);

  test('that was minted is read, with its environment and where its secret begins', () => {
    fc.assert(
      fc.property(environment, seed, (env, n) => {
        const key = mintKey(format, env, seeded(n));
        expect(format.read(key)).toEqual({
          environment: template.includes('{env}') ? env : null,
          secretStart: start(env).length,
          legacy: null,
        });
      }),
    );
  });

  test('shows no more than its literal part and so many characters of the secret', () => {
    fc.assert(
      fc.property(environment, seed, fc.integer({ min: 0, max: 16 }), (env, n, visible) => {
        const key = mintKey(format, env, seeded(n));
        expect(format.visiblePrefix(key, visible)).toBe(key.slice(0, start(env).length + visible));
      }),
    );
  });

  test('is malformed once a character is missing or added, wherever that is', () => {
    fc.assert(
      fc.property(environment, seed, fc.nat(), fc.constantFrom(...BASE62), (env, n, at, extra) => {
        const key = mintKey(format, env, seeded(n));
        const i = at % (key.length + 1);
        expect(format.read(key.slice(0, i) + key.slice(i + 1))).toSatisfy((it) => i === key.length || it === null);
        expect(format.read(key.slice(0, i) + extra + key.slice(i))).toBeNull();
      }),
    );
  });

  test('is malformed with a character from outside its alphabet', () => {
    fc.assert(
      fc.property(
        environment,
        seed,
        fc.nat(),
        fc.constantFrom(' ', '\0', '!', 'é', '０', '\uD800', '\u0130'),
        (env, n, at, odd) => {
          const key = mintKey(format, env, seeded(n));
          const i = at % key.length;
          expect(format.read(key.slice(0, i) + odd + key.slice(i + 1))).toBeNull();
        },
      ),
    );
  });

  test('is malformed in an environment that the policy does not name', () => {
    const other = formatOf(template, ['prod']);
    const key = mintKey(other, 'prod', seeded(1));
    expect(other.read(key)).not.toBeNull();
    expect(format.read(key) === null).toBe(template.includes('{env}'));
  });

  test('is not looked for in a text that is no key: it is null and never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => format.read(text) === null));
    fc.assert(fc.property(fc.string(), environment, (text, env) => format.read(start(env) + text) === null));
    expect(() => format.visiblePrefix('no key', 4)).toThrow(TypeError);
  });
});

describe.each(CHECKED)('the checksum of %s', (template) => {
  const format = formatOf(template);

  test('finds every change of a single character', () => {
    const key = mintKey(format, 'live', seeded(7));
    for (let i = 0; i < key.length; i++) {
      for (const other of `${BASE62}_-.`) {
        if (other !== key[i]) expect(format.read(key.slice(0, i) + other + key.slice(i + 1))).toBeNull();
      }
    }
  });

  test('finds two neighbours that changed places', () => {
    const key = mintKey(format, 'live', seeded(8));
    for (let i = 0; i + 1 < key.length; i++) {
      const swapped = key.slice(0, i) + key[i + 1] + key[i] + key.slice(i + 2);
      if (swapped !== key) expect(format.read(swapped)).toBeNull();
    }
  });
});

describe('the checksum', () => {
  test('is the CRC-32 of zlib in base62, six characters, zero padded', () => {
    // CRC-32 of "123456789" is 0xCBF43926, the check value of the catalogues; of "" it is 0.
    expect(checksum('123456789')).toBe('3jZRME');
    expect(checksum('')).toBe('000000');
    expect(checksum('a')).toHaveLength(6);
  });
});

describe('mint', () => {
  test.each([
    ['{hex:32}', 128],
    ['{base62:32}{crc32}', 32 * Math.log2(62)],
    ['{base58:10}_{hex:10}', 10 * Math.log2(58) + 40],
  ])('of %s holds the bits of its secret parts, and none for literals and checksum', (tail, bits) => {
    expect(formatOf(`ks_${tail}`).secretBits).toBeCloseTo(bits, 9);
  });

  test.each(['base62', 'base58', 'hex'])('makes every character of %s equally likely', (alphabet) => {
    const format = formatOf(`ks_{${alphabet}:64}`);
    const random = seeded(42);
    const counts = new Map<string, number>();
    for (let i = 0; i < 2_000; i++) {
      for (const character of mintKey(format, '', random).slice(3)) {
        counts.set(character, (counts.get(character) ?? 0) + 1);
      }
    }
    const size = 2 ** (format.secretBits / 64);
    const expected = (2_000 * 64) / size;
    expect(counts.size).toBe(Math.round(size));
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // Mean size - 1, variance 2(size - 1): five deviations. Plain modulo 62 gives over 1,000 here.
    expect(chiSquare).toBeLessThan(size - 1 + 5 * Math.sqrt(2 * (size - 1)));
  });

  test.each([
    ['base62', 62],
    ['base58', 58],
    ['hex', 16],
  ])('uses each byte for %s as often as any other, and none past the last whole multiple', (alphabet, size) => {
    const format = formatOf(`ks_{${alphabet}:1}`);
    const made = Array.from({ length: 256 }, (_, byte) => format.mint('', Uint8Array.of(byte)));
    const perCharacter = Object.values(
      Object.groupBy(
        made.filter((key) => key !== null),
        (key) => key,
      ),
    );
    expect(perCharacter.map((keys) => keys?.length)).toEqual(new Array(size).fill(Math.floor(256 / size)));
    expect(made.slice(256 - (256 % size)).every((key) => key === null)).toBe(true);
  });

  test('skips bytes that would favour some characters, and gives null rather than a short key', () => {
    const format = formatOf('ks_{base62:4}');
    expect(format.mint('', Uint8Array.of(255, 248, 0, 250, 61, 249, 62, 252, 123, 254))).toBe('ks_0z0z');
    expect(format.mint('', Uint8Array.of(255, 248, 0, 250, 61, 249, 62, 252))).toBeNull();
    expect(format.mint('', new Uint8Array(1_000).fill(248))).toBeNull();
    expect(format.mint('', new Uint8Array())).toBeNull();
  });

  test('refuses an environment that it does not know', () => {
    expect(() => formatOf('ks_{env}_{hex:32}').mint('prod', new Uint8Array(100))).toThrow(RangeError);
  });
});

describe('a template', () => {
  test.each([
    ['', 'must begin with 2 or more characters of literal text'],
    ['{base62:32}', 'must begin with'],
    ['k{base62:32}', 'must begin with'],
    ['{env}_{base62:32}', 'must begin with'],
    ['ks_', 'no secret part'],
    ['ks_{env}_', 'no secret part'],
    ['ks_{crc32}', 'no secret part'],
    ['ks {base62:32}', 'the text "ks "'],
    ['ks_é{base62:32}', 'the text "ks_é"'],
    ['ks_{base64:32}', 'the part {base64:32} is not known'],
    ['ks_{toString:32}', 'the part {toString:32} is not known'],
    ['ks_{base62}', 'the part {base62} is not known'],
    ['ks_{base62:-1}', 'the part {base62:-1} is not known'],
    ['ks_{base62:0}', 'the part {base62:0} must have a length'],
    ['ks_{base62:129}', 'the part {base62:129} must have a length'],
    ['ks_{base62:99999999999999999999}', 'must have a length'],
    ['ks_{}{base62:32}', 'the part {} is not known'],
    ['ks_{base62:32', 'a "{" has no counterpart'],
    ['ks_base62:32}', 'the text "ks_base62:32"'],
    ['ks_{hex:32}}', 'a "}" has no counterpart'],
    ['ks_{{base62:32}}', 'a "{" has no counterpart'],
    ['ks_{env}_{env}_{base62:32}', '{env} stands twice'],
    ['ks_{base62:32}_{env}', '{env} must stand before'],
    ['ks_{crc32}{base62:32}', '{crc32} must be the last'],
    ['ks_{base62:32}{crc32}{crc32}', '{crc32} must be the last'],
    ['ks_{base62:32}{crc32}_', '{crc32} must be the last'],
  ])('%s is refused, and the problem names the part', (template, problem) => {
    const compiled = compileFormat(template, ENVIRONMENTS);
    expect(compiled.ok ? '' : compiled.problem).toContain(problem);
  });

  test('with {env} is refused without environments, or with one that a key cannot hold', () => {
    expect(compileFormat('ks_{env}_{hex:32}', [])).toMatchObject({ ok: false });
    expect(compileFormat('ks_{env}_{hex:32}', ['live', 'Live'])).toMatchObject({ ok: false });
    expect(compileFormat('ks_{hex:32}', [])).toMatchObject({ ok: true });
  });

  test('of any text compiles or is refused, and never throws', () => {
    const piece = fc.constantFrom('ks_', '{env}', '{hex:8}', '{base62:3}', '{crc32}', '{', '}', ':', '-', ' ');
    const template = fc.oneof(
      fc.string(),
      fc.array(piece).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(template, (text) => {
        const compiled = compileFormat(text, ENVIRONMENTS);
        if (!compiled.ok) return compiled.problem.length > 0;
        return compiled.format.read(mintKey(compiled.format, 'dev', seeded(text.length))) !== null;
      }),
    );
  });

  test('reads environments of which one begins like another in one way only', () => {
    const format = formatOf('ks_{env}{base62:24}', ['a', 'ab', 'a_b', 'b']);
    fc.assert(
      fc.property(fc.constantFrom('a', 'ab', 'a_b', 'b'), seed, (env, n) => {
        expect(format.read(mintKey(format, env, seeded(n)))?.environment).toBe(env);
      }),
    );
  });
});

test('a huge text costs read nothing', () => {
  const format = formatOf(TEMPLATES[0] ?? '');
  const huge = `ks_live_${'a'.repeat(50_000_000)}`;
  const startedMs = performance.now();
  for (let i = 0; i < 1_000; i++) expect(format.read(huge)).toBeNull();
  expect(performance.now() - startedMs).toBeLessThan(500);
});
