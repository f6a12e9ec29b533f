import type * as z from 'zod';
import { callObject } from '../../objects/call.ts';
import type { LogCalls, LogFilter } from '../../objects/journal.ts';
import type { ExportSpan } from '../../objects/log-export.ts';
import { lineOf } from '../../objects/log-line.ts';
import { findAccount, missing } from '../accounts/accounts.ts';
import { type Answer, denied, json } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { invalid } from '../input.ts';
import type { logQuery } from '../inputs/ledger.ts';
import { keysWithin, type Visible } from '../visible.ts';

/** The content type of an export. */
export const NDJSON = 'application/x-ndjson';

type Query = z.output<typeof logQuery>;

/**
 * The requests of an account: newest first by page, or all that the filters leave as NDJSON, oldest first, for
 * `format=ndjson` or a client that accepts NDJSON. A page may be short and still have a cursor.
 */
export async function showLogs(desk: Desk, accountId: string, query: Query): Promise<Answer> {
  return (await findAccount(desk, accountId)) === null ? missing() : logsOf(desk, accountId, query, null);
}

/** The same of an account that is there, of the keys that may be seen. */
export async function logsOf(desk: Desk, accountId: string, query: Query, visible: Visible): Promise<Answer> {
  const { key, category, status: statuses, reason, from: fromMs, to: toMs, limit, cursor = null } = query;
  const filter: LogFilter = { keyIds: keysWithin(visible, key), category, statuses, reason, fromMs, toMs };
  const ledger = desk.house.edge.ledger(accountId);
  if (query.format === 'ndjson' || (query.format === undefined && desk.accept?.includes(NDJSON) === true)) {
    return { kind: 'stream', body: await exportOf(ledger, filter), contentType: NDJSON };
  }
  const page = await callObject(() => ledger.logs({ ...filter, limit, cursor }));
  if (page === null) return denied(invalid('cursor', 'expected the next_cursor of this list').denial);
  return json({ entries: page.events.map(lineOf), next_cursor: page.nextCursor });
}

/**
 * All that the filter leaves, up to the newest entry of now. The ledger is asked for the first part before there is an
 * answer, and for each further one when the client has taken those before. One that cannot be had breaks the stream off,
 * so that what is there does not look like all. Throws where the first cannot be had.
 */
export async function exportOf(
  ledger: Pick<LogCalls, 'exportLogs'>,
  filter: LogFilter,
): Promise<ReadableStream<Uint8Array>> {
  const partOf = (span: ExportSpan | null) => callObject(() => ledger.exportLogs(filter, span));
  const encoder = new TextEncoder();
  let part = await partOf(null);
  return new ReadableStream({
    async pull(controller) {
      while (part.text === '' && part.next !== null) part = await partOf(part.next);
      if (part.text !== '') controller.enqueue(encoder.encode(part.text));
      if (part.next === null) controller.close();
      part = { ...part, text: '' };
    },
  });
}
