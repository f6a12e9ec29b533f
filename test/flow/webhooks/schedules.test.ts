import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { addEndpoint, LOCAL } from '../../support/endpoints.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';

/*
 * Promise: of very many keys that expire on one day each is told of once for each span, by runs of the cron that are
 * bounded, also where they are killed in the middle, where two come at once, and where none came for days.
 */

const KEYS = 10_000;
const DAY_MS = 86_400_000;
const HALF_DAY_MS = DAY_MS / 2;
const DAYS = [14, 7, 1];
/** What one run tells of by one span. */
const MOST_PER_RUN = 2_000;

let cluster: Cluster;
let db: D1Database;
let receiver: Receiver;
const startMs = Date.now();

beforeAll(async () => {
  cluster = await startCluster({ isolates: 2, policy: { webhooks: LOCAL } });
  db = await cluster.database();
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.stop();
  await cluster.stop();
});

/** Writes keys that were made long ago, half of which expire at the same time and the others in the half day after it. */
async function fill(account: string, many: number, fromMs: number): Promise<void> {
  await db
    .prepare(
      `INSERT INTO keys (id, account_id, environment, role, status, generation, quotas, prefix, created_at_ms, expires_at_ms)
       WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?2 - 1)
       SELECT 'key_' || ?1 || i, ?1, 'live', 'developer', 'active', 1, '{}', 'ks_live_' || i, 1,
         ?3 + CASE i % 2 WHEN 0 THEN 0 ELSE CAST(i * ?4 / ?2 AS INTEGER) END FROM n`,
    )
    .bind(account, many, fromMs, HALF_DAY_MS - 1)
    .run();
}

/** How many rows the trail and the deliveries have. */
async function rows(): Promise<{ audit: number; deliveries: number; events: number }> {
  const row = await db
    .prepare(
      'SELECT (SELECT count(*) FROM audit) AS audit, (SELECT count(*) FROM deliveries) AS deliveries, (SELECT count(*) FROM events) AS events',
    )
    .first<{ audit: number; deliveries: number; events: number }>();
  if (row === null) throw new Error('no counts');
  return row;
}

interface Tally {
  readonly told: number;
  readonly keys: number;
}

/** How often keys of an account were told of, and how many. `days`: by which span; 0: as expired. */
async function told(account: string, days: number): Promise<Tally> {
  const tally = await db
    .prepare(
      `SELECT count(*) AS told, count(DISTINCT key_id) AS keys FROM audit
       WHERE account_id = ?1 AND action = ?2 AND coalesce(after ->> 'beforeMs', 0) = ?3`,
    )
    .bind(account, days === 0 ? 'key.expired' : 'key.expiring', days * DAY_MS)
    .first<Tally>();
  return tally ?? { told: -1, keys: -1 };
}

/** Runs the cron as `how` says until it tells no more. Returns what each of these rounds wrote, the last one nothing. */
async function drain(how: () => Promise<unknown>): Promise<number[]> {
  const written: number[] = [];
  for (let before = await rows(); written.at(-1) !== 0; ) {
    await how();
    const after = await rows();
    expect(after.deliveries - before.deliveries).toBe(after.events - before.events);
    written.push(after.events - before.events);
    before = after;
  }
  return written;
}

describe('10,000 keys that expire on the same day', () => {
  const expireAtMs = startMs + 20 * DAY_MS;
  let account: string;
  const all: Tally = { told: KEYS, keys: KEYS };
  /** When all of them are within so many days of their end. */
  const moveTo = (days: number) => cluster.moveTime(20 * DAY_MS + HALF_DAY_MS - days * DAY_MS);

  beforeAll(async () => {
    account = await cluster.account();
    // An endpoint that takes all, and to which nothing is sent here: what is due to it is counted.
    const { id } = await addEndpoint(cluster, receiver.url, { accountId: account });
    await db.prepare('UPDATE webhook_endpoints SET resumes_at_ms = 9e15 WHERE id = ?').bind(id).run();
    await fill(account, KEYS, expireAtMs);
    await cluster.schedule();
  });

  it('are told of within five runs, none of which tells of more than it may', async () => {
    await moveTo(14);
    const written = await drain(() => cluster.schedule());
    expect(written).toEqual([...Array.from({ length: KEYS / MOST_PER_RUN }, () => MOST_PER_RUN), 0]);
    expect(await told(account, 14)).toEqual(all);
  });

  it('are told of once where two isolates run at once, by clocks that differ', async () => {
    await moveTo(7);
    await cluster.steer(1, 'clock', { offsetMs: 13 * DAY_MS + HALF_DAY_MS - 3_000 });
    const written = await drain(() => Promise.all([cluster.schedule(0), cluster.schedule(1)]));
    expect(Math.max(...written)).toBeLessThanOrEqual(2 * MOST_PER_RUN);
    expect(await told(account, 7)).toEqual(all);
  });

  it('are told of once where the runs are killed, before and after each of their steps', async () => {
    await moveTo(1);
    let cut = 0;
    for (let callsLeft = 0; callsLeft < 14; callsLeft++) {
      for (const isDone of [0, 1]) {
        const before = await rows();
        await cluster.steer(0, 'death', { callsLeft, isDone });
        await cluster.schedule(0);
        await cluster.steer(0, 'forget');
        const { events } = await rows();
        if (events > before.events && events < before.events + MOST_PER_RUN) cut++;
        expect(events - before.events).toBeLessThanOrEqual(MOST_PER_RUN);
      }
    }
    // Some were killed amid what they told.
    expect(cut).toBeGreaterThan(2);
    await drain(() => cluster.schedule());
    expect(await told(account, 1)).toEqual(all);
  });

  it('are told of as expired once where no cron ran for days, and by no span again', async () => {
    const before = await rows();
    await moveTo(-5);
    const written = await drain(() => cluster.schedule());
    expect(Math.max(...written)).toBe(MOST_PER_RUN);
    expect(await told(account, 0)).toEqual(all);
    for (const days of DAYS) expect(await told(account, days)).toEqual(all);
    // Beside them only the cron, which tells that it was away.
    expect((await rows()).audit - before.audit).toBeLessThanOrEqual(KEYS + 2);
  });

  it('have been numbered each by itself', async () => {
    const { results } = await db
      .prepare(
        'SELECT sequence, count(*) AS events, count(DISTINCT key_id) AS keys FROM events WHERE account_id = ? GROUP BY 1',
      )
      .bind(account)
      .all();
    expect(results).toEqual([1, 2, 3, 4].map((sequence) => ({ sequence, events: KEYS, keys: KEYS })));
  });
});

describe('what the cron tells', () => {
  it('reaches a receiver, of each key once', async () => {
    const many = 150;
    const account = await cluster.account();
    const baseMs = 40 * DAY_MS;
    await cluster.moveTime(baseMs);
    await cluster.schedule();
    await fill(account, many, startMs + baseMs + 2 * DAY_MS);
    const { secret } = await addEndpoint(cluster, receiver.url, {
      accountId: account,
      events: ['key_expiring', 'key_expired'],
    });
    receiver.secrets.push(secret);

    for (const [i, days] of [1, -1].entries()) {
      receiver.movedMs = baseMs + 2 * DAY_MS + HALF_DAY_MS - days * DAY_MS;
      await cluster.moveTime(receiver.movedMs);
      await Promise.all([cluster.schedule(0), cluster.schedule(1)]);
      await receiver.until((arrivals) => arrivals.filter(({ accepted }) => accepted).length >= many * (i + 1));
    }
    expect(receiver.arrivals.every(({ verified }) => verified)).toBe(true);
    const seen = Map.groupBy(receiver.arrivals, ({ type }) => type);
    expect([...seen.keys()]).toEqual(['key_expiring', 'key_expired']);
    for (const arrivals of seen.values()) expect(new Set(arrivals.map(({ key }) => key)).size).toBe(many);
    expect(new Set(receiver.arrivals.map(({ id }) => id)).size).toBe(2 * many);
  });
});
