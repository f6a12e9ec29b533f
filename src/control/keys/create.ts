import { type Denial, deny } from '../../decision/denial.ts';
import { planOf } from '../../gateway/limits.ts';
import type { Policy } from '../../policy/schema.ts';
import type { StoredAccount } from '../../registry/accounts.ts';
import { type CreationRules, HOUR_MS, type NewKey as KeySpec, NO_RULES } from '../../registry/create.ts';
import type { StoredKey } from '../../registry/keys.ts';
import { findAccount, missing } from '../accounts/accounts.ts';
import { type Answer, denied, notInForce, rfc3339 } from '../answer.ts';
import type { Desk, MemberDesk } from '../desk.ts';
import type { Checked } from '../input.ts';
import type { NewKey } from '../inputs/keys.ts';
import { issueKey, type NotIssued } from './issue.ts';
import { keyById } from './keys.ts';
import { NO_LIMITS, withLimits } from './limits.ts';
import { findOwnKey } from './of-member.ts';
import { checkRole, checkTerms, environmentOfNewKey, ownersOf, roleOfNewKey } from './terms.ts';
import { viewOf } from './view.ts';

type Terms = Omit<KeySpec, 'id' | 'accountId' | 'memberId'>;

/** Makes a key of any account, for an operator: nobody owns it, and only the caps of the account count. */
export async function createKey(desk: Desk, accountId: string, input: NewKey): Promise<Answer> {
  const account = await findAccount(desk, accountId);
  return account === null ? missing() : makeKey(desk, account, null, input);
}

/** Makes a key of who has signed in. */
export function createOwnKey(desk: MemberDesk, input: NewKey): Promise<Answer> {
  return makeKey(desk, desk.account, desk, input);
}

/** The secret stands in this answer and nowhere else, also where it is 503. */
async function makeKey(desk: Desk, account: StoredAccount, owner: MemberDesk | null, input: NewKey): Promise<Answer> {
  const { policy } = desk.house;
  const model = input.copy_from == null ? null : await modelFor(desk, owner, input.copy_from);
  if (model !== null && 'reason' in model) return denied(model);
  const terms = termsOf(policy, account.plan, owner, model, input, desk.nowMs);
  if (!terms.ok) return denied(terms.denial);
  const spec = { ...terms.value, accountId: account.id, memberId: owner?.member.id ?? null };
  const rules = rulesOf(policy, account.plan, owner, spec.role);
  const issued = await issueKey(desk, spec, rules);
  if (!issued.ok) return denied(refusalOf(issued, rules, desk.nowMs));
  const { status: _, revoked_at: __, ...shown } = viewOf(issued.key, desk.nowMs);
  const body = { key: issued.secret, ...shown };
  if (!issued.inForce) return notInForce(body);
  return { kind: 'json', status: 201, body, secret: { field: 'key', environment: spec.environment } };
}

/** The key that is copied: any that who asks may see. */
async function modelFor(desk: Desk, owner: MemberDesk | null, keyId: string): Promise<StoredKey | Denial> {
  const found = owner === null ? await keyById(desk, keyId) : await findOwnKey(owner, keyId);
  const isMissing = found === null || ('reason' in found && found.reason === 'not_found');
  return isMissing ? deny('not_found', { detail: 'copy_from: there is no key with this id' }) : found;
}

/** What the policy makes of the wishes for a new key, or the first that it does not allow. */
function termsOf(
  policy: Policy,
  planName: string,
  owner: MemberDesk | null,
  model: StoredKey | null,
  input: NewKey,
  nowMs: number,
): Checked<Terms> {
  const member = owner?.member.role ?? null;
  const environment = environmentOfNewKey(policy, input.environment ?? null, member);
  if (!environment.ok) return environment;
  const role = roleFor(policy, member, input.role ?? null, model?.role ?? null);
  if (!role.ok) return role;
  const label = input.label ?? null;
  const category = input.category === undefined ? (model?.category ?? null) : input.category;
  const checked = checkTerms(policy, planName, { ...input, label, category }, nowMs);
  if (!checked.ok) return checked;
  const limits = withLimits(model ?? NO_LIMITS, input);
  const rest = { expiresAtMs: input.expires_at ?? null, addresses: input.addresses ?? null };
  const named = { environment: environment.value, role: role.value, label, category };
  return { ok: true, value: { ...named, ...limits, ...rest, metadata: input.metadata ?? {} } };
}

/** The role of a new key, of a member with a role or (null) of nobody: the asked one, else the copied or the usual one. */
export function roleFor(
  policy: Policy,
  member: string | null,
  asked: string | null,
  copied: string | null,
): Checked<string> {
  if (member !== null) return roleOfNewKey(policy, member, asked, copied);
  const role = asked ?? copied ?? policy.keys.default_role;
  const checked = checkRole(policy, role, null);
  return checked.ok ? { ok: true, value: role } : checked;
}

/** What must hold where the row is written. A plan overrides the caps of the policy. */
function rulesOf(policy: Policy, planName: string, owner: MemberDesk | null, role: string): CreationRules {
  const { caps, keys } = policy;
  const plan = planOf(policy, planName);
  const perAccount = plan.active_keys === undefined ? caps.active_keys_per_account : plan.active_keys;
  const rules = { ...NO_RULES, perAccount, uniqueLabel: keys.label_unique };
  if (owner === null) return rules;
  return {
    ...rules,
    perUser: plan.active_keys_per_user === undefined ? caps.active_keys_per_user : plan.active_keys_per_user,
    perHour: caps.creations_per_user_per_hour,
    creator: { userId: owner.identity.user, roles: [...ownersOf(policy, role), owner.heldRole ?? owner.member.role] },
  };
}

/** Why no key was made, with the numbers and what to do. */
function refusalOf(found: NotIssued, { perAccount, perUser, perHour }: CreationRules, nowMs: number): Denial {
  const toDo = 'revoke one that is not used (inactive and expired ones count), or ask for a higher limit';
  switch (found.reason) {
    case 'account_missing':
      return deny('not_found', { detail: 'there is no account with this id' });
    case 'account_suspended':
      return deny('account_suspended');
    case 'creator_changed':
      return deny('conflict', { detail: 'your role in the account has changed meanwhile: look at it, and try again' });
    case 'label_taken':
      return LABEL_TAKEN;
    case 'purged':
      return deny('conflict', {
        detail: 'the key that this request has made was deleted: send another Idempotency-Key',
      });
    case 'key_cap':
      return deny('key_cap', { detail: `the account has ${found.count} keys of at most ${perAccount}: ${toDo}` });
    case 'user_key_cap':
      return deny('user_key_cap', { detail: `you have ${found.count} keys of at most ${perUser}: ${toDo}` });
    case 'creation_limited': {
      const { count, freeAtMs } = found;
      const made = `you have made ${count} keys within ${HOUR_MS / 60_000} minutes, of at most ${perHour}`;
      const retryAfterMs = Math.max(1, freeAtMs - nowMs);
      return deny('creation_limited', { detail: `${made}: wait until ${rfc3339(freeAtMs)}`, retryAfterMs });
    }
  }
}

/** Labels are unique among the keys of an account that are not revoked. */
export const LABEL_TAKEN = deny('conflict', {
  detail: 'label: another key of the account has it; choose another label, or revoke that key',
});
