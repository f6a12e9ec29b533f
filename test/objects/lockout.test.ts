import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { clock, type MovableLockout } from '../support/objects-worker.ts';
import { lockouts } from './bindings.ts';

/** A strike that has locked nothing. */
const COUNTED = { kind: 'counted', lockedUntilMs: null };
const RULE = { strikes: 10, windowMs: 300_000, lockMs: 900_000 };

let names = 0;
const newLockout = () => lockouts(env).getByName(`ip:${++names}`);
type Lockout = ReturnType<typeof newLockout>;

async function struck(times: number): Promise<Lockout> {
  const lockout = newLockout();
  for (let n = 0; n < times; n++) expect(await lockout.strike(RULE)).toMatchObject({ kind: 'counted' });
  return lockout;
}

const standing = async (lockout: Lockout) => (await lockout.ask(RULE.windowMs, 1_000)).kind;
const storedIn = (lockout: Lockout) =>
  runInDurableObject(lockout, (_: MovableLockout, { storage }) => Object.fromEntries(storage.kv.list()));

async function elapsed(work: Promise<unknown>): Promise<number> {
  const startMs = Date.now();
  await work;
  return Date.now() - startMs;
}

beforeEach(() => {
  clock.movedMs = 0;
});

describe('strikes', () => {
  test('the tenth is counted, the eleventh is told the lock', async () => {
    const lockout = await struck(10);
    const eleventh = await lockout.strike(RULE);
    expect(eleventh).toMatchObject({ kind: 'locked', ttlMs: 1_000 });
    expect(eleventh.kind === 'locked' && eleventh.retryAfterMs).toBeGreaterThan(RULE.lockMs - 5_000);
    expect(await standing(lockout)).toBe('locked');
  });

  test('while locked do not extend the lock', async () => {
    const lockout = await struck(10);
    clock.movedMs = RULE.lockMs - 1_000;
    for (let n = 0; n < 15; n++) await lockout.strike(RULE);
    expect(await standing(lockout)).toBe('locked');
    clock.movedMs = RULE.lockMs;
    expect(await standing(lockout)).toBe('clear');
    expect(await lockout.strike(RULE)).toEqual(COUNTED);
  });

  test('leave with the window', async () => {
    const lockout = await struck(9);
    clock.movedMs = RULE.windowMs;
    expect(await standing(lockout)).toBe('clear');
    await lockout.strike(RULE);
    expect(await standing(lockout)).toBe('watched');
    expect(await lockout.inspect(RULE.windowMs)).toEqual({ strikes: 1, lockedUntilMs: null });
  });

  test('in parallel are counted each', async () => {
    const lockout = newLockout();
    const told = await Promise.all(Array.from({ length: 30 }, () => lockout.strike(RULE)));
    expect(told.filter(({ kind }) => kind === 'counted').length).toBe(10);
  });

  test('tell of the lock by the one that locks, of many at once too', async () => {
    const lockout = newLockout();
    const told = await Promise.all(Array.from({ length: 30 }, () => lockout.strike(RULE)));
    const { lockedUntilMs } = await lockout.inspect(RULE.windowMs);
    expect(lockedUntilMs).not.toBeNull();
    const counted = told.flatMap((each) => (each.kind === 'counted' ? [each.lockedUntilMs] : []));
    expect(counted).toEqual([...Array(9).fill(null), lockedUntilMs]);
  });

  test('and locks survive eviction', async () => {
    const lockout = await struck(9);
    await evictDurableObject(lockout);
    await lockout.strike(RULE);
    await evictDurableObject(lockout);
    expect((await lockout.strike(RULE)).kind).toBe('locked');
  });

  test('of one source leave another alone', async () => {
    await struck(10);
    expect(await standing(newLockout())).toBe('clear');
  });
});

describe('a lease of "clear"', () => {
  test('is given only to a source without strikes in the window', async () => {
    const lockout = newLockout();
    expect(await lockout.ask(RULE.windowMs, 1_000)).toEqual({ kind: 'clear', ttlMs: 1_000 });
    await lockout.strike(RULE);
    expect(await lockout.ask(RULE.windowMs, 1_000)).toEqual({ kind: 'watched' });
    await evictDurableObject(lockout);
    expect(await lockout.ask(RULE.windowMs, 1_000)).toEqual({ kind: 'watched' });
  });

  test('of "locked" ends with the lock', async () => {
    const lockout = await struck(10);
    clock.movedMs = RULE.lockMs - 400;
    const told = await lockout.ask(RULE.windowMs, 1_000);
    expect(told.kind === 'locked' && told.ttlMs).toBeLessThanOrEqual(400);
  });
});

describe('a lift', () => {
  test('clears the strikes, and answers when no "locked" that was told can be used', async () => {
    const lockout = await struck(10);
    await lockout.ask(RULE.windowMs, 1_000);
    const lifting = lockout.lift();
    expect(await standing(lockout)).toBe('clear');
    expect(await elapsed(lifting)).toBeGreaterThanOrEqual(900);
    expect(await lockout.inspect(RULE.windowMs)).toEqual({ strikes: 0, lockedUntilMs: null });
  });

  test('waits for nothing where no lock was told', async () => {
    expect(await elapsed((await struck(10)).lift())).toBeLessThan(400);
  });

  test('after a restart waits out what the predecessor may have told', async () => {
    const lockout = await struck(10);
    await evictDurableObject(lockout);
    expect(await elapsed(lockout.lift())).toBeGreaterThanOrEqual(900);
  });

  test('is not held up by a lock that comes after it', async () => {
    const lockout = await struck(10);
    await lockout.ask(RULE.windowMs, 1_000);
    const lifting = elapsed(lockout.lift());
    await scheduler.wait(700);
    for (let n = 0; n < 11; n++) await lockout.strike(RULE);
    expect(await lifting).toBeLessThan(1_500);
    expect(await standing(lockout)).toBe('locked');
  });

  test('of a source that was never struck leaves nothing behind for long', async () => {
    const lockout = newLockout();
    await lockout.lift();
    clock.movedMs = 5_000;
    await runDurableObjectAlarm(lockout);
    expect(await storedIn(lockout)).toEqual({});
  });
});

describe('take', () => {
  test('counts exactly in any window, and says when there is room', async () => {
    const lockout = newLockout();
    const taken = await Promise.all(Array.from({ length: 12 }, () => lockout.take(5, 60_000)));
    expect(taken.filter((ms) => ms === 0).length).toBe(5);
    clock.movedMs = 59_000;
    const waitMs = await lockout.take(5, 60_000);
    expect(waitMs).toBeGreaterThan(0);
    clock.movedMs += waitMs;
    expect(await lockout.take(5, 60_000)).toBe(0);
  });

  test('survives eviction', async () => {
    const lockout = newLockout();
    for (let n = 0; n < 5; n++) await lockout.take(5, 60_000);
    await evictDurableObject(lockout);
    expect(await lockout.take(5, 60_000)).toBeGreaterThan(0);
  });
});

describe('an idle object', () => {
  test('deletes itself when nothing counts any more, and not before', async () => {
    const lockout = await struck(10);
    clock.movedMs = RULE.windowMs + 1_000;
    await runDurableObjectAlarm(lockout);
    expect(await standing(lockout)).toBe('locked');
    clock.movedMs = RULE.lockMs + 1_000;
    expect(await runDurableObjectAlarm(lockout)).toBe(true);
    expect(await storedIn(lockout)).toEqual({});
    expect(await lockout.strike(RULE)).toEqual(COUNTED);
  });

  test('waits for the longest of the windows that it was struck by, as where a policy is changed', async () => {
    const lockout = newLockout();
    await lockout.strike(RULE);
    await lockout.strike({ ...RULE, windowMs: 1_000 });
    clock.movedMs = 10_000;
    await runDurableObjectAlarm(lockout);
    expect(await standing(lockout)).toBe('watched');
  });

  test('that counted a rate deletes itself too', async () => {
    const lockout = newLockout();
    await lockout.take(5, 60_000);
    clock.movedMs = 62_000;
    expect(await runDurableObjectAlarm(lockout)).toBe(true);
    expect(await storedIn(lockout)).toEqual({});
  });

  test('is left with nothing where it was only asked', async () => {
    const lockout = newLockout();
    await standing(lockout);
    expect(await storedIn(lockout)).toEqual({});
  });
});

describe('stored state', () => {
  test('has a version, and a lockout refuses to run on that of a newer Worker', async () => {
    const lockout = await struck(1);
    expect(await storedIn(lockout)).toMatchObject({ version: 1 });
    await runInDurableObject(lockout, (_: MovableLockout, { storage }) => storage.kv.put('version', 2));
    await evictDurableObject(lockout);
    await expect(Promise.resolve(lockout.ask(RULE.windowMs, 1_000))).rejects.toThrow(/version 2/);
  });
});
