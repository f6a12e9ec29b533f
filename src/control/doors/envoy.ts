import type { House } from '../../env.ts';
import { ASSERTION_HEADER } from '../../gateway/assertion.ts';
import { SERVICE_KEY_HEADER } from '../../gateway/headers.ts';
import type { Asked, Verdict } from '../../gateway/verify.ts';
import type { Checked } from '../input.ts';
import { admittedHeaders, proxiedRequest, refusal, withoutCredential } from './proxied.ts';

/** In front of the paths about which Envoy asks: its `path_prefix`. */
export const ENVOY = '/authz/envoy';

/** Names of the client's request that Envoy is to take away. */
const REMOVED = 'x-envoy-auth-headers-to-remove';
/** What the origin believes, and a client could send where this answer does not set it. */
const CLAIMED = ['x-keystile-user', ASSERTION_HEADER, SERVICE_KEY_HEADER];

/** What no host name has, and by which the client's `Host` would move the start of the path. */
const MOVES_PATH = /[/?#\\]/;

/**
 * The request that Envoy asks about: its own, with the path behind {@link ENVOY}. With a `Host` by which it cannot be
 * told where that begins it has none, and is refused.
 */
export function envoyAsks({ policy }: House, request: Request, requestId: string): Checked<Asked> {
  const { method, headers, url } = request;
  const from = url.indexOf('/', url.indexOf('://') + 3) + policy.control.base_path.length + ENVOY.length;
  const path = MOVES_PATH.test(headers.get('host') ?? '') ? '' : url.slice(from);
  return proxiedRequest(policy, { method, path, headers }, requestId);
}

/** The answer to Envoy: 200 with what the origin is to know, or the very answer that the client is to have. */
export function envoyAnswer(house: House, { requestId }: Asked, verdict: Verdict, sent: Headers): Response {
  if (!verdict.admitted) {
    const { status, headers, body } = refusal(house, verdict, requestId);
    return new Response(body, { status, headers });
  }
  const headers = admittedHeaders(house, verdict.record, requestId);
  const { gone, set } = withoutCredential(sent, house.policy);
  const removed = [...gone, ...CLAIMED.filter((name) => !Object.hasOwn(headers, name))];
  return new Response(null, { status: 200, headers: { ...headers, ...set, [REMOVED]: removed.join(',') } });
}
