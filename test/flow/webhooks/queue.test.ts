import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from '../../support/cluster.ts';
import { addEndpoint, LOCAL } from '../../support/endpoints.ts';
import { startOrigin, type TestOrigin } from '../../support/origin.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';

/*
 * Promise: what the queue does with a message is no matter: one that comes twice is one attempt, one that is lost is made
 * good for, one that fails for good is told to the operator. And nothing is sent before it is in force.
 */

let stateDir: string;
let origin: TestOrigin;
let cluster: Cluster;
let db: D1Database;
let receiver: Receiver;
let account: string;
let endpoint: string;

const options = (movedMs = 0, webhooks = {}): ClusterOptions => ({
  policy: { webhooks: { ...LOCAL, timeout: '5s', ...webhooks } },
  stateDir,
  origin,
  movedMs,
});
const MINUTE_MS = 60_000;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'keystile-queue-'));
  origin = await startOrigin();
  receiver = await startReceiver();
  cluster = await startCluster(options());
  db = await cluster.database();
  account = await cluster.account();
  const made = await addEndpoint(cluster, receiver.url, { accountId: account });
  endpoint = made.id;
  receiver.secrets.push(made.secret);
});
afterAll(async () => {
  await receiver.stop();
  await cluster.stop();
  await rm(stateDir, { recursive: true, force: true });
});

const arrivalsOf = (key: string) => receiver.arrivals.filter((arrival) => arrival.key === key);
const taken = (key: string, many = 1) =>
  receiver.until(() => arrivalsOf(key).filter(({ accepted }) => accepted).length >= many);
/** Ends all without warning, and begins again that much later. */
async function startAgain(movedMs: number, changed: Partial<ClusterOptions> = {}, webhooks = {}): Promise<void> {
  await cluster.kill();
  receiver.movedMs = movedMs;
  cluster = await startCluster({ ...options(movedMs, webhooks), ...changed });
  db = await cluster.database();
}
const relabel = async (key: string, label: string) =>
  expect((await cluster.admin('PATCH', `/keys/${key}`, { label })).status).toBe(200);

it('a message that comes again begins no other attempt', async () => {
  receiver.answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return 204;
  };
  const { id } = await cluster.issue(account);
  const delivery = await db.prepare('SELECT id FROM deliveries WHERE key_id = ?').bind(id).first<number>('id');
  const queue = await cluster.queue();
  const body = { kind: 'deliver', delivery: delivery ?? 0, attempt: 1 } as const;
  await queue.sendBatch(Array.from({ length: 12 }, () => ({ body })));
  await taken(id);
  await queue.sendBatch([body, { ...body, attempt: 2 }, { ...body, attempt: 3 }].map((each) => ({ body: each })));
  // What comes after them has been taken when they have been.
  await relabel(id, 'next');
  await taken(id, 2);
  expect(arrivalsOf(id).map(({ sequence }) => sequence)).toEqual([1, 2]);
  receiver.answer = () => 204;
});

it('nothing is sent of a change that is not in force', async () => {
  const waiting = await cluster.issue(account);
  await taken(waiting.id);
  // As when the gate cannot be reached: the change is committed, and its row stands.
  const nowMs = Date.now();
  await db
    .prepare(
      `INSERT INTO outbox (kind, account_id, key_id, generation, payload, created_at_ms, next_attempt_at_ms)
       VALUES ('key.updated', ?, ?, 1, '{}', ?, ?)`,
    )
    .bind(account, waiting.id, nowMs, nowMs)
    .run();
  await db
    .prepare(
      `INSERT INTO audit (at_ms, actor, action, account_id, key_id, after) VALUES (?, 'system', 'key.deactivated', ?, ?, '{}')`,
    )
    .bind(nowMs, account, waiting.id)
    .run();
  const other = await cluster.issue(account);
  await taken(other.id);
  expect(arrivalsOf(waiting.id)).toHaveLength(1);
  // The sweep drives it through, and that lets the event go.
  await cluster.steer(0, 'clock', { offsetMs: MINUTE_MS });
  await cluster.schedule();
  await taken(waiting.id, 2);
  expect(await db.prepare('SELECT count(*) AS n FROM outbox').first('n')).toBe(0);
  await cluster.steer(0, 'clock', { offsetMs: 0 });
});

it('a message that fails again and again is told to the operator, and its delivery is made once the registry is back', async () => {
  await db.prepare('ALTER TABLE webhook_secrets RENAME TO webhook_secrets_away').run();
  const { id } = await cluster.issue(account);
  const told = () => db.prepare(`SELECT after FROM audit WHERE action = 'delivery.dead'`).first<string>('after');
  while ((await told()) === null) await new Promise((resolve) => setTimeout(resolve, 200));
  expect(JSON.parse((await told()) ?? '')).toEqual({ endpoint: null, account: null, cause: 'queue', deliveries: 1 });
  expect(arrivalsOf(id)).toEqual([]);
  await db.prepare('ALTER TABLE webhook_secrets_away RENAME TO webhook_secrets').run();
  await cluster.steer(0, 'clock', { offsetMs: MINUTE_MS + 1_000 });
  await cluster.schedule();
  await taken(id);
  expect(arrivalsOf(id)).toHaveLength(1);
  await cluster.steer(0, 'clock', { offsetMs: 0 });
});

it('what the queue has lost is delivered after a minute, and what was under way when all ended is delivered again', async () => {
  receiver.answer = () => 'hang';
  const begun = await cluster.issue(account);
  await receiver.until(() => arrivalsOf(begun.id).length === 1);
  const lost = await cluster.issue(account);
  receiver.answer = () => 204;
  await startAgain(MINUTE_MS + 1_000);
  await cluster.schedule();
  await Promise.all([taken(begun.id), taken(lost.id)]);
  expect(arrivalsOf(lost.id)).toMatchObject([{ sequence: 1, verified: true }]);
  const [first, again, ...others] = arrivalsOf(begun.id);
  expect(others).toEqual([]);
  expect(again).toMatchObject({ verified: true, id: first?.id, body: first?.body });
  const { results } = await db
    .prepare(`SELECT attempts, status FROM deliveries WHERE endpoint_id = ? AND key_id = ?`)
    .bind(endpoint, begun.id)
    .all();
  expect(results).toEqual([{ attempts: 2, status: 'delivered' }]);
});

it('nothing is sent without the key of the secrets, nor to an address that is not allowed by now', async () => {
  await startAgain(2 * MINUTE_MS, { vars: { WEBHOOK_KEYS: '' } });
  const { id } = await cluster.issue(account);
  await cluster.schedule();
  const row = () => db.prepare('SELECT * FROM deliveries WHERE key_id = ?').bind(id).first();
  expect(await row()).toMatchObject({ status: 'pending', attempts: 0, leased: 0 });
  await startAgain(3 * MINUTE_MS, {}, { allow_local: false });
  await cluster.schedule();
  const read = () =>
    db
      .prepare('SELECT a.* FROM delivery_attempts AS a JOIN deliveries AS d ON d.id = a.delivery_id WHERE d.key_id = ?')
      .bind(id)
      .first();
  while ((await read()) === null) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await read()).toMatchObject({ number: 1, status: null, error: 'address_refused', response: null });
  expect(arrivalsOf(id)).toEqual([]);
  await startAgain(5 * MINUTE_MS);
  await cluster.schedule();
  await taken(id);
  expect(arrivalsOf(id)).toMatchObject([{ verified: true, sequence: 1 }]);
});
