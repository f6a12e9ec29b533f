import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { WebhookEvent } from '../../../src/client/client.ts';
import { EVENTS } from '../../../src/events/schemas.ts';
import { EVENT_TYPES, type EventType } from '../../../src/events/types.ts';
import { grantCredits } from '../../support/books.ts';
import { type Cluster, type IssuedKey, startCluster } from '../../support/cluster.ts';
import { type Github, seen, startGithub } from '../../support/github.ts';
import { fatesOf, importInto } from '../../support/imports.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { unissuedKey } from '../../support/keys.ts';
import { freshAddress } from '../../support/matrix.ts';
import { keyOf, letIn, type Member, operate } from '../../support/members.ts';
import { deadUrl, startOrigin, type TestOrigin } from '../../support/origin.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';
import { read } from '../../support/reply.ts';

/*
 * What a gateway really sends: every type of events, made to happen and received by an account's endpoint and by the
 * operator's, is what its schema says and what has happened.
 */

const OWN = '/api/v1/keys/apikey';
const STRIKES = 3;
/** What a paid request costs, and an account has. */
const COST = 1_000;
const GRANTED = 3 * COST;
const HOUR_MS = 3_600_000;
const ROOT = join(import.meta.dirname, '../../..');

let issuer: Issuer;
let github: Github;
let origin: TestOrigin;
let cluster: Cluster;
let admin: Member;
/** The endpoint of the account, and that of the operator. */
let own: Receiver;
let ops: Receiver;
/** Such as refuse all that they are sent. */
let failing: Receiver;
let gone: Receiver;
/** The receiver of the page, with what it has printed. */
let shown: ChildProcess;
let printed = '';
let shownId: string;
const secrets: string[] = [];

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** Calls an operator's route, which must not refuse. */
async function call(method: string, path: string, body?: unknown): Promise<Record<string, never>> {
  const { status, text, body: answer } = await operate(cluster, method, path, body);
  expect([status, status < 300 ? '' : text]).toEqual([expect.any(Number), '']);
  return answer;
}

async function issue(fields = {}): Promise<IssuedKey> {
  const key = await keyOf(admin, fields);
  secrets.push(key.key);
  return key;
}

/** What has arrived of a key, or else of a type, by now. */
function arrived<Type extends EventType>(receiver: Receiver, type: Type, key?: string): WebhookEvent<Type>[] {
  return receiver.arrivals
    .filter((each) => each.type === type && (key === undefined || each.key === key))
    .map(({ body }) => JSON.parse(body));
}

/** The first event of a type, of a key where one is given, as the account's endpoint and the operator's both get it. */
async function told<Type extends EventType>(type: Type, key?: string): Promise<WebhookEvent<Type>['data']> {
  const receivers = EVENT_TYPES[type] === 'account' ? [own, ops] : [ops];
  await Promise.all(receivers.map((each) => each.until(() => arrived(each, type, key).length > 0)));
  const [first, second = first] = receivers.map((each) => arrived(each, type, key)[0]);
  expect(second).toEqual(first);
  return (first as WebhookEvent<Type>).data;
}

const keyFacts = ({ id, prefix }: IssuedKey, label: string | null = null) => ({
  id,
  prefix,
  label,
  environment: 'live',
});
const ofKey = (key: IssuedKey, label: string | null = null) => ({ account: admin.account, key: keyFacts(key, label) });
const byAdmin = () => ({ actor: `member:${admin.id}` });
const BY_OPERATOR = { actor: 'admin:root' };

/** Makes an endpoint of the account, and returns its id. */
async function endpoint(url: string, events?: EventType[]): Promise<{ id: string; secret: string }> {
  const { status, body } = await admin.ask('POST', '/webhooks', { url, ...(events && { events }) });
  expect(status).toBe(201);
  secrets.push(body.secret);
  return body;
}

/** Runs the receiver that docs/webhooks.md shows, as it stands there. */
async function startShown(): Promise<void> {
  const page = readFileSync(join(ROOT, 'docs/webhooks.md'), 'utf8');
  const [, code = ''] = /<!-- receiver -->\n```js\n([\s\S]*?)```/.exec(page) ?? [];
  const url = await deadUrl();
  const { id, secret } = await endpoint(url);
  shownId = id;
  const env = { ...process.env, WEBHOOK_SECRET: secret, PORT: new URL(url).port };
  shown = spawn(process.execPath, ['--input-type=module', '--eval', code], { cwd: ROOT, env });
  shown.stdout?.on('data', (text) => (printed += text));
  // Whoever does not sign is refused.
  const forged = { method: 'POST', body: JSON.stringify(EVENTS.key_revoked.example) };
  await vi.waitFor(async () => expect((await fetch(url, forged)).status).toBe(400), { timeout: 30_000 });
}

beforeAll(async () => {
  [issuer, github, origin] = await Promise.all([startIssuer(), startGithub(), startOrigin()]);
  [own, ops, failing, gone] = await Promise.all([startReceiver(), startReceiver(), startReceiver(), startReceiver()]);
  failing.answer = () => 500;
  gone.answer = () => 410;
  const lockout = { strikes: STRIKES, window: '5m', lock: '15m' };
  const format = { name: 'old', prefix: 'old_', charset: 'hex', min_length: 32, max_length: 32, environment: 'live' };
  const origins = [{ url: origin.url }];
  const policy = {
    session: issuer.policy,
    leaks: { github: { keys_url: github.keysUrl } },
    legacy: { formats: [format] },
    caps: { creations_per_user_per_hour: null, active_keys_per_user: null, active_keys_per_account: null },
    lockouts: { address: lockout, secret: lockout },
    upstreams: [
      { name: 'paid', path: '/paid/**', origins, cost: { from: 'fixed', micro: COST } },
      { name: 'dead', path: '/dead/**', origins: [{ url: await deadUrl() }] },
      { name: 'free', origins },
    ],
    warnings: { expiry: ['1h'], credits_micro: GRANTED - COST },
    webhooks: { allow_local: true, retries: ['50ms'] },
  };
  cluster = await startCluster({ policy, origin });
  admin = await letIn(cluster, issuer, await cluster.account(), 'account_admin', 'ada');
  own.secrets.push((await endpoint(own.url)).secret);
  const { secret } = await call('POST', '/webhooks', { url: ops.url });
  ops.secrets.push(String(secret));
  secrets.push(...own.secrets, ...ops.secrets);
  await startShown();
});
afterAll(async () => {
  shown?.kill();
  await cluster?.stop();
  await Promise.all([own, ops, failing, gone].map((receiver) => receiver?.stop()));
  await Promise.all([issuer?.close(), github?.close(), origin?.stop()]);
});

describe.concurrent('what members, operators and keys do', () => {
  it('makes key_created, key_updated, key_deactivated and key_activated', async () => {
    const terms = { label: 'one', role: 'developer', category: 'ci', expires_at: '2040-01-01T00:00:00.000Z' };
    const key = await issue({ ...terms, addresses: ['192.0.2.0/24'], metadata: { team: 'search' } });
    const made = { role: 'developer', category: 'ci', expires_at: terms.expires_at, status: 'active' };
    expect(await told('key_created', key.id)).toEqual({
      ...ofKey(key, 'one'),
      ...byAdmin(),
      ...made,
      origin: 'created',
      creator: admin.id,
    });
    const change = { label: 'two', quotas: { total: 5 }, credit_quotas: { daily: 7 }, addresses: null };
    await call('PATCH', `/keys/${key.id}`, change);
    expect(await told('key_updated', key.id)).toEqual({
      ...ofKey(key, 'two'),
      ...BY_OPERATOR,
      before: { label: 'one', quotas: {}, credit_quotas: {}, addresses: ['192.0.2.0/24'] },
      after: change,
    });
    expect((await admin.ask('POST', `/api-keys/${key.id}/deactivate`)).status).toBe(200);
    expect(await told('key_deactivated', key.id)).toEqual({ ...ofKey(key, 'two'), ...byAdmin(), cause: 'member' });
    await call('POST', `/keys/${key.id}/activate`);
    expect(await told('key_activated', key.id)).toEqual({ ...ofKey(key, 'two'), ...BY_OPERATOR });
    await call('PATCH', `/keys/${key.id}`, { rate_limit_per_minute: 9 });
    await own.until(() => arrived(own, 'key_updated', key.id).length === 2);
    expect(arrived(own, 'key_updated', key.id)[1]?.data).toMatchObject({
      before: { rate_limit_per_minute: null },
      after: { rate_limit_per_minute: 9 },
    });
    const sequences = own.arrivals.filter((each) => each.key === key.id).map(({ sequence }) => sequence);
    expect(sequences).toEqual([1, 2, 3, 4, 5]);
  });

  it('makes key_rotated, with the prefix of the new secret and that of the old', async () => {
    const key = await issue();
    const { body } = await read(
      cluster.send(`${OWN}/rotate`, {
        method: 'POST',
        headers: { ...bearer(key.key), 'content-type': 'application/json' },
        body: '{"grace_seconds": 3600}',
      }),
    );
    secrets.push(body.new_api_key);
    const { account, key: facts, ...rest } = await told('key_rotated', key.id);
    const { old_key_prefix, grace_period_ends_at } = body;
    expect(rest).toEqual({ actor: `key:${key.id}`, old_key_prefix, grace_period_ends_at });
    expect([account, old_key_prefix]).toEqual([admin.account, key.prefix]);
    expect(facts.prefix).not.toBe(key.prefix);
    expect(body.new_api_key).toMatch(`${facts.prefix}`);
  });

  it('makes key_revoked, with who or what has ended the key', async () => {
    const ends: [string, (key: IssuedKey) => Promise<unknown>][] = [
      ['member', ({ id }) => admin.ask('DELETE', `/api-keys/${id}`)],
      ['operator', ({ id }) => call('POST', `/keys/${id}/revoke`)],
      ['key', ({ key }) => cluster.send(`${OWN}/revoke`, { method: 'POST', headers: bearer(key) })],
      ['leak', ({ key }) => github.report(cluster, [seen(key)])],
    ];
    for (const [cause, end] of ends) {
      const key = await issue();
      await end(key);
      expect(await told('key_revoked', key.id)).toMatchObject({ ...ofKey(key), cause });
    }
    const account = await cluster.account();
    const key = await cluster.issue(account);
    secrets.push(key.key);
    await call('POST', `/accounts/${account}/close`);
    await ops.until(() => arrived(ops, 'key_revoked', key.id).length > 0);
    const [{ data } = { data: null }] = arrived(ops, 'key_revoked', key.id);
    expect(data).toEqual({ account, key: keyFacts(key), ...BY_OPERATOR, cause: 'account_closed' });
    expect(own.arrivals.filter((each) => each.key === key.id)).toEqual([]);
  });

  it('makes key_leaked, with the place', async () => {
    const key = await issue();
    await github.report(cluster, [seen(key.key, { url: 'https://github.com/o/r/blob/main/a.py?token=x' })]);
    expect(await told('key_leaked', key.id)).toEqual({
      ...ofKey(key),
      prefix: key.prefix,
      reporter: 'github',
      outcome: 'revoke',
      url: 'https://github.com/o/r/blob/main/a.py',
      source: 'content',
      type: 'keystile_api_key',
    });
  });

  it('makes key_purged of one that was never used', async () => {
    const key = await issue();
    await call('DELETE', `/keys/${key.id}?purge=true`);
    expect(await told('key_purged', key.id)).toEqual({ ...ofKey(key), ...BY_OPERATOR, status: 'active' });
  });

  it('makes member_removed, and a key_revoked of each key that goes too', async () => {
    const member = await letIn(cluster, issuer, admin.account, 'developer', 'bob');
    const key = await keyOf(member);
    secrets.push(key.key);
    expect((await admin.ask('DELETE', `/members/${member.id}?revoke_keys=true`)).status).toBe(200);
    expect(await told('member_removed')).toEqual({
      account: admin.account,
      ...byAdmin(),
      member: member.id,
      role: 'developer',
      keys: 'revoked',
      key_count: 1,
    });
    expect(await told('key_revoked', key.id)).toEqual({ ...ofKey(key), ...byAdmin(), cause: 'member_removed' });
  });

  it('makes key_created of a key that is imported', async () => {
    const secret = `old_${'0123456789abcdef'.repeat(2)}`;
    secrets.push(secret);
    const line = { account: admin.account, key: secret, environment: 'live', label: 'moved' };
    expect(fatesOf(await importInto(cluster, [line]))).toEqual(['created']);
    await own.until(() => arrived(own, 'key_created').some(({ data }) => data.origin === 'imported'));
    const imported = arrived(own, 'key_created').find(({ data }) => data.origin === 'imported');
    expect(imported?.data).toMatchObject({ ...BY_OPERATOR, key: { label: 'moved' }, creator: null, status: 'active' });
  });
});

describe('what attackers do', () => {
  it('makes key_locked of a key whose dead secret is tried, and ip_locked of an address for the operator alone', async () => {
    const key = await issue();
    await call('POST', `/keys/${key.id}/revoke`);
    for (let n = 0; n < STRIKES; n++) await cluster.call(key.key, 0, freshAddress());
    const { locked_until, ...rest } = await told('key_locked', key.id);
    expect(rest).toEqual(ofKey(key));
    expect(Date.parse(locked_until)).toBeGreaterThan(Date.now());
    const address = freshAddress();
    for (let n = 0; n < STRIKES; n++) await cluster.call(unissuedKey(), 0, address);
    expect(await told('ip_locked')).toEqual({ account: null, address, locked_until: expect.any(String) });
  });
});

describe.concurrent('what requests do', () => {
  it('makes quota_warning and quota_reached, once each', async () => {
    const key = await issue({ quotas: { total: 5 } });
    for (let n = 0; n < 7; n++) await cluster.call(key.key);
    const quota = { quota: 'total', unit: 'requests', limit: 5, window_seconds: null };
    expect(await told('quota_reached', key.id)).toEqual({ ...ofKey(key), ...quota, used: 5, percent: 100 });
    expect(await told('quota_warning', key.id)).toMatchObject({ ...ofKey(key), ...quota });
    expect(arrived(own, 'quota_warning', key.id)).toHaveLength(1);
  });

  it('makes credits_low and credits_exhausted', async () => {
    await grantCredits(cluster, admin.account, GRANTED);
    const key = await issue();
    for (let n = 0; n < 6; n++) await cluster.call(key.key, 0, '192.0.2.1', '/paid/x');
    const low = await told('credits_low');
    expect(low).toMatchObject({ account: admin.account, threshold_micro: GRANTED - COST });
    expect(low.balance_micro).toBeLessThan(GRANTED - COST);
    expect(await told('credits_exhausted')).toEqual({ account: admin.account, balance_micro: expect.any(Number) });
  });

  it('makes key_old_secret_used of a secret in its grace', async () => {
    const key = await issue();
    secrets.push(String((await call('POST', `/keys/${key.id}/rotate`)).new_api_key));
    await cluster.call(key.key);
    const { key: facts, ...rest } = await told('key_old_secret_used', key.id);
    expect(rest).toEqual({ account: admin.account, hour: expect.stringMatching(/:00:00\.000Z$/) });
    expect(facts.id).toBe(key.id);
  });

  it('makes upstream_unhealthy of an origin that is away', async () => {
    const key = await issue();
    for (let n = 0; n < 6; n++) await cluster.call(key.key, 0, '192.0.2.1', '/dead/x');
    expect(await told('upstream_unhealthy')).toEqual({
      account: null,
      upstream: 'dead',
      origin: expect.stringMatching(/^http:/),
    });
  });
});

describe.concurrent('what becomes of endpoints', () => {
  it('makes test, for the endpoint that is tested alone', async () => {
    const { webhooks } = (await admin.ask('GET', '/webhooks')).body;
    const id = webhooks.find(({ url }: { url: string }) => url === own.url).id;
    await admin.ask('POST', `/webhooks/${id}/test`);
    await own.until(() => arrived(own, 'test').length > 0);
    const data = { account: admin.account, ...byAdmin(), endpoint: id };
    expect([arrived(own, 'test').map((each) => each.data), arrived(ops, 'test')]).toEqual([[data], []]);
  });

  it('makes endpoint_disabled where one is gone, without its URL', async () => {
    const { id } = await endpoint(`${gone.url}path?token=1`, ['key_activated']);
    await exercise();
    expect(await told('endpoint_disabled')).toEqual({
      account: admin.account,
      endpoint: id,
      host: new URL(gone.url).host,
      reason: 'gone',
      failing_since: expect.any(String),
    });
  });

  it('makes dead_letter where a delivery is given up', async () => {
    const { id } = await endpoint(failing.url, ['key_deactivated']);
    await exercise();
    expect(await told('dead_letter')).toEqual({
      account: admin.account,
      endpoint: id,
      cause: 'attempts',
      deliveries: 1,
    });
  });

  /** Switches a key off and on. */
  async function exercise() {
    const { id } = await issue();
    await call('POST', `/keys/${id}/deactivate`);
    await call('POST', `/keys/${id}/activate`);
  }
});

describe('the receiver of docs/webhooks.md', () => {
  it('has taken all that was sent to the account, in order, and each once where it is sent again', async () => {
    const sent = own.arrivals.filter(({ type }) => type !== 'test');
    const lines = sent.map(({ id, type, key, sequence }) =>
      key === null ? `${id} ${type}` : `${id} ${type} ${key} ${sequence} in order`,
    );
    expect(lines.length).toBeGreaterThan(20);
    const taken = () => printed.split('\n').filter((line) => /^evt/.test(line) && !line.endsWith(' test'));
    const all = [...new Set(lines)].sort();
    await vi.waitFor(() => expect(taken().sort()).toEqual(all), { timeout: 30_000 });
    const path = `/webhooks/${shownId}/deliveries`;
    const [{ id }] = (await admin.ask('GET', path)).body.deliveries;
    expect((await admin.ask('POST', `${path}/${id}/resend`)).status).toBe(200);
    const again = { status: 'delivered', attempts: 2 };
    await vi.waitFor(async () => expect((await admin.ask('GET', `${path}/${id}`)).body).toMatchObject(again), {
      timeout: 30_000,
    });
    expect(taken().sort()).toEqual(all);
  });
});

describe('what time brings, and what the operator must look at', () => {
  it('makes key_expiring, key_expired and key_grace_ended, and cron_late where the cron was', async () => {
    await cluster.schedule();
    const expires_at = new Date(Date.now() + 2 * HOUR_MS).toISOString();
    const key = await issue({ expires_at });
    const rotated = await issue();
    const { new_api_key, ...grace } = await call('POST', `/keys/${rotated.id}/rotate`, { grace_seconds: 3_600 });
    secrets.push(String(new_api_key));
    await pass(HOUR_MS + 60_000);
    expect(await told('key_expiring', key.id)).toEqual({ ...ofKey(key), expires_at, before_seconds: 3_600 });
    const { old_key_prefix, grace_period_ends_at } = grace;
    expect(await told('key_grace_ended', rotated.id)).toMatchObject({ old_key_prefix, grace_period_ends_at });
    expect(await told('cron_late')).toEqual({ account: null, seconds: expect.any(Number) });
    await pass(2 * HOUR_MS + 60_000);
    expect(await told('key_expired', key.id)).toEqual({ ...ofKey(key), expires_at });
  });

  it('makes outbox_stuck where a change cannot be brought into force', async () => {
    const key = await issue();
    await told('key_created', key.id);
    const waits = `INSERT INTO outbox (kind, account_id, key_id, generation, payload, created_at_ms, next_attempt_at_ms)
      VALUES ('key.updated', ?1, ?2, 9, '{}', ?3, ?3 + 864000000)`;
    await (await cluster.database()).prepare(waits).bind(admin.account, key.id, Date.now()).run();
    await cluster.schedule();
    const { seconds, ...rest } = await told('outbox_stuck');
    expect(rest).toEqual({ account: null, rows: 1 });
    expect(seconds).toBeGreaterThan(2 * 3_600);
  });

  it('makes gate_unavailable of what cannot be asked', async () => {
    // Its keys are read again after an hour, and that has passed.
    await github.close();
    github.rotate();
    expect((await github.report(cluster, [seen(unissuedKey())])).status).toBe(503);
    expect(await told('gate_unavailable')).toEqual({ account: null, cause: 'reporter_keys' });
  });

  /** Lets the clock be so far ahead once all that was sent has arrived, and the cron run. */
  async function pass(ms: number) {
    const pending = `SELECT count(*) AS n FROM deliveries WHERE status = 'pending' AND endpoint_id IN (
      SELECT id FROM webhook_endpoints WHERE url IN (?, ?))`;
    const left = (await cluster.database()).prepare(pending).bind(own.url, ops.url);
    await vi.waitFor(async () => expect(await left.first('n')).toBe(0), { timeout: 60_000 });
    for (const receiver of [own, ops]) receiver.movedMs = ms;
    await cluster.moveTime(ms);
    await cluster.schedule();
  }
});

describe('all that has arrived', () => {
  const all = () => [...own.arrivals, ...ops.arrivals];

  it('is of every type', () => {
    expect(Object.keys(EVENT_TYPES).filter((type) => !all().some((each) => each.type === type))).toEqual([]);
  });

  it('is signed, and what its schema says', () => {
    expect(all().length).toBeGreaterThan(40);
    for (const { verified, type, body, id, headers } of all()) {
      expect(verified).toBe(true);
      const payload = JSON.parse(body);
      expect(EVENTS[type as EventType].schema.strict().safeParse(payload).error, body).toBeUndefined();
      expect([payload.id, headers['content-type']]).toEqual([id, 'application/json']);
    }
  });

  it('is the same at both endpoints, and nothing at the account that is for the operator', () => {
    const bodies = new Map(ops.arrivals.map(({ id, body }) => [id, body]));
    const shared = own.arrivals.filter(({ type }) => type !== 'test');
    for (const { id, body } of shared) expect(body).toBe(bodies.get(id));
    expect(own.arrivals.filter(({ type }) => EVENT_TYPES[type as EventType] === 'operator')).toEqual([]);
  });

  it('has no secret', () => {
    const text = all()
      .map(({ body }) => body)
      .join('\n');
    expect(secrets.length).toBeGreaterThan(10);
    expect(secrets.filter((secret) => text.includes(secret.replace(/^whsec_/, '')))).toEqual([]);
  });
});
