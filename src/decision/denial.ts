/**
 * Why a request was not admitted. The wire form of each reason is a row of the policy's denial table;
 * a reason without a row does not compile (`policy/denials.ts`).
 */
export const DENIAL_REASONS = [
  'missing_credential',
  'malformed',
  'unknown',
  'revoked',
  'inactive',
  'expired',
  'grace_ended',
  'account_suspended',
  'role_forbidden',
  'address_forbidden',
  'address_missing',
  'secret_locked',
  'ip_locked',
  'rate_limited',
  'public_rate_limited',
  'quota_total',
  'quota_daily',
  'quota_weekly',
  'quota_monthly',
  'plan_rate',
  'plan_quota',
  'credits_exhausted',
  'budget_exhausted',
  'trial_exhausted',
  'trial_mint_limited',
  'trial_rotation',
  'rotation_refused',
  'key_cap',
  'user_key_cap',
  'creation_limited',
  'route_unknown',
  'upstream_unreachable',
  'upstream_timeout',
  'gate_unavailable',
  'not_in_force',
  'misconfigured',
  'session_missing',
  'session_invalid',
  'session_expired',
  'membership_missing',
  'admin_missing',
  'admin_invalid',
  'admin_forbidden',
  'signature_invalid',
  'body_too_large',
  'path_refused',
  'request_invalid',
  'not_found',
  'conflict',
  'idempotency_conflict',
] as const;

/** One of {@link DENIAL_REASONS}. */
export type DenialReason = (typeof DENIAL_REASONS)[number];

/** A refusal as a value: the reason, and what the wire needs beside it. */
export interface Denial {
  readonly reason: DenialReason;
  /** Whole or fractional milliseconds until a retry can succeed; the wire rounds up to seconds. */
  readonly retryAfterMs?: number;
  /** What was wrong, for the caller; never contains a secret. */
  readonly detail?: string;
  /** Every limit that refused, where limits did (DESIGN §4: all violated limits are named). */
  readonly limits?: readonly string[];
}

/** Makes a {@link Denial}. */
export function deny(reason: DenialReason, extra: Omit<Denial, 'reason'> = {}): Denial {
  return { reason, ...extra };
}
