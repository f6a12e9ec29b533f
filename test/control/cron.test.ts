import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Gateway, type Json, openGateway } from './gateway.ts';

const MINUTE_MS = 60_000;
const START_MS = 1_900_000_000_000;
const AWAY = { 'x-test-away': 'gates' };
let gateway: Gateway;

beforeEach(async () => {
  gateway = await openGateway();
});
afterEach(() => gateway.close());

/** The alerts of one run. The line of a request shows that all before it have come. */
async function run(atMs: number, dueAtMs = atMs, headers = {}): Promise<Json[]> {
  gateway.logs.length = 0;
  expect((await gateway.schedule(atMs, dueAtMs, headers)).status).toBe(204);
  await gateway.call('/healthz', {});
  const lines = () => gateway.logs.flatMap((text) => text.split('\n')).map((line): Json => JSON.parse(line));
  await vi.waitFor(() => expect(lines()).toContainEqual(expect.objectContaining({ path: '/healthz' })), 5_000);
  return lines().filter(({ level }) => level === 'alert');
}

test('a cron that comes a little late wakes nobody, and neither does the first', async () => {
  expect(await run(START_MS)).toEqual([]);
  expect(await run(START_MS + 3 * MINUTE_MS, START_MS)).toEqual([]);
});

test('a cron whose last run was too long ago is told', async () => {
  await run(START_MS);
  expect(await run(START_MS + 3 * MINUTE_MS + 1_000)).toMatchObject([{ event: 'cron_late', seconds: 181 }]);
});

test('a cron that runs long after it was due is told', async () => {
  expect(await run(START_MS, START_MS - 10 * MINUTE_MS)).toMatchObject([{ event: 'cron_late', seconds: 600 }]);
});

test('a change that cannot be brought into force is told once it is 5 minutes old, until it is in force', async () => {
  const { id } = await gateway.key(await gateway.account());
  const change = await gateway.admin('POST', `/keys/${id}/deactivate`, undefined, { headers: AWAY });
  expect(change.status).toBe(503);
  const changedAtMs = Date.now();
  const stuck = async (atMs: number, headers = {}) =>
    (await run(changedAtMs + atMs, changedAtMs + atMs, headers)).filter(({ event }) => event === 'outbox_stuck');
  expect(await stuck(5 * MINUTE_MS - 5_000, AWAY)).toEqual([]);
  const [alert, ...others] = await stuck(6 * MINUTE_MS, AWAY);
  expect([alert?.rows, others]).toEqual([1, []]);
  expect(alert?.seconds).toBeGreaterThanOrEqual(360);
  // Not the isolate that has just told, which would leave a second line out.
  expect(await stuck(120 * MINUTE_MS)).toEqual([]);
});
