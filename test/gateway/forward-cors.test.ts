import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startOrigin, type TestOrigin } from '../support/origin.ts';
import { type Forwarder, startForwarder } from './forwarder.ts';

const PAGE = 'https://app.example.com';
const OWN = {
  'access-control-allow-origin': 'https://origin.example',
  'access-control-allow-credentials': 'true',
  vary: 'Accept',
};
const PREFLIGHT = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };

let origin: TestOrigin;
let listed: Forwarder;
let open: Forwarder;
let none: Forwarder;

beforeAll(async () => {
  origin = await startOrigin();
  const upstreams = [{ name: 'all', origins: [{ url: origin.url }] }];
  [listed, open, none] = await Promise.all([
    startForwarder({ upstreams, cors: { origins: [PAGE], methods: ['GET', 'POST'], max_age: '5m' } }),
    startForwarder({ upstreams, cors: { origins: ['*'] } }),
    startForwarder({ upstreams }),
  ]);
});

afterAll(async () => {
  await Promise.all([listed.stop(), open.stop(), none.stop(), origin.stop()]);
});

beforeEach(() => {
  origin.received.length = 0;
  origin.routes.set('/own', (_, response) => response.writeHead(200, OWN).end('x'));
});

async function headersOf({ url }: Forwarder, page: string | null, init: RequestInit = {}) {
  const headers = new Headers(init.headers);
  if (page !== null) headers.set('origin', page);
  const response = await fetch(`${url}/own`, { ...init, headers });
  return response.headers;
}

test('a preflight of a listed origin is answered here, without a key', async () => {
  const headers = await headersOf(listed, PAGE, { method: 'OPTIONS', headers: PREFLIGHT });
  expect(headers.get('access-control-allow-origin')).toBe(PAGE);
  expect(headers.get('access-control-allow-methods')).toBe('GET, POST');
  expect(headers.get('access-control-allow-headers')).toBe('authorization, content-type');
  expect(headers.get('access-control-max-age')).toBe('300');
  expect(headers.get('vary')).toBe('Origin');
  expect(origin.received).toEqual([]);
});

test('a preflight of another origin is answered without a permission', async () => {
  const headers = await headersOf(listed, 'https://evil.example', { method: 'OPTIONS', headers: PREFLIGHT });
  for (const name of ['origin', 'methods', 'headers']) expect(headers.has(`access-control-allow-${name}`)).toBe(false);
});

test('OPTIONS without a preflight’s headers is a request like any other', async () => {
  origin.routes.clear();
  await headersOf(listed, PAGE, { method: 'OPTIONS' });
  expect(origin.received).toHaveLength(1);
});

test('an answer names the page’s origin, shows our headers, and has nothing twice', async () => {
  const headers = await headersOf(listed, PAGE);
  expect(headers.get('access-control-allow-origin')).toBe(PAGE);
  expect(headers.get('access-control-expose-headers')).toBe(
    'Deprecation, RateLimit, RateLimit-Policy, Retry-After, Sunset, X-Request-Id',
  );
  expect(headers.has('access-control-allow-credentials')).toBe(false);
  expect(headers.get('vary')).toBe('Accept, Origin');
});

test('an answer to another origin, or to none, gives no permission and still varies', async () => {
  for (const page of ['https://evil.example', null]) {
    const headers = await headersOf(listed, page);
    expect(headers.has('access-control-allow-origin')).toBe(false);
    expect(headers.get('vary')).toBe('Accept, Origin');
  }
});

test('with "*" every origin may read, and nothing varies', async () => {
  const headers = await headersOf(open, 'https://any.example');
  expect(headers.get('access-control-allow-origin')).toBe('*');
  expect(headers.get('vary')).toBe('Accept');
});

test('where no origins are listed, CORS is the upstream’s own', async () => {
  const headers = await headersOf(none, PAGE);
  expect(headers.get('access-control-allow-origin')).toBe('https://origin.example');
  expect(headers.get('access-control-allow-credentials')).toBe('true');
  expect(headers.has('access-control-expose-headers')).toBe(false);
});
