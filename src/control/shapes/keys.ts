import * as z from 'zod';
import { counted, examples as ofLimits, quotas } from './limits.ts';
import { AT, pageOf, time } from './shape.ts';

/*
 * The shapes of keys, as who has signed in sees them and as operators do.
 */

const fields = {
  id: z.string(),
  account: z.string(),
  /** The member who made it; null: an operator did. */
  creator: z.string().nullable(),
  prefix: z.string(),
  environment: z.string(),
  role: z.string(),
  label: z.string().nullable(),
  category: z.string().nullable(),
  expires_at: time.nullable(),
  rate_limit_per_second: z.int().nullable(),
  rate_limit_per_minute: z.int().nullable(),
  quotas,
  credit_quotas: quotas,
  addresses: z.array(z.string()).nullable(),
  metadata: z.record(z.string(), z.string()),
  created_at: time,
};

/** A key: everything but its secret. */
export const key = z
  .strictObject({
    ...fields,
    status: z.enum(['active', 'inactive', 'expired', 'revoked']),
    revoked_at: time.nullable(),
  })
  .meta({ id: 'Key' });

/** A new key. Its secret stands in this answer and nowhere else. */
export const newKey = z.strictObject({ key: z.string(), ...fields }).meta({ id: 'NewKey' });

/** null: never used, or the ledger cannot be asked. */
const lastUsed = z.strictObject({ at: time, address: z.string().nullable() }).nullable();

const listedKey = z.strictObject({ ...key.shape, last_used: lastUsed }).meta({ id: 'ListedKey' });

export const keys = pageOf('keys', listedKey);

/** A key with what its gate has counted; null: the gate cannot be asked. */
export const shownKey = z.strictObject({ ...listedKey.shape, usage: counted.nullable() }).meta({ id: 'ShownKey' });

/** Which keys of a set are revoked, and which are not yet. */
export const revokedKeys = z.strictObject({
  revoked: z.array(z.string()),
  pending: z.array(z.string()),
  more: z.boolean(),
});

/** Whose a secret is. */
export const foundKey = z.strictObject({ digest: z.string(), key: key.nullable() });

const exampleFields = {
  id: 'key_9dKx2LpT',
  account: 'acc_3vJ8wFq2',
  creator: 'mem_9dKx2LpT',
  prefix: 'ks_live_Ab3dE9',
  environment: 'live',
  role: 'developer',
  label: 'production',
  category: null,
  expires_at: null,
  rate_limit_per_second: null,
  rate_limit_per_minute: 600,
  quotas: { monthly: 1_000_000 },
  credit_quotas: {},
  addresses: ['203.0.113.0/24'],
  metadata: { team: 'search' },
  created_at: AT,
} as const;
const exampleKey = { ...exampleFields, status: 'active', revoked_at: null } as const;
const exampleUse = { last_used: { at: AT, address: '203.0.113.7' } } as const;

/** What the document shows as examples. */
export const examples = {
  key: exampleKey,
  newKey: { key: 'ks_live_Ab3dE9…', ...exampleFields },
  keys: { keys: [{ ...exampleKey, ...exampleUse }], next_cursor: null },
  shownKey: { ...exampleKey, ...exampleUse, usage: ofLimits.counted },
  inactiveKey: { ...exampleKey, status: 'inactive' },
  revokedKeys: { revoked: ['key_9dKx2LpT'], pending: [], more: false },
  foundKey: { digest: 'v3lJ0m2xq5bQ4c1Zk8nT7yRwSaUeDfGhIjKlMnOpQrs', key: exampleKey },
} as const;
