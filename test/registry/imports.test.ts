import { beforeEach, describe, expect, test } from 'vitest';
import { createAccount } from '../../src/registry/accounts.ts';
import { listAudit } from '../../src/registry/audit.ts';
import {
  type ImportedKey,
  type ImportedSet,
  keepChunk,
  purgeChunks,
  readChunk,
  readImport,
  readKnown,
  writeImported,
} from '../../src/registry/imports.ts';
import { findByDigests, readKey } from '../../src/registry/keys.ts';
import { addMember, admin, count, makeKey, NOW_MS, openForTests } from './database.ts';

/*
 * What an import writes, where something has changed between what it has read and its transaction.
 */

const store = openForTests();
const ORIGIN = { import: 'move', chunk: 3 };
const OF_ONE = { account: 'acc_1', external: null, user: null } as const;

beforeEach(async () => {
  await store.db.prepare('DELETE FROM import_chunks').run();
});

function keyOf(line: number, more: Partial<ImportedKey> = {}): ImportedKey {
  return {
    ...OF_ONE,
    line,
    id: `key_${line}`,
    secretId: `sec_${line}`,
    digests: [`digest:${line}`, `older:${line}`],
    pepperVersion: 2,
    prefix: `old_${line}`,
    label: null,
    category: null,
    environment: 'live',
    role: 'developer',
    status: 'active',
    createdAtMs: 5,
    expiresAtMs: null,
    ratePerSecond: null,
    ratePerMinute: null,
    quotas: {},
    addresses: null,
    metadata: {},
    owners: [],
    ...more,
  };
}

const write = (set: Partial<ImportedSet>, uniqueLabel = false, origin: typeof ORIGIN | null = ORIGIN) =>
  writeImported(store.db, { keys: [], accounts: [], members: [], ...set }, { uniqueLabel, origin }, admin, NOW_MS);

async function counts(): Promise<Record<string, number>> {
  const tables = ['accounts', 'members', 'keys', 'secrets', 'secret_digests', 'outbox', 'audit'];
  return Object.fromEntries(await Promise.all(tables.map(async (table) => [table, await count(store.db, table)])));
}

describe('a key that is imported', () => {
  test('has its secret under the current pepper, its settings and its entry, and waits for nothing', async () => {
    const quotas = { daily: 5, credits: { total: 7 } };
    const settings = { label: 'ci', category: 'staging', expiresAtMs: NOW_MS + 1, ratePerSecond: 1, ratePerMinute: 60 };
    const lists = { quotas, addresses: ['192.0.2.1'], metadata: { a: 'b' } };
    const key = keyOf(1, { ...settings, ...lists, status: 'inactive' });
    const before = await counts();
    expect([...(await write({ keys: [key] }))]).toEqual([[1, { accountId: 'acc_1' }]]);
    const made = { ...settings, ...lists, status: 'inactive', generation: 1, createdAtMs: 5, prefix: 'old_1' };
    expect(await readKey(store.db, 'key_1')).toMatchObject({ ...made, memberId: null, revokedAtMs: null });
    expect(await findByDigests(store.db, ['digest:1'])).toMatchObject({ pepperVersion: 2, secretId: 'sec_1' });
    expect(await findByDigests(store.db, ['older:1'])).toBeNull();
    const after = await counts();
    const more = { keys: 1, secrets: 1, secret_digests: 1, audit: 1 };
    for (const [table, n] of Object.entries(after)) {
      expect([table, n - (before[table] ?? 0)]).toEqual([table, more[table as keyof typeof more] ?? 0]);
    }
    const { entries } = (await listAudit(store.db, { limit: 1, cursor: null })) ?? { entries: [] };
    const { createdAtMs, prefix } = made;
    expect(entries).toMatchObject([
      {
        actor: 'admin:test',
        action: 'key.imported',
        accountId: 'acc_1',
        keyId: 'key_1',
        before: null,
        after: { ...settings, ...lists, status: 'inactive', createdAtMs, prefix, ...ORIGIN, line: 1 },
      },
    ]);
    expect(JSON.stringify(entries)).not.toMatch(/digest:|older:/);
  });

  test('is not one where a key has its secret by now, under any pepper', async () => {
    for (const [id, digest] of [
      ['k1', 'digest:1'],
      ['k2', 'older:2'],
    ] as const) {
      await makeKey(store.db, { id });
      await store.db
        .prepare('UPDATE secret_digests SET digest = ? WHERE secret_id = ?')
        .bind(digest, `sec_${id}`)
        .run();
    }
    const before = await counts();
    const made = await write({ keys: [keyOf(1), keyOf(2), keyOf(3)] });
    expect([...made]).toEqual([
      [1, null],
      [2, null],
      [3, { accountId: 'acc_1' }],
    ]);
    const after = await counts();
    expect([after.keys, after.secrets, after.audit]).toEqual([3, 3, Number(before.audit) + 1]);
  });

  test('is not one of an account that is closed or gone by now', async () => {
    await createAccount(store.db, { id: 'acc_2', name: 'Two', plan: 'free', externalId: 'org:two' }, admin, NOW_MS);
    await store.db.prepare(`UPDATE accounts SET closed_at_ms = 1 WHERE id = 'acc_2'`).run();
    const before = await counts();
    const keys = [
      keyOf(1, { account: 'acc_2' }),
      keyOf(2, { account: null, external: 'org:two' }),
      keyOf(3, { account: 'acc_3' }),
    ];
    const members = [{ account: 'acc_2', external: null, user: 'u', id: 'mem_u', role: 'developer' }];
    expect([...(await write({ keys, members })).values()]).toEqual([null, null, null]);
    expect(await counts()).toEqual(before);
  });

  test('is not one of a member who was removed, or whose role may not have it any more', async () => {
    await addMember(store.db, { id: 'mem_1', userId: 'ada' });
    await addMember(store.db, { id: 'mem_2', userId: 'bob', role: 'viewer' });
    await store.db.prepare(`UPDATE members SET status = 'removed' WHERE id = 'mem_1'`).run();
    const keys = ['ada', 'bob', 'nobody'].map((user, i) => keyOf(i, { user, owners: ['developer'] }));
    expect([...(await write({ keys })).values()]).toEqual([null, null, null]);
    await store.db.prepare(`UPDATE members SET status = 'active' WHERE id = 'mem_1'`).run();
    expect([...(await write({ keys })).values()]).toEqual([{ accountId: 'acc_1' }, null, null]);
    expect((await readKey(store.db, 'key_0'))?.memberId).toBe('mem_1');
  });

  test('is not one where its label is taken by now, and labels must be free', async () => {
    await makeKey(store.db, { id: 'k1', label: 'ci' });
    const keys = [keyOf(1, { label: 'ci' }), keyOf(2)];
    expect([...(await write({ keys }, true)).values()]).toEqual(['label_taken', { accountId: 'acc_1' }]);
    expect([...(await write({ keys: [keyOf(3, { label: 'ci' })] })).values()]).toEqual([{ accountId: 'acc_1' }]);
  });

  test('that an old system was asked about has an entry of its own', async () => {
    await write({ keys: [keyOf(1)] }, false, null);
    const { entries } = (await listAudit(store.db, { limit: 1, cursor: null })) ?? { entries: [] };
    expect(entries).toMatchObject([{ action: 'key.adopted', after: { import: null, chunk: null } }]);
  });
});

describe('an account and its members', () => {
  const account = (id: string) => ({ id, external: 'user:lovelace', name: 'Lovelace', plan: 'free' });
  const party = { account: null, external: 'user:lovelace', user: 'lovelace' } as const;

  test('are made once, however often they are asked for, and a person is not named in the trail', async () => {
    for (const n of [1, 2]) {
      const members = [{ ...party, id: `mem_${n}`, role: 'account_admin' }];
      const keys = [keyOf(n, { ...party, owners: ['account_admin'] })];
      expect([...(await write({ keys, members, accounts: [account(`acc_a${n}`)] })).values()]).toEqual([
        { accountId: 'acc_a1' },
      ]);
      expect((await readKey(store.db, `key_${n}`))?.memberId).toBe('mem_1');
    }
    const { accounts, members } = await counts();
    expect([accounts, members]).toEqual([2, 1]);
    const { entries } = (await listAudit(store.db, { limit: 9, cursor: null, accountId: 'acc_a1' })) ?? { entries: [] };
    expect(entries.map(({ action }) => action)).toEqual([
      'key.imported',
      'key.imported',
      'member.joined',
      'account.created',
    ]);
    expect(JSON.stringify(entries).toLowerCase()).not.toContain('lovelace');
  });

  test('of a sign-in are subject to its claims, and others are not', async () => {
    const members = [
      { ...party, id: 'mem_a', role: 'developer' },
      { account: 'acc_1', external: null, user: 'bob', id: 'mem_b', role: 'developer' },
    ];
    await write({ members, accounts: [account('acc_a')] });
    const { results } = await store.db.prepare('SELECT id, joined_by AS how FROM members ORDER BY id').all();
    expect(results).toEqual([
      { id: 'mem_a', how: 'sign_in' },
      { id: 'mem_b', how: 'admin' },
    ]);
  });
});

test('what is known tells of secrets by any digest, by whom they came, and of parties what there is', async () => {
  await makeKey(store.db, { id: 'k1', prefix: 'ks_live_k1' });
  await addMember(store.db, { id: 'mem_1', userId: 'ada', role: 'viewer' });
  await write({ keys: [keyOf(7)] });
  const known = await readKnown(
    store.db,
    [
      { line: 1, digests: ['none', 'digest:k1'] },
      { line: 2, digests: ['digest:7'] },
      { line: 3, digests: ['none'] },
    ],
    [
      { account: 'acc_1', external: null, user: 'ada' },
      { account: 'acc_1', external: null, user: null },
      { account: null, external: 'org:none', user: 'ada' },
    ],
  );
  expect([...known.secrets]).toEqual([
    [1, { keyId: 'k1', accountId: 'acc_1', prefix: 'ks_live_k1', origin: null }],
    [2, { keyId: 'key_7', accountId: 'acc_1', prefix: 'old_7', origin: { ...ORIGIN, line: 7 } }],
  ]);
  const one = { accountId: 'acc_1', plan: 'free', isClosed: false };
  expect(known.parties).toEqual([
    { ...one, memberRole: 'viewer', memberStatus: 'active' },
    { ...one, memberRole: null, memberStatus: null },
    null,
  ]);
});

test('of two answers to a chunk the first stands, until it is forgotten', async () => {
  const chunk = (atMs: number, body: string) => ({ ...ORIGIN, atMs, body, counts: '{}', results: '[]' });
  expect(await keepChunk(store.db, chunk(10, 'one'))).toEqual(chunk(10, 'one'));
  expect(await keepChunk(store.db, chunk(20, 'two'))).toEqual(chunk(10, 'one'));
  await keepChunk(store.db, { ...chunk(30, 'three'), chunk: 1 });
  expect((await readImport(store.db, 'move')).map(({ chunk: n, atMs }) => [n, atMs])).toEqual([
    [1, 30],
    [3, 10],
  ]);
  await purgeChunks(store.db, 9, 5);
  expect(await readChunk(store.db, 'move', 3)).toEqual(chunk(10, 'one'));
  await purgeChunks(store.db, 30, 1);
  expect([await readChunk(store.db, 'move', 3), (await readImport(store.db, 'move')).length]).toEqual([null, 1]);
});
