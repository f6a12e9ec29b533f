import { describe, expect, it } from 'vitest';
import { createAccount } from '../../src/registry/accounts.ts';
import { listAudit } from '../../src/registry/audit.ts';
import {
  addDigest,
  applyChanges,
  countByPepper,
  digestsOfKeys,
  findByDigests,
  type KeyChange,
  readKey,
} from '../../src/registry/keys.ts';
import { keysAfter } from '../../src/registry/search.ts';
import { addMember, admin, count, fillKeys, makeKey, NOW_MS, openForTests, written } from './database.ts';

const store = openForTests();

const revoke: KeyChange = { action: 'key.revoked', set: { status: 'revoked' } };

describe('a lookup', () => {
  it('finds a key by the digest of a secret, with what is to be known of its account', async () => {
    const quotas = { total: 10, daily: 5, credits: { monthly: 10 ** 15 } };
    await makeKey(store.db, {
      id: 'k1',
      quotas,
      addresses: ['192.0.2.0/24'],
      expiresAtMs: NOW_MS + 1,
      ratePerSecond: 2,
      ratePerMinute: 60,
      label: 'ci',
      category: 'jobs',
    });
    expect(await findByDigests(store.db.withSession('first-primary'), ['unknown', 'digest:k1'])).toEqual({
      digest: 'digest:k1',
      pepperVersion: 1,
      secretId: 'sec_k1',
      record: {
        keyId: 'k1',
        generation: 1,
        accountId: 'acc_1',
        accountStatus: 'active',
        plan: 'free',
        budgetMicro: null,
        billingAnchorMs: NOW_MS,
        memberId: null,
        userId: null,
        label: 'ci',
        category: 'jobs',
        role: 'developer',
        environment: 'live',
        status: 'active',
        expiresAtMs: NOW_MS + 1,
        replacedAtMs: null,
        graceEndsAtMs: null,
        ratePerSecond: 2,
        ratePerMinute: 60,
        quotas,
        addresses: ['192.0.2.0/24'],
      },
    });
    expect(await findByDigests(store.db, ['unknown'])).toBeNull();
  });

  it('prefers the first digest given, and a secret keeps one row for each pepper', async () => {
    await makeKey(store.db, { id: 'k1' });
    await addDigest(store.db, 'digest:new', 'sec_k1', 2);
    await addDigest(store.db, 'digest:new', 'sec_k1', 2);
    await addDigest(store.db, 'digest:orphan', 'sec_gone', 2);
    expect(await findByDigests(store.db, ['digest:new', 'digest:k1'])).toMatchObject({
      digest: 'digest:new',
      pepperVersion: 2,
    });
    expect(await findByDigests(store.db, ['digest:k1', 'digest:new'])).toMatchObject({
      digest: 'digest:k1',
      pepperVersion: 1,
    });
    expect(await countByPepper(store.db)).toEqual(
      new Map([
        [1, 1],
        [2, 1],
      ]),
    );
    expect((await digestsOfKeys(store.db, ['k1'])).sort()).toEqual(['digest:k1', 'digest:new']);
  });

  it('tells the end of the grace of a secret that was replaced', async () => {
    await makeKey(store.db, { id: 'k1' });
    await store.db.batch([
      store.db.prepare('UPDATE secrets SET grace_ends_at_ms = ?').bind(NOW_MS + 5),
      store.db.prepare(`INSERT INTO secrets VALUES ('sec_2', 'k1', 'ks_live_2', ?, NULL, NULL)`).bind(NOW_MS),
      store.db.prepare(`INSERT INTO secret_digests VALUES ('digest:2', 'sec_2', 1)`),
    ]);
    expect((await findByDigests(store.db, ['digest:k1']))?.record.graceEndsAtMs).toBe(NOW_MS + 5);
    expect((await findByDigests(store.db, ['digest:2']))?.record).toMatchObject({ keyId: 'k1', graceEndsAtMs: null });
  });

  it('reads damaged quotas as none allowed, and damaged addresses as none admitted', async () => {
    await makeKey(store.db, { id: 'k1' });
    const damaged = [
      '{"total":"many"}',
      '[]',
      'null',
      '{"daily":5,"credits":null}',
      '{"daily":5,"credits":{"total":-1}}',
    ];
    for (const [i, quotas] of damaged.entries()) {
      await store.db
        .prepare(`UPDATE keys SET quotas = ?, addresses = '{}', generation = ?`)
        .bind(quotas, i + 2)
        .run();
      expect(await readKey(store.db, 'k1'), quotas).toMatchObject({ quotas: { total: 0 }, addresses: [] });
    }
    await expect(store.db.prepare(`UPDATE keys SET quotas = '{', generation = 99`).run()).rejects.toThrow('CHECK');
  });

  it('takes the digests of more keys than D1 takes parameters', async () => {
    const ids = Array.from({ length: 150 }, (_, i) => `k${i}`);
    await fillKeys(store.db, 150);
    expect((await digestsOfKeys(store.db, ids)).sort()).toEqual(ids.map((id) => `digest:${id}`).sort());
    expect(await digestsOfKeys(store.db, [])).toEqual([]);
  });
});

describe('a change', () => {
  it('raises the generation and returns the key as it now stands', async () => {
    const key = await makeKey(store.db, { id: 'k1', addresses: ['192.0.2.1'], label: 'old', category: 'ci' });
    const set = {
      label: null,
      role: 'reader',
      expiresAtMs: NOW_MS,
      ratePerSecond: 1,
      ratePerMinute: 5,
      quotas: { daily: 0, credits: { total: 7 } },
      addresses: null,
    };
    const after = await applyChanges(store.db, [{ key, change: { action: 'key.updated', set } }], admin, NOW_MS + 1);
    expect(after.get('k1')).toEqual({ ...key, ...set, generation: 2 });
    expect(await readKey(store.db, 'k1')).toEqual(after.get('k1'));
    const trail = await listAudit(store.db, { limit: 1, cursor: null, keyId: 'k1' });
    const before = { label: 'old', role: 'developer', expiresAtMs: null, ratePerMinute: null, quotas: {} };
    expect(trail?.entries[0]).toMatchObject({ action: 'key.updated', before, after: set, atMs: NOW_MS + 1 });
    expect((await written(store.db)).outbox.at(-1)).toMatchObject({ kind: 'key.updated', key_id: 'k1', generation: 2 });
  });

  it('of an older generation writes nothing at all', async () => {
    const key = await makeKey(store.db, { id: 'k1' });
    await applyChanges(store.db, [{ key, change: { action: 'key.updated', set: { role: 'reader' } } }], admin, NOW_MS);
    const before = await written(store.db);
    expect(await applyChanges(store.db, [{ key, change: revoke }], admin, NOW_MS)).toEqual(new Map());
    expect(await applyChanges(store.db, [{ key: { ...key, id: 'gone' }, change: revoke }], admin, NOW_MS)).toEqual(
      new Map(),
    );
    expect(await written(store.db)).toEqual(before);
  });

  it('that fails on its way leaves nothing behind', async () => {
    const key = await makeKey(store.db, { id: 'k1' });
    const before = await written(store.db);
    const impossible = { action: 'key.updated', set: { status: 'lost' } } as unknown as KeyChange;
    await expect(applyChanges(store.db, [{ key, change: impossible }], admin, NOW_MS)).rejects.toThrow('CHECK');
    expect(await written(store.db)).toEqual(before);
  });

  it('that 10 try at once is made by exactly one', async () => {
    const key = await makeKey(store.db, { id: 'k1' });
    const all = await Promise.all(
      Array.from({ length: 10 }, () => applyChanges(store.db, [{ key, change: revoke }], admin, NOW_MS)),
    );
    expect(all.filter((after) => after.has('k1'))).toHaveLength(1);
    expect(await readKey(store.db, 'k1')).toMatchObject({ generation: 2, status: 'revoked', revokedAtMs: NOW_MS });
    expect(await count(store.db, 'outbox')).toBe(2);
  });

  it('of 200 keys is one batch; the overtaken ones are left out, and those without a change stay as they are', async () => {
    await fillKeys(store.db, 200);
    const keys = await keysAfter(store.db, null, 200);
    const [overtaken, unchanged] = keys;
    if (overtaken === undefined || unchanged === undefined) throw new Error('no keys');
    await applyChanges(
      store.db,
      [{ key: overtaken, change: { action: 'key.updated', set: { label: 'x' } } }],
      admin,
      NOW_MS,
    );
    const planned = keys.map((key) => ({ key, change: key === unchanged ? null : revoke }));
    const after = await applyChanges(store.db, planned, admin, NOW_MS);
    expect(after.size).toBe(199);
    expect(after.has(overtaken.id)).toBe(false);
    expect(after.get(unchanged.id)).toBe(unchanged);
    expect(await readKey(store.db, overtaken.id)).toMatchObject({ status: 'active', generation: 2, label: 'x' });
    expect(await readKey(store.db, 'k199')).toEqual(after.get('k199'));
    expect(await count(store.db, `keys WHERE status = 'revoked'`)).toBe(198);
  });

  it('can go above the generation of a gate that is ahead of a restored database', async () => {
    const key = await makeKey(store.db, { id: 'k1' });
    const change = {
      action: 'key.reconciled',
      set: { status: 'inactive', ratePerMinute: 1 },
      generationAbove: 41,
    } as const;
    const after = (await applyChanges(store.db, [{ key, change }], admin, NOW_MS)).get('k1');
    expect(after).toMatchObject({ generation: 42, status: 'inactive', ratePerMinute: 1 });
    expect(await readKey(store.db, 'k1')).toEqual(after);
  });

  it('to a label that must be free is made while no other key of the account has it that is not revoked', async () => {
    await createAccount(store.db, { id: 'acc_2', name: 'Two', plan: 'free' }, admin, NOW_MS);
    const other = await makeKey(store.db, { id: 'k1', label: 'ci' });
    await makeKey(store.db, { id: 'k2', accountId: 'acc_2', label: 'web' });
    const key = await makeKey(store.db, { id: 'k3', label: 'old' });
    const rename = (label: string | null) => {
      const change: KeyChange = { action: 'key.updated', set: { label }, labelMustBeFree: true };
      return applyChanges(store.db, [{ key, change }], admin, NOW_MS);
    };
    const before = await written(store.db);
    expect(await rename('ci')).toEqual(new Map());
    expect(await written(store.db)).toEqual(before);
    await applyChanges(store.db, [{ key: other, change: revoke }], admin, NOW_MS);
    expect((await rename('ci')).get('k3')).toMatchObject({ label: 'ci', generation: 2 });
  });

  it('to a label that must be free is made by one of 10 keys that take it at once', async () => {
    await fillKeys(store.db, 10);
    const keys = await keysAfter(store.db, null, 10);
    const entries = await count(store.db, 'audit');
    const change: KeyChange = { action: 'key.updated', set: { label: 'ci' }, labelMustBeFree: true };
    const all = await Promise.all(keys.map((key) => applyChanges(store.db, [{ key, change }], admin, NOW_MS)));
    expect(all.filter(({ size }) => size === 1)).toHaveLength(1);
    expect(await count(store.db, `keys WHERE label = 'ci'`)).toBe(1);
    expect([await count(store.db, 'audit'), await count(store.db, 'outbox')]).toEqual([entries + 1, 1]);
  });

  it('of the role of a key is made while the member who made it has one of the roles that may have it', async () => {
    await addMember(store.db, { id: 'mem_1', role: 'developer' });
    const key = await makeKey(store.db, { id: 'k1', memberId: 'mem_1', role: 'viewer' });
    const give = (creatorRoles: string[]) =>
      applyChanges(
        store.db,
        [{ key, change: { action: 'key.updated', set: { role: 'developer' }, creatorRoles } }],
        admin,
        NOW_MS,
      );
    const before = await written(store.db);
    expect(await give(['account_admin'])).toEqual(new Map());
    expect(await give([])).toEqual(new Map());
    expect(await written(store.db)).toEqual(before);
    expect((await give(['account_admin', 'developer'])).get('k1')).toMatchObject({ role: 'developer' });
  });
});
