import { beforeEach, describe, expect, it } from 'vitest';
import { createAccount } from '../../src/registry/accounts.ts';
import { listAudit } from '../../src/registry/audit.ts';
import { closeAccount } from '../../src/registry/closing.ts';
import {
  listDeliveries,
  readAttempts,
  readDelivery,
  resendDelivery,
  type Sending,
  testEndpoint,
} from '../../src/registry/delivery-log.ts';
import { eraseAccountRows, eraseEvents, eraseTrail } from '../../src/registry/erasing.ts';
import { noteOnce } from '../../src/registry/note.ts';
import { writeCursor } from '../../src/registry/page.ts';
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  type Endpoint,
  isSigningSecret,
  listEndpoints,
  readEndpoint,
  rotateEndpointSecret,
} from '../../src/registry/webhooks.ts';
import { admin, count, makeKey, NOW_MS, openForTests } from './database.ts';

const store = openForTests();
const URL = 'https://hooks.example.com/laptop-of-ada';
const MOST = 20;

let made = 0;
const secretOf = (id: string) => ({ id, sealed: `sealed ${id}`, keyVersion: 1 });

/** The trail is never emptied. */
let oldEntries = 0;
beforeEach(async () => {
  oldEntries = (await store.db.prepare('SELECT max(id) AS id FROM audit').first<number>('id')) ?? 0;
  await store.db
    .prepare(
      `INSERT OR IGNORE INTO accounts (id, name, plan, status, created_at_ms)
       VALUES ('acc_1', 'One', 'free', 'active', 1), ('acc_2', 'Two', 'free', 'active', 1)`,
    )
    .run();
});

async function create(accountId: string | null, more: Partial<Endpoint> = {}, nowMs = NOW_MS, most = MOST) {
  made += 1;
  const id = more.id ?? `whe_${String(made).padStart(4, '0')}`;
  const wanted = { accountId, id, url: URL, description: null, events: null, ...more };
  return createEndpoint(store.db, wanted, secretOf(`whs_${id}`), most, admin, nowMs);
}
async function endpoint(accountId: string | null, more: Partial<Endpoint> = {}, nowMs = NOW_MS): Promise<Endpoint> {
  const created = await create(accountId, more, nowMs);
  if (!created.ok) throw new Error(created.reason);
  return created.endpoint;
}
const nameOf = ({ accountId, id }: Endpoint) => ({ accountId, id });
async function trail(action: string) {
  const page = await listAudit(store.db, { action, limit: 200, cursor: null });
  return (page?.entries ?? []).filter(({ id }) => id > oldEntries);
}
const rows = async (sql: string) => (await store.db.prepare(sql).all()).results;
/** Makes events of a key. */
async function happen(accountId: string | null, many: number, action = 'key.expired', keyId: string | null = null) {
  for (let i = 0; i < many; i++) {
    made += 1;
    const about = { expiresAtMs: NOW_MS };
    await noteOnce(store.db, { once: `${made}`, action, accountId, keyId, about }, admin, NOW_MS + i);
  }
}
const page = { limit: 50, cursor: null };
const listed = async (of: Endpoint, more: object = {}) => {
  const found = await listDeliveries(store.db, { ...nameOf(of), ...page, ...more });
  if (typeof found === 'string') throw new Error(found);
  return found;
};
async function attempt(delivery: number, number: number, body = '{}') {
  const request = JSON.stringify({ url: URL, headers: {}, body });
  await store.db
    .prepare(
      `INSERT INTO delivery_attempts (delivery_id, number, at_ms, duration_ms, status, request, response)
       VALUES (?, ?, ?, 5, 500, ?, '{"headers":{},"body":"no"}')`,
    )
    .bind(delivery, number, NOW_MS, request)
    .run();
}
async function end(status: 'delivered' | 'failed') {
  await store.db
    .prepare(`UPDATE deliveries SET status = ?, attempts = 1, ended_at_ms = ? WHERE status = 'pending'`)
    .bind(status, NOW_MS)
    .run();
}

describe('an endpoint', () => {
  it('is made with its secret and its entry, which has no secret', async () => {
    const one = await endpoint('acc_1', { description: 'billing', events: ['key_created', 'key_revoked'] });
    expect(one).toEqual({
      id: one.id,
      accountId: 'acc_1',
      url: URL,
      description: 'billing',
      events: ['key_created', 'key_revoked'],
      status: 'active',
      disabledBy: null,
      createdAtMs: NOW_MS,
      failures: 0,
      failingSinceAtMs: null,
    });
    expect(await rows('SELECT * FROM webhook_secrets')).toEqual([
      {
        id: `whs_${one.id}`,
        endpoint_id: one.id,
        sealed: `sealed whs_${one.id}`,
        key_version: 1,
        created_at_ms: NOW_MS,
        ends_at_ms: null,
      },
    ]);
    const entries = await trail('webhook.');
    expect(entries).toMatchObject([
      {
        action: 'webhook.created',
        actor: 'admin:test',
        accountId: 'acc_1',
        before: null,
        after: { endpoint: one.id, url: URL, description: 'billing', events: ['key_created', 'key_revoked'] },
      },
    ]);
    expect(JSON.stringify(entries)).not.toContain('sealed');
  });

  it('is made once: again it is as it is', async () => {
    const one = await endpoint('acc_1');
    await changeEndpoint(store.db, nameOf(one), { status: 'disabled' }, admin, NOW_MS);
    const again = await create('acc_1', { id: one.id, url: 'https://other.example.com' });
    expect(again).toMatchObject({ ok: true, endpoint: { url: URL, status: 'disabled' } });
    expect([await count(store.db, 'webhook_secrets'), (await trail('webhook.created')).length]).toEqual([1, 1]);
  });

  it('is one of at most so many of its owner, also of those that are made at once; others do not count', async () => {
    await Promise.all(Array.from({ length: 3 }, () => create('acc_2')));
    await Promise.all(Array.from({ length: 3 }, () => create(null)));
    const all = await Promise.all(Array.from({ length: 12 }, () => create('acc_1', {}, NOW_MS, 5)));
    expect(all.filter(({ ok }) => ok).length).toBe(5);
    const refused = all.filter(({ ok }) => !ok);
    expect(new Set(refused.map((each) => JSON.stringify(each)))).toEqual(
      new Set([JSON.stringify({ ok: false, reason: 'full', count: 5 })]),
    );
    expect(await create(null, {}, NOW_MS, 3)).toEqual({ ok: false, reason: 'full', count: 3 });
    expect((await listEndpoints(store.db, 'acc_1')).length).toBe(5);
    const entries = await trail('webhook.created');
    expect([entries.length, await count(store.db, 'webhook_secrets')]).toEqual([11, 11]);
  });

  it('is not made for an account that is suspended or closed, nor for none', async () => {
    await store.db.prepare(`UPDATE accounts SET status = 'suspended' WHERE id = 'acc_2'`).run();
    expect(await create('acc_2')).toEqual({ ok: false, reason: 'account_suspended' });
    expect(await create('acc_0')).toEqual({ ok: false, reason: 'account_suspended' });
    expect([await count(store.db, 'webhook_endpoints'), (await trail('webhook.')).length]).toEqual([0, 0]);
    await store.db.prepare(`UPDATE accounts SET status = 'active' WHERE id = 'acc_2'`).run();
  });

  it('is found by its owner alone, whatever is done', async () => {
    const owners = ['acc_1', 'acc_2', null] as const;
    const theirs = await Promise.all(owners.map((owner) => endpoint(owner)));
    await happen('acc_1', 1);
    await end('failed');
    for (const one of theirs) {
      expect(await readEndpoint(store.db, nameOf(one))).toEqual(one);
      expect(await listEndpoints(store.db, one.accountId)).toEqual([one]);
      for (const accountId of owners.filter((owner) => owner !== one.accountId)) {
        const name = { accountId, id: one.id };
        expect(await readEndpoint(store.db, name)).toBeNull();
        expect(await changeEndpoint(store.db, name, { url: 'https://evil.example.com' }, admin, NOW_MS)).toBeNull();
        expect(await changeEndpoint(store.db, name, {}, admin, NOW_MS)).toBeNull();
        expect(await rotateEndpointSecret(store.db, name, secretOf('whs_x'), NOW_MS, admin, NOW_MS)).toBeNull();
        expect(await deleteEndpoint(store.db, name, admin, NOW_MS)).toBe(false);
        expect(await testEndpoint(store.db, name, 'req_x', admin, NOW_MS)).toEqual({ kind: 'missing' });
        expect(await listDeliveries(store.db, { ...name, ...page })).toBe('missing');
        const [first] = (await listed(one)).deliveries;
        if (first === undefined) continue;
        expect(await readDelivery(store.db, name, first.id)).toBeNull();
        expect(await resendDelivery(store.db, name, first.id, admin, NOW_MS)).toEqual({ kind: 'missing' });
      }
    }
    expect((await trail('webhook.')).map(({ action }) => action)).toEqual(Array(3).fill('webhook.created'));
    expect(await rows('SELECT DISTINCT url, status FROM webhook_endpoints')).toEqual([{ url: URL, status: 'active' }]);
    expect((await rows('SELECT id FROM webhook_secrets WHERE ends_at_ms IS NULL')).length).toBe(3);
    expect((await rows(`SELECT id FROM deliveries WHERE status = 'failed'`)).length).toBe(2);
  });
});

describe('a change', () => {
  it('alters what it names, and writes what it was before', async () => {
    const one = await endpoint('acc_1', { description: 'billing', events: ['key_created'] });
    const set = { url: 'https://other.example.com/', description: null, events: null, status: 'disabled' } as const;
    const changed = await changeEndpoint(store.db, nameOf(one), set, admin, NOW_MS + 5);
    expect(changed).toEqual({ ...one, ...set, disabledBy: 'owner' });
    expect(await trail('webhook.updated')).toMatchObject([
      {
        before: { endpoint: one.id, url: URL, description: 'billing', events: ['key_created'], status: 'active' },
        after: { endpoint: one.id, ...set },
      },
    ]);
    expect(await changeEndpoint(store.db, nameOf(one), set, admin, NOW_MS + 6)).toEqual(changed);
    expect(await changeEndpoint(store.db, nameOf(one), {}, admin, NOW_MS + 6)).toEqual(changed);
    expect((await trail('webhook.updated')).length).toBe(1);
    const events = ['key_revoked', 'test'];
    expect(await changeEndpoint(store.db, nameOf(one), { events }, admin, NOW_MS)).toEqual({ ...changed, events });
  });

  const failing = (id: string, status = 'active', by: string | null = null) =>
    store.db
      .prepare(
        `UPDATE webhook_endpoints SET failures = 7, failing_since_at_ms = 5, resumes_at_ms = 9, status = ?, disabled_by = ?
         WHERE id = ?`,
      )
      .bind(status, by, id)
      .run();
  const standing = (id: string) =>
    rows(
      `SELECT failures, failing_since_at_ms AS since, resumes_at_ms AS resumes, status, disabled_by AS by
       FROM webhook_endpoints WHERE id = '${id}'`,
    );
  const FAILING = { failures: 7, since: 5, resumes: 9 };
  const FRESH = { failures: 0, since: null, resumes: 0, status: 'active', by: null };

  it.each([
    ['an activation', 'disabled', 'failing', { status: 'active' }, FRESH],
    ['an activation of one that is active and fails', 'active', null, { status: 'active' }, FRESH],
    ['another URL', 'active', null, { url: 'https://other.example.com/' }, FRESH],
    ['the same URL', 'active', null, { url: URL }, { ...FAILING, status: 'active', by: null }],
    ['other events', 'active', null, { events: ['key_created'] }, { ...FAILING, status: 'active', by: null }],
    ['a description', 'disabled', 'gone', { description: 'x' }, { ...FAILING, status: 'disabled', by: 'gone' }],
    ['disabling it', 'active', null, { status: 'disabled' }, { ...FAILING, status: 'disabled', by: 'owner' }],
    ['disabling it again', 'disabled', 'gone', { status: 'disabled' }, { ...FAILING, status: 'disabled', by: 'gone' }],
  ] as const)('by %s decides whether failures count on', async (_, status, by, set, after) => {
    const one = await endpoint('acc_1');
    await failing(one.id, status, by);
    await changeEndpoint(store.db, nameOf(one), set, admin, NOW_MS);
    expect(await standing(one.id)).toEqual([after]);
  });
});

describe('a rotation', () => {
  const validAt = async (nowMs: number) =>
    (await rows(`SELECT id FROM webhook_secrets WHERE ends_at_ms IS NULL OR ends_at_ms > ${nowMs} ORDER BY id`)).map(
      ({ id }) => id,
    );

  it('leaves the secret before valid until its grace ends, and at most three at once', async () => {
    const one = await endpoint('acc_1', { id: 'whe_a' });
    for (let i = 1; i <= 4; i++) {
      const nowMs = NOW_MS + i;
      const rotated = await rotateEndpointSecret(
        store.db,
        nameOf(one),
        secretOf(`whs_${i}`),
        nowMs + 100,
        admin,
        nowMs,
      );
      expect(rotated).toEqual(one);
    }
    expect(await validAt(NOW_MS + 4)).toEqual(['whs_2', 'whs_3', 'whs_4']);
    expect(await validAt(NOW_MS + 103)).toEqual(['whs_3', 'whs_4']);
    expect(await validAt(NOW_MS + 104)).toEqual(['whs_4']);
    expect(await rows('SELECT count(*) AS n FROM webhook_secrets')).toEqual([{ n: 3 }]);
    const entries = await trail('webhook.secret_rotated');
    expect(entries[0]?.after).toEqual({ endpoint: 'whe_a', graceEndsAtMs: NOW_MS + 104 });
    expect([entries.length, JSON.stringify(entries).includes('sealed')]).toEqual([4, false]);
  });

  it('without grace ends all others at once; a shorter grace holds for all, and none is made longer', async () => {
    const one = await endpoint('acc_1', { id: 'whe_b' });
    const rotate = (id: string, nowMs: number, graceMs: number) =>
      rotateEndpointSecret(store.db, nameOf(one), secretOf(id), nowMs + graceMs, admin, nowMs);
    await rotate('whs_1', NOW_MS, 1_000);
    await rotate('whs_2', NOW_MS + 1, 10);
    expect(await validAt(NOW_MS + 10)).toEqual(['whs_1', 'whs_2', 'whs_whe_b']);
    expect(await rows('SELECT max(ends_at_ms) AS ends FROM webhook_secrets')).toEqual([{ ends: NOW_MS + 11 }]);
    await rotate('whs_3', NOW_MS + 2, 5_000);
    expect(await rows(`SELECT ends_at_ms AS ends FROM webhook_secrets WHERE id = 'whs_1'`)).toEqual([
      { ends: NOW_MS + 11 },
    ]);
    await rotate('whs_4', NOW_MS + 3, 0);
    expect(await validAt(NOW_MS + 3)).toEqual(['whs_4']);
    expect(await rows('SELECT id FROM webhook_secrets')).toEqual([{ id: 'whs_4' }]);
  });

  it('is made once: again it alters nothing', async () => {
    const one = await endpoint('acc_1', { id: 'whe_c' });
    const again = () => rotateEndpointSecret(store.db, nameOf(one), secretOf('whs_9'), NOW_MS + 10, admin, NOW_MS);
    await again();
    const before = await rows('SELECT * FROM webhook_secrets ORDER BY id');
    expect(await again()).toEqual(one);
    expect(await rows('SELECT * FROM webhook_secrets ORDER BY id')).toEqual(before);
    expect((await trail('webhook.secret_rotated')).length).toBe(1);
    expect([await isSigningSecret(store.db, 'whs_9'), await isSigningSecret(store.db, 'whs_0')]).toEqual([true, false]);
  });

  it('touches no secret of another endpoint', async () => {
    const [one, other] = [await endpoint('acc_1', { id: 'whe_d' }), await endpoint('acc_1', { id: 'whe_e' })];
    await rotateEndpointSecret(store.db, nameOf(one), secretOf('whs_1'), NOW_MS, admin, NOW_MS);
    expect(await validAt(NOW_MS)).toEqual(['whs_1', `whs_${other.id}`]);
  });
});

describe('a removal', () => {
  it('takes secrets, deliveries and attempts with it, and nothing of others', async () => {
    const [one, other] = [await endpoint('acc_1'), await endpoint('acc_1')];
    await happen('acc_1', 2);
    await end('failed');
    await happen('acc_1', 1);
    await testEndpoint(store.db, nameOf(one), 'req_gone', admin, NOW_MS);
    for (const { id } of await rows('SELECT id FROM deliveries')) await attempt(Number(id), 1);
    expect(await count(store.db, 'events')).toBe(4);
    expect(await deleteEndpoint(store.db, nameOf(one), admin, NOW_MS)).toBe(true);
    expect(await deleteEndpoint(store.db, nameOf(one), admin, NOW_MS)).toBe(false);
    expect(await rows('SELECT DISTINCT endpoint_id AS id FROM deliveries')).toEqual([{ id: other.id }]);
    expect([await count(store.db, 'deliveries'), await count(store.db, 'delivery_attempts')]).toEqual([3, 3]);
    expect(await count(store.db, 'events')).toBe(3);
    expect(await rows('SELECT endpoint_id AS id FROM webhook_secrets')).toEqual([{ id: other.id }]);
    expect(await trail('webhook.deleted')).toMatchObject([{ before: { endpoint: one.id, url: URL }, after: null }]);
  });

  it('of one with more deliveries than are removed at once leaves none that is pending', async () => {
    const one = await endpoint('acc_1');
    await happen('acc_1', 1);
    const [{ id }] = (await rows('SELECT id FROM events')) as [{ id: number }];
    await store.db
      .prepare(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5200)
         INSERT INTO deliveries (endpoint_id, event_id, status, created_at_ms, since_at_ms, next_attempt_at_ms)
         SELECT ?1, ?2 - i, iif(i > 5100, 'pending', 'failed'), ?3, ?3, ?3 FROM n`,
      )
      .bind(one.id, id, NOW_MS)
      .run();
    await store.db.batch([
      store.db.prepare(
        `INSERT INTO delivery_attempts (delivery_id, number, at_ms, duration_ms, request) SELECT id, 1, 1, 1, '{}' FROM deliveries`,
      ),
      store.db.prepare(
        `INSERT OR IGNORE INTO events (id, type, at_ms, account_id)
         SELECT event_id, 'key_expired', 1, 'acc_1' FROM deliveries`,
      ),
    ]);
    expect(await deleteEndpoint(store.db, nameOf(one), admin, NOW_MS)).toBe(true);
    expect(await rows(`SELECT status, count(*) AS n FROM deliveries GROUP BY status`)).toEqual([
      { status: 'failed', n: 100 },
    ]);
    const left = ['deliveries', 'delivery_attempts', 'events'].map((table) => count(store.db, table));
    expect(await Promise.all(left)).toEqual([100, 100, 100]);
    expect(await rows('SELECT id FROM delivery_attempts JOIN deliveries ON id = delivery_id')).toHaveLength(100);
  });
});

describe('the log of deliveries', () => {
  it('is in pages, newest first, by status and type', async () => {
    const one = await endpoint('acc_1');
    await endpoint('acc_1');
    await happen('acc_1', 3);
    await end('delivered');
    await happen('acc_1', 2, 'credits.low');
    const { deliveries, nextCursor } = await listed(one);
    expect(nextCursor).toBeNull();
    expect(deliveries.map(({ type, status }) => `${type} ${status}`)).toEqual([
      ...Array(2).fill('credits_low pending'),
      ...Array(3).fill('key_expired delivered'),
    ]);
    expect(deliveries.map(({ id }) => id)).toEqual(deliveries.map(({ id }) => id).toSorted((a, b) => b - a));
    expect(deliveries[0]).toMatchObject({ endpointId: one.id, attempts: 0, keyId: null, endedAtMs: null });
    expect(deliveries[0]?.nextAttemptAtMs).toBe(NOW_MS + 1);
    expect(deliveries[4]).toMatchObject({ attempts: 1, nextAttemptAtMs: null, endedAtMs: NOW_MS });

    const some = (more: object) => listed(one, more).then(({ deliveries: found }) => found.map(({ id }) => id));
    const ids = deliveries.map(({ id }) => id);
    expect(await some({ status: 'delivered' })).toEqual(ids.slice(2));
    expect(await some({ type: 'credits_low' })).toEqual(ids.slice(0, 2));
    expect(await some({ type: 'credits_low', status: 'delivered' })).toEqual([]);
    const paged: number[] = [];
    for (let cursor: string | null = null, i = 0; i < 9; i++) {
      const found: Awaited<ReturnType<typeof listed>> = await listed(one, { limit: 2, cursor });
      paged.push(...found.deliveries.map(({ id }) => id));
      cursor = found.nextCursor;
      if (cursor === null) break;
    }
    expect(paged).toEqual(ids);
    const next = async (sql: string) => {
      await store.db.prepare(sql).run();
      return (await listed(one)).deliveries[0]?.nextAttemptAtMs;
    };
    expect(await next('UPDATE webhook_endpoints SET resumes_at_ms = 1')).toBe(NOW_MS + 1);
    expect(await next(`UPDATE webhook_endpoints SET resumes_at_ms = ${NOW_MS + 70}`)).toBe(NOW_MS + 70);
    expect(await next(`UPDATE webhook_endpoints SET status = 'disabled'`)).toBeNull();
    expect(await next(`UPDATE webhook_endpoints SET status = 'active'`)).toBe(NOW_MS + 70);
    expect(await next(`UPDATE deliveries SET leased = 1 WHERE status = 'pending'`)).toBeNull();
  });

  it('takes no cursor of another list', async () => {
    const one = await endpoint('acc_1');
    for (const cursor of ['nonsense', writeCursor([NOW_MS, 'acc_1']), btoa('[1]')]) {
      expect(await listDeliveries(store.db, { ...nameOf(one), limit: 5, cursor })).toBe('cursor');
    }
    expect(await listed(one, { cursor: writeCursor([NOW_MS, 1]) })).toEqual({ deliveries: [], nextCursor: null });
  });

  it('has what was sent and what came back', async () => {
    const one = await endpoint('acc_1');
    await happen('acc_1', 1);
    const [delivery] = (await listed(one)).deliveries;
    if (delivery === undefined) throw new Error('no delivery');
    await attempt(delivery.id, 2);
    await attempt(delivery.id, 1);
    const read = await readDelivery(store.db, nameOf(one), delivery.id);
    expect(read?.delivery).toEqual(delivery);
    expect(read?.attempts).toEqual(
      [1, 2].map((number) => ({
        number,
        atMs: NOW_MS,
        durationMs: 5,
        status: 500,
        error: null,
        request: { url: URL, headers: {}, body: '{}' },
        response: { headers: {}, body: 'no' },
      })),
    );
    expect((await readAttempts(store.db, [delivery])).get(delivery.id)).toEqual(read?.attempts);
  });
});

/** The delivery, where it is sent. */
function sentOf(sending: Sending) {
  if (sending.kind !== 'sending') throw new Error(`it is ${sending.kind}`);
  return sending.delivery;
}

describe('what is sent on request', () => {
  it('a delivery that has ended is due again at once, its attempts are counted on, and it is in the trail', async () => {
    const one = await endpoint('acc_1');
    await happen('acc_1', 1);
    const [{ id } = { id: 0 }] = (await listed(one)).deliveries;
    const resend = (nowMs: number) => resendDelivery(store.db, nameOf(one), id, admin, nowMs);
    expect(await resend(NOW_MS)).toEqual({ kind: 'waiting' });
    for (const status of ['failed', 'delivered'] as const) {
      await end(status);
      await attempt(id, status === 'failed' ? 1 : 2);
      const nowMs = NOW_MS + (status === 'failed' ? 50 : 60);
      expect(await resend(nowMs)).toMatchObject({
        kind: 'sending',
        delivery: { id, status: 'pending', attempts: 1, nextAttemptAtMs: nowMs, endedAtMs: null },
      });
      expect(await rows('SELECT since_at_ms AS since, leased FROM deliveries')).toEqual([{ since: nowMs, leased: 0 }]);
      expect(await resend(nowMs)).toEqual({ kind: 'waiting' });
    }
    expect(await count(store.db, 'delivery_attempts')).toBe(2);
    const entries = await trail('webhook.resent');
    expect(entries.map(({ before, after }) => [before, after])).toMatchObject([
      [{ status: 'delivered' }, { endpoint: one.id, delivery: id, status: 'pending' }],
      [{ status: 'failed' }, { endpoint: one.id, delivery: id, status: 'pending' }],
    ]);
    expect(await resendDelivery(store.db, nameOf(one), id + 1, admin, NOW_MS)).toEqual({ kind: 'missing' });
  });

  it('nothing while the endpoint is disabled, and what is pending waits for it too', async () => {
    const one = await endpoint('acc_1');
    await happen('acc_1', 1);
    const [{ id } = { id: 0 }] = (await listed(one)).deliveries;
    await changeEndpoint(store.db, nameOf(one), { status: 'disabled' }, admin, NOW_MS);
    expect(await resendDelivery(store.db, nameOf(one), id, admin, NOW_MS)).toEqual({ kind: 'disabled' });
    await end('failed');
    expect(await resendDelivery(store.db, nameOf(one), id, admin, NOW_MS)).toEqual({ kind: 'disabled' });
    expect(await testEndpoint(store.db, nameOf(one), 'req_1', admin, NOW_MS)).toEqual({ kind: 'disabled' });
    expect(await rows('SELECT status FROM deliveries')).toEqual([{ status: 'failed' }]);
    expect([...(await trail('webhook.resent')), ...(await trail('webhook.tested'))]).toEqual([]);
  });

  it('no more than sixty times in a minute for an account, and for the operator ever so often', async () => {
    await createAccount(store.db, { id: 'acc_often', name: 'Often', plan: 'free' }, admin, NOW_MS);
    const [one, other, operators] = [await endpoint('acc_often'), await endpoint('acc_2'), await endpoint(null)];
    const nowMs = NOW_MS + 1_000_000;
    const test = (of: typeof one, atMs: number) => testEndpoint(store.db, nameOf(of), `req_${++made}`, admin, atMs);
    const { id } = sentOf(await test(one, nowMs));
    const resend = (atMs: number) => resendDelivery(store.db, nameOf(one), id, admin, atMs);
    for (let i = 1; i < 60; i += 2) {
      await end('delivered');
      if (i < 59) sentOf(await test(one, nowMs));
      sentOf(await resend(nowMs));
    }
    await end('delivered');
    expect(await test(one, nowMs + 59_999)).toEqual({ kind: 'often' });
    expect(await resend(nowMs + 59_999)).toEqual({ kind: 'often' });
    expect(await rows(`SELECT count(*) AS n FROM deliveries WHERE since_at_ms > ${nowMs}`)).toEqual([{ n: 0 }]);
    sentOf(await test(other, nowMs));
    for (let i = 0; i < 61; i++) sentOf(await test(operators, nowMs));
    sentOf(await resend(nowMs + 60_000));
    sentOf(await test(one, nowMs + 60_000));
  });

  it.each(['acc_1', null])('a test goes to its endpoint alone, whatever it takes, and once (%s)', async (owner) => {
    const one = await endpoint(owner, { events: ['key_created'] });
    await Promise.all([endpoint(owner), endpoint(null), endpoint('acc_2')]);
    made += 1;
    const test = () => testEndpoint(store.db, nameOf(one), `req_${made}`, admin, NOW_MS);
    const sent = await test();
    expect(sent).toMatchObject({ kind: 'sending', delivery: { endpointId: one.id, type: 'test', status: 'pending' } });
    expect(await test()).toEqual(sent);
    expect([await count(store.db, 'deliveries'), (await trail('webhook.tested')).length]).toEqual([1, 1]);
    expect(await trail('webhook.tested')).toMatchObject([{ accountId: owner, after: { endpoint: one.id } }]);
  });
});

describe('the end of an account', () => {
  /** Every text that tells of events. */
  async function texts(): Promise<string> {
    const tables = ['webhook_endpoints', 'webhook_secrets', 'deliveries', 'delivery_attempts', 'events'];
    return JSON.stringify(await Promise.all(tables.map((table) => rows(`SELECT * FROM ${table}`))));
  }

  it('is told to its endpoints and to the operator’s; its erasure takes out all but what the operator waits for', async () => {
    await store.db
      .prepare(`INSERT OR IGNORE INTO accounts (id, name, plan, status, created_at_ms)
      VALUES ('acc_3', 'Three', 'free', 'active', 1)`)
      .run();
    const [own, operators, others] = [await endpoint('acc_3'), await endpoint(null), await endpoint('acc_2')];
    await makeKey(store.db, { id: 'k_own', accountId: 'acc_3', label: 'laptop of ada' });
    await makeKey(store.db, { id: 'k_other', accountId: 'acc_2', label: 'laptop of bob' });
    await end('delivered');
    for (const { id } of await rows('SELECT id FROM deliveries')) await attempt(Number(id), 1, 'laptop of ada or bob');

    await closeAccount(store.db, 'acc_3', admin, NOW_MS);
    const pending =
      await rows(`SELECT d.endpoint_id AS id, e.type FROM deliveries AS d JOIN events AS e ON e.id = d.event_id
      WHERE d.status = 'pending' ORDER BY d.endpoint_id`);
    expect(pending).toEqual([own.id, operators.id].map((id) => ({ id, type: 'key_revoked' })));
    for (const { id } of await rows(`SELECT id FROM deliveries WHERE status = 'pending'`)) {
      await attempt(Number(id), 1, 'laptop of ada');
    }

    for (let i = 0; i < 2; i++) {
      await eraseAccountRows(store.db, 'acc_3', admin, NOW_MS);
      expect(await eraseTrail(store.db, 'acc_3')).toBe(false);
      expect(await eraseEvents(store.db, 'acc_3')).toBe(false);
      const left = await texts();
      expect(left.includes('laptop of ada"')).toBe(false);
      expect(
        await rows(`SELECT e.type, e.key ->> 'label' AS label, d.endpoint_id AS id, d.status
        FROM events AS e JOIN deliveries AS d ON d.event_id = e.id WHERE e.account_id = 'acc_3'`),
      ).toEqual([{ type: 'key_revoked', label: null, id: operators.id, status: 'pending' }]);
      expect(await rows(`SELECT id FROM webhook_endpoints ORDER BY id`)).toEqual(
        [operators.id, others.id].sort().map((id) => ({ id })),
      );
      expect((await rows(`SELECT id FROM webhook_secrets`)).length).toBe(2);
    }
    const entries = await listAudit(store.db, { accountId: 'acc_3', limit: 200, cursor: null });
    expect(JSON.stringify(entries)).not.toMatch(/laptop|hooks\.example/);
    expect(await count(store.db, 'delivery_attempts')).toBe(2);
    expect(await texts()).toContain('laptop of bob');
  });

  it('leaves in the trail where a leaked key was found', async () => {
    const about = { url: 'https://git.example.com/x', outcome: 'told' };
    made += 1;
    await noteOnce(
      store.db,
      { once: `${made}`, action: 'key.leaked', accountId: 'acc_1', keyId: null, about },
      admin,
      NOW_MS,
    );
    await endpoint('acc_1', { description: 'of ada' });
    await eraseTrail(store.db, 'acc_1');
    expect((await trail('key.leaked')).map(({ after }) => after)).toEqual([about]);
    expect((await trail('webhook.created')).map(({ after }) => Object.keys(after as object))).toEqual([
      ['endpoint', 'events'],
    ]);
  });
});
