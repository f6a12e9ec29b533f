import { pageLength, textRange } from './page.ts';
import { type Db, KEY_COLUMNS, type KeyRow, keyOfRow, type StoredKey } from './rows.ts';

/** Which keys a change of many is about. `prefix` is what the visible prefix starts with; the rest is exact. */
export interface KeySet {
  readonly accountId?: string | undefined;
  /** Who made them. */
  readonly memberId?: string | undefined;
  readonly environment?: string | undefined;
  readonly label?: string | undefined;
  readonly prefix?: string | undefined;
}

/** A key, and whether a change of it is recorded that is not known to be in force. */
export interface SettlingKey {
  readonly key: StoredKey;
  readonly waiting: boolean;
}

/**
 * The keys of a set that are not revoked, or whose revocation is not known to be in force: those that wait first, so
 * that a call that is repeated drives through what the calls before it left.
 */
export async function settlingKeys(db: Db, set: KeySet, limit: number): Promise<SettlingKey[]> {
  const where = ["(k.status <> 'revoked' OR waiting)"];
  const values: string[] = [];
  const add = (condition: string, ...bound: string[]) => {
    where.push(condition);
    values.push(...bound);
  };
  if (set.accountId !== undefined) add('k.account_id = ?', set.accountId);
  if (set.memberId !== undefined) add('k.user_id = ?', set.memberId);
  if (set.environment !== undefined) add('k.environment = ?', set.environment);
  if (set.label !== undefined) add('k.label = ?', set.label);
  if (set.prefix !== undefined) add('k.prefix >= ? AND k.prefix < ?', ...textRange(set.prefix));
  const { results } = await db
    .prepare(
      `SELECT ${KEY_COLUMNS}, EXISTS (SELECT 1 FROM outbox AS o WHERE o.key_id = k.id) AS waiting
       FROM keys AS k CROSS JOIN accounts AS a ON a.id = k.account_id
       WHERE ${where.join(' AND ')} ORDER BY waiting DESC, k.created_at_ms, k.id LIMIT ?`,
    )
    .bind(...values, pageLength(limit))
    .all<KeyRow & { waiting: 0 | 1 }>();
  return results.map((row) => ({ key: keyOfRow(row), waiting: row.waiting === 1 }));
}
