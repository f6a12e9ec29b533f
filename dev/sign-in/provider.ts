import type { JsonWebKey } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Configuration, errors, Provider } from 'oidc-provider';
import { readBody } from '../body.ts';
import { CLIENT_ID, REDIRECT_URI } from './client.ts';
import { PAGE_HEADERS, signInPage } from './page.ts';
import { claimsOf, type Person, readPerson } from './person.ts';
import { memoryStore } from './store.ts';

/** What the provider is told. */
export interface ProviderOptions {
  /** Its own address. */
  readonly url: string;
  /** Its private key, for ES256. */
  readonly key: JsonWebKey;
  /** Who its access tokens are for: the claim `aud`. */
  readonly audience: string;
  /** The roles from which one may choose. */
  readonly roles: readonly string[];
}

const ALG = 'ES256';
const HOUR = 3_600;
const MAX_FORM_BYTES = 4_096;

/**
 * An OpenID provider (OpenID Connect Core 1.0; authorization code with PKCE, RFC 7636) that takes everybody's word for
 * who they are, and answers with JWT access tokens (RFC 9068) for one audience. All that it keeps is in memory.
 */
export function providerListener(options: ProviderOptions): RequestListener {
  const people = new Map<string, Person>();
  const provider = new Provider(options.url, configuration(options, people));
  const answer = provider.callback();
  return (request, response) => {
    if (!request.url?.startsWith('/sign-in/')) return void answer(request, response);
    signIn(provider, options, people, request, response).catch((error) => {
      const isOver = error instanceof errors.SessionNotFound;
      text(response, isOver ? 400 : 500, isOver ? 'this sign-in is over; begin again' : String(error));
    });
  };
}

/** People are found by the grant that they made, so that two sign-ins under one name do not mix. */
function configuration({ key, audience }: ProviderOptions, people: ReadonlyMap<string, Person>): Configuration {
  return {
    adapter: memoryStore(),
    jwks: { keys: [{ ...key, alg: ALG, use: 'sig' }] },
    clients: [
      {
        client_id: CLIENT_ID,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: [REDIRECT_URI],
        id_token_signed_response_alg: ALG,
      },
    ],
    scopes: ['openid'],
    responseTypes: ['code'],
    clientBasedCORS: () => false,
    interactions: { url: (_context, { uid }) => `/sign-in/${uid}` },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    extraTokenClaims(_context, token) {
      const person = 'grantId' in token && token.grantId !== undefined ? people.get(token.grantId) : undefined;
      return person === undefined ? undefined : claimsOf(person);
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo(_context, resource) {
          if (resource !== audience) throw new errors.InvalidTarget();
          return { scope: '', audience, accessTokenFormat: 'jwt', accessTokenTTL: HOUR, jwt: { sign: { alg: ALG } } };
        },
      },
    },
    ttl: {
      AccessToken: HOUR,
      AuthorizationCode: 60,
      IdToken: HOUR,
      Interaction: HOUR,
      Session: 8 * HOUR,
      Grant: 8 * HOUR,
    },
    renderError(context, { error, error_description: description }) {
      context.type = 'text/plain';
      context.body = `${error}: ${description ?? ''}\n`;
    },
  };
}

/** Shows the form, or takes it and sends the browser on. */
async function signIn(
  provider: Provider,
  { roles }: ProviderOptions,
  people: Map<string, Person>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    response.writeHead(200, PAGE_HEADERS).end(signInPage(roles));
    return;
  }
  const body = await readBody(request, MAX_FORM_BYTES);
  const person = readPerson(new URLSearchParams(body?.toString()), roles);
  if (typeof person === 'string') return text(response, 400, person);
  const grant = new provider.Grant({ accountId: person.name, clientId: String(params.client_id) });
  grant.addOIDCScope('openid');
  const grantId = await grant.save();
  people.set(grantId, person);
  await provider.interactionFinished(request, response, { login: { accountId: person.name }, consent: { grantId } });
}

function text(response: ServerResponse, status: number, line: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end(`${line}\n`);
}
