import { findCredential, stripCredential } from '../../credential/parse.ts';
import type { KeyRecord } from '../../decision/record.ts';
import { renderDenial } from '../../decision/respond.ts';
import type { House } from '../../env.ts';
import type { HeaderRecord } from '../../gateway/headers.ts';
import { graceHeaders, identityOf, limitHeaders } from '../../gateway/identity.ts';
import { type Asked, clientOf, type Verdict } from '../../gateway/verify.ts';
import type { Policy } from '../../policy/schema.ts';
import { type Checked, invalid } from '../input.ts';
import { readTarget } from './question.ts';

/*
 * What the doors for nginx and Envoy have in common: a proxy asks about a request that it has, with the client's own
 * headers, and passes on what it is answered.
 */

const CLIENT_HEADER = 'x-real-ip';
const METHOD = /^[A-Z][A-Z-]{1,31}$/;

/** What a proxy says of the request that it asks about; `path` with its query, as the client sent it. */
interface Forwarded {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
}

/**
 * The request of a client as a proxy tells it; `X-Real-IP` has its address. What the proxy should have said is an
 * error of its configuration, whatever the client sent.
 */
export function proxiedRequest(
  policy: Policy,
  { method, path, headers }: Forwarded,
  requestId: string,
): Checked<Asked> {
  const client = clientOf(headers.get(CLIENT_HEADER) ?? '');
  if (client === null) return invalid('X-Real-IP', "expected the client's address, as the proxy knows it");
  if (!METHOD.test(method)) return invalid('X-Original-Method', "expected the method of the client's request");
  const credential = findCredential(headers, policy.credential.places);
  const asked: Asked = {
    requestId,
    credential: credential.kind === 'none' ? null : credential.text,
    method,
    target: readTarget(path),
    isRoleAsked: true,
    client,
    micro: 0,
  };
  return { ok: true, value: asked };
}

/** What the proxy sets for its origin, and for the client. */
export function admittedHeaders({ edge }: House, record: KeyRecord, requestId: string): HeaderRecord {
  return { ...identityOf(record), ...told(edge, record), 'x-request-id': requestId, 'cache-control': 'no-store' };
}

/** A refusal as the proxy would answer it. */
export function refusal({ edge, policy }: House, verdict: Extract<Verdict, { admitted: false }>, requestId: string) {
  const { denial, record } = verdict;
  const { status, headers, body } = renderDenial(policy, denial, requestId);
  return { status, body, headers: { ...headers, ...(record && told(edge, record)) } };
}

function told(edge: House['edge'], record: KeyRecord): HeaderRecord {
  return { ...limitHeaders(edge, record), ...graceHeaders(record) };
}

/**
 * What becomes of the headers in which credentials stand: those to take away, and those to set in their place, as where
 * a key was one of several subprotocols.
 */
export function withoutCredential(sent: Headers, { credential }: Policy): { gone: string[]; set: HeaderRecord } {
  const left = new Headers(sent);
  stripCredential(left, credential.places);
  const names = credential.places.map((place) => {
    if (place.in === 'header') return place.name;
    return place.in === 'websocket' ? 'sec-websocket-protocol' : 'authorization';
  });
  const gone = [...new Set(names)].filter((name) => !left.has(name));
  const changed = names.filter((name) => left.has(name) && left.get(name) !== sent.get(name));
  return { gone, set: Object.fromEntries(changed.map((name) => [name, left.get(name) ?? ''])) };
}
