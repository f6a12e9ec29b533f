/*
 * Which headers pass through the gateway. Both directions take one pass over the names, since reading a header costs
 * a call into the runtime; values are read and written only where something is to be done.
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

const REQUEST_ONLY_HERE = new Set([...HOP_BY_HOP, ...CLAIMS]);
const RESPONSE_ONLY_HERE = new Set(HOP_BY_HOP);

/** `CF-*` describes the client's connection to the edge, and a caller outside the edge can write it as it likes. */
const REQUEST_FAMILIES = /^(?:x-keystile-|x-forwarded-|cf-)/;
const RESERVED = /^x-keystile-/;
const RESERVED_AND_CORS = /^(?:x-keystile-|access-control-)/;

/** Names and values to set; names in lower case. */
export type HeaderRecord = Readonly<Record<string, string>>;

/** A copy of the client's headers without those that end here. */
export function passedOn(headers: Headers): Headers {
  const passed = new Headers(headers);
  drop(passed, REQUEST_ONLY_HERE, REQUEST_FAMILIES);
  return passed;
}

/** Removes from an origin's answer what ends here; with `ownCors` the origin's CORS headers too. */
export function dropFromAnswer(headers: Headers, ownCors: boolean): void {
  drop(headers, RESPONSE_ONLY_HERE, ownCors ? RESERVED_AND_CORS : RESERVED);
}

function drop(headers: Headers, names: ReadonlySet<string>, families: RegExp): void {
  const connection = headers.get('connection');
  for (const name of headers.keys()) {
    if (names.has(name) || families.test(name)) headers.delete(name);
  }
  if (connection === null) return;
  for (const named of connection.split(',')) {
    const name = named.trim();
    if (TOKEN.test(name)) headers.delete(name);
  }
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

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
