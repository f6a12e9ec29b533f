import { keysOfMember } from '../registry/own-keys.ts';
import type { MemberDesk } from './desk.ts';

/** Whose requests may be seen: those with these keys; null: with any key of the account. */
export type Visible = readonly string[] | null;

/** Whether who has signed in sees all keys of the account, and not only those that they made. */
export function seesAll({ house, member }: Pick<MemberDesk, 'house' | 'member'>): boolean {
  return house.policy.roles[member.role]?.manages === 'account';
}

/** The keys whose requests who has signed in may see. */
export async function visibleKeys(desk: MemberDesk): Promise<Visible> {
  return seesAll(desk) ? null : keysOfMember(desk.force.db.withSession('first-primary'), desk.member.id);
}

/** The keys that a filter leaves of those that may be seen; undefined: any key of the account. */
export function keysWithin(visible: Visible, keyId: string | undefined): readonly string[] | undefined {
  if (keyId === undefined) return visible ?? undefined;
  return visible === null || visible.includes(keyId) ? [keyId] : [];
}
