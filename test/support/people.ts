import type { Cluster } from './cluster.ts';
import type { Issuer, Person, TokenOptions } from './issuer.ts';
import { type Reply, read } from './reply.ts';

/** How a call of a customer is sent beside its method, path and body. */
export interface Ask {
  readonly isolate?: number;
  /** The account that is meant, of several. */
  readonly account?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Somebody who has signed in. */
export interface Visitor {
  readonly token: string;
  /** Calls a route below `/api/v1/user`. */
  ask(method: string, path: string, body?: unknown, ask?: Ask): Promise<Reply>;
}

/** Signs a person in. */
export async function visit(
  cluster: Cluster,
  issuer: Issuer,
  person: Person,
  options: TokenOptions = {},
): Promise<Visitor> {
  const token = await issuer.token(person, options);
  return {
    token,
    ask: (method, path, body, { isolate = 0, account, headers = {} } = {}) =>
      read(
        cluster.send(
          `/api/v1/user${path}`,
          {
            method,
            headers: {
              authorization: `Bearer ${token}`,
              ...(account !== undefined && { 'x-keystile-account': account }),
              ...(body !== undefined && { 'content-type': 'application/json' }),
              ...headers,
            },
            ...(body !== undefined && { body: JSON.stringify(body) }),
          },
          isolate,
        ),
      ),
  };
}
