import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Ask,
  answer,
  exactSnapshot,
  type Gate,
  mustStore,
  openGate,
  type StoredMeter,
  snapshot,
} from '../../src/meter/gate.ts';
import { emptyMeter, type Limit } from '../../src/meter/meter.ts';
import { type Settlement, settle } from '../../src/meter/settle.ts';

/*
 * Credits of one key: asks, reservations, settlements, closes, crashes and late, lost or repeated reports, in any
 * order, against the plain sum of what each request reserved or cost.
 */

const T0 = 1_800_000_000_000;
const LIMIT = 40_000;
const limits: Limit[] = [
  { name: 'credits', limit: LIMIT, windowMs: null, unit: 'credits' },
  { name: 'day', limit: LIMIT, windowMs: 86_400_000, unit: 'credits' },
];

/** A lease as the plain oracle has it: the list of its requests. */
interface Lease {
  readonly id: string;
  readonly permits: number;
  readonly micro: number;
  readonly requests: { readonly reserve: number; cost: number | null }[];
  /** What the gate has been told last; each grows. */
  told: { reserved: number; settled: number; cost: number };
  isClosed: boolean;
  isToldClosed: boolean;
  /** Of a gate that has crashed: nothing of it is heard any more. */
  isLost: boolean;
}

const step = fc.oneof(
  fc.record({
    do: fc.constant('ask' as const),
    want: fc.integer({ min: 1, max: 9 }),
    reserve: fc.constantFrom(1, 70, 500),
  }),
  fc.record({ do: fc.constant('reserve' as const), of: fc.nat(9), share: fc.constantFrom(0.5, 1) }),
  fc.record({
    do: fc.constant('cost' as const),
    of: fc.nat(9),
    request: fc.nat(9),
    share: fc.constantFrom(0, 0.4, 1, 1.3),
  }),
  fc.record({ do: fc.constant('close' as const), of: fc.nat(9) }),
  fc.record({ do: fc.constantFrom('report' as const, 'keep' as const), of: fc.nat(9) }),
  fc.record({ do: fc.constantFrom('late' as const, 'crash' as const, 'flush' as const), of: fc.nat(9) }),
);

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

class Run {
  gate: Gate = openGate({ meter: emptyMeter(), reserve: 0 }, 0, '0:', T0);
  stored: StoredMeter = { meter: emptyMeter(), reserve: 0 };
  readonly leases: Lease[] = [];
  /** Reports that may arrive late, in any order, and again. */
  readonly kept: { lease: Lease; report: Settlement }[] = [];
  crashes = 0;
  /** What crashes have counted beyond the truth: less than a block each. */
  excess = 0;

  reportOf({ id, requests, isClosed }: Lease): Settlement {
    const known = requests.filter(({ cost }) => cost !== null);
    const reserved = sum(requests.map(({ reserve }) => reserve));
    const settled = sum(known.map(({ reserve }) => reserve));
    const cost = sum(known.map(({ cost }) => cost ?? 0));
    return { id, used: requests.length, closed: isClosed, micro: { reserved, settled, cost } };
  }

  ask(want: number, reserve: number): void {
    const before = this.counted();
    const ask: Ask = { generation: 1, want, leaseMs: 1_000, limits, reserve };
    const given = answer(this.gate, ask, T0);
    if (given.kind === 'refused') {
      expect(before + reserve).toBeGreaterThan(LIMIT);
      return;
    }
    expect(this.gate.meter.grantedMicro).toBeLessThanOrEqual(LIMIT);
    if (mustStore(this.gate)) this.stored = structuredClone(snapshot(this.gate));
    const told = { reserved: 0, settled: 0, cost: 0 };
    const { id, permits, micro } = given;
    this.leases.push({ id, permits, micro, requests: [], told, isClosed: false, isToldClosed: false, isLost: false });
  }

  deliver(lease: Lease, report: Settlement): void {
    settle(this.gate, [report], T0);
    if (mustStore(this.gate)) this.stored = structuredClone(exactSnapshot(this.gate));
    if (lease.isLost || report.micro === undefined) return;
    const { reserved, settled, cost } = report.micro;
    const { told } = lease;
    lease.told = {
      reserved: Math.max(told.reserved, reserved),
      settled: Math.max(told.settled, settled),
      cost: Math.max(told.cost, cost),
    };
    lease.isToldClosed ||= report.closed;
  }

  /** Reserved − settled + cost, of all leases; what an open one has not told of counts whole. */
  counted(): number {
    return (
      this.excess +
      sum(
        this.leases.map(
          ({ micro, told, isToldClosed }) => (isToldClosed ? told.reserved : micro) - told.settled + told.cost,
        ),
      )
    );
  }

  crash(): void {
    const { meter, ...more } = structuredClone(this.stored);
    const before = this.counted();
    this.gate = openGate({ meter, ...more }, 0, `${++this.crashes}:`, T0);
    for (const lease of this.leases) lease.isLost = true;
    const after = this.gate.meter.grantedMicro ?? 0;
    expect(after).toBeGreaterThanOrEqual(before);
    this.excess += after - before;
  }

  check(): void {
    expect(this.gate.meter.grantedMicro ?? 0).toBe(this.counted());
    expect(this.gate.meter.windows.day?.sum ?? 0).toBe(this.counted());
  }
}

test('in 10,000 interleavings counted = reserved − settled + cost, and nothing settles twice', () => {
  let crashes = 0;
  let settled = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
      const run = new Run();
      for (const each of steps) {
        if (each.do === 'ask') run.ask(each.want, each.reserve);
        else if (each.do === 'crash') run.crash();
        else if (each.do === 'flush') run.stored = structuredClone(exactSnapshot(run.gate));
        else if (each.do === 'late') {
          const kept = run.kept[each.of % Math.max(1, run.kept.length)];
          if (kept !== undefined) run.deliver(kept.lease, kept.report);
        } else {
          const lease = run.leases[each.of % Math.max(1, run.leases.length)];
          if (lease === undefined) continue;
          if (each.do === 'reserve') {
            const left = lease.micro - sum(lease.requests.map(({ reserve }) => reserve));
            const reserve = Math.floor((lease.micro / lease.permits) * each.share);
            const isFree = !lease.isClosed && lease.requests.length < lease.permits && reserve <= left;
            if (isFree) lease.requests.push({ reserve, cost: null });
          } else if (each.do === 'cost') {
            const request = lease.requests[each.request % Math.max(1, lease.requests.length)];
            if (request !== undefined) request.cost ??= Math.floor(request.reserve * each.share);
          } else if (each.do === 'close') lease.isClosed = true;
          else if (each.do === 'keep') run.kept.push({ lease, report: run.reportOf(lease) });
          else run.deliver(lease, run.reportOf(lease));
        }
        run.check();
      }
      // After things settle: what was not lost in a crash is counted with what it cost, and nothing else of it is.
      for (const lease of run.leases) {
        lease.isClosed = true;
        for (const request of lease.requests) request.cost ??= request.reserve;
        for (let times = 0; times < 2; times++) run.deliver(lease, run.reportOf(lease));
        run.check();
      }
      const heard = run.leases.filter(({ isLost }) => !isLost);
      expect(sum(heard.map(({ told }) => told.cost))).toBe(
        sum(heard.flatMap(({ requests }) => requests.map(({ cost }) => cost ?? 0))),
      );
      crashes += run.crashes;
      settled += heard.length;
    }),
    { numRuns: 10_000, seed: 3 },
  );
  expect(crashes).toBeGreaterThan(1_000);
  expect(settled).toBeGreaterThan(1_000);
});
