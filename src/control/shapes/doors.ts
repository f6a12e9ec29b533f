import * as z from 'zod';
import { DENIAL_REASONS } from '../../decision/denial.ts';
import { limit } from './limits.ts';
import { AT, time } from './shape.ts';

/*
 * The shapes of what services are told about keys.
 */

/** A limit, and what is left of it. `window_seconds`: null for one in total, or of a billing month. */
const limitLeft = limit.extend({ window_seconds: z.number().nullable() }).meta({ id: 'LimitLeft' });

/** Who the key is. `grace_period_ends_at`: null for its current secret. */
const key = {
  account: z.string(),
  key_id: z.string(),
  role: z.string(),
  environment: z.string(),
  plan: z.string(),
  user: z.string().nullable(),
  label: z.string().nullable(),
  expires_at: time.nullable(),
  grace_period_ends_at: time.nullable(),
};

/** Why a key is refused: the plain reason, and how the policy tells it. `exceeded`: every limit that refused. */
const refusal = {
  reason: z.enum(DENIAL_REASONS),
  code: z.string(),
  status: z.int(),
  message: z.string(),
  detail: z.string().optional(),
  retry_after_seconds: z.int().min(1).optional(),
  exceeded: z.array(z.string()).optional(),
};

/** Failed attempts that count now, and until when they lock. null: nothing is known to look at. */
const lockout = z.strictObject({ strikes: z.int().min(0), locked_until: time.nullable() }).nullable();

/** What there is in each decision: what was looked at, and with `explain` all reasons at once. */
const every = {
  request_id: z.string(),
  role_checked: z.boolean(),
  address_checked: z.boolean(),
  explained: z.literal(true).optional(),
  reasons: z.array(z.strictObject(refusal)).optional(),
  lockouts: z.strictObject({ address: lockout, secret: lockout }).optional(),
};

const admitted = z.strictObject({ valid: z.literal(true), ...every, ...key, limits: z.array(limitLeft) });
const refused = z.strictObject({
  valid: z.literal(false),
  ...every,
  ...refusal,
  ...z.strictObject(key).partial().shape,
  limits: z.array(limitLeft).optional(),
});

/** What a service is told about a key. */
export const decision = z.discriminatedUnion('valid', [admitted, refused]).meta({ id: 'Decision' });
/** What a service is told about a key. */
export type Decision = z.output<typeof decision>;
export type Refusal = z.output<z.ZodObject<typeof refusal>>;

/** What the document shows as examples. */
export const examples = {
  question: { key: 'ks_live_Ab3dE9…', method: 'POST', path: '/v1/chat/completions', client_ip: '203.0.113.7' },
  decision: {
    valid: true,
    request_id: '0b7c1b5e-7d2c-4b53-9a43-6f0d6a4f1f11',
    role_checked: true,
    address_checked: true,
    account: 'acc_3vJ8wFq2',
    key_id: 'key_9dKx2LpT',
    role: 'developer',
    environment: 'live',
    plan: 'standard',
    user: null,
    label: 'production',
    expires_at: null,
    grace_period_ends_at: null,
    limits: [{ name: 'rate', unit: 'requests', limit: 600, remaining: 599, window_seconds: 60, resets_at: AT }],
  },
} as const;
