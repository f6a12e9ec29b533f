import * as z from 'zod';
import { AT, pageOf, time } from './shape.ts';

/*
 * The shape of the audit trail.
 */

/** One thing that was done, by whom and from where; `before` and `after` hold the fields that it altered. */
export const auditEntry = z
  .strictObject({
    id: z.string(),
    at: time,
    actor: z.string(),
    action: z.string(),
    account: z.string().nullable(),
    key: z.string().nullable(),
    address: z.string().nullable(),
    request_id: z.string().nullable(),
    before: z.unknown(),
    after: z.unknown(),
  })
  .meta({ id: 'AuditEntry' });

export const audit = pageOf('entries', auditEntry);

const ACCOUNT = 'acc_3vJ8wFq2';
const KEY = 'key_9dKx2LpT';

/** What the document shows as examples. */
export const examples = {
  audit: {
    entries: [
      {
        id: '7',
        at: '2030-01-31T12:10:00.000Z',
        actor: 'admin:ops',
        action: 'key.revoked',
        account: ACCOUNT,
        key: KEY,
        address: '203.0.113.7',
        request_id: '0b7c1b5e-7d2c-4b53-9a43-6f0d6a4f1f11',
        before: { status: 'active' },
        after: { status: 'revoked' },
      },
      {
        id: `${AT} ${KEY} rate_limited`,
        at: AT,
        actor: `key:${KEY}`,
        action: 'key.limit_reached',
        account: ACCOUNT,
        key: KEY,
        address: null,
        request_id: null,
        before: null,
        after: { reason: 'rate_limited', requests: 12, hour: AT },
      },
    ],
    next_cursor: null,
  },
} as const;
