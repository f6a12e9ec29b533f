import { stripCredential, subprotocolToAnswer } from '../credential/parse.ts';
import { type Denial, deny } from '../decision/denial.ts';
import { serverTiming } from '../decision/server-timing.ts';
import type { CredentialPlace } from '../policy/schema.ts';
import type { Background } from './ask.ts';
import { ASSERTION_HEADER } from './assertion.ts';
import { mayTry, recordAnswer, recordFailure } from './breaker.ts';
import { type CompiledCors, writeCors } from './cors.ts';
import type { Counters } from './counters.ts';
import { dropFromAnswer, type HeaderRecord, isSocketUpgrade, passedOn, setAll, setForwarded } from './headers.ts';
import { type Measured, type Metering, measure } from './measure.ts';
import type { CompiledRoute, Origin } from './routes.ts';
import { isLong, type Watch, watchStream } from './stream.ts';
import { LATE, openUpload, type RequestBody, type Upload } from './upload.ts';
import { watchSocket } from './websocket.ts';

/** One admitted request, and what forwarding it takes. */
export interface ForwardCall {
  readonly body: RequestBody;
  /** Of the request, each read once. */
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** Normalised, see `path.ts`. */
  readonly path: string;
  readonly search: string;
  readonly route: CompiledRoute;
  readonly places: readonly CredentialPlace[];
  /** `x-keystile-…` and `x-request-id` for the origin. */
  readonly identity: HeaderRecord;
  /** Who calls, signed for an audience; null: the origin is told nothing of the kind. */
  readonly assertion: ((audience: string) => string | Promise<string>) | null;
  readonly clientAddress: string;
  /** Set on the answer: `x-request-id`, limits. */
  readonly answerHeaders: HeaderRecord;
  readonly cors: CompiledCors | null;
  /** How a long answer is checked while it runs; null on public routes. */
  readonly watch: Watch | null;
  /** How what it came to is measured; null on public routes. */
  readonly metering: Metering | null;
  /** When the request arrived, for `Server-Timing`; null: not told. */
  readonly timedFromMs: number | null;
  readonly nowMs: () => number;
  readonly counters: Pick<Counters, 'raise' | 'time'>;
  readonly alert: Background['alert'];
}

export type Forwarded =
  | {
      readonly kind: 'response';
      readonly response: Response;
      /** Null on public routes. */
      readonly measured: Measured | Promise<Measured> | null;
    }
  | { readonly kind: 'denial'; readonly denial: Denial };

/**
 * Methods that may be sent twice (RFC 9110 §9.2.2). The runtime does not tell whether a connection failed before or
 * after the request went out, so only these, and only without a body, are tried on another origin.
 */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/**
 * Forwards a request to its route's origins and passes the answer on, both as streams. Denies with `path_refused` what
 * was never meant for an origin, with `body_too_large`, with `upstream_timeout` when no first byte came in the route's
 * time, and with `upstream_unreachable`. When the runtime notices that the client has gone away, which it does when it
 * writes to it, it drops what the request had under way.
 */
export async function forward(call: ForwardCall): Promise<Forwarded> {
  const { method, route } = call;
  const headers = requestHeaders(call);
  if (headers === null) return denied('path_refused');
  const upload = openUpload(call.body, call.headers, route.maxBodyBytes, route.timeoutMs);
  if (upload === null) return denied('body_too_large');
  const init: Outgoing = {
    method,
    headers,
    body: upload.body,
    redirect: 'manual',
    ...(upload.signal !== undefined && { signal: upload.signal }),
    // Encoded bodies pass as they are, also through a pipe.
    encodeResponseBody: 'manual',
  };
  const sentAtMs = call.nowMs();
  const response = await tryOrigins(call, init, upload);
  if (response === null) {
    return denied(
      upload.isTooLarge() ? 'body_too_large' : upload.isLate() ? 'upstream_timeout' : 'upstream_unreachable',
    );
  }
  return passBack(call, response, upload, sentAtMs);
}

/** What goes out, with headers that each origin's own are set on. */
type Outgoing = RequestInit & { readonly headers: Headers };

function denied(reason: 'path_refused' | 'body_too_large' | 'upstream_timeout' | 'upstream_unreachable'): Forwarded {
  return { kind: 'denial', denial: deny(reason) };
}

function requestHeaders(call: ForwardCall): Headers | null {
  const { headers: sent, route } = call;
  const headers = passedOn(sent);
  if (headers === null) return null;
  stripCredential(headers, call.places);
  for (const [name, value] of route.headers) headers.set(name, value);
  setForwarded(headers, call.clientAddress, call.url);
  setAll(headers, call.identity);
  if (isSocketUpgrade(sent)) headers.set('upgrade', 'websocket');
  if (call.body instanceof Uint8Array) headers.delete('content-length');
  if (call.metering?.price.from === 'usage') headers.set('accept-encoding', readable(sent, call.metering.strip));
  return headers;
}

/** The codings in which an answer's usage is read as it passes; what is taken out of it again must be plain. */
function readable(sent: Headers, strip: boolean): string {
  return !strip && sent.get('accept-encoding')?.includes('gzip') ? 'gzip' : 'identity';
}

/** The first answer of an origin; null where none came. Of origins that are all left out, the first is tried. */
async function tryOrigins(call: ForwardCall, init: Outgoing, upload: Upload): Promise<Response | null> {
  const { route } = call;
  const target = withoutPrefix(call.path, route.stripPrefix) + call.search;
  const isRepeatable = upload.body === null && REPEATABLE.has(call.method);
  let hasTried = false;
  for (const origin of route.origins) {
    if (!mayTry(origin.breaker, call.nowMs)) continue;
    hasTried = true;
    const response = await tryOrigin(call, origin, target, init, upload);
    if (response !== null || !isRepeatable || upload.isLate()) return response;
  }
  const [first] = route.origins;
  return hasTried || first === undefined ? null : tryOrigin(call, first, target, init, upload);
}

async function tryOrigin(
  call: ForwardCall,
  origin: Origin,
  target: string,
  init: Outgoing,
  upload: Upload,
): Promise<Response | null> {
  const { route, counters, nowMs } = call;
  const assertion = call.assertion?.(origin.audience);
  if (assertion !== undefined) {
    init.headers.set(ASSERTION_HEADER, typeof assertion === 'string' ? assertion : await assertion);
  }
  const sentAtMs = nowMs();
  try {
    const response = await Promise.race([origin.fetch(origin.base + target, init), upload.late]);
    if (response !== LATE) {
      upload.answered();
      recordAnswer(origin.breaker);
      counters.time(route.name, nowMs() - sentAtMs);
      if (response.status >= 500) counters.raise(`origin_errors ${route.name} 5xx`);
      return response;
    }
  } catch {
    // The runtime's errors carry no stable code; what this side ended, `upload` knows, all else is "unreachable".
  }
  if (upload.isTooLarge()) return null;
  counters.raise(`origin_errors ${route.name} ${upload.isLate() ? 'timeout' : 'unreachable'}`);
  if (recordFailure(origin.breaker, nowMs())) {
    call.alert('upstream_unhealthy', { upstream: route.name, origin: origin.name });
  }
  return null;
}

function withoutPrefix(path: string, prefix: string): string {
  if (prefix === '' || !path.startsWith(prefix)) return path;
  if (path.length === prefix.length) return '/';
  return path.charAt(prefix.length) === '/' ? path.slice(prefix.length) : path;
}

function passBack(call: ForwardCall, upstream: Response, upload: Upload, sentAtMs: number): Forwarded {
  const { watch, cors, metering, timedFromMs } = call;
  const length = upstream.headers.get('content-length');
  const passing = watched(upstream, length, watch, upload);
  const { body, measured } =
    metering === null ? { body: passing.body, measured: null } : measure(passing, length, metering);
  // With headers that can be changed. A short answer keeps its body, which then never enters JavaScript.
  const response = upstream.webSocket === null ? new Response(body, passing) : join(call, upstream.webSocket, upstream);
  const { headers } = response;
  dropFromAnswer(headers, cors !== null);
  // It is good for whoever holds it: an origin that echoes what it was sent gives it to no client.
  if (call.assertion !== null) headers.delete(ASSERTION_HEADER);
  setAll(headers, call.answerHeaders);
  if (timedFromMs !== null) {
    const timing = { admissionMs: sentAtMs - timedFromMs, originMs: call.nowMs() - sentAtMs };
    headers.append('server-timing', serverTiming(timing));
  }
  if (metering?.price.from === 'header') headers.delete(metering.price.header);
  if (metering?.strip) headers.delete('content-length');
  if (cors !== null) writeCors(cors, call.headers.get('origin'), headers);
  return { kind: 'response', response, measured };
}

/** The origin's WebSocket, and a subprotocol of the gateway's own where the client offered nothing but its key. */
function join(call: ForwardCall, origin: WebSocket, { headers: answered }: Response): Response {
  const { watch } = call;
  const headers = new Headers(answered);
  const own = subprotocolToAnswer(call.headers, call.places);
  if (own !== null && !headers.has('sec-websocket-protocol')) headers.set('sec-websocket-protocol', own);
  return new Response(null, { status: 101, headers, webSocket: watch === null ? origin : watchSocket(origin, watch) });
}

/**
 * The answer with a check while it runs, if it may run for long. Before it is measured: the pipe through which it then
 * passes reads from the origin, and never from what this Worker's code writes, where the runtime lets it stand still.
 */
function watched(upstream: Response, length: string | null, watch: Watch | null, upload: Upload): Response {
  const { body } = upstream;
  const isWatched = watch !== null && body !== null && (isLong(length) || upload.isOpen());
  return isWatched ? new Response(watchStream(body, watch), upstream) : upstream;
}
