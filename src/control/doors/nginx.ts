import type { House } from '../../env.ts';
import type { Asked, Verdict } from '../../gateway/verify.ts';
import type { Checked } from '../input.ts';
import { invalid } from '../input.ts';
import { admittedHeaders, proxiedRequest, refusal } from './proxied.ts';

/** Where nginx asks by `auth_request`. */
export const NGINX = '/authz/nginx';

/** What a header's value may hold without being read in two ways. */
const UNSAFE = /[^\x20-\x7e]/g;

/** The request that nginx asks about, from the headers that its configuration sets. */
export function nginxAsks({ policy }: House, { headers }: Request, requestId: string): Checked<Asked> {
  const path = headers.get('x-original-uri') ?? '';
  if (!path.startsWith('/')) return invalid('X-Original-URI', "expected the path of the client's request");
  return proxiedRequest(policy, { method: headers.get('x-original-method') ?? '', path, headers }, requestId);
}

/**
 * The answer to `auth_request`, which knows 2xx, 401 and 403 and takes everything else for a failure: what is not a
 * 401 is a 403, and the real status stands beside the reason and the body in headers, for `auth_request_set`.
 */
export function nginxAnswer(house: House, { requestId }: Asked, verdict: Verdict): Response {
  if (verdict.admitted) {
    return new Response(null, { status: 204, headers: admittedHeaders(house, verdict.record, requestId) });
  }
  const { reason } = verdict.denial;
  const { status, headers, body } = refusal(house, verdict, requestId);
  return new Response(body, {
    status: status === 401 ? 401 : 403,
    headers: {
      ...headers,
      'x-keystile-reason': reason,
      'x-keystile-code': house.policy.denials[reason].code.replace(UNSAFE, '?'),
      'x-keystile-status': String(status),
      'x-keystile-body': body.replace(UNSAFE, escaped),
    },
  });
}

/** As JSON writes it in ASCII (RFC 8259 §7). */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
