import { findCredential } from '../../credential/parse.ts';
import { addressKey } from '../../decision/address.ts';
import { type Denial, deny } from '../../decision/denial.ts';
import { compileRoles, type RoleMatcher } from '../../decision/roles.ts';
import type { House } from '../../env.ts';
import { lockOf } from '../../gateway/rates.ts';
import { strikeFor } from '../../gateway/strike.ts';
import { gateUnavailable } from '../../gateway/unavailable.ts';
import type { SessionPolicy } from '../../policy/schema.ts';
import type { Inviters, Membership } from '../../registry/members.ts';
import { invitersOf, MEMBERS_PATH } from '../accounts/ranks.ts';
import { type KeyCache, noKeys } from './jwks.ts';
import { membershipOf } from './membership.ts';
import { checkSession, type Identity } from './session.ts';

/** What the guard reads of a request. */
export interface UserRequest {
  readonly method: string;
  /** The path as roles name it: without `control.base_path`, and of two that mean the same the first. */
  readonly path: string;
  /** CF-Connecting-IP. */
  readonly address: string | null;
  readonly headers: Headers;
  readonly requestId: string;
  readonly nowMs: number;
}

/** What the guard compares with, and what it remembers between requests. */
export interface UserGuard {
  readonly house: House;
  readonly session: SessionPolicy;
  readonly keys: KeyCache;
  readonly permits: RoleMatcher;
  readonly inviters: Inviters;
}

/** Whose session it is. `source`: the client address as its lockout knows it. */
export interface InSession {
  readonly identity: Identity;
  readonly source: string;
}

/** Who has signed in, as a member of which account. */
export interface SignedIn extends Membership, InSession {}

export type UserGuarded<User extends InSession> =
  | { readonly ok: true; readonly user: User }
  | { readonly ok: false; readonly denial: Denial };

/** In which a user names the account that is meant, of several or one that has invited them. */
export const ACCOUNT_HEADER = 'X-Keystile-Account';
/** The form of a signed token (RFC 7515 §7.1), which a wide legacy format takes too. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** The guard of the customers' routes; null where the policy knows no sign-in. */
export function openUserGuard(house: House): UserGuard | null {
  const { session } = house.policy;
  if (session === null) return null;
  const { policy } = house;
  return { house, session, keys: noKeys(), permits: compileRoles(policy), inviters: invitersOf(policy) };
}

/**
 * Lets a session pass, or says why not. A token that nobody's issuer has signed is a strike against the address; one
 * that is over or was signed out is none, since honest pages send those. An API key is no session. Never throws: where
 * something cannot be asked nobody passes.
 */
export async function guardSession(guard: UserGuard, request: UserRequest): Promise<UserGuarded<InSession>> {
  const { edge, policy, logger } = guard.house;
  const source = request.address === null ? null : addressKey(request.address);
  if (source === null) return refused(deny('address_missing'));
  try {
    const locked = await lockOf(edge, source);
    if (locked !== null) return refused(locked);
    const token = /^Bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    if (token === undefined || (edge.format.read(token) !== null && !TOKEN.test(token))) {
      const key = findCredential(request.headers, policy.credential.places).kind !== 'none';
      const detail = 'an API key is no session: sign in, and send the session token as "Bearer <token>"';
      return refused(key ? deny('session_invalid', { detail }) : deny('session_missing'));
    }
    const checked = await checkSession(guard.session, guard.keys, token, request.nowMs);
    if (checked.kind === 'invalid') return refused(await strikeFor(edge, deny('session_invalid'), source, null));
    if (checked.kind === 'unknown_key') return refused(UNKNOWN_KEY);
    if (checked.kind === 'expired') return refused(deny('session_expired'));
    if (checked.kind === 'unreachable') return refused(keysUnreachable(guard));
    return { ok: true, user: { identity: checked.identity, source } };
  } catch {
    return refused(gateUnavailable({ alert: logger.alert }, 'session'));
  }
}

/** Lets a session pass as a member of its account, or says why not. Never throws, as {@link guardSession}. */
export async function guardUser(guard: UserGuard, request: UserRequest): Promise<UserGuarded<SignedIn>> {
  const session = await guardSession(guard, request);
  if (!session.ok) return session;
  try {
    const found = await membershipOf(guard, session.user.identity, request);
    if ('reason' in found) return refused(found);
    const denial = forbidden(guard.permits, found, request);
    return denial === null ? { ok: true, user: { ...found, ...session.user } } : refused(denial);
  } catch {
    return refused(gateUnavailable({ alert: guard.house.logger.alert }, 'session'));
  }
}

/** No strike: where the issuer has just changed its keys, this is what honest tokens meet for a while. */
const UNKNOWN_KEY = deny('session_invalid', {
  detail: "the token is signed by a key that is not known to be the issuer's: try again in a minute, or sign in again",
});

function keysUnreachable({ house }: UserGuard): Denial {
  const unavailable = gateUnavailable({ alert: house.logger.alert }, 'session_keys', {}, 2_000);
  return { ...unavailable, detail: 'the keys of the sign-in cannot be read' };
}

/** What the member's role, or the account's state, does not allow. A suspended account may be read; anyone may leave. */
function forbidden(permits: RoleMatcher, { member, account }: Membership, request: UserRequest): Denial | null {
  const { method, path } = request;
  const leaves = method === 'DELETE' && path === `${MEMBERS_PATH}/${member.id}`;
  if (!leaves && !permits(member.role, method, path)) {
    return deny('role_forbidden', { detail: `your role, ${member.role}, does not permit this call` });
  }
  const reads = method === 'GET' || method === 'HEAD';
  return account.status !== 'active' && !reads ? deny('account_suspended') : null;
}

function refused(denial: Denial): { readonly ok: false; readonly denial: Denial } {
  return { ok: false, denial };
}
