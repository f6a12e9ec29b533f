import { accountLimitsOf, creditTermsOf } from '../../gateway/limits.ts';
import type { Limit, LimitView } from '../../meter/meter.ts';
import { callObject } from '../../objects/call.ts';
import type { Policy } from '../../policy/schema.ts';
import type { StoredAccount } from '../../registry/accounts.ts';
import { findAccount, missing } from '../accounts/accounts.ts';
import { type Answer, json, rfc3339 } from '../answer.ts';
import type { Desk } from '../desk.ts';

/** What was counted against limits, as an object reports it. */
interface Counted {
  readonly granted: number;
  readonly used: number;
  readonly limits: readonly LimitView[];
}

/** What was counted: `granted` and not `used` was given out and never reported; both count. */
export function countedView({ granted, used, limits }: Counted): object {
  return {
    granted,
    used,
    unreported: granted - used,
    limits: limits.map(({ name, limit, unit, remaining, resetAtMs }) => ({
      name,
      unit: unit === 'credits' ? 'micro_credits' : 'requests',
      limit,
      remaining,
      resets_at: rfc3339(resetAtMs),
    })),
  };
}

/** What all keys of an account share, and what is left of it. */
export async function showLimits(desk: Desk, accountId: string): Promise<Answer> {
  const account = await findAccount(desk, accountId);
  if (account === null) return missing();
  return json({ account: accountId, plan: account.plan, ...(await limitsOfAccount(desk, account)) });
}

/** The same of an account that is there. Throws where its ledger cannot be asked. */
export async function limitsOfAccount({ house }: Desk, account: StoredAccount): Promise<object> {
  const { policy, edge } = house;
  const terms = creditTermsOf(account, policy);
  return countedView(await callObject(() => edge.ledger(account.id).inspect(sharedBy(account, policy), terms)));
}

/** The limits of every environment; those that are not billed have quotas of their own. */
function sharedBy(account: StoredAccount, policy: Policy): Limit[] {
  const all = Object.keys(policy.environments).flatMap((environment) =>
    accountLimitsOf({ ...account, environment }, policy),
  );
  return [...new Map(all.map((limit) => [limit.name, limit])).values()];
}
