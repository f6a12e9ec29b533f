import createClient, { type Client } from 'openapi-fetch';
import type { paths, webhooks } from './schema.ts';

export { type Answered, KeystileError, orThrow, type Refusal, refusalOf } from './refusal.ts';
export type { components, operations, paths } from './schema.ts';

/** The content types whose bodies are read as JSON. */
type Json = 'application/json' | 'application/problem+json';

/** A gateway's routes: `GET`, `POST`, `PATCH` and `DELETE` with typed paths, parameters, bodies, answers and errors. */
export type Keystile = Client<paths, Json>;

/** What an endpoint of webhooks is sent, by the type of the event; of all types, one that is told apart by its `type`. */
export type WebhookEvent<Type extends keyof webhooks = keyof webhooks> =
  webhooks[Type]['post']['requestBody']['content']['application/json'];

export interface KeystileOptions {
  /** Where the gateway is, with the `control.base_path` of its policy if that has one. */
  readonly baseUrl: string;
  /** An admin token, a session token of the sign-in, or an API key: whatever the routes that are called ask for. */
  readonly token?: string;
  /** The account that is meant, for sessions of several. */
  readonly account?: string;
  /** Sends requests in place of the global `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/**
 * A client of a gateway, for Node, browsers and Workers. An answer is `{ data }` or `{ error }`, beside its `response`;
 * {@link orThrow} makes one of the two an exception. Redirects are not followed, so that no token goes elsewhere.
 * Throws a `TypeError` where an option is malformed, without telling a token.
 *
 * @example
 * const keystile = createKeystile({ baseUrl: 'https://keys.example.com', token });
 * const { data, error } = await keystile.POST('/api/v1/user/api-keys', { body: { environment: 'live' } });
 */
export function createKeystile({ baseUrl, token, account, fetch }: KeystileOptions): Keystile {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password + url.search + url.hash !== '') {
    throw new TypeError('baseUrl: expected an http or https URL without credentials, query and fragment');
  }
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${visible('token', token)}` }),
    ...(account !== undefined && { 'x-keystile-account': visible('account', account) }),
  };
  return createClient<paths, Json>({ baseUrl: url.href, headers, redirect: 'manual', ...(fetch && { fetch }) });
}

/** What a header can carry: what cannot be sent is not told back, since an error is often logged. */
function visible(option: string, value: string): string {
  if (/^[\x21-\x7e]+$/.test(value)) return value;
  throw new TypeError(`${option}: expected visible ASCII characters without spaces`);
}
