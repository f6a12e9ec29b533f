import { afterAll, beforeAll, expect, it } from 'vitest';
import { BACKGROUND } from '../../support/calls.ts';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { operate } from '../../support/members.ts';
import { visit } from '../../support/people.ts';
import { type Json, type Reply, read } from '../../support/reply.ts';

/* What the routes of customers and of keys themselves cost in calls of bindings; `docs/limits.md` shows the same. */

let issuer: Issuer;
let cluster: Cluster;

beforeAll(async () => {
  issuer = await startIssuer();
  cluster = await startCluster({ policy: { session: issuer.policy } });
});
afterAll(async () => {
  await cluster?.stop();
  await issuer?.close();
});

/** What a call costs, but for what is asked once in a lease, and what goes in the background. */
async function cost(ask: () => Promise<Reply>): Promise<Json> {
  await cluster.calls();
  const { status, text } = await ask();
  expect([status < 300, text]).toEqual([true, text]);
  const calls = await cluster.calls();
  for (const name of [...BACKGROUND, 'lockout.ask', 'gate.confirm']) delete calls[name];
  return calls;
}

it('routes of customers cost a bounded number of calls', async () => {
  const boss = await visit(cluster, issuer, { user: 'boss', organisation: 'one' });
  const own = { 'ledger.inspect': 1, 'ledger.statement': 1 };
  expect(await cost(() => boss.ask('GET', '/account'))).toEqual({ d1: 2, ...own });
  expect(await cost(() => boss.ask('GET', '/account'))).toEqual({ d1: 1, ...own });

  const { body: key } = await boss.ask('POST', '/api-keys', { environment: 'live' });
  const path = `/api-keys/${key.id}`;
  const create = (fields: Json, headers = {}) =>
    boss.ask('POST', '/api-keys', { environment: 'live', ...fields }, { headers });
  expect(await cost(() => create({}))).toEqual({ d1: 3, 'gate.advance': 1 });
  expect(await cost(() => create({ copy_from: key.id }))).toEqual({ d1: 4, 'gate.advance': 1 });
  const again = { 'idempotency-key': 'one' };
  expect(await cost(() => create({}, again))).toEqual({ d1: 5, 'gate.advance': 1 });
  // One more than without a secret: whether it still is one.
  expect(await cost(() => create({}, again))).toEqual({ d1: 3 });

  expect(await cost(() => boss.ask('GET', '/api-keys'))).toEqual({ d1: 2, 'ledger.lastUsed': 1 });
  expect(await cost(() => boss.ask('GET', path))).toEqual({ d1: 2, 'gate.inspect': 1, 'ledger.lastUsed': 1 });
  const change = { d1: 6, 'gate.advance': 1, kv: 1 };
  expect(await cost(() => boss.ask('PATCH', path, { label: 'one' }))).toEqual(change);
  expect(await cost(() => boss.ask('POST', `${path}/deactivate`))).toEqual(change);
  expect(await cost(() => boss.ask('POST', `${path}/activate`))).toEqual(change);
  // One cached record for each secret that the key has had.
  expect(await cost(() => boss.ask('POST', `${path}/rotate`))).toEqual({ ...change, kv: 2 });
  expect(await cost(() => boss.ask('DELETE', path))).toEqual({ ...change, kv: 2 });
  const { body: unused } = await create({});
  const purge = { d1: 6, 'gate.retireIfUnused': 1, kv: 1 };
  expect(await cost(() => boss.ask('DELETE', `/api-keys/${unused.id}?purge=true`))).toEqual(purge);
  expect(await cost(() => boss.ask('GET', '/audit'))).toEqual({ d1: 2, 'ledger.limitHits': 1 });
});

it('what is done to a member costs the same for many keys, but for their gates', async () => {
  const boss = await visit(cluster, issuer, { user: 'boss', organisation: 'two' });
  await boss.ask('GET', '/account');
  const ada = await visit(cluster, issuer, { user: 'ada', organisation: 'two' });
  const { id: account, member } = (await ada.ask('GET', '/account')).body;
  for (let i = 0; i < 3; i++) await ada.ask('POST', '/api-keys', { environment: 'live' });
  const path = `/members/${member.id}`;
  const set = { d1: 5, 'gate.advance': 3, kv: 3 };
  expect(await cost(() => boss.ask('PATCH', path, { role: 'viewer' }))).toEqual(set);
  expect(await cost(() => boss.ask('DELETE', path))).toEqual(set);
  const erased = { d1: 5, 'ledger.eraseRequests': 2 };
  expect(await cost(() => operate(cluster, 'POST', `/accounts/${account}${path}/erase`, {}))).toEqual(erased);
  expect(await cost(() => boss.ask('POST', '/logout'))).toEqual({ d1: 1 });
});

it('a key that asks about itself costs no D1 while its record is at hand, and a rotation little more than by others', async () => {
  const { key } = await cluster.issue(await cluster.account());
  const headers = { authorization: `Bearer ${key}` };
  const ask = (path: string, method = 'GET') => read(cluster.send(`/api/v1/keys/apikey${path}`, { method, headers }));
  await ask('');
  expect(await cost(() => ask(''))).toEqual({ 'gate.inspect': 1, 'lockout.take': 1 });
  expect(await cost(() => ask('/usage'))).toEqual({ 'ledger.usage': 1, 'lockout.take': 1 });
  expect(await cost(() => ask('/rotate', 'POST'))).toEqual({ d1: 5, 'gate.advance': 1, kv: 2, 'lockout.take': 1 });
});
