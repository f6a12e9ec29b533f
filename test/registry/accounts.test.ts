import { describe, expect, it } from 'vitest';
import { type AccountChange, changeAccount, createAccount, readAccount } from '../../src/registry/accounts.ts';
import { listAudit } from '../../src/registry/audit.ts';
import { applyChanges, findByDigests, type KeyChange, readKey } from '../../src/registry/keys.ts';
import { admin, count, fillKeys, makeKey, NOW_MS, openForTests, written } from './database.ts';

const store = openForTests();

const suspend: AccountChange = { action: 'account.suspended', set: { status: 'suspended' } };
const resume: AccountChange = { action: 'account.resumed', set: { status: 'active' } };
const revoke: KeyChange = { action: 'key.revoked', set: { status: 'revoked' } };

describe('an account', () => {
  it('is made once', async () => {
    const again = { id: 'acc_1', name: 'Two', plan: 'paid' };
    const before = await count(store.db, 'audit');
    expect(await createAccount(store.db, again, admin, NOW_MS)).toBeNull();
    expect(await readAccount(store.db, 'acc_1')).toMatchObject({ name: 'One', plan: 'free', status: 'active' });
    expect(await readAccount(store.db, 'acc_2')).toBeNull();
    expect(await count(store.db, 'audit')).toBe(before);
  });

  it('suspended raises every key that is not revoked and leaves an outbox row for each; again, it does nothing', async () => {
    const [one, gone] = [await makeKey(store.db, { id: 'k1' }), await makeKey(store.db, { id: 'k2' })];
    await createAccount(store.db, { id: 'acc_2', name: 'Two', plan: 'free' }, admin, NOW_MS);
    await makeKey(store.db, { id: 'other', accountId: 'acc_2' });
    await applyChanges(store.db, [{ key: gone, change: revoke }], admin, NOW_MS);
    await store.db.prepare('DELETE FROM outbox').run();
    const suspended = await changeAccount(store.db, 'acc_1', suspend, admin, NOW_MS);
    expect(suspended).toMatchObject({ changed: true, keys: 1, account: { id: 'acc_1', status: 'suspended' } });
    expect(await readKey(store.db, 'k1')).toEqual({ ...one, generation: 2, accountStatus: 'suspended' });
    expect(await readKey(store.db, 'k2')).toMatchObject({ generation: 2, status: 'revoked' });
    expect(await readKey(store.db, 'other')).toMatchObject({ generation: 1, accountStatus: 'active' });
    expect((await written(store.db)).outbox).toMatchObject([
      { kind: 'account.suspended', key_id: 'k1', generation: 2 },
    ]);
    const trail = await listAudit(store.db, { limit: 1, cursor: null, accountId: 'acc_1' });
    expect(trail?.entries[0]).toMatchObject({
      action: 'account.suspended',
      before: { status: 'active' },
      after: { status: 'suspended' },
    });

    const before = await written(store.db);
    expect(await changeAccount(store.db, 'acc_1', suspend, admin, NOW_MS)).toMatchObject({
      changed: false,
      keys: 0,
    });
    expect(await changeAccount(store.db, 'acc_0', suspend, admin, NOW_MS)).toBeNull();
    expect(await written(store.db)).toEqual(before);
    expect(await changeAccount(store.db, 'acc_1', resume, admin, NOW_MS)).toMatchObject({
      changed: true,
      keys: 1,
    });
    expect(await readKey(store.db, 'k1')).toEqual({ ...one, generation: 3 });
  });

  it('changed in plan, budget or anchor raises its keys once, and their records say so', async () => {
    const key = await makeKey(store.db, { id: 'k1' });
    expect(key).toMatchObject({ plan: 'free', budgetMicro: null, billingAnchorMs: NOW_MS });
    const set = { name: 'New', plan: 'pro', budgetMicro: 10 ** 15, billingAnchorMs: 5 };
    const change = { action: 'account.updated', set };
    await store.db.prepare('DELETE FROM outbox').run();
    expect(await changeAccount(store.db, 'acc_1', change, admin, NOW_MS)).toMatchObject({ changed: true, keys: 1 });
    expect(await readAccount(store.db, 'acc_1')).toMatchObject({ ...set, createdAtMs: NOW_MS });
    const { name: _, ...inRecord } = set;
    expect(await readKey(store.db, 'k1')).toEqual({ ...key, ...inRecord, generation: 2 });
    const found = await findByDigests(store.db, ['digest:k1']);
    expect(found?.record).toMatchObject({ ...inRecord, generation: 2 });
    expect((await written(store.db)).outbox).toMatchObject([{ kind: 'account.updated', key_id: 'k1', generation: 2 }]);
    const trail = await listAudit(store.db, { limit: 1, cursor: null, accountId: 'acc_1' });
    const before = { name: 'One', plan: 'free', budgetMicro: null, billingAnchorMs: null };
    expect(trail?.entries[0]).toMatchObject({ action: 'account.updated', before, after: set });

    const same = await written(store.db);
    expect(await changeAccount(store.db, 'acc_1', change, admin, NOW_MS)).toMatchObject({ changed: false, keys: 0 });
    expect(await written(store.db)).toEqual(same);
    const none = { action: 'account.updated', set: { budgetMicro: null, billingAnchorMs: null } };
    expect(await changeAccount(store.db, 'acc_1', none, admin, NOW_MS)).toMatchObject({ changed: true, keys: 1 });
    expect(await readKey(store.db, 'k1')).toEqual({ ...key, plan: 'pro', generation: 3 });
  });

  it.each<[string, AccountChange['set'], boolean]>([
    ['name alone', { name: 'New' }, true],
    ['name, and the plan that it has', { name: 'New', plan: 'free' }, true],
    ['nothing', {}, false],
  ])('changed in its %s raises no key', async (_, set, changed) => {
    await makeKey(store.db, { id: 'k1' });
    const { outbox, keys, audit } = await written(store.db);
    const result = await changeAccount(store.db, 'acc_1', { action: 'account.updated', set }, admin, NOW_MS);
    expect(result).toMatchObject({ changed, keys: 0, account: { name: 'One', ...set } });
    expect(await written(store.db)).toEqual({ outbox, keys, audit: audit + (changed ? 1 : 0) });
  });

  it('changed by ten at once is changed by each once', async () => {
    await makeKey(store.db, { id: 'k1' });
    const budgets = Array.from({ length: 10 }, (_, i) => i % 2);
    const changes = budgets.map((budgetMicro) =>
      changeAccount(store.db, 'acc_1', { action: 'account.updated', set: { budgetMicro } }, admin, NOW_MS),
    );
    const raised = (await Promise.all(changes)).map((result) => result?.keys ?? 0);
    const sum = raised.reduce((a, b) => a + b, 0);
    expect(await readKey(store.db, 'k1')).toMatchObject({ generation: 1 + sum });
    expect(await count(store.db, 'outbox')).toBe(1 + sum);
  });

  it('with 100,000 keys is suspended in one transaction', async () => {
    await fillKeys(store.db, 100_000);
    const suspended = await changeAccount(store.db, 'acc_1', suspend, admin, NOW_MS);
    expect(suspended).toMatchObject({ changed: true, keys: 100_000 });
    expect(await count(store.db, 'keys WHERE generation = 2')).toBe(100_000);
    expect(await count(store.db, 'outbox WHERE generation = 2')).toBe(100_000);
  }, 60_000);
});
