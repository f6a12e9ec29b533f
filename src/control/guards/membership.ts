import { addressKey } from '../../decision/address.ts';
import { type Denial, deny } from '../../decision/denial.ts';
import type { Policy } from '../../policy/schema.ts';
import type { Actor } from '../../registry/audit.ts';
import type { Force } from '../../registry/force.ts';
import { admitMember, joinBySignIn } from '../../registry/joining.ts';
import {
  findSession,
  type Invitation,
  type Inviters,
  type KnownSession,
  type Membership,
} from '../../registry/members.ts';
import { changeRole } from '../../registry/members-change.ts';
import { holds, settleKeys } from '../accounts/in-force.ts';
import { administeringRoles, rolesOfKeys } from '../accounts/ranks.ts';
import { forceOf } from '../desk.ts';
import { FRESH } from '../entropy.ts';
import type { Identity } from './session.ts';
import { signedOut } from './sign-out.ts';
import { ACCOUNT_HEADER, type UserGuard, type UserRequest } from './user.ts';

/** Who signs in, and where it is looked up and noted. */
interface SignIn {
  readonly policy: Policy;
  readonly inviters: Inviters;
  readonly force: Force;
  readonly identity: Identity;
  /** The account that the request names; null: none. */
  readonly named: string | null;
  readonly actorOf: (member: string) => Actor;
  readonly nowMs: number;
}

/** The longest name that an account is given by a claim. */
const LONGEST_NAME = 100;

const NO_ACCOUNT = deny('not_found', { detail: 'you have no such account' });
const NOT_IN_FORCE = deny('not_in_force', { retryAfterMs: 5_000 });

/**
 * The account that a session acts for, and its member there with the role that counts now. The account is the one that
 * the request names, else that of the organisation in the token, else the user's own; where signing in makes no
 * accounts, else the first one joined. Who may join does so here. A member who is known costs one round trip of the
 * registry.
 */
export async function membershipOf(
  { house, inviters }: Pick<UserGuard, 'house' | 'inviters'>,
  identity: Identity,
  request: UserRequest,
): Promise<Membership | Denial> {
  const { nowMs, requestId } = request;
  const { policy, env } = house;
  const address = request.address === null ? null : addressKey(request.address);
  const actorOf = (member: string) => ({ name: `member:${member}`, address, requestId });
  const named = request.headers.get(ACCOUNT_HEADER);
  const signIn: SignIn = { policy, inviters, force: forceOf(house), identity, named, actorOf, nowMs };
  const known = await findSession(
    env.DB.withSession('first-primary'),
    { ...identity, account: named, inviters },
    nowMs,
  );
  if (known.ended) return signedOut();
  const found = chosen(signIn, known) ?? (await comeIn(signIn, known));
  return 'reason' in found ? found : withClaimedRole(signIn, found);
}

/** Of the accounts that are open to the session the one that it is for. */
function chosen({ policy, identity, named }: SignIn, { memberships }: KnownSession): Membership | undefined {
  const mine = memberships.filter((each) => each.member.status === 'active' && isOpen(identity, each));
  if (named !== null) return mine.find(({ account }) => account.id === named);
  const external = externalOf(identity);
  const own = mine.find(({ account }) => account.externalId === external);
  return own ?? (policy.members.join === 'sign_in' ? undefined : mine[0]);
}

/**
 * Who came in by signing in for an organisation is a member for as long as their token names it: whom the issuer has
 * taken out of it has no more than they had before. Who was invited or added needs no claim.
 */
function isOpen(identity: Identity, { member, account }: Membership): boolean {
  if (member.joinedBy !== 'sign_in') return true;
  return account.externalId === `user:${identity.user}` || account.externalId === externalOf(identity);
}

/** Whose account a session is for, as `accounts.external_id` names it. */
function externalOf({ organisation, user }: Identity): string {
  return organisation === null ? `user:${user}` : `org:${organisation}`;
}

/**
 * Makes the user a member. An invitation needs their consent: the request names its account, or they belong nowhere and
 * have signed in where people join by invitation.
 */
function comeIn(signIn: SignIn, known: KnownSession): Promise<Membership | Denial> | Denial {
  const { policy, named } = signIn;
  const isNowhere = known.memberships.every(({ member }) => member.status !== 'active');
  const accepts = named !== null || (policy.members.join === 'invitation' && isNowhere);
  if (accepts && known.invitation !== null) return accept(signIn, known, known.invitation);
  return named === null ? joinAccount(signIn, known) : NO_ACCOUNT;
}

/** Joins the account of an invitation. Who was removed comes back by one that was made later. */
async function accept(signIn: SignIn, known: KnownSession, invitation: Invitation): Promise<Membership | Denial> {
  const { policy, inviters, force, identity, named, actorOf, nowMs } = signIn;
  const { accountId: account, role } = invitation;
  const before = known.memberships.find((membership) => membership.account.id === account)?.member.id;
  const member = before ?? FRESH.id('mem');
  const admission = {
    user: identity.user,
    email: identity.email,
    account,
    member,
    role,
    keyRoles: rolesOfKeys(policy, role),
    invitation: { ...invitation, inviters },
  };
  const joined = await admitMember(force.db, admission, actorOf(member), nowMs);
  if (before !== undefined && !holds(await settleKeys(force, { memberId: member }))) return NOT_IN_FORCE;
  if (joined?.member.status === 'active' && isOpen(identity, joined)) return joined;
  return named === null ? deny('membership_missing') : NO_ACCOUNT;
}

/** Makes the account of this session, or joins it, where the policy lets people join by signing in. */
async function joinAccount(signIn: SignIn, known: KnownSession): Promise<Membership | Denial> {
  const { policy, force, identity, actorOf, nowMs } = signIn;
  const external = externalOf(identity);
  const wasMember = known.memberships.some(({ account }) => account.externalId === external);
  if (policy.members.join !== 'sign_in' || wasMember) return deny('membership_missing');
  const { organisation, email, user } = identity;
  const member = FRESH.id('mem');
  const first = {
    user,
    email,
    external,
    account: FRESH.id('acc'),
    member,
    name: (organisation ?? email ?? user).slice(0, LONGEST_NAME),
    plan: policy.default_plan,
    firstRole: policy.members.first_role,
    role: identity.role ?? policy.members.default_role,
  };
  const joined = await joinBySignIn(force.db, first, actorOf(member), nowMs);
  return joined?.member.status === 'active' ? joined : deny('membership_missing');
}

/**
 * The role of the token, where the policy says that it counts each time: it is given to the member first, as any role
 * is; a token without one says the default role. Of the last who administers the account it counts for this session
 * alone. It counts where the member came in by the claim of the organisation, or whoever is an admin at home would be
 * one wherever they are invited; and only if it is newer than what was heeded last, or an older token would undo it.
 */
async function withClaimedRole(signIn: SignIn, { member, account }: Membership): Promise<Membership | Denial> {
  const { policy, force, identity, actorOf, nowMs } = signIn;
  const { organisation, issuedAtMs } = identity;
  const isAbout = member.joinedBy === 'sign_in' && account.externalId === `org:${organisation}`;
  const counts = policy.members.role_from_claim && isAbout && organisation !== null;
  if (!counts || issuedAtMs <= member.roleIssuedAtMs) return { member, account };
  const role = identity.role ?? policy.members.default_role;
  const name = { account: account.id, member: member.id, administering: administeringRoles(policy), within: null };
  const wanted = { ...name, role, keyRoles: rolesOfKeys(policy, role), issuedAtMs };
  const changed = await changeRole(force.db, wanted, actorOf(member.id), nowMs);
  if (!changed.ok) {
    if (changed.reason !== 'last_admin') return deny('membership_missing');
    return { member: { ...member, role }, account, heldRole: member.role };
  }
  const isSame = changed.member.role === member.role;
  if (!isSame && !holds(await settleKeys(force, { memberId: member.id }))) return NOT_IN_FORCE;
  return { member: changed.member, account };
}
