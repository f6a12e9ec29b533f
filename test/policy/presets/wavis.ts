import type { Facts } from '../promises.ts';
import { BILLED, DAY_MS, LEFT_OPEN, NO_POWER, TRIAL, UNBILLED, UNBOUND, UNLIMITED } from './left-open.ts';

const mints = ['live', 'test', 'dev'];
const both = (path: string) => [`GET ${path}`, `POST ${path}/1/2`];
const reading = ['GET /api', 'GET /api/v1/health', 'HEAD /api/v1/health'];
const writing = ['POST /api/v1/compute', 'PATCH /api/v1/compute/1', 'DELETE /api/v1/compute/1'];
const billing = ['/api/v1/billing', '/api/v1/invoices', '/api/v1/subscription'].flatMap(both);
const management = ['/api/v1/keys', '/api/v1/user', '/api/v1/api-keys', '/api/v1/webhooks'].flatMap(both);
const membersSeen = ['GET /api/v1/user/members/1', 'GET /api/v1/user/account'];
const administering = [
  ...['POST', 'PATCH', 'DELETE'].flatMap((method) => [
    `${method} /api/v1/user/members`,
    `${method} /api/v1/user/members/1/2`,
  ]),
  'PATCH /api/v1/user/account',
];
const read = (calls: readonly string[]) => calls.filter((call) => call.startsWith('GET'));

/** WAVIS: four environments and roles in the key, trial keys, 24 hours of grace, two lockouts. */
export const wavis: Facts = {
  preset: 'wavis',
  keys: Object.fromEntries([...mints, 'trial'].map((env) => [env, new RegExp(`^wvs_${env}_[0-9a-f]{32}$`)])),
  shown: /^wvs_[a-z]+_[0-9a-f]{6}$/,
  environments: { live: BILLED, test: UNBILLED, dev: UNBILLED, trial: UNBILLED },
  carriers: ['bearer', 'bare'],
  calls: {
    viewer: [...reading, ...read(management), ...membersSeen],
    developer: [...reading, ...writing, ...management, ...membersSeen],
    account_admin: [...reading, ...writing, ...billing, ...management, ...membersSeen, ...administering],
    trial: [...reading, ...writing],
  },
  powers: {
    viewer: NO_POWER,
    developer: { ...NO_POWER, mints, grants: ['viewer'] },
    account_admin: { ...NO_POWER, mints, grants: ['viewer', 'developer'], manages: 'account' },
    trial: NO_POWER,
  },
  lockouts: { secret: [10, 5, 15], address: [20, 5, 15] },
  rest: {
    ...LEFT_OPEN,
    members: {
      join: 'sign_in',
      first_role: 'account_admin',
      default_role: 'developer',
      role_from_claim: false,
      invitation: 14 * DAY_MS,
    },
    keys: {
      default_role: 'developer',
      role_follows_creator: false,
      label_required: false,
      label_unique: false,
      categories: [],
      custom_categories: false,
      revoke_with_member: true,
      purge_unused: false,
    },
    caps: { active_keys_per_account: null, active_keys_per_user: null, creations_per_user_per_hour: 10 },
    rotation: { enabled: true, grace: DAY_MS, with_several_keys: true },
    trial: { ...TRIAL, message: 'Trial key issued. Valid for {minutes} minutes, {operations} operations.' },
    limits: {
      ...UNLIMITED,
      default_rate_per_minute: 6_000,
      quotas: ['total', 'daily', 'weekly', 'monthly'],
      credit_quotas: ['total', 'daily', 'weekly', 'monthly'],
    },
    plans: { standard: UNBOUND },
  },
};
