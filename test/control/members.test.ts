import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as z from 'zod';
import * as accounts from '../../src/control/shapes/accounts.ts';
import * as shape from '../../src/control/shapes/members.ts';
import { type Gateway, type Json, openGateway, READ } from './gateway.ts';

/* The operator's hand on members and on the life of accounts: answers, refusals, and what a call leaves over. */

let gateway: Gateway;

beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());

const AWAY = { headers: { 'x-test-away': 'gates' } };
const NO_LEDGER = { headers: { 'x-test-away': 'ledgers' } };
let people = 0;

/** A new member's id. */
async function member(account: string, role = 'developer'): Promise<string> {
  const { body } = await gateway.admin('POST', `/accounts/${account}/members`, { user: `user_${++people}`, role });
  return body.id;
}

/** A key that a member has made. */
async function keyOf(account: string, memberId: string, role = 'developer'): Promise<string> {
  const { id } = await gateway.key(account, { role });
  await gateway.db
    .prepare('UPDATE keys SET user_id = ?, generation = generation + 1 WHERE id = ?')
    .bind(memberId, id)
    .run();
  return id;
}

const known = (schema: z.ZodType, body: Json) => expect(schema.safeParse(body).error?.issues ?? []).toEqual([]);
const trail = async (account: string, action: string): Promise<Json[]> =>
  (await gateway.admin('GET', `/audit?account=${account}&action=${action}`)).body.entries;

describe('an operator', () => {
  it('lets a user of the sign-in into an account at once, and an address when it signs in', async () => {
    const account = await gateway.account();
    const path = `/accounts/${account}/members`;
    const ada = await gateway.admin('POST', path, { user: 'user_ada', role: 'account_admin' });
    const bob = await gateway.admin('POST', path, { email: 'Bob@Example.com' });
    expect([ada.status, bob.status]).toEqual([201, 201]);
    expect(ada.body).toMatchObject({ user: 'user_ada', email: null, role: 'account_admin', status: 'active' });
    expect([ada.body.account, bob.body.account]).toEqual([account, account]);
    expect(bob.body).toMatchObject({ user: null, email: 'bob@example.com', role: 'developer', status: 'invited' });
    for (const { body } of [ada, bob]) known(shape.person, body);
    const page = await gateway.admin('GET', path);
    known(shape.people, page.body);
    expect(page.body.members.map(({ id }: Json) => id).sort()).toEqual([ada.body.id, bob.body.id].sort());
    expect((await gateway.admin('GET', path, undefined, { token: READ })).status).toBe(200);
  });

  it('does not let anybody in twice, and changes nothing of who is in', async () => {
    const account = await gateway.account();
    const path = `/accounts/${account}/members`;
    await gateway.admin('POST', path, { user: 'user_ada', role: 'viewer' });
    const again = await gateway.admin('POST', path, { user: 'user_ada', role: 'account_admin' });
    expect([again.status, again.body.code]).toEqual([409, 'conflict']);
    expect((await gateway.admin('GET', path)).body.members).toMatchObject([{ role: 'viewer' }]);
  });

  it('who sends the same again with its Idempotency-Key gets the same member', async () => {
    const path = `/accounts/${await gateway.account()}/members`;
    const send = () =>
      gateway.admin('POST', path, { user: 'user_ada' }, { headers: { 'idempotency-key': 'let-ada-in' } });
    const [first, second] = [await send(), await send()];
    expect([second.status, second.body]).toEqual([201, first.body]);
  });

  it.each<[object, string]>([
    [{}, 'email'],
    [{ email: 'ada@example.com', user: 'user_ada' }, 'email'],
    [{ email: 'ada' }, 'email'],
    [{ user: 'user_ada', role: 'king' }, 'role'],
    [{ user: 'user_ada', name: 'Ada' }, 'name'],
  ])('lets nobody in by %j', async (body, field) => {
    const reply = await gateway.admin('POST', `/accounts/${await gateway.account()}/members`, body);
    expect([reply.status, reply.body.code]).toEqual([400, 'request_invalid']);
    expect(reply.body.detail).toMatch(new RegExp(`^${field}: `));
  });

  it('finds nobody of another account, and no account that is not there', async () => {
    const [own, other] = [await gateway.account(), await gateway.account()];
    const id = await member(other);
    for (const [method, path, body] of [
      ['PATCH', `/accounts/${own}/members/${id}`, { role: 'viewer' }],
      ['DELETE', `/accounts/${own}/members/${id}`],
      ['GET', `/accounts/${own}/members/${id}/export`],
      ['POST', `/accounts/${own}/members/${id}/erase`],
      ['GET', '/accounts/acc_none/members'],
      ['POST', '/accounts/acc_none/members', { user: 'user_ada' }],
      ['POST', '/accounts/acc_none/close'],
      ['POST', '/accounts/acc_none/erase'],
      ['GET', '/accounts/acc_none/export'],
      ['DELETE', `/accounts/${own}/members/inv_none`],
      ['PATCH', `/accounts/${own}/members/inv_none`, { role: 'viewer' }],
    ] as const) {
      expect([path, (await gateway.admin(method, path, body)).status]).toEqual([path, 404]);
    }
  });

  it('takes an invitation back, and renews one by inviting again', async () => {
    const path = `/accounts/${await gateway.account()}/members`;
    const first = (await gateway.admin('POST', path, { email: 'ada@example.com' })).body;
    const again = (await gateway.admin('POST', path, { email: 'ada@example.com', role: 'viewer' })).body;
    expect([again.id, again.role]).toEqual([first.id, 'viewer']);
    const changed = await gateway.admin('PATCH', `${path}/${first.id}`, { role: 'developer' });
    expect([changed.status, changed.body.code]).toEqual([409, 'conflict']);
    expect((await gateway.admin('DELETE', `${path}/${first.id}`)).status).toBe(204);
    expect((await gateway.admin('DELETE', `${path}/${first.id}`)).status).toBe(404);
    expect((await gateway.admin('GET', path)).body.members).toEqual([]);
  });
});

describe('a new role', () => {
  it('is 200 with every key that it concerns once it holds, and the same again', async () => {
    const account = await gateway.account();
    await member(account, 'account_admin');
    const id = await member(account, 'account_admin');
    const [high, low] = [await keyOf(account, id, 'account_admin'), await keyOf(account, id, 'viewer')];
    const path = `/accounts/${account}/members/${id}`;
    const reply = await gateway.admin('PATCH', path, { role: 'developer' });
    known(shape.changedMember, reply.body);
    expect([reply.status, reply.body.role, reply.body.keys_changed]).toEqual([200, 'developer', 1]);
    expect(reply.body.done.sort()).toEqual([high, low].sort());
    expect((await gateway.admin('GET', `/keys/${high}`)).body.role).toBe('developer');
    expect((await gateway.admin('PATCH', path, { role: 'developer' })).body).toMatchObject({ keys_changed: 0 });
  });

  it('that no gate has heard of is 503 with the keys that wait; the same call again drives it through', async () => {
    const account = await gateway.account();
    await member(account, 'account_admin');
    const id = await member(account, 'account_admin');
    const key = await keyOf(account, id, 'account_admin');
    const path = `/accounts/${account}/members/${id}`;
    const reply = await gateway.admin('PATCH', path, { role: 'viewer' }, AWAY);
    expect([reply.status, reply.body.code]).toEqual([503, 'not_in_force']);
    expect(reply.body).toMatchObject({ member: id, done: [], pending: [key], more: false });
    const again = await gateway.admin('PATCH', path, { role: 'viewer' });
    expect([again.status, again.body.done, again.body.pending]).toEqual([200, [key], []]);
  });
});

describe('a removal', () => {
  it('revokes the keys by default, and tells how many', async () => {
    const account = await gateway.account();
    const id = await member(account);
    const key = await keyOf(account, id);
    const reply = await gateway.admin('DELETE', `/accounts/${account}/members/${id}`);
    known(shape.removedMember, reply.body);
    expect(reply.body).toMatchObject({ status: 'removed', keys: 'revoked', key_count: 1, done: [key], pending: [] });
    expect((await gateway.admin('GET', `/keys/${key}`)).body.status).toBe('revoked');
    expect(await trail(account, 'key.revoked')).toMatchObject([{ actor: 'admin:ada', key }]);
  });

  it('with revoke_keys=false keeps them, and tells so in the answer and in the trail', async () => {
    const account = await gateway.account();
    const id = await member(account);
    const key = await keyOf(account, id);
    const reply = await gateway.admin('DELETE', `/accounts/${account}/members/${id}?revoke_keys=false`);
    expect(reply.body).toMatchObject({ status: 'removed', keys: 'kept', key_count: 1, done: [], pending: [] });
    expect((await gateway.admin('GET', `/keys/${key}`)).body.status).toBe('active');
    expect(await trail(account, 'member.removed')).toMatchObject([{ after: { keys: 'kept', count: 1 } }]);
    const bad = await gateway.admin('DELETE', `/accounts/${account}/members/${id}?revoke_keys=yes`);
    expect([bad.status, bad.body.detail]).toEqual([400, expect.stringMatching(/^revoke_keys: /)]);
  });

  it('that no gate has heard of is 503 with the keys that wait; the same call again drives it through', async () => {
    const account = await gateway.account();
    const id = await member(account);
    const key = await keyOf(account, id);
    const path = `/accounts/${account}/members/${id}`;
    const reply = await gateway.admin('DELETE', path, undefined, AWAY);
    expect(reply.status).toBe(503);
    expect(reply.body).toMatchObject({ code: 'not_in_force', member: id, keys: 'revoked', pending: [key] });
    const again = await gateway.admin('DELETE', path);
    expect([again.status, again.body.done]).toEqual([200, [key]]);
  });

  it('of the last who administers the account is refused, to the operator too, until it is closed', async () => {
    const account = await gateway.account();
    const id = await member(account, 'account_admin');
    const path = `/accounts/${account}/members/${id}`;
    for (const reply of [await gateway.admin('DELETE', path), await gateway.admin('PATCH', path, { role: 'viewer' })]) {
      expect([reply.status, reply.body.code]).toEqual([409, 'conflict']);
      expect(reply.body.detail).toContain('last');
    }
    await gateway.admin('POST', `/accounts/${account}/close`);
    expect((await gateway.admin('DELETE', path)).status).toBe(200);
  });
});

describe('the accounts of an operator', () => {
  it('carry whose they are, once, and are found by it', async () => {
    const made = await gateway.admin('POST', '/accounts', { name: 'Acme', organisation: 'org_acme' });
    known(accounts.account, made.body);
    expect(made.body).toMatchObject({ organisation: 'org_acme', user: null });
    const twice = await gateway.admin('POST', '/accounts', { name: 'Acme 2', organisation: 'org_acme' });
    expect([twice.status, twice.body.code]).toEqual([409, 'conflict']);
    const list = async (query: string) => (await gateway.admin('GET', `/accounts?${query}`)).body.accounts;
    expect(await list('organisation=org_acme')).toEqual([made.body]);
    expect(await list('user=org_acme')).toEqual([]);
    expect(await list('organisation=org_acme&status=closed')).toEqual([]);
    await gateway.admin('POST', `/accounts/${made.body.id}/close`);
    expect(await list('status=closed&plan=standard&organisation=org_acme')).toMatchObject([{ id: made.body.id }]);
    const both = await gateway.admin('POST', '/accounts', { name: 'A', organisation: 'o', user: 'u' });
    expect([both.status, both.body.detail]).toEqual([400, expect.stringMatching(/^user: /)]);
  });

  it('that are closed stay closed: nothing resumes them, lets anybody in or makes a key', async () => {
    const account = await gateway.account();
    const key = (await gateway.key(account)).id;
    const closed = await gateway.admin('POST', `/accounts/${account}/close`);
    known(accounts.changedAccount, closed.body);
    expect([closed.status, closed.body.done]).toEqual([200, [key]]);
    expect(closed.body.closed_at).not.toBeNull();
    const again = await gateway.admin('POST', `/accounts/${account}/close`);
    expect([again.status, again.body.closed_at]).toEqual([200, closed.body.closed_at]);
    for (const [path, body] of [
      ['resume', {}],
      ['members', { user: 'user_ada' }],
      ['members', { email: 'ada@example.com' }],
    ] as const) {
      expect([path, (await gateway.admin('POST', `/accounts/${account}/${path}`, body)).status]).toEqual([path, 409]);
    }
    expect((await gateway.admin('POST', `/accounts/${account}/keys`, { environment: 'live' })).status).toBe(403);
    expect((await gateway.admin('GET', `/accounts/${account}`)).body.status).toBe('suspended');
  });

  it('that no gate has heard of are closed by the same call again', async () => {
    const account = await gateway.account();
    const key = (await gateway.key(account)).id;
    const reply = await gateway.admin('POST', `/accounts/${account}/close`, {}, AWAY);
    expect([reply.status, reply.body.account, reply.body.pending]).toEqual([503, account, [key]]);
    expect((await gateway.admin('POST', `/accounts/${account}/close`)).body.done).toEqual([key]);
  });
});

describe('an erasure', () => {
  it('of an account asks for it to be closed, is done once and may be asked for again', async () => {
    const account = await gateway.account();
    const early = await gateway.admin('POST', `/accounts/${account}/erase`);
    expect([early.status, early.body.code]).toEqual([409, 'conflict']);
    await gateway.admin('POST', `/accounts/${account}/close`);
    for (let i = 0; i < 2; i++) {
      const { status, body } = await gateway.admin('POST', `/accounts/${account}/erase`);
      known(accounts.erasedAccount, body);
      expect([status, body]).toEqual([200, { account, erased: true, next_cursor: null }]);
    }
    expect((await gateway.admin('GET', `/accounts/${account}`)).body).toMatchObject({ name: 'erased' });
    expect(await trail(account, 'account.erased')).toMatchObject([{ actor: 'admin:ada', address: null }]);
  });

  it('is not told to be done while the ledger cannot be asked', async () => {
    const account = await gateway.account();
    await gateway.admin('POST', `/accounts/${account}/close`);
    expect((await gateway.admin('POST', `/accounts/${account}/erase`, {}, NO_LEDGER)).status).toBe(503);
    expect((await gateway.admin('GET', `/accounts/${account}`)).body.erased_at).toBeNull();
    expect((await gateway.admin('POST', `/accounts/${account}/erase`)).body.erased).toBe(true);
  });

  it('of a member removes it, revokes its keys and leaves no name', async () => {
    const account = await gateway.account();
    const id = await member(account);
    const key = await keyOf(account, id);
    const path = `/accounts/${account}/members/${id}/erase`;
    expect((await gateway.admin('POST', path, {}, AWAY)).status).toBe(503);
    const { status, body } = await gateway.admin('POST', path);
    known(shape.erasedMember, body);
    expect([status, body]).toEqual([200, { account, member: id, erased: true, next_cursor: null }]);
    expect((await gateway.admin('GET', `/keys/${key}`)).body.status).toBe('revoked');
    const { members } = (await gateway.admin('GET', `/accounts/${account}/members?status=removed`)).body;
    expect(members).toMatchObject([{ id, user: null, email: null }]);
    expect((await gateway.admin('POST', path)).status).toBe(200);
  });

  it('takes no cursor of another list', async () => {
    const account = await gateway.account();
    await gateway.admin('POST', `/accounts/${account}/close`);
    const reply = await gateway.admin('POST', `/accounts/${account}/erase`, { cursor: 'WzEsIngiXQ' });
    expect([reply.status, reply.body.detail]).toEqual([400, expect.stringMatching(/^cursor: /)]);
  });
});
