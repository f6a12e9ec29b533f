import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Cluster, type IssuedKey, startCluster } from '../../support/cluster.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { malformedKey, unissuedKey } from '../../support/keys.ts';
import { type Json, type Reply, read, status } from '../../support/reply.ts';

const HOUR_MS = 3_600_000;
const ISOLATES = [0, 1];
const ADMIN_ADDRESS = '198.51.100.7';

let issuer: Issuer;
let cluster: Cluster;
let account: string;
let addresses = 0;
const newAddress = () => `198.18.${++addresses >> 8}.${addresses & 255}`;

/** Ada administers the account, Bob and Cid have keys there, and Eve is of another one. */
const ROLES = { ada: 'account_admin', bob: 'developer', cid: 'developer', eve: 'account_admin' } as const;
type Name = keyof typeof ROLES;

async function asMember(who: Name, query = '', isolate = 0): Promise<Reply> {
  const jwt = await issuer.token({ user: `user_${who}` });
  return read(cluster.send(`/api/v1/user/audit?${query}`, { headers: { authorization: `Bearer ${jwt}` } }, isolate));
}

async function entriesOf(reply: Promise<Reply>): Promise<Json[]> {
  const { status, text, body } = await reply;
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body.entries;
}
const seenBy = (who: Name, query = 'limit=200') => entriesOf(asMember(who, query));
const seenByAdmin = (query: string) => entriesOf(read(cluster.admin('GET', `/audit?limit=200&${query}`)));
const actions = (entries: Json[]) => entries.map(({ action }) => action);

/** A key that a member made. */
async function keyOf(who: Name, fields: Record<string, unknown> = {}): Promise<IssuedKey> {
  const key = await cluster.issue(account, fields);
  const db = await cluster.database();
  await db
    .prepare('UPDATE keys SET user_id = ?, generation = generation + 1 WHERE id = ?')
    .bind(`mem_${who}`, key.id)
    .run();
  return key;
}

/** Waits until so many calls with a key are in the trail. */
const recorded = (key: string, calls: number) =>
  vi.waitFor(
    async () => {
      const entries = await seenByAdmin(`account=${account}&key=${key}&action=api_call`);
      expect(entries).toHaveLength(calls);
      return entries;
    },
    { timeout: 10_000, interval: 200 },
  );

beforeAll(async () => {
  issuer = await startIssuer();
  const policy = { session: issuer.policy, members: { join: 'admin' }, audit: { calls: true } };
  cluster = await startCluster({ isolates: ISOLATES.length, policy });
  account = await cluster.account();
  const other = await cluster.account('Two');
  const db = await cluster.database();
  for (const [who, role] of Object.entries(ROLES)) {
    await db
      .prepare(
        `INSERT INTO members (id, account_id, user_id, email, role, status, joined_by, joined_at_ms)
         VALUES (?, ?, ?, NULL, ?, 'active', 'admin', ?)`,
      )
      .bind(`mem_${who}`, who === 'eve' ? other : account, `user_${who}`, role, Date.now())
      .run();
  }
});
afterAll(async () => {
  await cluster?.stop();
  await issuer?.close();
});

describe('wevion, audit and logging', () => {
  let key: IssuedKey;
  beforeAll(async () => {
    key = await keyOf('bob', { rate_limit_per_minute: 3 });
    for (const isolate of ISOLATES) expect(await status(cluster.call(key.key, isolate))).toBe(200);
    const post = { method: 'POST', headers: { authorization: `Bearer ${key.key}` }, body: '{}', address: '192.0.2.44' };
    expect(await status(cluster.send('/v1/campaigns?secret=x', post))).toBe(200);
    for (let i = 0; i < 4; i++) expect(await status(cluster.call(key.key, i % 2))).toBe(429);
    await recorded(key.id, 7);
  });

  test('every API key call is logged in the audit log: action api_call, with key, endpoint and status', async () => {
    const calls = await seenBy('ada', `key=${key.id}&action=api_call`);
    const told = calls.map(({ after }) => `${after.status} ${after.endpoint}`).sort();
    expect(told).toEqual([
      ...['200 GET /v1/models', '200 GET /v1/models', '200 POST /v1/campaigns'],
      ...Array(4).fill('429 GET /v1/models'),
    ]);
    for (const { actor, account: of, after } of calls) {
      expect([actor, of, after.key]).toEqual([`key:${key.id}`, account, key.id]);
    }
    const post = calls.find(({ after }) => after.endpoint.startsWith('POST'));
    expect(post).toMatchObject({ address: '192.0.2.44', request_id: expect.any(String) });
  });

  test('rate-limit hits are logged separately: one for each key and hour, and not one for each request', async () => {
    const hits = await seenBy('ada', `key=${key.id}&action=key.limit_reached`);
    expect(hits.map(({ after }) => after.reason)).toEqual(hits.map(() => 'rate_limited'));
    expect(hits.length).toBeLessThanOrEqual(2);
    expect(hits.reduce((sum, { after }) => sum + after.requests, 0)).toBe(4);
    for (const { at, after } of hits) {
      expect(at).toBe(after.hour);
      expect(Date.parse(at) % HOUR_MS).toBe(0);
    }
  });

  test('the last-used timestamp on the key row updates, with the address', async () => {
    const { last_used: lastUsed } = (await read(cluster.admin('GET', `/keys/${key.id}`))).body;
    const [newest] = await seenBy('ada', `key=${key.id}&action=api_call&limit=1`);
    expect(Date.parse(lastUsed.at)).toBeGreaterThanOrEqual(Date.parse(newest.at));
    expect(lastUsed.address).toBe('192.0.2.1');
  });

  test('the audit log is filtered by key, so that each integration has its own', async () => {
    const other = await keyOf('bob');
    expect(await status(cluster.call(other.key))).toBe(200);
    await recorded(other.id, 1);
    expect(actions(await seenBy('ada', `key=${other.id}`)).sort()).toEqual(['api_call', 'key.created']);
    expect(await seenBy('ada', `actor=key:${other.id}`)).toHaveLength(1);
    for (const { key: of } of await seenBy('ada', `key=${key.id}`)) expect(of).toBe(key.id);
  });

  test('the audit log is reviewed by month', async () => {
    const at = (ms: number) => encodeURIComponent(new Date(Date.now() + ms).toISOString());
    const month = await seenBy('ada', `limit=200&from=${at(-30 * 24 * HOUR_MS)}&to=${at(HOUR_MS)}`);
    expect(month.length).toBeGreaterThan(8);
    expect(await seenBy('ada', `to=${at(-30 * 24 * HOUR_MS)}`)).toEqual([]);
  });
});

describe('the trail of an account', () => {
  test('is seen whole by who manages it, and by others as far as it is theirs; by another account never', async () => {
    const [bobs, cids, nobodys] = [await keyOf('bob'), await keyOf('cid'), await cluster.issue(account)];
    for (const { key } of [bobs, cids, nobodys]) expect(await status(cluster.call(key))).toBe(200);
    for (const { id } of [bobs, cids, nobodys]) await recorded(id, 1);
    const keys = async (who: Name) => new Set((await seenBy(who)).map(({ key }) => key));
    const [ada, bob, cid, eve] = [await keys('ada'), await keys('bob'), await keys('cid'), await keys('eve')];
    for (const { id } of [bobs, cids, nobodys]) expect(ada).toContain(id);
    expect([bob.has(bobs.id), bob.has(cids.id), bob.has(nobodys.id)]).toEqual([true, false, false]);
    expect([...cid]).toEqual([cids.id]);
    expect([...eve]).toEqual([null]);
    expect(await seenBy('cid', `key=${bobs.id}`)).toEqual([]);
    expect(await seenBy('cid', `actor=key:${bobs.id}`)).toEqual([]);
    expect(await seenBy('eve', `key=${bobs.id}`)).toEqual([]);
    expect((await asMember('bob', `account=${account}`)).status).toBe(400);
  });

  test('does not tell its members from where operators work', async () => {
    const { id } = await keyOf('bob');
    const query = `key=${id}&action=key.created`;
    expect((await seenByAdmin(query)).map(({ address }) => address)).toEqual([ADMIN_ADDRESS]);
    expect((await seenBy('bob', query)).map(({ actor, address }) => [actor, address])).toEqual([['admin:root', null]]);
  });

  test('gives each entry once, page by page, from any isolate, while calls and changes go on', async () => {
    const { id, key } = await keyOf('bob');
    for (let i = 0; i < 6; i++) await status(cluster.call(key));
    for (const change of ['deactivate', 'activate']) await status(cluster.admin('POST', `/keys/${id}/${change}`));
    await recorded(id, 6);
    const before = (await seenBy('ada')).map((entry) => entry.id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query = cursor === null ? 'limit=5' : `limit=5&cursor=${cursor}`;
      const reply = await asMember('ada', query, seen.length % 2);
      seen.push(...reply.body.entries.map((entry: Json) => entry.id));
      cursor = reply.body.next_cursor;
      await status(cluster.call(key, seen.length % 2));
      if (seen.length % 3 === 0) await status(cluster.admin('POST', `/keys/${id}/activate`));
    } while (cursor !== null);
    expect(new Set(seen).size).toBe(seen.length);
    expect(before.filter((entry) => !seen.includes(entry))).toEqual([]);
  });
});

describe('a lock', () => {
  const locks = (kind: 'address' | 'secret', like: (entry: Json) => boolean) =>
    vi.waitFor(
      async () => {
        const found = (await seenByAdmin(`action=${kind}.locked`)).filter(like);
        expect(found.length).toBeGreaterThan(0);
        return found;
      },
      { timeout: 5_000, interval: 100 },
    );
  /** So many attempts at once, over all isolates. */
  const attempt = (n: number, key: () => string, address: () => string) =>
    Promise.all(Array.from({ length: n }, (_, i) => status(cluster.call(key(), i % ISOLATES.length, address()))));
  const isSoon = (until: string) => {
    const leftMs = Date.parse(until) - Date.now();
    return leftMs > 14 * 60_000 && leftMs <= 15 * 60_000;
  };

  test('of an address is one entry for the operator, however many isolates and attempts see it', async () => {
    const address = newAddress();
    const isIts = (entry: Json) => entry.address === address;
    for (const times of [1, 2]) {
      const seen = await attempt(50, malformedKey, () => address);
      expect(seen.filter((code) => code === 429)).toHaveLength(30);
      const [entry, ...older] = await locks('address', isIts);
      expect(older).toHaveLength(times - 1);
      expect(entry).toMatchObject({ actor: 'anyone', account: null, key: null, before: null });
      expect([isSoon(entry.after.until), Object.keys(entry.after)]).toEqual([true, ['until', 'subject']]);
      expect(await status(cluster.admin('DELETE', `/lockouts/ip/${address}`))).toBe(204);
    }
    expect((await seenBy('ada')).filter(isIts)).toEqual([]);
  });

  test('of a secret that is no key is one entry for the operator, who can look it up and lift it', async () => {
    const key = unissuedKey();
    await attempt(40, () => key, newAddress);
    const { digest } = (await read(cluster.admin('POST', '/keys/lookup', { key }))).body;
    const found = await locks('secret', ({ after }) => after.subject === digest);
    expect(found.map((entry) => [entry.account, entry.key])).toEqual([[null, null]]);
    const { locked_until: until } = (await read(cluster.admin('GET', `/lockouts/secret/${digest}`))).body;
    expect(until).toBe(found[0].after.until);
  });

  test('of the secret of a revoked key is an entry in the trail of its account, without a trace of the secret', async () => {
    const { id, key } = await keyOf('bob');
    await status(cluster.admin('POST', `/keys/${id}/revoke`));
    await attempt(40, () => key, newAddress);
    const found = await locks('secret', (entry) => entry.key === id);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ actor: 'anyone', account, key: id, address: null });
    expect(Object.keys(found[0].after)).toEqual(['until']);
    for (const who of ['ada', 'bob'] as const) {
      expect((await seenBy(who, `key=${id}&action=secret.`)).map(({ after }) => after)).toEqual([found[0].after]);
    }
  });

  test('is written by its own object: no attempt waits for D1, nor the one that locks', async () => {
    const address = newAddress();
    const d1Of = async () => (await cluster.calls(1)).d1 ?? 0;
    await d1Of();
    for (let i = 0; i < 19; i++) expect(await status(cluster.call(malformedKey(), 1, address))).toBe(401);
    expect(await d1Of()).toBe(0);
    expect(await status(cluster.call(malformedKey(), 1, address))).toBe(401);
    expect(await d1Of()).toBe(0);
    for (let i = 0; i < 5; i++) expect(await status(cluster.call(malformedKey(), 1, address))).toBe(429);
    expect(await d1Of()).toBe(0);
  });
});
