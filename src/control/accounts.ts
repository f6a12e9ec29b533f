import type * as z from 'zod';
import { deny } from '../decision/denial.ts';
import type { Policy } from '../policy/schema.ts';
import {
  type AccountChange,
  changeAccount,
  concernsKeys,
  createAccount as createStoredAccount,
  listAccounts as listStoredAccounts,
  readAccount,
  type StoredAccount,
} from '../registry/accounts.ts';
import { bringIntoForce } from '../registry/force.ts';
import { type SettlingKey, settlingKeys } from '../registry/settling.ts';
import { type Answer, denied, json, notInForce, rfc3339 } from './answer.ts';
import type { Desk } from './desk.ts';
import { type accountChange, type accountQuery, type Checked, invalid, MAX_SET, type newAccount } from './input.ts';
import { newId } from './issue.ts';

/** An account as answers show it. */
export function viewOf({ id, name, plan, status, budgetMicro, billingAnchorMs, createdAtMs }: StoredAccount) {
  const billing = { budget_micro: budgetMicro, billing_anchor: rfc3339(billingAnchorMs) };
  return { id, name, plan, status, ...billing, created_at: rfc3339(createdAtMs) };
}

/** There is no such account. */
export const missing = (): Answer => denied(deny('not_found', { detail: 'there is no account with this id' }));

/** An account as it is now, or null: answer with {@link missing}. */
export function findAccount({ force }: Desk, accountId: string): Promise<StoredAccount | null> {
  return readAccount(force.db.withSession('first-primary'), accountId);
}

/** Makes an account, on the policy's default plan where none is named. */
export async function createAccount(desk: Desk, input: z.output<typeof newAccount>): Promise<Answer> {
  const { policy } = desk.house;
  const plan = knownPlan(policy, input.plan ?? policy.default_plan);
  if (!plan.ok) return denied(plan.denial);
  const made = { id: newId('acc'), name: input.name, plan: plan.value };
  const account = await createStoredAccount(desk.force.db, made, desk.actor, desk.nowMs);
  return account === null ? denied(deny('conflict')) : json(viewOf(account), 201);
}

function knownPlan(policy: Policy, plan: string): Checked<string> {
  const plans = Object.keys(policy.plans);
  return plans.includes(plan) ? { ok: true, value: plan } : invalid('plan', `expected one of ${plans.join(', ')}`);
}

/** Accounts, newest first. */
export async function listAccounts(desk: Desk, query: z.output<typeof accountQuery>): Promise<Answer> {
  const page = await listStoredAccounts(desk.force.db, { limit: query.limit, cursor: query.cursor ?? null });
  if (page === null) return denied(invalid('cursor', 'expected the next_cursor of this list').denial);
  return json({ accounts: page.accounts.map(viewOf), next_cursor: page.nextCursor });
}

export async function showAccount(desk: Desk, accountId: string): Promise<Answer> {
  const account = await findAccount(desk, accountId);
  return account === null ? missing() : json(viewOf(account));
}

/** Suspends an account. 200 says that no request with any of its keys is admitted from now on. */
export function suspendAccount(desk: Desk, accountId: string): Promise<Answer> {
  return change(desk, accountId, { action: 'account.suspended', set: { status: 'suspended' } });
}

/** Ends a suspension. 200 says that no request is refused for it from now on. */
export function resumeAccount(desk: Desk, accountId: string): Promise<Answer> {
  return change(desk, accountId, { action: 'account.resumed', set: { status: 'active' } });
}

/**
 * Changes the name, plan, budget or billing months of an account. 200 says that requests that are sent from now on are
 * judged by it, with whichever of its keys.
 */
export async function updateAccount(
  desk: Desk,
  accountId: string,
  input: z.output<typeof accountChange>,
): Promise<Answer> {
  const { name, plan, budget_micro: budgetMicro, billing_anchor: billingAnchorMs } = input;
  const known = plan === undefined ? null : knownPlan(desk.house.policy, plan);
  if (known?.ok === false) return denied(known.denial);
  if ((billingAnchorMs ?? 0) < 0 || (billingAnchorMs ?? 0) > desk.nowMs) {
    return denied(invalid('billing_anchor', 'expected a time since 1970 that has passed').denial);
  }
  const set = {
    ...(name !== undefined && { name }),
    ...(plan !== undefined && { plan }),
    ...(budgetMicro !== undefined && { budgetMicro }),
    ...(billingAnchorMs !== undefined && { billingAnchorMs }),
  };
  return change(desk, accountId, { action: 'account.updated', set });
}

/** How many keys' gates one call advances, in sets of {@link MAX_SET}; within the platform's subrequests. */
const KEYS_PER_CALL = 2 * MAX_SET - 1;

/**
 * One transaction for the account and the generations of all its keys, then the gates, those that wait first. A key
 * that does not wait is in force already, since its outbox row goes only after its gate has answered; its gate is
 * asked all the same while there is room. What is left over is driven through by this call again, or by the sweep.
 * A change that concerns no key asks no gate.
 */
async function change(desk: Desk, accountId: string, wanted: AccountChange): Promise<Answer> {
  const { db } = desk.force;
  const changed = await changeAccount(db, accountId, wanted, desk.actor, desk.nowMs);
  if (changed === null) return missing();
  const found = concernsKeys(wanted)
    ? await settlingKeys(db.withSession('first-primary'), { accountId }, KEYS_PER_CALL + 1)
    : [];
  const taken = found.slice(0, KEYS_PER_CALL);
  const inForce = new Set<string>();
  for (let i = 0; i < taken.length; i += MAX_SET) {
    const set = taken.slice(i, i + MAX_SET).map(({ key }) => key);
    for (const id of await bringIntoForce(desk.force, set)) inForce.add(id);
  }
  const ids = taken.map(({ key }) => key.id);
  const lists = {
    ...viewOf(changed.account),
    done: ids.filter((id) => inForce.has(id)),
    pending: ids.filter((id) => !inForce.has(id)),
    more: waits(found[KEYS_PER_CALL]),
  };
  if (lists.pending.length === 0 && !lists.more) return json(lists);
  const { done, pending, more } = lists;
  return notInForce({ account: accountId, done, pending, more });
}

function waits(next: SettlingKey | undefined): boolean {
  return next?.waiting === true;
}
