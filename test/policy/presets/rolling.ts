import type { Facts } from '../promises.ts';
import { BILLED, DAY_MS, LEFT_OPEN, NO_POWER, TRIAL, UNBOUND, UNLIMITED } from './left-open.ts';

/** The product of quotas over any 24 hours, 7 and 30 days: aliases and categories, and rates of the subscription. */
export const rolling: Facts = {
  preset: 'rolling',
  keys: { live: /^rk_[0-9A-Za-z]{32}$/ },
  shown: /^rk_[0-9A-Za-z]{6}$/,
  environments: { live: BILLED },
  carriers: ['bearer', 'x-api-key'],
  calls: { member: ['GET /', 'GET /v1', 'GET /v1/models', 'POST /v1/chat/completions', 'DELETE /v1/files/1'] },
  powers: { member: { ...NO_POWER, mints: ['live'], manages: 'account' } },
  lockouts: { secret: [1_000, 5, 15], address: [20, 5, 15] },
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
      label_unique: true,
      categories: ['production', 'development', 'staging'],
      custom_categories: true,
      revoke_with_member: true,
      purge_unused: true,
    },
    caps: { active_keys_per_account: null, active_keys_per_user: null, creations_per_user_per_hour: null },
    rotation: { enabled: false, grace: DAY_MS, with_several_keys: true },
    trial: { ...TRIAL, enabled: false },
    limits: { ...UNLIMITED, quotas: ['total', 'daily', 'weekly', 'monthly'] },
    plans: { standard: { ...UNBOUND, rates: { per_second: 10, per_minute: 300 }, prepaid: false } },
  },
};
