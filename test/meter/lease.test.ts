import { describe, expect, test } from 'vitest';
import { watchClock } from '../../src/meter/clock.ts';
import type { Granted, Refused } from '../../src/meter/gate.ts';
import {
  beginAsk,
  canTake,
  closeGrant,
  emptySlot,
  endAsk,
  isConfirmed,
  isRenewalDue,
  killLeases,
  receive,
  returnDueMs,
  settleCost,
  take,
  takeReports,
} from '../../src/meter/lease.ts';
import { RENEWAL_MARK_MS, RETURN_AFTER_MS } from '../../src/meter/times.ts';

const T0 = 1_800_000_000_000;

const grant = (permits: number, more: Partial<Granted> = {}): Granted => ({
  kind: 'granted',
  id: 'a:1',
  generation: 1,
  permits,
  micro: 0,
  ttlMs: permits === 1 ? 0 : 1_000,
  limits: [],
  atMs: T0,
  ...more,
});

const refusal = (ttlMs: number): Refused => ({
  kind: 'refused',
  generation: 1,
  ttlMs,
  violated: ['rate'],
  reserve: 0,
  retryAfterMs: ttlMs,
  limits: [],
  atMs: T0,
});

describe('a lease', () => {
  test('gives as many permits as it has', () => {
    const slot = emptySlot();
    receive(slot, grant(3), T0);
    const taken = [1, 2, 3, 4].map((ms) => take(slot, 1, T0 + ms)?.kind ?? null);
    expect(taken).toEqual(['held', 'held', 'held', null]);
  });

  test('counts only for a record of its own generation', () => {
    const slot = emptySlot();
    receive(slot, grant(3), T0);
    expect(take(slot, 0, T0)).toBeNull();
    expect(take(slot, 2, T0)).toBeNull();
    expect(canTake(slot, 2, T0)).toBe(false);
  });

  test('of an older generation than the record is closed, and is not used after all', () => {
    const slot = emptySlot();
    receive(slot, grant(3), T0);
    take(slot, 1, T0);
    take(slot, 2, T0);
    expect(take(slot, 1, T0)).toBeNull();
    expect(slot.settlements).toEqual([{ id: 'a:1', used: 1, closed: true }]);
  });

  test('ends its time after it was asked for, not after it came', () => {
    const slot = emptySlot();
    receive(slot, grant(3), T0);
    expect(take(slot, 1, T0 + 999)).toMatchObject({ kind: 'held' });
    expect(take(slot, 1, T0 + 1_000)).toBeNull();
  });

  test('of a single permit dies after the slack', () => {
    const late = emptySlot();
    receive(late, grant(1), T0);
    expect(take(late, 1, T0 + 500)).toBeNull();
    const inTime = emptySlot();
    receive(inTime, grant(1), T0);
    expect(take(inTime, 1, T0 + 499)).toMatchObject({ kind: 'held' });
  });

  test('is not used at a time before it was asked for', () => {
    const slot = emptySlot();
    receive(slot, grant(3), T0);
    expect(take(slot, 1, T0 - 1)).toBeNull();
  });

  test('that is closed gives nothing more and is reported once', () => {
    const slot = emptySlot();
    receive(slot, grant(3), T0);
    take(slot, 1, T0);
    closeGrant(slot, 'a:1');
    closeGrant(slot, 'a:1');
    expect(take(slot, 1, T0)).toBeNull();
    expect(beginAsk(slot, 1_000, T0).settle).toEqual([{ id: 'a:1', used: 1, closed: true }]);
    expect(beginAsk(slot, 1_000, T0).settle).toEqual([]);
  });

  test('stays open while a renewal reports its use', () => {
    const slot = emptySlot();
    receive(slot, grant(3), T0);
    take(slot, 1, T0);
    expect(beginAsk(slot, 1_000, T0).settle).toEqual([{ id: 'a:1', used: 1, closed: false }]);
    expect(take(slot, 1, T0)).toMatchObject({ kind: 'held' });
  });
});

describe('what became of a lease is told by itself', () => {
  test('soon after its end, whatever is asked for meanwhile; nothing is due where nothing is held', () => {
    const slot = emptySlot();
    expect(returnDueMs(slot)).toBeNull();
    receive(slot, grant(3, { ttlMs: 10_000 }), T0);
    receive(slot, grant(1, { id: 'a:2' }), T0 + 100);
    expect(returnDueMs(slot)).toBe(T0 + 600 + RETURN_AFTER_MS);
    beginAsk(slot, 10_000, T0 + 300);
    expect(returnDueMs(slot)).toBe(T0 + 600 + RETURN_AFTER_MS);
  });

  test('unless a question has taken it along since its end', () => {
    const slot = emptySlot();
    receive(slot, grant(3), T0);
    take(slot, 1, T0);
    expect(beginAsk(slot, 1_000, T0 + 1_000).settle).toEqual([{ id: 'a:1', used: 1, closed: true }]);
    expect(returnDueMs(slot)).toBeNull();
  });

  test('a while after the question that did not arrive with it', () => {
    const slot = emptySlot();
    receive(slot, grant(3), T0);
    const { settle } = beginAsk(slot, 1_000, T0 + 1_200);
    endAsk(slot, settle);
    expect(returnDueMs(slot)).toBe(T0 + 1_200 + RETURN_AFTER_MS);
    expect(takeReports(slot, T0 + 5_000)).toEqual(settle);
    expect(returnDueMs(slot)).toBeNull();
  });

  test('when it was spent or closed before its end', () => {
    const slot = emptySlot();
    beginAsk(slot, 1_000, T0);
    receive(slot, grant(1), T0);
    take(slot, 1, T0);
    closeGrant(slot, 'a:1');
    expect(returnDueMs(slot)).toBe(T0 + RETURN_AFTER_MS);
  });
});

describe('a leased refusal', () => {
  test('is answered without asking until its end', () => {
    const slot = emptySlot();
    receive(slot, refusal(100), T0);
    expect(take(slot, 1, T0 + 99)).toMatchObject({ kind: 'refused' });
    expect(canTake(slot, 1, T0 + 99)).toBe(true);
    expect(take(slot, 1, T0 + 100)).toBeNull();
  });

  test('counts only for a record of its own generation', () => {
    const slot = emptySlot();
    receive(slot, refusal(100), T0);
    expect(take(slot, 2, T0)).toBeNull();
  });

  test('does not keep back permits that are still held, and stops renewals', () => {
    const slot = emptySlot();
    receive(slot, grant(3), T0);
    receive(slot, refusal(100), T0 + 600);
    expect(take(slot, 1, T0 + 610)).toMatchObject({ kind: 'held' });
    expect(isRenewalDue(slot, T0 + 610)).toBe(false);
    expect(isRenewalDue(slot, T0 + 700)).toBe(true);
  });
});

describe('a lease with credits', () => {
  const paid = grant(5, { micro: 500, hold: 'L:1' });

  test('is taken from while it has what a request reserves, and reports what became of it', () => {
    const slot = emptySlot();
    receive(slot, paid, T0);
    const held = take(slot, 1, T0, 300);
    if (held?.kind !== 'held') throw new Error('not held');
    expect(held.hold).toBe('L:1');
    expect([canTake(slot, 1, T0, 201), take(slot, 1, T0, 201)]).toEqual([false, null]);
    expect(take(slot, 1, T0, 200)).toBe(held);
    settleCost(slot, held, 300, 120);
    const micro = { reserved: 500, settled: 300, cost: 120 };
    expect(takeReports(slot, T0)).toEqual([{ id: 'a:1', used: 2, closed: false, micro }]);
  });

  test('that is closed tells each cost that comes later', () => {
    const slot = emptySlot();
    receive(slot, paid, T0);
    const held = take(slot, 1, T0, 100);
    if (held?.kind !== 'held') throw new Error('not held');
    expect(closeGrant(slot, 'a:1')).toBe(true);
    takeReports(slot, T0);
    expect(closeGrant(slot, 'a:1')).toBe(false);
    settleCost(slot, held, 100, 130);
    const micro = { reserved: 100, settled: 100, cost: 130 };
    expect(takeReports(slot, T0)).toEqual([{ id: 'a:1', used: 1, closed: true, micro }]);
  });

  test('refused for want of credits: a request that reserves less is asked for', () => {
    const slot = emptySlot();
    receive(slot, { ...refusal(100), reserve: 100 }, T0);
    expect(take(slot, 1, T0, 100)).toMatchObject({ kind: 'refused' });
    expect([canTake(slot, 1, T0, 99), take(slot, 1, T0, 99)]).toEqual([false, null]);
  });
});

describe('a confirmation', () => {
  test('counts for its generation and its time', () => {
    const slot = emptySlot();
    slot.confirmed = { generation: 2, askedAtMs: T0, endsAtMs: T0 + 1_000 };
    expect(isConfirmed(slot, 2, T0 + 999)).toBe(true);
    expect(isConfirmed(slot, 2, T0 + 1_000)).toBe(false);
    expect(isConfirmed(slot, 1, T0)).toBe(false);
    expect(isConfirmed(slot, 2, T0 - 1)).toBe(false);
  });
});

describe('a renewal', () => {
  test('is due after most of the life or when most is spent', () => {
    const slot = emptySlot();
    receive(slot, grant(8), T0);
    expect(isRenewalDue(slot, T0 + 699)).toBe(false);
    expect(isRenewalDue(slot, T0 + 700)).toBe(true);
    for (let n = 0; n < 7; n++) take(slot, 1, T0);
    expect(isRenewalDue(slot, T0)).toBe(true);
  });

  test('is asked by one request at a time; the mark of one that was cancelled ends by itself', () => {
    const slot = emptySlot();
    receive(slot, grant(8, { ttlMs: 10_000 }), T0);
    beginAsk(slot, 10_000, T0 + 7_000);
    expect(isRenewalDue(slot, T0 + 7_000)).toBe(false);
    expect(isRenewalDue(slot, T0 + 7_000 + RENEWAL_MARK_MS)).toBe(true);
  });

  test('reports that could not be delivered go with the next one', () => {
    const slot = emptySlot();
    receive(slot, grant(3), T0);
    closeGrant(slot, 'a:1');
    const { settle } = beginAsk(slot, 1_000, T0);
    endAsk(slot, settle);
    expect(beginAsk(slot, 1_000, T0).settle).toEqual([{ id: 'a:1', used: 0, closed: true }]);
  });

  test('wants one permit for a key that is used less than once in a lease, and about the rate of a busy one', () => {
    const slot = emptySlot();
    for (let n = 0; n < 10; n++) {
      expect(beginAsk(slot, 1_000, T0 + n * 5_000).want).toBe(1);
      endAsk(slot, []);
    }
    beginAsk(slot, 1_000, T0 + 50_000);
    endAsk(slot, []);
    receive(slot, grant(1_000), T0 + 50_000);
    for (let n = 0; n < 100; n++) take(slot, 1, T0 + 50_000 + n * 10);
    const { want } = beginAsk(slot, 1_000, T0 + 51_000);
    expect(want).toBeGreaterThan(100);
    expect(want).toBeLessThan(200);
  });
});

describe('a clock that goes backward', () => {
  const watched = (slot = emptySlot()) => {
    let atMs = T0;
    const clock = watchClock(
      () => atMs,
      () => killLeases(slot),
    );
    clock.nowMs();
    return { slot, clock, set: (toMs: number) => (atMs = toMs) };
  };

  test('kills leases, refusals and confirmations, and what was asked before is of an older epoch', () => {
    const { slot, clock, set } = watched();
    receive(slot, grant(5), T0);
    slot.confirmed = { generation: 1, askedAtMs: T0 - 900, endsAtMs: T0 + 100 };
    set(T0 + 900);
    clock.nowMs();
    receive(slot, refusal(1_000), T0);
    set(T0 + 100);
    expect(take(slot, 1, clock.nowMs())).toBeNull();
    expect(slot.refusal).toBeNull();
    expect(slot.confirmed).toBeNull();
    expect(clock.epoch).toBe(1);
    expect(slot.settlements).toEqual([{ id: 'a:1', used: 0, closed: true }]);
  });

  test('does not hold a renewal back, nor swell the demand', () => {
    const { slot, clock, set } = watched();
    beginAsk(slot, 1_000, clock.nowMs());
    set(T0 - 3_600_000);
    const nowMs = clock.nowMs();
    receive(slot, grant(8), nowMs);
    expect(isRenewalDue(slot, nowMs + 700)).toBe(true);
    let want = 0;
    for (let n = 1; n < 200; n++) {
      want = beginAsk(slot, 1_000, nowMs + n * 100).want;
      endAsk(slot, []);
    }
    expect(want).toBeLessThan(30);
  });

  test('by less than the tolerance is no step: requests may show times a little apart', () => {
    const { clock, set } = watched();
    set(T0 - 20);
    clock.nowMs();
    expect(clock.epoch).toBe(0);
    set(T0 - 21);
    clock.nowMs();
    expect(clock.epoch).toBe(1);
  });
});
