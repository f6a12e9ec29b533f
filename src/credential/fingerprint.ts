/*
 * The name of a secret in an isolate's memory: SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012),
 * under a key that each isolate draws for itself and that never leaves it. A keyed tag tells nothing of the secret and
 * cannot be made to collide by who does not know the key, and it is computed at once, where SHA-256 would cost each
 * request a turn through the runtime. What is stored or sent is never this, but `digest.ts`.
 *
 * The 64-bit lanes v0…v3 are kept as two 32-bit halves each, low and high.
 */

/** Random bytes of a fingerprint key. */
export const FINGERPRINT_KEY_BYTES = 16;

/** Names a text by 128 bits, as 8 UTF-16 units; only ASCII is told apart fully, which is all that keys consist of. */
export type Fingerprint = (text: string) => string;

/** The fingerprint under a key of 16 random bytes. Synchronous and not reentrant: it works in one set of lanes. */
export function makeFingerprint(key: Uint8Array): Fingerprint {
  const words = new DataView(key.buffer, key.byteOffset, FINGERPRINT_KEY_BYTES);
  const [k0l, k0h, k1l, k1h] = [0, 4, 8, 12].map((at) => words.getInt32(at, true)) as [number, number, number, number];
  let v0l = 0;
  let v0h = 0;
  let v1l = 0;
  let v1h = 0;
  let v2l = 0;
  let v2h = 0;
  let v3l = 0;
  let v3h = 0;

  function rounds(count: number): void {
    for (let i = 0; i < count; i++) {
      let low = (v0l >>> 0) + (v1l >>> 0);
      v0h = (v0h + v1h + (low > 0xffffffff ? 1 : 0)) | 0;
      v0l = low | 0;
      let left = (v1l << 13) | (v1h >>> 19);
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
      v1l = left ^ v0l;
      left = v0l;
      v0l = v0h;
      v0h = left;

      low = (v2l >>> 0) + (v3l >>> 0);
      v2h = (v2h + v3h + (low > 0xffffffff ? 1 : 0)) | 0;
      v2l = low | 0;
      left = (v3l << 16) | (v3h >>> 16);
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
      v3l = left ^ v2l;

      low = (v0l >>> 0) + (v3l >>> 0);
      v0h = (v0h + v3h + (low > 0xffffffff ? 1 : 0)) | 0;
      v0l = low | 0;
      left = (v3l << 21) | (v3h >>> 11);
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
      v3l = left ^ v0l;

      low = (v2l >>> 0) + (v1l >>> 0);
      v2h = (v2h + v1h + (low > 0xffffffff ? 1 : 0)) | 0;
      v2l = low | 0;
      left = (v1l << 17) | (v1h >>> 15);
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
      v1l = left ^ v2l;
      left = v2l;
      v2l = v2h;
      v2h = left;
    }
  }

  function absorb(low: number, high: number): void {
    v3l ^= low;
    v3h ^= high;
    rounds(2);
    v0l ^= low;
    v0h ^= high;
  }

  function squeeze(): string {
    const low = v0l ^ v1l ^ v2l ^ v3l;
    const high = v0h ^ v1h ^ v2h ^ v3h;
    return String.fromCharCode(low & 0xffff, low >>> 16, high & 0xffff, high >>> 16);
  }

  return (text) => {
    v0l = k0l ^ 0x70736575;
    v0h = k0h ^ 0x736f6d65;
    v1l = k1l ^ 0x6e646f6d ^ 0xee;
    v1h = k1h ^ 0x646f7261;
    v2l = k0l ^ 0x6e657261;
    v2h = k0h ^ 0x6c796765;
    v3l = k1l ^ 0x79746573;
    v3h = k1h ^ 0x74656462;
    const { length } = text;
    const word = (at: number): number => {
      const byte = (i: number) => (i < length ? text.charCodeAt(i) & 0xff : 0);
      return byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
    };
    const whole = length & ~7;
    for (let at = 0; at < whole; at += 8) absorb(word(at), word(at + 4));
    absorb(word(whole), word(whole + 4) | (length << 24));
    v2l ^= 0xee;
    rounds(4);
    const first = squeeze();
    v1l ^= 0xdd;
    rounds(4);
    return first + squeeze();
  };
}
