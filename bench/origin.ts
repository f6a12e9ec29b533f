import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** An origin that answers at once, and as cheaply as may be. */
export interface BenchOrigin {
  readonly kind: 'nginx' | 'node';
  readonly url: string;
  close(): void;
}

/** What it answers: a small JSON document. */
const BODY = JSON.stringify({ object: 'list', data: [{ id: 'demo', object: 'model', owned_by: 'demo' }] });

/** nginx where it is installed, else a server of Node. */
export async function startBenchOrigin(dir: string): Promise<BenchOrigin> {
  return spawnSync('nginx', ['-v']).status === 0 ? startNginx(dir) : startNode();
}

async function startNginx(dir: string): Promise<BenchOrigin> {
  const port = await freePort();
  const conf = join(dir, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${dir}/${name};`,
  );
  writeFileSync(
    conf,
    `daemon off; master_process off; pid ${dir}/nginx.pid; error_log ${dir}/nginx.err;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 300s; default_type application/json;
  ${temporary.join(' ')}
  server { listen 127.0.0.1:${port}; location / { return 200 '${BODY}'; } }
}
`,
  );
  const child = spawn('nginx', ['-p', dir, '-c', conf], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 100; tries++) {
    if ((await fetch(url).catch(() => null))?.ok) return { kind: 'nginx', url, close: () => child.kill('SIGKILL') };
    await sleep(50);
  }
  throw new Error(`nginx does not answer; see ${dir}/nginx.err`);
}

async function startNode(): Promise<BenchOrigin> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(BODY) };
  const server = createServer({ keepAliveTimeout: 300_000 }, (request, response) => {
    request.resume();
    response.writeHead(200, headers);
    response.end(BODY);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { kind: 'node', url: `http://127.0.0.1:${port}`, close: () => server.closeAllConnections() };
}

export async function freePort(): Promise<number> {
  const server = createSocket();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
