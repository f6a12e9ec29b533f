import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { visit } from '../../support/people.ts';
import type { Json } from '../../support/reply.ts';
import { elsewhere, off, outside, type ProductDocument, shown } from './document.ts';
import { DAY_MS, HERE, HOUR_MS, MINUTE_MS, type Scene, THERE } from './scene.ts';
import { API_KEYS, ask, KEY, logged, make, OUTLIVING, POWERS, power, revoke, rfc3339, row } from './wevion-calls.ts';

/* The document of Wevion on API keys, from top to bottom. */

const run = promisify(execFile);

const ADVICE = 'advice on how to work with keys';
const PAGE = 'a page of the product, which is not there yet; the route that it calls is shown';

export const wevion: ProductDocument<Scene> = {
  preset: 'wevion',
  title: 'Wevion',
  sections: [
    {
      title: 'What an API key is',
      statements: [
        shown('it is for programs: a call with it needs no sign-in', async (scene) => {
          const key = await make(scene, await scene.member('mediabuyer'));
          const { status, body } = await scene.call(key, { method: 'POST', path: '/api/v1/campaigns', body: '{}' });
          expect([status, body.method, body.body]).toEqual([200, 'POST', '{}']);
          expect(body.headers.authorization).toBeUndefined();
        }),
        outside('keys are created at Settings → Personal → API Keys, and revoked there', PAGE),
        shown('it is a long random text behind wv_live_, sent as "Authorization: Bearer <key>"', async (scene) => {
          const by = await scene.member('viewer');
          const keys = [await make(scene, by), await make(scene, by)] as const;
          for (const { key } of keys) expect(key).toMatch(KEY);
          expect(keys[0].key).not.toBe(keys[1].key);
          expect(await scene.statuses(keys)).toEqual([200, 200]);
        }),
        shown('it has the permissions of the user who made it', async (scene) => {
          const [viewer, mediabuyer, admin] = [
            await make(scene, await scene.member('viewer')),
            await make(scene, await scene.member('mediabuyer')),
            await make(scene, await scene.member('admin')),
          ];
          const roles: string[] = [];
          for (const key of [viewer, mediabuyer, admin]) {
            roles.push((await scene.call(key)).body.headers['x-keystile-role']);
          }
          expect(roles).toEqual(['viewer', 'mediabuyer', 'admin']);
        }),
        shown('there are no finer scopes', async (scene) => {
          const by = await scene.member('admin');
          for (const wish of [{ scopes: ['campaigns:read'] }, { permissions: {} }]) {
            expect((await ask(scene, by, 'POST', '', { label: 'scoped', ...wish })).status).toBe(400);
          }
          const lower = await ask(scene, by, 'POST', '', { label: 'scoped', role: 'viewer' });
          expect([lower.status, lower.body.code]).toEqual([403, 'FORBIDDEN']);
        }),
        shown('one that an admin made has the power of an admin', async (scene) => {
          expect(await power(scene, await make(scene, await scene.member('admin')))).toEqual(POWERS.admin);
        }),
        shown('one that a viewer made has that of a viewer, as for a public dashboard', async (scene) => {
          expect(await power(scene, await make(scene, await scene.member('viewer')))).toEqual(POWERS.viewer);
        }),
        shown('one of a mediabuyer launches, as from a script of continuous integration', async (scene) => {
          expect(await power(scene, await make(scene, await scene.member('mediabuyer')))).toEqual(POWERS.mediabuyer);
        }),
        shown('one of an admin reports on the whole organisation', async (scene) => {
          const key = await make(scene, await scene.member('admin'));
          expect((await scene.call(key, { path: '/api/v1/reports/organisation' })).status).toBe(200);
        }),
      ],
    },
    {
      title: 'Creating a key',
      statements: [
        shown('what is there already is listed by name, last use and expiry, without secrets', async (scene) => {
          const by = await scene.member('viewer');
          const expires = new Date(scene.nowMs + DAY_MS).toISOString();
          const key = await make(scene, by, { label: 'BI dashboard production', expires_at: expires });
          const { body, text } = await ask(scene, by, 'GET');
          expect(body.keys).toMatchObject([{ label: 'BI dashboard production', last_used: null, expires_at: expires }]);
          expect(text).not.toContain(key.key.slice(12));
        }),
        shown('a name is required', async (scene) => {
          const by = await scene.member('admin');
          for (const wishes of [{}, { label: null }, { label: '' }]) {
            const { status, body } = await ask(scene, by, 'POST', '', wishes);
            expect([status, body.code]).toEqual([400, 'BAD_REQUEST']);
            expect(body.message).toContain('label');
          }
          expect((await ask(scene, by, 'GET')).body.keys).toEqual([]);
        }),
        shown('by its name a key is found, to be revoked', async (scene) => {
          const by = await scene.member('mediabuyer');
          for (const label of ['BI dashboard production', 'CI launch script']) await make(scene, by, { label });
          const { keys } = (await ask(scene, by, 'GET')).body;
          const found = keys.find(({ label }: Json) => label === 'CI launch script');
          await revoke(scene, by, found);
          expect((await ask(scene, by, 'GET')).body.keys).toMatchObject([{ label: 'BI dashboard production' }]);
        }),
        shown('an expiry is optional, and without one a key does not expire', async (scene) => {
          const by = await scene.member('viewer');
          const expires_at = new Date(scene.nowMs + 2 * HOUR_MS).toISOString();
          const [bound, free] = [await make(scene, by, { expires_at }), await make(scene, by)];
          await scene.pass(2 * HOUR_MS - MINUTE_MS);
          expect(await scene.statuses([bound, free])).toEqual([200, 200]);
          await scene.pass(MINUTE_MS);
          expect(await scene.statuses([bound, free])).toEqual([401, 200]);
          expect((await scene.call(bound)).body.code).toBe('KEY_EXPIRED');
          expect((await row(scene, by, free)).expires_at).toBeNull();
          await scene.pass(400 * DAY_MS);
          expect(await scene.statuses([free])).toEqual([200]);
        }),
        shown('a rate limit is optional and stands in place of the default of 100 a minute', async (scene) => {
          const by = await scene.member('viewer');
          const rateOf = async (fields: Json) =>
            (await scene.call(await make(scene, by, fields))).headers.get('ratelimit-policy');
          expect(await rateOf({})).toBe('"rate";q=100;w=60');
          expect(await rateOf({ rate_limit_per_minute: 40 })).toBe('"rate";q=40;w=60');
          expect(await rateOf({ rate_limit_per_minute: 250 })).toBe('"rate";q=250;w=60');
        }),
        shown('POST /api/v1/api-keys creates it, from no more than its name', async (scene) => {
          const by = await scene.member('viewer');
          const { status, body } = await ask(scene, by, 'POST', '', { label: 'BI dashboard' });
          expect(status).toBe(201);
          expect(body).toMatchObject({ key: expect.stringMatching(KEY), label: 'BI dashboard', created_at: rfc3339 });
        }),
        shown('the full key is shown this one time', async (scene) => {
          const by = await scene.member('admin');
          const { id, key } = await make(scene, by);
          for (const path of ['/api-keys', `/api-keys/${id}`, '/audit']) {
            const { status, text } = await by.ask('GET', path);
            expect([status, text.includes(id), text.includes(key.slice(10))], path).toEqual([200, true, false]);
          }
        }),
        outside('it is copied into a secret manager, and not into plain text or git', ADVICE),
        shown('from then on it is active', async (scene) => {
          const by = await scene.member('viewer');
          const key = await make(scene, by);
          for (const isolate of [HERE, THERE]) expect((await scene.call(key, { isolate })).status).toBe(200);
          expect((await row(scene, by, key)).status).toBe('active');
        }),
        elsewhere(
          'only a hash is stored, from which the key cannot be had',
          'flow/secrets.test.ts',
          'in the state folder, with its WAL files',
        ),
        shown('curl sends it, as to GET /api/v1/billing/subscription', async (scene) => {
          const { key } = await make(scene, await scene.member('viewer'));
          // The edge says from where a call comes; here the client has to.
          const { stdout } = await run('curl', [
            ...['-sS', '-w', ' %{http_code}', '-H', `CF-Connecting-IP: ${scene.address()}`],
            ...['-H', `Authorization: Bearer ${key}`, `${scene.cluster.urls[HERE]}/api/v1/billing/subscription`],
          ]);
          expect(stdout).toContain('"url":"/api/v1/billing/subscription"');
          expect(stdout).toMatch(/ 200$/);
        }),
        shown('the origin is told the user who made it, the workspace and the role', async (scene) => {
          const by = await scene.member('mediabuyer');
          const { headers } = (await scene.call(await make(scene, by))).body;
          expect(headers).toMatchObject({
            'x-keystile-user': by.user,
            'x-keystile-account': by.account,
            'x-keystile-role': 'mediabuyer',
          });
        }),
      ],
    },
    {
      title: 'Listing keys',
      statements: [
        shown('a row has name, prefix of about 10 characters, creation, expiry, rate and status', async (scene) => {
          const by = await scene.member('viewer');
          const expires_at = new Date(scene.nowMs + DAY_MS).toISOString();
          const key = await make(scene, by, { label: 'nightly', expires_at, rate_limit_per_minute: 30 });
          const found = await row(scene, by, key);
          expect(found).toMatchObject({
            label: 'nightly',
            prefix: key.key.slice(0, 10),
            created_at: rfc3339,
            expires_at,
            last_used: null,
            rate_limit_per_minute: 30,
            status: 'active',
          });
          expect(Math.abs(Date.parse(found.created_at) - scene.nowMs)).toBeLessThan(30_000);
        }),
        shown('the rest of the secret is never shown again', async (scene) => {
          const by = await scene.member('viewer');
          const { key } = await make(scene, by);
          expect((await ask(scene, by, 'GET', '?status=all')).text).not.toContain(key.slice(0, 11));
        }),
        shown('last used is a time and an address', async (scene) => {
          const by = await scene.member('viewer');
          const key = await make(scene, by);
          const address = scene.address();
          expect((await scene.call(key, { address })).status).toBe(200);
          await logged(scene, by, key, 1);
          const { last_used: used } = await row(scene, by, key);
          expect(used).toEqual({ at: rfc3339, address });
          expect(Math.abs(Date.parse(used.at) - scene.nowMs)).toBeLessThan(60_000);
        }),
        shown('a status is active, revoked or expired', async (scene) => {
          const by = await scene.member('viewer');
          const expires_at = new Date(scene.nowMs + MINUTE_MS).toISOString();
          const keys = [await make(scene, by), await make(scene, by), await make(scene, by, { expires_at })] as const;
          await revoke(scene, by, keys[1]);
          await scene.pass(MINUTE_MS);
          const seen = await Promise.all(keys.map(async (key) => (await row(scene, by, key)).status));
          expect(seen).toEqual(['active', 'revoked', 'expired']);
        }),
      ],
    },
    {
      title: 'Revoking a key',
      statements: [
        shown('DELETE /api/v1/api-keys/:id revokes it: 401 at the next request, everywhere', async (scene) => {
          const by = await scene.member('viewer');
          const [leaked, other] = [await make(scene, by), await make(scene, by)];
          for (const isolate of [HERE, THERE, HERE]) {
            expect(await scene.statuses([leaked, other], { isolate })).toEqual([200, 200]);
          }
          const { status, text } = await ask(scene, by, 'DELETE', `/${leaked.id}`);
          expect([status, text]).toEqual([204, '']);
          for (const isolate of [THERE, HERE]) {
            expect(await scene.statuses([leaked, other], { isolate })).toEqual([401, 200]);
          }
          const { body, headers } = await scene.call(leaked);
          expect(body.code).toBe('INVALID_API_KEY');
          expect(headers.get('content-type')).toBe('application/json');
        }),
        shown('it cannot be undone', async (scene) => {
          const by = await scene.member('admin');
          const key = await make(scene, by);
          await revoke(scene, by, key);
          expect((await ask(scene, by, 'POST', `/${key.id}/activate`)).status).toBe(409);
          expect((await ask(scene, by, 'PATCH', `/${key.id}`, { active: true })).status).toBe(409);
          expect((await scene.operate('POST', `/keys/${key.id}/activate`)).status).toBe(409);
          expect(await scene.statuses([key])).toEqual([401]);
          expect((await row(scene, by, key)).status).toBe('revoked');
          expect((await ask(scene, by, 'DELETE', `/${(await make(scene, by)).id}?purge=true`)).status).toBe(409);
        }),
        shown('a new key, of the same name if one likes, brings access back', async (scene) => {
          const by = await scene.member('viewer');
          const key = await make(scene, by, { label: 'BI dashboard' });
          await revoke(scene, by, key);
          expect(await scene.statuses([await make(scene, by, { label: 'BI dashboard' }), key])).toEqual([200, 401]);
        }),
      ],
    },
    {
      title: 'Rate limits',
      statements: [
        shown('a key has 100 requests a minute by default, over all isolates', async (scene) => {
          const key = await make(scene, await scene.member('viewer'));
          const replies = await Promise.all(
            Array.from({ length: 130 }, (_, i) => scene.call(key, { isolate: i % 2 === 0 ? HERE : THERE })),
          );
          const admitted = replies.filter(({ status }) => status === 200).length;
          expect([admitted > 80, admitted <= 100]).toEqual([true, true]);
          expect(replies.filter(({ status }) => status === 429)).toHaveLength(130 - admitted);
        }),
        shown('beyond it: 429 and Retry-After, the seconds until one is allowed', async (scene) => {
          const key = await make(scene, await scene.member('viewer'), { rate_limit_per_minute: 3 });
          expect(await scene.statuses([key, key, key])).toEqual([200, 200, 200]);
          const { status, body, headers } = await scene.call(key);
          expect([status, body.code]).toEqual([429, 'RATE_LIMIT_EXCEEDED']);
          const seconds = Number(headers.get('retry-after'));
          expect([seconds > 30, seconds <= 65]).toEqual([true, true]);
          await scene.pass(seconds * 1_000);
          expect(await scene.statuses([key])).toEqual([200]);
        }),
        shown('the audit log has the hits of rate limits', async (scene) => {
          const by = await scene.member('viewer');
          const key = await make(scene, by, { rate_limit_per_minute: 1 });
          expect(await scene.statuses([key, key, key])).toEqual([200, 429, 429]);
          await logged(scene, by, key, 3);
          const { entries } = (await by.ask('GET', `/audit?key=${key.id}&action=key.limit_reached`)).body;
          expect(entries.map(({ after }: Json) => after.reason)).toEqual(entries.map(() => 'rate_limited'));
          expect(entries.reduce((sum: number, { after }: Json) => sum + after.requests, 0)).toBe(2);
        }),
        shown('a rate is given with the key, up to the maximum of the plan', async (scene) => {
          // The document names neither plans nor maxima; these are those of the preset.
          for (const [plan, most] of [
            [undefined, 600],
            ['standard', 600],
            ['starter', 100],
          ] as const) {
            const by = await scene.member('viewer', await scene.account(plan));
            const create = (rate: number) =>
              ask(scene, by, 'POST', '', { label: scene.name(), rate_limit_per_minute: rate });
            expect((await create(most)).status, plan).toBe(201);
            const { status, body } = await create(most + 1);
            expect([status, body.code], plan).toEqual([400, 'BAD_REQUEST']);
            expect(body.message).toMatch(/^rate_limit_per_minute: /);
          }
        }),
        shown('several keys for workers in parallel have a rate each', async (scene) => {
          const by = await scene.member('mediabuyer');
          const workers = [
            await make(scene, by, { rate_limit_per_minute: 1 }),
            await make(scene, by, { rate_limit_per_minute: 1 }),
          ];
          expect(await scene.statuses([...workers, ...workers])).toEqual([200, 200, 429, 429]);
        }),
        shown('and each call is put down to the key that made it', async (scene) => {
          const by = await scene.member('mediabuyer');
          const [one, other] = [await make(scene, by), await make(scene, by)];
          await scene.statuses([one, other, other]);
          expect(await logged(scene, by, other, 2)).toMatchObject([{ key: other.id }, { key: other.id }]);
          expect(await logged(scene, by, one, 1)).toMatchObject([{ key: one.id }]);
        }),
        shown('what an enterprise has agreed on is not bounded', async (scene) => {
          const by = await scene.member('viewer', await scene.account('enterprise'));
          const key = await make(scene, by, { rate_limit_per_minute: 1_000_000 });
          expect((await scene.call(key)).headers.get('ratelimit-policy')).toBe('"rate";q=1000000;w=60');
        }),
        outside('that is agreed on with a customer success manager', 'people'),
      ],
    },
    {
      title: 'Rotating keys',
      statements: [
        outside('keys are rotated quarterly', ADVICE),
        shown('and 7 to 14 days before they expire: 14 and 7 days before, an event says so', async (scene) => {
          const by = await scene.member('admin');
          const receiver = await scene.endpoint(by, ['key_expiring']);
          const expiresAtMs = scene.nowMs + 15 * DAY_MS;
          const key = await make(scene, by, { expires_at: new Date(expiresAtMs).toISOString() });
          for (const days of [14, 7]) {
            await scene.cluster.schedule();
            const warned = receiver.arrivals.length;
            await scene.pass(expiresAtMs - days * DAY_MS + MINUTE_MS - scene.nowMs);
            await scene.cluster.schedule();
            await receiver.until((arrivals) => arrivals.length > warned);
          }
          expect(receiver.arrivals.map(({ key: of, sequence, verified }) => [of, sequence, verified])).toEqual([
            [key.id, 2, true],
            [key.id, 3, true],
          ]);
        }),
        shown('a key that may be known to others is revoked at once and another one created', async (scene) => {
          const by = await scene.member('mediabuyer');
          const known = await make(scene, by);
          expect(await scene.statuses([known])).toEqual([200]);
          await revoke(scene, by, known);
          expect(await scene.statuses([known, await make(scene, by)])).toEqual([401, 200]);
        }),
        shown('a new owner creates a key of their own, and the old one is revoked', async (scene) => {
          const before = await scene.member('mediabuyer');
          const after = await scene.member('mediabuyer', before.account);
          const [old, fresh] = [await make(scene, before), await make(scene, after)];
          expect((await scene.call(fresh)).body.headers['x-keystile-user']).toBe(after.user);
          await revoke(scene, before, old);
          expect(await scene.statuses([old, fresh])).toEqual([401, 200]);
        }),
        shown(
          'a new key is created under another name, deployed, seen to be used, and then the old one revoked',
          async (scene) => {
            const by = await scene.member('mediabuyer');
            const old = await make(scene, by, { label: 'BI dashboard prod', rate_limit_per_minute: 300 });
            const fresh = await make(scene, by, { label: 'BI dashboard prod 2026-Q2', copy_from: old.id });
            expect((await row(scene, by, fresh)).rate_limit_per_minute).toBe(300);
            expect(await scene.statuses([old, fresh])).toEqual([200, 200]);
            await logged(scene, by, fresh, 1);
            expect((await row(scene, by, fresh)).last_used).not.toBeNull();
            await revoke(scene, by, old);
            await scene.pass(2 * DAY_MS);
            expect(await scene.statuses([old, fresh])).toEqual([401, 200]);
          },
        ),
        shown('who asks for another rotation is told this one', async (scene) => {
          const by = await scene.member('admin');
          const key = await make(scene, by);
          for (const { status, body } of [
            await scene.call(key, { method: 'POST', path: '/api/v1/keys/apikey/rotate' }),
            await ask(scene, by, 'POST', `/${key.id}/rotate`, {}),
          ]) {
            expect([status, body.code]).toEqual([409, 'ROTATION_REFUSED']);
            expect(body.message).toMatch(/^Create a new key/);
          }
          expect(await scene.statuses([key])).toEqual([200]);
        }),
      ],
    },
    {
      title: 'Many keys, or one for all',
      statements: [
        shown('a key for each integration is revoked without breaking the others', async (scene) => {
          const by = await scene.member('mediabuyer');
          const [one, other] = [await make(scene, by, { label: 'BI' }), await make(scene, by, { label: 'CI' })];
          await revoke(scene, by, one);
          expect(await scene.statuses([one, other])).toEqual([401, 200]);
        }),
        shown('last use and audit log are told by key', async (scene) => {
          const by = await scene.member('mediabuyer');
          const [used, unused] = [await make(scene, by), await make(scene, by)];
          await scene.call(used);
          await logged(scene, by, used, 1);
          expect((await row(scene, by, used)).last_used).not.toBeNull();
          expect((await row(scene, by, unused)).last_used).toBeNull();
          expect((await by.ask('GET', `/audit?key=${unused.id}&action=api_call`)).body.entries).toEqual([]);
        }),
        shown('each has its own rate limit', async (scene) => {
          const by = await scene.member('mediabuyer');
          const [slow, quick] = [await make(scene, by, { rate_limit_per_minute: 1 }), await make(scene, by)];
          expect(await scene.statuses([slow, slow, quick, quick])).toEqual([200, 429, 200, 200]);
        }),
        shown('each key is one row, whatever its name', async (scene) => {
          const by = await scene.member('mediabuyer');
          for (const label of ['same', 'same', 'other']) await make(scene, by, { label });
          expect((await ask(scene, by, 'GET')).body.keys).toHaveLength(3);
        }),
      ],
    },
    {
      title: 'When a user is removed',
      statements: [
        off(
          'their keys may work on, as is configured',
          'Nobody looks after a key whose owner is gone, and who has it goes on. In the preset it is revoked with its owner, unless the call says otherwise.',
          OUTLIVING,
          async (scene) => {
            const admin = await scene.member('admin');
            for (const [isolate, fate, code] of [
              [HERE, 'revoked', 401],
              [scene.isolate(OUTLIVING), 'kept', 200],
            ] as const) {
              const gone = await scene.member('mediabuyer', admin.account);
              const key = await make(scene, gone);
              expect(await scene.statuses([key])).toEqual([200]);
              const { status, body } = await admin.ask('DELETE', `/members/${gone.id}`, undefined, { isolate });
              expect([status, body.keys, body.key_count]).toEqual([200, fate, 1]);
              expect(await scene.statuses([key])).toEqual([code]);
            }
          },
        ),
        shown('what they could do by signing in is over', async (scene) => {
          const admin = await scene.member('admin');
          const gone = await scene.member('mediabuyer', admin.account);
          expect((await gone.ask('GET', '/api-keys')).status).toBe(200);
          expect((await admin.ask('DELETE', `/members/${gone.id}`)).status).toBe(200);
          expect((await gone.ask('GET', '/api-keys')).status).toBe(404);
        }),
        shown('their keys can be revoked before, by an admin', async (scene) => {
          const admin = await scene.member('admin');
          const leaving = await scene.member('viewer', admin.account);
          const keys = [await make(scene, leaving), await make(scene, leaving)];
          const listed = (await ask(scene, admin, 'GET', `?creator=${leaving.id}`)).body.keys;
          expect(listed).toHaveLength(2);
          for (const key of listed) await revoke(scene, admin, key);
          expect(await scene.statuses(keys)).toEqual([401, 401]);
          expect((await leaving.ask('GET', '/api-keys')).status).toBe(200);
        }),
        shown('"Also revoke their API keys" is a choice of who removes them', async (scene) => {
          const admin = await scene.member('admin');
          for (const [choice, code] of [
            ['true', 401],
            ['false', 200],
          ] as const) {
            const gone = await scene.member('viewer', admin.account);
            const key = await make(scene, gone);
            expect((await admin.ask('DELETE', `/members/${gone.id}?revoke_keys=${choice}`)).status).toBe(200);
            expect(await scene.statuses([key])).toEqual([code]);
          }
        }),
      ],
    },
    {
      title: 'Audit and logging',
      statements: [
        shown(
          'every call is in the audit log as api_call, with the id of the key, endpoint and status',
          async (scene) => {
            const by = await scene.member('viewer');
            const key = await make(scene, by);
            await scene.call(key, { path: '/api/v1/campaigns?page=2' });
            await scene.call(key, { method: 'POST', path: '/api/v1/campaigns' });
            const entries = await logged(scene, by, key, 2);
            expect(entries).toMatchObject([
              { action: 'api_call', after: { key: key.id, endpoint: 'POST /api/v1/campaigns', status: 403 } },
              { action: 'api_call', after: { key: key.id, endpoint: 'GET /api/v1/campaigns', status: 200 } },
            ]);
          },
        ),
        shown('hits of rate limits are logged apart from them', async (scene) => {
          const by = await scene.member('viewer');
          const key = await make(scene, by, { rate_limit_per_minute: 1 });
          await scene.statuses([key, key]);
          const calls = await logged(scene, by, key, 2);
          expect(calls.map(({ after }) => after.status)).toEqual([429, 200]);
          const { entries } = (await by.ask('GET', `/audit?key=${key.id}`)).body;
          const actions = entries.map(({ action }: Json) => action).toSorted();
          expect(actions).toEqual(['api_call', 'api_call', 'key.created', 'key.limit_reached']);
        }),
        shown('the time of last use moves with each call', async (scene) => {
          const by = await scene.member('viewer');
          const key = await make(scene, by);
          await scene.call(key);
          await logged(scene, by, key, 1);
          const first = (await row(scene, by, key)).last_used.at;
          await scene.pass(HOUR_MS);
          await scene.call(key);
          await logged(scene, by, key, 2);
          const second = (await row(scene, by, key)).last_used.at;
          expect(Date.parse(second) - Date.parse(first)).toBeGreaterThan(HOUR_MS / 2);
        }),
      ],
    },
    {
      title: 'Limits of plans',
      statements: [
        shown('keys are unlimited on most plans', async (scene) => {
          for (const plan of [undefined, 'enterprise']) {
            const by = await scene.member('viewer', await scene.account(plan));
            for (let many = 0; many < 12; many++) await make(scene, by);
            expect((await ask(scene, by, 'GET', '?limit=100')).body.keys).toHaveLength(12);
          }
        }),
        shown('some cap the active keys of a user, and the error says so', async (scene) => {
          // The document names neither the plan nor the number; these are those of the preset.
          const by = await scene.member('viewer', await scene.account('starter'));
          const first = await make(scene, by);
          for (let many = 1; many < 5; many++) await make(scene, by);
          const { status, body } = await ask(scene, by, 'POST', '', { label: 'one more' });
          expect([status, body.code]).toEqual([409, 'KEY_LIMIT_REACHED']);
          expect(body.message).toMatch(/you have 5 keys of at most 5: revoke one/);
          const colleague = await scene.member('viewer', by.account);
          expect(await scene.statuses([await make(scene, colleague)])).toEqual([200]);
          await revoke(scene, by, first);
          expect(await scene.statuses([await make(scene, by)])).toEqual([200]);
        }),
        outside('the plan is looked up at Settings → Team → Billing', PAGE),
      ],
    },
    {
      title: 'What a key is not',
      statements: [
        shown('no impersonation: it acts as its maker, whatever a client says', async (scene) => {
          const admin = await scene.member('admin');
          const by = await scene.member('viewer', admin.account);
          const key = await make(scene, by);
          const claims = { 'x-keystile-user': admin.user, 'x-keystile-role': 'admin' };
          const { headers } = (await scene.call(key, { headers: claims })).body;
          expect([headers['x-keystile-user'], headers['x-keystile-role']]).toEqual([by.user, 'viewer']);
        }),
        shown('not for signing in: it opens no route of who has signed in', async (scene) => {
          const key = await make(scene, await scene.member('admin'));
          for (const [method, path] of [
            ['GET', API_KEYS],
            ['POST', API_KEYS],
            ['GET', '/api/v1/user/members'],
            ['PATCH', '/api/v1/user/account'],
          ] as const) {
            const { status, body } = await scene.call(key, { method, path });
            expect([status, body.code], `${method} ${path}`).toEqual([401, 'UNAUTHORIZED_SESSION']);
          }
        }),
        shown('no OAuth token: a session of the browser is no key either', async (scene) => {
          const by = await scene.member('admin');
          const { token } = await visit(scene.cluster, scene.issuer, { user: by.user }, { nowMs: scene.nowMs });
          const { status, body } = await scene.call(token, { path: '/api/v1/campaigns' });
          expect([status, body.code]).toEqual([401, 'INVALID_API_KEY']);
        }),
        shown('no lasting elevation: it is what its maker is now', async (scene) => {
          const admin = await scene.member('admin');
          const by = await scene.member('viewer', admin.account);
          expect((await ask(scene, by, 'POST', '', { label: 'up', role: 'admin' })).status).toBe(403);
          const key = await make(scene, by);
          expect((await ask(scene, by, 'PATCH', `/${key.id}`, { role: 'admin' })).status).toBe(403);
          for (const role of ['viewer', 'mediabuyer', 'admin', 'viewer'] as const) {
            expect((await admin.ask('PATCH', `/members/${by.id}`, { role })).status).toBe(200);
            for (const isolate of [HERE, THERE]) expect(await power(scene, key, isolate)).toEqual(POWERS[role]);
          }
        }),
      ],
    },
    {
      title: 'Common issues',
      statements: [
        shown('a key that was not copied cannot be shown again; another one is created', async (scene) => {
          const by = await scene.member('viewer');
          const { id, key } = await make(scene, by);
          const again = await ask(scene, by, 'GET', `/${id}`);
          expect([again.status, again.body.key, again.text.includes(key)]).toEqual([200, undefined, false]);
          expect(await scene.statuses([await make(scene, by)])).toEqual([200]);
        }),
        shown('401 where the header is not "Authorization: Bearer <key>"', async (scene) => {
          const { key } = await make(scene, await scene.member('viewer'));
          const send = async (headers: Record<string, string>) => {
            const { status, body } = await scene.send({ headers });
            return [status, body.code];
          };
          expect(await send({})).toEqual([401, 'UNAUTHORIZED']);
          for (const authorization of [key, `Bearer${key}`, `Basic ${key}`, 'Bearer', 'Bearer <key>']) {
            expect((await send({ authorization }))[0], authorization.slice(0, 7)).toBe(401);
          }
          expect(await send({ 'x-api-key': key })).toEqual([401, 'UNAUTHORIZED']);
          expect(await send({ authorization: `Bearer ${key}` })).toEqual([200, undefined]);
        }),
        shown('401 where it was copied with more or less than itself', async (scene) => {
          const { key } = await make(scene, await scene.member('viewer'));
          for (const text of [
            `${key}0`,
            key.slice(0, -1),
            `"${key}"`,
            key.toUpperCase(),
            `${key.slice(0, 9)} ${key}`,
          ]) {
            const { status, body } = await scene.call(text);
            expect([status, body.code]).toEqual([401, 'INVALID_API_KEY']);
          }
        }),
        shown('429: it is waited for Retry-After, or the limit is raised', async (scene) => {
          const by = await scene.member('viewer');
          const key = await make(scene, by, { rate_limit_per_minute: 1 });
          expect(await scene.statuses([key, key])).toEqual([200, 429]);
          expect((await ask(scene, by, 'PATCH', `/${key.id}`, { rate_limit_per_minute: 5 })).status).toBe(200);
          expect(await scene.statuses([key, key])).toEqual([200, 200]);
          expect((await ask(scene, by, 'PATCH', `/${key.id}`, { rate_limit_per_minute: 601 })).status).toBe(400);
        }),
        shown('revoked and expired keys are not in the list until they are asked for', async (scene) => {
          const by = await scene.member('viewer');
          const expires_at = new Date(scene.nowMs + MINUTE_MS).toISOString();
          const keys = [await make(scene, by), await make(scene, by), await make(scene, by, { expires_at })] as const;
          await revoke(scene, by, keys[1]);
          await scene.pass(MINUTE_MS);
          const ids = async (query: string) =>
            (await ask(scene, by, 'GET', query)).body.keys.map(({ id }: Json) => id).toSorted();
          expect(await ids('')).toEqual([keys[0].id]);
          expect(await ids('?status=revoked')).toEqual([keys[1].id]);
          expect(await ids('?status=all')).toEqual(keys.map(({ id }) => id).toSorted());
        }),
        shown('"never" until the first call, and the use of a key shows within minutes', async (scene) => {
          const by = await scene.member('viewer');
          const key = await make(scene, by);
          expect((await row(scene, by, key)).last_used).toBeNull();
          await scene.call(key);
          await logged(scene, by, key, 1);
          expect((await row(scene, by, key)).last_used).not.toBeNull();
        }),
        shown('one’s own keys can always be deleted, those of others by an admin', async (scene) => {
          const admin = await scene.member('admin');
          const [viewer, mediabuyer] = [
            await scene.member('viewer', admin.account),
            await scene.member('mediabuyer', admin.account),
          ];
          for (const [owner, other] of [
            [viewer, mediabuyer],
            [mediabuyer, viewer],
          ] as const) {
            const [own, theirs] = [await make(scene, owner), await make(scene, owner)];
            const refused = await ask(scene, other, 'DELETE', `/${own.id}`);
            expect([refused.status, refused.body.code]).toEqual([403, 'FORBIDDEN']);
            await revoke(scene, owner, own);
            await revoke(scene, admin, theirs);
          }
        }),
      ],
    },
    {
      title: 'Security checklist',
      statements: [
        outside('keys are named, bounded in time, rotated and stored with care', ADVICE),
        shown('who is not an admin lets nobody in and changes nobody', async (scene) => {
          const admin = await scene.member('admin');
          for (const role of ['viewer', 'mediabuyer']) {
            const by = await scene.member(role, admin.account);
            const refused = [
              await by.ask('POST', '/members', { email: 'new@example.com', role }),
              await by.ask('PATCH', `/members/${admin.id}`, { role }),
              await by.ask('DELETE', `/members/${admin.id}`),
              await by.ask('PATCH', '/account', { name: 'Mine' }),
            ];
            expect(
              refused.map(({ status }) => status),
              role,
            ).toEqual([403, 403, 403, 403]);
          }
          expect((await admin.ask('POST', '/members', { email: 'new@example.com', role: 'viewer' })).status).toBe(201);
        }),
        shown('the audit log is reviewed by month, for the use of each key', async (scene) => {
          const by = await scene.member('viewer');
          const key = await make(scene, by);
          await scene.call(key);
          await logged(scene, by, key, 1);
          const from = new Date(scene.nowMs - HOUR_MS).toISOString();
          await scene.pass(60 * DAY_MS);
          const to = new Date(scene.nowMs - 30 * DAY_MS).toISOString();
          const month = `key=${key.id}&action=api_call&from=${from}&to=${to}`;
          expect((await by.ask('GET', `/audit?${month}`)).body.entries).toHaveLength(1);
        }),
        shown('the keys of who has left the company are revoked with them', async (scene) => {
          const admin = await scene.member('admin');
          const gone = await scene.member('mediabuyer', admin.account);
          const keys = [await make(scene, gone), await make(scene, gone)];
          expect(await scene.statuses(keys, { isolate: THERE })).toEqual([200, 200]);
          expect((await admin.ask('DELETE', `/members/${gone.id}`)).status).toBe(200);
          expect(await scene.statuses(keys, { isolate: THERE })).toEqual([401, 401]);
        }),
      ],
    },
  ],
};
