import { describe, expect, test } from 'vitest';
import { findSession } from '../../src/registry/members.ts';
import { endSession, purgeEndedSessions } from '../../src/registry/sessions.ts';
import { NOW_MS, openForTests } from './database.ts';

const store = openForTests();

const isEnded = async (tokenId: string) =>
  (await findSession(store.db, { tokenId, user: 'user_ada', email: null, account: null, inviters: {} }, NOW_MS)).ended;

describe('a token that was signed out', () => {
  test('is known as such, and no other is', async () => {
    expect(await isEnded('one')).toBe(false);
    await endSession(store.db, 'one', NOW_MS + 60_000);
    expect([await isEnded('one'), await isEnded('two')]).toEqual([true, false]);
  });

  test('may be signed out again', async () => {
    await endSession(store.db, 'twice', NOW_MS + 60_000);
    await endSession(store.db, 'twice', NOW_MS + 60_000);
    expect(await isEnded('twice')).toBe(true);
  });

  test('is forgotten a minute after it is over, so many at a time, the longest over first', async () => {
    const overMs = NOW_MS + 60_021;
    for (const [i, name] of ['c', 'b', 'a', 'good'].entries()) await endSession(store.db, name, NOW_MS + 10 * i);
    await endSession(store.db, 'last', 8.64e15);
    expect(await purgeEndedSessions(store.db, overMs, 2)).toBe(2);
    expect([await isEnded('c'), await isEnded('b'), await isEnded('a')]).toEqual([false, false, true]);
    expect(await purgeEndedSessions(store.db, overMs, 2)).toBe(1);
    expect(await purgeEndedSessions(store.db, overMs, 2)).toBe(0);
    expect([await isEnded('good'), await isEnded('last')]).toEqual([true, true]);
  });
});
