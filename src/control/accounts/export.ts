import { callObject } from '../../objects/call.ts';
import type { StoredAccount } from '../../registry/accounts.ts';
import { listAudit } from '../../registry/audit.ts';
import { listDeliveries, readAttempts } from '../../registry/delivery-log.ts';
import { listPeople, type Member, type PeopleQuery, readMember } from '../../registry/members.ts';
import { LONGEST_PAGE } from '../../registry/page.ts';
import { listKeys } from '../../registry/search.ts';
import { listEndpoints } from '../../registry/webhooks.ts';
import type { Answer } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { viewOf as keyView } from '../keys/view.ts';
import { itemOfEntry } from '../ledger/audit-entries.ts';
import { balanceView, viewOf as movementView } from '../ledger/credits.ts';
import { NDJSON } from '../ledger/logs.ts';
import { deliveryWithLog } from '../webhooks/deliveries.ts';
import { endpointView } from '../webhooks/endpoints.ts';
import { findAccount, missing as missingAccount, operatorViewOf } from './accounts.ts';
import { memberView, missing, personView } from './members.ts';

/*
 * All that is kept of an account or of a member, as NDJSON: each line says by `type` what it is. A page is read when
 * the client has taken those before; one that cannot be read breaks the stream off, and only a whole export ends with
 * `{"type":"end"}`. The request log has an export of its own.
 */

/** Each may have several attempts with bodies of 4 KB. */
const DELIVERIES_AT_ONCE = 50;
/** Of an endpoint that was deleted meanwhile. */
const NONE = { deliveries: [], nextCursor: null };

/** An account with its members, invitations, keys and webhooks without their secrets, audit trail and credits. */
export async function exportAccount(desk: Desk, accountId: string): Promise<Answer> {
  const account = await findAccount(desk, accountId);
  return account === null ? missingAccount() : ndjson(linesOfAccount(desk, account));
}

/** A member with the keys that it made, and what it did here. */
export async function exportMember(desk: Desk, accountId: string, memberId: string): Promise<Answer> {
  const member = await readMember(desk.force.db, accountId, memberId);
  return member === null ? missing() : ndjson(linesOfMember(desk, member));
}

async function* linesOfAccount(desk: Desk, account: StoredAccount): AsyncGenerator<object> {
  const { id: accountId, billingAnchorMs: anchorMs } = account;
  yield { type: 'account', ...operatorViewOf(account) };
  for (const status of ['active', 'removed', 'invited'] as const) yield* peopleOf(desk, { accountId, status });
  yield* keysOf(desk, { accountId });
  yield* trailOf(desk, { accountId });
  yield* webhooksOf(desk, accountId);
  const ledger = desk.house.edge.ledger(accountId);
  const page = (cursor: string | null) => callObject(() => ledger.statement({ limit: LONGEST_PAGE, cursor, anchorMs }));
  const newest = await page(null);
  if (newest !== null) yield { type: 'credits', ...balanceView(account, newest) };
  for await (const statement of pagesOf(page)) {
    for (const movement of statement.movements) {
      const { kind, ...shown } = movementView(movement);
      yield { type: 'credit_movement', kind, ...shown };
    }
  }
}

async function* linesOfMember(desk: Desk, member: Member): AsyncGenerator<object> {
  const { id, accountId } = member;
  yield { type: 'member', ...memberView(member) };
  yield* keysOf(desk, { accountId, memberId: id });
  yield* trailOf(desk, { accountId, actor: `member:${id}` });
}

async function* peopleOf({ force, nowMs }: Desk, who: Pick<PeopleQuery, 'accountId' | 'status'>) {
  const read = (cursor: string | null) =>
    listPeople(force.db, { ...who, inviters: null, limit: LONGEST_PAGE, cursor }, nowMs);
  const type = who.status === 'invited' ? 'invitation' : 'member';
  for await (const { people } of pagesOf(read)) for (const person of people) yield { type, ...personView(person) };
}

async function* keysOf({ force, nowMs }: Desk, whose: { accountId: string; memberId?: string }) {
  const read = (cursor: string | null) => listKeys(force.db, { ...whose, limit: LONGEST_PAGE, cursor }, nowMs);
  for await (const { keys } of pagesOf(read)) for (const key of keys) yield { type: 'key', ...keyView(key, nowMs) };
}

async function* trailOf({ force }: Desk, whose: { accountId: string; actor?: string }) {
  const read = (cursor: string | null) => listAudit(force.db, { ...whose, limit: LONGEST_PAGE, cursor });
  for await (const { entries } of pagesOf(read)) {
    for (const entry of entries) yield { type: 'audit', ...itemOfEntry(entry).value };
  }
}

/** Endpoints without their secrets, and what was sent to each. */
async function* webhooksOf({ force }: Desk, accountId: string) {
  for (const endpoint of await listEndpoints(force.db, accountId)) {
    yield { type: 'webhook', ...endpointView(endpoint) };
    const read = async (cursor: string | null) => {
      const page = await listDeliveries(force.db, { accountId, id: endpoint.id, limit: DELIVERIES_AT_ONCE, cursor });
      return typeof page === 'string' ? NONE : page;
    };
    for await (const { deliveries } of pagesOf(read)) {
      const attempts = await readAttempts(force.db, deliveries);
      for (const each of deliveries) {
        const { type: event_type, ...shown } = deliveryWithLog(each, attempts.get(each.id) ?? []);
        yield { type: 'delivery', event_type, ...shown };
      }
    }
  }
}

/** The pages of a list, one after the other. */
async function* pagesOf<P extends { readonly nextCursor: string | null }>(
  read: (cursor: string | null) => Promise<P | null>,
): AsyncGenerator<P> {
  let cursor: string | null = null;
  do {
    const page: P | null = await read(cursor);
    if (page === null) throw new Error('the cursor of a list is not known to it');
    yield page;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

function ndjson(lines: AsyncGenerator<object>): Answer {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await lines.next();
      controller.enqueue(encoder.encode(`${JSON.stringify(done ? { type: 'end' } : value)}\n`));
      if (done) controller.close();
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
  return { kind: 'stream', body, contentType: NDJSON };
}
