import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { grantCredits, limitsOf, logOf } from '../support/books.ts';
import { BACKGROUND, CALLS, SPENT_KEY_CALLS_PER_1000, startClocks, stopClocks } from '../support/calls.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { malformedKey, unissuedKey } from '../support/keys.ts';
import { startOrigin, type TestOrigin } from '../support/origin.ts';
import { read, status } from '../support/reply.ts';

const ISOLATES = [0, 1];

let origin: TestOrigin;
let cluster: Cluster;
let account: string;
let addresses = 0;
const newAddress = () => `203.0.113.${++addresses}`;

/** What an action costs one isolate, but for what is sent in the background. */
async function cost(act: () => Promise<Response>, wanted: number, isolate = 0, of = cluster) {
  await of.calls(isolate);
  expect(await status(act())).toBe(wanted);
  const calls = await of.calls(isolate);
  for (const name of BACKGROUND) delete calls[name];
  return calls;
}

/** A key that isolate 0 holds a lease of, as it holds one of the address. */
async function warmKey(of: Cluster, address: string, owner?: string, path?: string): Promise<string> {
  const { key } = await of.issue(owner ?? (await of.account()));
  for (let i = 0; i < 6; i++) expect(await status(of.call(key, 0, address, path))).toBe(200);
  return key;
}

beforeAll(async () => {
  origin = await startOrigin();
  const origins = [{ url: origin.url }];
  const upstreams = [
    { name: 'open', path: '/open/**', auth: 'none', origins },
    { name: 'paid', path: '/paid/**', origins, cost: { from: 'fixed', micro: 1 } },
    { name: 'origin', origins },
  ];
  const plans = { standard: {}, paced: { rates: { per_minute: 600_000 } } };
  // The longest lease and no rate, so that a lease has permits for all calls that are counted.
  const policy = { upstreams, plans, lease: '10s', limits: { default_rate_per_minute: null } };
  cluster = await startCluster({ isolates: ISOLATES.length, origin, policy });
  await stopClocks(cluster, ISOLATES);
  account = await cluster.account();
});
afterAll(() => cluster.stop());

describe('a request with a good key', () => {
  it('under a live lease calls nothing', async () => {
    const address = newAddress();
    const key = await warmKey(cluster, address);
    for (let i = 0; i < 20; i++) expect(await cost(() => cluster.call(key, 0, address), 200)).toEqual(CALLS.warm);
  });

  it('of a plan with rates per minute, or on a route that costs, calls nothing either', async () => {
    const address = newAddress();
    const [paced, payer] = await Promise.all([cluster.account('Paced', 'paced'), cluster.account()]);
    const key = await warmKey(cluster, address, paced);
    for (let i = 0; i < 20; i++) expect(await cost(() => cluster.call(key, 0, address), 200)).toEqual(CALLS.warmOfPlan);

    await grantCredits(cluster, payer, 1_000_000);
    const paying = await warmKey(cluster, address, payer, '/paid/x');
    for (let i = 0; i < 10; i++) {
      expect(await cost(() => cluster.call(paying, 0, address, '/paid/x'), 200)).toEqual(CALLS.warmAndPaid);
    }
  });

  it('on a free route of a prepaid account draws nothing from its ledger, and on one that costs it does', async () => {
    const address = newAddress();
    const owner = await cluster.account();
    await grantCredits(cluster, owner, 1_000_000);
    const key = await warmKey(cluster, address, owner);
    expect((await limitsOf(cluster, owner)).granted).toBe(0);
    expect(await status(cluster.call(key, 0, address, '/paid/x'))).toBe(200);
    expect((await limitsOf(cluster, owner)).granted).toBeGreaterThan(0);
  });

  it('is recorded with others: one call of the ledger in a second, and one report of what the key used', async () => {
    await startClocks(cluster, [0]);
    const address = newAddress();
    const owner = await cluster.account();
    const key = await warmKey(cluster, address, owner);
    await vi.waitFor(async () => expect(await logOf(cluster, owner)).toHaveLength(6), { timeout: 5_000 });
    // By then the batches of other accounts are gone too.
    await pause(1_100);
    await cluster.calls();
    const startedMs = performance.now();
    for (let i = 0; i < 20; i++) {
      const batch = Array.from({ length: 10 }, () => status(cluster.call(key, 0, address)));
      expect(new Set(await Promise.all(batch))).toEqual(new Set([200]));
    }
    await vi.waitFor(async () => expect(await logOf(cluster, owner)).toHaveLength(206), { timeout: 5_000 });
    const seconds = (performance.now() - startedMs) / 1_000;
    const calls = await cluster.calls();
    expect(calls['ledger.record']).toBeGreaterThanOrEqual(1);
    expect(calls['ledger.record']).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    expect(calls['gate.settle'] ?? 0).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    await stopClocks(cluster, [0]);
  });

  it('with lease 0 calls the gate and the lockout once each, and no store', async () => {
    const asked = await startCluster({ policy: { lease: '0s' } });
    const key = await warmKey(asked, '192.0.2.1');
    for (let i = 0; i < 10; i++) expect(await cost(() => asked.call(key), 200, 0, asked)).toEqual(CALLS.asked);
    await asked.stop();
  });

  it('that this isolate does not know yet costs one call of each kind, and D1 only where KV has no record', async () => {
    const { key } = await cluster.issue(account);
    expect(await cost(() => cluster.call(key, 0, newAddress()), 200, 0)).toEqual(CALLS.coldFromD1);
    expect(await cost(() => cluster.call(key, 1, newAddress()), 200, 1)).toEqual(CALLS.coldFromKv);
  });
});

describe('a request with a record that a change has overtaken', () => {
  it('costs one more question, one read of D1, and a write that repairs KV', async () => {
    const address = newAddress();
    const { key, id } = await cluster.issue(account);
    expect(await status(cluster.call(key, 1, address))).toBe(200);
    for (const change of ['deactivate', 'activate']) await read(cluster.admin('POST', `/keys/${id}/${change}`));
    expect(await cost(() => cluster.call(key, 1, address), 200, 1)).toEqual(CALLS.outdated);
  });
});

describe('a request without a good key', () => {
  it('costs no lookup where the key has no good checksum: one awaited strike', async () => {
    expect(await cost(() => cluster.call(malformedKey(), 0, newAddress()), 401)).toEqual(CALLS.malformed);
    expect(await cost(() => cluster.call('x'.repeat(4_000), 0, newAddress()), 401)).toEqual(CALLS.malformed);
  });

  it('costs one read of KV, one of D1 and two strikes where the key is well-formed and unknown', async () => {
    const address = newAddress();
    await warmKey(cluster, address);
    expect(await cost(() => cluster.call(unissuedKey(), 0, address), 401)).toEqual(CALLS.unknown);
    expect(await cost(() => cluster.call(unissuedKey(), 0, newAddress()), 401)).toEqual(CALLS.unknownFromNewAddress);
  });

  it('costs nothing from an address that this isolate knows to be locked', async () => {
    const address = newAddress();
    for (let i = 0; i < 21; i++) await read(cluster.call(malformedKey(), 0, address));
    expect(await cost(() => cluster.call(unissuedKey(), 0, address), 429)).toEqual(CALLS.lockedAddress);
  });

  it('costs no D1 read with a secret that this isolate knows to be locked', async () => {
    const key = unissuedKey();
    for (let i = 0; i < 11; i++) await read(cluster.call(key, 0, newAddress()));
    expect(await cost(() => cluster.call(key, 0, newAddress()), 429)).toEqual(CALLS.lockedSecret);
  });

  it('costs what an unknown one does where the key was revoked', async () => {
    const { key, id } = await cluster.issue(account);
    await read(cluster.admin('POST', `/keys/${id}/revoke`));
    expect(await cost(() => cluster.call(key, 1, newAddress()), 401, 1)).toEqual(CALLS.revoked);
    expect(await cost(() => cluster.call(key, 1, newAddress()), 401, 1)).toEqual(CALLS.revokedAndKnown);
  });

  it('costs nothing where none was sent, and for the health of the gateway', async () => {
    expect(await cost(() => cluster.send('/v1/models', { address: newAddress() }), 401)).toEqual(CALLS.noCredential);
    expect(await cost(() => cluster.send('/healthz'), 200)).toEqual(CALLS.health);
  });

  it('costs two object calls at once on a public route', async () => {
    expect(await cost(() => cluster.send('/open/x', { address: newAddress() }), 200)).toEqual(CALLS.public);
  });
});

describe('a key that has spent its limit', () => {
  it.each([
    ['a total', { quotas: { total: 3 } }, 403],
    ['a rate per minute', { rate_limit_per_minute: 3 }, 429],
  ])('of %s costs few calls, however often it is used', async (_, fields, refused) => {
    const spent = await startCluster();
    const { key } = await spent.issue(await spent.account(), fields);
    for (let i = 0; i < 3; i++) expect(await status(spent.call(key))).toBe(200);
    await spent.calls();
    const sinceMs = Date.now();
    for (let batch = 0; batch < 50; batch++) {
      // A thousand requests in two seconds, however long they take.
      await stopClocks(spent, [0], sinceMs + batch * 40);
      const seen = await Promise.all(Array.from({ length: 20 }, () => status(spent.call(key))));
      expect(new Set(seen)).toEqual(new Set([refused]));
    }
    const calls = await spent.calls();
    expect(calls).not.toHaveProperty('d1');
    const sum = Object.values(calls).reduce((total, n) => total + n, 0);
    expect(sum).toBeLessThanOrEqual(SPENT_KEY_CALLS_PER_1000);
    await spent.stop();
  });
});

describe('a change', () => {
  it('costs a bounded number of calls: making a key, revoking it, revoking it again', async () => {
    const body = { environment: 'live' };
    const made = await cost(() => cluster.admin('POST', `/accounts/${account}/keys`, body), 201);
    expect(made).toEqual(CALLS.createKey);
    const { id } = await cluster.issue(account);
    expect(await cost(() => cluster.admin('POST', `/keys/${id}/revoke`), 204)).toEqual(CALLS.revoke);
    expect(await cost(() => cluster.admin('POST', `/keys/${id}/revoke`), 204)).toEqual(CALLS.revokeAgain);
  });

  it('of 100 keys at once costs one call of each kind per key, and a fixed number for D1', async () => {
    const owner = await cluster.account();
    await Promise.all(Array.from({ length: 100 }, () => cluster.issue(owner)));
    const calls = await cost(() => cluster.admin('POST', '/keys/revoke', { account: owner }), 200);
    expect(calls).toEqual(CALLS.revokeHundred);
  });

  it('of an account costs one call of each kind per key, and a fixed number for D1', async () => {
    const owner = await cluster.account();
    await Promise.all(Array.from({ length: 100 }, () => cluster.issue(owner)));
    expect(await cost(() => cluster.admin('POST', `/accounts/${owner}/suspend`), 200)).toEqual(CALLS.suspend);
    expect(await cost(() => cluster.admin('GET', '/status'), 200)).toEqual(CALLS.status);
  });

  it('costs little more for a trial key', async () => {
    const take = () => cluster.send('/api/v1/onboarding/temp-key', { method: 'POST', address: newAddress() });
    await read(take());
    expect(await cost(take, 200)).toEqual(CALLS.trialKey);
  });
});
