import { addressKey } from '../decision/address.ts';
import { type Denial, deny } from '../decision/denial.ts';
import type { House } from '../env.ts';
import type { Policy } from '../policy/schema.ts';
import type { Actor } from '../registry/audit.ts';
import type { Force } from '../registry/force.ts';
import { admitMembers, joinBySignIn } from '../registry/joining.ts';
import { findSession, type Invitation, type KnownSession, type Membership } from '../registry/members.ts';
import { changeRole } from '../registry/members-change.ts';
import { forceOf } from './desk.ts';
import { FRESH } from './entropy.ts';
import type { UserRequest } from './guard-user.ts';
import { ACCOUNT_HEADER } from './guard-user.ts';
import { holds, settleKeys } from './in-force.ts';
import { signedOut } from './logout.ts';
import { administeringRoles, rolesOfKeys } from './ranks.ts';
import type { Identity } from './session.ts';

/** Who signs in, and where it is looked up and noted. */
interface SignIn {
  readonly policy: Policy;
  readonly force: Force;
  readonly identity: Identity;
  readonly actorOf: (member: string) => Actor;
  readonly nowMs: number;
}

/** So many invitations one request accepts; the next one goes on. */
const ACCEPTED_AT_ONCE = 10;
/** The longest name that an account is given by a claim. */
const LONGEST_NAME = 100;

/**
 * The account that a session acts for, and its member there with the role that counts now. The account is the one that
 * the request names among the user's, else that of the organisation in the token, else the user's own, else the first
 * one joined. Who may join does so here: by invitations, and where the policy says so by signing in. A member who is
 * known costs one round trip of the registry.
 */
export async function membershipOf(
  house: House,
  identity: Identity,
  request: UserRequest,
): Promise<Membership | Denial> {
  const { nowMs, requestId } = request;
  const address = request.address === null ? null : addressKey(request.address);
  const actorOf = (member: string) => ({ name: `member:${member}`, address, requestId });
  const signIn: SignIn = { policy: house.policy, force: forceOf(house), identity, actorOf, nowMs };
  const known = await findSession(house.env.DB.withSession('first-primary'), identity, nowMs);
  if (known.ended) return signedOut();
  const invited = await acceptInvitations(signIn, known);
  if ('reason' in invited) return invited;
  const mine = [...known.memberships.filter(({ member }) => member.status === 'active'), ...invited];
  const found = chosen(identity, mine, request.headers.get(ACCOUNT_HEADER)) ?? (await joinAccount(signIn, known));
  return 'reason' in found ? found : withClaimedRole(signIn, found);
}

function chosen(
  identity: Identity,
  mine: readonly Membership[],
  named: string | null,
): Membership | Denial | undefined {
  if (named !== null) {
    return (
      mine.find(({ account }) => account.id === named) ?? deny('not_found', { detail: 'you have no such account' })
    );
  }
  const external = externalOf(identity);
  const own = mine.find(({ account }) => account.externalId === external);
  return own ?? (identity.organisation === null ? mine[0] : undefined);
}

/** Whose account a session is for, as `accounts.external_id` names it. */
function externalOf({ organisation, user }: Identity): string {
  return organisation === null ? `user:${user}` : `org:${organisation}`;
}

/** Joins the accounts that have invited the user's address. Who was removed comes back by an invitation made later. */
async function acceptInvitations(signIn: SignIn, known: KnownSession): Promise<readonly Membership[] | Denial> {
  const { policy, force, identity, actorOf, nowMs } = signIn;
  const before = (invitation: Invitation) =>
    known.memberships.find(({ account }) => account.id === invitation.accountId)?.member;
  const counting = known.invitations.filter((invitation) => {
    const member = before(invitation);
    const counts = policy.members.join !== 'admin' || invitation.invitedBy.startsWith('admin:');
    return counts && member?.status !== 'active' && (member?.removedAtMs ?? 0) <= invitation.createdAtMs;
  });
  const open = counting.slice(0, ACCEPTED_AT_ONCE);
  if (open.length === 0) return [];
  const admissions = open.map((invitation) => ({
    user: identity.user,
    email: identity.email,
    account: invitation.accountId,
    member: before(invitation)?.id ?? FRESH.id('mem'),
    role: invitation.role,
    keyRoles: rolesOfKeys(policy, invitation.role),
    invitation,
  }));
  const admitted = await admitMembers(force.db, admissions, actorOf, nowMs);
  for (const memberId of open.flatMap((invitation) => before(invitation)?.id ?? [])) {
    if (!holds(await settleKeys(force, { memberId }))) return deny('not_in_force', { retryAfterMs: 5_000 });
  }
  return admitted.filter((joined) => joined?.member.status === 'active') as Membership[];
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
 * is. Of the last who administers the account it counts for this session alone. What an organisation says counts in its
 * own account only, or whoever is an admin at home would be one wherever they are invited.
 */
async function withClaimedRole(signIn: SignIn, { member, account }: Membership): Promise<Membership | Denial> {
  const { policy, force, identity, actorOf, nowMs } = signIn;
  const { role } = identity;
  const isAbout = policy.session?.claims.organisation === null || account.externalId === externalOf(identity);
  const counts = policy.members.role_from_claim && isAbout;
  if (!counts || role === null || role === member.role) return { member, account };
  const name = { account: account.id, member: member.id, administering: administeringRoles(policy), within: null };
  const wanted = { ...name, role, keyRoles: rolesOfKeys(policy, role), by: 'claim' } as const;
  const changed = await changeRole(force.db, wanted, actorOf(member.id), nowMs);
  if (changed.ok) {
    const settled = await settleKeys(force, { memberId: member.id });
    return holds(settled) ? { member: changed.member, account } : deny('not_in_force', { retryAfterMs: 5_000 });
  }
  return changed.reason === 'last_admin' ? { member: { ...member, role }, account } : deny('membership_missing');
}
