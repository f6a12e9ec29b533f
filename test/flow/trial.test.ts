import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RECORD_CACHE_MS } from '../../src/registry/lookup.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { type Reply, read, status } from '../support/reply.ts';

const TEMP_KEY = '/api/v1/onboarding/temp-key';
const ROTATE = '/api/v1/keys/apikey/rotate';
const MINUTE_MS = 60_000;
const ISOLATES = [0, 1, 2, 3];

let addresses = 0;
const newAddress = () => `203.0.113.${++addresses}`;
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const times = <T>(n: number, each: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => each(i));
const tally = (seen: readonly number[], wanted: number) => seen.filter((each) => each === wanted).length;

function take(from: Cluster, address = newAddress(), isolate = 0): Promise<Reply> {
  return read(from.send(TEMP_KEY, { method: 'POST', address }, isolate));
}

function giveBack(from: Cluster, prefix: string, secret?: string, isolate = 0): Promise<Reply> {
  const headers = secret === undefined ? {} : bearer(secret);
  return read(from.send(`${TEMP_KEY}/${prefix}`, { method: 'DELETE', headers, address: newAddress() }, isolate));
}

async function rowsOf(cluster: Cluster): Promise<Record<string, number>> {
  const db = await cluster.database();
  const tables = ['keys', 'secrets', 'secret_digests', 'outbox'];
  const counts = await Promise.all(
    tables.map((table) => db.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>('n')),
  );
  return Object.fromEntries(tables.map((table, i) => [table, counts[i] ?? -1]));
}

let cluster: Cluster;
let wavis: Cluster;
beforeAll(async () => {
  const [keystile, other] = await Promise.all([
    startCluster({ isolates: ISOLATES.length }),
    startCluster({ isolates: 2, policy: { preset: 'wavis', trial: { revoke_needs_secret: false } } }),
  ]);
  cluster = keystile;
  wavis = other;
});
afterAll(() => Promise.all([cluster.stop(), wavis.stop()]));

describe('a trial key', () => {
  it('is given without an account, says what it is good for, and works in every isolate', async () => {
    const { status: seen, body, headers } = await take(cluster);
    expect(seen).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['api_key', 'expires_at', 'message', 'ops_limit']);
    expect(body.api_key).toMatch(/^ks_trial_[0-9A-Za-z]{38}$/);
    expect(body.ops_limit).toBe(10);
    expect(body.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Math.abs(Date.parse(body.expires_at) - Date.now() - 30 * MINUTE_MS)).toBeLessThan(5_000);
    expect(headers.get('cache-control')).toBe('no-store');
    for (const isolate of ISOLATES) expect(await status(cluster.call(body.api_key, isolate))).toBe(200);
  });

  it('is given five times a minute to one address, over all isolates, and to another address all the same', async () => {
    const address = newAddress();
    const replies = await Promise.all(times(20, (i) => take(cluster, address, i % 4)));
    const seen = replies.map((reply) => reply.status);
    expect([tally(seen, 200), tally(seen, 429)]).toEqual([5, 15]);
    const retryAfter = Number(replies.find((reply) => reply.status === 429)?.headers.get('retry-after'));
    expect(retryAfter > 40 && retryAfter <= 61).toBe(true);
    expect((await take(cluster)).status).toBe(200);
  });

  it('passes exactly 10 of 40 requests that are sent at once over four slow isolates, and then 402 everywhere', async () => {
    const { api_key: key } = (await take(cluster)).body;
    await Promise.all(ISOLATES.map((i) => cluster.steer(i, 'delays', { seed: 3 + i, maxMs: 30 })));
    const seen = await Promise.all(times(40, (i) => status(cluster.call(key, i % 4, newAddress()))));
    await Promise.all(ISOLATES.map((i) => cluster.steer(i, 'delays', { maxMs: 0 })));
    expect([tally(seen, 200), tally(seen, 402)]).toEqual([10, 30]);
    for (const isolate of ISOLATES) {
      const { status: after, body } = await read(cluster.call(key, isolate));
      expect([after, body.code, body.limits]).toEqual([402, 'trial_exhausted', ['total']]);
    }
  });

  it('passes exactly 10, one after the other, and again none after its gate has crashed', async () => {
    const { api_key: key } = (await take(cluster)).body;
    const seen: number[] = [];
    for (let i = 0; i < 7; i++) seen.push(await status(cluster.call(key, i % 4)));
    const { id } = (await read(cluster.admin('POST', '/keys/lookup', { key }))).body.key;
    await cluster.crashGate(id);
    for (let i = 0; i < 5; i++) seen.push(await status(cluster.call(key, i % 4)));
    expect(seen).toEqual([...Array(10).fill(200), 402, 402]);
  });

  it('cannot rotate, in either preset, and loses no operation by trying', async () => {
    for (const [from, code] of [
      [cluster, 'trial_key_not_rotatable'],
      [wavis, 'INSUFFICIENT_ROLE'],
    ] as const) {
      const { api_key: key } = (await take(from)).body;
      for (let i = 0; i < 3; i++) {
        const refused = await read(from.send(ROTATE, { method: 'POST', headers: bearer(key) }));
        expect([refused.status, refused.body.code]).toEqual([403, code]);
      }
      const seen = await Promise.all(times(12, () => status(from.call(key))));
      expect([tally(seen, 200), tally(seen, 402)]).toEqual([10, 2]);
    }
  });
});

describe('giving a trial key back', () => {
  it('takes the whole secret in the preset keystile, and holds everywhere at once', async () => {
    const { api_key: key } = (await take(cluster)).body;
    for (const isolate of ISOLATES) expect(await status(cluster.call(key, isolate))).toBe(200);
    const { status: seen, body } = await giveBack(cluster, key.slice(0, 16), key);
    expect([seen, body]).toEqual([200, { revoked: true, key_prefix: key.slice(0, 15) }]);
    for (const isolate of ISOLATES) expect(await status(cluster.call(key, isolate))).toBe(401);
    expect((await giveBack(cluster, key.slice(0, 16), key)).status).toBe(200);
  });

  it('is refused there without the secret, with another one, and with fewer than 16 characters', async () => {
    const [one, two] = [(await take(cluster)).body.api_key, (await take(cluster)).body.api_key];
    expect((await giveBack(cluster, one.slice(0, 16))).status).toBe(401);
    expect((await giveBack(cluster, one.slice(0, 16), two)).status).toBe(404);
    expect((await giveBack(cluster, one.slice(0, 15), one)).status).toBe(400);
    expect(await status(cluster.call(one))).toBe(200);
  });

  it('takes its first 16 characters where the policy asks for no proof, if no other trial key begins so', async () => {
    const { api_key: key } = (await take(wavis)).body;
    expect(await status(wavis.call(key, 1))).toBe(200);
    expect((await giveBack(wavis, key.slice(0, 15))).status).toBe(400);
    const { status: seen, body } = await giveBack(wavis, key.slice(0, 16));
    expect([seen, body]).toEqual([200, { revoked: true, key_prefix: key.slice(0, 16) }]);
    expect(await status(wavis.call(key, 1))).toBe(401);
    expect((await giveBack(wavis, 'wvs_trial_zzzzzz')).status).toBe(404);
  });

  it('is 409 where the prefix is ambiguous, and then neither key is revoked', async () => {
    const keys = [(await take(wavis)).body.api_key, (await take(wavis)).body.api_key];
    const ids = await Promise.all(
      keys.map(async (key) => (await read(wavis.admin('POST', '/keys/lookup', { key }))).body.key.id),
    );
    const db = await wavis.database();
    await db
      .prepare("UPDATE keys SET prefix = 'wvs_trial_abcdef', generation = generation + 1 WHERE id IN (?, ?)")
      .bind(...ids)
      .run();
    const refused = await giveBack(wavis, 'wvs_trial_abcdef');
    expect([refused.status, refused.body.code]).toEqual([409, 'CONFLICT']);
    for (const key of keys) expect(await status(wavis.call(key))).toBe(200);
  });

  it('never revokes a key that is no trial key', async () => {
    const owned = await wavis.issue(await wavis.account());
    expect((await giveBack(wavis, owned.key.slice(0, 16))).status).toBe(404);
    expect(await status(wavis.call(owned.key))).toBe(200);
  });
});

/** Last, since it moves the time for good. */
describe('the end of a trial key', () => {
  it('is 30 minutes after it was taken, and 71 minutes later nothing is left of it but the audit trail', async () => {
    const keys = times(3, () => take(cluster));
    const [{ body }, spent, unused] = (await Promise.all(keys)) as [Reply, Reply, Reply];
    const key: string = body.api_key;
    const { id } = (await read(cluster.admin('POST', '/keys/lookup', { key }))).body.key;
    const owned = await cluster.issue(await cluster.account());
    expect(await status(cluster.call(key, 1))).toBe(200);
    await Promise.all(times(11, () => read(cluster.call(spent.body.api_key))));
    const endsInMs = () => Date.parse(body.expires_at) - Date.now();

    await cluster.moveTime(endsInMs() - 5_000);
    expect(await status(cluster.call(key, 1))).toBe(200);
    await cluster.moveTime(endsInMs());
    for (const isolate of ISOLATES) {
      const { status: seen, body: told } = await read(cluster.call(key, isolate));
      expect([seen, told.code]).toEqual([401, 'api_key_expired']);
    }

    await cluster.moveTime(endsInMs() + RECORD_CACHE_MS - 5_000);
    await cluster.schedule();
    expect((await rowsOf(cluster)).keys).toBeGreaterThan(3);
    await cluster.moveTime(endsInMs() + RECORD_CACHE_MS + 2 * MINUTE_MS);
    await cluster.schedule();
    expect(await rowsOf(cluster)).toEqual({ keys: 1, secrets: 1, secret_digests: 1, outbox: 0 });
    for (const gone of [key, spent.body.api_key, unused.body.api_key]) {
      expect(await status(cluster.call(gone, 1, newAddress()))).toBe(401);
    }
    const trail = (await read(cluster.admin('GET', `/audit?key=${id}`))).body.entries;
    expect(trail.map((entry: { action: string }) => entry.action)).toEqual(['key.purged', 'key.created']);
    expect(await status(cluster.call(owned.key, 1))).toBe(200);
  });
});
