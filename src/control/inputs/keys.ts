import * as z from 'zod';
import { cap, label, micro, name, page, text, time, token } from '../input.ts';

/*
 * What requests about keys may say, of who has signed in and of operators alike.
 */

const quotas = (most: typeof cap) =>
  z.strictObject({ total: most.nullish(), daily: most.nullish(), weekly: most.nullish(), monthly: most.nullish() });

/** The limits of a key. null: none of its own. */
const limits = {
  rate_limit_per_second: cap.nullish(),
  rate_limit_per_minute: cap.nullish(),
  quotas: quotas(cap).nullish(),
  credit_quotas: quotas(micro).nullish(),
};
const limitWishes = z.strictObject(limits);
export type LimitWishes = z.output<typeof limitWishes>;

const MOST_METADATA = 20;
const METADATA_NAME = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,39}$/;

/** What may be said of any key, new or not. null: none, or nothing of its own. */
const fields = {
  label: label.nullish(),
  role: name.nullish(),
  category: text(64).nullish(),
  expires_at: time.nullish(),
  ...limits,
  addresses: z.array(token, 'expected a list of addresses').min(1, 'expected at least one address').max(100).nullish(),
  metadata: z
    .record(z.string(), text(200))
    .refine((entries) => Object.keys(entries).length <= MOST_METADATA, `expected at most ${MOST_METADATA} entries`)
    .refine(
      (entries) => Object.keys(entries).every((entry) => METADATA_NAME.test(entry)),
      'expected names of at most 40 letters, digits, "_", ".", ":" and "-"',
    )
    .nullish(),
};

/**
 * `environment` may be left out where the policy has only one beside that of trial keys. `copy_from`: a key whose
 * category, role and limits count where this one names none.
 */
export const newKey = z.strictObject({ environment: name.nullish(), ...fields, copy_from: token.nullish() });
export type NewKey = z.output<typeof newKey>;

/** What may change of a key; what is not named stays. Metadata is replaced as a whole. */
export const keyChange = z.strictObject({ ...fields, role: name.optional(), active: z.boolean().optional() });
export type KeyChange = z.output<typeof keyChange>;

/** `all` hides nothing. */
const status = z.enum(['active', 'inactive', 'expired', 'revoked', 'all']).optional();
const filters = { status, category: text(64).optional(), environment: name.optional(), creator: token.optional() };

/** Those that are revoked or expired are hidden unless they are asked for. */
export const ownKeyQuery = z.strictObject({ ...filters, ...page });

/** Of operators: without `status` nothing is hidden. */
export const keyQuery = z.strictObject({
  account: token.optional(),
  ...filters,
  prefix: token.optional(),
  label: label.optional(),
  ...page,
});

/** `purge=true` deletes a key that was never used, in place of revoking it. */
export const keyRemoval = z.strictObject({
  purge: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
});
