import { describe, expect, it } from 'vitest';
import { createAccount, listAccounts } from '../../src/registry/accounts.ts';
import { listAudit } from '../../src/registry/audit.ts';
import {
  applyChanges,
  digestsOfKeys,
  findByDigests,
  type KeyChange,
  readKey,
  type StoredKey,
} from '../../src/registry/keys.ts';
import { deadTrialKeys, purgeKeys } from '../../src/registry/purge.ts';
import { findTrialByPrefix, type KeyQuery, keysAfter, listKeys, stateOf } from '../../src/registry/search.ts';
import { admin, count, fillKeys, makeKey, NOW_MS, openForTests } from './database.ts';

const store = openForTests();

const revoke: KeyChange = { action: 'key.revoked', set: { status: 'revoked' } };

describe('a list', () => {
  /** All pages one after the other; rows are added and removed on the way by `meanwhile`. */
  async function idsOf(query: Partial<KeyQuery>, meanwhile: (page: number) => Promise<unknown> = async () => {}) {
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const page = await listKeys(store.db, { limit: 7, ...query, cursor }, NOW_MS);
      if (page === null) throw new Error('cursor refused');
      pages.push(page.keys.map(({ id }) => id));
      cursor = page.nextCursor;
      await meanwhile(pages.length);
    } while (cursor !== null);
    return pages;
  }

  it('gives every key once, newest first, also where many have the same time and keys are made meanwhile', async () => {
    const ids = Array.from({ length: 50 }, (_, i) => `k${String(i).padStart(2, '0')}`);
    for (const [i, id] of ids.entries()) await makeKey(store.db, { id }, undefined, NOW_MS + Math.floor(i / 20));
    const newest = ids.toReversed();
    expect((await idsOf({})).flat()).toEqual(newest);
    expect((await idsOf({ accountId: 'acc_1' })).flat()).toEqual(newest);
    expect((await idsOf({ limit: 25 })).map((page) => page.length)).toEqual([25, 25]);
    const grown = await idsOf({}, (page) => makeKey(store.db, { id: `new${page}` }, undefined, NOW_MS + 100));
    expect(grown.flat()).toEqual(newest);
  });

  it('never gives more than 200 rows, and at least one', async () => {
    await fillKeys(store.db, 201);
    expect((await idsOf({ limit: 100_000 })).map((page) => page.length)).toEqual([200, 1]);
    expect((await listKeys(store.db, { limit: 0, cursor: null }, NOW_MS))?.keys).toHaveLength(1);
  });

  it('refuses a cursor that is not its own', async () => {
    for (const cursor of ['', 'x', '%', btoa('[]'), btoa('[1,2]'), btoa('["a","b"]'), btoa('{"length":2}')]) {
      expect(await listKeys(store.db, { limit: 1, cursor }, NOW_MS), cursor).toBeNull();
    }
    expect(await listAudit(store.db, { limit: 1, cursor: btoa('[1,"k1"]') })).toBeNull();
    expect(await listAccounts(store.db, { limit: 1, cursor: btoa('[1,2]') })).toBeNull();
  });

  it('filters by account and status, and pages through what matches', async () => {
    await createAccount(store.db, { id: 'acc_2', name: 'Two', plan: 'free' }, admin, NOW_MS);
    for (let i = 0; i < 10; i++) {
      const key = await makeKey(store.db, { id: `k${i}`, accountId: i < 5 ? 'acc_1' : 'acc_2' });
      if (i % 2 === 0) await applyChanges(store.db, [{ key, change: revoke }], admin, NOW_MS);
    }
    expect((await idsOf({ accountId: 'acc_2' })).flat()).toEqual(['k9', 'k8', 'k7', 'k6', 'k5']);
    expect(await idsOf({ state: 'revoked', limit: 2 })).toEqual([['k8', 'k6'], ['k4', 'k2'], ['k0']]);
    expect((await idsOf({ accountId: 'acc_1', state: 'active' })).flat()).toEqual(['k3', 'k1']);
  });

  it('shows each key in one state, at the very moment, and finds it by that state and no other', async () => {
    const rows = [
      { id: 'active' },
      { id: 'later', expiresAtMs: NOW_MS + 1 },
      { id: 'over', expiresAtMs: NOW_MS },
      { id: 'off' },
      { id: 'off-and-over', expiresAtMs: NOW_MS },
      { id: 'revoked' },
      { id: 'revoked-and-over', expiresAtMs: NOW_MS },
    ];
    const off: KeyChange = { action: 'key.deactivated', set: { status: 'inactive' } };
    for (const [i, row] of rows.entries()) {
      const key = await makeKey(store.db, row, undefined, NOW_MS - i);
      const change = row.id.startsWith('revoked') ? revoke : row.id.startsWith('off') ? off : null;
      await applyChanges(store.db, [{ key, change }], admin, NOW_MS);
    }
    const states = {
      active: ['active', 'later'],
      inactive: ['off', 'off-and-over'],
      expired: ['over'],
      revoked: ['revoked', 'revoked-and-over'],
    } as const;
    for (const [state, ids] of Object.entries(states)) {
      for (const accountId of ['acc_1', undefined]) {
        expect((await idsOf({ accountId, state: state as keyof typeof states })).flat(), state).toEqual(ids);
      }
      for (const id of ids) expect(stateOf((await readKey(store.db, id)) as StoredKey, NOW_MS), id).toBe(state);
    }
    expect((await idsOf({ state: 'standing' })).flat()).toEqual(['active', 'later', 'off', 'off-and-over']);
    expect((await idsOf({ accountId: 'acc_1', state: 'standing', limit: 3 })).map(({ length }) => length)).toEqual([
      3, 1,
    ]);
  });

  it('filters by category, environment and who made them, together and page by page', async () => {
    for (let i = 0; i < 12; i++) {
      const category = i % 2 === 0 ? 'ci' : null;
      const environment = i % 3 === 0 ? 'test' : 'live';
      const memberId = i < 8 ? 'mem_1' : null;
      await makeKey(store.db, { id: `k${10 + i}`, category, environment, memberId }, undefined, NOW_MS + i);
    }
    const filters = { category: 'ci', environment: 'test', memberId: 'mem_1' };
    for (const within of [{}, { accountId: 'acc_1' }, { accountId: 'acc_1', state: 'active' as const }]) {
      expect((await idsOf({ ...within, category: 'ci' })).flat()).toHaveLength(6);
      expect((await idsOf({ ...within, environment: 'test', limit: 3 })).flat()).toEqual(['k19', 'k16', 'k13', 'k10']);
      expect((await idsOf({ ...within, memberId: 'mem_1' })).flat()).toHaveLength(8);
      expect(await idsOf({ ...within, ...filters, limit: 1 })).toEqual([['k16'], ['k10']]);
      expect((await idsOf({ ...within, memberId: 'mem_2' })).flat()).toEqual([]);
    }
  });

  it('of the keys that stand reads only as many rows as it gives, among thousands that are revoked', async () => {
    await fillKeys(store.db, 2_000);
    const standing = `CAST(substr(id, 2) AS INTEGER) % 100 = 0`;
    await store.db.prepare(`UPDATE keys SET status = 'revoked', generation = 2 WHERE NOT (${standing})`).run();
    const read: number[] = [];
    const prepare = (sql: string) => {
      const statement = store.db.prepare(sql);
      return Object.assign(Object.create(statement), {
        bind: (...values: unknown[]) => ({
          all: async () => {
            const result = await statement.bind(...values).all();
            read.push(result.meta.rows_read);
            return result;
          },
        }),
      });
    };
    const db = { prepare, batch: store.db.batch.bind(store.db) } as unknown as D1Database;
    const query = { accountId: 'acc_1', state: 'standing', limit: 10, cursor: null } as const;
    const page = await listKeys(db, query, NOW_MS);
    await listKeys(db, { ...query, cursor: page?.nextCursor ?? '' }, NOW_MS);
    expect(page?.keys).toHaveLength(10);
    // Each row in the index, in its table, and its account; one more tells whether there is a next page.
    for (const rows of read) expect(rows).toBeLessThanOrEqual(33);
  });

  it('searches prefix and label without wildcards', async () => {
    const labels = ['100%', '1000', 'a_b', 'axb', 'A_B', 'ci', 'ci-deploy', 'Über', null];
    for (const [i, label] of labels.entries()) await makeKey(store.db, { id: `k${i}`, prefix: `ks_${label}`, label });
    expect((await idsOf({ label: '100%' })).flat()).toEqual(['k0']);
    expect((await idsOf({ label: 'a_' })).flat()).toEqual(['k2']);
    expect((await idsOf({ label: '%' })).flat()).toEqual([]);
    expect(await idsOf({ label: 'ci', limit: 1 })).toEqual([['k6'], ['k5']]);
    expect((await idsOf({ label: 'Ü' })).flat()).toEqual(['k7']);
    expect((await idsOf({ label: '' })).flat()).toHaveLength(8);
    expect((await idsOf({ prefix: 'ks_a_' })).flat()).toEqual(['k2']);
    expect((await idsOf({ prefix: '_s_' })).flat()).toEqual([]);
    expect((await idsOf({ prefix: '' })).flat()).toHaveLength(9);
    expect((await idsOf({ prefix: 'ks_1', label: '1000', accountId: 'acc_1' })).flat()).toEqual(['k1']);
    expect((await idsOf({ prefix: `ks_' OR 1=1 --` })).flat()).toEqual([]);
  });

  it('of all keys by id is complete', async () => {
    for (let i = 0; i < 5; i++) await makeKey(store.db, { id: `k${i}` });
    const first = await keysAfter(store.db, null, 3);
    const rest = await keysAfter(store.db, first.at(-1)?.id ?? null, 3);
    expect([...first, ...rest].map(({ id }) => id)).toEqual(['k0', 'k1', 'k2', 'k3', 'k4']);
  });

  it('of accounts and of the audit trail is complete, newest first', async () => {
    for (let i = 0; i < 5; i++)
      await createAccount(store.db, { id: `b${i}`, name: 'B', plan: 'free' }, admin, NOW_MS + i);
    const first = await listAccounts(store.db, { limit: 4, cursor: null });
    const rest = await listAccounts(store.db, { limit: 4, cursor: first?.nextCursor ?? null });
    const ids = [...(first?.accounts ?? []), ...(rest?.accounts ?? [])].map(({ id }) => id);
    expect(ids).toEqual(['b4', 'b3', 'b2', 'b1', 'b0', 'acc_1']);
    expect(rest?.nextCursor).toBeNull();

    for (let i = 0; i < 5; i++) await makeKey(store.db, { id: `trail${i}`, accountId: 'b0' });
    const newer = await listAudit(store.db, { limit: 4, cursor: null, accountId: 'b0' });
    const older = await listAudit(store.db, { limit: 4, cursor: newer?.nextCursor ?? null, accountId: 'b0' });
    const trail = [...(newer?.entries ?? []), ...(older?.entries ?? [])];
    expect(trail.map(({ keyId }) => keyId)).toEqual(['trail4', 'trail3', 'trail2', 'trail1', 'trail0', null]);
    expect(older?.nextCursor).toBeNull();
  });
});

describe('trial keys', () => {
  it('are found by a visible prefix, shorter or longer than what is stored; two where it is ambiguous', async () => {
    const trial = { environment: 'trial', expiresAtMs: NOW_MS };
    await makeKey(store.db, { id: 'k1', prefix: 'ks_trial_abcdefgh', ...trial });
    await makeKey(store.db, { id: 'k2', prefix: 'ks_trial_abcdefxy', ...trial });
    await makeKey(store.db, { id: 'k3', prefix: 'ks_trial_abcdefgh', environment: 'live' });
    const find = async (prefix: string) =>
      (await findTrialByPrefix(store.db, prefix, 'trial')).map(({ id }) => id).sort();
    expect(await find('ks_trial_abcdefgh')).toEqual(['k1']);
    expect(await find('ks_trial_abcdefg')).toEqual(['k1']);
    expect(await find('ks_trial_abcdefgh0123456789')).toEqual(['k1']);
    expect(await find('ks_trial_abcdef')).toEqual(['k1', 'k2']);
    expect(await find('ks_trial_abcdefg_')).toEqual([]);
    expect(await find('ks_trial_%%%%%%%%')).toEqual([]);
  });

  it('are purged once dead, whole, and only as they were when they were found dead', async () => {
    const [dead, changed] = [
      await makeKey(store.db, { id: 'dead', environment: 'trial', expiresAtMs: NOW_MS - 2 }),
      await makeKey(store.db, { id: 'changed', environment: 'trial', expiresAtMs: NOW_MS - 1 }),
    ];
    await makeKey(store.db, { id: 'alive', environment: 'trial', expiresAtMs: NOW_MS });
    await makeKey(store.db, { id: 'live', expiresAtMs: NOW_MS - 5 });
    const found = await deadTrialKeys(store.db, 'trial', NOW_MS, 10);
    expect(found).toEqual([dead, changed]);
    expect(await deadTrialKeys(store.db, 'trial', NOW_MS, 1)).toEqual([dead]);

    const longer = { action: 'key.updated', set: { expiresAtMs: NOW_MS + 9 } };
    await applyChanges(store.db, [{ key: changed, change: longer }], admin, NOW_MS);
    expect(await purgeKeys(store.db, found, admin, NOW_MS)).toEqual(['dead']);
    expect(await purgeKeys(store.db, found, admin, NOW_MS)).toEqual([]);
    expect(await purgeKeys(store.db, [], admin, NOW_MS)).toEqual([]);
    expect(await findByDigests(store.db, ['digest:dead'])).toBeNull();
    expect(await digestsOfKeys(store.db, ['dead', 'changed'])).toEqual(['digest:changed']);
    expect([await count(store.db, 'keys'), await count(store.db, 'secrets')]).toEqual([3, 3]);
    expect(await count(store.db, `outbox WHERE key_id = 'dead'`)).toBe(0);
    const trail = await listAudit(store.db, { limit: 10, cursor: null, keyId: 'dead' });
    expect(trail?.entries.map(({ action }) => action)).toEqual(['key.purged', 'key.created']);
  });
});
