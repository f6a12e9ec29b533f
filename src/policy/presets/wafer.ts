import type { DenialTable } from '../denials.ts';
import type { PolicyInput } from '../schema.ts';

/*
 * Wafer. Its document gives one code, `invalid_api_key`, for a key that was revoked; every other key that does not work
 * has the same answer here, since the document promises nothing finer. It leaves all other codes and all statuses open:
 * they are named as APIs in the manner of OpenAI name theirs, so that SDKs for those show the message.
 */
const invalidKey = {
  status: 401,
  code: 'invalid_api_key',
  message: 'This API key does not work. Check that it was copied whole and was not revoked, or mint another one.',
};
const rateLimited = {
  status: 429,
  code: 'rate_limit_exceeded',
  message: 'Too many requests at once. Wait for the time in Retry-After.',
};
const quotaExceeded = {
  status: 429,
  code: 'quota_exceeded',
  message: 'The quota window that all keys of the account share is used up. Wait for the time in Retry-After.',
};

const denials = {
  missing_credential: {
    status: 401,
    code: 'missing_api_key',
    message: 'Send your API key in the Authorization header, as "Bearer wfr_…".',
  },
  malformed: invalidKey,
  unknown: invalidKey,
  revoked: invalidKey,
  inactive: invalidKey,
  expired: invalidKey,
  grace_ended: invalidKey,
  account_suspended: {
    status: 403,
    code: 'account_suspended',
    message: 'The account of this API key is suspended. Contact support.',
  },
  role_forbidden: {
    status: 403,
    code: 'permission_denied',
    message: 'The role does not permit this call. Use one that does, or ask the owner of the account.',
  },
  address_forbidden: {
    status: 403,
    code: 'address_not_allowed',
    message: 'This API key may not be used from this address. Call from an allowed address.',
  },
  address_missing: {
    status: 400,
    code: 'client_address_missing',
    message: 'The client address of this call is not known. Call through the public endpoint.',
  },
  // A revoked secret fails with `invalid_api_key`, however often it is sent.
  secret_locked: invalidKey,
  ip_locked: {
    status: 429,
    code: 'too_many_invalid_keys',
    message: 'Too many invalid API keys came from this address. Wait for the time in Retry-After.',
  },
  rate_limited: rateLimited,
  public_rate_limited: rateLimited,
  // Keys have no quotas of their own here; what came with a key from elsewhere is told like the account's.
  quota_total: {
    status: 403,
    code: 'quota_exceeded',
    message: 'The quota of this API key is used up for good. Use another key.',
  },
  quota_daily: quotaExceeded,
  quota_weekly: quotaExceeded,
  quota_monthly: quotaExceeded,
  plan_rate: rateLimited,
  plan_quota: quotaExceeded,
  credits_exhausted: {
    status: 402,
    code: 'insufficient_credits',
    message: 'The credit balance that all keys of the account share is used up. Add credits.',
  },
  budget_exhausted: {
    status: 402,
    code: 'budget_exceeded',
    message: 'The budget of the account is reached. Raise it in the dashboard.',
  },
  trial_exhausted: {
    status: 402,
    code: 'trial_exhausted',
    message: 'This trial key has used all its operations. Sign up, and mint a key.',
  },
  trial_mint_limited: rateLimited,
  trial_rotation: {
    status: 409,
    code: 'rotation_not_supported',
    message: 'Trial keys are not rotated. Sign up, and mint a key.',
  },
  rotation_refused: {
    status: 409,
    code: 'rotation_not_supported',
    message:
      'An account with more than one active key does not rotate. Mint a new key, try it, then revoke the old one.',
  },
  key_cap: {
    status: 409,
    code: 'key_limit_reached',
    message: 'The account has as many active keys as it may. Revoke one that is not used, and try again.',
  },
  user_key_cap: {
    status: 409,
    code: 'key_limit_reached',
    message: 'You have as many active keys as you may. Revoke one that is not used, and try again.',
  },
  creation_limited: {
    status: 429,
    code: 'rate_limit_exceeded',
    message: 'Too many keys were minted within an hour. Wait for the time in Retry-After.',
  },
  route_unknown: { status: 404, code: 'not_found', message: 'Nothing answers here. Check method and path.' },
  upstream_unreachable: {
    status: 502,
    code: 'upstream_unreachable',
    message: 'The inference service cannot be reached. Try again later.',
  },
  upstream_timeout: {
    status: 504,
    code: 'upstream_timeout',
    message: 'The inference service did not answer in time. Try again later.',
  },
  gate_unavailable: {
    status: 503,
    code: 'service_unavailable',
    message: 'The API key cannot be checked at the moment. Try again after the time in Retry-After.',
  },
  not_in_force: {
    status: 503,
    code: 'not_in_force',
    message: 'The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.',
  },
  misconfigured: {
    status: 503,
    code: 'service_unavailable',
    message: 'The service is not configured correctly. Contact support.',
  },
  session_missing: { status: 401, code: 'missing_session', message: 'Sign in to the dashboard, and send its session.' },
  session_invalid: { status: 401, code: 'invalid_session', message: 'The session is not valid. Sign in again.' },
  session_expired: { status: 401, code: 'session_expired', message: 'The session is over. Sign in again.' },
  membership_missing: {
    status: 403,
    code: 'no_account',
    message:
      'You are signed in, and no account is yours. Send the id of the one that invites you as X-Keystile-Account.',
  },
  admin_missing: { status: 401, code: 'missing_admin_token', message: 'Send an admin token as a Bearer token.' },
  admin_invalid: { status: 401, code: 'invalid_admin_token', message: 'The admin token is not valid. Check it.' },
  admin_forbidden: {
    status: 403,
    code: 'permission_denied',
    message: 'This admin token or role may not do this. Use one with full rights.',
  },
  signature_invalid: {
    status: 403,
    code: 'invalid_signature',
    message: 'The signature of this report does not hold. Sign its very bytes with a published key.',
  },
  body_too_large: { status: 413, code: 'request_too_large', message: 'The body is too large. Send a smaller one.' },
  path_refused: {
    status: 400,
    code: 'invalid_path',
    message:
      'The path can be read in two ways. Send it without encoded slashes, dot segments, semicolons and double slashes.',
  },
  request_invalid: { status: 400, code: 'invalid_request', message: 'The request is not valid. Check its fields.' },
  not_found: { status: 404, code: 'not_found', message: 'There is no such thing here. Check the id.' },
  conflict: { status: 409, code: 'conflict', message: 'The current state does not allow this. Read it again.' },
  idempotency_conflict: {
    status: 409,
    code: 'idempotency_conflict',
    message: 'This idempotency key belongs to another request. Use a new one.',
  },
} satisfies DenialTable;

/** The preset `wafer`. */
export const wafer = {
  preset: 'wafer',
  // Nothing of plan or use stands in a key. Eight secret characters make 12 visible ones.
  key: { template: 'wfr_{base62:43}', visible_chars: 8 },
  // One per environment, runner or teammate is a matter of labels: there is one environment, and it is billed.
  environments: { live: { billed: true } },
  credential: { places: [{ in: 'bearer' }] },
  // No roles are documented: who has signed in sees, names and revokes every key of the account, and a key calls all.
  roles: { member: { allow: [{ paths: ['/**'] }], mints: ['live'], manages: 'account' } },
  // Left open: an organisation of the sign-in is an account.
  members: { join: 'sign_in', first_role: 'member', default_role: 'member', role_from_claim: false },
  keys: {
    default_role: 'member',
    role_follows_creator: false,
    // Every key is listed by its label; two of the same are not ruled out.
    label_required: true,
    label_unique: false,
    categories: [],
    custom_categories: false,
    // Left open; a key that outlives its member is the worse surprise.
    revoke_with_member: true,
    // Keys are revoked, and stay listed.
    purge_unused: false,
  },
  caps: { active_keys_per_account: 25, active_keys_per_user: null, creations_per_user_per_hour: null },
  // The rotation of accounts with a single key; how long its old secret works on is left open.
  rotation: { enabled: true, grace: '24h', with_several_keys: false },
  // Left open; these are the defaults of Keystile.
  lockouts: {
    secret: { strikes: 10, window: '5m', lock: '15m' },
    address: { strikes: 20, window: '5m', lock: '15m' },
  },
  // There are no trial keys. The rest is what they would be if they were switched on with an environment and a role.
  trial: {
    enabled: false,
    environment: 'trial',
    role: 'trial',
    ttl: '30m',
    operations: 10,
    mints_per_minute: 5,
    revoke_needs_secret: true,
    message: 'This trial key works for {minutes} minutes and {operations} operations.',
  },
  // A key has no spending limit and no budget of its own, and so no rate unless it is given one.
  limits: {
    default_rate_per_minute: null,
    max_rate_per_minute: null,
    quotas: [],
    credit_quotas: [],
    headers: true,
  },
  // The tiers. Both have one balance and one quota window for all keys; how much they hold is left open. A pass is paid
  // in advance by time, so its requests are only counted in credits.
  plans: {
    serverless: { prepaid: true, quota: { requests: 100_000, window: '5h' } },
    pass: { prepaid: false, quota: { requests: 10_000, window: '5h' } },
  },
  default_plan: 'serverless',
  denials,
  // The body of the OpenAI API's errors, with the id by which support finds the request.
  error: {
    content_type: 'application/json',
    body: {
      error: { message: '{detail}', type: '{title}', param: null, code: '{code}', limits: '{limits}' },
      request_id: '{request_id}',
    },
  },
  upstreams: [],
  lease: '1s',
  gate_unreachable: 'closed',
  reauthorize_every: '30s',
  log: { retention: '30d' },
} satisfies PolicyInput;
