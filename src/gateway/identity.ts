import { rateLimitHeaders } from '../decision/ratelimit.ts';
import type { KeyRecord } from '../decision/record.ts';
import type { Slot } from '../meter/lease.ts';
import type { LimitView } from '../meter/meter.ts';
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

/** What this isolate still holds of a key's permits and micro-credits: no request has used them yet. */
function inHand({ leases }: Slot): { permits: number; micro: number } {
  let permits = 0;
  let micro = 0;
  for (const lease of leases) {
    permits += lease.left;
    micro += lease.micro - lease.reserved;
  }
  return { permits, micro };
}

/** The limits of a key with what is left of each, as far as this isolate knows; times are the gate's. */
export function limitsLeft(edge: Edge, record: KeyRecord): LimitView[] {
  const slot = slotOf(edge, record.keyId);
  const { permits, micro } = inHand(slot);
  return slot.limits.map((each) => ({
    ...each,
    remaining: Math.max(0, each.remaining + (each.unit === 'credits' ? micro : permits)),
  }));
}

/** `RateLimit` and `RateLimit-Policy` of a limited key, as far as this isolate knows; nothing where switched off. */
export function limitHeaders(edge: Edge, record: KeyRecord): HeaderRecord {
  if (!edge.policy.limits.headers) return NONE;
  const slot = slotOf(edge, record.keyId);
  const { limits, gateAheadMs } = slot;
  if (limits.length === 0) return NONE;
  const { permits, micro } = inHand(slot);
  const gateNowMs = edge.clock.nowMs() + gateAheadMs;
  return (
    (rateLimitHeaders(
      limits.map(({ name, limit, unit, remaining, windowMs, resetAtMs }) => ({
        name,
        limit,
        unit: unit === 'credits' ? 'micro-credits' : null,
        remaining: remaining + (unit === 'credits' ? micro : permits),
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
