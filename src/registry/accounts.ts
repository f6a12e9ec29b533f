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
  /** What it may spend in a billing month, in micro-credits; null: no cap. */
  readonly budgetMicro: number | null;
  /** Where its billing months begin: where it was given one, or at its creation. */
  readonly billingAnchorMs: number;
  /** `org:…` or `user:…`: whose account it is, as the issuer of sessions knows them; null: only its admin knows. */
  readonly externalId: string | null;
  /** When it was closed, for good; such an account is suspended. */
  readonly closedAtMs: number | null;
  /** When what tells of persons was taken out of it. */
  readonly erasedAtMs: number | null;
}

/** The columns of a {@link StoredAccount}. */
export const ACCOUNT_COLUMNS = `accounts.id, name, plan, accounts.status, created_at_ms AS createdAtMs,
  budget_micro AS budgetMicro, coalesce(billing_anchor_ms, created_at_ms) AS billingAnchorMs,
  external_id AS externalId, closed_at_ms AS closedAtMs, erased_at_ms AS erasedAtMs`;

/** Makes an account; null where its id is taken, or whose it is has one already. */
export async function createAccount(
  db: Db,
  account: Pick<StoredAccount, 'id' | 'name' | 'plan'> & Partial<Pick<StoredAccount, 'externalId'>>,
  actor: Actor,
  nowMs: number,
): Promise<StoredAccount | null> {
  const { id, name, plan, externalId = null } = account;
  const told = isPersonal(externalId) ? { plan } : { name, plan };
  const results = await db.batch<StoredAccount>([
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS})
         SELECT ?1, ?2, ?3, ?4, 'account.created', ?5, NULL, NULL, ?6
         WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE id = ?5 OR external_id = ?7)`,
      )
      .bind(nowMs, actor.name, actor.address, actor.requestId, id, JSON.stringify(told), externalId),
    db
      .prepare(
        `INSERT INTO accounts (id, name, plan, status, created_at_ms, external_id) VALUES (?, ?, ?, 'active', ?, ?)
         ON CONFLICT DO NOTHING RETURNING ${ACCOUNT_COLUMNS}`,
      )
      .bind(id, name, plan, nowMs, externalId),
  ]);
  return results[1]?.results[0] ?? null;
}

/** Whether an account is one person's: its name may be the person's, and stays out of the audit trail. */
function isPersonal(externalId: string | null): boolean {
  return externalId?.startsWith('user:') === true;
}

/** One account, or null. */
export async function readAccount(db: Db, accountId: string): Promise<StoredAccount | null> {
  return db.prepare(`SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE id = ?`).bind(accountId).first<StoredAccount>();
}

/** Which accounts to list. `suspended` are not those that are closed. */
export interface AccountQuery extends PageRequest {
  readonly status?: 'active' | 'suspended' | 'closed' | undefined;
  readonly plan?: string | undefined;
  readonly externalId?: string | undefined;
}

const STATUS = {
  active: `status = 'active'`,
  suspended: `status = 'suspended' AND closed_at_ms IS NULL`,
  closed: `status = 'suspended' AND closed_at_ms IS NOT NULL`,
} as const;

/** Lists accounts, newest first; null where the cursor is not one of this list's. */
export async function listAccounts(
  db: Db,
  query: AccountQuery,
): Promise<{ accounts: readonly StoredAccount[]; nextCursor: string | null } | null> {
  const limit = pageLength(query.limit);
  const position = query.cursor === null ? [] : readCursor(query.cursor);
  if (position === null || typeof position[1] === 'number') return null;
  const { status, plan, externalId } = query;
  const where = [
    ...(externalId === undefined ? [] : ['external_id = ?']),
    ...(plan === undefined ? [] : ['plan = ?']),
    ...(status === undefined ? [] : [STATUS[status]]),
    ...(position.length > 0 ? ['(created_at_ms, id) < (?, ?)'] : []),
  ];
  const { results } = await db
    .prepare(
      `SELECT ${ACCOUNT_COLUMNS} FROM accounts INDEXED BY ${indexFor(query)}
       ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
       ORDER BY created_at_ms DESC, id DESC LIMIT ?`,
    )
    .bind(...[externalId, plan].filter((value) => value !== undefined), ...position, limit + 1)
    .all<StoredAccount>();
  const { rows, nextCursor } = cutPage(results, limit, ({ createdAtMs, id }) => [createdAtMs, id]);
  return { accounts: rows, nextCursor };
}

function indexFor({ status, plan, externalId }: AccountQuery): string {
  if (externalId !== undefined) return 'accounts_by_external_id';
  if (plan !== undefined) return 'accounts_by_plan';
  return status === undefined ? 'accounts_by_creation' : 'accounts_by_status';
}

/** What may change of an account, with its column. All but the name stand in the records of its keys. */
const COLUMNS = {
  name: 'name',
  plan: 'plan',
  status: 'status',
  budgetMicro: 'budget_micro',
  billingAnchorMs: 'billing_anchor_ms',
} as const;
type Field = keyof typeof COLUMNS;

/** As {@link isPersonal}. */
const IS_PERSONAL = `coalesce(external_id LIKE 'user:%', FALSE)`;
const TOLD_NAME = `iif(${IS_PERSONAL}, NULL, name)`;

/** What to change on an account. */
export interface AccountChange {
  /** What the audit trail and the outbox call it, like `account.suspended`. */
  readonly action: string;
  /** `billingAnchorMs` null: its creation. */
  readonly set: Partial<Omit<Pick<StoredAccount, Field>, 'billingAnchorMs'> & { billingAnchorMs: number | null }>;
}

/** What became of a change. `keys`: how many keys have a new generation by it. */
export interface AccountChanged {
  readonly account: StoredAccount;
  readonly changed: boolean;
  readonly keys: number;
}

/** Whether a change touches what stands in the records of the account's keys. */
export function concernsKeys({ set }: AccountChange): boolean {
  return (Object.keys(set) as Field[]).some(inRecords);
}

function inRecords(field: Field): boolean {
  return field !== 'name';
}

/**
 * Changes an account in one transaction, which raises the generation of all its keys that are not revoked and leaves
 * an outbox row for each: a fixed number of statements for any number of keys. The gates are advanced in bounded sets
 * afterwards (`settlingKeys` of the account, or the outbox). What the account has already, and its name, raise no
 * generation. Nothing makes a closed account active again. Null where there is no such account.
 */
export async function changeAccount(
  db: Db,
  accountId: string,
  change: AccountChange,
  actor: Actor,
  nowMs: number,
): Promise<AccountChanged | null> {
  const { action } = change;
  const set = JSON.stringify(change.set);
  const fields = Object.keys(change.set) as Field[];
  if (fields.length === 0) {
    const account = await readAccount(db, accountId);
    return account && { account, changed: false, keys: 0 };
  }
  const open = change.set.status === 'active' ? 'closed_at_ms IS NULL AND' : '';
  const differing = (some: readonly Field[]) =>
    `${open} (${some.map((field) => `${COLUMNS[field]} IS NOT ?2 ->> '${field}'`).join(' OR ')})`;
  const account = `id = ?1 AND ${differing(fields)}`;
  const before = fields.map((field) => `'${field}', ${field === 'name' ? TOLD_NAME : COLUMNS[field]}`).join(', ');
  const told =
    change.set.name === undefined ? '?2' : `json_set(?2, '$.name', iif(${IS_PERSONAL}, NULL, ?2 ->> 'name'))`;
  const after = fields.map((field) => `${COLUMNS[field]} = ?2 ->> '${field}'`).join(', ');
  const keys = `account_id = ?1 AND status <> 'revoked' AND EXISTS (
    SELECT 1 FROM accounts WHERE id = ?1 AND ${differing(fields.filter(inRecords))})`;
  const raising = concernsKeys(change)
    ? [
        db
          .prepare(
            `INSERT INTO outbox (kind, account_id, key_id, generation, payload, created_at_ms, next_attempt_at_ms)
             SELECT ?3, account_id, id, generation + 1, '{}', ?4, ?4 FROM keys WHERE ${keys}`,
          )
          .bind(accountId, set, action, nowMs),
        db.prepare(`UPDATE keys SET generation = generation + 1 WHERE ${keys}`).bind(accountId, set),
      ]
    : [];
  const results = await db.batch<StoredAccount>([
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS})
         SELECT ?3, ?4, ?5, ?6, ?7, id, NULL, json_object(${before}), ${told} FROM accounts WHERE ${account}`,
      )
      .bind(accountId, set, nowMs, actor.name, actor.address, actor.requestId, action),
    ...raising,
    db.prepare(`UPDATE accounts SET ${after} WHERE ${account}`).bind(accountId, set),
    db.prepare(`SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE id = ?`).bind(accountId),
  ]);
  const [updated, read] = results.slice(-2);
  const [stands] = read?.results ?? [];
  if (stands === undefined) return null;
  const raised = raising.length === 0 ? 0 : (results[raising.length]?.meta.changes ?? 0);
  return { account: stands, changed: updated?.meta.changes === 1, keys: raised };
}
