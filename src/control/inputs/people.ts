import * as z from 'zod';
import { emailKey } from '../guards/email.ts';
import { accountChange, accountQuery, text, token } from '../input.ts';

/*
 * What requests about accounts and their members may say.
 */

/** Which accounts to list. */
export const accountListQuery = accountQuery
  .extend({
    status: z.enum(['active', 'suspended', 'closed']).optional(),
    plan: text(100).optional(),
    organisation: text(200).optional(),
    user: text(200).optional(),
  })
  .refine(({ organisation, user }) => organisation === undefined || user === undefined, {
    path: ['user'],
    error: 'expected either an organisation or a user',
  });

/** What its own members may change of an account: plan and billing months are the operator's. */
export const ownAccountChange = accountChange.pick({ name: true, budget_micro: true });

/** RFC 5321 §4.5.3.1.3; compared as {@link emailKey} writes it. */
const email = text(254)
  .regex(/^[^\s@]+@[^\s@]+$/, 'expected an e-mail address')
  .transform(emailKey);
const role = text(32);

/** Whom a member invites. */
export const newInvitation = z.strictObject({ email, role: role.optional() });

/** Whom the operator lets in: a user of the issuer at once, or an e-mail address when it signs in. */
export const newMember = z
  .strictObject({ email: email.optional(), user: text(200).optional(), role: role.optional() })
  .refine(({ email, user }) => (email === undefined) !== (user === undefined), {
    path: ['email'],
    error: 'expected either an email or a user',
  });

export const memberChange = z.strictObject({ role });

/** Whether the member's keys go with it; the policy says so where nothing is said. */
export const removal = z.strictObject({
  revoke_keys: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
});

/** Which members to list; without a status those who are and those who are invited. */
export const peopleQuery = accountQuery.extend({ status: z.enum(['active', 'invited', 'removed']).optional() });

/** Where an erasure goes on. */
export const erasure = z.strictObject({ cursor: token.optional() });
