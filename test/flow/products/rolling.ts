import { expect } from 'vitest';
import type { IssuedKey } from '../../support/cluster.ts';
import { unissuedKey } from '../../support/keys.ts';
import type { Member } from '../../support/members.ts';
import type { Json } from '../../support/reply.ts';
import { elsewhere, off, outside, type ProductDocument, shown } from './document.ts';
import { DAY_MS, HERE, HOUR_MS, MINUTE_MS, PAID_MICRO, type Scene, THERE } from './scene.ts';

/* The document of Rolling on API keys. Its keys need no environment named, for there is one. */

/** Variants with small rates, since the document leaves open how high they are. */
export const PER_SECOND = 'one request a second';
export const PER_MINUTE = 'three requests a minute';
const rates = (per_second: number | null, per_minute: number | null) => ({
  plans: { standard: { rates: { per_second, per_minute } } },
});
export const variants = { [PER_SECOND]: rates(1, null), [PER_MINUTE]: rates(null, 3) };

const QUOTAS = ['total', 'daily', 'weekly', 'monthly'] as const;
const QUOTAS_AS_401 = `denials = { ${QUOTAS.map((name) => `quota_${name} = { status = 401 }`).join(', ')} }`;

const create = (scene: Scene, by: Member, fields: Json = {}): Promise<IssuedKey> =>
  scene.key(by, { environment: undefined, ...fields });
const show = async (by: Member, id: string): Promise<Json> => (await by.ask('GET', `/api-keys/${id}`)).body;
const listed = async (by: Member, query = ''): Promise<Json[]> => (await by.ask('GET', `/api-keys${query}`)).body.keys;
const setActive = async (by: Member, id: string, active: boolean) =>
  expect((await by.ask('PATCH', `/api-keys/${id}`, { active })).status).toBe(200);
const remove = (by: Member, id: string) => by.ask('DELETE', `/api-keys/${id}?purge=true`);

/** That a call is refused with this status and nothing but this message. */
async function refuses(scene: Scene, key: string | IssuedKey, status: number, error: string, isolate: number = HERE) {
  const reply = await scene.call(key, { isolate });
  expect([reply.status, reply.body]).toEqual([status, { error }]);
  expect(reply.headers.get('content-type')).toBe('application/json');
  return reply;
}

/** Uses a key once in every isolate, so that none has to ask about it. */
async function heat(scene: Scene, key: IssuedKey) {
  for (const isolate of [HERE, THERE, HERE, THERE]) expect((await scene.call(key, { isolate })).status).toBe(200);
}

const quotaReached = (name: string) => `Rate limit exceeded: quota ${name}`;

export const rolling: ProductDocument<Scene> = {
  preset: 'rolling',
  title: 'Rolling',
  sections: [
    {
      title: 'What keys are for',
      statements: [
        shown('a key authenticates a request', async (scene) => {
          const key = await create(scene, await scene.member('member'));
          expect((await scene.call(key)).status).toBe(200);
          expect((await scene.send()).status).toBe(401);
        }),
        shown('how it is sent is left to another page: as Bearer, or in X-API-Key', async (scene) => {
          const { key } = await create(scene, await scene.member('member'));
          for (const headers of [{ authorization: `Bearer ${key}` }, { 'x-api-key': key }]) {
            const { status, body } = await scene.send({ headers });
            expect(status).toBe(200);
            expect(JSON.stringify(body)).not.toContain(key);
          }
        }),
        shown('who has signed in manages keys, and no key does', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, await scene.member('member', by.account));
          expect((await by.ask('PATCH', `/api-keys/${key.id}`, { label: 'seen' })).status).toBe(200);
          for (const [method, path] of [
            ['GET', '/api/v1/user/api-keys'],
            ['POST', '/api/v1/user/api-keys'],
            ['PATCH', `/api/v1/user/api-keys/${key.id}`],
            ['GET', `/api/v1/user/api-keys/${key.id}/logs`],
          ] as const) {
            expect((await scene.call(key, { method, path })).status, `${method} ${path}`).toBe(401);
          }
        }),
        outside('keys are managed from pages of a dashboard', 'pages are not there yet'),
      ],
    },
    {
      title: 'Creating a key',
      statements: [
        shown('a key is given an alias and a category and, if wanted, quotas and an end', async (scene) => {
          const by = await scene.member('member');
          const wishes = {
            label: 'ci pipeline',
            category: 'staging',
            quotas: { total: 1_000, daily: 10, weekly: 50, monthly: 100 },
            expires_at: new Date(scene.nowMs + DAY_MS).toISOString(),
          };
          const { status, body } = await by.ask('POST', '/api-keys', wishes);
          expect(status).toBe(201);
          expect(body).toMatchObject(wishes);
          expect(await show(by, body.id)).toMatchObject(wishes);
          expect((await scene.call(body.key)).status).toBe(200);
        }),
        shown('an alias is all that it needs', async (scene) => {
          const by = await scene.member('member');
          const { status, body } = await by.ask('POST', '/api-keys', { label: 'plain' });
          expect(status).toBe(201);
          expect(body).toMatchObject({ label: 'plain', category: null, quotas: {}, expires_at: null });
          for (const wishes of [{}, { label: null, category: 'production' }]) {
            const refused = await by.ask('POST', '/api-keys', wishes);
            expect([refused.status, refused.body]).toEqual([400, { error: 'label: expected a label' }]);
          }
        }),
        shown('the secret is shown once, in the answer that makes the key', async (scene) => {
          const by = await scene.member('member');
          const { id, key, prefix } = await create(scene, by);
          expect(key.startsWith(prefix)).toBe(true);
          const answers = [
            (await scene.operate('GET', `/audit?account=${by.account}`)).text,
            (await by.ask('GET', '/api-keys')).text,
            (await by.ask('GET', `/api-keys/${id}`)).text,
            (await by.ask('PATCH', `/api-keys/${id}`, { category: 'production' })).text,
            (await scene.operate('GET', `/keys/${id}`)).text,
          ];
          expect(answers.filter((answer) => answer.includes(id))).toHaveLength(answers.length);
          expect(answers.join('\n')).not.toContain(key.slice(prefix.length));
        }),
        outside('it is copied and stored in an environment variable', 'what a customer does with a key'),
        elsewhere(
          'it cannot be had again, since it is kept nowhere',
          'flow/secrets.test.ts',
          'in the state folder, with its WAL files',
        ),
      ],
    },
    {
      title: 'Fields of a key',
      statements: [
        shown('an alias is unique in its account', async (scene) => {
          const [by, stranger] = [await scene.member('member'), await scene.member('member')];
          const colleague = await scene.member('member', by.account);
          await create(scene, by, { label: 'ci' });
          for (const member of [by, colleague]) {
            const { status, body } = await member.ask('POST', '/api-keys', { label: 'ci' });
            expect([status, body.error]).toEqual([409, expect.stringMatching(/^label: another key of the account/)]);
          }
          const web = await create(scene, by, { label: 'web' });
          expect((await by.ask('PATCH', `/api-keys/${web.id}`, { label: 'ci' })).status).toBe(409);
          expect((await create(scene, stranger, { label: 'ci' })).prefix).toBeTruthy();
        }),
        shown('the alias stands in the log', async (scene) => {
          const by = await scene.member('member');
          await scene.call(await create(scene, by, { label: 'ci pipeline' }));
          expect(await scene.listed(by, '/logs', 'entries', 1)).toMatchObject([{ label: 'ci pipeline' }]);
        }),
        outside('and in the filters of the dashboard', 'pages are not there yet'),
        shown('a category has no effect on what the API answers', async (scene) => {
          const by = await scene.member('member');
          const plain = ({ status, body }: Json) => [status, body.url, Object.keys(body.headers).toSorted()];
          const replies: Json[] = [];
          for (const category of ['production', 'development', 'staging', 'partner-acme', null]) {
            replies.push(await scene.call(await create(scene, by, { category })));
          }
          expect(new Set(replies.map((reply) => JSON.stringify(plain(reply)))).size).toBe(1);
          expect(JSON.stringify(replies.map(({ body }) => body))).not.toContain('partner-acme');
        }),
        shown('a key that is inactive is refused at once, everywhere, with 401 Inactive API Key', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by);
          await heat(scene, key);
          await setActive(by, key.id, false);
          for (const isolate of [THERE, HERE]) await refuses(scene, key, 401, 'Inactive API Key', isolate);
        }),
        shown('without a date a key does not end', async (scene) => {
          const key = await create(scene, await scene.member('member'));
          expect((await scene.call(key)).status).toBe(200);
          await scene.pass(400 * DAY_MS);
          expect((await scene.call(key)).status).toBe(200);
        }),
        shown('quotas are for each key, and for those that are given some', async (scene) => {
          const by = await scene.member('member');
          const [capped, free] = [await create(scene, by, { quotas: { daily: 1 } }), await create(scene, by)];
          expect(await scene.statuses([capped, capped, free, free])).toEqual([200, 429, 200, 200]);
        }),
      ],
    },
    {
      title: 'Categories',
      statements: [
        shown('production, development, staging or any text may be set, and changed', async (scene) => {
          const by = await scene.member('member');
          for (const category of ['production', 'development', 'staging', 'sandbox', 'partner-acme']) {
            const { id } = await create(scene, by, { category });
            expect((await show(by, id)).category).toBe(category);
          }
          const { id } = await create(scene, by);
          expect((await by.ask('PATCH', `/api-keys/${id}`, { category: 'Kiosk (ground floor)' })).status).toBe(200);
          expect((await show(by, id)).category).toBe('Kiosk (ground floor)');
        }),
        shown('keys, figures and requests are filtered by it', async (scene) => {
          const by = await scene.member('member');
          const [live, partner] = [
            await create(scene, by, { category: 'production' }),
            await create(scene, by, { category: 'partner-acme' }),
          ];
          await scene.statuses([live, partner, live]);
          await scene.listed(by, '/logs', 'entries', 3);
          const query = '?category=partner-acme';
          expect((await listed(by, query)).map(({ id }) => id)).toEqual([partner.id]);
          expect((await by.ask('GET', `/usage${query}`)).body.sums.requests).toBe(1);
          expect(await scene.listed(by, `/logs${query}`, 'entries', 1)).toMatchObject([{ key: partner.id }]);
        }),
        shown('with a key for each environment, one is switched off and the others go on', async (scene) => {
          const by = await scene.member('member');
          const keys = [
            await create(scene, by, { category: 'production' }),
            await create(scene, by, { category: 'development' }),
            await create(scene, by, { category: 'staging' }),
          ] as const;
          await setActive(by, keys[1].id, false);
          expect(await scene.statuses(keys)).toEqual([200, 401, 200]);
        }),
      ],
    },
    {
      title: 'Quotas of a key',
      statements: [
        shown('each key has caps of its own', async (scene) => {
          const by = await scene.member('member');
          const [one, two] = [
            await create(scene, by, { quotas: { daily: 1 } }),
            await create(scene, by, { quotas: { daily: 2 } }),
          ];
          expect(await scene.statuses([one, one, two, two, two])).toEqual([200, 429, 200, 200, 429]);
        }),
        shown('windows roll: what was used leaves one by one, and not at midnight', async (scene) => {
          const key = await create(scene, await scene.member('member'), { quotas: { daily: 2 } });
          expect((await scene.call(key)).status).toBe(200);
          await scene.pass(12 * HOUR_MS);
          expect(await scene.statuses([key, key])).toEqual([200, 429]);
          await scene.pass(12 * HOUR_MS - 10 * MINUTE_MS);
          await refuses(scene, key, 429, quotaReached('daily'));
          await scene.pass(30 * MINUTE_MS);
          expect(await scene.statuses([key, key])).toEqual([200, 429]);
        }),
        shown('a total is for all time: the key is blocked for good', async (scene) => {
          const key = await create(scene, await scene.member('member'), { quotas: { total: 2 } });
          expect(await scene.statuses([key, key, key])).toEqual([200, 200, 403]);
          await scene.pass(400 * DAY_MS);
          await refuses(scene, key, 403, quotaReached('total'));
        }),
        ...(
          [
            ['daily', 'the last 24 hours', DAY_MS],
            ['weekly', 'the last 7 days', 7 * DAY_MS],
            ['monthly', 'the last 30 days', 30 * DAY_MS],
          ] as const
        ).map(([name, span, spanMs]) =>
          shown(`the ${name} quota counts ${span}`, async (scene: Scene) => {
            const key = await create(scene, await scene.member('member'), { quotas: { [name]: 1 } });
            expect((await scene.call(key)).status).toBe(200);
            const { headers } = await refuses(scene, key, 429, quotaReached(name));
            const seconds = Number(headers.get('retry-after'));
            expect(seconds).toBeGreaterThan((0.99 * spanMs) / 1_000);
            expect(seconds).toBeLessThan((1.02 * spanMs) / 1_000);
            await scene.pass(0.99 * spanMs);
            await refuses(scene, key, 429, quotaReached(name));
            await scene.pass(0.03 * spanMs);
            expect(await scene.statuses([key, key])).toEqual([200, 429]);
          }),
        ),
        shown('a field that is left blank is no cap', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by, { quotas: { daily: null, monthly: 1 } });
          expect((await show(by, key.id)).quotas).toEqual({ monthly: 1 });
          await scene.call(key);
          await refuses(scene, key, 429, quotaReached('monthly'));
          expect((await by.ask('PATCH', `/api-keys/${key.id}`, { quotas: { monthly: null } })).status).toBe(200);
          expect(await scene.statuses([key, key, key])).toEqual([200, 200, 200]);
        }),
        off(
          'a reached quota is told with 401',
          'Clients and proxies take 401 for a bad key: they throw it away, or ask for another. In the preset a daily, weekly or monthly quota is 429 with the time to wait, and a total, which never frees up by itself, is 403; the message is the same.',
          QUOTAS_AS_401,
          async (scene) => {
            const by = await scene.member('member');
            const [isolate, address] = [scene.isolate(QUOTAS_AS_401), scene.address()];
            for (const name of QUOTAS) {
              const key = await create(scene, by, { quotas: { [name]: 1 } });
              expect((await scene.call(key)).status).toBe(200);
              const { headers } = await refuses(scene, key, name === 'total' ? 403 : 429, quotaReached(name));
              expect(headers.has('retry-after')).toBe(name !== 'total');
              // No attempt with a bad key, however often: the address is not blocked.
              for (let i = 0; i < 10; i++) {
                const told = await scene.call(key, { isolate, address });
                expect([told.status, told.body]).toEqual([401, { error: quotaReached(name) }]);
                expect(told.headers.has('retry-after')).toBe(false);
              }
            }
            expect((await scene.call(await create(scene, by), { isolate, address })).status).toBe(200);
          },
        ),
        shown('the message names the quota', async (scene) => {
          const by = await scene.member('member');
          for (const [name, error] of [
            ['total', 'Rate limit exceeded: quota total'],
            ['daily', 'Rate limit exceeded: quota daily'],
            ['weekly', 'Rate limit exceeded: quota weekly'],
            ['monthly', 'Rate limit exceeded: quota monthly'],
          ] as const) {
            const key = await create(scene, by, { quotas: { [name]: 1 } });
            await scene.call(key);
            expect((await scene.call(key)).text).toBe(JSON.stringify({ error }));
          }
        }),
        shown('enforcement may lag by a day in the document; here it is exact', async (scene) => {
          const key = await create(scene, await scene.member('member'), { quotas: { total: 5 } });
          const calls = Array.from({ length: 16 }, (_, i) => scene.call(key, { isolate: i % 2 === 0 ? HERE : THERE }));
          const statuses = (await Promise.all(calls)).map(({ status }) => status);
          expect(statuses.filter((status) => status === 200)).toHaveLength(5);
          expect(statuses.filter((status) => status === 403)).toHaveLength(11);
        }),
        shown('the rates of the plan are another limit, of all keys of the account: 429', async (scene) => {
          const by = await scene.member('member');
          const keys = [await create(scene, by), await create(scene, by, { quotas: { daily: 100 } })];
          const isolate = scene.isolate(PER_MINUTE);
          expect(await scene.statuses([...keys, ...keys, ...keys], { isolate })).toEqual([
            200, 200, 200, 429, 429, 429,
          ]);
          expect(await scene.statuses([await create(scene, await scene.member('member'))], { isolate })).toEqual([200]);
        }),
      ],
    },
    {
      title: 'Expiry',
      statements: [
        shown('from its date on a key gets 401 Expired API Key', async (scene) => {
          const by = await scene.member('member');
          const expires_at = new Date(scene.nowMs + 2 * HOUR_MS).toISOString();
          const key = await create(scene, by, { expires_at });
          await heat(scene, key);
          await scene.pass(2 * HOUR_MS - 5 * MINUTE_MS);
          expect((await scene.call(key)).status).toBe(200);
          await scene.pass(5 * MINUTE_MS);
          for (const isolate of [THERE, HERE]) {
            const { status, text } = await scene.call(key, { isolate });
            expect([status, text]).toEqual([401, '{"error":"Expired API Key"}']);
          }
        }),
        shown('and with nothing else, however often it is sent', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by, { expires_at: new Date(scene.nowMs + HOUR_MS).toISOString() });
          await scene.pass(2 * HOUR_MS);
          for (let i = 0; i < 25; i++) await refuses(scene, key, 401, 'Expired API Key');
        }),
        shown('a date is set, moved and taken away on a key that is there', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by);
          const ends = (afterMs: number) => ({ expires_at: new Date(scene.nowMs + afterMs).toISOString() });
          const change = async (fields: Json) =>
            expect((await by.ask('PATCH', `/api-keys/${key.id}`, fields)).status).toBe(200);
          await change(ends(HOUR_MS));
          await scene.pass(2 * HOUR_MS);
          await refuses(scene, key, 401, 'Expired API Key');
          await change(ends(HOUR_MS));
          expect((await scene.call(key)).status).toBe(200);
          await change({ expires_at: null });
          await scene.pass(2 * HOUR_MS);
          expect((await scene.call(key)).status).toBe(200);
        }),
        shown('a replacement that is there before the date leaves no gap', async (scene) => {
          const by = await scene.member('member');
          const old = await create(scene, by, { expires_at: new Date(scene.nowMs + HOUR_MS).toISOString() });
          const replacement = await create(scene, by, { copy_from: old.id });
          expect(await scene.statuses([old, replacement])).toEqual([200, 200]);
          await scene.pass(2 * HOUR_MS);
          expect(await scene.statuses([old, replacement])).toEqual([401, 200]);
        }),
      ],
    },
    {
      title: 'Request logs',
      statements: [
        shown('every request with a key is recorded, also one that is refused', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by, { quotas: { total: 1 } });
          expect(await scene.statuses([key, key])).toEqual([200, 403]);
          await setActive(by, key.id, false);
          await refuses(scene, key, 401, 'Inactive API Key');
          const entries = await scene.listed(by, `/api-keys/${key.id}/logs`, 'entries', 3);
          expect(entries.map(({ status }) => status).toSorted()).toEqual([200, 401, 403]);
        }),
        outside('logs are a page of the dashboard', 'pages are not there yet'),
        shown('an entry has method and path, status, time to the first byte in ms, and address', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by);
          scene.origin.routes.set('/v1/brew', (_, response) => {
            setTimeout(() => response.writeHead(418).end('{}'), 60);
          });
          const address = scene.address();
          expect((await scene.call(key, { method: 'POST', path: '/v1/brew', body: '{}', address })).status).toBe(418);
          const [entry] = await scene.listed(by, `/api-keys/${key.id}/logs`, 'entries', 1);
          expect(entry).toMatchObject({ method: 'POST', path: '/v1/brew', status: 418, address });
          expect(entry.ttfb_ms).toBeGreaterThanOrEqual(50);
        }),
        shown('and the credits that the request was charged', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by);
          expect((await scene.call(key, { path: '/paid/v1/search' })).status).toBe(200);
          expect((await scene.call(key, { path: '/v1/models' })).status).toBe(200);
          const entries = await scene.listed(by, `/api-keys/${key.id}/logs`, 'entries', 2);
          const charged = new Map(entries.map(({ path, micro }) => [path, micro]));
          expect(charged).toEqual(
            new Map([
              ['/paid/v1/search', PAID_MICRO],
              ['/v1/models', 0],
            ]),
          );
        }),
        shown('the activity of each key is looked at alone', async (scene) => {
          const by = await scene.member('member');
          const [one, two] = [await create(scene, by), await create(scene, by)];
          await scene.statuses([one, two, two]);
          await scene.listed(by, '/logs', 'entries', 3);
          expect(await scene.listed(by, `/api-keys/${one.id}/logs`, 'entries', 1)).toMatchObject([{ key: one.id }]);
          expect((await by.ask('GET', `/api-keys/${two.id}/usage`)).body.sums.requests).toBe(2);
        }),
      ],
    },
    {
      title: 'Deactivating and deleting',
      statements: [
        shown('a deactivated key is blocked at once', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by);
          await heat(scene, key);
          expect((await by.ask('POST', `/api-keys/${key.id}/deactivate`)).status).toBe(200);
          for (const isolate of [THERE, HERE]) await refuses(scene, key, 401, 'Inactive API Key', isolate);
        }),
        shown('it keeps its settings, what was counted and its history', async (scene) => {
          const by = await scene.member('member');
          const settings = { label: 'batch', category: 'staging', quotas: { total: 3 } };
          const key = await create(scene, by, settings);
          await scene.call(key);
          await scene.listed(by, `/api-keys/${key.id}/logs`, 'entries', 1);
          await setActive(by, key.id, false);
          expect(await show(by, key.id)).toMatchObject({ ...settings, status: 'inactive' });
          await scene.listed(by, `/api-keys/${key.id}/logs`, 'entries', 1);
          await setActive(by, key.id, true);
          expect(await scene.statuses([key, key, key])).toEqual([200, 200, 403]);
        }),
        shown('it can be reactivated', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by);
          await setActive(by, key.id, false);
          expect(await scene.statuses([key])).toEqual([401]);
          await setActive(by, key.id, true);
          for (const isolate of [THERE, HERE]) expect((await scene.call(key, { isolate })).status).toBe(200);
        }),
        shown('a key that was never used is deleted for good, with its settings', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by, { label: 'mistake' });
          expect((await remove(by, key.id)).status).toBe(204);
          expect((await by.ask('GET', `/api-keys/${key.id}`)).status).toBe(404);
          expect(await listed(by, '?status=all')).toEqual([]);
          await refuses(scene, key, 401, 'Invalid API Key');
          expect((await by.ask('POST', '/api-keys', { label: 'mistake' })).status).toBe(201);
        }),
        shown('one that was used cannot be deleted; its history stays', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by);
          expect((await scene.call(key)).status).toBe(200);
          const { status, body } = await remove(by, key.id);
          expect([status, Object.keys(body)]).toEqual([409, ['error']]);
          expect((await scene.call(key)).status).toBe(200);
          await setActive(by, key.id, false);
          expect((await remove(by, key.id)).status).toBe(409);
          await scene.listed(by, `/api-keys/${key.id}/logs`, 'entries', 2);
        }),
        outside('deactivating is to be preferred', 'advice'),
      ],
    },
    {
      title: 'Rotating a key',
      statements: [
        shown('a replacement has the category and the quotas of the old key, and another alias', async (scene) => {
          const by = await scene.member('member');
          const settings = { category: 'production', quotas: { daily: 7, total: 100 } };
          const old = await create(scene, by, { label: 'search', ...settings });
          const same = await by.ask('POST', '/api-keys', { label: 'search', copy_from: old.id });
          expect(same.status).toBe(409);
          const { status, body } = await by.ask('POST', '/api-keys', { label: 'search 2', copy_from: old.id });
          expect(status).toBe(201);
          expect(body).toMatchObject({ label: 'search 2', ...settings });
          expect(body.key).not.toBe(old.key);
        }),
        outside('it is deployed where the old key is used', 'what a customer does with a key'),
        shown('the old key is set to inactive: what still uses it is blocked, and its history stays', async (scene) => {
          const by = await scene.member('member');
          const old = await create(scene, by);
          const replacement = await create(scene, by, { copy_from: old.id });
          expect(await scene.statuses([old, replacement])).toEqual([200, 200]);
          await setActive(by, old.id, false);
          expect(await scene.statuses([old, replacement])).toEqual([401, 200]);
          await scene.listed(by, `/api-keys/${old.id}/logs`, 'entries', 2);
        }),
        shown('there is no other rotation', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by);
          const asked = await by.ask('POST', `/api-keys/${key.id}/rotate`, {});
          const own = await scene.call(key, { method: 'POST', path: '/api/v1/keys/apikey/rotate' });
          for (const { status, body } of [asked, own]) {
            expect([status, body.error]).toEqual([409, expect.stringContaining('create a replacement, deploy it')]);
          }
          expect((await scene.call(key)).status).toBe(200);
        }),
      ],
    },
    {
      title: 'Errors',
      statements: [
        shown('401 Invalid API Key: the key is not found', async (scene) => {
          await refuses(scene, unissuedKey('rolling'), 401, 'Invalid API Key');
        }),
        shown('401 Invalid API Key: the key is malformed', async (scene) => {
          const { key } = await create(scene, await scene.member('member'));
          for (const malformed of ['no-key', key.slice(0, -1), `${key}x`, `x${key}`, key.replace('_', '-')]) {
            await refuses(scene, malformed, 401, 'Invalid API Key');
          }
        }),
        shown('401 Inactive API Key: the key is disabled', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by);
          await setActive(by, key.id, false);
          await refuses(scene, key, 401, 'Inactive API Key');
        }),
        shown('401 Expired API Key: its date has passed', async (scene) => {
          const by = await scene.member('member');
          const key = await create(scene, by, { expires_at: new Date(scene.nowMs + HOUR_MS).toISOString() });
          await scene.pass(HOUR_MS);
          await refuses(scene, key, 401, 'Expired API Key');
        }),
        off(
          '401 Rate limit exceeded: a quota of the key is reached',
          'As above: 429 with the time to wait, and 403 for a total.',
          QUOTAS_AS_401,
          async (scene) => {
            const key = await create(scene, await scene.member('member'), { quotas: { weekly: 1 } });
            await scene.call(key);
            await refuses(scene, key, 429, quotaReached('weekly'));
            await refuses(scene, key, 401, quotaReached('weekly'), scene.isolate(QUOTAS_AS_401));
          },
        ),
        shown('429 exceeded the per-second rate limit on your subscription', async (scene) => {
          const key = await create(scene, await scene.member('member'));
          const isolate = scene.isolate(PER_SECOND);
          const replies = await Promise.all(Array.from({ length: 10 }, () => scene.call(key, { isolate })));
          const refused = replies.filter(({ status }) => status !== 200);
          expect(refused.length).toBeGreaterThan(0);
          for (const { status, body, headers } of refused) {
            const error = expect.stringMatching(/ exceeded the per-second rate limit on your subscription$/);
            expect([status, body]).toEqual([429, { error }]);
            expect(headers.get('retry-after')).toMatch(/^[1-9]$/);
          }
        }),
        shown('429 exceeded the per-minute rate limit on your subscription', async (scene) => {
          const key = await create(scene, await scene.member('member'));
          const isolate = scene.isolate(PER_MINUTE);
          expect(await scene.statuses([key, key, key], { isolate })).toEqual([200, 200, 200]);
          const { status, body, headers } = await scene.call(key, { isolate });
          const error = expect.stringMatching(/ exceeded the per-minute rate limit on your subscription$/);
          expect([status, body]).toEqual([429, { error }]);
          expect(headers.get('retry-after')).toMatch(/^[1-9]\d?$/);
        }),
        shown('403 IP temporarily blocked: too many failed attempts from one address', async (scene) => {
          const key = await create(scene, await scene.member('member'));
          const [bad, good] = [{ address: scene.address() }, { address: scene.address() }];
          expect((await scene.call(key, bad)).status).toBe(200);
          let attempts = 0;
          while ((await scene.call(unissuedKey('rolling'), bad)).status === 401) {
            expect(++attempts).toBeLessThan(100);
          }
          expect(attempts).toBeGreaterThan(5);
          for (const sent of [key, unissuedKey('rolling')]) {
            const { status, body } = await scene.call(sent, bad);
            expect([status, body]).toEqual([403, { error: 'IP temporarily blocked' }]);
          }
          expect((await scene.call(key, good)).status).toBe(200);
          await scene.pass(DAY_MS);
          expect((await scene.call(key, bad)).status).toBe(200);
        }),
        outside('there are pages of practices, errors and terms', 'other pages of the product'),
      ],
    },
  ],
};
