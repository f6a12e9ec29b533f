/*
 * Which headers pass through the gateway. Each touch of a header is a call into the runtime and names come out as new
 * strings, so a request's names are gone through once, for the families that a client may have added to, and an
 * answer's not at all.
 */

/** Fields of one connection only, RFC 9110 §7.6.1, in either direction. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * Fields of a request by which a client could tell the origin another address, host, path or method than the ones
 * that were checked here.
 */
const CLAIMS = [
  'client-ip',
  'forwarded',
  'true-client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-real-ip',
  'x-rewrite-url',
];

/** Origins behind CGI, WSGI and the like read `_` and `-` in a name as the same (RFC 3875 §4.1.18). */
const REQUEST_ONLY_HERE = new Set([...HOP_BY_HOP, ...CLAIMS, ...CLAIMS.map((name) => name.replaceAll('-', '_'))]);

/**
 * `CF-*` describes the client's connection to the edge, and a caller outside the edge can write it as it likes. Some
 * servers read whatever is no letter and no digit as a `_`.
 */
const REQUEST_FAMILIES = /^(?:x[^a-z0-9]keystile|x[^a-z0-9]forwarded|cf)[^a-z0-9]/;

/** Of an answer's connection fields the runtime takes out the others itself. */
const ANSWER_ONLY_HERE = ['proxy-authenticate', 'proxy-connection'];
/** All CORS response headers of the Fetch standard. */
const CORS = ['origin', 'credentials', 'methods', 'headers', 'private-network']
  .map((name) => `access-control-allow-${name}`)
  .concat('access-control-expose-headers', 'access-control-max-age');

/** An HTTP field name, RFC 9110 §5.1. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Names and values to set; names in lower case. */
export type HeaderRecord = Readonly<Record<string, string>>;

/** In which a proxy that asks about a request sends its service key, beside the key of its client. */
export const SERVICE_KEY_HEADER = 'x-keystile-service-key';

/**
 * A copy of the client's headers without those that end here. Null where a service key is among them: that is no request
 * to forward, but a question whose path was resolved away from its door on the way here.
 */
export function passedOn(headers: Headers): Headers | null {
  const passed = new Headers(headers);
  for (const name of headers.keys()) {
    if (!REQUEST_ONLY_HERE.has(name) && !REQUEST_FAMILIES.test(name)) continue;
    if (name === SERVICE_KEY_HEADER) return null;
    passed.delete(name);
    if (name === 'connection') dropNamed(passed, headers.get(name) ?? '');
  }
  return passed;
}

/** Whether this asks for a WebSocket (RFC 6455 §4.1). */
export function isSocketUpgrade(headers: Headers): boolean {
  return headers.get('upgrade')?.toLowerCase() === 'websocket';
}

/** Removes from an origin's answer what ends here; with `ownCors` the origin's CORS headers too. */
export function dropFromAnswer(headers: Headers, ownCors: boolean): void {
  const connection = headers.get('connection');
  if (connection !== null) dropNamed(headers, connection);
  for (const name of ANSWER_ONLY_HERE) headers.delete(name);
  if (ownCors) for (const name of CORS) headers.delete(name);
}

function dropNamed(headers: Headers, connection: string): void {
  for (const named of connection.split(',')) {
    const name = named.trim();
    if (TOKEN.test(name)) headers.delete(name);
  }
}

/** Sets every entry. */
export function setAll(headers: Headers, entries: HeaderRecord): void {
  for (const name in entries) {
    const value = entries[name];
    if (value !== undefined) headers.set(name, value);
  }
}

/** Who called and how, as origins read it. `Forwarded` is left out: a second form of the same facts can only differ. */
export function setForwarded(headers: Headers, clientAddress: string, url: string): void {
  const scheme = url.startsWith('https:') ? 'https' : 'http';
  const host = scheme.length + 3;
  headers.set('x-forwarded-for', clientAddress);
  headers.set('x-forwarded-proto', scheme);
  headers.set('x-forwarded-host', url.slice(host, url.indexOf('/', host)));
  headers.set('x-real-ip', clientAddress);
}
