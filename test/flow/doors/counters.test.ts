import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { creditsOf, gateOf, grantCredits, logOf, usageOf } from '../../support/books.ts';
import { type Cluster, type IssuedKey, startCluster } from '../../support/cluster.ts';
import { askEnvoy, askNginx, serviceKey, verify } from '../../support/doors.ts';
import { unissuedKey } from '../../support/keys.ts';
import { freshAddress } from '../../support/matrix.ts';
import { type Json, status } from '../../support/reply.ts';

/*
 * One key used through the proxy and through every door, in four isolates at the same time: one set of counters.
 */

const ISOLATES = [0, 1, 2, 3];
const ADMITTED = 'admitted';

let cluster: Cluster;
let account: string;
let service: IssuedKey;

beforeAll(async () => {
  cluster = await startCluster({ isolates: ISOLATES.length, caller: true });
  account = await cluster.account('Customer');
  service = await serviceKey(cluster);
});
afterAll(() => cluster.stop());

type Way = (key: string, isolate: number, address: string) => Promise<string>;

/** Every way to be admitted, with what came of it: {@link ADMITTED} or the code of the refusal. */
const ways: Readonly<Record<string, Way>> = {
  async proxy(key, isolate, address) {
    const response = await cluster.call(key, isolate, address);
    const body = (await response.json()) as Json;
    return response.status === 200 ? ADMITTED : body.code;
  },
  async verify(key, isolate, address) {
    const { body } = await verify(cluster, service.key, { key, path: '/v1/models', client_ip: address }, isolate);
    return body.valid ? ADMITTED : body.code;
  },
  async nginx(key, isolate, address) {
    const headers = { authorization: `Bearer ${key}` };
    const { status, headers: told } = await askNginx(cluster, service.key, { headers, address }, isolate);
    return status === 204 ? ADMITTED : (told.get('x-keystile-code') ?? String(status));
  },
  async envoy(key, isolate, address) {
    const headers = { authorization: `Bearer ${key}` };
    const { status, body } = await askEnvoy(cluster, service.key, { headers, address }, isolate);
    return status === 200 ? ADMITTED : body.code;
  },
  async binding(key, isolate, address) {
    const decision = await cluster.askBound({ key, path: '/v1/models', client_ip: address }, isolate);
    return decision.valid ? ADMITTED : decision.code;
  },
};
const all = Object.values(ways);

/** So many requests at once, by all ways in turn and in all isolates. */
const crowd = (key: string, requests: number): Promise<string[]> =>
  Promise.all(
    Array.from({ length: requests }, (_, i) =>
      (all[i % all.length] as Way)(key, ISOLATES[Math.floor(i / all.length) % 4] ?? 0, `198.18.200.${i % 7}`),
    ),
  );
const admitted = (outcomes: readonly string[]) => outcomes.filter((outcome) => outcome === ADMITTED).length;

async function until<T>(get: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await get();
    if (holds(value) || tries === 60) return value;
    await pause(100);
  }
}

describe('by the proxy and all doors together', () => {
  it.each([
    ['a total', { quotas: { total: 40 } }, 40, 'quota_total_reached'],
    ['a daily quota', { quotas: { daily: 25 } }, 25, 'quota_daily_reached'],
    ['a rate', { rate_limit_per_minute: 30 }, 30, 'rate_limited'],
  ])('%s is used up to the last permit and never exceeded', async (_, limits, most, code) => {
    const key = await cluster.issue(account, limits);
    const outcomes = await crowd(key.key, 60);
    const later: string[] = [];
    for (let i = 0; i < 10; i++) later.push(...(await crowd(key.key, 5)));
    expect(admitted(outcomes) + admitted(later)).toBe(most);
    expect(new Set([...outcomes, ...later].filter((outcome) => outcome !== ADMITTED))).toEqual(new Set([code]));
    expect(await gateOf(cluster, key.id)).toMatchObject({ granted: most });
  });

  it('log, usage and gate agree to the request, refused ones included', async () => {
    const own = await cluster.account('Books');
    const key = await cluster.issue(own, { quotas: { total: 30 } });
    expect(admitted(await crowd(key.key, 50))).toBe(30);
    const log = await until(
      () => logOf(cluster, own),
      ({ length }) => length === 50,
    );
    expect(log).toHaveLength(50);
    expect(new Set(log.map(({ request_id: id }) => id)).size).toBe(50);
    expect(log.filter((line) => line.status === 200)).toHaveLength(30);
    expect(new Set(log.map(({ method, path }) => `${method} ${path}`))).toEqual(new Set(['GET /v1/models']));
    expect(await usageOf(cluster, own)).toMatchObject({ requests: 50 });
    const counted = await until(
      () => gateOf(cluster, key.id),
      ({ used }) => used === 30,
    );
    expect(counted).toMatchObject({ granted: 30, used: 30, unreported: 0 });
  });

  it('credits are spent to the millionth and never more than there are', async () => {
    const own = await cluster.account('Payer');
    const key = await cluster.issue(own);
    await grantCredits(cluster, own, 1_000);
    const costs = Array.from({ length: 40 }, (_, i) => 30 + (i % 5));
    const paid = await Promise.all(
      costs.map(async (cost, i) => {
        const question = { key: key.key, cost };
        const told =
          i % 2 === 0
            ? (await verify(cluster, service.key, question, i % 4)).body
            : await cluster.askBound(question, i % 4);
        if (!told.valid) expect(told.code).toBe('credits_exhausted');
        return told.valid ? cost : 0;
      }),
    );
    const sum = paid.reduce((total: number, cost) => total + cost, 0);
    expect(sum).toBeGreaterThan(900);
    expect(sum).toBeLessThanOrEqual(1_000);
    const credits = await until(
      () => creditsOf(cluster, own),
      ({ balance_micro: balance }) => balance === 1_000 - sum,
    );
    expect(credits).toMatchObject({ balance_micro: 1_000 - sum });
    const used = await until(
      () => usageOf(cluster, own),
      ({ micro }) => micro === sum,
    );
    expect(used).toMatchObject({ micro: sum });
  });

  it('a revocation holds everywhere from when it is acknowledged', async () => {
    const key = await cluster.issue(account);
    expect(admitted(await crowd(key.key, 40))).toBe(40);
    expect(await status(cluster.admin('POST', `/keys/${key.id}/revoke`, undefined, 3))).toBe(204);
    const outcomes: string[] = [];
    for (const isolate of ISOLATES) for (const way of all) outcomes.push(await way(key.key, isolate, freshAddress()));
    expect(outcomes.slice(0, 10)).toEqual(Array(10).fill('api_key_revoked'));
    // Who goes on with it is struck, so the secret is locked in the end.
    expect(new Set(outcomes)).toEqual(new Set(['api_key_revoked', 'key_locked_out']));
  });

  it('an activation too', async () => {
    const key = await cluster.issue(account);
    await cluster.admin('POST', `/keys/${key.id}/deactivate`);
    for (const way of all) expect(await way(key.key, 0, freshAddress())).toBe('api_key_inactive');
    expect((await cluster.admin('POST', `/keys/${key.id}/activate`, undefined, 1)).status).toBe(200);
    for (const isolate of ISOLATES) {
      for (const way of all) expect(await way(key.key, isolate, freshAddress())).toBe(ADMITTED);
    }
  });

  it('strikes of an address add up to its lock', async () => {
    const address = freshAddress();
    const good = await cluster.issue(account);
    const outcomes: string[] = [];
    for (let i = 0; i < 20; i++) outcomes.push(await (all[i % 5] as Way)(unissuedKey(), i % 4, address));
    expect(outcomes).toEqual(Array(20).fill('invalid_api_key'));
    for (const way of all) expect(await way(good.key, 2, address)).toBe('address_locked_out');
    for (const way of all) expect(await way(good.key, 2, freshAddress())).toBe(ADMITTED);
  });

  it('strikes of a secret add up to its lock', async () => {
    const secret = unissuedKey();
    const outcomes: string[] = [];
    for (let i = 0; i < 12; i++) outcomes.push(await (all[i % 5] as Way)(secret, i % 4, freshAddress()));
    expect(outcomes).toEqual([...Array(10).fill('invalid_api_key'), ...Array(2).fill('key_locked_out')]);
  });
});

describe('what stands nowhere', () => {
  it('is a secret: not of the service, not of a client', async () => {
    const own = await cluster.account('Secret');
    const key = await cluster.issue(own);
    const lost = unissuedKey();
    for (const secret of [key.key, lost]) {
      for (const way of all) await way(secret, 1, freshAddress());
      await verify(cluster, service.key, { key: secret, path: `/v1/${secret}?key=${secret}`, explain: false });
      await verify(cluster, service.key, { key: secret, [secret]: secret });
      await askEnvoy(cluster, service.key, { path: `/v1/${secret}`, headers: { authorization: secret } });
      await askNginx(cluster, secret, { headers: { authorization: service.key } });
    }
    await until(
      () => logOf(cluster, own),
      ({ length }) => length >= 6,
    );
    const told = `${cluster.logs.join('\n')}\n${JSON.stringify(await logOf(cluster, own))}`;
    expect(told.length).toBeGreaterThan(500);
    for (const secret of [key.key, lost, service.key]) expect(told).not.toContain(secret.slice(8, 24));
  });

  it('is a line for each question: what an account’s log has is not logged once more', async () => {
    const own = await cluster.account('Lines');
    const { key } = await cluster.issue(own);
    const lines = () =>
      cluster.logs
        .join('\n')
        .split('\n')
        .filter((line) => /verify|authz/.test(line)).length;
    await pause(1_200);
    const before = lines();
    for (const way of all) await way(key, 1, freshAddress());
    await pause(1_200);
    expect(lines()).toBe(before);
  });
});
