import { get, type ServerResponse } from 'node:http';
import { brotliCompressSync, constants } from 'node:zlib';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startOrigin, type TestOrigin } from '../support/origin.ts';
import { type Forwarder, startForwarder } from './forwarder.ts';

const EVERY_MS = 400;
const SSE = { 'content-type': 'text/event-stream' };

/** Speaks WebSocket: echoes text and bytes, closes as it is told, and remembers how it was closed. */
const SOCKET_ORIGIN = `
let closed = [];
export default { fetch(request) {
  if (request.headers.get('upgrade') !== 'websocket') return Response.json(closed);
  const [client, server] = Object.values(new WebSocketPair());
  server.binaryType = 'arraybuffer';
  server.accept();
  const headers = JSON.stringify([...request.headers]);
  server.addEventListener('message', ({ data }) => {
    if (data === 'headers') return server.send(headers);
    if (data === 'close') return server.close(4001, 'as told');
    server.send(data);
  });
  server.addEventListener('close', ({ code, reason }) => closed.push([code, reason]));
  return new Response(null, { status: 101, webSocket: client, headers: { 'sec-websocket-protocol': 'chat' } });
} }`;

let origin: TestOrigin;
let sockets: Miniflare;
let socketUrl: string;
let watched: Forwarder;
let unwatched: Forwarder;

beforeAll(async () => {
  origin = await startOrigin();
  sockets = new Miniflare(
    convertV4MiniflareOptions({
      name: 'sockets',
      modules: true,
      script: SOCKET_ORIGIN,
      compatibilityDate: '2026-10-01',
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    }),
  );
  socketUrl = (await sockets.unsafeGetDirectURL('sockets')).origin;
  const upstreams = [
    { name: 'sockets', path: '/ws', origins: [{ url: socketUrl }] },
    { name: 'all', origins: [{ url: origin.url }] },
  ];
  const places = [{ in: 'bearer' as const }, { in: 'websocket' as const, prefix: 'keystile.' }];
  watched = await startForwarder({ upstreams, places, everyMs: EVERY_MS });
  unwatched = await startForwarder({ upstreams, places });
});

afterAll(async () => {
  await Promise.all([watched.stop(), unwatched.stop(), sockets.dispose(), origin.stop()]);
});

beforeEach(async () => {
  origin.routes.clear();
  await watched.control({ checks: 0, holds: true });
});

const forwarders = () => [watched, unwatched];

/** Has the origin answer with a stream that the test writes; resolves once the origin was called. */
function openStream(headers: Record<string, string | number>): Promise<ServerResponse> {
  return new Promise((resolve) => {
    origin.routes.set('/stream', (_, response) => {
      response.writeHead(200, headers).flushHeaders();
      resolve(response);
    });
  });
}

const closed = (response: ServerResponse) => new Promise<void>((resolve) => response.on('close', resolve));

/** Writes until the response is closed: local workerd notices that a client has gone when it writes to it. */
function keepWriting(response: ServerResponse): void {
  const timer = setInterval(() => response.write('data: x\n\n'), 20);
  response.on('close', () => clearInterval(timer));
}

function readerOf(response: Response) {
  if (response.body === null) throw new Error('no body');
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  return { next: async () => (await reader.read()).value, cancel: () => reader.cancel() };
}

async function checksAtLeast(forwarder: Forwarder, count: number): Promise<number> {
  const { checks } = await forwarder.control();
  if (checks >= count) return checks;
  await new Promise((resolve) => setTimeout(resolve, 20));
  return checksAtLeast(forwarder, count);
}

describe('a stream', () => {
  test('passes event by event: the client has each before the origin writes the next', async () => {
    for (const { url } of forwarders()) {
      const opened = openStream(SSE);
      const answer = await fetch(`${url}/stream`);
      const [events, response] = [readerOf(answer), await opened];
      for (const event of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
        response.write(event);
        expect(await events.next()).toBe(event);
      }
      response.end();
      expect(await events.next()).toBeUndefined();
    }
  });

  test('of which the client goes away is cancelled at the origin', async () => {
    for (const { url } of forwarders()) {
      const opened = openStream(SSE);
      const events = readerOf(await fetch(`${url}/stream`));
      const response = await opened;
      keepWriting(response);
      await events.next();
      const gone = closed(response);
      await events.cancel();
      await gone;
      expect(response.writableFinished).toBe(false);
    }
  });

  test('that the origin breaks off is not ended for the client as if it were whole', async () => {
    for (const { url } of forwarders()) {
      const opened = openStream({ 'content-type': 'text/plain' });
      const answer = await fetch(`${url}/stream`);
      const response = await opened;
      response.write('part');
      setTimeout(() => response.destroy(), 20);
      await expect(answer.text()).rejects.toThrow();
    }
  });

  test('that is compressed passes a watched pipe byte for byte', async () => {
    // A quality that the runtime itself would not choose.
    const bytes = brotliCompressSync('hello '.repeat(100), { params: { [constants.BROTLI_PARAM_QUALITY]: 0 } });
    const opened = openStream({ 'content-encoding': 'br' });
    const answering = new Promise<Buffer>((resolve) => {
      get(`${watched.url}/stream`, async (answer) => resolve(Buffer.concat(await answer.toArray())));
    });
    (await opened).end(bytes);
    expect((await answering).equals(bytes)).toBe(true);
  });

  test('runs on while the key holds, and is checked', async () => {
    const opened = openStream(SSE);
    const events = readerOf(await fetch(`${watched.url}/stream`));
    const response = await opened;
    expect(await checksAtLeast(watched, 3)).toBeGreaterThanOrEqual(3);
    response.end('data: last\n\n');
    expect(await events.next()).toBe('data: last\n\n');
    expect(await events.next()).toBeUndefined();
  });

  test('of a revoked key breaks off within the time, here and at the origin', async () => {
    for (const headers of [SSE, { 'content-length': 2_000_000 }]) {
      await watched.control({ holds: true });
      const opened = openStream(headers);
      const events = readerOf(await fetch(`${watched.url}/stream`));
      const response = await opened;
      const gone = closed(response);
      response.write('data: 1\n\n');
      await events.next();
      const revokedAt = performance.now();
      await watched.control({ holds: false });
      await expect(events.next()).rejects.toThrow();
      expect(performance.now() - revokedAt).toBeLessThan(EVERY_MS + 200);
      await gone;
    }
  });

  test('leaves no timer behind when it ends or its client goes away', async () => {
    for (const leave of ['end', 'cancel'] as const) {
      const opened = openStream(SSE);
      const events = readerOf(await fetch(`${watched.url}/stream`));
      const response = await opened;
      keepWriting(response);
      await events.next();
      const gone = closed(response);
      if (leave === 'end') response.end();
      else await events.cancel();
      await gone;
      const { checks } = await watched.control();
      await new Promise((resolve) => setTimeout(resolve, 2 * EVERY_MS));
      expect((await watched.control()).checks).toBe(checks);
    }
  });

  test('that is short and of known length is never checked', async () => {
    origin.routes.set('/stream', (_, response) => {
      response.writeHead(200, { 'content-length': '2' }).flushHeaders();
      setTimeout(() => response.end('ok'), 2 * EVERY_MS);
    });
    expect(await (await fetch(`${watched.url}/stream`)).text()).toBe('ok');
    expect((await watched.control()).checks).toBe(0);
  });
});

interface Client {
  readonly socket: WebSocket;
  readonly next: () => Promise<unknown>;
  readonly closed: Promise<{ code: number; reason: string }>;
}

function connect(url: string, protocols: string[]): Promise<Client> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, protocols);
  socket.binaryType = 'arraybuffer';
  const closing = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }));
  });
  const next = () =>
    new Promise((resolve) => socket.addEventListener('message', ({ data }) => resolve(data), { once: true }));
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve({ socket, next, closed: closing }));
    socket.addEventListener('error', () => reject(new Error('no WebSocket')));
  });
}

describe('a WebSocket', () => {
  test('carries text and bytes both ways', async () => {
    for (const { url } of forwarders()) {
      const { socket, next } = await connect(url, ['keystile.ks_live_secret', 'chat']);
      expect(socket.protocol).toBe('chat');
      socket.send('hello');
      expect(await next()).toBe('hello');
      socket.send(new Uint8Array([0, 255, 7]));
      expect(new Uint8Array((await next()) as ArrayBuffer)).toEqual(new Uint8Array([0, 255, 7]));
      socket.close();
    }
  });

  test('tells the origin who called, and not the credential', async () => {
    const { socket, next } = await connect(watched.url, ['keystile.ks_live_secret', 'chat']);
    socket.send('headers');
    const headers = String(await next());
    expect(headers).toContain('["x-keystile-account","acc_1"]');
    expect(headers).not.toContain('ks_live_secret');
    socket.close();
  });

  test('passes the close of either side on', async () => {
    for (const { url } of forwarders()) {
      const told = await connect(url, ['chat']);
      told.socket.send('close');
      expect(await told.closed).toEqual({ code: 4001, reason: 'as told' });
      const own = await connect(url, ['chat']);
      own.socket.close(4002, 'own');
      expect(await own.closed).toEqual({ code: 4002, reason: 'own' });
      const seen = async () => (await fetch(socketUrl)).json();
      await expect.poll(seen).toContainEqual([4002, 'own']);
    }
  });

  test('of a revoked key is closed with 1008 within the time', async () => {
    const { closed } = await connect(watched.url, ['chat']);
    const revokedAt = performance.now();
    await watched.control({ holds: false });
    expect((await closed).code).toBe(1008);
    expect(performance.now() - revokedAt).toBeLessThan(EVERY_MS + 200);
    await expect.poll(async () => (await fetch(socketUrl)).json()).toContainEqual([1001, '']);
  });

  test('is checked no more once it is closed', async () => {
    const { socket, closed } = await connect(watched.url, ['chat']);
    await checksAtLeast(watched, 1);
    socket.close();
    await closed;
    const { checks } = await watched.control();
    await new Promise((resolve) => setTimeout(resolve, 2 * EVERY_MS));
    expect((await watched.control()).checks).toBe(checks);
  });

  test('that the origin refuses is an ordinary answer', async () => {
    origin.routes.set('/stream', (_, response) => response.writeHead(426).end('no'));
    origin.server.once('upgrade', (_, socket) =>
      socket.end('HTTP/1.1 426 Upgrade Required\r\ncontent-length: 2\r\n\r\nno'),
    );
    await expect(
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`${watched.url.replace('http', 'ws')}/stream`);
        socket.addEventListener('open', resolve);
        socket.addEventListener('error', reject);
      }),
    ).rejects.toBeDefined();
  });
});
