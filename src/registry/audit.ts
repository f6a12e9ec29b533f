import { cutPage, type PageRequest, type Position, pageLength, readCursor, textRange } from './page.ts';
import { type Db, readJson } from './rows.ts';

/** Who does something, and from where. */
export interface Actor {
  /** `member:<id>`, `key:<id>`, `admin:<name>`, `github`, `anyone` or `system`. */
  readonly name: string;
  readonly address: string | null;
  readonly requestId: string | null;
}

/** One thing that was done. `before` and `after` hold the fields that it altered. */
export interface AuditEntry {
  readonly id: number;
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly accountId: string | null;
  readonly keyId: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
  readonly before: unknown;
  readonly after: unknown;
}

type AuditRow = Omit<AuditEntry, 'before' | 'after'> & {
  readonly before: string | null;
  readonly after: string | null;
};

/** Which part of the trail; without a filter all of it. */
export interface AuditFilter {
  readonly accountId?: string | undefined;
  readonly keyId?: string | undefined;
  /** Exactly as entries name it, like `member:mem_1`. */
  readonly actor?: string | undefined;
  /** An action, or with a dot at its end all that begin so, like `key.`. */
  readonly action?: string | undefined;
  /** Those of this time or later, and those before this time, in ms. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** Only what this member did, or what was done to keys that it made. */
  readonly visibleTo?: string | undefined;
}

/** What to list. */
export interface AuditQuery extends AuditFilter, PageRequest {}

/** The columns that a change fills, in the order of its `SELECT`. */
export const AUDIT_COLUMNS = 'at_ms, actor, address, request_id, action, account_id, key_id, before, after';

/** The end of an insert of entries with a name in `once`: of all of one name the first stands. */
export const ONCE = 'ON CONFLICT (once) WHERE once IS NOT NULL DO NOTHING';

/** Entries stand in the order in which they were written; their times are at most so far off from that. */
const OUT_OF_ORDER_MS = 600_000;

/** Where an entry stands: behind it the list goes on. */
export function placeOfEntry({ atMs, id }: Pick<AuditEntry, 'atMs' | 'id'>): Position {
  return [atMs, id];
}

/**
 * Lists the trail, newest first; null where the cursor is not one of this list's. What is neither of an account nor of
 * a key is looked for entry by entry, back to `fromMs`.
 */
export async function listAudit(
  db: Db,
  query: AuditQuery,
): Promise<{ entries: AuditEntry[]; nextCursor: string | null } | null> {
  const limit = pageLength(query.limit);
  const position = query.cursor === null ? null : readCursor(query.cursor);
  if (query.cursor !== null && typeof position?.[1] !== 'number') return null;
  const [where, values] = conditionsOf(query);
  if (position !== null) {
    where.push('id < ?');
    values.push(position[1]);
  }
  const { results } = await db
    .prepare(
      `SELECT id, at_ms AS atMs, actor, action, account_id AS accountId, key_id AS keyId, address,
         request_id AS requestId, before, after
       FROM audit ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY id DESC LIMIT ?`,
    )
    .bind(...values, limit + 1)
    .all<AuditRow>();
  const { rows, nextCursor } = cutPage(results, limit, placeOfEntry);
  return { entries: rows.map(entryOfRow), nextCursor };
}

/** Of the conditions one leads to the entries by an index, or none does; the others are looked at as they come. */
function conditionsOf({
  accountId,
  keyId,
  actor,
  action,
  fromMs,
  toMs,
  visibleTo,
}: AuditFilter): [string[], unknown[]] {
  const where: string[] = [];
  const values: unknown[] = [];
  const add = (condition: string, ...bound: unknown[]) => {
    where.push(condition);
    values.push(...bound);
  };
  if (keyId !== undefined) add('key_id = ?', keyId);
  if (accountId !== undefined) add(keyId === undefined ? 'account_id = ?' : '+account_id = ?', accountId);
  const [leading = '1'] = where;
  const [led] = values;
  if (actor !== undefined) add('actor = ?', actor);
  if (action?.endsWith('.')) add('action >= ? AND action < ?', ...textRange(action));
  else if (action !== undefined) add('action = ?', action);
  if (fromMs !== undefined) {
    add('at_ms >= ?', fromMs);
    const before = `SELECT id FROM audit WHERE ${leading} AND at_ms < ? ORDER BY id DESC LIMIT 1`;
    add(`id > coalesce((${before}), 0)`, ...(led === undefined ? [] : [led]), fromMs - OUT_OF_ORDER_MS);
  }
  if (toMs !== undefined) add('at_ms < ?', toMs);
  if (visibleTo !== undefined) {
    add('(actor = ? OR +key_id IN (SELECT id FROM keys WHERE user_id = ?))', `member:${visibleTo}`, visibleTo);
  }
  return [where, values];
}

function entryOfRow(row: AuditRow): AuditEntry {
  return {
    ...row,
    before: row.before === null ? null : readJson(row.before),
    after: row.after === null ? null : readJson(row.after),
  };
}
