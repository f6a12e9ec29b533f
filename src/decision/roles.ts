import type { Policy, Role } from '../policy/schema.ts';
import { compilePattern, type PathMatcher } from './pattern.ts';

/** Whether a role may make a call; the path is normalised. A role that the policy does not know may make none. */
export type RoleMatcher = (role: string, method: string, path: string) => boolean;

interface Rule {
  readonly methods: readonly string[] | undefined;
  readonly paths: readonly PathMatcher[];
}

/** Compiles the roles of a policy, once. A rule without methods is about all; `deny` wins over `allow`. */
export function compileRoles(policy: Policy): RoleMatcher {
  const roles = new Map(
    Object.entries(policy.roles).map(([name, role]) => [
      name,
      { allow: role.allow.map(compileRule), deny: role.deny.map(compileRule) },
    ]),
  );
  return (name, method, path) => {
    const role = roles.get(name);
    return role !== undefined && covers(role.allow, method, path) && !covers(role.deny, method, path);
  };
}

function compileRule({ methods, paths }: Role['allow'][number]): Rule {
  return { methods, paths: paths.map(compilePattern) };
}

function covers(rules: readonly Rule[], method: string, path: string): boolean {
  for (const { methods, paths } of rules) {
    if (methods !== undefined && !methods.includes(method)) continue;
    for (const matches of paths) if (matches(path)) return true;
  }
  return false;
}
