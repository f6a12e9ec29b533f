import * as z from 'zod';
import { DENIAL_REASONS } from '../../decision/denial.ts';
import { accountQuery, text, time, token } from '../input.ts';

/** A span of time: from the first time on, and before the second. */
const span = { from: time.optional(), to: time.optional() };
const isForward = ({ from, to }: { from?: number | undefined; to?: number | undefined }) =>
  from === undefined || to === undefined || from < to;
const FORWARD = { path: ['to'], error: 'expected a time after from' };

/** Exactly `404`, or all of `4xx`; the lowest and the highest status once read. */
const statuses = z
  .string()
  .regex(/^[1-5](?:\d\d|xx)$/, 'expected a status like "404" or a class like "4xx"')
  .transform((wanted): [least: number, most: number] => [
    Number(wanted.replace('xx', '00')),
    Number(wanted.replace('xx', '99')),
  ]);

const category = text(64);

const trail = accountQuery.extend({
  ...span,
  key: token.optional(),
  actor: token.optional(),
  action: token.optional(),
});

/** What of the audit trail of an account. `action`: one of them, or with a dot at its end all that begin so. */
export const ownAuditQuery = trail.refine(isForward, FORWARD);

/** What of the audit trail of all accounts, or of one. */
export const auditQuery = trail.extend({ account: token.optional() }).refine(isForward, FORWARD);

/** Which reports of leaked keys. */
export const leakQuery = accountQuery.extend({ account: token.optional(), key: token.optional() });

/** Which requests to list, or to export. */
export const logQuery = accountQuery
  .extend({
    ...span,
    key: token.optional(),
    category: category.optional(),
    status: statuses.optional(),
    reason: z.enum(DENIAL_REASONS, 'expected the reason of a denial, like "rate_limited"').optional(),
    format: z.enum(['json', 'ndjson'], 'expected "json" or "ndjson"').optional(),
  })
  .refine(isForward, FORWARD);

const series = { ...span, by: z.enum(['hour', 'day'], 'expected "hour" or "day"').default('hour') };

/** Which usage of one key. */
export const keyUsageQuery = z.strictObject(series).refine(isForward, FORWARD);

/** Which usage. */
export const usageQuery = z
  .strictObject({ ...series, key: token.optional(), category: category.optional() })
  .refine(isForward, FORWARD);
