import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newEndpoint } from '../../src/control/inputs/webhooks.ts';
import { LONGEST_URL } from '../../src/events/target.ts';
import { EVENT_TYPES } from '../../src/events/types.ts';
import { type Gateway, type Json, openGateway, READ } from './gateway.ts';

/*
 * Webhook endpoints, as the operator has them: what is taken, what is refused, and how that is said.
 */

let gateway: Gateway;
const URL = 'http://127.0.0.1:9/hooks';

beforeAll(async () => {
  gateway = await openGateway({}, { webhooks: { allow_local: true, endpoints: 3, secret_grace: '1h' } });
});
afterAll(() => gateway?.close());

const made = async (body: object = {}): Promise<Json> =>
  (await gateway.admin('POST', '/webhooks', { url: URL, ...body })).body;
const removed = (id: string) => gateway.admin('DELETE', `/webhooks/${id}`);
const entries = async (action: string): Promise<Json[]> =>
  (await gateway.admin('GET', `/audit?action=${action}`)).body.entries;
const rows = async (sql: string) => (await gateway.db.prepare(sql).all()).results;

describe('an endpoint of the operator', () => {
  it('is made, listed, shown, changed, rotated and deleted; each is in the trail, and no secret is', async () => {
    const { secret, ...shown } = await made({ events: ['ip_locked', 'key_created'], description: 'alerts' });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(shown).toMatchObject({ account: null, url: URL, events: ['key_created', 'ip_locked'], status: 'active' });
    expect((await gateway.admin('GET', '/webhooks')).body).toEqual({ webhooks: [shown] });
    expect((await gateway.admin('GET', `/webhooks/${shown.id}`)).body).toEqual(shown);
    const patched = await gateway.admin('PATCH', `/webhooks/${shown.id}`, { status: 'disabled', events: null });
    expect(patched.body).toEqual({ ...shown, status: 'disabled', disabled_by: 'owner', events: null });
    const rotated = await gateway.admin('POST', `/webhooks/${shown.id}/rotate-secret`, {});
    expect(rotated.body).toEqual({
      ...patched.body,
      secret: expect.stringMatching(/^whsec_/),
      grace_period_ends_at: expect.any(String),
    });
    await gateway.admin('PATCH', `/webhooks/${shown.id}`, { status: 'active' });
    const test = await gateway.admin('POST', `/webhooks/${shown.id}/test`, {});
    expect([test.status, test.body.type]).toEqual([201, 'test']);
    expect((await removed(shown.id)).status).toBe(204);
    expect((await gateway.admin('GET', `/webhooks/${shown.id}`)).status).toBe(404);
    const trail = await entries('webhook.');
    expect(trail.map(({ action }) => action)).toEqual([
      'webhook.deleted',
      'webhook.tested',
      'webhook.updated',
      'webhook.secret_rotated',
      'webhook.updated',
      'webhook.created',
    ]);
    expect(trail.every(({ actor, account }) => actor === 'admin:ada' && account === null)).toBe(true);
    expect(trail[5]?.after).toEqual({
      endpoint: shown.id,
      url: URL,
      description: 'alerts',
      events: ['key_created', 'ip_locked'],
    });
    expect(trail[3]?.after).toEqual({ endpoint: shown.id, grace_ends_at: rotated.body.grace_period_ends_at });
    const all = JSON.stringify([trail, gateway.logs, await rows('SELECT * FROM webhook_secrets')]);
    expect([all.includes(secret), all.includes(rotated.body.secret), all.includes('whsec_')]).toEqual(
      Array(3).fill(false),
    );
  });

  it('that is active already is not begun with anew by saying so', async () => {
    const { id } = await made({ events: ['ip_locked'] });
    await gateway.admin('POST', `/webhooks/${id}/test`, {});
    const far = Date.now() + 900_000;
    const waits = `endpoint_id = '${id}' AND next_attempt_at_ms = ${far}`;
    await gateway.db
      .prepare(`UPDATE deliveries SET status = 'pending', leased = 0, next_attempt_at_ms = ? WHERE endpoint_id = ?`)
      .bind(far, id)
      .run();
    await gateway.db
      .prepare('UPDATE webhook_endpoints SET failures = 0, failing_since_at_ms = NULL, resumes_at_ms = 0 WHERE id = ?')
      .bind(id)
      .run();
    expect((await gateway.admin('PATCH', `/webhooks/${id}`, { status: 'active', url: URL })).status).toBe(200);
    expect(await rows(`SELECT count(*) AS n FROM deliveries WHERE ${waits}`)).toEqual([{ n: 1 }]);
    expect((await gateway.admin('PATCH', `/webhooks/${id}`, { url: `${URL}/2` })).status).toBe(200);
    expect(await rows(`SELECT count(*) AS n FROM deliveries WHERE ${waits}`)).toEqual([{ n: 0 }]);
    await removed(id);
  });

  it('is one of as many as the policy says', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => gateway.admin('POST', '/webhooks', { url: URL })));
    expect(all.map(({ status }) => status).sort()).toEqual([201, 201, 201, 409, 409, 409, 409, 409]);
    const { body } = await gateway.admin('POST', '/webhooks', { url: URL });
    expect(body.detail).toBe('there are 3 webhook endpoints of at most 3: delete one that is not used');
    for (const { body: each, status } of all) if (status === 201) await removed(each.id);
  });

  it('is not made, changed or tested by who may only read', async () => {
    const { id } = await made();
    for (const [method, path] of [
      ['POST', ''],
      ['PATCH', `/${id}`],
      ['DELETE', `/${id}`],
      ['POST', `/${id}/rotate-secret`],
      ['POST', `/${id}/test`],
    ] as const) {
      const reply = await gateway.admin(method, `/webhooks${path}`, method === 'DELETE' ? undefined : {}, {
        token: READ,
      });
      expect([method, path, reply.status]).toEqual([method, path, 403]);
    }
    expect((await gateway.admin('GET', `/webhooks/${id}`, undefined, { token: READ })).status).toBe(200);
    await removed(id);
  });
});

describe('what is sent is refused with the field and what to do', () => {
  const DEEP = JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`);
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['nothing', {}, /^url: /],
    ['a list', [], /^body: /],
    ['no URL', { url: null }, /^url: /],
    ['a number', { url: 7 }, /^url: /],
    ['an object as URL', { url: { href: URL } }, /^url: /],
    ['an empty URL', { url: ' ' }, /^url: expected some text/],
    ['a huge URL', { url: `${URL}/${'x'.repeat(50_000)}` }, /^url: expected at most 2000 characters/],
    ['a URL that is a little too long', { url: URL.padEnd(LONGEST_URL + 1, 'x') }, /^url: expected at most 2000/],
    ['no URL at all', { url: 'hooks' }, /^url: expected a URL like/],
    ['another scheme', { url: 'ftp://hooks.example.com/' }, /^url: expected https/],
    ['a script', { url: 'javascript:alert(1)' }, /^url: expected https/],
    ['a user', { url: 'http://me:secret@127.0.0.1/' }, /^url: expected no user name/],
    ['control characters', { url: `${URL}\u0000` }, /^url: expected no control characters/],
    ['half a character', { url: `${URL}/\ud800` }, /^url: expected well-formed Unicode/],
    ['a long description', { url: URL, description: 'x'.repeat(201) }, /^description: expected at most 200/],
    ['an unknown field', { url: URL, secret: 'whsec_x' }, /^secret: unknown field/],
    ['an account', { url: URL, account: 'acc_1' }, /^account: unknown field/],
    ['no events', { url: URL, events: [] }, /^events: expected at least one type of events, or null for all/],
    ['one event as text', { url: URL, events: 'key_created' }, /^events: /],
    [
      'an event that is none',
      { url: URL, events: ['key_made'] },
      /^events\.0: expected one of key_created, .*cron_late$/,
    ],
    ['a test', { url: URL, events: ['test'] }, /^events\.0: expected one of (?!.*\btest\b)/],
    ['very many events', { url: URL, events: Array(3_000).fill('key_created') }, /^events: expected at most 100/],
    ['deep events', { url: URL, events: DEEP }, /^events: |^events\.0: /],
  ];

  it.each(cases)('%s', async (_, body, problem) => {
    const { id } = await made();
    for (const [method, path] of [
      ['POST', '/webhooks'],
      ['PATCH', `/webhooks/${id}`],
    ] as const) {
      // A change may name nothing.
      if (method === 'PATCH' && JSON.stringify(body) === '{}') continue;
      const reply = await gateway.admin(method, path, body);
      expect([method, reply.status, reply.body?.code]).toEqual([method, 400, 'request_invalid']);
      expect(reply.body.detail).toMatch(problem);
      expect(reply.body.detail).not.toMatch(/secret@|whsec_|xxxx/);
    }
    expect(await rows('SELECT url, status FROM webhook_endpoints')).toEqual([{ url: URL, status: 'active' }]);
    await removed(id);
  });

  it('a status that is none, a grace that is too long, and queries', async () => {
    const { id } = await made();
    const detail = async (method: string, path: string, body?: unknown) => {
      const reply = await gateway.admin(method, `/webhooks/${id}${path}`, body);
      return [reply.status, reply.body?.detail];
    };
    expect(await detail('PATCH', '', { status: 'paused' })).toEqual([400, 'status: expected "active" or "disabled"']);
    const rotate = (grace: unknown) => detail('POST', '/rotate-secret', { grace_seconds: grace });
    expect(await rotate(3_601)).toEqual([400, 'grace_seconds: expected at most 3600']);
    expect(await rotate(-1)).toEqual([400, 'grace_seconds: expected 0 or more']);
    expect(await rotate('1h')).toEqual([400, 'grace_seconds: expected a whole number']);
    expect((await rotate(3_600))[0]).toBe(200);
    const list = (query: string) => detail('GET', `/deliveries?${query}`);
    expect(await list('status=lost')).toEqual([400, 'status: expected "pending", "delivered" or "failed"']);
    expect((await list('type=key_made'))[1]).toMatch(/^type: expected one of key_created, /);
    expect(await list('limit=0')).toEqual([400, 'limit: expected 1 to 200']);
    expect(await list('limit=201')).toEqual([400, 'limit: expected 1 to 200']);
    const cursor = [400, 'cursor: expected the next_cursor of this list'];
    for (const text of ['x', btoa('[1,"acc_1"]'), btoa('[1]'), btoa('{"a":1}'), 'e'.repeat(200)]) {
      expect(await list(`cursor=${encodeURIComponent(text)}`)).toEqual(cursor);
    }
    expect((await list(`cursor=${'e'.repeat(201)}`))[0]).toBe(400);
    expect((await list(`cursor=${btoa('[0,9007199254740991]')}`))[0]).toBe(200);
    expect((await list(`cursor=${btoa('[0,-1]')}`))[0]).toBe(200);
    await removed(id);
  });

  it.each([
    '1',
    'del_',
    'del_0',
    'del_01',
    'del_1.5',
    'del_-1',
    'del_9007199254740993',
    'del_1e3',
    "del_1'--",
    'evt_1',
  ])('a delivery that is called %s is not found', async (name) => {
    const { id } = await made();
    const path = `/webhooks/${id}/deliveries/${encodeURIComponent(name)}`;
    const replies = [await gateway.admin('GET', path), await gateway.admin('POST', `${path}/resend`, {})];
    expect(replies.map(({ status, body }) => [status, body.detail])).toEqual(
      Array(2).fill([404, 'there is no delivery with this id']),
    );
    await removed(id);
  });

  it.each(['whe_none', 'x'.repeat(3_000), "'; DROP TABLE webhook_endpoints; --", '%00', '"'])(
    'an endpoint that is called %s is not found',
    async (name) => {
      const path = `/webhooks/${encodeURIComponent(name)}`;
      const replies = [
        await gateway.admin('GET', path),
        await gateway.admin('PATCH', path, { url: URL }),
        await gateway.admin('DELETE', path),
        await gateway.admin('POST', `${path}/rotate-secret`, {}),
        await gateway.admin('POST', `${path}/test`, {}),
        await gateway.admin('GET', `${path}/deliveries`),
      ];
      expect(replies.map(({ status }) => status)).toEqual(Array(6).fill(404));
    },
  );
});

describe('the types of events', () => {
  const taken = (audience: 'account' | 'operator', type: string) =>
    newEndpoint(audience).safeParse({ url: URL, events: [type] }).success;

  it('of an account are those that it hears of, and of the operator all; a test is none of them', () => {
    for (const [type, audience] of Object.entries(EVENT_TYPES)) {
      expect([type, taken('account', type)]).toEqual([type, audience === 'account' && type !== 'test']);
      expect([type, taken('operator', type)]).toEqual([type, type !== 'test']);
    }
  });

  it('stand in one order, each once; null is all', () => {
    const events = (value: unknown) => newEndpoint('account').parse({ url: URL, events: value }).events;
    expect(events(['key_revoked', 'key_created', 'key_revoked'])).toEqual(['key_created', 'key_revoked']);
    expect([events(null), events(undefined)]).toEqual([null, undefined]);
  });

  it('that only the operator hears of are refused to an account, with those that there are', () => {
    const { error } = newEndpoint('account').safeParse({ url: URL, events: ['ip_locked'] });
    expect(error?.issues[0]?.message).toMatch(/^expected one of key_created, .*endpoint_disabled$/);
    expect(error?.issues[0]?.message).not.toMatch(/ip_locked|cron_late/);
  });
});

describe('without WEBHOOK_KEYS', () => {
  it('no endpoint is made and no secret rotated, which is told; all else goes on', async () => {
    const bare = await openGateway({ WEBHOOK_KEYS: undefined }, { webhooks: { allow_local: true } });
    try {
      await bare.db
        .prepare(
          `INSERT INTO webhook_endpoints (id, account_id, url, status, created_at_ms) VALUES ('whe_1', NULL, ?, 'active', 1)`,
        )
        .bind(URL)
        .run();
      for (const path of ['/webhooks', '/webhooks/whe_1/rotate-secret']) {
        const reply = await bare.admin('POST', path, path === '/webhooks' ? { url: URL } : {});
        expect([reply.status, reply.body.code, reply.headers.get('retry-after')]).toEqual([503, 'misconfigured', '60']);
        expect(reply.body.detail).toBe('webhooks are not set up here: the operator has to set WEBHOOK_KEYS');
      }
      const alerts = bare.logs.flatMap((text) => text.split('\n')).filter((line) => line.includes('"alert"'));
      expect(alerts[0]).toMatch(/"event":"misconfigured".*WEBHOOK_KEYS/);
      const counts = await bare.db.prepare('SELECT count(*) AS n FROM webhook_secrets').first('n');
      expect([counts, (await bare.admin('GET', '/webhooks')).body.webhooks.length]).toEqual([0, 1]);
      expect((await bare.admin('PATCH', '/webhooks/whe_1', { status: 'disabled' })).status).toBe(200);
      expect((await bare.admin('DELETE', '/webhooks/whe_1')).status).toBe(204);
    } finally {
      await bare.close();
    }
  });
});
