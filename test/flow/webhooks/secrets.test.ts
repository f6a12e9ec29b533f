import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Cluster, type KeyFields, READ_TOKEN, startCluster } from '../../support/cluster.ts';
import { LOCAL } from '../../support/endpoints.ts';
import { type Github, seen, startGithub } from '../../support/github.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { unissuedKey } from '../../support/keys.ts';
import { operate } from '../../support/members.ts';
import { type Visitor, visit } from '../../support/people.ts';
import { type Arrival, type Receiver, startReceiver } from '../../support/receiver.ts';
import { type Reply, read } from '../../support/reply.ts';
import { contents, leaksIn } from '../../support/secrets.ts';

/*
 * Endpoints of an account and of the operator hear of whatever happens to keys. No secret is found in what they were
 * sent, in what the registry keeps of it, in what the queue has carried, in the logs, or in any answer but the one that
 * shows it: also where a receiver answers secrets itself.
 */

const random = () => randomBytes(32).toString('hex');
const PEPPER = random();
const [SEALING, OLD_SEALING] = [random(), random()];
const URL_PASSWORD = 'a-password-in-the-url-123456';

/** Of the kinds of events, those that this life brings forth. */
const TOLD = [
  ...['key_created', 'key_updated', 'key_deactivated', 'key_activated', 'key_rotated', 'key_revoked', 'key_purged'],
  ...['key_leaked', 'key_locked', 'ip_locked', 'member_removed', 'endpoint_disabled', 'test', 'dead_letter'],
  ...['key_old_secret_used', 'quota_warning', 'quota_reached'],
];

let cluster: Cluster;
let issuer: Issuer;
let github: Github;
let receiver: Receiver;
let stateDir: string;
let onDisk: Buffer;
/** The rows of each table. */
let rows: ReadonlyMap<string, string>;
let messages: readonly unknown[];
/** Every answer but those that show a new secret, as text. */
const answers: string[] = [];

const secrets = new Map<string, string>([
  ['admin token', ADMIN_TOKEN],
  ['read-only admin token', READ_TOKEN],
  ['pepper', PEPPER],
  ['key that seals', SEALING],
  ['older key that seals', OLD_SEALING],
  ['password in a URL', URL_PASSWORD],
  ['key that was never issued', unissuedKey()],
]);
/** The bytes behind those that are written as hex or base64. */
const bytes = new Map<string, Buffer>(
  ['pepper', 'key that seals', 'older key that seals'].map((what) => [
    what,
    Buffer.from(secrets.get(what) ?? '', 'hex'),
  ]),
);

function keep(what: string, secret: string): string {
  expect(secret, what).toMatch(/^.{20,}$/);
  secrets.set(what, secret);
  return secret;
}

/** Also the part behind `whsec_`, which alone is enough. */
function keepSigning(what: string, secret: string): void {
  const [, value = ''] = secret.split('_');
  receiver.secrets.push(secret);
  keep(what, secret);
  bytes.set(what, Buffer.from(keep(`${what}, its value`, value), 'base64'));
}

/** Answered with this status; the answer is kept, unless it shows a secret. */
async function expectStatus(status: number, reply: Reply | Promise<Reply>, shows = false): Promise<Reply> {
  const answer = await reply;
  expect([answer.status, answer.text]).toEqual([status, expect.any(String)]);
  if (!shows) answers.push(JSON.stringify([...answer.headers]), answer.text);
  return answer;
}

const admin = (status: number, method: string, path: string, body?: unknown) =>
  expectStatus(status, operate(cluster, method, path, body));
const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const call = (key: string, address = '192.0.2.1') => read(cluster.call(key, 1, address));

/** Makes an endpoint twice by one `Idempotency-Key`: both answers show the same secret. */
async function endpoint(
  what: string,
  path: string,
  make: (body: object, key: object) => Promise<Reply>,
  events: readonly string[] | null = null,
): Promise<string> {
  const headers = { 'idempotency-key': `the-endpoint-${path}` };
  const body = { url: receiver.url + path, description: what, events };
  const made = await expectStatus(201, make(body, { headers }), true);
  expect((await make(body, { headers })).body).toEqual(made.body);
  keepSigning(`secret of the endpoint ${what}`, made.body.secret);
  return made.body.id;
}

async function issue(what: string, account: string, fields: KeyFields = {}): Promise<{ id: string; key: string }> {
  const issued = await cluster.issue(account, { label: what, ...fields });
  keep(what, issued.key);
  return issued;
}

async function lives(
  account: string,
  boss: Visitor,
  leaver: { id: string; visitor: Visitor },
  own: string,
): Promise<void> {
  const first = await issue('key that is used', account);
  await expectStatus(200, call(first.key));
  await admin(200, 'PATCH', `/keys/${first.id}`, { label: 'another name', rate_limit_per_minute: 900 });
  await admin(200, 'POST', `/keys/${first.id}/deactivate`);
  await admin(200, 'POST', `/keys/${first.id}/activate`);
  const rotated = await expectStatus(200, boss.ask('POST', `/api-keys/${first.id}/rotate`, {}), true);
  keep('key after a rotation', rotated.body.new_api_key);
  const path = '/api/v1/keys/apikey/rotate';
  const again = await expectStatus(
    200,
    read(cluster.send(path, { method: 'POST', ...bearer(rotated.body.new_api_key) })),
    true,
  );
  keep('key that has rotated itself', again.body.new_api_key);
  await expectStatus(200, call(rotated.body.new_api_key));

  const used = await issue('key that is used up', account, { quotas: { total: 2 } });
  for (const status of [200, 200, 403]) await expectStatus(status, call(used.key));

  const leaked = await issue('key that is found in public', account);
  await expectStatus(200, github.report(cluster, [seen(leaked.key, { url: `https://github.com/o/${leaked.key}` })]));
  const purged = await issue('key that is deleted for good', account);
  await admin(204, 'DELETE', `/keys/${purged.id}?purge=true`);
  const ofLeaver = await expectStatus(201, leaver.visitor.ask('POST', '/api-keys', { environment: 'live' }), true);
  keep('key of a member who is removed', ofLeaver.body.key);
  await admin(200, 'DELETE', `/accounts/${account}/members/${leaver.id}?revoke_keys=true`);

  // A secret that is locked, and an address.
  const revoked = await issue('key that is revoked', account);
  await admin(204, 'POST', `/keys/${revoked.id}/revoke`);
  for (let i = 0; i < 4; i++) await call(revoked.key, `203.0.113.${i}`).then(({ text }) => answers.push(text));
  for (let i = 0; i < 4; i++) await call(secrets.get('key that was never issued') ?? '', '203.0.113.99');

  // What does not belong into an endpoint's URL.
  const url = `https://user:${URL_PASSWORD}@hooks.example.com/${first.key}`;
  for (const input of [
    { url },
    { url: `http://localhost/#${first.key}` },
    { [first.key]: first.key },
    { url: [first.key] },
  ]) {
    await admin(400, 'POST', '/webhooks', input);
    await expectStatus(400, boss.ask('PATCH', `/webhooks/${own}`, input));
  }
}

/** All rows of D1, by table, as JSON. */
async function readRows(db: D1Database): Promise<Map<string, string>> {
  const tables = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`;
  const { results } = await db.prepare(tables).all<{ name: string }>();
  const names = results.map(({ name }) => name);
  const read = await db.batch(names.map((name) => db.prepare(`SELECT * FROM "${name}"`)));
  return new Map(names.map((name, i) => [name, JSON.stringify(read[i]?.results)]));
}

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'keystile-webhook-secrets-'));
  [issuer, github, receiver] = await Promise.all([startIssuer(), startGithub(), startReceiver()]);
  const lockouts = {
    secret: { strikes: 3, window: '1h', lock: '1h' },
    address: { strikes: 3, window: '1h', lock: '1h' },
  };
  const policy = {
    session: issuer.policy,
    members: { join: 'invitation' },
    leaks: { github: { keys_url: github.keysUrl } },
    lockouts,
    webhooks: { ...LOCAL, retries: ['50ms', '50ms'] },
  };
  const vars = { PEPPERS: `1:${PEPPER}`, WEBHOOK_KEYS: `2:${SEALING},1:${OLD_SEALING}` };
  cluster = await startCluster({ isolates: 2, policy, vars, stateDir });
  const account = await cluster.account();
  const letIn = async (user: string, role: string) => {
    const made = await operate(cluster, 'POST', `/accounts/${account}/members`, { user, role });
    const visitor = await visit(cluster, issuer, { user });
    const [, , signature = ''] = keep(`session token of ${user}`, visitor.token).split('.');
    keep(`signature of the session of ${user}`, signature);
    return { id: (await expectStatus(201, made)).body.id as string, visitor };
  };
  const [{ visitor: boss }, leaver] = [await letIn('boss', 'account_admin'), await letIn('leaver', 'developer')];

  const ofAccount = (body: object, how: object) => boss.ask('POST', '/webhooks', body, how);
  const ofOperator = (body: object, how: object) => operate(cluster, 'POST', '/webhooks', body, how);
  const own = await endpoint('that is well', 'own', ofAccount);
  await endpoint('of the operator', 'operator', ofOperator);
  const talking = await endpoint('that answers secrets', 'talks', ofAccount, ['key_leaked', 'member_removed']);
  await endpoint('that is gone', 'gone', ofAccount);
  const renewed = await expectStatus(200, boss.ask('POST', `/webhooks/${own}/rotate-secret`, {}), true);
  keepSigning('secret after its rotation', renewed.body.secret);

  receiver.answer = ({ path, headers }: Arrival) => {
    if (path === '/gone') return 410;
    if (path !== '/talks') return 204;
    // Whatever it knows; it fails, and is tried to the end.
    const known = [...secrets]
      .filter(([what]) => /^(key (that is|after)|secret)((?!its value).)*$/.test(what))
      .map(([, secret]) => secret);
    const told = { 'x-key': known[0] ?? '', 'set-cookie': `secret=${known.at(-1)}; known=${known.join('.')}` };
    return {
      status: 500,
      headers: told,
      body: JSON.stringify({ text: `Bearer ${known[0]} ${known.join(' ')}`, known, headers }),
    };
  };
  await lives(account, boss, leaver, own);
  for (const id of [own, talking]) await expectStatus(201, boss.ask('POST', `/webhooks/${id}/test`, {}));
  await cluster.schedule();
  const types = () => new Set(receiver.arrivals.map(({ type }) => type));
  await receiver.until(() => TOLD.every((type) => types().has(type)));
  const db = await cluster.database();
  const pending = `SELECT count(*) AS n FROM deliveries AS d JOIN webhook_endpoints AS w ON w.id = d.endpoint_id
    WHERE d.status = 'pending' AND w.status = 'active'`;
  while ((await db.prepare(pending).first('n')) !== 0) await sleep(100);

  // The log of deliveries, as their owner reads it, and one that is sent again.
  const list = await expectStatus(200, boss.ask('GET', `/webhooks/${talking}/deliveries`));
  for (const { id } of list.body.deliveries) {
    const { body } = await expectStatus(200, boss.ask('GET', `/webhooks/${talking}/deliveries/${id}`));
    expect(body.log.length).toBe(body.attempts);
  }
  const [{ id: last }] = list.body.deliveries;
  const before = receiver.arrivals.length;
  await expectStatus(200, boss.ask('POST', `/webhooks/${talking}/deliveries/${last}/resend`, {}));
  await receiver.until((all) => all.length > before);
  for (const path of [`/webhooks`, `/webhooks/${own}`, `/webhooks/${talking}`])
    await expectStatus(200, boss.ask('GET', path));
  for (const path of ['/webhooks', '/audit', '/status']) await admin(200, 'GET', path);

  messages = await cluster.messages();
  rows = await readRows(db);
  const running = await contents(stateDir);
  // Log lines are written up to a second after their requests.
  await sleep(1_300);
  await cluster.stop();
  onDisk = Buffer.concat([running, await contents(stateDir)]);
});
afterAll(async () => {
  await Promise.all([receiver?.stop(), github?.close(), issuer?.close()]);
  await rm(stateDir, { recursive: true, force: true });
});

/** Which of the secrets stand in there, in any form. */
function found(where: Buffer | string): string[] {
  const all = Buffer.from(where);
  return [
    ...leaksIn(secrets, all),
    ...[...bytes].flatMap(([what, raw]) => (all.includes(raw) ? [`${what}, bytes`] : [])),
  ];
}

describe('among webhooks no secret is found', () => {
  it('in what receivers were sent', () => {
    expect([...new Set(receiver.arrivals.map(({ type }) => type))]).toEqual(expect.arrayContaining(TOLD));
    expect(receiver.arrivals.every(({ verified }) => verified)).toBe(true);
    expect(receiver.arrivals.filter(({ headers }) => headers.authorization ?? headers.cookie)).toEqual([]);
    expect(found(JSON.stringify(receiver.arrivals))).toEqual([]);
  });

  it('in what the queue has carried, which is no more than where to look', () => {
    const wake = { kind: 'wake' };
    const deliver = { kind: 'deliver', delivery: expect.any(Number), attempt: expect.any(Number) };
    const kindOf = (message: unknown) => (message as { kind: string }).kind;
    expect(new Set(messages.map(kindOf))).toEqual(new Set(['wake', 'deliver']));
    for (const message of messages) expect(message).toEqual(kindOf(message) === 'wake' ? wake : deliver);
    expect(messages.filter((message) => kindOf(message) === 'deliver').length).toBeGreaterThan(40);
    expect(found(JSON.stringify(messages))).toEqual([]);
  });

  it('in any row of the registry: deliveries, attempts, events, the audit trail, endpoints, sealed secrets', () => {
    const lengths = ['deliveries', 'delivery_attempts', 'events', 'audit', 'webhook_endpoints', 'webhook_secrets'];
    for (const table of lengths) expect(JSON.parse(rows.get(table) ?? '[]').length, table).toBeGreaterThan(3);
    for (const [table, text] of rows) expect([table, found(text)]).toEqual([table, []]);
  });

  it('in what is kept of an answer that tells secrets, whose places are seen', () => {
    const attempts = JSON.parse(rows.get('delivery_attempts') ?? '[]') as { status: number; response: string }[];
    const told = attempts.filter(({ status }) => status === 500).map(({ response }) => JSON.parse(response));
    expect(told.length).toBeGreaterThan(5);
    for (const { headers, body } of told) {
      expect(body).toMatch(/^{"text":"Bearer whsec_… .* ks_live_\w{2,6}… /);
      expect(headers['x-key']).toBe('whsec_…');
      expect(headers['set-cookie']).toMatch(/^secret=.*; known=whsec_…\.whsec_….*\.ks_live_\w{2,6}…/);
    }
  });

  it('in the state folder, with its WAL files', () => {
    for (const there of ['evt_', 'whe_', 'whs_', 'delivery_attempts']) expect(onDisk.includes(there)).toBe(true);
    expect(found(onDisk)).toEqual([]);
  });

  it('in the logs', () => {
    expect(cluster.logs.join('\n').split('\n').length).toBeGreaterThan(5);
    expect(found(cluster.logs.join('\n'))).toEqual([]);
  });

  it('in any answer but the one that shows it', () => {
    expect(answers.length).toBeGreaterThan(60);
    expect(answers.join('\n')).toContain('del_');
    expect(found(answers.join('\n'))).toEqual([]);
  });
});

it('the search finds the secret of an endpoint in each form it looks for', () => {
  const secret = secrets.get('secret of the endpoint that is well') ?? '';
  const raw = Buffer.from(secret.slice('whsec_'.length), 'base64');
  for (const text of [secret, secret.slice('whsec_'.length), btoa(secret), encodeURIComponent(secret)]) {
    expect(found(`{"a":"${text}"}`)).not.toEqual([]);
  }
  expect(found(Buffer.concat([Buffer.from('x'), raw]))).not.toEqual([]);
});
