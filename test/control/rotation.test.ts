import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gateway, type Json, openGateway, type Reply } from './gateway.ts';

const OWN = '/api/v1/keys/apikey';
const DAY_MS = 86_400_000;
const AWAY = { 'x-test-away': 'gates' };

let gateway: Gateway;
let account: string;
let addresses = 0;
const newAddress = () => `203.0.113.${++addresses}`;

beforeAll(async () => {
  gateway = await openGateway();
  account = await gateway.account();
});
afterAll(() => gateway.close());

const rotate = (id: string, body?: object, from = gateway): Promise<Reply> =>
  from.admin('POST', `/keys/${id}/rotate`, body);
const rotateSelf = (token: string, body?: object, headers: Record<string, string> = {}): Promise<Reply> =>
  gateway.call(`${OWN}/rotate`, { method: 'POST', token, body, headers, address: newAddress() });
const whoAmI = (token: string, headers: Record<string, string> = {}): Promise<Reply> =>
  gateway.call(OWN, { token, headers, address: newAddress() });
const refusal = ({ status, body }: Reply) => [status, body.code];

async function rowsOf(id: string): Promise<{ secrets: number; current: number; rotations: number; waiting: number }> {
  const row = await gateway.db
    .prepare(
      `SELECT (SELECT count(*) FROM secrets WHERE key_id = ?1) AS secrets,
         (SELECT count(*) FROM secrets WHERE key_id = ?1 AND replaced_at_ms IS NULL) AS current,
         (SELECT count(*) FROM audit WHERE key_id = ?1 AND action = 'key.rotated') AS rotations,
         (SELECT count(*) FROM outbox WHERE key_id = ?1) AS waiting`,
    )
    .bind(id)
    .first<Awaited<ReturnType<typeof rowsOf>>>();
  if (row === null) throw new Error('no row');
  return row;
}

describe('an operator rotates a key', () => {
  it('which keeps its id and settings, and both secrets are of it', async () => {
    const made = await gateway.key(account, { label: 'ci', rate_limit_per_minute: 7, quotas: { total: 5 } });
    const { status, body, headers } = await rotate(made.id);
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual([
      'environment',
      'grace_period_ends_at',
      'id',
      'new_api_key',
      'old_key_prefix',
    ]);
    expect(body).toMatchObject({ id: made.id, environment: 'live', old_key_prefix: made.prefix });
    expect(body.new_api_key).toMatch(/^ks_live_[0-9A-Za-z]{38}$/);
    expect(Math.abs(Date.parse(body.grace_period_ends_at) - Date.now() - DAY_MS)).toBeLessThan(60_000);
    expect(headers.get('cache-control')).toBe('no-store');

    const shown = (await gateway.admin('GET', `/keys/${made.id}`)).body;
    expect(shown).toMatchObject({ id: made.id, label: 'ci', rate_limit_per_minute: 7, quotas: { total: 5 } });
    expect(shown.prefix).toBe(body.new_api_key.slice(0, shown.prefix.length));
    expect((await whoAmI(body.new_api_key)).body).toMatchObject({ id: made.id, grace_period_ends_at: null });
    expect((await whoAmI(made.key)).body).toMatchObject({ id: made.id, prefix: made.prefix });
  });

  it('and the trail tells who did it, and neither secret', async () => {
    const made = await gateway.key(account);
    const { body } = await rotate(made.id, { grace_seconds: 60 });
    const [entry] = (await gateway.admin('GET', `/audit?key=${made.id}&limit=1`)).body.entries;
    expect(entry).toMatchObject({
      action: 'key.rotated',
      actor: 'admin:ada',
      key: made.id,
      before: { prefix: made.prefix },
      after: { grace_ends_at: body.grace_period_ends_at },
    });
    const { results } = await gateway.db.prepare('SELECT * FROM secrets JOIN secret_digests').all();
    const kept = JSON.stringify([results, entry, (await gateway.admin('GET', '/audit')).body, gateway.logs]);
    for (const secret of [made.key, body.new_api_key]) expect(kept).not.toContain(secret.slice(20));
  });

  it('for at most the grace of the policy', async () => {
    const { id } = await gateway.key(account);
    for (const grace of [86_401, -1, 0.5, '60']) {
      const refused = await rotate(id, { grace_seconds: grace });
      expect(refusal(refused)).toEqual([400, 'request_invalid']);
      expect(refused.body.detail).toContain('grace_seconds');
    }
    expect(await rowsOf(id)).toMatchObject({ secrets: 1, rotations: 0 });
    expect((await rotate(id, { grace_seconds: 86_400 })).status).toBe(200);
  });

  it('that is switched off, and it stays so', async () => {
    const { id } = await gateway.key(account);
    await gateway.admin('POST', `/keys/${id}/deactivate`);
    const { status, body } = await rotate(id);
    expect(status).toBe(200);
    expect(refusal(await whoAmI(body.new_api_key))).toEqual([401, 'api_key_inactive']);
  });

  it('but none that is revoked, has expired, is a trial, or is not there', async () => {
    const revoked = await gateway.key(account);
    await gateway.admin('POST', `/keys/${revoked.id}/revoke`);
    const expired = await gateway.key(account);
    await gateway.db.prepare('UPDATE keys SET generation = 2, expires_at_ms = 1 WHERE id = ?').bind(expired.id).run();
    for (const [{ id }, told] of [
      [revoked, 'revoked'],
      [expired, 'expired'],
    ] as const) {
      const refused = await rotate(id);
      expect(refusal(refused)).toEqual([409, 'conflict']);
      expect(refused.body.detail).toContain(told);
      expect(await rowsOf(id)).toMatchObject({ secrets: 1, rotations: 0 });
    }
    const trial = await gateway.call('/api/v1/onboarding/temp-key', { method: 'POST', address: newAddress() });
    const { id } = (await gateway.admin('POST', '/keys/lookup', { key: trial.body.api_key })).body.key;
    expect(refusal(await rotate(id))).toEqual([403, 'trial_key_not_rotatable']);
    expect(refusal(await rotate('key_none'))).toEqual([404, 'not_found']);
  });

  it('is refused with a token that may only read', async () => {
    const { id } = await gateway.key(account);
    const reader = await gateway.admin('POST', `/keys/${id}/rotate`, undefined, { token: 'read-token-0123456789' });
    expect(refusal(reader)).toEqual([403, 'admin_forbidden']);
  });
});

describe('where a gate cannot be reached', () => {
  it('503 carries the new secret, another rotation is told to wait, and once it can be reached all is well', async () => {
    const made = await gateway.key(account);
    const pending = await gateway.admin('POST', `/keys/${made.id}/rotate`, {}, { headers: AWAY });
    expect(refusal(pending)).toEqual([503, 'not_in_force']);
    expect(pending.headers.get('retry-after')).toBe('5');
    expect(pending.body).toMatchObject({ id: made.id, old_key_prefix: made.prefix, environment: 'live' });
    expect((await whoAmI(pending.body.new_api_key)).status).toBe(200);

    const other = await gateway.admin('POST', `/keys/${made.id}/rotate`, {}, { headers: AWAY });
    expect(refusal(other)).toEqual([409, 'conflict']);
    expect(other.body.detail).toContain('rotated at the same time');
    expect(await rowsOf(made.id)).toEqual({ secrets: 2, current: 1, rotations: 1, waiting: 1 });

    // The next one drives the first through, and only the one after it may rotate again.
    expect(refusal(await rotate(made.id))).toEqual([409, 'conflict']);
    expect(await rowsOf(made.id)).toMatchObject({ rotations: 1, waiting: 0 });
    expect((await rotate(made.id)).status).toBe(200);
  });

  it('the sweep drives it through', async () => {
    const made = await gateway.key(account);
    const { body } = await gateway.admin('POST', `/keys/${made.id}/rotate`, {}, { headers: AWAY });
    await gateway.schedule(Date.now() + 60_000);
    expect(await rowsOf(made.id)).toMatchObject({ waiting: 0 });
    expect((await whoAmI(body.new_api_key)).status).toBe(200);
  });

  it('the same call with its Idempotency-Key ends what it began, with the same secret', async () => {
    const made = await gateway.key(account);
    const again = { 'idempotency-key': randomUUID() };
    const call = (headers: Record<string, string>) =>
      gateway.admin('POST', `/keys/${made.id}/rotate`, {}, { headers: { ...again, ...headers } });
    const pending = await call(AWAY);
    expect(refusal(pending)).toEqual([503, 'not_in_force']);
    const done = await call({});
    expect(done.status).toBe(200);
    for (const reply of [done, await call({})]) {
      for (const [field, value] of Object.entries(reply.body)) expect(pending.body[field]).toBe(value);
    }
    expect(await rowsOf(made.id)).toEqual({ secrets: 2, current: 1, rotations: 1, waiting: 0 });
  });
});

describe('a policy', () => {
  it('without rotation refuses it to everyone, and says what to do', async () => {
    const without = await openGateway({}, { rotation: { enabled: false } });
    const { id, key } = await without.key(await without.account());
    const own = await without.call(`${OWN}/rotate`, { method: 'POST', token: key });
    for (const refused of [await rotate(id, {}, without), own]) {
      expect(refusal(refused)).toEqual([409, 'rotation_refused']);
      expect(refused.body.detail).toContain('Create a new key');
    }
    expect(refusal(await rotate('key_none', {}, without))).toEqual([404, 'not_found']);
    await without.close();
  });
});

describe('a key rotates itself', () => {
  it('and is named as who did it', async () => {
    const made = await gateway.key(account);
    const { status, body } = await rotateSelf(made.key);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: made.id, old_key_prefix: made.prefix, environment: 'live' });
    const [entry] = (await gateway.admin('GET', `/audit?key=${made.id}&limit=1`)).body.entries;
    expect(entry).toMatchObject({ action: 'key.rotated', actor: `key:${made.id}` });
    expect((await whoAmI(body.new_api_key)).status).toBe(200);
  });

  it('by its current secret only: one that was replaced cannot take the key over', async () => {
    const made = await gateway.key(account);
    const { body } = await rotateSelf(made.key);
    const refused = await rotateSelf(made.key);
    expect(refusal(refused)).toEqual([409, 'conflict']);
    expect(refused.body.detail).toContain('was replaced');
    expect(JSON.stringify(refused.body)).not.toContain(body.new_api_key);
    expect(await rowsOf(made.id)).toMatchObject({ secrets: 2, rotations: 1 });
    expect((await rotateSelf(body.new_api_key)).status).toBe(200);
  });

  it('by its current secret only, also where it is not known yet that another one took its place', async () => {
    const made = await gateway.key(account);
    expect((await whoAmI(made.key)).status).toBe(200);
    await gateway.admin('POST', `/keys/${made.id}/rotate`, {}, { headers: AWAY });
    // As if the rotation were over: the gate and the record in memory are those from before it.
    await gateway.db.prepare('DELETE FROM outbox WHERE key_id = ?').bind(made.id).run();
    const refused = await rotateSelf(made.key);
    expect(refusal(refused)).toEqual([409, 'conflict']);
    expect(refused.body.detail).toContain('rotated at the same time');
    expect(await rowsOf(made.id)).toMatchObject({ secrets: 2, rotations: 1 });
  });

  it('may repeat it by an Idempotency-Key that nobody guesses', async () => {
    const made = await gateway.key(account);
    expect(refusal(await rotateSelf(made.key, {}, { 'idempotency-key': 'rotation-1' }))).toEqual([
      400,
      'request_invalid',
    ]);
    const again = { 'idempotency-key': randomUUID() };
    const first = await rotateSelf(made.key, {}, again);
    const second = await rotateSelf(made.key, {}, again);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body).toEqual(first.body);
    expect(refusal(await rotateSelf(made.key, {}, { 'idempotency-key': randomUUID() }))).toEqual([409, 'conflict']);
    expect(await rowsOf(made.id)).toMatchObject({ secrets: 2, rotations: 1 });
  });

  it('is refused to a role that may not make the call, and to a key that does not work', async () => {
    const viewer = await gateway.key(account, { role: 'viewer' });
    expect(refusal(await rotateSelf(viewer.key))).toEqual([403, 'insufficient_role']);
    const off = await gateway.key(account);
    await gateway.admin('POST', `/keys/${off.id}/deactivate`);
    expect(refusal(await rotateSelf(off.key))).toEqual([401, 'api_key_inactive']);
    for (const { id } of [viewer, off]) expect(await rowsOf(id)).toMatchObject({ secrets: 1, rotations: 0 });
  });
});

describe('a key asks who it is', () => {
  it('and is told all but its secret, with what is left of its limits', async () => {
    const expiry = '2040-01-01T00:00:00.000Z';
    const fields = { label: 'ci', category: 'jobs', role: 'viewer', expires_at: expiry, quotas: { total: 5 } };
    const made = await gateway.key(account, fields);
    const { status, body } = await whoAmI(made.key);
    expect(status).toBe(200);
    expect(body).toEqual({
      id: made.id,
      account,
      prefix: made.prefix,
      label: 'ci',
      category: 'jobs',
      environment: 'live',
      role: 'viewer',
      status: 'active',
      expires_at: expiry,
      grace_period_ends_at: null,
      usage: {
        granted: 0,
        used: 0,
        unreported: 0,
        limits: [
          { name: 'rate', unit: 'requests', limit: 6_000, remaining: 6_000, resets_at: expect.any(String) },
          { name: 'total', unit: 'requests', limit: 5, remaining: 5, resets_at: null },
        ],
      },
    });
  });

  it('and gets its own usage, and nobody else’s', async () => {
    const [one, two] = [await gateway.key(account), await gateway.key(account)];
    const { body, status } = await gateway.call(`${OWN}/usage?by=day`, { token: one.key, address: newAddress() });
    expect(status).toBe(200);
    expect(body).toMatchObject({ account, by: 'day', points: [], sums: { requests: 0 } });
    const filtered = await gateway.call(`${OWN}/usage?key=${two.id}`, { token: one.key, address: newAddress() });
    expect(refusal(filtered)).toEqual([400, 'request_invalid']);
  });

  it('by GET and HEAD alone', async () => {
    const { key } = await gateway.key(account);
    const posted = await gateway.call(OWN, { method: 'POST', token: key });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const got = await gateway.call(`${OWN}/rotate`, { token: key });
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await gateway.call(OWN, { method: 'HEAD', token: key })).status).toBe(200);
    expect((await gateway.call(`${OWN}/nothing`, { token: key })).status).toBe(404);
  });

  it.each<[string, string | undefined]>([
    ['', undefined],
    ['/usage', undefined],
    ['/rotate', 'POST'],
  ])('at %s: without a key 401, a bad one is a strike, and a locked address is refused', async (path, method) => {
    const address = newAddress();
    const ask = (token: string | null, from = address): Promise<{ status: number; body: Json }> =>
      gateway.call(OWN + path, { token, address: from, ...(method !== undefined && { method }) });
    const { key, id } = await gateway.key(account);
    await gateway.admin('POST', `/keys/${id}/revoke`);
    const good = await gateway.key(account, { role: 'developer' });
    expect((await ask(null)).body.code).toBe('missing_api_key');
    expect((await ask(key, 'nowhere')).body.code).toBe('client_address_missing');
    for (let i = 0; i < 10; i++) expect((await ask(key)).body.code).toBe('api_key_revoked');
    expect((await ask(key)).body.code).toBe('key_locked_out');
    for (let i = 0; i < 10; i++) expect((await ask('ks_live_wrong')).body.code).toBe('invalid_api_key');
    expect((await ask(good.key)).body.code).toBe('address_locked_out');
    expect((await ask(null)).body.code).toBe('address_locked_out');
    expect(await rowsOf(good.id)).toMatchObject({ rotations: 0 });
  });
});
