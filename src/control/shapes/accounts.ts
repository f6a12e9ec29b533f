import * as z from 'zod';
import { balance, examples as ofLedger } from './ledger.ts';
import { counted, examples as ofLimits } from './limits.ts';
import { AT, pageOf, time } from './shape.ts';

/*
 * The shapes of accounts.
 */

const fields = {
  id: z.string(),
  name: z.string(),
  plan: z.string(),
  status: z.enum(['active', 'suspended']),
  budget_micro: z.int().nullable(),
  billing_anchor: time,
  created_at: time,
  closed_at: time.nullable(),
};

/** An account, as its operator sees it. `organisation`, `user`: whose it is, by the claims of the sign-in. */
export const account = z
  .strictObject({
    ...fields,
    organisation: z.string().nullable(),
    user: z.string().nullable(),
    erased_at: time.nullable(),
  })
  .meta({ id: 'Account' });

export const accounts = pageOf('accounts', account);

/** Which keys a change holds for, and for which it does not yet. */
export const settling = { done: z.array(z.string()), pending: z.array(z.string()), more: z.boolean() };

/** An account after a change, which holds for all of its keys. */
export const changedAccount = z.strictObject({ ...account.shape, ...settling }).meta({ id: 'ChangedAccount' });

/** What stands beside the error of a change that does not hold for all keys yet. */
export const unsettledAccount = z.strictObject({ account: z.string(), ...settling });

/** How far an erasure has come. */
export const erasedAccount = z
  .strictObject({ account: z.string(), erased: z.boolean(), next_cursor: z.string().nullable() })
  .meta({ id: 'ErasedAccount' });

const own = { ...fields, member: z.strictObject({ id: z.string(), role: z.string() }) };

/** An account, as its own members see it; null: the ledger cannot be asked. */
export const ownAccount = z
  .strictObject({ ...own, limits: counted.nullable(), credits: balance.nullable() })
  .meta({ id: 'OwnAccount' });

/** The same after a change, which holds for all of its keys. */
export const changedOwnAccount = z.strictObject({ ...own, ...settling }).meta({ id: 'ChangedOwnAccount' });

const ownExample = {
  id: 'acc_3vJ8wFq2',
  name: 'Acme',
  plan: 'standard',
  status: 'active',
  budget_micro: null,
  billing_anchor: AT,
  created_at: AT,
  closed_at: null,
} as const;
const example = { ...ownExample, organisation: 'org_2pQ7', user: null, erased_at: null } as const;
const member = { member: { id: 'mem_9dKx2LpT', role: 'account_admin' } } as const;
const settled = { done: ['key_9dKx2LpT'], pending: [], more: false } as const;

/** What the document shows as examples. */
export const examples = {
  account: example,
  accounts: { accounts: [example], next_cursor: null },
  changedAccount: { ...example, ...settled },
  suspendedAccount: { ...example, status: 'suspended', ...settled },
  closedAccount: { ...example, status: 'suspended', closed_at: AT, ...settled },
  erasedAccount: { account: example.id, erased: true, next_cursor: null },
  exportLines: `${[{ type: 'account', ...example }, { type: 'end' }].map((line) => JSON.stringify(line)).join('\n')}\n`,
  ownAccount: { ...ownExample, ...member, limits: ofLimits.counted, credits: ofLedger.balance },
  changedOwnAccount: { ...ownExample, ...member, ...settled },
} as const;
