import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { addEndpoint } from '../../support/endpoints.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';

/*
 * Promise: by the pauses of the default policy a delivery is tried for about three days, a receiver is given the time that
 * it asks for, and an endpoint that fails for days is disabled. Days pass by moving the clock.
 */

const [SECOND_MS, MINUTE_MS, DAY_MS] = [1_000, 60_000, 86_400_000];
let cluster: Cluster;
let db: D1Database;
let movedMs = 0;
const open: Receiver[] = [];

beforeAll(async () => {
  cluster = await startCluster({ policy: { webhooks: { allow_local: true } } });
  db = await cluster.database();
});
afterAll(async () => {
  await Promise.all(open.map((receiver) => receiver.stop()));
  await cluster.stop();
});

/** Lets time pass, and the cron run. */
async function pass(ms: number): Promise<void> {
  movedMs += ms;
  for (const receiver of open) receiver.movedMs = movedMs;
  await cluster.steer(0, 'clock', { offsetMs: movedMs });
  await cluster.schedule();
}

/** A receiver with an endpoint of an account, or (null) of the operator. */
async function receiverOf(account: string | null, events?: readonly string[]) {
  const receiver = await startReceiver();
  receiver.movedMs = movedMs;
  open.push(receiver);
  const fields = { ...(account !== null && { accountId: account }), ...(events !== undefined && { events }) };
  const { id, secret } = await addEndpoint(cluster, receiver.url, fields);
  receiver.secrets.push(secret);
  return { receiver, endpoint: id };
}

interface Pending {
  readonly attempts: number;
  readonly status: string;
  readonly leased: number;
  readonly next_attempt_at_ms: number;
  readonly resumes_at_ms: number;
  readonly last_at_ms: number;
}

/** An endpoint's first delivery, once its n-th attempt is recorded. */
async function settled(endpoint: string, attempt: number): Promise<Pending> {
  for (;;) {
    const row = await db
      .prepare(
        `SELECT d.attempts, d.status, d.leased, d.next_attempt_at_ms, w.resumes_at_ms,
           (SELECT max(at_ms) FROM delivery_attempts WHERE delivery_id = d.id) AS last_at_ms
         FROM deliveries AS d JOIN webhook_endpoints AS w ON w.id = d.endpoint_id
         WHERE d.endpoint_id = ? ORDER BY d.id LIMIT 1`,
      )
      .bind(endpoint)
      .first<Pending>();
    if (row !== null && row.attempts === attempt && row.leased === 0) return row;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

it('a delivery is tried ten times over three days, each pause longer than the one before, and then it is over', async () => {
  const account = await cluster.account();
  const { receiver, endpoint } = await receiverOf(account);
  receiver.answer = () => 500;
  await cluster.issue(account);
  const pauses: number[] = [];
  for (let attempt = 1; attempt < 10; attempt++) {
    const { next_attempt_at_ms, last_at_ms, status, resumes_at_ms } = await settled(endpoint, attempt);
    expect(status).toBe('pending');
    expect(resumes_at_ms - last_at_ms).toBeLessThan(MINUTE_MS * 6);
    pauses.push(next_attempt_at_ms - last_at_ms);
    await pass(next_attempt_at_ms - (Date.now() + movedMs) + 1);
  }
  expect(await settled(endpoint, 10)).toMatchObject({ status: 'failed' });
  expect(pauses.toSorted((a, b) => a - b)).toEqual(pauses);
  const days = pauses.reduce((sum, pause) => sum + pause, 0) / DAY_MS;
  expect(days).toBeGreaterThan(2.9);
  expect(days).toBeLessThan(3.6);
  expect(receiver.arrivals).toHaveLength(10);
  expect(new Set(receiver.arrivals.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
  expect(receiver.arrivals.every(({ verified }) => verified)).toBe(true);
  await pass(DAY_MS);
});

it('a receiver is given the time that it asks for, and nothing else is sent to it before', async () => {
  const account = await cluster.account();
  const { receiver, endpoint } = await receiverOf(account);
  receiver.answer = () => ({ status: 429, headers: { 'retry-after': '7200' } });
  await cluster.issue(account);
  const { next_attempt_at_ms, resumes_at_ms, last_at_ms } = await settled(endpoint, 1);
  expect(next_attempt_at_ms - last_at_ms).toBeGreaterThanOrEqual(7_200 * SECOND_MS);
  expect(next_attempt_at_ms - last_at_ms).toBeLessThan(7_260 * SECOND_MS);
  expect(resumes_at_ms).toBe(next_attempt_at_ms);
  receiver.answer = () => 204;
  const other = await cluster.issue(account);
  const quickAccount = await cluster.account();
  const quick = await receiverOf(quickAccount);
  await pass(7_100 * SECOND_MS);
  await cluster.issue(quickAccount);
  await quick.receiver.until((all) => all.length === 1);
  expect(receiver.arrivals).toHaveLength(1);
  await pass(160 * SECOND_MS);
  await receiver.until((all) => all.length === 3);
  expect(receiver.arrivals.map(({ key }) => key)).toContain(other.id);
});

it('an endpoint that only fails for five days is disabled, and its owner and the operator are told', async () => {
  const account = await cluster.account();
  const { receiver, endpoint } = await receiverOf(account);
  const second = await receiverOf(account, ['endpoint_disabled']);
  const operator = await receiverOf(null, ['endpoint_disabled']);
  receiver.answer = () => 500;
  await cluster.issue(account);
  await settled(endpoint, 1);
  // Less than two days each: after longer it would not only have failed.
  for (const [i, days] of [1.7, 1.7, 1.6].entries()) {
    await pass(days * DAY_MS - 30 * MINUTE_MS);
    await settled(endpoint, i + 2);
  }
  const status = () => db.prepare('SELECT status FROM webhook_endpoints WHERE id = ?').bind(endpoint).first('status');
  expect(await status()).toBe('active');
  await pass(140 * MINUTE_MS);
  await Promise.all([second, operator].map(({ receiver: told }) => told.until((all) => all.length === 1)));
  expect(await status()).toBe('disabled');
  expect(second.receiver.arrivals).toMatchObject([{ type: 'endpoint_disabled', verified: true }]);
  const { data } = JSON.parse(second.receiver.arrivals[0]?.body ?? '');
  expect(data).toMatchObject({ account, endpoint, reason: 'failing' });
  // Active again, it gets what has waited.
  await db
    .prepare(`UPDATE webhook_endpoints SET status = 'active', disabled_by = NULL, failures = 0,
    failing_since_at_ms = NULL, resumes_at_ms = 0 WHERE id = ?`)
    .bind(endpoint)
    .run();
  receiver.answer = () => 204;
  await pass(DAY_MS);
  await receiver.until((all) => all.some(({ accepted }) => accepted));
  expect(receiver.arrivals.at(-1)).toMatchObject({ type: 'key_created', verified: true });
});

it('deliveries are forgotten after 30 days', async () => {
  const count = (table: string) => db.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>('n');
  expect(await count('deliveries')).toBeGreaterThan(3);
  await pass(31 * DAY_MS);
  while (((await count('deliveries')) ?? 0) > 0) await pass(MINUTE_MS);
  expect([await count('delivery_attempts'), await count('events')]).toEqual([0, 0]);
});
