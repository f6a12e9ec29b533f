import type { DenialTable } from '../denials.ts';
import type { PolicyInput } from '../schema.ts';

/*
 * The default. Only who holds a whole secret is told that its key was revoked, switched off or has expired: the
 * owner profits and a guesser learns nothing. Malformed and unknown keys look alike.
 */
const denials = {
  missing_credential: {
    status: 401,
    code: 'missing_api_key',
    message: 'No API key was sent. Send it in the Authorization header, as "Bearer <key>".',
  },
  malformed: {
    status: 401,
    code: 'invalid_api_key',
    message: 'The API key is not valid. Check that it was copied whole, or create another.',
  },
  unknown: {
    status: 401,
    code: 'invalid_api_key',
    message: 'The API key is not valid. Check that it was copied whole, or create another.',
  },
  revoked: { status: 401, code: 'api_key_revoked', message: 'This API key was revoked. Use another key.' },
  inactive: {
    status: 401,
    code: 'api_key_inactive',
    message: 'This API key is switched off. Activate it, or use another key.',
  },
  expired: { status: 401, code: 'api_key_expired', message: 'This API key has expired. Create a new one.' },
  grace_ended: {
    status: 401,
    code: 'api_key_rotated',
    message: 'This secret was replaced by a rotation and its grace period is over. Use the new secret.',
  },
  account_suspended: {
    status: 403,
    code: 'account_suspended',
    message: 'The account of this API key is suspended. Contact support.',
  },
  role_forbidden: {
    status: 403,
    code: 'insufficient_role',
    message: 'The role does not permit this call. Use one that does, or ask an admin of the account.',
  },
  address_forbidden: {
    status: 403,
    code: 'address_not_allowed',
    message: 'This API key may not be used from this address. Call from an allowed address, or change its list.',
  },
  address_missing: {
    status: 400,
    code: 'client_address_missing',
    message: 'The client address of this call is not known. Call through the public endpoint.',
  },
  secret_locked: {
    status: 429,
    code: 'key_locked_out',
    message: 'Too many invalid attempts with this key. Wait for the time in Retry-After, then send a valid key.',
  },
  ip_locked: {
    status: 429,
    code: 'address_locked_out',
    message: 'Too many invalid attempts from this address. Wait for the time in Retry-After, then send a valid key.',
  },
  rate_limited: {
    status: 429,
    code: 'rate_limited',
    message: 'The rate limit of this API key is reached. Wait for the time in Retry-After.',
  },
  public_rate_limited: {
    status: 429,
    code: 'rate_limited',
    message: 'Too many calls from this address. Wait for the time in Retry-After.',
  },
  // Not 429: it never frees up by itself, and clients repeat a 429.
  quota_total: {
    status: 403,
    code: 'quota_total_reached',
    message: 'The total quota of this API key is used up. Raise the quota, or use another key.',
  },
  quota_daily: {
    status: 429,
    code: 'quota_daily_reached',
    message: 'The quota of this API key for any 24 hours is used up. Wait for the time in Retry-After, or raise it.',
  },
  quota_weekly: {
    status: 429,
    code: 'quota_weekly_reached',
    message: 'The quota of this API key for any 7 days is used up. Wait for the time in Retry-After, or raise it.',
  },
  quota_monthly: {
    status: 429,
    code: 'quota_monthly_reached',
    message: 'The quota of this API key for any 30 days is used up. Wait for the time in Retry-After, or raise it.',
  },
  plan_rate: {
    status: 429,
    code: 'plan_rate_limited',
    message: 'The rate limit of the plan is reached. Wait for the time in Retry-After, or change the plan.',
  },
  plan_quota: {
    status: 429,
    code: 'plan_quota_exceeded',
    message: 'The quota that all keys of the account share is reached. Wait, or change the plan.',
  },
  credits_exhausted: { status: 402, code: 'credits_exhausted', message: 'No credits are left. Add credits.' },
  budget_exhausted: {
    status: 402,
    code: 'budget_exhausted',
    message: 'The budget cap of the account is reached. Raise it, or wait for the next period.',
  },
  trial_exhausted: {
    status: 402,
    code: 'trial_exhausted',
    message: 'This trial key has used all its operations. Sign up, or take another trial key.',
  },
  trial_mint_limited: {
    status: 429,
    code: 'trial_mint_limited',
    message: 'Too many trial keys were taken from this address. Wait for the time in Retry-After.',
  },
  trial_rotation: {
    status: 403,
    code: 'trial_key_not_rotatable',
    message: 'Trial keys cannot be rotated. Take another trial key, or sign up.',
  },
  rotation_refused: {
    status: 409,
    code: 'rotation_refused',
    message: 'Keys are not rotated here. Create a new key, switch over to it, and revoke the old one.',
  },
  key_cap: {
    status: 409,
    code: 'key_cap_reached',
    message: 'The account has as many active keys as it may. Revoke one that is not used.',
  },
  user_key_cap: {
    status: 409,
    code: 'user_key_cap_reached',
    message: 'You have as many active keys as you may. Revoke one that is not used.',
  },
  creation_limited: {
    status: 429,
    code: 'creation_limited',
    message: 'Too many keys were created within an hour. Wait for the time in Retry-After.',
  },
  route_unknown: { status: 404, code: 'route_unknown', message: 'Nothing answers here. Check method and path.' },
  upstream_unreachable: {
    status: 502,
    code: 'upstream_unreachable',
    message: 'The service behind this gateway cannot be reached. Try again later.',
  },
  upstream_timeout: {
    status: 504,
    code: 'upstream_timeout',
    message: 'The service behind this gateway did not answer in time. Try again later.',
  },
  gate_unavailable: {
    status: 503,
    code: 'gate_unavailable',
    message: 'The API key cannot be checked at the moment. Try again after the time in Retry-After.',
  },
  not_in_force: {
    status: 503,
    code: 'not_in_force',
    message: 'The change is recorded and not yet in force everywhere. Look again after the time in Retry-After.',
  },
  misconfigured: {
    status: 503,
    code: 'misconfigured',
    message: 'This gateway is not configured correctly. Tell its operator.',
  },
  session_missing: { status: 401, code: 'session_missing', message: 'Sign in, and send the session token.' },
  session_invalid: { status: 401, code: 'session_invalid', message: 'The session token is not valid. Sign in again.' },
  session_expired: { status: 401, code: 'session_expired', message: 'The session is over. Sign in again.' },
  membership_missing: {
    status: 403,
    code: 'membership_missing',
    message:
      'You are signed in, and no account is yours. Send the id of the one that invites you as X-Keystile-Account.',
  },
  admin_missing: {
    status: 401,
    code: 'admin_token_missing',
    message: 'Send an admin token in the Authorization header, as "Bearer <token>".',
  },
  admin_invalid: {
    status: 401,
    code: 'admin_token_invalid',
    message: 'The admin token is not valid. Check that it was copied whole and is still configured.',
  },
  admin_forbidden: {
    status: 403,
    code: 'admin_forbidden',
    message: 'This admin token or role may not do this. Use one with full rights.',
  },
  signature_invalid: {
    status: 403,
    code: 'signature_invalid',
    message: 'The signature of this report does not hold. Sign its very bytes with a published key.',
  },
  body_too_large: { status: 413, code: 'body_too_large', message: 'The body is too large. Send a smaller one.' },
  path_refused: {
    status: 400,
    code: 'path_refused',
    message:
      'The path can be read in two ways. Send it without encoded slashes, dot segments, semicolons and double slashes.',
  },
  request_invalid: { status: 400, code: 'request_invalid', message: 'The request is not valid. Check its fields.' },
  not_found: { status: 404, code: 'not_found', message: 'There is no such thing here. Check the id.' },
  conflict: {
    status: 409,
    code: 'conflict',
    message: 'The current state does not allow this. Read it again and retry where it still applies.',
  },
  idempotency_conflict: {
    status: 409,
    code: 'idempotency_conflict',
    message: 'This idempotency key belongs to another request. Use a new one.',
  },
} satisfies DenialTable;

const billing = {
  paths: ['/billing/**', '/v1/billing/**', '/api/v1/billing/**', '/api/v1/invoices/**', '/api/v1/subscription/**'],
};

/** Who may do what within an account, and what it may spend. */
const administration = [
  { methods: ['POST', 'PATCH', 'DELETE'], paths: ['/api/v1/user/members/**'] },
  { methods: ['PATCH'], paths: ['/api/v1/user/account'] },
];

/** The preset `keystile`. */
export const keystile = {
  preset: 'keystile',
  key: { template: 'ks_{env}_{base62:32}{crc32}', visible_chars: 6 },
  environments: { live: { billed: true }, test: { billed: false }, dev: { billed: false }, trial: { billed: false } },
  credential: {
    places: [
      { in: 'bearer' },
      { in: 'bare' },
      { in: 'header', name: 'x-api-key' },
      { in: 'websocket', prefix: 'keystile-key.' },
    ],
  },
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
    /** For services that proxy by themselves and only ask; given by the operator alone. */
    service: { allow: [], verifies: true },
    trial: {
      allow: [{ paths: ['/**'] }],
      deny: [
        billing,
        ...administration,
        { paths: ['/webhooks/**', '/api/v1/webhooks/**', '/api/v1/user/webhooks/**'] },
      ],
    },
  },
  members: { join: 'sign_in', first_role: 'account_admin', default_role: 'developer', role_from_claim: false },
  keys: {
    default_role: 'developer',
    role_follows_creator: false,
    label_required: false,
    label_unique: false,
    categories: ['production', 'staging', 'development'],
    custom_categories: true,
    revoke_with_member: true,
    purge_unused: true,
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
    revoke_needs_secret: true,
    message: 'This trial key works for {minutes} minutes and {operations} operations. It is shown only now.',
  },
  limits: {
    default_rate_per_minute: 6_000,
    max_rate_per_minute: null,
    quotas: ['total', 'daily', 'weekly', 'monthly'],
    headers: true,
  },
  plans: { standard: {} },
  default_plan: 'standard',
  denials,
  // RFC 9457. `about:blank` says that the status is the type; `code` tells the reasons apart.
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
  // It answers nobody but who holds GitHub's key.
  leaks: { github: {} },
  lease: '1s',
  gate_unreachable: 'closed',
  reauthorize_every: '30s',
  log: { retention: '30d' },
} satisfies PolicyInput;
