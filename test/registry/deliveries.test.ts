import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type AttemptRecord,
  disableEndpoint,
  type Next,
  settleDelivered,
  settleFailed,
} from '../../src/registry/attempts.ts';
import { closeAccount } from '../../src/registry/closing.ts';
import { type Claimed, claim, handOver, pendingDeliveries, purgeDeliveries } from '../../src/registry/deliveries.ts';
import { eraseAccountRows } from '../../src/registry/erasing.ts';
import { noteOnce, SYSTEM } from '../../src/registry/note.ts';
import type { Db } from '../../src/registry/rows.ts';
import { changeEndpoint } from '../../src/registry/webhooks.ts';
import { admin, count, NOW_MS, openDatabase } from './database.ts';

const runbook = readFileSync(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8');

let store: Awaited<ReturnType<typeof openDatabase>>;
let db: D1Database;

beforeAll(async () => {
  store = await openDatabase();
  db = store.db;
});
afterAll(() => store.close());
beforeEach(async () => {
  const tables = [
    'outbox',
    'delivery_attempts',
    'deliveries',
    'events',
    'key_sequences',
    'webhook_secrets',
    'webhook_endpoints',
    'accounts',
  ];
  await db.batch(tables.map((table) => db.prepare(`DELETE FROM ${table}`)));
  const insert = `INSERT INTO accounts (id, name, plan, status, created_at_ms) VALUES (?, 'One', 'free', 'active', 1)`;
  await db.batch(['acc_1', 'acc_2'].map((id) => db.prepare(insert).bind(id)));
});

/** The trail cannot be emptied: what a test finds in it stands behind this entry. */
let lastEntry = 0;
beforeEach(async () => {
  lastEntry = (await db.prepare('SELECT max(id) AS last FROM audit').first<number>('last')) ?? 0;
});

const LEASE_MS = 25_000;

async function addEndpoint(id: string, accountId: string | null = 'acc_1'): Promise<void> {
  await db.batch([
    db
      .prepare(
        `INSERT INTO webhook_endpoints (id, account_id, url, status, created_at_ms) VALUES (?, ?, 'https://' || ?1, 'active', 1)`,
      )
      .bind(id, accountId),
    db
      .prepare(`INSERT INTO webhook_secrets VALUES (?, ?, 'sealed', 1, 1, NULL)`)
      .bind(`sec_${id}_${crypto.randomUUID()}`, id),
  ]);
}

let told = 0;
/** Something happens to a key; whoever is subscribed is to be told. */
async function happen(keyId: string | null, atMs = NOW_MS, accountId = 'acc_1', action = 'key.updated'): Promise<void> {
  told++;
  await noteOnce(db, { once: `${told}`, action, accountId, keyId, about: {} }, SYSTEM, atMs);
}

interface Row {
  readonly id: number;
  readonly endpoint_id: string;
  readonly event_id: number;
  readonly key_id: string | null;
  readonly status: string;
  readonly attempts: number;
  readonly next_attempt_at_ms: number;
  readonly leased: number;
}

async function rows(): Promise<Row[]> {
  return (await db.prepare('SELECT * FROM deliveries ORDER BY id').all<Row>()).results;
}

/** The keys (or endpoints) of what is handed over. */
async function due(nowMs = NOW_MS, by: 'key_id' | 'endpoint_id' = 'key_id') {
  const handed = new Set((await handOver(db, nowMs)).map(({ delivery }) => delivery));
  return (await rows()).filter(({ id }) => handed.has(id)).map((row) => row[by]);
}

/** Hands over what is due and claims it. */
async function claimDue(nowMs = NOW_MS): Promise<Claimed[]> {
  return claim(db, await handOver(db, nowMs), nowMs, LEASE_MS);
}

const record = (atMs: number, status: number | null = 500): AttemptRecord => ({
  atMs,
  durationMs: 5,
  status,
  error: status === null ? 'timeout' : null,
  request: { url: 'https://a', headers: {}, body: '{}' },
  response: status === null ? null : { headers: {}, body: 'no' },
});
const next = (attemptAtMs: number | null, fields: Partial<Next> = {}): Next => ({
  attemptAtMs,
  pausesMs: [5_000, 300_000],
  notBeforeMs: 0,
  quietMs: 7_200_000,
  ...fields,
});

async function fail(claimed: Claimed, nowMs: number, how: Next = next(nowMs + 5_000), beganAtMs = nowMs) {
  return settleFailed(db, claimed, record(beganAtMs), how, nowMs);
}

/** The one delivery that is due is this one, and it arrives. */
async function arrive(delivery: number, nowMs: number): Promise<void> {
  const claimed = only(await claimDue(nowMs));
  expect(claimed.delivery).toBe(delivery);
  await settleDelivered(db, claimed, record(nowMs, 204), nowMs);
}

const endpointRow = (id: string) =>
  db.prepare('SELECT * FROM webhook_endpoints WHERE id = ?').bind(id).first<Record<string, unknown>>();

function only<T>(list: readonly T[]): T {
  expect(list).toHaveLength(1);
  return list[0] as T;
}

describe('handing over', () => {
  it('takes what is due once, until its time in the queue is over', async () => {
    await addEndpoint('a');
    await happen('k1', NOW_MS + 1);
    expect(await handOver(db, NOW_MS)).toEqual([]);
    const first = await handOver(db, NOW_MS + 1);
    expect(first).toEqual([{ delivery: only(await rows()).id, attempt: 1 }]);
    expect(await handOver(db, NOW_MS + 60_000)).toEqual([]);
    expect(await handOver(db, NOW_MS + 60_001)).toEqual(first);
  });

  it('is taken by one of several who come at once', async () => {
    await addEndpoint('a');
    for (let i = 0; i < 8; i++) await happen(`k${i}`);
    const handed = await Promise.all(Array.from({ length: 5 }, () => handOver(db, NOW_MS)));
    expect(new Set(handed.flat().map(({ delivery }) => delivery)).size).toBe(8);
    expect(handed.flat()).toHaveLength(8);
  });

  it('has at most ten of an endpoint in hand, and as each one ends takes the next, the longest due first', async () => {
    await addEndpoint('a');
    for (let i = 0; i < 25; i++) await happen(`k${i}`, NOW_MS - 100 + i);
    const claimed = await claimDue();
    expect(claimed).toHaveLength(10);
    expect(await due(NOW_MS + 1)).toEqual([]);
    expect((await rows()).filter(({ leased }) => leased === 1).map(({ key_id }) => key_id)).toEqual(
      Array.from({ length: 10 }, (_, i) => `k${i}`),
    );
    for (const each of claimed.slice(0, 3)) await settleDelivered(db, each, record(NOW_MS, 204), NOW_MS);
    expect(await due(NOW_MS + 1)).toEqual(['k10', 'k11', 'k12']);
  });

  it('takes at most a hundred at once, and the first of each endpoint before the second of any', async () => {
    for (let i = 0; i < 60; i++) await addEndpoint(`e${String(i).padStart(2, '0')}`);
    for (let i = 0; i < 3; i++) await happen(`k${i}`);
    const taken = await due(NOW_MS, 'endpoint_id');
    expect(taken).toHaveLength(100);
    expect(new Set(taken).size).toBe(60);
    expect(await due(NOW_MS, 'endpoint_id')).toHaveLength(80);
    expect(await due(NOW_MS)).toEqual([]);
  });

  it('looks at no backlog of an endpoint that fails, nor at that of another account', async () => {
    await addEndpoint('dead', 'acc_2');
    await addEndpoint('live');
    await db
      .prepare(
        `INSERT INTO deliveries (endpoint_id, event_id, key_id, created_at_ms, since_at_ms, next_attempt_at_ms)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         SELECT 'dead', -i, 'k' || (i % 500), ?1 - 7200000, ?1, ?1 FROM n`,
      )
      .bind(NOW_MS - 1_000)
      .run();
    await db
      .prepare(`UPDATE webhook_endpoints SET resumes_at_ms = ?, failures = 3 WHERE id = 'dead'`)
      .bind(NOW_MS + 1)
      .run();
    await happen('k1');
    const read = { rows: 0 };
    expect(await handOver(metered(db, read), NOW_MS)).toHaveLength(1);
    expect(read.rows).toBeLessThan(60);
    // When the pause is over, of the failing one is one tried, and no more is looked at than ten.
    read.rows = 0;
    expect(await handOver(metered(db, read), NOW_MS + 1)).toHaveLength(1);
    expect(read.rows).toBeLessThan(150);
    // Nor is it by whatever comes after.
    const all = await rows();
    const asked = [all[0], all.at(-1)].map((row) => ({ delivery: row?.id ?? 0, attempt: 1 }));
    read.rows = 0;
    const [one, two] = await claim(metered(db, read), asked, NOW_MS, LEASE_MS);
    if (one === undefined || two === undefined) throw new Error('too little is claimed');
    await settleFailed(metered(db, read), one, record(NOW_MS), next(NOW_MS + 5_000), NOW_MS);
    await settleDelivered(metered(db, read), two, record(NOW_MS), NOW_MS);
    expect(await purgeDeliveries(metered(db, read), NOW_MS - 1, 10)).toBe(10);
    expect(read.rows).toBeLessThan(250);
  });

  it('finds what may go behind ever so much that has to wait, and looks at little of that each time', async () => {
    await addEndpoint('a');
    await happen('k1', NOW_MS - 1_000);
    await fail(only(await claimDue(NOW_MS - 1_000)), NOW_MS - 1_000, next(NOW_MS + 60_000));
    await db.prepare('UPDATE webhook_endpoints SET failures = 0, resumes_at_ms = 0').run();
    await db
      .prepare(
        `INSERT INTO deliveries (endpoint_id, event_id, key_id, created_at_ms, since_at_ms, next_attempt_at_ms)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         SELECT 'a', -i, 'k1', ?1, ?1, ?1 FROM n`,
      )
      .bind(NOW_MS - 500)
      .run();
    await happen('k2');
    const read = { rows: 0 };
    const found = [];
    for (let time = 0; time < 6; time++) found.push(await handOver(metered(db, read), NOW_MS));
    expect(found.map(({ length }) => length)).toEqual([0, 0, 0, 0, 0, 1]);
    expect(read.rows).toBeLessThan(6 * 200 * 10);
    read.rows = 0;
    expect(await handOver(metered(db, read), NOW_MS)).toEqual([]);
    expect(read.rows).toBeLessThan(60);
    // When the first of them has arrived the others follow, one by one and at once.
    const [retried] = (await rows()).filter(({ attempts }) => attempts > 0);
    const late = NOW_MS + 60_000;
    await db
      .prepare(`UPDATE deliveries SET next_attempt_at_ms = ? WHERE id <> ?`)
      .bind(late + 9, retried?.id)
      .run();
    await arrive(retried?.id ?? 0, late);
    const others = (await rows()).filter(({ status, key_id }) => status === 'pending' && key_id === 'k1');
    await arrive(others[0]?.id ?? 0, late);
    await arrive(others[1]?.id ?? 0, late + 9);
    const claimed = only(await claimDue(late + 9));
    expect(claimed.delivery).toBe(others[2]?.id);
    expect(await handOver(db, late + 9)).toEqual([]);
    await fail(claimed, late + 9, next(null));
    const [following] = (await rows()).filter(({ id }) => id === others[3]?.id);
    expect(following).toMatchObject({ status: 'pending', next_attempt_at_ms: NOW_MS - 500 });
  });

  it('puts nothing off where all that is due is looked at', async () => {
    await addEndpoint('a');
    for (let i = 0; i < 3; i++) await happen('k1');
    const first = only(await claimDue());
    expect(await handOver(db, NOW_MS)).toEqual([]);
    await settleDelivered(db, first, record(NOW_MS, 204), NOW_MS);
    expect(await handOver(db, NOW_MS)).toHaveLength(1);
  });

  it('passes over endpoints that are disabled, paused or gone', async () => {
    for (const id of ['a', 'b', 'c', 'd']) await addEndpoint(id);
    await happen('k1');
    await db.prepare(`UPDATE webhook_endpoints SET status = 'disabled', disabled_by = 'owner' WHERE id = 'a'`).run();
    await db
      .prepare(`UPDATE webhook_endpoints SET resumes_at_ms = ? WHERE id = 'b'`)
      .bind(NOW_MS + 1)
      .run();
    await db.batch([
      db.prepare(`DELETE FROM webhook_secrets WHERE endpoint_id = 'c'`),
      db.prepare(`DELETE FROM webhook_endpoints WHERE id = 'c'`),
    ]);
    expect(await due(NOW_MS, 'endpoint_id')).toEqual(['d']);
    expect(await due(NOW_MS + 1, 'endpoint_id')).toEqual(['b']);
  });
});

/** Adds up how many rows the statements that are run with `all`, or in a batch, have read. */
function metered(of: D1Database, read: { rows: number }): Db {
  const bare = new WeakMap<D1PreparedStatement, D1PreparedStatement>();
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const wrapped = new Proxy(statement, {
      get(target, property) {
        if (property === 'bind') return (...values: unknown[]) => wrap(target.bind(...values));
        if (property !== 'all') return Reflect.get(target, property);
        return async () => {
          const result = await target.all();
          read.rows += result.meta.rows_read;
          return result;
        };
      },
    });
    bare.set(wrapped, statement);
    return wrapped;
  };
  return {
    prepare: (sql) => wrap(of.prepare(sql)),
    async batch<T>(all: D1PreparedStatement[]) {
      const results = await of.batch<T>(all.map((statement) => bare.get(statement) ?? statement));
      for (const { meta } of results) read.rows += meta.rows_read;
      return results;
    },
  };
}

describe('the order of a key', () => {
  it('lets an event wait behind the one before it, at the same endpoint', async () => {
    await addEndpoint('a');
    await addEndpoint('b');
    for (let i = 0; i < 3; i++) await happen('k1', NOW_MS + i);
    await happen('k2', NOW_MS + 3);
    await happen(null, NOW_MS + 4, 'acc_1', 'credits.low');
    await happen(null, NOW_MS + 5, 'acc_1', 'credits.low');
    const soon = NOW_MS + 10;
    expect(await due(soon)).toEqual(['k1', 'k1', 'k2', 'k2', null, null, null, null]);
    const [first] = (await rows()).filter(({ leased, endpoint_id }) => leased === 1 && endpoint_id === 'a');
    const taken = only(await claim(db, [{ delivery: first?.id ?? 0, attempt: 1 }], soon, LEASE_MS));
    await settleDelivered(db, taken, record(soon, 204), soon);
    // Its second goes out at that endpoint; at the other one the first is still in hand.
    expect(await handOver(db, soon)).toHaveLength(1);
    expect(await handOver(db, soon)).toEqual([]);
  });

  it('holds through failures, for an hour', async () => {
    await addEndpoint('a');
    await happen('k1', NOW_MS);
    await happen('k1', NOW_MS + 1_000);
    const claimed = only(await claimDue(NOW_MS + 1_000));
    await fail(claimed, NOW_MS + 1_000, next(NOW_MS + 10_000_000));
    await db.prepare('UPDATE webhook_endpoints SET resumes_at_ms = 0').run();
    expect(await due(NOW_MS + 3_599_999)).toEqual([]);
    expect(await handOver(db, NOW_MS + 3_600_000)).toEqual([{ delivery: claimed.delivery + 1, attempt: 1 }]);
  });

  it('holds after that hour too, but while the one before pauses', async () => {
    await addEndpoint('a');
    for (let i = 0; i < 3; i++) await happen('k1', NOW_MS);
    const late = NOW_MS + 10_000_000;
    const first = only(await claimDue(late));
    expect(await handOver(db, late + LEASE_MS - 1)).toEqual([]);
    await fail(first, late, next(late + 20_000));
    await db.prepare('UPDATE webhook_endpoints SET failures = 0, resumes_at_ms = 0').run();
    const second = only(await claimDue(late + 19_999));
    expect(second.delivery).toBe(first.delivery + 1);
    await settleDelivered(db, second, record(late, 204), late + 19_999);
    // The first has come again; the third waits for no other.
    expect(only(await claimDue(late + 20_000)).delivery).toBe(first.delivery);
  });

  it('holds behind one that was put off without an attempt', async () => {
    await addEndpoint('a');
    for (let i = 0; i < 2; i++) await happen('k1', NOW_MS);
    const late = NOW_MS + 10_000_000;
    const [first] = await rows();
    await db
      .prepare('UPDATE deliveries SET next_attempt_at_ms = ? WHERE id = ?')
      .bind(late + 1, first?.id)
      .run();
    expect(await handOver(db, late)).toEqual([]);
    await arrive(first?.id ?? 0, late + 1);
  });

  it('goes on behind one that was given up', async () => {
    await addEndpoint('a');
    await happen('k1');
    await happen('k1');
    const claimed = only(await claimDue());
    await fail(claimed, NOW_MS, next(null));
    expect(await handOver(db, NOW_MS + 300_000)).toEqual([{ delivery: claimed.delivery + 1, attempt: 1 }]);
  });
});

describe('an event', () => {
  const outbox = (keyId: string, createdAtMs: number) =>
    db
      .prepare(
        `INSERT INTO outbox (kind, account_id, key_id, generation, payload, created_at_ms, next_attempt_at_ms)
         VALUES ('key.updated', 'acc_1', ?, 2, '{}', ?, 1)`,
      )
      .bind(keyId, createdAtMs)
      .run();

  it('is not sent before its change is in force, nor before an older one of its key is', async () => {
    await addEndpoint('a');
    await outbox('k1', NOW_MS);
    await outbox('k2', NOW_MS - 5_000);
    await outbox('k3', NOW_MS + 1);
    for (const key of ['k1', 'k2', 'k3', 'k4']) await happen(key);
    expect(await due()).toEqual(['k3', 'k4']);
    await db.prepare(`DELETE FROM outbox WHERE key_id = 'k1'`).run();
    expect(await due()).toEqual(['k1']);
    await db.prepare(`DELETE FROM outbox WHERE key_id = 'k2'`).run();
    expect(await due()).toEqual(['k2']);
  });

  it('of a member waits for that the change of the keys is in force', async () => {
    await addEndpoint('a');
    await outbox('k1', NOW_MS);
    await happen(null, NOW_MS, 'acc_1', 'member.removed');
    await happen(null, NOW_MS + 1, 'acc_1', 'member.removed');
    await happen(null, NOW_MS, 'acc_2', 'member.removed');
    await addEndpoint('b', 'acc_2');
    await happen(null, NOW_MS, 'acc_2', 'member.removed');
    expect(await due(NOW_MS + 1, 'endpoint_id')).toEqual(['a', 'b']);
    await db.prepare('DELETE FROM outbox').run();
    expect(await due(NOW_MS + 1, 'endpoint_id')).toEqual(['a']);
  });
});

describe('what is pending', () => {
  it('is counted, but for endpoints that are disabled', async () => {
    for (const id of ['a', 'b']) await addEndpoint(id);
    await happen('k1');
    await happen(null);
    expect(await pendingDeliveries(db)).toBe(4);
    const [one] = await claimDue();
    if (one !== undefined) await settleDelivered(db, one, record(NOW_MS, 204), NOW_MS);
    expect(await pendingDeliveries(db)).toBe(3);
    await db.prepare(`UPDATE webhook_endpoints SET status = 'disabled' WHERE id <> ?`).bind(one?.endpoint).run();
    expect(await pendingDeliveries(db)).toBe(1);
  });
});

describe('a claim', () => {
  it('begins each attempt once, whoever asks and however often', async () => {
    await addEndpoint('a');
    await happen('k1');
    const handed = await handOver(db, NOW_MS);
    const claims = await Promise.all(
      Array.from({ length: 5 }, () => claim(db, [...handed, ...handed], NOW_MS, LEASE_MS)),
    );
    expect(only(claims.flat())).toMatchObject({
      attempt: 1,
      endpoint: 'a',
      accountId: 'acc_1',
      url: 'https://a',
      failures: 0,
    });
    expect(await claim(db, [{ delivery: handed[0]?.delivery ?? 0, attempt: 3 }], NOW_MS, LEASE_MS)).toEqual([]);
  });

  it('that leaves no trace is lost when its time is over, and the next attempt is due', async () => {
    await addEndpoint('a');
    await happen('k1');
    const { delivery } = only(await claimDue());
    expect(await handOver(db, NOW_MS + LEASE_MS - 1)).toEqual([]);
    expect(await handOver(db, NOW_MS + LEASE_MS)).toEqual([{ delivery, attempt: 2 }]);
    // It was never recorded, so it is none of those that have failed.
    expect(only(await claim(db, [{ delivery, attempt: 2 }], NOW_MS, LEASE_MS)).failures).toBe(0);
  });

  it('is given the secrets that have not ended, newest first', async () => {
    await addEndpoint('a');
    const insert = 'INSERT INTO webhook_secrets VALUES (?, ?, ?, 2, ?, ?)';
    await db.batch([
      db.prepare(insert).bind('s2', 'a', 'two', 2, NOW_MS + 1),
      db.prepare(insert).bind('s3', 'a', 'three', 3, NOW_MS),
    ]);
    await happen('k1');
    const { secrets } = only(await claimDue());
    expect(secrets.map(({ sealed, keyVersion }) => [sealed, keyVersion])).toEqual([
      ['two', 2],
      ['sealed', 1],
    ]);
  });

  it('is refused where the endpoint is disabled by now, and where it was delivered', async () => {
    await addEndpoint('a');
    await happen('k1');
    const handed = await handOver(db, NOW_MS);
    await disableEndpoint(db, 'a', 'gone', NOW_MS);
    expect(await claim(db, handed, NOW_MS, LEASE_MS)).toEqual([]);
    await db.prepare(`UPDATE webhook_endpoints SET status = 'active', disabled_by = NULL`).run();
    const claimed = only(await claim(db, handed, NOW_MS, LEASE_MS));
    await settleDelivered(db, claimed, record(NOW_MS, 200), NOW_MS);
    expect(await claim(db, [{ delivery: claimed.delivery, attempt: 2 }], NOW_MS, LEASE_MS)).toEqual([]);
  });
});

describe('a delivery', () => {
  it('that went through is over, and its attempt is kept', async () => {
    await addEndpoint('a');
    await happen('k1');
    await settleDelivered(db, only(await claimDue()), record(NOW_MS, 204), NOW_MS + 9);
    expect(only(await rows())).toMatchObject({ status: 'delivered', attempts: 1, leased: 0, ended_at_ms: NOW_MS + 9 });
    const kept = await db.prepare('SELECT * FROM delivery_attempts').first();
    expect(kept).toMatchObject({ number: 1, at_ms: NOW_MS, duration_ms: 5, status: 204, error: null });
    expect(await handOver(db, NOW_MS + 10_000_000)).toEqual([]);
  });

  it('that failed is due again at its time, and counts what has failed since it was asked for', async () => {
    await addEndpoint('a');
    await happen('k1');
    await fail(only(await claimDue()), NOW_MS, next(NOW_MS + 7_000));
    expect(await claimDue(NOW_MS + 6_999)).toEqual([]);
    const second = only(await claimDue(NOW_MS + 7_000));
    expect(second).toMatchObject({ attempt: 2, failures: 1 });
    await fail(second, NOW_MS + 7_001, next(null));
    expect(only(await rows())).toMatchObject({ status: 'failed', attempts: 2, leased: 0 });
    // Asked for again, it begins anew, and its attempts are numbered on.
    await db
      .prepare(`UPDATE deliveries SET status = 'pending', since_at_ms = ?1, next_attempt_at_ms = ?1`)
      .bind(NOW_MS + 900_000)
      .run();
    expect(only(await claimDue(NOW_MS + 900_000))).toMatchObject({ attempt: 3, failures: 0 });
  });

  it('that failed at another URL than the one of its endpoint now says nothing of that one', async () => {
    await addEndpoint('a');
    await happen('k1');
    const claimed = only(await claimDue());
    await db.prepare(`UPDATE webhook_endpoints SET url = 'https://moved'`).run();
    expect(await fail(claimed, NOW_MS + 1_000)).toBeNull();
    expect(await endpointRow('a')).toMatchObject({ failures: 0, failing_since_at_ms: null, resumes_at_ms: 0 });
    expect(only(await rows())).toMatchObject({ status: 'pending', leased: 0, next_attempt_at_ms: NOW_MS + 6_000 });
    expect(await count(db, 'delivery_attempts')).toBe(1);
  });

  it('is not put off by an attempt that was given up for a later one', async () => {
    await addEndpoint('a');
    await happen('k1');
    const first = only(await claimDue());
    const second = only(await claimDue(NOW_MS + LEASE_MS));
    await fail(first, NOW_MS + LEASE_MS + 1, next(null));
    expect(only(await rows())).toMatchObject({ status: 'pending', attempts: 2, leased: 1 });
    await settleDelivered(db, second, record(NOW_MS + LEASE_MS, 204), NOW_MS + LEASE_MS + 2);
    expect(only(await rows())).toMatchObject({ status: 'delivered' });
    expect(await count(db, 'delivery_attempts')).toBe(2);
  });

  it('that was given up is told to the operator, once for an endpoint and hour', async () => {
    await addEndpoint('dying');
    await addEndpoint('ops', null);
    for (const key of ['k1', 'k2']) await happen(key);
    for (const each of (await claimDue()).filter(({ endpoint }) => endpoint === 'dying'))
      await fail(each, NOW_MS, next(null));
    const { results } = await db
      .prepare(`SELECT account_id, after FROM audit WHERE action = 'delivery.dead' AND id > ?`)
      .bind(lastEntry)
      .all();
    expect(results).toEqual([
      {
        account_id: null,
        after: JSON.stringify({ endpoint: 'dying', account: 'acc_1', cause: 'attempts', deliveries: 1 }),
      },
    ]);
    const events = await db
      .prepare(`SELECT d.endpoint_id FROM events AS e JOIN deliveries AS d ON d.event_id = e.id
      WHERE e.type = 'dead_letter'`)
      .all();
    expect(events.results).toEqual([{ endpoint_id: 'ops' }]);
  });

  it('of an account that was erased meanwhile leaves nothing of what was in it', async () => {
    await addEndpoint('op', null);
    await happen('k1');
    await happen('k2', NOW_MS, 'acc_2');
    const [one, two] = await claimDue();
    if (one === undefined || two === undefined) throw new Error('two are due');
    await closeAccount(db, 'acc_1', admin, NOW_MS);
    await eraseAccountRows(db, 'acc_1', admin, NOW_MS);
    for (const claimed of [one, two]) await fail(claimed, NOW_MS + 10);
    const kept = await db.prepare('SELECT request, response FROM delivery_attempts ORDER BY delivery_id').all();
    const { request, response } = record(NOW_MS);
    expect(kept.results).toEqual([
      { request: JSON.stringify({ ...request, body: '' }), response: null },
      { request: JSON.stringify(request), response: JSON.stringify(response) },
    ]);
  });

  it.each([
    ['an activation', { status: 'active' }, [NOW_MS + 20, NOW_MS + 60_000, NOW_MS + 5_010]],
    ['another URL', { url: 'https://other' }, [NOW_MS + 20, NOW_MS + 60_000, NOW_MS + 5_010]],
    ['another description', { description: 'x' }, [NOW_MS + 5_010, NOW_MS + 60_000, NOW_MS + 5_010]],
  ] as const)('is due at once after %s of its endpoint, but where it is in hand', async (_, change, due) => {
    await addEndpoint('a');
    await addEndpoint('b');
    await happen('k1');
    await happen('k2');
    const claimed = await claimDue();
    const failing = claimed.filter(({ endpoint, event }) => endpoint === 'b' || event === claimed[0]?.event);
    for (const each of failing) await fail(each, NOW_MS + 10);
    await db
      .prepare('UPDATE deliveries SET next_attempt_at_ms = ? WHERE leased = 1')
      .bind(NOW_MS + 60_000)
      .run();
    await changeEndpoint(db, { accountId: 'acc_1', id: 'a' }, change, admin, NOW_MS + 20);
    const found = await rows();
    const times = found.filter(({ endpoint_id }) => endpoint_id === 'a').map((row) => row.next_attempt_at_ms);
    const other = found.find(({ endpoint_id }) => endpoint_id === 'b')?.next_attempt_at_ms;
    expect([...times, other]).toEqual(due);
  });

  it('that was deleted meanwhile leaves nothing', async () => {
    await addEndpoint('a');
    await happen('k1');
    const claimed = only(await claimDue());
    await db.prepare('DELETE FROM deliveries').run();
    await settleDelivered(db, claimed, record(NOW_MS, 204), NOW_MS);
    expect(await count(db, 'delivery_attempts')).toBe(0);
  });
});

describe('an endpoint', () => {
  it('that fails is paused, longer each time, and tried with one until one goes through', async () => {
    await addEndpoint('a');
    for (let i = 0; i < 20; i++) await happen(`k${i}`);
    const [one, ...others] = await claimDue();
    if (one === undefined) throw new Error('nothing is due');
    expect(await fail(one, NOW_MS + 10, next(NOW_MS), NOW_MS)).toEqual({
      failingSinceAtMs: NOW_MS + 10,
      resumesAtMs: NOW_MS + 5_010,
    });
    // What was under way together with it is the same failure.
    for (const each of others) await fail(each, NOW_MS + 9_000, next(NOW_MS), NOW_MS);
    expect(await endpointRow('a')).toMatchObject({
      failures: 1,
      failing_since_at_ms: NOW_MS + 10,
      resumes_at_ms: NOW_MS + 5_010,
    });
    expect(await claimDue(NOW_MS + 5_009)).toEqual([]);
    const again = only(await claimDue(NOW_MS + 10_000));
    await fail(again, NOW_MS + 10_001, next(NOW_MS + 10_002), NOW_MS + 10_000);
    expect(await endpointRow('a')).toMatchObject({
      failures: 2,
      failing_since_at_ms: NOW_MS + 10,
      resumes_at_ms: NOW_MS + 310_001,
    });
    const third = only(await claimDue(NOW_MS + 310_001));
    await fail(third, NOW_MS + 310_002, next(NOW_MS), NOW_MS + 310_001);
    expect(await endpointRow('a')).toMatchObject({ failures: 3, resumes_at_ms: NOW_MS + 610_002 });
    const good = only(await claimDue(NOW_MS + 610_002));
    await settleDelivered(db, good, record(NOW_MS + 610_002, 204), NOW_MS + 610_003);
    expect(await endpointRow('a')).toMatchObject({ failures: 0, failing_since_at_ms: null, resumes_at_ms: 0 });
    expect(await claimDue(NOW_MS + 610_003)).toHaveLength(10);
  });

  it('that failed long ago and was sent nothing since has not only failed since then', async () => {
    await addEndpoint('a');
    const since = async (atMs: number) => {
      await happen(null, atMs);
      return (await fail(only(await claimDue(atMs)), atMs, next(null)))?.failingSinceAtMs;
    };
    expect(await since(NOW_MS)).toBe(NOW_MS);
    expect(await since(NOW_MS + 7_200_000)).toBe(NOW_MS);
    expect(await since(NOW_MS + 30_000_000)).toBe(NOW_MS + 30_000_000);
  });

  it('that asks for time is given it, whatever goes through that was sent before', async () => {
    await addEndpoint('a');
    await happen('k1');
    await happen('k2');
    const [one, two] = await claimDue();
    if (one === undefined || two === undefined) throw new Error('too little is due');
    const until = NOW_MS + 120_000;
    expect(await fail(one, NOW_MS + 5, next(until, { notBeforeMs: until }), NOW_MS)).toMatchObject({
      resumesAtMs: until,
    });
    await settleDelivered(db, two, record(NOW_MS, 204), NOW_MS + 6);
    await happen('k3');
    expect(await claimDue(until - 1)).toEqual([]);
    expect(await claimDue(until)).toHaveLength(1);
  });

  it('that is disabled tells so once, to all endpoints but itself', async () => {
    await addEndpoint('a');
    await addEndpoint('b');
    await addEndpoint('ops', null);
    await happen('k1');
    const claimed = (await claimDue()).find(({ endpoint }) => endpoint === 'a');
    if (claimed === undefined) throw new Error('nothing is due');
    await fail(claimed, NOW_MS);
    for (const nowMs of [NOW_MS + 1, NOW_MS + 1, NOW_MS + 2]) await disableEndpoint(db, 'a', 'failing', nowMs);
    await disableEndpoint(db, 'a', 'gone', NOW_MS + 3);
    expect(await endpointRow('a')).toMatchObject({ status: 'disabled', disabled_by: 'failing' });
    const { results } = await db
      .prepare(`SELECT account_id, actor, after FROM audit WHERE action = 'webhook.failed' AND id > ?`)
      .bind(lastEntry)
      .all();
    const after = { endpoint: 'a', url: 'https://a', reason: 'failing', failingSinceAtMs: NOW_MS };
    expect(results).toEqual([{ account_id: 'acc_1', actor: 'system', after: JSON.stringify(after) }]);
    const sent = await db
      .prepare(`SELECT d.endpoint_id FROM events AS e JOIN deliveries AS d ON d.event_id = e.id
      WHERE e.type = 'endpoint_disabled' ORDER BY 1`)
      .all();
    expect(sent.results).toEqual([{ endpoint_id: 'b' }, { endpoint_id: 'ops' }]);
  });
});

describe('a restored registry', () => {
  it('counts on behind what it has given, as the runbook says', async () => {
    const command = /--command "(UPDATE sqlite_sequence [^"]+)"/.exec(runbook)?.[1] ?? '';
    await addEndpoint('a');
    await db
      .prepare(
        `INSERT INTO keys (id, account_id, environment, role, status, generation, quotas, prefix, created_at_ms)
         VALUES ('k1', 'acc_1', 'live', 'developer', 'active', 1, '{}', 'p', 1)`,
      )
      .run();
    const last = async () =>
      (await db.prepare('SELECT * FROM events ORDER BY id DESC').first<{ id: number }>()) ?? null;
    await happen('k1');
    const [before, [delivery]] = [await last(), await rows()];
    await db.exec(command);
    await happen('k1');
    expect(await last()).toMatchObject({ id: (before?.id ?? 0) + 1_000_001, sequence: 1_002 });
    expect((await rows())[1]?.id).toBe((delivery?.id ?? 0) + 1_000_001);
    await db.prepare(`DELETE FROM keys WHERE id = 'k1'`).run();
  });
});

describe('retention', () => {
  it('forgets old deliveries, a bounded number at a time, and events that no delivery has', async () => {
    await addEndpoint('a');
    for (let i = 0; i < 3; i++) await happen(`k${i}`, NOW_MS + i);
    await addEndpoint('b');
    await happen('k9', NOW_MS + 3);
    for (const each of await claimDue(NOW_MS + 3)) await settleDelivered(db, each, record(NOW_MS + 3, 204), NOW_MS + 3);
    expect(await count(db, 'delivery_attempts')).toBe(5);
    expect(await purgeDeliveries(db, NOW_MS + 2, 1)).toBe(1);
    expect(await purgeDeliveries(db, NOW_MS + 2, 10)).toBe(1);
    expect(await purgeDeliveries(db, NOW_MS + 2, 10)).toBe(0);
    expect((await rows()).map(({ key_id }) => key_id)).toEqual(['k2', 'k9', 'k9']);
    expect([await count(db, 'events'), await count(db, 'delivery_attempts')]).toEqual([2, 3]);
    // An event stays as long as one delivery has it.
    expect(await purgeDeliveries(db, NOW_MS + 9, 2)).toBe(2);
    expect([await count(db, 'events'), await count(db, 'delivery_attempts')]).toEqual([1, 1]);
    expect(await purgeDeliveries(db, NOW_MS + 9, 2)).toBe(1);
    expect([await count(db, 'events'), await count(db, 'delivery_attempts')]).toEqual([0, 0]);
  });
});
