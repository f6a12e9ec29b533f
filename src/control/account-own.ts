import { viewOf } from './accounts.ts';
import { type Answer, json } from './answer.ts';
import type { MemberDesk } from './desk.ts';

/** The account of this session, and what its member may do there. */
export async function showOwnAccount({ account, member }: MemberDesk): Promise<Answer> {
  return json({ ...viewOf(account), member: { id: member.id, role: member.role } });
}
