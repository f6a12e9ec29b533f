import type * as z from 'zod';
import { callObject } from '../../objects/call.ts';
import { type Answer, json } from '../answer.ts';
import type { MemberDesk } from '../desk.ts';
import type { logQuery, usageQuery } from '../inputs/ledger.ts';
import type { ownAccountChange } from '../inputs/people.ts';
import { withKey } from '../keys/of-member.ts';
import { balanceView } from '../ledger/credits.ts';
import { limitsOfAccount } from '../ledger/limits.ts';
import { logsOf } from '../ledger/logs.ts';
import { usageOf } from '../ledger/usage.ts';
import { visibleKeys } from '../visible.ts';
import { applyToAccount, viewOf } from './accounts.ts';

function ownView({ account, member }: MemberDesk, now = account) {
  return { ...viewOf(now), member: { id: member.id, role: member.role } };
}

/**
 * The account of this session, what its member is there, what its keys share, and where it stands; `limits` and
 * `credits` are null while the ledger cannot be reached.
 */
export async function showOwnAccount(desk: MemberDesk): Promise<Answer> {
  const { account, house } = desk;
  const ledger = house.edge.ledger(account.id);
  const asked = { limit: 1, cursor: null, anchorMs: account.billingAnchorMs };
  const [limits, statement] = await Promise.all([
    limitsOfAccount(desk, account).catch(() => null),
    callObject(() => ledger.statement(asked)).catch(() => null),
  ]);
  return json({ ...ownView(desk), limits, credits: statement && balanceView(account, statement) });
}

/** Changes the name or the budget of the account. 200 says that requests that are sent from now on are judged by it. */
export function updateOwnAccount(desk: MemberDesk, input: z.output<typeof ownAccountChange>): Promise<Answer> {
  const { name, budget_micro: budgetMicro } = input;
  const set = { ...(name !== undefined && { name }), ...(budgetMicro !== undefined && { budgetMicro }) };
  return applyToAccount(desk, desk.account.id, { action: 'account.updated', set }, (account) => ownView(desk, account));
}

/** What the account's requests came to. The sums of all keys are open to every member, those of one to who sees it. */
export async function showAccountUsage(desk: MemberDesk, query: z.output<typeof usageQuery>): Promise<Answer> {
  return query.key === undefined ? usageOf(desk, desk.account.id, query, null) : showKeyUsage(desk, query.key, query);
}

/** What the requests of one key came to. */
export function showKeyUsage(desk: MemberDesk, keyId: string, query: z.output<typeof usageQuery>): Promise<Answer> {
  return withKey(desk, keyId, ({ id, accountId }) => usageOf(desk, accountId, { ...query, key: id }, null));
}

/** The requests of the account, with the keys that who has signed in sees. */
export async function showAccountLogs(desk: MemberDesk, query: z.output<typeof logQuery>): Promise<Answer> {
  return query.key === undefined
    ? logsOf(desk, desk.account.id, query, await visibleKeys(desk))
    : showKeyLogs(desk, query.key, query);
}

/** The requests with one key. */
export function showKeyLogs(desk: MemberDesk, keyId: string, query: z.output<typeof logQuery>): Promise<Answer> {
  return withKey(desk, keyId, ({ id, accountId }) => logsOf(desk, accountId, { ...query, key: id }, null));
}
