import { type Denial, deny } from '../decision/denial.ts';
import { renderDenial } from '../decision/respond.ts';
import type { Policy } from '../policy/schema.ts';

/** Where a secret stands: that of a key, by its environment, or that of a webhook endpoint, by its own id. */
export type ShownSecret =
  | { readonly field: string; readonly environment: string }
  | { readonly field: string; readonly signing: string };

/** What a control route answers, before it has the policy's shape. */
export type Answer =
  | {
      readonly kind: 'json';
      readonly status: 200 | 201;
      readonly body: object;
      /** In which field of the body a secret stands: it is not kept with the answer. */
      readonly secret?: ShownSecret;
    }
  | { readonly kind: 'empty' }
  | { readonly kind: 'text'; readonly body: string; readonly contentType: string }
  | { readonly kind: 'stream'; readonly body: ReadableStream<Uint8Array>; readonly contentType: string }
  /** `also` stands beside the fields of the error: what was done all the same. */
  | { readonly kind: 'denied'; readonly denial: Denial; readonly also?: object }
  | { readonly kind: 'wrong_method'; readonly allow: readonly string[] };

export const EMPTY: Answer = { kind: 'empty' };

export function json(body: object, status: 200 | 201 = 200): Answer {
  return { kind: 'json', status, body };
}

export function denied(denial: Denial, also?: object): Answer {
  return also === undefined ? { kind: 'denied', denial } : { kind: 'denied', denial, also };
}

/** "Recorded, not yet in force": the outbox sweep drives it through, and so does the same call again. */
export function notInForce(also?: object): Answer {
  return denied(deny('not_in_force', { retryAfterMs: 5_000 }), also);
}

/** The answer as it goes over the wire. */
export function respond(policy: Policy, answer: Answer, requestId: string): Response {
  const headers = { 'cache-control': 'no-store', 'x-request-id': requestId };
  switch (answer.kind) {
    case 'json':
      return Response.json(answer.body, { status: answer.status, headers });
    case 'text':
    case 'stream':
      return new Response(answer.body, { headers: { ...headers, 'content-type': answer.contentType } });
    case 'empty':
      return new Response(null, { status: 204, headers });
    case 'denied': {
      const { status, headers, body } = renderDenial(policy, answer.denial, requestId);
      return new Response(answer.also === undefined ? body : beside(body, answer.also), { status, headers });
    }
    case 'wrong_method':
      return wrongMethod(policy, answer.allow, requestId);
  }
}

/** The policy may shape an error as anything; what is not an object stands under `error`. */
function beside(rendered: string, also: object): string {
  const error: unknown = JSON.parse(rendered);
  const fields = typeof error === 'object' && error !== null && !Array.isArray(error) ? error : { error };
  return JSON.stringify({ ...fields, ...also });
}

/** 405 is the row of `request_invalid` with its own status, since policies have no row for it (RFC 9110 §15.5.6). */
function wrongMethod(policy: Policy, allow: readonly string[], requestId: string): Response {
  const row = { ...policy.denials.request_invalid, status: 405 };
  const shaped = { ...policy, denials: { ...policy.denials, request_invalid: row } };
  const methods = allow.join(', ');
  const { headers, body } = renderDenial(
    shaped,
    deny('request_invalid', { detail: `method: use ${methods}` }),
    requestId,
  );
  return new Response(body, { status: 405, headers: { ...headers, allow: methods } });
}

/** RFC 3339 in UTC. */
export function rfc3339(atMs: number): string;
export function rfc3339(atMs: number | null): string | null;
export function rfc3339(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
