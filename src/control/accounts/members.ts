import type * as z from 'zod';
import { deny } from '../../decision/denial.ts';
import { rolesGivenBy } from '../../decision/giving.ts';
import type { Policy } from '../../policy/schema.ts';
import { admitMember, memberOfUser } from '../../registry/joining.ts';
import { listPeople, type Member, type Person } from '../../registry/members.ts';
import { changeRole, type MemberChanged, removeMember as removeStoredMember } from '../../registry/members-change.ts';
import { inviteMember, readInvitation, withdrawInvitation } from '../../registry/members-invite.ts';
import { type Answer, denied, EMPTY, json, notInForce, rfc3339 } from '../answer.ts';
import type { Desk, MemberDesk } from '../desk.ts';
import { type Checked, invalid } from '../input.ts';
import type { memberChange, newInvitation, newMember, peopleQuery, removal } from '../inputs/people.ts';
import { seesAll } from '../visible.ts';
import { findAccount, missing as missingAccount } from './accounts.ts';
import { holds, NOTHING_TO_SETTLE, settledAnswer, settleKeys } from './in-force.ts';
import { administeringRoles, invitersOf, rolesOfKeys } from './ranks.ts';

/** Of which account, and the roles that who asks may give and take; null: any, as the operator may. */
export interface Reach {
  readonly accountId: string;
  readonly roles: readonly string[] | null;
}

/** The reach of who has signed in: their own account, and roles up to their own. */
export function reachOf({ house, account, member }: MemberDesk): Reach {
  return { accountId: account.id, roles: rolesGivenBy(house.policy, member.role) };
}

/** A member, or an address that is invited, as answers show it. */
export function personView(person: Person) {
  return {
    id: person.id,
    account: person.accountId,
    user: person.userId,
    email: person.email,
    role: person.role,
    status: person.status,
    since: rfc3339(person.sinceMs),
    removed_at: rfc3339(person.removedAtMs),
    expires_at: rfc3339(person.expiresAtMs),
  };
}

/** The same of a member. */
export function memberView(member: Member) {
  return personView({ ...member, sinceMs: member.joinedAtMs, expiresAtMs: null });
}

/** There is no such member. */
export const missing = (): Answer => denied(deny('not_found', { detail: 'there is no member with this id' }));
const isInvitation = (id: string): boolean => id.startsWith('inv_');

/** Members of an account and whose invitations count, the newest first. */
export async function listMembers(
  desk: Desk,
  { accountId }: Reach,
  query: z.output<typeof peopleQuery>,
): Promise<Answer> {
  if ((await findAccount(desk, accountId)) === null) return missingAccount();
  const { limit, cursor = null, status = null } = query;
  const inviters = invitersOf(desk.house.policy);
  const page = await listPeople(desk.force.db, { accountId, limit, cursor, status, inviters }, desk.nowMs);
  if (page === null) return denied(invalid('cursor', 'expected the next_cursor of this list').denial);
  return json({ members: page.people.map(personView), next_cursor: page.nextCursor });
}

/** Invites an address for who has signed in, if the policy lets members do so. */
export async function invite(desk: MemberDesk, input: z.output<typeof newInvitation>): Promise<Answer> {
  if (desk.house.policy.members.join === 'admin') {
    return denied(deny('role_forbidden', { detail: 'members are let in by the operator alone' }));
  }
  return letIn(desk, reachOf(desk), input);
}

/**
 * Lets somebody into an account: a user of the issuer at once, or an e-mail address that becomes a member when it
 * accepts. Nothing is sent to it. Inviting an address again renews its invitation.
 */
export async function letIn(desk: Desk, reach: Reach, input: z.output<typeof newMember>): Promise<Answer> {
  const { policy } = desk.house;
  const role = roleWithin(policy, reach, input.role ?? policy.members.default_role);
  if (!role.ok) return denied(role.denial);
  if ((await findAccount(desk, reach.accountId)) === null) return missingAccount();
  const { email, user } = input;
  if (user !== undefined) return admit(desk, reach.accountId, user, role.value);
  const wanted = {
    id: desk.entropy.id('inv'),
    account: reach.accountId,
    email: email ?? '',
    role: role.value,
    within: reach.roles,
    expiresAtMs: desk.nowMs + policy.members.invitation,
  };
  const invited = await inviteMember(desk.force.db, wanted, desk.actor, desk.nowMs);
  if (!invited.ok) {
    if (invited.reason === 'above') return refusal('above');
    return denied(deny('conflict', { detail: invited.reason === 'is_member' ? IS_MEMBER : CLOSED }));
  }
  const { invitation } = invited;
  const { createdAtMs: sinceMs } = invitation;
  return json(personView({ ...invitation, userId: null, status: 'invited', sinceMs, removedAtMs: null }), 201);
}

const IS_MEMBER = 'this is a member already: change its role';
const CLOSED = 'the account is closed, for good';

async function admit(desk: Desk, accountId: string, user: string, role: string): Promise<Answer> {
  const { force, entropy, actor, nowMs, house } = desk;
  const before = await memberOfUser(force.db.withSession('first-primary'), accountId, user);
  const made = entropy.id('mem');
  const again = entropy.isAgain && before?.id === made;
  if (before?.status === 'active' && !again) return denied(deny('conflict', { detail: IS_MEMBER }));
  const member = before?.id ?? made;
  const keyRoles = rolesOfKeys(house.policy, role);
  const admission = { user, email: null, account: accountId, member, role, keyRoles, invitation: null };
  const admitted = await admitMember(force.db, admission, actor, nowMs);
  if (admitted?.member.status !== 'active') return denied(deny('conflict', { detail: CLOSED }));
  // Another one has let them in at the same time.
  if (admitted.member.role !== role) return denied(deny('conflict', { detail: IS_MEMBER }));
  const view = memberView(admitted.member);
  const settled = before === null ? NOTHING_TO_SETTLE : await settleKeys(force, { memberId: member });
  return holds(settled) ? json(view, 201) : notInForce({ member, ...settled });
}

/** What a role may be: one of the policy, and within reach. */
function roleWithin(policy: Policy, { roles }: Reach, role: string): Checked<string> {
  const known = Object.keys(policy.roles);
  if (!known.includes(role)) return invalid('role', `expected one of ${(roles ?? known).join(', ')}`);
  if (roles === null || roles.includes(role)) return { ok: true, value: role };
  return { ok: false, denial: deny('role_forbidden', { detail: `role: you may give ${roles.join(', ')}` }) };
}

/**
 * Gives a member another role. 200 says that each key of theirs has from now on no more than it allows; the keys that
 * had more are counted in `keys_changed`.
 */
export async function changeMember(
  desk: Desk,
  reach: Reach,
  memberId: string,
  input: z.output<typeof memberChange>,
): Promise<Answer> {
  const { policy } = desk.house;
  const role = roleWithin(policy, reach, input.role);
  if (!role.ok) return denied(role.denial);
  if (isInvitation(memberId)) {
    const invitation = await readInvitation(desk.force.db, reach.accountId, memberId);
    const detail = 'this is an invitation: invite the address again, with the other role';
    return invitation === null ? missing() : denied(deny('conflict', { detail }));
  }
  const wanted = {
    ...nameOf(policy, reach, memberId),
    role: role.value,
    keyRoles: rolesOfKeys(policy, role.value),
    issuedAtMs: null,
  };
  const changed = await changeRole(desk.force.db, wanted, desk.actor, desk.nowMs);
  if (!changed.ok) return refusal(changed.reason);
  const settled = await settleKeys(desk.force, { memberId });
  return settledAnswer(settled, { ...memberView(changed.member), keys_changed: changed.keys }, { member: memberId });
}

/**
 * Removes a member with its keys or without, as asked or else as the policy says, or takes an invitation back. 200 says
 * that the member may do nothing here from now on, and that no request with a key that was revoked is admitted. Keys
 * that are kept go on, and are told.
 */
export async function removeMember(
  desk: Desk,
  reach: Reach,
  memberId: string,
  input: z.output<typeof removal>,
): Promise<Answer> {
  const { house, force, actor, nowMs } = desk;
  if (isInvitation(memberId)) return withdraw(desk, reach, memberId);
  const revokeKeys = input.revoke_keys ?? house.policy.keys.revoke_with_member;
  const removed = await removeStoredMember(
    force.db,
    { ...nameOf(house.policy, reach, memberId), revokeKeys },
    actor,
    nowMs,
  );
  if (!removed.ok) return refusal(removed.reason);
  const settled = revokeKeys ? await settleKeys(force, { memberId }) : NOTHING_TO_SETTLE;
  const fate = { keys: revokeKeys ? 'revoked' : 'kept', key_count: removed.keys };
  return settledAnswer(settled, { ...memberView(removed.member), ...fate }, { member: memberId, ...fate });
}

/** A member removes another one, or leaves: that anyone may, but only who sees all keys may leave some behind. */
export async function removeOrLeave(
  desk: MemberDesk,
  memberId: string,
  input: z.output<typeof removal>,
): Promise<Answer> {
  if (input.revoke_keys === false && !seesAll(desk)) {
    const detail = 'revoke_keys: only who sees all keys of the account may keep those of a member who goes';
    return denied(deny('role_forbidden', { detail }));
  }
  const reach = memberId === desk.member.id ? { accountId: desk.account.id, roles: null } : reachOf(desk);
  return removeMember(desk, reach, memberId, input);
}

async function withdraw(desk: Desk, { accountId, roles }: Reach, invitationId: string): Promise<Answer> {
  const { force, actor, nowMs } = desk;
  const invitation = await readInvitation(force.db.withSession('first-primary'), accountId, invitationId);
  if (invitation === null) return missing();
  if (roles?.includes(invitation.role) === false) return refusal('above');
  await withdrawInvitation(force.db, accountId, invitationId, actor, nowMs);
  return EMPTY;
}

function nameOf(policy: Policy, { accountId, roles }: Reach, member: string) {
  return { account: accountId, member, administering: administeringRoles(policy), within: roles };
}

function refusal(reason: Exclude<MemberChanged, { ok: true }>['reason']): Answer {
  switch (reason) {
    case 'missing':
      return missing();
    case 'removed':
      return denied(deny('conflict', { detail: 'the member was removed: invite it again' }));
    case 'above':
      return denied(deny('role_forbidden', { detail: 'the role of this member is none that you may give' }));
    case 'last_admin':
      return denied(
        deny('conflict', { detail: 'this is the last member who administers the account: give another one that role' }),
      );
  }
}
