import type { DenialReason } from '../../src/decision/denial.ts';
import type { PolicyInput } from '../../src/policy/schema.ts';

/*
 * What sets three more products apart, as overrides: only to prove that the schema can hold them. Their presets,
 * complete and with their own sentences, are another piece of work.
 */
type Deep<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: Deep<T[K]> } : T;
type Overrides = Deep<PolicyInput>;

/** Every reason of `reasons` with one row. */
function rows(reasons: readonly DenialReason[], status: number, code: string, message: string) {
  return Object.fromEntries(reasons.map((reason) => [reason, { status, code, message }]));
}

const credentialReasons = ['malformed', 'unknown', 'revoked', 'inactive', 'expired', 'grace_ended'] as const;
const everything = { allow: [{ paths: ['/**'] }] };
const noTrial = { enabled: false };

const wafer: Overrides = {
  key: { template: 'wfr_{base62:43}', visible_chars: 8 },
  keys: { label_required: true },
  caps: { active_keys_per_account: 25 },
  rotation: { enabled: true, with_several_keys: false },
  trial: noTrial,
  limits: { default_rate_per_minute: null, quotas: [] },
  plans: { standard: { quota: { requests: 10_000, window: '5h' } } },
  denials: rows(credentialReasons, 401, 'invalid_api_key', 'This key is not valid.'),
  error: {
    content_type: 'application/json',
    body: { error: { message: '{message}', code: '{code}', param: null } },
  },
};

const wevion: Overrides = {
  key: { template: 'wv_{env}_{base62:32}', visible_chars: 4 },
  credential: { places: [{ in: 'bearer' }] },
  roles: { viewer: { allow: [{ methods: ['GET'], paths: ['/**'] }] }, mediabuyer: everything, admin: everything },
  keys: { default_role: 'viewer', role_follows_creator: true, label_required: true, revoke_with_member: false },
  caps: { active_keys_per_user: null },
  rotation: { enabled: false },
  trial: noTrial,
  limits: { default_rate_per_minute: 100 },
  plans: { standard: { active_keys_per_user: 5, max_key_rate_per_minute: 600 }, enterprise: {} },
};

const rolling: Overrides = {
  key: { template: 'rk_{base58:24}', visible_chars: 4 },
  keys: { label_required: true, label_unique: true, custom_categories: true, purge_unused: true },
  rotation: { enabled: false },
  trial: noTrial,
  plans: { standard: { rates: { per_second: 10, per_minute: 300 } } },
  denials: {
    ...rows(['malformed', 'unknown', 'revoked', 'secret_locked'], 401, 'invalid', 'Invalid API Key'),
    ...rows(['inactive'], 401, 'inactive', 'Inactive API Key'),
    ...rows(['expired'], 401, 'expired', 'Expired API Key'),
    ...rows(['ip_locked'], 403, 'blocked', 'IP temporarily blocked'),
    ...rows(['plan_rate'], 429, 'plan', 'You exceeded the {limits} rate limit on your subscription'),
    ...rows(['quota_total'], 401, 'quota', 'Rate limit exceeded: quota total'),
    ...rows(['quota_daily'], 401, 'quota', 'Rate limit exceeded: quota daily'),
    ...rows(['quota_weekly'], 401, 'quota', 'Rate limit exceeded: quota weekly'),
    ...rows(['quota_monthly'], 401, 'quota', 'Rate limit exceeded: quota monthly'),
  },
  error: { content_type: 'application/json', body: { error: '{message}' } },
};

export const products = { wafer, wevion, rolling };
