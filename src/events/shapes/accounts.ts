import * as z from 'zod';
import { AT, actor, event, exampleOfAccount, exampleOfKey, key, time } from './event.ts';

/*
 * The shapes of events of an account: its quotas, credits, members and endpoints.
 */

/** A quota of a key, or of the account, which has no `key`. Credits are in millionths. */
const quota = {
  account: z.string(),
  key: key.optional(),
  quota: z.string(),
  unit: z.enum(['requests', 'micro_credits']),
  limit: z.int(),
  used: z.int(),
  percent: z.number(),
  window_seconds: z.number().nullable(),
};
const exampleQuota = {
  ...exampleOfKey,
  quota: 'daily',
  unit: 'requests',
  limit: 10_000,
  used: 8_000,
  percent: 80,
  window_seconds: 86_400,
} as const;

export const accountEvents = {
  quota_warning: event('quota_warning', 'Most of a quota is used.', quota, exampleQuota),
  quota_reached: event('quota_reached', 'A quota is used up: further requests are refused.', quota, {
    ...exampleQuota,
    used: 10_000,
    percent: 100,
  }),
  credits_low: event(
    'credits_low',
    'The account has few credits left, in millionths.',
    { account: z.string(), balance_micro: z.int(), threshold_micro: z.int() },
    { ...exampleOfAccount, balance_micro: 9_400_000, threshold_micro: 10_000_000 },
  ),
  credits_exhausted: event(
    'credits_exhausted',
    'The account has no credits left: requests that cost some are refused.',
    { account: z.string(), balance_micro: z.int() },
    { ...exampleOfAccount, balance_micro: 0 },
  ),
  member_removed: event(
    'member_removed',
    'A member was removed, with or without the keys that it had made.',
    {
      account: z.string(),
      actor,
      member: z.string(),
      role: z.string(),
      keys: z.enum(['revoked', 'kept']),
      key_count: z.int(),
    },
    {
      ...exampleOfAccount,
      actor: 'member:mem_3fKq81Zt',
      member: 'mem_9dKx2LpT',
      role: 'developer',
      keys: 'revoked',
      key_count: 2,
    },
  ),
  endpoint_disabled: event(
    'endpoint_disabled',
    'An endpoint gets nothing any more: it has answered 410 (`gone`), or has only failed for days (`failing`).',
    {
      account: z.string().nullable(),
      endpoint: z.string(),
      /** null: it was erased with its account. */
      host: z.string().nullable(),
      reason: z.enum(['gone', 'failing']),
      failing_since: time.nullable(),
    },
    { ...exampleOfAccount, endpoint: 'whe_7hRk2MvX', host: 'hooks.example.com', reason: 'failing', failing_since: AT },
  ),
  test: event(
    'test',
    'Somebody asked for a test of this endpoint.',
    { account: z.string().nullable(), actor, endpoint: z.string() },
    { ...exampleOfAccount, actor: 'member:mem_9dKx2LpT', endpoint: 'whe_7hRk2MvX' },
  ),
} as const;
