import type { IdKind } from '../../credential/mint.ts';
import type { Policy } from '../../policy/schema.ts';
import type { FoundParty, ImportedAccount, ImportedKey, ImportedMember, Party } from '../../registry/imports.ts';
import { externalIdOf } from '../accounts/accounts.ts';
import { type Checked, invalid } from '../input.ts';
import type { ImportSettings } from '../inputs/imports.ts';
import { roleFor } from '../keys/create.ts';
import { NO_LIMITS, withLimits } from '../keys/limits.ts';
import { checkRole, checkTerms, environmentOfNewKey, ownersOf } from '../keys/terms.ts';
import type { Wish } from './line.ts';
import { type ConflictCode, conflictOf, invalidLine, type Result } from './result.ts';

/** A key as it is to be written, with the account and the member that it may need. */
export interface Planned {
  readonly key: ImportedKey;
  readonly account: ImportedAccount | null;
  readonly member: ImportedMember | null;
}

/** What a secret is known by here: its digests under all peppers, the current one first. */
export interface Digested {
  readonly digests: readonly string[];
  readonly pepperVersion: number;
}

/** What plans are made by. */
export interface Planner {
  readonly policy: Policy;
  readonly newId: (kind: IdKind) => string;
  readonly nowMs: number;
  /** What the lines before are to make, by whose account it is, and by account and user: the first one says how. */
  readonly accounts: ReadonlyMap<string, ImportedAccount>;
  readonly members: ReadonlyMap<string, ImportedMember>;
}

/** By which a member is known among those that a set makes. */
export function memberName({ account, external, user }: Party, found: FoundParty | null): string {
  return JSON.stringify([found?.accountId ?? account ?? external, user]);
}

/** Whose key it is. An account that only the old system knows is named so that no sign-in ever finds it. */
export function partyOf({ account, organisation, account_ref: ref, user }: ImportSettings): Party {
  const external = ref === undefined ? externalIdOf(organisation, user) : `ref:${ref}`;
  return { account: account ?? null, external: account === undefined ? external : null, user: user ?? null };
}

/** What comes of a line where its party is `found`, or why nothing does. The policy judges it as it does a new key. */
export function planKey(
  planner: Planner,
  { line, settings, secret }: Wish,
  { digests, pepperVersion }: Digested,
  party: Party,
  found: FoundParty | null,
): Planned | Result {
  const refused = refusalOf(party, found);
  if (refused !== null) return conflictOf(line, refused);
  const { external } = party;
  const account = found === null && external !== null ? (planner.accounts.get(external) ?? null) : null;
  const member = planner.members.get(memberName(party, found)) ?? null;
  const stands = { plan: found?.plan ?? account?.plan ?? null, memberRole: found?.memberRole ?? member?.role ?? null };
  const terms = termsOf(planner, settings, secret, party, stands);
  if (!terms.ok) return invalidLine(line, 'fields', terms.denial.detail ?? '');
  const { memberRole, plan, ...rest } = terms.value;
  const { newId } = planner;
  const key = { ...party, ...rest, line, id: newId('key'), secretId: newId('sec'), digests, pepperVersion };
  const isNewAccount = stands.plan === null && external !== null;
  const isNewMember = stands.memberRole === null && memberRole !== null;
  const name = settings.account_name ?? nameOf(settings);
  return {
    key: { ...key, prefix: secret.prefix },
    account: isNewAccount ? { id: newId('acc'), external, name, plan } : null,
    member: isNewMember ? { ...party, id: newId('mem'), role: memberRole } : null,
  };
}

/** What there is of a party, or will be by the lines before; null: nothing. */
interface Stands {
  readonly plan: string | null;
  readonly memberRole: string | null;
}

function refusalOf({ account }: Party, found: FoundParty | null): ConflictCode | null {
  if (found === null) return account === null ? null : 'account_missing';
  if (found.isClosed) return 'account_closed';
  return found.memberStatus === 'removed' ? 'member_removed' : null;
}

/** The name of an account that was given none, as long as one may be. */
function nameOf({ account_ref: ref, organisation, user }: ImportSettings): string {
  return (ref ?? organisation ?? user ?? '').slice(0, 100);
}

type Terms = Omit<ImportedKey, keyof Party | keyof Digested | 'line' | 'id' | 'secretId' | 'prefix'> & {
  /** null: the key is nobody's. */
  readonly memberRole: string | null;
  /** Of the account, as it is or is to be. */
  readonly plan: string;
};

function termsOf(
  { policy, nowMs }: Planner,
  settings: ImportSettings,
  secret: Wish['secret'],
  party: Party,
  stands: Stands,
): Checked<Terms> {
  const plan = stands.plan ?? settings.plan ?? policy.default_plan;
  if (stands.plan === null && !Object.hasOwn(policy.plans, plan)) {
    return invalid('plan', `expected one of ${Object.keys(policy.plans).join(', ')}`);
  }
  const environment = environmentOf(policy, settings.environment ?? null, secret);
  if (!environment.ok) return environment;
  const member = memberRoleOf(policy, settings, party, stands);
  if (!member.ok) return member;
  const role = roleFor(policy, member.value, settings.role ?? null, null);
  if (!role.ok) return role;
  const { label = null, category = null, created_at: createdAtMs = nowMs } = settings;
  if (createdAtMs > nowMs) return invalid('created_at', 'expected a time that is not in the future');
  const checked = checkTerms(policy, plan, { ...settings, label, category }, nowMs);
  if (!checked.ok) return checked;
  return {
    ok: true,
    value: {
      memberRole: member.value,
      plan,
      environment: environment.value,
      role: role.value,
      owners: member.value === null ? [] : ownersOf(policy, role.value),
      label,
      category,
      status: settings.active ? 'active' : 'inactive',
      createdAtMs,
      expiresAtMs: settings.expires_at ?? null,
      ...withLimits(NO_LIMITS, settings),
      addresses: settings.addresses ?? null,
      metadata: settings.metadata ?? {},
    },
  };
}

function environmentOf(
  policy: Policy,
  asked: string | null,
  { environment, isNamed }: Wish['secret'],
): Checked<string> {
  if (isNamed && asked !== null && asked !== environment) {
    return invalid('environment', 'the secret names another one: leave it out');
  }
  return environmentOfNewKey(policy, asked ?? environment, null);
}

/** The role of the member whose key it is, as it is or is to be; null: it is nobody's. */
function memberRoleOf(
  policy: Policy,
  { user_role: asked }: ImportSettings,
  { user, external }: Party,
  stands: Stands,
): Checked<string | null> {
  if (user === null) return { ok: true, value: null };
  const known = asked === undefined ? null : checkRole(policy, asked, null);
  if (known?.ok === false) return invalid('user_role', `expected one of ${Object.keys(policy.roles).join(', ')}`);
  const isOwn = external === externalIdOf(undefined, user);
  const usual = isOwn ? policy.members.first_role : policy.members.default_role;
  return { ok: true, value: stands.memberRole ?? asked ?? usual };
}
