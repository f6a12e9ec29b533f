import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SERVICE_ADDRESS } from './doors.ts';

/* A real nginx with the configuration of the page on doors. */

/** Where nginx is; null: it is not installed. */
export const NGINX = findNginx();

function findNginx(): string | null {
  for (const path of ['nginx', '/usr/sbin/nginx']) {
    try {
      execFileSync(path, ['-v'], { stdio: 'ignore' });
      return path;
    } catch {
      // Not there.
    }
  }
  return null;
}

export interface Nginx {
  readonly url: string;
  /** What it has logged, of requests and of errors. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** A client's address, which nginx is told in place of who connects. */
export const AS_ADDRESS = 'x-test-address';

/**
 * Starts nginx with the page's configuration, of which only places are changed: hosts and files, and TLS, which nobody
 * speaks here. The edge in front of the gateway is missing, so nginx says in its place from where it asks.
 */
export async function startNginx(gateway: string, origin: string, serviceKey: string): Promise<Nginx> {
  const directory = mkdtempSync(join(tmpdir(), 'nginx-'));
  const port = await freePort();
  const key = join(directory, 'service-key.conf');
  writeFileSync(key, `set $keystile_service_key "${serviceKey}";\n`);
  const page = readFileSync(join(import.meta.dirname, '../../docs/doors.md'), 'utf8');
  const block = /^```nginx\n([\s\S]*?)^```/m.exec(page)?.[1] ?? '';
  const places: readonly (readonly [string, string])[] = [
    ['server keys.example.com:443;', `server ${new URL(gateway).host};`],
    ['server 10.0.0.5:8080;', `server ${new URL(origin).host};`],
    ['listen 443 ssl;', `listen 127.0.0.1:${port};`],
    ['    ssl_certificate /etc/ssl/api.example.com.crt;\n', ''],
    ['    ssl_certificate_key /etc/ssl/private/api.example.com.key;\n', ''],
    ['/var/log/nginx/api.log', join(directory, 'access.log')],
    ['/etc/nginx/keystile-service-key.conf', key],
    ['https://keystile/', 'http://keystile/'],
    ['        proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;\n', ''],
    ['        proxy_ssl_verify on;\n', ''],
    [
      'X-Original-Method $request_method;',
      `X-Original-Method $request_method;\nproxy_set_header CF-Connecting-IP ${SERVICE_ADDRESS};`,
    ],
  ];
  const server = places.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the page has no "${from}"`);
    return text.replace(from, to);
  }, block);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const config = join(directory, 'nginx.conf');
  writeFileSync(
    config,
    [
      'daemon off;',
      'worker_processes 1;',
      `pid ${join(directory, 'pid')};`,
      `error_log ${join(directory, 'error.log')} info;`,
      'events { worker_connections 256; }',
      'http {',
      ...temporary.map((name) => `${name}_temp_path ${join(directory, name)};`),
      'set_real_ip_from 127.0.0.1;',
      `real_ip_header ${AS_ADDRESS};`,
      server,
      '}',
    ].join('\n'),
  );
  const process = spawn(NGINX ?? 'nginx', ['-p', directory, '-e', join(directory, 'error.log'), '-c', config], {
    stdio: 'ignore',
  });
  const log = () => ['access.log', 'error.log'].map((name) => readIfThere(join(directory, name))).join('\n');
  const url = `http://127.0.0.1:${port}`;
  await answers(url, process, log);
  return {
    url,
    log,
    async stop() {
      const ended = new Promise((resolve) => process.once('exit', resolve));
      process.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answers(url: string, process: ChildProcess, log: () => string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (process.exitCode !== null) throw new Error(`nginx did not start: ${log()}`);
    try {
      await fetch(`${url}/keystile`);
      return;
    } catch {
      await pause(50);
    }
  }
  throw new Error(`nginx does not answer: ${log()}`);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A port on which nobody listens at the moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
