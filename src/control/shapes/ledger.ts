import * as z from 'zod';
import { AT, counts, pageOf, time } from './shape.ts';

/*
 * The shapes of what an account's ledger tells: credits, the request log and usage.
 */

/** A grant, or what a day has spent. */
export const movement = z
  .strictObject({
    id: z.string(),
    kind: z.enum(['grant', 'spent', 'unreported']),
    at: time,
    micro: z.int(),
    note: z.string().nullable(),
    actor: z.string().nullable(),
  })
  .meta({ id: 'CreditMovement' });

/** Where an account stands, in millionths of a credit. */
export const balance = z
  .strictObject({
    balance_micro: z.int(),
    held_micro: z.int(),
    spent_micro: z.int(),
    unreported_micro: z.int(),
    granted_micro: z.int(),
    month: z.strictObject({
      starts_at: time,
      ends_at: time,
      spent_micro: z.int(),
      budget_micro: z.int().nullable(),
    }),
  })
  .meta({ id: 'Balance' });

/** The same with what led there. */
export const credits = z
  .strictObject({ account: z.string(), ...balance.shape, ...pageOf('movements', movement).shape })
  .meta({ id: 'Credits' });

/** A request, as the log keeps it. */
export const logEntry = z
  .strictObject({
    request_id: z.string(),
    at: time,
    key: z.string(),
    label: z.string().nullable(),
    category: z.string().nullable(),
    environment: z.string(),
    method: z.string(),
    path: z.string(),
    status: z.int(),
    reason: z.string().nullable(),
    ttfb_ms: z.number(),
    bytes: z.int().nullable(),
    address: z.string().nullable(),
    country: z.string().nullable(),
    micro: z.int(),
    prompt_tokens: z.int(),
    completion_tokens: z.int(),
  })
  .meta({ id: 'LogEntry' });

export const logs = pageOf('entries', logEntry);

const figures = {
  requests: z.int(),
  statuses: counts,
  reasons: counts,
  micro: z.int(),
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  ttfb_ms: z.strictObject({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
};

/** What requests came to, by hour or by day; one without requests is left out. */
export const usage = z
  .strictObject({
    account: z.string(),
    by: z.enum(['hour', 'day']),
    from: time,
    to: time,
    points: z.array(z.strictObject({ starts_at: time, ...figures })),
    sums: z.strictObject(figures),
  })
  .meta({ id: 'Usage' });

const exampleGrant = {
  id: 'invoice-2030-01',
  kind: 'grant',
  at: AT,
  micro: 50_000_000,
  note: 'January',
  actor: 'admin:ops',
} as const;

const exampleEntry = {
  request_id: '0b7c1b5e-7d2c-4b53-9a43-6f0d6a4f1f11',
  at: AT,
  key: 'key_9dKx2LpT',
  label: 'production',
  category: null,
  environment: 'live',
  method: 'POST',
  path: '/v1/chat/completions',
  status: 200,
  reason: null,
  ttfb_ms: 212,
  bytes: 1_834,
  address: '203.0.113.7',
  country: 'NL',
  micro: 1_250,
  prompt_tokens: 310,
  completion_tokens: 95,
} as const;

const exampleFigures = {
  requests: 42,
  statuses: { '2xx': 40, '4xx': 2 },
  reasons: { rate_limited: 2 },
  micro: 52_500,
  prompt_tokens: 13_020,
  completion_tokens: 3_990,
  ttfb_ms: { p50: 212, p95: 480, p99: 910 },
} as const;

const exampleBalance = {
  balance_micro: 49_947_500,
  held_micro: 0,
  spent_micro: 52_500,
  unreported_micro: 0,
  granted_micro: 50_000_000,
  month: { starts_at: AT, ends_at: '2030-02-28T12:00:00.000Z', spent_micro: 52_500, budget_micro: null },
} as const;

/** What the document shows as examples. */
export const examples = {
  movement: exampleGrant,
  balance: exampleBalance,
  credits: { account: 'acc_3vJ8wFq2', ...exampleBalance, movements: [exampleGrant], next_cursor: null },
  logs: { entries: [exampleEntry], next_cursor: null },
  logLines: `${JSON.stringify(exampleEntry)}\n`,
  usage: {
    account: 'acc_3vJ8wFq2',
    by: 'hour',
    from: AT,
    to: '2030-01-31T13:00:00.000Z',
    points: [{ starts_at: AT, ...exampleFigures }],
    sums: exampleFigures,
  },
} as const;
