import { type Denial, type DenialReason, deny } from '../decision/denial.ts';
import type { KeyRecord } from '../decision/record.ts';
import type { Refused } from '../meter/gate.ts';
import type { Limit } from '../meter/meter.ts';
import type { Policy } from '../policy/schema.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The limits of a key, by the name that clients see, with the window over which they roll and their denial. */
const QUOTAS = [
  { name: 'total', windowMs: null, reason: 'quota_total' },
  { name: 'daily', windowMs: DAY_MS, reason: 'quota_daily' },
  { name: 'weekly', windowMs: 7 * DAY_MS, reason: 'quota_weekly' },
  { name: 'monthly', windowMs: 30 * DAY_MS, reason: 'quota_monthly' },
] as const;

/** The limits that a record carries under the policy: its rate or the policy's default, and its quotas. */
export function limitsOf(record: KeyRecord, policy: Policy): Limit[] {
  const rate = record.ratePerMinute ?? policy.limits.default_rate_per_minute;
  const limits: Limit[] = rate === null ? [] : [{ name: 'rate', limit: rate, windowMs: MINUTE_MS }];
  for (const { name, windowMs } of QUOTAS) {
    const limit = record.quotas[name];
    if (limit !== undefined) limits.push({ name, limit, windowMs });
  }
  return limits;
}

/** The denial of a gate's refusal. Of several limits the one that frees up last decides; a total never does. */
export function limitDenial(refused: Refused, record: KeyRecord, policy: Policy): Denial {
  const last =
    QUOTAS.find(({ name, windowMs }) => windowMs === null && refused.violated.includes(name)) ?? slowest(refused);
  const trial = record.environment === policy.trial.environment && last?.name === 'total';
  const reason: DenialReason = trial ? 'trial_exhausted' : (last?.reason ?? 'rate_limited');
  const retry = refused.retryAfterMs === null ? {} : { retryAfterMs: refused.retryAfterMs };
  return deny(reason, { ...retry, limits: refused.violated });
}

function slowest(refused: Refused): (typeof QUOTAS)[number] | undefined {
  const resets = refused.limits.filter(({ name }) => refused.violated.includes(name));
  resets.sort((a, b) => (b.resetAtMs ?? 0) - (a.resetAtMs ?? 0));
  return QUOTAS.find(({ name }) => name === resets[0]?.name);
}
