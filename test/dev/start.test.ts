import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const START = join(import.meta.dirname, '../../dev/start.ts');

interface Run {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number | null>;
  out: string;
  err: string;
}

let state: string;
let port: number;
let runs: Run[];

beforeEach(async () => {
  state = mkdtempSync(join(tmpdir(), 'keystile-start-'));
  port = await freePort();
  runs = [];
});

afterEach(async () => {
  await Promise.all(runs.map((run) => end(run)));
  rmSync(state, { recursive: true });
});

describe('npm start', { timeout: 60_000 }, () => {
  it('gets ready and prints commands that work when pasted', async () => {
    const run = await startReady();
    expect(run.out.trimEnd().split('\n').at(-1)).toBe(`ready http://localhost:${port}`);
    const [chat, trial] = commands(run);
    const streamed = shell(chat);
    expect(streamed.match(/^data: \{/gm)?.length).toBeGreaterThan(3);
    expect(streamed.trimEnd().endsWith('data: [DONE]')).toBe(true);
    const { api_key } = JSON.parse(shell(trial));
    expect(await modelsStatus(api_key)).toBe(200);
    expect(await end(run)).toBe(0);
  });

  it('mints a new key on a later run, keeps the data, and the last key is refused', async () => {
    const first = await startReady();
    const firstKey = printedKey(first);
    expect(await modelsStatus(firstKey)).toBe(200);
    expect(await end(first)).toBe(0);
    const secondKey = printedKey(await startReady());
    expect(secondKey).not.toBe(firstKey);
    expect(await modelsStatus(secondKey)).toBe(200);
    expect(await modelsStatus(firstKey)).toBe(401);
  });

  it('runs another preset, a policy override and an admin token of one’s own', async () => {
    const run = await startReady(
      '--preset',
      'wavis',
      '--policy',
      '{"lease":"0s"}',
      '--admin-token',
      'a-token-of-my-own-0123456789abcdef',
    );
    expect(shell(commands(run)[0])).toContain('data: [DONE]');
    const listed = await fetch(`http://localhost:${port}/admin/v1/keys`, {
      headers: { authorization: 'Bearer a-token-of-my-own-0123456789abcdef' },
    });
    expect(listed.status).toBe(200);
    expect(readFileSync(join(state, '.dev.vars'), 'utf8')).not.toContain('ADMIN_TOKEN');
  });

  it('keeps the secrets that it prints or makes out of its log', async () => {
    const run = await startReady();
    shell(commands(run)[0]);
    expect(await end(run)).toBe(0);
    const log = readFileSync(join(state, 'gateway.log'), 'utf8');
    const made = readFileSync(join(state, '.dev.vars'), 'utf8').matchAll(/[0-9a-f]{64}/g);
    for (const secret of [printedKey(run), ...[...made].map(([hex]) => hex)]) expect(log).not.toContain(secret);
  });

  it('finds control routes that the policy has moved', async () => {
    const run = await startReady('--policy', '{"control":{"host":"control.example","base_path":"/keys"}}');
    const [chat, trial] = commands(run);
    expect(shell(chat)).toContain('data: [DONE]');
    expect(JSON.parse(shell(trial))).toHaveProperty('api_key');
  });

  it('refuses a state folder that another run is serving from', async () => {
    await startReady();
    const second = start('--state', state, '--port', String(await freePort()));
    expect(await second.ended).toBe(1);
    expect(second.err).toMatch(/^keystile: .* is in use by the gateway on port \d+ \(process \d+\)\n$/);
  });

  it('leaves nothing running when it is killed', async () => {
    const run = await startReady();
    run.child.kill('SIGKILL');
    await run.ended;
    for (let tries = 0; tries < 100 && !(await isFree(port)); tries++) await sleep(50);
    expect(await isFree(port)).toBe(true);
  });

  it('refuses a taken port in one line', async () => {
    const holder = await hold(port);
    const run = start('--state', state, '--port', String(port));
    expect(await run.ended).toBe(1);
    expect(run.err).toBe(`keystile: port ${port} is taken; choose another with --port\n`);
    await new Promise((resolve) => holder.close(resolve));
  });

  it.each([
    [['--nonsense'], /--nonsense/],
    [['stray'], /stray/],
    [['--port', '0'], /--port: expected a number from 1 to 65535/],
    [['--policy', '{'], /--policy: not JSON/],
    [['--policy', '[]'], /--policy: expected a JSON object/],
    [['--policy', '{"lease":"1 parsec"}'], /policy\.lease: /],
    [['--policy', '{"leese":"1s"}'], /leese/],
    [['--preset', 'nobody'], /policy\.preset: expected one of keystile, wavis/],
    [['--upstream', 'ftp://example.com'], /--upstream: expected an http or https origin/],
    [['--state', '/dev/null/here'], /--state: /],
    [['--admin-token', 'short'], /--admin-token: .* at least 16 characters/],
  ])('refuses %j in one line', async (flags, problem) => {
    const run = start('--port', String(port), '--state', state, ...flags);
    expect(await run.ended).toBe(1);
    expect(run.err).toMatch(problem);
    expect(run.err).toMatch(/^keystile: [^\n]+\n$/);
    expect(run.out).toBe('');
  });
});

function start(...flags: string[]): Run {
  const child = spawn(process.execPath, [START, ...flags]);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const run: Run = { child, ended, out: '', err: '' };
  child.stdout.on('data', (text) => {
    run.out += text;
  });
  child.stderr.on('data', (text) => {
    run.err += text;
  });
  runs.push(run);
  return run;
}

async function startReady(...flags: string[]): Promise<Run> {
  const run = start('--state', state, '--port', String(port), ...flags);
  await new Promise<void>((resolve, reject) => {
    run.child.stdout.on('data', () => /^ready /m.test(run.out) && resolve());
    run.ended.then((code) => reject(new Error(`ended with ${code}: ${run.err}`)));
  });
  return run;
}

/** Ends a run as Ctrl-C does. */
async function end(run: Run): Promise<number | null> {
  if (run.child.exitCode === null && run.child.signalCode === null) run.child.kill('SIGINT');
  return run.ended;
}

function commands(run: Run): [chat: string, trial: string] {
  const [chat, trial] = run.out.split('\n').filter((line) => line.startsWith('curl '));
  if (chat === undefined || trial === undefined) throw new Error(`no commands in: ${run.out}`);
  return [chat, trial];
}

function printedKey(run: Run): string {
  const key = /^key (\S+)$/m.exec(run.out)?.[1];
  if (key === undefined) throw new Error(`no key in: ${run.out}`);
  return key;
}

function shell(command: string): string {
  return execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

async function modelsStatus(key: string): Promise<number> {
  const response = await fetch(`http://localhost:${port}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  await response.body?.cancel();
  return response.status;
}

function hold(wanted: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => resolve(server));
  });
}

async function isFree(wanted: number): Promise<boolean> {
  const server = await hold(wanted).catch(() => null);
  if (server !== null) await new Promise((resolve) => server.close(resolve));
  return server !== null;
}

async function freePort(): Promise<number> {
  const server = await hold(0);
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
