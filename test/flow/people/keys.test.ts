import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Cluster, type IssuedKey, startCluster } from '../../support/cluster.ts';
import { fillKeys } from '../../support/fill.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { keyOf, letIn, type Member, operate } from '../../support/members.ts';
import { type Json, type Reply, read, status } from '../../support/reply.ts';

/*
 * The life of keys over HTTP, for members and for the operator: isolates on the same stores with the policies of the
 * four products as far as they are about keys, and tests named after what the products' documents claim.
 */

const [HERE, THERE, WAFER, WAVIS, WEVION, ROLLING, ...OTHERS] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const ISOLATES = [HERE, THERE, WAFER, WAVIS, WEVION, ROLLING, ...OTHERS];
const HOUR_MS = 3_600_000;

const lockouts = {
  address: { strikes: 1_000, window: '1s', lock: '1s' },
  secret: { strikes: 1_000, window: '1s', lock: '1s' },
};
const everything = [{ paths: ['/**'] }];

let issuer: Issuer;
let cluster: Cluster;
let names = 0;

beforeAll(async () => {
  issuer = await startIssuer();
  const plans = {
    standard: { max_key_rate_per_minute: 9_000 },
    capped: { active_keys: 25 },
    personal: { active_keys_per_user: 4 },
    enterprise: {},
  };
  const policy = {
    session: issuer.policy,
    lockouts,
    lease: '400ms',
    roles: {
      builder: { allow: everything, mints: ['test'], grants: ['viewer'] },
      watcher: { allow: everything, manages: 'account' },
    },
    plans,
    keys: { custom_categories: false },
  };
  const mints = ['live', 'test', 'dev'];
  const wevion = {
    roles: {
      viewer: { mints, allow: everything, deny: [{ methods: ['POST'], paths: ['/v1/**'] }] },
      mediabuyer: { allow: everything, mints, grants: ['viewer'] },
      admin: { allow: everything, mints, grants: ['viewer', 'mediabuyer'], manages: 'account' },
    },
    keys: { default_role: 'viewer', role_follows_creator: true, label_required: true, revoke_with_member: false },
    plans: { ...plans, standard: { active_keys_per_user: 5, max_key_rate_per_minute: 600 } },
    limits: { default_rate_per_minute: 100 },
  };
  const rolling = {
    keys: { label_required: true, label_unique: true, custom_categories: true, purge_unused: true },
    denials: { inactive: { status: 401, code: 'inactive', message: 'Inactive API Key' } },
    error: { content_type: 'application/json', body: { error: '{message}', detail: '{detail}' } },
  };
  cluster = await startCluster({
    isolates: ISOLATES.length,
    policy,
    policies: {
      [WAFER]: { caps: { active_keys_per_account: 25 }, keys: { label_required: true } },
      [WAVIS]: { preset: 'wavis', roles: {}, keys: {} },
      [WEVION]: wevion,
      [ROLLING]: rolling,
    },
  });
});
afterAll(async () => {
  await cluster?.stop();
  await issuer?.close();
});

/** Somebody new, in an account of their own unless one is given. */
async function member(role = 'account_admin', account?: string, plan?: string): Promise<Member> {
  const to = account ?? (await cluster.account('One', plan));
  return letIn(cluster, issuer, to, role, `user_${++names}`);
}

const create = (by: Member, fields: object = {}, isolate: number = HERE): Promise<Reply> =>
  by.ask('POST', '/api-keys', { environment: 'live', ...fields }, { isolate });
const patch = (by: Member, id: string, fields: object, isolate: number = HERE): Promise<Reply> =>
  by.ask('PATCH', `/api-keys/${id}`, fields, { isolate });
const show = async (by: Member, id: string): Promise<Json> => (await by.ask('GET', `/api-keys/${id}`)).body;
const list = async (by: Member, query = '', isolate: number = HERE): Promise<Json[]> =>
  (await by.ask('GET', `/api-keys${query}`, undefined, { isolate })).body.keys;
const remove = (by: Member, id: string, query = '', isolate: number = HERE): Promise<Reply> =>
  by.ask('DELETE', `/api-keys/${id}${query}`, undefined, { isolate });
const idsOf = (keys: Json[]): string[] => keys.map(({ id }) => id);
const told = ({ status: answered, body }: Reply) => [answered, body?.code];
const call = ({ key }: IssuedKey, isolate: number = THERE, address?: string) =>
  read(cluster.call(key, isolate, address));
const answered = async (key: IssuedKey, isolate: number = THERE) => told(await call(key, isolate));
const works = async (key: IssuedKey, isolate: number = THERE) => (await call(key, isolate)).status === 200;
const trailOf = async (id: string): Promise<Json[]> =>
  (await operate(cluster, 'GET', `/audit?key=${id}`)).body.entries.map(({ action }: Json) => action);

/** The same thing from all isolates at once, so many times. */
const everywhere = <T>(many: number, act: (isolate: number, i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: many }, (_, i) => act(ISOLATES[i % ISOLATES.length] as number, i)));
const made = (replies: Reply[]) => replies.filter(({ status: code }) => code === 201);
/** The codes of what was refused. */
const codes = (replies: Reply[]) => [
  ...new Set(replies.filter(({ status: code }) => code !== 201).map(({ body }) => body.code)),
];

describe('creating a key', () => {
  let refused: Member | undefined;

  it('WAVIS: with an environment and a role answers 201 with key, id, prefix, created_at and environment', async () => {
    const by = await member('developer');
    const { status: code, body } = await create(by, { role: 'developer' }, WAVIS);
    expect(code).toBe(201);
    expect(body).toMatchObject({ environment: 'live', role: 'developer', creator: by.id, account: by.account });
    expect(body.key).toMatch(/^wvs_live_[0-9a-f]{32}$/);
    expect(body.key.startsWith(body.prefix)).toBe(true);
    expect(body.created_at).toMatch(/^\d{4}-.*Z$/);
    expect(await works(body, WAVIS)).toBe(true);
  });

  it('WAVIS: makes a developer key unless another role is asked for, and viewer keys for read-only monitoring', async () => {
    const by = await member('account_admin');
    expect((await create(by, {}, WAVIS)).body.role).toBe('developer');
    const viewer = (await create(by, { role: 'viewer', environment: 'test' }, WAVIS)).body;
    expect(await works(viewer, WAVIS)).toBe(true);
    const headers = { authorization: `Bearer ${viewer.key}` };
    const posted = await read(cluster.send('/v1/models', { method: 'POST', headers }, WAVIS));
    expect(told(posted)).toEqual([403, 'INSUFFICIENT_ROLE']);
  });

  it('WAVIS: a viewer who has signed in reads keys, usage and account, and changes nothing', async () => {
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
      expect(told(await by.ask(method, path, sent, { isolate: WAVIS })), `${method} ${path}`).toEqual([
        403,
        'INSUFFICIENT_ROLE',
      ]);
    }
  });

  it('WAVIS, Wevion, Rolling: shows the secret once: no other answer, and no audit entry, has it', async () => {
    const by = await member();
    const { key, id } = await keyOf(by, { label: 'ci' });
    await patch(by, id, { label: 'deploy' });
    const shown = [
      await show(by, id),
      await list(by),
      (await operate(cluster, 'GET', `/keys/${id}`)).body,
      (await operate(cluster, 'GET', `/audit?account=${by.account}`)).body,
    ];
    expect(JSON.stringify(shown)).not.toContain(key);
    expect(shown[0]).toMatchObject({ id, label: 'deploy' });
  });

  it('Wevion: answers at POST /api/v1/api-keys too, and the key is active now', async () => {
    const by = await member();
    const token = await issuer.token({ user: by.user });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ environment: 'live' });
    const { body: key, status: code } = await read(cluster.send('/api/v1/api-keys', { method: 'POST', headers, body }));
    expect(code).toBe(201);
    const there = await read(
      cluster.send(`/api/v1/api-keys/${key.id}`, { headers: { authorization: `Bearer ${token}` } }),
    );
    expect(there.body).toMatchObject({ id: key.id, status: 'active' });
    expect(await works(key)).toBe(true);
  });

  it('keeps all that was asked for: limits, addresses of both kinds, metadata, and an end', async () => {
    const wishes = {
      label: 'partner',
      category: 'staging',
      expires_at: '2100-01-01T00:00:00.000Z',
      rate_limit_per_second: 5,
      rate_limit_per_minute: 100,
      quotas: { daily: 1_000 },
      credit_quotas: { total: 5 },
      addresses: ['192.0.2.0/24', '2001:db8::/32'],
      metadata: { team: 'search', ticket: 'OPS-1' },
    };
    const by = await member();
    const { body } = await create(by, wishes);
    expect(body).toMatchObject(wishes);
    expect(await show(by, body.id)).toMatchObject(wishes);
    for (const [address, code] of [
      ['192.0.2.77', 200],
      ['2001:db8:1::5', 200],
      ['198.51.100.1', 403],
      ['2001:db9::1', 403],
    ] as const) {
      expect(await status(cluster.call(body.key, THERE, address)), address).toBe(code);
    }
  });

  it.each<[string, object, string]>([
    ['no environment', { environment: undefined }, 'environment'],
    ['an environment that is not there', { environment: 'prod' }, 'environment'],
    ['the environment of trial keys', { environment: 'trial' }, 'environment'],
    ['an unknown role', { role: 'root' }, 'role'],
    ['an unknown category', { category: 'sandbox' }, 'category'],
    ['an end that has passed', { expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ["more than the plan's highest rate", { rate_limit_per_minute: 9_001 }, 'rate_limit_per_minute'],
    ['an address that is none', { addresses: ['192.0.2.0/33'] }, 'addresses.0'],
    [
      '21 entries of metadata',
      { metadata: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [i, 'x'])) },
      'metadata',
    ],
    ['long metadata', { metadata: { note: 'x'.repeat(201) } }, 'metadata.note'],
    ['metadata that is no text', { metadata: { note: 5 } }, 'metadata.note'],
    ['a name of metadata with blanks', { metadata: { 'a b': 'x' } }, 'metadata'],
    ['an unknown field', { creator: 'mem_1' }, 'creator'],
  ])('refuses %s with 400 and names the field', async (_, fields, field) => {
    refused ??= await member();
    const reply = await create(refused, fields);
    expect(told(reply)).toEqual([400, 'request_invalid']);
    expect(reply.body.detail).toMatch(new RegExp(`^${field.replaceAll('.', '\\.')}: `));
  });

  it('Wevion: asks for a name', async () => {
    const by = await member();
    for (const fields of [{}, { label: null }]) {
      const reply = await create(by, fields, WEVION);
      expect([reply.status, reply.body.detail]).toEqual([400, 'label: expected a label']);
    }
    expect((await create(by, { label: 'BI dashboard production' }, WEVION)).status).toBe(201);
  });

  it('takes environments and roles only as the role of the member may mint and give them', async () => {
    const account = await cluster.account();
    const [builder, viewer, developer] = [
      await member('builder', account),
      await member('viewer', account),
      await member('developer', account),
    ];
    const live = await create(builder);
    expect([...told(live), live.body.detail]).toEqual([
      403,
      'insufficient_role',
      'environment: your role, builder, may make keys of test',
    ]);
    // The usual role is none that a builder may give, so the key has the builder's own.
    expect((await create(builder, { environment: 'test' })).body.role).toBe('builder');
    expect((await create(builder, { environment: 'test', role: 'viewer' })).body.role).toBe('viewer');
    const above = await create(developer, { role: 'account_admin' });
    expect([...told(above), above.body.detail]).toEqual([
      403,
      'insufficient_role',
      'role: your role, developer, may give developer, viewer',
    ]);
    expect(told(await create(viewer))).toEqual([403, 'insufficient_role']);
    expect(await list(developer, '?status=all')).toEqual([]);
  });

  it('Wevion: carries the permissions of who made it, and a key by a viewer is still viewer-level', async () => {
    const account = await cluster.account('One', 'enterprise');
    const [viewer, admin] = [await member('viewer', account), await member('account_admin', account)];
    const key = (await create(viewer, { label: 'public dashboard' }, WEVION)).body;
    expect(key.role).toBe('viewer');
    expect((await create(viewer, { label: 'same', role: 'viewer' }, WEVION)).status).toBe(201);
    expect(told(await create(viewer, { label: 'more', role: 'mediabuyer' }, WEVION))).toEqual([
      403,
      'insufficient_role',
    ]);
    expect((await create(admin, { label: 'org-wide reporting' }, WEVION)).body.role).toBe('account_admin');
    const less = await create(admin, { label: 'less', role: 'viewer' }, WEVION);
    expect([...told(less), less.body.detail]).toEqual([
      403,
      'insufficient_role',
      'role: keys have the role of the member who makes them, account_admin here; leave it out',
    ]);
    expect((await create(admin, { label: 'copy', copy_from: key.id }, WEVION)).body.role).toBe('account_admin');
    const headers = { authorization: `Bearer ${key.key}` };
    expect(await status(cluster.send('/v1/models', { headers }, WEVION))).toBe(200);
    expect(await status(cluster.send('/v1/models', { method: 'POST', headers }, WEVION))).toBe(403);
    expect(told(await patch(viewer, key.id, { role: 'mediabuyer' }, WEVION))).toEqual([403, 'insufficient_role']);
  });

  it('Rolling: takes an alias that no other key of the account has; those of revoked keys are free again', async () => {
    const [by, other] = [await member(), await member()];
    const ci = (await create(by, { label: 'ci' }, ROLLING)).body;
    const taken = await create(by, { label: 'ci' }, ROLLING);
    expect([taken.status, taken.body.detail]).toEqual([
      409,
      'label: another key of the account has it; choose another label, or revoke that key',
    ]);
    expect((await create(other, { label: 'ci' }, ROLLING)).status).toBe(201);
    const web = (await create(by, { label: 'web' }, ROLLING)).body;
    expect((await patch(by, web.id, { label: 'ci' }, ROLLING)).status).toBe(409);
    expect((await operate(cluster, 'PATCH', `/keys/${web.id}`, { label: 'ci' }, { isolate: ROLLING })).status).toBe(
      409,
    );
    expect((await patch(by, web.id, { label: 'web', category: 'sandbox' }, ROLLING)).status).toBe(200);
    await remove(by, ci.id, '', ROLLING);
    expect((await patch(by, web.id, { label: 'ci' }, ROLLING)).body.label).toBe('ci');
  });

  it('Rolling: takes any free text as category, or one of the usual ones', async () => {
    const by = await member();
    for (const [i, category] of ['production', 'partner-acme'].entries()) {
      expect((await create(by, { label: `key ${i}`, category }, ROLLING)).body.category).toBe(category);
    }
  });

  it('Rolling: with the same category and quotas as another key needs no more than its id and a new alias', async () => {
    const by = await member();
    const source = { category: 'production', quotas: { daily: 7 }, rate_limit_per_minute: 60, role: 'viewer' };
    const old = (await create(by, { label: 'old', ...source, metadata: { a: 'b' }, addresses: ['192.0.2.1'] }, ROLLING))
      .body;
    const copy = (await create(by, { label: 'new', copy_from: old.id }, ROLLING)).body;
    expect(copy).toMatchObject({ label: 'new', ...source, metadata: {}, addresses: null, expires_at: null });
    const changes = { category: null, quotas: { daily: null, total: 3 }, rate_limit_per_minute: null };
    const own = (await create(by, { label: 'other', copy_from: old.id, ...changes, role: 'developer' }, ROLLING)).body;
    expect(own).toMatchObject({ category: null, quotas: { total: 3 }, rate_limit_per_minute: null, role: 'developer' });
    const admin = await operate(cluster, 'POST', `/accounts/${by.account}/keys`, {
      environment: 'live',
      copy_from: old.id,
    });
    expect(admin.body).toMatchObject({ ...source, creator: null });
  });

  it('copies only what who asks may see, and never a role above their own', async () => {
    const account = await cluster.account();
    const [admin, developer, stranger] = [
      await member('account_admin', account),
      await member('developer', account),
      await member(),
    ];
    const key = await keyOf(admin, { role: 'account_admin' });
    expect(told(await create(stranger, { copy_from: key.id }))).toEqual([404, 'not_found']);
    expect(told(await create(developer, { copy_from: 'key_none' }))).toEqual([404, 'not_found']);
    expect(told(await create(developer, { copy_from: key.id }))).toEqual([403, 'insufficient_role']);
    const watcher = await member('builder', account);
    const own = await keyOf(watcher, { environment: 'test' });
    expect(told(await create(developer, { copy_from: own.id }))).toEqual([403, 'insufficient_role']);
    const above = await keyOf(developer);
    expect((await create(admin, { copy_from: above.id })).body.role).toBe('developer');
    expect(told(await create(admin, { copy_from: own.id }))).toEqual([403, 'insufficient_role']);
    expect((await create(admin, { copy_from: own.id, role: 'viewer' })).body.role).toBe('viewer');
  });

  it('with an Idempotency-Key makes one key, and answers with the same secret again', async () => {
    const by = await member();
    const headers = { 'idempotency-key': 'one' };
    const ask = (isolate: number) => by.ask('POST', '/api-keys', { environment: 'live' }, { isolate, headers });
    const [first, again] = [await ask(HERE), await ask(THERE)];
    expect([first.status, again.body]).toEqual([201, first.body]);
    expect(idsOf(await list(by))).toEqual([first.body.id]);
  });

  it('takes 3 round trips to D1 with the session and all, and none to KV', async () => {
    const by = await member();
    await create(by);
    await cluster.calls(HERE);
    expect((await create(by)).status).toBe(201);
    const { d1, kv, ...objects } = await cluster.calls(HERE);
    expect([d1, kv, objects['gate.advance']]).toEqual([3, undefined, 1]);
    expect((await operate(cluster, 'POST', `/accounts/${by.account}/keys`, { environment: 'live' })).status).toBe(201);
    expect((await cluster.calls(HERE)).d1).toBe(3);
  });
});

describe('the caps of creations', () => {
  it('WAVIS: 10 keys per user and hour: of 64 from 8 isolates at once 10 are made, and the others tell when to come back', async () => {
    // Of a plan in which no isolate caps the keys of a user.
    const by = await member('developer', await cluster.account('One', 'enterprise'));
    const replies = await everywhere(64, (isolate, i) => create(by, { label: `key ${i}` }, isolate));
    expect([made(replies).length, codes(replies).sort()]).toEqual([
      10,
      ['KEY_CREATION_LIMITED', 'creation_limited', undefined],
    ]);
    expect(await list(by, '?limit=100')).toHaveLength(10);
    const limited = await create(by, {}, WAVIS);
    expect(told(limited)).toEqual([429, 'KEY_CREATION_LIMITED']);
    expect(limited.body.detail).toMatch(
      /^you have made 10 keys within 60 minutes, of at most 10: wait until \d{4}-.*Z$/,
    );
    const seconds = Number(limited.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(3_000);
    expect(seconds).toBeLessThanOrEqual(3_600);
  });

  it('are counted per user over all accounts, also of keys that were purged, and not for the operator', async () => {
    const by = await member();
    const elsewhere = await cluster.account();
    await operate(cluster, 'POST', `/accounts/${elsewhere}/members`, { user: by.user, role: 'developer' });
    const token = await issuer.token({ user: by.user });
    const there = () =>
      read(
        cluster.send('/api/v1/user/api-keys', {
          method: 'POST',
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            'x-keystile-account': elsewhere,
          },
          body: JSON.stringify({ environment: 'live' }),
        }),
      );
    for (let i = 0; i < 5; i++) {
      const { id } = await keyOf(by);
      expect((await remove(by, id, '?purge=true')).status).toBe(204);
      expect((await there()).status).toBe(201);
    }
    expect(told(await there())).toEqual([429, 'creation_limited']);
    expect(told(await create(by))).toEqual([429, 'creation_limited']);
    expect((await operate(cluster, 'POST', `/accounts/${by.account}/keys`, { environment: 'live' })).status).toBe(201);
  });

  it('Wafer: 25 active keys per account: hitting the limit says so clearly; revoke an unused key and try again', async () => {
    const by = await member();
    const db = await cluster.database();
    const keys = await fillKeys(db, by.account, 25);
    const reply = await create(by, { label: 'one more' }, WAFER);
    expect(told(reply)).toEqual([409, 'key_cap_reached']);
    expect(reply.body.detail).toBe(
      'the account has 25 keys of at most 25: revoke one that is not used (inactive and expired ones count), or ask for a higher limit',
    );
    await remove(by, keys[0]?.id ?? '', '', WAFER);
    expect((await create(by, { label: 'one more' }, WAFER)).status).toBe(201);
    expect(told(await create(by, { label: 'and more' }, WAFER))).toEqual([409, 'key_cap_reached']);
  });

  it('of an account by its plan hold when 64 of 8 members and the operator come at once from 8 isolates', async () => {
    const account = await cluster.account('One', 'capped');
    const members = await Promise.all(Array.from({ length: 7 }, () => member('developer', account)));
    const replies = await everywhere(64, (isolate, i) => {
      const by = members[(i >> 3) % 8];
      const fields = { environment: 'live', label: `key ${i}` };
      if (by !== undefined) return create(by, fields, isolate);
      return operate(cluster, 'POST', `/accounts/${account}/keys`, fields, { isolate });
    });
    expect([made(replies).length, codes(replies).sort()]).toEqual([
      25,
      ['KEY_LIMIT_REACHED', 'key_cap_reached', undefined],
    ]);
    const found = (await operate(cluster, 'GET', `/keys?account=${account}&limit=100`)).body.keys;
    expect(found).toHaveLength(25);
  });

  it('Wevion: some plans cap the active keys of a user, who is told so', async () => {
    const account = await cluster.account('One', 'personal');
    const [by, other] = [await member('developer', account), await member('developer', account)];
    const replies = await everywhere(24, (_, i) => create(by, {}, i % 2));
    expect([made(replies).length, codes(replies)]).toEqual([4, ['user_key_cap_reached']]);
    const { detail } = (await create(by)).body;
    expect(detail).toMatch(/^you have 4 keys of at most 4: revoke one that is not used/);
    expect((await create(other)).status).toBe(201);
  });

  it('are reached by keys that are switched off as well, and not by those that are revoked', async () => {
    const account = await cluster.account('One', 'personal');
    const by = await member('developer', account);
    const keys = await Promise.all(Array.from({ length: 4 }, () => keyOf(by)));
    await patch(by, keys[0]?.id ?? '', { active: false });
    expect(told(await create(by))).toEqual([409, 'user_key_cap_reached']);
    await remove(by, keys[1]?.id ?? '');
    expect((await create(by)).status).toBe(201);
  });

  it('Rolling: of 24 with one alias at once from many isolates one is made', async () => {
    const account = await cluster.account();
    const members = await Promise.all(Array.from({ length: 3 }, () => member('developer', account)));
    const replies = await Promise.all(
      Array.from({ length: 24 }, (_, i) => create(members[i % 3] as Member, { label: 'ci' }, ROLLING)),
    );
    expect([made(replies).length, replies.filter(({ status: code }) => code === 409).length]).toEqual([1, 23]);
  });
});

describe('a list of keys', () => {
  it('Wafer, Wevion: tells label, prefix, created, expires, last used with address, rate limit and status', async () => {
    const by = await member();
    const expires_at = '2100-01-01T00:00:00.000Z';
    const key = await keyOf(by, { label: 'ci', expires_at, rate_limit_per_minute: 120 });
    expect((await list(by))[0]).toMatchObject({ last_used: null, status: 'active' });
    expect(await status(cluster.call(key.key, THERE, '192.0.2.99'))).toBe(200);
    await vi.waitFor(async () => expect((await list(by))[0].last_used).not.toBeNull(), {
      timeout: 10_000,
      interval: 200,
    });
    const [shown] = await list(by);
    expect(shown).toMatchObject({
      label: 'ci',
      prefix: key.prefix,
      expires_at,
      rate_limit_per_minute: 120,
      status: 'active',
    });
    expect(shown.last_used).toEqual({ at: expect.stringMatching(/Z$/), address: '192.0.2.99' });
    expect(shown.created_at).toMatch(/Z$/);
    expect(shown).not.toHaveProperty('key');
  });

  it('Wevion: hides revoked and expired keys unless they are asked for', async () => {
    const by = await member();
    const ends = new Date(Date.now() + 2 * HOUR_MS).toISOString();
    const keys: Record<string, IssuedKey> = {};
    for (const [name, fields] of Object.entries({
      active: {},
      inactive: {},
      expired: { expires_at: ends },
      revoked: {},
    })) {
      keys[name] = await keyOf(by, { label: name, ...fields });
    }
    await patch(by, keys.inactive?.id ?? '', { active: false });
    await remove(by, keys.revoked?.id ?? '');
    await cluster.moveTime(3 * HOUR_MS);
    const labels = async (query: string) => (await list(by, query)).map(({ label, status: state }) => [label, state]);
    expect(await labels('')).toEqual([
      ['inactive', 'inactive'],
      ['active', 'active'],
    ]);
    for (const state of ['active', 'inactive', 'expired', 'revoked']) {
      expect(await labels(`?status=${state}`)).toEqual([[state, state]]);
    }
    expect((await list(by, '?status=all')).map(({ status: state }) => state)).toEqual([
      'revoked',
      'expired',
      'inactive',
      'active',
    ]);
    const { keys: found } = (await operate(cluster, 'GET', `/keys?account=${by.account}&status=expired`)).body;
    expect(idsOf(found)).toEqual([keys.expired?.id]);
    expect((await operate(cluster, 'GET', `/keys?account=${by.account}`)).body.keys).toHaveLength(4);
    await cluster.moveTime(0);
  });

  it('filters by category and environment, and goes on from its cursor', async () => {
    const by = await member();
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) {
      const fields = { category: i % 2 === 0 ? 'staging' : null, environment: i < 4 ? 'live' : 'test' };
      ids.unshift((await keyOf(by, fields)).id);
    }
    expect(idsOf(await list(by, '?category=staging&environment=live'))).toEqual([ids[3], ids[5]]);
    expect(idsOf(await list(by, '?environment=test'))).toEqual(ids.slice(0, 2));
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Json = (await by.ask('GET', `/api-keys?limit=4${cursor && `&cursor=${cursor}`}`)).body;
      seen.push(...idsOf(page.keys));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(ids);
    for (const query of ['status=gone', 'limit=0', 'cursor=x', 'account=acc_1']) {
      expect(told(await by.ask('GET', `/api-keys?${query}`)), query).toEqual([400, 'request_invalid']);
    }
  });

  it('has the own keys of a member, and all of the account, by who made them, for who manages it', async () => {
    const account = await cluster.account();
    const [admin, ada, bob] = [
      await member('account_admin', account),
      await member('developer', account),
      await member('developer', account),
    ];
    const [first, second] = [await keyOf(ada), await keyOf(bob)];
    const { id: third } = await cluster.issue(account);
    expect(idsOf(await list(ada))).toEqual([first.id]);
    expect(idsOf(await list(ada, `?creator=${ada.id}`))).toEqual([first.id]);
    expect(told(await ada.ask('GET', `/api-keys?creator=${bob.id}`))).toEqual([403, 'insufficient_role']);
    expect(idsOf(await list(admin)).sort()).toEqual([first.id, second.id, third].sort());
    expect(idsOf(await list(admin, `?creator=${bob.id}`))).toEqual([second.id]);
    const { keys } = (await operate(cluster, 'GET', `/keys?creator=${ada.id}&category=none`)).body;
    expect(keys).toEqual([]);
    expect(idsOf((await operate(cluster, 'GET', `/keys?creator=${ada.id}`)).body.keys)).toEqual([first.id]);
  });
});

describe('one key', () => {
  it('of another member with a role that one could not give is only switched off or revoked, never loosened', async () => {
    const account = await cluster.account();
    const [watcher, ada] = [await member('watcher', account), await member('developer', account)];
    const key = await keyOf(ada, { label: 'above' });
    const loosening = [
      () => patch(watcher, key.id, { label: 'mine' }),
      () => patch(watcher, key.id, { expires_at: null }),
      () => patch(watcher, key.id, { active: true }),
      () => patch(watcher, key.id, { active: false, addresses: null }),
      () => watcher.ask('POST', `/api-keys/${key.id}/activate`),
      () => watcher.ask('POST', `/api-keys/${key.id}/rotate`, {}),
    ];
    const refused = async () => {
      for (const act of loosening) expect(told(await act())).toEqual([403, 'insufficient_role']);
    };
    await refused();
    expect(await works(key)).toBe(true);
    expect((await patch(watcher, key.id, { active: false })).status).toBe(200);
    await refused();
    expect(await works(key)).toBe(false);
    expect((await patch(ada, key.id, { active: true })).status).toBe(200);
    expect((await watcher.ask('POST', `/api-keys/${key.id}/deactivate`)).status).toBe(200);
    expect((await remove(watcher, key.id)).status).toBe(204);
    expect(await show(ada, key.id)).toMatchObject({ label: 'above', status: 'revoked' });
  });

  it('is shown with its limits, and what is left of them', async () => {
    const by = await member();
    const key = await keyOf(by, { quotas: { total: 5 } });
    for (let i = 0; i < 2; i++) expect(await works(key)).toBe(true);
    const { usage } = await show(by, key.id);
    expect(usage.limits).toContainEqual({ name: 'total', unit: 'requests', limit: 5, remaining: 3, resets_at: null });
  });

  it('changes in all that may change, and tells the trail what was altered', async () => {
    const by = await member();
    const { id } = await keyOf(by, { label: 'old', quotas: { daily: 5 }, metadata: { a: 'b', c: 'd' } });
    const change = {
      label: 'new',
      category: 'production',
      expires_at: '2100-01-01T00:00:00.000Z',
      role: 'viewer',
      rate_limit_per_second: 9,
      rate_limit_per_minute: 90,
      quotas: { total: 7 },
      credit_quotas: { monthly: 1 },
      addresses: ['2001:db8::/32'],
      metadata: { a: 'z' },
    };
    const reply = await patch(by, id, change);
    const after = { ...change, quotas: { total: 7, daily: 5 }, status: 'active' };
    expect([reply.status, reply.body]).toMatchObject([200, after]);
    expect((await show(by, id)).metadata).toEqual({ a: 'z' });
    const none = { label: null, category: null, expires_at: null, addresses: null, metadata: null, quotas: null };
    const cleared = { ...none, rate_limit_per_second: null, rate_limit_per_minute: null, credit_quotas: null };
    expect((await patch(by, id, cleared)).body).toMatchObject({
      ...cleared,
      quotas: {},
      credit_quotas: {},
      metadata: {},
      role: 'viewer',
    });
    const { entries } = (await operate(cluster, 'GET', `/audit?key=${id}`)).body;
    expect(entries.map(({ action, actor }: Json) => [action, actor])).toEqual([
      ['key.updated', `member:${by.id}`],
      ['key.updated', `member:${by.id}`],
      ['key.created', `member:${by.id}`],
    ]);
    expect(entries[1].before).toMatchObject({ label: 'old', role: 'developer', metadata: { a: 'b', c: 'd' } });
    expect(entries[1].after).toMatchObject({ label: 'new', role: 'viewer', metadata: { a: 'z' } });
  });

  it('is not written where nothing changes, and unknown fields are refused', async () => {
    const by = await member();
    const { id } = await keyOf(by, { label: 'ci', quotas: { daily: 5 }, metadata: { a: 'b', c: 'd' } });
    const same = { label: 'ci', active: true, quotas: { daily: 5 }, metadata: { c: 'd', a: 'b' }, role: 'developer' };
    for (const fields of [{}, same, { addresses: null, expires_at: null, category: null }]) {
      expect((await patch(by, id, fields)).status).toBe(200);
    }
    for (const fields of [{ environment: 'test' }, { status: 'active' }, { key: 'x' }, { role: null }, { active: 1 }]) {
      expect(told(await patch(by, id, { label: 'other', ...fields })), JSON.stringify(fields)).toEqual([
        400,
        'request_invalid',
      ]);
    }
    const over = await patch(by, id, { label: 'other', rate_limit_per_minute: 9_001 });
    expect(over.body.detail).toBe('rate_limit_per_minute: expected at most 9000');
    expect(told(await patch(by, id, { expires_at: '2020-01-01T00:00:00Z' }))).toEqual([400, 'request_invalid']);
    expect(await trailOf(id)).toEqual(['key.created']);
  });

  it('sees a change at the next request, in every isolate', async () => {
    const by = await member();
    const key = await keyOf(by);
    expect([await works(key, HERE), await works(key, THERE)]).toEqual([true, true]);
    const steps: [object, [number, string | undefined]][] = [
      [{ addresses: ['198.51.100.0/24'] }, [403, 'address_not_allowed']],
      [{ addresses: null, rate_limit_per_minute: 0 }, [429, 'rate_limited']],
      [{ rate_limit_per_minute: null, active: false }, [401, 'api_key_inactive']],
      [{ active: true }, [200, undefined]],
    ];
    for (const [fields, expected] of steps) {
      expect((await patch(by, key.id, fields)).status).toBe(200);
      const seen = await Promise.all([HERE, THERE].map(async (isolate) => answered(key, isolate)));
      expect(seen, JSON.stringify(fields)).toEqual([expected, expected]);
    }
  });

  it('has no role above that of who made it, whoever gives it', async () => {
    const account = await cluster.account();
    const [admin, viewer, builder] = [
      await member('account_admin', account),
      await member('viewer', account),
      await member('builder', account),
    ];
    const key = await keyOf(builder, { environment: 'test' });
    expect((await patch(builder, key.id, { role: 'viewer' })).status).toBe(200);
    const above = await patch(admin, key.id, { role: 'developer' });
    expect([...told(above), above.body.detail]).toEqual([
      403,
      'insufficient_role',
      'role: the member who made this key may have no keys with the role developer',
    ]);
    expect(told(await operate(cluster, 'PATCH', `/keys/${key.id}`, { role: 'developer' }))).toEqual([
      403,
      'insufficient_role',
    ]);
    expect(told(await patch(admin, key.id, { role: 'builder' }))).toEqual([403, 'insufficient_role']);
    expect((await patch(builder, key.id, { role: 'builder' })).body.role).toBe('builder');
    expect(told(await patch(viewer, key.id, { role: 'viewer' }))).toEqual([403, 'insufficient_role']);
    const { id } = await cluster.issue(account, { role: 'viewer' });
    expect((await operate(cluster, 'PATCH', `/keys/${id}`, { role: 'account_admin' })).body.role).toBe('account_admin');
  });

  it('WAVIS: is revoked by DELETE: 204 without a body, at once and for good; other keys go on', async () => {
    const by = await member('developer');
    const [key, other] = [(await create(by, {}, WAVIS)).body, (await create(by, {}, WAVIS)).body];
    expect(await works(key, WAVIS)).toBe(true);
    const reply = await remove(by, key.id, '', WAVIS);
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect(await answered(key, WAVIS)).toEqual([401, 'INVALID_API_KEY']);
    expect(await works(other, WAVIS)).toBe(true);
    expect((await remove(by, key.id, '', WAVIS)).status).toBe(204);
    expect(told(await patch(by, key.id, { active: true }))).toEqual([409, 'conflict']);
    expect(told(await by.ask('POST', `/api-keys/${key.id}/activate`))).toEqual([409, 'conflict']);
    expect(await show(by, key.id)).toMatchObject({ status: 'revoked', revoked_at: expect.stringMatching(/Z$/) });
  });

  it('Rolling: is rejected with 401 Inactive API Key once it is deactivated, keeps its settings, and can be reactivated', async () => {
    const by = await member();
    const key = (await create(by, { label: 'ci', category: 'jobs', quotas: { total: 9 } }, ROLLING)).body;
    expect(await works(key, ROLLING)).toBe(true);
    const off = await by.ask('POST', `/api-keys/${key.id}/deactivate`, undefined, { isolate: ROLLING });
    expect([off.status, off.body.status]).toEqual([200, 'inactive']);
    const refused = await call(key, ROLLING);
    expect([refused.status, refused.body.error]).toEqual([401, 'Inactive API Key']);
    const shown = await show(by, key.id);
    expect(shown).toMatchObject({ label: 'ci', category: 'jobs', quotas: { total: 9 }, usage: { granted: 1 } });
    const on = await by.ask('POST', `/api-keys/${key.id}/activate`, undefined, { isolate: ROLLING });
    expect([on.status, on.body.status]).toEqual([200, 'active']);
    expect(await works(key, ROLLING)).toBe(true);
    expect(await trailOf(key.id)).toEqual(['key.activated', 'key.deactivated', 'key.created']);
  });
});

describe('deleting a key', () => {
  let owner: Member | undefined;

  it('Rolling: removes it for good with its settings if it has never been used', async () => {
    const by = await member();
    const key = (await create(by, { label: 'ci' }, ROLLING)).body;
    expect((await remove(by, key.id, '?purge=true', ROLLING)).status).toBe(204);
    for (const isolate of [ROLLING, HERE, THERE]) expect(await status(cluster.call(key.key, isolate))).toBe(401);
    expect(await answered(key)).toEqual([401, 'invalid_api_key']);
    expect(told(await by.ask('GET', `/api-keys/${key.id}`))).toEqual([404, 'not_found']);
    expect(await list(by, '?status=all')).toEqual([]);
    expect((await remove(by, key.id, '?purge=true')).status).toBe(404);
    expect(await trailOf(key.id)).toEqual(['key.purged', 'key.created']);
    expect((await create(by, { label: 'ci' }, ROLLING)).status).toBe(201);
  });

  it('Rolling: is refused for a key that has been used, whose history stays: it is to be deactivated', async () => {
    const by = await member();
    const key = await keyOf(by);
    expect(await works(key)).toBe(true);
    const reply = await remove(by, key.id, '?purge=true');
    expect([...told(reply), reply.body.detail]).toEqual([
      409,
      'conflict',
      'the key was used, so it is not deleted: deactivate it, or revoke it',
    ]);
    expect(await works(key)).toBe(true);
    const operator = await operate(cluster, 'DELETE', `/keys/${key.id}?purge=true`);
    expect(told(operator)).toEqual([409, 'conflict']);
    expect((await operate(cluster, 'GET', '/status')).body.outbox.waiting).toBe(0);
  });

  it('is refused where the policy has none of it', async () => {
    const by = await member();
    const key = (await create(by, {}, WAVIS)).body;
    const reply = await remove(by, key.id, '?purge=true', WAVIS);
    expect([reply.status, reply.body.detail]).toEqual([
      409,
      'keys are not deleted here: deactivate the key, or revoke it',
    ]);
    expect(told(await remove(by, key.id, '?purge=yes', WAVIS))).toEqual([400, 'INVALID_REQUEST']);
    expect(await works(key, WAVIS)).toBe(true);
  });

  it('takes a key with cached records and leased refusals: afterwards it is unknown at every isolate', async () => {
    const by = await member();
    const key = await keyOf(by);
    await patch(by, key.id, { active: false });
    for (const isolate of [HERE, THERE]) expect(await answered(key, isolate)).toEqual([401, 'api_key_inactive']);
    expect((await remove(by, key.id, '?purge=true')).status).toBe(204);
    for (const isolate of [HERE, THERE]) expect(await answered(key, isolate)).toEqual([401, 'invalid_api_key']);
    expect(await (await cluster.records()).list()).toMatchObject({ keys: expect.not.arrayContaining([key.id]) });
  });

  it('that stops before the rows are gone has ended the key: it is unknown, and asking again ends the rest', async () => {
    const by = await member();
    const key = await keyOf(by);
    await patch(by, key.id, { active: false });
    expect(await answered(key)).toEqual([401, 'api_key_inactive']);
    await patch(by, key.id, { active: true });
    const db = await cluster.database();
    await db.prepare(`CREATE TRIGGER broken BEFORE DELETE ON keys BEGIN SELECT RAISE(ABORT, 'broken'); END`).run();
    expect((await remove(by, key.id, '?purge=true')).status).toBe(503);
    for (const isolate of [HERE, THERE]) expect(await answered(key, isolate)).toEqual([401, 'invalid_api_key']);
    await db.prepare('DROP TRIGGER broken').run();
    expect((await remove(by, key.id, '?purge=true', THERE)).status).toBe(204);
    expect(await answered(key)).toEqual([401, 'invalid_api_key']);
  });

  it('and using a key at the same moment: either it is used, and stays, or it is gone, and was never admitted', async () => {
    const seen: [purged: number, used: number[], after: number][] = [];
    for (let i = 0; i < 12; i++) {
      const by = i % 8 === 0 ? await member() : (owner as Member);
      owner = by;
      const key = await keyOf(by);
      const purging = () => remove(by, key.id, '?purge=true', i % 2).then((reply) => reply.status);
      const uses = [HERE, THERE, HERE].map((isolate) => () => status(cluster.call(key.key, isolate)));
      const all = i % 3 === 0 ? [purging, ...uses] : [...uses, purging];
      const codes = await Promise.all(all.map((act) => act()));
      const [purged = 0] = codes.splice(i % 3 === 0 ? 0 : 3, 1);
      seen.push([purged, codes, await status(cluster.call(key.key, THERE))]);
    }
    for (const [purged, used, after] of seen) {
      const told = JSON.stringify([purged, used, after]);
      expect([204, 409], told).toContain(purged);
      expect(used.includes(200), told).toBe(purged === 409);
      expect(after, told).toBe(purged === 409 ? 200 : 401);
    }
  });
});

describe('keys of others', () => {
  const routes: [method: string, path: string, body?: object][] = [
    ['GET', ''],
    ['PATCH', '', { label: 'mine' }],
    ['POST', '/activate'],
    ['POST', '/deactivate'],
    ['DELETE', ''],
    ['DELETE', '?purge=true'],
  ];

  it('are not there for members of another account, whatever their role', async () => {
    const [owner, stranger] = [await member(), await member()];
    const key = await keyOf(owner);
    for (const [method, path, body] of routes) {
      const reply = await stranger.ask(method, `/api-keys/${key.id}${path}`, body);
      expect([...told(reply), reply.body.detail], `${method} ${path}`).toEqual([
        404,
        'not_found',
        'there is no key with this id',
      ]);
      expect(reply.body).toEqual({
        ...(await stranger.ask(method, `/api-keys/key_none${path}`, body)).body,
        request_id: reply.body.request_id,
      });
    }
    expect(await trailOf(key.id)).toEqual(['key.created']);
  });

  it('Wevion: of the same account need the admin role', async () => {
    const account = await cluster.account();
    const [owner, other, admin] = [
      await member('developer', account),
      await member('developer', account),
      await member('account_admin', account),
    ];
    const key = await keyOf(owner);
    for (const [method, path, body] of routes) {
      expect(told(await other.ask(method, `/api-keys/${key.id}${path}`, body)), `${method} ${path}`).toEqual([
        403,
        'insufficient_role',
      ]);
    }
    expect(await trailOf(key.id)).toEqual(['key.created']);
    expect((await patch(admin, key.id, { label: 'seen' })).body).toMatchObject({ label: 'seen', creator: owner.id });
    expect((await remove(admin, key.id)).status).toBe(204);
    expect(await trailOf(key.id)).toEqual(['key.revoked', 'key.updated', 'key.created']);
  });
});
