import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gateOf, grantCredits, limitsOf } from '../support/books.ts';
import { type Cluster, type IssuedKey, startCluster } from '../support/cluster.ts';
import { startOrigin, type TestOrigin } from '../support/origin.ts';
import { type Json, type Reply, read, status } from '../support/reply.ts';

/*
 * Promise: a change of a limit acts at once, in both directions, and keeps what was counted. "At once" is from the 200
 * on, in every isolate: each of eight is hot before, and all calls of objects are late by a random time. The tests mostly
 * wait for gates: they run side by side, each with an account of its own.
 */

const ISOLATES = 8;
const MONTH = { requests: 1_000, window: 'month' };

let origin: TestOrigin;
let cluster: Cluster;

const EVERY = Array.from({ length: ISOLATES }, (_, isolate) => isolate);

beforeAll(async () => {
  origin = await startOrigin();
  const origins = [{ url: origin.url }];
  const plans = {
    standard: {},
    wide: { quota: MONTH, prepaid: false },
    narrow: { quota: { ...MONTH, requests: 20 }, prepaid: false },
    paced: { rates: { per_minute: 30 }, prepaid: false },
    none: { quota: { ...MONTH, requests: 0 }, prepaid: false },
  };
  const upstreams = [
    { name: 'paid', path: '/paid/**', origins, cost: { from: 'fixed', micro: 10 } },
    { name: 'origin', origins },
  ];
  cluster = await startCluster({ isolates: ISOLATES, origin, policy: { plans, upstreams } });
  for (const isolate of EVERY) await cluster.steer(isolate, 'delays', { seed: isolate + 1, maxMs: 15 });
});
afterAll(() => cluster.stop());

/** Calls from every isolate side by side, `times` after each other. */
async function everywhere({ key }: IssuedKey, times: number, path = '/v1/models'): Promise<Reply[]> {
  const replies = await Promise.all(
    EVERY.map(async (isolate) => {
      const seen: Reply[] = [];
      for (let n = 0; n < times; n++) seen.push(await read(cluster.call(key, isolate, `10.1.0.${isolate}`, path)));
      return seen;
    }),
  );
  return replies.flat();
}

const admitted = (replies: readonly Reply[]): number => replies.filter((reply) => reply.status === 200).length;
const refusals = (replies: readonly Reply[]): Set<string> =>
  new Set(replies.filter((reply) => reply.status !== 200).map(({ status: seen, body }) => `${seen} ${body.code}`));

/**
 * Calls until `n` are admitted, and then no more. What isolates had in hand at the old limit comes back with their next
 * questions, so it may take some rounds; never is one too many admitted.
 */
async function admitsExactly(keys: readonly IssuedKey[], n: number, refused: string, path?: string): Promise<void> {
  let sum = 0;
  const round = async () => {
    const replies = (await Promise.all(keys.map((key) => everywhere(key, 1, path)))).flat();
    sum += admitted(replies);
    if (admitted(replies) < replies.length) expect(refusals(replies)).toEqual(new Set([refused]));
    expect(sum).toBeLessThanOrEqual(n);
  };
  const untilMs = performance.now() + 90_000;
  while (sum < n && performance.now() < untilMs) await round();
  await round();
  expect(sum).toBe(n);
}

async function change(path: string, set: Json): Promise<void> {
  expect([set, await status(cluster.admin('PATCH', path, set, 3))]).toEqual([set, 200]);
}

const limit = (key: IssuedKey, set: Json): Promise<void> => change(`/keys/${key.id}`, set);

/** A key that every isolate has just used `times`. */
async function hotKey(account: string, fields: Json, times = 5, path?: string): Promise<IssuedKey> {
  const key = await cluster.issue(account, fields);
  expect(admitted(await everywhere(key, times, path))).toBe(times * ISOLATES);
  return key;
}

describe.concurrent('the limits of a key, changed while eight isolates use it', () => {
  it('a total that is lowered below what was counted blocks at once, until it is raised, and then admits the difference', async () => {
    const key = await hotKey(await cluster.account(), { quotas: { total: 10_000 } });
    await limit(key, { quotas: { total: 30 } });
    const blocked = await everywhere(key, 2);
    expect([admitted(blocked), refusals(blocked)]).toEqual([0, new Set(['403 quota_total_reached'])]);
    await limit(key, { quotas: { total: 52 } });
    await admitsExactly([key], 12, '403 quota_total_reached');
  });

  it('a rate per minute that is lowered counts what was used before, and one that is raised admits at once', async () => {
    const key = await hotKey(await cluster.account(), { rate_limit_per_minute: 5_000 });
    await limit(key, { rate_limit_per_minute: 45 });
    await admitsExactly([key], 5, '429 rate_limited');
    await limit(key, { rate_limit_per_minute: 60 });
    await admitsExactly([key], 15, '429 rate_limited');
    await limit(key, { rate_limit_per_minute: 5_000 });
    expect(admitted(await everywhere(key, 1))).toBe(ISOLATES);
  });

  it('0 allows nothing, no cap allows all, and a quota that is removed is gone while the others stay', async () => {
    const key = await hotKey(await cluster.account(), { quotas: { daily: 1_000, weekly: 60 } });
    await limit(key, { quotas: { daily: 0 } });
    expect(refusals(await everywhere(key, 1))).toEqual(new Set(['429 quota_daily_reached']));
    await limit(key, { quotas: { daily: null } });
    await admitsExactly([key], 20, '429 quota_weekly_reached');
    await limit(key, { quotas: null });
    expect(admitted(await everywhere(key, 2))).toBe(2 * ISOLATES);
    await limit(key, { rate_limit_per_minute: 0 });
    expect(refusals(await everywhere(key, 1))).toEqual(new Set(['429 rate_limited']));
    await limit(key, { rate_limit_per_minute: null });
    expect(admitted(await everywhere(key, 1))).toBe(ISOLATES);
  });

  it('a total that a key gets later counts all that it has used before, and a window what comes from then on', async () => {
    const key = await hotKey(await cluster.account(), {});
    await limit(key, { quotas: { total: 5 * ISOLATES + 3 } });
    await admitsExactly([key], 3, '403 quota_total_reached');
    await limit(key, { quotas: { total: null, daily: 4 } });
    await admitsExactly([key], 4, '429 quota_daily_reached');
  });

  it('a quota in credits acts alike', async () => {
    const account = await cluster.account();
    await grantCredits(cluster, account, 1_000_000);
    const key = await hotKey(account, { credit_quotas: { total: 10_000 } }, 5, '/paid/x');
    await limit(key, { credit_quotas: { total: 400 } });
    expect(refusals(await everywhere(key, 1, '/paid/x'))).toEqual(new Set(['403 quota_total_reached']));
    await limit(key, { credit_quotas: { total: 450 } });
    await admitsExactly([key], 5, '403 quota_total_reached', '/paid/x');
    await limit(key, { credit_quotas: null });
    expect(admitted(await everywhere(key, 1, '/paid/x'))).toBe(ISOLATES);
  });
});

it.concurrent('a total that is reached blocks however long it is left, until it is raised', async () => {
  const own = await startCluster({ isolates: 2, origin });
  try {
    const { key, id } = await own.issue(await own.account(), { quotas: { total: 2 } });
    for (const isolate of [0, 1]) expect(await status(own.call(key, isolate))).toBe(200);
    await own.moveTime(400 * 86_400_000);
    for (const isolate of [0, 1]) expect(await status(own.call(key, isolate))).toBe(403);
    expect(await status(own.admin('PATCH', `/keys/${id}`, { quotas: { total: 3 } }))).toBe(200);
    expect(await status(own.call(key, 1))).toBe(200);
    expect(await status(own.call(key, 0))).toBe(403);
    expect(await gateOf(own, id)).toMatchObject({ granted: 3 });
  } finally {
    await own.kill();
  }
});

describe.concurrent('what all keys of an account share, changed while eight isolates use two of them', () => {
  const both = async (keys: readonly IssuedKey[], times: number, path?: string): Promise<Reply[]> =>
    (await Promise.all(keys.map((key) => everywhere(key, times, path)))).flat();
  const hotKeys = (account: string, path?: string) =>
    Promise.all([hotKey(account, {}, 2, path), hotKey(account, {}, 2, path)]);

  it('another plan acts at once, and what was counted in the month stays counted', async () => {
    const account = await cluster.account('One', 'wide');
    const keys = await hotKeys(account);
    await change(`/accounts/${account}`, { plan: 'narrow' });
    const narrow = await both(keys, 1);
    expect([admitted(narrow), refusals(narrow)]).toEqual([0, new Set(['429 plan_quota_exceeded'])]);
    await change(`/accounts/${account}`, { plan: 'wide' });
    expect(admitted(await both(keys, 1))).toBe(2 * ISOLATES);
    const { limits } = await limitsOf(cluster, account);
    expect(limits).toMatchObject([{ name: 'quota', limit: 1_000 }]);
    await change(`/accounts/${account}`, { plan: 'none' });
    expect(admitted(await both(keys, 1))).toBe(0);
    await change(`/accounts/${account}`, { plan: 'paced' });
    await admitsExactly(keys, 30, '429 plan_rate_limited');
    await change(`/accounts/${account}`, { plan: 'standard' });
    expect(admitted(await both(keys, 1))).toBe(2 * ISOLATES);
  });

  it('a budget that is set, raised and taken away acts at once, and counts what the month has cost before', async () => {
    const account = await cluster.account('One', 'wide');
    const keys = await hotKeys(account, '/paid/x');
    await change(`/accounts/${account}`, { budget_micro: 0 });
    expect(refusals(await both(keys, 1, '/paid/x'))).toEqual(new Set(['402 budget_exhausted']));
    // What costs nothing is not bound by it.
    expect(admitted(await both(keys, 1))).toBe(2 * ISOLATES);
    await change(`/accounts/${account}`, { budget_micro: 320 + 70 });
    await admitsExactly(keys, 7, '402 budget_exhausted', '/paid/x');
    await change(`/accounts/${account}`, { budget_micro: null });
    expect(admitted(await both(keys, 1, '/paid/x'))).toBe(2 * ISOLATES);
  });
});
