import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mintKey } from '../../../src/credential/mint.ts';
import { formatOf, seeded } from '../../credential/support.ts';
import { ADMIN_TOKEN, type Cluster, READ_TOKEN, startCluster } from '../../support/cluster.ts';
import {
  bareSecret,
  FORMATS,
  fatesOf,
  hashesOf,
  importInto,
  NDJSON,
  oddSecret,
  oldSecret,
  type Sent,
} from '../../support/imports.ts';
import { readAll } from '../../support/origin.ts';
import { type Json, read } from '../../support/reply.ts';

/*
 * Keys of another system are brought in over HTTP, with the secrets that they have or with hashes of them, and work
 * afterwards as keys of this gateway do.
 */

/** The isolate whose policy has caps, and wants labels to be unique. */
const STRICT = 4;

let cluster: Cluster;
let account: string;
let chunks = 0;

beforeAll(async () => {
  const strict = { caps: { active_keys_per_account: 2 }, keys: { label_unique: true } };
  const policy = { legacy: { formats: FORMATS }, lease: '0s' };
  cluster = await startCluster({ isolates: 5, policy, policies: { [STRICT]: strict } });
  account = await cluster.account();
});
afterAll(() => cluster?.stop());

/** Sends lines as a chunk of its own. */
const bring = (body: Parameters<typeof importInto>[1], sent: Sent = {}) =>
  importInto(cluster, body, { chunk: ++chunks, ...sent });

/** 200, or the code of the refusal. */
async function call(secret: string, isolate = 0, address = '192.0.2.1'): Promise<number | string> {
  const { status, body } = await read(cluster.call(secret, isolate, address));
  return status === 200 ? 200 : body?.code;
}

async function keyOf(id: string): Promise<Json> {
  return (await read(cluster.admin('GET', `/keys/${id}`))).body;
}

async function rows(): Promise<Record<string, unknown>> {
  const db = await cluster.database();
  const tables = ['accounts', 'members', 'keys', 'secrets', 'secret_digests', 'audit', 'outbox', 'import_chunks'];
  const counts = await Promise.all(tables.map((table) => db.prepare(`SELECT count(*) AS n FROM ${table}`).first('n')));
  return Object.fromEntries(tables.map((table, i) => [table, counts[i]]));
}

describe('a secret', () => {
  const OWN = formatOf('ks_{env}_{base62:32}{crc32}', ['live', 'test', 'dev', 'trial']);

  test('of each format works unchanged, in every place for credentials and in every isolate', async () => {
    const secrets = [oldSecret(), bareSecret(), oddSecret(), mintKey(OWN, 'test', seeded(77))];
    for (const secret of secrets) expect(await call(secret)).toBe('invalid_api_key');
    const reply = await bring(secrets.map((key) => ({ key, account })));
    expect(fatesOf(reply)).toEqual(['created', 'created', 'created', 'created']);
    const shown = reply.body.results.map(({ prefix }: Json) => prefix);
    expect(shown).toEqual([
      secrets[0]?.slice(0, 8),
      secrets[1]?.slice(0, 4),
      secrets[2]?.slice(0, 5),
      secrets[3]?.slice(0, 14),
    ]);
    const ids = reply.body.results.map(({ id }: Json) => id);
    const environments = (await Promise.all(ids.map(keyOf))).map(({ environment }) => environment);
    expect(environments).toEqual(['live', 'dev', 'test', 'test']);
    for (const secret of secrets) {
      for (let isolate = 0; isolate < 4; isolate++) expect(await call(secret, isolate)).toBe(200);
      for (const headers of [{ authorization: secret }, { 'x-api-key': secret }]) {
        const { status, body } = await read(
          cluster.send('/v1/models', { headers: { ...headers } as Record<string, string> }),
        );
        expect([status, JSON.stringify(body).includes(secret)]).toEqual([200, false]);
      }
      const me = await read(cluster.send('/api/v1/keys/apikey', { headers: { authorization: `Bearer ${secret}` } }));
      expect([me.status, me.body.prefix]).toEqual([200, shown[secrets.indexOf(secret)]]);
      const found = await read(cluster.admin('POST', '/keys/lookup', { key: secret }));
      expect(found.body.key.id).toBe(ids[secrets.indexOf(secret)]);
    }
  });

  test.each(Object.keys(hashesOf('')) as (keyof ReturnType<typeof hashesOf>)[])(
    'of which only SHA-256 is known, as %s, works unchanged',
    async (form) => {
      const secret = oldSecret();
      const reply = await bring([
        { sha256: hashesOf(secret)[form], format: 'old', prefix: secret.slice(0, 8), account },
      ]);
      expect(fatesOf(reply)).toEqual(['created']);
      expect(reply.body.results[0].prefix).toBe(secret.slice(0, 8));
      expect([await call(secret), await call(`${secret.slice(0, -1)}g`)]).toEqual([200, 'invalid_api_key']);
    },
  );

  test('of the own format may be known by its hash alone', async () => {
    const secret = mintKey(OWN, 'live', seeded(78));
    const { hex } = hashesOf(secret);
    expect(fatesOf(await bring([{ sha256: hex, account }]))).toEqual(['fields']);
    const reply = await bring([{ sha256: hex, account, environment: 'live', prefix: secret.slice(0, 12) }]);
    expect([fatesOf(reply), await call(secret)]).toEqual([['created'], 200]);
  });

  test('that an import has brought is replaced by one of the own format, and works on within the grace period', async () => {
    const secret = oldSecret();
    const { body } = await bring([{ key: secret, account }]);
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    const rotated = await read(cluster.send('/api/v1/keys/apikey/rotate', { method: 'POST', headers, body: '{}' }));
    expect([rotated.status, rotated.body.old_key_prefix]).toEqual([200, body.results[0].prefix]);
    expect(OWN.read(rotated.body.new_api_key)?.environment).toBe('live');
    expect([await call(secret), await call(rotated.body.new_api_key)]).toEqual([200, 200]);
    const again = await read(cluster.send('/api/v1/keys/apikey/rotate', { method: 'POST', headers, body: '{}' }));
    expect(again.status).toBe(409);
  });

  test('that an import has brought can be revoked, and is not brought in again', async () => {
    const secret = oldSecret();
    const { body } = await bring([{ key: secret, account }]);
    expect(await call(secret)).toBe(200);
    expect((await cluster.admin('POST', `/keys/${body.results[0].id}/revoke`)).status).toBe(204);
    expect(fatesOf(await bring([{ key: secret, account }], { import: 'later' }))).toEqual(['exists']);
    for (let isolate = 0; isolate < 4; isolate++) expect(await call(secret, isolate)).toBe('api_key_revoked');
  });
});

describe('the settings of a line', () => {
  test('are those of the key', async () => {
    const settings = {
      environment: 'test',
      role: 'viewer',
      label: 'from before',
      category: 'staging',
      expires_at: '2099-01-01T00:00:00.000Z',
      rate_limit_per_second: 5,
      rate_limit_per_minute: 100,
      quotas: { daily: 1_000 },
      credit_quotas: { total: 7 },
      addresses: ['192.0.2.0/24', '2001:db8::/32'],
      metadata: { team: 'search', 'old.id': '4711' },
      created_at: '2020-02-03T04:05:06.000Z',
    };
    const secret = oldSecret();
    const { body } = await bring([{ key: secret, account, ...settings }]);
    expect(await keyOf(body.results[0].id)).toMatchObject({ ...settings, account, status: 'active', creator: null });
    expect([await call(secret), await call(secret, 0, '198.51.100.99')]).toEqual([200, 'address_not_allowed']);
    const write = await read(
      cluster.send('/v1/models', { method: 'POST', headers: { authorization: `Bearer ${secret}` } }),
    );
    expect(write.body.code).toBe('insufficient_role');
  });

  test('hold for the key as for others: switched off, it waits to be switched on', async () => {
    const secret = oldSecret();
    const { body } = await bring([{ key: secret, account, active: false }]);
    expect(await call(secret)).toBe('api_key_inactive');
    expect((await cluster.admin('POST', `/keys/${body.results[0].id}/activate`)).status).toBe(200);
    for (let isolate = 0; isolate < 4; isolate++) expect(await call(secret, isolate)).toBe(200);
  });

  test('name an account by its id, by its organisation, by a name of the old system, or by its user', async () => {
    const lines = [
      { organisation: 'org_1', account_name: 'One', plan: 'standard' },
      { organisation: 'org_1', account_name: 'Other' },
      { account_ref: 'org_1' },
      { account_ref: 'org_1', user: 'ada' },
      { user: 'ada' },
      { account },
    ];
    const reply = await bring(lines.map((line) => ({ key: oldSecret(), ...line })));
    expect(fatesOf(reply)).toEqual(Array(6).fill('created'));
    const accounts = reply.body.results.map((line: Json) => line.account);
    expect(accounts[0]).toBe(accounts[1]);
    expect(accounts[2]).toBe(accounts[3]);
    expect(new Set(accounts).size).toBe(4);
    expect(accounts[5]).toBe(account);
    const views = await Promise.all(
      [0, 2, 4].map(async (i) => (await read(cluster.admin('GET', `/accounts/${accounts[i]}`))).body),
    );
    expect(views).toMatchObject([
      { name: 'One', organisation: 'org_1', user: null },
      { name: 'org_1', organisation: null, user: null },
      { name: 'ada', organisation: null, user: 'ada' },
    ]);
    // And by the same names again.
    const more = await bring([
      { key: oldSecret(), organisation: 'org_1' },
      { key: oldSecret(), user: 'ada' },
    ]);
    expect(more.body.results.map((line: Json) => line.account)).toEqual([accounts[0], accounts[4]]);
  });

  test('name the member whose key it is, who is made with the role that is named', async () => {
    const lines = [
      { user: 'grace', user_role: 'account_admin' },
      { user: 'grace', user_role: 'viewer' },
      { user: 'linus' },
      { user: 'linus', role: 'account_admin' },
    ];
    const reply = await bring(lines.map((line) => ({ key: oldSecret(), organisation: 'org_2', ...line })));
    expect(fatesOf(reply)).toEqual(['created', 'created', 'created', 'fields']);
    const [first, second, third] = await Promise.all(reply.body.results.slice(0, 3).map(({ id }: Json) => keyOf(id)));
    expect([first.creator === second.creator, first.creator === third.creator]).toEqual([true, false]);
    const { members } = (await read(cluster.admin('GET', `/accounts/${first.account}/members`))).body;
    expect(members).toHaveLength(2);
    expect(members).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: first.creator, user: 'grace', role: 'account_admin' }),
        expect.objectContaining({ id: third.creator, user: 'linus', role: 'developer' }),
      ]),
    );
    // One who was removed gets no key.
    expect((await cluster.admin('DELETE', `/accounts/${first.account}/members/${third.creator}`)).status).toBeLessThan(
      300,
    );
    expect(fatesOf(await bring([{ key: oldSecret(), account: first.account, user: 'linus' }]))).toEqual([
      'member_removed',
    ]);
  });

  test('are not held against caps, and imported keys count for those of keys that are made', async () => {
    const own = await cluster.account();
    const reply = await bring(
      Array.from({ length: 5 }, () => ({ key: oldSecret(), account: own })),
      { isolate: STRICT },
    );
    expect(fatesOf(reply)).toEqual(Array(5).fill('created'));
    const made = await read(cluster.admin('POST', `/accounts/${own}/keys`, { environment: 'live' }, STRICT));
    expect([made.status, made.body.code]).toEqual([409, 'key_cap_reached']);
  });

  test('keep labels unique where the policy wants it, on the lines of a chunk and beyond', async () => {
    const line = (label: string, ref = 'label a') => ({ key: oldSecret(), account_ref: ref, label });
    const sent = { isolate: STRICT };
    const first = await bring([line('one'), line('two'), line('one'), line('one', 'label b')], sent);
    expect(fatesOf(first)).toEqual(['created', 'created', 'label_taken', 'created']);
    expect(fatesOf(await bring([line('two'), line('three')], sent))).toEqual(['label_taken', 'created']);
  });
});

describe('a line that is wrong', () => {
  const key = () => ({ key: oldSecret(), account });
  const many = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`m${i}`, 'x']));

  test.each<[string, () => object | string, string, RegExp]>([
    ['no secret', () => ({ account }), 'fields', /^key: expected either key or sha256$/],
    ['both a secret and a hash', () => ({ ...key(), sha256: 'a'.repeat(64) }), 'fields', /^key: expected either/],
    ['a secret with a prefix', () => ({ ...key(), prefix: 'old_' }), 'fields', /^key: tells its format/],
    ['a secret of no format', () => ({ key: 'sk-12345678901234567890', account }), 'format', /legacy\.formats/],
    ['a hash that is too short', () => ({ sha256: 'a'.repeat(63), account }), 'fields', /^sha256: expected SHA-256/],
    ['a hash that is no hex', () => ({ sha256: `g${'!'.repeat(63)}`, account }), 'fields', /^sha256: expected SHA-256/],
    [
      'a format that is not there',
      () => ({ sha256: 'a'.repeat(64), format: 'new', account }),
      'fields',
      /^format: expected one of old, odd, bare$/,
    ],
    [
      'a prefix of another format',
      () => ({ sha256: 'a'.repeat(64), format: 'old', prefix: 'new_1234', account }),
      'fields',
      /^prefix: expected what/,
    ],
    [
      'a prefix with other characters',
      () => ({ sha256: 'a'.repeat(64), format: 'old', prefix: 'old_12XY', account }),
      'fields',
      /^prefix: expected what/,
    ],
    [
      'a prefix that shows too much',
      () => ({ sha256: 'a'.repeat(64), format: 'old', prefix: `old_${'a'.repeat(17)}`, account }),
      'fields',
      /^prefix: expected at most 16/,
    ],
    [
      'a prefix that leaves less than 8 out',
      () => ({ sha256: 'a'.repeat(64), format: 'odd', prefix: `!${'a'.repeat(13)}`, account }),
      'fields',
      /^prefix: expected at most 12/,
    ],
    ['no account', () => ({ key: oldSecret() }), 'fields', /^account: expected one of/],
    ['two accounts', () => ({ ...key(), account_ref: 'x' }), 'fields', /^account: expected one of/],
    [
      'an account that is not there',
      () => ({ ...key(), account: 'acc_none' }),
      'account_missing',
      /^account: there is no/,
    ],
    ['a role without its user', () => ({ ...key(), user_role: 'viewer' }), 'fields', /^user_role: expected a user/],
    [
      'an unknown role of a user',
      () => ({ ...key(), user: 'u', user_role: 'king' }),
      'fields',
      /^user_role: expected one of/,
    ],
    [
      'an unknown plan',
      () => ({ key: oldSecret(), account_ref: 'planless', plan: 'gold' }),
      'fields',
      /^plan: expected one of/,
    ],
    ['an unknown role', () => ({ ...key(), role: 'king' }), 'fields', /^role: expected one of/],
    ['an unknown environment', () => ({ ...key(), environment: 'prod' }), 'fields', /^environment: expected one of/],
    [
      'the environment of trial keys',
      () => ({ ...key(), environment: 'trial' }),
      'fields',
      /^environment: expected one of/,
    ],
    [
      'an end in the past',
      () => ({ ...key(), expires_at: '2001-01-01T00:00:00Z' }),
      'fields',
      /^expires_at: expected a time in the future$/,
    ],
    [
      'a beginning in the future',
      () => ({ ...key(), created_at: '2199-01-01T00:00:00Z' }),
      'fields',
      /^created_at: expected a time that is not/,
    ],
    ['an address that is none', () => ({ ...key(), addresses: ['1.2.3'] }), 'fields', /^addresses\.0: expected an IP/],
    ['a quota below zero', () => ({ ...key(), quotas: { daily: -1 } }), 'fields', /^quotas\.daily: expected 0/],
    ['too much metadata', () => ({ ...key(), metadata: many(21) }), 'fields', /^metadata: expected at most 20/],
    [
      'a label that is too long',
      () => ({ ...key(), label: 'x'.repeat(101) }),
      'fields',
      /^label: expected at most 100/,
    ],
    ['an unknown field', () => ({ ...key(), colour: 'red' }), 'fields', /^colour: unknown field$/],
    [
      'a secret as the name of a field',
      () => ({ ...key(), [oldSecret()]: 1 }),
      'fields',
      /^\(unnamed\): unknown field$/,
    ],
    ['something that is no JSON', () => '{"key": "old_', 'json', /one JSON object/],
    ['a list', () => '[1]', 'json', /one JSON object/],
    ['a number', () => '7', 'json', /one JSON object/],
    ['null', () => 'null', 'json', /one JSON object/],
    ['two objects', () => '{}{}', 'json', /one JSON object/],
    ['more than 16 KB', () => `{"label":"${'x'.repeat(16_384)}"}`, 'line_too_long', /at most 16384 bytes/],
  ])('says so, and stops no other: %s', async (_, line, code, message) => {
    const wrong = line();
    const text = typeof wrong === 'string' ? wrong : JSON.stringify(wrong);
    const [before, after] = [key(), key()];
    const reply = await bring([JSON.stringify(before), text, JSON.stringify(after)].join('\n'));
    expect(fatesOf(reply)).toEqual(['created', code, 'created']);
    const [, told] = reply.body.results;
    expect(told).toEqual({
      line: 2,
      status: expect.stringMatching(/^(?:invalid|conflict)$/),
      code,
      message: expect.stringMatching(message),
    });
    const secret = (wrong as Json).key ?? (wrong as Json).sha256;
    if (typeof secret === 'string') expect(reply.text).not.toContain(secret);
    expect(await call(after.key)).toBe(200);
  });

  test('that is right in itself says what it stands against', async () => {
    const closed = await cluster.account();
    const [taken, mine] = [oldSecret(), oldSecret()];
    const other = await cluster.account();
    await bring([
      { key: taken, account: other },
      { key: mine, account },
    ]);
    expect((await cluster.admin('POST', `/accounts/${closed}/close`)).status).toBe(200);
    const before = await rows();
    const reply = await bring(
      [
        { key: taken, account },
        { key: taken, account_ref: 'nobody' },
        { key: mine, account },
        { key: oldSecret(), account: closed },
      ],
      { import: 'against' },
    );
    expect(fatesOf(reply)).toEqual(['other_account', 'other_account', 'exists', 'account_closed']);
    expect(reply.body.results[0]).not.toHaveProperty('id');
    expect(reply.body.results[2]).toMatchObject({ account, prefix: mine.slice(0, 8) });
    expect(await rows()).toEqual({ ...before, import_chunks: Number(before.import_chunks) + 1 });
  });

  test('because the same secret stands twice in the import names the line that has it', async () => {
    const secret = oldSecret();
    const [id, at] = ['twice', chunks + 1];
    const lines = [
      { key: secret, account },
      { sha256: hashesOf(secret).hex, format: 'old', account },
      { key: secret, account_ref: 'elsewhere' },
    ];
    const reply = await bring(lines, { import: id });
    expect(fatesOf(reply)).toEqual(['created', 'duplicate', 'duplicate']);
    const [first, second, third] = reply.body.results;
    const message = `the same secret stands on line 1 of chunk ${at}`;
    expect(second).toEqual({ ...first, line: 2, status: 'duplicate', message });
    expect(third).toEqual({ line: 3, status: 'duplicate', message });
    const later = await bring([{ key: secret, account }], { import: id });
    expect(later.body.results).toEqual([{ ...second, line: 1 }]);
    expect(fatesOf(await bring([{ key: secret, account }], { import: 'another' }))).toEqual(['exists']);
  });
});

describe('a body', () => {
  const line = () => JSON.stringify({ key: oldSecret(), account });

  test('may have a byte order mark, CRLF, blank lines and no end of its last line; lines keep their numbers', async () => {
    const reply = await bring(`\ufeff${line()}\r\n\r\n   \n${line()}\n\n${line()}`);
    expect(reply.body.results.map((each: Json) => [each.line, each.status])).toEqual([
      [1, 'created'],
      [4, 'created'],
      [6, 'created'],
    ]);
    expect((await bring(`${line()}\n`)).body.counts.created).toBe(1);
  });

  test('with bytes that are no UTF-8 says so of their line alone', async () => {
    const bytes = [Buffer.from(`${line()}\n{"label":"`), Buffer.from([0xff, 0xc0, 0x00]), Buffer.from(`"}\n${line()}`)];
    expect(fatesOf(await bring(Buffer.concat(bytes)))).toEqual(['created', 'encoding', 'created']);
  });

  test('of 5,000 lines is taken and one of 5,001 refused, and so are one of too many bytes and an empty one', async () => {
    const before = await rows();
    const blank = '\n'.repeat(5_000);
    const cases: [string, number, RegExp][] = [
      [`${blank}${line()}`, 413, /the body has 5001 lines of at most 5000: cut the file/],
      ['', 400, /expected a key on each line/],
    ];
    for (const [body, status, detail] of cases) {
      const reply = await bring(body);
      expect([reply.status, reply.body.detail]).toEqual([status, expect.stringMatching(detail)]);
    }
    // It is refused by its length, and not read.
    const url = `${cluster.urls[0]}/admin/v1/imports?import=move&chunk=${++chunks}`;
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'cf-connecting-ip': '192.0.2.1', 'content-type': NDJSON };
    const sent = request(url, { method: 'POST', headers: { ...headers, 'content-length': 20_480_001 } });
    sent.on('error', () => undefined);
    sent.flushHeaders();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const { detail } = JSON.parse(await readAll(answer));
    sent.destroy();
    expect([answer.statusCode, detail]).toEqual([413, expect.stringMatching(/at most 20480000 bytes: cut the file/)]);
    expect(await rows()).toEqual(before);
    expect(fatesOf(await bring(blank.slice(1) + line()))).toEqual(['created']);
  });

  test('that ends before its end imports nothing', async () => {
    const before = await rows();
    const { hostname, port } = new URL(cluster.urls[0] as string);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          `POST /admin/v1/imports?import=cut&chunk=1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_TOKEN}\r\n` +
            `cf-connecting-ip: 192.0.2.1\r\ncontent-type: ${NDJSON}\r\ncontent-length: 100000\r\n\r\n${line()}\n`,
        );
        setTimeout(() => socket.destroy(), 100);
      });
      socket.on('close', () => resolve());
      socket.on('error', () => undefined);
    });
    // The next request of this isolate is answered after what the other one would have written.
    expect(fatesOf(await bring(line()))).toEqual(['created']);
    const after = await rows();
    expect([after.keys, after.import_chunks]).toEqual([Number(before.keys) + 1, Number(before.import_chunks) + 1]);
  });

  test.each<[string, Sent, RegExp]>([
    ['no type of its own', { type: 'application/json' }, /^content-type: expected application\/x-ndjson$/],
    ['no name', { import: '' }, /^import: expected 1 to 64/],
    ['a name with other characters', { import: 'a%20b' }, /^import: expected 1 to 64/],
    ['a name that is too long', { import: 'x'.repeat(65) }, /^import: expected 1 to 64/],
    ['the number 0', { chunk: 0 }, /^chunk: expected a number from 1/],
    ['a number that is too large', { chunk: 1_000_001 }, /^chunk: expected a number from 1/],
    ['no number', { chunk: 'one' }, /^chunk: expected a number from 1/],
    ['more in the query', { chunk: '1&more=1' }, /^more: unknown field/],
  ])('with %s is refused', async (_, sent, detail) => {
    const reply = await bring(line(), sent);
    expect([reply.status, reply.body.code, reply.body.detail]).toEqual([
      400,
      'request_invalid',
      expect.stringMatching(detail),
    ]);
  });

  test('is only taken from who may write', async () => {
    expect((await bring(line(), { token: READ_TOKEN })).body.code).toBe('admin_forbidden');
  });
});

describe('a chunk', () => {
  /** Calls take so long that what runs at once is interleaved. */
  const slowly = (maxMs: number) =>
    Promise.all([0, 1, 2, 3].map((isolate) => cluster.steer(isolate, 'delays', { seed: isolate, maxMs })));

  const lines = (n: number) =>
    Array.from({ length: n }, (_, i) => ({ key: oldSecret(), account_ref: `c${i % 7}`, label: `${i}` }));

  test('that is sent again has the same answer to the byte and doubles nothing, whatever has changed since', async () => {
    const body = [...lines(20), { account: 'x' }, { key: oldSecret(), account: 'acc_none' }];
    const sent = { import: 'again', chunk: 1 };
    const first = await bring(body, sent);
    const before = await rows();
    await cluster.admin('POST', `/keys/${first.body.results[3].id}/revoke`);
    for (let isolate = 0; isolate < 4; isolate++) {
      const again = await bring(body, { ...sent, isolate });
      expect([again.status, again.text]).toEqual([200, first.text]);
    }
    const after = await rows();
    expect({ ...after, audit: 0 }).toEqual({ ...before, audit: 0 });
  });

  test('of 5,000 lines with all that can be wrong is answered and kept', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `${'x'.repeat(28)}${'abcdefgh'[i % 8]}${'stuvwxyz'[i >> 3]}`);
    const wrong = JSON.stringify(Object.fromEntries(names.map((name) => [name, 1])));
    const body = Array(5_000).fill(wrong).join('\n');
    const sent = { import: 'wrong', chunk: 1 };
    const first = await bring(body, sent);
    expect([first.status, first.body?.counts?.invalid]).toEqual([200, 5_000]);
    expect(first.body.results[0].message).toMatch(/^.{160}…$/);
    expect((await bring(body, { ...sent, isolate: 1 })).text).toBe(first.text);
  });

  test('with other bytes is refused, and imports nothing', async () => {
    const sent = { import: 'again', chunk: 2 };
    const [one, ...more] = lines(3);
    await bring([one as object], sent);
    const before = await rows();
    const other = await bring([one as object, ...more], sent);
    expect([other.status, other.body.code, other.body.detail]).toEqual([
      409,
      'conflict',
      expect.stringMatching(/^chunk: another body/),
    ]);
    expect(await rows()).toEqual(before);
  });

  test('that is sent to four isolates at once makes each key once, and all answer the same', async () => {
    const body = lines(700);
    const before = await rows();
    await slowly(40);
    const all = await Promise.all([0, 1, 2, 3].map((isolate) => bring(body, { import: 'at-once', chunk: 1, isolate })));
    await slowly(0);
    expect(new Set(all.map(({ text }) => text)).size).toBe(1);
    expect(all[0]?.body.counts).toEqual({ created: 700, exists: 0, duplicate: 0, invalid: 0, conflict: 0 });
    const after = await rows();
    for (const table of ['keys', 'secrets', 'secret_digests'])
      expect([table, after[table]]).toEqual([table, Number(before[table]) + 700]);
    expect(await call((body[699] as { key: string }).key, 2)).toBe(200);
  });

  test('of two imports with the same secrets, in several isolates at once, makes each key once', async () => {
    const body = lines(600);
    const before = await rows();
    await slowly(40);
    const all = await Promise.all(
      [0, 1, 2, 3].map((isolate) =>
        bring(isolate < 2 ? body : body.toReversed(), { import: `race-${isolate}`, chunk: 1, isolate }),
      ),
    );
    await slowly(0);
    const total = all.reduce((sum, { body: { counts } }) => sum + counts.created, 0);
    expect(total).toBe(600);
    for (const {
      body: { counts },
    } of all)
      expect(counts.created + counts.exists).toBe(600);
    const after = await rows();
    expect([after.keys, after.accounts]).toEqual([Number(before.keys) + 600, before.accounts]);
    const ids = all.flatMap(({ body: { results } }) => results.map(({ id }: Json) => id));
    expect(new Set(ids).size).toBe(600);
  });

  test('counts for how far its import is', async () => {
    const sent = (chunk: number) => ({ import: 'far', chunk });
    for (const chunk of [1, 2, 4, 7, 8]) await bring([{ key: oldSecret(), account }, { account }], sent(chunk));
    const { body } = await read(cluster.admin('GET', '/imports/far'));
    const counts = { created: 5, exists: 0, duplicate: 0, invalid: 5, conflict: 0 };
    expect(body).toMatchObject({
      import: 'far',
      chunks: [
        [1, 2],
        [4, 4],
        [7, 8],
      ],
      counts,
    });
    expect((await cluster.admin('GET', '/imports/nowhere')).status).toBe(404);
  });

  test('is forgotten after 30 days, and then finds its keys', async () => {
    const body = lines(3);
    const sent = { import: 'forgotten', chunk: 1 };
    const first = await bring(body, sent);
    const db = await cluster.database();
    await db
      .prepare(`UPDATE import_chunks SET at_ms = at_ms - ? WHERE import_id = 'forgotten'`)
      .bind(30 * 86_400_000)
      .run();
    await cluster.schedule();
    expect((await cluster.admin('GET', '/imports/forgotten')).status).toBe(404);
    expect((await cluster.admin('GET', '/imports/far')).status).toBe(200);
    expect((await bring(body, sent)).text).toBe(first.text);
  });
});

test('no secret and no hash stands in an answer, a log line, or a row of the registry', async () => {
  const secrets = [oldSecret(), bareSecret(), oddSecret()];
  const hashed = oldSecret();
  const wrong = oldSecret();
  const body = [
    ...secrets.map((key) => ({ key, account })),
    { sha256: hashesOf(hashed).base64, format: 'old', account },
    { key: wrong, account: 'acc_none' },
    { key: wrong, account, label: 7 },
  ];
  const reply = await bring(body, { import: 'hidden' });
  for (const secret of secrets) {
    for (const path of [`/v1/${encodeURIComponent(secret)}`, `/admin/v1/keys/${encodeURIComponent(secret)}`]) {
      await read(cluster.send(path, { headers: { authorization: `Bearer ${secret}` } }));
      await read(cluster.send(path));
    }
  }
  // What was called with a key stands in its account's log, and the rest in the Worker's; both come a little later. The
  // path with the odd secret is refused, since it has a backslash, and stands in neither.
  const { logs } = cluster;
  const ofAccount = async () => (await read(cluster.admin('GET', `/accounts/${account}/logs?limit=200`))).text;
  const calls = (text: string) => text.match(/"path":"\/v1\/(?!models")/g)?.length ?? 0;
  let lines = await ofAccount();
  while (calls(lines) < 2 || calls(logs.join('\n')) < 2) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    lines = await ofAccount();
  }
  const db = await cluster.database();
  const tables = await Promise.all(
    ['audit', 'import_chunks', 'keys', 'secrets', 'secret_digests', 'accounts'].map(async (table) =>
      JSON.stringify((await db.prepare(`SELECT * FROM ${table}`).all()).results),
    ),
  );
  const all = [reply.text, logs.join('\n'), lines, ...tables].join('\n');
  for (const secret of [...secrets, hashed, wrong]) {
    const hidden = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      ...Object.values(hashesOf(secret)),
    ];
    for (const text of hidden) expect(all).not.toContain(text);
    expect(all).not.toContain(secret.slice(-12));
  }
  for (const text of [lines, logs.join('\n')]) expect(text).toContain(`/v1/${(secrets[0] as string).slice(0, 8)}…`);
});
