import * as z from 'zod';

/*
 * The shapes of answers, for the OpenAPI document; tests check real answers against them. Times are RFC 3339 in UTC.
 */

const time = z.iso.datetime();

/** An account, as its own members see it. */
export const ownAccount = z.strictObject({
  id: z.string(),
  name: z.string(),
  plan: z.string(),
  status: z.enum(['active', 'suspended']),
  budget_micro: z.int().nullable(),
  billing_anchor: time,
  created_at: time,
  member: z.strictObject({ id: z.string(), role: z.string() }),
});

const at = '2030-01-31T12:00:00.000Z';

/** What the document shows as examples. */
export const examples = {
  ownAccount: {
    id: 'acc_3vJ8wFq2',
    name: 'Acme',
    plan: 'standard',
    status: 'active',
    budget_micro: null,
    billing_anchor: at,
    created_at: at,
    member: { id: 'mem_9dKx2LpT', role: 'account_admin' },
  },
} as const;
