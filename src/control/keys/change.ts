import { deny } from '../../decision/denial.ts';
import { isEqual } from '../../decision/record.ts';
import type { Policy } from '../../policy/schema.ts';
import type { Alter } from '../../registry/changes.ts';
import type { KeyChange as Change, StoredKey } from '../../registry/keys.ts';
import { type Answer, denied } from '../answer.ts';
import type { Desk, MemberDesk } from '../desk.ts';
import type { KeyChange } from '../inputs/keys.ts';
import { keyAbove } from '../visible.ts';
import { LABEL_TAKEN } from './create.ts';
import { activateKey, alterKey, keyById, missing } from './keys.ts';
import { withLimits } from './limits.ts';
import { checkRole, checkTerms, ownersOf } from './terms.ts';

type Set = Change['set'];

const LIMITS: readonly (keyof Set)[] = ['ratePerSecond', 'ratePerMinute', 'quotas'];

/** Changes a key of any account. */
export async function changeAnyKey(desk: Desk, keyId: string, input: KeyChange): Promise<Answer> {
  const key = await keyById(desk, keyId);
  return key === null ? missing() : changeTerms(desk, key, null, input);
}

/** Changes a key that who has signed in was found to manage; one that is above them is only switched off. */
export async function changeManagedKey(desk: MemberDesk, key: StoredKey, input: KeyChange): Promise<Answer> {
  const switchesOff = input.active === false && Object.keys(input).length === 1;
  const above = switchesOff ? null : keyAbove(desk, key);
  if (above !== null) return denied(above);
  return changeTerms(desk, key, desk.member.role, input);
}

/** Switches a key on again that who has signed in was found to manage, and that is not above them. */
export async function activateManagedKey(desk: MemberDesk, key: StoredKey): Promise<Answer> {
  const above = keyAbove(desk, key);
  return above === null ? activateKey(desk, key.id) : denied(above);
}

/**
 * Changes what the input names. 200 says that requests that are sent from now on are judged by it; what was counted
 * before stays counted. Where nothing changes nothing is written.
 */
async function changeTerms(desk: Desk, key: StoredKey, giver: string | null, input: KeyChange): Promise<Answer> {
  const { policy } = desk.house;
  const checked = checkTerms(policy, key.plan, input, desk.nowMs);
  if (!checked.ok) return denied(checked.denial);
  const role = input.role === undefined || input.role === key.role ? null : checkRole(policy, input.role, giver);
  if (role?.ok === false) return denied(role.denial);
  return alterKey(desk, key.id, alteration(policy, input), unmet(policy, key, input));
}

/** The change of a key as it stands then; null: nothing, as on one that is revoked. */
function alteration(policy: Policy, wishes: KeyChange): Alter {
  return (key) => {
    const after = wished(key, wishes);
    const fields = (Object.keys(after) as (keyof typeof after)[]).filter((field) => !isEqual(after[field], key[field]));
    if (key.status === 'revoked' || fields.length === 0) return null;
    const set: Set = Object.fromEntries(fields.map((field) => [field, after[field]]));
    const asked = {
      ...(policy.keys.label_unique && (set.label ?? null) !== null && { labelMustBeFree: true as const }),
      ...(set.role !== undefined && key.memberId !== null && { creatorRoles: ownersOf(policy, set.role) }),
    };
    return { action: actionOf(set), set, ...asked };
  };
}

/** What can change of a key, as the wishes leave it. */
function wished(key: StoredKey, wishes: KeyChange): Required<Set> {
  const { label, category, role, active, expires_at: expiresAtMs, addresses, metadata } = wishes;
  return {
    label: label === undefined ? key.label : label,
    category: category === undefined ? key.category : category,
    role: role ?? key.role,
    status: active === undefined ? key.status : active ? 'active' : 'inactive',
    expiresAtMs: expiresAtMs === undefined ? key.expiresAtMs : expiresAtMs,
    ...withLimits(key, wishes),
    addresses: addresses === undefined ? key.addresses : addresses,
    metadata: metadata === undefined ? key.metadata : (metadata ?? {}),
  };
}

/** What the trail calls a change: by what it is, where it is one thing. */
function actionOf(set: Set): string {
  const fields = Object.keys(set) as (keyof Set)[];
  if (fields.every((field) => LIMITS.includes(field))) return 'key.limited';
  if (fields.length > 1 || set.status === undefined) return 'key.updated';
  return set.status === 'active' ? 'key.activated' : 'key.deactivated';
}

/** Why a change is not made that another key, or the member who made this one, stands against. */
function unmet(policy: Policy, key: StoredKey, { label, role }: KeyChange): Answer {
  const isRole = role !== undefined && role !== key.role;
  const isLabel = policy.keys.label_unique && label !== undefined && label !== key.label;
  if (!isRole) return denied(LABEL_TAKEN);
  const above = `role: the member who made this key may have no keys with the role ${role}`;
  if (!isLabel) return denied(deny('role_forbidden', { detail: above }));
  return denied(deny('conflict', { detail: `${above}; or label: another key of the account has it` }));
}
