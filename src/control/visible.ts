import { type Denial, deny } from '../decision/denial.ts';
import { rolesGivenBy } from '../decision/giving.ts';
import type { StoredKey } from '../registry/keys.ts';
import { keysOfMember } from '../registry/own-keys.ts';
import type { MemberDesk } from './desk.ts';

/** Whose requests may be seen: those with these keys; null: with any key of the account. */
export type Visible = readonly string[] | null;

/** Whether who has signed in sees all keys of the account, and not only those that they made. */
export function seesAll({ house, member }: Pick<MemberDesk, 'house' | 'member'>): boolean {
  return house.policy.roles[member.role]?.manages === 'account';
}

/** Why who has signed in may neither see nor change a key; null: they may. Keys of other accounts are never found. */
export function keyRefusal(
  desk: Pick<MemberDesk, 'house' | 'member' | 'account'>,
  key: Pick<StoredKey, 'accountId' | 'memberId'>,
): Denial | null {
  if (key.accountId !== desk.account.id) return NO_KEY;
  if (key.memberId === desk.member.id || seesAll(desk)) return null;
  const detail = `this is a key of another member, and your role, ${desk.member.role}, manages only your own`;
  return deny('role_forbidden', { detail });
}

/**
 * Why who has signed in may not give out a key, or loosen it, as it stands; null: they may. One that another member made
 * must have a role that theirs may give, or they would have what they could not make.
 */
export function keyAbove(
  { house, member }: Pick<MemberDesk, 'house' | 'member'>,
  key: Pick<StoredKey, 'memberId' | 'role'>,
): Denial | null {
  if (key.memberId === member.id || rolesGivenBy(house.policy, member.role).includes(key.role)) return null;
  return deny('role_forbidden', { detail: `your role does not give the role of this key, ${key.role}` });
}

/** There is no such key. */
export const NO_KEY = deny('not_found', { detail: 'there is no key with this id' });

/** The keys whose requests who has signed in may see. */
export async function visibleKeys(desk: MemberDesk): Promise<Visible> {
  return seesAll(desk) ? null : keysOfMember(desk.force.db.withSession('first-primary'), desk.member.id);
}

/** The keys that a filter leaves of those that may be seen; undefined: any key of the account. */
export function keysWithin(visible: Visible, keyId: string | undefined): readonly string[] | undefined {
  if (keyId === undefined) return visible ?? undefined;
  return visible === null || visible.includes(keyId) ? [keyId] : [];
}
