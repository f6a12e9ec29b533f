import type * as z from 'zod';
import {
  type CreditQuotas,
  isEqual,
  type KeyStatus,
  PURGED_FLOOR,
  QUOTA_NAMES,
  type Quotas,
  sameTerms,
  type Terms,
  termsOf,
} from '../../decision/record.ts';
import { callObject } from '../../objects/call.ts';
import type { GateReport } from '../../objects/key-gate.ts';
import type { Policy } from '../../policy/schema.ts';
import { type AccountChange, changeAccount } from '../../registry/accounts.ts';
import { changeKeys } from '../../registry/changes.ts';
import type { KeyChange, StoredKey } from '../../registry/keys.ts';
import { purgeKeys } from '../../registry/purge.ts';
import { keysAfter } from '../../registry/search.ts';
import { type Answer, json, notInForce } from '../answer.ts';
import type { Desk } from '../desk.ts';
import type { reconcileInput } from '../input.ts';

/** What a gate remembers of a key for which the registry is behind; an older version remembered less. */
interface Ahead {
  readonly floor: number;
  /**
   * Whether it is right about what is neither stricter nor laxer than the registry's. Above the registry it knows what
   * was acknowledged last; at the same generation its terms may be older.
   */
  readonly isNewer: boolean;
  readonly terms: Partial<Terms>;
}

const STRICTNESS: Record<KeyStatus, number> = { active: 0, inactive: 1, revoked: 2 };

/**
 * After a restored database: compares a page of keys with their gates. Where the gate has seen what the registry has
 * forgotten, the stricter of both is written, at a generation above both, and brought into force; a key that was purged
 * is purged again. To be called until `next_cursor` is null; calling it again repairs nothing twice.
 */
export async function reconcile(desk: Desk, input: z.output<typeof reconcileInput>): Promise<Answer> {
  const { force, actor, nowMs, house } = desk;
  const keys = await keysAfter(force.db.withSession('first-primary'), input.cursor ?? null, input.limit);
  const reports = await Promise.all(
    keys.map(({ id }) => callObject(() => force.gate(id).inspect([])).catch(() => null)),
  );
  const isPurged = (_: StoredKey, i: number) => reports[i]?.floor === PURGED_FLOOR;
  const purged = await purgeKeys(force.db, keys.filter(isPurged), actor, nowMs);
  const ahead = new Map<string, Ahead>();
  for (const [i, key] of keys.entries()) {
    const found = aheadOf(key, reports[i] ?? null);
    if (found !== null) ahead.set(key.id, found);
  }
  const behind = keys.filter(({ id }) => ahead.has(id));
  for (const [accountId, set] of accountRepairs(behind, ahead)) {
    await changeAccount(force.db, accountId, { action: 'account.reconciled', set }, actor, nowMs);
  }
  const kinds = await changeKeys(force, behind, actor, nowMs, (key) => repair(key, ahead.get(key.id), house.policy));
  const lists = {
    checked: keys.length,
    repaired: [...purged, ...[...kinds].filter(([, kind]) => kind === 'in_force').map(([id]) => id)],
    pending: [
      ...keys.filter((_, i) => reports[i] === null).map(({ id }) => id),
      ...[...kinds].filter(([, kind]) => kind === 'pending' || kind === 'conflict').map(([id]) => id),
    ],
    next_cursor: keys.length === input.limit ? (keys.at(-1)?.id ?? null) : null,
  };
  return lists.pending.length === 0 ? json(lists) : notInForce(lists);
}

/**
 * A gate ahead of the registry has seen a generation that the registry lost. One at the same generation with other
 * terms has too: the restored registry counted up to it again.
 */
function aheadOf(key: StoredKey, report: GateReport | null): Ahead | null {
  if (report === null || report.floor === null || report.floor < key.generation) return null;
  if (report.floor === PURGED_FLOOR) return null;
  const { floor, terms } = report;
  if (floor === key.generation && (terms === null || sameTerms(terms, termsOf(key)))) return null;
  return { floor, isNewer: floor > key.generation, terms: terms ?? {} };
}

/** What the gates of its keys know of each account and the registry has forgotten. */
function accountRepairs(
  keys: readonly StoredKey[],
  ahead: ReadonlyMap<string, Ahead>,
): Map<string, AccountChange['set']> {
  const repairs = new Map<string, AccountChange['set']>();
  for (const key of keys) {
    const gate = ahead.get(key.id);
    if (gate === undefined) continue;
    const set: Writable<AccountChange['set']> = { ...repairs.get(key.accountId) };
    const { accountStatus, plan, budgetMicro } = gate.terms;
    if (accountStatus === 'suspended' && key.accountStatus === 'active') set.status = 'suspended';
    if (isLower(budgetMicro, set.budgetMicro ?? key.budgetMicro)) set.budgetMicro = budgetMicro;
    if (plan !== undefined && plan !== key.plan && gate.isNewer) set.plan = plan;
    if (Object.keys(set).length > 0) repairs.set(key.accountId, set);
  }
  return repairs;
}

function repair(key: StoredKey, gate: Ahead | undefined, policy: Policy): KeyChange | null {
  if (gate === undefined) return null;
  return { action: 'key.reconciled', set: stricter(key, gate, policy), generationAbove: gate.floor };
}

/** The fields in which the gate is stricter than the registry, or knows better where neither is. */
function stricter(key: StoredKey, gate: Ahead, policy: Policy): KeyChange['set'] {
  const { status, expiresAtMs, quotas = {}, role, addresses } = gate.terms;
  const set: Writable<KeyChange['set']> = {};
  if (status !== undefined && STRICTNESS[status] > STRICTNESS[key.status]) set.status = status;
  if (isLower(expiresAtMs, key.expiresAtMs)) set.expiresAtMs = expiresAtMs;
  const { default_rate_per_second, default_rate_per_minute } = policy.limits;
  const usual = { ratePerSecond: default_rate_per_second, ratePerMinute: default_rate_per_minute };
  for (const field of ['ratePerSecond', 'ratePerMinute'] as const) {
    const rate = gate.terms[field];
    if (rate !== undefined && isLower(rate ?? usual[field], key[field] ?? usual[field])) set[field] = rate;
  }
  const lower = lowerQuotas(key.quotas, quotas);
  if (!isEqual(lower, key.quotas)) set.quotas = lower;
  if (role !== undefined && role !== key.role && gate.isNewer) set.role = role;
  const isOther = Array.isArray(addresses) && !isEqual(addresses, key.addresses);
  if (isOther && (key.addresses === null || gate.isNewer)) set.addresses = addresses;
  return set;
}

type Writable<T> = { -readonly [field in keyof T]: T[field] };

/** null: no limit. What an older gate does not know is lower than nothing. */
function isLower(known: number | null | undefined, than: number | null): known is number {
  return typeof known === 'number' && known < (than ?? Number.POSITIVE_INFINITY);
}

function lowerQuotas(one: Quotas, other: Quotas): Quotas {
  const credits = lowerCaps(one.credits ?? {}, other.credits ?? {});
  return { ...lowerCaps(one, other), ...(Object.keys(credits).length > 0 && { credits }) };
}

function lowerCaps(one: CreditQuotas, other: CreditQuotas): CreditQuotas {
  const caps = QUOTA_NAMES.map((name) => [name, Math.min(one[name] ?? Infinity, other[name] ?? Infinity)] as const);
  return Object.fromEntries(caps.filter(([, cap]) => cap < Infinity));
}
