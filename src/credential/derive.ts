import type { Pepper } from './digest.ts';

const encoder = new TextEncoder();
/** Never 32 bytes long as a message, so no derived byte is the digest of a secret. */
const DOMAIN = 'keystile: derived bytes, version 1';
const BLOCK_BYTES = 32;

/**
 * `n` bytes that only who has the pepper can compute, the same ones for the same `parts`: HMAC-SHA256 in counter mode
 * (NIST SP 800-108r1 §4.1). The parts are written with their lengths, so that no two lists of them are one message.
 */
export async function deriveBytes(pepper: Pepper, parts: readonly string[], n: number): Promise<Uint8Array> {
  const fixed = [DOMAIN, ...parts].map((part) => `${part.length}:${part}`).join('');
  const counters = Array.from({ length: Math.ceil(n / BLOCK_BYTES) }, (_, i) => i + 1);
  const blocks = await Promise.all(counters.map((i) => pepper.mac(encoder.encode(`${i}:${fixed}`))));
  const bytes = new Uint8Array(blocks.length * BLOCK_BYTES);
  for (const [i, block] of blocks.entries()) bytes.set(new Uint8Array(block), i * BLOCK_BYTES);
  return bytes.slice(0, n);
}
