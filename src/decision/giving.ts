import type { Policy } from '../policy/schema.ts';

/** The roles that a member with `role` may give, to keys and to members: its own first. */
export function rolesGivenBy({ roles }: Pick<Policy, 'roles'>, role: string): readonly string[] {
  return [...new Set([role, ...(roles[role]?.grants ?? [])])];
}
