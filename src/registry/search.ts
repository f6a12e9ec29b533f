import type { KeyStatus } from '../decision/record.ts';
import { cutPage, type PageRequest, pageLength, readCursor, textRange } from './page.ts';
import { type Db, KEY_COLUMNS, type KeyRow, keyOfRow, type StoredKey } from './rows.ts';

/** Which keys to list. `prefix` and `label` are what the key's visible prefix and its label start with. */
export interface KeyQuery extends PageRequest {
  readonly accountId?: string | undefined;
  readonly status?: KeyStatus | undefined;
  readonly prefix?: string | undefined;
  readonly label?: string | undefined;
}

/** Lists keys, newest first; null where the cursor is not one of this list's. */
export async function listKeys(
  db: Db,
  query: KeyQuery,
): Promise<{ keys: StoredKey[]; nextCursor: string | null } | null> {
  const limit = pageLength(query.limit);
  const where: string[] = [];
  const values: unknown[] = [];
  const add = (condition: string, ...bound: unknown[]) => {
    where.push(condition);
    values.push(...bound);
  };
  if (query.accountId !== undefined) add('k.account_id = ?', query.accountId);
  if (query.status !== undefined) add('k.status = ?', query.status);
  if (query.prefix !== undefined) add('k.prefix >= ? AND k.prefix < ?', ...textRange(query.prefix));
  if (query.label !== undefined) add('k.label >= ? AND k.label < ?', ...textRange(query.label));
  if (query.cursor !== null) {
    const position = readCursor(query.cursor);
    if (position === null || typeof position[1] !== 'string') return null;
    add('(k.created_at_ms, k.id) < (?, ?)', ...position);
  }
  const { results } = await db
    .prepare(
      `SELECT ${KEY_COLUMNS} FROM keys AS k INDEXED BY ${indexFor(query)}
       CROSS JOIN accounts AS a ON a.id = k.account_id
       ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
       ORDER BY k.created_at_ms DESC, k.id DESC LIMIT ?`,
    )
    .bind(...values, limit + 1)
    .all<KeyRow>();
  const { rows, nextCursor } = cutPage(results, limit, ({ createdAtMs, id }) => [createdAtMs, id]);
  return { keys: rows.map(keyOfRow), nextCursor };
}

/** The index is named, since the planner would rather walk all keys in their order than sort the few that match. */
function indexFor({ accountId, prefix, label }: KeyQuery): string {
  if (prefix !== undefined && prefix !== '') return 'keys_by_prefix';
  if (label !== undefined && label !== '') return 'keys_by_label';
  return accountId === undefined ? 'keys_by_creation' : 'keys_by_account';
}

/** The next `limit` keys by id, from the first (null): for going over all of them. */
export async function keysAfter(db: Db, afterId: string | null, limit: number): Promise<StoredKey[]> {
  const { results } = await db
    .prepare(
      `SELECT ${KEY_COLUMNS} FROM keys AS k CROSS JOIN accounts AS a ON a.id = k.account_id
       WHERE k.id > ? ORDER BY k.id LIMIT ?`,
    )
    .bind(afterId ?? '', pageLength(limit))
    .all<KeyRow>();
  return results.map(keyOfRow);
}

/** Texts longer than any visible prefix are compared no further than this. */
const LONGEST_PREFIX = 128;

/**
 * Keys of an environment whose secret may start with `prefix`: their visible prefix starts with it, or it goes on
 * beyond the visible prefix, where nothing is stored to compare. At most two, so that the caller sees whether it is
 * unambiguous.
 */
export async function findTrialByPrefix(db: Db, prefix: string, environment: string): Promise<StoredKey[]> {
  const shorter = Array.from({ length: Math.min(prefix.length, LONGEST_PREFIX) }, (_, i) => prefix.slice(0, i + 1));
  const find = (condition: string) =>
    `SELECT ${KEY_COLUMNS} FROM keys AS k INDEXED BY keys_by_prefix CROSS JOIN accounts AS a ON a.id = k.account_id
     WHERE k.environment = ? AND ${condition} LIMIT 2`;
  const [starting, beyond] = await db.batch<KeyRow>([
    db.prepare(find('k.prefix >= ? AND k.prefix < ?')).bind(environment, ...textRange(prefix)),
    db.prepare(find('k.prefix IN (SELECT value FROM json_each(?))')).bind(environment, JSON.stringify(shorter)),
  ]);
  const found = new Map([...(starting?.results ?? []), ...(beyond?.results ?? [])].map((row) => [row.id, row]));
  return [...found.values()].slice(0, 2).map(keyOfRow);
}
