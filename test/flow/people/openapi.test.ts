import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { declared } from '../../support/answers.ts';
import { ADMIN_TOKEN, type Cluster, startCluster } from '../../support/cluster.ts';
import { type Github, startGithub } from '../../support/github.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { callOf, prepare, type Things } from '../../support/operations.ts';

/*
 * Every operation of the OpenAPI document is called as its own examples say, with ids of things that exist, and what
 * comes back is what the document declares. The document itself, over HTTP.
 */

let issuer: Issuer;
let github: Github;
let cluster: Cluster;
let users = 0;

const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };
const JSON_BODY = { 'content-type': 'application/json' };

/** Whatever a path or a caller may need: an account with its admin, another member and a key. */
interface World extends Things {
  readonly session: Readonly<Record<string, string>>;
}

async function body<T>(asked: Promise<Response>): Promise<T> {
  const response = await asked;
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

async function made(): Promise<World> {
  users += 1;
  const token = await issuer.token({ user: `user_${users}`, email: `user${users}@example.com` });
  const session = { authorization: `Bearer ${token}` };
  const { id: account } = await body<{ id: string }>(cluster.send('/api/v1/user/account', { headers: session }));
  const member = { user: `other_${users}`, role: 'developer' };
  const { id } = await body<{ id: string }>(cluster.admin('POST', `/accounts/${account}/members`, member));
  const headers = { ...session, ...JSON_BODY };
  const wish = JSON.stringify({ environment: 'live', label: `key ${users}` });
  const key = await body<World['key']>(cluster.send('/api/v1/user/api-keys', { method: 'POST', headers, body: wish }));
  return { account, member: id, key, session };
}

/** The policy of this gateway, with another issuer: which one it is says nothing about routes. */
const SPEC = declared({
  upstreams: [{ name: 'origin', origins: [{ url: 'https://origin.example.org' }] }],
  session: { issuer: 'https://issuer.example.org', jwks_url: 'https://issuer.example.org/keys', audience: ['api'] },
});
let shared: World;

beforeAll(async () => {
  [issuer, github] = await Promise.all([startIssuer(), startGithub()]);
  const leaks = { github: { keys_url: github.keysUrl } };
  const webhooks = { allow_local: true };
  cluster = await startCluster({ policy: { session: issuer.policy, leaks, webhooks } });
  shared = await made();
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([issuer?.close(), github?.close()]);
});

describe('every operation', () => {
  test.each(SPEC.operations.map((each) => [each.route.about.id, each] as const))(
    '%s answers what is declared',
    async (id, { section, route }) => {
      const things = await prepare(cluster, id, route.method === 'GET' ? shared : await made());
      const asks = new Set(section.guard(route));
      const { path, send } = callOf({ base: section.base, route }, things);
      const headers = {
        ...send.headers,
        ...(asks.has('session_missing') && things.session),
        ...(asks.has('admin_missing') && ADMIN),
        ...(asks.has('signature_invalid') && github.sign(send.body ?? '')),
        ...(asks.has('missing_credential') && { authorization: `Bearer ${things.key.key}` }),
        ...(things.trial !== undefined && { authorization: `Bearer ${things.trial}` }),
        ...(things.service !== undefined && { authorization: `Bearer ${things.service}` }),
      };
      const response = await cluster.send(path, { ...send, headers });
      const answer = await SPEC.check(id, response);
      expect([response.status < 300, answer]).toEqual([true, answer]);
    },
  );

  test('that is refused says so as declared', async () => {
    await expect(SPEC.check('showAnyKey', await cluster.admin('GET', '/keys/key_none'))).resolves.toMatchObject({
      code: 'not_found',
    });
    await expect(SPEC.check('showHealth', await cluster.admin('GET', '/keys/key_none'))).rejects.toThrow(
      'not declared',
    );
    await expect(SPEC.check('showAccount', await cluster.admin('GET', '/status'))).rejects.toThrow('showAccount: 200');
  });
});

describe('the document', () => {
  const get = (headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
    cluster.send('/openapi.json', { method, headers, address: null });

  test('is for anyone, and has what was called here', async () => {
    const response = await get();
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    const { paths } = (await response.json()) as { paths: Record<string, Record<string, { operationId: string }>> };
    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
    expect(ids.sort()).toEqual(SPEC.operations.map(({ route }) => route.about.id).sort());
  });

  test('is sent again only where it is another one', async () => {
    const { headers } = await get();
    const etag = headers.get('etag') ?? '';
    expect([etag.length > 20, headers.get('cache-control')]).toEqual([true, 'public, max-age=60']);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await get({ 'if-none-match': known });
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
    }
    expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
    const head = await get({}, 'HEAD');
    expect([head.status, await head.text(), head.headers.get('etag')]).toEqual([200, '', etag]);
    expect([(await get({}, 'POST')).status, (await get({}, 'POST')).headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('stands without its page where the bundle does not carry that, which is told', async () => {
    const response = await cluster.send('/docs/swagger-ui.js');
    expect(response.status).toBe(404);
    expect(((await response.json()) as { detail: string }).detail).toContain('bundled without the page');
  });

  test('gives way to the upstream where the policy says so', async () => {
    const other = await startCluster({ policy: { control: { docs: false } }, origin: cluster.origin });
    try {
      for (const path of ['/openapi.json', '/docs', '/docs/start.js']) {
        const { key } = await other.issue(await other.account());
        const response = await other.call(key, 0, '192.0.2.1', path);
        expect([path, response.status, response.headers.get('x-test-origin')]).toEqual([path, 200, null]);
      }
    } finally {
      await other.kill();
    }
  });
});
