import type { Facts } from '../promises.ts';
import { BILLED, DAY_MS, LEFT_OPEN, NO_POWER, TRIAL, UNBILLED, UNBOUND, UNLIMITED } from './left-open.ts';

const mints = ['live', 'test', 'dev'];

const reading = [
  'GET /v1',
  'GET /v1/models',
  'HEAD /v1/models',
  'GET /api/v1/user/account',
  'GET /api/v1/user/members/1',
];
const writing = ['POST /v1/chat/completions', 'PATCH /v1/files/1', 'DELETE /v1/files/1'];
const webhooks = ['/webhooks', '/api/v1/webhooks', '/api/v1/user/webhooks'].flatMap((path) => [
  `POST ${path}`,
  `GET ${path}/1/2`,
]);
const bills = ['/billing', '/v1/billing', '/api/v1/billing', '/api/v1/invoices', '/api/v1/subscription'];
const billing = bills.flatMap((path) => [`GET ${path}`, `POST ${path}/1/2`]);
const administration = [
  'POST /api/v1/user/members',
  'PATCH /api/v1/user/members/1',
  'DELETE /api/v1/user/members/1',
  'PATCH /api/v1/user/account',
];
const hooksRead = webhooks.filter((call) => call.startsWith('GET'));

/** The default preset: what it decides where nothing is set. */
export const keystile: Facts = {
  preset: 'keystile',
  keys: Object.fromEntries(
    ['live', 'test', 'dev', 'trial'].map((env) => [env, new RegExp(`^ks_${env}_[0-9A-Za-z]{38}$`)]),
  ),
  shown: /^ks_[a-z]+_[0-9A-Za-z]{6}$/,
  environments: { live: BILLED, test: UNBILLED, dev: UNBILLED, trial: UNBILLED },
  carriers: ['bearer', 'bare', 'x-api-key', 'websocket'],
  calls: {
    viewer: [...reading, ...hooksRead],
    developer: [...reading, ...writing, ...webhooks],
    account_admin: [...reading, ...writing, ...webhooks, ...billing, ...administration],
    service: [],
    trial: [...reading, ...writing],
  },
  powers: {
    viewer: NO_POWER,
    developer: { ...NO_POWER, mints, grants: ['viewer'] },
    account_admin: { ...NO_POWER, mints, grants: ['viewer', 'developer'], manages: 'account' },
    service: { ...NO_POWER, verifies: true },
    trial: NO_POWER,
  },
  lockouts: { secret: [10, 5, 15], address: [20, 5, 15] },
  rest: {
    ...LEFT_OPEN,
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
    members: {
      join: 'sign_in',
      first_role: 'account_admin',
      default_role: 'developer',
      role_from_claim: false,
      invitation: 14 * DAY_MS,
    },
    caps: { active_keys_per_account: null, active_keys_per_user: null, creations_per_user_per_hour: 10 },
    rotation: { enabled: true, grace: DAY_MS, with_several_keys: true },
    trial: { ...TRIAL, message: `${TRIAL.message} It is shown only now.` },
    limits: {
      ...UNLIMITED,
      default_rate_per_minute: 6_000,
      quotas: ['total', 'daily', 'weekly', 'monthly'],
      credit_quotas: ['total', 'daily', 'weekly', 'monthly'],
    },
    plans: { standard: UNBOUND },
    leaks: { github: { keys_url: 'https://api.github.com/meta/public_keys/secret_scanning' } },
  },
};
