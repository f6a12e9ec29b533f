import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway } from '../dev/gateway.ts';
import { freePort } from './origin.ts';
import { show, spread } from './report.ts';

/*
 * `node bench/webhooks.ts`: how long a rotation and a revocation take, in a local gateway without webhook endpoints, with
 * twenty that take whatever comes, and with twenty at which nobody answers, in turns. The deliveries themselves are made
 * on the same core, in the background.
 */

const ENDPOINTS = 20;
const ROUNDS = 10;
const KEYS_PER_ROUND = 5;
/** Between two calls, so that none waits for what the one before has left to do. */
const PAUSE_MS = 500;

const ADMIN_TOKEN = randomBytes(24).toString('hex');
const directory = mkdtempSync(join(tmpdir(), 'webhooks-'));
const port = await freePort();
const dead = `http://127.0.0.1:${await freePort()}`;
const receiver = createServer((request, response) => {
  request.resume();
  response.writeHead(204).end();
});
const alive = `http://127.0.0.1:${await new Promise<number>((resolve) => {
  receiver.listen(0, '127.0.0.1', () => resolve((receiver.address() as AddressInfo).port));
})}`;
const url = `http://127.0.0.1:${port}/admin/v1`;
const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' };

/** An admin call, and how long its answer took in ms. */
async function ask(method: string, path: string, body: object = {}): Promise<{ body: { id: string }; ms: number }> {
  const startedMs = performance.now();
  const response = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
  const text = await response.text();
  const ms = performance.now() - startedMs;
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return { body: text === '' ? { id: '' } : JSON.parse(text), ms };
}

/** At what endpoints events arrive. */
const MODES = ['none', 'alive', 'dead'] as const;
type Mode = (typeof MODES)[number];

/** Times in ms. */
type Times = Readonly<Record<'rotate' | 'revoke', number[]>>;

async function measure(account: string): Promise<Times> {
  const times: Times = { rotate: [], revoke: [] };
  for (let n = 0; n < KEYS_PER_ROUND; n++) {
    const { id } = (await ask('POST', `/accounts/${account}/keys`, { environment: 'live' })).body;
    for (const change of ['rotate', 'revoke'] as const) {
      await sleep(PAUSE_MS);
      times[change].push((await ask('POST', `/keys/${id}/${change}`)).ms);
    }
  }
  return times;
}

const policy = {
  upstreams: [{ name: 'none', origins: [{ url: dead }] }],
  webhooks: { allow_local: true },
};
const secrets = {
  ADMIN_TOKEN,
  PEPPERS: `1:${randomBytes(32).toString('hex')}`,
  WEBHOOK_KEYS: `1:${randomBytes(32).toString('hex')}`,
};
const options = { root: join(import.meta.dirname, '..'), port, dataDir: directory, secrets, policy };
const gateway = await startGateway(options, join(directory, 'log'), () => undefined);
try {
  const account = (await ask('POST', '/accounts', { name: 'Bench' })).body.id;
  const endpoints: string[] = [];
  for (let n = 0; n < ENDPOINTS; n++) {
    endpoints.push((await ask('POST', '/webhooks', { url: `${dead}/${n}` })).body.id);
  }
  const measureWith = async (mode: Mode) => {
    const status = mode === 'none' ? 'disabled' : 'active';
    const to = mode === 'alive' ? alive : dead;
    for (const [n, id] of endpoints.entries()) await ask('PATCH', `/webhooks/${id}`, { status, url: `${to}/${n}` });
    await sleep(1_000);
    return measure(account);
  };
  await measureWith('none');
  const rounds: Record<Mode, Times>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const taken: Partial<Record<Mode, Times>> = {};
    for (let n = 0; n < MODES.length; n++) {
      const mode = MODES[(round + n) % MODES.length] as Mode;
      taken[mode] = await measureWith(mode);
    }
    rounds.push(taken as Record<Mode, Times>);
  }
  console.log(
    `| | ms without endpoints | ms with ${ENDPOINTS} that answer | ms with ${ENDPOINTS} dead ones | dead ones, of those that answer |\n| --- | --- | --- | --- | --- |`,
  );
  for (const change of ['rotate', 'revoke'] as const) {
    const medians = (mode: Mode) => rounds.map((round) => spread(round[mode][change]).median);
    const ratios = rounds.map(({ dead: of, alive: by }) => spread(of[change]).median / spread(by[change]).median);
    const cells = [...MODES.map((mode) => show(spread(medians(mode)), 1)), show(spread(ratios), 2)];
    console.log(`| ${[change, ...cells].join(' | ')} |`);
  }
} finally {
  await gateway.stop();
  receiver.closeAllConnections();
  receiver.close();
  rmSync(directory, { recursive: true, force: true });
}
