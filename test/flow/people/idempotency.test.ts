import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Cluster, startCluster } from '../../support/cluster.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { type Reply, read, status } from '../../support/reply.ts';

let issuer: Issuer;
let cluster: Cluster;
const ISOLATES = 2;
const DAY_MS = 86_400_000;

beforeAll(async () => {
  issuer = await startIssuer();
  cluster = await startCluster({ isolates: ISOLATES, policy: { session: issuer.policy } });
});
afterAll(async () => {
  await cluster?.stop();
  await issuer?.close();
});

/** Somebody with an account of their own. */
async function person(user: string, movedMs = 0) {
  const token = await issuer.token({ user, email: `${user}@example.com` }, { nowMs: Date.now() + movedMs });
  const post = (path: string, body: object, idempotencyKey?: string, isolate = 0): Promise<Reply> =>
    read(
      cluster.send(
        `/api/v1/user${path}`,
        {
          method: 'POST',
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
          },
          body: JSON.stringify(body),
        },
        isolate,
      ),
    );
  const keys = async (): Promise<readonly { id: string; label: string }[]> =>
    (await read(cluster.send('/api/v1/user/api-keys', { headers: { authorization: `Bearer ${token}` } }))).body.keys;
  return { post, keys };
}

const LIVE = { environment: 'live', label: 'ci' };

describe('a creation with an Idempotency-Key', () => {
  it('that is sent again has the same answer, secret included, and makes nothing more', async () => {
    const { post, keys } = await person('again');
    const first = await post('/api-keys', LIVE, 'one');
    expect(first.status).toBe(201);
    const second = await post('/api-keys', LIVE, 'one', 1);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(await keys()).toHaveLength(1);
    expect(await status(cluster.call(second.body.key))).toBe(200);
  });

  it('that comes many times at once makes one key; the others are told to wait, or what it was', async () => {
    const { post, keys } = await person('many');
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, i) => post('/api-keys', LIVE, 'many', i % ISOLATES)),
    );
    expect(await keys()).toHaveLength(1);
    const made = replies.filter(({ status: each }) => each === 201);
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(made.map(({ text }) => text)).size).toBe(1);
    for (const { status: each, body } of replies) {
      if (each !== 201)
        expect([each, body.code, body.detail]).toEqual([
          409,
          'idempotency_conflict',
          expect.stringMatching(/still running/),
        ]);
    }
  });

  it('and another body is refused, and so is what is no such key', async () => {
    const { post, keys } = await person('other');
    await post('/api-keys', LIVE, 'one');
    expect(await post('/api-keys', { ...LIVE, label: 'other' }, 'one')).toMatchObject({
      status: 409,
      body: { code: 'idempotency_conflict' },
    });
    expect(await post('/api-keys', LIVE, 'two words')).toMatchObject({
      status: 400,
      body: { code: 'request_invalid' },
    });
    expect(await post('/api-keys', LIVE, 'x'.repeat(201))).toMatchObject({ status: 400 });
    expect(await keys()).toHaveLength(1);
  });

  it("is somebody else's where another member sends it", async () => {
    const [ada, bob] = await Promise.all([person('ada'), person('bob')]);
    const [hers, his] = await Promise.all([ada.post('/api-keys', LIVE, 'same'), bob.post('/api-keys', LIVE, 'same')]);
    expect([hers.status, his.status]).toEqual([201, 201]);
    expect(hers.body.key).not.toBe(his.body.key);
  });

  it('that was refused is tried anew', async () => {
    const { post } = await person('refused');
    const model = (await post('/api-keys', LIVE)).body.id;
    const copy = { environment: 'live', copy_from: model };
    const isolated = await person('refused-too');
    expect((await isolated.post('/api-keys', copy, 'one')).status).toBe(404);
    expect((await post('/api-keys', copy, 'one')).status).toBe(201);
    expect((await isolated.post('/api-keys', copy, 'one')).status).toBe(404);
  });

  it('keeps no secret: neither the secret nor the Idempotency-Key stands in the registry', async () => {
    const { post } = await person('secret');
    const { body } = await post('/api-keys', LIVE, 'a-key-that-is-not-kept');
    const rotated = await post(`/api-keys/${body.id}/rotate`, {}, 'a-key-that-is-not-kept-either');
    expect(rotated.status).toBe(200);
    const db = await cluster.database();
    const { results: tables } = await db
      .prepare(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf*' AND name NOT GLOB 'sqlite*'`,
      )
      .all<{ name: string }>();
    for (const { name } of tables) {
      const { results } = await db.prepare(`SELECT * FROM ${name}`).all();
      const text = JSON.stringify(results);
      for (const secret of [body.key, rotated.body.new_api_key, 'a-key-that-is-not-kept'])
        expect(text).not.toContain(secret);
    }
  });
});

describe('a rotation with an Idempotency-Key', () => {
  it('that is sent again has the same new secret, and rotates once', async () => {
    const { post } = await person('rotating');
    const { body: key } = await post('/api-keys', LIVE);
    const first = await post(`/api-keys/${key.id}/rotate`, {}, 'turn');
    const second = await post(`/api-keys/${key.id}/rotate`, {}, 'turn', 1);
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect(await status(cluster.call(first.body.new_api_key))).toBe(200);
    expect(await status(cluster.call(key.key))).toBe(200);
  });

  it('of a key by itself is repeated too', async () => {
    const { post } = await person('itself');
    const { body: key } = await post('/api-keys', LIVE);
    const rotate = (secret: string) =>
      read(
        cluster.send('/api/v1/keys/apikey/rotate', {
          method: 'POST',
          headers: { authorization: `Bearer ${secret}`, 'idempotency-key': 'self-0123456789-0123456789' },
        }),
      );
    const first = await rotate(key.key);
    expect(first.status).toBe(200);
    const second = await rotate(key.key);
    expect([second.status, second.body]).toEqual([200, first.body]);
  });

  it('of a trial key is refused and keeps nothing, since anyone may have such keys', async () => {
    const trial = await read(cluster.send('/api/v1/onboarding/temp-key', { method: 'POST' }));
    const db = await cluster.database();
    const rows = () => db.prepare('SELECT count(*) AS rows FROM idempotency').first('rows');
    const before = await rows();
    const headers = { authorization: `Bearer ${trial.body.api_key}`, 'idempotency-key': crypto.randomUUID() };
    const refused = await read(cluster.send('/api/v1/keys/apikey/rotate', { method: 'POST', headers }));
    expect([refused.status, refused.body.code]).toEqual([403, 'trial_key_not_rotatable']);
    expect(await rows()).toBe(before);
  });
});

describe('an answer that was kept', () => {
  it('is forgotten after its time: then the same request is a new one', async () => {
    const { post } = await person('forgotten');
    const first = await post('/api-keys', LIVE, 'one');
    await cluster.moveTime(DAY_MS);
    const { post: later, keys } = await person('forgotten', DAY_MS);
    const second = await later('/api-keys', LIVE, 'one');
    expect(second.status).toBe(201);
    expect(second.body.key).not.toBe(first.body.key);
    expect(await keys()).toHaveLength(2);
  });
});

it('is for operators too: an account and its key are made once', async () => {
  const twice = async (path: string, body: object) => {
    const send = () =>
      read(
        cluster.send(`/admin/v1${path}`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${ADMIN_TOKEN}`,
            'content-type': 'application/json',
            'idempotency-key': `twice ${path}`.replaceAll(' ', '-'),
          },
          body: JSON.stringify(body),
        }),
      );
    const [first, second] = [await send(), await send()];
    expect([second.status, second.body]).toEqual([201, first.body]);
    return first.body;
  };
  const { id } = await twice('/accounts', { name: 'Twice' });
  await twice(`/accounts/${id}/keys`, { environment: 'live' });
  expect((await read(cluster.admin('GET', `/keys?account=${id}`))).body.keys).toHaveLength(1);
});
