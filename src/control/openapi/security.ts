import type { DenialReason } from '../../decision/denial.ts';
import type { Policy } from '../../policy/schema.ts';
import { ACCESS_HEADER } from '../guards/access.ts';
import { KEY_HEADER, SIGNATURE_HEADER } from '../leaks/signature.ts';

type Scheme = Readonly<Record<string, string>>;

const BEARER = { type: 'http', scheme: 'bearer' } as const;

/** What shows that a session, an admin, a key or a signature is asked for: that it is missed. */
const ASKS = {
  session: 'session_missing',
  admin: 'admin_missing',
  key: 'missing_credential',
  signature: 'signature_invalid',
} as const;

/** Every way to show who one is, by its name in the document. */
export function securitySchemes(policy: Policy): Readonly<Record<string, Scheme>> {
  return {
    session: { ...BEARER, bearerFormat: 'JWT', description: 'A session token of the sign-in.' },
    admin: { ...BEARER, description: 'An admin token.' },
    access: { type: 'apiKey', in: 'header', name: ACCESS_HEADER, description: 'The JWT of Cloudflare Access.' },
    signer: { type: 'apiKey', in: 'header', name: KEY_HEADER, description: 'Which published key has signed the body.' },
    signature: { type: 'apiKey', in: 'header', name: SIGNATURE_HEADER, description: 'The signature of the body.' },
    ...Object.fromEntries(policy.credential.places.map((place) => [nameOf(place), schemeOf(place)])),
  };
}

type Place = Policy['credential']['places'][number];

function nameOf(place: Place): string {
  return place.in === 'header' ? `key_${place.name}` : `key_${place.in}`;
}

function schemeOf(place: Place): Scheme {
  const header = { type: 'apiKey', in: 'header' } as const;
  switch (place.in) {
    case 'bearer':
      return { ...BEARER, description: 'An API key.' };
    case 'bare':
      return { ...header, name: 'Authorization', description: 'An API key, by itself.' };
    case 'header':
      return { ...header, name: place.name, description: 'An API key.' };
    case 'websocket':
      return { ...header, name: 'Sec-WebSocket-Protocol', description: `An API key behind "${place.prefix}".` };
  }
}

/** What a call has to show, any one of these, as its refusals tell; nothing: it is open to anyone. */
export function securityOf(policy: Policy, reasons: readonly DenialReason[]): Readonly<Record<string, []>>[] {
  if (reasons.includes(ASKS.session)) return [{ session: [] }];
  if (reasons.includes(ASKS.admin)) {
    // Only who comes through Access can come too late.
    return reasons.includes('session_expired') ? [{ admin: [] }, { access: [] }] : [{ admin: [] }];
  }
  if (reasons.includes(ASKS.signature)) return [{ signer: [], signature: [] }];
  if (!reasons.includes(ASKS.key)) return [];
  return policy.credential.places.filter((place) => place.in !== 'websocket').map((place) => ({ [nameOf(place)]: [] }));
}
