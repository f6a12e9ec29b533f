import { BASE62 } from './alphabet.ts';
import type { KeyFormat } from './format.ts';

/** `n` bytes of cryptographic quality. */
export type RandomSource = (n: number) => Uint8Array;

/** What an id names: an account, a key, a secret, a request, a member, an invitation, a webhook endpoint, its secret. */
export type IdKind = 'acc' | 'key' | 'sec' | 'req' | 'mem' | 'inv' | 'whe' | 'whs';

/** Random bytes in an id: 128 bits, so that none is ever made twice. */
export const ID_BYTES = 16;
/** Base62 characters that hold any 128 bits. */
const ID_CHARS = 22;

/** Random bytes in the secret of a webhook endpoint (Standard Webhooks: 24 to 64). */
export const SIGNING_BYTES = 32;

/** Past this the source is broken: one draw falls short less than once in 10^15 times. */
export const MAX_DRAWS = 4;

/** A new key. Throws for an environment that the format does not have, and where the source gives no usable bytes. */
export function mintKey(format: KeyFormat, environment: string, random: RandomSource): string {
  for (let draws = 0; draws < MAX_DRAWS; draws++) {
    const key = format.mint(environment, random(format.randomBytes));
    if (key !== null) return key;
  }
  throw new Error('the random source gives no usable bytes');
}

/** A new id such as `key_` and 22 base62 characters, of exactly `ID_BYTES` random bytes. */
export function mintId(kind: IdKind, random: Uint8Array): string {
  if (random.length !== ID_BYTES) throw new RangeError(`an id takes ${ID_BYTES} random bytes`);
  let rest = random.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  let digits = '';
  for (let i = 0; i < ID_CHARS; i++) {
    digits = BASE62.charAt(Number(rest % 62n)) + digits;
    rest /= 62n;
  }
  return `${kind}_${digits}`;
}

/** A new secret for signing what is sent to a webhook endpoint: `whsec_` and base64 (Standard Webhooks). */
export function mintSigningSecret(random: RandomSource): string {
  return `whsec_${btoa(String.fromCharCode(...random(SIGNING_BYTES)))}`;
}
