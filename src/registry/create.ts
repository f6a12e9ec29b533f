import { type Actor, AUDIT_COLUMNS } from './audit.ts';
import { type Db, KEY_COLUMNS, type KeyRow, keyOfRow, type StoredKey } from './rows.ts';

/** A key to be made. Ids are the caller's. */
export type NewKey = Pick<
  StoredKey,
  | 'id'
  | 'accountId'
  | 'memberId'
  | 'label'
  | 'category'
  | 'environment'
  | 'role'
  | 'expiresAtMs'
  | 'ratePerSecond'
  | 'ratePerMinute'
  | 'quotas'
  | 'addresses'
  | 'metadata'
>;

/** The first secret of a new key: only its digest and its visible prefix. */
export interface NewSecret {
  readonly id: string;
  readonly prefix: string;
  readonly digest: string;
  readonly pepperVersion: number;
}

/** How many keys an account, and a member of it, may have that are not revoked; null: any number. */
export interface KeyCaps {
  readonly perAccount: number | null;
  readonly perUser: number | null;
}

/** What became of a creation. */
export type Created =
  | { readonly ok: true; readonly key: StoredKey }
  | { readonly ok: false; readonly reason: 'account_missing' | 'account_suspended' | 'key_cap' };

/**
 * Makes a key with its first secret, its audit entry and its outbox row in one transaction, if the account is active
 * and under its caps: both are read where the row is written, so creations at the same time cannot pass them. An
 * inactive or expired key counts for the caps, or they could be passed by bringing it back. Throws where an id or the
 * digest is taken.
 */
export async function createKey(
  db: Db,
  key: NewKey,
  secret: NewSecret,
  caps: KeyCaps,
  actor: Actor,
  nowMs: number,
): Promise<Created> {
  const { id, accountId } = key;
  const columns = [
    id,
    key.memberId,
    key.label,
    key.category,
    key.environment,
    key.role,
    key.expiresAtMs,
    key.ratePerSecond,
    key.ratePerMinute,
    JSON.stringify(key.quotas),
    key.addresses === null ? null : JSON.stringify(key.addresses),
    JSON.stringify(key.metadata),
    secret.prefix,
    nowMs,
    accountId,
  ];
  const made = JSON.stringify({ ...key, prefix: secret.prefix });
  const results = await db.batch<KeyRow>([
    db
      .prepare(
        `INSERT INTO keys (id, account_id, user_id, label, category, environment, role, status, generation,
           expires_at_ms, rate_per_second, rate_per_minute, quotas, addresses, metadata, prefix, created_at_ms)
         SELECT ?3, a.id, ?4, ?5, ?6, ?7, ?8, 'active', 1, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16
         FROM accounts AS a WHERE a.id = ?17 AND a.status = 'active'
           AND (?1 IS NULL OR ?1 > (SELECT count(*) FROM keys WHERE account_id = a.id AND status <> 'revoked'))
           AND (?2 IS NULL OR ?4 IS NULL OR ?2 > (
             SELECT count(*) FROM keys WHERE account_id = a.id AND user_id = ?4 AND status <> 'revoked'))`,
      )
      .bind(caps.perAccount, caps.perUser, ...columns),
    db
      .prepare('INSERT INTO secrets (id, key_id, prefix, created_at_ms) SELECT ?, id, prefix, ? FROM keys WHERE id = ?')
      .bind(secret.id, nowMs, id),
    db
      .prepare(
        'INSERT INTO secret_digests (digest, secret_id, pepper_version) SELECT ?, id, ? FROM secrets WHERE id = ?',
      )
      .bind(secret.digest, secret.pepperVersion, secret.id),
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS})
         SELECT ?, ?, ?, ?, 'key.created', account_id, id, NULL, ? FROM keys WHERE id = ?`,
      )
      .bind(nowMs, actor.name, actor.address, actor.requestId, made, id),
    db
      .prepare(
        `INSERT INTO outbox (kind, account_id, key_id, generation, payload, created_at_ms, next_attempt_at_ms)
         SELECT 'key.created', account_id, id, generation, ?1, ?2, ?2 FROM keys WHERE id = ?3`,
      )
      .bind(made, nowMs, id),
    db
      .prepare(`SELECT ${KEY_COLUMNS} FROM keys AS k CROSS JOIN accounts AS a ON a.id = k.account_id WHERE k.id = ?`)
      .bind(id),
    db.prepare('SELECT status AS accountStatus FROM accounts WHERE id = ?').bind(accountId),
  ]);
  const row = results[5]?.results[0];
  if (row !== undefined) return { ok: true, key: keyOfRow(row) };
  const account = results[6]?.results[0];
  if (account === undefined) return { ok: false, reason: 'account_missing' };
  return { ok: false, reason: account.accountStatus === 'suspended' ? 'account_suspended' : 'key_cap' };
}
