import { describe, expect, it } from 'vitest';
import { createAccount, readAccount } from '../../src/registry/accounts.ts';
import { closeAccount } from '../../src/registry/closing.ts';
import { readKey } from '../../src/registry/keys.ts';
import { type Invitation, listPeople } from '../../src/registry/members.ts';
import { removeMember } from '../../src/registry/members-change.ts';
import { type Invited, inviteMember, readInvitation, withdrawInvitation } from '../../src/registry/members-invite.ts';
import { admin, count, makeKey, NOW_MS } from './database.ts';
import { ACCOUNT, actorOf, HOUR_MS, INVITERS, name, openPeople } from './people.ts';

const { join, signIn, invite, setRole, remove, known, trail, store } = openPeople();

describe('a first sign-in', () => {
  it('makes the account of its organisation with its first member, who has the first role', async () => {
    const joined = await signIn('ada');
    expect(joined?.account).toMatchObject({ id: 'acc_ada', name: 'one', plan: 'free', externalId: 'org:one' });
    expect(joined?.member).toMatchObject({ id: 'mem_ada', role: 'account_admin', status: 'active', userId: 'ada' });
    expect(joined?.member).toMatchObject({ joinedBy: 'sign_in', roleIssuedAtMs: 0 });
    expect((await known('ada')).memberships).toEqual([joined]);
  });

  it('of everyone after joins that account with the role that is given to them', async () => {
    await signIn('ada');
    const bob = await signIn('bob', { role: 'viewer' });
    expect([bob?.account.id, bob?.member.role]).toEqual(['acc_ada', 'viewer']);
    expect(await readAccount(store.db, 'acc_bob')).toBeNull();
  });

  it('of twenty at once makes one account, and one of them administers it', async () => {
    const users = Array.from({ length: 20 }, (_, i) => `u${i}`);
    const joined = await Promise.all(users.map((user) => signIn(user)));
    expect(new Set(joined.map((each) => each?.account.id)).size).toBe(1);
    expect(joined.filter((each) => each?.member.role === 'account_admin').length).toBe(1);
    expect(await count(store.db, `accounts WHERE external_id = 'org:one'`)).toBe(1);
    expect(await count(store.db, 'members')).toBe(20);
  });

  it('of one user twice at once makes one member', async () => {
    const both = await Promise.all([signIn('ada'), signIn('ada', { account: 'acc_x', member: 'mem_x' })]);
    expect(both[0]).toEqual(both[1]);
    expect([await count(store.db, 'members'), await count(store.db, `accounts WHERE external_id IS NOT NULL`)]).toEqual(
      [1, 1],
    );
  });

  it('finds the account that its operator made for the organisation, and administers it as the first', async () => {
    const made = { id: 'acc_op', name: 'Op', plan: 'paid', externalId: 'org:one' };
    expect(await createAccount(store.db, made, admin, NOW_MS)).toMatchObject(made);
    expect(await createAccount(store.db, { ...made, id: 'acc_op2' }, admin, NOW_MS)).toBeNull();
    const ada = await signIn('ada');
    expect([ada?.account.id, ada?.member.role]).toEqual(['acc_op', 'account_admin']);
    expect((await trail('acc_op2', 'account.created')).length).toBe(0);
  });

  it('does not administer an account into which its operator has invited somebody', async () => {
    await createAccount(store.db, { id: 'acc_op', name: 'Op', plan: 'paid', externalId: 'org:one' }, admin, NOW_MS);
    const wanted = { id: 'inv_1', account: 'acc_op', email: 'boss@example.com', role: 'account_admin', within: null };
    await inviteMember(store.db, { ...wanted, expiresAtMs: NOW_MS + 1 }, admin, NOW_MS);
    expect((await signIn('ada'))?.member.role).toBe('developer');
  });

  it('makes nothing of an account that is closed, nor of a member who was removed', async () => {
    await signIn('ada');
    await signIn('bob');
    await removeMember(store.db, { ...name('mem_bob'), account: 'acc_ada', revokeKeys: true }, admin, NOW_MS);
    expect((await signIn('bob', { member: 'mem_new' }))?.member).toMatchObject({ id: 'mem_bob', status: 'removed' });
    await closeAccount(store.db, 'acc_ada', admin, NOW_MS);
    expect(await signIn('eve')).toBeNull();
  });

  it('is noted with the member as its actor, and with no name of the issuer and no address', async () => {
    await signIn('ada', { external: 'user:ada', name: 'ada@example.com' });
    const entries = [...(await trail('acc_ada', 'account.')), ...(await trail('acc_ada', 'member.'))];
    expect(entries.map(({ action, actor, after }) => [action, actor, after])).toEqual([
      ['account.created', 'member:mem_ada', { plan: 'free', by: 'sign_in' }],
      ['member.joined', 'member:mem_ada', { member: 'mem_ada', role: 'account_admin', by: 'sign_in' }],
    ]);
  });
});

/** By an invitation that was made, in this policy. */
const by = (invited: Invited) => (invited.ok ? { ...invited.invitation, inviters: INVITERS } : null);

describe('an invitation', () => {
  it('makes the member who signs in with its address, with its role, and is used up', async () => {
    const invited = await invite('ada@example.com', 'viewer');
    const { invitation } = await known('user_ada', 'ada@example.com');
    expect(invited).toEqual({ ok: true, invitation });
    const joined = await join('ada', 'viewer', { invitation: by(invited) });
    expect(joined?.member).toMatchObject({ id: 'mem_ada', role: 'viewer', status: 'active', joinedBy: 'invitation' });
    expect(await count(store.db, 'invitations')).toBe(0);
  });

  it('of an address is one: inviting again renews it, and the older one counts no more', async () => {
    const first = await invite('ada@example.com', 'account_admin', 'inv_1');
    const again = await invite('ada@example.com', 'viewer', 'inv_2', NOW_MS + 1);
    expect(again).toMatchObject({ ok: true, invitation: { id: 'inv_1', role: 'viewer', createdAtMs: NOW_MS + 1 } });
    expect(await join('ada', 'account_admin', { invitation: by(first) })).toBeNull();
    expect(await count(store.db, 'members')).toBe(0);
  });

  it('with a role that who asks could not give is not replaced by theirs', async () => {
    await invite('ada@example.com', 'account_admin', 'inv_1');
    const above = await invite('ada@example.com', 'viewer', 'inv_2', NOW_MS + 1, ['developer', 'viewer']);
    expect(above).toEqual({ ok: false, reason: 'above' });
    const { invitation } = await known('ada', 'ada@example.com');
    expect(invitation).toMatchObject({ id: 'inv_1', role: 'account_admin', createdAtMs: NOW_MS });
    expect(await trail(ACCOUNT, 'member.invited')).toHaveLength(1);
    await invite('bob@example.com', 'developer', 'inv_3', NOW_MS, ['developer', 'viewer']);
    const within = await invite('bob@example.com', 'viewer', 'inv_4', NOW_MS, ['developer', 'viewer']);
    expect(within).toMatchObject({ ok: true, invitation: { id: 'inv_3', role: 'viewer' } });
  });

  it('counts once, when two isolates see it at the same time', async () => {
    const invitation = by(await invite('ada@example.com', 'viewer'));
    const both = await Promise.all([
      join('ada', 'viewer', { invitation }),
      join('ada', 'viewer', { invitation, member: 'mem_other' }),
    ]);
    expect(both[0]?.member).toEqual(both[1]?.member);
    expect([await count(store.db, 'members'), (await trail(ACCOUNT, 'member.joined')).length]).toEqual([1, 1]);
  });

  it('that is over, taken back or of a closed account makes nobody a member', async () => {
    const invitation = by(await invite('ada@example.com', 'viewer'));
    expect((await known('user_ada', 'ada@example.com', NOW_MS + HOUR_MS)).invitation).toBeNull();
    expect(await join('ada', 'viewer', { invitation }, NOW_MS + HOUR_MS)).toBeNull();
    expect(await withdrawInvitation(store.db, 'acc_other', 'inv_ada@example.com', admin, NOW_MS)).toBe(false);
    expect(await withdrawInvitation(store.db, ACCOUNT, 'inv_ada@example.com', admin, NOW_MS)).toBe(true);
    expect(await join('ada', 'viewer', { invitation })).toBeNull();
    await invite('ada@example.com', 'viewer');
    await closeAccount(store.db, ACCOUNT, admin, NOW_MS);
    expect((await known('user_ada', 'ada@example.com')).invitation).toBeNull();
    expect(await invite('ada@example.com', 'viewer')).toEqual({ ok: false, reason: 'account_closed' });
  });

  it('brings a member back who was removed before it, with the keys that were kept, and not one removed after', async () => {
    await join('boss', 'account_admin');
    await join('ada', 'account_admin');
    const key = await makeKey(store.db, { id: 'k1', memberId: 'mem_ada', role: 'account_admin' });
    const early = await invite('other@example.com', 'viewer', 'inv_1', NOW_MS - 1);
    await remove('mem_ada', false);
    const stale = { invitation: by(early), email: 'other@example.com' };
    expect((await known('user_ada', 'other@example.com')).invitation).toBeNull();
    expect((await join('ada', 'viewer', stale))?.member.status).toBe('removed');
    const invitation = by(await invite('other@example.com', 'viewer', 'inv_1', NOW_MS + 1));
    expect((await known('user_ada', 'other@example.com')).invitation).toMatchObject({ id: 'inv_1' });
    const back = await join('ada', 'viewer', { invitation, email: 'other@example.com' });
    expect(back?.member).toMatchObject({ id: 'mem_ada', status: 'active', role: 'viewer', removedAtMs: null });
    expect(await readKey(store.db, 'k1')).toMatchObject({ role: 'viewer', generation: key.generation + 1 });
    const [entry] = await trail(ACCOUNT, 'key.updated');
    expect(entry).toMatchObject({ keyId: 'k1', before: { role: 'account_admin' }, after: { role: 'viewer' } });
  });

  it('is not made for who is a member, and names no address in the trail', async () => {
    await join('ada', 'viewer');
    expect(await invite('ada@example.com', 'viewer')).toEqual({ ok: false, reason: 'is_member' });
    await invite('bob@example.com', 'viewer', 'inv_1');
    await invite('bob@example.com', 'developer', 'inv_2');
    await withdrawInvitation(store.db, ACCOUNT, 'inv_1', admin, NOW_MS);
    const entries = [...(await trail(ACCOUNT, 'member.invited')), ...(await trail(ACCOUNT, 'invitation.'))];
    expect(entries.map(({ before, after }) => [before, after])).toEqual([
      [
        { invitation: 'inv_1', role: 'viewer' },
        { invitation: 'inv_1', role: 'developer' },
      ],
      [null, { invitation: 'inv_1', role: 'viewer' }],
      [{ invitation: 'inv_1', role: 'developer' }, null],
    ]);
  });

  it('of several is the oldest that counts, and where an account is named the one of that account', async () => {
    await createAccount(store.db, { id: 'acc_two', name: 'Two', plan: 'paid', externalId: null }, admin, NOW_MS);
    await invite('ada@example.com', 'viewer', 'inv_1', NOW_MS + 1);
    const two = { id: 'inv_2', account: 'acc_two', email: 'ada@example.com', role: 'viewer', within: null };
    await inviteMember(store.db, { ...two, expiresAtMs: NOW_MS + HOUR_MS }, admin, NOW_MS);
    const found = async (account: string | null) =>
      (await known('user_ada', 'ada@example.com', NOW_MS, account)).invitation?.id ?? null;
    expect([await found(null), await found(ACCOUNT), await found('acc_two')]).toEqual(['inv_2', 'inv_1', 'inv_2']);
    expect(await found('acc_none')).toBeNull();
    await join('ada', 'viewer', { account: 'acc_two' });
    expect([await found(null), await found('acc_two')]).toEqual(['inv_1', null]);
  });

  it('of a member counts while they may give its role, is listed no longer, and makes nobody a member', async () => {
    await join('boss', 'account_admin');
    await join('other', 'account_admin');
    await invite('ada@example.com', 'developer', 'inv_ada', NOW_MS, null, actorOf('mem_boss'));
    const invitation = by({ ok: true, invitation: (await readInvitation(store.db, ACCOUNT, 'inv_ada')) as Invitation });
    const counts = async () => {
      const query = { accountId: ACCOUNT, status: 'invited', inviters: INVITERS, limit: 9, cursor: null } as const;
      const listed = await listPeople(store.db, query, NOW_MS);
      return [listed?.people.length, (await known('user_ada', 'ada@example.com')).invitation?.id ?? null];
    };
    expect(await counts()).toEqual([1, 'inv_ada']);
    await setRole('mem_boss', 'developer');
    expect(await counts()).toEqual([0, null]);
    expect(await join('ada', 'developer', { invitation })).toBeNull();
    await setRole('mem_boss', 'account_admin');
    expect(await counts()).toEqual([1, 'inv_ada']);
    await remove('mem_boss');
    expect(await counts()).toEqual([0, null]);
    expect(await join('ada', 'developer', { invitation })).toBeNull();
    expect(await count(store.db, `members WHERE user_id = 'user_ada'`)).toBe(0);
    await invite('ada@example.com', 'developer');
    expect(await counts()).toEqual([1, 'inv_ada']);
    const renewed = await readInvitation(store.db, ACCOUNT, 'inv_ada');
    expect(
      await join('ada', 'developer', { invitation: by({ ok: true, invitation: renewed as Invitation }) }),
    ).not.toBeNull();
  });

  it('that is over goes with the next one of the account', async () => {
    await invite('ada@example.com', 'viewer');
    await invite('bob@example.com', 'viewer', 'inv_bob', NOW_MS + HOUR_MS);
    expect(await readInvitation(store.db, ACCOUNT, 'inv_ada@example.com')).toBeNull();
  });
});
