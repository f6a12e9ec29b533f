import { webcrypto } from 'node:crypto';
import { checksum } from '../../src/credential/checksum.ts';
import { compileFormat, type KeyFormat } from '../../src/credential/format.ts';
import { mintKey } from '../../src/credential/mint.ts';
import { presets } from '../../src/policy/presets/index.ts';

const formats = new Map<string, KeyFormat>();

/** The format of the keys of a preset. */
export function formatOf(preset: string): KeyFormat {
  const known = formats.get(preset);
  if (known !== undefined) return known;
  const policy = presets[preset];
  if (policy === undefined) throw new Error(`there is no preset "${preset}"`);
  const compiled = compileFormat(policy.key.template, Object.keys(policy.environments));
  if (!compiled.ok) throw new Error(compiled.problem);
  formats.set(preset, compiled.format);
  return compiled.format;
}

function randomBytes(n: number): Uint8Array {
  return webcrypto.getRandomValues(new Uint8Array(n));
}

/** A key in the format of a preset that no one has issued: well-formed, and unknown. */
export function unissuedKey(preset = 'keystile'): string {
  return mintKey(formatOf(preset), 'live', randomBytes);
}

/** A key of the preset `keystile` that is well-formed but for its checksum. */
export function malformedKey(): string {
  const key = unissuedKey();
  return key.slice(0, -1) + (key.endsWith('0') ? '1' : '0');
}

/** A well-formed, unknown key of the preset `keystile` with the visible prefix of another: all that an attacker has seen. */
export function keyWithPrefix(prefix: string): string {
  const secret = unissuedKey().slice(prefix.length, -6);
  return prefix + secret + checksum(prefix + secret);
}
