import { beforeEach, describe, expect, it } from 'vitest';
import { changeAccount, createAccount } from '../../src/registry/accounts.ts';
import { listAudit } from '../../src/registry/audit.ts';
import { applyChanges, type KeyChange, readKey } from '../../src/registry/keys.ts';
import { purgeKeys } from '../../src/registry/purge.ts';
import { addMember, admin, count, makeKey, NOW_MS, openForTests, tryKey, written } from './database.ts';

const store = openForTests();

const revoke: KeyChange = { action: 'key.revoked', set: { status: 'revoked' } };

describe('a creation', () => {
  it('writes the key, its secret, its audit entry and its outbox row together', async () => {
    const key = await makeKey(store.db, { id: 'k1', label: 'ci', memberId: 'u1' });
    expect(key).toEqual(await readKey(store.db, 'k1'));
    expect(key).toMatchObject({
      status: 'active',
      generation: 1,
      createdAtMs: NOW_MS,
      revokedAtMs: null,
      plan: 'free',
    });
    expect((await written(store.db)).outbox).toMatchObject([
      {
        kind: 'key.created',
        account_id: 'acc_1',
        key_id: 'k1',
        generation: 1,
        next_attempt_at_ms: NOW_MS,
        attempts: 0,
      },
    ]);
    const trail = await listAudit(store.db, { limit: 1, cursor: null, keyId: 'k1' });
    expect(trail?.entries).toMatchObject([
      { actor: 'admin:test', action: 'key.created', accountId: 'acc_1', address: '192.0.2.1', requestId: 'req_1' },
    ]);
    expect(trail?.entries[0]).toMatchObject({
      atMs: NOW_MS,
      before: null,
      after: { label: 'ci', prefix: 'ks_live_k1' },
    });
    expect(JSON.stringify(trail)).not.toContain('digest:');
  });

  it('is refused, and writes nothing at all, where the account is missing or suspended', async () => {
    const suspend = { action: 'account.suspended', set: { status: 'suspended' } } as const;
    await changeAccount(store.db, 'acc_1', suspend, admin, NOW_MS);
    const before = await written(store.db);
    expect(await tryKey(store.db, { id: 'k1' })).toEqual({ ok: false, reason: 'account_suspended' });
    expect(await tryKey(store.db, { id: 'k1', accountId: 'acc_0' })).toEqual({ ok: false, reason: 'account_missing' });
    expect(await written(store.db)).toEqual(before);
    expect([await count(store.db, 'secrets'), await count(store.db, 'secret_digests')]).toEqual([0, 0]);
  });

  it('cannot pass the cap of its account, nor of its user, when 20 come at once', async () => {
    const twenty = Array.from({ length: 20 }, (_, i) => i);
    const caps = { perAccount: 7, perUser: 3 };
    const ofOne = await Promise.all(twenty.map((i) => tryKey(store.db, { id: `a${i}`, memberId: 'u1' }, caps)));
    expect(ofOne.filter(({ ok }) => ok)).toHaveLength(3);
    expect(ofOne.filter(({ ok }) => !ok)).toContainEqual({ ok: false, reason: 'user_key_cap', count: 3 });
    const ofAll = await Promise.all(twenty.map((i) => tryKey(store.db, { id: `b${i}`, memberId: `v${i}` }, caps)));
    expect(ofAll.filter(({ ok }) => ok)).toHaveLength(4);
    expect(ofAll.filter(({ ok }) => !ok)).toContainEqual({ ok: false, reason: 'key_cap', count: 7 });
    for (const table of ['keys', 'secrets', 'secret_digests', 'outbox']) expect(await count(store.db, table)).toBe(7);
  });

  it('has room again once a key is revoked, and not when one is only switched off', async () => {
    const caps = { perAccount: 1, perUser: null };
    const key = await makeKey(store.db, { id: 'k1' }, caps);
    const off: KeyChange = { action: 'key.deactivated', set: { status: 'inactive' } };
    const after = (await applyChanges(store.db, [{ key, change: off }], admin, NOW_MS)).get('k1');
    expect(await tryKey(store.db, { id: 'k2' }, caps)).toEqual({ ok: false, reason: 'key_cap', count: 1 });
    await applyChanges(store.db, [{ key: after ?? key, change: revoke }], admin, NOW_MS);
    expect(await tryKey(store.db, { id: 'k2' }, caps)).toMatchObject({ ok: true });
  });

  it('fails whole where the digest is taken', async () => {
    await makeKey(store.db, { id: 'k1' });
    await store.db.prepare(`INSERT INTO secret_digests VALUES ('digest:k2', 'sec_k1', 2)`).run();
    const before = await written(store.db);
    await expect(tryKey(store.db, { id: 'k2' })).rejects.toThrow('UNIQUE');
    expect(await written(store.db)).toEqual(before);
  });

  it('is refused where the account has a key with its label that is not revoked, if labels are unique', async () => {
    await createAccount(store.db, { id: 'acc_2', name: 'Two', plan: 'free' }, admin, NOW_MS);
    await makeKey(store.db, { id: 'other', accountId: 'acc_2', label: 'ci' });
    const unique = { uniqueLabel: true };
    const key = await makeKey(store.db, { id: 'k1', label: 'ci' }, unique);
    expect(await tryKey(store.db, { id: 'k2', label: 'ci' }, unique)).toEqual({ ok: false, reason: 'label_taken' });
    expect(await tryKey(store.db, { id: 'k3', label: 'CI' }, unique)).toMatchObject({ ok: true });
    expect(await tryKey(store.db, { id: 'k4', label: 'ci' })).toMatchObject({ ok: true });
    for (const id of ['k5', 'k6'])
      expect(await tryKey(store.db, { id, label: null }, unique)).toMatchObject({ ok: true });
    await store.db.prepare(`UPDATE keys SET status = 'revoked', generation = 2 WHERE id IN ('k1', 'k4')`).run();
    expect(key.label).toBe('ci');
    expect(await tryKey(store.db, { id: 'k7', label: 'ci' }, unique)).toMatchObject({ ok: true });
  });

  it('of 20 with one label at once is one, if labels are unique', async () => {
    const twenty = Array.from({ length: 20 }, (_, i) => ({ id: `k${i}`, label: 'ci' }));
    const all = await Promise.all(twenty.map((key) => tryKey(store.db, key, { uniqueLabel: true })));
    expect(all.filter(({ ok }) => ok)).toHaveLength(1);
    expect(await count(store.db, 'keys')).toBe(1);
  });

  it('of a member is refused once the member is removed, or has a role that may not have this key', async () => {
    await addMember(store.db, { id: 'mem_1', role: 'viewer' });
    const by = (roles: string[], memberId = 'mem_1') =>
      tryKey(store.db, { id: `k${memberId}${roles}`, memberId }, { creator: { userId: 'user_1', roles } });
    const changed = { ok: false, reason: 'creator_changed' };
    expect(await by(['developer', 'account_admin'])).toEqual(changed);
    expect(await by(['viewer'], 'mem_2')).toEqual(changed);
    expect(await by(['developer', 'viewer'])).toMatchObject({ ok: true });
    await store.db.prepare(`UPDATE members SET status = 'removed', removed_at_ms = 1`).run();
    expect(await by(['viewer'])).toEqual(changed);
    expect(await count(store.db, 'keys')).toBe(1);
  });

  describe('within an hour', () => {
    const HOUR_MS = 3_600_000;
    const make = (id: string, nowMs: number, user = 'user_1', perHour: number | null = 3) =>
      tryKey(
        store.db,
        { id, memberId: `mem_${user}` },
        { perHour, creator: { userId: user, roles: ['developer'] } },
        nowMs,
      );
    beforeEach(async () => {
      for (const userId of ['user_1', 'user_2']) await addMember(store.db, { id: `mem_${userId}`, userId });
    });

    it('is refused once a user has made so many, until the oldest of them is an hour old', async () => {
      for (const [i, atMs] of [0, 10, 20].entries())
        expect(await make(`k${i}`, NOW_MS + atMs)).toMatchObject({ ok: true });
      const limited = { ok: false, reason: 'creation_limited', count: 3, freeAtMs: NOW_MS + HOUR_MS };
      expect(await make('k3', NOW_MS + 30)).toEqual(limited);
      expect(await make('k3', NOW_MS + HOUR_MS - 1)).toEqual(limited);
      expect(await make('x1', NOW_MS + 30, 'user_2')).toMatchObject({ ok: true });
      expect(await make('k3', NOW_MS + HOUR_MS)).toMatchObject({ ok: true });
      expect(await make('k4', NOW_MS + HOUR_MS)).toMatchObject({ freeAtMs: NOW_MS + HOUR_MS + 10 });
    });

    it('counts keys that were purged meanwhile, and those that a user made in other accounts', async () => {
      await createAccount(store.db, { id: 'acc_2', name: 'Two', plan: 'free' }, admin, NOW_MS);
      await addMember(store.db, { id: 'mem_other', accountId: 'acc_2' });
      const creator = { userId: 'user_1', roles: ['developer'] };
      await makeKey(store.db, { id: 'k0', accountId: 'acc_2', memberId: 'mem_other' }, { creator });
      await make('k1', NOW_MS);
      await make('k2', NOW_MS);
      await purgeKeys(store.db, [{ id: 'k1', generation: 1 }], admin, NOW_MS);
      expect(await make('k3', NOW_MS)).toMatchObject({ reason: 'creation_limited', count: 3 });
    });

    it('cannot be passed when 20 come at once, nor by a cap that was lowered; what is refused counts for nothing', async () => {
      const twenty = Array.from({ length: 20 }, (_, i) => make(`k${i}`, NOW_MS + i));
      expect((await Promise.all(twenty)).filter(({ ok }) => ok)).toHaveLength(3);
      expect(await count(store.db, 'key_creations')).toBe(3);
      const { results } = await store.db
        .prepare('SELECT at_ms AS atMs FROM key_creations ORDER BY at_ms')
        .all<{ atMs: number }>();
      const latest = results.at(-1)?.atMs ?? 0;
      expect(await make('x', NOW_MS + 50, 'user_1', 1)).toMatchObject({ count: 3, freeAtMs: latest + HOUR_MS });
      expect(await make('x', NOW_MS + 50, 'user_2', 0)).toMatchObject({ count: 0, freeAtMs: NOW_MS + 50 + HOUR_MS });
    });

    it('is forgotten by whoever makes a key two hours later, and kept before', async () => {
      await make('k1', NOW_MS);
      await make('k2', NOW_MS + 2 * HOUR_MS - 1, 'user_2');
      expect(await count(store.db, 'key_creations')).toBe(2);
      await makeKey(store.db, { id: 'k3' }, {}, NOW_MS + 2 * HOUR_MS);
      expect(await count(store.db, 'key_creations')).toBe(1);
    });

    it('counts for nobody where the key is not made by a member', async () => {
      for (let i = 0; i < 5; i++) await makeKey(store.db, { id: `k${i}` }, { perHour: 3 });
      expect(await count(store.db, 'key_creations')).toBe(0);
    });
  });
});
