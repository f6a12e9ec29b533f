import type { Policy, Role } from '../policy/schema.ts';
import { compileRange, type RangeMatcher } from './address.ts';
import { type Denial, deny } from './denial.ts';
import type { KeyRecord } from './record.ts';
import { compileRoles, type RoleMatcher } from './roles.ts';

/** What a decision reads of a request. */
export interface RequestFacts {
  /** Upper-case. */
  readonly method: string;
  /** Normalised: the very path that is forwarded. null: not known, and the role must permit anything at all. */
  readonly path: string | null;
  /** The client's normalised address. null: not known, and a key with a list of addresses is refused. */
  readonly address: string | null;
  /** It is to be a service key: what counts is that its role verifies, and not what it may call. */
  readonly verifies?: true;
}

type Grace = Pick<KeyRecord, 'replacedAtMs' | 'graceEndsAtMs'>;

interface Compiled {
  readonly permits: RoleMatcher;
  /** The roles that permit anything, and those that verify. */
  readonly callers: ReadonlySet<string>;
  readonly verifiers: ReadonlySet<string>;
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
const ADDRESS_MISSING = deny('address_missing');

type Check = (record: KeyRecord, facts: RequestFacts, policy: Policy, nowMs: number) => Denial | null;

/** All that is asked of a key, in the order in which it is told. */
const CHECKS: readonly Check[] = [
  revoked,
  suspended,
  inactive,
  expired,
  (record, _facts, _policy, nowMs) => graceEnded(record, nowMs),
  forbidden,
  elsewhere,
];

/**
 * Whether a key may make this call at `nowMs`: null, or the first reason why not. What the policy or this code does
 * not know (a role, an environment, a status, a time that is no number) is refused. Limits are not decided here.
 */
export function decide(record: KeyRecord, facts: RequestFacts, policy: Policy, nowMs: number): Denial | null {
  for (const check of CHECKS) {
    const denial = check(record, facts, policy, nowMs);
    if (denial !== null) return denial;
  }
  return null;
}

/** Every reason by which {@link decide} refuses, in its order; empty where it does not. */
export function allDenials(record: KeyRecord, facts: RequestFacts, policy: Policy, nowMs: number): Denial[] {
  return CHECKS.map((check) => check(record, facts, policy, nowMs)).filter((denial) => denial !== null);
}

/** Whether keys of a role may ask about others. */
export function mayVerify(policy: Policy): boolean {
  return compiled(policy).verifiers.size > 0;
}

function revoked({ status }: KeyRecord): Denial | null {
  return status === 'revoked' ? REVOKED : null;
}

function suspended({ accountStatus }: KeyRecord): Denial | null {
  return accountStatus === 'active' ? null : SUSPENDED;
}

function inactive({ status }: KeyRecord): Denial | null {
  return status === 'active' || status === 'revoked' ? null : INACTIVE;
}

function expired({ expiresAtMs }: KeyRecord, _facts: RequestFacts, _policy: Policy, nowMs: number): Denial | null {
  return hasPassed(expiresAtMs, nowMs) ? EXPIRED : null;
}

/** The refusal of a secret that was replaced and works no more; null for any other. */
export function graceEnded({ replacedAtMs, graceEndsAtMs }: Grace, nowMs: number): Denial | null {
  return graceEndsAtMs !== null && isGraceOver(replacedAtMs, graceEndsAtMs, nowMs) ? GRACE_ENDED : null;
}

function forbidden({ environment, role }: KeyRecord, facts: RequestFacts, policy: Policy): Denial | null {
  const { permits, callers, verifiers, environments } = compiled(policy);
  if (!environments.has(environment)) return ROLE_FORBIDDEN;
  const { path } = facts;
  const may = facts.verifies
    ? verifiers.has(role)
    : path === null
      ? callers.has(role)
      : permits(role, facts.method, path);
  return may ? null : ROLE_FORBIDDEN;
}

function elsewhere({ addresses }: KeyRecord, { address }: RequestFacts): Denial | null {
  if (addresses === null) return null;
  if (address === null) return ADDRESS_MISSING;
  return isListed(addresses, address) ? null : ADDRESS_FORBIDDEN;
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
  const rolesThat = (are: (role: Role) => boolean) =>
    new Set(Object.keys(policy.roles).filter((name) => are(policy.roles[name] as Role)));
  const made = {
    permits: compileRoles(policy),
    callers: rolesThat(({ allow }) => allow.length > 0),
    verifiers: rolesThat(({ verifies }) => verifies),
    environments: new Set(Object.keys(policy.environments)),
  };
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
