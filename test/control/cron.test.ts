import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openSeal, parseSealKeys, type Seal } from '../../src/events/seal.ts';
import { RECORD_CACHE_MS } from '../../src/registry/lookup.ts';
import { type Gateway, type Json, openGateway } from './gateway.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const START_MS = 1_900_000_000_000;
const AWAY = { 'x-test-away': 'gates' };
const OLD_KEYS = `1:${'3c'.repeat(32)}`;
const NEW_KEYS = `2:${'4d'.repeat(32)},${OLD_KEYS}`;
let gateway: Gateway;

/** Each of these tests has a gateway of its own. */
function withOwnGateway(): void {
  beforeEach(open);
  afterEach(() => gateway.close());
}

async function open(): Promise<void> {
  gateway = await openGateway({ WEBHOOK_KEYS: NEW_KEYS });
}

/** The alerts of one run. The line of a request shows that all before it have come. */
async function run(atMs: number, dueAtMs = atMs, headers = {}): Promise<Json[]> {
  gateway.logs.length = 0;
  expect((await gateway.schedule(atMs, dueAtMs, headers)).status).toBe(204);
  await gateway.call('/healthz', {});
  const lines = () => gateway.logs.flatMap((text) => text.split('\n')).map((line): Json => JSON.parse(line));
  await vi.waitFor(() => expect(lines()).toContainEqual(expect.objectContaining({ path: '/healthz' })), 5_000);
  return lines().filter(({ level }) => level === 'alert');
}

/** What the trail has of an action: by whom and what. */
async function notes(action: string): Promise<{ actor: string; after: Json }[]> {
  const { results } = await gateway.db
    .prepare('SELECT actor, after FROM audit WHERE action = ? ORDER BY id')
    .bind(action)
    .all<{ actor: string; after: string }>();
  return results.map(({ actor, after }) => ({ actor, after: JSON.parse(after) }));
}

async function count(table: string): Promise<number> {
  return (await gateway.db.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>('n')) ?? -1;
}

function sealUnder(keys: string): Seal {
  const parsed = parseSealKeys(keys);
  return openSeal((parsed.ok && parsed.keys) || []);
}

/** An endpoint of the operator to which nothing is sent for now. */
async function endpoint(id = 'whe_1'): Promise<void> {
  await gateway.db
    .prepare(
      `INSERT INTO webhook_endpoints (id, url, status, created_at_ms, resumes_at_ms) VALUES (?, 'https://e.example', 'active', 1, 9e12)`,
    )
    .bind(id)
    .run();
}

/** A secret of the endpoint as it is sealed. */
type Secret = readonly [id: string, sealed: string, version: number, endsAtMs?: number];

async function secrets(...rows: readonly Secret[]): Promise<void> {
  const insert = gateway.db.prepare("INSERT INTO webhook_secrets VALUES (?, 'whe_1', ?, ?, 1, ?)");
  await gateway.db.batch(
    rows.map(([id, sealed, version, endsAtMs = null]) => insert.bind(id, sealed, version, endsAtMs)),
  );
}

/** Trial keys as they would be made, that expire then. */
async function trialKeys(expiresAtMs: number, ...ids: string[]): Promise<void> {
  await gateway.db
    .prepare(
      "INSERT OR IGNORE INTO accounts (id, name, plan, status, created_at_ms) VALUES ('acc_trial', 'T', 'free', 'active', 1)",
    )
    .run();
  await gateway.db
    .prepare(
      `INSERT INTO keys (id, account_id, environment, role, status, generation, quotas, prefix, created_at_ms, expires_at_ms)
       SELECT value, 'acc_trial', 'trial', 'developer', 'active', 1, '{}', 'p', ?2, ?1 FROM json_each(?3)`,
    )
    .bind(expiresAtMs, expiresAtMs - 30 * MINUTE_MS, JSON.stringify(ids))
    .run();
}

describe('a run', () => {
  withOwnGateway();

  test('a cron that comes a little late wakes nobody, and neither does the first', async () => {
    expect(await run(START_MS)).toEqual([]);
    expect(await run(START_MS + 3 * MINUTE_MS, START_MS)).toEqual([]);
    expect(await notes('cron.late')).toEqual([]);
  });

  test('a cron whose last run was too long ago is told, and noted', async () => {
    await run(START_MS);
    expect(await run(START_MS + 3 * MINUTE_MS + 1_000)).toMatchObject([{ event: 'cron_late', seconds: 181 }]);
    expect(await notes('cron.late')).toEqual([{ actor: 'system', after: { seconds: 181 } }]);
  });

  test('a cron that runs long after it was due is told each time, and noted once in ten minutes', async () => {
    expect(await run(START_MS, START_MS - 10 * MINUTE_MS)).toMatchObject([{ event: 'cron_late', seconds: 600 }]);
    await run(START_MS + MINUTE_MS, START_MS - 10 * MINUTE_MS);
    expect(await notes('cron.late')).toEqual([{ actor: 'system', after: { seconds: 600 } }]);
    await run(START_MS + 11 * MINUTE_MS, START_MS);
    expect(await notes('cron.late')).toHaveLength(2);
  });

  test('a change that cannot be brought into force is told once it is 5 minutes old, until it is in force', async () => {
    const { id } = await gateway.key(await gateway.account());
    const change = await gateway.admin('POST', `/keys/${id}/deactivate`, undefined, { headers: AWAY });
    expect(change.status).toBe(503);
    const changedAtMs = Date.now();
    const stuck = async (atMs: number, headers = {}) =>
      (await run(changedAtMs + atMs, changedAtMs + atMs, headers)).filter(({ event }) => event === 'outbox_stuck');
    expect(await stuck(5 * MINUTE_MS - 5_000, AWAY)).toEqual([]);
    expect(await notes('outbox.stuck')).toEqual([]);
    const [alert, ...others] = await stuck(6 * MINUTE_MS, AWAY);
    expect([alert?.rows, others]).toEqual([1, []]);
    expect(alert?.seconds).toBeGreaterThanOrEqual(360);
    expect(await notes('outbox.stuck')).toEqual([{ actor: 'system', after: { rows: 1, seconds: alert?.seconds } }]);
    // Not the isolate that has just told, which would leave a second line out.
    expect(await stuck(120 * MINUTE_MS)).toEqual([]);
    expect(await notes('outbox.stuck')).toHaveLength(1);
  });

  test('a job that fails keeps no other from running, and is named', async () => {
    const id = 'key_1';
    await run(START_MS);
    await gateway.db.prepare('DROP INDEX secrets_by_grace').run();
    await gateway.db.prepare('DROP TABLE deliveries').run();
    await gateway.db.prepare('DROP TRIGGER audit_tells').run();
    await trialKeys(START_MS + 1, id);
    await gateway.db.prepare("INSERT INTO ended_sessions VALUES ('t', 1)").run();
    const alerts = await run(START_MS + RECORD_CACHE_MS + MINUTE_MS);
    const failed = alerts.filter(({ event }) => event === 'schedule_failed').map(({ job }) => job);
    expect(failed).toEqual(['tellGraceEnds', 'sendEvents', 'forgetDeliveries']);
    expect(await notes('key.expired')).toHaveLength(1);
    expect([await count('keys'), await count('ended_sessions')]).toEqual([0, 0]);
  });
});

describe('trial keys', () => {
  withOwnGateway();

  test('are told of as expired before they are purged, also when no cron has run for a day, and a bounded number goes at once', async () => {
    await run(START_MS);
    await trialKeys(START_MS + MINUTE_MS, ...Array.from({ length: 450 }, (_, i) => `key_${i}`));
    const left: number[] = [];
    for (let i = 0; i < 3; i++) {
      await run(START_MS + DAY_MS + i * MINUTE_MS);
      left.push(await count('keys'));
    }
    expect(left).toEqual([250, 50, 0]);
    const { results } = await gateway.db
      .prepare(
        'SELECT action, count(DISTINCT key_id) AS keys, count(*) AS n, max(id) AS last FROM audit WHERE key_id IS NOT NULL GROUP BY action',
      )
      .all<{ action: string; keys: number; n: number; last: number }>();
    expect(results.map(({ action, keys, n }) => [action, keys, n])).toEqual([
      ['key.expired', 450, 450],
      ['key.purged', 450, 450],
    ]);
    const purgedFirst = await gateway.db
      .prepare(
        "SELECT count(*) AS n FROM audit AS p JOIN audit AS e ON e.key_id = p.key_id AND e.action = 'key.expired' WHERE p.action = 'key.purged' AND p.id < e.id",
      )
      .first<number>('n');
    expect(purgedFirst).toBe(0);
  });

  test('wait for what has to be told before them', async () => {
    await run(START_MS);
    await trialKeys(START_MS + MINUTE_MS, ...Array.from({ length: 2_050 }, (_, i) => `first_${i}`));
    await trialKeys(START_MS + 2 * MINUTE_MS, 'last');
    await gateway.db.prepare("UPDATE keys SET generation = 2, environment = 'live' WHERE id LIKE 'first_%'").run();
    await run(START_MS + DAY_MS);
    expect([await count('keys'), (await notes('key.expired')).length]).toEqual([2_051, 2_000]);
    await run(START_MS + DAY_MS + MINUTE_MS);
    expect([await count('keys'), (await notes('key.expired')).length]).toEqual([2_050, 2_051]);
  });
});

describe('webhooks', () => {
  beforeAll(open);
  afterAll(() => gateway.close());
  beforeEach(async () => {
    const tables = ['delivery_attempts', 'deliveries', 'events', 'webhook_secrets', 'webhook_endpoints'];
    await gateway.db.batch(tables.map((table) => gateway.db.prepare(`DELETE FROM ${table}`)));
  });

  describe('what was delivered', () => {
    /** Deliveries of events of their own, with an attempt each. */
    async function fill(many: number, atMs: number, endpointId = 'whe_1'): Promise<void> {
      const first =
        (await gateway.db.prepare('SELECT coalesce(max(id), 0) AS id FROM events').first<number>('id')) ?? 0;
      const numbers = 'WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)';
      await gateway.db.batch(
        [
          `INSERT INTO events (id, type, at_ms) ${numbers} SELECT i, 'test', ?3 FROM n WHERE ?4 IS NOT NULL`,
          `INSERT INTO deliveries (id, endpoint_id, event_id, status, created_at_ms, since_at_ms, next_attempt_at_ms)
         ${numbers} SELECT i, ?4, i, 'delivered', ?3, ?3, ?3 FROM n`,
          `INSERT INTO delivery_attempts (delivery_id, number, at_ms, duration_ms, request)
         ${numbers} SELECT i, 1, ?3, 1, '{}' FROM n WHERE ?4 IS NOT NULL`,
        ].map((sql) => gateway.db.prepare(sql).bind(first + 1, first + many, atMs, endpointId)),
      );
    }
    const counts = async () => [await count('deliveries'), await count('delivery_attempts'), await count('events')];

    test('is forgotten as old as the policy says, of endpoints that are gone too, a bounded number in a run', async () => {
      const runAtMs = START_MS + 30 * DAY_MS;
      await endpoint();
      await fill(5_200, START_MS - 1);
      await fill(30, START_MS - 1, 'whe_gone');
      await fill(7, START_MS);
      await run(runAtMs);
      expect(await counts()).toEqual([237, 237, 237]);
      await run(runAtMs);
      expect(await counts()).toEqual([7, 7, 7]);
      await run(runAtMs);
      expect(await counts()).toEqual([7, 7, 7]);
    });

    test('leaves no event behind where an endpoint was deleted with its deliveries', async () => {
      await endpoint();
      await fill(10, START_MS - 1);
      await fill(5, START_MS);
      await gateway.db.prepare('DELETE FROM delivery_attempts').run();
      await gateway.db.prepare('DELETE FROM deliveries').run();
      await run(START_MS + 30 * DAY_MS);
      expect(await counts()).toEqual([0, 0, 5]);
    });
  });

  describe('secrets of endpoints', () => {
    test('are forgotten once their grace is over', async () => {
      await endpoint();
      await secrets(['whs_now', 'x', 2], ['whs_over', 'x', 2, START_MS], ['whs_grace', 'x', 2, START_MS + 1]);
      await run(START_MS);
      const { results } = await gateway.db.prepare('SELECT id FROM webhook_secrets ORDER BY id').all();
      expect(results).toEqual([{ id: 'whs_grace' }, { id: 'whs_now' }]);
    });

    test('are sealed anew under the current key, a bounded number in a run, and open as before', async () => {
      await endpoint();
      const older = sealUnder(OLD_KEYS);
      const ids = Array.from({ length: 230 }, (_, i) => `whs_${i}`);
      await secrets(
        ...(await Promise.all(ids.map(async (id) => [id, await older.seal(`secret of ${id}`, id), 1] as const))),
      );
      const under = async () =>
        (await gateway.admin('GET', '/status')).body.webhook_keys.map(({ secrets }: Json) => secrets);
      expect(await under()).toEqual([0, 230]);
      await run(START_MS);
      expect(await under()).toEqual([200, 30]);
      await run(START_MS + MINUTE_MS);
      expect(await under()).toEqual([230, 0]);
      const { results } = await gateway.db
        .prepare('SELECT id, sealed, key_version AS version FROM webhook_secrets')
        .all<{ id: string; sealed: string; version: number }>();
      const current = sealUnder(NEW_KEYS.split(',')[0] ?? '');
      for (const { id, sealed, version } of results)
        expect(await current.open(sealed, version, id)).toBe(`secret of ${id}`);
    });

    test('that cannot be opened are told of, and keep no other from being sealed anew', async () => {
      await endpoint();
      const older = sealUnder(OLD_KEYS);
      const sealed = (owner: string) => older.seal('s', owner);
      await secrets(
        ['whs_altered', await sealed('whs_other'), 1],
        ['whs_fine', await sealed('whs_fine'), 1],
        ['whs_lost', 'x', 7],
      );
      const problem = '1 secrets of webhook endpoints cannot be opened by WEBHOOK_KEYS';
      expect(await run(START_MS)).toContainEqual(
        expect.objectContaining({ event: 'schedule_failed', job: 'resealSecrets', error: problem }),
      );
      const { results } = await gateway.db
        .prepare('SELECT id, key_version AS version FROM webhook_secrets ORDER BY id')
        .all();
      expect(results).toEqual([
        { id: 'whs_altered', version: 1 },
        { id: 'whs_fine', version: 2 },
        { id: 'whs_lost', version: 7 },
      ]);
    });
  });
});
