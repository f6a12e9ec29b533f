import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BACKGROUND, startClocks, stopClocks } from '../../support/calls.ts';
import { type Cluster, type IssuedKey, startCluster } from '../../support/cluster.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { unissuedKey } from '../../support/keys.ts';
import { letIn, type Member, operate } from '../../support/members.ts';
import { deadUrl } from '../../support/origin.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';
import { type Reply, read } from '../../support/reply.ts';

/*
 * Promise: nobody who calls waits for webhooks. With 20 endpoints that hang or are away, and a queue that takes nothing,
 * a rotation and a revocation make the same calls, one after the other, as with none, and are answered.
 */

/** The one that takes the queue's messages, and so sends what is delivered. */
const SENDER = 0;
const ISOLATE = 1;
const ENDPOINTS = 20;
/** Who waits for what hangs never comes to this. */
const LIMIT = { timeout: 30_000 };

let issuer: Issuer;
let cluster: Cluster;
let hanging: Receiver;
/** Members of accounts of their own: one without endpoints, one with twenty. */
let quiet: Member;
let loud: Member;

beforeAll(async () => {
  [issuer, hanging] = await Promise.all([startIssuer(), startReceiver()]);
  hanging.answer = () => 'hang';
  const lockouts = {
    secret: { strikes: 3, window: '1h', lock: '1h' },
    address: { strikes: 3, window: '1h', lock: '1h' },
  };
  const policy = {
    session: issuer.policy,
    members: { join: 'invitation' },
    lockouts,
    lease: '200ms',
    webhooks: { allow_local: true, timeout: '15s' },
  };
  cluster = await startCluster({ isolates: 2, policy });
  const memberOf = async (name: string) => letIn(cluster, issuer, await cluster.account(name), 'account_admin', name);
  [quiet, loud] = [await memberOf('Quiet'), await memberOf('Loud')];
  const dead = await deadUrl();
  for (let n = 0; n < ENDPOINTS; n++) {
    const url = n % 2 === 0 ? `${hanging.url}${n}` : `${dead}/${n}`;
    const { status, text } = await loud.ask('POST', '/webhooks', { url });
    expect([status, text]).toEqual([201, expect.any(String)]);
  }
});
afterAll(async () => {
  await hanging?.stop();
  await cluster?.stop();
  await issuer?.close();
});

/** A change of a key that is in use, by whoever may make it. */
type Change = (key: IssuedKey, member: Member, isolate: number) => Promise<Reply>;

const json = { 'content-type': 'application/json' };
const CHANGES: Readonly<Record<string, Change>> = {
  'a rotation by a member': ({ id }, member, isolate) => member.ask('POST', `/api-keys/${id}/rotate`, {}, { isolate }),
  'a rotation without a grace by the operator': ({ id }, _, isolate) =>
    operate(cluster, 'POST', `/keys/${id}/rotate`, { grace_seconds: 0 }, { isolate }),
  'a rotation by the key itself': ({ key }, _, isolate) =>
    read(
      cluster.send(
        '/api/v1/keys/apikey/rotate',
        { method: 'POST', headers: { authorization: `Bearer ${key}`, ...json }, body: '{}' },
        isolate,
      ),
    ),
  'a revocation by a member': ({ id }, member, isolate) =>
    member.ask('DELETE', `/api-keys/${id}`, undefined, { isolate }),
  'a revocation by the operator': ({ id }, _, isolate) =>
    operate(cluster, 'POST', `/keys/${id}/revoke`, undefined, { isolate }),
};

/** The calls of a change of a new key that the isolate knows, in their order. */
async function callsOf(change: Change, member: Member): Promise<readonly string[]> {
  await stopClocks(cluster, [ISOLATE]);
  try {
    const key = await cluster.issue(member.account, {}, ISOLATE);
    expect((await cluster.call(key.key, ISOLATE)).status).toBe(200);
    await cluster.callsInOrder(ISOLATE);
    const { status, text } = await change(key, member, ISOLATE);
    expect([[200, 204].includes(status), text]).toEqual([true, expect.any(String)]);
    const calls = await cluster.callsInOrder(ISOLATE);
    return calls.filter((name) => !BACKGROUND.some((each) => each === name));
  } finally {
    await startClocks(cluster, [ISOLATE]);
  }
}

describe.each(Object.entries(CHANGES))('%s', (_, change) => {
  it('makes the same calls in the same order as without endpoints', LIMIT, async () => {
    // Once each, so that the isolate knows who asks.
    for (const member of [quiet, loud]) await callsOf(change, member);
    const without = await callsOf(change, quiet);
    expect(without).toContain('gate.advance');
    expect(await callsOf(change, loud)).toEqual(without);
  });

  it('and where nothing that is sent to the queue is ever taken', LIMIT, async () => {
    await cluster.steer(ISOLATE, 'queue', { hangs: 1 });
    try {
      const without = await callsOf(change, quiet);
      expect(await callsOf(change, loud)).toEqual(without);
    } finally {
      await cluster.steer(ISOLATE, 'queue', { hangs: 0 });
    }
  });

  it('is answered by the isolate that sends, while every receiver still hangs', LIMIT, async () => {
    const key = await cluster.issue(loud.account, {}, SENDER);
    await hanging.until((arrivals) => arrivals.length > 0);
    expect((await change(key, loud, SENDER)).status).toBeLessThan(300);
    expect(hanging.arrivals.filter(({ accepted }) => accepted)).toEqual([]);
  });
});

describe('where nothing that is sent to the queue is ever taken', () => {
  beforeAll(() => cluster.steer(ISOLATE, 'queue', { hangs: 1 }));
  afterAll(() => cluster.steer(ISOLATE, 'queue', { hangs: 0 }));

  it('a request that locks its secret or its address is answered, and so is the next', LIMIT, async () => {
    const { id, key } = await cluster.issue(loud.account);
    await operate(cluster, 'POST', `/keys/${id}/revoke`);
    const statuses: number[] = [];
    for (const secret of [key, key, key, key]) {
      statuses.push((await cluster.call(secret, ISOLATE, `198.18.0.${statuses.length}`)).status);
    }
    for (let n = 0; n < 4; n++) statuses.push((await cluster.call(unissuedKey(), ISOLATE, '198.18.1.1')).status);
    expect(statuses).toEqual([401, 401, 401, 429, 401, 401, 401, 429]);
  });

  it('a request that uses up its quota is answered, and so is the next', LIMIT, async () => {
    const { key } = await cluster.issue(loud.account, { quotas: { total: 2 } });
    const statuses: number[] = [];
    for (let n = 0; n < 3; n++) statuses.push((await cluster.call(key, ISOLATE)).status);
    expect(statuses).toEqual([200, 200, 403]);
  });

  it('whoever makes a key, changes it and sends a test has an answer', LIMIT, async () => {
    const own = { isolate: ISOLATE };
    const { status, body } = await loud.ask('POST', '/api-keys', { environment: 'live' }, own);
    expect(status).toBe(201);
    expect((await loud.ask('PATCH', `/api-keys/${body.id}`, { label: 'other' }, own)).status).toBe(200);
    const [endpoint] = (await loud.ask('GET', '/webhooks', undefined, own)).body.webhooks;
    expect((await loud.ask('POST', `/webhooks/${endpoint.id}/test`, undefined, own)).status).toBeLessThan(300);
  });
});
