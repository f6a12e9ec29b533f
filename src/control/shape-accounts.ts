import * as z from 'zod';
import { AT, pageOf, time } from './shape.ts';

/*
 * The shapes of accounts.
 */

/** An account. */
export const account = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    plan: z.string(),
    status: z.enum(['active', 'suspended']),
    budget_micro: z.int().nullable(),
    billing_anchor: time,
    created_at: time,
  })
  .meta({ id: 'Account' });

export const accounts = pageOf('accounts', account);

/** Which of an account's keys a change holds for, and for which it does not yet. */
const settling = { done: z.array(z.string()), pending: z.array(z.string()), more: z.boolean() };

/** An account after a change, which holds for all of its keys. */
export const changedAccount = z.strictObject({ ...account.shape, ...settling }).meta({ id: 'ChangedAccount' });

/** What stands beside the error of a change that does not hold for all keys yet. */
export const unsettledAccount = z.strictObject({ account: z.string(), ...settling });

/** An account, as its own members see it. */
export const ownAccount = z
  .strictObject({ ...account.shape, member: z.strictObject({ id: z.string(), role: z.string() }) })
  .meta({ id: 'OwnAccount' });

const example = {
  id: 'acc_3vJ8wFq2',
  name: 'Acme',
  plan: 'standard',
  status: 'active',
  budget_micro: null,
  billing_anchor: AT,
  created_at: AT,
} as const;

/** What the document shows as examples. */
export const examples = {
  account: example,
  accounts: { accounts: [example], next_cursor: null },
  changedAccount: { ...example, done: ['key_9dKx2LpT'], pending: [], more: false },
  suspendedAccount: { ...example, status: 'suspended', done: ['key_9dKx2LpT'], pending: [], more: false },
  ownAccount: { ...example, member: { id: 'mem_9dKx2LpT', role: 'account_admin' } },
} as const;
