import type { Policy } from '../policy/schema.ts';
import { compileRange, type RangeMatcher } from './address.ts';
import { type Denial, deny } from './denial.ts';
import type { KeyRecord } from './record.ts';
import { compileRoles, type RoleMatcher } from './roles.ts';

/** What a decision reads of a request. */
export interface RequestFacts {
  /** Upper-case. */
  readonly method: string;
  /** Normalised: the very path that is forwarded. */
  readonly path: string;
  /** The client's normalised address. */
  readonly address: string;
}

interface Compiled {
  readonly permits: RoleMatcher;
  readonly environments: ReadonlySet<string>;
}

/* Plain values, derived once from what they are keyed by, and gone with it. */
const policies = new WeakMap<Policy, Compiled>();
const ranges = new WeakMap<readonly string[], readonly RangeMatcher[]>();

const REVOKED = deny('revoked');
const SUSPENDED = deny('account_suspended');
const INACTIVE = deny('inactive');
const EXPIRED = deny('expired');
const GRACE_ENDED = deny('grace_ended');
const ROLE_FORBIDDEN = deny('role_forbidden');
const ADDRESS_FORBIDDEN = deny('address_forbidden');

/**
 * Whether a key may make this call at `nowMs`: null, or the first reason why not. What the policy or this code does
 * not know (a role, an environment, a status, a time that is no number) is refused. Limits are not decided here.
 */
export function decide(record: KeyRecord, facts: RequestFacts, policy: Policy, nowMs: number): Denial | null {
  if (record.status === 'revoked') return REVOKED;
  if (record.accountStatus !== 'active') return SUSPENDED;
  if (record.status !== 'active') return INACTIVE;
  if (hasPassed(record.expiresAtMs, nowMs)) return EXPIRED;
  if (record.graceEndsAtMs !== null && isGraceOver(record.replacedAtMs, record.graceEndsAtMs, nowMs))
    return GRACE_ENDED;
  const { permits, environments } = compiled(policy);
  if (!environments.has(record.environment)) return ROLE_FORBIDDEN;
  if (!permits(record.role, facts.method, facts.path)) return ROLE_FORBIDDEN;
  if (record.addresses !== null && !isListed(record.addresses, facts.address)) return ADDRESS_FORBIDDEN;
  return null;
}

/** A grace without length is over whatever a clock says: what ends at once must not wait for one that is behind. */
function isGraceOver(replacedAtMs: number | null, endsAtMs: number, nowMs: number): boolean {
  return hasPassed(endsAtMs, nowMs) || (replacedAtMs !== null && endsAtMs <= replacedAtMs);
}

/** At the very moment it has passed. */
function hasPassed(endMs: number | null, nowMs: number): boolean {
  return endMs !== null && !(nowMs < endMs);
}

function compiled(policy: Policy): Compiled {
  const known = policies.get(policy);
  if (known !== undefined) return known;
  const made = { permits: compileRoles(policy), environments: new Set(Object.keys(policy.environments)) };
  policies.set(policy, made);
  return made;
}

/** An entry that is no address matches nothing. */
function isListed(list: readonly string[], address: string): boolean {
  let matchers = ranges.get(list);
  if (matchers === undefined) {
    matchers = list.map(compileRange).filter((matcher) => matcher !== null);
    ranges.set(list, matchers);
  }
  for (const matches of matchers) if (matches(address)) return true;
  return false;
}
