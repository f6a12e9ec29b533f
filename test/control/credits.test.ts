import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gateway, type Json, openGateway, READ } from './gateway.ts';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());

const keyed = (key: string) => ({ headers: { 'idempotency-key': key } });
const grant = (account: string, key: string, body: unknown) =>
  gateway.admin('POST', `/accounts/${account}/credits`, body, keyed(key));
const statement = async (account: string, query = ''): Promise<Json> =>
  (await gateway.admin('GET', `/accounts/${account}/credits${query}`)).body;
const audit = async (account: string): Promise<Json[]> =>
  (await gateway.admin('GET', `/audit?account=${account}`)).body.entries.filter(
    ({ action }: Json) => action === 'credits.granted',
  );

describe('granting credits', () => {
  it('adds to the balance, and negative ones correct it', async () => {
    const account = await gateway.account();
    const first = await grant(account, 'invoice-7', { micro: 5_000_000, note: 'Invoice 7' });
    expect(first.status).toBe(201);
    expect(first.body).toEqual({
      id: 'invoice-7',
      kind: 'grant',
      at: expect.stringMatching(/^20.*Z$/),
      micro: 5_000_000,
      note: 'Invoice 7',
      actor: 'admin:ada',
    });
    const second = await grant(account, 'correction', { micro: -2_000_000 });
    expect([second.status, second.body.note]).toEqual([201, null]);
    expect(await statement(account)).toMatchObject({
      account,
      balance_micro: 3_000_000,
      held_micro: 0,
      spent_micro: 0,
      unreported_micro: 0,
      granted_micro: 3_000_000,
      movements: [second.body, first.body],
      next_cursor: null,
    });
  });

  it('happens once for each idempotency key, with one audit entry', async () => {
    const account = await gateway.account();
    const body = { micro: 100, note: 'once' };
    const replies = await Promise.all([1, 2, 3].map(() => grant(account, 'k-1', body)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    for (const reply of replies) expect(reply.body).toEqual(replies[0]?.body);
    for (const other of [{ micro: 101, note: 'once' }, { micro: 100 }]) {
      const refused = await grant(account, 'k-1', other);
      expect([refused.status, refused.body.code]).toEqual([409, 'idempotency_conflict']);
    }
    expect((await statement(account)).granted_micro).toBe(100);
    expect(await audit(account)).toMatchObject([
      { actor: 'admin:ada', account, after: { idempotency_key: 'k-1', micro: 100, note: 'once' } },
    ]);
  });

  it('that broke off before its audit entry is completed when it is sent again', async () => {
    const account = await gateway.account();
    await gateway.db.exec('ALTER TABLE audit RENAME TO audit_away');
    expect((await grant(account, 'k-2', { micro: 7 })).status).toBeGreaterThanOrEqual(500);
    await gateway.db.exec('ALTER TABLE audit_away RENAME TO audit');
    expect(await audit(account)).toEqual([]);
    expect((await grant(account, 'k-2', { micro: 7 })).status).toBe(200);
    expect(await audit(account)).toHaveLength(1);
    expect((await statement(account)).granted_micro).toBe(7);
  });

  it.each([null, '', 'two words', 'x'.repeat(201)])('needs an Idempotency-Key: %j', async (key) => {
    const account = await gateway.account();
    const headers: Record<string, string> = key === null ? {} : { 'idempotency-key': key };
    const reply = await gateway.admin('POST', `/accounts/${account}/credits`, { micro: 5 }, { headers });
    expect([reply.status, reply.body.code]).toEqual([400, 'request_invalid']);
    expect(reply.body.detail).toMatch(/^Idempotency-Key: expected this header/);
    expect((await statement(account)).granted_micro).toBe(0);
  });

  it.each<[unknown, string]>([
    [undefined, 'micro'],
    [{}, 'micro'],
    [{ micro: 0 }, 'micro'],
    [{ micro: 1.5 }, 'micro'],
    [{ micro: '5' }, 'micro'],
    [{ micro: 1e15 + 1 }, 'micro'],
    [{ micro: -1e15 - 1 }, 'micro'],
    [{ micro: 5, note: 'a\u0000b' }, 'note'],
    [{ micro: 5, note: 'x'.repeat(201) }, 'note'],
    [{ micro: 5, until: 'later' }, 'until'],
  ])('is refused of %j', async (body, field) => {
    const account = await gateway.account();
    const reply = await grant(account, 'k-3', body);
    expect([reply.status, reply.body.code]).toEqual([400, 'request_invalid']);
    expect(reply.body.detail).toMatch(new RegExp(`^${field}: `));
    expect((await statement(account)).granted_micro).toBe(0);
  });

  it('stays within what can be counted exactly', async () => {
    const account = await gateway.account();
    for (let i = 0; i < 4; i++) expect((await grant(account, `k-${i}`, { micro: 1e15 })).status).toBe(201);
    const reply = await grant(account, 'k-5', { micro: 1 });
    expect([reply.status, reply.body.detail]).toEqual([400, expect.stringMatching(/^micro: /)]);
    expect((await statement(account)).granted_micro).toBe(4e15);
  });

  it('takes a full admin and an account that is there', async () => {
    const account = await gateway.account();
    const reader = await gateway.admin(
      'POST',
      `/accounts/${account}/credits`,
      { micro: 5 },
      { ...keyed('k'), token: READ },
    );
    expect(reader.status).toBe(403);
    expect((await grant('acc_none', 'k', { micro: 5 })).status).toBe(404);
  });
});

describe('the statement', () => {
  it('of an account that was never granted any is empty, in the month since its creation', async () => {
    const account = await gateway.account();
    const { created_at: createdAt } = (await gateway.admin('GET', `/accounts/${account}`)).body;
    const { month, ...rest } = await statement(account);
    expect(rest).toEqual({
      account,
      balance_micro: 0,
      held_micro: 0,
      spent_micro: 0,
      unreported_micro: 0,
      granted_micro: 0,
      movements: [],
      next_cursor: null,
    });
    expect(month).toMatchObject({ starts_at: createdAt, spent_micro: 0, budget_micro: null });
    expect(Date.parse(month.ends_at) - Date.parse(createdAt)).toBeGreaterThanOrEqual(28 * 86_400_000);
  });

  it('goes by the account’s budget and billing months', async () => {
    const account = await gateway.account();
    const set = { budget_micro: 900, billing_anchor: '2020-01-31T10:00:00Z' };
    expect((await gateway.admin('PATCH', `/accounts/${account}`, set)).status).toBe(200);
    const { month } = await statement(account);
    expect(month.budget_micro).toBe(900);
    for (const at of [month.starts_at, month.ends_at]) expect(at).toMatch(/-(28|29|30|31)T10:00:00.000Z$/);
  });

  it('lists movements page by page', async () => {
    const account = await gateway.account();
    for (let i = 0; i < 5; i++) await grant(account, `k-${i}`, { micro: i + 1 });
    const seen: string[] = [];
    for (let query = '?limit=2'; query !== ''; ) {
      const page = await statement(account, query);
      seen.push(...page.movements.map(({ id }: Json) => id));
      query = page.next_cursor === null ? '' : `?limit=2&cursor=${page.next_cursor}`;
    }
    expect(seen.sort()).toEqual(['k-0', 'k-1', 'k-2', 'k-3', 'k-4']);
    for (const query of ['?cursor=nonsense', '?limit=0', '?day=1']) {
      const reply = await gateway.admin('GET', `/accounts/${account}/credits${query}`);
      expect([reply.status, reply.body.code]).toEqual([400, 'request_invalid']);
    }
  });

  it('is read with a reading token, and 404 of no account', async () => {
    const account = await gateway.account();
    expect((await gateway.admin('GET', `/accounts/${account}/credits`, undefined, { token: READ })).status).toBe(200);
    expect((await gateway.admin('GET', '/accounts/acc_none/credits')).status).toBe(404);
  });
});
