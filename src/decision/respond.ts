import type { BodyTemplate, Policy } from '../policy/schema.ts';
import type { Denial, DenialReason } from './denial.ts';

/** A refusal as it goes over the wire; header names are lower-case. */
export interface RenderedDenial {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a body template of the policy may name. */
export const BODY_PLACEHOLDERS = [
  'status',
  'title',
  'code',
  'message',
  'reason',
  'detail',
  'limits',
  'request_id',
] as const;
/** What a message of the policy may name. */
export const MESSAGE_PLACEHOLDERS = ['limits', 'rates'] as const;

type Values = Record<(typeof BODY_PLACEHOLDERS)[number], BodyValue>;
type BodyValue = string | number | readonly string[] | undefined;
type Filled = BodyTemplate | readonly string[] | undefined;

/** RFC 6750 §3.1: nothing was sent, so no error is named. */
const NOTHING_SENT: ReadonlySet<DenialReason> = new Set(['missing_credential', 'session_missing', 'admin_missing']);
const SCOPE: ReadonlySet<DenialReason> = new Set(['role_forbidden', 'trial_rotation', 'admin_forbidden']);
const CHALLENGE = 'Bearer realm="keystile"';

/** Of a refusal for a rate, the limits that are such rates, and how a message names them. */
const RATES: { readonly [reason in DenialReason]?: Readonly<Record<string, string>> } = {
  rate_limited: { rate_second: 'per-second', rate: 'per-minute' },
  plan_rate: { plan_second: 'per-second', plan: 'per-minute' },
};

/** The phrases of RFC 9110 §15 for what policies use; RFC 9457 §4.2.1 wants them as titles of `about:blank`. */
const PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/**
 * Renders a refusal by the policy's denial table and body template, with the headers that belong to its status:
 * `WWW-Authenticate` on 401 and for a lacking role (RFC 6750 §3), `Retry-After` in whole seconds on 429 and 503.
 */
export function renderDenial(policy: Policy, denial: Denial, requestId: string): RenderedDenial {
  const { status, code } = policy.denials[denial.reason];
  const limits = denial.limits !== undefined && denial.limits.length > 0 ? denial.limits : undefined;
  const told = messageOf(policy, denial);
  const body = fill(policy.error.body, {
    status,
    title: PHRASES[status] ?? (status < 500 ? 'Client Error' : 'Server Error'),
    code,
    message: told,
    reason: denial.reason,
    detail: denial.detail ?? told,
    limits,
    request_id: requestId,
  });
  return { status, headers: headersOf(policy, denial, status, requestId), body: JSON.stringify(body ?? null) };
}

/** The policy's message for a refusal. */
export function messageOf(policy: Policy, denial: Denial): string {
  return fillText(policy.denials[denial.reason].message, { limits: denial.limits ?? [], rates: ratesOf(denial) });
}

function ratesOf({ reason, limits = [] }: Denial): string {
  const names = RATES[reason] ?? {};
  return limits.flatMap((limit) => names[limit] ?? []).join(' and ');
}

function headersOf(policy: Policy, denial: Denial, status: number, requestId: string): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': policy.error.content_type,
    'cache-control': 'no-store',
    'x-request-id': requestId,
  };
  const challenge = challengeOf(denial.reason, status);
  if (challenge !== null) headers['www-authenticate'] = challenge;
  if (status === 429 || status === 503) headers['retry-after'] = String(wholeSeconds(denial.retryAfterMs));
  return headers;
}

function challengeOf(reason: DenialReason, status: number): string | null {
  if (status === 403 && SCOPE.has(reason)) return `${CHALLENGE}, error="insufficient_scope"`;
  if (status !== 401) return null;
  return NOTHING_SENT.has(reason) ? CHALLENGE : `${CHALLENGE}, error="invalid_token"`;
}

/** Rounded up, and at least one, so that who waits is not early. */
function wholeSeconds(retryAfterMs: number | undefined): number {
  return Number.isFinite(retryAfterMs) ? Math.max(1, Math.ceil((retryAfterMs ?? 0) / 1_000)) : 1;
}

/** A string that is one placeholder becomes the value itself; a field without a value is left out. */
function fill(template: BodyTemplate, values: Values): Filled {
  if (typeof template === 'string') {
    const whole = BODY_PLACEHOLDERS.find((name) => template === `{${name}}`);
    return whole === undefined ? fillText(template, values) : values[whole];
  }
  if (typeof template !== 'object' || template === null) return template;
  const filled: Record<string, Filled> = {};
  for (const [field, inner] of Object.entries(template)) filled[field] = fill(inner, values);
  return filled as BodyTemplate;
}

/** In one pass: what is filled in is not read again. */
function fillText(template: string, values: Readonly<Record<string, BodyValue>>): string {
  return template.replace(/\{([a-z_]+)\}/g, (placeholder, name: string) => {
    if (!Object.hasOwn(values, name)) return placeholder;
    const value = values[name];
    return Array.isArray(value) ? value.join(', ') : String(value ?? '');
  });
}
