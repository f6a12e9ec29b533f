import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ isolates: 2 });
});
afterAll(() => cluster.stop());

it('a key that was issued in one isolate passes in another, and not after its revocation was acknowledged', async () => {
  const { key, id } = await cluster.issue(await cluster.account());
  expect((await cluster.call(key, 1)).status).toBe(200);
  console.log(await cluster.calls(1));
  expect((await cluster.call(key, 1)).status).toBe(200);
  console.log(await cluster.calls(1));
  expect((await cluster.call(key, 0)).status).toBe(200);
  const t = Date.now();
  expect((await cluster.admin('POST', `/keys/${id}/revoke`)).status).toBe(204);
  console.log('revoke', Date.now() - t, await cluster.calls(0));
  expect((await cluster.call(key, 1)).status).toBe(401);
  console.log(await cluster.calls(1), cluster.logs.length, cluster.logs[0]);
});
