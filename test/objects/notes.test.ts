import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Terms } from '../../src/decision/record.ts';
import type { CreditTerms } from '../../src/meter/credits.ts';
import type { Granted, Refused } from '../../src/meter/gate.ts';
import type { Limit } from '../../src/meter/meter.ts';
import type { Draw } from '../../src/objects/account-ledger.ts';
import type { GateAsk } from '../../src/objects/key-gate.ts';
import type { LockNote } from '../../src/objects/lockout.ts';
import { keepNotes } from '../../src/objects/notes.ts';
import { alertNote, type DatedNote } from '../../src/registry/note.ts';
import { clock } from '../support/objects-worker.ts';
import { gates, ledgers, lockouts, metrics } from './bindings.ts';
import { batchOf, request } from './ledger-events.ts';
import {
  addKey,
  bringBack,
  db,
  type Entry,
  keptIn,
  openTrail,
  quiet,
  storageOf,
  takeAway,
  told,
  trailOf,
} from './trail.ts';

const HOUR_MS = 3_600_000;
const TERMS: Terms = {
  status: 'active',
  accountStatus: 'active',
  expiresAtMs: null,
  ratePerMinute: null,
  ratePerSecond: null,
  quotas: {},
  role: 'developer',
  addresses: null,
  plan: 'standard',
  budgetMicro: null,
};
const RULE = { strikes: 3, windowMs: 300_000, lockMs: 900_000 };
const RECORDED = { retention: { ageMs: HOUR_MS, bytes: 1_000_000 }, anchorMs: 0 };

const total = (limit: number): Limit => ({ name: 'total', limit, windowMs: null, warnPercent: 80 });
const ask = (limits: readonly Limit[], more: Partial<GateAsk> = {}): GateAsk => ({
  generation: 1,
  want: 1,
  leaseMs: 1_000,
  limits,
  reserve: 0,
  settle: [],
  account: null,
  fresh: null,
  ...more,
});
const usesOf = (entries: readonly Entry[]) => entries.map(({ action, after }) => [action, JSON.parse(after).used]);

let names = 0;
type Gate = ReturnType<typeof openGate>['gate'];
/** A gate of a key that the registry has. */
function openGate() {
  const id = `key_n${++names}`;
  return { id, gate: gates(env).getByName(id) };
}
async function newGate() {
  const made = openGate();
  await addKey(made.id);
  await made.gate.advance(1, TERMS);
  return made;
}

/** Uses a key so often, each time with what became of the permit before. */
async function use(gate: Gate, times: number, limits: readonly Limit[]): Promise<void> {
  let settle: GateAsk['settle'] = [];
  for (let i = 0; i < times; i++) {
    const given = (await gate.admit(ask(limits, { settle }))) as Granted | Refused;
    settle = given.kind === 'granted' ? [{ id: given.id, used: 1, closed: true }] : [];
  }
  await gate.settle(settle);
}

let isAway = false;
const away = async () => {
  await takeAway();
  isAway = true;
};
const back = async () => {
  await bringBack();
  isAway = false;
};

beforeAll(openTrail);
beforeEach(() => {
  clock.movedMs = 0;
});
afterEach(async () => {
  if (isAway) await back();
});

describe("a key's gate", () => {
  test('tells when most of a quota is used and when all of it is, in the trail of the key and its account', async () => {
    const { id, gate } = await newGate();
    await use(gate, 7, [total(10)]);
    expect(await keptIn(gate)).toEqual([]);
    await use(gate, 1, [total(10)]);
    expect(usesOf(await told(id, 1))).toEqual([['quota.warning', 8]]);
    await use(gate, 4, [total(10)]);
    const [warning, reached, ...more] = await told(id, 2);
    expect(more).toEqual([]);
    expect(warning).toMatchObject({ actor: 'system', account_id: 'acc_1', key_id: id, address: null });
    expect(JSON.parse(reached?.after ?? '')).toEqual({
      quota: 'total',
      unit: 'requests',
      limit: 10,
      used: 10,
      percent: 100,
      windowMs: null,
    });
    await quiet(gate);
  });

  test('tells by a report alone, where no later question comes', async () => {
    const { id, gate } = await newGate();
    const given = (await gate.admit(ask([total(1)]))) as Granted;
    expect(await keptIn(gate)).toEqual([]);
    await gate.settle([{ id: given.id, used: 1, closed: true }]);
    expect(usesOf(await told(id, 2))).toEqual([
      ['quota.warning', 1],
      ['quota.reached', 1],
    ]);
  });

  test('tells that a quota is reached by the request that it refuses, although a lease may bring something back', async () => {
    const { id, gate } = await newGate();
    await gate.admit(ask([total(1)]));
    expect((await gate.admit(ask([total(1)]))).kind).toBe('refused');
    expect(usesOf(await told(id, 2))).toEqual([
      ['quota.warning', 1],
      ['quota.reached', 1],
    ]);
  });

  test('tells nothing of a rate, nor of a quota of which an isolate of the version before says nothing', async () => {
    const { gate } = await newGate();
    const { warnPercent: _, ...old } = total(3);
    await use(gate, 5, [old, { name: 'rate', limit: 4, windowMs: 60_000 }]);
    expect(await keptIn(gate)).toEqual([]);
    expect(await storageOf(gate, ({ kv }) => kv.get('quotasTold'))).toBeUndefined();
  });

  test('loses nothing and tells nothing twice, whether it is evicted or the registry is away', async () => {
    const { id, gate } = await newGate();
    await away();
    await use(gate, 4, [total(5)]);
    expect(await keptIn(gate)).toHaveLength(1);
    await evictDurableObject(gate);
    // What its predecessor had counted ahead is less than a block, which is 1.
    await use(gate, 2, [total(5)]);
    expect(await keptIn(gate)).toHaveLength(2);
    await evictDurableObject(gate);
    expect(await keptIn(gate)).toHaveLength(2);
    await back();
    expect(usesOf(await told(id, 2))).toEqual([
      ['quota.warning', 4],
      ['quota.reached', 5],
    ]);
    await quiet(gate);
    await evictDurableObject(gate);
    await use(gate, 2, [total(5)]);
    expect(await keptIn(gate)).toEqual([]);
    expect(await trailOf(id)).toHaveLength(2);
  });

  test('that ends between telling and forgetting tells it once', async () => {
    const { id, gate } = await newGate();
    await away();
    await use(gate, 1, [total(1)]);
    const kept = await keptIn(gate);
    await back();
    await told(id, 2);
    await quiet(gate);
    await storageOf(gate, ({ kv }) => {
      for (const [name, note] of kept) kv.put(name, note);
      kv.put('jobs', { tell: 1 });
    });
    await evictDurableObject(gate);
    await gate.inspect([]);
    await quiet(gate);
    expect(await trailOf(id)).toHaveLength(2);
  });

  test('drops what is of a key that is gone', async () => {
    const { id, gate } = openGate();
    await gate.advance(1, TERMS);
    await use(gate, 1, [total(1)]);
    await quiet(gate);
    expect(await trailOf(id)).toEqual([]);
  });

  test('is not erased before all is told, and begins anew after', async () => {
    const { id, gate } = await newGate();
    await away();
    await use(gate, 1, [total(1)]);
    await gate.retire(1);
    await runDurableObjectAlarm(gate);
    expect(await keptIn(gate)).toHaveLength(2);
    await back();
    await told(id, 2);
    clock.movedMs = 10 * 60_000;
    await expect
      .poll(async () => {
        await runDurableObjectAlarm(gate);
        return storageOf(gate, ({ kv }) => [...kv.list()]);
      })
      .toEqual([]);
    await gate.advance(2, TERMS);
    await use(
      gate,
      1,
      [total(1)].map((limit) => ({ ...limit })),
    ).catch(() => undefined);
    const asked = (await gate.admit(ask([total(1)], { generation: 2 }))) as Granted;
    await gate.settle([{ id: asked.id, used: 1, closed: true }]);
    expect(await told(id, 4)).toHaveLength(4);
  });
});

describe('what cannot be told', () => {
  test('is tried again after pauses that grow to a quarter of an hour, and what comes meanwhile waits with it', async () => {
    const { id, gate } = await newGate();
    const plannedInMs = async () => {
      const { tell } = await storageOf(gate, ({ kv }) => kv.get<Record<string, number>>('jobs') ?? {});
      return (tell ?? 0) - Date.now() - clock.movedMs;
    };
    await away();
    await use(gate, 8, [total(10)]);
    const pauses: number[] = [];
    for (let i = 0; i < 14; i++) {
      await runDurableObjectAlarm(gate);
      const inMs = await plannedInMs();
      pauses.push(inMs);
      clock.movedMs += Math.max(0, inMs) + 5;
    }
    for (const [i, pauseMs] of pauses.entries()) expect(pauseMs).toBeGreaterThanOrEqual((pauses[i - 1] ?? 0) * 0.9);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(900_000);
    expect(pauses.at(-1)).toBeGreaterThan(800_000);
    clock.movedMs -= 5_000;
    const before = await plannedInMs();
    await use(gate, 2, [total(10)]);
    expect(await keptIn(gate)).toHaveLength(2);
    expect(Math.abs((await plannedInMs()) - before)).toBeLessThan(2_000);
    clock.movedMs += 1_000_000;
    await back();
    await runDurableObjectAlarm(gate);
    expect(usesOf(await trailOf(id))).toEqual([
      ['quota.warning', 8],
      ['quota.reached', 10],
    ]);
    expect(await storageOf(gate, ({ kv }) => kv.get('noteFailures'))).toBeUndefined();
  });

  test('stands in the trail at a time that is not long before it was written', async () => {
    const { id, gate } = await newGate();
    await away();
    await use(gate, 1, [total(1)]);
    await runDurableObjectAlarm(gate);
    clock.movedMs = 2 * HOUR_MS;
    await back();
    await runDurableObjectAlarm(gate);
    for (const { at_ms: atMs } of await trailOf(id)) {
      expect(atMs).toBeGreaterThanOrEqual(Date.now() + clock.movedMs - 310_000);
      expect(atMs).toBeLessThanOrEqual(Date.now() + clock.movedMs - 290_000);
    }
    expect(await trailOf(id)).toHaveLength(2);
  });

  test('is told in its order, however much it is', async () => {
    const { gate } = await newGate();
    const notes = Array.from({ length: 130 }, (_, i): DatedNote => alertNote('test.many', `${i}`, { i }, 1));
    await storageOf(gate, (storage) => keepNotes(storage, notes.slice(0, 7)));
    await storageOf(gate, (storage) => keepNotes(storage, notes.slice(7)));
    const entries = await told('test.many', 130);
    expect(entries.map(({ after }) => JSON.parse(after).i)).toEqual(Array.from({ length: 130 }, (_, i) => i));
    await quiet(gate);
  });
});

describe("an account's ledger", () => {
  const terms: CreditTerms = { prepaid: true, budgetMicro: null, anchorMs: 0, lowMicro: 2_000, warnPercent: 80 };
  const quota: Limit = { name: 'quota', limit: 10, windowMs: null, anchorMs: 0, warnPercent: 80 };
  const grant = (id: string, micro: number) => ({ id, micro, note: null, actor: 'admin:ada' });
  const draw = (more: Partial<Draw> = {}): Draw => ({
    id: crypto.randomUUID(),
    generation: 1,
    want: 1,
    leaseMs: 4_000,
    limits: [],
    reserve: 0,
    settle: [],
    credits: null,
    ...more,
  });
  const newLedger = () => {
    const id = `acc_n${++names}`;
    return { id, ledger: ledgers(env).getByName(id) };
  };
  /** Records requests that cost so much each. */
  const record = (
    ledger: ReturnType<typeof newLedger>['ledger'],
    costs: readonly number[],
    credits: CreditTerms | null = terms,
  ) => ledger.record(batchOf(costs.map((micro) => request({ micro }))), { ...RECORDED, credits });

  test('tells of the quota that its keys share, of nobody’s key', async () => {
    const { id, ledger } = newLedger();
    for (let i = 0; i < 10; i++) {
      const given = (await ledger.draw(draw({ limits: [quota] }))) as Granted;
      await ledger.settle([{ id: given.id, used: 1, closed: true }]);
    }
    const entries = await told(id, 2);
    expect(usesOf(entries)).toEqual([
      ['quota.warning', 8],
      ['quota.reached', 10],
    ]);
    expect(entries[0]).toMatchObject({ actor: 'system', account_id: id, key_id: null });
    await ledger.draw(draw({ limits: [quota] }));
    await ledger.draw(draw({ limits: [quota], want: 0 }));
    await quiet(ledger);
    expect(await trailOf(id)).toHaveLength(2);
  });

  test('tells by the next grant what leases have taken that a restart has cut off, since nobody reports of them', async () => {
    const { id, ledger } = newLedger();
    for (let i = 0; i < 8; i++) await ledger.draw(draw({ limits: [quota] }));
    await evictDurableObject(ledger);
    expect(await trailOf(id)).toEqual([]);
    expect((await ledger.draw(draw({ limits: [quota] }))).kind).toBe('granted');
    expect(usesOf(await told(id, 1))).toEqual([['quota.warning', 8]]);
    const gate = await newGate();
    for (let i = 0; i < 8; i++) await gate.gate.admit(ask([total(10)]));
    await evictDurableObject(gate.gate);
    await gate.gate.admit(ask([total(10)]));
    expect(usesOf(await told(gate.id, 1))).toEqual([['quota.warning', 8]]);
  });

  test('tells that a quota is reached by the question that it refuses, also where it was only asked', async () => {
    for (const want of [0, 1]) {
      const { id, ledger } = newLedger();
      await ledger.draw(draw({ limits: [{ ...quota, limit: 0 }], want }));
      expect(usesOf(await told(id, 1))).toEqual([['quota.reached', 0]]);
    }
  });

  test('tells when credits are low and when they are used up, and again after a grant, over restarts', async () => {
    const { id, ledger } = newLedger();
    const actions = async (count: number) =>
      (await told(id, count)).map(({ action, after }) => [action, JSON.parse(after).balanceMicro]);
    await ledger.grantCredits(grant('a', 5_000));
    await record(ledger, [2_000, 1_000]);
    expect(await keptIn(ledger)).toEqual([]);
    await record(ledger, [1]);
    expect(await actions(1)).toEqual([['credits.low', 1_999]]);
    await evictDurableObject(ledger);
    await record(ledger, [1_000]);
    await record(ledger, [999]);
    expect(await actions(2)).toEqual([
      ['credits.low', 1_999],
      ['credits.exhausted', 0],
    ]);
    await ledger.grantCredits(grant('b', 9_000));
    await evictDurableObject(ledger);
    await record(ledger, [8_000]);
    expect((await actions(3)).at(-1)).toEqual(['credits.low', 1_000]);
    const [low] = await told(id, 3);
    expect(JSON.parse(low?.after ?? '')).toEqual({ balanceMicro: 1_999, thresholdMicro: 2_000 });
    await quiet(ledger);
  });

  test('tells by what is spent, not by what leases hold, and by the request that it refuses', async () => {
    const { id, ledger } = newLedger();
    await ledger.grantCredits(grant('a', 5_000));
    const held = (await ledger.draw(draw({ credits: terms, reserve: 4_000 }))) as Granted;
    expect(held.micro).toBe(4_000);
    expect(await keptIn(ledger)).toEqual([]);
    expect((await ledger.draw(draw({ credits: terms, reserve: 4_000 }))).kind).toBe('refused');
    const [exhausted, ...more] = await told(id, 1);
    expect([exhausted?.action, JSON.parse(exhausted?.after ?? ''), more]).toEqual([
      'credits.exhausted',
      { balanceMicro: 5_000 },
      [],
    ]);
  });

  test('tells nothing of credits to who does not pay in advance, nor without thresholds', async () => {
    const { id, ledger } = newLedger();
    await ledger.grantCredits(grant('a', 5_000));
    const { lowMicro: _, warnPercent: __, ...old } = terms;
    await record(ledger, [4_000], { ...terms, prepaid: false });
    await record(ledger, [1_000], null);
    await record(ledger, [500], old);
    await ledger.record(batchOf([request({ micro: 500 })]), RECORDED);
    expect((await ledger.draw(draw({ credits: { ...old, budgetMicro: 0 }, reserve: 1 }))).kind).toBe('refused');
    await quiet(ledger);
    expect(await trailOf(id)).toEqual([]);
  });

  test('tells of the budget by what is spent of it', async () => {
    const { id, ledger } = newLedger();
    const budget = { ...terms, prepaid: false, budgetMicro: 1_000 };
    const given = (await ledger.draw(draw({ credits: budget, reserve: 900 }))) as Granted;
    expect(given.micro).toBe(900);
    const of = { hold: given.id, reserved: 300, micro: 280 };
    await ledger.record(batchOf([request(of), request(of)]), { ...RECORDED, credits: budget });
    expect(await keptIn(ledger)).toEqual([]);
    await ledger.record(batchOf([request({ ...of, micro: 290 })]), { ...RECORDED, credits: budget });
    const [entry] = await told(id, 1);
    expect(JSON.parse(entry?.after ?? '')).toEqual({
      quota: 'budget',
      unit: 'credits',
      limit: 1_000,
      used: 850,
      percent: 85,
      windowMs: null,
    });
    expect((await ledger.draw(draw({ credits: budget, reserve: 500 }))).kind).toBe('refused');
    expect((await told(id, 2)).map(({ action }) => action)).toEqual(['quota.warning', 'quota.reached']);
  });

  test('tells that a replaced secret is used within its grace, once for a key and hour, over restarts', async () => {
    const { ledger } = newLedger();
    const keys = [`key_n${++names}`, `key_n${++names}`] as const;
    for (const key of keys) await addKey(key);
    const startMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    const old = (keyId: string, atMs: number, more = {}) => request({ keyId, atMs, replacedAtMs: 5, ...more });
    const hours = async (key: string, count: number) =>
      (await told(key, count)).map(({ action, after }) => [action, JSON.parse(after)]);
    const hour = (n: number) => ['key.old_secret_used', { hour: new Date(startMs + n * HOUR_MS).toISOString() }];

    await ledger.record(
      batchOf([old(keys[0], startMs), old(keys[0], startMs + 1), request({ keyId: keys[1] })]),
      RECORDED,
    );
    await ledger.record(batchOf([old(keys[0], startMs + HOUR_MS - 1)]), RECORDED);
    expect(await hours(keys[0], 1)).toEqual([hour(0)]);
    await evictDurableObject(ledger);
    await ledger.record(batchOf([old(keys[0], startMs + 5), old(keys[1], startMs + HOUR_MS)]), RECORDED);
    expect(await hours(keys[1], 1)).toEqual([hour(1)]);
    await ledger.record(batchOf([old(keys[0], startMs + HOUR_MS), old(keys[0], startMs + 9)]), RECORDED);
    expect(await hours(keys[0], 2)).toEqual([hour(0), hour(1)]);
    // One that has lasted for hours, and one more of them.
    for (const i of [1, 2]) await ledger.record(batchOf([old(keys[0], startMs - i), old(keys[0], startMs)]), RECORDED);
    expect(await hours(keys[0], 3)).toEqual([hour(0), hour(1), hour(-1)]);
    const over = ['revoked', 'expired'].map((reason) => old(keys[1], startMs + 2 * HOUR_MS, { reason }));
    await ledger.record(batchOf(over), RECORDED);
    await quiet(ledger);
    expect([await trailOf(keys[0]), await trailOf(keys[1])].map(({ length }) => length)).toEqual([3, 1]);
  });

  test('takes batches of the version before, which do not say which secret was used', async () => {
    const { ledger } = newLedger();
    const { id, events } = batchOf([request({ replacedAtMs: 5 })]);
    const short = JSON.stringify((JSON.parse(events) as unknown[][]).map((event) => event.slice(0, -1)));
    await ledger.record({ id, events: short }, RECORDED);
    expect(await keptIn(ledger)).toEqual([]);
    expect((await ledger.logs({ limit: 5, cursor: null }))?.events).toEqual([request({ replacedAtMs: null })]);
  });
});

describe('a lockout', () => {
  const lockOf = (more: Partial<LockNote> = {}): LockNote => ({
    action: 'secret.locked',
    subject: null,
    address: null,
    keyId: null,
    accountId: null,
    ...more,
  });
  const newLockout = () => lockouts(env).getByName(`ip:n${++names}`);
  const strike = async (lockout: ReturnType<typeof newLockout>, times: number, note: LockNote | null) => {
    for (let i = 0; i < times; i++) await (note === null ? lockout.strike(RULE) : lockout.strike(RULE, note));
  };

  test('tells of a lock once, with until when, and loses it neither by a restart nor while the registry is away', async () => {
    const address = `192.0.2.${++names}`;
    const lockout = newLockout();
    await away();
    await strike(lockout, 2, lockOf({ action: 'address.locked', subject: address, address }));
    expect(await keptIn(lockout)).toEqual([]);
    await strike(lockout, 5, lockOf({ action: 'address.locked', subject: address, address }));
    await evictDurableObject(lockout);
    expect(await keptIn(lockout)).toHaveLength(1);
    await back();
    const [entry, ...more] = await told(address, 1);
    const { lockedUntilMs } = await lockout.inspect(RULE.windowMs);
    expect([entry, more]).toMatchObject([{ action: 'address.locked', actor: 'anyone', key_id: null, address }, []]);
    expect(JSON.parse(entry?.after ?? '')).toEqual({
      until: new Date(lockedUntilMs ?? 0).toISOString(),
      subject: address,
    });
    await quiet(lockout);
  });

  test('tells that of a key’s secret in the trail of its account, without the secret’s digest', async () => {
    const key = `key_n${++names}`;
    await addKey(key);
    await strike(newLockout(), 4, lockOf({ keyId: key, accountId: 'acc_1' }));
    const [entry] = await told(key, 1);
    expect(entry).toMatchObject({ action: 'secret.locked', account_id: 'acc_1', key_id: key });
    expect(Object.keys(JSON.parse(entry?.after ?? ''))).toEqual(['until']);
  });

  test('leaves it to an isolate of the version before to tell, which says nothing of it', async () => {
    const lockout = newLockout();
    await strike(lockout, 2, null);
    expect(await lockout.strike(RULE)).toMatchObject({ kind: 'counted', lockedUntilMs: expect.any(Number) });
    expect(await keptIn(lockout)).toEqual([]);
  });

  test('tells also where it is lifted at once, and deletes itself only after', async () => {
    const address = `192.0.2.${++names}`;
    const lockout = newLockout();
    await away();
    await strike(lockout, 3, lockOf({ action: 'address.locked', subject: address, address }));
    await lockout.lift();
    clock.movedMs = HOUR_MS;
    await runDurableObjectAlarm(lockout);
    expect(await keptIn(lockout)).toHaveLength(1);
    await back();
    clock.movedMs += HOUR_MS;
    await runDurableObjectAlarm(lockout);
    expect(await trailOf(address)).toHaveLength(1);
    clock.movedMs += HOUR_MS;
    await runDurableObjectAlarm(lockout);
    expect(await storageOf(lockout, ({ kv }) => [...kv.list()])).toEqual([]);
  });

  test('of the version before is opened: it deletes itself when it would have', async () => {
    const lockout = newLockout();
    const idleAtMs = Date.now() + 600_000;
    await storageOf(lockout, async (storage) => {
      for (const [name, value] of Object.entries({
        version: 1,
        state: { strikesAtMs: [Date.now()], lockedUntilMs: 0 },
        idleAtMs,
      })) {
        storage.kv.put(name, value);
      }
      await storage.setAlarm(idleAtMs);
    });
    await evictDurableObject(lockout);
    expect((await lockout.inspect(RULE.windowMs)).strikes).toBe(1);
    expect(await storageOf(lockout, (storage) => storage.getAlarm())).toBe(idleAtMs);
    clock.movedMs = 590_000;
    await runDurableObjectAlarm(lockout);
    expect(await storageOf(lockout, ({ kv }) => [...kv.list()])).not.toEqual([]);
    clock.movedMs = 610_000;
    await runDurableObjectAlarm(lockout);
    expect(await storageOf(lockout, ({ kv }) => [...kv.list()])).toEqual([]);
  });
});

describe('the board', () => {
  const newBoard = () => metrics(env).getByName(`board-n${++names}`);
  const notes = (action: string, ...details: string[]) =>
    details.map((detail) => alertNote(action, detail, { cause: detail }, Date.now()));

  test('tells the operator what isolates tell it, of one name the first, over restarts and while the registry is away', async () => {
    const action = `test.n${++names}`;
    const board = newBoard();
    await away();
    await board.tell(notes(action, 'store', 'lockout'));
    await board.tell(notes(action, 'store'));
    expect(await keptIn(board)).toHaveLength(2);
    await evictDurableObject(board);
    await board.tell(notes(action, 'store'));
    await back();
    const entries = await told(action, 2);
    await quiet(board);
    expect((await trailOf(action)).map(({ actor, after }) => [actor, JSON.parse(after)])).toEqual([
      ['system', { cause: 'store' }],
      ['system', { cause: 'lockout' }],
    ]);
    expect(entries[0]).toMatchObject({ account_id: null, key_id: null });
  });

  test('stores its counters on time although it cannot tell', async () => {
    const board = newBoard();
    await away();
    await board.tell(notes(`test.n${++names}`, 'store'));
    await board.add({ leases: 1 });
    clock.movedMs = 61_000;
    await runDurableObjectAlarm(board);
    expect(await storageOf(board, ({ kv }) => kv.get('counters'))).toEqual({ leases: 1 });
    expect(await keptIn(board)).toHaveLength(1);
  });
});

test('what an older version has left behind is told when a newer one starts', async () => {
  const action = `test.n${++names}`;
  const { gate } = await newGate();
  const kinds = [
    gate,
    lockouts(env).getByName(`ip:n${++names}`),
    ledgers(env).getByName(`acc_n${++names}`),
    metrics(env).getByName(`board-n${++names}`),
  ];
  for (const [i, object] of kinds.entries()) {
    await away();
    await storageOf(object, async (storage) => {
      storage.kv.put('version', 1);
      keepNotes(storage, [alertNote(action, `${i}`, {}, 1)]);
      // Its alarm rings, and it knows no job of that name.
      storage.kv.delete('jobs');
      await storage.deleteAlarm();
    });
    await back();
    await evictDurableObject(object);
    await storageOf(object, () => undefined);
    await quiet(object);
    expect(await trailOf(action)).toHaveLength(i + 1);
  }
});

test('a note that stands is not written again, nor is an entry ever lost beside it', async () => {
  const { gate } = await newGate();
  const action = `test.n${++names}`;
  await db
    .prepare("INSERT INTO audit (at_ms, actor, action, after, once) VALUES (1, 'system', ?1, '{}', ?1 || ' a 0')")
    .bind(action)
    .run();
  await storageOf(gate, (storage) =>
    keepNotes(storage, [alertNote(action, 'a', {}, 1), alertNote(action, 'b', {}, 1)]),
  );
  await quiet(gate);
  expect(await trailOf(action)).toHaveLength(2);
});
