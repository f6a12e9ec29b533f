import type * as z from 'zod';
import { callObject } from '../../objects/call.ts';
import { listAudit } from '../../registry/audit.ts';
import { type Position, readCursors, writeCursor, writeCursors } from '../../registry/page.ts';
import { type Answer, denied, json } from '../answer.ts';
import type { Desk, MemberDesk } from '../desk.ts';
import { invalid } from '../input.ts';
import type { auditQuery, ownAuditQuery } from '../inputs/ledger.ts';
import { keysWithin, seesAll, type Visible, visibleKeys } from '../visible.ts';
import {
  API_CALL,
  itemOfCall,
  itemOfEntry,
  itemOfHit,
  LIMIT_REACHED,
  partOf,
  type ShownEntry,
} from './audit-entries.ts';
import { mergeParts, type Part } from './merge.ts';

/*
 * The trail as it is shown: what the registry has written down, the hits of limits and, where the policy says so, the
 * request log, in one list. The last two are in the ledger of an account, so they are there only of one account.
 */

type Query = z.output<typeof ownAuditQuery>;

/** Whose trail, and who looks at it. */
interface View {
  /** null: of all accounts. */
  readonly accountId: string | null;
  /** Of what the registry has only this member's; undefined: all. */
  readonly visibleTo: string | undefined;
  /** Of what the ledger has only what concerns these keys. */
  readonly visible: Visible;
}

/** A list of its own, from a cursor on (null: the newest first); null where it does not know the cursor. */
type Source = (cursor: string | null) => Promise<Part<ShownEntry> | null>;

/**
 * What was done, newest first, for operators: in all accounts, or in one together with the hits of limits and the calls
 * of its keys. A page may be short and still have a cursor.
 */
export function showAudit(desk: Desk, query: z.output<typeof auditQuery>): Promise<Answer> {
  const { account = null, ...rest } = query;
  return auditOf(desk, rest, { accountId: account, visibleTo: undefined, visible: null });
}

/**
 * The same for who has signed in: of the account, or, for a role that manages none but its own keys, what they did and
 * what was done to keys of theirs. From where operators work is not told.
 */
export async function showOwnAudit(desk: MemberDesk, query: Query): Promise<Answer> {
  const visibleTo = seesAll(desk) ? undefined : desk.member.id;
  const view = { accountId: desk.account.id, visibleTo, visible: await visibleKeys(desk) };
  return auditOf(desk, query, view, (entry) =>
    entry.actor.startsWith('admin:') ? { ...entry, address: null } : entry,
  );
}

/** Throws where the ledger cannot be reached: a trail that lacks its part would look like all there is. */
async function auditOf(desk: Desk, query: Query, view: View, shown = (entry: ShownEntry) => entry): Promise<Answer> {
  const sources = [trailOf(desk, query, view), ...ledgerSources(desk, query, view)];
  const begins = query.cursor === undefined ? [] : readCursors(query.cursor, sources.length);
  const parts = await Promise.all(begins === null ? [null] : sources.map((source, i) => readFrom(source, begins[i])));
  const known = parts.flatMap((part) => part ?? []);
  if (known.length < sources.length) return denied(invalid('cursor', 'expected the next_cursor of this list').denial);
  const { values, positions } = mergeParts(known, query.limit);
  const hasMore = positions.some((position) => position !== null);
  return json({ entries: values.map(shown), next_cursor: hasMore ? writeCursors(positions) : null });
}

/** `begin` undefined: with the newest; null: it has ended. */
async function readFrom(source: Source | null, begin: Position | null | undefined): Promise<Part<ShownEntry> | null> {
  if (source === null || begin === null) return { items: [], rest: null };
  return source(begin === undefined ? null : writeCursor(begin));
}

function trailOf({ force }: Desk, query: Query, { accountId, visibleTo }: View): Source {
  const { key: keyId, actor, action, from: fromMs, to: toMs, limit } = query;
  const filter = { accountId: accountId ?? undefined, keyId, actor, action, fromMs, toMs, visibleTo, limit };
  return async (cursor) => {
    const page = await listAudit(force.db, { ...filter, cursor });
    return page && partOf(page.entries.map(itemOfEntry), page.nextCursor);
  };
}

/** The hits and the calls, each of which a key did; null where the filters leave none of them. */
function ledgerSources({ house }: Desk, query: Query, { accountId, visible }: View): [Source | null, Source | null] {
  const { key, actor, action = '', from: fromMs, to: toMs, limit } = query;
  const actingKey = actor?.match(/^key:(.*)$/)?.[1];
  const isOther = actor !== undefined && (actingKey === undefined || actingKey !== (key ?? actingKey));
  if (accountId === null || isOther) return [null, null];
  const ledger = house.edge.ledger(accountId);
  const filter = { keyIds: keysWithin(visible, key ?? actingKey), fromMs, toMs, limit };
  const hits: Source = async (cursor) => {
    const page = await callObject(() => ledger.limitHits({ ...filter, cursor }));
    return (
      page &&
      partOf(
        page.hits.map((hit) => itemOfHit(accountId, hit)),
        page.nextCursor,
      )
    );
  };
  const calls: Source = async (cursor) => {
    const page = await callObject(() => ledger.logs({ ...filter, cursor }));
    if (page === null) return null;
    const items = page.events.map((event, i) => itemOfCall(accountId, event, page.places[i] as Position));
    return partOf(items, page.nextCursor);
  };
  const isAsked = (name: string) =>
    action === '' || action === name || (action.endsWith('.') && name.startsWith(action));
  return [isAsked(LIMIT_REACHED) ? hits : null, house.policy.audit.calls && isAsked(API_CALL) ? calls : null];
}
