import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FULL, type Gateway, type Json, openGateway } from './gateway.ts';

let gateway: Gateway;
let account: string;

beforeAll(async () => {
  const upstreams = [{ name: 'api', origins: [{ url: 'https://api.example.com' }] }];
  gateway = await openGateway({}, { upstreams, plans: { pro: {} } });
  account = await gateway.account();
});
afterAll(() => gateway.close());

describe('lockouts', () => {
  const guess = async (address: string, times: number) => {
    for (let i = 0; i < times; i++) await gateway.call('/admin/v1/keys', { token: 'wrong-wrong-wrong-wrong', address });
  };

  it('are seen, and lifted when the call has answered', async () => {
    const address = '198.51.100.1';
    await guess(address, 3);
    const before = (await gateway.admin('GET', `/lockouts/ip/${address}`)).body;
    expect(before).toEqual({ kind: 'ip', subject: address, strikes: 3, locked_until: null });
    await guess(address, 17);
    const seen = (await gateway.admin('GET', `/lockouts/ip/${address}`)).body;
    expect(Date.parse(seen.locked_until) - Date.now()).toBeGreaterThan(890_000);
    expect((await gateway.call('/admin/v1/keys', { token: FULL, address })).status).toBe(429);
    expect((await gateway.admin('DELETE', `/lockouts/ip/${address}`)).status).toBe(204);
    expect((await gateway.call('/admin/v1/keys', { token: FULL, address })).status).toBe(200);
    const { body } = await gateway.admin('GET', `/lockouts/ip/${address}`);
    expect(body).toMatchObject({ strikes: 0, locked_until: null });
    const audit = await gateway.admin('GET', '/audit?limit=1');
    expect(audit.body.entries[0]).toMatchObject({
      actor: 'admin:ada',
      action: 'lockout.lifted',
      after: { kind: 'ip', subject: address },
    });
  });

  it('of IPv6 are those of the /64', async () => {
    for (const subject of ['2001:db8:0:1::5', '2001:db8:0:1::', encodeURIComponent('2001:db8:0:1::/64')]) {
      expect((await gateway.admin('GET', `/lockouts/ip/${subject}`)).body.subject).toBe('2001:db8:0:1::/64');
    }
  });

  it('of a secret are found by its digest', async () => {
    const { digest } = (await gateway.admin('POST', '/keys/lookup', { key: (await gateway.key(account)).key })).body;
    const { status, body } = await gateway.admin('GET', `/lockouts/secret/${digest}`);
    expect([status, body]).toEqual([200, { kind: 'secret', subject: digest, strikes: 0, locked_until: null }]);
    expect((await gateway.admin('DELETE', `/lockouts/secret/${digest}`)).status).toBe(204);
  });

  it('are refused by other names, a secret among them', async () => {
    const { key } = await gateway.key(account);
    for (const path of ['ip/here', 'ip/1.2.3', `secret/${key}`, 'account/acc_1']) {
      const { status, body } = await gateway.admin('GET', `/lockouts/${path}`);
      expect([path, status, body.code]).toEqual([path, 400, 'request_invalid']);
      expect(JSON.stringify(body)).not.toContain(key);
    }
  });
});

describe('status', () => {
  it('tells the stores, the outbox, the peppers, the origins and the policy', async () => {
    const { status, body } = await gateway.admin('GET', '/status');
    expect(status).toBe(200);
    for (const store of ['d1', 'kv', 'gate', 'lockout']) expect(body.stores[store].reachable).toBe(true);
    expect(body.outbox).toEqual({ waiting: 0, oldest_at: null });
    expect(body.peppers).toEqual([{ version: 1, current: true, configured: true, digests: expect.any(Number) }]);
    expect(body.webhook_keys).toEqual([{ version: 1, current: true, configured: true, secrets: 0 }]);
    expect(body.origins).toEqual([
      { upstream: 'api', origins: [{ name: 'https://api.example.com', failures_in_a_row: 0, left_out_until: null }] },
    ]);
    expect(body.policy).toEqual({ preset: 'keystile', digest: expect.any(String) });
  });

  it('says so where gates are away, and where keys and secrets hang on a pepper or key that is gone', async () => {
    await gateway.db.prepare("INSERT INTO secrets SELECT 'sec_old', id, 'p', 1, NULL, NULL FROM keys LIMIT 1").run();
    await gateway.db.prepare("INSERT INTO secret_digests VALUES ('old', 'sec_old', 7)").run();
    await gateway.db
      .prepare("INSERT INTO webhook_endpoints (id, url, status, created_at_ms) VALUES ('whe_old', 'u', 'disabled', 1)")
      .run();
    await gateway.db.prepare("INSERT INTO webhook_secrets VALUES ('whs_old', 'whe_old', 'x', 5, 1, NULL)").run();
    const { body } = await gateway.admin('GET', '/status', undefined, { headers: { 'x-test-away': 'gates' } });
    expect(body.stores.gate.reachable).toBe(false);
    expect(body.peppers).toContainEqual({ version: 7, current: false, configured: false, digests: 1 });
    expect(body.webhook_keys).toContainEqual({ version: 5, current: false, configured: false, secrets: 1 });
  });
});

describe('the audit trail', () => {
  it('names who did what, by account and by key, newest first', async () => {
    const owner = await gateway.account();
    const { id } = await gateway.key(owner);
    await gateway.admin('POST', `/keys/${id}/deactivate`);
    const trail = async (query: string) =>
      (await gateway.admin('GET', `/audit?${query}`)).body.entries.map(({ action }: Json) => action);
    expect(await trail(`key=${id}`)).toEqual(['key.deactivated', 'key.created']);
    expect(await trail(`account=${owner}`)).toEqual(['key.deactivated', 'key.created', 'account.created']);
    const page = (await gateway.admin('GET', `/audit?key=${id}&limit=1`)).body;
    expect(page.entries[0]).toMatchObject({ actor: 'admin:ada', address: '192.0.2.1', before: { status: 'active' } });
    const next = (await gateway.admin('GET', `/audit?key=${id}&cursor=${page.next_cursor}`)).body;
    expect(next.entries.map(({ action }: Json) => action)).toEqual(['key.created']);
    expect(next.next_cursor).toBeNull();
  });
});

describe('reconciling a restored database', () => {
  /** A restored database does not ask the triggers that guard changes. */
  beforeAll(async () => {
    const { results } = await gateway.db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'keys'")
      .all<{ name: string }>();
    for (const { name } of results) await gateway.db.prepare(`DROP TRIGGER ${name}`).run();
  });

  /** Puts the rows of a key and its account back as they were, as a restored database would. */
  async function restore(rows: { readonly key: Json; readonly account: Json }) {
    const { db } = gateway;
    for (const [table, row] of Object.entries({ keys: rows.key, accounts: rows.account })) {
      const fields = Object.keys(row).filter((field) => field !== 'id');
      await db
        .prepare(`UPDATE ${table} SET ${fields.map((field) => `${field} = ?`).join(', ')} WHERE id = ?`)
        .bind(...fields.map((field) => row[field]), row.id)
        .run();
    }
  }
  const rowsOf = async (keyId: string) => {
    const key = (await gateway.db.prepare('SELECT * FROM keys WHERE id = ?').bind(keyId).first()) as Json;
    const owner = await gateway.db.prepare('SELECT * FROM accounts WHERE id = ?').bind(key.account_id).first();
    return { key, account: owner as Json };
  };
  const all = async () => {
    const found = { repaired: [] as string[], pending: [] as string[] };
    let cursor: string | null = null;
    do {
      const body: Json = (await gateway.admin('POST', '/reconcile', { limit: 3, ...(cursor && { cursor }) })).body;
      found.repaired.push(...body.repaired);
      found.pending.push(...body.pending);
      cursor = body.next_cursor;
    } while (cursor !== null);
    return found;
  };

  it('finds nothing where nothing was lost', async () => {
    await gateway.key(account);
    expect(await all()).toEqual({ repaired: [], pending: [] });
  });

  it('lets a revocation that was forgotten win, above both generations', async () => {
    const { id } = await gateway.key(account);
    const before = await rowsOf(id);
    await gateway.admin('POST', `/keys/${id}/deactivate`);
    await gateway.admin('POST', `/keys/${id}/revoke`);
    await restore(before);
    expect((await gateway.admin('GET', `/keys/${id}`)).body.status).toBe('active');
    expect(await all()).toEqual({ repaired: [id], pending: [] });
    const { key } = await rowsOf(id);
    expect([key.status, key.generation]).toEqual(['revoked', 4]);
    expect(await all()).toEqual({ repaired: [], pending: [] });
  });

  it('keeps what the registry has stricter, at a generation that every gate takes', async () => {
    const { id } = await gateway.key(account);
    const before = await rowsOf(id);
    for (const action of ['deactivate', 'activate']) await gateway.admin('POST', `/keys/${id}/${action}`);
    await restore({ ...before, key: { ...before.key, status: 'inactive', quotas: '{"total":5}', rate_per_minute: 7 } });
    expect(await all()).toEqual({ repaired: [id], pending: [] });
    const { key } = await rowsOf(id);
    expect(key).toMatchObject({ status: 'inactive', quotas: '{"total":5}', rate_per_minute: 7, generation: 4 });
  });

  it('lets an earlier expiry, a lower rate and lower quotas of the gate win', async () => {
    const wishes = { expires_at: '2100-01-01T00:00:00Z', rate_limit_per_minute: 5, quotas: { total: 9, daily: 0 } };
    const { id } = await gateway.key(account, wishes);
    const { key, account: owner } = await rowsOf(id);
    await gateway.admin('POST', `/keys/${id}/deactivate`);
    await gateway.admin('POST', `/keys/${id}/activate`);
    await restore({
      key: { ...key, expires_at_ms: null, rate_per_minute: null, quotas: '{"total":10,"weekly":1}' },
      account: owner,
    });
    await all();
    const after = (await rowsOf(id)).key;
    expect(after).toMatchObject({ expires_at_ms: key.expires_at_ms, rate_per_minute: 5, status: 'active' });
    expect(JSON.parse(after.quotas)).toEqual({ total: 9, daily: 0, weekly: 1 });
  });

  it('lets lower limits in credits and for a second win, in whatever order quotas stand', async () => {
    const { id } = await gateway.key(account, { credit_quotas: { daily: 9, total: 3 } });
    const before = await rowsOf(id);
    await gateway.admin('PATCH', `/keys/${id}`, { rate_limit_per_second: 2, credit_quotas: { total: 4, monthly: 1 } });
    await restore(before);
    expect(await all()).toEqual({ repaired: [id], pending: [] });
    const { key } = await rowsOf(id);
    expect([key.rate_per_second, JSON.parse(key.quotas)]).toEqual([2, { credits: { total: 3, daily: 9, monthly: 1 } }]);
    expect(await all()).toEqual({ repaired: [], pending: [] });
  });

  it('gives an account the plan and the lower budget back that the registry has forgotten', async () => {
    const owner = await gateway.account();
    const ids = [(await gateway.key(owner)).id, (await gateway.key(owner)).id];
    const rows = await Promise.all(ids.map(rowsOf));
    await gateway.admin('PATCH', `/accounts/${owner}`, { plan: 'pro', budget_micro: 5 });
    for (const row of rows) await restore(row);
    await gateway.db.prepare('UPDATE accounts SET budget_micro = 6 WHERE id = ?').bind(owner).run();
    // The account is repaired with the first of its keys; another page finds the others to be as their gates have them.
    const { repaired, pending } = await all();
    expect([ids.filter((id) => repaired.includes(id)).length > 0, pending]).toEqual([true, []]);
    const { body } = await gateway.admin('GET', `/accounts/${owner}`);
    expect(body).toMatchObject({ plan: 'pro', budget_micro: 5, status: 'active' });
    expect(await all()).toEqual({ repaired: [], pending: [] });
  });

  it('keeps the plan of a registry at the same generation, where the gate may be the older one', async () => {
    const owner = await gateway.account();
    const { id } = await gateway.key(owner);
    await gateway.db.prepare("UPDATE accounts SET plan = 'pro' WHERE id = ?").bind(owner).run();
    expect((await all()).repaired).toEqual([id]);
    expect((await gateway.admin('GET', `/accounts/${owner}`)).body.plan).toBe('pro');
    expect(await all()).toEqual({ repaired: [], pending: [] });
  });

  it("takes the gate's role and addresses where it is ahead, and the stricter list where it is not", async () => {
    const wishes = { role: 'viewer', addresses: ['192.0.2.1'] };
    const keys = [await gateway.key(account, wishes), await gateway.key(account, wishes)];
    const [ahead, level] = await Promise.all(keys.map(({ id }) => rowsOf(id)));
    await gateway.admin('POST', `/keys/${ahead?.key.id}/deactivate`);
    await gateway.admin('POST', `/keys/${ahead?.key.id}/activate`);
    const forgotten = { role: 'developer', addresses: '["192.0.2.2"]' };
    await restore({ ...ahead, key: { ...ahead?.key, ...forgotten }, account: ahead?.account });
    await restore({ ...level, key: { ...level?.key, role: 'developer', addresses: null }, account: level?.account });
    expect((await all()).repaired.sort()).toEqual(keys.map(({ id }) => id).sort());
    const after = await Promise.all(keys.map(async ({ id }) => (await rowsOf(id)).key));
    expect(after).toMatchObject([
      { role: 'viewer', addresses: '["192.0.2.1"]' },
      { role: 'developer', addresses: '["192.0.2.1"]' },
    ]);
    expect(await all()).toEqual({ repaired: [], pending: [] });
  });

  it('suspends an account again whose suspension was forgotten', async () => {
    const owner = await gateway.account();
    const { id } = await gateway.key(owner);
    const before = await rowsOf(id);
    await gateway.admin('POST', `/accounts/${owner}/suspend`);
    await restore(before);
    expect((await all()).repaired).toEqual([id]);
    expect((await gateway.admin('GET', `/accounts/${owner}`)).body.status).toBe('suspended');
  });

  it('sees a registry that has counted up to the gate again', async () => {
    const { id } = await gateway.key(account);
    const before = await rowsOf(id);
    await gateway.admin('POST', `/keys/${id}/revoke`);
    await restore({ ...before, key: { ...before.key, generation: 2 } });
    expect((await all()).repaired).toEqual([id]);
    expect((await rowsOf(id)).key).toMatchObject({ status: 'revoked', generation: 3 });
  });

  it('names what it could not compare, with 503', async () => {
    const away = { headers: { 'x-test-away': 'gates' } };
    const { status, body } = await gateway.admin('POST', '/reconcile', { limit: 2 }, away);
    expect([status, body.code, body.checked, body.pending.length]).toEqual([503, 'not_in_force', 2, 2]);
  });

  it.each([{ limit: 0 }, { limit: 101 }, { cursor: 5 }, { from: 'x' }])('refuses %j', async (body) => {
    expect((await gateway.admin('POST', '/reconcile', body)).status).toBe(400);
  });
});
