import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Origin, startOrigin as startDemo } from '../../../dev/origin.ts';
import { type Cluster, type IssuedKey, startCluster } from '../../support/cluster.ts';
import { fillKeys } from '../../support/fill.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { startOrigin } from '../../support/origin.ts';
import { type Json, type Reply, read, status } from '../../support/reply.ts';

/*
 * Rotation over HTTP, with several isolates: the new secret works at once, the old one until its grace ends and then
 * nowhere, whatever the clocks say; and what a client may ask about its own key. The last part has the claims of the
 * product documents.
 */

const OWN = '/api/v1/keys/apikey';
const ISOLATES = [0, 1, 2, 3];
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** So many strikes that what is refused on purpose locks nobody out. */
const lockouts = {
  address: { strikes: 1_000, window: '1s', lock: '1s' },
  secret: { strikes: 1_000, window: '1s', lock: '1s' },
};

let issuer: Issuer;
let demo: Origin;
let cluster: Cluster;
let account: string;
/** How far the clocks were moved. */
let movedMs = 0;

beforeAll(async () => {
  const origin = await startOrigin();
  [issuer, demo] = await Promise.all([startIssuer(), startDemo()]);
  const upstreams = [
    { name: 'demo', path: '/v1/chat/**', origins: [{ url: demo.url }] },
    { name: 'origin', origins: [{ url: origin.url }] },
  ];
  const members = { join: 'admin' };
  const policy = { session: issuer.policy, members, upstreams, lockouts, reauthorize_every: '1s' };
  cluster = await startCluster({ isolates: ISOLATES.length, origin, policy });
  account = await cluster.account();
});
afterAll(async () => {
  await cluster?.stop();
  await issuer?.close();
  demo?.close();
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const json = { 'content-type': 'application/json' };
const times = <T>(n: number, each: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => each(i));
const refusal = ({ status: seen, body }: Reply) => [seen, body.code];
const nowMs = () => Date.now() + movedMs;

async function pass(ms: number): Promise<void> {
  movedMs += ms;
  await cluster.moveTime(movedMs);
}

/** What a key gets in each isolate. */
function everywhere(key: string, from = cluster): Promise<number[]> {
  return Promise.all(from.urls.map((_, isolate) => status(from.call(key, isolate))));
}
const works = [200, 200, 200, 200];
const isRefused = [401, 401, 401, 401];

function rotate(id: string, body: object = {}, isolate = 0): Promise<Reply> {
  return read(cluster.admin('POST', `/keys/${id}/rotate`, body, isolate));
}

function rotateSelf(key: string, body: object = {}, isolate = 0, from = cluster): Promise<Reply> {
  const headers = { ...bearer(key), ...json };
  return read(from.send(`${OWN}/rotate`, { method: 'POST', headers, body: JSON.stringify(body) }, isolate));
}

async function rotated(answer: Promise<Reply>): Promise<{ readonly secret: string; readonly endsAtMs: number }> {
  const { status: seen, body, text } = await answer;
  if (seen !== 200) throw new Error(`not rotated: ${seen} ${text}`);
  return { secret: body.new_api_key, endsAtMs: Date.parse(body.grace_period_ends_at) };
}

const ask = (key: string, path = '', isolate = 0) => read(cluster.send(OWN + path, { headers: bearer(key) }, isolate));

async function rotations(id: string): Promise<Json[]> {
  const { entries } = (await read(cluster.admin('GET', `/audit?key=${id}&limit=200`))).body;
  return entries.filter((entry: { action: string }) => entry.action === 'key.rotated');
}

describe('a rotation', () => {
  it('is seen by the very next request in every isolate: the new secret works, and the old one in its grace', async () => {
    const { key, id } = await cluster.issue(account);
    expect(await everywhere(key)).toEqual(works);
    const { secret } = await rotated(rotate(id, {}, 1));
    expect(await everywhere(secret)).toEqual(works);
    expect(await everywhere(key)).toEqual(works);
  });

  it('ends the grace of the secret before the last, everywhere', async () => {
    const { key, id } = await cluster.issue(account);
    expect(await everywhere(key)).toEqual(works);
    const second = await rotated(rotateSelf(key, {}, 2));
    expect(await everywhere(key)).toEqual(works);
    const third = await rotated(rotate(id, {}, 3));
    expect(await everywhere(key)).toEqual(isRefused);
    expect((await read(cluster.call(key))).body.code).toBe('api_key_rotated');
    expect(await everywhere(second.secret)).toEqual(works);
    expect(await everywhere(third.secret)).toEqual(works);
  });

  it('keeps what was counted: of five in total, two are used before it, and three are left to both secrets', async () => {
    const { key, id } = await cluster.issue(account, { quotas: { total: 5 } });
    for (const isolate of [0, 1]) expect(await status(cluster.call(key, isolate))).toBe(200);
    const { secret } = await rotated(rotate(id));
    expect(await status(cluster.call(secret, 2))).toBe(200);
    expect(await status(cluster.call(key, 3))).toBe(200);
    expect(await status(cluster.call(secret, 0))).toBe(200);
    for (const each of [key, secret]) {
      expect(refusal(await read(cluster.call(each, 1)))).toEqual([403, 'quota_total_reached']);
    }
    const { body } = await read(cluster.admin('GET', `/keys/${id}`));
    expect(body).toMatchObject({ quotas: { total: 5 }, usage: { granted: 5 } });
  });

  it('of twenty that a key asks for at once over all isolates, is one', async () => {
    const { key, id } = await cluster.issue(account);
    expect(await everywhere(key)).toEqual(works);
    await Promise.all(ISOLATES.map((i) => cluster.steer(i, 'delays', { seed: 7 + i, maxMs: 20 })));
    const replies = await Promise.all(times(20, (i) => rotateSelf(key, {}, i % 4)));
    await Promise.all(ISOLATES.map((i) => cluster.steer(i, 'delays', { maxMs: 0 })));
    const won = replies.filter((reply) => reply.status === 200);
    const lost = replies.filter((reply) => reply.status !== 200);
    expect(won).toHaveLength(1);
    expect(lost.map(refusal)).toEqual(times(19, () => [409, 'conflict']));
    for (const { body } of lost) expect(body.detail).toMatch(/rotated at the same time|was replaced by a rotation/);
    expect(await rotations(id)).toHaveLength(1);
    expect(await everywhere(won[0]?.body.new_api_key)).toEqual(works);
    expect(await everywhere(key)).toEqual(works);
  });

  it('that operators ask for at once gives each 200 a secret of its own, and nobody else one', async () => {
    const { key, id } = await cluster.issue(account);
    expect(await everywhere(key)).toEqual(works);
    const replies = await Promise.all(times(20, (i) => rotate(id, {}, i % 4)));
    const won = replies.filter((reply) => reply.status === 200).map(({ body }) => body.new_api_key as string);
    expect(won.length).toBeGreaterThan(0);
    for (const reply of replies) if (reply.status !== 200) expect(refusal(reply)).toEqual([409, 'conflict']);
    const db = await cluster.database();
    const stored = await db.prepare('SELECT count(*) AS n FROM secrets WHERE key_id = ?').bind(id).first<number>('n');
    expect([stored, (await rotations(id)).length]).toEqual([1 + won.length, won.length]);
    // The last one and the one before it work; older ones do not.
    const seen = await Promise.all([key, ...won].map((secret) => status(cluster.call(secret, 2))));
    expect(seen.filter((each) => each === 200)).toHaveLength(2);
  });

  it('goes on where the key is changed in other ways at the same time', async () => {
    const { key, id } = await cluster.issue(account);
    const [rotation, ...patched] = await Promise.all([
      rotate(id),
      ...times(3, (i) => read(cluster.admin('PATCH', `/keys/${id}`, { rate_limit_per_minute: 100 + i }, i % 4))),
    ]);
    expect(patched.map((reply) => reply.status)).toEqual([200, 200, 200]);
    const { secret } = await rotated(Promise.resolve(rotation as Reply));
    expect([await everywhere(key), await everywhere(secret)]).toEqual([works, works]);
  });
});

describe('a key that was rotated very often', () => {
  it('is rotated again, with no more calls of KV than one invocation may make', async () => {
    const { key, id } = await cluster.issue(account);
    const db = await cluster.database();
    const numbers = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)';
    await db.batch([
      db.prepare(`INSERT INTO secrets ${numbers} SELECT ?1 || i, ?1, 'ks_live_older', 1, 2, 2 FROM n`).bind(id),
      db.prepare(`INSERT INTO secret_digests ${numbers} SELECT 'older' || ?1 || i, ?1 || i, 1 FROM n`).bind(id),
    ]);
    await cluster.calls();
    const { secret } = await rotated(rotate(id));
    expect((await cluster.calls()).kv).toBeLessThan(900);
    expect([await everywhere(key), await everywhere(secret)]).toEqual([works, works]);
    expect((await rotate(id)).status).toBe(200);
  });
});

describe('a rotation without grace', () => {
  it('stops the old secret for the very next request in every isolate, with slow calls and wrong clocks', async () => {
    const keys = await fillKeys(await cluster.database(), await cluster.account(), 8);
    for (const i of ISOLATES) {
      await cluster.steer(i, 'clock', { offsetMs: (i - 2) * HOUR_MS + 17 * i, driftPpm: (i - 2) * 2_000 });
      await cluster.steer(i, 'delays', { seed: i + 1, maxMs: 10 });
    }
    const seen = await Promise.all(
      keys.map(async ({ id, key }, n) => {
        const before = await everywhere(key);
        const { secret } = await rotated(rotate(id, { grace_seconds: 0 }, n % 4));
        return { before, old: await everywhere(key), now: await everywhere(secret) };
      }),
    );
    for (const i of ISOLATES) {
      await cluster.steer(i, 'delays', { maxMs: 0 });
      await cluster.steer(i, 'clock', { offsetMs: movedMs, driftPpm: 0 });
    }
    // 503 is what is answered where a gate is heard too late, as on a busy machine.
    const statuses = (of: 'before' | 'old' | 'now') => new Set([...seen.flatMap((each) => each[of]), 503]);
    expect([statuses('before'), statuses('old'), statuses('now')]).toEqual([
      new Set([200, 503]),
      new Set([401, 503]),
      new Set([200, 503]),
    ]);
  });
});

describe('a secret that was replaced', () => {
  const inGrace = async (fields: Record<string, unknown> = {}) => {
    const { key, id } = await cluster.issue(account, fields);
    const reply = await rotate(id);
    const [entry] = await rotations(id);
    const headers = {
      deprecation: `@${Math.floor(Date.parse(entry.at) / SECOND_MS)}`,
      sunset: new Date(reply.body.grace_period_ends_at).toUTCString(),
    };
    return { key, id, secret: reply.body.new_api_key as string, headers, endsAt: reply.body.grace_period_ends_at };
  };
  const told = (headers: Headers) => ({ deprecation: headers.get('deprecation'), sunset: headers.get('sunset') });
  const nothing = { deprecation: null, sunset: null };

  it('is told so in Deprecation and Sunset, wherever it is used, and the new one is not', async () => {
    const { key, secret, headers } = await inGrace();
    for (const isolate of ISOLATES) {
      expect(told((await cluster.call(key, isolate)).headers)).toEqual(headers);
      expect(told((await cluster.call(secret, isolate)).headers)).toEqual(nothing);
      expect(told((await ask(key, '', isolate)).headers)).toEqual(headers);
      expect(told((await ask(secret, '', isolate)).headers)).toEqual(nothing);
    }
  });

  it('is told so on refusals too, and where the origin says something else', async () => {
    cluster.origin.routes.set('/v1/old', (_, response) => {
      response.setHeader('deprecation', '@1');
      response.setHeader('sunset', 'Thu, 01 Jan 2037 00:00:00 GMT');
      response.end('{}');
    });
    const { key, secret, headers } = await inGrace({ role: 'viewer', quotas: { total: 2 } });
    const old = (each: string, method = 'GET') =>
      read(cluster.send('/v1/old', { method, headers: bearer(each) })).then((reply) => [
        reply.status,
        told(reply.headers),
      ]);
    expect(await old(key)).toEqual([200, headers]);
    expect(await old(secret)).toEqual([200, { deprecation: '@1', sunset: 'Thu, 01 Jan 2037 00:00:00 GMT' }]);
    expect(await old(key, 'POST')).toEqual([403, headers]);
    expect(await old(key)).toEqual([403, headers]);
    const own = await read(cluster.send(`${OWN}/rotate`, { method: 'POST', headers: bearer(key) }));
    expect([...refusal(own), told(own.headers)]).toEqual([403, 'insufficient_role', headers]);
  });

  it('may not rotate the key, and nothing changes', async () => {
    const { key, secret, id, headers } = await inGrace();
    const refused = await rotateSelf(key, { grace_seconds: 0 }, 1);
    expect([...refusal(refused), told(refused.headers)]).toEqual([409, 'conflict', headers]);
    expect(refused.body.detail).toContain('was replaced by a rotation');
    expect(await rotations(id)).toHaveLength(1);
    expect([await everywhere(key), await everywhere(secret)]).toEqual([works, works]);
  });

  it('is told the end of its grace where it asks who it is', async () => {
    const { key, id, secret, endsAt } = await inGrace({ label: 'ci' });
    const [old, current] = [await ask(key), await ask(secret)];
    expect(old.body).toMatchObject({ id, label: 'ci', prefix: key.slice(0, 14), grace_period_ends_at: endsAt });
    expect(current.body).toMatchObject({ id, prefix: secret.slice(0, 14), grace_period_ends_at: null });
  });

  it('goes on in a stream until its grace ends, which then breaks off', async () => {
    const { key, headers } = await inGrace();
    const open = new Set<NodeJS.Timeout>();
    cluster.origin.routes.set('/v1/stream', (request, response) => {
      response.setHeader('content-type', 'text/event-stream');
      response.write('data: 0\n\n');
      const timer = setInterval(() => response.write('data: 1\n\n'), 50);
      open.add(timer);
      request.on('close', () => clearInterval(timer));
    });
    const stream = await cluster.call(key, 1, '192.0.2.1', '/v1/stream');
    expect([stream.status, told(stream.headers)]).toEqual([200, headers]);
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).done).toBe(false);
    await pass(DAY_MS + SECOND_MS);
    const drain = async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read());
    };
    await expect(drain()).rejects.toThrow();
    for (const timer of open) clearInterval(timer);
    expect(await status(cluster.call(key, 1))).toBe(401);
  });

  it('stops by itself when its grace ends, in every isolate, and the new one works on', async () => {
    const { key, id } = await cluster.issue(account);
    const { secret, endsAtMs } = await rotated(rotate(id, { grace_seconds: 7_200 }));
    expect(await everywhere(key)).toEqual(works);
    await pass(endsAtMs - nowMs() - 5 * SECOND_MS);
    expect(await everywhere(key)).toEqual(works);
    await pass(endsAtMs - nowMs() + SECOND_MS);
    for (const isolate of ISOLATES) {
      const ended = await read(cluster.call(key, isolate));
      expect([...refusal(ended), ended.headers.get('sunset')]).toEqual([
        401,
        'api_key_rotated',
        new Date(endsAtMs).toUTCString(),
      ]);
      expect(refusal(await ask(key, '', isolate))).toEqual([401, 'api_key_rotated']);
    }
    expect(await everywhere(secret)).toEqual(works);
  });
});

describe('a key that asks about itself', () => {
  it('uses nothing up, and may ask when nothing is left', async () => {
    const { key, id } = await cluster.issue(account, { quotas: { total: 3 }, rate_limit_per_minute: 3 });
    for (const isolate of [...ISOLATES, ...ISOLATES]) {
      expect((await ask(key, '', isolate)).status).toBe(200);
      expect((await ask(key, '/usage', isolate)).status).toBe(200);
    }
    expect(await Promise.all(times(3, (i) => status(cluster.call(key, i))))).toEqual([200, 200, 200]);
    expect(await status(cluster.call(key))).toBe(403);
    for (const isolate of ISOLATES) {
      const { status: seen, body } = await ask(key, '', isolate);
      expect([seen, body.usage.granted]).toEqual([200, 3]);
      const left = Object.fromEntries(body.usage.limits.map((each: Json) => [each.name, each.remaining]));
      expect(left).toEqual({ rate: 0, total: 0 });
      expect((await ask(key, '/usage', isolate)).status).toBe(200);
    }
    // Nor does rotating: it is done by a key that has nothing left, and gives it nothing.
    const { secret } = await rotated(rotateSelf(key));
    expect(await status(cluster.call(secret))).toBe(403);
    expect((await read(cluster.admin('GET', `/keys/${id}`))).body.usage.granted).toBe(3);
  });

  it('gets its own usage, of all its secrets, and none of other keys', async () => {
    const [{ key, id }, other] = [await cluster.issue(account), await cluster.issue(account)];
    await read(cluster.call(key));
    const { secret } = await rotated(rotate(id));
    await read(cluster.call(secret, 1));
    await read(cluster.call(other.key, 2));
    const sums = async (each: string) => (await ask(each, '/usage?by=day')).body.sums.requests;
    await vi.waitFor(async () => expect(await sums(secret)).toBe(2), { timeout: 10_000, interval: 100 });
    expect(await sums(key)).toBe(2);
    await vi.waitFor(async () => expect(await sums(other.key)).toBe(1), { timeout: 10_000, interval: 100 });
  });

  it('is refused at once, everywhere, when it was switched off', async () => {
    const { key, id } = await cluster.issue(account);
    for (const isolate of ISOLATES) expect((await ask(key, '', isolate)).status).toBe(200);
    await read(cluster.admin('POST', `/keys/${id}/deactivate`));
    for (const isolate of ISOLATES) {
      for (const path of ['', '/usage']) expect((await ask(key, path, isolate)).status).toBe(401);
      expect((await rotateSelf(key, {}, isolate)).status).toBe(401);
    }
  });
});

describe('who has signed in', () => {
  const session = async (user: string, path: string, id: string, body: object = {}): Promise<Reply> => {
    const token = await issuer.token({ user }, { nowMs: nowMs() });
    const headers = { ...bearer(token), ...json };
    return read(cluster.send(`${path}/${id}/rotate`, { method: 'POST', headers, body: JSON.stringify(body) }));
  };
  const KEYS = '/api/v1/user/api-keys';
  const keyOf = async (member: string | null, role = 'developer'): Promise<IssuedKey> => {
    const made = await cluster.issue(account, { role });
    const db = await cluster.database();
    await db
      .prepare('UPDATE keys SET user_id = ?, generation = generation + 1 WHERE id = ?')
      .bind(member, made.id)
      .run();
    return made;
  };

  beforeAll(async () => {
    const db = await cluster.database();
    const members = [
      ['mem_admin', account, 'ada', 'account_admin'],
      ['mem_dev', account, 'dan', 'developer'],
      ['mem_view', account, 'vic', 'viewer'],
      ['mem_other', await cluster.account('Two'), 'olga', 'account_admin'],
    ];
    await db.batch(
      members.map((member) =>
        db
          .prepare(
            `INSERT INTO members (id, account_id, user_id, role, status, joined_by, joined_at_ms) VALUES (?, ?, ?, ?, 'active', 'admin', 1)`,
          )
          .bind(...member),
      ),
    );
  });

  it('rotates a key of their own, at either place of the routes of keys', async () => {
    const { key, id } = await keyOf('mem_dev');
    const { secret } = await rotated(session('dan', KEYS, id));
    expect([await everywhere(secret), await everywhere(key)]).toEqual([works, works]);
    const again = await rotated(session('dan', '/api/v1/api-keys', id, { grace_seconds: 0 }));
    expect([await everywhere(again.secret), await everywhere(secret)]).toEqual([works, isRefused]);
    expect((await rotations(id)).map(({ actor }) => actor)).toEqual(['member:mem_dev', 'member:mem_dev']);
  });

  it('rotates those of others only where their role manages the account', async () => {
    const { key, id } = await keyOf('mem_admin');
    expect(refusal(await session('dan', KEYS, id))).toEqual([403, 'insufficient_role']);
    const developers = await keyOf('mem_dev');
    expect((await session('ada', KEYS, developers.id)).status).toBe(200);
    expect(refusal(await session('vic', KEYS, id))).toEqual([403, 'insufficient_role']);
    expect(await everywhere(key)).toEqual(works);
    expect(await rotations(id)).toHaveLength(0);
  });

  it('never those of another account: they are not there', async () => {
    const { id } = await keyOf('mem_admin');
    for (const each of [id, 'key_none']) expect(refusal(await session('olga', KEYS, each))).toEqual([404, 'not_found']);
    expect(await rotations(id)).toHaveLength(0);
  });

  it('gets no secret of a role that theirs cannot give', async () => {
    const { id } = await keyOf(null, 'trial');
    const refused = await session('ada', KEYS, id);
    expect(refusal(refused)).toEqual([403, 'insufficient_role']);
    expect(refused.body.detail).toContain('trial');
    expect(await rotations(id)).toHaveLength(0);
  });
});

describe('the openai SDK', () => {
  it('works on over a rotation, streaming too, until the grace ends; with the new secret it works on after that', async () => {
    const { key, id } = await cluster.issue(account);
    const clientOf = (apiKey: string) =>
      new OpenAI({
        baseURL: `${cluster.urls[0]}/v1`,
        apiKey,
        maxRetries: 0,
        defaultHeaders: { 'cf-connecting-ip': '192.0.2.1' },
      });
    const ask = { model: 'demo', messages: [{ role: 'user' as const, content: 'hello' }] };
    const chat = (client: OpenAI) => client.chat.completions.create(ask).withResponse();
    const old = clientOf(key);
    expect((await chat(old)).data.choices).toHaveLength(1);

    const stream = await old.chat.completions.create({ ...ask, stream: true });
    const { secret } = await rotated(rotate(id, { grace_seconds: 60 }));
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toContain('You said "hello"');

    const { data, response } = await chat(old);
    expect(data.choices).toHaveLength(1);
    expect(response.headers.get('sunset')).toMatch(/ GMT$/);
    expect((await chat(clientOf(secret))).response.headers.get('sunset')).toBeNull();

    await pass(61 * SECOND_MS);
    await expect(chat(old)).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    expect((await chat(clientOf(secret))).data.choices).toHaveLength(1);
  });
});

describe('the claims of the documents', () => {
  describe('wavis', () => {
    let wavis: Cluster;
    let made: IssuedKey;
    beforeAll(async () => {
      wavis = await startCluster({ isolates: 2, policy: { preset: 'wavis' } });
      made = await wavis.issue(await wavis.account());
    });
    afterAll(() => wavis?.stop());

    it('rotating answers new_api_key, old_key_prefix, grace_period_ends_at and environment, once', async () => {
      const { status: seen, body } = await rotateSelf(made.key, {}, 0, wavis);
      expect(seen).toBe(200);
      expect(body).toMatchObject({ old_key_prefix: made.prefix, environment: 'live', id: made.id });
      expect(body.new_api_key).toMatch(/^wvs_live_[0-9a-f]{32}$/);
      const graceMs = Date.parse(body.grace_period_ends_at) - Date.now();
      expect(Math.abs(graceMs - DAY_MS)).toBeLessThan(60 * SECOND_MS);
      made = { ...made, key: body.new_api_key };
    });

    it('the old key remains valid for 24 hours, and then is revoked by itself', async () => {
      const { body } = await rotateSelf(made.key, {}, 1, wavis);
      const leftMs = Date.parse(body.grace_period_ends_at) - Date.now();
      expect(await everywhere(made.key, wavis)).toEqual([200, 200]);
      await wavis.moveTime(leftMs - 10 * SECOND_MS);
      expect(await everywhere(made.key, wavis)).toEqual([200, 200]);
      await wavis.moveTime(leftMs + SECOND_MS);
      expect(await everywhere(body.new_api_key, wavis)).toEqual([200, 200]);
      expect(refusal(await read(wavis.call(made.key, 1)))).toEqual([401, 'INVALID_API_KEY']);
    });

    it('a viewer key creates and modifies nothing, so it does not rotate itself; it reads its status and usage', async () => {
      const { key } = await wavis.issue(await wavis.account('Two'), { role: 'viewer' });
      expect(refusal(await rotateSelf(key, {}, 0, wavis))).toEqual([403, 'INSUFFICIENT_ROLE']);
      for (const path of ['', '/usage']) {
        expect(await status(wavis.send(OWN + path, { headers: bearer(key) }))).toBe(200);
      }
    });
  });

  describe('wafer', () => {
    let wafer: Cluster;
    beforeAll(async () => {
      wafer = await startCluster({ policy: { rotation: { with_several_keys: false } } });
    });
    afterAll(() => wafer?.stop());

    it('rotating is not supported once the account has more than one active key; minting a new one and revoking the old one is', async () => {
      const owner = await wafer.account();
      const only = await wafer.issue(owner);
      const { secret } = await rotated(rotateSelf(only.key, {}, 0, wafer));
      const next = await wafer.issue(owner);
      for (const refused of [
        await rotateSelf(secret, {}, 0, wafer),
        await read(wafer.admin('POST', `/keys/${only.id}/rotate`)),
      ]) {
        expect(refusal(refused)).toEqual([409, 'rotation_refused']);
        expect(refused.body.detail).toContain('create a new key, switch over to it, then revoke this one');
      }
      // The new key is verified live before the old one stops working.
      expect(await status(wafer.call(next.key))).toBe(200);
      expect(await status(wafer.call(secret))).toBe(200);
      expect(await status(wafer.admin('POST', `/keys/${only.id}/revoke`))).toBe(204);
      expect(await status(wafer.call(secret))).toBe(401);
      expect(await status(wafer.call(only.key))).toBe(401);
      // Alone again, the new one may rotate.
      expect((await rotateSelf(next.key, {}, 0, wafer)).status).toBe(200);
    });

    it('a key that is made at the same time is in the way, or comes after: never do both hold', async () => {
      const owners = await Promise.all(times(6, () => wafer.account()));
      await Promise.all(
        owners.map(async (owner) => {
          const first = await wafer.issue(owner);
          const [rotation] = await Promise.all([rotateSelf(first.key, {}, 0, wafer), wafer.issue(owner)]);
          expect([200, 409]).toContain(rotation.status);
          const trail = (await read(wafer.admin('GET', `/audit?account=${owner}`))).body.entries;
          const [latest] = trail.map(({ action }: { action: string }) => action);
          if (rotation.status === 200) expect(latest).toBe('key.created');
        }),
      );
    });
  });

  it('rolling and wevion: a replacement with the same settings is created and deployed, used, and the old key switched off or revoked', async () => {
    const settings = { category: 'production', quotas: { daily: 100 }, rate_limit_per_minute: 60 };
    const old = await cluster.issue(account, { ...settings, label: 'dashboard 2026-Q1' });
    const next = await cluster.issue(account, { ...settings, label: 'dashboard 2026-Q2' });
    expect([await everywhere(old.key), await everywhere(next.key)]).toEqual([works, works]);
    const lastUsed = async () => (await read(cluster.admin('GET', `/keys/${next.id}`))).body.last_used;
    await vi.waitFor(async () => expect(await lastUsed()).not.toBeNull(), { timeout: 10_000, interval: 100 });
    expect((await read(cluster.admin('POST', `/keys/${old.id}/deactivate`))).status).toBe(200);
    expect([await everywhere(old.key), await everywhere(next.key)]).toEqual([isRefused, works]);
    expect((await read(cluster.admin('POST', `/keys/${old.id}/revoke`))).status).toBe(204);
    expect([await everywhere(old.key), await everywhere(next.key)]).toEqual([isRefused, works]);
  });
});
