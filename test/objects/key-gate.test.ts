import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { PURGED_FLOOR, type Terms } from '../../src/decision/record.ts';
import type { Granted, Refused } from '../../src/meter/gate.ts';
import type { Limit } from '../../src/meter/meter.ts';
import type { GateAsk, Stale } from '../../src/objects/key-gate.ts';
import { clock, type MovableKeyGate } from '../support/objects-worker.ts';
import { gates } from './bindings.ts';

/** What the version before kept, and what this one keeps. */
const oldTerms = {
  status: 'active',
  accountStatus: 'active',
  expiresAtMs: null,
  ratePerMinute: null,
  quotas: {},
} as const;
const terms: Terms = {
  ...oldTerms,
  role: 'developer',
  addresses: null,
  plan: 'standard',
  ratePerSecond: null,
  budgetMicro: null,
};
const inTotal = (limit: number): Limit => ({ name: 'total', limit, windowMs: null });
const perMinute = (limit: number): Limit => ({ name: 'rate', limit, windowMs: 60_000 });
const asking = (generation: number, limits: readonly Limit[], more: Partial<GateAsk> = {}): GateAsk => ({
  generation,
  want: 10,
  leaseMs: 1_000,
  limits,
  reserve: 0,
  settle: [],
  account: null,
  fresh: null,
  ...more,
});

type Gate = ReturnType<typeof newGate>;
let names = 0;
const newGate = () => gates(env).getByName(`gate-${++names}`);

/** A gate that knows the key at `generation`. */
async function openGate(generation = 1): Promise<Gate> {
  const gate = newGate();
  await gate.advance(generation, terms);
  return gate;
}

const admit = (gate: Gate, ask: GateAsk) => gate.admit(ask) as Promise<Granted | Refused | Stale>;
const inside = <R>(gate: Gate, act: (storage: DurableObjectStorage, instance: MovableKeyGate) => R | Promise<R>) =>
  runInDurableObject(gate, (instance: MovableKeyGate, state) => act(state.storage, instance));
const stored = <T>(gate: Gate, name: string) => inside(gate, (storage) => storage.kv.get<T>(name));

async function elapsed(work: Promise<unknown>): Promise<number> {
  const startMs = Date.now();
  await work;
  return Date.now() - startMs;
}

beforeEach(() => {
  clock.movedMs = 0;
});

describe('the floor', () => {
  test('is read from storage on every admission: storage wins over what the object remembers', async () => {
    const gate = await openGate(1);
    expect((await admit(gate, asking(1, [inTotal(10)]))).kind).toBe('granted');
    await inside(gate, (storage) => storage.kv.put('floor', 5));
    expect(await admit(gate, asking(1, [inTotal(10)]))).toEqual({ kind: 'stale', floor: 5 });
    expect(await gate.confirm(4, null, 1_000)).toEqual({ kind: 'stale', floor: 5 });
    expect((await admit(gate, asking(5, [inTotal(10)]))).kind).toBe('granted');
  });

  test('survives eviction', async () => {
    const gate = await openGate(3);
    await evictDurableObject(gate);
    expect(await admit(gate, asking(2, [inTotal(10)], { fresh: terms }))).toEqual({ kind: 'stale', floor: 3 });
  });

  test('unknown, any record is stale that was not just read from the primary, and nothing is stored for it', async () => {
    const gate = newGate();
    expect(await admit(gate, asking(7, [inTotal(10)]))).toEqual({ kind: 'stale', floor: 0 });
    expect(await gate.confirm(7, null, 1_000)).toEqual({ kind: 'stale', floor: 0 });
    expect(await inside(gate, (storage) => [...storage.kv.list()])).toEqual([]);
    expect((await admit(gate, asking(7, [inTotal(10)], { fresh: terms }))).kind).toBe('granted');
    expect((await admit(gate, asking(7, [inTotal(10)]))).kind).toBe('granted');
    expect(await stored(gate, 'terms')).toEqual(terms);
  });

  test('is raised by a newer record, durably, and never lowered', async () => {
    const gate = await openGate(2);
    await admit(gate, asking(4, [inTotal(10)]));
    expect(await stored(gate, 'floor')).toBe(4);
    await gate.advance(3, { ...terms, status: 'revoked' });
    expect(await stored(gate, 'floor')).toBe(4);
    expect(await stored(gate, 'terms')).toEqual(terms);
  });

  test('unused permits that come with a stale question are taken back', async () => {
    const gate = await openGate(1);
    const given = (await admit(gate, asking(1, [inTotal(1_000)]))) as Granted;
    await gate.advance(2, terms);
    await admit(gate, asking(1, [inTotal(1_000)], { settle: [{ id: given.id, used: 3, closed: true }] }));
    expect(await gate.inspect([])).toMatchObject({ granted: 3, used: 3 });
  });
});

describe('advance', () => {
  test('waits until no lease from below can be used, also where the floor is there already', async () => {
    const gate = await openGate(1);
    await admit(gate, asking(1, [inTotal(1_000)]));
    await inside(gate, (storage) => storage.kv.put('floor', 2));
    expect(await elapsed(gate.advance(2, terms))).toBeGreaterThanOrEqual(900);
  });

  test('waits out single permits, refusals and confirmations', async () => {
    const [single, refused, confirmed] = [await openGate(), await openGate(), await openGate()];
    await admit(single, asking(1, [inTotal(10)]));
    await admit(refused, asking(1, [inTotal(0)]));
    await confirmed.confirm(1, null, 1_000);
    const times = await Promise.all([single, refused, confirmed].map((gate) => elapsed(gate.advance(2, terms))));
    expect(times[0]).toBeGreaterThanOrEqual(400);
    expect(times[1]).toBeGreaterThanOrEqual(900);
    expect(times[2]).toBeGreaterThanOrEqual(900);
  });

  test('puts nothing in force that a restored registry gives a generation of its own past: it tells a higher floor', async () => {
    const gate = await openGate(3);
    const other = { ...terms, status: 'revoked' as const };
    expect(await gate.advance(3, other)).toBe(4);
    expect(await stored(gate, 'terms')).toEqual(terms);
    expect(await gate.advance(3, terms)).toBe(3);
    expect(await gate.advance(4, other)).toBe(4);
  });

  test('compares with what an older version kept by what that version knew, and with what this one keeps by all', async () => {
    const gate = await openGate(1);
    expect(await gate.advance(1, { ...terms, plan: 'other' })).toBe(2);
    await inside(gate, (storage) => storage.kv.put('terms', oldTerms));
    expect(await gate.advance(1, { ...terms, ratePerMinute: 5 })).toBe(2);
    expect(await gate.advance(1, { ...terms, plan: 'other' })).toBe(1);
    expect(await gate.advance(1, terms)).toBe(2);
  });

  test('of a key that is revoked for good minds nothing but the revocation', async () => {
    const gate = newGate();
    await gate.advance(2, { ...terms, status: 'revoked' });
    expect(await gate.advance(2, { ...terms, status: 'revoked', accountStatus: 'suspended' })).toBe(2);
  });

  test('waits for nothing where nothing from below is out', async () => {
    const gate = await openGate(1);
    await admit(gate, asking(1, [inTotal(1_000)]));
    expect(await elapsed(gate.advance(1, terms))).toBeLessThan(400);
    clock.movedMs = 1_100;
    expect(await elapsed(gate.advance(2, terms))).toBeLessThan(400);
  });

  test('stores the floor before it waits; the key is served at the new generation meanwhile', async () => {
    const gate = await openGate(1);
    await admit(gate, asking(1, [inTotal(1_000)]));
    let done = false;
    const advancing = gate.advance(2, terms).then(() => {
      done = true;
    });
    expect(await admit(gate, asking(1, [inTotal(1_000)]))).toEqual({ kind: 'stale', floor: 2 });
    expect((await admit(gate, asking(2, [inTotal(1_000)]))).kind).toBe('granted');
    expect(await stored(gate, 'floor')).toBe(2);
    expect(done).toBe(false);
    await advancing;
  });

  test('a second one while the first waits, waits as well, and one that goes higher waits for both', async () => {
    const gate = await openGate(1);
    await admit(gate, asking(1, [inTotal(1_000)]));
    const first = elapsed(gate.advance(2, terms));
    const second = elapsed(gate.advance(2, terms));
    await admit(gate, asking(2, [inTotal(1_000)]));
    const third = elapsed(gate.advance(3, terms));
    for (const waitedMs of await Promise.all([first, second, third])) expect(waitedMs).toBeGreaterThanOrEqual(900);
    expect(await stored(gate, 'floor')).toBe(3);
  });

  test('of a restarted gate waits the longest time that its predecessor could have given', async () => {
    const gate = await openGate(1);
    await admit(gate, asking(1, [inTotal(1_000)]));
    expect(await stored(gate, 'longestMs')).toBe(1_060);
    await evictDurableObject(gate);
    expect(await elapsed(gate.advance(1, terms))).toBeGreaterThanOrEqual(900);
  });

  test('of a gate that never answered waits for nothing', async () => {
    const gate = await openGate(1);
    await evictDurableObject(gate);
    expect(await elapsed(gate.advance(2, terms))).toBeLessThan(400);
  });
});

describe('counters', () => {
  async function spend(gate: Gate, limits: readonly Limit[], most: number, leaseMs = 0): Promise<number> {
    let permits = 0;
    while (permits < most) {
      const given = await admit(gate, asking(1, limits, { leaseMs }));
      if (given.kind !== 'granted') break;
      permits += given.permits;
    }
    return permits;
  }

  test('of a small limit are exact across evictions', async () => {
    const gate = await openGate(1);
    const limits = [inTotal(10)];
    let permits = 0;
    for (let n = 0; n < 12; n++) {
      permits += await spend(gate, limits, 1);
      await evictDurableObject(gate);
    }
    expect(permits).toBe(10);
    expect(await gate.inspect(limits)).toMatchObject({ granted: 10 });
  });

  test('of a large limit survive a crash: never less than was granted, and less than one block more', async () => {
    const gate = await openGate(1);
    const limits = [inTotal(20_000)];
    const permits = await spend(gate, limits, 25);
    await evictDurableObject(gate);
    const { granted } = await gate.inspect(limits);
    expect(granted).toBeGreaterThanOrEqual(permits);
    expect(granted).toBeLessThan(permits + 20);
  });

  test('of a window survive eviction', async () => {
    const gate = await openGate(1);
    expect(await spend(gate, [perMinute(20)], 100)).toBe(20);
    await evictDurableObject(gate);
    expect(await spend(gate, [perMinute(20)], 100)).toBe(0);
    clock.movedMs = 62_000;
    expect(await spend(gate, [perMinute(20)], 100)).toBe(20);
  });

  test('parallel questions get no more than the limit', async () => {
    const gate = await openGate(1);
    const given = await Promise.all(Array.from({ length: 40 }, () => admit(gate, asking(1, [inTotal(10)]))));
    expect(given.filter(({ kind }) => kind === 'granted').length).toBe(10);
  });

  test('are written exactly by an alarm when traffic has stopped, and not before', async () => {
    const gate = await openGate(1);
    const limits = [inTotal(20_000)];
    await spend(gate, limits, 5);
    clock.movedMs = 3_000;
    await spend(gate, limits, 1);
    clock.movedMs = 5_500;
    expect(await runDurableObjectAlarm(gate)).toBe(true);
    expect(await stored(gate, 'meter')).toMatchObject({ reserve: 19 });
    clock.movedMs = 9_000;
    expect(await runDurableObjectAlarm(gate)).toBe(true);
    expect(await stored(gate, 'meter')).toMatchObject({ meter: { granted: 6 }, reserve: 0 });
    expect(await runDurableObjectAlarm(gate)).toBe(false);
    await evictDurableObject(gate);
    expect(await gate.inspect(limits)).toMatchObject({ granted: 6 });
  });

  test('what came back after the last grant is written too', async () => {
    const gate = await openGate(1);
    const { id } = (await admit(gate, asking(1, [inTotal(20_000)]))) as Granted;
    clock.movedMs = 6_000;
    await runDurableObjectAlarm(gate);
    await gate.settle([{ id, used: 2, closed: true }]);
    expect(await stored(gate, 'meter')).toMatchObject({ meter: { granted: 2, used: 2 }, reserve: 0 });
    expect(await runDurableObjectAlarm(gate)).toBe(false);
  });

  test('of a key that is used once in a while are written exactly, without an alarm', async () => {
    const gate = await openGate(1);
    for (const pauses of [0, 1, 2]) {
      clock.movedMs = pauses * 6_000;
      const { id } = (await admit(gate, asking(1, [inTotal(20_000)], { want: 1 }))) as Granted;
      await gate.settle([{ id, used: 1, closed: true }]);
      const granted = pauses + 1;
      expect(await stored(gate, 'meter')).toMatchObject({ meter: { granted, used: granted }, reserve: 0 });
      expect(await inside(gate, (storage) => storage.getAlarm())).toBeNull();
    }
  });

  test('permits of before an eviction do not come back: they stay counted, apart from what was used', async () => {
    const gate = await openGate(1);
    const { id } = (await admit(gate, asking(1, [inTotal(1_000)]))) as Granted;
    await evictDurableObject(gate);
    await gate.settle([{ id, used: 0, closed: true }]);
    expect(await gate.inspect([inTotal(1_000)])).toMatchObject({ granted: 10, used: 0 });
  });
});

describe('the end of a key', () => {
  test('erases the state at its time and not before; then every cached record is stale', async () => {
    const gate = await openGate(1);
    await admit(gate, asking(1, [inTotal(1_000)]));
    await gate.retire(Date.now() + 60_000);
    clock.movedMs = 30_000;
    await runDurableObjectAlarm(gate);
    expect(await stored(gate, 'floor')).toBe(1);
    clock.movedMs = 61_000;
    expect(await runDurableObjectAlarm(gate)).toBe(true);
    expect(await inside(gate, (storage) => [...storage.kv.list()])).toEqual([]);
    expect(await inside(gate, (storage) => storage.getAlarm())).toBeNull();
    expect(await admit(gate, asking(1, [inTotal(1_000)]))).toEqual({ kind: 'stale', floor: 0 });
    await admit(gate, asking(1, [inTotal(1_000)], { fresh: terms }));
    expect(await gate.inspect([])).toMatchObject({ granted: 10 });
  });

  test('does not let an advance forget what was answered just before', async () => {
    const gate = await openGate(1);
    await gate.retire(Date.now());
    await admit(gate, asking(1, [inTotal(1_000)]));
    await inside(gate, (_, instance) => instance.alarm());
    expect(await elapsed(gate.advance(2, terms))).toBeGreaterThanOrEqual(900);
  });
});

describe('the table of due jobs', () => {
  test('has the alarm at the earliest job, after another job was done and after a restart', async () => {
    const gate = await openGate(1);
    const eraseAtMs = Date.now() + 60_000;
    const alarmAt = () => inside(gate, (storage) => storage.getAlarm());
    await gate.retire(eraseAtMs);
    expect(await alarmAt()).toBe(eraseAtMs);
    for (let i = 0; i < 2; i++) await admit(gate, asking(1, [inTotal(1_000)]));
    expect(await alarmAt()).toBeLessThan(eraseAtMs);
    clock.movedMs = 6_000;
    await runDurableObjectAlarm(gate);
    expect(await alarmAt()).toBe(eraseAtMs);
    await inside(gate, (storage) => storage.deleteAlarm());
    await evictDurableObject(gate);
    await gate.inspect([]);
    expect(await alarmAt()).toBe(eraseAtMs);
  });

  test('is armed again even where a job fails, and that job is due again', async () => {
    const gate = await openGate(1);
    await gate.retire(Date.now() + 60_000);
    for (let i = 0; i < 2; i++) await admit(gate, asking(1, [inTotal(20_000)]));
    const failed = inside(gate, async (storage, instance) => {
      clock.movedMs = 6_000;
      await storage.deleteAlarm();
      const put = storage.kv.put.bind(storage.kv);
      Object.defineProperty(storage.kv, 'put', {
        configurable: true,
        value: (name: string, value: unknown) => {
          if (name === 'meter') throw new Error('full');
          put(name, value);
        },
      });
      await expect(instance.alarm()).rejects.toThrow('full');
      Reflect.deleteProperty(storage.kv, 'put');
      return storage.getAlarm();
    });
    expect(await failed).toBeLessThan(Date.now() + clock.movedMs + 2_000);
    clock.movedMs = 8_000;
    await runDurableObjectAlarm(gate);
    expect(await stored(gate, 'meter')).toMatchObject({ reserve: 0 });
  });
});

describe('the gate of a key that is purged', () => {
  const later = () => Date.now() + 3_600_000;
  const everything = [1, 2, 1_000_000].map((generation) => asking(generation, [], { fresh: terms }));
  const stale = { kind: 'stale', floor: PURGED_FLOOR };

  test('that never granted never will, to whatever record, also after a crash, and says so when it is asked again', async () => {
    const gate = await openGate(1);
    expect(await gate.retireIfUnused(later())).toBe(true);
    for (let i = 0; i < 2; i++) {
      for (const ask of everything) expect(await admit(gate, ask)).toEqual(stale);
      expect(await gate.confirm(7, terms, 1_000)).toEqual(stale);
      expect(await gate.advance(7, terms)).toBe(PURGED_FLOOR);
      expect(await gate.inspect([])).toMatchObject({ floor: PURGED_FLOOR, terms: null });
      expect(await gate.retireIfUnused(later())).toBe(true);
      await evictDurableObject(gate);
    }
  });

  test('that nobody has asked before is one as well', async () => {
    const gate = newGate();
    expect(await gate.retireIfUnused(later())).toBe(true);
    expect(await admit(gate, asking(1, [], { fresh: terms }))).toEqual(stale);
  });

  test('that has granted goes on as it was, also after a crash', async () => {
    const gate = await openGate(1);
    expect((await admit(gate, asking(1, []))).kind).toBe('granted');
    for (let i = 0; i < 2; i++) {
      expect(await gate.retireIfUnused(later())).toBe(false);
      expect(await stored(gate, 'floor')).toBe(1);
      expect((await admit(gate, asking(1, []))).kind).toBe('granted');
      await evictDurableObject(gate);
    }
    expect(await inside(gate, (storage) => storage.kv.get<Record<string, number>>('jobs'))).not.toHaveProperty('erase');
  });

  test('is one where all that was granted came back unused, and not before', async () => {
    const gate = await openGate(1);
    const given = (await admit(gate, asking(1, [inTotal(1_000)]))) as Granted;
    expect(await gate.retireIfUnused(later())).toBe(false);
    await gate.settle([{ id: given.id, used: 0, closed: true }]);
    expect(await gate.retireIfUnused(later())).toBe(true);
  });

  test('either counts a request that comes at the same moment, and goes on, or refuses it', async () => {
    for (let n = 0; n < 10; n++) {
      const gate = await openGate(1);
      const asks = Array.from({ length: 6 }, () => () => admit(gate, asking(1, [inTotal(1_000)], { fresh: terms })));
      asks.splice(n % 7, 0, () => gate.retireIfUnused(later()) as never);
      const answers = await Promise.all(asks.map((ask) => ask()));
      const [isRetired] = answers.splice(n % 7, 1) as unknown as [boolean];
      const granted = answers.filter(({ kind }) => kind === 'granted');
      expect(granted.length > 0).toBe(!isRetired);
      if (isRetired) expect(answers).toEqual(Array.from({ length: 6 }, () => stale));
    }
  });

  test('refuses a request that was drawing from the ledger when it came, or has counted it', async () => {
    const gate = await openGate(1);
    const account = { accountId: 'acc_purged', limits: [perMinute(1_000)], credits: null };
    const drawing = admit(gate, asking(1, [], { account, fresh: terms }));
    const [answer, isRetired] = await Promise.all([drawing, gate.retireIfUnused(later())]);
    expect(answer.kind).toBe(isRetired ? 'stale' : 'granted');
  });

  test('answers when nothing can be used any more of what it has said before', async () => {
    const [confirmed, refused] = [await openGate(1), await openGate(1)];
    await confirmed.confirm(1, null, 1_000);
    await admit(refused, asking(1, [inTotal(0)]));
    const times = await Promise.all([confirmed, refused].map((gate) => elapsed(gate.retireIfUnused(later()))));
    for (const waitedMs of times) expect(waitedMs).toBeGreaterThanOrEqual(900);
  });

  test('forgets all at its time, and not before', async () => {
    const gate = await openGate(1);
    await gate.retireIfUnused(Date.now() + 60_000);
    await runDurableObjectAlarm(gate);
    expect(await stored(gate, 'floor')).toBe(PURGED_FLOOR);
    clock.movedMs = 61_000;
    await runDurableObjectAlarm(gate);
    expect(await inside(gate, (storage) => [...storage.kv.list()])).toEqual([]);
    expect(await admit(gate, asking(1, []))).toEqual({ kind: 'stale', floor: 0 });
  });
});

describe('stored state', () => {
  test('has a version, and a gate refuses to run on that of a newer Worker', async () => {
    const gate = await openGate(1);
    expect(await stored(gate, 'version')).toBe(1);
    await inside(gate, (storage) => storage.kv.put('version', 2));
    await evictDurableObject(gate);
    await expect(Promise.resolve(gate.inspect([]))).rejects.toThrow(/version 2/);
  });
});
