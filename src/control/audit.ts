import type * as z from 'zod';
import { listAudit } from '../registry/audit.ts';
import { type Answer, denied, json, rfc3339 } from './answer.ts';
import type { Desk } from './desk.ts';
import { type auditQuery, invalid } from './input.ts';

/** The trail of what was done, newest first. */
export async function showAudit(desk: Desk, query: z.output<typeof auditQuery>): Promise<Answer> {
  const { account, key, limit, cursor } = query;
  const page = await listAudit(desk.force.db, { accountId: account, keyId: key, limit, cursor: cursor ?? null });
  if (page === null) return denied(invalid('cursor', 'expected the next_cursor of this list').denial);
  const entries = page.entries.map((entry) => ({
    id: entry.id,
    at: rfc3339(entry.atMs),
    actor: entry.actor,
    action: entry.action,
    account: entry.accountId,
    key: entry.keyId,
    address: entry.address,
    request_id: entry.requestId,
    before: entry.before,
    after: entry.after,
  }));
  return json({ entries, next_cursor: page.nextCursor });
}
