import { ACCOUNT_COLUMNS, type StoredAccount } from './accounts.ts';
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
  readonly joinedAtMs: number;
  readonly removedAtMs: number | null;
}

/** The columns of a {@link Member}; the query names members `m`. */
export const MEMBER_COLUMNS = `m.id, m.account_id AS accountId, m.user_id AS userId, m.email, m.role, m.status,
  m.joined_at_ms AS joinedAtMs, m.removed_at_ms AS removedAtMs`;

/** A member and the account that it belongs to. */
export interface Membership {
  readonly member: Member;
  readonly account: StoredAccount;
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

/** What the registry knows of who has signed in. */
export interface KnownSession {
  /** The token was signed out. */
  readonly ended: boolean;
  /** All accounts that the user is or was a member of, the earliest joined first. */
  readonly memberships: readonly Membership[];
  /** Invitations of the user's e-mail address that still stand. */
  readonly invitations: readonly Invitation[];
}

/** Finds what is known of a session, in one round trip. Ask the primary, so that what was changed is seen. */
export async function findSession(
  db: Db,
  session: { readonly tokenId: string; readonly user: string; readonly email: string | null },
  nowMs: number,
): Promise<KnownSession> {
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
      .prepare(`SELECT ${INVITATION_COLUMNS} FROM invitations WHERE email = ? AND expires_at_ms > ?`)
      .bind(session.email ?? '', nowMs),
  ]);
  const byId = new Map((accounts?.results as StoredAccount[]).map((account) => [account.id, account]));
  return {
    ended: ended?.results.length !== 0,
    memberships: (members?.results as Member[]).flatMap((member) => {
      const account = byId.get(member.accountId);
      return account === undefined ? [] : [{ member, account }];
    }),
    invitations: (invited?.results ?? []) as Invitation[],
  };
}
