import * as z from 'zod';
import { AT, time } from './shape.ts';

/*
 * The shapes of trial keys.
 */

/** A trial key. It stands in this answer and nowhere else. */
export const trialKey = z
  .strictObject({ api_key: z.string(), expires_at: time, ops_limit: z.int(), message: z.string() })
  .meta({ id: 'TrialKey' });

export const revokedTrialKey = z.strictObject({ revoked: z.literal(true), key_prefix: z.string() });

/** What stands beside the error of a revocation that does not hold yet. */
export const unsettledTrialKey = revokedTrialKey.pick({ key_prefix: true });

/** What the document shows as examples. */
export const examples = {
  trialKey: { api_key: 'ks_trial_Ab3dE9…', expires_at: AT, ops_limit: 10, message: 'Valid for 30 minutes' },
  revokedTrialKey: { revoked: true, key_prefix: 'ks_trial_Ab3dE9' },
} as const;
