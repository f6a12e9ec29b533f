import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { type FilledKey, fillKeys } from '../support/fill.ts';

/*
 * Promise 1: when a change has been acknowledged, it holds for every request that is sent later, in every isolate.
 * Eight isolates with delayed object calls and skewed, drifting and backward-stepping clocks are loaded all the while.
 * `SOAK=1` runs the long form.
 */

const ISOLATES = 8;
const KEYS_AT_ONCE = 100;
const ROUNDS = process.env.SOAK ? 100 : 10;
/** Keys are used for this long before the first change, and changed at random moments within this. */
const WARM_UP_MS = 300;
const SPREAD_MS = 6_000;
/** How long a key is hammered before its change is asked for, and after it was acknowledged. */
const FOCUS_MS = 200;
/** So many strikes that the load itself is never locked out. */
const lockouts = {
  address: { strikes: 1_000, window: '1s', lock: '1s' },
  secret: { strikes: 1_000, window: '1s', lock: '1s' },
};

interface Sent {
  readonly keyId: string;
  readonly sentAtMs: number;
  readonly status: number;
}

/** Each key is used in two of the eight isolates, so that both hold leases on it. */
const GROUPS = 4;

/**
 * Requests over all isolates until it is told to stop: mostly with the keys in `focus`, whose change is under way or
 * just acknowledged, else with random keys of the pool.
 */
class Load {
  readonly sent: Sent[] = [];
  readonly focus = Array.from({ length: GROUPS }, () => new Set<FilledKey>());
  #running = true;
  readonly #loops: Promise<void>[];

  constructor(cluster: Cluster, pool: readonly FilledKey[], loopsPerIsolate = 3) {
    this.#loops = Array.from({ length: ISOLATES * loopsPerIsolate }, (_, n) => {
      const own = pool.filter((_, i) => i % GROUPS === n % GROUPS);
      return this.#loop(cluster, own, n);
    });
  }

  async #loop(cluster: Cluster, pool: readonly FilledKey[], n: number): Promise<void> {
    while (this.#running) {
      const focus = this.focus[n % GROUPS] as Set<FilledKey>;
      const from = focus.size > 0 && Math.random() < 0.9 ? [...focus] : pool;
      const { id, key } = from[Math.floor(Math.random() * from.length)] as FilledKey;
      const sentAtMs = performance.now();
      const response = await cluster.call(key, n % ISOLATES, `10.0.${n}.${Math.floor(Math.random() * 4)}`);
      await response.arrayBuffer();
      this.sent.push({ keyId: id, sentAtMs, status: response.status });
    }
  }

  async stop(): Promise<readonly Sent[]> {
    this.#running = false;
    await Promise.all(this.#loops);
    return this.sent;
  }
}

/** Skews, drifts and delays the isolates, each differently; returns what ends the stepping of clocks. */
async function disturb(cluster: Cluster): Promise<() => Promise<void>> {
  const offsets = Array.from({ length: ISOLATES }, (_, i) => (i - 4) * 3_600_000 + i * 17);
  for (let i = 0; i < ISOLATES; i++) {
    await cluster.steer(i, 'clock', { offsetMs: offsets[i] as number, driftPpm: (i - 4) * 2_000 });
    await cluster.steer(i, 'delays', { seed: i + 1, maxMs: 10 });
  }
  let stepping = true;
  const steps = (async () => {
    for (let i = 0; stepping; i = (i + 3) % ISOLATES) {
      await pause(300);
      offsets[i] = (offsets[i] as number) - 30 - Math.floor(Math.random() * 1_500);
      await cluster.steer(i, 'clock', { offsetMs: offsets[i] as number });
    }
  })();
  return async () => {
    stepping = false;
    await steps;
  };
}

/** Runs `change` for every key while the load goes on; returns when each was acknowledged, and all that was sent. */
async function underLoad(
  cluster: Cluster,
  keys: readonly FilledKey[],
  change: (key: FilledKey, n: number) => Promise<number>,
  expected = 204,
): Promise<{ acknowledged: Map<string, number>; sent: readonly Sent[] }> {
  const load = new Load(cluster, keys);
  await pause(WARM_UP_MS);
  const acknowledged = new Map<string, number>();
  await Promise.all(
    keys.map(async (key, n) => {
      await pause((n / keys.length) * SPREAD_MS);
      const focus = load.focus[n % GROUPS] as Set<FilledKey>;
      focus.add(key);
      await pause(FOCUS_MS);
      const status = await change(key, n);
      if (status === expected) acknowledged.set(key.id, performance.now());
      await pause(FOCUS_MS);
      focus.delete(key);
    }),
  );
  return { acknowledged, sent: await load.stop() };
}

/** What was sent after its key's change had been acknowledged, with an answer that the change forbids. */
function broken(run: Awaited<ReturnType<typeof underLoad>>, isForbidden: (status: number) => boolean): Sent[] {
  return run.sent.filter(
    ({ keyId, sentAtMs, status }) => sentAtMs > (run.acknowledged.get(keyId) ?? Infinity) && isForbidden(status),
  );
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
      const run = await underLoad(cluster, keys, async ({ id }, n) => {
        return (await cluster.admin('POST', `/keys/${id}/revoke`, undefined, n % ISOLATES)).status;
      });
      expect(run.acknowledged.size).toBe(KEYS_AT_ONCE);
      admitted += run.sent.filter(({ status }) => isAdmitted(status)).length;
      expect(broken(run, isAdmitted)).toEqual([]);
    }
    expect(admitted).toBeGreaterThan(rounds * 20);
  });

  if (preset === 'wavis') return;

  it('the same holds for a deactivation, and the converse for the activation after it', async () => {
    const { keys } = await freshKeys(40);
    const off = await underLoad(
      cluster,
      keys,
      async ({ id }, n) => (await cluster.admin('POST', `/keys/${id}/deactivate`, undefined, n % ISOLATES)).status,
      200,
    );
    expect(off.acknowledged.size).toBe(40);
    expect(broken(off, isAdmitted)).toEqual([]);
    const on = await underLoad(
      cluster,
      keys,
      async ({ id }, n) => (await cluster.admin('POST', `/keys/${id}/activate`, undefined, n % ISOLATES)).status,
      200,
    );
    expect(on.acknowledged.size).toBe(40);
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
    const off = await underLoad(cluster, keys, whole('suspend'), 200);
    expect(off.acknowledged.size).toBe(60);
    expect(broken(off, isAdmitted)).toEqual([]);
    const on = await underLoad(cluster, keys, whole('resume'), 200);
    expect(on.acknowledged.size).toBe(60);
    expect(broken(on, (status) => !isAdmitted(status))).toEqual([]);
  });

  it('a second revocation, made while the first is waiting, is not acknowledged before it holds', async () => {
    const { keys } = await freshKeys(40);
    const run = await underLoad(cluster, keys, async ({ id }, n) => {
      const first = cluster.admin('POST', `/keys/${id}/revoke`, undefined, n % ISOLATES);
      await pause(100);
      const second = cluster.admin('POST', `/keys/${id}/revoke`, undefined, (n + 1) % ISOLATES);
      return Promise.race([first, second]).then(({ status }) => status);
    });
    expect(run.acknowledged.size).toBe(40);
    expect(broken(run, isAdmitted)).toEqual([]);
  });

  it('a revocation whose caller hangs up comes into force all the same', async () => {
    const { keys } = await freshKeys(20);
    const run = await underLoad(cluster, keys, async ({ id }) => {
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
    const run = await underLoad(cluster, keys, async ({ id }, n) => {
      const revoked = cluster.admin('POST', `/keys/${id}/revoke`, undefined, n % ISOLATES);
      for (const pauseMs of [20, 150, 400]) {
        await pause(pauseMs);
        await cluster.crashGate(id);
      }
      const first = (await revoked).status;
      return first === 204 ? first : (await cluster.admin('POST', `/keys/${id}/revoke`)).status;
    });
    expect(run.acknowledged.size).toBe(40);
    expect(broken(run, isAdmitted)).toEqual([]);
  });
});
