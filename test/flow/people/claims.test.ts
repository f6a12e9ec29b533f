import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { products } from '../../policy/products.ts';
import { type Cluster, type IssuedKey, startCluster } from '../../support/cluster.ts';
import { fillKeysOf } from '../../support/fill.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { keyOf, letIn, type Member } from '../../support/members.ts';
import { startOrigin, type TestOrigin } from '../../support/origin.ts';
import { type Json, type Reply, read, status } from '../../support/reply.ts';

/*
 * What the documents of the four products claim of keys and no other test here shows: an isolate for each product on
 * the same stores. `docs/claims.md` has all claims, and the tests of each.
 */

const [WAFER, WAVIS, WEVION, ROLLING] = [0, 1, 2, 3] as const;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const mints = ['live', 'test', 'dev'];
const writers = { allow: [{ paths: ['/**'] }], mints };

let issuer: Issuer;
let origin: TestOrigin;
let cluster: Cluster;
let names = 0;

beforeAll(async () => {
  [issuer, origin] = await Promise.all([startIssuer(), startOrigin()]);
  const { wafer, wevion, rolling } = products;
  const origins = [{ url: origin.url }];
  const upstreams = [
    { name: 'paid', path: '/paid/**', origins, cost: { from: 'fixed', micro: 10 } },
    { name: 'origin', origins },
  ];
  const shared = { session: issuer.policy, upstreams };
  cluster = await startCluster({
    isolates: 4,
    origin,
    policy: shared,
    policies: {
      [WAFER]: {
        ...wafer,
        limits: { ...wafer.limits, credit_quotas: [] },
        plans: { ...wafer.plans, pass: { quota: { requests: 3, window: '5h' } }, enterprise: {} },
      },
      [WAVIS]: { preset: 'wavis' },
      [WEVION]: { ...wevion, roles: { viewer: { mints }, mediabuyer: writers, admin: writers } },
      [ROLLING]: { ...rolling, plans: { standard: { prepaid: false } } },
    },
  });
});
afterAll(async () => {
  await cluster?.stop();
  await issuer?.close();
});

/** Somebody new, in an account of their own unless one is given. */
async function member(role = 'account_admin', account?: string): Promise<Member> {
  return letIn(cluster, issuer, account ?? (await cluster.account()), role, `user_${++names}`);
}

const label = () => `key ${++names}`;
const make = (by: Member, isolate: number, fields: Json = {}): Promise<IssuedKey> =>
  keyOf(by, { label: label(), ...fields }, isolate);
const ask = async (by: Member, isolate: number, path: string): Promise<Json> =>
  (await by.ask('GET', path, undefined, { isolate })).body;
const call = ({ key }: IssuedKey, isolate: number, path?: string): Promise<Reply> =>
  read(cluster.call(key, isolate, undefined, path));
const answers = (keys: readonly IssuedKey[], isolate: number): Promise<number[]> =>
  Promise.all(keys.map(async (key) => (await call(key, isolate)).status));

/** Waits until so many requests with the keys of an account are recorded, and tells them. */
const recorded = (by: Member, many: number, path = '/logs'): Promise<Json[]> =>
  vi.waitFor(
    async () => {
      const { entries } = await ask(by, ROLLING, path);
      expect(entries).toHaveLength(many);
      return entries;
    },
    { timeout: 30_000, interval: 200 },
  );

describe('Wafer', () => {
  it('many keys on one account: one that is revoked gets invalid_api_key at its next request, and the others go on', async () => {
    const by = await member();
    const keys = [await make(by, WAFER), await make(by, WAFER), await make(by, WAFER)];
    expect(await answers(keys, WAFER)).toEqual([200, 200, 200]);
    const [leaked] = keys as [IssuedKey];
    expect((await by.ask('DELETE', `/api-keys/${leaked.id}`)).status).toBe(204);
    expect((await call(leaked, WAFER)).body.error.code).toBe('invalid_api_key');
    expect(await answers(keys, WAFER)).toEqual([401, 200, 200]);
  });

  it('keys of all plans begin with wfr_, and a list shows 12 characters of each', async () => {
    for (const plan of ['standard', 'pass']) {
      const by = await member('developer', await cluster.account('One', plan));
      const { key } = await make(by, WAFER);
      expect(key).toMatch(/^wfr_[0-9A-Za-z]{43}$/);
      const [shown] = (await ask(by, WAFER, '/api-keys')).keys;
      expect(shown.prefix).toBe(key.slice(0, 12));
    }
  });

  it('all keys of an account, whoever made them, share one quota window', async () => {
    const account = await cluster.account('One', 'pass');
    const [ada, bob] = [await member('developer', account), await member('developer', account)];
    const keys = [await make(ada, WAFER), await make(bob, WAFER)] as const;
    for (const key of [...keys, keys[0]]) expect((await call(key, WAFER)).status).toBe(200);
    expect(await answers(keys, WAFER)).toEqual([429, 429]);
  });

  it('a key gets no quota in credits of its own where the policy has none', async () => {
    const by = await member();
    const fields = { environment: 'live', label: label() };
    const { status: code } = await by.ask('POST', '/api-keys', { ...fields, credit_quotas: { monthly: 1 } });
    expect(code).toBe(400);
    expect((await by.ask('POST', '/api-keys', fields)).status).toBe(201);
  });
});

describe('WAVIS', () => {
  it('a key has its environment, live, test or dev, and 32 hex digits after wvs_', async () => {
    const by = await member('developer');
    for (const environment of mints) {
      const made = await make(by, WAVIS, { environment });
      expect(made.key).toMatch(new RegExp(`^wvs_${environment}_[0-9a-f]{32}$`));
      expect(made.prefix).toBe(made.key.slice(0, made.key.lastIndexOf('_') + 7));
      expect((await call(made, WAVIS)).status).toBe(200);
    }
  });

  it('a viewer who has signed in reads keys, usage and account, and changes nothing', async () => {
    const by = await member('viewer');
    for (const path of ['/api-keys', '/usage', '/account']) {
      expect((await by.ask('GET', path, undefined, { isolate: WAVIS })).status, path).toBe(200);
    }
    for (const [method, path] of [
      ['POST', '/api-keys'],
      ['PATCH', '/api-keys/key_1'],
      ['DELETE', '/api-keys/key_1'],
      ['POST', '/api-keys/key_1/rotate'],
    ] as const) {
      const sent = method === 'DELETE' ? undefined : {};
      const { status: code, body } = await by.ask(method, path, sent, { isolate: WAVIS });
      expect([code, body.code], `${method} ${path}`).toEqual([403, 'INSUFFICIENT_ROLE']);
    }
  });

  it('a trial key gets 403 for billing, webhooks and key management', async () => {
    const taken = await read(cluster.send('/api/v1/onboarding/temp-key', { method: 'POST' }, WAVIS));
    const headers = { authorization: `Bearer ${taken.body.api_key}` };
    expect(await status(cluster.send('/v1/models', { headers }, WAVIS))).toBe(200);
    for (const path of ['/api/v1/invoices/1', '/api/v1/webhooks', '/api/v1/keys/1']) {
      const { status: code, body } = await read(cluster.send(path, { headers }, WAVIS));
      expect([code, body.code], path).toEqual([403, 'INSUFFICIENT_ROLE']);
    }
    const session = await read(cluster.send('/api/v1/user/api-keys', { headers }, WAVIS));
    expect([session.status, session.body.code]).toEqual([401, 'INVALID_SESSION']);
  });
});

describe('Wevion', () => {
  it('DELETE /api/v1/api-keys/:id revokes for good: 401 at the next request, and no way back', async () => {
    const by = await member();
    const key = await make(by, WEVION);
    expect((await call(key, WEVION)).status).toBe(200);
    const session = `Bearer ${await issuer.token({ user: by.user })}`;
    const headers = { authorization: session, 'x-keystile-account': by.account };
    const revoke = () => status(cluster.send(`/api/v1/api-keys/${key.id}`, { method: 'DELETE', headers }, WEVION));
    expect(await revoke()).toBe(204);
    expect((await call(key, WEVION)).status).toBe(401);
    const undo = await by.ask('PATCH', `/api-keys/${key.id}`, { active: true }, { isolate: WEVION });
    expect([undo.status, (await call(key, WEVION)).status]).toEqual([409, 401]);
  });

  it('a key may make 100 requests a minute, or what it was given within the maximum of its plan', async () => {
    const by = await member();
    const rateOf = async (key: IssuedKey) => (await call(key, WEVION)).headers.get('ratelimit-policy');
    expect(await rateOf(await make(by, WEVION))).toBe('"rate";q=100;w=60');
    expect(await rateOf(await make(by, WEVION, { rate_limit_per_minute: 600 }))).toBe('"rate";q=600;w=60');
    const above = { environment: 'live', label: label(), rate_limit_per_minute: 601 };
    expect((await by.ask('POST', '/api-keys', above, { isolate: WEVION })).status).toBe(400);
    const slow = await make(by, WEVION, { rate_limit_per_minute: 1 });
    expect((await call(slow, WEVION)).status).toBe(200);
    const refused = await call(slow, WEVION);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('the origin is told the maker of a key, whoever manages it and whatever a client sends', async () => {
    const account = await cluster.account();
    const [admin, ada] = [await member('account_admin', account), await member('developer', account)];
    const key = await make(ada, WEVION);
    expect((await admin.ask('PATCH', `/api-keys/${key.id}`, { label: 'seen' }, { isolate: WEVION })).status).toBe(200);
    const headers = { authorization: `Bearer ${key.key}`, 'x-keystile-user': admin.user };
    const { body } = await read(cluster.send('/v1/campaigns', { headers }, WEVION));
    expect(body.headers['x-keystile-user']).toBe(ada.user);
    expect((await ask(ada, WEVION, `/api-keys/${key.id}`)).creator).toBe(ada.id);
  });

  it('no cap on keys where neither policy nor plan has one', async () => {
    const account = await cluster.account('One', 'enterprise');
    const by = await member('developer', account);
    const wanted = Array.from({ length: 60 }, (_, i) => ({ id: `key_many_${i}`, account, member: by.id }));
    await fillKeysOf(await cluster.database(), wanted);
    expect((await make(by, WEVION)).key).toMatch(/^wv_live_/);
  });
});

describe('Rolling', () => {
  it('a category changes no answer, and lists, usage and logs are filtered by it', async () => {
    const by = await member();
    const [live, partner] = [
      await make(by, ROLLING, { category: 'production' }),
      await make(by, ROLLING, { category: 'partner-acme' }),
    ];
    const [one, other] = [await call(live, ROLLING), await call(partner, ROLLING)];
    const plain = ({ body }: Reply) => ({ ...body, headers: Object.keys(body.headers).sort() });
    expect([one.status, plain(one)]).toEqual([other.status, plain(other)]);
    expect(JSON.stringify(other.body)).not.toContain('partner-acme');
    await recorded(by, 2);
    const query = '?category=partner-acme';
    expect((await ask(by, ROLLING, `/api-keys${query}`)).keys.map(({ id }: Json) => id)).toEqual([partner.id]);
    expect((await ask(by, ROLLING, `/usage${query}`)).sums.requests).toBe(1);
    expect((await ask(by, ROLLING, `/logs${query}`)).entries).toMatchObject([{ key: partner.id }]);
  });

  it('the log has each request under the alias, with endpoint, status, time, address and credits, also once the key is off', async () => {
    const by = await member();
    const key = await make(by, ROLLING, { label: 'ci pipeline' });
    expect((await call(key, ROLLING, '/paid/v1/search')).status).toBe(200);
    const told = {
      label: 'ci pipeline',
      method: 'GET',
      path: '/paid/v1/search',
      status: 200,
      ttfb_ms: expect.any(Number),
      address: '192.0.2.1',
      micro: 10,
    };
    expect(await recorded(by, 1, `/api-keys/${key.id}/logs`)).toMatchObject([told]);
    expect((await by.ask('PATCH', `/api-keys/${key.id}`, { active: false }, { isolate: ROLLING })).status).toBe(200);
    expect(await recorded(by, 1, `/api-keys/${key.id}/logs`)).toMatchObject([told]);
  });

  /** Last, since it moves the time for good. */
  it('a key ends at its date with 401, or never; daily, weekly and monthly quotas roll, and a total stays reached', async () => {
    const by = await member();
    const ends = new Date(Date.now() + 2 * HOUR_MS).toISOString();
    const make1 = (fields: Json) => make(by, ROLLING, fields);
    const [expiring, free] = [await make1({ expires_at: ends }), await make1({})];
    const [day, week, month, total] = [
      await make1({ quotas: { daily: 1 } }),
      await make1({ quotas: { weekly: 1 } }),
      await make1({ quotas: { monthly: 1 } }),
      await make1({ quotas: { total: 1 } }),
    ];
    const quotas = [day, week, month, total] as const;
    expect(await answers([expiring, free, ...quotas], ROLLING)).toEqual([200, 200, 200, 200, 200, 200]);
    const errors = () => Promise.all(quotas.map(async (key) => (await call(key, ROLLING)).body.error));
    const reached = (name: string) => `Rate limit exceeded: quota ${name}`;
    expect(await errors()).toEqual(['daily', 'weekly', 'monthly', 'total'].map(reached));

    await cluster.moveTime(2 * HOUR_MS);
    const { status: code, body } = await call(expiring, ROLLING);
    expect([code, body]).toEqual([401, { error: 'Expired API Key' }]);
    await cluster.moveTime(DAY_MS - 30 * MINUTE_MS);
    expect(await errors()).toEqual(['daily', 'weekly', 'monthly', 'total'].map(reached));
    await cluster.moveTime(DAY_MS + HOUR_MS);
    expect(await errors()).toEqual([undefined, ...['weekly', 'monthly', 'total'].map(reached)]);
    await cluster.moveTime(7 * DAY_MS + 2 * HOUR_MS);
    expect((await answers(quotas, ROLLING)).slice(1)).toEqual([200, 401, 401]);
    await cluster.moveTime(30 * DAY_MS + 6 * HOUR_MS);
    expect((await answers(quotas, ROLLING)).slice(2)).toEqual([200, 401]);
    expect(await answers([free, expiring], ROLLING)).toEqual([200, 401]);
  });
});
