import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { mintKey } from '../../../src/credential/mint.ts';
import { formatOf, seeded } from '../../credential/support.ts';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { bareSecret, FORMATS, importInto, oldSecret } from '../../support/imports.ts';
import { freshAddress } from '../../support/matrix.ts';
import { readAll, startOrigin, type TestOrigin } from '../../support/origin.ts';
import { type Json, type Reply, read } from '../../support/reply.ts';

/*
 * A secret that is not here is asked for in its old system, once: a yes adopts its key, a no is a strike, and what is
 * neither admits nobody and strikes nobody.
 */

const OWN = formatOf('ks_{env}_{base62:32}{crc32}', ['live', 'test', 'dev', 'trial']);
const MINUTE_MS = 60_000;
/** Isolates that do not wait long. */
const HASTY = [4, 5] as const;
/** What is answered for a secret: the settings of its key, or by hand. */
type Says = object | ((response: ServerResponse) => void);

/** How a header of the policy names a secret of the Worker. */
const secretNamed = (name: string): string => ['$', `{${name}}`].join('');

let old: TestOrigin;
let cluster: Cluster;
let movedMs = 0;
const knows = new Map<string, Says>();
const asked: { key: string; headers: IncomingMessage['headers']; method: string | undefined; fields: string[] }[] = [];

beforeAll(async () => {
  old = await startOrigin();
  old.routes.set('/verify', (request, response) => {
    void readAll(request).then((text) => {
      const body = JSON.parse(text) as { key: string };
      asked.push({ key: body.key, headers: request.headers, method: request.method, fields: Object.keys(body) });
      const says = knows.get(body.key);
      if (typeof says === 'function') return says(response);
      response.writeHead(says === undefined ? 404 : 200, { 'content-type': 'application/json' });
      return response.end(says === undefined ? '{}' : JSON.stringify(says));
    });
  });
  const verifier = { url: `${old.url}/verify`, timeout: '5s', headers: { 'x-old': secretNamed('OLD_TOKEN') } };
  const policy = { legacy: { formats: FORMATS, verifier }, lease: '0s' };
  const hasty = { legacy: { formats: FORMATS, verifier: { ...verifier, timeout: '200ms' } } };
  const policies = Object.fromEntries(HASTY.map((isolate) => [isolate, hasty]));
  cluster = await startCluster({ isolates: 6, policy, policies, vars: { OLD_TOKEN: 'old-token-123' } });
});
afterAll(async () => {
  await cluster?.stop();
  await old?.stop();
});
afterEach(() => {
  asked.length = 0;
});

const call = (secret: string, isolate = 0, address = freshAddress()): Promise<Reply> =>
  read(cluster.call(secret, isolate, address));
const asks = (secret: string): number => asked.filter(({ key }) => key === secret).length;
/** Status and code of an answer. */
const said = ({ status, body }: Reply): [number, string?] => (status === 200 ? [200] : [status, body?.code]);

async function later(ms: number): Promise<void> {
  movedMs += ms;
  await cluster.moveTime(movedMs);
}

/** A secret of which the old system says this. */
function secretThat(says?: Says, secret = oldSecret()): string {
  if (says !== undefined) knows.set(secret, says);
  return secret;
}

async function keysOf(ref: string): Promise<Json[]> {
  const db = await cluster.database();
  const sql = 'SELECT k.* FROM keys AS k JOIN accounts AS a ON a.id = k.account_id WHERE a.external_id = ?';
  return (await db.prepare(sql).bind(`ref:${ref}`).all()).results;
}

async function strikesOf(address: string): Promise<number> {
  return (await read(cluster.admin('GET', `/lockouts/ip/${address}`))).body.strikes;
}

describe('a secret that the old system knows', () => {
  test('is asked for once, and its key adopted with all settings; the request goes on', async () => {
    const settings = {
      account_ref: 'yes',
      label: 'adopted',
      role: 'viewer',
      environment: 'test',
      metadata: { a: 'b' },
    };
    const secret = secretThat({ ...settings, quotas: { daily: 30 }, created_at: '2021-01-01T00:00:00Z' });
    for (let isolate = 0; isolate < 4; isolate++) expect(said(await call(secret, isolate, '192.0.2.9'))).toEqual([200]);
    const write = { method: 'POST', headers: { authorization: `Bearer ${secret}` } };
    expect((await read(cluster.send('/v1/models', write))).body.code).toBe('insufficient_role');
    expect(asked).toEqual([
      {
        key: secret,
        fields: ['key'],
        method: 'POST',
        headers: expect.objectContaining({ 'x-old': 'old-token-123' }),
      },
    ]);
    const [key] = await keysOf('yes');
    expect(key).toMatchObject({ label: 'adopted', role: 'viewer', environment: 'test', prefix: secret.slice(0, 8) });
    const { entries } = (await read(cluster.admin('GET', `/audit?key=${key.id}`))).body;
    expect(entries).toMatchObject([{ action: 'key.adopted', actor: 'system', address: '192.0.2.9' }]);
  });

  test('may ask about itself first', async () => {
    const secret = secretThat({ account_ref: 'self' }, bareSecret());
    const me = await read(cluster.send('/api/v1/keys/apikey', { headers: { authorization: `Bearer ${secret}` } }));
    expect([me.status, me.body.environment, asks(secret)]).toEqual([200, 'dev', 1]);
  });

  test('is asked for once by four isolates that get it at the same time, and all of them admit it', async () => {
    const secret = secretThat({ account_ref: 'crowd' });
    const replies = await Promise.all(Array.from({ length: 12 }, (_, i) => call(secret, i % 4)));
    expect(replies.map(said)).toEqual(Array(12).fill([200]));
    expect([asks(secret), (await keysOf('crowd')).length]).toEqual([1, 1]);
  });

  test('is not asked for where an import has brought it, nor once it was revoked', async () => {
    const secret = secretThat({ account_ref: 'imported' });
    const { body } = await importInto(cluster, [{ key: secret, account_ref: 'imported' }]);
    expect(said(await call(secret))).toEqual([200]);
    expect((await cluster.admin('POST', `/keys/${body.results[0].id}/revoke`)).status).toBe(204);
    await later(2 * MINUTE_MS);
    for (let isolate = 0; isolate < 4; isolate++)
      expect(said(await call(secret, isolate))).toEqual([401, 'api_key_revoked']);
    expect(asks(secret)).toBe(0);
  });

  test('is judged by what it says: switched off, the key is here and refused', async () => {
    const secret = secretThat({ account_ref: 'off', active: false });
    expect(said(await call(secret))).toEqual([401, 'api_key_inactive']);
    expect(said(await call(secret, 1))).toEqual([401, 'api_key_inactive']);
    expect(asks(secret)).toBe(1);
  });
});

describe('a secret that the old system does not know', () => {
  test('is unknown, and each attempt a strike, asked about once a minute by all isolates together', async () => {
    const secret = secretThat();
    const address = freshAddress();
    for (let i = 0; i < 6; i++) expect(said(await call(secret, i % 4, address))).toEqual([401, 'invalid_api_key']);
    expect([asks(secret), await strikesOf(address)]).toEqual([1, 6]);
    await later(MINUTE_MS + 2_000);
    expect(said(await call(secret, 1, address))).toEqual([401, 'invalid_api_key']);
    expect(said(await call(secret, 2, address))).toEqual([401, 'invalid_api_key']);
    expect([asks(secret), await strikesOf(address)]).toEqual([2, 8]);
  });

  test('is asked about once, from however many addresses it comes at once', async () => {
    const secret = secretThat();
    const replies = await Promise.all(Array.from({ length: 9 }, (_, i) => call(secret, i % 4)));
    expect(replies.map(said)).toEqual(Array(9).fill([401, 'invalid_api_key']));
    expect(asks(secret)).toBe(1);
  });

  test('is asked about so often for one address and no more, whatever it sends', async () => {
    await later(MINUTE_MS + 2_000);
    const address = freshAddress();
    // Not a no, which would lock the address soon.
    const secrets = Array.from({ length: 70 }, () => secretThat((response) => response.writeHead(500).end()));
    const replies: Reply[] = [];
    for (const [i, secret] of secrets.entries()) replies.push(await call(secret, i % 4, address));
    const due = secrets.map((_, i) => (i < 60 ? [503, 'gate_unavailable'] : [429, 'rate_limited']));
    expect(replies.map(said)).toEqual(due);
    expect([asked.length, await strikesOf(address)]).toEqual([60, 0]);
    expect(Number(replies[69]?.headers.get('retry-after'))).toBeGreaterThan(0);
    // Nobody else waits for that.
    expect(said(await call(secretThat({ account_ref: 'else' })))).toEqual([200]);
  });
});

describe('an old system that cannot say', () => {
  const long = `${JSON.stringify({ account_ref: 'long' })}${' '.repeat(70_000)}`;
  test.each<[string, Says]>([
    ['takes too long', () => undefined],
    ['takes too long with its body', (response) => response.writeHead(200).write('{"account_ref":"slow"')],
    ['hangs up', (response) => response.destroy()],
    ['fails', (response) => response.writeHead(500).end('{"account_ref":"x"}')],
    ['refuses who asks', (response) => response.writeHead(401).end()],
    ['sends elsewhere', (response) => response.writeHead(302, { location: '/verify' }).end()],
    ['sends elsewhere to post', (response) => response.writeHead(307, { location: '/verify' }).end()],
    ['says no JSON', (response) => response.end('<html>')],
    ['says nothing', (response) => response.end()],
    ['says a list', (response) => response.end('[]')],
    ['says too much', (response) => response.end(long)],
    ['says too much without an end', (response) => void setInterval(() => response.write(long), 20).unref()],
    ['names no account', (response) => response.end('{"label":"x"}')],
    ['names an unknown field', (response) => response.end('{"account_ref":"x","colour":"red"}')],
    ['names an account that is not here', (response) => response.end('{"account":"acc_none"}')],
    ['names an unknown role', (response) => response.end('{"account_ref":"x","role":"king"}')],
    ['says another secret', (response) => response.end('{"account_ref":"x","key":"old_other"}')],
  ])('and %s admits nobody and strikes nobody, and is not asked again within a minute', async (_, says) => {
    const secret = secretThat(says);
    const address = freshAddress();
    const first = await call(secret, HASTY[0], address);
    expect([...said(first), first.headers.get('retry-after')]).toEqual([503, 'gate_unavailable', '60']);
    for (const isolate of [0, 1, ...HASTY]) {
      const again = await call(secret, isolate, address);
      expect(said(again)).toEqual([503, 'gate_unavailable']);
      expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(30);
    }
    expect([asks(secret), await strikesOf(address), first.text.includes(secret)]).toEqual([1, 0, false]);
  });

  test('is asked again after a minute, and then the key is adopted', async () => {
    const secret = secretThat((response) => response.destroy());
    expect(said(await call(secret))).toEqual([503, 'gate_unavailable']);
    knows.set(secret, { account_ref: 'back' });
    await cluster.calls(1);
    expect(said(await call(secret, 1))).toEqual([503, 'gate_unavailable']);
    // It is known to have failed, and not waited for: D1 is read twice.
    expect((await cluster.calls(1)).d1).toBe(2);
    await later(2 * MINUTE_MS);
    expect(said(await call(secret, 2))).toEqual([200]);
    expect(asks(secret)).toBe(2);
  });

  test('is waited for by others no longer than by who asks', async () => {
    const secret = secretThat(() => undefined);
    const replies = await Promise.all([...HASTY, ...HASTY].map((isolate) => call(secret, isolate)));
    expect(replies.map(said)).toEqual(Array(4).fill([503, 'gate_unavailable']));
    expect(asks(secret)).toBe(1);
  });

  test('wakes the operator, without a secret in what it tells', async () => {
    const told = () => cluster.logs.filter((line) => line.includes('legacy_verifier'));
    expect(told().length).toBeGreaterThan(0);
    for (const key of knows.keys()) expect(cluster.logs.join('\n')).not.toContain(key);
  });

  test('is not in the way of keys that are here', async () => {
    const secret = oldSecret();
    await importInto(cluster, [{ key: secret, account_ref: 'here' }], { chunk: 2 });
    for (let isolate = 0; isolate < 4; isolate++) expect(said(await call(secret, isolate))).toEqual([200]);
    expect(asked).toEqual([]);
  });
});

describe('what ends here is not brought back', () => {
  const revoke = (secret: string) => {
    const headers = { authorization: `Bearer ${secret}` };
    return read(cluster.send('/api/v1/keys/apikey/revoke', { method: 'POST', headers, address: freshAddress() }));
  };

  test('a key that nobody has used here is revoked by who has its secret, as if it had been here', async () => {
    const secret = secretThat({ account_ref: 'leaked' });
    expect((await revoke(secret)).status).toBe(204);
    for (let isolate = 0; isolate < 4; isolate++) {
      expect(said(await call(secret, isolate))).toEqual([401, 'api_key_revoked']);
    }
    expect(asks(secret)).toBe(1);
    expect(said(await revoke(oldSecret()))).toEqual([401, 'invalid_api_key']);
  });

  test('a key that was brought in is not deleted as never used, and stays revoked', async () => {
    const [imported, adopted] = [oldSecret(), secretThat({ account_ref: 'unused', active: false })];
    knows.set(imported, { account_ref: 'unused' });
    const brought = await importInto(cluster, [{ key: imported, account_ref: 'unused' }], { import: 'unused' });
    expect(said(await call(adopted))).toEqual([401, 'api_key_inactive']);
    const looked = await read(cluster.admin('POST', '/keys/lookup', { key: adopted }));
    for (const [secret, id] of [
      [imported, brought.body.results[0].id],
      [adopted, looked.body.key.id],
    ]) {
      expect(said(await read(cluster.admin('DELETE', `/keys/${id}?purge=true`)))).toEqual([409, 'conflict']);
      expect((await cluster.admin('DELETE', `/keys/${id}`)).status).toBe(204);
      expect(said(await call(secret))).toEqual([401, 'api_key_revoked']);
    }
    const own = await cluster.issue(await cluster.account());
    expect((await cluster.admin('DELETE', `/keys/${own.id}?purge=true`)).status).toBe(204);
  });
});

describe('nobody is asked', () => {
  test('about a secret of the own format, or one that begins so', async () => {
    const own = mintKey(OWN, 'live', seeded(5));
    for (const secret of [own, `${own}a`, own.slice(0, -1), 'ks_live_0123456789', 'nothing', 'old_0123']) {
      expect(said(await call(secret))).toEqual([401, 'invalid_api_key']);
    }
    expect(asked).toEqual([]);
  });

  test('for an address that is locked', async () => {
    await later(MINUTE_MS + 2_000);
    const address = freshAddress();
    for (let i = 0; i < 20; i++) await call('nonsense', i % 4, address);
    const secret = secretThat({ account_ref: 'locked' });
    for (let isolate = 0; isolate < 4; isolate++) expect((await call(secret, isolate, address)).status).toBe(429);
    expect(asks(secret)).toBe(0);
  });
});

test('a verifier whose secret is not set is a misconfiguration', async () => {
  const verifier = { url: 'https://old.example.com/verify', headers: { authorization: secretNamed('NOT_SET') } };
  const other = await startCluster({ policy: { legacy: { formats: FORMATS, verifier } }, origin: cluster.origin });
  try {
    expect((await read(other.call(oldSecret()))).status).toBe(503);
    expect(other.logs.join()).toContain('policy.legacy.verifier.headers.authorization: the secret NOT_SET is not set');
  } finally {
    await other.kill();
  }
});
