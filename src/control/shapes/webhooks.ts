import * as z from 'zod';
import { AT, pageOf, time } from './shape.ts';

/*
 * The shapes of webhook endpoints and of what was sent to them.
 */

const fields = {
  id: z.string(),
  /** null: the operator's. */
  account: z.string().nullable(),
  url: z.string(),
  description: z.string().nullable(),
  /** The types of events that it takes; null: all. */
  events: z.array(z.string()).nullable(),
  status: z.enum(['active', 'disabled']),
  /** `gone`: it answered 410; `failing`: it has failed for too long. */
  disabled_by: z.enum(['owner', 'gone', 'failing']).nullable(),
  created_at: time,
  /** How many attempts have failed since one went through, and since when. */
  failures: z.int(),
  failing_since: time.nullable(),
};

/** An endpoint: everything but its secrets. */
export const webhook = z.strictObject(fields).meta({ id: 'Webhook' });

/** A new endpoint. Its secret stands in this answer and nowhere else. */
export const newWebhook = z.strictObject({ secret: z.string(), ...fields }).meta({ id: 'NewWebhook' });

/** All endpoints: they are few. */
export const webhooks = z.strictObject({ webhooks: z.array(webhook) });

/** A new secret, which stands in this answer and nowhere else; the one before is valid until the grace period ends. */
export const rotatedWebhook = z
  .strictObject({ secret: z.string(), grace_period_ends_at: time, ...fields })
  .meta({ id: 'RotatedWebhook' });

const delivery = {
  id: z.string(),
  webhook: z.string(),
  event: z.string(),
  type: z.string(),
  key: z.string().nullable(),
  status: z.enum(['pending', 'delivered', 'failed']),
  attempts: z.int(),
  created_at: time,
  /** null: one is being made, or none will be as things are. */
  next_attempt_at: time.nullable(),
  ended_at: time.nullable(),
};

/** One event for one endpoint. */
export const webhookDelivery = z.strictObject(delivery).meta({ id: 'WebhookDelivery' });

const headers = z.record(z.string(), z.string());

/** The same with its attempts: what was sent and what came back, bodies as far as 4 KB. */
export const shownWebhookDelivery = z
  .strictObject({
    ...delivery,
    log: z.array(
      z.strictObject({
        number: z.int(),
        at: time,
        duration_ms: z.int(),
        /** null: there was no answer, and `error` says why. */
        status: z.int().nullable(),
        error: z.string().nullable(),
        request: z.strictObject({ url: z.string(), headers, body: z.string() }),
        response: z.strictObject({ headers, body: z.string() }).nullable(),
      }),
    ),
  })
  .meta({ id: 'ShownWebhookDelivery' });

export const webhookDeliveries = pageOf('deliveries', webhookDelivery);

const exampleWebhook = {
  id: 'whe_7hWq3Yd2',
  account: 'acc_3vJ8wFq2',
  url: 'https://hooks.example.com/keys',
  description: 'billing',
  events: ['key_rotated', 'key_revoked'],
  status: 'active',
  disabled_by: null,
  created_at: AT,
  failures: 0,
  failing_since: null,
} as const;
const ofOperator = { ...exampleWebhook, account: null, description: 'alerts', events: null } as const;
const SECRET = { secret: 'whsec_C2FVsBQIhrscChlQIMV…' } as const;
const GRACE = { grace_period_ends_at: '2030-02-01T12:00:00.000Z' } as const;

const exampleDelivery = {
  id: 'del_31',
  webhook: exampleWebhook.id,
  event: 'evt_7',
  type: 'key_revoked',
  key: 'key_9dKx2LpT',
  status: 'delivered',
  attempts: 1,
  created_at: AT,
  next_attempt_at: null,
  ended_at: '2030-01-31T12:00:01.000Z',
} as const;
const examplePending = {
  ...exampleDelivery,
  status: 'pending',
  next_attempt_at: '2030-01-31T12:30:00.000Z',
  ended_at: null,
} as const;
const exampleAttempt = {
  number: 1,
  at: AT,
  duration_ms: 87,
  status: 204,
  error: null,
  request: {
    url: exampleWebhook.url,
    headers: { 'content-type': 'application/json', 'webhook-id': 'evt_7', 'webhook-timestamp': '1896091200' },
    body: '{"id":"evt_7","type":"key_revoked"}',
  },
  response: { headers: { date: 'Thu, 31 Jan 2030 12:00:00 GMT' }, body: '' },
} as const;

/** What the document shows as examples; endpoints by whose they are. */
export const examples = {
  delivery: examplePending,
  deliveries: { deliveries: [exampleDelivery], next_cursor: null },
  shownDelivery: { ...exampleDelivery, log: [exampleAttempt] },
  test: { ...examplePending, type: 'test', key: null, attempts: 0, next_attempt_at: AT },
  account: {
    webhook: exampleWebhook,
    webhooks: { webhooks: [exampleWebhook] },
    newWebhook: { ...SECRET, ...exampleWebhook },
    rotatedWebhook: { ...SECRET, ...GRACE, ...exampleWebhook },
  },
  operator: {
    webhook: ofOperator,
    webhooks: { webhooks: [ofOperator] },
    newWebhook: { ...SECRET, ...ofOperator },
    rotatedWebhook: { ...SECRET, ...GRACE, ...ofOperator },
  },
} as const;
