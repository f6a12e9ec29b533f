import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Ask, type Granted, openGate, type Refused } from '../../src/meter/gate.ts';
import { emptyMeter, type Limit, type LimitView } from '../../src/meter/meter.ts';
import {
  type Clear,
  closeFunds,
  emptyPurse,
  giveFunded,
  nextCloseMs,
  type Purse,
  receiveDrawn,
  takeBack,
  takeClosings,
} from '../../src/meter/purse.ts';
import { settle } from '../../src/meter/settle.ts';
import { usableMs } from '../../src/meter/times.ts';

const T0 = 1_800_000_000_000;
const asking = (more: Partial<Ask> = {}): Ask => ({
  generation: 1,
  want: 10,
  leaseMs: 1_000,
  limits: [],
  reserve: 0,
  ...more,
});
const shared = (remaining: number): LimitView => ({
  name: 'plan',
  limit: 1_000,
  windowMs: 60_000,
  remaining,
  resetAtMs: T0 + 5_000,
});
const drawn = (permits: number, more: Partial<Granted> = {}): Granted => ({
  kind: 'granted',
  id: 'L:1',
  generation: 1,
  permits,
  micro: 0,
  ttlMs: permits === 1 ? 0 : 4_000,
  limits: [shared(500)],
  atMs: T0,
  ...more,
});
const refused = (ttlMs: number, more: Partial<Refused> = {}): Refused => ({
  kind: 'refused',
  generation: 1,
  ttlMs,
  violated: ['plan'],
  reserve: 0,
  retryAfterMs: 5_000,
  limits: [shared(0)],
  atMs: T0,
  ...more,
});
const clear = (ttlMs: number): Clear => ({ kind: 'clear', limits: [shared(500)], ttlMs, atMs: T0 });
const total = (limit: number): Limit => ({ name: 'total', limit, windowMs: null });

function opened(...answers: (Granted | Refused | Clear)[]) {
  const gate = openGate({ meter: emptyMeter(), reserve: 0 }, 0, 'a:', T0);
  const purse = emptyPurse();
  const heard = answers.map((answer) => receiveDrawn(purse, answer, asking(), T0)).at(-1) ?? null;
  const back = (report: Parameters<typeof settle>[1][number], nowMs = T0) => {
    for (const each of settle(gate, [report], nowMs)) takeBack(purse, each);
  };
  return { gate, purse, heard, back };
}

const closings = (purse: Purse, nowMs: number, generation = 1) => {
  closeFunds(purse, generation, nowMs);
  return takeClosings(purse);
};

describe('what a gate grants out of a fund', () => {
  test('never lives longer than the fund, whenever it is given and whatever lease is asked for', () => {
    const steps = fc.array(fc.record({ atMs: fc.nat(6_000), leaseMs: fc.constantFrom(0, 100, 1_000, 10_000) }));
    fc.assert(
      fc.property(steps, fc.constantFrom(1, 2, 1_000), fc.constantFrom(0, 500, 4_000), (asks, permits, ttlMs) => {
        const { gate, purse } = opened(drawn(permits, { ttlMs }));
        const endsAtMs = T0 + Math.max(ttlMs, 1_200);
        for (const { atMs, leaseMs } of asks.toSorted((a, b) => a.atMs - b.atMs)) {
          const given = giveFunded(gate, purse, asking({ leaseMs }), T0 + atMs);
          if (given?.kind === 'granted') expect(T0 + atMs + usableMs(given.ttlMs)).toBeLessThanOrEqual(endsAtMs);
        }
      }),
    );
  });

  test('is no more than it has, in permits and in credits, and names it where there are credits', () => {
    const { gate, purse } = opened(drawn(12, { micro: 1_000 }));
    const given = [3, 3, 3, 3].map(() => giveFunded(gate, purse, asking({ want: 3, reserve: 100 }), T0));
    expect(given.map((each) => each?.kind === 'granted' && [each.permits, each.micro, each.hold])).toEqual([
      [3, 300, 'L:1'],
      [3, 300, 'L:1'],
      [3, 300, 'L:1'],
      [1, 100, 'L:1'],
    ]);
    expect(giveFunded(gate, purse, asking({ reserve: 100 }), T0)).toBeNull();
    expect(giveFunded(gate, purse, asking({ want: 9 }), T0)).toMatchObject({ permits: 2 });
    expect(giveFunded(gate, purse, asking(), T0)).toBeNull();
  });

  test('is of its own generation, and what is left of an older one goes up', () => {
    const { gate, purse } = opened(drawn(12));
    expect(giveFunded(gate, purse, asking({ generation: 2 }), T0)).toBeNull();
    expect(takeClosings(purse)).toEqual([{ id: 'L:1', used: 0, closed: true, lost: 0 }]);
  });

  test('is of its own generation also while some of it is out', () => {
    const { gate, purse } = opened(drawn(12));
    giveFunded(gate, purse, asking({ want: 5 }), T0);
    expect(giveFunded(gate, purse, asking({ generation: 2 }), T0)).toBeNull();
  });

  test('is not refused by what the ledger has left beside it, and tells that', () => {
    const { gate, purse } = opened(drawn(12, { limits: [shared(0)] }));
    expect(giveFunded(gate, purse, asking(), T0)).toMatchObject({ kind: 'granted', limits: [{ name: 'plan' }] });
  });

  test('is refused by the gate’s own limits without the ledger, which refuses nothing of what is in hand', () => {
    const { gate, purse } = opened(drawn(12));
    const no = giveFunded(gate, purse, asking({ limits: [total(0)] }), T0);
    expect(no).toMatchObject({ kind: 'refused', violated: ['total'], limits: [{ name: 'total' }, { name: 'plan' }] });
  });
});

describe('what goes up again', () => {
  test('is what is back, once everything is; used and unused are told apart', () => {
    const { gate, purse, back } = opened(drawn(12));
    const given = giveFunded(gate, purse, asking({ want: 5 }), T0) as Granted;
    expect(closings(purse, T0 + 5_000)).toEqual([]);
    back({ id: given.id, used: 2, closed: false });
    expect(closings(purse, T0 + 5_000)).toEqual([{ id: 'L:1', used: 2, closed: false }]);
    back({ id: given.id, used: 3, closed: true });
    back({ id: given.id, used: 3, closed: true });
    expect(closings(purse, T0 + 5_000)).toEqual([{ id: 'L:1', used: 3, closed: true, lost: 0 }]);
    expect(closings(purse, T0 + 5_000)).toEqual([]);
  });

  test('can be granted anew while the fund lives', () => {
    const { gate, purse, back } = opened(drawn(5));
    const { id } = giveFunded(gate, purse, asking({ want: 5 }), T0) as Granted;
    expect(giveFunded(gate, purse, asking(), T0)).toBeNull();
    back({ id, used: 1, closed: true });
    expect(giveFunded(gate, purse, asking(), T0)).toMatchObject({ permits: 4 });
  });

  test('leaves counted what isolates never told of, and does not wait for it for ever', () => {
    const { gate, purse, back } = opened(drawn(12));
    const { id } = giveFunded(gate, purse, asking({ want: 5 }), T0) as Granted;
    const lateMs = nextCloseMs(purse) ?? 0;
    expect(closings(purse, lateMs - 1)).toEqual([]);
    expect(closings(purse, lateMs)).toEqual([{ id: 'L:1', used: 0, closed: true, lost: 5 }]);
    back({ id, used: 1, closed: true });
    expect(takeClosings(purse)).toEqual([]);
    expect(nextCloseMs(purse)).toBeNull();
  });

  test('tells what of its credits requests have taken', () => {
    const { gate, purse, back } = opened(drawn(10, { micro: 1_000 }));
    const { id } = giveFunded(gate, purse, asking({ want: 4, reserve: 100 }), T0) as Granted;
    back({ id, used: 3, closed: true, micro: { reserved: 250, settled: 100, cost: 20 } });
    expect(closings(purse, T0 + 5_000)).toEqual([
      { id: 'L:1', used: 3, closed: true, lost: 0, micro: { reserved: 250, settled: 0, cost: 0 } },
    ]);
  });
});

describe('what the ledger told instead of a grant', () => {
  test('is passed on while it is leased, and no longer', () => {
    const { gate, purse } = opened(refused(100));
    expect(giveFunded(gate, purse, asking(), T0 + 60)).toMatchObject({ violated: ['plan'], ttlMs: 40 });
    expect(giveFunded(gate, purse, asking(), T0 + 100)).toBeNull();
    expect(giveFunded(gate, purse, asking({ generation: 2 }), T0)).toBeNull();
  });

  test('holds for the one that it was asked for, also where it is not leased or comes late', () => {
    const { gate, purse, heard } = opened(refused(0));
    expect(giveFunded(gate, purse, asking(), T0 + 300)).toBeNull();
    expect(giveFunded(gate, purse, asking(), T0 + 300, heard)).toMatchObject({ violated: ['plan'], ttlMs: 0 });
    expect(giveFunded(gate, purse, asking(), T0 + 641, heard)).toBeNull();
  });

  test('names the limits of both levels, and is not used where only the gate’s would refuse', () => {
    const { gate, purse } = opened(refused(100));
    const no = giveFunded(gate, purse, asking({ limits: [total(0)] }), T0);
    expect(no).toMatchObject({ violated: ['total', 'plan'], retryAfterMs: null });
    const other = opened(clear(100));
    expect(giveFunded(other.gate, other.purse, asking(), T0)).toBeNull();
    const own = giveFunded(other.gate, other.purse, asking({ limits: [total(0)] }), T0);
    expect(own).toMatchObject({ violated: ['total'], ttlMs: 1_000 });
    const silent = opened();
    expect(giveFunded(silent.gate, silent.purse, asking({ limits: [total(0)] }), T0)).toBeNull();
  });

  test('for want of credits does not refuse what reserves less', () => {
    const money: LimitView = {
      name: 'credits',
      limit: 90,
      windowMs: null,
      unit: 'credits',
      remaining: 90,
      resetAtMs: null,
    };
    const { gate, purse } = opened(refused(100, { violated: ['credits'], reserve: 100, limits: [money] }));
    expect(giveFunded(gate, purse, asking({ reserve: 100 }), T0)).toMatchObject({ violated: ['credits'] });
    expect(giveFunded(gate, purse, asking({ reserve: 50 }), T0)).toBeNull();
  });
});
