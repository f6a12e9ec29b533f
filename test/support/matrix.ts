import { type DenialReason, deny } from '../../src/decision/denial.ts';
import { renderDenial } from '../../src/decision/respond.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import type { Cluster, IssuedKey, Send } from './cluster.ts';
import { inTurn } from './in-turn.ts';
import type { Issuer, TokenOptions } from './issuer.ts';
import { operate } from './members.ts';
import { type Json, jsonOf } from './reply.ts';

/* Many calls at once, each with what it must come to, and those who make them. */

export const ALLOWED = 'allowed';

/** A call and what it must come to: {@link ALLOWED}, or what {@link said} tells. */
export interface Case {
  readonly name: string;
  readonly path: string;
  readonly send: Send;
  readonly want: string;
  /** What must not stand in the answer where it is allowed. */
  readonly hidden?: readonly string[];
  readonly isolate?: number;
}

/** A case from a call: `headers` and `how` are laid over it. */
export function caseOf(
  name: string,
  { path, send }: Pick<Case, 'path' | 'send'>,
  want: string,
  headers: Readonly<Record<string, string>> = {},
  how: Send = {},
): Case {
  return { name, path, send: { ...send, ...how, headers: { ...send.headers, ...headers } }, want };
}

/** How a refusal reads under the default policy: status and code. */
export function said(reason: DenialReason): string {
  const loaded = loadPolicy(undefined);
  if (!loaded.ok) throw new Error(loaded.problems.join('; '));
  const { status, body } = renderDenial(loaded.policy, deny(reason), 'request');
  return `${status} ${JSON.parse(body).code}`;
}

/** How a method that a path does not know is refused. */
export const wrongMethod = (allow: readonly string[]) => `405 request_invalid, allowed: ${allow.join(', ')}`;

/** What the cases came to that did not come to what they must; nothing where all did. */
export async function surprises(cluster: Cluster, cases: readonly Case[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  await inTurn(cases, async ({ name, path, send, want, hidden = [], isolate }) => {
    const isHead = send.method === 'HEAD';
    const { body, ...bare } = send;
    const response = await cluster.send(path, isHead ? bare : send, isolate);
    const text = await response.text();
    const got = outcome(response, text);
    const known = hidden.filter((mark) => text.includes(mark));
    // The answer to HEAD has no body that could tell a code.
    const wanted = isHead ? want.replace(/^(\d+) \w+/, '$1') : want;
    const call = `${name}: ${send.method ?? 'GET'} ${path}`;
    if (got !== wanted) found[call] = `expected ${wanted}, got ${got}: ${text.slice(0, 300)}`;
    else if (got === ALLOWED && known.length > 0) found[call] = `tells ${known.join(', ')}`;
  });
  return found;
}

function outcome({ status, headers }: Response, text: string): string {
  if (status < 300) return ALLOWED;
  const code = text === '' ? '' : ` ${jsonOf(text)?.code}`;
  return status === 405 ? `405${code}, allowed: ${headers.get('allow')}` : `${status}${code}`;
}

let addresses = 0;

/** A client address that nobody has used: whoever sends what is wrong is struck. */
export function freshAddress(): string {
  addresses += 1;
  return `198.18.${addresses >> 8}.${addresses & 255}`;
}

/** A member with two keys of its own, made while it was a developer. */
export interface Person {
  readonly user: string;
  readonly role: string;
  readonly account: string;
  readonly member: string;
  readonly session: Readonly<Record<string, string>>;
  readonly key: IssuedKey;
  /** The key that is for being removed. */
  readonly doomed: IssuedKey;
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A new member of an account. */
export async function memberOf(cluster: Cluster, account: string, user: string): Promise<string> {
  return (await made(operate(cluster, 'POST', `/accounts/${account}/members`, { user, role: 'developer' }))).id;
}

/** A new member of an account who has signed in, made keys and then got a role. */
export async function personOf(
  cluster: Cluster,
  issuer: Issuer,
  account: string,
  role: string,
  name = role,
): Promise<Person> {
  const user = `${name} of ${account}`;
  const member = await memberOf(cluster, account, user);
  const session = bearer(await issuer.token({ user }));
  const newKey = async (label: string): Promise<IssuedKey> => {
    const body = JSON.stringify({ environment: 'live', label: `${label} of ${user}` });
    const headers = { ...session, 'content-type': 'application/json' };
    const response = await cluster.send('/api/v1/user/api-keys', { method: 'POST', headers, body });
    if (response.status !== 201) throw new Error(`no key: ${response.status} ${await response.text()}`);
    return (await response.json()) as IssuedKey;
  };
  const [key, doomed] = await Promise.all([newKey('key'), newKey('doomed key')]);
  await made(operate(cluster, 'PATCH', `/accounts/${account}/members/${member}`, { role }));
  return { user, role, account, member, session, key, doomed };
}

async function made(asked: ReturnType<typeof operate>): Promise<Json> {
  const { status, text, body } = await asked;
  if (status >= 300) throw new Error(`${status} ${text}`);
  return body;
}

/** What is sent in place of what is asked for, and how it is refused. */
export type Wrong = readonly [name: string, headers: Readonly<Record<string, string>>, reason: DenialReason];

/** Session tokens of a user that are none: made by the issuer but for something else, or by others. */
export async function wrongSessions(
  cluster: Cluster,
  issuer: Issuer,
  stranger: Issuer,
  user: string,
): Promise<readonly Wrong[]> {
  const other = 'https://other.example.com';
  const made = async (name: string, options: TokenOptions, reason: DenialReason = 'session_invalid', by = issuer) =>
    [name, bearer(await by.token({ user }, options)), reason] as const;
  const over = await made('a session that was signed out', {});
  const signedOut = await cluster.send('/api/v1/user/logout', { method: 'POST', headers: over[1] });
  if (!signedOut.ok) throw new Error(`${signedOut.status} ${await signedOut.text()}`);
  return Promise.all([
    over,
    made('an expired session', { expiresIn: -60 }, 'session_expired'),
    made('a session for another audience', { audience: other }),
    made('a session for no audience', { audience: null }),
    made('a session of another issuer', { issuer: other }),
    made('an unsigned session', { alg: 'none' }),
    made('a session signed with the public key', { alg: 'HS256' }),
    made('a session signed by a stranger', { issuer: issuer.url }, 'session_invalid', stranger),
  ]);
}
