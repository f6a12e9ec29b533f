import { type Denial, deny } from '../decision/denial.ts';
import type { House } from '../env.ts';
import { findSession, type Membership } from '../registry/members.ts';
import type { UserRequest } from './guard-user.ts';
import { ACCOUNT_HEADER } from './guard-user.ts';
import type { Identity } from './session.ts';

/**
 * The account that a session acts for, and its member there. The account is the one that the request names among the
 * user's, else that of the organisation in the token, else the user's own, else the first one joined.
 */
export async function membershipOf(
  house: House,
  identity: Identity,
  request: UserRequest,
): Promise<Membership | Denial> {
  const db = house.env.DB.withSession('first-primary');
  const known = await findSession(db, identity, request.nowMs);
  if (known.ended) return deny('session_invalid', { detail: 'this session was signed out: sign in again' });
  const mine = known.memberships.filter(({ member }) => member.status === 'active');
  const named = request.headers.get(ACCOUNT_HEADER);
  if (named !== null) {
    return (
      mine.find(({ account }) => account.id === named) ?? deny('not_found', { detail: 'you have no such account' })
    );
  }
  const external = identity.organisation === null ? `user:${identity.user}` : `org:${identity.organisation}`;
  const own = mine.find(({ account }) => account.externalId === external);
  return own ?? (identity.organisation === null ? mine[0] : undefined) ?? deny('membership_missing');
}
