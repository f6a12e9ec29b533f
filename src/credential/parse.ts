import type { CredentialPlace } from '../policy/schema.ts';

/** What a request presents; whether it reads like a key is for `KeyFormat.read` to say. */
export type Found =
  | { readonly kind: 'none' }
  | { readonly kind: 'found'; readonly text: string; readonly place: CredentialPlace };

const NONE: Found = { kind: 'none' };
const BEARER = 'bearer';
const PROTOCOLS = 'sec-websocket-protocol';

/**
 * The credential in the first of `places` that has one; the others are not compared with it. A `Bearer` without a
 * token and another scheme (Basic, Digest) are no credential.
 */
export function findCredential(headers: Headers, places: readonly CredentialPlace[]): Found {
  for (const place of places) {
    const text = textAt(headers, place);
    if (text !== null && text !== '') return { kind: 'found', text, place };
  }
  return NONE;
}

function textAt(headers: Headers, place: CredentialPlace): string | null {
  switch (place.in) {
    case 'bearer':
      return authorization(headers, true);
    case 'bare':
      return authorization(headers, false);
    case 'header':
      return headers.get(place.name)?.trim() ?? null;
    case 'websocket': {
      const offer = offers(headers).find((each) => each.startsWith(place.prefix) && each !== place.prefix);
      return offer?.slice(place.prefix.length) ?? null;
    }
  }
}

/** RFC 9110 §11.4: `scheme 1*SP credentials`, the scheme in any case. Tabs are taken for spaces. */
function authorization(headers: Headers, isBearer: boolean): string | null {
  const value = headers.get('authorization')?.trim() ?? '';
  const schemeEnd = value.search(/[ \t]/);
  const scheme = schemeEnd < 0 ? value : value.slice(0, schemeEnd);
  const namesBearer = scheme.length === BEARER.length && scheme.toLowerCase() === BEARER;
  if (isBearer) return namesBearer ? value.slice(BEARER.length).trim() : null;
  return schemeEnd < 0 && !namesBearer ? value : null;
}

/** The subprotocols that a WebSocket client offers; empty list elements are ignored (RFC 9110 §5.6.1). */
function offers(headers: Headers): string[] {
  const list = headers.get(PROTOCOLS)?.split(',') ?? [];
  return list.map((offer) => offer.trim()).filter((offer) => offer !== '');
}

/**
 * Removes every credential from headers that will be forwarded, whichever of them was used: the header of each place,
 * and of the WebSocket subprotocols only those that carry a key.
 */
export function stripCredential(headers: Headers, places: readonly CredentialPlace[]): void {
  for (const place of places) {
    if (place.in === 'header') headers.delete(place.name);
    else if (place.in === 'websocket') stripOffers(headers, place.prefix);
    else headers.delete('authorization');
  }
}

function stripOffers(headers: Headers, prefix: string): void {
  const offered = offers(headers);
  const others = offered.filter((offer) => !offer.startsWith(prefix));
  if (others.length === offered.length) return;
  if (others.length === 0) headers.delete(PROTOCOLS);
  else headers.set(PROTOCOLS, others.join(', '));
}

/**
 * The subprotocol that the gateway itself must name in `Sec-WebSocket-Protocol` of its 101, or null. A browser fails a
 * connection for which none of its offers was chosen (WHATWG WebSockets §2, RFC 6455 §4.1); where all of them carry
 * keys the origin is left none to choose. It repeats the client's own secret to the client: never log or cache it.
 * Takes the headers as they came, before `stripCredential`.
 */
export function subprotocolToAnswer(headers: Headers, places: readonly CredentialPlace[]): string | null {
  const offered = offers(headers);
  const prefixes = places.flatMap((place) => (place.in === 'websocket' ? [place.prefix] : []));
  const carriesKey = (offer: string) => prefixes.some((prefix) => offer.startsWith(prefix));
  return offered.every(carriesKey) ? (offered[0] ?? null) : null;
}
