import * as z from 'zod';
import { event, time } from './event.ts';

/*
 * The shapes of events that the operator's endpoints alone get.
 */

/** Of no account. */
const nobody = { account: z.null() };
const exampleOfNobody = { account: null } as const;

export const operatorEvents = {
  ip_locked: event(
    'ip_locked',
    'An address has failed so often that it is locked for a while.',
    { ...nobody, address: z.string(), locked_until: time },
    { ...exampleOfNobody, address: '203.0.113.7', locked_until: '2030-01-31T12:15:00.000Z' },
  ),
  gate_unavailable: event(
    'gate_unavailable',
    'Nobody could say whether requests may pass; they were refused, or served from the cache where the policy says so.',
    { ...nobody, cause: z.string(), served: z.literal('cached').optional() },
    { ...exampleOfNobody, cause: 'store' },
  ),
  upstream_unhealthy: event(
    'upstream_unhealthy',
    'An origin has failed so often that it is left out for a while.',
    { ...nobody, upstream: z.string(), origin: z.string() },
    { ...exampleOfNobody, upstream: 'api', origin: 'https://api.example.com' },
  ),
  outbox_stuck: event(
    'outbox_stuck',
    'Changes have waited for long to be in force everywhere.',
    { ...nobody, rows: z.int(), seconds: z.int() },
    { ...exampleOfNobody, rows: 2, seconds: 340 },
  ),
  dead_letter: event(
    'dead_letter',
    'Deliveries were given up: their attempts are used up, or the queue could not hand them over.',
    {
      account: z.string().nullable(),
      endpoint: z.string().nullable(),
      cause: z.enum(['attempts', 'queue']),
      deliveries: z.int(),
    },
    { account: 'acc_3vJ8wFq2', endpoint: 'whe_7hRk2MvX', cause: 'attempts', deliveries: 1 },
  ),
  cron_late: event(
    'cron_late',
    'The cron comes late: what it drives waits meanwhile.',
    { ...nobody, seconds: z.int() },
    { ...exampleOfNobody, seconds: 420 },
  ),
} as const;
