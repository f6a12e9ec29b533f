import { rolesGivenBy } from '../../decision/giving.ts';
import { compileRoles } from '../../decision/roles.ts';
import type { Policy } from '../../policy/schema.ts';
import type { Inviters } from '../../registry/members.ts';

/** Where the members of an account are, for roles. */
export const MEMBERS_PATH = '/api/v1/user/members';

/**
 * The roles that administer an account, of which one active member must stay: those that manage all keys of the account
 * and may let members in. A role that only sees everything is none.
 */
export function administeringRoles(policy: Policy): string[] {
  const permits = compileRoles(policy);
  return Object.entries(policy.roles)
    .filter(([name, { manages }]) => manages === 'account' && permits(name, 'POST', MEMBERS_PATH))
    .map(([name]) => name);
}

/** By which roles an invitation must have been made to count, where not by the operator: those that let members in. */
export function invitersOf(policy: Policy): Inviters {
  if (policy.members.join === 'admin') return {};
  const permits = compileRoles(policy);
  const roles = Object.keys(policy.roles);
  const inviting = roles.filter((role) => permits(role, 'POST', MEMBERS_PATH));
  return Object.fromEntries(
    roles.map((given) => [given, inviting.filter((role) => rolesGivenBy(policy, role).includes(given))]),
  );
}

/** The roles that the keys of a member with `role` may have; of others each gets `role`. */
export function rolesOfKeys(policy: Policy, role: string): readonly string[] {
  return policy.keys.role_follows_creator ? [role] : rolesGivenBy(policy, role);
}
