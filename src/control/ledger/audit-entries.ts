import type { RequestEvent } from '../../decision/event.ts';
import { type LimitHit, placeOfHit } from '../../objects/usage-hits.ts';
import { type AuditEntry, placeOfEntry } from '../../registry/audit.ts';
import { type Position, readCursor } from '../../registry/page.ts';
import { told } from '../../registry/told.ts';
import { rfc3339 } from '../answer.ts';
import type { Item, Part } from './merge.ts';

/** An entry of the trail as answers show it. */
export interface ShownEntry {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly account: string | null;
  readonly key: string | null;
  readonly address: string | null;
  readonly request_id: string | null;
  readonly before: unknown;
  readonly after: unknown;
}

/** What the entries are called that the ledger has. */
export const LIMIT_REACHED = 'key.limit_reached';
export const API_CALL = 'api_call';

/** A call stands where it began, or so long before it was recorded, if it took longer than that. */
const RECORDED_WITHIN_MS = 5_000;

/** A part of a list, from the page that it gave. */
export function partOf(items: readonly Item<ShownEntry>[], nextCursor: string | null): Part<ShownEntry> {
  return { items, rest: nextCursor === null ? null : readCursor(nextCursor) };
}

/** What the registry has written down. */
export function itemOfEntry(entry: AuditEntry): Item<ShownEntry> {
  const { id, atMs, actor, action, accountId: account, keyId: key, address, requestId, before, after } = entry;
  const value = { id: String(id), at: rfc3339(atMs), actor, action, account, key, address, request_id: requestId };
  return {
    value: { ...value, before: told(before), after: told(after) },
    orderMs: atMs,
    behind: placeOfEntry(entry),
    from: placeOfEntry({ atMs, id: id + 1 }),
  };
}

/** A limit that refused requests of a key; it stands at the beginning of its hour. */
export function itemOfHit(account: string, hit: LimitHit): Item<ShownEntry> {
  const { startMs, keyId: key, reason, requests } = hit;
  const hour = rfc3339(startMs);
  return {
    value: {
      id: `${hour} ${key} ${reason}`,
      at: hour,
      actor: `key:${key}`,
      action: LIMIT_REACHED,
      account,
      key,
      address: null,
      request_id: null,
      before: null,
      after: { reason, requests, hour },
    },
    orderMs: startMs,
    behind: placeOfHit(hit),
    from: [startMs, ''],
  };
}

/** A request of the log. */
export function itemOfCall(account: string, event: RequestEvent, place: Position): Item<ShownEntry> {
  const { requestId, atMs, keyId: key, method, path, status, address } = event;
  const [recordedAtMs, i] = place;
  return {
    value: {
      id: requestId,
      at: rfc3339(atMs),
      actor: `key:${key}`,
      action: API_CALL,
      account,
      key,
      address,
      request_id: requestId,
      before: null,
      after: { key, endpoint: `${method} ${path}`, status },
    },
    orderMs: Math.max(atMs, recordedAtMs - RECORDED_WITHIN_MS),
    behind: place,
    from: [recordedAtMs, Number(i) + 1],
  };
}
