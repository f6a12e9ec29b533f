import { describe, expect, it } from 'vitest';
import { changeAccount, createAccount, listAccounts, readAccount } from '../../src/registry/accounts.ts';
import { closeAccount } from '../../src/registry/closing.ts';
import {
  ERASED,
  eraseAccountRows,
  eraseAddressesOf,
  eraseMemberRows,
  eraseTrail,
  noteAccountErased,
} from '../../src/registry/erasing.ts';
import { readKey } from '../../src/registry/keys.ts';
import { type Member, readMember } from '../../src/registry/members.ts';
import { removeMember } from '../../src/registry/members-change.ts';
import { admin, count, makeKey, NOW_MS } from './database.ts';
import { ACCOUNT, name, openPeople } from './people.ts';

const { join, signIn, invite, trail, store } = openPeople();

describe('the list of accounts', () => {
  it('is filtered by status, plan and whose they are, by an index each', async () => {
    await createAccount(store.db, { id: 'acc_2', name: 'Two', plan: 'paid', externalId: 'org:two' }, admin, NOW_MS);
    await createAccount(store.db, { id: 'acc_3', name: 'Three', plan: 'paid', externalId: 'user:u' }, admin, NOW_MS);
    await closeAccount(store.db, 'acc_3', admin, NOW_MS);
    const ids = async (query: object) =>
      (await listAccounts(store.db, { limit: 10, cursor: null, ...query }))?.accounts.map(({ id }) => id);
    expect(await ids({})).toEqual(['acc_3', 'acc_2', 'acc_1']);
    expect(await ids({ plan: 'paid' })).toEqual(['acc_3', 'acc_2']);
    expect(await ids({ plan: 'paid', status: 'active' })).toEqual(['acc_2']);
    expect(await ids({ status: 'closed' })).toEqual(['acc_3']);
    expect(await ids({ status: 'suspended' })).toEqual([]);
    expect(await ids({ externalId: 'org:two' })).toEqual(['acc_2']);
    expect(await ids({ externalId: 'org:none' })).toEqual([]);
  });
});

describe('an account that is closed', () => {
  it('has no key that works, no invitation, and stays so; again, nothing changes', async () => {
    await makeKey(store.db, { id: 'k1' });
    await invite('ada@example.com', 'viewer');
    const closed = await closeAccount(store.db, ACCOUNT, admin, NOW_MS);
    expect(closed).toMatchObject({ status: 'suspended', closedAtMs: NOW_MS });
    expect(await readKey(store.db, 'k1')).toMatchObject({ status: 'revoked', generation: 2 });
    expect(await count(store.db, 'invitations')).toBe(0);
    const before = [await count(store.db, 'audit'), await count(store.db, 'outbox')];
    expect(await closeAccount(store.db, ACCOUNT, admin, NOW_MS + 5)).toEqual(closed);
    expect([await count(store.db, 'audit'), await count(store.db, 'outbox')]).toEqual(before);
    expect(await closeAccount(store.db, 'acc_0', admin, NOW_MS)).toBeNull();
  });
});

describe('erasing', () => {
  /** Every text that stands in a table. */
  async function texts(...tables: string[]): Promise<string> {
    const rows = await Promise.all(tables.map((table) => store.db.prepare(`SELECT * FROM ${table}`).all()));
    return JSON.stringify(rows.map(({ results }) => results));
  }
  const EVERY = ['accounts', 'members', 'invitations', 'keys', 'key_creations', 'outbox'];

  it('a member takes who it was out of the registry, its own account among it; the trail names nobody', async () => {
    const account = 'acc_ada';
    await signIn('ada', { external: 'user:ada', name: 'ada@example.com' });
    await join('boss', 'account_admin', { account });
    await removeMember(store.db, { ...name('mem_ada'), account, revokeKeys: true }, admin, NOW_MS);
    const member = await readMember(store.db, account, 'mem_ada');
    for (let i = 0; i < 2; i++) await eraseMemberRows(store.db, account, 'mem_ada', admin, NOW_MS);
    expect(await readMember(store.db, account, 'mem_ada')).toEqual({ ...member, userId: null, email: null });
    expect(await readAccount(store.db, account)).toMatchObject({ name: ERASED, externalId: null });
    expect(await texts(...EVERY)).not.toMatch(/ada@|"ada"|user:ada/);
    expect((await trail(account, 'member.erased')).map(({ before }) => before)).toEqual([{ member: 'mem_ada' }]);
    expect(await readMember(store.db, account, 'mem_boss')).toMatchObject({ userId: 'user_boss' });
  });

  it('a member leaves one who is active as it is', async () => {
    await join('ada', 'developer');
    const before = await readMember(store.db, ACCOUNT, 'mem_ada');
    await eraseMemberRows(store.db, ACCOUNT, 'mem_ada', admin, NOW_MS);
    expect(await readMember(store.db, ACCOUNT, 'mem_ada')).toEqual(before as Member);
  });

  it('an account takes out names, addresses and what was written of keys, and only once it is closed', async () => {
    await join('ada', 'developer');
    const fields = { label: 'laptop of ada', metadata: { owner: 'ada' }, addresses: ['198.51.100.1'] };
    await makeKey(store.db, { id: 'k1', memberId: 'mem_ada', ...fields });
    await eraseAccountRows(store.db, ACCOUNT, admin, NOW_MS);
    expect(await readKey(store.db, 'k1')).toMatchObject(fields);
    await closeAccount(store.db, ACCOUNT, admin, NOW_MS);
    await store.db.prepare('DELETE FROM outbox').run();
    for (let i = 0; i < 2; i++) await eraseAccountRows(store.db, ACCOUNT, admin, NOW_MS);
    expect(await readKey(store.db, 'k1')).toMatchObject({ label: null, metadata: {}, addresses: null, generation: 3 });
    expect(await texts(...EVERY)).not.toMatch(/ada@|user_ada|laptop|198\.51/);
    for (let i = 0; i < 2; i++) await noteAccountErased(store.db, ACCOUNT, admin, NOW_MS + i);
    expect(await readAccount(store.db, ACCOUNT)).toMatchObject({ name: ERASED, erasedAtMs: NOW_MS });
    expect((await trail(ACCOUNT, 'account.erased')).length).toBe(1);
    expect(await trail(ACCOUNT, 'member.removed')).toMatchObject([
      {
        actor: 'admin:test',
        address: null,
        before: { member: 'mem_ada', role: 'developer' },
        after: { member: 'mem_ada', keys: 'revoked', count: 0 },
      },
    ]);
  });

  it('takes addresses out of the trail: of one actor, or of the whole account', async () => {
    await signIn('ada');
    await signIn('bob');
    const addresses = async () => (await trail('acc_ada', 'member.')).map(({ address }) => address);
    expect(await addresses()).toEqual(['192.0.2.9', '192.0.2.9']);
    expect(await eraseAddressesOf(store.db, 'acc_ada', ['member:mem_bob', 'key:k1'])).toBe(false);
    expect(await addresses()).toEqual([null, '192.0.2.9']);
    expect(await eraseTrail(store.db, 'acc_ada')).toBe(false);
    expect(await addresses()).toEqual([null, null]);
  });

  it('takes what people wrote out of the trail of an account, and leaves what was done', async () => {
    const fields = { label: 'laptop of ada', metadata: { owner: 'ada' }, addresses: ['198.51.100.1'] };
    await makeKey(store.db, { id: 'k1', ...fields });
    const wanted = { action: 'account.updated', set: { name: 'Ada and sons', plan: 'paid' } };
    await changeAccount(store.db, ACCOUNT, wanted, admin, NOW_MS);
    const before = await trail(ACCOUNT, 'account.updated');
    for (let i = 0; i < 2; i++) expect(await eraseTrail(store.db, ACCOUNT)).toBe(false);
    const after = [...(await trail(ACCOUNT, 'key.')), ...(await trail(ACCOUNT, 'account.'))];
    expect(JSON.stringify(after)).not.toMatch(/laptop|ada|198\.51|sons/i);
    expect(after[0]?.after).toMatchObject({ id: 'k1', role: 'developer', environment: 'live' });
    expect(after[1]).toEqual({ ...before[0], address: null, before: { plan: 'free' }, after: { plan: 'paid' } });
  });

  it('is the only way in which an entry of the trail changes', async () => {
    await makeKey(store.db, { id: 'k1', label: 'one' });
    for (const set of [
      `after = json_remove(after, '$.role')`,
      `after = NULL`,
      `after = json_set(after, '$.label', 'two')`,
      `address = '192.0.2.7'`,
      `actor = 'admin:other', address = NULL`,
    ]) {
      const change = store.db.prepare(`UPDATE audit SET ${set} WHERE key_id = 'k1'`).run();
      await expect(change, set).rejects.toThrow('never changed');
    }
  });
});
