import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { Reply } from '../../support/reply.ts';
import { elsewhere, outside, type ProductDocument, shown } from './document.ts';
import { HERE, HOUR_MS, MINUTE_MS, PAID_MICRO, type Scene, THERE } from './scene.ts';
import {
  addressLockout,
  addressWindow,
  asUser,
  attempts,
  creationsPerHour,
  keyLockout,
  keyOfRole,
  keyWindow,
  REACHES,
  reach,
  rfc3339,
  rotate,
  rotationEvent,
  shownOnce,
  takeTrial,
  told,
  trialKey,
  USER_KEYS,
  unknownKey,
  waits,
  webhooksByRole,
} from './wavis-calls.ts';

/* The document of WAVIS on authentication, from top to bottom. */

const paid = { path: '/paid/compute' };
const run = promisify(execFile);

/** A variant in which billed keys share three requests an hour, since the document leaves open how many there are. */
export const THREE = 'three requests an hour';
export const variants = { [THREE]: { plans: { standard: { quota: { requests: 3, window: '1h' } } } } };

/** Runs a command of the document in a shell, with the variables that it names. */
async function shell(command: string, env: Readonly<Record<string, string>>): Promise<string> {
  const { PATH = '' } = process.env;
  return (await run('sh', ['-c', command], { env: { PATH, ...env } })).stdout;
}

const NOT_A_GATEWAY = 'advice on how to work with keys';
const PAGES = 'the pages of a dashboard are not there yet; the routes that they call are shown';

export const wavisAuth: ProductDocument<Scene>['sections'] = [
  {
    title: 'Authentication',
    statements: [
      shown('every request is authenticated by a Bearer token in Authorization', async (scene) => {
        const key = await keyOfRole(scene, 'developer');
        const { status, body } = await scene.call(key, { method: 'POST', body: '{}' });
        expect([status, body.method, body.body]).toEqual([200, 'POST', '{}']);
        expect(body.headers.authorization).toBeUndefined();
        const sent = scene.origin.received.length;
        for (const method of ['GET', 'POST', 'DELETE']) {
          expect(told(await scene.send({ method, path: '/api/v1/encrypt' }))).toEqual([401, 'MISSING_AUTH_HEADER']);
        }
        expect(scene.origin.received.length).toBe(sent);
      }),
      shown('a key has one of four environments, and the origin is told which', async (scene) => {
        const by = await scene.member('account_admin');
        const keys = [await trialKey(scene)];
        for (const environment of ['live', 'test', 'dev']) keys.push((await scene.key(by, { environment })).key);
        const seen: string[] = [];
        for (const key of keys) seen.push((await scene.call(key)).body.headers['x-keystile-environment']);
        expect(seen).toEqual(['trial', 'live', 'test', 'dev']);
        expect((await by.ask('POST', '/api-keys', { environment: 'prod' })).status).toBe(400);
      }),
      shown('and one of four roles', async (scene) => {
        const by = await scene.member('account_admin');
        const keys = [await trialKey(scene)];
        for (const role of ['viewer', 'developer', 'account_admin']) keys.push((await scene.key(by, { role })).key);
        const seen: string[] = [];
        for (const key of keys) seen.push((await scene.call(key)).body.headers['x-keystile-role']);
        expect(seen).toEqual(['trial', 'viewer', 'developer', 'account_admin']);
        for (const role of ['boss', 'service', 'DEVELOPER']) {
          expect((await by.ask('POST', '/api-keys', { environment: 'live', role })).status, role).toBe(400);
        }
      }),
    ],
  },
  {
    title: 'A trial key',
    statements: [
      shown('POST /api/v1/onboarding/temp-key gives one without sign-up or card', async (scene) => {
        const { status, headers } = await takeTrial(scene);
        expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      }),
      shown('the answer has api_key, expires_at, ops_limit and message', async (scene) => {
        const { body } = await takeTrial(scene);
        expect(body).toEqual({
          api_key: expect.stringMatching(/^wvs_trial_[0-9a-f]{32}$/),
          expires_at: rfc3339,
          ops_limit: 10,
          message: 'Trial key issued. Valid for 30 minutes, 10 operations.',
        });
        expect(Math.abs(Date.parse(body.expires_at) - scene.nowMs - 30 * MINUTE_MS)).toBeLessThan(30_000);
      }),
      shown('it is used like any other key, as for GET /api/v1/health', async (scene) => {
        const { status, body } = await scene.call(await trialKey(scene), { path: '/api/v1/health' });
        expect([status, body.method, body.url]).toEqual([200, 'GET', '/api/v1/health']);
      }),
      shown('it lives for 30 minutes', async (scene) => {
        const key = await trialKey(scene);
        await scene.pass(29 * MINUTE_MS);
        expect((await scene.call(key)).status).toBe(200);
        await scene.pass(MINUTE_MS);
        for (const isolate of [HERE, THERE]) {
          expect(told(await scene.call(key, { isolate }))).toEqual([401, 'INVALID_API_KEY']);
        }
      }),
      shown('it is good for 10 operations, over all isolates', async (scene) => {
        const key = await trialKey(scene);
        const replies = await Promise.all(
          Array.from({ length: 16 }, (_, i) => scene.call(key, { isolate: i % 2 === 0 ? HERE : THERE })),
        );
        expect(replies.map(({ status }) => status).toSorted()).toEqual([...Array(10).fill(200), ...Array(6).fill(402)]);
      }),
      shown('one address is given 5 of them a minute, and another one as many', async (scene) => {
        const address = scene.address();
        const take = (i: number) => takeTrial(scene, address, i % 2 === 0 ? HERE : THERE);
        expect(await attempts(5, take)).toEqual(Array(5).fill(200));
        const refused = await take(5);
        expect(told(refused)).toEqual([429, 'IP_RATE_LIMITED']);
        expect([waits(refused) > 30, waits(refused) <= 61]).toEqual([true, true]);
        expect((await takeTrial(scene)).status).toBe(200);
        await scene.pass(MINUTE_MS + 2_000);
        expect((await take(6)).status).toBe(200);
      }),
    ],
  },
  {
    title: 'Format of keys',
    statements: [
      shown('every key is wvs_, its environment, _ and 32 hex digits', async (scene) => {
        const by = await scene.member('developer');
        expect(await trialKey(scene)).toMatch(/^wvs_trial_[0-9a-f]{32}$/);
        for (const environment of ['live', 'test', 'dev']) {
          const { key } = await scene.key(by, { environment });
          expect(key).toMatch(new RegExp(`^wvs_${environment}_[0-9a-f]{32}$`));
        }
      }),
      shown('keys of live are billed', async (scene) => {
        const by = await scene.member('developer');
        const key = await scene.key(by);
        expect(told(await scene.call(key, paid))).toEqual([402, 'CREDITS_EXHAUSTED']);
        await scene.grant(by.account, PAID_MICRO);
        expect(await scene.statuses([key, key], paid)).toEqual([200, 402]);
      }),
      shown('keys of test are not, and so fit continuous integration', async (scene) => {
        const key = await keyOfRole(scene, 'developer', { environment: 'test' });
        expect(await scene.statuses([key, key], paid)).toEqual([200, 200]);
      }),
      shown('nor are keys of dev', async (scene) => {
        const key = await keyOfRole(scene, 'developer', { environment: 'dev' });
        expect(await scene.statuses([key, key], paid)).toEqual([200, 200]);
      }),
      outside('keys of dev are for internal use only', 'an agreement: who counts as internal is not written down'),
      shown('keys of trial come from the onboarding route and are not billed', async (scene) => {
        expect(await scene.statuses([await trialKey(scene)], paid)).toEqual([200]);
        const by = await scene.member('account_admin');
        expect((await by.ask('POST', '/api-keys', { environment: 'trial' })).status).toBe(400);
      }),
      shown('no two secrets are alike: each is drawn from a generator that cannot be foretold', async (scene) => {
        const by = await scene.member('developer');
        const secrets: string[] = [];
        for (let i = 0; i < 8; i++) secrets.push((await scene.key(by)).key.slice('wvs_live_'.length));
        const digits = secrets.join('');
        expect(new Set(secrets).size).toBe(8);
        for (const digit of '0123456789abcdef') expect(digits).toContain(digit);
      }),
      elsewhere('keys are kept as HMAC only', 'flow/secrets.test.ts', 'in the state folder, with its WAL files'),
      shown('a lost key cannot be had again, and is rotated', async (scene) => {
        const by = await scene.member('developer');
        const { key, id } = await scene.key(by);
        expect((await by.ask('GET', `/api-keys/${id}`)).text).not.toContain(key);
        const { status, body } = await by.ask('POST', `/api-keys/${id}/rotate`, {});
        expect([status, body.new_api_key]).toEqual([200, expect.stringMatching(/^wvs_live_[0-9a-f]{32}$/)]);
        expect(await scene.statuses([body.new_api_key])).toEqual([200]);
      }),
    ],
  },
  {
    title: 'Sending a key',
    statements: [
      shown('Authorization takes "Bearer" and the key, or the key alone', async (scene) => {
        const { key } = await keyOfRole(scene, 'developer');
        for (const authorization of [`Bearer ${key}`, key]) {
          const { status, body } = await scene.send({ headers: { authorization } });
          expect([status, body.headers.authorization]).toEqual([200, undefined]);
        }
        for (const authorization of [`Basic ${key}`, `Token ${key}`]) {
          expect(told(await scene.send({ headers: { authorization } }))).toEqual([401, 'MISSING_AUTH_HEADER']);
        }
        expect((await scene.send({ headers: { 'x-api-key': key } })).status).toBe(401);
      }),
    ],
  },
  {
    title: 'Roles',
    statements: [
      shown('a VIEWER key reads and creates or changes nothing', async (scene) => {
        expect(await reach(scene, await keyOfRole(scene, 'viewer'))).toEqual(REACHES.viewer);
      }),
      shown(
        'a DEVELOPER key computes and manages keys and webhooks, and has no billing or subscription',
        async (scene) => {
          expect(await reach(scene, await keyOfRole(scene, 'developer'))).toEqual(REACHES.developer);
        },
      ),
      shown('an ACCOUNT_ADMIN key has billing and invoices beside all of that', async (scene) => {
        expect(await reach(scene, await keyOfRole(scene, 'account_admin'))).toEqual(REACHES.account_admin);
      }),
      shown('who has signed in as a DEVELOPER manages webhooks, and as a VIEWER reads them', webhooksByRole),
      shown('a TRIAL key computes, ten operations in all, and has no billing, webhooks or keys', async (scene) => {
        const key = await trialKey(scene);
        for (const path of [
          '/api/v1/billing/budget',
          '/api/v1/invoices/7',
          '/api/v1/subscription',
          '/api/v1/webhooks',
          '/api/v1/keys/k1',
        ]) {
          for (const method of ['GET', 'POST', 'DELETE']) {
            expect(told(await scene.call(key, { method, path })), path).toEqual([403, 'INSUFFICIENT_ROLE']);
          }
        }
        for (const method of ['GET', 'POST']) {
          expect((await scene.call(key, { method, path: '/api/v1/user/webhooks' })).status).toBe(401);
        }
        expect(told(await rotate(scene, key))).toEqual([403, 'INSUFFICIENT_ROLE']);
        const computes = () => scene.call(key, { method: 'POST', path: '/api/v1/encrypt', body: '{}' });
        expect(await attempts(11, computes)).toEqual([...Array(10).fill(200), 402]);
      }),
      shown('a key is a DEVELOPER one unless another role is asked for', async (scene) => {
        const by = await scene.member('account_admin');
        for (const fields of [{ environment: 'live' }, { environment: 'test', role: null }]) {
          const { status, body } = await by.ask('POST', '/api-keys', fields);
          expect([status, body.role]).toEqual([201, 'developer']);
        }
      }),
      shown('VIEWER keys do for whatever only monitors', async (scene) => {
        const key = await keyOfRole(scene, 'viewer');
        for (const path of ['/api/v1/health', '/api/v1/status', '/api/v1/keys/apikey', '/api/v1/keys/apikey/usage']) {
          expect((await scene.call(key, { path })).status, path).toBe(200);
        }
        expect(told(await rotate(scene, key))).toEqual([403, 'INSUFFICIENT_ROLE']);
      }),
    ],
  },
  {
    title: 'Creating keys',
    statements: [
      outside('keys are created at dashboard.wavis.xyz under "API Keys"', PAGES),
      shown('one picks the environment: live, test or dev', async (scene) => {
        for (const role of ['developer', 'account_admin']) {
          const by = await scene.member(role);
          for (const environment of ['live', 'test', 'dev']) {
            const { status, body } = await by.ask('POST', '/api-keys', { environment });
            expect([status, body.environment]).toEqual([201, environment]);
          }
        }
      }),
      shown('and the role, as far as one may give it', async (scene) => {
        const [admin, developer, viewer] = [
          await scene.member('account_admin'),
          await scene.member('developer'),
          await scene.member('viewer'),
        ];
        const make = async (by: typeof admin, role: string) =>
          (await by.ask('POST', '/api-keys', { environment: 'live', role })).status;
        const roles = ['viewer', 'developer', 'account_admin', 'trial'];
        const seen = await Promise.all(
          [admin, developer, viewer].map((by) => Promise.all(roles.map((role) => make(by, role)))),
        );
        expect(seen).toEqual([
          [201, 201, 201, 403],
          [201, 201, 403, 403],
          [403, 403, 403, 403],
        ]);
      }),
      shown('the key is shown once, where it is made', shownOnce),
      shown('POST /api/v1/user/api-keys with a JWT of the sign-in does the same', async (scene) => {
        const by = await scene.member('account_admin');
        const { reply } = await asUser(scene, by, 'POST', USER_KEYS, { environment: 'live', role: 'developer' });
        expect(reply.status).toBe(201);
        const { key } = reply.body;
        expect(reply.body).toMatchObject({
          key: expect.stringMatching(/^wvs_live_[0-9a-f]{32}$/),
          id: expect.stringMatching(/^key_/),
          prefix: key.slice(0, 'wvs_live_'.length + 6),
          created_at: rfc3339,
          environment: 'live',
          role: 'developer',
        });
        expect(Math.abs(Date.parse(reply.body.created_at) - scene.nowMs)).toBeLessThan(30_000);
        expect(await scene.statuses([key])).toEqual([200]);
      }),
      elsewhere(
        'the JWT is one of Clerk',
        'control/session.test.ts',
        'Clerk: a session token of version 2, in an organisation and without one',
      ),
      shown('a user creates 10 keys an hour', creationsPerHour),
    ],
  },
  {
    title: 'Rotating a key',
    statements: [
      shown(
        'POST /api/v1/keys/apikey/rotate with the key itself answers new_api_key, old_key_prefix, grace_period_ends_at and environment',
        async (scene) => {
          const old = await keyOfRole(scene, 'developer');
          const { status, body } = await rotate(scene, old);
          expect(status).toBe(200);
          expect(body).toMatchObject({
            new_api_key: expect.stringMatching(/^wvs_live_[0-9a-f]{32}$/),
            old_key_prefix: old.key.slice(0, 'wvs_live_'.length + 6),
            grace_period_ends_at: rfc3339,
            environment: 'live',
          });
          expect(Math.abs(Date.parse(body.grace_period_ends_at) - scene.nowMs - 24 * HOUR_MS)).toBeLessThan(30_000);
          const test = await keyOfRole(scene, 'developer', { environment: 'test' });
          expect((await rotate(scene, test)).body.environment).toBe('test');
        },
      ),
      shown('the new key is told once', async (scene) => {
        const by = await scene.member('developer');
        const old = await scene.key(by);
        const { new_api_key: fresh } = (await rotate(scene, old)).body;
        for (const path of ['/api-keys', `/api-keys/${old.id}`, '/audit']) {
          expect((await by.ask('GET', path)).text, path).not.toContain(fresh);
        }
      }),
      shown('the old key works on for 24 hours, and then is revoked by itself', async (scene) => {
        const by = await scene.member('developer');
        const old = await scene.key(by);
        await scene.key(by);
        const { new_api_key: fresh } = (await rotate(scene, old)).body;
        const everywhere = async () => [
          ...(await scene.statuses([old.key, fresh], { isolate: HERE })),
          ...(await scene.statuses([old.key, fresh], { isolate: THERE })),
        ];
        expect(await everywhere()).toEqual([200, 200, 200, 200]);
        await scene.pass(24 * HOUR_MS - MINUTE_MS);
        expect(await everywhere()).toEqual([200, 200, 200, 200]);
        await scene.pass(MINUTE_MS);
        expect(await everywhere()).toEqual([401, 200, 401, 200]);
        expect(told(await scene.call(old))).toEqual([401, 'INVALID_API_KEY']);
      }),
      shown('a webhook event, key_rotated, fires when it is done', rotationEvent),
    ],
  },
  {
    title: 'Revoking a key',
    statements: [
      shown('DELETE /api/v1/user/api-keys/{key_id} with a JWT answers 204 without content', async (scene) => {
        const by = await scene.member('developer');
        const { id } = await scene.key(by);
        const { reply } = await asUser(scene, by, 'DELETE', `${USER_KEYS}/${id}`);
        expect([reply.status, reply.text]).toEqual([204, '']);
        expect((await by.ask('GET', `/api-keys/${id}`)).body.status).toBe('revoked');
        // Nothing is said of deleting for good, and there is none.
        const { id: unused } = await scene.key(by);
        expect((await by.ask('DELETE', `/api-keys/${unused}?purge=true`)).status).toBe(409);
      }),
      shown('it holds at once, without a grace', async (scene) => {
        const by = await scene.member('developer');
        const key = await scene.key(by);
        for (const isolate of [HERE, THERE, HERE]) expect((await scene.call(key, { isolate })).status).toBe(200);
        expect((await by.ask('DELETE', `/api-keys/${key.id}`)).status).toBe(204);
        for (const isolate of [THERE, HERE]) {
          expect(told(await scene.call(key, { isolate }))).toEqual([401, 'INVALID_API_KEY']);
        }
        expect((await by.ask('POST', `/api-keys/${key.id}/activate`)).status).toBe(409);
      }),
    ],
  },
  {
    title: 'Environment variables',
    statements: [
      shown(
        'a client that has its key from WAVIS_API_KEY and the address from WAVIS_BASE_URL gets through, with Bearer and without',
        async (scene) => {
          const { key } = await keyOfRole(scene, 'developer');
          // The edge says from where a call comes; here the client has to.
          const env = { WAVIS_API_KEY: key, WAVIS_BASE_URL: scene.cluster.urls[HERE] ?? '', FROM: scene.address() };
          const call = (header: string) =>
            shell(
              `curl -sS -w ' %{http_code}' -H "CF-Connecting-IP: $FROM" "$WAVIS_BASE_URL/api/v1/health" -H "Authorization: ${header}"`,
              env,
            );
          for (const header of ['Bearer $WAVIS_API_KEY', '$WAVIS_API_KEY']) {
            const out = await call(header);
            expect(out).toContain('"url":"/api/v1/health"');
            expect(out).toMatch(/ 200$/);
          }
          expect(await call('Bearer $UNSET')).toMatch(/MISSING_AUTH_HEADER.* 401$/);
        },
      ),
      outside('both SDKs read WAVIS_API_KEY where no key is given', 'the code of an SDK, before anything is sent'),
    ],
  },
  {
    title: 'Protection against guessing',
    statements: [
      shown('10 invalid attempts with one key in 5 minutes lock it for 15 minutes', keyLockout),
      shown('attempts with one key count for 5 minutes', keyWindow),
      shown(
        '20 invalid attempts from one address in 5 minutes lock it for 15 minutes; another one gets through',
        addressLockout,
      ),
      shown('attempts from one address count for 5 minutes', addressWindow),
      shown('a lockout answers 429', async (scene) => {
        const attempt = () => scene.call(unknownKey(700));
        expect((await attempts(11, attempt)).at(-1)).toBe(429);
      }),
    ],
  },
  {
    title: 'Good practice',
    statements: [
      outside('keys are kept out of repositories', NOT_A_GATEWAY),
      shown('keys of test trigger no billing and have quotas of their own', async (scene) => {
        const by = await scene.member('developer');
        const [live, test] = [await scene.key(by), await scene.key(by, { environment: 'test' })];
        const at = { isolate: scene.isolate(THREE) };
        expect(await scene.statuses([live, live, live, live], at)).toEqual([200, 200, 200, 429]);
        expect(await scene.statuses([test, test, test, test], { ...at, ...paid })).toEqual([200, 200, 200, 200]);
        const limited = await scene.key(by, { environment: 'test', quotas: { daily: 1 } });
        expect(await scene.statuses([limited, limited, test], at)).toEqual([200, 429, 200]);
      }),
      outside('keys are rotated quarterly, with a reminder in the calendar', NOT_A_GATEWAY),
      shown('webhooks tell systems downstream of a rotation, and when the old key has ended', async (scene) => {
        const by = await scene.member('developer');
        const downstream = await scene.endpoint(by, ['key_rotated', 'key_grace_ended']);
        const hears = (type: string) => downstream.until((arrivals) => arrivals.some((each) => each.type === type));
        const key = await scene.key(by);
        await rotate(scene, key);
        await hears('key_rotated');
        await scene.cluster.schedule();
        await scene.pass(24 * HOUR_MS + MINUTE_MS);
        await scene.cluster.schedule();
        await hears('key_grace_ended');
        const heard = downstream.arrivals.map(({ type, key: of, verified }) => [type, of, verified]);
        expect(heard).toEqual([
          ['key_rotated', key.id, true],
          ['key_grace_ended', key.id, true],
        ]);
      }),
      shown('a VIEWER key that leaks can change nothing', async (scene) => {
        const leaked = await keyOfRole(scene, 'viewer');
        const seen = scene.origin.received.length;
        for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
          expect((await scene.call(leaked, { method, path: '/api/v1/encrypt' })).status).toBe(403);
        }
        expect(scene.origin.received.length).toBe(seen);
      }),
      shown('a budget cap, set by an admin, is as much as a leaked key can spend', async (scene) => {
        const admin = await scene.member('account_admin');
        const developer = await scene.member('developer', admin.account);
        await scene.grant(admin.account, 100 * PAID_MICRO);
        const cap = { budget_micro: 2 * PAID_MICRO };
        expect(told(await developer.ask('PATCH', '/account', cap))).toEqual([403, 'INSUFFICIENT_ROLE']);
        expect((await admin.ask('PATCH', '/account', cap)).status).toBe(200);
        const leaked = await scene.key(developer);
        expect(await scene.statuses([leaked, leaked, leaked], paid)).toEqual([200, 200, 402]);
        expect(told(await scene.call(leaked, paid))).toEqual([402, 'BUDGET_EXHAUSTED']);
        expect((await scene.call(leaked)).status).toBe(200);
      }),
    ],
  },
  {
    title: 'Troubleshooting',
    statements: [
      shown(
        '401 Unauthorized: the key was revoked, a trial key expired, or the prefix has a typing error',
        async (scene) => {
          const by = await scene.member('developer');
          const [revoked, typed] = [await scene.key(by), await scene.key(by)];
          const expired = await trialKey(scene);
          await by.ask('DELETE', `/api-keys/${revoked.id}`);
          await scene.pass(30 * MINUTE_MS);
          const typos = ['wvs_life_', 'wvs_', 'wsv_live_', 'WVS_LIVE_', 'wvs_prod_'].map(
            (start) => start + typed.key.slice('wvs_live_'.length),
          );
          for (const key of [revoked.key, expired, ...typos, typed.key.slice(0, -1), `${typed.key}0`]) {
            const { status, body, headers } = await scene.call(key);
            expect([status, body.code, body.title], key.slice(0, 9)).toEqual([401, 'INVALID_API_KEY', 'Unauthorized']);
            expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
          }
          expect((await scene.call(typed)).status).toBe(200);
        },
      ),
      outside('the state of a key is looked at in the dashboard', PAGES),
      shown('403 Forbidden: billing is for keys of the role account_admin', async (scene) => {
        const seen: (readonly [number, string])[] = [];
        for (const role of ['viewer', 'developer', 'account_admin']) {
          const reply = await scene.call(await keyOfRole(scene, role), { path: '/api/v1/invoices/7' });
          seen.push(told(reply));
          if (reply.status === 403) expect(reply.body.title).toBe('Forbidden');
        }
        expect(seen).toEqual([
          [403, 'INSUFFICIENT_ROLE'],
          [403, 'INSUFFICIENT_ROLE'],
          [200, undefined],
        ]);
      }),
      shown('so is who else belongs to the account', async (scene) => {
        const admin = await scene.member('account_admin');
        const invitation = { email: 'new@example.com', role: 'viewer' };
        for (const role of ['viewer', 'developer']) {
          const by = await scene.member(role, admin.account);
          expect(told(await by.ask('POST', '/members', invitation)), role).toEqual([403, 'INSUFFICIENT_ROLE']);
          for (const method of ['PATCH', 'DELETE']) {
            const asked = await by.ask(method, `/members/${admin.id}`, method === 'PATCH' ? { role } : undefined);
            expect(told(asked), `${role} ${method}`).toEqual([403, 'INSUFFICIENT_ROLE']);
          }
        }
        expect((await admin.ask('POST', '/members', invitation)).status).toBe(201);
      }),
      shown('429 Too Many Requests: after 15 minutes it is over, or before, if support lifts it', async (scene) => {
        const good = await keyOfRole(scene, 'developer');
        const address = scene.address();
        await attempts(20, (i) => scene.call(unknownKey(800 + i), { address }));
        const locked = await scene.call(good, { address });
        expect([locked.status, locked.body.title]).toEqual([429, 'Too Many Requests']);
        expect((await scene.operate('DELETE', `/lockouts/ip/${address}`)).status).toBe(204);
        expect((await scene.call(good, { address })).status).toBe(200);
      }),
      shown('402 Payment Required: a trial key has had its 10 operations; another one goes on', async (scene) => {
        const key = await trialKey(scene);
        await attempts(10, () => scene.call(key));
        const refused: Reply = await scene.call(key);
        expect(told(refused)).toEqual([402, 'TRIAL_OPS_EXHAUSTED']);
        expect(refused.body.title).toBe('Payment Required');
        expect(refused.headers.get('retry-after')).toBeNull();
        expect((await scene.call(await trialKey(scene))).status).toBe(200);
      }),
      outside('or one signs up at wavis.xyz', 'a page of the product; the sign-in is its own'),
      outside('keys of FHE have a life of their own', 'another part of the product, behind the gateway'),
    ],
  },
];
