import type { Facts } from '../promises.ts';
import { BILLED, DAY_MS, LEFT_OPEN, NO_POWER, TRIAL, UNBOUND, UNLIMITED } from './left-open.ts';

const reading = ['GET /api', 'GET /api/v1/campaigns', 'HEAD /api/v1/campaigns', 'GET /api/v1/billing/subscription'];
const members = ['GET /api/v1/user/members/1', 'GET /api/v1/user/account'];
const ownKeys = [
  'POST /api/v1/user/api-keys',
  'PATCH /api/v1/user/api-keys/1',
  'DELETE /api/v1/user/api-keys/1',
  'POST /api/v1/user/api-keys/1/rotate',
];
const writing = [
  'POST /api/v1/campaigns',
  'PUT /api/v1/campaigns/1',
  'PATCH /api/v1/x',
  'DELETE /api/v1/x/1/2',
  'PUT /api/v1/user/api-keys/1',
];
const administering = [
  ...['POST', 'PATCH', 'DELETE'].flatMap((method) => [
    `${method} /api/v1/user/members`,
    `${method} /api/v1/user/members/1/2`,
  ]),
  'PATCH /api/v1/user/account',
  ...['POST', 'PUT', 'PATCH', 'DELETE'].flatMap((method) => [
    `${method} /api/v1/billing`,
    `${method} /api/v1/billing/subscription/1`,
  ]),
];

/** Wevion: a key may what its maker may, 100 requests a minute, and no rotation. */
export const wevion: Facts = {
  preset: 'wevion',
  keys: { live: /^wv_live_[0-9A-Za-z]{32}$/ },
  shown: /^wv_live_[0-9A-Za-z]{2}$/,
  environments: { live: BILLED },
  carriers: ['bearer'],
  calls: {
    viewer: [...reading, ...members, ...ownKeys],
    mediabuyer: [...reading, ...members, ...ownKeys, ...writing],
    admin: [...reading, ...members, ...ownKeys, ...writing, ...administering],
  },
  powers: {
    viewer: { ...NO_POWER, mints: ['live'] },
    mediabuyer: { ...NO_POWER, mints: ['live'] },
    admin: { ...NO_POWER, mints: ['live'], grants: ['viewer', 'mediabuyer'], manages: 'account' },
  },
  lockouts: { secret: [10, 5, 15], address: [20, 5, 15] },
  rest: {
    ...LEFT_OPEN,
    members: {
      join: 'sign_in',
      first_role: 'admin',
      default_role: 'viewer',
      role_from_claim: false,
      invitation: 14 * DAY_MS,
    },
    keys: {
      default_role: 'mediabuyer',
      role_follows_creator: true,
      label_required: true,
      label_unique: false,
      categories: [],
      custom_categories: false,
      revoke_with_member: true,
      purge_unused: false,
    },
    caps: { active_keys_per_account: null, active_keys_per_user: null, creations_per_user_per_hour: null },
    rotation: { enabled: false, grace: DAY_MS, with_several_keys: true },
    audit: { calls: true },
    trial: { ...TRIAL, enabled: false, role: 'viewer' },
    limits: { ...UNLIMITED, default_rate_per_minute: 100 },
    plans: {
      starter: { ...UNBOUND, max_key_rate_per_minute: 100, active_keys_per_user: 5 },
      standard: { ...UNBOUND, max_key_rate_per_minute: 600 },
      enterprise: UNBOUND,
    },
    log: { retention: 90 * DAY_MS, max_bytes: 4_294_967_296, query: false, address: 'full' },
  },
};
