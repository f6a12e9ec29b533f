import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, type IssuedKey, startCluster } from '../support/cluster.ts';
import { fillKeys } from '../support/fill.ts';
import { malformedKey, unissuedKey } from '../support/keys.ts';
import { freshAddress } from '../support/matrix.ts';
import { type Json, type Reply, read } from '../support/reply.ts';
import { sentWhile, underLoad } from '../support/under-load.ts';

/*
 * Whoever holds a secret can end its key: in whatever state it is, from anywhere, and when that is acknowledged it holds
 * in every isolate.
 */

const OWN = '/api/v1/keys/apikey';
const ISOLATES = [0, 1, 2, 3] as const;
const REVOKED = [401, 'api_key_revoked'];

let cluster: Cluster;
let account: string;

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const told = ({ status, body }: Reply): (number | string)[] => (status < 300 ? [status] : [status, body.code]);
const revoke = async (key: string, isolate = 0, address = freshAddress()) =>
  told(await read(cluster.send(`${OWN}/revoke`, { method: 'POST', headers: bearer(key), address }, isolate)));
/** What every isolate says of a key, each asked from an address of its own. */
const everywhere = (key: string) =>
  Promise.all(ISOLATES.map(async (isolate) => told(await read(cluster.call(key, isolate, freshAddress())))));
const times = <T>(value: T) => ISOLATES.map(() => value);
const admin = (method: string, path: string, body?: unknown) => read(cluster.admin(method, path, body));
const trailOf = async (id: string): Promise<Json[]> =>
  (await admin('GET', `/audit?key=${id}&action=key.`)).body.entries;
const statusOf = async (id: string) => (await admin('GET', `/keys/${id}`)).body.status;

async function rotated(id: string, grace: number): Promise<string> {
  const { status, body } = await admin('POST', `/keys/${id}/rotate`, { grace_seconds: grace });
  expect(status).toBe(200);
  return body.new_api_key;
}

beforeAll(async () => {
  const lockouts = {
    address: { strikes: 3, window: '5m', lock: '15m' },
    secret: { strikes: 12, window: '5m', lock: '15m' },
  };
  cluster = await startCluster({ isolates: ISOLATES.length, policy: { lockouts } });
  account = await cluster.account();
});
afterAll(() => cluster.stop());

describe('a key whose secret is sent is revoked', () => {
  it('in every isolate once that is answered, and the trail names the key itself', async () => {
    const { key, id } = await cluster.issue(account);
    for (const isolate of ISOLATES) expect((await cluster.call(key, isolate)).status).toBe(200);
    expect(await revoke(key, 2, '198.51.100.9')).toEqual([204]);
    expect(await everywhere(key)).toEqual(times(REVOKED));
    const [entry] = await trailOf(id);
    expect(entry).toMatchObject({
      action: 'key.revoked',
      actor: `key:${id}`,
      address: '198.51.100.9',
      before: { status: 'active' },
      after: { status: 'revoked' },
    });
  });

  it.each<[string, Record<string, unknown>, ((key: IssuedKey) => Promise<unknown>)?]>([
    ['whose role may not write', { role: 'viewer' }],
    ['whose role may call nothing', { role: 'service' }],
    ['that works from another address only', { addresses: ['203.0.113.250'] }],
    ['whose quota is used up', { quotas: { total: 1 } }, ({ key }) => cluster.call(key)],
    ['that nothing may be done with', { quotas: { total: 0 } }],
    ['that is inactive', {}, ({ id }) => admin('POST', `/keys/${id}/deactivate`)],
    ['that was revoked by others', {}, ({ id }) => admin('POST', `/keys/${id}/revoke`)],
    ['of another environment', { environment: 'dev' }],
  ])('%s', async (_, fields, prepare) => {
    const issued = await cluster.issue(account, fields);
    await prepare?.(issued);
    expect(await revoke(issued.key)).toEqual([204]);
    expect(await statusOf(issued.id)).toBe('revoked');
    expect(await everywhere(issued.key)).toEqual(times(REVOKED));
    expect((await trailOf(issued.id)).filter(({ action }) => action === 'key.revoked')).toHaveLength(1);
  });

  it('that is a trial key', async () => {
    const minted = await read(cluster.send('/api/v1/onboarding/temp-key', { method: 'POST', address: freshAddress() }));
    expect(await revoke(minted.body.api_key)).toEqual([204]);
    expect(await everywhere(minted.body.api_key)).toEqual(times(REVOKED));
  });

  it('of a suspended account, and it stays so when the account goes on', async () => {
    const other = await cluster.account();
    const { key, id } = await cluster.issue(other);
    await admin('POST', `/accounts/${other}/suspend`);
    expect(await revoke(key)).toEqual([204]);
    await admin('POST', `/accounts/${other}/resume`);
    expect(await statusOf(id)).toBe('revoked');
    expect(await everywhere(key)).toEqual(times(REVOKED));
  });

  it('again and again, which is one entry of the trail', async () => {
    const { key, id } = await cluster.issue(account);
    for (const isolate of ISOLATES) expect(await revoke(key, isolate)).toEqual([204]);
    expect((await trailOf(id)).map(({ action }) => action)).toEqual(['key.revoked', 'key.created']);
  });

  it('where the secret is locked, in an isolate that knows it', async () => {
    const { key, id } = await cluster.issue(account);
    const replaced = await rotated(id, 0);
    for (let i = 0; i < 12; i++) await cluster.call(key, 1, freshAddress());
    expect(await everywhere(key)).toEqual(times([429, 'key_locked_out']));
    expect(await everywhere(replaced)).toEqual(times([200]));
    await admin('POST', `/keys/${id}/revoke`);
    expect(await revoke(key, 1)).toEqual([204]);
  });

  it('by each place of a credential that the policy accepts', async () => {
    for (const place of [(key: string) => ({ authorization: key }), (key: string) => ({ 'x-api-key': key })]) {
      const { key, id } = await cluster.issue(account);
      const init = { method: 'POST', headers: place(key), address: freshAddress() };
      expect((await cluster.send(`${OWN}/revoke`, init)).status).toBe(204);
      expect(await statusOf(id)).toBe('revoked');
    }
  });
});

describe('a secret that was replaced', () => {
  it('revokes the whole key while its grace lasts, so who took it over is thrown out', async () => {
    const { key, id } = await cluster.issue(account);
    const secret = await rotated(id, 3_600);
    expect(await everywhere(secret)).toEqual(times([200]));
    const answer = await read(cluster.send(`${OWN}/revoke`, { method: 'POST', headers: bearer(key) }, 3));
    expect(told(answer)).toEqual([204]);
    expect(answer.headers.get('sunset')).not.toBeNull();
    expect([await everywhere(secret), await everywhere(key)]).toEqual([times(REVOKED), times(REVOKED)]);
  });

  it('and works no more does nothing to the key, and is a strike', async () => {
    const { key, id } = await cluster.issue(account);
    const secret = await rotated(id, 0);
    const address = freshAddress();
    for (let i = 0; i < 3; i++) expect(await revoke(key, i, address)).toEqual([401, 'api_key_rotated']);
    expect(await revoke(unissuedKey(), 0, address)).toEqual([429, 'address_locked_out']);
    expect(await statusOf(id)).toBe('active');
    expect(await everywhere(secret)).toEqual(times([200]));
  });
});

describe('what is no key', () => {
  it.each([
    ['unknown', unissuedKey, [401, 'invalid_api_key']],
    ['malformed', malformedKey, [401, 'invalid_api_key']],
  ])('%s, is a strike', async (_, make, refusal) => {
    const address = freshAddress();
    for (let i = 0; i < 3; i++) expect(await revoke(make(), i, address)).toEqual(refusal);
    expect(await revoke(make(), 3, address)).toEqual([429, 'address_locked_out']);
    // A locked address is not heard out: else it could go on guessing here.
    const { key, id } = await cluster.issue(account);
    expect(await revoke(key, 1, address)).toEqual([429, 'address_locked_out']);
    expect(await statusOf(id)).toBe('active');
  });

  it('nothing at all is no strike', async () => {
    const address = freshAddress();
    for (let i = 0; i < 5; i++) {
      const reply = await read(cluster.send(`${OWN}/revoke`, { method: 'POST', address }));
      expect(told(reply)).toEqual([401, 'missing_api_key']);
    }
  });
});

it('is asked 60 times a minute by an address, and of a key apart from its other calls', async () => {
  const [one, other] = [await cluster.issue(account), await cluster.issue(account)];
  const nosy = () => read(cluster.send(OWN, { headers: bearer(one.key) }));
  const looks = await Promise.all(Array.from({ length: 61 }, nosy));
  expect(looks.map(({ status }) => status).filter((status) => status === 429)).toHaveLength(1);

  const address = freshAddress();
  const answers = await Promise.all(Array.from({ length: 60 }, () => revoke(one.key, 0, address)));
  expect(answers).toEqual(answers.map(() => [204]));
  expect(await revoke(other.key, 1, address)).toEqual([429, 'rate_limited']);
  expect(await revoke(one.key, 1)).toEqual([429, 'rate_limited']);
  expect(await revoke(other.key, 1)).toEqual([204]);
});

it('sends one that hangs up away with its work done', async () => {
  const { key, id } = await cluster.issue(account);
  const hangUp = new AbortController();
  const call = cluster
    .send(`${OWN}/revoke`, { method: 'POST', headers: bearer(key), address: freshAddress(), signal: hangUp.signal })
    .catch(() => null);
  await expect.poll(() => statusOf(id), { timeout: 10_000, interval: 5 }).toBe('revoked');
  hangUp.abort();
  await call;
  await expect.poll(async () => (await cluster.call(key, 1, freshAddress())).status).toBe(401);
});

it('of 12 keys under load none is admitted in any isolate after the answer', async () => {
  const keys = await fillKeys(await cluster.database(), account, 12);
  const run = await underLoad(
    cluster,
    keys.map((key, n) => ({ keys: [key], steps: [async () => (await revoke(key.key, n % 4))[0] === 204] })),
  );
  expect(run.acknowledged).toBe(12);
  expect(run.sent.filter(({ status }) => status === 200).length).toBeGreaterThan(12);
  expect(sentWhile(run).length).toBeGreaterThan(12);
  expect(sentWhile(run).filter(({ status }) => status === 200)).toEqual([]);
});

/* Last, since it moves all clocks. */
it('revokes a key that has expired, which then never comes back', async () => {
  const { key, id } = await cluster.issue(account, { expires_at: new Date(Date.now() + 3_600_000).toISOString() });
  await cluster.moveTime(7_200_000);
  expect(await everywhere(key)).toEqual(times([401, 'api_key_expired']));
  expect(await revoke(key)).toEqual([204]);
  expect(await statusOf(id)).toBe('revoked');
  const later = { expires_at: new Date(Date.now() + 86_400_000).toISOString() };
  expect((await admin('PATCH', `/keys/${id}`, later)).status).toBe(409);
});
