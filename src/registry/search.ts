import type { KeyStatus } from '../decision/record.ts';
import { cutPage, type PageRequest, pageLength, readCursor, textRange } from './page.ts';
import { type Db, KEY_COLUMNS, type KeyRow, keyOfRow, type StoredKey } from './rows.ts';

/** How a key stands at a moment; each is in exactly one state, the one that its requests are refused for. */
export type KeyState = KeyStatus | 'expired';

/** The state of a key. One that is switched off stays `inactive` when it expires, as `decision/decide.ts` says it. */
export function stateOf({ status, expiresAtMs }: Pick<StoredKey, 'status' | 'expiresAtMs'>, nowMs: number): KeyState {
  return status === 'active' && expiresAtMs !== null && expiresAtMs <= nowMs ? 'expired' : status;
}

/** {@link stateOf} as conditions over keys `k`; `?` is the time. `standing`: neither revoked nor expired. */
const STATES = {
  active: [`k.status = 'active' AND (k.expires_at_ms IS NULL OR k.expires_at_ms > ?)`, 1],
  inactive: [`k.status = 'inactive'`, 0],
  expired: [`k.status = 'active' AND k.expires_at_ms <= ?`, 1],
  revoked: [`k.status = 'revoked'`, 0],
  standing: [`(k.status = 'inactive' OR k.status = 'active' AND (k.expires_at_ms IS NULL OR k.expires_at_ms > ?))`, 1],
} as const satisfies Record<KeyState | 'standing', readonly [condition: string, times: 0 | 1]>;

/** Which keys to list. `prefix` and `label` are what the key's visible prefix and its label start with. */
export interface KeyQuery extends PageRequest {
  readonly accountId?: string | undefined;
  /** The member who made them. */
  readonly memberId?: string | undefined;
  readonly state?: keyof typeof STATES | undefined;
  readonly category?: string | undefined;
  readonly environment?: string | undefined;
  readonly prefix?: string | undefined;
  readonly label?: string | undefined;
}

/** Lists keys, newest first; null where the cursor is not one of this list's. */
export async function listKeys(
  db: Db,
  query: KeyQuery,
  nowMs: number,
): Promise<{ keys: StoredKey[]; nextCursor: string | null } | null> {
  const limit = pageLength(query.limit);
  const where: string[] = [];
  const values: unknown[] = [];
  const add = (condition: string, ...bound: unknown[]) => {
    where.push(condition);
    values.push(...bound);
  };
  if (query.accountId !== undefined) add('k.account_id = ?', query.accountId);
  if (query.memberId !== undefined) add('k.user_id = ?', query.memberId);
  if (query.category !== undefined) add('k.category = ?', query.category);
  if (query.environment !== undefined) add('k.environment = ?', query.environment);
  if (query.prefix !== undefined) add('k.prefix >= ? AND k.prefix < ?', ...textRange(query.prefix));
  if (query.label !== undefined) add('k.label >= ? AND k.label < ?', ...textRange(query.label));
  if (query.state !== undefined) {
    const [condition, times] = STATES[query.state];
    if (query.state !== 'revoked') add(`k.status <> 'revoked'`);
    add(condition, ...Array.from({ length: times }, () => nowMs));
  }
  if (query.cursor !== null) {
    const position = readCursor(query.cursor);
    if (position === null || typeof position[1] !== 'string') return null;
    add('(k.created_at_ms, k.id) < (?, ?)', ...position);
  }
  // The index alone tells which keys are on the page, where it holds all that is asked for.
  const { results } = await db
    .prepare(
      `SELECT ${KEY_COLUMNS} FROM (
         SELECT k.id FROM keys AS k INDEXED BY ${indexFor(query)}
         ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
         ORDER BY k.created_at_ms DESC, k.id DESC LIMIT ?) AS page
       CROSS JOIN keys AS k ON k.id = page.id
       CROSS JOIN accounts AS a ON a.id = k.account_id`,
    )
    .bind(...values, limit + 1)
    .all<KeyRow>();
  const { rows, nextCursor } = cutPage(results.sort(newestFirst), limit, ({ createdAtMs, id }) => [createdAtMs, id]);
  return { keys: rows.map(keyOfRow), nextCursor };
}

/** The order of the page; a join promises none. */
function newestFirst(a: KeyRow, b: KeyRow): number {
  return b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1);
}

/** The index is named, since the planner would rather walk all keys in their order than sort the few that match. */
function indexFor({ accountId, memberId, state, prefix, label }: KeyQuery): string {
  if (prefix !== undefined && prefix !== '') return 'keys_by_prefix';
  if (label !== undefined && label !== '') return 'keys_by_label';
  if (accountId !== undefined && state !== undefined && state !== 'revoked') return 'keys_standing';
  if (memberId !== undefined) return 'keys_by_member';
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
