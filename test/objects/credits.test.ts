import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  balanceOf,
  type CreditState,
  close,
  earliestExpiry,
  expire,
  expiryMs,
  FINAL_AFTER_MS,
  grant,
  hold,
  noCredits,
  PROVISIONAL_AFTER_MS,
  settle,
  views,
} from '../../src/meter/credits.ts';
import type { Movement } from '../../src/objects/credit-movements.ts';
import { readCredits } from '../../src/objects/credit-rows.ts';
import { Credits, MOST_GRANTED_MICRO } from '../../src/objects/credits.ts';
import { lockouts } from './bindings.ts';

const START_MS = Date.parse('2027-01-31T12:00:00Z');
const DAY_MS = 86_400_000;
const terms = { prepaid: true, budgetMicro: 5_000, anchorMs: START_MS };
const query = { limit: 50, cursor: null, anchorMs: START_MS };
const given = (id: string, micro: number) => ({ id, micro, note: null, actor: 'admin:ada' });
const charge = (of: string | null, reserved: number, micro: number) => ({ hold: of, reserved, micro, atMs: START_MS });

/* Any object's storage will do; a lockout leaves its own empty as long as it is not asked. */
let names = 0;
const newObject = () => lockouts(env).getByName(`credits-${++names}`);
const inside = <R>(object: ReturnType<typeof newObject>, act: (storage: DurableObjectStorage) => R): Promise<R> =>
  runInDurableObject(object, (_, state) => act(state.storage));

/** The whole list, newest first, in pages of `limit`. */
function movementsOf(credits: Credits, nowMs: number, limit = 50): Movement[] {
  const all: Movement[] = [];
  for (let cursor: string | null | undefined = null; cursor !== undefined; ) {
    const page = credits.statement({ ...query, limit, cursor }, nowMs);
    if (page === null) throw new Error('the cursor was refused');
    all.push(...page.movements);
    cursor = page.nextCursor ?? undefined;
  }
  return all;
}

const at = {
  afterMs: fc.oneof(fc.nat(2_000), fc.nat(PROVISIONAL_AFTER_MS), fc.nat(FINAL_AFTER_MS)),
  reopens: fc.boolean(),
};
const which = fc.nat(9);
const step = fc.oneof(
  fc.record({ do: fc.constant('grant' as const), micro: fc.integer({ min: -90, max: 400 }), ...at }),
  fc.record({
    do: fc.constant('hold' as const),
    micro: fc.integer({ min: 1, max: 99 }),
    lastsMs: fc.nat(9_000),
    ...at,
  }),
  fc.record({
    do: fc.constant('settle' as const),
    charges: fc.array(fc.record({ of: which, reserved: fc.nat(60), micro: fc.nat(80) }), { maxLength: 5 }),
    ...at,
  }),
  fc.record({ do: fc.constant('close' as const), of: which, taken: fc.nat(99), ...at }),
  fc.record({ do: fc.constant('expire' as const), ...at }),
);

describe('what is stored', () => {
  test('is exactly the pure state after any sequence, with crashes anywhere in it', async () => {
    let steps = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), (sequence) =>
        inside(newObject(), (storage) => {
          const state: CreditState = noCredits();
          let credits = new Credits(storage);
          let nowMs = START_MS;
          for (const [i, next] of sequence.entries()) {
            nowMs += next.afterMs;
            switch (next.do) {
              case 'grant':
                grant(state, next.micro);
                credits.grantCredits(given(`grant:${i}`, next.micro), nowMs);
                break;
              case 'hold': {
                const id = `lease-${i % 10}`;
                expect(credits.knows(id)).toBe(state.holds.has(id));
                hold(state, id, next.micro, nowMs, nowMs + next.lastsMs);
                credits.hold(id, next.micro, nowMs, nowMs + next.lastsMs);
                break;
              }
              case 'settle': {
                const charges = next.charges.map((each) => ({ ...each, hold: `lease-${each.of}`, atMs: nowMs }));
                for (const each of charges) settle(state, each, START_MS);
                credits.settle(charges, START_MS, nowMs);
                break;
              }
              case 'close':
                close(state, `lease-${next.of}`, next.taken);
                credits.close(`lease-${next.of}`, next.taken, nowMs);
                break;
              case 'expire':
                expire(state, nowMs, START_MS);
                credits.expire(START_MS, nowMs);
            }
            steps++;
            const dueMs = earliestExpiry(state.holds);
            if (next.reopens) credits = new Credits(storage);
            if (next.reopens) state.dueMs = dueMs;
            expect(readCredits(storage.sql)?.state ?? noCredits()).toEqual({ ...state, dueMs });
            expect(credits.views(terms, nowMs, nowMs + 4_000)).toEqual(views(state, terms, nowMs, nowMs + 4_000));
            expect(credits.expiryMs()).toBe(expiryMs(state));
            const { granted, held, spent, unreported } = state;
            const sums = { granted, balance: balanceOf(state), held, spent, unreported };
            expect(credits.statement(query, nowMs)).toMatchObject(sums);
          }
          const movements = movementsOf(credits, nowMs);
          expect(movements.reduce((sum, { micro }) => sum + micro, 0)).toBe(balanceOf(state) + state.held);
          expect(movementsOf(credits, nowMs, 1)).toEqual(movements);
          expect(movements.map(({ atMs }) => atMs)).toEqual(movements.map(({ atMs }) => atMs).sort((a, b) => b - a));
          expect(new Set(movements.map(({ kind, id }) => `${kind}:${id}`)).size).toBe(movements.length);
        }),
      ),
      { numRuns: 200 },
    );
    expect(steps).toBeGreaterThan(2_000);
  });

  test('survives eviction', async () => {
    const object = newObject();
    await inside(object, (storage) => {
      const credits = new Credits(storage);
      credits.grantCredits(given('one', 1_000), START_MS);
      credits.hold('a', 100, START_MS, START_MS + 4_000);
      credits.settle([charge('a', 40, 30), charge(null, 0, 5)], START_MS, START_MS);
    });
    await evictDurableObject(object);
    const statement = await inside(object, (storage) => new Credits(storage).statement(query, START_MS));
    expect(statement).toMatchObject({ granted: 1_000, balance: 905, held: 60, spent: 35, unreported: 0 });
    expect(statement?.month).toEqual({ startMs: START_MS, endsAtMs: Date.parse('2027-02-28T12:00:00Z'), spent: 35 });
  });

  test('is nothing as long as nothing has changed', async () => {
    await inside(newObject(), (storage) => {
      const credits = new Credits(storage);
      credits.settle([charge(null, 0, 0), charge('unknown', 5, 0)], START_MS, START_MS);
      credits.close('unknown', 0, START_MS);
      credits.expire(START_MS, START_MS);
      expect(credits.statement(query, START_MS)).toMatchObject({ granted: 0, movements: [], nextCursor: null });
      expect(storage.sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'credit%'").toArray()).toEqual([]);
    });
  });

  test('is nothing of a step that fails, and memory agrees', async () => {
    await inside(newObject(), (storage) => {
      const credits = new Credits(storage);
      expect(() => credits.settle([charge(null, 0, 0.5)], START_MS, START_MS)).toThrow();
      credits.grantCredits(given('one', 100), START_MS);
      credits.hold('a', 10, START_MS, START_MS + 4_000);
      const before = credits.statement(query, START_MS);
      expect(() => credits.settle([charge('a', 10, 7), charge('a', 0, 0.5)], START_MS, START_MS + DAY_MS)).toThrow();
      expect(() => credits.settle([charge('a', 0.5, 7)], START_MS, START_MS + DAY_MS)).toThrow();
      expect(credits.statement(query, START_MS)).toEqual(before);
      expect(new Credits(storage).statement(query, START_MS)).toEqual(before);
      credits.settle([charge('a', 10, 7)], START_MS, START_MS);
      expect(credits.statement(query, START_MS)).toMatchObject({ balance: 93, held: 0, spent: 7 });
    });
  });
});

describe('rows written', () => {
  /** The same storage, which tells how many rows `act` has written; an index counts as a row. */
  function writtenBy(storage: DurableObjectStorage, act: (credits: Credits) => void): number {
    const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
    const exec: SqlStorage['exec'] = (text, ...values) => {
      const cursor = storage.sql.exec(text, ...values);
      cursors.push(cursor);
      return cursor as never;
    };
    const counted = { sql: { exec }, transactionSync: (closure: () => unknown) => storage.transactionSync(closure) };
    act(new Credits(counted as unknown as DurableObjectStorage));
    return cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
  }

  test('are one for the totals and one for each hold that changes', async () => {
    await inside(newObject(), (storage) => {
      new Credits(storage).grantCredits(given('one', 100_000), START_MS);
      new Credits(storage).settle([charge(null, 0, 1)], START_MS, START_MS);
      const rows = (act: (credits: Credits) => void) => writtenBy(storage, act);
      const batch = [...Array(100)].map((_, i) => charge(i % 2 === 0 ? 'a' : 'b', 10, 9));
      const written = {
        opening: rows(() => undefined),
        hold: rows((credits) => credits.hold('a', 1_000, START_MS, START_MS + 4_000)),
        secondHold: rows((credits) => credits.hold('b', 1_000, START_MS, START_MS + 4_000)),
        batchOf100: rows((credits) => credits.settle(batch, START_MS, START_MS)),
        freeRequests: rows((credits) => credits.settle([charge(null, 0, 0)], START_MS, START_MS)),
        close: rows((credits) => credits.close('a', 600, START_MS)),
        closeAgain: rows((credits) => credits.close('a', 600, START_MS)),
        lastSettlement: rows((credits) => credits.settle([charge('a', 100, 90)], START_MS, START_MS)),
        newDay: rows((credits) => credits.settle([charge(null, 0, 7)], START_MS, START_MS + DAY_MS)),
        grant: rows((credits) => credits.grantCredits(given('two', 5), START_MS)),
        grantAgain: rows((credits) => credits.grantCredits(given('two', 5), START_MS)),
        closeWhole: rows((credits) => credits.close('b', 1_000, START_MS)),
        provisional: rows((credits) => credits.expire(START_MS, START_MS + DAY_MS)),
        thirdHold: rows((credits) => credits.hold('c', 1_000, START_MS, START_MS + 4_000)),
        heldAgain: rows((credits) => credits.hold('c', 1_000, START_MS, START_MS + 4_000)),
        comesBack: rows((credits) => credits.expire(START_MS, START_MS + DAY_MS)),
        nothingDue: rows((credits) => credits.expire(START_MS, START_MS + DAY_MS)),
        reading: rows((credits) => credits.statement(query, START_MS)),
      };
      expect(written).toEqual({
        opening: 0,
        hold: 1,
        secondHold: 1,
        batchOf100: 3,
        freeRequests: 0,
        close: 1,
        closeAgain: 0,
        lastSettlement: 2,
        newDay: 3,
        grant: 3,
        grantAgain: 0,
        closeWhole: 1,
        provisional: 2,
        thirdHold: 1,
        heldAgain: 1,
        comesBack: 1,
        nothingDue: 0,
        reading: 0,
      });
    });
  });
});

describe('grants', () => {
  test('are made once for each idempotency key', async () => {
    await inside(newObject(), (storage) => {
      const first = new Credits(storage).grantCredits({ ...given('one', 500), note: 'paid' }, START_MS);
      expect(first).toMatchObject({
        kind: 'granted',
        movement: { kind: 'grant', id: 'one', micro: 500, note: 'paid' },
      });
      const credits = new Credits(storage);
      const again = credits.grantCredits({ ...given('one', 500), note: 'paid', actor: 'admin:bob' }, START_MS + 9);
      expect(again).toEqual({ ...first, kind: 'known' });
      expect(credits.grantCredits(given('one', 500), START_MS)).toEqual({ kind: 'conflict' });
      expect(credits.grantCredits({ ...given('one', 501), note: 'paid' }, START_MS)).toEqual({ kind: 'conflict' });
      credits.grantCredits(given('a:b', -700), START_MS);
      expect(credits.statement(query, START_MS)).toMatchObject({ granted: -200, balance: -200 });
      expect(credits.views({ ...terms, budgetMicro: null }, START_MS, START_MS)).toMatchObject([{ remaining: 0 }]);
    });
  });

  test('stay within what can be counted exactly', async () => {
    await inside(newObject(), (storage) => {
      const credits = new Credits(storage);
      credits.grantCredits(given('one', MOST_GRANTED_MICRO), START_MS);
      expect(credits.grantCredits(given('two', 1), START_MS)).toEqual({ kind: 'too_much' });
      expect(credits.grantCredits(given('three', -1), START_MS)).toMatchObject({ kind: 'granted' });
      expect(credits.statement(query, START_MS)?.balance).toBe(MOST_GRANTED_MICRO - 1);
    });
  });
});

describe('movements', () => {
  const lines = (credits: Credits, nowMs: number) =>
    movementsOf(credits, nowMs).map(({ kind, id, micro }) => [kind, id, micro]);

  test('have one line a day of what was spent, and one of what became unreported or was replaced', async () => {
    await inside(newObject(), (storage) => {
      const credits = new Credits(storage);
      credits.grantCredits(given('one', 1_000), START_MS);
      credits.hold('a', 100, START_MS, START_MS + 4_000);
      credits.settle([charge('a', 20, 15)], START_MS, START_MS);
      credits.settle([charge('a', 20, 15)], START_MS, START_MS + 1_000);
      credits.close('a', 100, START_MS + 4_000);
      credits.expire(START_MS, START_MS + PROVISIONAL_AFTER_MS + 4_000);
      expect(lines(credits, START_MS)).toEqual([
        ['grant', 'one', 1_000],
        ['unreported', '2027-01-31', -60],
        ['spent', '2027-01-31', -30],
      ]);
      credits.settle([charge('a', 50, 70)], START_MS, START_MS + DAY_MS);
      // A clock that went back books to the newest day.
      credits.settle([charge(null, 0, 1)], START_MS, START_MS);
      expect(lines(new Credits(storage), START_MS)).toEqual([
        ['unreported', '2027-02-01', 50],
        ['spent', '2027-02-01', -71],
        ['grant', 'one', 1_000],
        ['unreported', '2027-01-31', -60],
        ['spent', '2027-01-31', -30],
      ]);
    });
  });

  test('are continued where the last page ended, whatever came meanwhile', async () => {
    await inside(newObject(), (storage) => {
      const credits = new Credits(storage);
      for (let i = 0; i < 5; i++) {
        credits.grantCredits(given(`grant-${i}`, 10), START_MS + i * DAY_MS);
        credits.settle([charge(null, 0, 1)], START_MS, START_MS + i * DAY_MS);
      }
      const before = lines(credits, START_MS);
      const first = credits.statement({ ...query, limit: 3 }, START_MS);
      credits.settle([charge(null, 0, 1)], START_MS, START_MS + 5 * DAY_MS);
      credits.grantCredits(given('later', 10), START_MS + 5 * DAY_MS);
      const second = credits.statement({ ...query, cursor: first?.nextCursor ?? null }, START_MS);
      const both = [...(first?.movements ?? []), ...(second?.movements ?? [])];
      expect(both.map(({ kind, id, micro }) => [kind, id, micro])).toEqual(before);
      expect(credits.statement({ ...query, cursor: 'nonsense' }, START_MS)).toBe(null);
    });
  });
});
