import * as z from 'zod';
import { counted, examples as ofLimits } from './limits.ts';
import { AT, time } from './shape.ts';

/*
 * The shapes of rotations, and of what a key is told about itself.
 */

/** A rotated key. Its new secret stands in this answer and nowhere else. */
export const rotatedKey = z
  .strictObject({
    new_api_key: z.string(),
    old_key_prefix: z.string(),
    grace_period_ends_at: time,
    environment: z.string(),
    id: z.string(),
  })
  .meta({ id: 'RotatedKey' });

/** A key, as it sees itself. `grace_period_ends_at`: null for its current secret; `usage`: null while it cannot be asked. */
export const ownKey = z
  .strictObject({
    id: z.string(),
    account: z.string(),
    prefix: z.string(),
    label: z.string().nullable(),
    category: z.string().nullable(),
    environment: z.string(),
    role: z.string(),
    status: z.enum(['active', 'inactive', 'revoked']),
    expires_at: time.nullable(),
    grace_period_ends_at: time.nullable(),
    usage: counted.nullable(),
  })
  .meta({ id: 'OwnKey' });

/** What the document shows as examples. */
export const examples = {
  rotatedKey: {
    new_api_key: 'ks_live_Qk7vT2…',
    old_key_prefix: 'ks_live_Ab3dE9',
    grace_period_ends_at: AT,
    environment: 'live',
    id: 'key_9dKx2LpT',
  },
  ownKey: {
    id: 'key_9dKx2LpT',
    account: 'acc_3vJ8wFq2',
    prefix: 'ks_live_Ab3dE9',
    label: 'production',
    category: null,
    environment: 'live',
    role: 'developer',
    status: 'active',
    expires_at: null,
    grace_period_ends_at: null,
    usage: ofLimits.counted,
  },
} as const;
