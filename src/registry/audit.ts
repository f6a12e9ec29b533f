import { cutPage, type PageRequest, pageLength, readCursor } from './page.ts';
import { type Db, readJson } from './rows.ts';

/** Who does something, and from where. */
export interface Actor {
  /** `admin:<name>`, `key:<id>`, `anyone` or `system`. */
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

/** Which part of the trail to list; without a filter all of it. */
export interface AuditQuery extends PageRequest {
  readonly accountId?: string | undefined;
  readonly keyId?: string | undefined;
}

/** The columns that a change fills, in the order of its `SELECT`. */
export const AUDIT_COLUMNS = 'at_ms, actor, address, request_id, action, account_id, key_id, before, after';

/** Lists the trail, newest first; null where the cursor is not one of this list's. */
export async function listAudit(
  db: Db,
  query: AuditQuery,
): Promise<{ entries: AuditEntry[]; nextCursor: string | null } | null> {
  const limit = pageLength(query.limit);
  const where: string[] = [];
  const values: unknown[] = [];
  if (query.keyId !== undefined) {
    where.push('key_id = ?');
    values.push(query.keyId);
  }
  if (query.accountId !== undefined) {
    where.push(query.keyId === undefined ? 'account_id = ?' : '+account_id = ?');
    values.push(query.accountId);
  }
  if (query.cursor !== null) {
    const position = readCursor(query.cursor);
    if (position === null || typeof position[1] !== 'number') return null;
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
  const { rows, nextCursor } = cutPage(results, limit, ({ atMs, id }) => [atMs, id]);
  return { entries: rows.map(entryOfRow), nextCursor };
}

function entryOfRow(row: AuditRow): AuditEntry {
  return {
    ...row,
    before: row.before === null ? null : readJson(row.before),
    after: row.after === null ? null : readJson(row.after),
  };
}
