import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { random } from '../meter/timeline.ts';
import { gateOf, limitsOf, logOf, usageOf } from '../support/books.ts';
import { type Cluster, type IssuedKey, startCluster } from '../support/cluster.ts';
import { type Arrival, type Call, load, notingOrigin, passagesOf, sentOf, surelyWithin } from '../support/load.ts';
import type { Json } from '../support/reply.ts';

/*
 * Promise 2 for whole accounts, and that all books agree: eight isolates, several keys of each account, load at random
 * moments. A limit holds for the moment of admission, which lies between that at which the client sent its request and
 * that at which the origin received it. How long the way to the origin takes varies, by a second on a busy machine; so a
 * request counts in a window where its whole way lies within it, since then it was surely admitted there.
 */

const ISOLATES = 8;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const SEED = 20_260_801;
const SETTLES_WITHIN_MS = 20_000;

const POLICY = {
  error: { body: { reason: '{reason}' } },
  plans: {
    free: {},
    minute: { rates: { per_minute: 600 } },
    second: { rates: { per_second: 12 } },
    month: { quota: { requests: 300, window: 'month' } },
    mixed: { rates: { per_second: 15, per_minute: 200 } },
  },
};

/** A limit of an account or of one of its keys; `windowMs` null: in total, or over a month that does not end here. */
interface Bound {
  readonly what: string;
  readonly keyId?: string;
  readonly limit: number;
  readonly windowMs: number | null;
}

interface Account {
  readonly id: string;
  readonly keys: readonly IssuedKey[];
  readonly bounds: readonly Bound[];
}

async function open(
  cluster: Cluster,
  plan: string,
  shared: readonly Omit<Bound, 'keyId'>[],
  limits: readonly (Omit<Bound, 'keyId' | 'what'> | null)[],
): Promise<Account> {
  const id = await cluster.account(plan, plan);
  const keys: IssuedKey[] = [];
  const bounds: Bound[] = [...shared];
  for (const bound of limits) {
    const key = await cluster.issue(id, bound === null ? {} : fieldsOf(bound));
    keys.push(key);
    if (bound !== null) bounds.push({ ...bound, what: `a key of ${plan}`, keyId: key.id });
  }
  return { id, keys, bounds };
}

function fieldsOf({ limit, windowMs }: Omit<Bound, 'what'>): Record<string, unknown> {
  if (windowMs === SECOND_MS) return { rate_limit_per_second: limit };
  return windowMs === MINUTE_MS ? { rate_limit_per_minute: limit } : { quotas: { total: limit } };
}

/** The most that was surely admitted within a bound's window. */
function mostOf(bound: Bound, arrivals: readonly Arrival[], sent: ReadonlyMap<string, number>): number {
  const counted = arrivals.filter(({ keyId }) => bound.keyId === undefined || keyId === bound.keyId);
  if (bound.windowMs === null) return counted.length;
  return surelyWithin(passagesOf(counted, sent), bound.windowMs);
}

function expectKept({ bounds }: Account, arrivals: readonly Arrival[], sent: ReadonlyMap<string, number>): void {
  for (const bound of bounds) {
    expect({ ...bound, most: mostOf(bound, arrivals, sent) }).toSatisfy(({ most }) => most <= bound.limit);
  }
}

function countBy<T>(items: readonly T[], by: (item: T) => string): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(items, by)].map(([name, group]) => [name, group.length]));
}

const gatesOf = (cluster: Cluster, keys: readonly IssuedKey[]): Promise<Json[]> =>
  Promise.all(keys.map(({ id }) => gateOf(cluster, id)));

it('in eight isolates no window of any limit is exceeded, they are used to 95 %, and all books agree to the request', {
  timeout: 150_000,
}, async () => {
  const rng = random(SEED);
  const { origin, arrivals } = await notingOrigin();
  const cluster = await startCluster({ isolates: ISOLATES, origin, policy: POLICY });
  try {
    const minute = await open(
      cluster,
      'minute',
      [{ what: 'the plan per minute', limit: 600, windowMs: MINUTE_MS }],
      [{ limit: 100, windowMs: MINUTE_MS }, null, null],
    );
    const second = await open(
      cluster,
      'second',
      [{ what: 'the plan per second', limit: 12, windowMs: SECOND_MS }],
      [{ limit: 3, windowMs: SECOND_MS }, null, null],
    );
    const month = await open(
      cluster,
      'month',
      [{ what: 'the quota of a month', limit: 300, windowMs: null }],
      [{ limit: 70, windowMs: null }, null, null],
    );
    const own = await open(
      cluster,
      'free',
      [],
      [
        { limit: 200, windowMs: MINUTE_MS },
        { limit: 8, windowMs: SECOND_MS },
        { limit: 150, windowMs: null },
      ],
    );
    const accounts = [minute, second, month, own];
    const untilMs = performance.now() + MINUTE_MS + 3_000;
    const run = (account: Account, perSecond: number) =>
      load(() => cluster, { keys: account.keys, perSecond }, rng, untilMs);
    const calls = await Promise.all([run(minute, 20), run(second, 60), run(month, 10), run(own, 90)]);
    const sent = sentOf(calls.flat());
    const arrived = (account: Account) => arrivals.filter(({ account: id }) => id === account.id);

    for (const account of accounts) expectKept(account, arrived(account), sent);

    const ofKey = (n: number) => arrived(own).filter(({ keyId }) => keyId === own.keys[n]?.id);
    const used = {
      'the plan per minute': inFirstMinute(arrived(minute)) / 600,
      'the quota of a month': arrived(month).length / 300,
      'a key per minute': inFirstMinute(ofKey(0)) / 200,
      'a key in total': ofKey(2).length / 150,
    };
    for (const [what, share] of Object.entries(used)) expect([what, share]).toSatisfy(() => share >= 0.95);
    const wayMs = median(arrivals.map(({ requestId, atMs }) => atMs - (sent.get(requestId) ?? atMs)));
    const bySecond = {
      'the plan per second': [inFirstMinute(arrived(second)) / (60 * 12), reachable(wayMs, 60)],
      'a key per second': [inFirstMinute(ofKey(1)) / (60 * 8), reachable(wayMs, 30)],
    } as const;
    for (const [what, [share, most]] of Object.entries(bySecond)) {
      expect([what, share, most]).toSatisfy(() => share >= 0.95 * most);
    }

    await Promise.all(
      accounts.map((account, i) => expectAgreement(cluster, account, arrived(account), calls[i] as Call[])),
    );
  } finally {
    await cluster.stop();
  }
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/**
 * The share of a limit per second that can be used: a permit is free again a second after its use is known, for which
 * about two ways are gone, and then waits for the next of so many calls.
 */
function reachable(wayMs: number, callsPerSecond: number): number {
  return SECOND_MS / (SECOND_MS + 2 * wayMs + SECOND_MS / callsPerSecond);
}

function inFirstMinute(arrived: readonly Arrival[]): number {
  const firstMs = (arrived[0] as Arrival).atMs;
  return arrived.filter(({ atMs }) => atMs - firstMs < MINUTE_MS).length;
}

/** The books of an account agree with each other, with the origin, and with what clients saw. */
async function expectAgreement(
  cluster: Cluster,
  { id: account, keys, bounds }: Account,
  arrived: readonly Arrival[],
  calls: readonly Call[],
): Promise<void> {
  const isShared = bounds.some(({ keyId }) => keyId === undefined);
  const ofKeys = keys.map(({ id }) => arrived.filter(({ keyId }) => keyId === id).length);
  const counted = ofKeys.map((n) => ({ granted: n, used: n }));
  await vi.waitFor(
    async () => {
      expect(await logOf(cluster, account)).toHaveLength(calls.length);
      expect(await gatesOf(cluster, keys)).toMatchObject(counted);
      const all = { granted: arrived.length, used: arrived.length, unreported: 0 };
      if (isShared) expect(await limitsOf(cluster, account)).toMatchObject(all);
    },
    { timeout: SETTLES_WITHIN_MS, interval: 500 },
  );
  const log = await logOf(cluster, account);
  const usage = await usageOf(cluster, account);
  const passed = log.filter(({ reason }) => reason === null);
  const refused = log.filter(({ reason }) => reason !== null);
  expect(passed.map(({ request_id: id }) => id).sort()).toEqual(arrived.map(({ requestId }) => requestId).sort());
  expect(countBy(refused, ({ reason }) => reason)).toEqual(usage.reasons);
  expect(
    countBy(
      calls.filter(({ reason }) => reason !== null),
      ({ reason }) => String(reason),
    ),
  ).toEqual(usage.reasons);
  expect([usage.requests, usage.statuses['2xx']]).toEqual([log.length, arrived.length]);
  for (const [i, { id }] of keys.entries()) {
    const ofKey = await usageOf(cluster, account, `&key=${id}`);
    expect([ofKey.requests, ofKey.statuses['2xx']]).toEqual([log.filter(({ key }) => key === id).length, ofKeys[i]]);
  }
}

it('across kills of the process, and crashes of gates and ledgers, no limit is exceeded and nothing is counted twice', {
  timeout: 150_000,
}, async () => {
  const rng = random(SEED + 1);
  const { origin, arrivals } = await notingOrigin();
  const stateDir = await mkdtemp(join(tmpdir(), 'keystile-accounting-'));
  const start = () => startCluster({ isolates: ISOLATES, origin, policy: POLICY, stateDir });
  let cluster = await start();
  try {
    const mixed = await open(
      cluster,
      'mixed',
      [
        { what: 'the plan per second', limit: 15, windowMs: SECOND_MS },
        { what: 'the plan per minute', limit: 200, windowMs: MINUTE_MS },
      ],
      [{ limit: 50, windowMs: MINUTE_MS }, { limit: 5, windowMs: SECOND_MS }, null],
    );
    const month = await open(
      cluster,
      'month',
      [{ what: 'the quota of a month', limit: 300, windowMs: null }],
      [{ limit: 80, windowMs: null }, { limit: 100, windowMs: MINUTE_MS }, null],
    );
    const accounts = [mixed, month];
    const untilMs = performance.now() + 18_000;
    const killsMs = [rng.between(4_000, 7_000), rng.between(10_000, 14_000)].map((ms) => untilMs - 18_000 + ms);
    const run = (account: Account) => load(() => cluster, { keys: account.keys, perSecond: 30 }, rng, untilMs);
    const [calls] = await Promise.all([Promise.all(accounts.map(run)), haunt()]);

    async function haunt(): Promise<void> {
      const keyIds = accounts.flatMap(({ keys }) => keys.map(({ id }) => id));
      while (performance.now() < untilMs) {
        await pause(rng.between(200, 1_500));
        if (performance.now() > (killsMs[0] ?? untilMs)) {
          killsMs.shift();
          await cluster.kill();
          cluster = await start();
        } else if (rng.chance(0.5)) {
          await cluster.crashLedger(accounts[Math.floor(rng.between(0, accounts.length))]?.id ?? '');
        } else await cluster.crashGate(keyIds[Math.floor(rng.between(0, keyIds.length))] ?? '');
      }
    }

    expect(killsMs).toEqual([]);
    const sent = sentOf(calls.flat());
    for (const account of accounts) {
      const arrived = arrivals.filter(({ account: id }) => id === account.id);
      expect(arrived.length).toBeGreaterThan(100);
      expectKept(account, arrived, sent);
      await expectNothingTwice(cluster, account, arrived);
    }
  } finally {
    await cluster.stop();
    await rm(stateDir, { recursive: true });
  }
});

/** What was lost is in no book, nothing is in one twice, and the counters are never below what the origin has seen. */
async function expectNothingTwice(
  cluster: Cluster,
  { id: account, keys, bounds }: Account,
  arrived: readonly Arrival[],
): Promise<void> {
  let last = -1;
  await vi.waitFor(
    async () => {
      const before = last;
      last = (await logOf(cluster, account)).length;
      expect(last).toBe(before);
    },
    { timeout: SETTLES_WITHIN_MS, interval: 3_000 },
  );
  const log = await logOf(cluster, account);
  const usage = await usageOf(cluster, account);
  const passed = log.filter(({ reason }) => reason === null);
  const refused = log.filter(({ reason }) => reason !== null);
  const ids = new Set(arrived.map(({ requestId }) => requestId));
  expect(new Set(log.map(({ request_id: id }) => id)).size).toBe(log.length);
  expect(passed.filter(({ request_id: id }) => !ids.has(id))).toEqual([]);
  expect(usage.requests).toBe(log.length);
  expect(usage.statuses['2xx']).toBe(passed.length);
  expect(usage.reasons).toEqual(countBy(refused, ({ reason }) => reason));

  const gates = await gatesOf(cluster, keys);
  for (const [i, { id }] of keys.entries()) {
    const { granted, used } = gates[i];
    expect(granted).toBeGreaterThanOrEqual(arrived.filter(({ keyId }) => keyId === id).length);
    expect(used).toBeLessThanOrEqual(granted);
  }
  const ledger = await limitsOf(cluster, account);
  expect(ledger.granted).toBeGreaterThanOrEqual(arrived.length);
  expect(ledger.used + ledger.unreported).toBe(ledger.granted);
  const quota = bounds.find(({ what }) => what === 'the quota of a month');
  if (quota !== undefined) expect(ledger.granted).toBeLessThanOrEqual(quota.limit);
}
