import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mintKey } from '../../src/credential/mint.ts';
import { redact } from '../../src/credential/redact.ts';
import { ENVIRONMENTS, formatOf, seeded, TEMPLATES } from './support.ts';

const environment = fc.constantFrom(...ENVIRONMENTS);
const around = fc.oneof(fc.string(), fc.constantFrom('key=', '"', '/v1/', 'Bearer ', 'ks_', 'ks_live_', 'wvs_'));

describe.each(TEMPLATES)('redaction of %s', (template) => {
  const format = formatOf(template);

  test('leaves of every key, whatever stands around it, its visible prefix and no more', () => {
    const keys = fc.array(fc.tuple(around, environment, fc.integer()), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(keys, around, (parts, end) => {
        const minted = parts.map(([before, env, seed]) => ({ before, key: mintKey(format, env, seeded(seed)) }));
        const clean = redact(minted.map(({ before, key }) => `${before}${key}`).join('') + end, format);
        for (const { key } of minted) {
          const secretStart = format.read(key)?.secretStart ?? 0;
          expect(clean).not.toContain(key.slice(0, secretStart + 17));
          expect(clean).not.toContain(key.slice(secretStart + 3, secretStart + 17));
        }
      }),
    );
  });

  test('leaves a lone key its visible prefix', () => {
    const key = mintKey(format, 'test', seeded(5));
    expect(redact(`{"path":"/${key}/x"}`, format)).toBe(`{"path":"/${format.visiblePrefix(key, 2)}…/x"}`);
  });

  test('takes a key that was cut off or mistyped for one too', () => {
    const key = mintKey(format, 'trial', seeded(6));
    const shown = `${format.visiblePrefix(key, 2)}…`;
    expect(redact(key.slice(0, -3), format)).toBe(shown);
    expect(redact(`${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`, format)).toBe(shown);
    expect(redact(`${key}a`, format)).toBe(shown);
  });

  test('leaves visible prefixes of any permitted length as they are', () => {
    const key = mintKey(format, 'live', seeded(9));
    for (let visible = 2; visible <= 16; visible++) {
      const text = `revoked ${format.visiblePrefix(key, visible)} at once`;
      expect(redact(text, format)).toBe(text);
    }
  });

  test('does not touch, and does not throw at, a text without keys', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => redact(text, format) === text));
  });
});

test('redaction takes time in proportion to the text, also where much of it begins like a key', () => {
  const format = formatOf('aa{env}{base62:32}', ['a', 'aa', 'aaa']);
  for (const unit of ['a', 'aa ', 'aaaaaaaaaaaaaaaaaa-', `aa${'b'.repeat(16)}`]) {
    const text = unit.repeat(1_000_000 / unit.length);
    const startedMs = performance.now();
    redact(text, format);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  }
});
