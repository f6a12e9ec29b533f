import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RECORD_CACHE_MS } from '../../src/registry/lookup.ts';
import { FULL, type Gateway, openGateway } from './gateway.ts';

const TEMP_KEY = '/api/v1/onboarding/temp-key';
const ROTATE = '/api/v1/keys/apikey/rotate';
const TTL_MS = 30 * 60_000;

let gateway: Gateway;
let addresses = 0;
const newAddress = () => `203.0.113.${++addresses}`;

beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.close());

const mint = (from: Gateway = gateway, address = newAddress()) => from.call(TEMP_KEY, { method: 'POST', address });
const give = (from: Gateway, prefix: string, token: string | null = null, address = newAddress()) =>
  from.call(`${TEMP_KEY}/${prefix}`, { method: 'DELETE', token, address });
const idOf = async (from: Gateway, key: string) => (await from.admin('POST', '/keys/lookup', { key })).body.key;

describe('a trial key', () => {
  it('is given to anyone, for 30 minutes and 10 operations', async () => {
    const { status, body, headers } = await mint();
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['api_key', 'expires_at', 'message', 'ops_limit']);
    expect(body.ops_limit).toBe(10);
    expect(Math.abs(Date.parse(body.expires_at) - Date.now() - TTL_MS)).toBeLessThan(5_000);
    expect(body.message).toContain('30 minutes and 10 operations');
    expect(headers.get('cache-control')).toBe('no-store');
    const key = await idOf(gateway, body.api_key);
    expect(key).toMatchObject({ environment: 'trial', role: 'trial', quotas: { total: 10 }, account: 'acc_trial' });
  });

  it('is given five times a minute to one address, also when asked for at once, and to another again', async () => {
    const address = newAddress();
    const replies = await Promise.all(Array.from({ length: 8 }, () => mint(gateway, address)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    const refused = await mint(gateway, address);
    expect([refused.status, refused.body.code]).toEqual([429, 'trial_mint_limited']);
    const retryAfter = Number(refused.headers.get('retry-after'));
    expect(retryAfter > 40 && retryAfter <= 62).toBe(true);
    expect((await mint()).status).toBe(200);
  });

  it('is not given to a locked address, nor to one that is not known', async () => {
    const address = newAddress();
    for (let i = 0; i < 20; i++) await gateway.call('/admin/v1/keys', { token: 'wrong-wrong-wrong-wrong', address });
    expect((await mint(gateway, address)).body.code).toBe('address_locked_out');
    expect((await mint(gateway, 'nowhere')).body.code).toBe('client_address_missing');
  });

  it('is not given while the account of the trial keys is suspended', async () => {
    await mint();
    await gateway.admin('POST', '/accounts/acc_trial/suspend');
    const { status, body } = await mint();
    expect([status, body.code]).toEqual([403, 'account_suspended']);
    await gateway.admin('POST', '/accounts/acc_trial/resume');
    expect((await mint()).status).toBe(200);
  });

  it('takes no fields, and no other method', async () => {
    const address = newAddress();
    const fields = await gateway.call(TEMP_KEY, { method: 'POST', body: { ttl: '1d' }, address });
    expect(fields.status).toBe(400);
    const got = await gateway.call(TEMP_KEY, { address });
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('does not exist where the policy has none', async () => {
    const without = await openGateway({}, { trial: { enabled: false } });
    expect((await mint(without)).status).toBe(404);
    expect((await give(without, 'ks_trial_abcdefgh')).status).toBe(404);
    await without.close();
  });
});

describe('giving a trial key back, with proof', () => {
  it('takes the whole secret and at least 16 of its characters', async () => {
    const { api_key: secret } = (await mint()).body;
    for (let i = 0; i < 2; i++) {
      const { status, body } = await give(gateway, secret.slice(0, 16), secret);
      expect([status, body]).toEqual([200, { revoked: true, key_prefix: secret.slice(0, 15) }]);
    }
    expect((await idOf(gateway, secret)).status).toBe('revoked');
  });

  it('is refused with too short a prefix, without the secret, and with that of another key', async () => {
    const [one, two] = [(await mint()).body.api_key, (await mint()).body.api_key];
    expect((await give(gateway, one.slice(0, 15), one)).status).toBe(400);
    expect((await give(gateway, one.slice(0, 16))).body.code).toBe('missing_api_key');
    expect((await give(gateway, one.slice(0, 16), two)).status).toBe(404);
    expect((await give(gateway, one.slice(0, 16), `${one}x`)).body.code).toBe('invalid_api_key');
    expect((await idOf(gateway, one)).status).toBe('active');
  });

  it('does not work on a key that is no trial key', async () => {
    const { key } = await gateway.key(await gateway.account());
    expect((await give(gateway, key.slice(0, 16), key)).status).toBe(404);
    expect((await idOf(gateway, key)).status).toBe('active');
  });

  it('strikes wrong secrets', async () => {
    const address = newAddress();
    const { api_key: secret } = (await mint()).body;
    for (let i = 0; i < 20; i++) {
      expect((await give(gateway, secret.slice(0, 16), 'ks_trial_wrong', address)).status).toBe(401);
    }
    expect((await give(gateway, secret.slice(0, 16), secret, address)).body.code).toBe('address_locked_out');
  });

  it('is slowed down by address', async () => {
    const address = newAddress();
    const replies = await Promise.all(
      Array.from({ length: 35 }, () => give(gateway, 'ks_trial_abcdefgh', null, address)),
    );
    expect(replies.filter(({ status }) => status === 429).length).toBe(5);
  });
});

describe('giving a trial key back, by its prefix alone', () => {
  let wavis: Gateway;
  beforeAll(async () => {
    wavis = await openGateway({}, { preset: 'wavis', trial: { revoke_needs_secret: false } });
  });
  afterAll(() => wavis.close());

  it('revokes the one key that begins so', async () => {
    const { api_key: secret } = (await mint(wavis)).body;
    expect((await give(wavis, secret.slice(0, 16))).body).toEqual({ revoked: true, key_prefix: secret.slice(0, 16) });
    expect((await idOf(wavis, secret)).status).toBe('revoked');
  });

  it('is 404 for none and 409 for several', async () => {
    expect((await give(wavis, 'wvs_trial_zzzzzz')).status).toBe(404);
    const keys = [(await mint(wavis)).body.api_key, (await mint(wavis)).body.api_key];
    const ids = await Promise.all(keys.map(async (key) => (await idOf(wavis, key)).id));
    await wavis.db
      .prepare("UPDATE keys SET prefix = 'wvs_trial_aaaaaa', generation = generation + 1 WHERE id IN (?, ?)")
      .bind(...ids)
      .run();
    expect((await give(wavis, 'wvs_trial_aaaaaa')).status).toBe(409);
  });

  it('does not work on a key that is no trial key', async () => {
    const { key } = await wavis.key(await wavis.account());
    expect((await give(wavis, key.slice(0, 16))).status).toBe(404);
  });

  it('a trial key may not rotate here either, though its role already forbids the path', async () => {
    const { api_key: secret } = (await mint(wavis)).body;
    const { status, body } = await wavis.call(ROTATE, { method: 'POST', token: secret, address: newAddress() });
    expect([status, body.code]).toEqual([403, 'INSUFFICIENT_ROLE']);
  });
});

describe('rotating', () => {
  const rotate = (token: string | null, address = newAddress()) =>
    gateway.call(ROTATE, { method: 'POST', token, address });

  it('is refused to a trial key, and costs none of its operations', async () => {
    const { api_key: secret } = (await mint()).body;
    for (let i = 0; i < 12; i++) {
      const { status, body } = await rotate(secret);
      expect([status, body.code]).toEqual([403, 'trial_key_not_rotatable']);
    }
    const { id } = await idOf(gateway, secret);
    expect((await gateway.admin('GET', `/keys/${id}`)).body.usage.granted).toBe(0);
  });

  it('asks for a key, and strikes a wrong one', async () => {
    expect((await rotate(null)).body.code).toBe('missing_api_key');
    const { key, id } = await gateway.key(await gateway.account());
    await gateway.admin('POST', `/keys/${id}/revoke`);
    const address = newAddress();
    for (let i = 0; i < 10; i++) expect((await rotate(key, address)).body.code).toBe('api_key_revoked');
    expect((await rotate(key, address)).body.code).toBe('key_locked_out');
    for (let i = 0; i < 10; i++) await rotate('ks_live_wrong', address);
    expect((await rotate(key, address)).body.code).toBe('address_locked_out');
  });
});

describe('the schedules', () => {
  it('delete trial keys once no cached record of them can live, and not a moment earlier', async () => {
    const { api_key: secret } = (await mint()).body;
    const { id } = await idOf(gateway, secret);
    const deadMs = Date.now() + TTL_MS + RECORD_CACHE_MS;
    await gateway.schedule(deadMs - 60_000);
    expect((await gateway.admin('GET', `/keys/${id}`)).status).toBe(200);
    await gateway.schedule(deadMs + 60_000);
    expect((await gateway.admin('GET', `/keys/${id}`)).status).toBe(404);
    expect((await idOf(gateway, secret)) ?? null).toBeNull();
    await gateway.schedule(deadMs + 60_000);
    const { body } = await gateway.admin('GET', `/audit?key=${id}&limit=1`);
    expect(body.entries[0]).toMatchObject({ action: 'key.purged', actor: 'system' });
  });

  it('leave a key whose gate cannot be told', async () => {
    const { id } = await idOf(gateway, (await mint()).body.api_key);
    const at = String(Date.now() + TTL_MS + RECORD_CACHE_MS + 60_000);
    await gateway.call('/', { headers: { 'x-test-at': at, 'x-test-away': 'gates' } });
    expect((await gateway.admin('GET', `/keys/${id}`)).status).toBe(200);
  });

  it('drive a suspension through that its caller could not', async () => {
    const account = await gateway.account();
    const { id } = await gateway.key(account);
    const away = { headers: { 'x-test-away': 'gates' } };
    expect((await gateway.admin('POST', `/accounts/${account}/suspend`, undefined, away)).status).toBe(503);
    const waiting = async () => (await gateway.admin('GET', '/status')).body.outbox.waiting;
    await gateway.call('/', { headers: { 'x-test-at': String(Date.now() + 20_000), ...away.headers } });
    expect(await waiting()).toBe(1);
    await gateway.schedule(Date.now() + 40_000);
    expect(await waiting()).toBe(1);
    await gateway.schedule(Date.now() + 60_000);
    expect(await waiting()).toBe(0);
    expect((await gateway.call(`/admin/v1/keys/${id}`, { token: FULL })).status).toBe(200);
  });
});
