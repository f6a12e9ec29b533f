import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Cluster, startCluster } from '../support/cluster.ts';
import { type FilledKey, fillKeys } from '../support/fill.ts';
import { status } from '../support/reply.ts';
import { disturb, type Run, type Sent, sentWhile, underLoad } from '../support/under-load.ts';

/*
 * Promise 1: when a change has been acknowledged, it holds for every request that is sent later, in every isolate.
 * Eight isolates with delayed object calls and skewed, drifting and backward-stepping clocks are loaded all the while.
 * The lease is longer than usual: so is what a gate that does not wait for it would let through, on a busy machine too.
 * `SOAK=1` runs the long form.
 */

const ISOLATES = 8;
const KEYS_OF_ACCOUNT = 100;
const KEYS = process.env.SOAK ? 10_000 : 1_000;
/** So many strikes that the load itself is never locked out. */
const lockouts = {
  address: { strikes: 1_000, window: '1s', lock: '1s' },
  secret: { strikes: 1_000, window: '1s', lock: '1s' },
};

/** Runs a change for every key while all are used, and tells what was acknowledged by this status. */
function changed(
  cluster: Cluster,
  keys: readonly FilledKey[],
  change: (key: FilledKey, n: number) => Promise<number>,
  expected = 204,
): Promise<Run> {
  return underLoad(
    cluster,
    keys.map((key, n) => ({ keys: [key], steps: [async () => (await change(key, n)) === expected] })),
  );
}

/** What was sent after its key's change had been acknowledged, with an answer that the change forbids. */
function broken(run: Run, isForbidden: (seen: number) => boolean): Sent[] {
  return sentWhile(run).filter((each) => isForbidden(each.status));
}

const isAdmitted = (seen: number) => seen === 200;

describe.each(['keystile', 'wavis'])('preset %s', (preset) => {
  let cluster: Cluster;
  let settle: () => Promise<void>;
  let made = 0;

  beforeAll(async () => {
    cluster = await startCluster({ isolates: ISOLATES, policy: { preset, lockouts, lease: '3s' } });
    settle = await disturb(cluster);
  });
  afterAll(async () => {
    await settle();
    await cluster.stop();
  });

  async function freshKeys(count: number): Promise<{ account: string; keys: FilledKey[] }> {
    const account = await cluster.account(`Account ${++made}`);
    return { account, keys: await fillKeys(await cluster.database(), account, count, preset) };
  }

  /** Posts to an admin route, for its status. */
  const post = (path: string, isolate: number) => status(cluster.admin('POST', path, undefined, isolate % ISOLATES));

  const count = preset === 'keystile' ? KEYS : KEYS / 5;

  it(`of ${count} keys, none is admitted by a request sent after its revocation was acknowledged`, {
    timeout: count * 1_000,
  }, async () => {
    const keys: FilledKey[] = [];
    while (keys.length < count) keys.push(...(await freshKeys(KEYS_OF_ACCOUNT)).keys);
    const run = await changed(cluster, keys, ({ id }, n) => post(`/keys/${id}/revoke`, n));
    expect(run.acknowledged).toBe(count);
    expect(run.sent.filter((each) => isAdmitted(each.status)).length).toBeGreaterThan(2 * count);
    expect(sentWhile(run).length).toBeGreaterThan(2 * count);
    expect(broken(run, isAdmitted)).toEqual([]);
  });

  if (preset === 'wavis') return;

  it('the same holds for a deactivation, and the converse for the activation after it', async () => {
    const { keys } = await freshKeys(40);
    const off = await changed(cluster, keys, ({ id }, n) => post(`/keys/${id}/deactivate`, n), 200);
    expect(off.acknowledged).toBe(40);
    expect(broken(off, isAdmitted)).toEqual([]);
    const on = await changed(cluster, keys, ({ id }, n) => post(`/keys/${id}/activate`, n), 200);
    expect(on.acknowledged).toBe(40);
    expect(broken(on, (seen) => !isAdmitted(seen))).toEqual([]);
  });

  it('the same holds for the suspension of an account and all its keys, and the converse for its end', async () => {
    const { account, keys } = await freshKeys(60);
    const whole = (action: string) =>
      underLoad(cluster, [{ keys, steps: [async () => (await post(`/accounts/${account}/${action}`, 0)) === 200] }]);
    const off = await whole('suspend');
    expect([off.acknowledged, off.held.size]).toEqual([1, 60]);
    expect(broken(off, isAdmitted)).toEqual([]);
    const on = await whole('resume');
    expect([on.acknowledged, on.held.size]).toEqual([1, 60]);
    expect(broken(on, (seen) => !isAdmitted(seen))).toEqual([]);
  });

  it('a second revocation, made while the first is waiting, is not acknowledged before it holds', async () => {
    const { keys } = await freshKeys(40);
    const run = await changed(cluster, keys, async ({ id }, n) => {
      const first = post(`/keys/${id}/revoke`, n);
      await pause(100);
      return Promise.race([first, post(`/keys/${id}/revoke`, n + 1)]);
    });
    expect(run.acknowledged).toBe(40);
    expect(broken(run, isAdmitted)).toEqual([]);
  });

  it('a revocation whose caller hangs up comes into force all the same', async () => {
    const { keys } = await freshKeys(20);
    const inForce = (await cluster.database()).prepare(
      `SELECT status = 'revoked' AND NOT EXISTS (SELECT * FROM outbox WHERE key_id = ?1) AS yes FROM keys WHERE id = ?1`,
    );
    const run = await changed(cluster, keys, async ({ id }) => {
      const hangUp = new AbortController();
      const call = cluster
        .send(`/admin/v1/keys/${id}/revoke`, {
          method: 'POST',
          headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
          address: '198.51.100.7',
          signal: hangUp.signal,
        })
        .catch(() => null);
      await pause(250);
      hangUp.abort();
      await call;
      // What has left the outbox is known to be in force.
      while ((await inForce.bind(id).first<number>('yes')) !== 1) await pause(100);
      return 204;
    });
    expect(run.acknowledged).toBe(20);
    expect(broken(run, isAdmitted)).toEqual([]);
  });

  it('gates that crash in the middle change nothing', async () => {
    const { keys } = await freshKeys(40);
    const run = await changed(cluster, keys, async ({ id }, n) => {
      const revoked = post(`/keys/${id}/revoke`, n);
      for (const pauseMs of [20, 150, 400]) {
        await pause(pauseMs);
        await cluster.crashGate(id);
      }
      const first = await revoked;
      return first === 204 ? first : post(`/keys/${id}/revoke`, 0);
    });
    expect(run.acknowledged).toBe(40);
    expect(broken(run, isAdmitted)).toEqual([]);
  });
});
