import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { KeyRecord } from '../../src/decision/record.ts';
import { applyChanges, readKey, type StoredKey } from '../../src/registry/keys.ts';
import { kvName } from '../../src/registry/lookup.ts';
import { type Cluster, type IssuedKey, startCluster } from '../support/cluster.ts';
import { malformedKey, unissuedKey } from '../support/keys.ts';
import { startOrigin } from '../support/origin.ts';
import { type Json, type Reply, read, status } from '../support/reply.ts';

/*
 * The laws of DESIGN §3 that are not about timing, over HTTP: what stands in memory, KV, D1 and the gates is made to
 * differ as crashes, caches and restored databases make it differ, and the next request is right all the same.
 */

const ACTOR = { name: 'test', address: null, requestId: null };

let cluster: Cluster;
let db: D1Database;
let kv: KVNamespace;
let account: string;
let movedMs = 0;
let addresses = 0;
const newAddress = () => `203.0.113.${++addresses}`;

async function pass(ms: number): Promise<void> {
  movedMs += ms;
  await cluster.moveTime(movedMs);
}

const call = (key: string, isolate = 0) => status(cluster.call(key, isolate));
const change = (id: string, action: string) => read(cluster.admin('POST', `/keys/${id}/${action}`));

async function digestOf(key: string): Promise<string> {
  return (await read(cluster.admin('POST', '/keys/lookup', { key }))).body.digest;
}

/** The record in KV once what was being written there has arrived. */
async function record(key: string): Promise<KeyRecord | null> {
  return kv.get<KeyRecord>(kvName(await digestOf(key)), 'json');
}

/** A gate's alarm has fired, so that it knows nothing any more. */
async function erase({ id }: IssuedKey): Promise<void> {
  const knows = async () => (await read(cluster.admin('GET', `/keys/${id}`))).body.usage.granted as number;
  expect(await knows()).toBeGreaterThan(0);
  await cluster.eraseGate(id);
  await vi.waitFor(async () => expect(await knows()).toBe(0), { timeout: 5_000, interval: 20 });
}

beforeAll(async () => {
  cluster = await startCluster({ isolates: 2 });
  [db, kv, account] = await Promise.all([cluster.database(), cluster.records(), cluster.account()]);
});
afterAll(() => cluster.stop());

describe('a stale cache does no harm', () => {
  it('in memory: after each acknowledged change the next request of another isolate is right', async () => {
    const { key, id } = await cluster.issue(account);
    expect(await call(key, 1)).toBe(200);
    for (let round = 0; round < 3; round++) {
      expect((await change(id, 'deactivate')).status).toBe(200);
      expect(await call(key, 1)).toBe(401);
      expect((await change(id, 'activate')).status).toBe(200);
      expect(await call(key, 1)).toBe(200);
    }
    await read(cluster.admin('POST', `/accounts/${account}/suspend`));
    expect(await call(key, 1)).toBe(403);
    await read(cluster.admin('POST', `/accounts/${account}/resume`));
    expect(await call(key, 1)).toBe(200);
    expect((await change(id, 'revoke')).status).toBe(204);
    expect(await call(key, 1)).toBe(401);
  });

  it('in KV: an old record that comes back is found out by the gate, and repaired', async () => {
    const { key, id } = await cluster.issue(account);
    expect(await call(key, 1)).toBe(200);
    await vi.waitFor(async () => expect((await record(key))?.generation).toBe(1));
    const old = JSON.stringify(await record(key));
    await change(id, 'deactivate');
    expect(await record(key)).toBeNull();
    await kv.put(kvName(await digestOf(key)), old);
    await cluster.steer(1, 'forget');
    expect(await call(key, 1)).toBe(401);
    await vi.waitFor(async () => expect(await record(key)).toMatchObject({ generation: 2, status: 'inactive' }));

    await change(id, 'activate');
    await kv.put(kvName(await digestOf(key)), old.replace('"active"', '"inactive"'));
    await cluster.steer(1, 'forget');
    expect(await call(key, 1)).toBe(200);
    await vi.waitFor(async () => expect(await record(key)).toMatchObject({ generation: 3, status: 'active' }));
  });

  it('in KV: an old record that is read anew, since memory has outlived its time, is found out and repaired in both', async () => {
    const { key, id } = await cluster.issue(account);
    expect(await call(key, 1)).toBe(200);
    await vi.waitFor(async () => expect((await record(key))?.generation).toBe(1));
    const old = JSON.stringify(await record(key));
    for (const action of ['deactivate', 'activate']) await change(id, action);
    expect(await call(key, 1)).toBe(200);
    // Memory's record is too old to be used and is asked for again; KV answers with the oldest.
    await pass(11 * 60_000);
    await kv.put(kvName(await digestOf(key)), old);
    expect(await call(key, 1)).toBe(200);
    await vi.waitFor(async () => expect((await record(key))?.generation).toBe(3));
    await cluster.calls(1);
    expect(await call(key, 1)).toBe(200);
    expect(await cluster.calls(1)).not.toHaveProperty('d1');
  });

  it('in KV: a newer record is never replaced by the lower generation that a restored D1 gives', async () => {
    const issued = await cluster.issue(account);
    const { key, id } = issued;
    for (const action of ['deactivate', 'activate']) await change(id, action);
    expect(await call(key, 1)).toBe(200);
    await vi.waitFor(async () => expect((await record(key))?.generation).toBe(3));
    await erase(issued);
    await restore(id, { generation: 1, status: 'active' });
    await cluster.steer(1, 'forget');
    expect(await call(key, 1)).toBe(200);
    expect((await record(key))?.generation).toBe(3);
  });

  it('of a key that is not active: its denial is confirmed, so an acknowledged activation is served at once', async () => {
    const { key, id } = await cluster.issue(account);
    for (let round = 0; round < 4; round++) {
      await change(id, 'deactivate');
      // Isolate 1 knows the inactive record and holds the gate's leased word for it.
      for (let i = 0; i < 5; i++) expect(await call(key, 1)).toBe(401);
      expect((await change(id, 'activate')).status).toBe(200);
      for (let i = 0; i < 5; i++) expect(await call(key, 1)).toBe(200);
    }
  });

  it('where the gate knows nothing: it answers stale to a cached record, and the primary is read once', async () => {
    const issued = await cluster.issue(account);
    expect(await call(issued.key, 1)).toBe(200);
    await erase(issued);
    await pass(10_000);
    await cluster.calls(1);
    expect(await call(issued.key, 1)).toBe(200);
    expect(await cluster.calls(1)).toMatchObject({ d1: 1, 'gate.admit': 2 });
  });

  it('where the key is gone: a cached record of a deleted row admits nobody', async () => {
    const issued = await cluster.issue(account);
    const { key, id } = issued;
    expect(await call(key, 1)).toBe(200);
    await erase(issued);
    await pass(10_000);
    await db.batch([
      db.prepare('DELETE FROM secret_digests WHERE secret_id IN (SELECT id FROM secrets WHERE key_id = ?)').bind(id),
      db.prepare('DELETE FROM secrets WHERE key_id = ?').bind(id),
      db.prepare('DELETE FROM keys WHERE id = ?').bind(id),
    ]);
    expect(await call(key, 1)).toBe(401);
    expect(await call(key, 1)).toBe(401);
  });
});

/** Sets a row back as a restored database has it, which asks no trigger. */
async function restore(id: string, { generation, status: old }: Pick<StoredKey, 'generation' | 'status'>) {
  const triggers = ['keys_raise_generation', 'keys_stay_revoked'];
  await db.batch(triggers.map((name) => db.prepare(`DROP TRIGGER IF EXISTS ${name}`)));
  await db.prepare('UPDATE keys SET generation = ?, status = ? WHERE id = ?').bind(generation, old, id).run();
}

describe('a database that was restored to an older state', () => {
  it.each([
    ['revoke', 401, 'api_key_revoked', 'revoked'],
    ['deactivate', 401, 'api_key_inactive', 'inactive'],
  ])('after a %s: 503, no strike and an alert, until it is reconciled with the stricter of both', async (...row) => {
    const [action, refused, code, kept] = row;
    const { key, id } = await cluster.issue(account);
    await change(id, action);
    await restore(id, { generation: 1, status: 'active' });
    await cluster.steer(1, 'forget');
    const address = newAddress();
    const alerts = () => cluster.logs.filter((line) => line.includes('registry_behind_gate') && line.includes(id));
    for (let i = 0; i < 3; i++) {
      const { status: seen, body, headers } = await read(cluster.call(key, 1, address));
      expect([seen, body.code, headers.get('retry-after')]).toEqual([503, 'gate_unavailable', '5']);
    }
    await vi.waitFor(() => expect(alerts().length).toBe(1));
    expect((await read(cluster.admin('GET', `/lockouts/ip/${address}`))).body.strikes).toBe(0);

    const reconciled = await read(cluster.admin('POST', '/reconcile'));
    expect([reconciled.status, reconciled.body.repaired]).toEqual([200, expect.arrayContaining([id])]);
    const after: Reply = await read(cluster.call(key, 1, address));
    expect([after.status, after.body.code]).toEqual([refused, code]);
    expect((await read(cluster.admin('GET', `/keys/${id}`))).body.status).toBe(kept);
    expect((await readKey(db, id))?.generation).toBe(3);
  });

  it('admits where gate and registry agree that the key is good, after it is reconciled', async () => {
    const { key, id } = await cluster.issue(account);
    for (const action of ['deactivate', 'activate']) await change(id, action);
    await restore(id, { generation: 1, status: 'active' });
    await cluster.steer(1, 'forget');
    expect(await call(key, 1)).toBe(503);
    expect((await read(cluster.admin('POST', '/reconcile'))).body.repaired).toContain(id);
    expect(await call(key, 1)).toBe(200);
  });
});

describe('a registry that is behind a gate', () => {
  it.each(['revoke', 'deactivate'])('has no %s acknowledged while caches may still admit the key', async (action) => {
    const { key, id } = await cluster.issue(account);
    for (const earlier of ['deactivate', 'activate']) await change(id, earlier);
    expect(await call(key, 1)).toBe(200);
    await restore(id, { generation: 1, status: 'active' });
    expect(await change(id, action)).toMatchObject({ status: 503, body: { code: 'not_in_force' } });
    expect((await read(cluster.admin('POST', '/reconcile'))).body.repaired).toContain(id);
    expect(await call(key, 1)).toBe(401);
    expect((await change(id, action)).status).toBeLessThan(300);
  });

  it('does not make a key good for what asks without a permit, as streams do', async () => {
    const { key, id } = await cluster.issue(account);
    await change(id, 'revoke');
    await restore(id, { generation: 1, status: 'active' });
    await cluster.steer(1, 'forget');
    const headers = { authorization: `Bearer ${key}` };
    const sent = cluster.send('/api/v1/keys/apikey/rotate', { method: 'POST', headers, address: newAddress() }, 1);
    expect(await read(sent)).toMatchObject({ status: 503, body: { code: 'gate_unavailable' } });
    expect((await read(cluster.admin('POST', '/reconcile'))).body.repaired).toContain(id);
  });

  it('costs a source that is locked no read of the database, and is no strike against its secret', async () => {
    const { key, id } = await cluster.issue(account);
    const digest = await digestOf(key);
    const address = newAddress();
    expect(await call(key, 1)).toBe(200);
    expect((await change(id, 'revoke')).status).toBe(204);
    await db.batch(
      ['secret_digests', 'secrets'].map((table) =>
        db
          .prepare(
            `DELETE FROM ${table} WHERE ${
              table === 'secrets' ? 'key_id = ?' : 'secret_id IN (SELECT id FROM secrets WHERE key_id = ?)'
            }`,
          )
          .bind(id),
      ),
    );
    for (let i = 0; i < 20; i++) await cluster.call(malformedKey(), 0, address);
    await cluster.calls(1);
    expect(await status(cluster.call(key, 1, address))).toBe(429);
    expect((await cluster.calls(1)).d1 ?? 0).toBe(0);
    expect((await read(cluster.admin('GET', `/lockouts/secret/${digest}`))).body.strikes).toBe(0);
  });
});

describe('a change whose Worker died between the commit and the gate', () => {
  /** Step 1 of a change and nothing more. */
  async function commitOnly(id: string, action: string, set: Partial<StoredKey>): Promise<void> {
    const key = (await readKey(db, id)) as StoredKey;
    await applyChanges(db, [{ key, change: { action, set } }], ACTOR, Date.now() + movedMs);
  }
  const waiting = async () => (await read(cluster.admin('GET', '/status'))).body.outbox.waiting as number;

  it('is brought into force by the cron, once its own caller has had 15 s', async () => {
    const { key, id } = await cluster.issue(account);
    expect(await call(key, 1)).toBe(200);
    await commitOnly(id, 'key.revoked', { status: 'revoked' });
    await cluster.schedule();
    expect([await call(key, 1), await waiting()]).toEqual([200, 1]);
    await pass(16_000);
    await cluster.schedule();
    expect([await call(key, 1), await waiting()]).toEqual([401, 0]);
  });

  it('is brought into force by the same call again, which alters nothing', async () => {
    const { key, id } = await cluster.issue(account);
    expect(await call(key, 1)).toBe(200);
    await commitOnly(id, 'key.revoked', { status: 'revoked' });
    expect((await change(id, 'revoke')).status).toBe(204);
    expect([await call(key, 1), await waiting()]).toEqual([401, 0]);
    const trail = (await read(cluster.admin('GET', `/audit?key=${id}`))).body.entries;
    expect(trail.map((entry: Json) => entry.action)).toEqual(['key.revoked', 'key.created']);
  });
});

describe('a state folder', () => {
  const PEPPER_1 = `1:${randomBytes(32).toString('hex')}`;
  const PEPPER_2 = `2:${randomBytes(32).toString('hex')}`;
  let stateDir: string;
  beforeAll(async () => {
    stateDir = await mkdtemp(join(tmpdir(), 'keystile-laws-'));
  });
  afterAll(() => rm(stateDir, { recursive: true, force: true }));

  it('opens in the next gateway as the last one left it, and keys live on while their pepper is rotated', async () => {
    const origin = await startOrigin();
    const open = (...peppers: string[]) => startCluster({ stateDir, origin, vars: { PEPPERS: peppers.join() } });
    const address = newAddress();
    const guessed = unissuedKey();
    const versionsOf = async (of: Cluster, id: string) => {
      const found = await (await of.database())
        .prepare(
          `SELECT d.pepper_version AS v FROM secret_digests AS d JOIN secrets AS s ON s.id = d.secret_id
           WHERE s.key_id = ? ORDER BY v`,
        )
        .bind(id)
        .all<{ v: number }>();
      return found.results.map(({ v }) => v);
    };

    const first = await open(PEPPER_1);
    const owner = await first.account();
    const used = await first.issue(owner, { quotas: { total: 10 } });
    const unused = await first.issue(owner);
    const revoked = await first.issue(owner);
    for (let i = 0; i < 4; i++) expect(await status(first.call(used.key))).toBe(200);
    await read(first.admin('POST', `/keys/${revoked.id}/revoke`));
    for (let i = 0; i < 20; i++) await read(first.call(i < 9 ? guessed : unissuedKey(), 0, address));
    expect(await versionsOf(first, used.id)).toEqual([1]);
    await first.kill();

    const second = await open(PEPPER_2, PEPPER_1);
    for (let i = 0; i < 3; i++) expect(await status(second.call(used.key))).toBe(200);
    expect(await versionsOf(second, used.id)).toEqual([1, 2]);
    expect(await status(second.call(revoked.key))).toBe(401);
    expect(await status(second.call(unissuedKey(), 0, address))).toBe(429);
    const made = await second.issue(owner);
    expect(await versionsOf(second, made.id)).toEqual([2]);
    expect((await read(second.admin('GET', '/status'))).body.peppers).toMatchObject([
      { version: 2, current: true, configured: true },
      { version: 1, current: false, configured: true },
    ]);
    // Revocation finds the cached records under both peppers.
    expect(await status(second.admin('POST', `/keys/${used.id}/deactivate`))).toBe(200);
    expect(await status(second.call(used.key))).toBe(401);
    expect(await status(second.admin('POST', `/keys/${used.id}/activate`))).toBe(200);
    await second.kill();

    const third = await open(PEPPER_2);
    expect(await status(third.call(made.key))).toBe(200);
    for (let i = 0; i < 3; i++) expect(await status(third.call(used.key))).toBe(200);
    expect(await status(third.call(used.key))).toBe(403);
    // What was not seen while both peppers stood has only its digest under the one that is gone.
    expect(await status(third.call(unused.key))).toBe(401);
    expect((await read(third.admin('GET', '/status'))).body.peppers).toContainEqual(
      expect.objectContaining({ version: 1, configured: false }),
    );
    await third.stop();
  });
});
