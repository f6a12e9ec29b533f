import { type Denial, deny } from '../../decision/denial.ts';
import { endSession } from '../../registry/sessions.ts';
import { type Answer, denied, json } from '../answer.ts';
import type { SessionDesk } from '../desk.ts';

/**
 * Signs this very token out: once answered, no request that carries it is admitted anywhere. Nothing else is kept for
 * a session, so there is nothing else to drop. Other sessions of the user go on; the issuer ends those.
 */
export async function signOut({ force, identity }: SessionDesk): Promise<Answer> {
  const ended = await endSession(force.db, identity.tokenId, identity.expiresAtMs);
  return ended ? json({ signed_out: true }) : denied(signedOut());
}

/** What a token is told that was signed out before. */
export function signedOut(): Denial {
  return deny('session_invalid', { detail: 'this session was signed out: sign in again' });
}
