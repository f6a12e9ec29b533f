import { type Keystile, orThrow } from '../../src/client/client.ts';
import { ADMIN_TOKEN, type Cluster, type IssuedKey, type KeyFields } from './cluster.ts';
import type { Issuer } from './issuer.ts';
import { type Ask, visit } from './people.ts';
import { type Reply, read } from './reply.ts';

/* Members of accounts, signed in by tokens that hold on clocks which are skewed or moved; and the operator. */

/** Longer than any clock of a test is off. */
const TOKEN_SPAN_MS = 36_000_000;

/** A member who has signed in, for one account. */
export interface Member {
  readonly id: string;
  readonly user: string;
  readonly account: string;
  /** Calls a route below `/api/v1/user`. */
  ask(method: string, path: string, body?: unknown, ask?: Omit<Ask, 'account'>): Promise<Reply>;
  /** The client, for this account. */
  client(isolate?: number): Promise<Keystile>;
}

/** Calls an admin route. */
export function operate(
  cluster: Cluster,
  method: string,
  path: string,
  body?: unknown,
  { isolate = 0, headers = {} }: Omit<Ask, 'account'> = {},
): Promise<Reply> {
  const own = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json', ...headers };
  const sent = { method, headers: own, ...(body !== undefined && { body: JSON.stringify(body) }) };
  return read(cluster.send(`/admin/v1${path}`, { ...sent, address: '198.51.100.7' }, isolate));
}

/** Signs a member in, for one account. */
export async function signIn(
  cluster: Cluster,
  issuer: Issuer,
  { id, user, account, email }: Omit<Member, 'ask' | 'client'> & { readonly email?: string },
): Promise<Member> {
  const times = { nowMs: Date.now() - TOKEN_SPAN_MS, expiresIn: (2 * TOKEN_SPAN_MS) / 1_000 };
  const visitor = await visit(
    cluster,
    issuer,
    { user, ...(email !== undefined && { email, email_verified: true }) },
    times,
  );
  return {
    id,
    user,
    account,
    ask: (method, path, body, how) => visitor.ask(method, path, body, { ...how, account }),
    client: async (isolate = 0) => cluster.client(visitor.token, { isolate, account }),
  };
}

/** Lets a user into an account, with a role, and signs them in. */
export async function letIn(
  cluster: Cluster,
  issuer: Issuer,
  account: string,
  role: string,
  user: string,
): Promise<Member> {
  const sent = { params: { path: { id: account } }, body: { user, role } };
  const { id } = await orThrow(cluster.operator().POST('/admin/v1/accounts/{id}/members', sent));
  return signIn(cluster, issuer, { id, user, account });
}

/** A new key that a member makes. */
export async function keyOf(member: Member, fields: KeyFields = {}, isolate = 0): Promise<IssuedKey> {
  const client = await member.client(isolate);
  return orThrow(client.POST('/api/v1/user/api-keys', { body: { environment: 'live', ...fields } }));
}
