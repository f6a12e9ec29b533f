import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillKeys } from '../registry/database.ts';
import { type Gateway, type Json, openGateway } from './gateway.ts';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());

const AWAY = { headers: { 'x-test-away': 'gates' } };

describe('accounts', () => {
  it('are made on the default plan, read, and listed newest first', async () => {
    const { status, body } = await gateway.admin('POST', '/accounts', { name: 'Ärger & Söhne' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: 'Ärger & Söhne', plan: 'standard', status: 'active' });
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

  it.each(['GET ', 'POST /suspend', 'POST /resume'])('that are not there are 404: %s', async (route) => {
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
    await db.prepare("INSERT INTO accounts VALUES ('acc_1', 'Many', 'standard', 'active', 1)").run();
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
