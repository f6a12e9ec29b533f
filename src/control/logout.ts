import { endSession } from '../registry/sessions.ts';
import { type Answer, json } from './answer.ts';
import type { SessionDesk } from './desk.ts';

/**
 * Signs this very token out: once answered, no request that carries it is admitted anywhere. Nothing else is kept for
 * a session, so there is nothing else to drop. Other sessions of the user go on; the issuer ends those.
 */
export async function signOut({ force, identity }: SessionDesk): Promise<Answer> {
  await endSession(force.db, identity.tokenId, identity.expiresAtMs);
  return json({ signed_out: true });
}
