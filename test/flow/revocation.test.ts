import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { type FilledKey, fillKeys } from '../support/fill.ts';
import { disturb, type Run, type Sent, sentWhile, underLoad } from '../support/under-load.ts';

/*
 * Promise 1: when a change has been acknowledged, it holds for every request that is sent later, in every isolate.
 * Eight isolates with delayed object calls and skewed, drifting and backward-stepping clocks are loaded all the while.
 * `SOAK=1` runs the long form.
 */

const ISOLATES = 8;
const KEYS_AT_ONCE = 100;
const ROUNDS = process.env.SOAK ? 100 : 10;
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
function broken(run: Run, isForbidden: (status: number) => boolean): Sent[] {
  return sentWhile(run).filter(({ status }) => isForbidden(status));
}

const isAdmitted = (status: number) => status === 200;

describe.each(['keystile', 'wavis'])('preset %s', (preset) => {
  let cluster: Cluster;
  let settle: () => Promise<void>;
  let made = 0;

  beforeAll(async () => {
    cluster = await startCluster({ isolates: ISOLATES, policy: { preset, lockouts } });
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

  const rounds = preset === 'keystile' ? ROUNDS : ROUNDS / 5;

  it(`of ${rounds * KEYS_AT_ONCE} keys, none is admitted by a request sent after its revocation was acknowledged`, {
    timeout: rounds * 30_000,
  }, async () => {
    let admitted = 0;
    for (let round = 0; round < rounds; round++) {
      const { keys } = await freshKeys(KEYS_AT_ONCE);
      const run = await changed(cluster, keys, async ({ id }, n) => {
        return (await cluster.admin('POST', `/keys/${id}/revoke`, undefined, n % ISOLATES)).status;
      });
      expect(run.acknowledged).toBe(KEYS_AT_ONCE);
      admitted += run.sent.filter(({ status }) => isAdmitted(status)).length;
      expect(broken(run, isAdmitted)).toEqual([]);
    }
    expect(admitted).toBeGreaterThan(rounds * 20);
  });

  if (preset === 'wavis') return;

  it('the same holds for a deactivation, and the converse for the activation after it', async () => {
    const { keys } = await freshKeys(40);
    const off = await changed(
      cluster,
      keys,
      async ({ id }, n) => (await cluster.admin('POST', `/keys/${id}/deactivate`, undefined, n % ISOLATES)).status,
      200,
    );
    expect(off.acknowledged).toBe(40);
    expect(broken(off, isAdmitted)).toEqual([]);
    const on = await changed(
      cluster,
      keys,
      async ({ id }, n) => (await cluster.admin('POST', `/keys/${id}/activate`, undefined, n % ISOLATES)).status,
      200,
    );
    expect(on.acknowledged).toBe(40);
    expect(broken(on, (status) => !isAdmitted(status))).toEqual([]);
  });

  it('the same holds for the suspension of an account and all its keys, and the converse for its end', async () => {
    const { account, keys } = await freshKeys(60);
    const whole = (action: string) => {
      let answer: Promise<number> | undefined;
      return (): Promise<number> => {
        answer ??= cluster.admin('POST', `/accounts/${account}/${action}`).then(({ status }) => status);
        return answer;
      };
    };
    const off = await changed(cluster, keys, whole('suspend'), 200);
    expect(off.acknowledged).toBe(60);
    expect(broken(off, isAdmitted)).toEqual([]);
    const on = await changed(cluster, keys, whole('resume'), 200);
    expect(on.acknowledged).toBe(60);
    expect(broken(on, (status) => !isAdmitted(status))).toEqual([]);
  });

  it('a second revocation, made while the first is waiting, is not acknowledged before it holds', async () => {
    const { keys } = await freshKeys(40);
    const run = await changed(cluster, keys, async ({ id }, n) => {
      const first = cluster.admin('POST', `/keys/${id}/revoke`, undefined, n % ISOLATES);
      await pause(100);
      const second = cluster.admin('POST', `/keys/${id}/revoke`, undefined, (n + 1) % ISOLATES);
      return Promise.race([first, second]).then(({ status }) => status);
    });
    expect(run.acknowledged).toBe(40);
    expect(broken(run, isAdmitted)).toEqual([]);
  });

  it('a revocation whose caller hangs up comes into force all the same', async () => {
    const { keys } = await freshKeys(20);
    const run = await changed(cluster, keys, async ({ id }) => {
      const hangUp = new AbortController();
      const call = cluster
        .send(`/admin/v1/keys/${id}/revoke`, {
          method: 'POST',
          headers: { authorization: 'Bearer test-admin-token-0123456789' },
          address: '198.51.100.7',
          signal: hangUp.signal,
        })
        .catch(() => null);
      await pause(250);
      hangUp.abort();
      await call;
      await pause(3_000);
      return 204;
    });
    expect(broken(run, isAdmitted)).toEqual([]);
    const waiting = await (await cluster.database()).prepare('SELECT count(*) AS n FROM outbox').first<number>('n');
    expect(waiting).toBe(0);
  });

  it('gates that crash in the middle change nothing', async () => {
    const { keys } = await freshKeys(40);
    const run = await changed(cluster, keys, async ({ id }, n) => {
      const revoked = cluster.admin('POST', `/keys/${id}/revoke`, undefined, n % ISOLATES);
      for (const pauseMs of [20, 150, 400]) {
        await pause(pauseMs);
        await cluster.crashGate(id);
      }
      const first = (await revoked).status;
      return first === 204 ? first : (await cluster.admin('POST', `/keys/${id}/revoke`)).status;
    });
    expect(run.acknowledged).toBe(40);
    expect(broken(run, isAdmitted)).toEqual([]);
  });
});
