import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acceptWebSocket } from '../support/accept.ts';
import { logOf } from '../support/books.ts';
import { ADMIN_TOKEN, type Cluster, READ_TOKEN, type Send, startCluster } from '../support/cluster.ts';
import { type Github, seen as sighting, startGithub } from '../support/github.ts';
import { malformedKey, unissuedKey } from '../support/keys.ts';
import { deadUrl, startOrigin, type TestOrigin } from '../support/origin.ts';
import { type Json, type Reply, read } from '../support/reply.ts';
import { contents, leaksIn as searchFor } from '../support/secrets.ts';

/*
 * A gateway lives a varied life, and every secret that was made, guessed or configured meanwhile is looked for in all
 * that it has stored, logged, answered and sent upstream.
 */

const TEMP_KEY = '/api/v1/onboarding/temp-key';
const PEPPER = randomBytes(32).toString('hex');
const OLD_PEPPER = randomBytes(32).toString('hex');
const WRONG_TOKEN = 'a-guessed-admin-token-987654321';

let cluster: Cluster;
let origin: TestOrigin;
let github: Github;
let stateDir: string;
let onDisk: Buffer;
let account: string;
/** The account's request log, as an admin reads it. */
let recorded: Json[];
/** What was sent in upgrade requests. */
const upgraded: IncomingMessage[] = [];
const sockets: Duplex[] = [];
/** Every answer but those that show a new secret, as text. */
const answers: string[] = [];
const secrets = new Map<string, string>([
  ['admin token', ADMIN_TOKEN],
  ['read-only admin token', READ_TOKEN],
  ['wrong admin token', WRONG_TOKEN],
  ['pepper', PEPPER],
  ['older pepper', OLD_PEPPER],
]);

function keep(what: string, secret: string): string {
  secrets.set(what, secret);
  return secret;
}

function told({ status, headers, text }: Reply): Reply {
  answers.push(`${status} ${JSON.stringify([...headers])} ${text}`);
  return { status, headers, text, body: null };
}

async function send(path: string, init: Send = {}, isolate = 0): Promise<number> {
  return told(await read(cluster.send(path, init, isolate))).status;
}

async function admin(method: string, path: string, body?: unknown, token = ADMIN_TOKEN): Promise<number> {
  return told(await read(cluster.admin(method, path, body, 0, token))).status;
}

async function trialKey(what: string, address: string): Promise<string> {
  const { body, status } = await read(cluster.send(TEMP_KEY, { method: 'POST', address }));
  expect(status).toBe(200);
  return keep(what, body.api_key);
}

/** Opens a WebSocket with a key among its subprotocols, and closes it. */
function connect(key: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const opening = request(`${cluster.urls[0]}/v1/realtime`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
        'sec-websocket-protocol': `chat, keystile-key.${key}`,
        'cf-connecting-ip': '192.0.2.1',
      },
    });
    const end = (response: IncomingMessage) => {
      answers.push(`${response.statusCode} ${JSON.stringify(response.headers)}`);
      response.socket.destroy();
      resolve(response.statusCode ?? 0);
    };
    opening.on('upgrade', end).on('response', end).on('error', reject).end();
  });
}

/** What stands behind a character that was percent-encoded without need, in a path of a control route. */
let encodedTail: string;

async function live(): Promise<void> {
  account = await cluster.account();
  const issue = async (what: string, fields = {}) => {
    const issued = await cluster.issue(account, fields);
    keep(what, issued.key);
    return issued;
  };
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

  const first = await issue('key used in every place', { label: 'first', rate_limit_per_minute: 900 });
  const other = await issue('key sent beside another', { environment: 'test', role: 'viewer' });
  for (const headers of [
    bearer(first.key),
    { authorization: first.key },
    { 'x-api-key': first.key },
    { ...bearer(first.key), 'x-api-key': other.key },
    { 'x-api-key': first.key, authorization: `Basic ${btoa(`user:${other.key}`)}` },
    { ...bearer(first.key), 'sec-websocket-protocol': `chat, keystile-key.${other.key}` },
  ]) {
    expect(await send('/v1/echo?q=1', { method: 'POST', headers, body: '{}' }, 1)).toBe(200);
  }
  // A key in the path of a request with a key, which is recorded in its account's ledger.
  for (const key of [first.key, other.key]) {
    expect(await send(`/dead/${key}/x?key=${key}`, { headers: bearer(first.key) })).toBe(502);
  }
  expect(await connect(first.key)).toBe(101);
  expect(await connect(keep('wrong key of a WebSocket', unissuedKey()))).toBe(401);

  // Guesses, mistakes, and secrets in places where none belongs.
  const address = '203.0.113.5';
  const cut = keep('key that was cut off', first.key.slice(0, -9));
  const wrong = [keep('malformed key', malformedKey()), keep('unknown key', unissuedKey()), cut, `${first.key}x`];
  for (const key of wrong) expect(await send('/v1/echo', { headers: bearer(key), address })).toBe(401);
  for (const key of [first.key, ...wrong]) {
    expect(await send(`/v1/${key}?api_key=${key}`, { address })).toBe(401);
    expect(await send(`/v1//${key}`, { address })).toBe(400);
    expect(await send(`/healthz/${key}`, { address })).toBe(401);
    expect(await send(`${TEMP_KEY}/${key}`, { method: 'DELETE', address })).toBe(401);
    expect(await admin('GET', `/lockouts/secret/${key}`)).toBe(400);
    expect(await admin('GET', `/keys/${key}`)).toBe(404);
    expect(await admin('GET', `/keys?prefix=${key}`)).toBe(200);
    expect(await admin('GET', `/keys?${key}=${key}`)).toBe(400);
    expect(await admin('POST', '/keys/lookup', { [key]: key })).toBe(400);
    expect(await admin('POST', '/accounts', { name: ['x', key], [key]: key })).toBe(400);
    expect(await admin('POST', `/accounts/${account}/keys`, { environment: key })).toBe(400);
    expect(await admin('POST', `/accounts/${key}/suspend`)).toBe(404);
    expect(await send('/admin/v1/keys', { headers: bearer(key), address: '203.0.113.6' })).toBe(401);
  }
  encodedTail = first.key.slice(13);
  const encoded = `${first.key.slice(0, 12)}%${first.key.charCodeAt(12).toString(16)}${encodedTail}`;
  expect(await send(`${TEMP_KEY}/${encoded}`, { method: 'DELETE', address })).toBe(401);
  const broken = { method: 'POST', headers: bearer(ADMIN_TOKEN), body: `{"key":"${first.key}"` };
  expect(await send('/admin/v1/keys/lookup', broken)).toBe(400);
  expect(await admin('POST', '/keys/lookup', { key: first.key })).toBe(200);
  expect(await admin('GET', '/keys', undefined, WRONG_TOKEN)).toBe(401);
  expect(await admin('GET', '/keys', undefined, READ_TOKEN)).toBe(200);
  expect(await admin('POST', `/keys/${first.id}/revoke`, undefined, READ_TOKEN)).toBe(403);

  // Trial keys, taken, used, rotated in vain and given back.
  const trial = await trialKey('trial key', '203.0.113.7');
  expect(await send('/v1/echo', { headers: bearer(trial) })).toBe(200);
  expect(await send('/api/v1/keys/apikey/rotate', { method: 'POST', headers: bearer(trial) })).toBe(403);
  expect(await send(`${TEMP_KEY}/${trial}`, { method: 'DELETE', headers: bearer(trial) })).toBe(200);
  await trialKey('trial key that is never used', '203.0.113.8');

  // Keys that are found in public and reported, whose place tells them too, and one that ends itself.
  const leaked = await issue('leaked key');
  const hex = Buffer.from(leaked.key, 'utf8').toString('hex').replace(/../g, '%$&');
  const places = [`https://${leaked.key}@github.com/o/${leaked.key}`, `https://github.com/o/${hex}?key=${leaked.key}`];
  const entries = places.map((url) => sighting(leaked.key, { url }));
  const sightings = [...entries, sighting(wrong[1] ?? '', { type: leaked.key, source: leaked.key })];
  for (const report of [sightings, { [leaked.key]: leaked.key }, [leaked.key]]) {
    const status = report === sightings ? 200 : 400;
    expect(told(await github.report(cluster, report)).status).toBe(status);
    expect(told(await github.report(cluster, report, { headers: github.sign('[]') })).status).toBe(403);
  }
  const ended = await issue('key that ended itself');
  for (let i = 0; i < 2; i++) {
    const call = { method: 'POST', headers: { ...bearer(ended.key), 'idempotency-key': `a-random-key-${i}` } };
    expect(await send('/api/v1/keys/apikey/revoke', call)).toBe(204);
  }

  // Errors of the origin, denials by key, a locked secret, and a revoked key.
  expect(await send('/dead/x', { headers: bearer(first.key) })).toBe(502);
  expect(await send('/v1/echo', { method: 'POST', headers: { 'x-api-key': other.key } })).toBe(403);
  const revoked = await issue('revoked key');
  expect(await send('/v1/echo', { headers: bearer(revoked.key) }, 1)).toBe(200);
  expect(await admin('POST', `/keys/${revoked.id}/revoke`)).toBe(204);
  const seen = [];
  for (let i = 0; i < 11; i++) {
    seen.push(await send('/v1/echo', { headers: bearer(revoked.key), address: `203.0.113.${20 + i}` }, 1));
  }
  expect(seen).toEqual([...Array(10).fill(401), 429]);
  expect(await send('/v1/echo', { method: 'OPTIONS', headers: { origin: 'https://app.example' } })).toBe(401);
  for (const path of [
    '/keys',
    '/accounts',
    '/audit',
    '/status',
    '/leaks',
    `/keys/${first.id}`,
    '/lockouts/ip/203.0.113.5',
  ]) {
    expect(await admin('GET', path)).toBe(200);
  }
  await cluster.schedule();
}

/** Which secrets stand where they must not. */
const leaksIn = (bytes: Buffer) => searchFor(secrets, bytes);

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'keystile-secrets-'));
  [origin, github] = await Promise.all([startOrigin(), startGithub()]);
  origin.server.on('upgrade', (incoming, socket) => {
    upgraded.push(incoming);
    sockets.push(socket);
    acceptWebSocket(incoming, socket, 'chat');
  });
  const upstreams = [
    { name: 'dead', path: '/dead/**', origins: [{ url: await deadUrl() }] },
    { name: 'origin', origins: [{ url: origin.url }] },
  ];
  const vars = { PEPPERS: `2:${PEPPER},1:${OLD_PEPPER}` };
  const leaks = { github: { keys_url: github.keysUrl } };
  cluster = await startCluster({ isolates: 2, policy: { upstreams, leaks }, vars, stateDir, origin });
  await live();
  const running = await contents(stateDir);
  for (const socket of sockets) socket.destroy();
  // Log lines and entries are written up to a second after their requests.
  await sleep(1_300);
  recorded = await logOf(cluster, account);
  await cluster.stop();
  onDisk = Buffer.concat([running, await contents(stateDir)]);
});
afterAll(async () => {
  await github?.close();
  await rm(stateDir, { recursive: true, force: true });
});

describe('after a varied life no secret is found', () => {
  it('in the state folder, with its WAL files', () => {
    // What must be there is: the search does look where things are stored.
    expect(onDisk.includes('key_')).toBe(true);
    expect(onDisk.includes('record:')).toBe(true);
    expect(onDisk.includes('https://github.com/o/')).toBe(true);
    expect(onDisk.includes((secrets.get('key used in every place') ?? '').slice(0, 14))).toBe(true);
    expect(leaksIn(onDisk)).toEqual([]);
  });

  it('in the logs', () => {
    expect(cluster.logs.join('\n').split('\n').length).toBeGreaterThan(20);
    expect(cluster.logs.join('\n')).toContain('…');
    expect(leaksIn(Buffer.from(cluster.logs.join('\n')))).toEqual([]);
    expect(cluster.logs.join('\n')).not.toContain(encodedTail);
  });

  it('in the request log of the account', () => {
    const paths = recorded.map(({ path }) => path);
    expect(recorded.length).toBeGreaterThan(10);
    expect(paths.filter((path) => /^\/dead\/ks_(live|test)_\w{2,6}…\/x$/.test(path))).toHaveLength(2);
    expect(leaksIn(Buffer.from(JSON.stringify(recorded)))).toEqual([]);
    expect(onDisk.includes(paths.find((path) => path.includes('…')))).toBe(true);
  });

  it('in any answer but the one that shows it once', () => {
    expect(answers.length).toBeGreaterThan(80);
    expect(leaksIn(Buffer.from(answers.join('\n')))).toEqual([]);
  });

  it('in what the origin received', () => {
    const sent = [...origin.received, ...upgraded.map(({ url, rawHeaders }) => ({ url, rawHeaders }))];
    expect(sent.length).toBeGreaterThan(8);
    expect(upgraded[0]?.headers['sec-websocket-protocol']).toBe('chat');
    expect(leaksIn(Buffer.from(JSON.stringify(sent)))).toEqual([]);
  });
});

it('the search finds a secret in each form it looks for', () => {
  const secret = secrets.get('trial key') ?? '';
  for (const text of [
    secret,
    btoa(secret),
    btoa(`a${secret}b`),
    btoa(`Bearer ${secret}`),
    Buffer.from(`ab${secret}c`).toString('base64url'),
    Buffer.from(secret).toString('hex'),
  ]) {
    expect(leaksIn(Buffer.from(`{"a":"${text}"}`))).not.toEqual([]);
  }
});
