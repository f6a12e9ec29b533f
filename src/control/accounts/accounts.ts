import type * as z from 'zod';
import { deny } from '../../decision/denial.ts';
import type { Policy } from '../../policy/schema.ts';
import {
  type AccountChange,
  changeAccount,
  concernsKeys,
  createAccount as createStoredAccount,
  listAccounts as listStoredAccounts,
  readAccount,
  type StoredAccount,
} from '../../registry/accounts.ts';
import { type Answer, denied, json, rfc3339 } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { type accountChange, type Checked, invalid, type newAccount } from '../input.ts';
import type { accountListQuery } from '../inputs/people.ts';
import { NOTHING_TO_SETTLE, settledAnswer, settleKeys } from './in-force.ts';

/** An account as answers show it. */
export function viewOf(account: StoredAccount) {
  const { id, name, plan, status, budgetMicro, billingAnchorMs, createdAtMs, closedAtMs } = account;
  const billing = { budget_micro: budgetMicro, billing_anchor: rfc3339(billingAnchorMs) };
  const times = { created_at: rfc3339(createdAtMs), closed_at: rfc3339(closedAtMs) };
  return { id, name, plan, status, ...billing, ...times };
}

/** An account as its operator sees it: with whose it is, by the issuer's names. */
export function operatorViewOf(account: StoredAccount) {
  const [kind, ...rest] = account.externalId?.split(':') ?? [];
  const name = rest.join(':');
  return {
    ...viewOf(account),
    organisation: kind === 'org' ? name : null,
    user: kind === 'user' ? name : null,
    erased_at: rfc3339(account.erasedAtMs),
  };
}

/** By which name of the issuer an account is found at sign-in; null: by none. */
export function externalIdOf(organisation: string | undefined, user: string | undefined): string | null {
  if (organisation !== undefined) return `org:${organisation}`;
  return user === undefined ? null : `user:${user}`;
}

/** There is no such account. */
export const missing = (): Answer => denied(deny('not_found', { detail: 'there is no account with this id' }));

/** An account as it is now, or null: answer with {@link missing}. */
export function findAccount({ force }: Desk, accountId: string): Promise<StoredAccount | null> {
  return readAccount(force.db.withSession('first-primary'), accountId);
}

/**
 * Makes an account, on the policy's default plan where none is named. One that names an organisation or a user is found
 * when they sign in.
 */
export async function createAccount(desk: Desk, input: z.output<typeof newAccount>): Promise<Answer> {
  const { policy } = desk.house;
  const plan = knownPlan(policy, input.plan ?? policy.default_plan);
  if (!plan.ok) return denied(plan.denial);
  const externalId = externalIdOf(input.organisation, input.user);
  const made = { id: desk.entropy.id('acc'), name: input.name, plan: plan.value, externalId };
  const account =
    (await createStoredAccount(desk.force.db, made, desk.actor, desk.nowMs)) ??
    (desk.entropy.isAgain ? await findAccount(desk, made.id) : null);
  if (account !== null) return json(operatorViewOf(account), 201);
  return denied(deny('conflict', { detail: 'there is an account of this organisation or user' }));
}

function knownPlan(policy: Policy, plan: string): Checked<string> {
  const plans = Object.keys(policy.plans);
  return plans.includes(plan) ? { ok: true, value: plan } : invalid('plan', `expected one of ${plans.join(', ')}`);
}

/** Accounts by status, plan and whose they are; newest first. */
export async function listAccounts(desk: Desk, query: z.output<typeof accountListQuery>): Promise<Answer> {
  const { status, plan, organisation, user, limit, cursor = null } = query;
  const externalId = externalIdOf(organisation, user) ?? undefined;
  const page = await listStoredAccounts(desk.force.db, { status, plan, externalId, limit, cursor });
  if (page === null) return denied(invalid('cursor', 'expected the next_cursor of this list').denial);
  return json({ accounts: page.accounts.map(operatorViewOf), next_cursor: page.nextCursor });
}

export async function showAccount(desk: Desk, accountId: string): Promise<Answer> {
  const account = await findAccount(desk, accountId);
  return account === null ? missing() : json(operatorViewOf(account));
}

/** Suspends an account. 200 says that no request with any of its keys is admitted from now on. */
export function suspendAccount(desk: Desk, accountId: string): Promise<Answer> {
  return applyToAccount(desk, accountId, { action: 'account.suspended', set: { status: 'suspended' } }, operatorViewOf);
}

/** Ends a suspension. 200 says that no request is refused for it from now on. A closed account stays closed. */
export function resumeAccount(desk: Desk, accountId: string): Promise<Answer> {
  return applyToAccount(desk, accountId, { action: 'account.resumed', set: { status: 'active' } }, operatorViewOf);
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
  return applyToAccount(desk, accountId, { action: 'account.updated', set }, operatorViewOf);
}

/**
 * One transaction for the account and the generations of all its keys, then the gates. A change that concerns no key
 * asks no gate. `view` shows the account to who has asked.
 */
export async function applyToAccount(
  desk: Desk,
  accountId: string,
  wanted: AccountChange,
  view: (account: StoredAccount) => object,
): Promise<Answer> {
  const changed = await changeAccount(desk.force.db, accountId, wanted, desk.actor, desk.nowMs);
  if (changed === null) return missing();
  if (wanted.set.status === 'active' && changed.account.closedAtMs !== null) {
    return denied(deny('conflict', { detail: 'the account is closed, for good' }));
  }
  const settled = concernsKeys(wanted) ? await settleKeys(desk.force, { accountId }) : NOTHING_TO_SETTLE;
  return settledAnswer(settled, view(changed.account), { account: accountId });
}
