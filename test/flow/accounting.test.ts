import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { random } from '../meter/timeline.ts';
import { gateOf, limitsOf, logOf, usageOf } from '../support/books.ts';
import { type Cluster, type IssuedKey, startCluster } from '../support/cluster.ts';
import {
  type Arrival,
  type Bound,
  type Call,
  firstOf,
  idealOf,
  load,
  notingOrigin,
  passagesOf,
  sentOf,
  surelyWithin,
} from '../support/load.ts';
import { type Json, status } from '../support/reply.ts';

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
const SETTLES_WITHIN_MS = 40_000;
/** So many requests must have arrived for a run to show anything. */
const ENOUGH = 100;

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

/** A limit of an account or of one of its keys; without a window: in total, or over a month that does not end here. */
interface Limited extends Bound {
  readonly what: string;
}

interface Account {
  readonly id: string;
  readonly keys: readonly IssuedKey[];
  readonly bounds: readonly Limited[];
}

async function open(
  cluster: Cluster,
  plan: string,
  shared: readonly Limited[],
  limits: readonly (Bound | null)[],
): Promise<Account> {
  const id = await cluster.account(plan, plan);
  const keys: IssuedKey[] = [];
  const bounds: Limited[] = [...shared];
  for (const bound of limits) {
    const key = await cluster.issue(id, bound === null ? {} : fieldsOf(bound));
    keys.push(key);
    if (bound !== null) bounds.push({ ...bound, what: `a key of ${plan}`, keyId: key.id });
  }
  return { id, keys, bounds };
}

function fieldsOf({ limit, windowMs }: Bound): Record<string, unknown> {
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

it.concurrent('in eight isolates no window of any limit is exceeded, they are used to 95 %, and all books agree to the request', {
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

    for (const [i, account] of accounts.entries()) {
      expectKept(account, arrived(account), sent);
      expectUsed(account, firstOf(calls[i] as Call[], MINUTE_MS));
    }
    await Promise.all(
      accounts.map((account, i) => expectAgreement(cluster, account, arrived(account), calls[i] as Call[])),
    );
  } finally {
    await cluster.stop();
  }
});

/** Of what its limits allowed of these calls, an account has used 95 %; where its keys share nothing, so has each. */
function expectUsed({ keys, bounds }: Account, calls: readonly Call[]): void {
  const [ideal, admitted] = [idealOf(calls, bounds), calls.filter(({ status }) => status === 200)];
  const groups = isShared(bounds) ? [keys] : keys.map((key) => [key]);
  for (const group of groups) {
    const ofGroup = (of: readonly Call[]) => of.filter(({ keyId }) => group.some(({ id }) => id === keyId)).length;
    const [used, usable] = [ofGroup(admitted), ofGroup(ideal)];
    expect({ bounds, used, usable }).toSatisfy(() => used >= 0.95 * usable);
  }
}

const isShared = (bounds: readonly Limited[]): boolean => bounds.some(({ keyId }) => keyId === undefined);

/** How many requests each book of an account has, side by side, so that a failure shows all of them. */
async function booksOf(cluster: Cluster, { id, keys, bounds }: Account) {
  const log = (await logOf(cluster, id)).length;
  const gates = (await gatesOf(cluster, keys)).map(({ granted, used }) => ({ granted, used }));
  if (!isShared(bounds)) return { log, gates, shared: null };
  const { granted, used, unreported } = await limitsOf(cluster, id);
  return { log, gates, shared: { granted, used, unreported } };
}

async function expectBooks(cluster: Cluster, of: Account, agreed: Awaited<ReturnType<typeof booksOf>>): Promise<void> {
  await vi.waitFor(async () => expect(await booksOf(cluster, of)).toEqual(agreed), {
    timeout: SETTLES_WITHIN_MS,
    interval: 500,
  });
}

/** The books of an account agree with each other, with the origin, and with what clients saw. */
async function expectAgreement(
  cluster: Cluster,
  of: Account,
  arrived: readonly Arrival[],
  calls: readonly Call[],
): Promise<void> {
  const { id: account, keys, bounds } = of;
  const ofKeys = keys.map(({ id }) => arrived.filter(({ keyId }) => keyId === id).length);
  const agreed = {
    log: calls.length,
    gates: ofKeys.map((n) => ({ granted: n, used: n })),
    shared: isShared(bounds) ? { granted: arrived.length, used: arrived.length, unreported: 0 } : null,
  };
  await expectBooks(cluster, of, agreed);
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

it.concurrent('the use of a permit after which no question comes is told before its ledger gives it up as unreported', async () => {
  const cluster = await startCluster({ policy: { ...POLICY, lease: '10s' } });
  try {
    const month = await open(cluster, 'month', [{ what: 'the quota of a month', limit: 300, windowMs: null }], [null]);
    expect(await status(cluster.call((month.keys[0] as IssuedKey).key))).toBe(200);
    const all = { granted: 1, used: 1 };
    await expectBooks(cluster, month, { log: 1, gates: [all], shared: { ...all, unreported: 0 } });
  } finally {
    await cluster.stop();
  }
});

it.concurrent('across kills of the process, and crashes of gates and ledgers, no limit is exceeded and nothing is counted twice', {
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
    const arrivedOf = (account: Account) => arrivals.filter(({ account: id }) => id === account.id);
    const calls: Call[] = [];
    const run = async (runUntilMs: number) => {
      const demands = accounts.map(({ keys }) => load(() => cluster, { keys, perSecond: 30 }, rng, runUntilMs));
      calls.push(...(await Promise.all(demands)).flat());
    };
    await Promise.all([run(untilMs), haunt()]);
    // A busy machine has spent most of that on starting anew.
    for (let more = 0; more < 10 && accounts.some((each) => arrivedOf(each).length < ENOUGH); more++) {
      await run(performance.now() + 4_000);
    }

    async function haunt(): Promise<void> {
      const keyIds = accounts.flatMap(({ keys }) => keys.map(({ id }) => id));
      while (killsMs.length > 0 || performance.now() < untilMs) {
        await pause(rng.between(200, 1_500));
        if (performance.now() > (killsMs[0] ?? Number.POSITIVE_INFINITY)) {
          killsMs.shift();
          await cluster.kill();
          cluster = await start();
        } else if (rng.chance(0.5)) {
          await cluster.crashLedger(accounts[Math.floor(rng.between(0, accounts.length))]?.id ?? '');
        } else await cluster.crashGate(keyIds[Math.floor(rng.between(0, keyIds.length))] ?? '');
      }
    }

    expect(killsMs).toEqual([]);
    const sent = sentOf(calls);
    for (const account of accounts) {
      const arrived = arrivedOf(account);
      expect(arrived.length).toBeGreaterThanOrEqual(ENOUGH);
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
