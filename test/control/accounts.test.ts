import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillKeys } from '../registry/database.ts';
import { type Gateway, type Json, openGateway, READ } from './gateway.ts';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await openGateway({}, { plans: { pro: { max_key_rate_per_minute: 60 } } });
});
afterAll(() => gateway.close());

const AWAY = { headers: { 'x-test-away': 'gates' } };

describe('accounts', () => {
  it('are made on the default plan, read, and listed newest first', async () => {
    const { status, body } = await gateway.admin('POST', '/accounts', { name: 'Ärger & Söhne' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: 'Ärger & Söhne', plan: 'standard', status: 'active' });
    expect(body).toMatchObject({ budget_micro: null, billing_anchor: body.created_at });
    expect((await gateway.admin('GET', `/accounts/${body.id}`)).body).toEqual(body);
    const page = await gateway.admin('GET', '/accounts?limit=1');
    expect(page.body.accounts).toEqual([body]);
  });

  it('are listed whole, page by page', async () => {
    const made = new Set([await gateway.account(), await gateway.account(), await gateway.account()]);
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Json = (await gateway.admin('GET', `/accounts?limit=2${cursor && `&cursor=${cursor}`}`)).body;
      for (const { id } of page.accounts) made.delete(id);
      cursor = page.next_cursor;
    }
    expect(made.size).toBe(0);
  });

  it.each<[unknown, string]>([
    [undefined, 'name'],
    [{}, 'name'],
    [{ name: '' }, 'name'],
    [{ name: 5 }, 'name'],
    [{ name: 'a\u0000b' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ name: 'One', plan: 'gold' }, 'plan'],
    [{ name: 'One', owner: 'me' }, 'owner'],
    [[{ name: 'One' }], 'body'],
  ])('are not made from %j', async (body, field) => {
    const reply = await gateway.admin('POST', '/accounts', body);
    expect([reply.status, reply.body.code]).toEqual([400, 'request_invalid']);
    expect(reply.body.detail).toMatch(new RegExp(`^${field}: `));
  });

  it.each(['GET ', 'PATCH ', 'POST /suspend', 'POST /resume'])('that are not there are 404: %s', async (route) => {
    const [method = '', path = ''] = route.split(' ');
    expect((await gateway.admin(method, `/accounts/acc_none${path}`)).status).toBe(404);
  });
});

describe('suspending an account', () => {
  it('answers 200 with all its keys when it holds for each, and again', async () => {
    const account = await gateway.account();
    const ids = [(await gateway.key(account)).id, (await gateway.key(account)).id].sort();
    for (const [action, status] of [
      ['suspend', 'suspended'],
      ['suspend', 'suspended'],
      ['resume', 'active'],
    ]) {
      const reply = await gateway.admin('POST', `/accounts/${account}/${action}`);
      expect(reply.status).toBe(200);
      expect(reply.body).toMatchObject({ id: account, status, pending: [], more: false });
      expect(reply.body.done.sort()).toEqual(ids);
    }
  });

  it('leaves revoked keys alone', async () => {
    const account = await gateway.account();
    const { id } = await gateway.key(account);
    await gateway.admin('POST', `/keys/${id}/revoke`);
    expect((await gateway.admin('POST', `/accounts/${account}/suspend`)).body.done).toEqual([]);
  });

  it('is 503 with what is pending while gates are away, and a second call drives it through', async () => {
    const account = await gateway.account();
    const { id } = await gateway.key(account);
    const away = await gateway.admin('POST', `/accounts/${account}/suspend`, undefined, AWAY);
    expect([away.status, away.body.code, away.body.pending]).toEqual([503, 'not_in_force', [id]]);
    expect((await gateway.admin('GET', `/accounts/${account}`)).body.status).toBe('suspended');
    const still = await gateway.admin('POST', `/accounts/${account}/suspend`, undefined, AWAY);
    expect([still.status, still.body.pending]).toEqual([503, [id]]);
    const again = await gateway.admin('POST', `/accounts/${account}/suspend`);
    expect([again.status, again.body.done]).toEqual([200, [id]]);
  });

  it('of more keys than one call takes is done by calling again until it is 200', async () => {
    const { db } = gateway;
    const columns = 'id, name, plan, status, created_at_ms';
    await db.prepare(`INSERT INTO accounts (${columns}) VALUES ('acc_1', 'Many', 'standard', 'active', 1)`).run();
    await fillKeys(db, 450);
    const done: string[] = [];
    const statuses: number[] = [];
    for (let i = 0; i < 5 && statuses.at(-1) !== 200; i++) {
      const { status, body } = await gateway.admin('POST', '/accounts/acc_1/suspend');
      statuses.push(status);
      done.push(...body.done);
    }
    expect(statuses).toEqual([503, 503, 200]);
    expect(new Set(done).size).toBe(450);
  });
});

describe('changing an account', () => {
  const patch = (account: string, body: unknown, more = {}) =>
    gateway.admin('PATCH', `/accounts/${account}`, body, more);

  it('answers 200 with all its keys when it holds for each, and again, and shows what it has now', async () => {
    const account = await gateway.account();
    const { id } = await gateway.key(account);
    const changes = { name: ' New ', plan: 'pro', budget_micro: 10 ** 15, billing_anchor: '2026-01-31T12:00:00+02:00' };
    const shown = { ...changes, name: 'New', billing_anchor: '2026-01-31T10:00:00.000Z' };
    for (let i = 0; i < 2; i++) {
      const { status, body } = await patch(account, changes);
      expect([status, body]).toMatchObject([200, { ...shown, done: [id], pending: [], more: false }]);
    }
    expect((await gateway.admin('GET', `/accounts/${account}`)).body).toMatchObject(shown);
    expect((await gateway.admin('GET', '/accounts?limit=1')).body.accounts).toMatchObject([shown]);
    const trail = (await gateway.admin('GET', `/audit?account=${account}&limit=1`)).body.entries;
    expect(trail).toMatchObject([{ action: 'account.updated', after: { plan: 'pro', budget_micro: 10 ** 15 } }]);

    const without = (await patch(account, { budget_micro: null, billing_anchor: null })).body;
    expect(without).toMatchObject({ name: 'New', plan: 'pro', budget_micro: null, billing_anchor: without.created_at });
  });

  it("caps a key's own rate by the new plan at once, and gives it back with the old one", async () => {
    const account = await gateway.account();
    const { id } = await gateway.key(account, { rate_limit_per_minute: 100 });
    const effective = async () => {
      const { body } = await gateway.admin('GET', `/keys/${id}`);
      return [body.rate_limit_per_minute, ...body.usage.limits.map(({ limit }: Json) => limit)];
    };
    await patch(account, { plan: 'pro' });
    expect(await effective()).toEqual([100, 60]);
    await patch(account, { plan: 'standard' });
    expect(await effective()).toEqual([100, 100]);
  });

  it('of its name alone asks no gate', async () => {
    const account = await gateway.account();
    await gateway.key(account);
    const { status, body } = await patch(account, { name: 'New' }, AWAY);
    expect([status, body]).toMatchObject([200, { name: 'New', done: [], pending: [], more: false }]);
    expect((await patch(account, {})).body).toMatchObject({ name: 'New', plan: 'standard', done: [] });
  });

  it('is 503 with what is pending while gates are away, and the sweep drives it through', async () => {
    const account = await gateway.account();
    const { id } = await gateway.key(account);
    const away = await patch(account, { plan: 'pro' }, AWAY);
    expect([away.status, away.body.code, away.body.pending]).toEqual([503, 'not_in_force', [id]]);
    await gateway.schedule(Date.now() + 60_000);
    expect((await gateway.admin('GET', '/status')).body.outbox.waiting).toBe(0);
    const again = await patch(account, { plan: 'pro' }, AWAY);
    expect([again.status, again.body.pending]).toEqual([503, [id]]);
  });

  it.each<[unknown, string]>([
    [{ name: null }, 'name'],
    [{ name: '' }, 'name'],
    [{ plan: 'gold' }, 'plan'],
    [{ plan: null }, 'plan'],
    [{ budget_micro: -1 }, 'budget_micro'],
    [{ budget_micro: 0.5 }, 'budget_micro'],
    [{ budget_micro: 10 ** 15 + 1 }, 'budget_micro'],
    [{ billing_anchor: '2026-01-31' }, 'billing_anchor'],
    [{ billing_anchor: '1969-12-31T23:59:59Z' }, 'billing_anchor'],
    [{ billing_anchor: '2999-01-01T00:00:00Z' }, 'billing_anchor'],
    [{ status: 'suspended' }, 'status'],
  ])('is refused by %j, and nothing is written', async (body, field) => {
    const account = await gateway.account();
    const before = await gateway.admin('GET', `/accounts/${account}`);
    const reply = await patch(account, body);
    expect([reply.status, reply.body.code]).toEqual([400, 'request_invalid']);
    expect(reply.body.detail).toMatch(new RegExp(`^${field}: `));
    expect((await gateway.admin('GET', `/accounts/${account}`)).body).toEqual(before.body);
  });

  it('is not for tokens that only read', async () => {
    const account = await gateway.account();
    expect((await patch(account, { name: 'New' }, { token: READ })).status).toBe(403);
  });
});
