import { describe, expect, test } from 'vitest';
import { waitMs } from '../../src/meter/fence.ts';
import {
  type Ask,
  answer,
  exactSnapshot,
  type Gate,
  type Granted,
  mustStore,
  noteConfirmation,
  openGate,
  type Refused,
  snapshot,
} from '../../src/meter/gate.ts';
import { ceilingBlock, emptyMeter, type Limit } from '../../src/meter/meter.ts';
import { settle } from '../../src/meter/settle.ts';

const T0 = 1_800_000_000_000;
const perMinute = (limit: number): Limit => ({ name: 'rate', limit, windowMs: 60_000 });
const inTotal = (limit: number): Limit => ({ name: 'total', limit, windowMs: null });

const fresh = (nowMs = T0): Gate => openGate({ meter: emptyMeter(), reserve: 0 }, 0, 'a:', nowMs);
const asking = (limits: readonly Limit[], more: Partial<Ask> = {}): Ask => ({
  generation: 1,
  want: 10,
  leaseMs: 1_000,
  limits,
  reserve: 0,
  ...more,
});

function granted(given: Granted | Refused): Granted {
  if (given.kind !== 'granted') throw new Error(`refused by ${given.violated}`);
  return given;
}

function refused(given: Granted | Refused): Refused {
  if (given.kind !== 'refused') throw new Error('granted');
  return given;
}

describe('permits', () => {
  test('are debited when granted, from every limit', () => {
    const gate = fresh();
    const { permits, limits } = granted(answer(gate, asking([perMinute(600), inTotal(5_000)]), T0));
    expect(permits).toBe(10);
    expect(limits.map(({ remaining }) => remaining)).toEqual([590, 4_990]);
  });

  test('come back once, whatever is reported again', () => {
    const gate = fresh();
    const { id } = granted(answer(gate, asking([perMinute(600)]), T0));
    const report = { id, used: 4, closed: true };
    settle(gate, [report, report], T0);
    settle(gate, [report, { id: 'b:1', used: 0, closed: true }], T0);
    expect(gate.meter.windows.rate?.sum).toBe(4);
    expect([gate.meter.granted, gate.meter.used]).toEqual([4, 4]);
  });

  test('stay counted while a report closes nothing, and a late smaller report takes no use back', () => {
    const gate = fresh();
    const { id } = granted(answer(gate, asking([perMinute(600)]), T0));
    settle(gate, [{ id, used: 6, closed: false }], T0);
    settle(gate, [{ id, used: 2, closed: false }], T0);
    expect([gate.meter.granted, gate.meter.used]).toEqual([10, 6]);
    settle(gate, [{ id, used: 3, closed: true }], T0);
    expect([gate.meter.granted, gate.meter.used]).toEqual([6, 6]);
  });

  test('reported as used beyond what was granted count as what was granted', () => {
    const gate = fresh();
    const { id } = granted(answer(gate, asking([perMinute(600)]), T0));
    settle(gate, [{ id, used: 99, closed: true }], T0);
    expect([gate.meter.granted, gate.meter.used]).toEqual([10, 10]);
  });

  test('of a predecessor do not come back: its ids are unknown', () => {
    const gate = openGate({ meter: { granted: 10, used: 0, windows: {} }, reserve: 0 }, 1_060, 'b:', T0);
    settle(gate, [{ id: 'a:1', used: 0, closed: true }], T0);
    expect(gate.meter.granted).toBe(10);
  });

  test('are at most a quarter of what remains, divided by the live leases', () => {
    const gate = fresh();
    const limits = [perMinute(800)];
    expect(granted(answer(gate, asking(limits, { want: 1_000 }), T0)).permits).toBe(200);
    expect(granted(answer(gate, asking(limits, { want: 1_000 }), T0)).permits).toBe(150);
    expect(granted(answer(gate, asking(limits, { want: 1_000 }), T0)).permits).toBe(56);
  });

  test('of a small limit are single, without a lease', () => {
    const { permits, ttlMs } = granted(answer(fresh(), asking([perMinute(6_000), inTotal(10)]), T0));
    expect([permits, ttlMs]).toEqual([1, 0]);
  });

  test('that a limit refuses consume nothing, and every violated limit is named', () => {
    const gate = fresh();
    const limits = [perMinute(1), inTotal(1), { name: 'daily', limit: 50, windowMs: 86_400_000 }];
    granted(answer(gate, asking(limits), T0));
    const no = refused(answer(gate, asking(limits), T0 + 10));
    expect(no.violated).toEqual(['rate', 'total']);
    expect(no.retryAfterMs).toBeNull();
    expect(no.limits.map(({ remaining }) => remaining)).toEqual([0, 0, 49]);
    expect(gate.meter.granted).toBe(1);
  });
});

describe('a window', () => {
  /** Grants until the limit is reached; returns how many are on leases, which can be used until T0 + 1,000. */
  function leaseAll(gate: Gate, limits: readonly Limit[]): number {
    let leased = 0;
    for (let left = 61; left > 0; ) {
      const { permits, ttlMs } = granted(answer(gate, asking(limits, { want: 100 }), T0));
      left -= permits;
      if (ttlMs > 0) leased += permits;
    }
    return leased;
  }

  function more(gate: Gate, ask: Ask, nowMs: number): number {
    let permits = 0;
    for (let given = answer(gate, ask, nowMs); given.kind === 'granted'; given = answer(gate, ask, nowMs)) {
      permits += given.permits;
    }
    return permits;
  }

  test.each([1_000, 0])(
    'keeps a grant that was used at its lease’s last moment, whatever lease is asked for: %i ms',
    (leaseMs) => {
      const gate = fresh();
      const limits = [perMinute(61)];
      const leased = leaseAll(gate, limits);
      expect(leased).toBeGreaterThan(30);
      const lastUseMs = T0 + 1_000;
      expect(more(gate, asking(limits, { leaseMs }), lastUseMs + 59_999)).toBe(61 - leased);
      expect(more(gate, asking(limits, { leaseMs }), lastUseMs + 60_500)).toBe(leased);
    },
  );

  test('holds less of what is told to be used, from when that is told', () => {
    const gate = fresh();
    const limits = [perMinute(1)];
    const { id } = granted(answer(gate, asking(limits), T0));
    settle(gate, [{ id, used: 1, closed: true }], T0 + 20);
    expect(answer(gate, asking(limits), T0 + 60_019).kind).toBe('refused');
    expect(answer(gate, asking(limits), T0 + 60_250).kind).toBe('granted');
  });

  test('forgets nothing too early where the clock went backward before a use was told', () => {
    const gate = fresh();
    const limits = [perMinute(1)];
    const { id } = granted(answer(gate, asking(limits), T0));
    settle(gate, [{ id, used: 1, closed: true }], T0 - 30_000);
    expect(answer(gate, asking(limits), T0 + 59_999).kind).toBe('refused');
    expect(answer(gate, asking(limits), T0 + 60_250).kind).toBe('granted');
  });

  test('is not reopened early by a gate whose clock went backward', () => {
    const gate = fresh();
    const limits = [perMinute(1)];
    granted(answer(gate, asking(limits), T0));
    expect(answer(gate, asking(limits), T0 - 30_000).kind).toBe('refused');
    expect(answer(gate, asking(limits), T0 + 59_000).kind).toBe('refused');
    expect(answer(gate, asking(limits), T0 + 61_000).kind).toBe('granted');
  });
});

describe('the time of a lease', () => {
  const ttl = (leaseMs: number, windowMs: number) =>
    granted(answer(fresh(), asking([{ name: 'w', limit: 100_000, windowMs }], { leaseMs }), T0)).ttlMs;

  test('is the policy’s, and at most a sixtieth of the shortest window', () => {
    expect(ttl(1_000, 60_000)).toBe(1_000);
    expect(ttl(10_000, 60_000)).toBe(1_000);
    expect(ttl(10_000, 3_600_000)).toBe(10_000);
    expect(ttl(1_000, 12_000)).toBe(200);
  });

  test('under 100 ms there is none: a per-second limit is always asked', () => {
    expect(ttl(1_000, 1_000)).toBe(0);
    expect(ttl(99, 60_000)).toBe(0);
    expect(ttl(0, 60_000)).toBe(0);
  });
});

describe('a refusal', () => {
  const spent = (limits: readonly Limit[], ask: Partial<Ask> = {}): Gate => {
    const gate = fresh();
    for (let n = 0; n < 200; n++) if (answer(gate, asking(limits, ask), T0).kind === 'refused') return gate;
    throw new Error('never refused');
  };

  test('is leased for 1 s, or for 100 ms while permits are out that may come back', () => {
    expect(refused(answer(spent([inTotal(10)]), asking([inTotal(10)]), T0)).ttlMs).toBe(1_000);
    const limits = [inTotal(100)];
    expect(refused(answer(spent(limits), asking(limits), T0)).ttlMs).toBe(100);
    expect(refused(answer(spent(limits), asking(limits), T0 + 2_000)).ttlMs).toBe(1_000);
  });

  test('is leased for a share of the window where the limit has room before, and never longer than a second', () => {
    const gate = spent([perMinute(5)]);
    const { retryAfterMs } = refused(answer(gate, asking([perMinute(5)]), T0));
    const almostMs = T0 + (retryAfterMs ?? 0) - 30;
    expect(refused(answer(gate, asking([perMinute(5)]), almostMs)).ttlMs).toBe(500);
    expect(answer(gate, asking([perMinute(5)]), almostMs + 30).kind).toBe('granted');
  });

  test('is not leased where the policy asks every time', () => {
    expect(refused(answer(spent([inTotal(10)]), asking([inTotal(10)], { leaseMs: 0 }), T0)).ttlMs).toBe(0);
  });
});

describe('what an advance waits for', () => {
  const limits = [perMinute(600)];

  test('is every lease from below, to its end and the guard', () => {
    const gate = fresh();
    answer(gate, asking(limits, { generation: 3 }), T0);
    expect(waitMs(gate.fence, 4, T0)).toBe(1_060);
    expect(waitMs(gate.fence, 3, T0)).toBe(0);
    expect(waitMs(gate.fence, 4, T0 + 1_059)).toBe(1);
    expect(waitMs(gate.fence, 4, T0 + 1_060)).toBe(0);
  });

  test('is a single permit, a refusal and a confirmation likewise, each for its time or the slack', () => {
    const single = fresh();
    answer(single, asking([inTotal(10)]), T0);
    expect(waitMs(single.fence, 2, T0)).toBe(560);
    const none = fresh();
    answer(none, asking([inTotal(0)]), T0);
    expect(waitMs(none.fence, 2, T0)).toBe(1_060);
    const confirmed = fresh();
    noteConfirmation(confirmed, 1, 5_000, T0);
    expect(waitMs(confirmed.fence, 2, T0)).toBe(5_060);
  });

  test('is not forgotten for answers at other generations, nor shortened by a shorter one', () => {
    const gate = fresh();
    answer(gate, asking(limits, { generation: 1 }), T0);
    answer(gate, asking([inTotal(10)], { generation: 1 }), T0 + 10);
    answer(gate, asking(limits, { generation: 2 }), T0 + 20);
    expect(waitMs(gate.fence, 2, T0 + 20)).toBe(1_040);
    expect(waitMs(gate.fence, 3, T0 + 20)).toBe(1_060);
  });

  test('is not shortened by a clock that goes backward', () => {
    const gate = fresh();
    answer(gate, asking(limits), T0);
    answer(gate, asking(limits), T0 - 5_000);
    expect(waitMs(gate.fence, 2, T0 - 5_000)).toBe(6_060);
  });

  test('is, after a restart, the longest time that the predecessor could have given', () => {
    const before = fresh();
    noteConfirmation(before, 1, 5_000, T0);
    const gate = openGate({ meter: emptyMeter(), reserve: 0 }, before.longestMs, 'b:', T0 + 100);
    expect(waitMs(gate.fence, 1, T0 + 100)).toBe(5_060);
    expect(waitMs(gate.fence, 1, T0 + 5_160)).toBe(0);
  });
});

describe('the durable ceiling', () => {
  test('is exact for small limits and at most 0.1% of a total and 0.5% of a rate ahead', () => {
    expect(ceilingBlock([inTotal(10)])).toBe(1);
    expect(ceilingBlock([inTotal(1_999)])).toBe(1);
    expect(ceilingBlock([inTotal(100_000)])).toBe(100);
    expect(ceilingBlock([perMinute(600), inTotal(1_000_000)])).toBe(3);
  });

  /** Grants until refused, storing as the object does; returns what a crash then leaves. */
  function drain(limits: readonly Limit[], most = Number.POSITIVE_INFINITY) {
    const gate = fresh();
    let stored = structuredClone(exactSnapshot(gate));
    let permits = 0;
    for (; permits < most; ) {
      const given = answer(gate, asking(limits, { leaseMs: 0 }), T0);
      if (given.kind === 'refused') break;
      permits += given.permits;
      if (mustStore(gate)) stored = structuredClone(snapshot(gate));
    }
    return { gate, stored, permits };
  }

  test('after a crash nothing is granted twice, and less than one block is lost', () => {
    const limits = [inTotal(10_000)];
    for (const most of [1, 9, 10, 11, 4_321]) {
      const { stored, permits } = drain(limits, most);
      const next = openGate(stored, 0, 'b:', T0);
      expect(next.meter.granted).toBeGreaterThanOrEqual(permits);
      expect(next.meter.granted).toBeLessThan(permits + ceilingBlock(limits));
    }
  });

  test('what a crash may have forgotten counts in each window until it can have left', () => {
    const limits = [perMinute(2_000)];
    const { stored, permits } = drain(limits, 15);
    const next = openGate(stored, 1_060, 'b:', T0 + 5_000);
    expect(next.meter.windows.rate?.sum).toBeGreaterThanOrEqual(permits);
    answer(next, asking(limits, { leaseMs: 0 }), T0 + 5_000 + 1_060 + 59_999);
    expect(next.meter.windows.rate?.sum).toBeGreaterThan(1);
  });

  test('that was far ahead of a large limit is stored anew once a small one holds', () => {
    const { gate } = drain([inTotal(1_000_000)], 3);
    expect(gate.ahead).toBeGreaterThan(900);
    granted(answer(gate, asking([inTotal(10)]), T0));
    expect(gate.ahead).toBeLessThan(0);
    expect(snapshot(gate).reserve).toBe(0);
  });

  test('is the exact count when traffic has stopped', () => {
    const { gate, permits } = drain([inTotal(10_000)], 4);
    const stored = exactSnapshot(gate);
    expect([stored.meter.granted, stored.reserve]).toEqual([permits, 0]);
    answer(gate, asking([inTotal(10_000)], { leaseMs: 0 }), T0);
    expect(gate.ahead).toBeLessThan(0);
  });
});
