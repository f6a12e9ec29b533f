import type { Actor } from './audit.ts';
import { NOTE, parameters } from './key-sets.ts';
import { INVITATION_COLUMNS, type Invitation } from './members.ts';
import type { Db } from './rows.ts';

/** What became of an invitation. */
export type Invited =
  | { readonly ok: true; readonly invitation: Invitation }
  | { readonly ok: false; readonly reason: 'account_closed' | 'is_member' | 'above' };

/**
 * Invites an e-mail address into an account, or renews its invitation, which keeps its id. Those of the account that
 * are over are forgotten with it. `id` is the new one's; the audit trail names it and not the address. `within`: the
 * roles of whom who asks may change, the wanted one among them; an invitation with another role stays; null: any.
 */
export async function inviteMember(
  db: Db,
  wanted: Pick<Invitation, 'id' | 'email' | 'role' | 'expiresAtMs'> & {
    readonly account: string;
    readonly within: readonly string[] | null;
  },
  actor: Actor,
  nowMs: number,
): Promise<Invited> {
  const bound = parameters(wanted, actor, nowMs);
  const isMember = `EXISTS (SELECT 1 FROM members WHERE account_id = ?1 ->> 'account' AND status = 'active'
    AND email = ?1 ->> 'email')`;
  const inviting = `accounts AS a LEFT JOIN invitations AS i ON i.account_id = a.id AND i.email = ?1 ->> 'email'
    WHERE a.id = ?1 ->> 'account' AND a.closed_at_ms IS NULL AND NOT ${isMember}
      AND (i.id IS NULL OR ?1 ->> 'within' IS NULL OR i.role IN (SELECT value FROM json_each(?1, '$.within')))`;
  const statements = [
    `DELETE FROM invitations WHERE account_id = ?1 ->> 'account' AND expires_at_ms <= ?1 ->> 'nowMs'`,
    `${NOTE}, 'member.invited', a.id, NULL, iif(i.id IS NULL, NULL, json_object('invitation', i.id, 'role', i.role)),
       json_object('invitation', coalesce(i.id, ?1 ->> 'id'), 'role', ?1 ->> 'role') FROM ${inviting}`,
    `INSERT INTO invitations (id, account_id, email, role, invited_by, created_at_ms, expires_at_ms)
     SELECT ?1 ->> 'id', a.id, ?1 ->> 'email', ?1 ->> 'role', ?1 ->> '$.actor.name', ?1 ->> 'nowMs', ?1 ->> 'expiresAtMs'
     FROM ${inviting}
     ON CONFLICT (email, account_id) DO UPDATE SET role = excluded.role, invited_by = excluded.invited_by,
       created_at_ms = excluded.created_at_ms, expires_at_ms = excluded.expires_at_ms`,
    `SELECT ${INVITATION_COLUMNS} FROM invitations WHERE account_id = ?1 ->> 'account' AND email = ?1 ->> 'email'
       AND NOT ${isMember}`,
    `SELECT ${isMember} AS isMember`,
  ];
  const results = await db.batch<unknown>(statements.map((sql) => db.prepare(sql).bind(bound)));
  const [invitation] = (results[3]?.results ?? []) as Invitation[];
  if (invitation !== undefined) {
    return invitation.role === wanted.role ? { ok: true, invitation } : { ok: false, reason: 'above' };
  }
  const [found] = (results[4]?.results ?? []) as { isMember: 0 | 1 }[];
  return { ok: false, reason: found?.isMember === 1 ? 'is_member' : 'account_closed' };
}

/** An invitation of an account, over or not; null: there is none. */
export async function readInvitation(db: Db, accountId: string, invitationId: string): Promise<Invitation | null> {
  return db
    .prepare(`SELECT ${INVITATION_COLUMNS} FROM invitations WHERE id = ? AND account_id = ?`)
    .bind(invitationId, accountId)
    .first<Invitation>();
}

/** Takes an invitation back. Whether there was one. */
export async function withdrawInvitation(
  db: Db,
  accountId: string,
  invitationId: string,
  actor: Actor,
  nowMs: number,
): Promise<boolean> {
  const bound = parameters({ account: accountId, id: invitationId }, actor, nowMs);
  const named = `invitations WHERE id = ?1 ->> 'id' AND account_id = ?1 ->> 'account'`;
  const results = await db.batch([
    db
      .prepare(
        `${NOTE}, 'invitation.withdrawn', account_id, NULL, json_object('invitation', id, 'role', role), NULL FROM ${named}`,
      )
      .bind(bound),
    db.prepare(`DELETE FROM ${named}`).bind(bound),
  ]);
  return results[1]?.meta.changes === 1;
}
