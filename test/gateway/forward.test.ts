import { request as httpRequest } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Received, startOrigin, type TestOrigin } from '../support/origin.ts';
import { type Forwarder, startForwarder } from './forwarder.ts';

let origin: TestOrigin;
let gateway: Forwarder;

beforeAll(async () => {
  origin = await startOrigin();
  gateway = await startForwarder({
    upstreams: [
      { name: 'stripped', path: '/strip/**', strip_prefix: '/strip', origins: [{ url: origin.url }] },
      {
        name: 'secret',
        path: '/secret',
        origins: [{ url: origin.url }],
        headers: { authorization: 'Bearer \u0024{ORIGIN_TOKEN}', 'x-keystile-plan': 'from-route' },
      },
      { name: 'service', path: '/service/**', origins: [{ service: 'BACKEND' }] },
      { name: 'posts', path: '/only-post', methods: ['POST'], origins: [{ url: origin.url }] },
      { name: 'all', path: '/v1/**', origins: [{ url: origin.url }], max_body: '64KB' },
      { name: 'large', path: '/large', origins: [{ url: origin.url }] },
    ],
    places: [{ in: 'bearer' }, { in: 'header', name: 'x-api-key' }],
    bindings: { ORIGIN_TOKEN: 'origin-token' },
    services: {
      BACKEND: async (request) =>
        Response.json({
          url: request.url,
          account: request.headers.get('x-keystile-account'),
          assertion: request.headers.get('x-keystile-assertion'),
        }),
    },
  });
});

afterAll(async () => {
  await gateway.stop();
  await origin.stop();
});

beforeEach(() => {
  origin.received.length = 0;
  origin.routes.clear();
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** A request whose headers and target reach the socket as they are written here. */
function send(
  path: string,
  options: { method?: string; headers?: Record<string, string | string[]>; body?: string } = {},
) {
  return new Promise<Answer>((resolve, reject) => {
    const { hostname, port } = new URL(gateway.url);
    const { method = 'GET', headers = {} } = options;
    const outgoing = httpRequest({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

function onlyReceived(): Received {
  expect(origin.received).toHaveLength(1);
  return origin.received[0] as Received;
}

describe('the request', () => {
  test('reaches the origin with method, path, query and body', async () => {
    await send('/v1/%61/caf%c3%a9?b=2&a=%2f', { method: 'PATCH', body: '{"x":1}', headers: { 'content-type': 'a/b' } });
    const { method, url, body, headers } = onlyReceived();
    expect({ method, url, body }).toEqual({ method: 'PATCH', url: '/v1/a/caf%C3%A9?b=2&a=%2f', body: '{"x":1}' });
    expect(headers['content-type']).toBe('a/b');
    expect(headers.host).toBe(new URL(origin.url).host);
  });

  test('says who called', async () => {
    await send('/v1/x', { headers: { host: 'api.example.com' } });
    expect(onlyReceived().headers).toMatchObject({
      'x-keystile-account': 'acc_1',
      'x-keystile-key-id': 'key_1',
      'x-keystile-role': 'developer',
      'x-request-id': 'req_1',
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'api.example.com',
      'x-real-ip': '203.0.113.7',
    });
  });

  test('carries no credential, whichever place was used', async () => {
    await send('/v1/x', { headers: { authorization: 'Bearer ks_live_secret', 'X-Api-Key': 'ks_live_secret' } });
    expect(JSON.stringify(onlyReceived())).not.toContain('ks_live_secret');
  });

  test('carries nothing that the client says of itself', async () => {
    const claims = {
      'X-Keystile-Account': 'forged',
      'X-Keystile-User': 'forged',
      'x-keystile-anything': 'forged',
      X_Keystile_Account: 'forged',
      'X-Keystile_User': 'forged',
      'X-Keystile-Assertion': 'forged',
      X_Keystile_Assertion: 'forged',
      'x_keystile-assertion': 'forged',
      'X.Keystile.Assertion': 'forged',
      'X~Keystile!Assertion': 'forged',
      'CF.Connecting.IP': 'forged',
      X_Forwarded_For: 'forged',
      X_Real_IP: 'forged',
      X_Original_URL: 'forged',
      Forwarded: 'for=forged',
      'X-Forwarded-For': 'forged',
      'X-Forwarded-Port': 'forged',
      'X-Forwarded-Prefix': 'forged',
      'X-Real-IP': 'forged',
      'True-Client-IP': 'forged',
      'CF-Connecting-IP': 'forged',
      'Cf-Access-Authenticated-User-Email': 'forged',
      'X-Original-URL': '/forged',
      'X-Rewrite-URL': '/forged',
      'X-HTTP-Method-Override': 'forged',
      'X-Request-Id': 'forged',
    };
    await send('/v1/x', { headers: claims });
    expect(JSON.stringify(onlyReceived())).not.toContain('forged');
  });

  test('loses the fields of the connection and those that Connection names', async () => {
    await send('/v1/x', {
      method: 'POST',
      body: 'x',
      headers: {
        'transfer-encoding': 'chunked',
        connection: 'close, X-Hop, x-keystile-account, bad name',
        'x-hop': '1',
        'keep-alive': 'timeout=5',
        'proxy-connection': 'keep-alive',
        'proxy-authorization': 'Basic x',
        te: 'trailers',
        trailer: 'x-t',
        upgrade: 'h2c',
      },
    });
    const { headers } = onlyReceived();
    for (const name of ['x-hop', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer', 'upgrade']) {
      expect(headers, name).not.toHaveProperty(name);
    }
    expect(headers['x-keystile-account']).toBe('acc_1');
  });

  test('passes all other headers on, trace context among them', async () => {
    const headers = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=1',
      cookie: 'c=1',
      'x-own': 'y',
    };
    await send('/v1/x', { headers });
    expect(onlyReceived().headers).toMatchObject(headers);
  });

  test('loses the prefix of its route, at a segment only', async () => {
    await send('/strip/v1/x?y');
    await send('/strip');
    expect(origin.received.map(({ url }) => url)).toEqual(['/v1/x?y', '/']);
  });

  test('gets the headers of its route, with secrets, which cannot replace the identity', async () => {
    await send('/secret', { headers: { authorization: 'Bearer ks_live_secret' } });
    expect(onlyReceived().headers).toMatchObject({ authorization: 'Bearer origin-token', 'x-keystile-plan': 'pro' });
  });

  test('reaches a bound Worker too', async () => {
    const { body } = await send('/service/x?y=1');
    expect(JSON.parse(String(body))).toEqual({
      url: 'https://backend/service/x?y=1',
      account: 'acc_1',
      assertion: 'for service:BACKEND',
    });
  });

  test('goes by method where the route names methods', async () => {
    expect((await send('/only-post')).status).toBe(404);
    expect((await send('/only-post', { method: 'POST', body: 'x' })).status).toBe(200);
  });

  test('with a path of two readings goes nowhere', async () => {
    for (const path of ['/v1//x', '/v1/../x', '/v1/%2e%2e/x', '/v1/%2fx']) expect((await send(path)).status).toBe(400);
    expect(origin.received).toEqual([]);
  });
});

describe('a body', () => {
  test('over the largest declared length is refused before the origin is called', async () => {
    const { body } = await send('/v1/x', { method: 'POST', body: 'x'.repeat(65_537) });
    expect(JSON.parse(String(body))).toEqual({ reason: 'body_too_large' });
    expect(origin.received).toEqual([]);
  });

  test('of the largest length passes, declared or not', async () => {
    const body = 'x'.repeat(65_536);
    await send('/v1/x', { method: 'POST', body });
    await send('/v1/x', { method: 'POST', body, headers: { 'transfer-encoding': 'chunked' } });
    expect(origin.received.map((received) => received.body.length)).toEqual([65_536, 65_536]);
  });

  test('of unknown length is counted, and the origin never takes a part for the whole', async () => {
    const { hostname, port } = new URL(gateway.url);
    let isWhole = false;
    let sendRest = () => {};
    const broken = new Promise<void>((resolve) => {
      origin.routes.set('/v1/upload', (request) => {
        request.once('data', () => sendRest());
        request.on('end', () => {
          isWhole = true;
        });
        request.on('close', resolve);
        request.on('error', () => {});
      });
    });
    const answer = await new Promise<string>((resolve, reject) => {
      const upload = httpRequest({ hostname, port, path: '/v1/upload', method: 'POST', agent: false }, (response) => {
        response.once('data', (chunk) => resolve(String(chunk)));
      });
      upload.on('error', reject);
      sendRest = () => upload.end('x'.repeat(65_536));
      upload.write('x');
    });
    expect(JSON.parse(answer)).toEqual({ reason: 'body_too_large' });
    await broken;
    expect(isWhole).toBe(false);
  });

  test('streams up: the origin has its first part before the client sends the next', async () => {
    for (const headers of [{}, { 'content-length': '4' }]) {
      const { hostname, port } = new URL(gateway.url);
      let sendNext = () => {};
      origin.routes.set('/v1/stream', (request, response) => {
        request.once('data', () => sendNext());
        request.on('end', () => response.end('whole'));
        request.resume();
      });
      const answer = await new Promise<string>((resolve, reject) => {
        const upload = httpRequest(
          { hostname, port, path: '/v1/stream', method: 'POST', headers, agent: false },
          (response) => {
            response.once('data', (chunk) => resolve(String(chunk)));
          },
        );
        upload.on('error', reject);
        sendNext = () => upload.end('b');
        upload.write('aaa');
      });
      expect(answer).toBe('whole');
    }
  });

  test('of many megabytes passes unchanged in length', async () => {
    origin.routes.set('/large', async (request, response) => {
      let bytes = 0;
      for await (const chunk of request) bytes += (chunk as Buffer).length;
      response.end(String(bytes));
    });
    const { body } = await send('/large', { method: 'PUT', body: 'x'.repeat(50_000_000) });
    expect(String(body)).toBe('50000000');
  });
});

describe('the answer', () => {
  test('keeps status, headers and body, and gets ours', async () => {
    origin.routes.set('/v1/x', (_, response) => {
      response.writeHead(418, { 'x-own': 'y', 'set-cookie': ['a=1', 'b=2'], 'content-length': '3' });
      response.end('tea');
    });
    const { status, headers, body } = await send('/v1/x');
    expect(status).toBe(418);
    expect(String(body)).toBe('tea');
    expect(headers).toMatchObject({
      'x-own': 'y',
      'set-cookie': ['a=1', 'b=2'],
      'content-length': '3',
      'x-request-id': 'req_1',
      ratelimit: '"rate";r=9;t=60',
    });
  });

  test('loses the fields of the connection, and has the request id of the gateway', async () => {
    origin.routes.set('/v1/x', (_, response) => {
      response.writeHead(200, {
        connection: 'keep-alive, x-hop',
        'x-hop': '1',
        'keep-alive': 'timeout=77',
        'proxy-authenticate': 'Basic',
        'proxy-connection': 'keep-alive',
        'transfer-encoding': 'chunked',
        trailer: 'x-t',
        te: 'trailers',
        'x-request-id': 'origin',
      });
      response.end('x');
    });
    const { headers } = await send('/v1/x');
    const gone = ['x-hop', 'proxy-authenticate', 'trailer', 'te', 'proxy-connection'];
    for (const name of gone) expect(headers).not.toHaveProperty(name);
    expect(headers['keep-alive']).not.toBe('timeout=77');
    expect(headers['x-request-id']).toBe('req_1');
  });

  test('of a redirect is the client’s to follow', async () => {
    origin.routes.set('/v1/x', (_, response) => response.writeHead(307, { location: '/v1/elsewhere?a=1' }).end());
    const { status, headers } = await send('/v1/x', { method: 'POST', body: 'x' });
    expect([status, headers.location]).toEqual([307, '/v1/elsewhere?a=1']);
    expect(origin.received).toEqual([]);
  });

  test('to HEAD has the headers and no body', async () => {
    origin.routes.set('/v1/x', (_, response) =>
      response.writeHead(200, { 'content-length': '1234', etag: '"e"' }).end(),
    );
    const { status, headers, body } = await send('/v1/x', { method: 'HEAD' });
    expect([status, headers['content-length'], headers.etag, body.length]).toEqual([200, '1234', '"e"', 0]);
  });

  test('may be 204 or 304', async () => {
    for (const expected of [204, 304]) {
      origin.routes.set('/v1/x', (_, response) => response.writeHead(expected, { etag: '"e"' }).end());
      const { status, headers, body } = await send('/v1/x');
      expect([status, headers.etag, body.length]).toEqual([expected, '"e"', 0]);
    }
  });

  test('that is compressed passes byte for byte, its length with it', async () => {
    const text = 'hello '.repeat(200);
    for (const [encoding, bytes] of [
      ['gzip', gzipSync(text)],
      ['br', brotliCompressSync(text)],
      ['zstd', Buffer.from('any bytes')],
    ] as const) {
      origin.routes.set('/v1/x', (_, response) =>
        response.writeHead(200, { 'content-encoding': encoding, 'content-length': bytes.length }).end(bytes),
      );
      const { headers, body } = await send('/v1/x', { headers: { 'accept-encoding': 'gzip, br, zstd' } });
      expect([headers['content-encoding'], headers['content-length']]).toEqual([encoding, String(bytes.length)]);
      expect(body.equals(bytes)).toBe(true);
    }
  });

  test('is compressed as the client accepts it: Accept-Encoding passes', async () => {
    await send('/v1/x', { headers: { 'accept-encoding': 'gzip;q=0.5, br' } });
    expect(onlyReceived().headers['accept-encoding']).toBe('gzip;q=0.5, br');
  });
});
