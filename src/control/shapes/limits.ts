import * as z from 'zod';
import { AT, time } from './shape.ts';

/*
 * The shapes of what was counted against limits, and of what limits a key may carry.
 */

const amount = z.int().min(0);

/** A limit, and what is left of it. */
export const limit = z
  .strictObject({
    name: z.string(),
    unit: z.enum(['requests', 'micro_credits']),
    limit: amount,
    remaining: amount,
    resets_at: time.nullable(),
  })
  .meta({ id: 'Limit' });

/** What was counted. `unreported` was given out and never reported as used; it counts too. */
export const counted = z
  .strictObject({ granted: amount, used: amount, unreported: z.int(), limits: z.array(limit) })
  .meta({ id: 'Counted' });

/** Rolling quotas; one that is not there is none. */
export const quotas = z
  .strictObject({
    total: amount.optional(),
    daily: amount.optional(),
    weekly: amount.optional(),
    monthly: amount.optional(),
  })
  .meta({ id: 'Quotas' });

/** What all keys of an account share. */
export const accountLimits = z
  .strictObject({ account: z.string(), plan: z.string(), ...counted.shape })
  .meta({ id: 'AccountLimits' });

const exampleCounted = {
  granted: 120,
  used: 118,
  unreported: 2,
  limits: [{ name: 'per_minute', unit: 'requests', limit: 600, remaining: 480, resets_at: AT }],
} as const;

/** What the document shows as examples. */
export const examples = {
  counted: exampleCounted,
  accountLimits: { account: 'acc_3vJ8wFq2', plan: 'standard', ...exampleCounted },
} as const;
