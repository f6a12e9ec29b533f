import type { Facts } from '../promises.ts';
import { BILLED, DAY_MS, LEFT_OPEN, NO_POWER, TRIAL, UNBOUND, UNLIMITED } from './left-open.ts';

const WINDOW_MS = 18_000_000;

/** Wafer: `wfr_` keys without limits of their own, at most 25 active ones an account, one balance and quota for all. */
export const wafer: Facts = {
  preset: 'wafer',
  keys: { live: /^wfr_[0-9A-Za-z]{43}$/ },
  shown: /^wfr_[0-9A-Za-z]{8}$/,
  environments: { live: BILLED },
  carriers: ['bearer'],
  calls: { member: ['GET /', 'GET /v1', 'GET /v1/models', 'POST /v1/chat/completions', 'DELETE /v1/files/1'] },
  powers: { member: { ...NO_POWER, mints: ['live'], manages: 'account' } },
  lockouts: { secret: [10, 5, 15], address: [20, 5, 15] },
  rest: {
    ...LEFT_OPEN,
    members: {
      join: 'sign_in',
      first_role: 'member',
      default_role: 'member',
      role_from_claim: false,
      invitation: 14 * DAY_MS,
    },
    keys: {
      default_role: 'member',
      role_follows_creator: false,
      label_required: true,
      label_unique: false,
      categories: [],
      custom_categories: false,
      revoke_with_member: true,
      purge_unused: false,
    },
    caps: { active_keys_per_account: 25, active_keys_per_user: null, creations_per_user_per_hour: null },
    rotation: { enabled: true, grace: DAY_MS, with_several_keys: false },
    trial: { ...TRIAL, enabled: false },
    limits: UNLIMITED,
    plans: {
      serverless: { ...UNBOUND, quota: { requests: 100_000, window: WINDOW_MS } },
      pass: { ...UNBOUND, prepaid: false, quota: { requests: 10_000, window: WINDOW_MS } },
    },
    default_plan: 'serverless',
  },
};
