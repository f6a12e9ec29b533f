import { expect, it } from 'vitest';
import { createAccount } from '../../src/registry/accounts.ts';
import { dueKeys } from '../../src/registry/outbox.ts';
import { admin, makeKey, NOW_MS, openForTests } from './database.ts';

const store = openForTests();
const LATER_MS = NOW_MS + 60_000;

it('gives accounts in turn, so that one with many changes keeps no other waiting', async () => {
  for (let i = 0; i < 5; i++) await makeKey(store.db, { id: `many_${i}` });
  await createAccount(store.db, { id: 'acc_2', name: 'Two', plan: 'free' }, admin, NOW_MS);
  await makeKey(store.db, { id: 'other', accountId: 'acc_2' });
  await makeKey(store.db, { id: 'many_5' });
  const due = (await dueKeys(store.db, LATER_MS, 3)).map(({ keyId }) => keyId);
  expect(due).toEqual(['many_0', 'other', 'many_1']);
  expect(await dueKeys(store.db, LATER_MS, 50)).toHaveLength(7);
});

it('gives nothing before its own caller had time', async () => {
  await makeKey(store.db, { id: 'k1' });
  expect(await dueKeys(store.db, NOW_MS, 50)).toEqual([]);
});
