import * as oauth from 'oauth4webapi';
import type { Person } from './person.ts';

/** The one client that the local issuer knows: whatever runs on this machine, without a secret (RFC 8252). */
export const CLIENT_ID = 'keystile-local';
/** At any port: the issuer takes loopback addresses as RFC 8252, 7.3 says. */
export const REDIRECT_URI = 'http://127.0.0.1/callback';

const WITHIN_MS = 10_000;

/**
 * An access token of the local issuer: the authorization code flow with PKCE, in which the form is filled and no
 * browser is needed. Throws an error of one line where the issuer is not reached or refuses.
 */
export async function fetchToken(issuer: string, person: Person): Promise<string> {
  const options = { [oauth.allowInsecureRequests]: true, signal: AbortSignal.timeout(WITHIN_MS) };
  const client = { client_id: CLIENT_ID, id_token_signed_response_alg: 'ES256' };
  const discovered = await oauth.discoveryRequest(new URL(issuer), options);
  const server = await oauth.processDiscoveryResponse(new URL(issuer), discovered);

  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const start = new URL(server.authorization_endpoint ?? '', issuer);
  start.search = new URLSearchParams({
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    response_type: 'code',
    scope: 'openid',
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).toString();
  const callback = oauth.validateAuthResponse(server, client, await signIn(start, person, options.signal), state);
  const answered = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    callback,
    REDIRECT_URI,
    verifier,
    options,
  );
  return (await oauth.processAuthorizationCodeResponse(server, client, answered)).access_token;
}

/** Walks from the authorization request over the form to the address with the code, which is not visited. */
async function signIn(start: URL, person: Person, signal: AbortSignal): Promise<URL> {
  const cookies = new Map<string, string>();
  const visit = async (url: URL, form?: URLSearchParams) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const sent = form === undefined ? {} : { method: 'POST', body: form };
    const response = await fetch(url, { ...sent, headers: { cookie }, redirect: 'manual', signal });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (name !== undefined && value !== undefined) cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null) throw new Error((await response.text()).trim());
    return new URL(location, url);
  };
  const page = await visit(start);
  return visit(await visit(page, new URLSearchParams({ ...person })));
}
