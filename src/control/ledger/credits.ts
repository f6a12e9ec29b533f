import type * as z from 'zod';
import { deny } from '../../decision/denial.ts';
import { callObject } from '../../objects/call.ts';
import type { Movement } from '../../objects/credit-movements.ts';
import { MOST_GRANTED_MICRO, type Statement } from '../../objects/credits.ts';
import type { StoredAccount } from '../../registry/accounts.ts';
import { noteOnce } from '../../registry/note.ts';
import { findAccount, missing } from '../accounts/accounts.ts';
import { type Answer, denied, json, rfc3339 } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { invalid } from '../input.ts';
import { type movementQuery, type newGrant, readIdempotencyKey } from '../inputs/credits.ts';

/** A movement as answers show it. */
export function viewOf({ id, kind, atMs, micro, note, actor }: Movement) {
  return { id, kind, at: rfc3339(atMs), micro, note, actor };
}

/** Where an account stands, and what led there, newest first. The movements add up to what is free and what is held. */
export async function showCredits(
  desk: Desk,
  accountId: string,
  query: z.output<typeof movementQuery>,
): Promise<Answer> {
  const account = await findAccount(desk, accountId);
  if (account === null) return missing();
  const { limit, cursor = null } = query;
  const asked = { limit, cursor, anchorMs: account.billingAnchorMs };
  const statement = await callObject(() => desk.house.edge.ledger(accountId).statement(asked));
  if (statement === null) return denied(invalid('cursor', 'expected the next_cursor of this list').denial);
  const movements = statement.movements.map(viewOf);
  return json({ account: accountId, ...balanceView(account, statement), movements, next_cursor: statement.nextCursor });
}

/** Where an account stands, as answers show it. */
export function balanceView({ budgetMicro }: StoredAccount, statement: Statement) {
  const { month } = statement;
  return {
    balance_micro: statement.balance,
    held_micro: statement.held,
    spent_micro: statement.spent,
    unreported_micro: statement.unreported,
    granted_micro: statement.granted,
    month: {
      starts_at: rfc3339(month.startMs),
      ends_at: rfc3339(month.endsAtMs),
      spent_micro: month.spent,
      budget_micro: budgetMicro,
    },
  };
}

/**
 * Grants credits to an account, or corrects them. The `Idempotency-Key` names the grant: sent again with the same body
 * it answers 200 with what the first call has made, and what that one may have left undone is done.
 */
export async function grantCredits(desk: Desk, accountId: string, input: z.output<typeof newGrant>): Promise<Answer> {
  const key = readIdempotencyKey(desk.idempotencyKey);
  if (!key.ok) return denied(key.denial);
  if ((await findAccount(desk, accountId)) === null) return missing();
  const { micro, note = null } = input;
  const grant = { id: key.value, micro, note, actor: desk.actor.name };
  const result = await callObject(() => desk.house.edge.ledger(accountId).grantCredits(grant));
  if (result.kind === 'conflict') return denied(deny('idempotency_conflict'));
  if (result.kind === 'too_much') {
    return denied(invalid('micro', `all grants together may be at most ${MOST_GRANTED_MICRO}`).denial);
  }
  const about = { idempotency_key: key.value, micro, note };
  const action = 'credits.granted';
  const granted = { once: `${action} ${accountId} ${key.value}`, action, accountId, keyId: null, about };
  await noteOnce(desk.force.db, granted, desk.actor, desk.nowMs);
  return json(viewOf(result.movement), result.kind === 'granted' ? 201 : 200);
}
