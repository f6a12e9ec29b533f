import { compileFormat, type KeyFormat } from '../../src/credential/format.ts';
import type { RandomSource } from '../../src/credential/mint.ts';

export const ENVIRONMENTS = ['live', 'test', 'dev', 'trial', 'live-eu'];

/** The templates of the products, and one with all that a template may hold. */
export const TEMPLATES = [
  'ks_{env}_{base62:32}{crc32}',
  'wvs_{env}_{hex:32}',
  'wfr_{base62:43}',
  'wv_{env}_{base62:32}',
  'a.b-{env}{base58:12}_{hex:20}-{base62:3}{crc32}',
];
export const CHECKED = TEMPLATES.filter((template) => template.endsWith('{crc32}'));

/** A format that must compile. */
export function formatOf(template: string, environments: readonly string[] = ENVIRONMENTS): KeyFormat {
  const compiled = compileFormat(template, environments);
  if (!compiled.ok) throw new Error(compiled.problem);
  return compiled.format;
}

/** Bytes that the seed determines (mulberry32): good enough to test uniformity, and the same in every run. */
export function seeded(seed: number): RandomSource {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) & 0xff;
  };
  return (n) => Uint8Array.from({ length: n }, next);
}
