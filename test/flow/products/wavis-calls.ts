import { expect } from 'vitest';
import type { IssuedKey } from '../../support/cluster.ts';
import type { Member } from '../../support/members.ts';
import type { Json, Reply } from '../../support/reply.ts';
import { HERE, MINUTE_MS, type Scene, THERE } from './scene.ts';

/* What both documents of WAVIS speak of, as calls and what they must answer. */

export const TEMP_KEY = '/api/v1/onboarding/temp-key';
export const ROTATE = '/api/v1/keys/apikey/rotate';
export const USER_KEYS = '/api/v1/user/api-keys';

/** The one line that lets a trial key be revoked by whoever has seen its beginning. */
export const WITHOUT_PROOF = 'trial.revoke_needs_secret = false';

/** Status and code of a refusal. */
export const told = ({ status, body }: Reply): readonly [number, string] => [status, body?.code];
/** Whole seconds of `Retry-After`. */
export const waits = ({ headers }: Reply): number => Number(headers.get('retry-after'));
export const rfc3339 = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/);

export function takeTrial(scene: Scene, address: string = scene.address(), isolate: number = HERE): Promise<Reply> {
  return scene.send({ method: 'POST', path: TEMP_KEY, address, isolate });
}

/** The secret of a new trial key. */
export async function trialKey(scene: Scene): Promise<string> {
  const { status, body } = await takeTrial(scene);
  expect(status).toBe(200);
  return body.api_key;
}

export const rotate = (scene: Scene, key: string | IssuedKey, body = '{}'): Promise<Reply> =>
  scene.call(key, { method: 'POST', path: ROTATE, body, headers: { 'content-type': 'application/json' } });

/** A key of a role, which an admin of its account has made. */
export async function keyOfRole(scene: Scene, role: string, fields: Json = {}): Promise<IssuedKey> {
  return scene.key(await scene.member('account_admin'), { role, ...fields });
}

/** Sends a JWT of somebody who has signed in, in place of a key. */
export async function asUser(scene: Scene, { user, account }: Member, method: string, path: string, body?: unknown) {
  const token = await scene.issuer.token({ user }, { nowMs: scene.nowMs });
  const headers = { authorization: `Bearer ${token}`, 'x-keystile-account': account };
  const json = { 'content-type': 'application/json' };
  return {
    token,
    reply: await scene.send({
      method,
      path,
      headers: body === undefined ? headers : { ...headers, ...json },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }),
  };
}

/** So many attempts with something, and the status of each. */
export async function attempts(n: number, call: (i: number) => Promise<Reply>): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < n; i++) seen.push((await call(i)).status);
  return seen;
}

/** A secret that no key has, as long as the document says. */
export const unknownKey = (n: number): string => `wvs_live_${n.toString(16).padStart(32, 'f')}`;

/** Calls of each kind that the documents name; of most they give no path. */
const READS = ['/api/v1/keys/k1', '/api/v1/usage', '/api/v1/status', '/api/v1/health'] as const;
const COMPUTES = ['/api/v1/encrypt', '/v1/compute'] as const;
const MANAGES = ['/api/v1/keys/k1', '/api/v1/webhooks'] as const;
const BILLS = ['/api/v1/billing/budget', '/api/v1/invoices/7', '/api/v1/subscription'] as const;
const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** The status for each kind of call with a key: the same for every path of the kind. */
export async function reach(scene: Scene, key: string | IssuedKey): Promise<Record<string, number>> {
  const statusOf = async (methods: readonly string[], paths: readonly string[]): Promise<number> => {
    const seen = new Set<number>();
    for (const method of methods) {
      for (const path of paths) {
        const { status, body } = await scene.call(key, { method, path });
        if (status === 403) expect(body.code, `${method} ${path}`).toBe('INSUFFICIENT_ROLE');
        seen.add(status);
      }
    }
    expect([...seen], `${methods} ${paths}`).toHaveLength(1);
    return [...seen][0] ?? 0;
  };
  return {
    reads: await statusOf(['GET', 'HEAD'], READS.slice(1)),
    keys: await statusOf(['GET'], [READS[0]]),
    computes: await statusOf(WRITES, COMPUTES),
    manages: await statusOf(WRITES, MANAGES),
    bills: await statusOf(['GET', ...WRITES], BILLS),
  };
}

/** The four roles of the documents. */
export const REACHES = {
  viewer: { reads: 200, keys: 200, computes: 403, manages: 403, bills: 403 },
  developer: { reads: 200, keys: 200, computes: 200, manages: 200, bills: 403 },
  account_admin: { reads: 200, keys: 200, computes: 200, manages: 200, bills: 200 },
} as const;

/** 10 bad attempts with one key in 5 minutes lock it for 15, wherever they come from. */
export async function keyLockout(scene: Scene): Promise<void> {
  const { id, key } = await keyOfRole(scene, 'developer');
  expect((await scene.operate('POST', `/keys/${id}/revoke`)).status).toBe(204);
  const attempt = (i: number) => scene.call(key, { isolate: i % 2 === 0 ? HERE : THERE });
  expect(await attempts(10, attempt)).toEqual(Array(10).fill(401));
  const locked = await attempt(10);
  expect(told(locked)).toEqual([429, 'BRUTE_FORCE_LOCKOUT']);
  expect([waits(locked) > 840, waits(locked) <= 900]).toEqual([true, true]);
  await scene.pass(14 * MINUTE_MS);
  expect(told(await attempt(11))).toEqual([429, 'BRUTE_FORCE_LOCKOUT']);
  await scene.pass(MINUTE_MS);
  expect(told(await attempt(12))).toEqual([401, 'INVALID_API_KEY']);
}

/** Attempts count for 5 minutes, to the tenth. */
export async function keyWindow(scene: Scene): Promise<void> {
  const attempt = (n: number) => () => scene.call(unknownKey(n));
  expect(await attempts(9, attempt(1))).toEqual(Array(9).fill(401));
  expect(await attempts(9, attempt(2))).toEqual(Array(9).fill(401));
  await scene.pass(4 * MINUTE_MS);
  expect(await attempts(2, attempt(1))).toEqual([401, 429]);
  await scene.pass(MINUTE_MS);
  expect(await attempts(9, attempt(2))).toEqual(Array(9).fill(401));
}

/** 20 bad attempts from one address in 5 minutes lock it for 15, for good keys too; another address goes on. */
export async function addressLockout(scene: Scene): Promise<void> {
  const good = await keyOfRole(scene, 'developer');
  const address = scene.address();
  const guess = (i: number) => scene.call(unknownKey(100 + i), { address, isolate: i % 2 === 0 ? HERE : THERE });
  expect(await attempts(20, guess)).toEqual(Array(20).fill(401));
  const locked = await scene.call(good, { address });
  expect(told(locked)).toEqual([429, 'BRUTE_FORCE_LOCKOUT']);
  expect([waits(locked) > 840, waits(locked) <= 900]).toEqual([true, true]);
  expect((await scene.call(good)).status).toBe(200);
  await scene.pass(14 * MINUTE_MS);
  expect((await scene.call(good, { address, isolate: THERE })).status).toBe(429);
  await scene.pass(MINUTE_MS);
  expect((await scene.call(good, { address, isolate: THERE })).status).toBe(200);
}

/** Attempts of an address count for 5 minutes, to the twentieth. */
export async function addressWindow(scene: Scene): Promise<void> {
  const [kept, over] = [scene.address(), scene.address()];
  const guess = (address: string, from: number) => (i: number) => scene.call(unknownKey(from + i), { address });
  expect(await attempts(19, guess(kept, 200))).toEqual(Array(19).fill(401));
  expect(await attempts(19, guess(over, 300))).toEqual(Array(19).fill(401));
  await scene.pass(4 * MINUTE_MS);
  expect(await attempts(2, guess(kept, 400))).toEqual([401, 429]);
  await scene.pass(MINUTE_MS);
  expect(await attempts(19, guess(over, 500))).toEqual(Array(19).fill(401));
}

/** The secret of a key shows in no answer but the one that made it. */
export async function shownOnce(scene: Scene): Promise<void> {
  const by = await scene.member('developer');
  const { key, id } = await scene.key(by);
  for (const path of ['/api-keys', `/api-keys/${id}`, '/audit']) {
    const { status, text } = await by.ask('GET', path);
    expect([status, text.includes(id), text.includes(key)], path).toEqual([200, true, false]);
  }
}

/** Ten keys of a user within an hour, whatever became of them. */
export async function creationsPerHour(scene: Scene): Promise<void> {
  const by = await scene.member('developer');
  const create = (i: number) =>
    by.ask('POST', '/api-keys', { environment: 'test' }, { isolate: i % 2 === 0 ? HERE : THERE });
  const first = await create(0);
  expect(first.status).toBe(201);
  expect((await by.ask('DELETE', `/api-keys/${first.body.id}`)).status).toBe(204);
  expect(await attempts(9, create)).toEqual(Array(9).fill(201));
  const refused = await create(10);
  expect(refused.status).toBe(429);
  expect([waits(refused) > 3_540, waits(refused) <= 3_600]).toEqual([true, true]);
  const colleague = await scene.member('developer', by.account);
  expect((await colleague.ask('POST', '/api-keys', { environment: 'test' })).status).toBe(201);
  await scene.pass(59 * MINUTE_MS);
  expect((await create(11)).status).toBe(429);
  await scene.pass(MINUTE_MS);
  expect((await create(12)).status).toBe(201);
}

/** An endpoint of the account is told of a rotation, signed, with what both keys show and neither secret. */
export async function rotationEvent(scene: Scene): Promise<void> {
  const by = await scene.member('developer');
  const receiver = await scene.endpoint(by);
  const old = await scene.key(by);
  const { body } = await rotate(scene, old);
  await receiver.until((arrivals) => arrivals.some(({ type, accepted }) => type === 'key_rotated' && accepted));
  const told = receiver.arrivals.filter(({ type }) => type === 'key_rotated');
  expect(told).toMatchObject([{ key: old.id, verified: true, accepted: true }]);
  const [event] = told.map((arrival): Json => JSON.parse(arrival.body));
  const prefix = body.new_api_key.slice(0, old.prefix.length);
  const end = { old_key_prefix: body.old_key_prefix, grace_period_ends_at: body.grace_period_ends_at };
  expect(event.data).toMatchObject({ account: by.account, key: { prefix, environment: 'live' }, ...end });
  for (const secret of [old.key, body.new_api_key]) expect(told[0]?.body).not.toContain(secret);
}

/** Who has signed in manages or reads endpoints as the role says; a trial key is nobody who could, and tells no customer. */
export async function webhooksByRole(scene: Scene): Promise<void> {
  const admin = await scene.member('account_admin');
  const url = 'https://hooks.example.com/keys';
  for (const role of ['developer', 'account_admin']) {
    const by = await scene.member(role, admin.account);
    const { body } = await by.ask('POST', '/webhooks', { url });
    const path = `/webhooks/${body.id}`;
    const statuses = [
      (await by.ask('GET', '/webhooks')).status,
      (await by.ask('PATCH', path, { events: ['key_rotated'] })).status,
      (await by.ask('POST', `${path}/rotate-secret`, {})).status,
      (await by.ask('DELETE', path)).status,
    ];
    expect(statuses, role).toEqual([200, 200, 200, 204]);
  }
  const { body } = await admin.ask('POST', '/webhooks', { url });
  const viewer = await scene.member('viewer', admin.account);
  const listed = await viewer.ask('GET', '/webhooks');
  expect([listed.status, listed.body.webhooks.length, listed.text.includes(body.secret)]).toEqual([200, 1, false]);
  for (const [method, path] of [
    ['POST', '/webhooks'],
    ['PATCH', `/webhooks/${body.id}`],
    ['POST', `/webhooks/${body.id}/rotate-secret`],
    ['POST', `/webhooks/${body.id}/test`],
    ['DELETE', `/webhooks/${body.id}`],
  ] as const) {
    const asked = await viewer.ask(method, path, method === 'DELETE' ? undefined : { url });
    expect(told(asked), `${method} ${path}`).toEqual([403, 'INSUFFICIENT_ROLE']);
  }
}
