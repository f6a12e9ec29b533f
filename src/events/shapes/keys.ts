import * as z from 'zod';
import { AT, actor, event, exampleOfKey, ofKey, time } from './event.ts';

/*
 * The shapes of events that a change of a key makes.
 */

const caps = z.strictObject({
  total: z.int().optional(),
  daily: z.int().optional(),
  weekly: z.int().optional(),
  monthly: z.int().optional(),
});

/** What can change of a key, named as requests name it. Credits are in millionths. */
const terms = z
  .strictObject({
    label: z.string().nullable(),
    category: z.string().nullable(),
    role: z.string(),
    status: z.enum(['active', 'inactive', 'revoked']),
    expires_at: time.nullable(),
    rate_limit_per_second: z.int().nullable(),
    rate_limit_per_minute: z.int().nullable(),
    quotas: caps,
    credit_quotas: caps,
    addresses: z.array(z.string()).nullable(),
    metadata: z.record(z.string(), z.string()),
  })
  .partial()
  .meta({ id: 'EventKeyTerms' });

/** Who or what switched a key off, or ended it. */
const cause = z.enum(['member', 'key', 'operator', 'leak', 'member_removed', 'account_closed', 'system']);

const done = { ...ofKey, actor };
const exampleDone = { ...exampleOfKey, actor: 'member:mem_9dKx2LpT' } as const;

/** A secret that was found in public: what it showed, who found it where, and what is done about it. */
export const found = {
  prefix: z.string(),
  reporter: z.string(),
  outcome: z.enum(['revoke', 'deactivate', 'notify', 'none']),
  url: z.string(),
  source: z.string(),
  type: z.string(),
} as const;

export const keyEvents = {
  key_created: event(
    'key_created',
    'A key was made, or brought in from another system.',
    {
      ...done,
      origin: z.enum(['created', 'imported', 'adopted']),
      creator: z.string().nullable(),
      role: z.string(),
      category: z.string().nullable(),
      status: z.enum(['active', 'inactive', 'revoked']),
      expires_at: time.nullable(),
    },
    {
      ...exampleDone,
      origin: 'created',
      creator: 'mem_9dKx2LpT',
      role: 'developer',
      category: null,
      status: 'active',
      expires_at: null,
    },
  ),
  key_updated: event(
    'key_updated',
    'Settings of a key were changed: label, role, limits, addresses and so on, or several things at once.',
    { ...done, before: terms, after: terms },
    { ...exampleDone, before: { rate_limit_per_minute: null }, after: { rate_limit_per_minute: 600 } },
  ),
  key_deactivated: event(
    'key_deactivated',
    'A key was switched off.',
    { ...done, cause },
    { ...exampleDone, cause: 'member' },
  ),
  key_activated: event('key_activated', 'A key was switched on again.', done, exampleDone),
  key_rotated: event(
    'key_rotated',
    'A rotation is complete: the key has a new secret, and the one before works until its grace ends.',
    { ...done, old_key_prefix: z.string(), grace_period_ends_at: time },
    { ...exampleDone, old_key_prefix: 'ks_live_Zx81Lm', grace_period_ends_at: '2030-02-01T12:00:00.000Z' },
  ),
  key_revoked: event(
    'key_revoked',
    'A key was ended, for good.',
    { ...done, cause },
    { ...exampleDone, cause: 'member' },
  ),
  key_purged: event(
    'key_purged',
    'A key was deleted: one that was never used, or a trial key that is long over.',
    { ...done, status: z.enum(['active', 'inactive', 'revoked']) },
    { ...exampleOfKey, actor: 'system', status: 'active' },
  ),
  key_leaked: event(
    'key_leaked',
    'A secret of the key was found in public. `outcome`: what is done about it, `none` where it worked no more.',
    { ...ofKey, ...found },
    {
      ...exampleOfKey,
      prefix: 'ks_live_Ab3dE9',
      reporter: 'github',
      outcome: 'revoke',
      url: 'https://github.com/octocat/hello-world/blob/12345600b9cbe38a219f39a9941c9319b600c002/config.py',
      source: 'content',
      type: 'keystile_api_key',
    },
  ),
  key_expiring: event(
    'key_expiring',
    'A key expires soon; `before_seconds` is the warning that is due.',
    { ...ofKey, expires_at: time, before_seconds: z.number() },
    { ...exampleOfKey, expires_at: '2030-02-07T12:00:00.000Z', before_seconds: 604_800 },
  ),
  key_expired: event(
    'key_expired',
    'A key has expired.',
    { ...ofKey, expires_at: time },
    { ...exampleOfKey, expires_at: AT },
  ),
  key_grace_ended: event(
    'key_grace_ended',
    'The grace of a replaced secret is over: it works no more.',
    { ...ofKey, old_key_prefix: z.string(), grace_period_ends_at: time },
    { ...exampleOfKey, old_key_prefix: 'ks_live_Zx81Lm', grace_period_ends_at: AT },
  ),
  key_old_secret_used: event(
    'key_old_secret_used',
    'A replaced secret of the key was used during its grace; told once for each hour.',
    { ...ofKey, hour: time },
    { ...exampleOfKey, hour: AT },
  ),
  key_locked: event(
    'key_locked',
    'A secret of the key that works no more was tried so often that it is locked for a while.',
    { ...ofKey, locked_until: time },
    { ...exampleOfKey, locked_until: '2030-01-31T12:15:00.000Z' },
  ),
} as const;
