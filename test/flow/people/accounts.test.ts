import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { grantCredits } from '../../support/books.ts';
import { type Cluster, type IssuedKey, startCluster } from '../../support/cluster.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { startOrigin, type TestOrigin } from '../../support/origin.ts';
import { type Visitor, visit } from '../../support/people.ts';
import { type Json, jsonOf, type Reply, read, status } from '../../support/reply.ts';

/* Accounts through their life, over HTTP: what members see and change of theirs, and how one is closed, told and erased. */

let issuer: Issuer;
let origin: TestOrigin;
let cluster: Cluster;
let names = 0;

beforeAll(async () => {
  [issuer, origin] = await Promise.all([startIssuer(), startOrigin()]);
  const origins = [{ url: origin.url }];
  const upstreams = [
    { name: 'paid', path: '/paid/**', origins, cost: { from: 'fixed', micro: 10 } },
    { name: 'origin', origins },
  ];
  const plans = { standard: { quota: { requests: 1_000, window: 'month' } } };
  // What is granted here is little.
  const warnings = { credits_micro: 0 };
  const policy = { session: issuer.policy, upstreams, plans, warnings };
  cluster = await startCluster({ isolates: 2, origin, policy });
});
afterAll(async () => {
  await cluster?.stop();
  await issuer?.close();
});

const fresh = (kind: string): string => `${kind}_${++names}`;

interface Someone extends Visitor {
  readonly id: string;
  readonly user: string;
  readonly email: string;
}

async function signIn(organisation: string): Promise<Someone & { readonly account: string }> {
  const user = fresh('user');
  const email = `${user}@example.com`;
  const visitor = await visit(cluster, issuer, { user, organisation, email });
  const { body } = await visitor.ask('GET', '/account');
  return { ...visitor, id: body.member.id, user, email, account: body.id };
}

/** An account with one who administers it, a developer, and a key of each that was used once. */
async function team() {
  const organisation = fresh('org');
  const boss = await signIn(organisation);
  const ada = await signIn(organisation);
  const [bossKey, adaKey] = [await keyOf(boss), await keyOf(ada, { label: 'laptop of ada' })];
  await grantCredits(cluster, boss.account, 1_000);
  for (const key of [bossKey, adaKey]) expect(await call(key)).toBe(200);
  return { organisation, account: boss.account, boss, ada, bossKey, adaKey };
}

async function keyOf(visitor: Visitor, fields: Json = {}): Promise<IssuedKey> {
  const { status: code, body, text } = await visitor.ask('POST', '/api-keys', { environment: 'live', ...fields });
  if (code !== 201) throw new Error(text);
  return body;
}

const call = ({ key }: IssuedKey, isolate = 0, path = '/paid/v1'): Promise<number> =>
  status(cluster.send(path, { headers: { authorization: `Bearer ${key}` } }, isolate));
const seen = ({ status: code, body }: Reply) => [code, body?.code];
const operate = (method: string, path: string, body?: unknown) => read(cluster.admin(method, path, body));
const done = async (reply: Promise<Reply>): Promise<Reply> => {
  const answered = await reply;
  expect([answered.status < 300, answered.text]).toEqual([true, answered.text]);
  return answered;
};
const linesOf = ({ text }: Reply): Json[] => text.split('\n').filter(Boolean).map(jsonOf);

/** Waits until so many requests of an account are recorded. */
async function recorded(account: string, many: number): Promise<Json[]> {
  return vi.waitFor(
    async () => {
      const { entries } = (await operate('GET', `/accounts/${account}/logs`)).body;
      expect(entries.length).toBe(many);
      return entries;
    },
    { timeout: 30_000, interval: 200 },
  );
}

describe('the account of a session', () => {
  it('shows plan, limits, balance and budget', async () => {
    const { boss, account } = await team();
    await recorded(account, 2);
    const { body } = await boss.ask('GET', '/account');
    expect(body).toMatchObject({ id: account, plan: 'standard', budget_micro: null, closed_at: null });
    expect(body.limits.limits.find(({ name }: Json) => name === 'quota')).toMatchObject({ limit: 1_000 });
    expect(body.credits).toMatchObject({ granted_micro: 1_000, spent_micro: 20, month: { budget_micro: null } });
  });

  it('may change its name and its budget, which holds at once everywhere; plan and months are the operator’s', async () => {
    const { boss, ada, bossKey, account } = await team();
    const set = { name: 'Renamed', budget_micro: 20 };
    expect(seen(await ada.ask('PATCH', '/account', set))).toEqual([403, 'insufficient_role']);
    const { body } = await done(boss.ask('PATCH', '/account', set));
    expect(body).toMatchObject({ ...set, member: { id: boss.id }, pending: [], more: false });
    await recorded(account, 2);
    for (const isolate of [0, 1]) expect(await call(bossKey, isolate)).toBe(402);
    await done(boss.ask('PATCH', '/account', { budget_micro: null }));
    for (const isolate of [0, 1]) expect(await call(bossKey, isolate)).toBe(200);
    for (const field of [{ plan: 'standard' }, { billing_anchor: '2026-01-01T00:00:00Z' }, { status: 'active' }]) {
      expect(seen(await boss.ask('PATCH', '/account', field))).toEqual([400, 'request_invalid']);
    }
  });

  it('is read and not written while it is suspended', async () => {
    const { boss, account } = await team();
    await done(operate('POST', `/accounts/${account}/suspend`));
    expect((await boss.ask('GET', '/account')).body.status).toBe('suspended');
    expect(seen(await boss.ask('PATCH', '/account', { name: 'New' }))).toEqual([403, 'account_suspended']);
    await done(operate('POST', `/accounts/${account}/resume`));
    await done(boss.ask('PATCH', '/account', { name: 'New' }));
  });
});

describe('usage and logs of an account', () => {
  it('sums are open to every member; requests, and the figures of a key, to who sees the key', async () => {
    const { boss, ada, bossKey, adaKey, account } = await team();
    await recorded(account, 2);
    for (const member of [boss, ada]) {
      expect((await done(member.ask('GET', '/usage'))).body.sums).toMatchObject({ requests: 2, micro: 20 });
    }
    const keysIn = async (member: Visitor, path: string): Promise<string[]> =>
      (await done(member.ask('GET', path))).body.entries.map(({ key }: Json) => key);
    expect((await keysIn(boss, '/logs')).sort()).toEqual([bossKey.id, adaKey.id].sort());
    expect(await keysIn(ada, '/logs')).toEqual([adaKey.id]);
    for (const path of [`/logs?key=${adaKey.id}`, `/api-keys/${adaKey.id}/logs`]) {
      for (const member of [boss, ada]) expect(await keysIn(member, path)).toEqual([adaKey.id]);
    }
    for (const path of [`/usage?key=${adaKey.id}`, `/api-keys/${adaKey.id}/usage`]) {
      expect((await done(ada.ask('GET', path))).body.sums).toMatchObject({ requests: 1, micro: 10 });
    }
    for (const of of ['logs', 'usage']) {
      for (const path of [`/${of}?key=${bossKey.id}`, `/api-keys/${bossKey.id}/${of}`]) {
        expect([path, ...seen(await ada.ask('GET', path))]).toEqual([path, 403, 'insufficient_role']);
      }
    }
  });

  it('of a key of another account are not there', async () => {
    const [one, two] = [await team(), await team()];
    for (const of of ['logs', 'usage']) {
      for (const path of [`/${of}?key=${two.bossKey.id}`, `/api-keys/${two.bossKey.id}/${of}`]) {
        expect([path, ...seen(await one.boss.ask('GET', path))]).toEqual([path, 404, 'not_found']);
      }
    }
  });

  it('come as NDJSON too, with the keys that are seen', async () => {
    const { ada, adaKey, account } = await team();
    await recorded(account, 2);
    const reply = await ada.ask('GET', '/logs?format=ndjson');
    expect(reply.headers.get('content-type')).toBe('application/x-ndjson');
    expect(linesOf(reply).map(({ key }) => key)).toEqual([adaKey.id]);
  });
});

describe('wafer: one balance and one quota for each account', () => {
  it('keys of all members draw on the same credit balance', async () => {
    const { boss, bossKey, adaKey, account } = await team();
    await recorded(account, 2);
    await grantCredits(cluster, account, -970);
    expect((await boss.ask('GET', '/account')).body.credits.balance_micro).toBe(10);
    expect([await call(adaKey), await call(bossKey, 1)]).toEqual([200, 402]);
  });

  it('revoking a key neither refunds credits nor affects any other key', async () => {
    const { boss, ada, adaKey, bossKey, account } = await team();
    await recorded(account, 2);
    await done(boss.ask('DELETE', `/members/${ada.id}`));
    expect((await boss.ask('GET', '/account')).body.credits).toMatchObject({ granted_micro: 1_000, spent_micro: 20 });
    expect([await call(adaKey), await call(bossKey)]).toEqual([401, 200]);
  });
});

describe('an account that is closed', () => {
  it('has no key that any isolate admits, for good, and lets its members read', async () => {
    const { boss, ada, bossKey, adaKey, account } = await team();
    const { body } = await done(operate('POST', `/accounts/${account}/close`));
    expect(body.done.sort()).toEqual([bossKey.id, adaKey.id].sort());
    for (const key of [bossKey, adaKey]) expect([await call(key), await call(key, 1)]).toEqual([401, 401]);
    expect(seen(await operate('POST', `/accounts/${account}/resume`))).toEqual([409, 'conflict']);
    for (const [method, path] of [
      ['POST', '/api-keys'],
      ['PATCH', '/account'],
    ] as const) {
      expect(seen(await boss.ask(method, path, method === 'POST' ? { environment: 'live' } : { name: 'N' }))).toEqual([
        403,
        'account_suspended',
      ]);
    }
    expect((await ada.ask('GET', '/account')).body.closed_at).not.toBeNull();
    const trail = (await operate('GET', `/audit?account=${account}&action=key.revoked`)).body.entries;
    expect(trail.map(({ key }: Json) => key).sort()).toEqual([bossKey.id, adaKey.id].sort());
  });
});

describe('an export', () => {
  it('of an account has each of its parts, no secret, and an end', async () => {
    const { boss, ada, bossKey, adaKey, account } = await team();
    await done(boss.ask('POST', '/members', { email: 'guest@example.com' }));
    await recorded(account, 2);
    const reply = await done(operate('GET', `/accounts/${account}/export`));
    const lines = linesOf(reply);
    const of = (type: string) => lines.filter((line) => line.type === type);
    expect(of('account')).toMatchObject([{ id: account, organisation: expect.any(String) }]);
    expect(
      of('member')
        .map(({ id, email }) => [id, email])
        .sort(),
    ).toEqual([boss, ada].map(({ id, email }) => [id, email]).sort());
    expect(of('invitation')).toMatchObject([{ email: 'guest@example.com' }]);
    expect(
      of('key')
        .map(({ id }) => id)
        .sort(),
    ).toEqual([bossKey.id, adaKey.id].sort());
    expect(new Set(of('audit').map(({ action }) => action))).toEqual(
      new Set(['account.created', 'member.joined', 'member.invited', 'key.created', 'credits.granted']),
    );
    expect(of('credits')).toMatchObject([{ granted_micro: 1_000 }]);
    expect(
      of('credit_movement')
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['grant', 'spent']);
    expect(lines.at(-1)).toEqual({ type: 'end' });
    for (const { key } of [bossKey, adaKey]) expect(reply.text).not.toContain(key);
  });

  it('of a member has its keys and what it did, and nothing of others', async () => {
    const { boss, ada, adaKey, account } = await team();
    const reply = await done(operate('GET', `/accounts/${account}/members/${ada.id}/export`));
    const lines = linesOf(reply);
    expect(lines.map(({ type, id, action }) => [type, action ?? id])).toEqual([
      ['member', ada.id],
      ['key', adaKey.id],
      ['audit', 'key.created'],
      ['audit', 'member.joined'],
      ['end', undefined],
    ]);
    expect(lines[0]).toMatchObject({ user: ada.user, email: ada.email });
    expect(reply.text).not.toContain(boss.id);
  });
});

describe('an erasure', () => {
  /** All rows that tell of an account, and the trail of it. */
  async function rowsOf(account: string): Promise<string> {
    const db = await cluster.database();
    const read = (table: string, by: string) =>
      db.prepare(`SELECT * FROM ${table} WHERE ${by} = ?`).bind(account).all();
    const found = await Promise.all([
      read('accounts', 'id'),
      ...['members', 'invitations', 'keys'].map((table) => read(table, 'account_id')),
      db.prepare('SELECT actor, address, before, after FROM audit WHERE account_id = ?').bind(account).all(),
    ]);
    return JSON.stringify(found.map(({ results }) => results));
  }

  it('of a member takes the name, the addresses and the requests of its keys, and leaves the others’ and the money', async () => {
    const { boss, ada, bossKey, adaKey, account } = await team();
    await recorded(account, 2);
    const { body } = await done(operate('POST', `/accounts/${account}/members/${ada.id}/erase`, {}));
    expect(body).toMatchObject({ erased: true, next_cursor: null });
    expect([await call(adaKey), await call(adaKey, 1), await call(bossKey)]).toEqual([401, 401, 200]);
    const rows = await rowsOf(account);
    expect(rows).not.toMatch(new RegExp(`${ada.user}|${ada.email}`));
    expect(rows).toMatch(new RegExp(`${boss.user}.*laptop of ada`));
    expect((await recorded(account, 2)).map(({ key }) => key)).toEqual([bossKey.id, bossKey.id]);
    const { entries } = (await operate('GET', `/audit?account=${account}&actor=member:${ada.id}`)).body;
    expect(entries.map(({ address }: Json) => address)).toEqual([null, null]);
    expect((await operate('GET', `/keys/${adaKey.id}`)).body.last_used?.address ?? null).toBeNull();
    expect((await operate('GET', `/accounts/${account}/usage`)).body.sums.micro).toBe(30);
    expect(seen(await ada.ask('GET', '/account', undefined, { account }))).toEqual([404, 'not_found']);
  });

  it('of an account takes every name, address and request, and leaves who did what by ids, and the money', async () => {
    const { organisation, boss, ada, bossKey, account } = await team();
    await recorded(account, 2);
    await done(boss.ask('POST', '/members', { email: 'guest@example.com' }));
    expect(seen(await operate('POST', `/accounts/${account}/erase`, {}))).toEqual([409, 'conflict']);
    await done(operate('POST', `/accounts/${account}/close`));
    for (let i = 0; i < 2; i++) {
      const { body } = await done(operate('POST', `/accounts/${account}/erase`, {}));
      expect(body).toEqual({ account, erased: true, next_cursor: null });
    }
    const rows = await rowsOf(account);
    expect(rows).not.toMatch(new RegExp(`${boss.user}|${ada.user}|guest@|${organisation}"|192\\.0\\.2|198\\.51`));
    expect(await recorded(account, 0)).toEqual([]);
    const { entries } = (await operate('GET', `/audit?account=${account}&action=member.joined`)).body;
    expect(entries.map(({ actor }: Json) => actor).sort()).toEqual([boss, ada].map(({ id }) => `member:${id}`).sort());
    expect((await operate('GET', `/accounts/${account}/credits`)).body).toMatchObject({ granted_micro: 1_000 });
    expect((await operate('GET', `/accounts/${account}/usage`)).body.sums).toMatchObject({ requests: 2, micro: 20 });
    expect(await call(bossKey)).toBe(401);
    const again = await boss.ask('GET', '/account');
    expect(again.body).toMatchObject({ name: organisation, member: { role: 'account_admin' } });
    expect(again.body.id).not.toBe(account);
  });
});
