import * as z from 'zod';
import { time } from './shape.ts';

/*
 * The shapes of what operators ask of the gateway as a whole.
 */

/** How often a source was struck in the window, and until when it is locked. */
export const lockout = z
  .strictObject({
    kind: z.enum(['ip', 'secret']),
    subject: z.string(),
    strikes: z.int(),
    locked_until: time.nullable(),
  })
  .meta({ id: 'Lockout' });

const probe = z.strictObject({ reachable: z.boolean(), latency_ms: z.int() }).meta({ id: 'Probe' });

const version = { version: z.int(), current: z.boolean(), configured: z.boolean() };

const origin = z.strictObject({
  name: z.string(),
  failures_in_a_row: z.int(),
  left_out_until: time.nullable(),
});

/** How the gateway stands; null: what could not be asked. */
export const status = z
  .strictObject({
    policy: z.strictObject({ preset: z.string(), digest: z.string() }),
    stores: z.strictObject({ d1: probe, kv: probe, gate: probe, lockout: probe }),
    outbox: z.strictObject({ waiting: z.int(), oldest_at: time.nullable() }).nullable(),
    peppers: z.array(z.strictObject({ ...version, digests: z.int() })).nullable(),
    webhook_keys: z.array(z.strictObject({ ...version, secrets: z.int() })).nullable(),
    origins: z.array(z.strictObject({ upstream: z.string(), origins: z.array(origin) })),
  })
  .meta({ id: 'Status' });

/** Which keys of a page were compared with their gates, repaired, or could not be yet. */
export const reconciled = z
  .strictObject({
    checked: z.int(),
    repaired: z.array(z.string()),
    pending: z.array(z.string()),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'Reconciled' });

/** The gateway answers. */
export const health = z.strictObject({ status: z.literal('ok') });

const reachable = { reachable: true, latency_ms: 4 } as const;

/** What the document shows as examples. */
export const examples = {
  lockout: { kind: 'ip', subject: '203.0.113.7', strikes: 3, locked_until: null },
  status: {
    policy: { preset: 'keystile', digest: '9f1b3c5d7e901122' },
    stores: { d1: reachable, kv: reachable, gate: reachable, lockout: reachable },
    outbox: { waiting: 0, oldest_at: null },
    peppers: [{ version: 1, current: true, configured: true, digests: 120 }],
    webhook_keys: [{ version: 1, current: true, configured: true, secrets: 3 }],
    origins: [
      {
        upstream: 'api',
        origins: [{ name: 'https://api.example.com', failures_in_a_row: 0, left_out_until: null }],
      },
    ],
  },
  reconciled: { checked: 100, repaired: [], pending: [], next_cursor: 'key_9dKx2LpT' },
  metrics: [
    '# HELP keystile_outbox_rows Changes that are not known to be in force everywhere.',
    '# TYPE keystile_outbox_rows gauge',
    'keystile_outbox_rows 0',
    '',
  ].join('\n'),
  health: { status: 'ok' },
} as const;
