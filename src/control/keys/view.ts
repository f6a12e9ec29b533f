import type { StoredKey } from '../../registry/keys.ts';
import { stateOf } from '../../registry/search.ts';
import { rfc3339 } from '../answer.ts';

/** A key as answers show it: everything but its secret. */
export function viewOf(key: StoredKey, nowMs: number) {
  const { credits = {}, ...quotas } = key.quotas;
  return {
    id: key.id,
    account: key.accountId,
    creator: key.memberId,
    prefix: key.prefix,
    environment: key.environment,
    role: key.role,
    label: key.label,
    category: key.category,
    status: stateOf(key, nowMs),
    expires_at: rfc3339(key.expiresAtMs),
    rate_limit_per_second: key.ratePerSecond,
    rate_limit_per_minute: key.ratePerMinute,
    quotas,
    credit_quotas: credits,
    addresses: key.addresses,
    metadata: key.metadata,
    created_at: rfc3339(key.createdAtMs),
    revoked_at: rfc3339(key.revokedAtMs),
  };
}
