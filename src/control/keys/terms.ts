import { compileRange } from '../../decision/address.ts';
import { type Denial, deny } from '../../decision/denial.ts';
import { rolesGivenBy } from '../../decision/giving.ts';
import type { Policy } from '../../policy/schema.ts';
import { rolesOfKeys } from '../accounts/ranks.ts';
import { type Checked, invalid } from '../input.ts';
import type { KeyChange } from '../inputs/keys.ts';
import { checkLimits } from './limits.ts';

/** Nothing, or the first of the wished terms that the policy allows to no key of this plan. Roles are looked at apart. */
export function checkTerms(
  policy: Policy,
  planName: string,
  wishes: Omit<KeyChange, 'role' | 'active' | 'metadata'>,
  nowMs: number,
): Checked<null> {
  const { categories, custom_categories: custom, label_required: labelled } = policy.keys;
  if (wishes.label === null && labelled) return invalid('label', 'expected a label');
  const category = wishes.category ?? null;
  if (category !== null && !custom && !categories.includes(category)) {
    return invalid('category', `expected one of ${categories.join(', ') || 'none: there are no categories'}`);
  }
  const expiresAtMs = wishes.expires_at ?? null;
  if (expiresAtMs !== null && expiresAtMs <= nowMs) return invalid('expires_at', 'expected a time in the future');
  const unreadable = wishes.addresses?.findIndex((text) => compileRange(text) === null) ?? -1;
  if (unreadable !== -1) return invalid(`addresses.${unreadable}`, 'expected an IP address or a CIDR range');
  return checkLimits(policy, planName, wishes);
}

/** Nothing, or why a key may not get a role: there is none, or a member of the role `giver` may not give it. */
export function checkRole(policy: Policy, role: string, giver: string | null): Checked<null> {
  const known = Object.keys(policy.roles);
  const givable = giver === null ? known : rolesGivenBy(policy, giver);
  if (!known.includes(role)) return invalid('role', `expected one of ${givable.join(', ')}`);
  if (givable.includes(role)) return { ok: true, value: null };
  return forbidden(`role: your role, ${giver}, may give ${givable.join(', ')}`);
}

/** With which roles a member may have keys with `role`. */
export function ownersOf(policy: Policy, role: string): readonly string[] {
  return Object.keys(policy.roles).filter((each) => rolesOfKeys(policy, each).includes(role));
}

/** The role of a new key of a member: the asked one, if it may be given, else the copied or the usual one, as far as it may be. */
export function roleOfNewKey(
  policy: Policy,
  member: string,
  asked: string | null,
  copied: string | null,
): Checked<string> {
  const may = rolesOfKeys(policy, member);
  if (asked === null && policy.keys.role_follows_creator) return { ok: true, value: member };
  const usual = may.includes(policy.keys.default_role) ? policy.keys.default_role : member;
  const role = asked ?? copied ?? usual;
  const checked = checkRole(policy, role, member);
  if (!checked.ok) return checked;
  if (may.includes(role)) return { ok: true, value: role };
  return forbidden(`role: keys have the role of the member who makes them, ${member} here; leave it out`);
}

/**
 * The environment of a new key: the asked one, or the only one where there is no other; or why a member of this role
 * makes no key of it. null: an operator makes it.
 */
export function environmentOfNewKey(policy: Policy, asked: string | null, member: string | null): Checked<string> {
  const environments = Object.keys(policy.environments).filter((name) => name !== policy.trial.environment);
  const minted =
    member === null ? environments : environments.filter((name) => policy.roles[member]?.mints.includes(name));
  const environment = asked ?? (environments.length === 1 ? environments[0] : undefined);
  if (environment === undefined || !environments.includes(environment)) {
    return invalid('environment', `expected one of ${minted.join(', ')}`);
  }
  if (minted.includes(environment)) return { ok: true, value: environment };
  return forbidden(`environment: your role, ${member}, may make keys of ${minted.join(', ') || 'none'}`);
}

function forbidden(detail: string): { readonly ok: false; readonly denial: Denial } {
  return { ok: false, denial: deny('role_forbidden', { detail }) };
}
