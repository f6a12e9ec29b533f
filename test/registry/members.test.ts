import { describe, expect, it } from 'vitest';
import { closeAccount } from '../../src/registry/closing.ts';
import { readKey } from '../../src/registry/keys.ts';
import { listPeople } from '../../src/registry/members.ts';
import { removeMember } from '../../src/registry/members-change.ts';
import { admin, count, makeKey, NOW_MS } from './database.ts';
import { ACCOUNT, KEY_ROLES, name, openPeople } from './people.ts';

const { join, invite, setRole, remove, known, trail, roles, store } = openPeople();

describe('a role', () => {
  it('that is lowered lowers the keys above it, in one transaction with their trail and outbox, and no others', async () => {
    await join('boss', 'account_admin');
    await join('ada', 'account_admin');
    const make = (id: string, role: string, memberId: string | null = 'mem_ada') =>
      makeKey(store.db, { id, role, memberId });
    for (const [id, role] of [
      ['top', 'account_admin'],
      ['dev', 'developer'],
      ['view', 'viewer'],
    ] as const) {
      await make(id, role);
    }
    await make('others', 'account_admin', 'mem_boss');
    await make('nobodys', 'account_admin', null);
    await store.db.prepare('DELETE FROM outbox').run();
    expect(await setRole('mem_ada', 'developer')).toMatchObject({ ok: true, keys: 1, member: { role: 'developer' } });
    expect(await readKey(store.db, 'top')).toMatchObject({ role: 'developer', generation: 2 });
    for (const id of ['dev', 'view', 'others', 'nobodys']) {
      expect(await readKey(store.db, id)).toMatchObject({ generation: 1 });
    }
    const outbox = await store.db.prepare('SELECT kind, key_id, generation, payload FROM outbox').all();
    expect(outbox.results).toEqual([
      { kind: 'key.updated', key_id: 'top', generation: 2, payload: '{"role":"developer"}' },
    ]);
    expect(await trail(ACCOUNT, 'key.updated')).toMatchObject([
      { keyId: 'top', before: { role: 'account_admin' }, after: { role: 'developer' } },
    ]);
    expect(await trail(ACCOUNT, 'member.role_changed')).toMatchObject([
      { before: { member: 'mem_ada', role: 'account_admin' }, after: { member: 'mem_ada', role: 'developer' } },
    ]);
  });

  it('given again changes nothing, but mends a key that has more than it allows', async () => {
    await join('ada', 'developer');
    expect(await setRole('mem_ada', 'developer')).toMatchObject({ ok: true, keys: 0 });
    await makeKey(store.db, { id: 'k1', role: 'account_admin', memberId: 'mem_ada' });
    expect(await setRole('mem_ada', 'developer')).toMatchObject({ ok: true, keys: 1 });
    expect((await trail(ACCOUNT, 'member.role_changed')).length).toBe(0);
  });

  it('is what every key of a member has, where the policy says that keys follow their creator', async () => {
    await join('ada', 'viewer');
    for (const role of ['viewer', 'developer']) await makeKey(store.db, { id: role, role, memberId: 'mem_ada' });
    expect(await setRole('mem_ada', 'account_admin', { keyRoles: ['account_admin'] })).toMatchObject({ keys: 2 });
    expect(await readKey(store.db, 'viewer')).toMatchObject({ role: 'account_admin', generation: 2 });
  });

  it('of a member of another account, or of one who was removed, is not changed', async () => {
    await join('boss', 'account_admin');
    await join('ada', 'developer');
    expect(await setRole('mem_ada', 'viewer', { account: 'acc_2' })).toEqual({ ok: false, reason: 'missing' });
    await remove('mem_ada');
    expect(await setRole('mem_ada', 'viewer')).toEqual({ ok: false, reason: 'removed' });
    expect(await setRole('mem_none', 'viewer')).toEqual({ ok: false, reason: 'missing' });
  });

  it('of who stands above who asks is not changed, and neither are their keys', async () => {
    await join('boss', 'account_admin');
    await join('other', 'account_admin');
    await makeKey(store.db, { id: 'k1', role: 'account_admin', memberId: 'mem_boss' });
    const within = KEY_ROLES.developer ?? [];
    expect(await setRole('mem_boss', 'viewer', { within })).toEqual({ ok: false, reason: 'above' });
    const removal = { ...name('mem_boss'), within, revokeKeys: true };
    expect(await removeMember(store.db, removal, admin, NOW_MS)).toEqual({ ok: false, reason: 'above' });
    expect(await readKey(store.db, 'k1')).toMatchObject({ generation: 1, status: 'active' });
  });
});

describe('a role that tokens say', () => {
  const written = async () => [await count(store.db, 'audit'), await count(store.db, 'outbox')];
  const said = (role: string, issuedAtMs: number) => setRole('mem_ada', role, { issuedAtMs });

  it('is what the newest of them says; older and equally old ones change nothing, in whatever order', async () => {
    await join('ada', 'developer');
    await makeKey(store.db, { id: 'k1', role: 'developer', memberId: 'mem_ada' });
    expect(await said('viewer', 200)).toMatchObject({ ok: true, keys: 1, member: { roleIssuedAtMs: 200 } });
    const before = await written();
    for (const [role, at] of [
      ['account_admin', 100],
      ['viewer', 200],
      ['developer', 200],
      ['account_admin', 100],
    ] as const) {
      expect(await said(role, at)).toMatchObject({
        ok: true,
        keys: 0,
        member: { role: 'viewer', roleIssuedAtMs: 200 },
      });
    }
    expect(await written()).toEqual(before);
    expect(await readKey(store.db, 'k1')).toMatchObject({ role: 'viewer', generation: 2 });
    expect(await said('developer', 201)).toMatchObject({ ok: true, member: { role: 'developer' } });
  });

  it('is heeded too where it is the same: an older token does not change it then', async () => {
    await join('ada', 'viewer');
    const before = await written();
    expect(await said('viewer', 300)).toMatchObject({ ok: true, keys: 0, member: { roleIssuedAtMs: 300 } });
    expect(await said('account_admin', 200)).toMatchObject({ ok: true, member: { role: 'viewer' } });
    expect(await written()).toEqual(before);
  });

  it('is not given to the last who administers the account, and is given once there is another', async () => {
    await join('ada', 'account_admin');
    expect(await said('viewer', 200)).toEqual({ ok: false, reason: 'last_admin' });
    await join('bob', 'account_admin');
    expect(await said('viewer', 200)).toMatchObject({ ok: true, member: { role: 'viewer' } });
  });
});

describe('the last member who administers an account', () => {
  it('is neither removed nor given another role, and nothing is written', async () => {
    await join('ada', 'account_admin');
    await join('bob', 'developer');
    await makeKey(store.db, { id: 'k1', role: 'account_admin', memberId: 'mem_ada' });
    const before = await count(store.db, 'audit');
    expect(await setRole('mem_ada', 'developer')).toEqual({ ok: false, reason: 'last_admin' });
    expect(await remove('mem_ada')).toEqual({ ok: false, reason: 'last_admin' });
    expect([await count(store.db, 'audit'), (await readKey(store.db, 'k1'))?.generation]).toEqual([before, 1]);
    expect(await setRole('mem_bob', 'account_admin')).toMatchObject({ ok: true });
    expect(await remove('mem_ada')).toMatchObject({ ok: true });
  });

  it.each(['demoted', 'removed'])('stays when all of five are %s at once', async (how) => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const each of names) await join(each, 'account_admin');
    const results = await Promise.all(
      names.map((each) => (how === 'removed' ? remove(`mem_${each}`) : setRole(`mem_${each}`, 'viewer'))),
    );
    expect(results.filter(({ ok }) => !ok)).toEqual([{ ok: false, reason: 'last_admin' }]);
    expect(Object.values(await roles()).filter((role) => role === 'account_admin').length).toBe(1);
  });

  it('may go once the account is closed', async () => {
    await join('ada', 'account_admin');
    await closeAccount(store.db, ACCOUNT, admin, NOW_MS);
    expect(await remove('mem_ada')).toMatchObject({ ok: true });
  });
});

describe('a member who is removed', () => {
  it('loses all keys that still work, in one transaction; again, nothing changes', async () => {
    await join('boss', 'account_admin');
    await join('ada', 'developer');
    await makeKey(store.db, { id: 'k1', memberId: 'mem_ada' });
    await makeKey(store.db, { id: 'k2', memberId: 'mem_ada' });
    await makeKey(store.db, { id: 'others', memberId: 'mem_boss' });
    expect(await remove('mem_ada')).toMatchObject({ ok: true, keys: 2, member: { status: 'removed' } });
    expect(await readKey(store.db, 'k1')).toMatchObject({ status: 'revoked', generation: 2, revokedAtMs: NOW_MS });
    expect(await readKey(store.db, 'others')).toMatchObject({ status: 'active', generation: 1 });
    expect(await trail(ACCOUNT, 'member.removed')).toMatchObject([
      { after: { member: 'mem_ada', keys: 'revoked', count: 2 } },
    ]);
    const before = [await count(store.db, 'audit'), await count(store.db, 'outbox')];
    expect(await remove('mem_ada')).toMatchObject({ ok: true, keys: 0 });
    expect([await count(store.db, 'audit'), await count(store.db, 'outbox')]).toEqual(before);
  });

  it('without the keys keeps them, which is told in the trail; removed once more with them, they go', async () => {
    await join('boss', 'account_admin');
    await join('ada', 'developer');
    await makeKey(store.db, { id: 'k1', memberId: 'mem_ada' });
    expect(await remove('mem_ada', false)).toMatchObject({ ok: true, keys: 1 });
    expect(await readKey(store.db, 'k1')).toMatchObject({ status: 'active', generation: 1 });
    expect(await trail(ACCOUNT, 'member.removed')).toMatchObject([{ after: { keys: 'kept', count: 1 } }]);
    expect(await remove('mem_ada')).toMatchObject({ ok: true, keys: 1 });
    expect(await readKey(store.db, 'k1')).toMatchObject({ status: 'revoked' });
  });

  it('is found as removed when it signs in, and is listed only where that is asked for', async () => {
    await join('boss', 'account_admin');
    await join('ada', 'developer', {}, NOW_MS + 1);
    await invite('eve@example.com', 'viewer', 'inv_eve', NOW_MS + 2);
    await remove('mem_ada');
    expect((await known('user_ada')).memberships).toMatchObject([{ member: { status: 'removed' } }]);
    const ids = async (status: 'removed' | 'invited' | null) => {
      const page = await listPeople(
        store.db,
        { accountId: ACCOUNT, status, inviters: null, limit: 10, cursor: null },
        NOW_MS + 3,
      );
      return page?.people.map(({ id }) => id);
    };
    expect(await ids(null)).toEqual(['inv_eve', 'mem_boss']);
    expect(await ids('removed')).toEqual(['mem_ada']);
    expect(await ids('invited')).toEqual(['inv_eve']);
  });
});

describe('the list of members', () => {
  it('pages through members and invitations in one order, each of them once', async () => {
    for (let i = 0; i < 5; i++) await join(`m${i}`, 'viewer', {}, NOW_MS + 2 * (i >> 1));
    for (let i = 0; i < 4; i++) await invite(`i${i}@example.com`, 'viewer', `inv_${i}`, NOW_MS + 2 * (i >> 1));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query = { accountId: ACCOUNT, status: null, inviters: null, limit: 2, cursor };
      const page: Awaited<ReturnType<typeof listPeople>> = await listPeople(store.db, query, NOW_MS + 10);
      seen.push(...(page?.people ?? []).map(({ sinceMs, id }) => `${sinceMs} ${id}`));
      cursor = page?.nextCursor ?? null;
    } while (cursor !== null);
    expect(seen).toEqual([...seen].sort().reverse());
    expect(new Set(seen).size).toBe(9);
    const none = { accountId: ACCOUNT, status: null, inviters: null, limit: 2, cursor: 'no' };
    expect(await listPeople(store.db, none, 0)).toBeNull();
  });
});
