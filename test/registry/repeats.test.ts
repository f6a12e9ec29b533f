import { afterAll, beforeAll, expect, it } from 'vitest';
import { beginRepeat, endRepeat, FREE, forgetRepeat, purgeRepeats } from '../../src/registry/repeats.ts';
import { NOW_MS, openDatabase } from './database.ts';

let store: Awaited<ReturnType<typeof openDatabase>>;
let salts = 0;
const times = { keepMs: 1_000, staleMs: 100 };

beforeAll(async () => {
  store = await openDatabase();
});
afterAll(() => store.close());

const begin = (name: string, nowMs: number, request = 'asked') =>
  beginRepeat(store.db, { name, request, salt: `salt ${++salts}` }, nowMs, times);

it('is begun by one of many, and the others find it running', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => begin('many', NOW_MS)));
  expect(all.filter(({ begun }) => begun === 'new')).toHaveLength(1);
  expect(all.filter(({ begun }) => begun === 'no')).toHaveLength(19);
  expect(new Set(all.map(({ row }) => row.salt)).size).toBe(1);
  for (const { row } of all) expect(row.status).toBeNull();
});

it('is found with its answer once it has ended', async () => {
  await begin('ended', NOW_MS);
  await endRepeat(store.db, 'ended', 201, '{"a":1}');
  expect(await begin('ended', NOW_MS + 999)).toMatchObject({ begun: 'no', row: { status: 201, body: '{"a":1}' } });
});

it('is begun again, with the same salt, by one of many where it is free or has run for too long', async () => {
  for (const [name, laterMs] of [
    ['free', 1],
    ['stale', 100],
  ] as const) {
    const first = await begin(name, NOW_MS);
    if (name === 'free') await endRepeat(store.db, name, FREE, null);
    const all = await Promise.all(Array.from({ length: 20 }, () => begin(name, NOW_MS + laterMs)));
    expect(all.filter(({ begun }) => begun === 'again')).toHaveLength(1);
    expect(all.filter(({ begun }) => begun === 'no')).toHaveLength(19);
    expect(new Set(all.map(({ row }) => row.salt))).toEqual(new Set([first.row.salt]));
  }
  await begin('running', NOW_MS);
  expect(await begin('running', NOW_MS + 99)).toMatchObject({ begun: 'no' });
});

it('that was refused is new when it comes again', async () => {
  await begin('refused', NOW_MS);
  await forgetRepeat(store.db, 'refused');
  expect(await begin('refused', NOW_MS, 'something else')).toMatchObject({ begun: 'new' });
});

it('is not begun again by another request', async () => {
  await begin('other', NOW_MS);
  await endRepeat(store.db, 'other', FREE, null);
  expect(await begin('other', NOW_MS + 500, 'something else')).toMatchObject({
    begun: 'no',
    row: { request: 'asked' },
  });
});

it('is forgotten after its time, by who comes again and by the purge', async () => {
  await begin('old', NOW_MS);
  await endRepeat(store.db, 'old', 201, '{}');
  expect(await begin('old', NOW_MS + 1_000)).toMatchObject({ begun: 'new', row: { status: null } });
  const before = await store.db.prepare('SELECT count(*) AS n FROM idempotency').first<{ n: number }>();
  expect(await purgeRepeats(store.db, NOW_MS + 500, 2)).toBe(2);
  expect(await purgeRepeats(store.db, NOW_MS + 500, 200)).toBe((before?.n ?? 0) - 3);
  expect(await begin('old', NOW_MS + 1_050)).toMatchObject({ begun: 'no' });
});
