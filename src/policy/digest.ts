import type { Policy } from './schema.ts';

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/**
 * A short name for exactly this policy (64-bit FNV-1a of its canonical JSON, 16 hex digits), for log lines and
 * events. It tells two policies apart and proves nothing: it is no cryptographic hash.
 */
export function policyDigest(policy: Policy): string {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(canonical(policy))) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  }
  return hash.toString(16).padStart(16, '0');
}

/** JSON with the keys of every object sorted. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
