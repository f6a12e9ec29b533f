import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { random } from '../../meter/timeline.ts';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { addEndpoint, LOCAL } from '../../support/endpoints.ts';
import { firstOfEach, type Receiver, type Reply, startReceiver } from '../../support/receiver.ts';

/*
 * Promise: the events of a key arrive in their order, each at least once and with the same id, while the receiver fails;
 * and nobody waits for another's receiver.
 */

let cluster: Cluster;
const open: Receiver[] = [];

beforeAll(async () => {
  cluster = await startCluster({ isolates: 2, policy: { webhooks: { ...LOCAL, timeout: '15s' } } });
});
afterAll(async () => {
  await Promise.all(open.map((receiver) => receiver.stop()));
  await cluster.stop();
});

async function receiverOf(account: string): Promise<Receiver> {
  const receiver = await startReceiver();
  open.push(receiver);
  const { secret } = await addEndpoint(cluster, receiver.url, { accountId: account });
  receiver.secrets.push(secret);
  return receiver;
}

/** A key that has this many events. */
async function live(account: string, events: number, isolate: number): Promise<string> {
  const { id } = await cluster.issue(account, {}, isolate);
  for (let i = 2; i < events; i++) {
    expect((await cluster.admin('PATCH', `/keys/${id}`, { label: `l${i}` }, isolate)).status).toBe(200);
  }
  expect((await cluster.admin('POST', `/keys/${id}/revoke`, undefined, isolate)).status).toBe(204);
  return id;
}

describe.concurrent('events', () => {
  it('of a key arrive in order, each at least once, at a receiver that fails as often as not', async () => {
    const account = await cluster.account();
    const receiver = await receiverOf(account);
    const rng = random(7);
    const failures: Reply[] = [500, 'cut', 429, { status: 301, headers: { location: '/' } }];
    receiver.answer = () => (rng.chance(0.5) ? (failures[Math.floor(rng.between(0, failures.length))] ?? 500) : 204);
    const keys = await Promise.all([0, 1, 0].map((isolate) => live(account, 6, isolate)));
    await receiver.until((all) => new Set(all.filter(({ accepted }) => accepted).map(({ id }) => id)).size === 18);
    expect(receiver.arrivals.every(({ verified }) => verified)).toBe(true);
    expect(receiver.arrivals.some(({ accepted }) => !accepted)).toBe(true);
    for (const key of keys) {
      const own = receiver.arrivals.filter((arrival) => arrival.key === key);
      expect(firstOfEach(own).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
      // None came before the one before it was taken, nor any again after that.
      const sequences = own.map(({ sequence }) => sequence ?? 0);
      expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    }
    const bodies = Map.groupBy(receiver.arrivals, ({ id }) => id);
    for (const same of bodies.values()) expect(new Set(same.map(({ body }) => body)).size).toBe(1);
  });

  it('of others go on while a receiver does not answer, and of that one ten at most are under way', async () => {
    const [slow, quick] = [await cluster.account(), await cluster.account()];
    const stuck = await receiverOf(slow);
    const released = Promise.withResolvers<number>();
    let [underWay, most] = [0, 0];
    stuck.answer = async () => {
      most = Math.max(most, ++underWay);
      const status = await released.promise;
      underWay--;
      return status;
    };
    const keys = Array.from({ length: 24 }, (_, i) => i);
    await Promise.all(keys.map((i) => cluster.issue(slow, {}, i % 2)));
    await stuck.until(() => underWay === 10);
    const receiver = await receiverOf(quick);
    await live(quick, 4, 1);
    await receiver.until((all) => all.length === 4);
    expect(receiver.arrivals.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    // All that time each of the ten was in its first attempt.
    expect(stuck.arrivals).toHaveLength(10);
    released.resolve(204);
    await stuck.until((all) => all.filter(({ accepted }) => accepted).length === 24);
    expect(most).toBe(10);
  });
});
