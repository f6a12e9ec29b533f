import { ACCOUNT_COLUMNS, type StoredAccount } from './accounts.ts';
import type { Actor } from './audit.ts';
import { changeKeySet, demotionOf, NOTE, parameters } from './key-sets.ts';
import {
  type Invitation,
  type Inviters,
  invitationCounts,
  MEMBER_COLUMNS,
  type Member,
  type Membership,
} from './members.ts';
import type { Db } from './rows.ts';

/** Who signs in. */
export interface Newcomer {
  readonly user: string;
  readonly email: string | null;
}

/** A sign-in that may make an account. The ids are used where a row is made. */
export interface FirstSignIn extends Newcomer {
  /** Whose account it is, as `accounts.external_id` names it. */
  readonly external: string;
  readonly account: string;
  readonly member: string;
  readonly name: string;
  readonly plan: string;
  /** Of who comes first, and of everyone after. */
  readonly firstRole: string;
  readonly role: string;
}

/** Nobody was let into the account yet. Whom its operator has invited comes before who happens to sign in. */
const IS_EMPTY = `NOT EXISTS (SELECT 1 FROM members WHERE account_id = a.id)
  AND NOT EXISTS (SELECT 1 FROM invitations WHERE account_id = a.id AND expires_at_ms > ?1 ->> 'nowMs')`;

/**
 * Makes the account of a claim with its first member, or makes the user a member of the account that is there. All of
 * it is one transaction, and the claim stands once: of two who come first at the same time one makes the account and
 * the other joins it. Nothing is made of an account that is closed, or of a member that was removed. Returns what
 * stands then; null: nothing does.
 */
export async function joinBySignIn(
  db: Db,
  signIn: FirstSignIn,
  actor: Actor,
  nowMs: number,
): Promise<Membership | null> {
  const bound = parameters(signIn, actor, nowMs);
  const statements = [
    `${NOTE}, 'account.created', ?1 ->> 'account', NULL, NULL, json_object('plan', ?1 ->> 'plan', 'by', 'sign_in')
     WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE external_id = ?1 ->> 'external')`,
    `INSERT INTO accounts (id, name, plan, status, created_at_ms, external_id)
     SELECT ?1 ->> 'account', ?1 ->> 'name', ?1 ->> 'plan', 'active', ?1 ->> 'nowMs', ?1 ->> 'external'
     WHERE TRUE ON CONFLICT DO NOTHING`,
    `INSERT INTO members (id, account_id, user_id, email, role, status, joined_by, joined_at_ms)
     SELECT ?1 ->> 'member', a.id, ?1 ->> 'user', ?1 ->> 'email',
       CASE WHEN ${IS_EMPTY} THEN ?1 ->> 'firstRole' ELSE ?1 ->> 'role' END, 'active', 'sign_in', ?1 ->> 'nowMs'
     FROM accounts AS a WHERE a.external_id = ?1 ->> 'external' AND a.closed_at_ms IS NULL ON CONFLICT DO NOTHING`,
    `${NOTE}, 'member.joined', account_id, NULL, NULL, json_object('member', id, 'role', role, 'by', 'sign_in')
     FROM members WHERE id = ?1 ->> 'member'`,
    `SELECT ${MEMBER_COLUMNS} FROM members AS m CROSS JOIN accounts AS a ON a.id = m.account_id
     WHERE m.user_id = ?1 ->> 'user' AND a.external_id = ?1 ->> 'external'`,
    `SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE external_id = ?1 ->> 'external'`,
  ];
  const results = await db.batch<unknown>(statements.map((sql) => db.prepare(sql).bind(bound)));
  return membership(results[4]?.results[0] as Member, results[5]?.results[0] as StoredAccount);
}

/** A member to be let in by a person. */
export interface Admission extends Newcomer {
  readonly account: string;
  /** The id of its row: that of the member who was removed, else a new one. */
  readonly member: string;
  readonly role: string;
  /** Which roles keys may have that the member kept from before; those with another get the new one. */
  readonly keyRoles: readonly string[];
  /** By what; null: directly by who acts. */
  readonly invitation: (Pick<Invitation, 'id' | 'createdAtMs'> & { readonly inviters: Inviters }) | null;
}

/** The account that lets the member in. An invitation counts if it is newer than the removal, as it was read, not void. */
const ADMITTING = `accounts AS a WHERE a.id = ?1 ->> 'account' AND a.closed_at_ms IS NULL
  AND NOT EXISTS (SELECT 1 FROM members AS m WHERE m.user_id = ?1 ->> 'user' AND m.account_id = a.id
    AND (m.id <> ?1 ->> 'member' OR m.status = 'active' OR m.removed_at_ms > ?1 ->> '$.invitation.createdAtMs'))
  AND (?1 ->> 'invitation' IS NULL OR EXISTS (
    SELECT 1 FROM invitations AS i WHERE i.id = ?1 ->> '$.invitation.id' AND i.account_id = a.id
      AND i.email = ?1 ->> 'email' AND i.role = ?1 ->> 'role' AND i.expires_at_ms > ?1 ->> 'nowMs'
      AND i.created_at_ms = ?1 ->> '$.invitation.createdAtMs'
      AND ${invitationCounts(`?1 -> '$.invitation.inviters'`)}))`;

/**
 * Lets somebody in, in one transaction: they become a member, again where they were removed, if nothing has changed
 * meanwhile; the invitation is used up. Keys that the member kept from before get the new role where theirs is not
 * within it, and their gates are to be advanced afterwards. Returns the membership that stands then; null: there is none.
 */
export async function admitMember(
  db: Db,
  admission: Admission,
  actor: Actor,
  nowMs: number,
): Promise<Membership | null> {
  const bound = parameters(admission, actor, nowMs);
  const keys = `k.user_id = ?1 ->> 'member' AND +k.account_id = ?1 ->> 'account' AND EXISTS (SELECT 1 FROM ${ADMITTING})`;
  const prepared = (sql: string) => db.prepare(sql).bind(bound);
  const results = await db.batch<unknown>([
    prepared(
      `${NOTE}, 'member.joined', a.id, NULL, NULL,
         json_object('member', ?1 ->> 'member', 'role', ?1 ->> 'role', 'by', coalesce(?1 ->> '$.invitation.id', 'admin'))
       FROM ${ADMITTING}`,
    ),
    ...changeKeySet(db, demotionOf(keys), bound),
    prepared(
      `INSERT INTO members (id, account_id, user_id, email, role, status, joined_by, joined_at_ms)
       SELECT ?1 ->> 'member', a.id, ?1 ->> 'user', ?1 ->> 'email', ?1 ->> 'role', 'active',
         iif(?1 ->> 'invitation' IS NULL, 'admin', 'invitation'), ?1 ->> 'nowMs'
       FROM ${ADMITTING}
       ON CONFLICT (id) DO UPDATE SET email = coalesce(excluded.email, email), role = excluded.role,
         status = 'active', joined_by = excluded.joined_by, joined_at_ms = excluded.joined_at_ms, removed_at_ms = NULL`,
    ),
    prepared(
      `DELETE FROM invitations WHERE id = ?1 ->> '$.invitation.id' AND EXISTS (
         SELECT 1 FROM members AS m WHERE m.id = ?1 ->> 'member' AND m.status = 'active')`,
    ),
    prepared(
      `SELECT ${MEMBER_COLUMNS} FROM members AS m WHERE m.user_id = ?1 ->> 'user' AND m.account_id = ?1 ->> 'account'`,
    ),
    prepared(`SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE id = ?1 ->> 'account'`),
  ]);
  return membership(results.at(-2)?.results[0] as Member, results.at(-1)?.results[0] as StoredAccount);
}

/** The member that the user is or was in this account; null: neither. */
export async function memberOfUser(db: Db, accountId: string, user: string): Promise<Member | null> {
  return db
    .prepare(`SELECT ${MEMBER_COLUMNS} FROM members AS m WHERE m.user_id = ? AND m.account_id = ?`)
    .bind(user, accountId)
    .first<Member>();
}

function membership(member: Member | undefined, account: StoredAccount | undefined): Membership | null {
  return member === undefined || account === undefined ? null : { member, account };
}
