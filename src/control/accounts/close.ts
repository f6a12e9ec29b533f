import { closeAccount as closeStoredAccount } from '../../registry/closing.ts';
import type { Answer } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { missing, operatorViewOf } from './accounts.ts';
import { settledAnswer, settleKeys } from './in-force.ts';

/**
 * Closes an account, for good. 200 says that all of its keys are revoked everywhere; what a call leaves over the same
 * call again goes on with. Its members may still read.
 */
export async function closeAccount(desk: Desk, accountId: string): Promise<Answer> {
  const account = await closeStoredAccount(desk.force.db, accountId, desk.actor, desk.nowMs);
  if (account === null) return missing();
  const settled = await settleKeys(desk.force, { accountId });
  return settledAnswer(settled, operatorViewOf(account), { account: accountId });
}
