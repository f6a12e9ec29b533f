import type { DenialTable } from '../denials.ts';
import type { PolicyInput } from '../schema.ts';

/*
 * Wevion. Its document gives statuses (401, 429 with Retry-After) and no codes. They are those of Better Auth, which it
 * names for its sign-in, where that has one, and the others are named in the same manner.
 */
const invalidKey = {
  status: 401,
  code: 'INVALID_API_KEY',
  message: 'This API key does not work. Check that it was copied whole, or create another.',
};
const lockedOut = {
  status: 429,
  code: 'TOO_MANY_ATTEMPTS',
  message: 'Too many invalid attempts. Wait for the time in Retry-After, then send a valid key.',
};
const rateLimited = {
  status: 429,
  code: 'RATE_LIMIT_EXCEEDED',
  message: 'The rate limit is reached. Wait for the time in Retry-After, or raise the limit.',
};
/** The document has no quotas; these are for who adds some. */
const quotaReached = {
  status: 429,
  code: 'USAGE_EXCEEDED',
  message: 'The quota is used up. Wait for the time in Retry-After.',
};
const keyCap = {
  status: 409,
  code: 'KEY_LIMIT_REACHED',
  message: 'There are as many active keys as the plan allows. Revoke one that is not used, or change the plan.',
};

const denials = {
  missing_credential: {
    status: 401,
    code: 'UNAUTHORIZED',
    message: 'Send your API key as "Authorization: Bearer <key>".',
  },
  malformed: invalidKey,
  unknown: invalidKey,
  revoked: invalidKey,
  inactive: { status: 401, code: 'KEY_DISABLED', message: 'This API key is switched off.' },
  expired: { status: 401, code: 'KEY_EXPIRED', message: 'This API key has expired. Create another.' },
  grace_ended: invalidKey,
  account_suspended: {
    status: 403,
    code: 'ACCOUNT_SUSPENDED',
    message: 'The account of this API key is suspended. Contact support.',
  },
  role_forbidden: {
    status: 403,
    code: 'FORBIDDEN',
    message: 'The user who made this key may not do this. Use a key of one who may, or ask an admin.',
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
  rate_limited: rateLimited,
  public_rate_limited: rateLimited,
  // Not 429: it never frees up by itself, and clients repeat a 429.
  quota_total: { ...quotaReached, status: 403, message: 'The quota is used up. Raise it, or use another key.' },
  quota_daily: quotaReached,
  quota_weekly: quotaReached,
  quota_monthly: quotaReached,
  plan_rate: rateLimited,
  plan_quota: quotaReached,
  credits_exhausted: { status: 402, code: 'CREDITS_EXHAUSTED', message: 'No credits are left. Add credits.' },
  budget_exhausted: {
    status: 402,
    code: 'BUDGET_EXHAUSTED',
    message: 'The budget cap of the account is reached. Raise it.',
  },
  // There are no trial keys; these are for who adds them.
  trial_exhausted: { status: 402, code: 'TRIAL_EXHAUSTED', message: 'This trial key has used all its operations.' },
  trial_mint_limited: rateLimited,
  trial_rotation: { status: 403, code: 'FORBIDDEN', message: 'Trial keys cannot be rotated. Take another one.' },
  rotation_refused: {
    status: 409,
    code: 'ROTATION_REFUSED',
    message: 'Create a new key, switch over to it, look at when it was last used, and then revoke the old one.',
  },
  key_cap: keyCap,
  user_key_cap: keyCap,
  creation_limited: {
    status: 429,
    code: 'KEY_CREATION_LIMITED',
    message: 'Too many keys were created within an hour. Wait for the time in Retry-After.',
  },
  route_unknown: { status: 404, code: 'NOT_FOUND', message: 'Nothing answers here. Check method and path.' },
  upstream_unreachable: {
    status: 502,
    code: 'BAD_GATEWAY',
    message: 'The service cannot be reached. Try again later.',
  },
  upstream_timeout: {
    status: 504,
    code: 'GATEWAY_TIMEOUT',
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
  session_missing: { status: 401, code: 'UNAUTHORIZED_SESSION', message: 'Sign in, and send the session token.' },
  session_invalid: {
    status: 401,
    code: 'UNAUTHORIZED_SESSION',
    message: 'The session token is not valid. Sign in again.',
  },
  session_expired: { status: 401, code: 'SESSION_EXPIRED', message: 'The session is over. Sign in again.' },
  membership_missing: {
    status: 403,
    code: 'NO_WORKSPACE',
    message:
      'You are signed in, and no workspace is yours. Send the id of the one that invites you as X-Keystile-Account.',
  },
  admin_missing: { status: 401, code: 'UNAUTHORIZED', message: 'Send an admin token as a Bearer token.' },
  admin_invalid: { status: 401, code: 'UNAUTHORIZED', message: 'The admin token is not valid. Check it.' },
  admin_forbidden: {
    status: 403,
    code: 'FORBIDDEN',
    message: 'This admin token or role may not do this. Use one with full rights.',
  },
  signature_invalid: {
    status: 403,
    code: 'INVALID_SIGNATURE',
    message: 'The signature of this report does not hold. Sign its very bytes with a published key.',
  },
  body_too_large: { status: 413, code: 'PAYLOAD_TOO_LARGE', message: 'The body is too large. Send a smaller one.' },
  path_refused: {
    status: 400,
    code: 'INVALID_PATH',
    message:
      'The path can be read in two ways. Send it without encoded slashes, dot segments, semicolons and double slashes.',
  },
  request_invalid: { status: 400, code: 'BAD_REQUEST', message: 'The request is not valid. Check its fields.' },
  not_found: { status: 404, code: 'NOT_FOUND', message: 'There is no such thing here. Check the id.' },
  conflict: { status: 409, code: 'CONFLICT', message: 'The current state does not allow this. Read it again.' },
  idempotency_conflict: {
    status: 409,
    code: 'IDEMPOTENCY_CONFLICT',
    message: 'This idempotency key belongs to another request. Use a new one.',
  },
} satisfies DenialTable;

// The document names three roles, and that who makes a key lends it theirs: so also a viewer makes keys and revokes
// them. What else each may do is left open. A viewer reads. A mediabuyer does all but administer: members, account and
// what is paid.
const ownKeys = { methods: ['POST', 'PATCH', 'DELETE'], paths: ['/api/v1/user/api-keys/**'] };
const administration = [
  { methods: ['POST', 'PATCH', 'DELETE'], paths: ['/api/v1/user/members/**'] },
  { methods: ['PATCH'], paths: ['/api/v1/user/account'] },
  { methods: ['POST', 'PUT', 'PATCH', 'DELETE'], paths: ['/api/v1/billing/**'] },
];

/** The preset `wevion`. */
export const wevion = {
  preset: 'wevion',
  // Letters and digits after wv_live_, their number left open. About ten characters are to be seen: wv_live_ and two.
  key: { template: 'wv_{env}_{base62:32}', visible_chars: 2 },
  // No other environment is documented, and nothing that is paid by request.
  environments: { live: { billed: true } },
  credential: { places: [{ in: 'bearer' }] },
  roles: {
    viewer: { allow: [{ methods: ['GET', 'HEAD'], paths: ['/**'] }, ownKeys], mints: ['live'] },
    mediabuyer: { allow: [{ paths: ['/**'] }], deny: administration, mints: ['live'] },
    admin: { allow: [{ paths: ['/**'] }], mints: ['live'], grants: ['viewer', 'mediabuyer'], manages: 'account' },
  },
  // Left open: an organisation of the sign-in is a workspace, who comes first administers it, and who joins may read.
  members: { join: 'sign_in', first_role: 'admin', default_role: 'viewer', role_from_claim: false },
  keys: {
    // Of keys that an operator makes, which are nobody's; all others have their maker's role.
    default_role: 'mediabuyer',
    role_follows_creator: true,
    label_required: true,
    // Two keys may have one name: the document only advises to tell them apart.
    label_unique: false,
    categories: [],
    custom_categories: false,
    // Documented as a matter of configuration; a key that outlives its member is the worse surprise.
    revoke_with_member: true,
    // Revoked keys stay to be seen.
    purge_unused: false,
  },
  // Keys are unlimited but for some plans, and nothing is said of how quickly they are made.
  caps: { active_keys_per_account: null, active_keys_per_user: null, creations_per_user_per_hour: null },
  // A new key is made and the old one revoked; there is nothing else. The grace is for who switches rotation on.
  rotation: { enabled: false, grace: '24h', with_several_keys: true },
  audit: { calls: true },
  // Left open; these are the defaults of Keystile.
  lockouts: {
    secret: { strikes: 10, window: '5m', lock: '15m' },
    address: { strikes: 20, window: '5m', lock: '15m' },
  },
  // There are none; the rest is what the fields want.
  trial: {
    enabled: false,
    environment: 'trial',
    role: 'viewer',
    ttl: '30m',
    operations: 10,
    mints_per_minute: 5,
    revoke_needs_secret: true,
    message: 'This trial key works for {minutes} minutes and {operations} operations.',
  },
  limits: {
    default_rate_per_minute: 100,
    // The plan has the maximum.
    max_rate_per_minute: null,
    quotas: [],
    credit_quotas: [],
    headers: true,
  },
  // Left open but for what they bound: the highest rate of a key, on some the active keys of a user, and on the one for
  // enterprises whatever was agreed on.
  plans: {
    starter: { max_key_rate_per_minute: 100, active_keys_per_user: 5 },
    standard: { max_key_rate_per_minute: 600 },
    enterprise: {},
  },
  default_plan: 'standard',
  denials,
  // The shape of an error is left open; this is that of Better Auth, with the limits and the id of the request.
  error: {
    content_type: 'application/json',
    body: { code: '{code}', message: '{detail}', limits: '{limits}', request_id: '{request_id}' },
  },
  upstreams: [],
  lease: '1s',
  gate_unreachable: 'closed',
  reauthorize_every: '30s',
  // The audit log, which shows each call, is to be reviewed monthly.
  log: { retention: '90d' },
} satisfies PolicyInput;
