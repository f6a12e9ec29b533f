import type { DenialTable } from '../denials.ts';
import type { PolicyInput } from '../schema.ts';

/*
 * WAVIS. Its documents give six codes; a key that is revoked, expired or malformed has one answer, and so here has
 * every other key that does not work. The remaining rows, which they leave open, are named in the same manner.
 */
const invalidKey = {
  status: 401,
  code: 'INVALID_API_KEY',
  message: 'This API key does not work. Check its spelling and its state in the dashboard, or create another.',
};
const lockedOut = {
  status: 429,
  code: 'BRUTE_FORCE_LOCKOUT',
  message: 'Too many invalid attempts. Wait for the time in Retry-After, then send a valid key.',
};

const denials = {
  missing_credential: {
    status: 401,
    code: 'MISSING_AUTH_HEADER',
    message: 'Send your API key in the Authorization header.',
  },
  malformed: invalidKey,
  unknown: invalidKey,
  revoked: invalidKey,
  inactive: invalidKey,
  expired: invalidKey,
  grace_ended: invalidKey,
  account_suspended: {
    status: 403,
    code: 'ACCOUNT_SUSPENDED',
    message: 'The account of this API key is suspended. Contact support.',
  },
  role_forbidden: {
    status: 403,
    code: 'INSUFFICIENT_ROLE',
    message: 'The role does not permit this call. Use one that does, or ask an admin of the account.',
  },
  address_forbidden: {
    status: 403,
    code: 'ADDRESS_NOT_ALLOWED',
    message: 'This API key may not be used from this address. Call from an allowed address.',
  },
  address_missing: {
    status: 400,
    code: 'CLIENT_ADDRESS_MISSING',
    message: 'The client address of this call is not known. Call through the public endpoint.',
  },
  secret_locked: lockedOut,
  ip_locked: lockedOut,
  rate_limited: {
    status: 429,
    code: 'RATE_LIMITED',
    message: 'The rate limit of this API key is reached. Wait for the time in Retry-After.',
  },
  public_rate_limited: {
    status: 429,
    code: 'RATE_LIMITED',
    message: 'Too many calls from this address. Wait for the time in Retry-After.',
  },
  // Not 429: it never frees up by itself, and clients repeat a 429.
  quota_total: {
    status: 403,
    code: 'QUOTA_EXCEEDED',
    message: 'The total quota of this API key is used up. Raise it, or use another key.',
  },
  quota_daily: {
    status: 429,
    code: 'QUOTA_EXCEEDED',
    message: 'The daily quota of this API key is used up. Wait for the time in Retry-After.',
  },
  quota_weekly: {
    status: 429,
    code: 'QUOTA_EXCEEDED',
    message: 'The weekly quota of this API key is used up. Wait for the time in Retry-After.',
  },
  quota_monthly: {
    status: 429,
    code: 'QUOTA_EXCEEDED',
    message: 'The monthly quota of this API key is used up. Wait for the time in Retry-After.',
  },
  plan_rate: {
    status: 429,
    code: 'RATE_LIMITED',
    message: 'The rate limit of the plan is reached. Wait for the time in Retry-After.',
  },
  plan_quota: {
    status: 429,
    code: 'QUOTA_EXCEEDED',
    message: 'The quota that all keys of the account share is reached. Wait, or change the plan.',
  },
  credits_exhausted: { status: 402, code: 'CREDITS_EXHAUSTED', message: 'No credits are left. Add credits.' },
  budget_exhausted: {
    status: 402,
    code: 'BUDGET_EXHAUSTED',
    message: 'The budget cap of the account is reached. Raise it in the dashboard.',
  },
  trial_exhausted: {
    status: 402,
    code: 'TRIAL_OPS_EXHAUSTED',
    message: 'This trial key has used all its operations. Sign up, or take another trial key.',
  },
  trial_mint_limited: {
    status: 429,
    code: 'IP_RATE_LIMITED',
    message: 'Too many trial keys were taken from this address. Wait for the time in Retry-After.',
  },
  // Key management is what the trial role may not do.
  trial_rotation: {
    status: 403,
    code: 'INSUFFICIENT_ROLE',
    message: 'Trial keys cannot be rotated. Take another trial key, or sign up.',
  },
  rotation_refused: {
    status: 409,
    code: 'ROTATION_REFUSED',
    message: 'Keys are not rotated here. Create a new key, switch over to it, and revoke the old one.',
  },
  key_cap: {
    status: 409,
    code: 'KEY_LIMIT_REACHED',
    message: 'The account has as many active keys as it may. Revoke one that is not used.',
  },
  user_key_cap: {
    status: 409,
    code: 'USER_KEY_LIMIT_REACHED',
    message: 'You have as many active keys as you may. Revoke one that is not used.',
  },
  creation_limited: {
    status: 429,
    code: 'KEY_CREATION_LIMITED',
    message: 'Too many keys were created within an hour. Wait for the time in Retry-After.',
  },
  route_unknown: { status: 404, code: 'NOT_FOUND', message: 'Nothing answers here. Check method and path.' },
  upstream_unreachable: {
    status: 502,
    code: 'UPSTREAM_UNREACHABLE',
    message: 'The service cannot be reached. Try again later.',
  },
  upstream_timeout: {
    status: 504,
    code: 'UPSTREAM_TIMEOUT',
    message: 'The service did not answer in time. Try again later.',
  },
  gate_unavailable: {
    status: 503,
    code: 'SERVICE_UNAVAILABLE',
    message: 'The API key cannot be checked at the moment. Try again after the time in Retry-After.',
  },
  not_in_force: {
    status: 503,
    code: 'NOT_IN_FORCE',
    message: 'The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.',
  },
  misconfigured: {
    status: 503,
    code: 'SERVICE_UNAVAILABLE',
    message: 'The service is not configured correctly. Contact support.',
  },
  session_missing: { status: 401, code: 'MISSING_SESSION', message: 'Sign in, and send the session token.' },
  session_invalid: { status: 401, code: 'INVALID_SESSION', message: 'The session token is not valid. Sign in again.' },
  session_expired: { status: 401, code: 'SESSION_EXPIRED', message: 'The session is over. Sign in again.' },
  membership_missing: {
    status: 403,
    code: 'NO_ACCOUNT',
    message:
      'You are signed in, and no account is yours. Send the id of the one that invites you as X-Keystile-Account.',
  },
  admin_missing: { status: 401, code: 'MISSING_ADMIN_TOKEN', message: 'Send an admin token as a Bearer token.' },
  admin_invalid: { status: 401, code: 'INVALID_ADMIN_TOKEN', message: 'The admin token is not valid. Check it.' },
  admin_forbidden: {
    status: 403,
    code: 'INSUFFICIENT_ROLE',
    message: 'This admin token or role may not do this. Use one with full rights.',
  },
  signature_invalid: {
    status: 403,
    code: 'INVALID_SIGNATURE',
    message: 'The signature of this report does not hold. Sign its very bytes with a published key.',
  },
  body_too_large: { status: 413, code: 'BODY_TOO_LARGE', message: 'The body is too large. Send a smaller one.' },
  path_refused: {
    status: 400,
    code: 'INVALID_PATH',
    message:
      'The path can be read in two ways. Send it without encoded slashes, dot segments, semicolons and double slashes.',
  },
  request_invalid: { status: 400, code: 'INVALID_REQUEST', message: 'The request is not valid. Check its fields.' },
  not_found: { status: 404, code: 'NOT_FOUND', message: 'There is no such thing here. Check the id.' },
  conflict: { status: 409, code: 'CONFLICT', message: 'The current state does not allow this. Read it again.' },
  idempotency_conflict: {
    status: 409,
    code: 'IDEMPOTENCY_CONFLICT',
    message: 'This idempotency key belongs to another request. Use a new one.',
  },
} satisfies DenialTable;

// The documents name what a role may do and no paths: reading is GET, and billing and management are the paths of
// their examples and of the control routes.
const billing = { paths: ['/api/v1/billing/**', '/api/v1/invoices/**', '/api/v1/subscription/**'] };
const management = { paths: ['/api/v1/keys/**', '/api/v1/user/**', '/api/v1/api-keys/**', '/api/v1/webhooks/**'] };

/** A budget is billing, and members are no part of what a developer manages. */
const administration = [
  { methods: ['POST', 'PATCH', 'DELETE'], paths: ['/api/v1/user/members/**'] },
  { methods: ['PATCH'], paths: ['/api/v1/user/account'] },
];

/** The preset `wavis`. */
export const wavis = {
  preset: 'wavis',
  // Six secret characters make the visible prefix of a trial key the 16 characters by which it is revoked.
  key: { template: 'wvs_{env}_{hex:32}', visible_chars: 6 },
  environments: { live: { billed: true }, test: { billed: false }, dev: { billed: false }, trial: { billed: false } },
  credential: { places: [{ in: 'bearer' }, { in: 'bare' }] },
  roles: {
    viewer: { allow: [{ methods: ['GET', 'HEAD'], paths: ['/**'] }], deny: [billing] },
    developer: {
      allow: [{ paths: ['/**'] }],
      deny: [billing, ...administration],
      mints: ['live', 'test', 'dev'],
      grants: ['viewer'],
    },
    account_admin: {
      allow: [{ paths: ['/**'] }],
      mints: ['live', 'test', 'dev'],
      grants: ['viewer', 'developer'],
      manages: 'account',
    },
    trial: { allow: [{ paths: ['/**'] }], deny: [billing, management] },
  },
  // Left open but for the roles: an organisation of the sign-in is an account, and who comes first administers it.
  members: { join: 'sign_in', first_role: 'account_admin', default_role: 'developer', role_from_claim: false },
  keys: {
    default_role: 'developer',
    role_follows_creator: false,
    label_required: false,
    label_unique: false,
    categories: [],
    custom_categories: false,
    // Left open; a key that outlives its member is the worse surprise.
    revoke_with_member: true,
    purge_unused: false,
  },
  caps: { active_keys_per_account: null, active_keys_per_user: null, creations_per_user_per_hour: 10 },
  rotation: { enabled: true, grace: '24h', with_several_keys: true },
  lockouts: {
    secret: { strikes: 10, window: '5m', lock: '15m' },
    address: { strikes: 20, window: '5m', lock: '15m' },
  },
  trial: {
    enabled: true,
    environment: 'trial',
    role: 'trial',
    ttl: '30m',
    operations: 10,
    mints_per_minute: 5,
    // Documented as open to anyone who knows the visible prefix, who could then end keys of others.
    revoke_needs_secret: true,
    message: 'Trial key issued. Valid for {minutes} minutes, {operations} operations.',
  },
  // No rates are documented; these are the defaults of Keystile.
  limits: {
    default_rate_per_minute: 6_000,
    max_rate_per_minute: null,
    quotas: ['total', 'daily', 'weekly', 'monthly'],
    headers: true,
  },
  plans: { standard: {} },
  default_plan: 'standard',
  denials,
  // The shape of an error is left open; this is RFC 9457 with the documented code.
  error: {
    content_type: 'application/problem+json',
    body: {
      type: 'about:blank',
      title: '{title}',
      status: '{status}',
      detail: '{detail}',
      code: '{code}',
      limits: '{limits}',
      request_id: '{request_id}',
    },
  },
  upstreams: [],
  lease: '1s',
  gate_unreachable: 'closed',
  reauthorize_every: '30s',
  log: { retention: '30d' },
} satisfies PolicyInput;
