import { ACCOUNT_COLUMNS, type StoredAccount } from './accounts.ts';
import { cutPage, type PageRequest, pageLength, readCursor } from './page.ts';
import type { Db } from './rows.ts';

/** Who may act for an account. */
export interface Member {
  readonly id: string;
  readonly accountId: string;
  /** As the issuer of sessions knows the person; null once erased. */
  readonly userId: string | null;
  readonly email: string | null;
  readonly role: string;
  readonly status: 'active' | 'removed';
  /** How the member came in last: by signing in, by an invitation, or as a user whom the operator has added. */
  readonly joinedBy: 'sign_in' | 'invitation' | 'admin';
  readonly joinedAtMs: number;
  /** When the newest token was issued whose claim has said the role; 0: none has. */
  readonly roleIssuedAtMs: number;
  readonly removedAtMs: number | null;
}

/** The columns of a {@link Member}; the query names members `m`. */
export const MEMBER_COLUMNS = `m.id, m.account_id AS accountId, m.user_id AS userId, m.email, m.role, m.status,
  m.joined_by AS joinedBy, m.joined_at_ms AS joinedAtMs, m.role_issued_at_ms AS roleIssuedAtMs,
  m.removed_at_ms AS removedAtMs`;

/** A member and the account that it belongs to. */
export interface Membership {
  readonly member: Member;
  readonly account: StoredAccount;
  /** The role that stands, where this session has a lower one. */
  readonly heldRole?: string;
}

/** An e-mail address that may join an account. */
export interface Invitation {
  readonly id: string;
  readonly accountId: string;
  readonly email: string;
  readonly role: string;
  readonly invitedBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/** The columns of an {@link Invitation}. */
export const INVITATION_COLUMNS = `id, account_id AS accountId, email, role, invited_by AS invitedBy,
  created_at_ms AS createdAtMs, expires_at_ms AS expiresAtMs`;

/** Of each role of an invitation, the roles of members whose invitations give it. */
export type Inviters = Readonly<Record<string, readonly string[]>>;

/**
 * Whether the invitation `i` counts, as SQL; `inviters`: where the {@link Inviters} are bound. The operator's do. One of
 * a member is void while the member is none of the account any more, or has a role that may not give the invitation's.
 */
export const invitationCounts = (inviters: string) => `(i.invited_by GLOB 'admin:*' OR EXISTS (
  SELECT 1 FROM members AS b WHERE b.id = substr(i.invited_by, 8) AND b.account_id = i.account_id
    AND b.status = 'active' AND b.role IN (SELECT value FROM json_each(${inviters}, '$."' || i.role || '"'))))`;

/** What the registry knows of who has signed in. */
export interface KnownSession {
  /** The token was signed out. */
  readonly ended: boolean;
  /** All accounts that the user is or was a member of, the earliest joined first. */
  readonly memberships: readonly Membership[];
  /** The oldest invitation that the user may accept: of their e-mail address, and newer than a removal; null: none. */
  readonly invitation: Invitation | null;
}

/** Who asks, and which invitations matter: those of the `account`; null: of any. */
export interface SessionQuery {
  readonly tokenId: string;
  readonly user: string;
  readonly email: string | null;
  readonly account: string | null;
  readonly inviters: Inviters;
}

const INVITED = `SELECT ${INVITATION_COLUMNS} FROM invitations AS i
  WHERE i.email = ?1 AND i.expires_at_ms > ?2 AND (?3 IS NULL OR i.account_id = ?3) AND ${invitationCounts('?5')}
    AND NOT EXISTS (SELECT 1 FROM members AS m WHERE m.user_id = ?4 AND m.account_id = i.account_id
      AND (m.status = 'active' OR m.removed_at_ms > i.created_at_ms))
  ORDER BY i.created_at_ms, i.id LIMIT 1`;

/** Finds what is known of a session, in one round trip. Ask the primary, so that what was changed is seen. */
export async function findSession(db: Db, session: SessionQuery, nowMs: number): Promise<KnownSession> {
  const [ended, members, accounts, invited] = await db.batch<unknown>([
    db.prepare('SELECT 1 FROM ended_sessions WHERE token = ?').bind(session.tokenId),
    db
      .prepare(`SELECT ${MEMBER_COLUMNS} FROM members AS m WHERE m.user_id = ? ORDER BY m.joined_at_ms, m.id`)
      .bind(session.user),
    db
      .prepare(
        `SELECT ${ACCOUNT_COLUMNS} FROM members AS m CROSS JOIN accounts ON accounts.id = m.account_id
         WHERE m.user_id = ?`,
      )
      .bind(session.user),
    db
      .prepare(INVITED)
      .bind(session.email ?? '', nowMs, session.account, session.user, JSON.stringify(session.inviters)),
  ]);
  const byId = new Map(((accounts?.results ?? []) as StoredAccount[]).map((account) => [account.id, account]));
  return {
    ended: ended?.results.length !== 0,
    memberships: ((members?.results ?? []) as Member[]).flatMap((member) => {
      const account = byId.get(member.accountId);
      return account === undefined ? [] : [{ member, account }];
    }),
    invitation: ((invited?.results ?? []) as Invitation[])[0] ?? null,
  };
}

/** A member of an account, also one that was removed; null: there is none. */
export async function readMember(db: Db, accountId: string, memberId: string): Promise<Member | null> {
  return db
    .prepare(`SELECT ${MEMBER_COLUMNS} FROM members AS m WHERE m.id = ? AND m.account_id = ?`)
    .bind(memberId, accountId)
    .first<Member>();
}

/** A member, or an address that may become one. */
export interface Person {
  /** `mem_…` or `inv_…`. */
  readonly id: string;
  readonly accountId: string;
  readonly userId: string | null;
  readonly email: string | null;
  readonly role: string;
  readonly status: Member['status'] | 'invited';
  /** When the member joined last, or the address was invited. */
  readonly sinceMs: number;
  readonly removedAtMs: number | null;
  readonly expiresAtMs: number | null;
}

/** Whom to list; `status` null: members and those who are invited. */
export interface PeopleQuery extends PageRequest {
  readonly accountId: string;
  readonly status: Person['status'] | null;
  /** By which invitations of members are void, which are left out; null: all are listed. */
  readonly inviters: Inviters | null;
}

/** Each part is cut to the page before they are put together, so that either index is read no further than that. */
const PEOPLE = `
  SELECT * FROM (
    SELECT id, account_id AS accountId, user_id AS userId, email, role, status, joined_at_ms AS sinceMs, removed_at_ms AS removedAtMs,
      NULL AS expiresAtMs
    FROM members WHERE account_id = ?1 AND status = ?5 AND (joined_at_ms, id) < (?2, ?3)
    ORDER BY joined_at_ms DESC, id DESC LIMIT ?4)
  UNION ALL SELECT * FROM (
    SELECT id, account_id, NULL, email, role, 'invited', created_at_ms, NULL, expires_at_ms
    FROM invitations AS i WHERE account_id = ?1 AND expires_at_ms > ?6 AND (created_at_ms, id) < (?2, ?3)
      AND (?7 IS NULL OR ${invitationCounts('?7')})
    ORDER BY created_at_ms DESC, id DESC LIMIT ?4)
  ORDER BY sinceMs DESC, id DESC LIMIT ?4`;

/** Lists members and invitations that stand, the newest first; null where the cursor is not one of this list's. */
export async function listPeople(
  db: Db,
  query: PeopleQuery,
  nowMs: number,
): Promise<{ people: readonly Person[]; nextCursor: string | null } | null> {
  const limit = pageLength(query.limit);
  const position = query.cursor === null ? ([Number.MAX_SAFE_INTEGER, ''] as const) : readCursor(query.cursor);
  if (position === null || typeof position[1] === 'number') return null;
  const invited = query.status === null || query.status === 'invited';
  const { results } = await db
    .prepare(PEOPLE)
    .bind(
      query.accountId,
      ...position,
      limit + 1,
      query.status ?? 'active',
      invited ? nowMs : Number.MAX_SAFE_INTEGER,
      query.inviters && JSON.stringify(query.inviters),
    )
    .all<Person>();
  const { rows, nextCursor } = cutPage(results, limit, ({ sinceMs, id }) => [sinceMs, id]);
  return { people: rows, nextCursor };
}
