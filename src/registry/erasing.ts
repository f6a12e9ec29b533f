import type { Actor } from './audit.ts';
import { NOTE, parameters } from './key-sets.ts';
import type { Db } from './rows.ts';

/*
 * What tells of persons goes out of the registry. The audit trail stays, and names members by ids behind which nothing
 * stands any more.
 */

/** What a name is replaced by. */
export const ERASED = 'erased';

/** So many addresses one statement takes out of the audit trail, and one call at most. */
const AUDIT_ROWS = 5_000;
const AUDIT_ROWS_PER_CALL = 50_000;

/**
 * Takes names, e-mail addresses, user ids of the issuer, and what the keys' owners wrote of them, out of an account
 * that is closed, deletes its webhook endpoints, and removes who is still a member, each with an entry. The keys are revoked, so no gate has to hear of
 * it. Again, it alters nothing.
 */
export async function eraseAccountRows(db: Db, accountId: string, actor: Actor, nowMs: number): Promise<void> {
  const bound = parameters({ account: accountId }, { ...actor, address: null }, nowMs);
  const closed = `EXISTS (SELECT 1 FROM accounts WHERE id = ?1 ->> 'account' AND closed_at_ms IS NOT NULL)`;
  const own = `account_id = ?1 ->> 'account' AND ${closed}`;
  const statements = [
    `DELETE FROM webhook_secrets WHERE endpoint_id IN (SELECT id FROM webhook_endpoints WHERE ${own})`,
    `DELETE FROM webhook_endpoints WHERE ${own}`,
    `DELETE FROM key_creations WHERE user_id IN (SELECT user_id FROM members WHERE ${own})`,
    `${NOTE}, 'member.removed', account_id, NULL, json_object('member', id, 'role', role),
       json_object('member', id, 'keys', 'revoked', 'count', 0) FROM members WHERE ${own} AND status = 'active'`,
    `UPDATE members SET user_id = NULL, email = NULL, removed_at_ms = coalesce(removed_at_ms, ?1 ->> 'nowMs'),
       status = 'removed' WHERE ${own} AND (user_id IS NOT NULL OR email IS NOT NULL OR status = 'active')`,
    `DELETE FROM invitations WHERE ${own}`,
    `UPDATE keys SET label = NULL, metadata = NULL, addresses = NULL, generation = generation + 1
     WHERE ${own} AND (label IS NOT NULL OR metadata IS NOT NULL OR addresses IS NOT NULL)`,
    `UPDATE accounts SET name = '${ERASED}', external_id = NULL WHERE id = ?1 ->> 'account' AND closed_at_ms IS NOT NULL`,
  ];
  await db.batch(statements.map((sql) => db.prepare(sql).bind(bound)));
}

/** Notes that all of a closed account is erased; once. */
export async function noteAccountErased(db: Db, accountId: string, actor: Actor, nowMs: number): Promise<void> {
  const bound = parameters({ account: accountId }, { ...actor, address: null }, nowMs);
  const due = `accounts WHERE id = ?1 ->> 'account' AND closed_at_ms IS NOT NULL AND erased_at_ms IS NULL`;
  await db.batch([
    db.prepare(`${NOTE}, 'account.erased', id, NULL, NULL, NULL FROM ${due}`).bind(bound),
    db
      .prepare(
        `UPDATE accounts SET erased_at_ms = ?1 ->> 'nowMs'
         WHERE id = ?1 ->> 'account' AND closed_at_ms IS NOT NULL AND erased_at_ms IS NULL`,
      )
      .bind(bound),
  ]);
}

/**
 * Takes the name and the addresses of a removed member out of the registry, and notes it. Where the account was made
 * for this person, it is nobody's from then on. Again, it alters nothing.
 */
export async function eraseMemberRows(
  db: Db,
  accountId: string,
  memberId: string,
  actor: Actor,
  nowMs: number,
): Promise<void> {
  const bound = parameters({ account: accountId, member: memberId }, actor, nowMs);
  const isNamed = `m.id = ?1 ->> 'member' AND m.account_id = ?1 ->> 'account' AND m.status = 'removed'
    AND (m.user_id IS NOT NULL OR m.email IS NOT NULL)`;
  const named = `members AS m WHERE ${isNamed}`;
  const statements = [
    `${NOTE}, 'member.erased', m.account_id, NULL, json_object('member', m.id), NULL FROM ${named}`,
    `DELETE FROM key_creations WHERE user_id = (SELECT m.user_id FROM ${named})`,
    `DELETE FROM invitations WHERE account_id = ?1 ->> 'account' AND email = (SELECT m.email FROM ${named})`,
    `UPDATE accounts SET name = '${ERASED}'
     WHERE id = ?1 ->> 'account' AND EXISTS (SELECT 1 FROM ${named} AND name IN (m.email, m.user_id))`,
    `UPDATE accounts SET external_id = NULL
     WHERE id = ?1 ->> 'account' AND external_id = (SELECT 'user:' || m.user_id FROM ${named})`,
    `UPDATE members AS m SET user_id = NULL, email = NULL WHERE ${isNamed}`,
  ];
  await db.batch(statements.map((sql) => db.prepare(sql).bind(bound)));
}

/** Where endpoints are; of a leaked key `url` is where it was found. */
const OWN_URL = `iif(action LIKE 'webhook.%', '$.url', '$.name')`;
/** What people write, in the fields that an entry of the audit trail says were altered. */
const WRITTEN = [...['name', 'label', 'metadata', 'addresses', 'description'].map((field) => `'$.${field}'`), OWN_URL];
const isWritten = (json: string) => WRITTEN.map((path) => `${json} ->> ${path} IS NOT NULL`).join(' OR ');
const unwritten = (json: string) => `json_remove(${json}, ${WRITTEN.join(', ')})`;

/** Takes client addresses, and what people wrote, out of the audit trail of an account. As {@link eraseAddressesOf}. */
export function eraseTrail(db: Db, accountId: string): Promise<boolean> {
  const set = `, before = ${unwritten('before')}, after = ${unwritten('after')}`;
  return eraseEntries(db, set, `address IS NOT NULL OR ${isWritten('before')} OR ${isWritten('after')}`, [accountId]);
}

/**
 * Takes the client addresses from which these actors have acted out of the audit trail of an account. Returns whether
 * there may be more, since one call does a bounded part.
 */
export function eraseAddressesOf(db: Db, accountId: string, actors: readonly string[]): Promise<boolean> {
  const condition = 'address IS NOT NULL AND actor IN (SELECT value FROM json_each(?2))';
  return eraseEntries(db, '', condition, [accountId, JSON.stringify(actors)]);
}

/** An event whose delivery to the operator is pending goes out still, as what is left of its entry. */
const TO_OPERATOR = `d.status = 'pending'
  AND EXISTS (SELECT 1 FROM webhook_endpoints AS w WHERE w.id = d.endpoint_id AND w.account_id IS NULL)`;

/**
 * Takes what was sent of an account's events out of the log of deliveries, and what its keys were called. As
 * {@link eraseAddressesOf}, after the trail, of which payloads are made.
 */
export async function eraseEvents(db: Db, accountId: string): Promise<boolean> {
  for (let done = 0; done < AUDIT_ROWS_PER_CALL; done += AUDIT_ROWS) {
    const { results } = await db
      .prepare(
        `SELECT id FROM events AS e WHERE account_id = ? AND (key ->> 'label' IS NOT NULL OR NOT EXISTS (
             SELECT 1 FROM deliveries WHERE event_id = e.id) OR EXISTS (
             SELECT 1 FROM deliveries AS d WHERE d.event_id = e.id AND (NOT (${TO_OPERATOR})
               OR EXISTS (SELECT 1 FROM delivery_attempts WHERE delivery_id = d.id))))
         ORDER BY id LIMIT ${AUDIT_ROWS}`,
      )
      .bind(accountId)
      .all<{ id: number }>();
    if (results.length === 0) return false;
    const those = 'IN (SELECT value FROM json_each(?1))';
    const statements = [
      `DELETE FROM delivery_attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE event_id ${those})`,
      `DELETE FROM deliveries AS d WHERE d.event_id ${those} AND NOT (${TO_OPERATOR})`,
      `DELETE FROM events AS e WHERE e.id ${those} AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event_id = e.id)`,
      `UPDATE events SET key = json_set(key, '$.label', NULL) WHERE id ${those} AND key IS NOT NULL`,
    ];
    const bound = JSON.stringify(results.map(({ id }) => id));
    await db.batch(statements.map((sql) => db.prepare(sql).bind(bound)));
    if (results.length < AUDIT_ROWS) return false;
  }
  return true;
}

async function eraseEntries(db: Db, set: string, condition: string, bound: readonly string[]): Promise<boolean> {
  const statement = db
    .prepare(
      `UPDATE audit SET address = NULL${set} WHERE id IN (
         SELECT id FROM audit WHERE account_id = ?1 AND (${condition}) ORDER BY id LIMIT ${AUDIT_ROWS})`,
    )
    .bind(...bound);
  for (let done = 0; done < AUDIT_ROWS_PER_CALL; done += AUDIT_ROWS) {
    const { meta } = await statement.run();
    if (meta.changes < AUDIT_ROWS) return false;
  }
  return true;
}
