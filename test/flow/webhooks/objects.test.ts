import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { grantCredits, logOf } from '../../support/books.ts';
import { type Cluster, type IssuedKey, startCluster } from '../../support/cluster.ts';
import { addEndpoint, LOCAL } from '../../support/endpoints.ts';
import { unissuedKey } from '../../support/keys.ts';
import { deadUrl, startOrigin, type TestOrigin } from '../../support/origin.ts';
import { type Arrival, firstOfEach, type Receiver, startReceiver } from '../../support/receiver.ts';
import { read, status } from '../../support/reply.ts';

/*
 * Events that begin in objects, and those of alerts: from the request that causes them to the receiver, woken by nobody
 * but the object, for no cron runs here.
 */

const COST = 1_000;
const HOUR_MS = 3_600_000;
const LOW = 4 * COST;

let origin: TestOrigin;
let cluster: Cluster;
let db: D1Database;
/** What the customer's endpoint gets, and the operator's. */
let own: Receiver;
let ops: Receiver;
let movedMs = 0;
let addresses = 0;
let isAway = false;

const newAddress = () => `203.0.113.${++addresses}`;
const arrived = (receiver: Receiver, holds: (arrival: Arrival) => boolean) =>
  firstOfEach(receiver.arrivals.filter(holds));
const dataOf = ({ body }: Arrival) => JSON.parse(body).data;
/** What has arrived of an account's own events, or of a key's, by type. */
const ofOwner = (owner: string, types: readonly string[]) =>
  arrived(own, (each) => types.includes(each.type ?? '') && [each.key, dataOf(each).account].includes(owner));

/** Waits until all events have been delivered: an attempt that is on its way bears the time at which it was signed. */
async function delivered(): Promise<void> {
  const waiting = () => db.prepare("SELECT count(*) AS n FROM deliveries WHERE status = 'pending'").first<number>('n');
  await expect.poll(waiting, { timeout: 60_000 }).toBe(0);
}

async function pass(ms: number): Promise<void> {
  await delivered();
  movedMs += ms;
  own.movedMs = ops.movedMs = movedMs;
  await cluster.moveTime(movedMs);
}

/** An account whose events go to the customer's endpoint. */
async function newAccount(plan?: string): Promise<string> {
  const account = await cluster.account('One', plan);
  const { secret } = await addEndpoint(cluster, own.url, { accountId: account });
  own.secrets.push(secret);
  return account;
}

/** Calls so often, over both isolates in turn, and returns the statuses. */
async function use({ key }: Pick<IssuedKey, 'key'>, times: number, path = '/v1/models'): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < times; i++) seen.push(await status(cluster.call(key, i % 2, '192.0.2.1', path)));
  return seen;
}

/** Takes a table away, so that whatever needs it fails, and brings it back. */
async function takeAway(table: string): Promise<() => Promise<void>> {
  await db.prepare(`ALTER TABLE ${table} RENAME TO ${table}_away`).run();
  isAway = true;
  return async () => {
    await db.prepare(`ALTER TABLE ${table}_away RENAME TO ${table}`).run();
    isAway = false;
  };
}

beforeAll(async () => {
  [origin, own, ops] = await Promise.all([startOrigin(), startReceiver(), startReceiver()]);
  const origins = [{ url: origin.url }];
  const policy = {
    upstreams: [
      { name: 'paid', path: '/paid/**', origins, cost: { from: 'fixed', micro: COST } },
      { name: 'dead', path: '/dead/**', origins: [{ url: await deadUrl() }] },
      { name: 'free', origins },
    ],
    plans: { standard: {}, shared: { quota: { requests: 10, window: 'month' } } },
    warnings: { quota_percent: 50, credits_micro: LOW },
    webhooks: LOCAL,
  };
  cluster = await startCluster({ isolates: 2, origin, policy });
  db = await cluster.database();
  ops.secrets.push((await addEndpoint(cluster, ops.url)).secret);
});
afterEach(() => expect(isAway).toBe(false));
afterAll(async () => {
  await cluster.stop();
  await Promise.all([own.stop(), ops.stop()]);
});

// An object that could not tell plans by its clock to try again: time is not moved before that is done.
describe('a lock', () => {
  it('is told to the operator, that of a key’s secret to its account too, although the trail was away', async () => {
    const account = await newAccount();
    const key = await cluster.issue(account);
    expect(await status(cluster.admin('POST', `/keys/${key.id}/revoke`))).toBe(204);
    await delivered();
    const bringBack = await takeAway('audit');
    for (let i = 0; i < 11; i++)
      expect(await status(cluster.call(key.key, i % 2, newAddress()))).toBe(i < 10 ? 401 : 429);
    const address = newAddress();
    for (let i = 0; i < 20; i++) expect(await status(cluster.call(unissuedKey(), i % 2, address))).toBe(401);
    await bringBack();
    await own.until((all) => all.some((each) => each.type === 'key_locked'));
    await ops.until((all) => all.some((each) => each.type === 'ip_locked'));
    expect(ofOwner(key.id, ['key_locked'])).toHaveLength(1);
    expect(dataOf(arrived(ops, ({ type }) => type === 'ip_locked')[0] as Arrival)).toMatchObject({ address });
    expect(arrived(own, ({ type }) => type === 'ip_locked')).toEqual([]);
  });
});

describe('the operator', () => {
  const ofType = (type: string) => arrived(ops, (each) => each.type === type).map(dataOf);

  it('is told that nobody can be asked, once for each cause in ten minutes, although the trail was away too', async () => {
    await delivered();
    const bringBack = [await takeAway('audit'), await takeAway('secret_digests')];
    for (let i = 0; i < 8; i++) expect(await status(cluster.call(unissuedKey(), i % 2, newAddress()))).toBe(503);
    for (const each of bringBack) await each();
    await ops.until(() => ofType('gate_unavailable').length === 1);
    expect(ofType('gate_unavailable')).toEqual([{ account: null, cause: 'store' }]);
    await pass(600_000);
    const again = await takeAway('secret_digests');
    for (let i = 0; i < 4; i++) expect(await status(cluster.call(unissuedKey(), i % 2, newAddress()))).toBe(503);
    await again();
    await ops.until(() => ofType('gate_unavailable').length === 2);
    expect(arrived(own, ({ type }) => type === 'gate_unavailable')).toEqual([]);
  });

  it('is told of an origin that is left out', async () => {
    const key = await cluster.issue(await newAccount());
    await use(key, 12, '/dead/x');
    await ops.until(() => ofType('upstream_unhealthy').length > 0);
    expect(ofType('upstream_unhealthy')).toMatchObject([{ account: null, upstream: 'dead' }]);
  });
});

describe('a quota', () => {
  const TYPES = ['quota_warning', 'quota_reached'];

  it('of a key is told when so much of it is used as the policy says, and when it is used up, once each', async () => {
    const account = await newAccount();
    const key = await cluster.issue(account, { quotas: { total: 10 } });
    await use(key, 4);
    expect(await use(key, 8)).toEqual([...Array(6).fill(200), 403, 403]);
    await own.until(() => ofOwner(key.id, TYPES).length === 2);
    const [warning, reached] = ofOwner(key.id, TYPES);
    expect([warning, reached].map((each) => [each?.type, each?.verified])).toEqual(TYPES.map((type) => [type, true]));
    const quota = { quota: 'total', unit: 'requests', limit: 10, window_seconds: null };
    expect(dataOf(warning as Arrival)).toMatchObject({ ...quota, account, used: 5, percent: 50, key: { id: key.id } });
    expect(dataOf(reached as Arrival)).toMatchObject({ ...quota, used: 10, percent: 100 });
    await ops.until((all) => all.filter((each) => each.key === key.id).length === 3);
    // Raised, it is told anew.
    expect((await cluster.admin('PATCH', `/keys/${key.id}`, { quotas: { total: 12 } })).status).toBe(200);
    expect(await use(key, 3)).toEqual([200, 200, 403]);
    await own.until(() => ofOwner(key.id, TYPES).length === 4);
    expect(
      ofOwner(key.id, TYPES)
        .slice(2)
        .map((each) => dataOf(each).limit),
    ).toEqual([12, 12]);
    expect(firstOfEach(own.arrivals.filter((each) => each.key === key.id)).map(({ sequence }) => sequence)).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  });

  it('of a window is told again when its length has passed, and not while it rolls', async () => {
    const account = await newAccount();
    const key = await cluster.issue(account, { quotas: { daily: 4 } });
    expect(await use(key, 5)).toEqual([200, 200, 200, 200, 429]);
    await own.until(() => ofOwner(key.id, TYPES).length === 2);
    await pass(23 * HOUR_MS);
    expect(await use(key, 1)).toEqual([429]);
    await pass(2 * HOUR_MS);
    expect(await use(key, 5)).toEqual([200, 200, 200, 200, 429]);
    await own.until(() => ofOwner(key.id, TYPES).length === 4);
    expect(ofOwner(key.id, TYPES).map(({ type }) => type)).toEqual([...TYPES, ...TYPES]);
  });

  it('that an account shares is told of no key, whichever of them used it', async () => {
    const account = await newAccount('shared');
    const keys = [await cluster.issue(account), await cluster.issue(account)];
    for (const key of keys) await use(key, 7);
    await own.until(() => ofOwner(account, TYPES).length === 2);
    for (const [i, each] of ofOwner(account, TYPES).entries()) {
      expect([each.type, each.sequence]).toEqual([TYPES[i], null]);
      expect(Object.keys(dataOf(each))).not.toContain('key');
      expect(dataOf(each)).toMatchObject({ account, quota: 'quota', limit: 10, used: [expect.any(Number), 10][i] });
    }
  });
});

describe('credits', () => {
  it('are told when they are low and when they are used up, and again after a grant', async () => {
    const types = ['credits_low', 'credits_exhausted'];
    const account = await newAccount();
    const key = await cluster.issue(account);
    await grantCredits(cluster, account, 5 * COST);
    await use(key, 2, '/paid/x');
    await own.until(() => ofOwner(account, types).length === 1);
    expect(dataOf(ofOwner(account, types)[0] as Arrival)).toMatchObject({ threshold_micro: LOW });
    while ((await use(key, 1, '/paid/x'))[0] === 200);
    await own.until(() => ofOwner(account, types).length === 2);
    await grantCredits(cluster, account, 10 * COST);
    await use(key, 7, '/paid/x');
    await own.until(() => ofOwner(account, types).length === 3);
    expect(ofOwner(account, types).map(({ type }) => type)).toEqual([...types, 'credits_low']);
  });
});

describe('a replaced secret', () => {
  it('that is used within its grace is told once for each hour by the clock', async () => {
    const types = ['key_old_secret_used'];
    const account = await newAccount();
    const key = await cluster.issue(account);
    await pass(HOUR_MS - ((Date.now() + movedMs) % HOUR_MS) + 60_000);
    const fresh = (await read(cluster.admin('POST', `/keys/${key.id}/rotate`, { grace_seconds: 86_400 }))).body;
    const hours = () => ofOwner(key.id, types).map((each) => dataOf(each).hour);
    const hourMs = Math.floor((Date.now() + movedMs) / HOUR_MS) * HOUR_MS;
    await use({ key: fresh.new_api_key }, 2);
    await use(key, 6);
    await own.until(() => hours().length === 1);
    await pass(HOUR_MS);
    await use(key, 2);
    await own.until(() => hours().length === 2);
    await cluster.crashLedger(account);
    await use(key, 2);
    await pass(2 * HOUR_MS);
    await use({ key: fresh.new_api_key }, 2);
    await pass(HOUR_MS);
    await use(key, 1);
    await own.until(() => hours().length === 3);
    expect(hours().map((hour) => (Date.parse(hour) - hourMs) / HOUR_MS)).toEqual([0, 1, 4]);
    await pass(86_400_000);
    expect(await use(key, 2)).toEqual([401, 401]);
    await expect.poll(async () => (await logOf(cluster, account)).length, { timeout: 10_000 }).toBe(17);
    expect(hours()).toHaveLength(3);
  });
});

it('every event was signed, and nothing was told twice', async () => {
  for (const receiver of [own, ops]) {
    expect(receiver.arrivals.every(({ verified }) => verified)).toBe(true);
    const told = firstOfEach(receiver.arrivals).map(({ body }) => {
      const { id: _, sequence: __, ...event } = JSON.parse(body);
      return JSON.stringify(event);
    });
    expect(new Set(told).size).toBe(told.length);
  }
});
