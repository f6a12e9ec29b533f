import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BACKGROUND, startClocks, stopClocks, without } from '../support/calls.ts';
import { ADMIN_TOKEN, type Cluster, type IssuedKey, startCluster } from '../support/cluster.ts';
import { keyWithPrefix, malformedKey, unissuedKey } from '../support/keys.ts';
import { type Reply, read, status } from '../support/reply.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const ISOLATES = [0, 1, 2, 3];

let cluster: Cluster;
let account: string;
let good: IssuedKey;
let movedMs = 0;
let addresses = 0;

/** Lets so much time pass everywhere. */
async function pass(ms: number): Promise<void> {
  movedMs += ms;
  await cluster.moveTime(movedMs);
}

/** An address that no test has used. */
const newAddress = () => `198.18.${++addresses >> 8}.${addresses & 255}`;
const call = (key: string, isolate: number, address: string) => read(cluster.call(key, isolate, address));
const times = <T>(n: number, each: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => each(i));
const tally = (replies: readonly Reply[], wanted: number) => replies.filter((reply) => reply.status === wanted).length;

/** Attempts one after the other, each from an address of its own unless one is given. */
async function attempt(n: number, key: string, address?: string): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < n; i++) seen.push(await status(cluster.call(key, i % ISOLATES.length, address ?? newAddress())));
  return seen;
}

/** Twenty different bad keys. */
async function guess(address: string, n = 20): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (let i = 0; i < n; i++) replies.push(await call(unissuedKey(), i % ISOLATES.length, address));
  return replies;
}

async function digestOf(key: string): Promise<string> {
  return (await read(cluster.admin('POST', '/keys/lookup', { key }))).body.digest;
}

async function strikes(kind: 'ip' | 'secret', subject: string): Promise<number> {
  return (await read(cluster.admin('GET', `/lockouts/${kind}/${subject}`))).body.strikes;
}

beforeAll(async () => {
  cluster = await startCluster({ isolates: ISOLATES.length });
  account = await cluster.account();
  good = await cluster.issue(account);
});
afterAll(() => cluster.stop());

describe('one presented secret', () => {
  it('is answered 401 ten times in five minutes and then 429 with Retry-After, for 15 minutes', async () => {
    const key = unissuedKey();
    expect(await attempt(10, key)).toEqual(Array(10).fill(401));
    const locked = await call(key, 0, newAddress());
    expect([locked.status, locked.body.code]).toEqual([429, 'key_locked_out']);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(880);
    expect(Number(locked.headers.get('retry-after'))).toBeLessThanOrEqual(900);
    await pass(14 * MINUTE_MS);
    expect(await status(cluster.call(key, 1, newAddress()))).toBe(429);
    await pass(MINUTE_MS);
    expect(await status(cluster.call(key, 1, newAddress()))).toBe(401);
  });

  it('is not locked for longer by attempts while it is locked, and then has ten attempts again', async () => {
    const key = unissuedKey();
    await attempt(10, key);
    for (let minute = 0; minute < 14; minute++) {
      await pass(MINUTE_MS);
      const { status: seen, headers } = await call(key, minute % 4, newAddress());
      expect(seen).toBe(429);
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual((14 - minute) * 60);
    }
    await pass(MINUTE_MS);
    expect(await attempt(11, key)).toEqual([...Array(10).fill(401), 429]);
  });

  it('is not locked by ten attempts of which one is more than five minutes old', async () => {
    const key = unissuedKey();
    await attempt(9, key);
    await pass(5 * MINUTE_MS);
    expect(await attempt(9, key)).toEqual(Array(9).fill(401));
  });

  it('is locked when it was revoked and goes on being used', async () => {
    const { key, id } = await cluster.issue(account);
    expect(await status(cluster.admin('POST', `/keys/${id}/revoke`))).toBe(204);
    expect(await attempt(11, key)).toEqual([...Array(10).fill(401), 429]);
  });

  it('is refused 50 of 60 times when it is tried 60 times at once, from 60 addresses and over slow isolates', async () => {
    const key = unissuedKey();
    await Promise.all(ISOLATES.map((i) => cluster.steer(i, 'delays', { seed: i, maxMs: 40 })));
    const replies = await Promise.all(times(60, (i) => call(key, i % 4, newAddress())));
    await Promise.all(ISOLATES.map((i) => cluster.steer(i, 'delays', { maxMs: 0 })));
    expect([tally(replies, 401), tally(replies, 429)]).toEqual([10, 50]);
  });

  it('does not lock its owner out: an attacker who has seen the prefix locks what he sends, and himself', async () => {
    const owner = await cluster.issue(account);
    const guesses = times(50, () => keyWithPrefix(owner.prefix));
    for (const [i, key] of guesses.entries()) {
      expect(key.startsWith(owner.prefix)).toBe(true);
      expect(await status(cluster.call(key, i % 4, newAddress()))).toBe(401);
    }
    const [first = ''] = guesses;
    expect((await attempt(10, first)).at(-1)).toBe(429);
    for (const isolate of ISOLATES) expect(await status(cluster.call(owner.key, isolate))).toBe(200);
  });
});

describe('one address', () => {
  it('is refused after 20 different bad keys, valid keys included, everywhere within one lease', async () => {
    const address = newAddress();
    for (const isolate of ISOLATES) expect(await status(cluster.call(good.key, isolate, address))).toBe(200);
    expect((await guess(address)).map((reply) => reply.status)).toEqual(Array(20).fill(401));
    await pass(SECOND_MS);
    for (const isolate of ISOLATES) {
      const locked = await call(good.key, isolate, address);
      expect([locked.status, locked.body.code]).toEqual([429, 'address_locked_out']);
      expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(880);
      expect(await status(cluster.call(good.key, isolate, newAddress()))).toBe(200);
    }
  });

  it('is refused on control routes too, and for trial keys', async () => {
    const address = newAddress();
    await guess(address);
    const admin = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const refused = await Promise.all([
      read(cluster.send('/admin/v1/status', { address, headers: admin }, 1)),
      read(cluster.send('/api/v1/onboarding/temp-key', { method: 'POST', address }, 2)),
      read(cluster.send('/api/v1/keys/apikey/rotate', { method: 'POST', address }, 2)),
      call('no key at all', 3, address),
    ]);
    expect(refused.map(({ body }) => body.code)).toEqual(Array(4).fill('address_locked_out'));
    expect(await status(cluster.send('/healthz', { address }))).toBe(200);
  });

  it('is heard again after 15 minutes, however often it tried meanwhile', async () => {
    const address = newAddress();
    await guess(address);
    for (let i = 0; i < 3; i++) {
      await pass(4 * MINUTE_MS);
      expect(await status(cluster.call(unissuedKey(), i, address))).toBe(429);
      expect(await status(cluster.call(malformedKey(), i, address))).toBe(429);
    }
    await pass(3 * MINUTE_MS);
    expect(await status(cluster.call(good.key, 3, address))).toBe(200);
    expect(await strikes('ip', address)).toBe(0);
  });

  it('is refused 40 of 60 guesses that it sends at once over slow isolates', async () => {
    const address = newAddress();
    await Promise.all(ISOLATES.map((i) => cluster.steer(i, 'delays', { seed: 7 + i, maxMs: 40 })));
    const replies = await Promise.all(times(60, (i) => call(i % 3 ? unissuedKey() : malformedKey(), i % 4, address)));
    await Promise.all(ISOLATES.map((i) => cluster.steer(i, 'delays', { maxMs: 0 })));
    expect([tally(replies, 401), tally(replies, 429)]).toEqual([20, 40]);
  });

  it('costs no D1 read while it is known to be locked, and nothing at all once this isolate knows', async () => {
    const address = newAddress();
    await guess(address);
    for (const isolate of ISOLATES) {
      await cluster.steer(isolate, 'forget');
      await stopClocks(cluster, [isolate]);
      await cluster.calls(isolate);
      expect(await status(cluster.call(unissuedKey(), isolate, address))).toBe(429);
      expect(without(await cluster.calls(isolate), BACKGROUND)).toEqual({ kv: 1, 'lockout.ask': 1 });
      expect(await status(cluster.call(good.key, isolate, address))).toBe(429);
      expect(without(await cluster.calls(isolate), BACKGROUND)).toEqual({});
      await startClocks(cluster, [isolate]);
    }
  });

  it('is the /64 of an IPv6 address, and not its neighbour', async () => {
    const bad = await Promise.all(times(20, (i) => call(unissuedKey(), i % 4, `2001:db8:0:7::${i + 1}`)));
    expect(tally(bad, 401)).toBe(20);
    await pass(SECOND_MS);
    expect(await status(cluster.call(good.key, 0, '2001:db8:0:7:ffff::1'))).toBe(429);
    expect(await status(cluster.call(good.key, 0, '2001:db8:0:8::1'))).toBe(200);
  });
});

describe('a strike', () => {
  it('of a malformed key is against the address only', async () => {
    const address = newAddress();
    const key = malformedKey();
    for (let i = 0; i < 12; i++) expect(await status(cluster.call(key, i % 4, address))).toBe(401);
    expect(await strikes('ip', address)).toBe(12);
  });

  it('of an unknown key is against both the address and the secret', async () => {
    const address = newAddress();
    const key = unissuedKey();
    await attempt(3, key, address);
    expect([await strikes('ip', address), await strikes('secret', await digestOf(key))]).toEqual([3, 3]);
  });

  it('is none where nothing was sent, the key is inactive, its account suspended, or its role, address or limit refuses', async () => {
    const address = newAddress();
    const suspended = await cluster.account('Two');
    const keys = {
      inactive: await cluster.issue(account),
      suspended: await cluster.issue(suspended),
      role: await cluster.issue(account, { role: 'viewer' }),
      address: await cluster.issue(account, { addresses: ['192.0.2.77'] }),
      limit: await cluster.issue(account, { rate_limit_per_minute: 0 }),
      total: await cluster.issue(account, { quotas: { total: 0 } }),
    };
    await cluster.admin('POST', `/keys/${keys.inactive.id}/deactivate`);
    await cluster.admin('POST', `/accounts/${suspended}/suspend`);
    const expected = { inactive: 401, suspended: 403, role: 403, address: 403, limit: 429, total: 403 };
    for (const [why, { key }] of Object.entries(keys)) {
      const headers = { authorization: `Bearer ${key}` };
      const refuse = (i: number) => cluster.send('/v1/chat', { method: 'POST', headers, address }, i % 4);
      const seen = await Promise.all(times(25, (i) => status(refuse(i))));
      expect([why, ...new Set(seen)]).toEqual([why, expected[why as keyof typeof expected]]);
    }
    expect(
      new Set(await Promise.all(times(25, (i) => status(cluster.send('/v1/models', { address }, i % 4))))),
    ).toEqual(new Set([401]));
    expect(await strikes('ip', address)).toBe(0);
    for (const { key } of Object.values(keys)) expect(await strikes('secret', await digestOf(key))).toBe(0);
  });
});

describe('a lock that an admin lifts', () => {
  it('is lifted for an address when the call has answered, in isolates that had known the lock and are being hammered', async () => {
    const address = newAddress();
    await guess(address);
    let liftedAtMs = Number.POSITIVE_INFINITY;
    let running = true;
    const before: Reply[] = [];
    const after: Reply[] = [];
    const hammer = async (isolate: number) => {
      while (running) {
        const sentAtMs = performance.now();
        const reply = await call(good.key, isolate, address);
        (sentAtMs < liftedAtMs ? before : after).push(reply);
      }
    };
    const hammers = [1, 1, 2, 2, 3, 3].map(hammer);
    await sleep(100);
    expect(await status(cluster.admin('DELETE', `/lockouts/ip/${address}`))).toBe(204);
    liftedAtMs = performance.now();
    await sleep(300);
    running = false;
    await Promise.all(hammers);
    expect(tally(before, 429)).toBeGreaterThan(10);
    expect(after.length).toBeGreaterThan(10);
    expect(tally(after, 200)).toBe(after.length);
    expect(await strikes('ip', address)).toBe(0);
  });

  it('is lifted for a secret in the same way: it is a wrong key again, and no locked one', async () => {
    const key = unissuedKey();
    const path = `/lockouts/secret/${await digestOf(key)}`;
    for (let round = 0; round < 3; round++) {
      await attempt(10, key);
      for (const isolate of ISOLATES) expect(await status(cluster.call(key, isolate, newAddress()))).toBe(429);
      expect(await status(cluster.admin('DELETE', path))).toBe(204);
      for (const isolate of ISOLATES) expect(await status(cluster.call(key, isolate, newAddress()))).toBe(401);
      expect(await status(cluster.admin('DELETE', path))).toBe(204);
    }
  });
});

describe('the preset wavis', () => {
  let wavis: Cluster;
  beforeAll(async () => {
    wavis = await startCluster({ isolates: 2, policy: { preset: 'wavis' } });
  });
  afterAll(() => wavis.stop());

  it('locks a secret after ten attempts with BRUTE_FORCE_LOCKOUT, for 15 minutes', async () => {
    const key = unissuedKey('wavis');
    for (let i = 0; i < 10; i++) {
      const { status: seen, body } = await read(wavis.call(key, i % 2, newAddress()));
      expect([seen, body.code]).toEqual([401, 'INVALID_API_KEY']);
    }
    const locked = await read(wavis.call(key, 0, newAddress()));
    expect([locked.status, locked.body.code]).toEqual([429, 'BRUTE_FORCE_LOCKOUT']);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(880);
  });

  it('locks an address after 20 bad keys with the same code, and no other address', async () => {
    const { key } = await wavis.issue(await wavis.account());
    const address = newAddress();
    for (let i = 0; i < 20; i++) await read(wavis.call(unissuedKey('wavis'), i % 2, address));
    const locked = await read(wavis.call(key, 1, address));
    expect([locked.status, locked.body.code]).toEqual([429, 'BRUTE_FORCE_LOCKOUT']);
    expect(await status(wavis.call(key, 1, newAddress()))).toBe(200);
    await wavis.moveTime(15 * MINUTE_MS);
    expect(await status(wavis.call(key, 1, address))).toBe(200);
  });
});
