import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DENIAL_REASONS, type DenialReason, deny } from '../../src/decision/denial.ts';
import { renderDenial } from '../../src/decision/respond.ts';
import { loadPolicy } from '../../src/policy/load.ts';

function policyOf(input: unknown) {
  const loaded = loadPolicy(input);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.policy;
}
const keystile = policyOf(undefined);
const wavis = policyOf({ preset: 'wavis' });
const rolling = policyOf({ preset: 'rolling' });

/** Status and code of every denial, in the order of DENIAL_REASONS. */
const KEYSTILE = `401 missing_api_key, 401 invalid_api_key, 401 invalid_api_key, 401 api_key_revoked, 401 api_key_inactive,
401 api_key_expired, 401 api_key_rotated, 403 account_suspended, 403 insufficient_role, 403 address_not_allowed,
400 client_address_missing, 429 key_locked_out, 429 address_locked_out, 429 rate_limited, 429 rate_limited,
403 quota_total_reached, 429 quota_daily_reached, 429 quota_weekly_reached, 429 quota_monthly_reached,
429 plan_rate_limited, 429 plan_quota_exceeded, 402 credits_exhausted, 402 budget_exhausted, 402 trial_exhausted, 429 trial_mint_limited,
403 trial_key_not_rotatable, 409 rotation_refused, 409 key_cap_reached, 409 user_key_cap_reached, 429 creation_limited, 404 route_unknown, 502 upstream_unreachable,
504 upstream_timeout, 503 gate_unavailable, 503 not_in_force, 503 misconfigured, 401 session_missing,
401 session_invalid, 401 session_expired, 403 membership_missing, 401 admin_token_missing, 401 admin_token_invalid, 403 admin_forbidden, 403 signature_invalid,
413 body_too_large, 400 path_refused, 400 request_invalid, 404 not_found, 409 conflict, 409 idempotency_conflict`;
const WAVIS = `401 MISSING_AUTH_HEADER, 401 INVALID_API_KEY, 401 INVALID_API_KEY, 401 INVALID_API_KEY, 401 INVALID_API_KEY,
401 INVALID_API_KEY, 401 INVALID_API_KEY, 403 ACCOUNT_SUSPENDED, 403 INSUFFICIENT_ROLE, 403 ADDRESS_NOT_ALLOWED,
400 CLIENT_ADDRESS_MISSING, 429 BRUTE_FORCE_LOCKOUT, 429 BRUTE_FORCE_LOCKOUT, 429 RATE_LIMITED, 429 RATE_LIMITED,
403 QUOTA_EXCEEDED, 429 QUOTA_EXCEEDED, 429 QUOTA_EXCEEDED, 429 QUOTA_EXCEEDED,
429 RATE_LIMITED, 429 QUOTA_EXCEEDED, 402 CREDITS_EXHAUSTED, 402 BUDGET_EXHAUSTED, 402 TRIAL_OPS_EXHAUSTED, 429 IP_RATE_LIMITED,
403 INSUFFICIENT_ROLE, 409 ROTATION_REFUSED, 409 KEY_LIMIT_REACHED, 409 USER_KEY_LIMIT_REACHED, 429 KEY_CREATION_LIMITED, 404 NOT_FOUND, 502 UPSTREAM_UNREACHABLE,
504 UPSTREAM_TIMEOUT, 503 SERVICE_UNAVAILABLE, 503 NOT_IN_FORCE, 503 SERVICE_UNAVAILABLE, 401 MISSING_SESSION,
401 INVALID_SESSION, 401 SESSION_EXPIRED, 403 NO_ACCOUNT, 401 MISSING_ADMIN_TOKEN, 401 INVALID_ADMIN_TOKEN, 403 INSUFFICIENT_ROLE, 403 INVALID_SIGNATURE,
413 BODY_TOO_LARGE, 400 INVALID_PATH, 400 INVALID_REQUEST, 404 NOT_FOUND, 409 CONFLICT, 409 IDEMPOTENCY_CONFLICT`;

const missing: readonly DenialReason[] = ['missing_credential', 'session_missing', 'admin_missing'];
const scope: readonly DenialReason[] = ['role_forbidden', 'trial_rotation', 'admin_forbidden'];

describe.each([
  ['keystile', keystile, KEYSTILE],
  ['wavis', wavis, WAVIS],
] as const)('every denial of %s', (_name, policy, table) => {
  const rows = table.split(/,\s+/);
  test('has its row in the list below', () => expect(rows).toHaveLength(DENIAL_REASONS.length));

  test.each(DENIAL_REASONS.map((reason, i) => [reason, rows[i] ?? ''] as const))('%s: %s', (reason, row) => {
    const { status, headers, body } = renderDenial(policy, deny(reason, { retryAfterMs: 1_001 }), 'req_1');
    const json = JSON.parse(body);
    expect(`${status} ${json.code}`).toBe(row);
    expect(json).toEqual({
      type: 'about:blank',
      title: expect.stringMatching(/^[A-Z][A-Za-z ]+$/),
      status,
      detail: policy.denials[reason].message,
      code: json.code,
      request_id: 'req_1',
    });
    const challenge = 'Bearer realm="keystile"';
    const error = scope.includes(reason) ? 'insufficient_scope' : 'invalid_token';
    const challenged = status === 401 || scope.includes(reason);
    expect(headers).toEqual({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-request-id': 'req_1',
      ...(challenged && {
        'www-authenticate': missing.includes(reason) ? challenge : `${challenge}, error="${error}"`,
      }),
      ...((status === 429 || status === 503) && { 'retry-after': '2' }),
    });
  });
});

test.each([
  [undefined, '1'],
  [0, '1'],
  [-5, '1'],
  [999.5, '1'],
  [1_000, '1'],
  [1_000.1, '2'],
  [900_000, '900'],
  [Number.POSITIVE_INFINITY, '1'],
])('Retry-After for %s ms is %s whole seconds', (retryAfterMs, seconds) => {
  const extra = retryAfterMs === undefined ? {} : { retryAfterMs };
  expect(renderDenial(keystile, deny('rate_limited', extra), 'r').headers['retry-after']).toBe(seconds);
});

test('all limits that refused are named, and none are named where none did', () => {
  const json = JSON.parse(renderDenial(keystile, deny('quota_daily', { limits: ['rate', 'daily'] }), 'r').body);
  expect(json.limits).toEqual(['rate', 'daily']);
  expect(JSON.parse(renderDenial(keystile, deny('quota_daily', { limits: [] }), 'r').body)).not.toHaveProperty(
    'limits',
  );
});

test('a detail stands in place of the general message', () => {
  const denial = deny('request_invalid', { detail: 'label: at most 64 characters' });
  expect(JSON.parse(renderDenial(keystile, denial, 'r').body).detail).toBe('label: at most 64 characters');
});

test('the body of another product is data too', () => {
  const quota = renderDenial(rolling, deny('quota_total', { limits: ['total'] }), 'r');
  expect([quota.status, quota.body]).toEqual([403, '{"error":"Rate limit exceeded: quota total"}']);
  expect(quota.headers['content-type']).toBe('application/json');
  const blocked = renderDenial(rolling, deny('ip_locked'), 'r');
  expect([blocked.status, blocked.body]).toEqual([403, '{"error":"IP temporarily blocked"}']);
});

test.each([
  ['plan_rate', ['plan_second'], 'per-second'],
  ['plan_rate', ['plan'], 'per-minute'],
  ['plan_rate', ['rate_second', 'daily', 'plan_second', 'plan', 'quota'], 'per-second and per-minute'],
  ['plan_rate', ['rate'], ''],
  ['plan_rate', [], ''],
  ['rate_limited', ['rate_second'], 'per-second'],
  ['rate_limited', ['rate', 'plan_second'], 'per-minute'],
  ['plan_quota', ['plan'], ''],
] as const)('a message names the rates of %s, of the limits %j: "%s"', (reason, limits, rates) => {
  const policy = policyOf({ denials: { [reason]: { message: 'over the {rates} rate' } } });
  const { body } = renderDenial(policy, deny(reason, { limits }), 'r');
  expect(JSON.parse(body).detail).toBe(`over the ${rates} rate`);
});

test('what is filled in is neither read as a placeholder nor able to break out of the JSON', () => {
  const policy = policyOf({
    error: { body: { text: 'x {detail} y', nested: { status: '{status}', fixed: 7, none: null } } },
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom('{code}', '"},{', '$&', '$1')), (detail) => {
      const { body } = renderDenial(policy, deny('conflict', { detail }), 'r');
      expect(JSON.parse(body)).toEqual({ text: `x ${detail} y`, nested: { status: 409, fixed: 7, none: null } });
    }),
  );
});

test.each([
  ['keystile', keystile],
  ['wavis', wavis],
  ['wafer', policyOf({ preset: 'wafer' })],
] as const)('every message of %s says what to do', (_name, policy) => {
  const verbs =
    /\b(Send|send|Check|Use|use|Call|Wait|Raise|raise|Add|Sign|sign|Take|Revoke|Activate|Contact|Try|Look|Tell|Create|Mint|Read)\b/;
  for (const { message } of Object.values(policy.denials)) expect(message).toMatch(verbs);
});
