import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway } from '../dev/gateway.ts';
import { cpuUs, residentMb, workerdProcesses } from './machine.ts';

/*
 * `node bench/imports.ts`: 100,000 keys are imported over HTTP into a local gateway, chunk by chunk, half of them by
 * their hashes. In the middle the runtime is killed and started anew on the same data, and the import goes on.
 */

const KEYS = 100_000;
const CHUNK = 5_000;
const ACCOUNTS = 1_000;
/** Which chunk is half done when the runtime is killed. */
const KILLED_CHUNK = 11;
const GOAL_PER_SECOND = 2_000;

const ADMIN_TOKEN = randomBytes(24).toString('hex');
const FORMAT = { name: 'old', prefix: 'old_', charset: 'hex', min_length: 40, max_length: 40, environment: 'live' };
const ROOT = join(import.meta.dirname, '..');
const secrets = Array.from({ length: KEYS }, () => `old_${randomBytes(20).toString('hex')}`);
const directory = mkdtempSync(join(tmpdir(), 'imports-'));
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'cf-connecting-ip': '192.0.2.1' };

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** A line with all that a key usually has. */
function lineOf(secret: string, i: number): string {
  const sha256 = createHash('sha256').update(secret).digest('hex');
  const known = i % 2 === 0 ? { key: secret } : { sha256, format: 'old', prefix: secret.slice(0, 8) };
  const account = { account_ref: `customer-${i % ACCOUNTS}`, account_name: `Customer ${i % ACCOUNTS}` };
  const settings = { label: `key ${i}`, rate_limit_per_minute: 600, quotas: { monthly: 1_000_000 } };
  return JSON.stringify({ ...known, ...account, ...settings, metadata: { old_id: `${i}` } });
}

/** Counted from 1. */
function bodyOf(chunk: number): string {
  const from = (chunk - 1) * CHUNK;
  const own = secrets.slice(from, from + CHUNK);
  return own.map((secret, i) => `${lineOf(secret, from + i)}\n`).join('');
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(url + path, { ...init, headers: { ...headers, ...init.headers } });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

interface Counts {
  readonly created: number;
}

/** Sends a chunk. Returns how many of its keys are here by it. */
async function send(chunk: number): Promise<number> {
  const init = { method: 'POST', body: bodyOf(chunk), headers: { 'content-type': 'application/x-ndjson' } };
  return (await ask<{ counts: Counts }>(`/admin/v1/imports?import=bench&chunk=${chunk}`, init)).counts.created;
}

async function start(pepper: string) {
  const secretsOfWorker = { ADMIN_TOKEN, PEPPERS: `1:${pepper}` };
  const policy = {
    legacy: { formats: [FORMAT] },
    upstreams: [{ name: 'none', origins: [{ url: 'http://127.0.0.1:9' }] }],
  };
  const options = { root: ROOT, port, dataDir: directory, secrets: secretsOfWorker, policy };
  const gateway = await startGateway(options, join(directory, 'log'), () => undefined);
  for (let tries = 0; (await fetch(`${url}/healthz`).catch(() => null))?.ok !== true; tries++) {
    if (tries > 200) throw new Error('the gateway does not answer');
    await sleep(100);
  }
  const [pid = 0] = workerdProcesses();
  return { gateway, pid };
}

/** What a chunk came to; `cpuMs`: of workerd, which waits for its turn where others use the machine too. */
interface Row {
  readonly chunk: number;
  readonly ms: number;
  readonly cpuMs: number;
  readonly mb: number;
}
const rows: Row[] = [];
const sumOf = (of: readonly Row[], what: 'ms' | 'cpuMs') => of.reduce((sum, row) => sum + row[what], 0);
const perSecondOf = (of: readonly Row[], what: 'ms' | 'cpuMs') => (of.length * CHUNK * 1_000) / sumOf(of, what);

async function importAll(pid: number, chunks: readonly number[]): Promise<void> {
  for (const chunk of chunks) {
    const [startedMs, startedUs] = [performance.now(), cpuUs(pid)];
    const created = await send(chunk);
    if (created !== CHUNK) throw new Error(`chunk ${chunk}: ${created} of ${CHUNK} keys`);
    const cpuMs = (cpuUs(pid) - startedUs) / 1_000;
    rows.push({ chunk, ms: performance.now() - startedMs, cpuMs, mb: residentMb(pid) });
  }
}

const numbers = Array.from({ length: KEYS / CHUNK }, (_, i) => i + 1);
const pepper = randomBytes(32).toString('hex');
let running = await start(pepper);
try {
  await importAll(
    running.pid,
    numbers.filter((chunk) => chunk < KILLED_CHUNK),
  );
  const cut = send(KILLED_CHUNK).then(
    () => 'answered',
    () => 'cut off',
  );
  await sleep(sumOf(rows, 'ms') / rows.length / 2);
  process.kill(running.pid, 'SIGKILL');
  const fate = await cut;
  await running.gateway.stop();
  running = await start(pepper);
  const status = () => ask<{ peppers: { digests: number }[] }>('/admin/v1/status');
  const before = (await status()).peppers[0]?.digests ?? 0;
  const { chunks } = await ask<{ chunks: [number, number][] }>('/admin/v1/imports/bench');
  const done = (chunk: number) => chunks.some(([from, to]) => from <= chunk && chunk <= to);
  const left = numbers.filter((chunk) => !done(chunk));
  console.log(
    `killed in chunk ${KILLED_CHUNK}, which was ${fate}: ${before} keys there; chunks left from ${left[0]} on\n`,
  );
  await importAll(running.pid, left);

  const { counts } = await ask<{ counts: Counts }>('/admin/v1/imports/bench');
  const there = (await status()).peppers[0]?.digests ?? 0;
  const verified = await Promise.all(
    [0, 1, KEYS - 2, KEYS - 1, (KILLED_CHUNK - 1) * CHUNK, (KILLED_CHUNK - 1) * CHUNK + 1].map(async (i) => {
      const authorization = `Bearer ${secrets[i]}`;
      return (await fetch(`${url}/api/v1/keys/apikey`, { headers: { ...headers, authorization } })).status;
    }),
  );
  console.log(
    '| keys imported | keys/s of the last 10,000 | keys/s of CPU time | memory of workerd, MB |\n| --- | --- | --- | --- |',
  );
  for (let i = 1; i < rows.length; i += 2) {
    const two = rows.slice(i - 1, i + 1);
    const rates = [perSecondOf(two, 'ms'), perSecondOf(two, 'cpuMs'), rows[i]?.mb ?? 0].map(Math.round);
    console.log(`| ${(rows[i]?.chunk ?? 0) * CHUNK} | ${rates.join(' | ')} |`);
  }
  const seconds = sumOf(rows, 'ms') / 1_000;
  const perSecond = perSecondOf(rows, 'ms');
  const isExact = there === KEYS && counts.created === KEYS;
  console.log(
    `\n${KEYS} keys in ${seconds.toFixed(1)} s: ${Math.round(perSecond)} keys/s, goal ${GOAL_PER_SECOND} ${perSecond >= GOAL_PER_SECOND ? 'met' : 'missed'}`,
  );
  console.log(`keys there: ${there}, ${isExact ? 'exactly those of the file' : 'NOT those of the file'}`);
  console.log(`plain and hashed keys, in turns, verify: ${verified.join(' ')}`);
  if (!isExact || verified.some((code) => code !== 200)) process.exitCode = 1;
} finally {
  await running.gateway.stop();
  rmSync(directory, { recursive: true, force: true });
}
