import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Gateway, type Json, openGateway } from './gateway.ts';

const POLICY = {
  keys: { categories: ['a'], custom_categories: false },
  limits: { max_rate_per_minute: 8_000, quotas: ['total', 'daily'], credit_quotas: ['total', 'monthly'] },
  plans: { standard: {}, small: { active_keys: 1, max_key_rate_per_second: 10, max_key_rate_per_minute: 100 } },
};

let gateway: Gateway;
let account: string;

beforeAll(async () => {
  gateway = await openGateway({}, POLICY);
  account = await gateway.account();
});
afterAll(() => gateway.close());

const create = (body: unknown, to = account) => gateway.admin('POST', `/accounts/${to}/keys`, body);
const AWAY = { headers: { 'x-test-away': 'gates' } };

describe('creating a key', () => {
  it('answers 201 with the secret, once, and what was asked for', async () => {
    const wishes = {
      label: ' build ',
      environment: 'test',
      role: 'viewer',
      category: 'a',
      expires_at: '2100-01-01T00:00:00+02:00',
      rate_limit_per_second: 2,
      rate_limit_per_minute: 10,
      credit_quotas: { total: 10 ** 15, monthly: 0 },
      addresses: ['192.0.2.0/24', '2001:db8::1'],
    };
    const { status, body } = await create({ ...wishes, quotas: { total: 0, daily: null } });
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...wishes, label: 'build', expires_at: '2099-12-31T22:00:00.000Z', account });
    expect(body.quotas).toEqual({ total: 0 });
    expect(body.key).toMatch(/^ks_test_/);
    expect(body.key.startsWith(body.prefix)).toBe(true);
    expect(body.created_at).toMatch(/Z$/);
    const read = await gateway.admin('GET', `/keys/${body.id}`);
    expect(read.body).toMatchObject({ id: body.id, status: 'active', usage: { granted: 0, used: 0 } });
    expect(JSON.stringify(read.body)).not.toContain(body.key);
  });

  it.each<[string, unknown, string]>([
    ['no environment', {}, 'environment'],
    ['the trial environment', { environment: 'trial' }, 'environment'],
    ['an unknown environment', { environment: 'prod' }, 'environment'],
    ['an unknown role', { environment: 'live', role: 'root' }, 'role'],
    ['an unknown category', { environment: 'live', category: 'b' }, 'category'],
    ['a past expiry', { environment: 'live', expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ['a day as expiry', { environment: 'live', expires_at: '2100-01-01' }, 'expires_at'],
    ['a number as expiry', { environment: 'live', expires_at: 4_102_444_800 }, 'expires_at'],
    ['too high a rate', { environment: 'live', rate_limit_per_minute: 8_001 }, 'rate_limit_per_minute'],
    ['a rate below zero', { environment: 'live', rate_limit_per_minute: -1 }, 'rate_limit_per_minute'],
    ['half a request', { environment: 'live', rate_limit_per_minute: 0.5 }, 'rate_limit_per_minute'],
    ['a text as rate', { environment: 'live', rate_limit_per_minute: '10' }, 'rate_limit_per_minute'],
    ['a quota that is not offered', { environment: 'live', quotas: { monthly: 0 } }, 'quotas.monthly'],
    ['too many in a second', { environment: 'live', rate_limit_per_second: 10 ** 9 + 1 }, 'rate_limit_per_second'],
    ['half a request a second', { environment: 'live', rate_limit_per_second: 0.5 }, 'rate_limit_per_second'],
    ['a credit quota that is not offered', { environment: 'live', credit_quotas: { daily: 0 } }, 'credit_quotas.daily'],
    ['credits below zero', { environment: 'live', credit_quotas: { total: -1 } }, 'credit_quotas.total'],
    ['too many credits', { environment: 'live', credit_quotas: { total: 10 ** 15 + 1 } }, 'credit_quotas.total'],
    ['credits among quotas', { environment: 'live', quotas: { credits: { total: 1 } } }, 'quotas.credits'],
    ['a quota of no name', { environment: 'live', quotas: { yearly: 1 } }, 'quotas.yearly'],
    ['no addresses', { environment: 'live', addresses: [] }, 'addresses'],
    ['an address that is none', { environment: 'live', addresses: ['192.0.2.1', 'here'] }, 'addresses.1'],
    ['an empty label', { environment: 'live', label: ' ' }, 'label'],
    ['a long label', { environment: 'live', label: 'x'.repeat(101) }, 'label'],
    ['an unknown field', { environment: 'live', owner: 'me' }, 'owner'],
    ['a list', [], 'body'],
    ['a text', '"text"', 'body'],
    ['null bytes of JSON', '{"environment":', 'body'],
  ])('refuses %s with 400 and names the field', async (_, body, field) => {
    const reply = await create(body);
    expect([reply.status, reply.body.code]).toEqual([400, 'request_invalid']);
    expect(reply.body.detail).toMatch(new RegExp(`^${field.replaceAll('.', '\\.')}: `));
  });

  it('does not tell a secret back that stands where a field belongs', async () => {
    const { key } = await gateway.key(account);
    for (const body of [{ [key]: 1 }, { environment: key }, { environment: 'live', role: key }, key]) {
      const reply = await create(body);
      expect(reply.status).toBe(400);
      expect(JSON.stringify(reply.body)).not.toContain(key);
    }
  });

  it('refuses bodies over 64 KB with 413, announced or streamed, and takes one just below', async () => {
    const filled = (bytes: number) => JSON.stringify({ environment: 'live', addresses: ['x'.repeat(bytes - 39)] });
    expect(filled(65_536).length).toBe(65_536);
    expect((await create(filled(65_536))).status).toBe(400);
    const over = await create(filled(65_537));
    expect([over.status, over.body.code]).toEqual([413, 'body_too_large']);
    const streamed = await create(new Blob(['x'.repeat(40_000), 'x'.repeat(40_000)]).stream());
    expect([streamed.status, streamed.body.code]).toEqual([413, 'body_too_large']);
  });

  it('refuses a body that is not JSON by its type', async () => {
    const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    const reply = await gateway.admin('POST', '/accounts', '{"name":"One"}', form);
    expect([reply.status, reply.body.detail]).toEqual([400, 'content-type: expected application/json']);
  });

  it('is 404 for an account that is not there, and refused for a suspended one', async () => {
    expect((await create({ environment: 'live' }, 'acc_none')).status).toBe(404);
    const suspended = await gateway.account();
    await gateway.admin('POST', `/accounts/${suspended}/suspend`);
    const reply = await create({ environment: 'live' }, suspended);
    expect([reply.status, reply.body.code]).toEqual([403, 'account_suspended']);
  });

  it("keeps to the plan's cap and highest rate, also for a key that asks for none", async () => {
    const small = (await gateway.admin('POST', '/accounts', { name: 'Small', plan: 'small' })).body.id;
    expect((await create({ environment: 'live', rate_limit_per_minute: 101 }, small)).status).toBe(400);
    expect((await create({ environment: 'live', rate_limit_per_second: 11 }, small)).status).toBe(400);
    const { body } = await create({ environment: 'live' }, small);
    expect(body).toMatchObject({ rate_limit_per_second: null, rate_limit_per_minute: null });
    const { usage } = (await gateway.admin('GET', `/keys/${body.id}`)).body;
    expect(usage.limits).toMatchObject([
      { name: 'rate_second', limit: 10 },
      { name: 'rate', limit: 100 },
    ]);
    const second = await create({ environment: 'live' }, small);
    expect([second.status, second.body.code]).toEqual([409, 'key_cap_reached']);
    await gateway.admin('POST', `/keys/${body.id}/revoke`);
    expect((await create({ environment: 'live' }, small)).status).toBe(201);
  });

  it('still carries the secret where it cannot be brought into force: 503, and the sweep does it', async () => {
    const reply = await gateway.admin('POST', `/accounts/${account}/keys`, { environment: 'live' }, AWAY);
    expect([reply.status, reply.body.code]).toEqual([503, 'not_in_force']);
    expect(reply.body.status).toBe(503);
    expect(reply.body.key).toMatch(/^ks_live_/);
    expect((await gateway.admin('GET', '/status')).body.outbox.waiting).toBe(1);
    await gateway.schedule(Date.now() + 60_000);
    expect((await gateway.admin('GET', '/status')).body.outbox).toEqual({ waiting: 0, oldest_at: null });
  });
});

describe('listing keys', () => {
  it('finds by account, status, prefix and label, and goes on from a cursor', async () => {
    const owner = await gateway.account();
    const made: Json[] = [];
    for (const label of ['job-1', 'job-2', 'web']) made.push(await gateway.key(owner, { label }));
    await gateway.admin('POST', `/keys/${made[2].id}/revoke`);
    const ids = async (query: string) =>
      (await gateway.admin('GET', `/keys?account=${owner}${query}`)).body.keys.map(({ id }: Json) => id).sort();
    const all = made.map(({ id }) => id).sort();
    expect(await ids('')).toEqual(all);
    expect(await ids('&status=revoked')).toEqual([made[2].id]);
    expect(await ids('&label=job')).toEqual([made[0].id, made[1].id].sort());
    expect(await ids(`&prefix=${made[0].prefix}`)).toEqual([made[0].id]);

    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Json = (await gateway.admin('GET', `/keys?account=${owner}&limit=1${cursor && `&cursor=${cursor}`}`))
        .body;
      seen.push(...page.keys.map(({ id }: Json) => id));
      cursor = page.next_cursor;
    }
    expect(seen.sort()).toEqual(all);
  });

  it.each([
    'limit=0',
    'limit=201',
    'limit=-1',
    'limit=x',
    'limit=',
    'limit=1.5',
    'cursor=nonsense',
    'status=dead',
    'owner=1',
  ])('refuses ?%s', async (query) => {
    for (const list of query.startsWith('status') ? ['keys'] : ['keys', 'accounts', 'audit']) {
      const { status, body } = await gateway.admin('GET', `/${list}?${query}`);
      expect([list, status, body.code]).toEqual([list, 400, 'request_invalid']);
    }
  });
});

describe('changing a key', () => {
  it('revokes with 204, again and again, and for good', async () => {
    const { id } = await gateway.key(account);
    for (let i = 0; i < 2; i++) expect((await gateway.admin('POST', `/keys/${id}/revoke`)).status).toBe(204);
    const { body } = await gateway.admin('GET', `/keys/${id}`);
    expect(body.status).toBe('revoked');
    expect(body.revoked_at).toMatch(/Z$/);
    for (const action of ['activate', 'deactivate']) {
      const reply = await gateway.admin('POST', `/keys/${id}/${action}`);
      expect([reply.status, reply.body.code]).toEqual([409, 'conflict']);
    }
  });

  it('switches off and on', async () => {
    const { id } = await gateway.key(account);
    for (const [action, status] of [
      ['deactivate', 'inactive'],
      ['deactivate', 'inactive'],
      ['activate', 'active'],
    ]) {
      const reply = await gateway.admin('POST', `/keys/${id}/${action}`);
      expect([reply.status, reply.body.status]).toEqual([200, status]);
    }
  });

  it('is 503 while the gate is away, also a second time, and holds when it is back', async () => {
    const { id } = await gateway.key(account);
    for (let i = 0; i < 2; i++) {
      const reply = await gateway.admin('POST', `/keys/${id}/revoke`, undefined, AWAY);
      expect([reply.status, reply.body.code]).toEqual([503, 'not_in_force']);
      expect(reply.headers.get('retry-after')).toBe('5');
    }
    expect((await gateway.admin('GET', `/keys/${id}`)).body.status).toBe('revoked');
    expect((await gateway.admin('POST', `/keys/${id}/revoke`)).status).toBe(204);
  });

  it.each(['revoke', 'deactivate', 'activate'])('%s of a key that is not there is 404', async (action) => {
    expect((await gateway.admin('POST', `/keys/key_none/${action}`)).status).toBe(404);
  });

  it('takes no fields', async () => {
    const { id } = await gateway.key(account);
    const reply = await gateway.admin('POST', `/keys/${id}/revoke`, { force: true });
    expect([reply.status, reply.body.detail]).toEqual([400, 'force: unknown field']);
  });
});

describe('changing the limits of a key', () => {
  const patch = (id: string, body: unknown, more = {}) => gateway.admin('PATCH', `/keys/${id}`, body, more);
  const shown = async (id: string) => {
    const { body } = await gateway.admin('GET', `/keys/${id}`);
    const { rate_limit_per_second: second, rate_limit_per_minute: minute, quotas, credit_quotas: credits } = body;
    return { second, minute, quotas, credits };
  };

  it('replaces what it names, removes what is null, and leaves the rest', async () => {
    const { id } = await gateway.key(account, { rate_limit_per_minute: 10, quotas: { total: 5, daily: 3 } });
    const first = await patch(id, { rate_limit_per_second: 2, quotas: { daily: 4 }, credit_quotas: { total: 7 } });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ id, rate_limit_per_second: 2, rate_limit_per_minute: 10, status: 'active' });
    expect(await shown(id)).toEqual({ second: 2, minute: 10, quotas: { total: 5, daily: 4 }, credits: { total: 7 } });

    await patch(id, { rate_limit_per_minute: null, quotas: { total: null }, credit_quotas: { monthly: 0 } });
    const credits = { total: 7, monthly: 0 };
    expect(await shown(id)).toEqual({ second: 2, minute: null, quotas: { daily: 4 }, credits });
    await patch(id, { rate_limit_per_second: null, quotas: null });
    expect(await shown(id)).toEqual({ second: null, minute: null, quotas: {}, credits });
    await patch(id, { credit_quotas: null });
    expect(await shown(id)).toEqual({ second: null, minute: null, quotas: {}, credits: {} });
  });

  it('tells the trail what it altered, and nothing where it alters nothing: 200 and in force', async () => {
    const { id } = await gateway.key(account, { quotas: { total: 5 } });
    await patch(id, { rate_limit_per_second: null, rate_limit_per_minute: 9, quotas: { total: 6 } });
    for (const body of [{}, undefined, { rate_limit_per_minute: 9 }, { quotas: { total: 6, daily: null } }]) {
      expect((await patch(id, body)).status).toBe(200);
      expect((await patch(id, body, AWAY)).status).toBe(503);
    }
    const { entries } = (await gateway.admin('GET', `/audit?key=${id}`)).body;
    expect(entries).toMatchObject([
      {
        action: 'key.limited',
        before: { rate_limit_per_minute: null, quotas: { total: 5 } },
        after: { rate_limit_per_minute: 9, quotas: { total: 6 } },
      },
      { action: 'key.created' },
    ]);
    expect(Object.keys(entries[0].after)).toEqual(['rate_limit_per_minute', 'quotas']);
  });

  it('is 503 while the gate is away, is recorded, and holds when the sweep has run', async () => {
    const { id } = await gateway.key(account);
    const reply = await patch(id, { quotas: { total: 1 } }, AWAY);
    expect([reply.status, reply.body.code]).toEqual([503, 'not_in_force']);
    await gateway.schedule(Date.now() + 60_000);
    expect((await gateway.admin('GET', '/status')).body.outbox.waiting).toBe(0);
    const { usage } = (await gateway.admin('GET', `/keys/${id}`)).body;
    expect(usage.limits).toContainEqual({ name: 'total', unit: 'requests', limit: 1, remaining: 1, resets_at: null });
  });

  it('is 409 for a revoked key, which stays as it is, and 404 for none', async () => {
    const { id } = await gateway.key(account);
    await gateway.admin('POST', `/keys/${id}/revoke`);
    const reply = await patch(id, { quotas: { total: 1 } });
    expect([reply.status, reply.body.code]).toEqual([409, 'conflict']);
    expect((await shown(id)).quotas).toEqual({});
    expect((await patch('key_none', {})).status).toBe(404);
  });

  it.each<[unknown, string]>([
    [{ rate_limit_per_minute: 8_001 }, 'rate_limit_per_minute'],
    [{ rate_limit_per_second: -1 }, 'rate_limit_per_second'],
    [{ quotas: { monthly: 1 } }, 'quotas.monthly'],
    [{ credit_quotas: { weekly: 1 } }, 'credit_quotas.weekly'],
    [{ credit_quotas: { total: 0.5 } }, 'credit_quotas.total'],
    [{ quotas: 5 }, 'quotas'],
    [{ environment: 'test' }, 'environment'],
    [{ addresses: ['192.0.2.1', '::1/129'] }, 'addresses.1'],
    [{ category: 'b' }, 'category'],
    [[], 'body'],
  ])('is refused by %j, and nothing is written', async (body, field) => {
    const { id } = await gateway.key(account, { quotas: { daily: 2 } });
    const reply = await patch(id, body);
    expect([reply.status, reply.body.code]).toEqual([400, 'request_invalid']);
    expect(reply.body.detail).toMatch(new RegExp(`^${field.replaceAll('.', '\\.')}: `));
    expect(await shown(id)).toMatchObject({ minute: null, quotas: { daily: 2 }, credits: {} });
  });

  it("keeps to the maxima of the key's plan", async () => {
    const small = (await gateway.admin('POST', '/accounts', { name: 'Small', plan: 'small' })).body.id;
    const { id } = await gateway.key(small);
    expect((await patch(id, { rate_limit_per_second: 11 })).status).toBe(400);
    expect((await patch(id, { rate_limit_per_second: 10, rate_limit_per_minute: 100 })).status).toBe(200);
  });
});

describe('deleting a key', () => {
  const purge = (id: string, more = {}) => gateway.admin('DELETE', `/keys/${id}?purge=true`, undefined, more);
  const waiting = async () => (await gateway.admin('GET', '/status')).body.outbox.waiting;
  const trail = async (id: string) =>
    (await gateway.admin('GET', `/audit?key=${id}`)).body.entries.map(({ action, actor }: Json) => [action, actor]);
  /** Makes the registry fail where the row of a key goes. */
  const breakDown = () =>
    gateway.db.prepare(`CREATE TRIGGER broken BEFORE DELETE ON keys BEGIN SELECT RAISE(ABORT, 'broken'); END`).run();
  const repair = () => gateway.db.prepare('DROP TRIGGER IF EXISTS broken').run();
  afterEach(repair);

  it('that was never used takes all of it, and leaves the trail: 204, then 404', async () => {
    const { id } = await gateway.key(account, { label: 'ci' });
    expect((await purge(id)).status).toBe(204);
    expect((await purge(id)).status).toBe(404);
    expect((await gateway.admin('GET', `/keys/${id}`)).status).toBe(404);
    for (const [table, column] of Object.entries({ keys: 'id', secrets: 'key_id', outbox: 'key_id' })) {
      const row = await gateway.db.prepare(`SELECT 1 FROM ${table} WHERE ${column} = ?`).bind(id).first();
      expect(row, table).toBeNull();
    }
    expect(await trail(id)).toEqual([
      ['key.purged', 'admin:ada'],
      ['key.created', 'admin:ada'],
    ]);
  });

  it('without purge revokes it', async () => {
    const { id } = await gateway.key(account);
    expect((await gateway.admin('DELETE', `/keys/${id}`)).status).toBe(204);
    expect((await gateway.admin('GET', `/keys/${id}`)).body.status).toBe('revoked');
    expect((await purge(id)).status).toBe(204);
  });

  it('whose gate is away is 503, and then done by the sweep, or by the same call again', async () => {
    const [swept, again] = [await gateway.key(account), await gateway.key(account)];
    for (const { id } of [swept, again]) {
      const reply = await purge(id, AWAY);
      expect([reply.status, reply.body.code]).toEqual([503, 'not_in_force']);
      expect((await gateway.admin('GET', `/keys/${id}`)).body.status).toBe('active');
    }
    expect((await purge(again.id)).status).toBe(204);
    await gateway.schedule(Date.now() + 60_000);
    expect((await gateway.admin('GET', `/keys/${swept.id}`)).status).toBe(404);
    expect([await waiting(), await trail(swept.id)]).toEqual([
      0,
      [
        ['key.purged', 'admin:ada'],
        ['key.created', 'admin:ada'],
      ],
    ]);
  });

  it('that stops after its gate was asked is not acknowledged, and ended by the sweep, or by the same call again', async () => {
    const [swept, again] = [await gateway.key(account), await gateway.key(account)];
    await breakDown();
    for (const { id } of [swept, again]) {
      expect((await purge(id)).status).toBe(503);
      expect((await gateway.admin('GET', `/keys/${id}`)).status).toBe(200);
      expect((await gateway.admin('PATCH', `/keys/${id}`, { label: 'x' })).status).toBe(503);
    }
    await gateway.schedule(Date.now() + 60_000);
    expect((await gateway.admin('GET', `/keys/${swept.id}`)).status).toBe(200);
    await repair();
    expect((await purge(again.id)).status).toBe(204);
    await gateway.schedule(Date.now() + 120_000);
    expect((await gateway.admin('GET', `/keys/${swept.id}`)).status).toBe(404);
    expect(await waiting()).toBe(0);
  });

  it('holds after the registry was restored from before it: reconciling deletes it again', async () => {
    const { id } = await gateway.key(account);
    const row = await gateway.db.prepare('SELECT * FROM keys WHERE id = ?').bind(id).first();
    expect((await purge(id)).status).toBe(204);
    const columns = Object.keys(row ?? {});
    await gateway.db
      .prepare(`INSERT INTO keys (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`)
      .bind(...Object.values(row ?? {}))
      .run();
    const { status, body } = await gateway.admin('POST', '/reconcile', {});
    expect([status, body.repaired, body.pending]).toEqual([200, [id], []]);
    expect((await gateway.admin('GET', `/keys/${id}`)).status).toBe(404);
  });
});

describe('revoking by filter', () => {
  it('revokes what matches, in bounded sets, and tells whether there are more', async () => {
    const owner = await gateway.account();
    const keys = await Promise.all(['x', 'x', 'xy'].map((label) => gateway.key(owner, { label })));
    const revoke = (body: object) => gateway.admin('POST', '/keys/revoke', { account: owner, ...body });
    const first = await revoke({ label: 'x', limit: 1 });
    expect([first.status, first.body.revoked.length, first.body.more]).toEqual([200, 1, true]);
    const second = await revoke({ label: 'x' });
    expect([second.status, second.body.revoked.length, second.body.more]).toEqual([200, 1, false]);
    const statuses = await Promise.all(
      keys.map(async ({ id }) => (await gateway.admin('GET', `/keys/${id}`)).body.status),
    );
    expect(statuses).toEqual(['revoked', 'revoked', 'active']);
  });

  it('names what is pending, and drives it through when called again', async () => {
    const owner = await gateway.account();
    const { id } = await gateway.key(owner);
    const away = await gateway.admin('POST', '/keys/revoke', { account: owner }, AWAY);
    expect([away.status, away.body.code, away.body.pending]).toEqual([503, 'not_in_force', [id]]);
    const again = await gateway.admin('POST', '/keys/revoke', { account: owner });
    expect([again.status, again.body]).toEqual([200, { revoked: [id], pending: [], more: false }]);
  });

  it.each([{}, { limit: 5 }, { account: 'a', limit: 101 }, { account: 'a', limit: 0 }, { status: 'active' }])(
    'refuses %j',
    async (filter) => {
      expect((await gateway.admin('POST', '/keys/revoke', filter)).status).toBe(400);
    },
  );
});

describe('looking a secret up', () => {
  it('tells the key and the digest, and never the secret', async () => {
    const { key, id } = await gateway.key(account);
    const { status, body } = await gateway.admin('POST', '/keys/lookup', { key });
    expect([status, body.key.id]).toEqual([200, id]);
    expect(body.digest).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(JSON.stringify(body)).not.toContain(key);
  });

  it('tells the digest of a secret that no key has, and refuses what is no key', async () => {
    const other = await openGateway();
    const { key } = await other.key(await other.account());
    await other.close();
    const { status, body } = await gateway.admin('POST', '/keys/lookup', { key });
    expect([status, body.key]).toEqual([200, null]);
    const malformed = await gateway.admin('POST', '/keys/lookup', { key: `${key}x` });
    expect(malformed.status).toBe(400);
    expect(JSON.stringify(malformed.body)).not.toContain(key);
  });
});
