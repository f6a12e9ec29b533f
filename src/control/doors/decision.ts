import type { Denial } from '../../decision/denial.ts';
import type { KeyRecord } from '../../decision/record.ts';
import { messageOf, renderDenial } from '../../decision/respond.ts';
import type { House } from '../../env.ts';
import { limitsLeft } from '../../gateway/identity.ts';
import type { Asked, Verdict } from '../../gateway/verify.ts';
import type { LimitView } from '../../meter/meter.ts';
import type { Policy } from '../../policy/schema.ts';
import { rfc3339 } from '../answer.ts';
import type { Decision, Refusal } from '../shapes/doors.ts';

/** What a service is told of a verdict. Limits are told of a key that is admitted, or refused for one of them. */
export function decisionOf({ edge, policy }: House, asked: Asked, verdict: Verdict): Decision {
  const { record } = verdict;
  if (verdict.admitted) {
    return { valid: true, ...lookedAt(asked), ...keyOf(verdict.record), limits: limitsOf(edge, verdict.record) };
  }
  const { denial } = verdict;
  return {
    valid: false,
    ...lookedAt(asked),
    ...refusalOf(policy, denial),
    ...(record && keyOf(record)),
    ...(record && denial.limits && { limits: limitsOf(edge, record) }),
  };
}

function limitsOf(edge: House['edge'], record: KeyRecord) {
  return limitsLeft(edge, record).map(limitOf);
}

/** A decision that nothing could be asked for: the question is none, or the gateway is not configured. */
export function noDecision(policy: Policy, denial: Denial, requestId: string): Decision {
  const nothing = { request_id: requestId, role_checked: false, address_checked: false };
  return { valid: false, ...nothing, ...refusalOf(policy, denial) };
}

/** What of a request was there to be looked at. */
export function lookedAt({ requestId, isRoleAsked, client }: Asked) {
  return { request_id: requestId, role_checked: isRoleAsked, address_checked: client !== null };
}

/** Who a key is, as services are told. */
export function keyOf(record: KeyRecord) {
  return {
    account: record.accountId,
    key_id: record.keyId,
    role: record.role,
    environment: record.environment,
    plan: record.plan,
    user: record.userId,
    label: record.label,
    expires_at: rfc3339(record.expiresAtMs),
    grace_period_ends_at: rfc3339(record.graceEndsAtMs),
  };
}

/** A limit with what is left of it; a balance may be below zero, which is nothing. */
export function limitOf({ name, unit, limit, remaining, windowMs, resetAtMs }: LimitView) {
  return {
    name,
    unit: unit === 'credits' ? ('micro_credits' as const) : ('requests' as const),
    limit: Math.max(0, limit),
    remaining: Math.max(0, remaining),
    window_seconds: windowMs === null ? null : windowMs / 1_000,
    resets_at: rfc3339(resetAtMs),
  };
}

/** A denial by the policy's table. It waits where the answer of the proxy would: on 429 and 503. */
export function refusalOf(policy: Policy, denial: Denial): Refusal {
  const { reason, detail, limits } = denial;
  const { status, code } = policy.denials[reason];
  const wait = renderDenial(policy, denial, '').headers['retry-after'];
  return {
    reason,
    code,
    status,
    message: messageOf(policy, denial),
    ...(detail !== undefined && { detail }),
    ...(wait !== undefined && { retry_after_seconds: Number(wait) }),
    ...(limits !== undefined && { exceeded: [...limits] }),
  };
}
