import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Keystile, orThrow } from '../../../src/client/client.ts';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { type Doh, startDoh } from '../../support/doh.ts';
import { LOCAL } from '../../support/endpoints.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { operate } from '../../support/members.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';
import { type Json, read } from '../../support/reply.ts';

/*
 * Webhook endpoints and deliveries as customers and the operator have them, over HTTP by the typed client, with a real
 * receiver behind.
 */

const HOOKS = '/api/v1/user/webhooks';
const HOOK = '/api/v1/user/webhooks/{id}';

let issuer: Issuer;
let doh: Doh;
let cluster: Cluster;
const receivers: Receiver[] = [];
let users = 0;

beforeAll(async () => {
  [issuer, doh] = await Promise.all([startIssuer(), startDoh()]);
  const caps = { creations_per_user_per_hour: null };
  const strict = { webhooks: { resolver: doh.url } };
  cluster = await startCluster({
    isolates: 5,
    policy: { session: issuer.policy, caps, webhooks: { ...LOCAL, retries: ['50ms'] } },
    policies: { 4: strict },
  });
});
afterAll(async () => {
  await Promise.all(receivers.map((receiver) => receiver.stop()));
  await cluster?.stop();
  await Promise.all([issuer?.close(), doh?.stop()]);
});

/** Somebody who administers an account of their own. */
async function boss() {
  users += 1;
  const token = await issuer.token({ user: `boss_${users}`, email: `boss${users}@example.com` });
  const client = cluster.client(token);
  const { id: account } = await orThrow(client.GET('/api/v1/user/account'));
  return { token, client, account };
}

async function receiver(): Promise<Receiver> {
  const started = await startReceiver();
  receivers.push(started);
  return started;
}

const create = (client: Keystile, body: { url: string; events?: never[] | Json; description?: string }) =>
  orThrow(client.POST(HOOKS, { body }));
const of = (id: string) => ({ params: { path: { id } } });
const ofDelivery = (id: string, delivery: string) => ({ params: { path: { id, delivery } } });
const NOBODY = 'http://127.0.0.1:9/hooks';

/** Sends what no typed client would. */
const send = (
  token: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
  isolate = 0,
) =>
  read(
    cluster.send(
      path,
      {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      },
      isolate,
    ),
  );

/** Waits until a delivery is as wanted. */
async function delivered(client: Keystile, webhook: string, delivery: string, wanted: (found: Json) => boolean) {
  for (const untilMs = Date.now() + 60_000; ; ) {
    const found = await orThrow(
      client.GET('/api/v1/user/webhooks/{id}/deliveries/{delivery}', ofDelivery(webhook, delivery)),
    );
    if (wanted(found)) return found;
    if (Date.now() > untilMs) throw new Error(`waited in vain: ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('an endpoint', () => {
  it('is made with a secret that is shown once, listed, changed and deleted', async () => {
    const { client, account, token } = await boss();
    const made = await create(client, {
      url: NOBODY,
      description: 'billing',
      events: ['key_revoked', 'key_created', 'key_revoked'],
    });
    const { secret, ...shown } = made;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(shown).toEqual({
      id: expect.stringMatching(/^whe_[0-9A-Za-z]{22}$/),
      account,
      url: NOBODY,
      description: 'billing',
      events: ['key_created', 'key_revoked'],
      status: 'active',
      disabled_by: null,
      created_at: expect.stringMatching(/Z$/),
      failures: 0,
      failing_since: null,
    });
    const other = await create(client, { url: `${NOBODY}/2` });
    const { webhooks } = await orThrow(client.GET(HOOKS));
    expect(webhooks.map(({ id }) => id).sort()).toEqual([shown.id, other.id].sort());
    expect(await orThrow(client.GET(HOOK, of(shown.id)))).toEqual(shown);
    const body = { description: null, events: null, status: 'disabled' as const };
    const changed = await orThrow(client.PATCH(HOOK, { ...of(shown.id), body }));
    expect(changed).toEqual({ ...shown, ...body, disabled_by: 'owner' });
    const again = await orThrow(client.PATCH(HOOK, { ...of(shown.id), body: { status: 'active' } }));
    expect(again).toMatchObject({ status: 'active', disabled_by: null });
    expect((await client.DELETE(HOOK, of(shown.id))).response.status).toBe(204);
    expect((await client.DELETE(HOOK, of(shown.id))).response.status).toBe(404);
    const texts = await Promise.all(
      [HOOKS, `${HOOKS}/${other.id}`, '/api/v1/user/audit'].map((path) => send(token, 'GET', path)),
    );
    const { entries } = texts[2]?.body ?? {};
    expect(entries.map(({ action }: Json) => action).filter((action: string) => action.startsWith('webhook.'))).toEqual(
      ['webhook.deleted', 'webhook.updated', 'webhook.updated', 'webhook.created', 'webhook.created'],
    );
    for (const { text } of texts) expect([text.includes(secret), text.includes(other.secret)]).toEqual([false, false]);
  });

  it('is one of at most 20 of an account, also of those that are asked for at once in several isolates', async () => {
    const { client, token, account } = await boss();
    const body = { url: NOBODY };
    const replies = await Promise.all(
      Array.from({ length: 26 }, (_, i) => send(token, 'POST', HOOKS, body, {}, i % 4)),
    );
    const made = replies.filter(({ status }) => status === 201);
    expect(made.length).toBe(20);
    for (const { status, body: refused } of replies.filter((each) => each.status !== 201)) {
      expect([status, refused.code, refused.detail]).toEqual([
        409,
        'conflict',
        'there are 20 webhook endpoints of at most 20: delete one that is not used',
      ]);
    }
    expect((await orThrow(client.GET(HOOKS))).webhooks.length).toBe(20);
    await client.DELETE(HOOK, of(made[0]?.body.id));
    expect((await send(token, 'POST', HOOKS, body)).status).toBe(201);
    expect((await send(token, 'POST', HOOKS, body)).status).toBe(409);
    const db = await cluster.database();
    const count = (sql: string) => db.prepare(sql).bind(account).first<number>('n');
    expect(await count(`SELECT count(*) AS n FROM audit WHERE action = 'webhook.created' AND account_id = ?`)).toBe(21);
    // Another account, and the operator, have their own.
    await create((await boss()).client, body);
    await orThrow(cluster.operator().POST('/admin/v1/webhooks', { body }));
  });

  it('of another account, and of the operator, is never found', async () => {
    const [one, other] = await Promise.all([boss(), boss()]);
    const theirs = await create(other.client, { url: NOBODY });
    const operators = await orThrow(cluster.operator().POST('/admin/v1/webhooks', { body: { url: NOBODY } }));
    const own = await create(one.client, { url: NOBODY });
    const test = await orThrow(other.client.POST('/api/v1/user/webhooks/{id}/test', of(theirs.id)));
    const ofOperator = await operate(cluster, 'POST', `/webhooks/${operators.id}/test`, {});
    const calls = (id: string, delivery: string): (readonly [string, string, object?])[] => [
      ['GET', `/${id}`],
      ['PATCH', `/${id}`, { url: 'http://127.0.0.1:9/evil' }],
      ['PATCH', `/${id}`, { status: 'disabled' }],
      ['PATCH', `/${id}`, {}],
      ['DELETE', `/${id}`],
      ['POST', `/${id}/rotate-secret`, {}],
      ['POST', `/${id}/test`, {}],
      ['GET', `/${id}/deliveries`],
      ['GET', `/${id}/deliveries/${delivery}`],
      ['POST', `/${id}/deliveries/${delivery}/resend`, {}],
      // Their delivery as if it were of one's own endpoint.
      ['GET', `/${own.id}/deliveries/${delivery}`],
      ['POST', `/${own.id}/deliveries/${delivery}/resend`, {}],
    ];
    for (const [id, delivery] of [
      [theirs.id, test.id],
      [operators.id, ofOperator.body.id],
    ] as const) {
      for (const [method, path, body] of calls(id, delivery)) {
        const { status, body: refused } = await send(one.token, method, HOOKS + path, body);
        expect([method, path, status, refused.code]).toEqual([method, path, 404, 'not_found']);
      }
    }
    for (const [method, path, body] of calls(theirs.id, test.id).slice(0, 10)) {
      const { status, body: refused } = await operate(cluster, method, `/webhooks${path}`, body);
      expect([method, path, status, refused.code]).toEqual([method, path, 404, 'not_found']);
    }
    expect(await orThrow(other.client.GET(HOOK, of(theirs.id)))).toMatchObject({ url: NOBODY, status: 'active' });
    expect((await orThrow(one.client.GET(HOOKS))).webhooks.map(({ id }) => id)).toEqual([own.id]);
    const { webhooks } = (await operate(cluster, 'GET', '/webhooks')).body;
    expect(webhooks.every(({ account }: Json) => account === null)).toBe(true);
  });
});

describe('a secret', () => {
  it('comes again with the same Idempotency-Key, and nothing is made twice', async () => {
    const { client, token } = await boss();
    const key = { 'idempotency-key': 'one' };
    const first = await send(token, 'POST', HOOKS, { url: NOBODY }, key);
    const again = await send(token, 'POST', HOOKS, { url: NOBODY }, key, 1);
    expect([first.status, again.status, again.body]).toEqual([201, 201, first.body]);
    expect((await orThrow(client.GET(HOOKS))).webhooks.length).toBe(1);
    expect((await send(token, 'POST', HOOKS, { url: `${NOBODY}/other` }, key)).body.code).toBe('idempotency_conflict');

    const path = `${HOOKS}/${first.body.id}/rotate-secret`;
    const rotated = await send(token, 'POST', path, {}, { 'idempotency-key': 'two' });
    const repeated = await send(token, 'POST', path, {}, { 'idempotency-key': 'two' }, 1);
    expect([rotated.status, repeated.body]).toEqual([200, rotated.body]);
    expect(rotated.body.secret).not.toBe(first.body.secret);
    const { results } = await (await cluster.database())
      .prepare('SELECT * FROM webhook_secrets WHERE endpoint_id = ?')
      .bind(first.body.id)
      .all();
    expect(results.length).toBe(2);
    // Of one that is no more, the answer has none.
    await orThrow(
      client.POST('/api/v1/user/webhooks/{id}/rotate-secret', { ...of(first.body.id), body: { grace_seconds: 0 } }),
    );
    expect((await send(token, 'POST', path, {}, { 'idempotency-key': 'two' })).body).toEqual({
      ...rotated.body,
      secret: null,
    });
    const db = await cluster.database();
    const kept = JSON.stringify((await db.prepare('SELECT * FROM idempotency').all()).results);
    expect([kept.includes(first.body.secret), kept.includes('whsec_')]).toEqual([false, false]);
  });

  it('is replaced, and the one before goes on for as long as was said', async () => {
    const { client } = await boss();
    const hook = await receiver();
    const made = await create(client, { url: hook.url });
    const rotate = (grace?: number) =>
      orThrow(
        client.POST('/api/v1/user/webhooks/{id}/rotate-secret', {
          ...of(made.id),
          body: grace === undefined ? {} : { grace_seconds: grace },
        }),
      );
    const send = async () => {
      const before = hook.arrivals.length;
      await orThrow(client.POST('/api/v1/user/webhooks/{id}/test', of(made.id)));
      await hook.until((arrivals) => arrivals.length > before);
      return hook.arrivals.at(-1)?.headers['webhook-signature']?.toString().split(' ').length;
    };
    const second = await rotate(3_600);
    hook.secrets.push(made.secret);
    expect([await send(), hook.arrivals.at(-1)?.verified]).toEqual([2, true]);
    hook.secrets.splice(0, 1, second.secret);
    expect([await send(), hook.arrivals.at(-1)?.verified]).toEqual([2, true]);
    const third = await rotate(0);
    expect([await send(), hook.arrivals.at(-1)?.verified]).toEqual([1, false]);
    hook.secrets.splice(0, 1, third.secret);
    expect([await send(), hook.arrivals.at(-1)?.verified]).toEqual([1, true]);
    const ends = Date.parse(second.grace_period_ends_at) - Date.now();
    expect(Math.abs(ends - 3_600_000)).toBeLessThan(600_000);
    const refused = await client.POST('/api/v1/user/webhooks/{id}/rotate-secret', {
      ...of(made.id),
      body: { grace_seconds: 86_401 },
    });
    expect([refused.response.status, refused.error?.detail]).toEqual([400, 'grace_seconds: expected at most 86400']);
  });
});

describe('a delivery', () => {
  it('is listed, shown as it was sent and answered, and sent again', async () => {
    const { client, token } = await boss();
    const hook = await receiver();
    const made = await create(client, { url: `${hook.url}in?team=1` });
    hook.secrets.push(made.secret);
    hook.answer = () => ({ status: 418, headers: { 'x-said': 'no' }, body: 'b'.repeat(10_000) });
    const test = await orThrow(client.POST('/api/v1/user/webhooks/{id}/test', of(made.id)));
    expect(test).toMatchObject({ webhook: made.id, type: 'test', key: null, status: 'pending', attempts: 0 });
    const failed = await delivered(client, made.id, test.id, ({ status }) => status === 'failed');
    expect(failed).toMatchObject({ id: test.id, attempts: 2, next_attempt_at: null });
    expect(failed.log.map(({ number, status }: Json) => [number, status])).toEqual([
      [1, 418],
      [2, 418],
    ]);
    const [first] = failed.log;
    expect(first?.request).toMatchObject({ url: `${hook.url}in?team=1`, body: hook.arrivals[0]?.body });
    expect(first?.request.headers['webhook-signature']).toBe(hook.arrivals[0]?.headers['webhook-signature']);
    expect(first?.response?.headers['x-said']).toBe('no');
    expect(first?.response?.body.length).toBeLessThanOrEqual(4_200);
    expect(JSON.parse(first?.request.body ?? '')).toMatchObject({
      id: test.event,
      type: 'test',
      data: { endpoint: made.id },
    });

    const otherwise = `${HOOKS}/${made.id}/deliveries/${test.id.replace('del_', 'del_0')}`;
    expect((await send(token, 'GET', otherwise)).status).toBe(404);

    hook.answer = () => 204;
    const resend = () =>
      client.POST('/api/v1/user/webhooks/{id}/deliveries/{delivery}/resend', ofDelivery(made.id, test.id));
    for (const attempts of [3, 4]) {
      const { data, response } = await resend();
      expect([response.status, data?.id, data?.status, data?.ended_at]).toEqual([200, test.id, 'pending', null]);
      const arrived = await delivered(client, made.id, test.id, ({ status }) => status === 'delivered');
      expect([arrived.attempts, arrived.log.length]).toEqual([attempts, attempts]);
    }
    expect(new Set(hook.arrivals.map(({ id, body }) => id + body)).size).toBe(1);

    const key = await orThrow(client.POST('/api/v1/user/api-keys', { body: { environment: 'live', label: 'ci' } }));
    await hook.until((arrivals) => arrivals.some(({ type }) => type === 'key_created'));
    const list = (query: object) =>
      send(token, 'GET', `${HOOKS}/${made.id}/deliveries?${new URLSearchParams({ ...query })}`);
    const types = async (query: object) => (await list(query)).body.deliveries.map(({ type }: Json) => type);
    expect(await types({})).toEqual(['key_created', 'test']);
    expect(await types({ type: 'test', status: 'delivered' })).toEqual(['test']);
    expect(await types({ status: 'failed' })).toEqual([]);
    const page = (await list({ limit: 1 })).body;
    expect(page.deliveries[0]).toMatchObject({ type: 'key_created', key: key.id });
    expect(await types({ limit: 1, cursor: page.next_cursor })).toEqual(['test']);
  });

  it('is neither sent again nor made while it is pending, or its endpoint disabled', async () => {
    const { client } = await boss();
    const hook = await receiver();
    const made = await create(client, { url: hook.url });
    hook.answer = () => 'cut';
    const test = await orThrow(client.POST('/api/v1/user/webhooks/{id}/test', of(made.id)));
    await delivered(client, made.id, test.id, ({ status }) => status === 'failed');
    await orThrow(client.PATCH(HOOK, { ...of(made.id), body: { status: 'disabled' } }));
    const resend = () =>
      client.POST('/api/v1/user/webhooks/{id}/deliveries/{delivery}/resend', ofDelivery(made.id, test.id));
    const tried = [await resend(), await client.POST('/api/v1/user/webhooks/{id}/test', of(made.id))];
    for (const { response, error } of tried) {
      expect([response.status, error?.code, error?.detail]).toEqual([
        409,
        'conflict',
        'the webhook endpoint is disabled: activate it first',
      ]);
    }
    const db = await cluster.database();
    await db
      .prepare(`UPDATE webhook_endpoints SET status = 'active', resumes_at_ms = 8e15 WHERE id = ?`)
      .bind(made.id)
      .run();
    expect((await resend()).response.status).toBe(200);
    const { response, error } = await resend();
    expect([response.status, error?.code]).toEqual([409, 'conflict']);
  });

  it('that has waited goes out when its endpoint is activated', async () => {
    const { client } = await boss();
    const hook = await receiver();
    const made = await create(client, { url: hook.url });
    const db = await cluster.database();
    await db.prepare('UPDATE webhook_endpoints SET resumes_at_ms = 8e15 WHERE id = ?').bind(made.id).run();
    // The one that asks for the test wakes nobody.
    await cluster.steer(0, 'queue', { hangs: 1 });
    await orThrow(client.POST('/api/v1/user/webhooks/{id}/test', of(made.id)));
    await cluster.steer(0, 'queue', { hangs: 0 });
    await orThrow(client.PATCH(HOOK, { ...of(made.id), body: { status: 'active' } }));
    await hook.until((arrivals) => arrivals.length === 1);
  });

  it('that is pending goes with its endpoint', async () => {
    const { client } = await boss();
    const made = await create(client, { url: NOBODY });
    await (await cluster.database())
      .prepare('UPDATE webhook_endpoints SET resumes_at_ms = 8e15 WHERE id = ?')
      .bind(made.id)
      .run();
    await orThrow(client.POST('/api/v1/user/webhooks/{id}/test', of(made.id)));
    await client.DELETE(HOOK, of(made.id));
    const db = await cluster.database();
    const left = await db
      .prepare('SELECT count(*) AS n FROM deliveries WHERE endpoint_id = ?')
      .bind(made.id)
      .first('n');
    expect(left).toBe(0);
  });
});

describe('an account', () => {
  it('is exported with its endpoints and what was sent to them, without secrets, and erased with them', async () => {
    const { client, account } = await boss();
    const hook = await receiver();
    const made = await create(client, { url: hook.url, description: 'of ada' });
    hook.secrets.push(made.secret);
    const operators = await receiver();
    await orThrow(
      cluster
        .operator()
        .POST('/admin/v1/webhooks', { body: { url: operators.url, events: ['key_created', 'key_revoked'] } }),
    );
    const { id: key } = await orThrow(
      client.POST('/api/v1/user/api-keys', { body: { environment: 'live', label: 'laptop of ada' } }),
    );
    const has = (type: string) => (arrivals: readonly { type: string | null; key: string | null }[]) =>
      arrivals.some((each) => each.type === type && each.key === key);
    await Promise.all([hook.until(has('key_created')), operators.until(has('key_created'))]);
    const { deliveries } = await orThrow(client.GET('/api/v1/user/webhooks/{id}/deliveries', of(made.id)));
    await delivered(client, made.id, deliveries[0]?.id ?? '', ({ status }) => status === 'delivered');
    const exported = (await operate(cluster, 'GET', `/accounts/${account}/export`)).text;
    const lines: Json[] = exported
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { secret, ...shown } = made;
    expect(lines.find(({ type }) => type === 'webhook')).toEqual({ type: 'webhook', ...shown });
    const [line, ...others] = lines.filter(({ type }) => type === 'delivery');
    expect([line.event_type, line.webhook, line.status, line.log.length, others]).toEqual([
      'key_created',
      made.id,
      'delivered',
      1,
      [],
    ]);
    expect([exported.includes(secret), lines.at(-1)]).toEqual([false, { type: 'end' }]);

    await operate(cluster, 'POST', `/accounts/${account}/close`, {});
    await Promise.all([hook.until(has('key_revoked')), operators.until(has('key_revoked'))]);
    expect((await operate(cluster, 'POST', `/accounts/${account}/erase`, {})).body).toMatchObject({ erased: true });
    const db = await cluster.database();
    const rows = async (sql: string) => JSON.stringify((await db.prepare(sql).all()).results);
    expect(await rows('SELECT * FROM webhook_endpoints')).not.toMatch(new RegExp(`${account}|of ada`));
    expect(await rows('SELECT * FROM events')).not.toContain('laptop of ada');
    expect((await rows('SELECT * FROM delivery_attempts')).includes('laptop of ada')).toBe(false);
    expect(await rows(`SELECT * FROM audit WHERE account_id = '${account}'`)).not.toMatch(/of ada|127\.0\.0\.1/);
  });

  it('that is suspended keeps its endpoints, and its members change none', async () => {
    const { client, account } = await boss();
    const made = await create(client, { url: NOBODY });
    await operate(cluster, 'POST', `/accounts/${account}/suspend`, {});
    expect((await orThrow(client.GET(HOOKS))).webhooks.length).toBe(1);
    const { response, error } = await client.DELETE(HOOK, of(made.id));
    expect([response.status, error?.code]).toEqual([403, 'account_suspended']);
  });
});

describe('where events may be sent', () => {
  it('is what the policy and DNS say, at creation and at each change', async () => {
    const { token } = await boss();
    doh.names.set('hooks.example.com', { A: ['93.184.215.14'] });
    doh.names.set('inside.example.com', { A: ['10.0.0.7'] });
    const post = (url: string) => send(token, 'POST', HOOKS, { url }, {}, 4);
    const made = await post('https://hooks.example.com/in');
    expect([made.status, made.body.url]).toEqual([201, 'https://hooks.example.com/in']);
    const refused: (readonly [string, RegExp])[] = [
      ['http://hooks.example.com/', /^url: expected https/],
      ['https://10.0.0.7/', /^url: expected a public address/],
      ['https://localhost/', /^url: expected the full name of a public host/],
      ['https://inside.example.com/', /^url: its host has an address that is not public/],
      ['https://nowhere.example.com/', /^url: its host has no address in DNS/],
      ['https://user:pass@hooks.example.com/', /^url: expected no user name/],
    ];
    for (const [url, problem] of refused) {
      for (const reply of [await post(url), await send(token, 'PATCH', `${HOOKS}/${made.body.id}`, { url }, {}, 4)]) {
        expect([url, reply.status, reply.body.code]).toEqual([url, 400, 'request_invalid']);
        expect(reply.body.detail).toMatch(problem);
      }
    }
    const { webhooks } = (await send(token, 'GET', HOOKS)).body;
    expect(webhooks.map(({ url }: Json) => url)).toEqual(['https://hooks.example.com/in']);
  });
});

describe('a call', () => {
  it('asks the registry a few times only, whatever there is', async () => {
    const { client, token } = await boss();
    for (let i = 0; i < 5; i++) await create(client, { url: NOBODY });
    const asked = async (method: string, path: string, body?: object) => {
      await cluster.calls(3);
      expect((await send(token, method, path, body, {}, 3)).status).toBeLessThan(300);
      const { d1 = 0 } = await cluster.calls(3);
      return d1;
    };
    // The guard of sessions asks once.
    await asked('GET', HOOKS);
    expect(await asked('GET', HOOKS)).toBe(2);
    expect(await asked('POST', HOOKS, { url: NOBODY })).toBe(2);
  });
});
