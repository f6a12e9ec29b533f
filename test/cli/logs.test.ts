import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ADMIN_TOKEN, type Cluster, type IssuedKey, startCluster } from '../support/cluster.ts';
import { buildCommandLine, type CommandLine, type Running } from '../support/command-line.ts';
import { type Edge, startEdge } from '../support/edge.ts';
import { type Issuer, startIssuer } from '../support/issuer.ts';
import { startOrigin, type TestOrigin } from '../support/origin.ts';

/* The request log on the command line, and how it is followed while the gateway goes away and comes back. */

const stateDir = mkdtempSync(join(tmpdir(), 'followed-'));
let issuer: Issuer;
let origin: TestOrigin;
let cluster: Cluster;
let edge: Edge;
let cli: CommandLine;
let account: string;
let key: IssuedKey;
let session: string;

const start = () => startCluster({ policy: { session: issuer.policy }, stateDir, origin });
const admin = (): Record<string, string> => ({ KEYSTILE_BASE_URL: edge.url, KEYSTILE_ADMIN_TOKEN: ADMIN_TOKEN });
const member = () => ({ KEYSTILE_BASE_URL: edge.url, KEYSTILE_TOKEN: session });
const call = (path: string) => cluster.call(key.key, 0, '192.0.2.1', path);
const logs = (line: string, env = admin()) => cli.run(['logs', ...line.split(' ').filter((word) => word)], { env });
const pathsIn = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line).path);

/** Waits until this many requests were recorded. */
async function recorded(count: number): Promise<void> {
  const read = async () => pathsIn((await logs(`--account ${account} --json --limit 1000`)).out).length;
  await vi.waitFor(async () => expect(await read()).toBe(count), { timeout: 20_000, interval: 300 });
}

beforeAll(async () => {
  [issuer, origin, cli] = await Promise.all([startIssuer(), startOrigin(), buildCommandLine()]);
  cluster = await start();
  edge = await startEdge(cluster.urls[0] ?? '');
  session = await issuer.token({ user: 'ada' });
  const own = await cluster.send('/api/v1/user/account', { headers: { authorization: `Bearer ${session}` } });
  account = ((await own.json()) as { id: string }).id;
  key = await cluster.issue(account, { label: 'followed' });
  for (let i = 0; i < 5; i++) await call(`/before/${i}`);
  await recorded(5);
});
afterAll(async () => {
  await edge?.stop();
  await cluster?.kill();
  await Promise.all([origin?.stop(), issuer?.close()]);
  cli?.remove();
  rmSync(stateDir, { recursive: true, force: true });
});

describe('logs', () => {
  test('are the last requests, the oldest first, for an operator and a session', async () => {
    expect(pathsIn((await logs(`--account ${account} --json --limit 2`)).out)).toEqual(['/before/3', '/before/4']);
    expect(pathsIn((await logs(`--key ${key.id} --json --status 2xx`)).out)).toHaveLength(5);
    expect(pathsIn((await logs('--json --status 4xx', member())).out)).toEqual([]);
    const { out, exit } = await logs('', member());
    expect([exit, out.split('\n')[0]]).toEqual([
      0,
      expect.stringMatching(/^TIME +STATUS METHOD +MS +CREDITS KEY +PATH$/),
    ]);
    expect(out).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ 200 +GET +[\d.]+ +0 followed +\/before\/0$/m);
  });

  test('are wrongly asked for', async () => {
    expect(await logs('--follow --to 2030-01-01T00:00:00Z')).toMatchObject({ exit: 2 });
    expect(await logs('')).toMatchObject({ exit: 2, err: expect.stringContaining('--account') });
    expect(await logs('--from yesterday', member())).toMatchObject({ exit: 1, err: expect.stringContaining('from: ') });
  });
});

describe('following', () => {
  const runs: Running[] = [];
  const follow = (line: string, env = admin()) => {
    const running = cli.start(['logs', '--follow', '--json', ...line.split(' ').filter((word) => word)], { env });
    runs.push(running);
    return running;
  };
  const shows = (running: Running, paths: readonly string[]) =>
    expect.poll(() => pathsIn(running.out()).toSorted(), { timeout: 20_000 }).toEqual([...paths].sort());
  afterAll(() => {
    for (const { child } of runs) child.kill('SIGKILL');
  });

  test('shows each request once, though more come than a page has and the gateway is restarted meanwhile', async () => {
    const all = follow(`--account ${account} --limit 1`);
    const refused = follow('--limit 0 --status 4xx', member());
    await shows(all, ['/before/4']);
    const first = Array.from({ length: 250 }, (_, i) => `/first/${i}`);
    for (let i = 0; i < first.length; i += 25) await Promise.all(first.slice(i, i + 25).map(call));
    await shows(all, ['/before/4', ...first]);
    // What was seen is not read again.
    edge.passed.length = 0;
    await expect.poll(() => edge.passed.length, { timeout: 10_000 }).toBeGreaterThan(3);
    expect(edge.passed.filter((each) => each.includes('cursor='))).toEqual([]);

    edge.target = null;
    await expect
      .poll(() => all.err(), { timeout: 10_000 })
      .toBe('keystile: the gateway does not answer: trying again until it does\n');
    await cluster.kill();
    cluster = await start();
    const second = ['/second/1', '/second/2'];
    for (const path of second) await call(path);
    origin.routes.set('/missing', (_, response) => response.writeHead(404).end());
    await call('/missing');
    edge.target = cluster.urls[0] ?? '';
    await shows(all, ['/before/4', ...first, ...second, '/missing']);
    await shows(refused, ['/missing']);
    expect(all.err()).toContain('keystile: the gateway answers again\n');

    all.child.kill('SIGINT');
    expect(await all.ended).toMatchObject({ exit: 'SIGINT', err: expect.not.stringContaining('    at ') });
  });

  test('ends where it may not go on, and where its reader has enough', async () => {
    const { child, ended } = follow(`--account ${account} --limit 5`);
    child.stdout?.destroy();
    await call('/unread');
    expect((await ended).exit).toBe(0);
    const running = follow('--limit 1', member());
    await expect.poll(() => pathsIn(running.out()).length, { timeout: 10_000 }).toBe(1);
    await cluster.send('/api/v1/user/logout', { method: 'POST', headers: { authorization: `Bearer ${session}` } });
    expect(await running.ended).toMatchObject({ exit: 1, err: expect.stringContaining('KEYSTILE_TOKEN') });
  });
});
