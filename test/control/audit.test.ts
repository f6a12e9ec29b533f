import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { audit as shape } from '../../src/control/shapes/audit.ts';
import { packEvent, type RequestEvent } from '../../src/decision/event.ts';
import { type Json, openGateway } from './gateway.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.now();
const HOUR = new Date(Math.floor(NOW_MS / HOUR_MS) * HOUR_MS).toISOString();

let gateway: Awaited<ReturnType<typeof openGateway>>;
let silent: typeof gateway;

beforeAll(async () => {
  [gateway, silent] = await Promise.all([openGateway({}, { audit: { calls: true } }), openGateway()]);
});
afterAll(() => Promise.all([gateway.close(), silent.close()]));

let requests = 0;
let batches = 0;

/** Has requests with these keys recorded. */
async function record(account: string, events: Partial<RequestEvent>[], of = gateway): Promise<void> {
  const whole = events.map((given) => ({
    requestId: `request-${++requests}`,
    atMs: NOW_MS,
    label: null,
    category: null,
    environment: 'live',
    method: 'POST',
    path: '/v1/chat',
    status: 200,
    reason: null,
    ttfbMs: 1,
    bytes: 0,
    address: '203.0.113.9',
    country: null,
    micro: 0,
    promptTokens: 0,
    completionTokens: 0,
    hold: null,
    reserved: 0,
    replacedAtMs: null,
    keyId: 'key_a',
    ...given,
  }));
  await of.record(account, { id: `batch-${++batches}`, events: JSON.stringify(whole.map(packEvent)) });
}

const refused = (keyId: string): Partial<RequestEvent> => ({ keyId, status: 429, reason: 'rate_limited' });

async function trail(query: string, of = gateway): Promise<Json> {
  const { status, body } = await of.admin('GET', `/audit?${query}`);
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return shape.parse(body);
}

const actionsOf = async (query: string, of = gateway) =>
  (await trail(`limit=200&${query}`, of)).entries.map(({ action }: Json) => action).sort();

/** All pages, and what is run between them. */
async function pages(query: string, meanwhile: () => Promise<unknown> = async () => {}): Promise<Json[]> {
  const entries: Json[] = [];
  let cursor: string | null = null;
  do {
    const page = await trail(`${query}${cursor === null ? '' : `&cursor=${cursor}`}`);
    entries.push(...page.entries);
    cursor = page.next_cursor;
    await meanwhile();
  } while (cursor !== null);
  return entries;
}

describe('the trail of an account', () => {
  it('has hits of limits once for each key, hour and reason, and each call with its endpoint and status', async () => {
    const account = await gateway.account();
    const { id } = await gateway.key(account);
    await record(account, [refused(id), refused(id), { keyId: id, method: 'GET', path: '/v1/models' }]);
    const { entries } = await trail(`account=${account}`);
    const actions = ['key.created', 'account.created', ...Array(3).fill('api_call'), 'key.limit_reached'];
    expect(entries.map(({ action }: Json) => action)).toEqual(actions);
    const calls = entries.filter(({ action }: Json) => action === 'api_call');
    expect(calls.map(({ after }: Json) => after)).toEqual([
      { key: id, endpoint: 'GET /v1/models', status: 200 },
      { key: id, endpoint: 'POST /v1/chat', status: 429 },
      { key: id, endpoint: 'POST /v1/chat', status: 429 },
    ]);
    expect(calls[0]).toMatchObject({ actor: `key:${id}`, account, key: id, address: '203.0.113.9' });
    expect(entries.filter(({ action }: Json) => action === 'key.limit_reached')).toEqual([
      {
        id: `${HOUR} ${id} rate_limited`,
        at: HOUR,
        actor: `key:${id}`,
        action: 'key.limit_reached',
        account,
        key: id,
        address: null,
        request_id: null,
        before: null,
        after: { reason: 'rate_limited', requests: 2, hour: HOUR },
      },
    ]);
  });

  it('gives every entry once over many pages, while changes are made and requests recorded', async () => {
    const account = await gateway.account();
    const keys: string[] = [];
    for (let i = 0; i < 6; i++) keys.push((await gateway.key(account)).id);
    for (const id of keys) {
      await gateway.admin('POST', `/keys/${id}/deactivate`);
      await record(account, [refused(id), { keyId: id }, { keyId: id, atMs: NOW_MS - 2 * HOUR_MS }]);
    }
    // So many that the first pages have nothing else.
    await record(account, Array(7).fill({ keyId: keys[0], atMs: Date.now() + HOUR_MS }));
    const idsOf = (entries: Json[]) => entries.map(({ id }: Json) => id);
    const before = idsOf(await pages(`account=${account}&limit=200`));
    expect(before).toHaveLength(1 + 2 * 6 + 6 + 3 * 6 + 7);
    expect(idsOf(await pages(`account=${account}&limit=3`))).toEqual(before);
    let rounds = 0;
    const seen = idsOf(
      await pages(`account=${account}&limit=4`, async () => {
        const id = keys[rounds++ % keys.length] ?? '';
        await gateway.admin('POST', `/keys/${id}/${rounds % 2 ? 'activate' : 'deactivate'}`);
        await record(account, [refused(id), { ...refused(id), atMs: NOW_MS - 5 * HOUR_MS }]);
      }),
    );
    expect(new Set(seen).size).toBe(seen.length);
    expect(before.filter((id) => !seen.includes(id))).toEqual([]);
  });

  it('is filtered by key, actor, action and time in all that it is made of', async () => {
    const account = await gateway.account();
    const [a, b] = [(await gateway.key(account)).id, (await gateway.key(account)).id];
    await record(account, [refused(a), { keyId: b }, { keyId: a }]);
    const [key, limit, call] = ['key.created', 'key.limit_reached', 'api_call'];
    const of = `account=${account}`;
    expect(await actionsOf(of)).toEqual([call, call, call, 'account.created', key, key, limit].sort());
    expect(await actionsOf(`${of}&key=${a}`)).toEqual([call, call, key, limit]);
    expect(await actionsOf(`${of}&key=${b}`)).toEqual([call, key]);
    expect(await actionsOf(`${of}&key=key_none`)).toEqual([]);
    expect(await actionsOf(`${of}&actor=key:${a}`)).toEqual([call, call, limit]);
    expect(await actionsOf(`${of}&actor=key:${a}&key=${b}`)).toEqual([]);
    expect(await actionsOf(`${of}&actor=admin:ada`)).toEqual(['account.created', key, key]);
    expect(await actionsOf(`${of}&action=key.`)).toEqual([key, key, limit]);
    expect(await actionsOf(`${of}&action=${limit}`)).toEqual([limit]);
    expect(await actionsOf(`${of}&action=${call}&key=${a}`)).toEqual([call, call]);
    expect(await actionsOf(`${of}&action=key`)).toEqual([]);
    const at = (ms: number) => new Date(ms).toISOString();
    expect(await actionsOf(`${of}&to=${at(NOW_MS)}`)).toEqual(HOUR < at(NOW_MS) ? [limit] : []);
    expect(await actionsOf(`${of}&from=${at(NOW_MS + HOUR_MS)}`)).toEqual([]);
    expect(await actionsOf(`${of}&from=${at(NOW_MS - 2 * HOUR_MS)}&actor=key:${b}`)).toEqual([call]);
  });

  it('of all accounts has no part of any ledger', async () => {
    const account = await gateway.account();
    await record(account, [refused('key_a')]);
    expect(await actionsOf('action=api_call')).toEqual([]);
    expect(await actionsOf('action=key.limit_reached')).toEqual([]);
    expect(await actionsOf('key=key_a')).toEqual([]);
  });

  it('has no calls unless the policy says so', async () => {
    const account = await silent.account();
    await record(account, [refused('key_a')], silent);
    expect(await actionsOf(`account=${account}`, silent)).toEqual(['account.created', 'key.limit_reached']);
  });

  it('is 503 where its ledger cannot be reached, and not a part of it', async () => {
    const away = { headers: { 'x-test-away': 'ledgers' } };
    for (const of of [gateway, silent]) {
      const refusal = await of.admin('GET', `/audit?account=${await of.account()}`, undefined, away);
      expect([refusal.status, refusal.body.code]).toEqual([503, 'gate_unavailable']);
      expect(refusal.body.entries).toBeUndefined();
    }
    const account = await gateway.account();
    for (const query of ['limit=1', `account=${account}&action=account.`, `account=${account}&actor=admin:ada`]) {
      expect((await gateway.admin('GET', `/audit?${query}`, undefined, away)).status, query).toBe(200);
    }
  });

  it.each([
    'cursor=W10',
    'cursor=WzEsMl0',
    'cursor=W1sxLCJ4Il0sbnVsbCxudWxsXQ',
    'from=yesterday',
    'actor=',
    'member=1',
  ])('refuses ?%s', async (query) => {
    const { status, body } = await gateway.admin('GET', `/audit?${query}`);
    expect([status, body.code]).toEqual([400, 'request_invalid']);
  });

  it('refuses a time that ends before it begins', async () => {
    const { body } = await gateway.admin('GET', '/audit?from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z');
    expect(body.detail).toContain('to: expected a time after from');
  });
});
