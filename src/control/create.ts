import { compileRange } from '../decision/address.ts';
import { deny } from '../decision/denial.ts';
import { planOf } from '../gateway/limits.ts';
import type { Policy } from '../policy/schema.ts';
import type { NewKey as KeySpec } from '../registry/create.ts';
import { findAccount, missing } from './accounts.ts';
import { type Answer, denied, json, notInForce } from './answer.ts';
import type { Desk } from './desk.ts';
import { type Checked, invalid, type NewKey } from './input.ts';
import { issueKey } from './issue.ts';
import { viewOf } from './keys.ts';
import { checkLimits, NO_LIMITS, withLimits } from './limits.ts';

type Terms = Omit<KeySpec, 'id' | 'accountId' | 'memberId'>;

/** Makes a key of an account. The secret stands in this answer and nowhere else, also where it is 503. */
export async function createKey(desk: Desk, accountId: string, input: NewKey): Promise<Answer> {
  const { house, actor, nowMs } = desk;
  const account = await findAccount(desk, accountId);
  if (account === null) return missing();
  const terms = termsFor(house.policy, account.plan, input, nowMs);
  if (!terms.ok) return denied(terms.denial);
  const plan = planOf(house.policy, account.plan);
  const caps = house.policy.caps;
  const perAccount = plan.active_keys === undefined ? caps.active_keys_per_account : plan.active_keys;
  const issued = await issueKey(
    house,
    { ...terms.value, accountId, memberId: null },
    { perAccount, perUser: null },
    actor,
    nowMs,
  );
  if (!issued.ok) return denied(deny(issued.reason === 'account_missing' ? 'not_found' : issued.reason));
  const { status: _, revoked_at: __, ...shown } = viewOf(issued.key);
  const body = { key: issued.secret, ...shown };
  return issued.inForce ? json(body, 201) : notInForce(body);
}

/** What the policy makes of the wishes for a new key, or the first field that it does not allow. */
export function termsFor(policy: Policy, planName: string, input: NewKey, nowMs: number): Checked<Terms> {
  const { environment } = input;
  const environments = Object.keys(policy.environments).filter((name) => name !== policy.trial.environment);
  if (!environments.includes(environment)) return invalid('environment', `expected one of ${environments.join(', ')}`);

  const role = input.role ?? policy.keys.default_role;
  const roles = Object.keys(policy.roles);
  if (!roles.includes(role)) return invalid('role', `expected one of ${roles.join(', ')}`);

  const label = input.label ?? null;
  if (label === null && policy.keys.label_required) return invalid('label', 'expected a label');
  const category = input.category ?? null;
  const { categories, custom_categories } = policy.keys;
  if (category !== null && !custom_categories && !categories.includes(category)) {
    return invalid('category', `expected one of ${categories.join(', ') || 'none: there are no categories'}`);
  }

  const expiresAtMs = input.expires_at ?? null;
  if (expiresAtMs !== null && expiresAtMs <= nowMs) return invalid('expires_at', 'expected a time in the future');

  const allowed = checkLimits(policy, planName, input);
  if (!allowed.ok) return allowed;
  const addresses = input.addresses ?? null;
  const unreadable = addresses?.findIndex((text) => compileRange(text) === null) ?? -1;
  if (unreadable !== -1) return invalid(`addresses.${unreadable}`, 'expected an IP address or a CIDR range');

  const limits = withLimits(NO_LIMITS, input);
  const terms = { environment, role, label, category, expiresAtMs, ...limits, addresses, metadata: {} };
  return { ok: true, value: terms };
}
