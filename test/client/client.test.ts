import { build } from 'esbuild';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bundleWorker } from '../../dev/bundle.ts';
import { createKeystile, KeystileError, orThrow, refusalOf } from '../../src/client/client.ts';
import { examples } from '../../src/control/shapes/keys.ts';
import { deny } from '../../src/decision/denial.ts';
import { renderDenial } from '../../src/decision/respond.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { presets } from '../../src/policy/presets/index.ts';
import { startOrigin, type TestOrigin } from '../support/origin.ts';

/* The client as its users have it: what it sends, what it makes of answers, and where it runs. */

const TOKEN = 'a-token-that-nobody-sees-0123456789';
let server: TestOrigin;

beforeAll(async () => {
  server = await startOrigin();
});
beforeEach(() => {
  server.received.length = 0;
  server.routes.clear();
});
afterAll(() => server?.stop());

const open = (options = {}) => createKeystile({ baseUrl: server.url, token: TOKEN, ...options });

function answers(path: string, status: number, headers: Record<string, string>, body: string) {
  server.routes.set(path, (_, response) => void response.writeHead(status, headers).end(body));
}

describe('the client', () => {
  test('sends the token, the account and what is in the body, below the base path', async () => {
    const keystile = open({ baseUrl: `${server.url}/control/`, account: 'acc_1' });
    await keystile.POST('/api/v1/user/api-keys', { body: { environment: 'live', label: 'ci' } });
    await keystile.GET('/admin/v1/keys/{id}', { params: { path: { id: '../a b' } } });
    const [made, shown] = server.received;
    expect(made).toMatchObject({
      method: 'POST',
      url: '/control/api/v1/user/api-keys',
      headers: {
        authorization: `Bearer ${TOKEN}`,
        'x-keystile-account': 'acc_1',
        'content-type': 'application/json',
      },
      body: '{"environment":"live","label":"ci"}',
    });
    expect(shown?.url).toBe('/control/admin/v1/keys/..%2Fa%20b');
  });

  test('carries no token to where an answer leads', async () => {
    const elsewhere = await startOrigin();
    try {
      answers('/healthz', 307, { location: `${elsewhere.url}/healthz` }, '');
      const { response } = await open().GET('/healthz');
      expect([response.status, elsewhere.received]).toEqual([307, []]);
    } finally {
      await elsewhere.stop();
    }
  });

  test('refuses what it cannot use, without telling a token', () => {
    for (const [options, told] of [
      [{ baseUrl: 'keys.example.com' }, 'baseUrl'],
      [{ baseUrl: 'ftp://keys.example.com' }, 'baseUrl'],
      [{ baseUrl: `https://me:${TOKEN}@keys.example.com` }, 'baseUrl'],
      [{ baseUrl: `https://keys.example.com/?token=${TOKEN}` }, 'baseUrl'],
      [{ token: `${TOKEN}\n` }, 'token'],
      [{ token: '' }, 'token'],
      [{ account: 'acc 1' }, 'account'],
    ] as const) {
      const message = new RegExp(`^${told}: expected (?!.*${TOKEN})`);
      expect(() => open(options)).toThrow(
        expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(message) }),
      );
    }
  });
});

describe('a refusal', () => {
  test('is told with its code and what it says, whatever shape a policy gives to errors', async () => {
    for (const preset of Object.keys(presets)) {
      const loaded = loadPolicy({ preset, upstreams: [{ name: 'api', origins: [{ url: 'https://a.example' }] }] });
      if (!loaded.ok) throw new Error(loaded.problems.join('; '));
      const { status, headers, body } = renderDenial(
        loaded.policy,
        deny('not_found', { detail: 'No such key.' }),
        'r-1',
      );
      answers(
        '/admin/v1/keys/key_1',
        status,
        { ...Object.fromEntries(new Headers(headers)), 'x-request-id': 'r-1' },
        body,
      );
      const answered = await open().GET('/admin/v1/keys/{id}', { params: { path: { id: 'key_1' } } });
      const { code } = loaded.policy.denials.not_found;
      expect([preset, refusalOf(answered)]).toEqual([
        preset,
        {
          status,
          code: body.includes(`"${code}"`) ? code : null,
          detail: 'No such key.',
          requestId: 'r-1',
          retryAfterSeconds: null,
        },
      ]);
    }
  });

  test('is thrown where an exception is wished for, and holds nothing of what was sent or shown', async () => {
    const body = JSON.stringify({ code: 'not_in_force', detail: 'Recorded.', key: 'ks_live_new' });
    answers('/api/v1/user/api-keys', 503, { 'content-type': 'application/problem+json', 'retry-after': '5' }, body);
    const thrown = await orThrow(open().POST('/api/v1/user/api-keys', { body: {} })).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(KeystileError);
    expect(thrown).toMatchObject({
      message: '503 not_in_force Recorded.',
      status: 503,
      code: 'not_in_force',
      requestId: null,
      retryAfterSeconds: 5,
    });
    const all = JSON.stringify({ ...(thrown as object) }) + String(thrown) + (thrown as Error).stack;
    for (const secret of [TOKEN, 'ks_live_new']) expect(all).not.toContain(secret);
  });

  test('may say nothing at all', async () => {
    for (const body of ['', 'gone', '[]', 'null', '{"error":null}', '"no"']) {
      answers('/healthz', 500, { 'retry-after': 'soon' }, body);
      const refused = refusalOf(await open().GET('/healthz'));
      expect([body, refused]).toEqual([
        body,
        { status: 500, code: null, detail: null, requestId: null, retryAfterSeconds: null },
      ]);
      await expect(orThrow(open().GET('/healthz'))).rejects.toThrow(/^500$/);
    }
  });
});

describe('the client runs', () => {
  test('in a Worker', async () => {
    answers('/admin/v1/keys/key_here', 200, { 'content-type': 'application/json' }, JSON.stringify(examples.key));
    answers('/admin/v1/keys/key_none', 404, {}, '{"code":"not_found","detail":"No."}');
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        modules: true,
        script: await bundleWorker(new URL('./worker.ts', import.meta.url).pathname),
        compatibilityDate: '2026-10-20',
        bindings: { GATEWAY: server.url, TOKEN },
      }),
    );
    try {
      const response = await miniflare.dispatchFetch('http://worker.example');
      expect(await response.json()).toEqual({
        prefix: examples.key.prefix,
        thrown: { name: 'KeystileError', code: 'not_found' },
      });
    } finally {
      await miniflare.dispose();
    }
  });

  test('in browsers: it asks for nothing of Node', async () => {
    const entry = new URL('../../src/client/client.ts', import.meta.url).pathname;
    const built = build({ entryPoints: [entry], bundle: true, write: false, platform: 'browser', format: 'esm' });
    expect((await built).outputFiles[0]?.text).not.toMatch(/\bnode:|\brequire\(/);
  });
});
