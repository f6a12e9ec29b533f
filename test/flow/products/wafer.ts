import { createHash, randomInt, randomUUID } from 'node:crypto';
import OpenAI from 'openai';
import { expect } from 'vitest';
import { type Member, operate } from '../../support/members.ts';
import type { Json } from '../../support/reply.ts';
import { elsewhere, outside, type ProductDocument, shown } from './document.ts';
import { DAY_MS, HERE, HOUR_MS, PAID_MICRO, type Scene, THERE } from './scene.ts';

/* The document of Wafer on API keys. Its keys need no environment named, for there is one. */

/** A variant with a quota window of three requests, since the document leaves open how many there are. */
export const THREE = 'three requests in a window';
export const variants = {
  [THREE]: { plans: { serverless: { quota: { requests: 3, window: '5h' } } } },
};

const mint = (scene: Scene, by: Member, fields: Json = {}, isolate: number = HERE) =>
  scene.key(by, { environment: undefined, ...fields }, isolate);
const listed = async (by: Member, query = ''): Promise<Json[]> => (await by.ask('GET', `/api-keys${query}`)).body.keys;
const revoke = async (by: Member, id: string) => expect((await by.ask('DELETE', `/api-keys/${id}`)).status).toBe(204);
const balance = async (by: Member): Promise<Json> => (await by.ask('GET', '/account')).body.credits;

/** A member of an account with credits for so many requests below `/paid/`. */
async function customer(scene: Scene, requests: number): Promise<Member> {
  const by = await scene.member('member');
  await scene.grant(by.account, requests * PAID_MICRO);
  return by;
}

/** A secret as they were before, made by another system. */
const oldSecret = () => `wfr_${Array.from({ length: 43 }, () => BASE62[randomInt(BASE62.length)]).join('')}`;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Brings the key of an account along that had only this one. */
async function bringAlong({ cluster }: Scene, key: Json): Promise<void> {
  const line = { label: 'Wafer Serverless', ...key };
  const headers = { 'content-type': 'application/x-ndjson' };
  const { status, body } = await operate(cluster, 'POST', `/imports?import=${randomUUID()}&chunk=1`, line, { headers });
  expect([status, body.results]).toMatchObject([200, [{ status: 'created', prefix: expect.any(String) }]]);
}

const paid = { path: '/paid/v1/chat/completions' };

export const wafer: ProductDocument<Scene> = {
  preset: 'wafer',
  title: 'Wafer',
  sections: [
    {
      title: 'Many keys on one account',
      statements: [
        shown('one account carries many keys, and each of them works', async (scene) => {
          const by = await scene.member('member');
          const keys = [await mint(scene, by), await mint(scene, by), await mint(scene, by)];
          expect(new Set(keys.map(({ key }) => key)).size).toBe(3);
          expect(await scene.statuses(keys)).toEqual([200, 200, 200]);
        }),
        shown('a key for each environment, runner or teammate is told by its label', async (scene) => {
          const by = await scene.member('member');
          const colleague = await scene.member('member', by.account);
          for (const label of ['dev', 'staging', 'prod', 'ci runner 1']) await mint(scene, by, { label });
          await mint(scene, colleague, { label: 'teammate' });
          const labels = (await listed(by)).map(({ label }) => label);
          expect(labels.toSorted()).toEqual(['ci runner 1', 'dev', 'prod', 'staging', 'teammate']);
        }),
        shown('one key is revoked without a change of the others', async (scene) => {
          const by = await scene.member('member');
          const [leaked, ...others] = [await mint(scene, by), await mint(scene, by), await mint(scene, by)] as const;
          await revoke(by, leaked.id);
          expect(await scene.statuses([leaked, ...others])).toEqual([401, 200, 200]);
        }),
        shown('all keys of an account share one credit balance', async (scene) => {
          const by = await customer(scene, 2);
          const colleague = await scene.member('member', by.account);
          const keys = [await mint(scene, by), await mint(scene, colleague)];
          expect(await scene.statuses([...keys, ...keys], paid)).toEqual([200, 200, 402, 402]);
          expect((await balance(by)).balance_micro).toBe(0);
        }),
        shown('all keys of an account share one quota window', async (scene) => {
          const by = await scene.member('member');
          const keys = [await mint(scene, by), await mint(scene, by)];
          const isolate = scene.isolate(THREE);
          expect(await scene.statuses([...keys, ...keys, ...keys], { isolate })).toEqual([
            200, 200, 200, 429, 429, 429,
          ]);
        }),
        shown('usage of every key counts against the same meter', async (scene) => {
          const by = await scene.member('member');
          const keys = [await mint(scene, by), await mint(scene, by)];
          await scene.statuses([...keys, ...keys]);
          await scene.listed(by, '/logs', 'entries', 4);
          expect((await by.ask('GET', '/usage')).body.sums.requests).toBe(4);
        }),
        shown('a key has no spending limit of its own', async (scene) => {
          const by = await scene.member('member');
          for (const limit of ['total', 'daily', 'weekly', 'monthly']) {
            for (const field of ['credit_quotas', 'quotas']) {
              const wishes = { label: scene.name(), [field]: { [limit]: 1 } };
              expect((await by.ask('POST', '/api-keys', wishes)).status, `${field}.${limit}`).toBe(400);
            }
          }
          expect(await listed(by)).toEqual([]);
          const key = await mint(scene, by);
          expect((await by.ask('GET', `/api-keys/${key.id}`)).body).toMatchObject({ credit_quotas: {}, quotas: {} });
        }),
      ],
    },
    {
      title: 'Where keys are managed',
      statements: [
        outside('keys are managed from pages at app.wafer.ai', 'pages and their address are not there yet'),
        shown('who has signed in mints, lists, names and revokes keys', async (scene) => {
          const by = await scene.member('member');
          const key = await mint(scene, by, { label: 'prod' });
          expect((await listed(by)).map(({ id, label }) => [id, label])).toEqual([[key.id, 'prod']]);
          expect((await by.ask('PATCH', `/api-keys/${key.id}`, { label: 'prod eu' })).status).toBe(200);
          expect((await listed(by)).map(({ label }) => label)).toEqual(['prod eu']);
          await revoke(by, key.id);
          expect(await listed(by)).toEqual([]);
          expect((await listed(by, '?status=revoked')).map(({ id }) => id)).toEqual([key.id]);
        }),
        shown('every key has a label', async (scene) => {
          const by = await scene.member('member');
          for (const wishes of [{}, { label: null }]) {
            const { status, body } = await by.ask('POST', '/api-keys', wishes);
            expect([status, body.error.message]).toEqual([400, 'label: expected a label']);
          }
        }),
        shown('a list has every key of the account with label, prefix, creation date and last use', async (scene) => {
          const by = await scene.member('member');
          const colleague = await scene.member('member', by.account);
          const used = await mint(scene, colleague, { label: 'used' });
          const unused = await mint(scene, by, { label: 'unused' });
          const from = scene.address();
          expect((await scene.call(used, { address: from })).status).toBe(200);
          await scene.listed(by, '/logs', 'entries', 1);
          const keys = new Map((await listed(by)).map((key) => [key.id, key]));
          const date = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
          expect(keys.get(used.id)).toMatchObject({
            label: 'used',
            prefix: used.key.slice(0, 12),
            created_at: date,
            last_used: { at: date, address: from },
          });
          expect(keys.get(unused.id)).toMatchObject({ label: 'unused', created_at: date, last_used: null });
        }),
        shown('one call revokes any key of the account', async (scene) => {
          const by = await scene.member('member');
          const key = await mint(scene, await scene.member('member', by.account));
          await revoke(by, key.id);
          expect((await scene.call(key)).status).toBe(401);
        }),
        elsewhere('the control plane may have a host of its own', 'control/guard.test.ts', 'is no other host'),
        shown('it takes a session, and no key', async (scene) => {
          const by = await scene.member('member');
          const key = await mint(scene, by);
          for (const [method, path] of [
            ['GET', '/api/v1/user/api-keys'],
            ['POST', '/api/v1/user/api-keys'],
            ['DELETE', `/api/v1/user/api-keys/${key.id}`],
            ['GET', '/api/v1/api-keys'],
            ['GET', '/admin/v1/keys'],
          ] as const) {
            expect((await scene.call(key, { method, path })).status, `${method} ${path}`).toBe(401);
          }
          expect((await scene.send({ path: '/api/v1/user/api-keys' })).status).toBe(401);
          expect((await scene.call(key)).status).toBe(200);
        }),
        outside(
          'who would script the rotation of keys asks by mail',
          'a mail address; here the routes of operators are there to be scripted',
        ),
      ],
    },
    {
      title: 'Format of keys',
      statements: [
        shown('every key is wfr_ and a long opaque secret', async (scene) => {
          const { key } = await mint(scene, await scene.member('member'));
          expect(key).toMatch(/^wfr_[0-9A-Za-z]{43}$/);
        }),
        shown('keys of Pass and of Serverless begin alike, and the tier is told by the account', async (scene) => {
          const accounts = [await scene.account('pass'), await scene.account('serverless')] as const;
          for (const [account, plan] of [
            [accounts[0], 'pass'],
            [accounts[1], 'serverless'],
          ] as const) {
            const by = await scene.member('member', account);
            const { key } = await mint(scene, by);
            expect(key).toMatch(/^wfr_[0-9A-Za-z]{43}$/);
            expect((await scene.call(key)).body.headers['x-keystile-plan']).toBe(plan);
            const { limits } = (await by.ask('GET', '/account')).body;
            expect(limits.limits).toContainEqual(expect.objectContaining({ name: 'quota', unit: 'requests' }));
          }
        }),
        shown('the same key is of another tier once its account is', async (scene) => {
          const by = await scene.member('member');
          const key = await mint(scene, by);
          const tier = async () => (await scene.call(key)).body.headers['x-keystile-plan'];
          expect(await tier()).toBe('serverless');
          expect((await scene.operate('PATCH', `/accounts/${by.account}`, { plan: 'pass' })).status).toBe(200);
          expect(await tier()).toBe('pass');
        }),
        shown('the first 12 characters are always shown', async (scene) => {
          const by = await scene.member('member');
          const { id, key, prefix } = await mint(scene, by);
          expect(prefix).toBe(key.slice(0, 12));
          expect((await by.ask('GET', `/api-keys/${id}`)).body.prefix).toBe(key.slice(0, 12));
        }),
        shown('the whole secret is shown once, where the key is minted', async (scene) => {
          const by = await scene.member('member');
          const { id, key } = await mint(scene, by);
          const { text } = await scene.operate('GET', `/audit?account=${by.account}`);
          const answers = [
            text,
            (await by.ask('GET', '/api-keys')).text,
            (await by.ask('GET', `/api-keys/${id}`)).text,
            (await by.ask('PATCH', `/api-keys/${id}`, { label: 'seen' })).text,
            (await scene.operate('GET', `/keys/${id}`)).text,
          ];
          expect(answers.filter((answer) => answer.includes(id))).toHaveLength(answers.length);
          expect(answers.join('\n')).not.toContain(key.slice(12));
        }),
        elsewhere(
          'it is irrecoverable after that, since it is kept nowhere',
          'flow/secrets.test.ts',
          'in the state folder, with its WAL files',
        ),
        outside('it is copied into a secret store', 'what a customer does with a key'),
        shown('who loses it revokes the key and mints another', async (scene) => {
          const by = await scene.member('member');
          const lost = await mint(scene, by, { label: 'prod' });
          await revoke(by, lost.id);
          const found = await mint(scene, by, { label: 'prod' });
          expect(await scene.statuses([lost, found])).toEqual([401, 200]);
        }),
      ],
    },
    {
      title: 'Limits',
      statements: [
        shown(
          'an account has at most 25 active keys; the error says so, and a revocation makes room',
          async (scene) => {
            const by = await scene.member('member');
            const colleague = await scene.member('member', by.account);
            const first = await mint(scene, by);
            for (let many = 1; many < 25; many++) await mint(scene, many % 2 === 0 ? by : colleague);
            for (const member of [by, colleague]) {
              const { status, body } = await member.ask('POST', '/api-keys', { label: 'one more' });
              expect([status, body.error.code]).toEqual([409, 'key_limit_reached']);
              expect(body.error.message).toMatch(/has 25 keys of at most 25: revoke one that is not used/);
            }
            expect((await scene.operate('POST', `/accounts/${by.account}/keys`, { label: 'one more' })).status).toBe(
              409,
            );
            expect(await listed(by, '?limit=100')).toHaveLength(25);
            await revoke(by, first.id);
            expect((await scene.call(await mint(scene, colleague))).status).toBe(200);
            expect((await by.ask('POST', '/api-keys', { label: 'one more' })).status).toBe(409);
          },
        ),
        outside('who needs more asks by mail', 'a mail address'),
        elsewhere(
          'and gets a higher cap with the plan of the account',
          'flow/people/keys.test.ts',
          'of an account by its plan hold when 64 of 8 members and the operator come at once from 8 isolates',
        ),
      ],
    },
    {
      title: 'Revoking',
      statements: [
        shown('a revoked key fails with invalid_api_key from the very next request on, everywhere', async (scene) => {
          const by = await scene.member('member');
          const key = await mint(scene, by);
          for (let i = 0; i < 3; i++) {
            for (const isolate of [HERE, THERE]) expect((await scene.call(key, { isolate })).status).toBe(200);
          }
          await revoke(by, key.id);
          for (const isolate of [THERE, HERE, THERE]) {
            const { status, body, headers } = await scene.call(key, { isolate });
            expect([status, body.error.code]).toEqual([401, 'invalid_api_key']);
            expect(headers.get('content-type')).toBe('application/json');
          }
          // As a client sees it that is made for such APIs.
          const defaultHeaders = { 'cf-connecting-ip': scene.address() };
          const baseURL = `${scene.cluster.urls[HERE]}/v1`;
          const client = new OpenAI({ baseURL, apiKey: key.key, maxRetries: 0, defaultHeaders });
          await expect(client.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
        }),
        shown('and with nothing else, however often it is sent', async (scene) => {
          const by = await scene.member('member');
          const key = await mint(scene, by);
          await revoke(by, key.id);
          for (let i = 0; i < 12; i++) {
            const { status, body } = await scene.call(key);
            expect([status, body.error.code]).toEqual([401, 'invalid_api_key']);
          }
        }),
        shown('a revocation refunds no credits', async (scene) => {
          const by = await customer(scene, 10);
          const key = await mint(scene, by);
          expect(await scene.statuses([key, key], paid)).toEqual([200, 200]);
          await scene.listed(by, '/logs', 'entries', 2);
          await revoke(by, key.id);
          const { granted_micro: granted, spent_micro: spent } = await balance(by);
          expect([granted, spent]).toEqual([10 * PAID_MICRO, 2 * PAID_MICRO]);
        }),
        shown('it prorates no quota window: what was used stays used until the window is over', async (scene) => {
          const by = await scene.member('member');
          const [spent, other] = [await mint(scene, by), await mint(scene, by)];
          const at = { isolate: scene.isolate(THREE) };
          expect(await scene.statuses([spent, spent, spent], at)).toEqual([200, 200, 200]);
          await revoke(by, spent.id);
          expect(await scene.statuses([other], at)).toEqual([429]);
          await scene.pass(6 * HOUR_MS);
          expect(await scene.statuses([other, spent], at)).toEqual([200, 401]);
        }),
        shown('it touches no other key of the account', async (scene) => {
          const by = await customer(scene, 10);
          const [leaked, other] = [await mint(scene, by), await mint(scene, by, { label: 'other' })];
          const before = (await by.ask('GET', `/api-keys/${other.id}`)).body;
          await revoke(by, leaked.id);
          expect((await by.ask('GET', `/api-keys/${other.id}`)).body).toEqual(before);
          expect(await scene.statuses([other], paid)).toEqual([200]);
        }),
      ],
    },
    {
      title: 'Accounts from before several keys',
      statements: [
        shown('the one key of such an account is in the list, with the label "Wafer Serverless"', async (scene) => {
          const by = await scene.member('member');
          const secret = oldSecret();
          await bringAlong(scene, { key: secret, account: by.account });
          expect(await listed(by)).toMatchObject([{ label: 'Wafer Serverless', prefix: secret.slice(0, 12) }]);
        }),
        shown('its secret is the same: what had it goes on, beside new keys', async (scene) => {
          const by = await scene.member('member');
          const [plain, hashed] = [oldSecret(), oldSecret()];
          await bringAlong(scene, { key: plain, account: by.account });
          // Where no more than its SHA-256 was kept.
          const sha256 = createHash('sha256').update(hashed).digest('hex');
          await bringAlong(scene, { sha256, account: by.account });
          expect(await scene.statuses([plain, hashed, await mint(scene, by)])).toEqual([200, 200, 200]);
        }),
        shown('the only key of an account rotates as before', async (scene) => {
          const by = await scene.member('member');
          const old = await mint(scene, by);
          const { status, body } = await scene.call(old, { method: 'POST', path: '/api/v1/keys/apikey/rotate' });
          expect([status, body.old_key_prefix]).toEqual([200, old.prefix]);
          expect(body.new_api_key).toMatch(/^wfr_[0-9A-Za-z]{43}$/);
          expect(await scene.statuses([body.new_api_key, old.key])).toEqual([200, 200]);
          await scene.pass(2 * DAY_MS);
          expect(await scene.statuses([body.new_api_key, old.key])).toEqual([200, 401]);
        }),
        shown('with more than one active key there is no rotation', async (scene) => {
          const by = await scene.member('member');
          const [key, other] = [await mint(scene, by), await mint(scene, by)];
          const own = await scene.call(key, { method: 'POST', path: '/api/v1/keys/apikey/rotate' });
          const asked = await by.ask('POST', `/api-keys/${key.id}/rotate`, {});
          for (const { status, body } of [own, asked]) {
            expect([status, body.error.code]).toEqual([409, 'rotation_not_supported']);
            expect(body.error.message).toMatch(/create a new key, switch over to it, then revoke this one/);
          }
          expect(await scene.statuses([key, other])).toEqual([200, 200]);
        }),
        shown('a new key is minted and tried before the old one is revoked', async (scene) => {
          const by = await scene.member('member');
          const old = await mint(scene, by);
          const fresh = await mint(scene, by);
          expect(await scene.statuses([fresh, old])).toEqual([200, 200]);
          await revoke(by, old.id);
          expect(await scene.statuses([fresh, old])).toEqual([200, 401]);
        }),
      ],
    },
    {
      title: 'Billing',
      statements: [
        shown('every key bills against one balance and one quota window, in every isolate', async (scene) => {
          const by = await customer(scene, 3);
          const keys = [await mint(scene, by), await mint(scene, by)] as const;
          for (const [key, isolate] of [
            [keys[0], HERE],
            [keys[1], THERE],
            [keys[1], HERE],
          ] as const) {
            expect((await scene.call(key, { ...paid, isolate })).status).toBe(200);
          }
          for (const isolate of [HERE, THERE]) {
            const { status, body } = await scene.call(keys[0], { ...paid, isolate });
            expect([status, body.error.code]).toEqual([402, 'insufficient_credits']);
          }
          const { limits } = (await by.ask('GET', '/account')).body;
          const quota = limits.limits.find(({ name }: Json) => name === 'quota');
          expect(quota.limit - quota.remaining).toBe(3);
        }),
        shown(
          'inference, uploads of files and calls of metrics, with any key, count toward the same totals',
          async (scene) => {
            const by = await customer(scene, 100);
            const keys = [await mint(scene, by), await mint(scene, by), await mint(scene, by)] as const;
            const calls = [
              { method: 'POST', path: '/paid/v1/chat/completions', body: '{"model":"m"}' },
              { method: 'POST', path: '/paid/v1/files', body: 'x'.repeat(10_000) },
              { path: '/paid/v1/metrics' },
            ] as const;
            for (const [i, sent] of calls.entries()) {
              expect((await scene.call(keys[i] as Json, sent)).status, sent.path).toBe(200);
            }
            await scene.listed(by, '/logs', 'entries', 3);
            const { sums } = (await by.ask('GET', '/usage')).body;
            expect(sums).toMatchObject({ requests: 3, micro: 3 * PAID_MICRO, statuses: { '2xx': 3 } });
            expect((await balance(by)).balance_micro).toBe(97 * PAID_MICRO);
          },
        ),
        outside('the totals are on a page at app.wafer.ai/usage', 'pages and their address are not there yet'),
        shown('accounts are apart: who wants a hard cap for a key gives it an account of its own', async (scene) => {
          const [noisy, main] = [await customer(scene, 1), await customer(scene, 2)];
          const [runner, prod] = [await mint(scene, noisy), await mint(scene, main)];
          expect(await scene.statuses([runner, runner, prod, prod], paid)).toEqual([200, 402, 200, 200]);
        }),
        shown('a key gets no budget later either', async (scene) => {
          const by = await scene.member('member');
          const { id } = await mint(scene, by);
          for (const change of [{ credit_quotas: { monthly: 1 } }, { quotas: { daily: 1 } }]) {
            const { status, body } = await by.ask('PATCH', `/api-keys/${id}`, change);
            expect([status, body.error.message]).toEqual([400, expect.stringContaining('there is no such quota here')]);
            expect((await scene.operate('PATCH', `/keys/${id}`, change)).status).toBe(400);
          }
        }),
      ],
    },
  ],
};
