import { ACCOUNT_COLUMNS, type StoredAccount } from './accounts.ts';
import type { Actor } from './audit.ts';
import { changeKeySet, NOTE, parameters, revocationOf } from './key-sets.ts';
import type { Db } from './rows.ts';

/**
 * Closes an account, for good: it is suspended, all its keys are revoked and its invitations are gone, in one
 * transaction of a fixed number of statements. The gates are to be advanced afterwards. Again, it alters nothing. Null
 * where there is no such account.
 */
export async function closeAccount(
  db: Db,
  accountId: string,
  actor: Actor,
  nowMs: number,
): Promise<StoredAccount | null> {
  const bound = parameters({ account: accountId }, actor, nowMs);
  const open = `accounts WHERE id = ?1 ->> 'account' AND closed_at_ms IS NULL`;
  const results = await db.batch<StoredAccount>([
    db
      .prepare(
        `${NOTE}, 'account.closed', id, NULL, json_object('status', status), json_object('status', 'closed') FROM ${open}`,
      )
      .bind(bound),
    ...changeKeySet(db, revocationOf(`k.account_id = ?1 ->> 'account'`, 'account'), bound),
    db.prepare(`DELETE FROM invitations WHERE account_id = ?1 ->> 'account'`).bind(bound),
    db
      .prepare(
        `UPDATE accounts SET status = 'suspended', closed_at_ms = ?1 ->> 'nowMs'
         WHERE id = ?1 ->> 'account' AND closed_at_ms IS NULL`,
      )
      .bind(bound),
    db.prepare(`SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE id = ?`).bind(accountId),
  ]);
  return results.at(-1)?.results[0] ?? null;
}
