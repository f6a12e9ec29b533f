import { type Actor, AUDIT_COLUMNS } from './audit.ts';
import { cutPage, type PageRequest, pageLength, readCursor } from './page.ts';
import type { Db } from './rows.ts';

/** An account as the registry has it. */
export interface StoredAccount {
  readonly id: string;
  readonly name: string;
  readonly plan: string;
  readonly status: 'active' | 'suspended';
  readonly createdAtMs: number;
}

const ACCOUNT_COLUMNS = 'id, name, plan, status, created_at_ms AS createdAtMs';

/** Makes an account; null where its id is taken. */
export async function createAccount(
  db: Db,
  account: Pick<StoredAccount, 'id' | 'name' | 'plan'>,
  actor: Actor,
  nowMs: number,
): Promise<StoredAccount | null> {
  const { id, name, plan } = account;
  const results = await db.batch<StoredAccount>([
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS})
         SELECT ?1, ?2, ?3, ?4, 'account.created', ?5, NULL, NULL, ?6
         WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE id = ?5)`,
      )
      .bind(nowMs, actor.name, actor.address, actor.requestId, id, JSON.stringify({ name, plan })),
    db
      .prepare(
        `INSERT INTO accounts (id, name, plan, status, created_at_ms) VALUES (?, ?, ?, 'active', ?)
         ON CONFLICT DO NOTHING RETURNING ${ACCOUNT_COLUMNS}`,
      )
      .bind(id, name, plan, nowMs),
  ]);
  return results[1]?.results[0] ?? null;
}

/** One account, or null. */
export async function readAccount(db: Db, accountId: string): Promise<StoredAccount | null> {
  return db.prepare(`SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE id = ?`).bind(accountId).first<StoredAccount>();
}

/** Lists accounts, newest first; null where the cursor is not one of this list's. */
export async function listAccounts(
  db: Db,
  query: PageRequest,
): Promise<{ accounts: readonly StoredAccount[]; nextCursor: string | null } | null> {
  const limit = pageLength(query.limit);
  const position = query.cursor === null ? [] : readCursor(query.cursor);
  if (position === null || typeof position[1] === 'number') return null;
  const { results } = await db
    .prepare(
      `SELECT ${ACCOUNT_COLUMNS} FROM accounts
       ${position.length > 0 ? 'WHERE (created_at_ms, id) < (?, ?)' : ''}
       ORDER BY created_at_ms DESC, id DESC LIMIT ?`,
    )
    .bind(...position, limit + 1)
    .all<StoredAccount>();
  const { rows, nextCursor } = cutPage(results, limit, ({ createdAtMs, id }) => [createdAtMs, id]);
  return { accounts: rows, nextCursor };
}

/** What became of a suspension or its end. `keys`: how many keys have a new generation by it. */
export interface AccountChanged {
  readonly account: StoredAccount;
  readonly changed: boolean;
  readonly keys: number;
}

/**
 * Suspends or resumes an account in one transaction, which raises the generation of all its keys that are not revoked
 * and leaves an outbox row for each: a fixed number of statements for any number of keys. The gates are advanced in
 * bounded sets afterwards (`listKeys` of the account, or the outbox). An account that has the status already keeps
 * its generations. Null where there is no such account.
 */
export async function setAccountStatus(
  db: Db,
  accountId: string,
  status: StoredAccount['status'],
  actor: Actor,
  nowMs: number,
): Promise<AccountChanged | null> {
  const action = status === 'suspended' ? 'account.suspended' : 'account.resumed';
  const differs = 'EXISTS (SELECT 1 FROM accounts WHERE id = ?1 AND status <> ?2)';
  const results = await db.batch<StoredAccount>([
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS})
         SELECT ?3, ?4, ?5, ?6, ?7, id, NULL, json_object('status', status), json_object('status', ?2)
         FROM accounts WHERE id = ?1 AND status <> ?2`,
      )
      .bind(accountId, status, nowMs, actor.name, actor.address, actor.requestId, action),
    db
      .prepare(
        `INSERT INTO outbox (kind, account_id, key_id, generation, payload, created_at_ms, next_attempt_at_ms)
         SELECT ?3, account_id, id, generation + 1, '{}', ?4, ?4
         FROM keys WHERE account_id = ?1 AND status <> 'revoked' AND ${differs}`,
      )
      .bind(accountId, status, action, nowMs),
    db
      .prepare(
        `UPDATE keys SET generation = generation + 1 WHERE account_id = ?1 AND status <> 'revoked' AND ${differs}`,
      )
      .bind(accountId, status),
    db.prepare('UPDATE accounts SET status = ?2 WHERE id = ?1 AND status <> ?2').bind(accountId, status),
    db.prepare(`SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE id = ?`).bind(accountId),
  ]);
  const account = results[4]?.results[0];
  if (account === undefined) return null;
  return { account, changed: results[3]?.meta.changes === 1, keys: results[2]?.meta.changes ?? 0 };
}
