import type { DenialTable } from '../denials.ts';
import type { PolicyInput } from '../schema.ts';

/*
 * Rolling. An error is its message and nothing else, so the documented messages stand to the letter, and codes are only
 * names for operators. What the document has no message for tells what to do.
 */
const invalidKey = { status: 401, code: 'invalid_api_key', message: 'Invalid API Key' };
const quota = (name: string) => ({ code: `quota_${name}`, message: `Rate limit exceeded: quota ${name}` });

const denials = {
  missing_credential: {
    status: 401,
    code: 'missing_api_key',
    message: 'Missing API Key: send it in the Authorization header, as "Bearer <key>", or in X-API-Key',
  },
  malformed: invalidKey,
  unknown: invalidKey,
  // Keys are switched off and not revoked; one that an operator revokes is there no more.
  revoked: invalidKey,
  inactive: { status: 401, code: 'inactive_api_key', message: 'Inactive API Key' },
  expired: { status: 401, code: 'expired_api_key', message: 'Expired API Key' },
  grace_ended: invalidKey,
  account_suspended: { status: 403, code: 'account_suspended', message: 'Account suspended: contact support' },
  role_forbidden: {
    status: 403,
    code: 'role_forbidden',
    message: 'The role does not permit this call: use one that does, or ask the owner of the account',
  },
  address_forbidden: {
    status: 403,
    code: 'address_not_allowed',
    message: 'This API key may not be used from this address: call from an allowed address',
  },
  address_missing: {
    status: 400,
    code: 'client_address_missing',
    message: 'The client address of this call is not known: call through the public endpoint',
  },
  // The document knows a block of addresses only: a secret that is locked is told like one that is not found.
  secret_locked: invalidKey,
  ip_locked: { status: 403, code: 'ip_blocked', message: 'IP temporarily blocked' },
  rate_limited: {
    status: 429,
    code: 'rate_limited',
    message: 'You have exceeded the {rates} rate limit of this API key: wait for the time in Retry-After',
  },
  public_rate_limited: {
    status: 429,
    code: 'public_rate_limited',
    message: 'Too many calls from this address: wait for the time in Retry-After',
  },
  // Documented as 401, which clients and proxies take for a bad key. 429 says when to come back; 403 that it never
  // frees up by itself.
  quota_total: { status: 403, ...quota('total') },
  quota_daily: { status: 429, ...quota('daily') },
  quota_weekly: { status: 429, ...quota('weekly') },
  quota_monthly: { status: 429, ...quota('monthly') },
  plan_rate: {
    status: 429,
    code: 'plan_rate_limited',
    message: 'You have exceeded the {rates} rate limit on your subscription',
  },
  plan_quota: {
    status: 429,
    code: 'plan_quota_exceeded',
    message: 'You have exceeded the quota of your subscription: wait for the time in Retry-After',
  },
  credits_exhausted: { status: 402, code: 'credits_exhausted', message: 'No credits are left: add credits' },
  budget_exhausted: {
    status: 402,
    code: 'budget_exhausted',
    message: 'The budget of the account is reached: raise it in the dashboard',
  },
  trial_exhausted: {
    status: 402,
    code: 'trial_exhausted',
    message: 'This trial key has used all its operations: sign up, and create a key',
  },
  trial_mint_limited: {
    status: 429,
    code: 'trial_mint_limited',
    message: 'Too many trial keys were taken from this address: wait for the time in Retry-After',
  },
  trial_rotation: {
    status: 403,
    code: 'trial_rotation',
    message: 'Trial keys are not rotated: sign up, and create a key',
  },
  rotation_refused: {
    status: 409,
    code: 'rotation_refused',
    message: 'Keys are not rotated in place: create a replacement, deploy it, and set the old key to inactive',
  },
  key_cap: {
    status: 409,
    code: 'key_cap_reached',
    message: 'The account has as many keys as it may: delete or revoke one that is not used',
  },
  user_key_cap: {
    status: 409,
    code: 'user_key_cap_reached',
    message: 'You have as many keys as you may: delete or revoke one that is not used',
  },
  creation_limited: {
    status: 429,
    code: 'creation_limited',
    message: 'Too many keys were created within an hour: wait for the time in Retry-After',
  },
  route_unknown: { status: 404, code: 'route_unknown', message: 'Nothing answers here: check method and path' },
  upstream_unreachable: {
    status: 502,
    code: 'upstream_unreachable',
    message: 'The service cannot be reached: try again later',
  },
  upstream_timeout: {
    status: 504,
    code: 'upstream_timeout',
    message: 'The service did not answer in time: try again later',
  },
  gate_unavailable: {
    status: 503,
    code: 'gate_unavailable',
    message: 'The API key cannot be checked at the moment: try again after the time in Retry-After',
  },
  not_in_force: {
    status: 503,
    code: 'not_in_force',
    message: 'The change is recorded and not yet in force everywhere: look again after the time in Retry-After',
  },
  misconfigured: {
    status: 503,
    code: 'misconfigured',
    message: 'The service is not configured correctly: contact support',
  },
  session_missing: { status: 401, code: 'session_missing', message: 'Sign in to the dashboard first' },
  session_invalid: { status: 401, code: 'session_invalid', message: 'The session is not valid: sign in again' },
  session_expired: { status: 401, code: 'session_expired', message: 'The session is over: sign in again' },
  membership_missing: {
    status: 403,
    code: 'membership_missing',
    message:
      'You are signed in, and no account is yours: send the id of the one that invites you as X-Keystile-Account',
  },
  admin_missing: { status: 401, code: 'admin_token_missing', message: 'Send an admin token as a Bearer token' },
  admin_invalid: { status: 401, code: 'admin_token_invalid', message: 'The admin token is not valid: check it' },
  admin_forbidden: {
    status: 403,
    code: 'admin_forbidden',
    message: 'This admin token or role may not do this: use one with full rights',
  },
  signature_invalid: {
    status: 403,
    code: 'signature_invalid',
    message: 'The signature of this report does not hold: sign its very bytes with a published key',
  },
  body_too_large: { status: 413, code: 'body_too_large', message: 'The body is too large: send a smaller one' },
  path_refused: {
    status: 400,
    code: 'path_refused',
    message:
      'The path can be read in two ways: send it without encoded slashes, dot segments, semicolons and double slashes',
  },
  request_invalid: { status: 400, code: 'request_invalid', message: 'The request is not valid: check its fields' },
  not_found: { status: 404, code: 'not_found', message: 'There is no such thing here: check the id' },
  conflict: { status: 409, code: 'conflict', message: 'The current state does not allow this: read it again' },
  idempotency_conflict: {
    status: 409,
    code: 'idempotency_conflict',
    message: 'This idempotency key belongs to another request: use a new one',
  },
} satisfies DenialTable;

/** The preset `rolling`. */
export const rolling = {
  preset: 'rolling',
  // The document shows no key.
  key: { template: 'rk_{base62:32}', visible_chars: 6 },
  // What others call environments are categories here, which change no answer. Credits are charged for each request.
  environments: { live: { billed: true } },
  // Left to another page of the product.
  credential: { places: [{ in: 'bearer' }, { in: 'header', name: 'x-api-key' }] },
  // No roles are documented: who has signed in manages every key of the account, and a key calls all.
  roles: { member: { allow: [{ paths: ['/**'] }], mints: ['live'], manages: 'account' } },
  // Left open: an organisation of the sign-in is an account.
  members: { join: 'sign_in', first_role: 'member', default_role: 'member', role_from_claim: false },
  keys: {
    default_role: 'member',
    role_follows_creator: false,
    // The alias.
    label_required: true,
    label_unique: true,
    categories: ['production', 'development', 'staging'],
    custom_categories: true,
    // Left open; a key that outlives its member is the worse surprise.
    revoke_with_member: true,
    purge_unused: true,
  },
  // None are documented.
  caps: { active_keys_per_account: null, active_keys_per_user: null, creations_per_user_per_hour: null },
  // A key is rotated by its replacement.
  rotation: { enabled: false, grace: '24h', with_several_keys: true },
  lockouts: {
    // The document knows no lock of a key, and tells an expired one that it has expired however often it is sent: only
    // who sends one secret from a great many addresses comes so far.
    secret: { strikes: 1_000, window: '5m', lock: '15m' },
    // How many attempts are too many, and how long temporarily is, are left open.
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
  // A key has the quotas that it is given, in requests; the rates are the plan's.
  limits: {
    default_rate_per_minute: null,
    max_rate_per_minute: null,
    quotas: ['total', 'daily', 'weekly', 'monthly'],
    credit_quotas: [],
    headers: true,
  },
  // A rate for a second and one for a minute; their numbers are left open. No answer for lack of credits is documented,
  // so they are only counted.
  plans: { standard: { rates: { per_second: 10, per_minute: 300 }, prepaid: false } },
  default_plan: 'standard',
  denials,
  error: { content_type: 'application/json', body: { error: '{detail}' } },
  upstreams: [],
  lease: '1s',
  gate_unreachable: 'closed',
  reauthorize_every: '30s',
  log: { retention: '30d' },
} satisfies PolicyInput;
