import { expect } from 'vitest';
import { off, outside, type ProductDocument, shown } from './document.ts';
import { HERE, HOUR_MS, MINUTE_MS, type Scene, THERE } from './scene.ts';
import {
  addressLockout,
  asUser,
  attempts,
  creationsPerHour,
  keyLockout,
  keyOfRole,
  REACHES,
  reach,
  rfc3339,
  rotate,
  rotationEvent,
  TEMP_KEY,
  takeTrial,
  told,
  trialKey,
  USER_KEYS,
  unknownKey,
  WITHOUT_PROOF,
  waits,
} from './wavis-calls.ts';

/* The reference of WAVIS on keys, from top to bottom. */

export const wavisReference: ProductDocument<Scene>['sections'] = [
  {
    title: 'Header and prefixes',
    statements: [
      shown('"Bearer wvs_…" and bare "wvs_…" are accepted, of every environment', async (scene) => {
        const by = await scene.member('developer');
        const keys = [await trialKey(scene)];
        for (const environment of ['live', 'test', 'dev']) keys.push((await scene.key(by, { environment })).key);
        expect(keys.map((key) => key.replace(/[0-9a-f]{32}$/, '*'))).toEqual([
          'wvs_trial_*',
          'wvs_live_*',
          'wvs_test_*',
          'wvs_dev_*',
        ]);
        for (const key of keys) {
          for (const authorization of [`Bearer ${key}`, key]) {
            expect((await scene.send({ headers: { authorization } })).status).toBe(200);
          }
        }
      }),
      shown('live is billed, test is not', async (scene) => {
        const paid = { path: '/paid/compute' };
        const [live, test] = [
          await keyOfRole(scene, 'developer'),
          await keyOfRole(scene, 'developer', { environment: 'test' }),
        ];
        expect(await scene.statuses([live, test], paid)).toEqual([402, 200]);
      }),
      shown('a trial key has 30 minutes and 10 operations', async (scene) => {
        const key = await trialKey(scene);
        const { status, body } = await scene.call(key, { path: '/api/v1/keys/apikey' });
        expect(status).toBe(403);
        expect(body.code).toBe('INSUFFICIENT_ROLE');
        const { id } = (await scene.operate('POST', '/keys/lookup', { key })).body.key;
        const stored = (await scene.operate('GET', `/keys/${id}`)).body;
        expect(stored).toMatchObject({ environment: 'trial', role: 'trial', quotas: { total: 10 } });
        expect(Date.parse(stored.expires_at) - Date.parse(stored.created_at)).toBe(30 * MINUTE_MS);
      }),
    ],
  },
  {
    title: 'POST /api/v1/onboarding/temp-key',
    statements: [
      shown('issues a trial key without authentication: 200', async (scene) => {
        const { status, body } = await takeTrial(scene);
        expect([status, await scene.statuses([body.api_key])]).toEqual([200, [200]]);
      }),
      shown('5 keys a minute for an address, then 429', async (scene) => {
        const address = scene.address();
        expect(await attempts(7, () => takeTrial(scene, address))).toEqual([200, 200, 200, 200, 200, 429, 429]);
      }),
    ],
  },
  {
    title: 'DELETE /api/v1/onboarding/temp-key/{key_prefix}',
    statements: [
      shown('revokes a trial key at once: 200', async (scene) => {
        const key = await trialKey(scene);
        expect(await scene.statuses([key], { isolate: THERE })).toEqual([200]);
        const { status, body } = await scene.call(key, { method: 'DELETE', path: `${TEMP_KEY}/${key.slice(0, 16)}` });
        expect([status, body]).toEqual([200, { revoked: true, key_prefix: key.slice(0, 16) }]);
        for (const isolate of [HERE, THERE]) {
          expect(told(await scene.call(key, { isolate }))).toEqual([401, 'INVALID_API_KEY']);
        }
      }),
      off(
        'no authentication is needed for that',
        'Whoever has seen the beginning of a key, as in a log, could end it. In the preset the whole key is asked for.',
        WITHOUT_PROOF,
        async (scene) => {
          const [key, other] = [await trialKey(scene), await trialKey(scene)];
          const revoke = (isolate: number, headers = {}) =>
            scene.send({ method: 'DELETE', path: `${TEMP_KEY}/${key.slice(0, 16)}`, headers, isolate });
          expect(told(await revoke(HERE))).toEqual([401, 'MISSING_AUTH_HEADER']);
          expect((await revoke(HERE, { authorization: `Bearer ${other}` })).status).toBe(404);
          expect(await scene.statuses([key])).toEqual([200]);
          expect((await revoke(scene.isolate(WITHOUT_PROOF))).status).toBe(200);
          expect(await scene.statuses([key, other])).toEqual([401, 200]);
        },
      ),
      shown('key_prefix is the first 16 characters or more', async (scene) => {
        const key = await trialKey(scene);
        const revoke = (many: number) =>
          scene.call(key, { method: 'DELETE', path: `${TEMP_KEY}/${key.slice(0, many)}` });
        expect(told(await revoke(15))).toEqual([400, 'INVALID_REQUEST']);
        expect(await scene.statuses([key])).toEqual([200]);
        expect((await revoke(20)).status).toBe(200);
        expect(await scene.statuses([key])).toEqual([401]);
      }),
      shown('the rest of the key is secret: no list or log shows it', async (scene) => {
        const key = await trialKey(scene);
        await scene.call(key);
        for (const path of ['/keys?account=acc_trial&limit=100', '/audit?account=acc_trial']) {
          const { status, text } = await scene.operate('GET', path);
          expect([status, text.includes(key.slice(0, 20))], path).toEqual([200, false]);
        }
        expect(scene.cluster.logs.join('\n')).not.toContain(key.slice(0, 20));
      }),
    ],
  },
  {
    title: 'POST /api/v1/keys/apikey/rotate',
    statements: [
      shown('rotates the calling key: 200 with a new one; the old one is good for 24 hours', async (scene) => {
        const old = await keyOfRole(scene, 'account_admin', { environment: 'dev' });
        const { status, body } = await rotate(scene, old);
        expect([status, body.environment]).toEqual([200, 'dev']);
        expect(body.new_api_key).toMatch(/^wvs_dev_[0-9a-f]{32}$/);
        const keys = [old.key, body.new_api_key];
        await scene.pass(23 * HOUR_MS);
        expect(await scene.statuses(keys)).toEqual([200, 200]);
        await scene.pass(HOUR_MS);
        expect(await scene.statuses(keys)).toEqual([401, 200]);
      }),
      shown('key_rotated fires as a webhook event', rotationEvent),
    ],
  },
  {
    title: 'GET /api/v1/user/api-keys',
    statements: [
      shown('lists the keys of who has signed in: 200, without secrets', async (scene) => {
        const by = await scene.member('developer');
        const colleague = await scene.member('developer', by.account);
        const [mine, theirs] = [await scene.key(by), await scene.key(colleague)];
        const { reply } = await asUser(scene, by, 'GET', USER_KEYS);
        expect(reply.status).toBe(200);
        expect(reply.body.keys).toMatchObject([
          { id: mine.id, prefix: mine.prefix, environment: 'live', role: 'developer', created_at: rfc3339 },
        ]);
        expect(reply.text).not.toContain(mine.key);
        expect(reply.text).not.toContain(theirs.id);
      }),
      shown('takes a JWT of the dashboard and no key of WAVIS', async (scene) => {
        for (const role of ['viewer', 'account_admin']) {
          const key = await keyOfRole(scene, role);
          expect((await scene.call(key, { path: USER_KEYS })).status).toBe(401);
        }
        expect((await scene.send({ path: USER_KEYS })).status).toBe(401);
      }),
    ],
  },
  {
    title: 'POST /api/v1/user/api-keys',
    statements: [
      shown('takes a JWT and no key', async (scene) => {
        const key = await keyOfRole(scene, 'account_admin');
        const sent = { method: 'POST', path: USER_KEYS, body: '{"environment":"live"}' };
        expect((await scene.call(key, sent)).status).toBe(401);
        expect((await scene.send(sent)).status).toBe(401);
      }),
      shown('environment is required: "live", "test" or "dev"', async (scene) => {
        const by = await scene.member('account_admin');
        const make = (body: object) => by.ask('POST', '/api-keys', body);
        for (const body of [{}, { environment: null }, { environment: 'trial' }, { environment: 'Live' }]) {
          const { status, body: answer } = await make(body);
          expect([status, answer.code]).toEqual([400, 'INVALID_REQUEST']);
          expect(answer.detail).toMatch(/^environment: .*live, test, dev/);
        }
        for (const environment of ['live', 'test', 'dev']) expect((await make({ environment })).status).toBe(201);
      }),
      shown('role is "developer" unless it is "viewer" or "account_admin"', async (scene) => {
        const by = await scene.member('account_admin');
        for (const [role, made] of [
          [undefined, 'developer'],
          ['viewer', 'viewer'],
          ['developer', 'developer'],
          ['account_admin', 'account_admin'],
        ]) {
          const { status, body } = await by.ask('POST', '/api-keys', { environment: 'live', role });
          expect([status, body.role]).toEqual([201, made]);
        }
      }),
      shown('201, and the only answer with the field key', async (scene) => {
        const by = await scene.member('developer');
        const made = await by.ask('POST', '/api-keys', { environment: 'live' });
        expect([made.status, typeof made.body.key]).toEqual([201, 'string']);
        expect((await by.ask('GET', `/api-keys/${made.body.id}`)).body.key).toBeUndefined();
        expect((await by.ask('GET', '/api-keys')).body.keys[0].key).toBeUndefined();
      }),
      shown('10 creations for a user and hour', creationsPerHour),
    ],
  },
  {
    title: 'DELETE /api/v1/user/api-keys/{key_id}',
    statements: [
      shown('takes a JWT, answers 204 without a body, and holds at once', async (scene) => {
        const by = await scene.member('developer');
        const key = await scene.key(by);
        const path = `${USER_KEYS}/${key.id}`;
        expect((await scene.call(key, { method: 'DELETE', path })).status).toBe(401);
        expect(await scene.statuses([key], { isolate: THERE })).toEqual([200]);
        const { reply } = await asUser(scene, by, 'DELETE', path);
        expect([reply.status, reply.text, reply.headers.get('content-type')]).toEqual([204, '', null]);
        expect(await scene.statuses([key], { isolate: THERE })).toEqual([401]);
      }),
    ],
  },
  {
    title: 'POST /api/v1/user/logout',
    statements: [
      shown('takes a JWT, answers 200, and what hung on that session is void', async (scene) => {
        const by = await scene.member('developer');
        const { token, reply } = await asUser(scene, by, 'POST', '/api/v1/user/logout', {});
        expect(reply.status).toBe(200);
        const headers = { authorization: `Bearer ${token}`, 'x-keystile-account': by.account };
        for (const isolate of [HERE, THERE]) {
          expect((await scene.send({ path: USER_KEYS, headers, isolate })).status).toBe(401);
        }
        expect((await by.ask('GET', '/api-keys')).status).toBe(200);
        expect((await scene.send({ method: 'POST', path: '/api/v1/user/logout' })).status).toBe(401);
      }),
    ],
  },
  {
    title: 'RBAC roles',
    statements: [
      ...(['viewer', 'developer', 'account_admin'] as const).map((role) =>
        shown<Scene>(`${role}: what it may call, and 403 Forbidden for all else`, async (scene) => {
          const key = await keyOfRole(scene, role, { environment: 'test' });
          expect(await reach(scene, key)).toEqual(REACHES[role]);
        }),
      ),
      shown('trial: 10 operations, of every wvs_trial_ key', async (scene) => {
        const key = await trialKey(scene);
        expect((await scene.call(key)).body.headers['x-keystile-role']).toBe('trial');
        expect(await attempts(10, () => scene.call(key, { method: 'POST', body: '{}' }))).toEqual([
          ...Array(9).fill(200),
          402,
        ]);
      }),
      shown('an account_admin manages all keys of the account, a developer those that they made', async (scene) => {
        const admin = await scene.member('account_admin');
        const developer = await scene.member('developer', admin.account);
        const [ofAdmin, ofDeveloper] = [await scene.key(admin), await scene.key(developer)];
        const ids = async (by: typeof admin) =>
          (await by.ask('GET', '/api-keys')).body.keys.map(({ id }: { id: string }) => id).toSorted();
        expect(await ids(admin)).toEqual([ofAdmin.id, ofDeveloper.id].toSorted());
        expect(await ids(developer)).toEqual([ofDeveloper.id]);
        expect((await developer.ask('DELETE', `/api-keys/${ofAdmin.id}`)).status).toBe(403);
        expect((await admin.ask('DELETE', `/api-keys/${ofDeveloper.id}`)).status).toBe(204);
      }),
    ],
  },
  {
    title: 'Error codes',
    statements: [
      shown('MISSING_AUTH_HEADER, 401: no Authorization header', async (scene) => {
        for (const headers of [{}, { authorization: 'Bearer' }, { 'x-api-key': 'wvs_live_abc' }]) {
          expect(told(await scene.send({ headers }))).toEqual([401, 'MISSING_AUTH_HEADER']);
        }
      }),
      shown('INVALID_API_KEY, 401: revoked, expired or malformed', async (scene) => {
        const by = await scene.member('developer');
        const [revoked, inactive, expiring] = [
          await scene.key(by),
          await scene.key(by),
          await scene.key(by, { expires_at: new Date(scene.nowMs + MINUTE_MS).toISOString() }),
        ];
        expect((await scene.call(expiring)).status).toBe(200);
        await by.ask('DELETE', `/api-keys/${revoked.id}`);
        await by.ask('POST', `/api-keys/${inactive.id}/deactivate`);
        await scene.pass(MINUTE_MS);
        for (const key of [revoked, inactive, expiring, 'wvs_live_short', 'nothing-like-it', unknownKey(900)]) {
          expect(told(await scene.call(key))).toEqual([401, 'INVALID_API_KEY']);
        }
      }),
      shown('INSUFFICIENT_ROLE, 403: the role does not permit the endpoint', async (scene) => {
        const { status, body, headers } = await scene.call(await keyOfRole(scene, 'viewer'), { method: 'POST' });
        expect([status, body.code]).toEqual([403, 'INSUFFICIENT_ROLE']);
        expect(headers.get('www-authenticate')).toContain('insufficient_scope');
      }),
      shown('BRUTE_FORCE_LOCKOUT, 429: too many invalid attempts; 15 minutes', async (scene) => {
        await attempts(10, () => scene.call(unknownKey(901)));
        const locked = await scene.call(unknownKey(901));
        expect(told(locked)).toEqual([429, 'BRUTE_FORCE_LOCKOUT']);
        expect(Math.round(waits(locked) / 60)).toBe(15);
      }),
      shown('IP_RATE_LIMITED, 429: too many trial keys of one address', async (scene) => {
        const address = scene.address();
        await attempts(5, () => takeTrial(scene, address));
        expect(told(await takeTrial(scene, address, THERE))).toEqual([429, 'IP_RATE_LIMITED']);
      }),
      shown('TRIAL_OPS_EXHAUSTED, 402: a trial key has had its 10 operations', async (scene) => {
        const key = await trialKey(scene);
        expect(await attempts(10, () => scene.call(key))).toEqual(Array(10).fill(200));
        for (const isolate of [HERE, THERE]) {
          expect(told(await scene.call(key, { isolate }))).toEqual([402, 'TRIAL_OPS_EXHAUSTED']);
        }
      }),
    ],
  },
  {
    title: 'Lockouts',
    statements: [
      shown('10 invalid attempts with one key in 5 minutes lock that key for 15, with Retry-After', keyLockout),
      shown('20 from one address in 5 minutes lock that address for 15, with Retry-After', addressLockout),
      shown('what is no bad credential is no attempt', async (scene) => {
        const [viewer, good] = [await keyOfRole(scene, 'viewer'), await keyOfRole(scene, 'developer')];
        const address = scene.address();
        await attempts(25, () => scene.call(viewer, { method: 'POST', address }));
        await attempts(25, () => scene.send({ address }));
        expect(await scene.statuses([good, viewer], { address })).toEqual([200, 200]);
      }),
      outside('keys of FHE and billing have references of their own', 'other parts of the product, behind the gateway'),
    ],
  },
];
