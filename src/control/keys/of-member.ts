import type * as z from 'zod';
import { type Denial, deny } from '../../decision/denial.ts';
import type { StoredKey } from '../../registry/keys.ts';
import { type Answer, denied } from '../answer.ts';
import type { MemberDesk } from '../desk.ts';
import type { ownKeyQuery } from '../inputs/keys.ts';
import { keyRefusal, NO_KEY, seesAll } from '../visible.ts';
import { keyById, pageOf } from './keys.ts';

/**
 * Keys of the account, newest first: all of them for who manages them, else those that they made. Revoked and expired
 * ones are hidden unless the status asks for them.
 */
export async function listOwnKeys(desk: MemberDesk, query: z.output<typeof ownKeyQuery>): Promise<Answer> {
  const { status, creator } = query;
  const { member, account } = desk;
  if (!seesAll(desk) && (creator ?? member.id) !== member.id) {
    return denied(deny('role_forbidden', { detail: `creator: your role, ${member.role}, manages only your own keys` }));
  }
  const memberId = seesAll(desk) ? creator : member.id;
  const state = status === undefined ? 'standing' : status === 'all' ? undefined : status;
  return pageOf(desk, query, { accountId: account.id, memberId, state });
}

/** A key that who has signed in may see and change, as it is now; or why there is none. */
export async function findOwnKey(desk: MemberDesk, keyId: string): Promise<StoredKey | Denial> {
  const key = await keyById(desk, keyId);
  return key === null ? NO_KEY : (keyRefusal(desk, key) ?? key);
}

/** Does something with a key that who has signed in may see and change. */
export async function withKey(
  desk: MemberDesk,
  keyId: string,
  act: (key: StoredKey) => Promise<Answer>,
): Promise<Answer> {
  const found = await findOwnKey(desk, keyId);
  return 'reason' in found ? denied(found) : act(found);
}
