import type * as z from 'zod';
import { digestUnder, innerHash } from '../../credential/digest.ts';
import { deny } from '../../decision/denial.ts';
import { limitsOf } from '../../gateway/limits.ts';
import { callObject } from '../../objects/call.ts';
import { type Alter, type Changed, changeKey, changeKeys } from '../../registry/changes.ts';
import { readKey, type StoredKey } from '../../registry/keys.ts';
import { fromPrimary } from '../../registry/lookup.ts';
import { wasBroughtIn } from '../../registry/purge.ts';
import { purgeUnused } from '../../registry/retire.ts';
import { recordOfKey } from '../../registry/rows.ts';
import { type KeyQuery, listKeys as listStoredKeys } from '../../registry/search.ts';
import { settlingKeys } from '../../registry/settling.ts';
import { type Answer, denied, EMPTY, json, notInForce } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { invalid, type keyFilter, type presentedKey } from '../input.ts';
import type { keyQuery, keyRemoval, ownKeyQuery } from '../inputs/keys.ts';
import { countedView } from '../ledger/limits.ts';
import { lastUses, lastUseView } from '../ledger/usage.ts';
import { NO_KEY } from '../visible.ts';
import { viewOf } from './view.ts';

/** There is no such key. */
export const missing = (): Answer => denied(NO_KEY);

/** A revocation; null for a key that is revoked already. */
export const revocation: Alter = (key) =>
  key.status === 'revoked' ? null : { action: 'key.revoked', set: { status: 'revoked' } };

/** Switches a key off; null for one that is off already, or revoked. */
export const deactivation: Alter = (key) =>
  key.status === 'active' ? { action: 'key.deactivated', set: { status: 'inactive' } } : null;

const activation: Alter = (key) =>
  key.status === 'inactive' ? { action: 'key.activated', set: { status: 'active' } } : null;

/** Keys of any account, newest first, each with its last use. */
export function listKeys(desk: Desk, { account, ...query }: z.output<typeof keyQuery>): Promise<Answer> {
  const { status = 'all', prefix, label } = query;
  return pageOf(desk, query, { accountId: account, state: status === 'all' ? undefined : status, prefix, label });
}

/** A page of keys; `within` are the filters that are not the same for everyone. */
export async function pageOf(
  desk: Desk,
  { creator: memberId, category, environment, limit, cursor }: z.output<typeof ownKeyQuery>,
  within: Pick<KeyQuery, 'accountId' | 'memberId' | 'state' | 'prefix' | 'label'>,
): Promise<Answer> {
  const query = { memberId, category, environment, limit, cursor: cursor ?? null, ...within };
  const page = await listStoredKeys(desk.force.db, query, desk.nowMs);
  if (page === null) return denied(invalid('cursor', 'expected the next_cursor of this list').denial);
  const uses = await lastUses(desk, page.keys);
  const keys = page.keys.map((key) => ({ ...viewOf(key, desk.nowMs), last_used: lastUseView(uses.get(key.id)) }));
  return json({ keys, next_cursor: page.nextCursor });
}

/** A key of any account, as {@link shownKey} tells it. */
export async function showKey(desk: Desk, keyId: string): Promise<Answer> {
  const key = await keyById(desk, keyId);
  return key === null ? missing() : shownKey(desk, key);
}

/** A key as it is now, or null: answer with {@link missing}. */
export function keyById({ force }: Desk, keyId: string): Promise<StoredKey | null> {
  return readKey(force.db.withSession('first-primary'), keyId);
}

/**
 * One key, with what its gate has counted and when it was last used; `usage` is null while the gate cannot be reached,
 * `last_used` while the ledger cannot.
 */
export async function shownKey(desk: Desk, key: StoredKey): Promise<Answer> {
  const limits = limitsOf(recordOfKey(key), desk.house.policy);
  const [report, uses] = await Promise.all([
    callObject(() => desk.force.gate(key.id).inspect(limits)).catch(() => null),
    lastUses(desk, [key]),
  ]);
  const usage = report && countedView(report);
  return json({ ...viewOf(key, desk.nowMs), last_used: lastUseView(uses.get(key.id)), usage });
}

/** Revokes a key, for good. 204 says that no request that is sent from now on is admitted anywhere. */
export async function revokeKey(desk: Desk, keyId: string): Promise<Answer> {
  const changed = await changeKey(desk.force, keyId, desk.actor, desk.nowMs, revocation);
  if (changed.kind === 'in_force') return EMPTY;
  return changed.kind === 'pending' ? notInForce() : refusal(changed.kind);
}

/** Revokes a key, or deletes one that was never used, as if it had never been. */
export function removeKey(desk: Desk, keyId: string, { purge }: z.output<typeof keyRemoval>): Promise<Answer> {
  return purge ? purgeKey(desk, keyId) : revokeKey(desk, keyId);
}

async function purgeKey(desk: Desk, keyId: string): Promise<Answer> {
  const { keys, legacy } = desk.house.policy;
  if (!keys.purge_unused) {
    return denied(deny('conflict', { detail: 'keys are not deleted here: deactivate the key, or revoke it' }));
  }
  // What is not here is asked for there, and would be admitted again.
  if (legacy.verifier !== null && (await wasBroughtIn(desk.force.db, keyId))) {
    return denied(deny('conflict', { detail: 'the key came from an older system, which is still asked: revoke it' }));
  }
  const purged = await purgeUnused(desk.force, keyId, desk.actor, desk.nowMs);
  switch (purged) {
    case 'purged':
      return EMPTY;
    case 'pending':
      return notInForce();
    case 'used':
      return denied(
        deny('conflict', { detail: 'the key was used, so it is not deleted: deactivate it, or revoke it' }),
      );
    case 'not_found':
    case 'conflict':
      return refusal(purged);
  }
}

/** Switches a key off until it is activated again. */
export function deactivateKey(desk: Desk, keyId: string): Promise<Answer> {
  return alterKey(desk, keyId, deactivation);
}

/** Switches a key on again. 200 says that no request that is sent from now on is refused for it. */
export function activateKey(desk: Desk, keyId: string): Promise<Answer> {
  return alterKey(desk, keyId, activation);
}

/** Changes a key and shows it; `unmet`: why not, where what the change asks for does not hold. */
export async function alterKey(desk: Desk, keyId: string, alter: Alter, unmet?: Answer): Promise<Answer> {
  const changed = await changeKey(desk.force, keyId, desk.actor, desk.nowMs, alter);
  if (!('key' in changed)) return changed.kind === 'unmet' && unmet !== undefined ? unmet : refusal(changed.kind);
  if (changed.key.status === 'revoked') return denied(deny('conflict', { detail: 'a revoked key stays revoked' }));
  return changed.kind === 'in_force' ? json(viewOf(changed.key, desk.nowMs)) : notInForce();
}

function refusal(kind: Exclude<Changed['kind'], 'in_force' | 'pending'>): Answer {
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
  const key = record === undefined ? null : await keyById(desk, record.keyId);
  return json({ digest, key: key && viewOf(key, desk.nowMs) });
}
