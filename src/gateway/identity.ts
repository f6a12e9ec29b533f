import { rateLimitHeaders } from '../decision/ratelimit.ts';
import type { KeyRecord } from '../decision/record.ts';
import { type Edge, slotOf } from './edge.ts';
import type { HeaderRecord } from './headers.ts';

const identities = new WeakMap<KeyRecord, HeaderRecord>();
const NONE: HeaderRecord = {};

/** Who calls, as the origin reads it. Made once for a record. */
export function identityOf(record: KeyRecord): HeaderRecord {
  const known = identities.get(record);
  if (known !== undefined) return known;
  const identity = {
    'x-keystile-account': record.accountId,
    'x-keystile-plan': record.plan,
    ...(record.userId !== null && { 'x-keystile-user': record.userId }),
    'x-keystile-key-id': record.keyId,
    'x-keystile-role': record.role,
    'x-keystile-environment': record.environment,
  };
  identities.set(record, identity);
  return identity;
}

/** `RateLimit` and `RateLimit-Policy` of a limited key, as far as this isolate knows; nothing where switched off. */
export function limitHeaders(edge: Edge, record: KeyRecord): HeaderRecord {
  if (!edge.policy.limits.headers) return NONE;
  const { limits, leases, gateAheadMs } = slotOf(edge, record.keyId);
  if (limits.length === 0) return NONE;
  const gateNowMs = edge.clock.nowMs() + gateAheadMs;
  let left = 0;
  let leftMicro = 0;
  for (const lease of leases) {
    left += lease.left;
    leftMicro += lease.micro - lease.reserved;
  }
  return (
    (rateLimitHeaders(
      limits.map(({ name, limit, unit, remaining, windowMs, resetAtMs }) => ({
        name,
        limit,
        unit: unit === 'credits' ? 'micro-credits' : null,
        remaining: remaining + (unit === 'credits' ? leftMicro : left),
        windowSeconds: windowMs === null ? null : windowMs / 1_000,
        resetSeconds: resetAtMs === null ? null : (resetAtMs - gateNowMs) / 1_000,
      })),
    ) as HeaderRecord | null) ?? NONE
  );
}

/**
 * `Deprecation` (RFC 9745) and `Sunset` (RFC 8594) where a newer secret has replaced the one that was sent: when that
 * was, and when this one stops. Nothing for a current secret.
 */
export function graceHeaders({ replacedAtMs, graceEndsAtMs }: KeyRecord): HeaderRecord {
  if (replacedAtMs === null || graceEndsAtMs === null) return NONE;
  return {
    deprecation: `@${Math.floor(replacedAtMs / 1_000)}`,
    sunset: new Date(graceEndsAtMs).toUTCString(),
  };
}
