import type { Actor } from './audit.ts';
import { changeKeySet, demotionOf, NOTE, parameters, revocationOf } from './key-sets.ts';
import { MEMBER_COLUMNS, type Member } from './members.ts';
import type { Db } from './rows.ts';

/** Which member, and what must hold. */
export interface MemberName {
  readonly account: string;
  readonly member: string;
  /** The roles that administer an account: one active member with such a role must stay. */
  readonly administering: readonly string[];
  /** The roles of whom who asks may change; null: any. */
  readonly within: readonly string[] | null;
}

/** A role to give. `keyRoles`: which roles the member's keys may have then; those with another get the new one. */
export interface NewRole extends MemberName {
  readonly role: string;
  readonly keyRoles: readonly string[];
  /** When the token was issued whose claim says so; null: a person does. */
  readonly issuedAtMs: number | null;
}

/** What became of a change. `keys`: how many keys were altered by it; of a removal without them, how many are kept. */
export type MemberChanged =
  | { readonly ok: true; readonly member: Member; readonly keys: number }
  | { readonly ok: false; readonly reason: 'missing' | 'removed' | 'above' | 'last_admin' };

const IS_NAMED = `m.id = ?1 ->> 'member' AND m.account_id = ?1 ->> 'account'`;
const administers = (role: string) => `${role} IN (SELECT value FROM json_each(?1, '$.administering'))`;

const IS_WITHIN = `(?1 ->> 'within' IS NULL OR m.role IN (SELECT value FROM json_each(?1, '$.within')))`;

/** Of what tokens say only what is newer than the one that was heeded last. */
const IS_NEWER = `(?1 ->> 'issuedAtMs' IS NULL OR m.role_issued_at_ms < ?1 ->> 'issuedAtMs')`;

/** Someone administers the account after the change too; nobody has to for an account that is closed. */
const STAYS_ADMINISTERED = `(NOT ${administers('m.role')} OR coalesce(${administers(`?1 ->> 'role'`)}, FALSE)
  OR EXISTS (SELECT 1 FROM members AS o WHERE o.account_id = m.account_id AND o.status = 'active' AND o.id <> m.id
    AND ${administers('o.role')})
  OR EXISTS (SELECT 1 FROM accounts AS a WHERE a.id = m.account_id AND a.closed_at_ms IS NOT NULL))`;

/** The keys that the member made in this account, once it is as the change wants it or will be. */
const keysOf = (state: string) => `k.user_id = ?1 ->> 'member' AND +k.account_id = ?1 ->> 'account'
  AND EXISTS (SELECT 1 FROM members AS m WHERE ${IS_NAMED} AND ${IS_WITHIN} AND ${state})`;

const READ = `SELECT ${MEMBER_COLUMNS} FROM members AS m WHERE ${IS_NAMED}`;

/**
 * Gives a member a role, and its keys as far as they may not keep theirs: one transaction, in which every key that
 * changes has its audit entry, its outbox row and a new generation. The gates are to be advanced afterwards. Repeated,
 * it changes nothing but keys that are not as they must be. A claim that is not newer than the one that was heeded last
 * changes nothing at all, and the member is returned as it stands.
 */
export async function changeRole(db: Db, wanted: NewRole, actor: Actor, nowMs: number): Promise<MemberChanged> {
  const bound = parameters(wanted, actor, nowMs);
  const mayBe = `m.status = 'active' AND ${IS_NEWER} AND (m.role = ?1 ->> 'role' OR ${STAYS_ADMINISTERED})`;
  const by = wanted.issuedAtMs === null ? '' : `, 'by', 'claim'`;
  const results = await db.batch<Member>([
    db
      .prepare(
        `${NOTE}, 'member.role_changed', m.account_id, NULL, json_object('member', m.id, 'role', m.role),
           json_object('member', m.id, 'role', ?1 ->> 'role'${by})
         FROM members AS m WHERE ${IS_NAMED} AND ${IS_WITHIN} AND ${mayBe} AND m.role <> ?1 ->> 'role'`,
      )
      .bind(bound),
    ...changeKeySet(db, demotionOf(keysOf(mayBe)), bound),
    db
      .prepare(
        `UPDATE members AS m
         SET role = ?1 ->> 'role', role_issued_at_ms = coalesce(?1 ->> 'issuedAtMs', role_issued_at_ms)
         WHERE ${IS_NAMED} AND ${IS_WITHIN} AND ${mayBe}`,
      )
      .bind(bound),
    db.prepare(READ).bind(bound),
  ]);
  const member = results[5]?.results[0];
  if (member === undefined) return { ok: false, reason: 'missing' };
  if (member.status === 'removed') return { ok: false, reason: 'removed' };
  const isHeeded = member.roleIssuedAtMs >= (wanted.issuedAtMs ?? Number.POSITIVE_INFINITY);
  if (member.role !== wanted.role && !isHeeded) return refused(wanted, member);
  return { ok: true, member, keys: results[3]?.meta.changes ?? 0 };
}

/**
 * Removes a member, with or without its keys, in one transaction as {@link changeRole}. The row stays, so that signing
 * in again does not bring the member back. Of one that is removed already the keys still go, where they are to.
 */
export async function removeMember(
  db: Db,
  name: MemberName & { readonly revokeKeys: boolean },
  actor: Actor,
  nowMs: number,
): Promise<MemberChanged> {
  const bound = parameters(name, actor, nowMs);
  const isWanted = `${IS_WITHIN} AND m.status = 'active' AND ${STAYS_ADMINISTERED}`;
  const keys = keysOf(`(m.status = 'removed' OR ${STAYS_ADMINISTERED})`);
  const standing = `(SELECT count(*) FROM keys AS k WHERE k.status <> 'revoked' AND ${keys})`;
  const fate = name.revokeKeys ? 'revoked' : 'kept';
  const results = await db.batch<Member & { standing: number }>([
    db
      .prepare(
        `${NOTE}, 'member.removed', m.account_id, NULL, json_object('member', m.id, 'role', m.role),
           json_object('member', m.id, 'keys', '${fate}', 'count', ${standing})
         FROM members AS m WHERE ${IS_NAMED} AND ${isWanted}`,
      )
      .bind(bound),
    db.prepare(`SELECT ${standing} AS standing`).bind(bound),
    ...(name.revokeKeys ? changeKeySet(db, revocationOf(keys, 'member'), bound) : []),
    db
      .prepare(
        `UPDATE members AS m SET status = 'removed', removed_at_ms = ?1 ->> 'nowMs' WHERE ${IS_NAMED} AND ${isWanted}`,
      )
      .bind(bound),
    db.prepare(READ).bind(bound),
  ]);
  const member = results.at(-1)?.results[0];
  if (member === undefined) return { ok: false, reason: 'missing' };
  if (member.status === 'active') return refused(name, member);
  return { ok: true, member, keys: results[1]?.results[0]?.standing ?? 0 };
}

/** Why an active member was left as it is. */
function refused({ within }: MemberName, { role }: Member): MemberChanged {
  return { ok: false, reason: within?.includes(role) === false ? 'above' : 'last_admin' };
}
