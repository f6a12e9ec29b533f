import type * as z from 'zod';
import type { KeyStatus, Quotas, Terms } from '../decision/record.ts';
import { callObject } from '../objects/call.ts';
import type { GateReport } from '../objects/key-gate.ts';
import type { Policy } from '../policy/schema.ts';
import { setAccountStatus } from '../registry/accounts.ts';
import { changeKeys } from '../registry/changes.ts';
import type { KeyChange, StoredKey } from '../registry/keys.ts';
import { keysAfter } from '../registry/search.ts';
import { type Answer, json, notInForce } from './answer.ts';
import type { Desk } from './desk.ts';
import type { reconcileInput } from './input.ts';

/** What a gate remembers of a key for which the registry may be behind. */
interface Ahead {
  readonly floor: number;
  readonly terms: Terms | null;
}

const STRICTNESS: Record<KeyStatus, number> = { active: 0, inactive: 1, revoked: 2 };

/**
 * After a restored database: compares a page of keys with their gates. Where the gate has seen what the registry has
 * forgotten, the stricter of both is written, at a generation above both, and brought into force. To be called until
 * `next_cursor` is null; calling it again repairs nothing twice.
 */
export async function reconcile(desk: Desk, input: z.output<typeof reconcileInput>): Promise<Answer> {
  const { force, actor, nowMs, house } = desk;
  const keys = await keysAfter(force.db.withSession('first-primary'), input.cursor ?? null, input.limit);
  const reports = await Promise.all(
    keys.map(({ id }) => callObject(() => force.gate(id).inspect([])).catch(() => null)),
  );
  const ahead = new Map<string, Ahead>();
  for (const [i, key] of keys.entries()) {
    const found = aheadOf(key, reports[i] ?? null);
    if (found !== null) ahead.set(key.id, found);
  }
  const behind = keys.filter(({ id }) => ahead.has(id));
  const suspended = behind.filter((key) => key.accountStatus === 'active' && isSuspended(ahead.get(key.id)));
  for (const accountId of new Set(suspended.map((key) => key.accountId))) {
    await setAccountStatus(force.db, accountId, 'suspended', actor, nowMs);
  }
  const kinds = await changeKeys(force, behind, actor, nowMs, (key) => repair(key, ahead.get(key.id), house.policy));
  const lists = {
    checked: keys.length,
    repaired: [...kinds].filter(([, kind]) => kind === 'in_force').map(([id]) => id),
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
  const { floor, terms } = report;
  return floor > key.generation || (terms !== null && !sameTerms(key, terms)) ? { floor, terms } : null;
}

function sameTerms(key: StoredKey, terms: Terms): boolean {
  const names = new Set([...Object.keys(key.quotas), ...Object.keys(terms.quotas)]) as Set<keyof Quotas>;
  return (
    key.status === terms.status &&
    key.accountStatus === terms.accountStatus &&
    key.expiresAtMs === terms.expiresAtMs &&
    key.ratePerMinute === terms.ratePerMinute &&
    [...names].every((name) => key.quotas[name] === terms.quotas[name])
  );
}

function isSuspended(ahead: Ahead | undefined): boolean {
  return ahead?.terms?.accountStatus === 'suspended';
}

function repair(key: StoredKey, ahead: Ahead | undefined, policy: Policy): KeyChange | null {
  if (ahead === undefined) return null;
  const set = ahead.terms === null ? {} : stricter(key, ahead.terms, policy);
  return { action: 'key.reconciled', set, generationAbove: ahead.floor };
}

/** The fields in which the gate's terms are stricter than the registry's. */
export function stricter(key: StoredKey, terms: Terms, policy: Policy): KeyChange['set'] {
  const set: { -readonly [field in keyof KeyChange['set']]: KeyChange['set'][field] } = {};
  if (STRICTNESS[terms.status] > STRICTNESS[key.status]) set.status = terms.status;
  const never = Number.POSITIVE_INFINITY;
  if ((terms.expiresAtMs ?? never) < (key.expiresAtMs ?? never)) set.expiresAtMs = terms.expiresAtMs;
  const usual = policy.limits.default_rate_per_minute ?? never;
  if ((terms.ratePerMinute ?? usual) < (key.ratePerMinute ?? usual)) set.ratePerMinute = terms.ratePerMinute;
  const quotas = { ...key.quotas };
  for (const name of ['total', 'daily', 'weekly', 'monthly'] as const) {
    const limit = terms.quotas[name];
    if (limit !== undefined && limit < (quotas[name] ?? never)) Object.assign(quotas, { [name]: limit });
  }
  if (JSON.stringify(quotas) !== JSON.stringify(key.quotas)) set.quotas = quotas;
  return set;
}
