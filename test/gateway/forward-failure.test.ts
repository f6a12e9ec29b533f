import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { deadUrl, startOrigin, type TestOrigin } from '../support/origin.ts';
import { type Forwarder, startForwarder } from './forwarder.ts';

let first: TestOrigin;
let second: TestOrigin;
let gateway: Forwarder;
let nowMs = 1_000_000;

beforeAll(async () => {
  [first, second] = await Promise.all([startOrigin(), startOrigin()]);
  const dead = await deadUrl();
  const [one, two] = [{ url: first.url }, { url: second.url }];
  gateway = await startForwarder({
    upstreams: [
      { name: 'dead', path: '/dead', origins: [{ url: dead }] },
      { name: 'unknown', path: '/unknown', origins: [{ url: 'http://no.such.host.invalid' }] },
      { name: 'late', path: '/late', origins: [one, two], timeout: '200ms' },
      { name: 'lates', path: '/lates', origins: [one, two], timeout: '50ms' },
      { name: 'dead-then-live', path: '/retry', origins: [{ url: dead }, two] },
      { name: 'breaks', path: '/breaks', origins: [one, two] },
      { name: 'breaker', path: '/breaker', origins: [one, two] },
      { name: 'all-bad', path: '/all-bad', origins: [one, two] },
    ],
  });
});

afterAll(async () => {
  await Promise.all([gateway.stop(), first.stop(), second.stop()]);
});

beforeEach(async () => {
  nowMs += 3_600_000;
  await gateway.control({ clockMs: nowMs });
  for (const origin of [first, second]) {
    origin.received.length = 0;
    origin.routes.clear();
  }
});

async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; reason?: string }> {
  const response = await fetch(`${gateway.url}${path}`, init);
  return { status: response.status, ...((await response.json()) as object) };
}

/** A request of any method with nothing after its head, which `fetch` cannot send; the whole answer as text. */
async function askBare(method: string, path: string): Promise<string> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  socket.write(`${method} ${path} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n`);
  return String(Buffer.concat(await socket.toArray()));
}

/** Lets the first origin drop every connection on this path, and counts them. */
function breakFirst(path: string): { count: number } {
  const calls = { count: 0 };
  first.routes.set(path, (request) => {
    calls.count++;
    request.socket.destroy();
  });
  return calls;
}

describe('an origin', () => {
  test('that cannot be reached is "upstream_unreachable"', async () => {
    for (const path of ['/dead', '/unknown']) expect(await ask(path)).toMatchObject({ reason: 'upstream_unreachable' });
    expect(await ask('/dead', { method: 'POST', body: 'x' })).toMatchObject({ reason: 'upstream_unreachable' });
  });

  test('that is late with its first byte is "upstream_timeout", and the call to it is ended', async () => {
    const gone = new Promise<void>((resolve) => {
      first.routes.set('/late', (_, response) => {
        response.on('close', resolve);
      });
    });
    expect(await ask('/late')).toMatchObject({ reason: 'upstream_timeout' });
    await gone;
    expect(second.received).toEqual([]);
  });

  test('may take longer than the timeout once its first byte has come', async () => {
    first.routes.set('/late', (_, response) => {
      response.writeHead(200).flushHeaders();
      setTimeout(() => response.end('{"late":true}'), 500);
    });
    expect(await ask('/late')).toEqual({ status: 200, late: true });
  });

  test('has the whole timeout after the last byte of a slow upload', async () => {
    const slow = new ReadableStream({
      async start(controller) {
        for (let i = 0; i < 5; i++) {
          controller.enqueue(new Uint8Array(10));
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        controller.close();
      },
    });
    expect(await ask('/late', { method: 'POST', body: slow, duplex: 'half' } as RequestInit)).toMatchObject({
      status: 200,
    });
  });

  test('that answers with an error has answered', async () => {
    first.routes.set('/breaks', (_, response) => response.writeHead(503).end('{}'));
    expect((await ask('/breaks')).status).toBe(503);
    expect(second.received).toEqual([]);
  });
});

describe('another origin', () => {
  test('is tried for a request without a body', async () => {
    for (const method of ['GET', 'DELETE']) expect((await ask('/retry', { method })).status).toBe(200);
    expect(second.received.map(({ method }) => method)).toEqual(['GET', 'DELETE']);
  });

  test('never gets a request that has a body, or that must not be repeated', async () => {
    breakFirst('/breaks');
    expect(await ask('/breaks', { method: 'PUT', body: 'x' })).toMatchObject({ reason: 'upstream_unreachable' });
    expect(await askBare('POST', '/breaks')).toContain('upstream_unreachable');
    expect(second.received).toEqual([]);
    expect(await askBare('PUT', '/breaks')).toContain('"method":"PUT"');
    second.received.length = 0;
    await ask('/breaks');
    expect(second.received).toHaveLength(1);
  });

  test('takes over while the breaker of the first is open, also what has a body', async () => {
    const calls = breakFirst('/breaker');
    for (let i = 0; i < 5; i++) await ask('/breaker');
    expect(calls.count).toBe(5);
    expect(await ask('/breaker', { method: 'POST', body: 'x' })).toMatchObject({ status: 200, body: 'x' });
    expect(calls.count).toBe(5);
  });

  test('takes over from one that is late time and again', async () => {
    first.routes.set('/lates', () => {});
    for (let i = 0; i < 5; i++) expect(await ask('/lates')).toMatchObject({ reason: 'upstream_timeout' });
    expect((await ask('/lates')).status).toBe(200);
    expect(second.received).toHaveLength(1);
  });

  test('gives way again once the first has answered after a pause', async () => {
    const calls = breakFirst('/breaker');
    for (let i = 0; i < 6; i++) await ask('/breaker');
    first.routes.clear();
    await gateway.control({ clockMs: nowMs + 20_000 });
    await ask('/breaker');
    await ask('/breaker');
    expect(first.received).toHaveLength(2);
    expect(calls.count).toBeLessThanOrEqual(5);
  });

  test('is not there: with every breaker open one is still tried', async () => {
    for (const origin of [first, second]) origin.routes.set('/all-bad', (request) => request.socket.destroy());
    for (let i = 0; i < 6; i++) await ask('/all-bad');
    for (const origin of [first, second]) origin.routes.clear();
    expect((await ask('/all-bad')).status).toBe(200);
  });
});
