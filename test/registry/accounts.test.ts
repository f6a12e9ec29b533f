import { describe, expect, it } from 'vitest';
import { createAccount, readAccount, setAccountStatus } from '../../src/registry/accounts.ts';
import { listAudit } from '../../src/registry/audit.ts';
import { applyChanges, type KeyChange, readKey } from '../../src/registry/keys.ts';
import { admin, count, fillKeys, makeKey, NOW_MS, openForTests, written } from './database.ts';

const store = openForTests();

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
    const suspended = await setAccountStatus(store.db, 'acc_1', 'suspended', admin, NOW_MS);
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
    expect(await setAccountStatus(store.db, 'acc_1', 'suspended', admin, NOW_MS)).toMatchObject({
      changed: false,
      keys: 0,
    });
    expect(await setAccountStatus(store.db, 'acc_0', 'suspended', admin, NOW_MS)).toBeNull();
    expect(await written(store.db)).toEqual(before);
    expect(await setAccountStatus(store.db, 'acc_1', 'active', admin, NOW_MS)).toMatchObject({
      changed: true,
      keys: 1,
    });
    expect(await readKey(store.db, 'k1')).toEqual({ ...one, generation: 3 });
  });

  it('with 100,000 keys is suspended in one transaction', async () => {
    await fillKeys(store.db, 100_000);
    const suspended = await setAccountStatus(store.db, 'acc_1', 'suspended', admin, NOW_MS);
    expect(suspended).toMatchObject({ changed: true, keys: 100_000 });
    expect(await count(store.db, 'keys WHERE generation = 2')).toBe(100_000);
    expect(await count(store.db, 'outbox WHERE generation = 2')).toBe(100_000);
  }, 60_000);
});
