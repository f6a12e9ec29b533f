import { beforeEach } from 'vitest';
import { type Actor, type AuditEntry, listAudit } from '../../src/registry/audit.ts';
import { type Admission, admitMember, type FirstSignIn, joinBySignIn } from '../../src/registry/joining.ts';
import { findSession, listPeople } from '../../src/registry/members.ts';
import { changeRole, type NewRole, removeMember } from '../../src/registry/members-change.ts';
import { inviteMember } from '../../src/registry/members-invite.ts';
import { admin, NOW_MS, openForTests } from './database.ts';

/* Members of the account `acc_1`, on a registry that each test finds empty. */

export const HOUR_MS = 3_600_000;
export const ACCOUNT = 'acc_1';
/** What the keys of a member with a role may have, as in the preset. */
export const KEY_ROLES: Record<string, string[]> = {
  viewer: ['viewer'],
  developer: ['developer', 'viewer'],
  account_admin: ['account_admin', 'viewer', 'developer'],
};

/** By whose invitations somebody gets a role, as in the preset. */
export const INVITERS = { viewer: ['account_admin'], developer: ['account_admin'], account_admin: ['account_admin'] };

/** Who acts as a member. */
export const actorOf = (member: string): Actor => ({
  name: `member:${member}`,
  address: '192.0.2.9',
  requestId: 'req_2',
});

/** A member by its id, for what is done to it. */
export const name = (member: string) => ({
  account: ACCOUNT,
  member,
  administering: ['account_admin'],
  within: null,
});

/** Opens a registry for all tests of a file. `user_<name>` is `mem_<name>`. */
export function openPeople() {
  const store = openForTests();
  /** The trail is never emptied: what stood before a test is not looked at. */
  let oldEntries = 0;
  beforeEach(async () => {
    oldEntries = (await store.db.prepare('SELECT max(id) AS id FROM audit').first<number>('id')) ?? 0;
  });
  return {
    store,

    /** Lets somebody in. */
    join(who: string, role: string, more: Partial<Admission> = {}, nowMs = NOW_MS) {
      const admission: Admission = {
        user: `user_${who}`,
        email: `${who}@example.com`,
        account: ACCOUNT,
        member: `mem_${who}`,
        role,
        keyRoles: KEY_ROLES[role] ?? [],
        invitation: null,
        ...more,
      };
      return admitMember(store.db, admission, admin, nowMs);
    },

    /** A first sign-in for the organisation `one`. */
    signIn(user: string, more: Partial<FirstSignIn> = {}) {
      const first: FirstSignIn = {
        user,
        email: `${user}@example.com`,
        external: 'org:one',
        account: `acc_${user}`,
        member: `mem_${user}`,
        name: 'one',
        plan: 'free',
        firstRole: 'account_admin',
        role: 'developer',
        ...more,
      };
      return joinBySignIn(store.db, first, actorOf(first.member), NOW_MS);
    },

    invite(
      email: string,
      role: string,
      id = `inv_${email}`,
      nowMs = NOW_MS,
      within: string[] | null = null,
      by = admin,
    ) {
      const wanted = { id, account: ACCOUNT, email, role, within, expiresAtMs: nowMs + HOUR_MS };
      return inviteMember(store.db, wanted, by, nowMs);
    },

    setRole(member: string, role: string, more: Partial<NewRole> = {}) {
      const wanted = { ...name(member), role, keyRoles: KEY_ROLES[role] ?? [], issuedAtMs: null, ...more };
      return changeRole(store.db, wanted, admin, NOW_MS);
    },

    remove(member: string, revokeKeys = true, nowMs = NOW_MS) {
      return removeMember(store.db, { ...name(member), revokeKeys }, admin, nowMs);
    },

    /** What is known of a session. */
    known(user: string, email: string | null = null, nowMs = NOW_MS, account: string | null = null) {
      return findSession(store.db, { tokenId: 'token', user, email, account, inviters: INVITERS }, nowMs);
    },

    /** What this test has done, newest first. */
    async trail(accountId: string, action: string): Promise<AuditEntry[]> {
      const page = await listAudit(store.db, { limit: 200, cursor: null, accountId, action });
      return (page?.entries ?? []).filter(({ id }) => id > oldEntries);
    },

    /** The roles of members by id, but for those who were removed. */
    async roles(accountId = ACCOUNT): Promise<Record<string, string>> {
      const page = await listPeople(
        store.db,
        { accountId, status: 'active', inviters: null, limit: 200, cursor: null },
        NOW_MS,
      );
      return Object.fromEntries(page?.people.map(({ id, role }) => [id, role]) ?? []);
    },
  };
}
