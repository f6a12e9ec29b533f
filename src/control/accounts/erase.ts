import type * as z from 'zod';
import { deny } from '../../decision/denial.ts';
import type { ErasePlace } from '../../objects/account-ledger.ts';
import { callObject } from '../../objects/call.ts';
import type { Erased } from '../../objects/log-erase.ts';
import {
  eraseAccountRows,
  eraseAddressesOf,
  eraseEvents,
  eraseMemberRows,
  eraseTrail,
  noteAccountErased,
} from '../../registry/erasing.ts';
import { keysOfMember } from '../../registry/own-keys.ts';
import { readCursor, writeCursor } from '../../registry/page.ts';
import { type Answer, denied, json } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { type Checked, invalid } from '../input.ts';
import type { erasure } from '../inputs/people.ts';
import { findAccount, missing } from './accounts.ts';
import { removeMember } from './members.ts';

/*
 * Erasure: e-mail addresses, user ids, client addresses and the request log go; the audit trail names members by ids
 * behind which nobody stands any more; what was spent and granted stays. Webhook endpoints go with their account. It is
 * done in parts, each of which may be done again: a call that ends before all is erased gives a cursor to go on with.
 */

/** How far an erasure has come: in the ledger, or (`audit`) with it. */
type Place = ErasePlace | { readonly part: 'audit' };

/** What is to be erased beside the rows of the registry: requests with these keys, and what stands in the trail. */
interface Extent {
  readonly accountId: string;
  readonly keys: Erased;
  /** Returns whether there may be more. */
  readonly trail: () => Promise<boolean>;
}

/** So many parts of the ledger one call erases. */
const PARTS_PER_CALL = 20;

/** Erases an account that is closed. */
export async function eraseAccount(desk: Desk, accountId: string, input: z.output<typeof erasure>): Promise<Answer> {
  const place = placeOf(input.cursor);
  if (!place.ok) return denied(place.denial);
  const account = await findAccount(desk, accountId);
  if (account === null) return missing();
  if (account.closedAtMs === null) return denied(deny('conflict', { detail: 'close the account first' }));
  const { force, actor, nowMs } = desk;
  await eraseAccountRows(force.db, accountId, actor, nowMs);
  const trail = async () => (await eraseTrail(force.db, accountId)) || (await eraseEvents(force.db, accountId));
  const next = await erase(desk, { accountId, keys: 'all', trail }, place.value);
  if (next === null) await noteAccountErased(force.db, accountId, actor, nowMs);
  return json({ account: accountId, ...progress(next) });
}

/**
 * Erases a member. One who is still active is removed before, and what keys of theirs still work are revoked: a request
 * cannot be kept out of the log and counted as somebody's at the same time.
 */
export async function eraseMember(
  desk: Desk,
  accountId: string,
  memberId: string,
  input: z.output<typeof erasure>,
): Promise<Answer> {
  const place = placeOf(input.cursor);
  if (!place.ok) return denied(place.denial);
  const { force, actor, nowMs } = desk;
  const removed = await removeMember(desk, { accountId, roles: null }, memberId, { revoke_keys: true });
  if (removed.kind !== 'json') return removed;
  await eraseMemberRows(force.db, accountId, memberId, actor, nowMs);
  const keys = await keysOfMember(force.db.withSession('first-primary'), memberId);
  const actors = [`member:${memberId}`, ...keys.map((key) => `key:${key}`)];
  const trail = () => eraseAddressesOf(force.db, accountId, actors);
  const next = await erase(desk, { accountId, keys, trail }, place.value);
  return json({ account: accountId, member: memberId, ...progress(next) });
}

/** Goes on from a place; null: all is erased. */
async function erase({ house }: Desk, { accountId, keys, trail }: Extent, from: Place | null): Promise<Place | null> {
  const ledger = house.edge.ledger(accountId);
  let place = from;
  for (let part = 0; part < PARTS_PER_CALL && place?.part !== 'audit'; part++) {
    const at: ErasePlace | null = place;
    place = (await callObject(() => ledger.eraseRequests(keys, at))) ?? { part: 'audit' };
  }
  if (place?.part !== 'audit') return place;
  return (await trail()) ? place : null;
}

function progress(next: Place | null) {
  return { erased: next === null, next_cursor: next === null ? null : cursorOf(next) };
}

function cursorOf(place: Place): string {
  if (place.part === 'log') return writeCursor([place.afterId, 'log']);
  return writeCursor([0, place.part === 'usage' ? `usage:${place.afterKey ?? ''}` : 'audit']);
}

function placeOf(cursor: string | undefined): Checked<Place | null> {
  if (cursor === undefined) return { ok: true, value: null };
  const [afterId, name] = readCursor(cursor) ?? [0, ''];
  if (name === 'log') return { ok: true, value: { part: 'log', afterId } };
  if (name === 'audit') return { ok: true, value: { part: 'audit' } };
  const [, key] = /^usage:(.*)$/.exec(String(name)) ?? [];
  if (key === undefined) return invalid('cursor', 'expected the next_cursor of this erasure');
  return { ok: true, value: { part: 'usage', afterKey: key === '' ? null : key } };
}
