import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditEntry, type AuditQuery, listAudit } from '../../src/registry/audit.ts';
import { type Note, noteAction, noteOnce } from '../../src/registry/note.ts';
import { keysOfMember } from '../../src/registry/own-keys.ts';
import { admin, count, makeKey, NOW_MS, openForTests } from './database.ts';

const store = openForTests();

const MINUTE_MS = 60_000;

/** All pages, one after the other; `meanwhile` is run between them. */
async function listed(query: Partial<AuditQuery>, meanwhile: () => Promise<unknown> = async () => {}) {
  const entries: AuditEntry[] = [];
  let cursor: string | null = null;
  do {
    const page = await listAudit(store.db, { limit: 7, ...query, cursor });
    if (page === null) throw new Error('cursor refused');
    entries.push(...page.entries);
    cursor = page.nextCursor;
    await meanwhile();
  } while (cursor !== null);
  return entries;
}

type Written = Pick<AuditEntry, 'atMs' | 'actor' | 'action' | 'accountId' | 'keyId'>;

async function write(entries: readonly Written[]): Promise<void> {
  const sql = 'INSERT INTO audit (at_ms, actor, action, account_id, key_id) VALUES (?, ?, ?, ?, ?)';
  await store.db.batch(
    entries.map(({ atMs, actor, action, accountId, keyId }) =>
      store.db.prepare(sql).bind(atMs, actor, action, accountId, keyId),
    ),
  );
}

describe('the audit trail', () => {
  it('gives what a plain list would give, by every filter and all of them together', async () => {
    const owners = { mine_1: 'mem_1', mine_2: 'mem_1', other: 'mem_2' } as const;
    for (const [id, memberId] of Object.entries(owners)) await makeKey(store.db, { id, memberId });
    const times = [0, 1, 2, 3].map((i) => NOW_MS + i * 7 * MINUTE_MS);
    const accounts = ['acc_1', 'acc_9', null];
    const actors = ['member:mem_1', 'member:mem_2', 'admin:ops'];
    const actions = ['key.created', 'key.revoked', 'keys', 'account.updated'];
    const keys = ['mine_1', 'mine_2', 'other', null];
    const pick = <T>(of: readonly T[], by: number) => of[by % of.length] as T;
    // Entries are written as they come, which is not quite the order of their times.
    await write(
      Array.from({ length: 300 }, (_, i) => ({
        atMs: NOW_MS + (i - ((i * 5) % 9)) * MINUTE_MS,
        actor: pick(actors, i * 7),
        action: pick(actions, i * 5 + (i >> 3)),
        accountId: pick(accounts, i >> 1),
        keyId: pick(keys, i * 3 + (i >> 2)),
      })),
    );
    const all = await listed({ limit: 200 });
    expect(all.length).toBeGreaterThanOrEqual(304);
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).sort((a, b) => b - a));
    const fromMs = NOW_MS + 101 * MINUTE_MS;
    const lone = [{ fromMs }, { fromMs, accountId: 'acc_1' as const }, { fromMs, keyId: 'mine_1' as const }];
    const query = fc.record(
      {
        accountId: fc.constantFrom('acc_1', 'acc_9'),
        keyId: fc.constantFrom('mine_1', 'other'),
        actor: fc.constantFrom(...actors),
        action: fc.constantFrom('key.created', 'key.', 'account.', 'keys', 'key', 'none.'),
        fromMs: fc.oneof(fc.constantFrom(...times), fc.integer({ min: NOW_MS, max: NOW_MS + 300 * MINUTE_MS })),
        toMs: fc.oneof(fc.constantFrom(...times), fc.integer({ min: NOW_MS, max: NOW_MS + 300 * MINUTE_MS })),
        visibleTo: fc.constantFrom('mem_1', 'mem_2', 'mem_3'),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(query, fc.integer({ min: 20, max: 200 }), async (filter, limit) => {
        const { accountId, keyId, actor, action, fromMs = 0, toMs = Number.MAX_SAFE_INTEGER, visibleTo } = filter;
        const owned = (key: string | null) => key !== null && owners[key as keyof typeof owners] === visibleTo;
        const expected = all
          .filter((entry) => accountId === undefined || entry.accountId === accountId)
          .filter((entry) => keyId === undefined || entry.keyId === keyId)
          .filter((entry) => actor === undefined || entry.actor === actor)
          .filter(
            (entry) =>
              action === undefined ||
              entry.action === action ||
              (/\.$/.test(action) && entry.action.startsWith(action)),
          )
          .filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
          .filter((entry) => visibleTo === undefined || entry.actor === `member:${visibleTo}` || owned(entry.keyId));
        expect(await listed({ ...filter, limit })).toEqual(expected);
      }),
      { numRuns: 40, examples: lone.map((filter) => [filter, 200] as [typeof filter, number]) },
    );
  });

  it('gives no entry twice and leaves none out where others are written meanwhile', async () => {
    const entry = { atMs: NOW_MS, actor: 'system', action: 'x', accountId: 'acc_busy', keyId: null };
    await write(Array.from({ length: 40 }, () => entry));
    const before = await listed({ accountId: 'acc_busy', limit: 200 });
    const seen = await listed({ accountId: 'acc_busy' }, () => write([entry, { ...entry, atMs: NOW_MS - 5 }]));
    expect(seen).toEqual(before);
    expect(await listed({ accountId: 'acc_busy', limit: 200 })).toHaveLength(52);
  });
});

describe('what happened once', () => {
  const note: Note = {
    once: 'lock ip:1 5',
    action: 'address.locked',
    accountId: 'acc_n',
    keyId: 'k',
    about: { until: 5 },
  };

  it('is written once, whoever saw it and however often, and what was written first stands', async () => {
    const before = await count(store.db, 'audit');
    await Promise.all(Array.from({ length: 8 }, () => noteOnce(store.db, note, admin, NOW_MS)));
    await noteOnce(store.db, { ...note, action: 'other', about: {} }, { ...admin, name: 'system' }, NOW_MS + 1);
    await noteOnce(store.db, { ...note, once: 'lock ip:1 6' }, admin, NOW_MS + 1);
    expect(await count(store.db, 'audit')).toBe(before + 2);
    const told = await listed({ accountId: 'acc_n' });
    expect(told.map(({ atMs }) => atMs)).toEqual([NOW_MS + 1, NOW_MS]);
    const { name, ...from } = admin;
    expect(told[1]).toMatchObject({
      ...from,
      actor: name,
      action: note.action,
      keyId: 'k',
      before: null,
      after: note.about,
    });
  });

  it('stands beside what may happen again', async () => {
    for (let i = 0; i < 2; i++) await noteAction(store.db, 'lockout.lifted', { kind: 'ip' }, admin, NOW_MS + 10);
    const told = await listed({ action: 'lockout.lifted' });
    expect(told.map(({ after, accountId }) => [after, accountId])).toEqual(Array(2).fill([{ kind: 'ip' }, null]));
  });
});

it('the keys of a member are those that it made, and those of nobody are not', async () => {
  for (const [id, memberId] of Object.entries({ a: 'mem_1', b: 'mem_2', c: 'mem_1', d: null })) {
    await makeKey(store.db, { id, memberId });
  }
  expect((await keysOfMember(store.db, 'mem_1')).sort()).toEqual(['a', 'c']);
  expect(await keysOfMember(store.db, 'mem_3')).toEqual([]);
});
