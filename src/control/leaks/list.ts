import type * as z from 'zod';
import { listLeaks } from '../../registry/leaks.ts';
import { type Answer, denied, json, rfc3339 } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { invalid } from '../input.ts';
import type { leakQuery } from '../inputs/ledger.ts';

/** Keys that were found in public, newest first. */
export async function showLeaks(
  { force }: Desk,
  { account: accountId, key: keyId, limit, cursor }: z.output<typeof leakQuery>,
): Promise<Answer> {
  const page = await listLeaks(force.db, { accountId, keyId, limit, cursor: cursor ?? null });
  if (page === null) return denied(invalid('cursor', 'expected the next_cursor of this list').denial);
  const leaks = page.leaks.map(({ id, atMs, accountId: account, keyId: key, about }) => {
    return { id: String(id), at: rfc3339(atMs), account, key, ...about };
  });
  return json({ leaks, next_cursor: page.nextCursor });
}
