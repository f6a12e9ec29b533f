import type * as z from 'zod';
import { digestUnder, innerHash } from '../credential/digest.ts';
import { deny } from '../decision/denial.ts';
import { limitsOf } from '../gateway/limits.ts';
import { callObject } from '../objects/call.ts';
import { type Alter, changeKey, changeKeys } from '../registry/changes.ts';
import { readKey, type StoredKey } from '../registry/keys.ts';
import { fromPrimary } from '../registry/lookup.ts';
import { recordOfKey } from '../registry/rows.ts';
import { listKeys as listStoredKeys } from '../registry/search.ts';
import { settlingKeys } from '../registry/settling.ts';
import { type Answer, denied, EMPTY, json, notInForce, rfc3339 } from './answer.ts';
import type { Desk } from './desk.ts';
import { invalid, type keyFilter, type keyQuery, type LimitChange, type presentedKey } from './input.ts';
import { checkLimits, limitsChanged } from './limits.ts';
import { countedView } from './shared.ts';
import { lastUses, lastUseView } from './usage.ts';

/** A key as answers show it: everything but its secret. */
export function viewOf(key: StoredKey) {
  const { credits = {}, ...quotas } = key.quotas;
  return {
    id: key.id,
    account: key.accountId,
    prefix: key.prefix,
    environment: key.environment,
    role: key.role,
    label: key.label,
    category: key.category,
    status: key.status,
    expires_at: rfc3339(key.expiresAtMs),
    rate_limit_per_second: key.ratePerSecond,
    rate_limit_per_minute: key.ratePerMinute,
    quotas,
    credit_quotas: credits,
    addresses: key.addresses,
    created_at: rfc3339(key.createdAtMs),
    revoked_at: rfc3339(key.revokedAtMs),
  };
}

const missing = (): Answer => denied(deny('not_found', { detail: 'there is no key with this id' }));

/** A revocation; null for a key that is revoked already. */
export const revocation: Alter = (key) =>
  key.status === 'revoked' ? null : { action: 'key.revoked', set: { status: 'revoked' } };

const deactivation: Alter = (key) =>
  key.status === 'active' ? { action: 'key.deactivated', set: { status: 'inactive' } } : null;

const activation: Alter = (key) =>
  key.status === 'inactive' ? { action: 'key.activated', set: { status: 'active' } } : null;

/** Keys by account, status, and what their prefix or label starts with; newest first, each with its last use. */
export async function listKeys(desk: Desk, query: z.output<typeof keyQuery>): Promise<Answer> {
  const { account, cursor, ...rest } = query;
  const page = await listStoredKeys(desk.force.db, { ...rest, accountId: account, cursor: cursor ?? null });
  if (page === null) return denied(invalid('cursor', 'expected the next_cursor of this list').denial);
  const uses = await lastUses(desk, page.keys);
  const keys = page.keys.map((key) => ({ ...viewOf(key), last_used: lastUseView(uses.get(key.id)) }));
  return json({ keys, next_cursor: page.nextCursor });
}

/**
 * One key, with what its gate has counted and when it was last used; `usage` is null while the gate cannot be reached,
 * `last_used` while the ledger cannot.
 */
export async function showKey(desk: Desk, keyId: string): Promise<Answer> {
  const key = await readKey(desk.force.db.withSession('first-primary'), keyId);
  if (key === null) return missing();
  const limits = limitsOf(recordOfKey(key), desk.house.policy);
  const [report, uses] = await Promise.all([
    callObject(() => desk.force.gate(keyId).inspect(limits)).catch(() => null),
    lastUses(desk, [key]),
  ]);
  const usage = report && countedView(report);
  return json({ ...viewOf(key), last_used: lastUseView(uses.get(keyId)), usage });
}

/** Revokes a key, for good. 204 says that no request that is sent from now on is admitted anywhere. */
export async function revokeKey(desk: Desk, keyId: string): Promise<Answer> {
  const changed = await changeKey(desk.force, keyId, desk.actor, desk.nowMs, revocation);
  if (changed.kind === 'in_force') return EMPTY;
  return changed.kind === 'pending' ? notInForce() : refusal(changed.kind);
}

/** Switches a key off until it is activated again. */
export function deactivateKey(desk: Desk, keyId: string): Promise<Answer> {
  return alterKey(desk, keyId, deactivation);
}

/** Switches a key on again. 200 says that no request that is sent from now on is refused for it. */
export function activateKey(desk: Desk, keyId: string): Promise<Answer> {
  return alterKey(desk, keyId, activation);
}

/**
 * Changes the limits of a key. 200 says that requests that are sent from now on are counted against the new ones; what
 * was counted before stays counted.
 */
export async function limitKey(desk: Desk, keyId: string, input: LimitChange): Promise<Answer> {
  const key = await readKey(desk.force.db.withSession('first-primary'), keyId);
  if (key === null) return missing();
  const allowed = checkLimits(desk.house.policy, key.plan, input);
  return allowed.ok ? alterKey(desk, keyId, (now) => limitsChanged(now, input)) : denied(allowed.denial);
}

async function alterKey(desk: Desk, keyId: string, alter: Alter): Promise<Answer> {
  const changed = await changeKey(desk.force, keyId, desk.actor, desk.nowMs, alter);
  if (!('key' in changed)) return refusal(changed.kind);
  if (changed.key.status === 'revoked') return denied(deny('conflict', { detail: 'a revoked key stays revoked' }));
  return changed.kind === 'in_force' ? json(viewOf(changed.key)) : notInForce();
}

function refusal(kind: 'not_found' | 'conflict'): Answer {
  return kind === 'not_found' ? missing() : denied(deny('conflict', { detail: 'the key is being changed by others' }));
}

/**
 * Revokes at most `limit` keys of a set; `more` says that there are others. What an earlier call left pending comes
 * first. 200 only if all of `revoked` holds and nothing is pending.
 */
export async function revokeKeys(desk: Desk, filter: z.output<typeof keyFilter>): Promise<Answer> {
  const { account, limit, ...rest } = filter;
  const db = desk.force.db.withSession('first-primary');
  const found = await settlingKeys(db, { ...rest, accountId: account }, limit + 1);
  const keys = found.slice(0, limit).map(({ key }) => key);
  const kinds = await changeKeys(desk.force, keys, desk.actor, desk.nowMs, revocation);
  const of = (...wanted: string[]) => [...kinds].filter(([, kind]) => wanted.includes(kind)).map(([id]) => id);
  const lists = { revoked: of('in_force'), pending: of('pending', 'conflict'), more: found.length > limit };
  return lists.pending.length === 0 ? json(lists) : notInForce(lists);
}

/** Which key a secret belongs to (null: none), and the digest by which its lockout is found. */
export async function lookUpKey(desk: Desk, { key: secret }: z.output<typeof presentedKey>): Promise<Answer> {
  const { format, lookup } = desk.house.edge;
  if (format.read(secret) === null) return denied(invalid('key', 'it does not have the format of a key').denial);
  const inner = await innerHash(secret);
  const digest = await digestUnder(lookup.peppers[0], inner);
  const record = await fromPrimary(lookup, inner, digest);
  const key = record === undefined ? null : await readKey(desk.force.db.withSession('first-primary'), record.keyId);
  return json({ digest, key: key && viewOf(key) });
}
