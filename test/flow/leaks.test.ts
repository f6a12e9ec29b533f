import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BACKGROUND, without } from '../support/calls.ts';
import { type Cluster, type IssuedKey, PEPPERS, startCluster } from '../support/cluster.ts';
import { digestOf, fillKeys } from '../support/fill.ts';
import {
  type Github,
  KEY_HEADER,
  newReporterKey,
  type Sent,
  SIGNATURE_HEADER,
  seen,
  startGithub,
  verdict,
} from '../support/github.ts';
import { type Issuer, startIssuer } from '../support/issuer.ts';
import { malformedKey, unissuedKey } from '../support/keys.ts';
import { freshAddress } from '../support/matrix.ts';
import { visit } from '../support/people.ts';
import { type Json, type Reply, read } from '../support/reply.ts';
import { sentWhile, underLoad } from '../support/under-load.ts';

/*
 * Keys that GitHub has found in public: a real server signs reports and publishes its keys. When a report is
 * acknowledged, what the policy says of its keys holds in every isolate.
 */

const ISOLATES = [0, 1, 2, 3] as const;
/** One with its control routes elsewhere, and one whose policy takes no reports. */
const MOVED = 4;
const CLOSED = 5;
const REVOKED = [401, 'api_key_revoked'];
const URL_OF = (n: number | string) => `https://github.com/octocat/hello-world/blob/main/${n}.py`;
const LEGACY = { name: 'old', prefix: 'old_', charset: 'hex', min_length: 32, max_length: 32, environment: 'live' };

let github: Github;
let issuer: Issuer;
let cluster: Cluster;
let account: string;

const told = ({ status, body }: Reply): (number | string)[] => (status < 300 ? [status] : [status, body.code]);
const everywhere = (key: string) =>
  Promise.all(ISOLATES.map(async (isolate) => told(await read(cluster.call(key, isolate, freshAddress())))));
const times = <T>(value: T) => ISOLATES.map(() => value);
const admin = (method: string, path: string, body?: unknown) => read(cluster.admin(method, path, body));
const trailOf = async (id: string): Promise<Json[]> =>
  (await admin('GET', `/audit?key=${id}&action=key.`)).body.entries;
const actionsOf = async (id: string) => (await trailOf(id)).map(({ action }) => action);
const statusOf = async (id: string) => (await admin('GET', `/keys/${id}`)).body.status;
/** Each from an address of its own, so that no rate is in the way. */
const report = (entries: unknown, sent: Sent = {}) =>
  github.report(cluster, entries, { address: freshAddress(), ...sent });
const issue = (fields: Record<string, unknown> = {}) => cluster.issue(account, fields);

beforeAll(async () => {
  [github, issuer] = await Promise.all([startGithub(), startIssuer()]);
  const policy = {
    leaks: { github: { keys_url: github.keysUrl } },
    environments: { test: { leaked: 'deactivate' }, dev: { leaked: 'notify' } },
    legacy: { formats: [LEGACY] },
    session: issuer.policy,
  };
  const policies = { [MOVED]: { control: { base_path: '/moved' } }, [CLOSED]: { leaks: { github: null } } };
  const vars = { PEPPERS: `2:${'c3'.repeat(32)},${PEPPERS}` };
  cluster = await startCluster({ isolates: 6, policy, policies, vars });
  account = await cluster.account();
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([github?.close(), issuer?.close()]);
});

describe('a reported key', () => {
  it('is revoked in every isolate once that is answered, as its environment says', async () => {
    const { key, id, prefix } = await issue();
    expect(await everywhere(key)).toEqual(times([200]));
    const answer = await report([seen(key, { url: URL_OF(1) })], { address: '192.0.2.44' });
    expect([answer.status, answer.body]).toEqual([200, [verdict(key, true)]]);
    expect(await everywhere(key)).toEqual(times(REVOKED));
    const [revoked, leaked] = await trailOf(id);
    expect(revoked).toMatchObject({ action: 'key.revoked', actor: 'github', after: { status: 'revoked' } });
    expect(leaked).toMatchObject({
      action: 'key.leaked',
      actor: 'github',
      address: '192.0.2.44',
      account,
      before: null,
    });
    const about = {
      reporter: 'github',
      outcome: 'revoke',
      url: URL_OF(1),
      source: 'content',
      type: 'keystile_api_key',
    };
    expect(leaked.after).toEqual({ ...about, prefix });
  });

  it('is switched off where its environment says so, and works when somebody switches it on again', async () => {
    const { key, id } = await issue({ environment: 'test' });
    expect(await everywhere(key)).toEqual(times([200]));
    expect((await report([seen(key)], { isolate: 1 })).body).toEqual([verdict(key, true)]);
    expect(await everywhere(key)).toEqual(times([401, 'api_key_inactive']));
    expect(await actionsOf(id)).toEqual(['key.deactivated', 'key.leaked', 'key.created']);
    await admin('POST', `/keys/${id}/activate`);
    expect(await everywhere(key)).toEqual(times([200]));
  });

  it('is only written down where its environment says so', async () => {
    const { key, id } = await issue({ environment: 'dev' });
    expect((await report([seen(key)], { isolate: 2 })).body).toEqual([verdict(key, true)]);
    expect(await everywhere(key)).toEqual(times([200]));
    const [leaked, ...before] = await trailOf(id);
    expect([leaked.action, leaked.after.outcome, before.length]).toEqual(['key.leaked', 'notify', 1]);
  });

  it.each<[string, Record<string, unknown>, ((key: IssuedKey) => Promise<unknown>)?]>([
    ['that is inactive', {}, ({ id }) => admin('POST', `/keys/${id}/deactivate`)],
    ['that was revoked before', {}, ({ id }) => admin('POST', `/keys/${id}/revoke`)],
    ['whose role may do nothing', { role: 'service' }],
    ['that works from one address only', { addresses: ['203.0.113.9'] }],
  ])('%s is a true positive, and revoked', async (_, fields, prepare) => {
    const issued = await issue(fields);
    await prepare?.(issued);
    expect((await report([seen(issued.key)])).body).toEqual([verdict(issued.key, true)]);
    expect(await statusOf(issued.id)).toBe('revoked');
    expect(await actionsOf(issued.id)).toContain('key.leaked');
  });

  it('that is a trial key, is revoked', async () => {
    const minted = await read(cluster.send('/api/v1/onboarding/temp-key', { method: 'POST', address: freshAddress() }));
    expect((await report([seen(minted.body.api_key)])).body).toEqual([verdict(minted.body.api_key, true)]);
    expect(await everywhere(minted.body.api_key)).toEqual(times(REVOKED));
  });

  it('of a suspended account is revoked', async () => {
    const other = await cluster.account();
    const { key, id } = await cluster.issue(other);
    await admin('POST', `/accounts/${other}/suspend`);
    expect((await report([seen(key)])).status).toBe(200);
    expect(await statusOf(id)).toBe('revoked');
  });

  it('of a legacy format is known by its secret, and so is one that was digested under an older pepper', async () => {
    const secret = `old_${'0123456789abcdef'.repeat(2)}`;
    const db = await cluster.database();
    const [one, other] = await fillKeys(db, account, 2);
    if (one === undefined || other === undefined) throw new Error('no keys');
    await db
      .prepare('UPDATE secret_digests SET digest = ? WHERE secret_id = ?')
      .bind(await digestOf(secret), `sec_${one.id}`)
      .run();
    const answer = await report([seen(secret), seen(other.key)]);
    expect(answer.body).toEqual([verdict(secret, true), verdict(other.key, true)]);
    expect([await statusOf(one.id), await statusOf(other.id)]).toEqual(['revoked', 'revoked']);
  });
});

describe('a reported secret that was replaced', () => {
  const rotated = async (grace: number) => {
    const issued = await issue();
    const { body } = await admin('POST', `/keys/${issued.id}/rotate`, { grace_seconds: grace });
    return { ...issued, secret: body.new_api_key as string };
  };

  it('revokes the key while its grace lasts', async () => {
    const { key, id, secret } = await rotated(3_600);
    expect((await report([seen(key)])).body).toEqual([verdict(key, true)]);
    expect([await statusOf(id), await everywhere(secret)]).toEqual(['revoked', times(REVOKED)]);
  });

  it('and works no more is ours, and its key goes on', async () => {
    const { key, id, secret, prefix } = await rotated(0);
    expect((await report([seen(key)])).body).toEqual([verdict(key, true)]);
    expect([await statusOf(id), await everywhere(secret)]).toEqual(['active', times([200])]);
    const [leaked] = await trailOf(id);
    expect([leaked.action, leaked.after.outcome, leaked.after.prefix]).toEqual(['key.leaked', 'none', prefix]);
    expect((await report([seen(key), seen(secret)])).body).toEqual([verdict(key, true), verdict(secret, true)]);
    expect(await statusOf(id)).toBe('revoked');
  });
});

describe('a report', () => {
  it('tells tokens that are no key here, of whatever form', async () => {
    const { key } = await issue();
    const others = [unissuedKey(), malformedKey(), key.slice(0, -1), `${key}x`, 'x', 'ü'.repeat(300)];
    const answer = await report(others.map((token) => seen(token, { type: 'some type' })));
    expect(answer.body).toEqual(others.map((token) => verdict(token, false, 'some type')));
    expect(await everywhere(key)).toEqual(times([200]));
  });

  it('that is delivered again is answered alike, and written down once for each place', async () => {
    const { key, id } = await issue();
    const sent = [seen(key, { url: URL_OF('a') }), seen(key, { url: `${URL_OF('a')}#L7` }), seen(key, { url: '' })];
    const first = await report(sent);
    expect(first.body).toEqual([verdict(key, true), verdict(key, true), verdict(key, true)]);
    for (const isolate of ISOLATES) expect((await report(sent, { isolate })).body).toEqual(first.body);
    await report([seen(key, { url: URL_OF('b') })]);
    const entries = (await trailOf(id)).filter(({ action }) => action === 'key.leaked');
    expect(entries.map(({ after }) => after.url).sort()).toEqual(['', URL_OF('a'), URL_OF('b')].sort());
    expect((await actionsOf(id)).filter((action) => action === 'key.revoked')).toHaveLength(1);
  });

  it('of 1,000 entries goes through in one call, and one more is refused with nothing done', async () => {
    const keys = await fillKeys(await cluster.database(), await cluster.account(), 120);
    const tokens = [...Array.from({ length: 880 }, () => unissuedKey()), ...keys.map(({ key }) => key)];
    const [one = tokens] = [tokens.map((token) => seen(token))];
    const refused = await report([...one, seen('x')]);
    expect(told(refused)).toEqual([413, 'body_too_large']);
    expect(await statusOf(keys[0]?.id ?? '')).toBe('active');
    const answer = await report(one);
    expect(answer.body).toEqual(tokens.map((token, i) => verdict(token, i >= 880)));
    const left = await read(
      cluster.admin('GET', `/keys?account=${(await admin('GET', `/keys/${keys[0]?.id}`)).body.account}&status=active`),
    );
    expect(left.body.keys).toEqual([]);
  });

  it('of more than 1 MB is refused, told by its length or not', async () => {
    const { key, id } = await issue();
    const large = JSON.stringify([seen(key), seen('x'.repeat(1_048_576))]);
    expect(told(await report(large))).toEqual([413, 'body_too_large']);
    const stream = new Blob([large]).stream();
    const headers = { ...github.sign(large), 'cf-connecting-ip': freshAddress() };
    const init = { method: 'POST', headers, body: stream, duplex: 'half' } as RequestInit;
    expect((await fetch(`${cluster.urls[0]}/leaks/github`, init)).status).toBe(413);
    expect(await statusOf(id)).toBe('active');
  });

  it.each([
    ['{}', 'body'],
    ['[{"token":7,"type":"x"}]', '0.token'],
    ['[', 'body'],
    ['', 'body'],
    ['null', 'body'],
  ])('that reads %s is refused though it is signed', async (body, field) => {
    const reply = await report(body);
    expect(told(reply)).toEqual([400, 'request_invalid']);
    expect(reply.body.detail).toContain(field);
  });

  it('goes on to its end where its sender hangs up, and leaves nothing to the sweep', async () => {
    const { key, id } = await issue();
    const db = await cluster.database();
    const waiting = () => db.prepare('SELECT count(*) AS n FROM outbox WHERE key_id = ?').bind(id).first<number>('n');
    // Leases that are to be waited out.
    expect(await everywhere(key)).toEqual(times([200]));
    const hangUp = new AbortController();
    const sent = report([seen(key)], { signal: hangUp.signal }).catch(() => null);
    await expect.poll(waiting, { timeout: 10_000, interval: 5 }).toBe(2);
    hangUp.abort();
    expect(await sent).toBeNull();
    await expect.poll(waiting, { timeout: 10_000 }).toBe(0);
    expect(await everywhere(key)).toEqual(times(REVOKED));
  });
});

describe('who has not signed', () => {
  const stranger = newReporterKey();
  const body = () => JSON.stringify([seen('x')]);
  const own = () => github.sign(body());

  it.each<[string, () => Sent]>([
    ['sends no signature', () => ({ headers: { [SIGNATURE_HEADER]: null } })],
    ['sends no identifier', () => ({ headers: { [KEY_HEADER]: null } })],
    ['sends neither', () => ({ headers: { [SIGNATURE_HEADER]: null, [KEY_HEADER]: null } })],
    ['sends no base64', () => ({ headers: { [SIGNATURE_HEADER]: 'no signature' } })],
    ['sends an identifier of nobody', () => ({ headers: { [KEY_HEADER]: String(stranger.published.key_identifier) } })],
    ['sends a signature of another body', () => ({ headers: { ...github.sign('[]') } })],
    ['changes a byte of the body', () => ({ headers: own(), body: body().replace('"x"', '"y"') })],
    ['changes the spaces of the body', () => ({ headers: own(), body: body().replace(',', ', ') })],
    ['sends no body', () => ({ headers: own(), body: '' })],
  ])('and %s is refused, and nothing is looked up', async (_, sent) => {
    const { key, id } = await issue();
    await cluster.calls(3);
    const text = body();
    const { headers = {}, body: other = text } = sent();
    const reply = await github.report(cluster, text, { isolate: 3, address: freshAddress(), headers, body: other });
    expect(told(reply)).toEqual([403, 'signature_invalid']);
    const calls = Object.keys(without(await cluster.calls(3), BACKGROUND));
    expect(calls.filter((call) => !call.startsWith('lockout.'))).toEqual([]);
    expect([await statusOf(id), told(await read(cluster.call(key)))]).toEqual(['active', [200]]);
  });

  it('is not asked about at all where the headers cannot hold', async () => {
    await cluster.calls(3);
    for (let i = 0; i < 5; i++) await report('[]', { isolate: 3, headers: { [SIGNATURE_HEADER]: 'no signature' } });
    expect(without(await cluster.calls(3), BACKGROUND)).toEqual({});
  });

  it('is refused without an address', async () => {
    expect(told(await report('[]', { address: null }))).toEqual([400, 'client_address_missing']);
  });

  it('may try 120 times a minute, and so may GitHub', async () => {
    const address = freshAddress();
    const wrong = { address, headers: { ...github.sign('[]') } };
    const replies = await Promise.all(Array.from({ length: 121 }, () => report('[1]', wrong)));
    const statuses = replies.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(120).fill(403), 429]);
    const reply = await report('[]', { address });
    expect([...told(reply), Number(reply.headers.get('retry-after')) > 0]).toEqual([429, 'rate_limited', true]);
    expect(told(await report('[]'))).toEqual([200]);
  });

  it('is refused where the address is locked', async () => {
    const address = freshAddress();
    for (let i = 0; i < 20; i++) await cluster.call(unissuedKey(), 0, address);
    expect(told(await report('[]', { address }))).toEqual([429, 'address_locked_out']);
  });
});

describe('the keys of GitHub', () => {
  /** An isolate that has asked for no keys yet. */
  const fresh = () => cluster.steer(3, 'forget');
  const from = (isolate: number) => report('[]', { isolate });

  it('are asked for once, and again when they change', async () => {
    await fresh();
    const before = github.requests;
    for (let i = 0; i < 5; i++) expect(told(await from(3))).toEqual([200]);
    expect(github.requests).toBe(before + 1);
    github.rotate();
    expect(told(await from(3))).toEqual([403, 'signature_invalid']);
    await cluster.moveTime(61_000);
    expect(told(await from(3))).toEqual([200]);
    expect(github.requests).toBe(before + 2);
  });

  it('that sign no more still hold while they are listed', async () => {
    const text = '[]';
    const old = github.sign(text);
    github.rotate();
    await fresh();
    expect(told(await report(text, { isolate: 3, headers: old }))).toEqual([200]);
    expect(told(await from(3))).toEqual([200]);
  });

  it.each<[string, RequestListener | undefined]>([
    ['cuts the connection', undefined],
    ['answers 503', (_, response) => response.writeHead(503).end()],
    ['redirects', (_, response) => response.writeHead(302, { location: '/' }).end()],
    ['answers with something huge', (_, response) => response.end('x'.repeat(1_000_000))],
    ['never answers', () => undefined],
  ])('cannot be had where GitHub %s, which is our failure', async (_, listener) => {
    await fresh();
    const { key, id } = await issue();
    github.stopServing(listener);
    try {
      const reply = await report([seen(key)], { isolate: 3 });
      expect([...told(reply), reply.headers.get('retry-after')]).toEqual([503, 'gate_unavailable', '2']);
      expect(await statusOf(id)).toBe('active');
    } finally {
      github.serveAgain();
    }
    await cluster.steer(3, 'forget');
    expect(told(await report([seen(key)], { isolate: 3 }))).toEqual([200]);
    expect(await statusOf(id)).toBe('revoked');
  });

  it('that are known go on being used while GitHub is away', async () => {
    expect(told(await from(2))).toEqual([200]);
    github.stopServing();
    try {
      await cluster.moveTime(7_200_000);
      expect(told(await from(2))).toEqual([200]);
    } finally {
      github.serveAgain();
      await cluster.moveTime(61_000);
    }
  });
});

describe('the route', () => {
  it('stands below the base path, and is the upstream’s where the policy takes no reports', async () => {
    const { key, id } = await issue();
    expect(told(await report([seen(key)], { isolate: MOVED, path: '/moved/leaks/github' }))).toEqual([200]);
    expect(await statusOf(id)).toBe('revoked');
    const other = await issue();
    for (const isolate of [MOVED, CLOSED]) {
      expect(told(await report([seen(other.key)], { isolate }))).toEqual([401, 'missing_api_key']);
    }
    expect(await statusOf(other.id)).toBe('active');
    const reached = await cluster.call(other.key, CLOSED, freshAddress(), '/leaks/github');
    expect([reached.status, cluster.origin.received.at(-1)?.url]).toEqual([200, '/leaks/github']);
  });

  it('takes POST alone', async () => {
    const reply = await read(cluster.send('/leaks/github'));
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await cluster.send('/leaks/github/more', { method: 'POST' })).status).toBe(404);
  });
});

describe('the list of leaks', () => {
  it('tells operators of all, newest first and by pages, and customers see theirs in their trail', async () => {
    const visitor = await visit(cluster, issuer, { user: 'ada' });
    const own = (await visitor.ask('GET', '/account')).body.id;
    const keys = await Promise.all([0, 1, 2].map(() => cluster.issue(own)));
    for (const [i, { key }] of keys.entries()) await report([seen(key, { url: URL_OF(`page-${i}`) })]);
    const list = async (query: string) => (await admin('GET', `/leaks?account=${own}${query}`)).body;
    const { leaks, next_cursor } = await list('');
    expect([leaks.length, next_cursor]).toEqual([3, null]);
    expect(leaks.map(({ url }: Json) => url)).toEqual([2, 1, 0].map((i) => URL_OF(`page-${i}`)));
    expect(leaks[2]).toEqual({
      id: expect.any(String),
      at: expect.any(String),
      account: own,
      key: keys[0]?.id,
      prefix: keys[0]?.prefix,
      reporter: 'github',
      outcome: 'revoke',
      url: URL_OF('page-0'),
      source: 'content',
      type: 'keystile_api_key',
    });
    const first = await list('&limit=2');
    const rest = await list(`&limit=2&cursor=${first.next_cursor}`);
    expect([...first.leaks, ...rest.leaks]).toEqual(leaks);
    expect(rest.next_cursor).toBeNull();
    expect((await admin('GET', `/leaks?key=${keys[1]?.id}`)).body.leaks).toEqual([leaks[1]]);
    expect((await admin('GET', '/leaks?limit=1')).body.leaks).toEqual([leaks[0]]);
    expect((await admin('GET', '/leaks?cursor=x')).status).toBe(400);

    const trail = (await visitor.ask('GET', '/audit?action=key.leaked')).body.entries;
    expect(trail.map(({ after }: Json) => after.url)).toEqual(leaks.map(({ url }: Json) => url));
    const stranger = await visit(cluster, issuer, { user: 'eve' });
    expect((await stranger.ask('GET', '/audit?action=key.leaked')).body.entries).toEqual([]);
  });
});

it('of 12 keys under load none is admitted in any isolate after the answer', async () => {
  const keys = await fillKeys(await cluster.database(), await cluster.account(), 12);
  const run = await underLoad(
    cluster,
    keys.map((key, n) => ({
      keys: [key],
      steps: [async () => (await report([seen(key.key), seen(unissuedKey())], { isolate: n % 4 })).status === 200],
    })),
  );
  expect(run.acknowledged).toBe(12);
  expect(run.sent.filter(({ status }) => status === 200).length).toBeGreaterThan(12);
  expect(sentWhile(run).length).toBeGreaterThan(12);
  expect(sentWhile(run).filter(({ status }) => status === 200)).toEqual([]);
});
