import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { addEndpoint, type EndpointFields, LOCAL } from '../../support/endpoints.ts';
import { type Arrival, newSecret, type Receiver, startReceiver } from '../../support/receiver.ts';

/*
 * Promise: a delivery arrives signed, the same at each attempt, at nobody but its endpoint; it is over when the receiver
 * has said so, and what was sent and answered is kept. Each test has an account and receivers of its own.
 */

let cluster: Cluster;
let db: D1Database;
const open: Receiver[] = [];

beforeAll(async () => {
  cluster = await startCluster({ policy: { webhooks: { ...LOCAL, retries: ['50ms', '50ms'], timeout: '4s' } } });
  db = await cluster.database();
});
afterAll(async () => {
  await Promise.all(open.map((receiver) => receiver.stop()));
  await cluster.stop();
});

/** A receiver with an endpoint of an account (its own unless given) that knows its secret. */
async function subscribed(fields: EndpointFields & { owner?: 'operator' } = {}) {
  const receiver = await startReceiver();
  open.push(receiver);
  const { owner, ...rest } = fields;
  const account = fields.accountId ?? (await cluster.account());
  const endpoint = await addEndpoint(
    cluster,
    receiver.url,
    owner === 'operator' ? rest : { ...rest, accountId: account },
  );
  receiver.secrets.push(endpoint.secret);
  return { receiver, account, endpoint: endpoint.id };
}

interface AttemptRow {
  readonly number: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly request: { readonly url: string; readonly headers: Record<string, string>; readonly body: string };
  readonly response: { readonly headers: Record<string, string>; readonly body: string } | null;
}

/** The attempts of an endpoint that are recorded, once there are `many`. */
async function attemptsOf(endpoint: string, many: number): Promise<AttemptRow[]> {
  for (;;) {
    const { results } = await db
      .prepare(
        `SELECT a.number, a.status, a.error, a.request, a.response FROM deliveries AS d
         JOIN delivery_attempts AS a ON a.delivery_id = d.id WHERE d.endpoint_id = ? ORDER BY d.id, a.number`,
      )
      .bind(endpoint)
      .all<Record<string, string>>();
    if (results.length >= many) {
      return results.map((row) => ({
        ...(row as unknown as AttemptRow),
        request: JSON.parse(row.request ?? 'null'),
        response: JSON.parse(row.response ?? 'null'),
      }));
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The n-th attempt is answered by the n-th of these, and those after them by 204. */
function answering(receiver: Receiver, ...replies: Parameters<typeof inTurn>[1]) {
  receiver.answer = inTurn(receiver, replies);
}
function inTurn(receiver: Receiver, replies: readonly Awaited<ReturnType<Receiver['answer']>>[]): Receiver['answer'] {
  return () => replies[receiver.arrivals.length - 1] ?? 204;
}
const accepted = (arrivals: readonly Arrival[]) => arrivals.some((arrival) => arrival.accepted);

describe.concurrent('a delivery', () => {
  it('arrives with the headers of Standard Webhooks, signed by each secret that is valid', async () => {
    const old = newSecret();
    const { receiver, account, endpoint } = await subscribed({ secrets: [newSecret(), old] });
    const { id } = await cluster.issue(account);
    await receiver.until(accepted);
    const [arrival] = receiver.arrivals;
    expect(receiver.arrivals).toMatchObject([{ type: 'key_created', key: id, sequence: 1, verified: true }]);
    expect(arrival?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'Keystile-Webhooks/1' });
    expect(JSON.parse(arrival?.body ?? '')).toMatchObject({ id: arrival?.id, data: { account, key: { id } } });
    expect(arrival?.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/);
    const headers = arrival?.headers as Record<string, string>;
    expect(() => new Webhook(old).verify(arrival?.body ?? '', headers)).not.toThrow();
    expect(() => new Webhook(newSecret()).verify(arrival?.body ?? '', headers)).toThrow('No matching signature');
    const [attempt] = await attemptsOf(endpoint, 1);
    expect(attempt).toMatchObject({ number: 1, status: 204, error: null, response: { body: '' } });
    expect(attempt?.request).toMatchObject({ url: receiver.url, body: arrival?.body });
    expect(headers).toMatchObject(attempt?.request.headers ?? {});
  });

  it('is tried again with the same id and the same body until it is taken, whatever goes wrong', async () => {
    const { receiver, account, endpoint } = await subscribed();
    answering(receiver, { status: 500, body: 'not now' }, 'cut');
    await cluster.issue(account);
    await receiver.until(accepted);
    expect(new Set(receiver.arrivals.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
    expect(receiver.arrivals.map(({ verified }) => verified)).toEqual([true, true, true]);
    expect(await attemptsOf(endpoint, 3)).toMatchObject([
      { number: 1, status: 500, error: null, response: { body: 'not now' } },
      { number: 2, status: null, error: 'connection_failed', response: null },
      { number: 3, status: 204, error: null },
    ]);
    const row = await db.prepare('SELECT * FROM deliveries WHERE endpoint_id = ?').bind(endpoint).first();
    expect(row).toMatchObject({ status: 'delivered', attempts: 3, leased: 0 });
    const state = await db.prepare('SELECT * FROM webhook_endpoints WHERE id = ?').bind(endpoint).first();
    expect(state).toMatchObject({ status: 'active', failures: 0, failing_since_at_ms: null, resumes_at_ms: 0 });
  });

  it('counts only if the whole answer comes in time', async () => {
    const { receiver, account, endpoint } = await subscribed();
    answering(receiver, 'hang', { status: 200, body: 'and', isEndless: true });
    await cluster.issue(account);
    await receiver.until(accepted);
    expect(await attemptsOf(endpoint, 3)).toMatchObject([
      { status: null, error: 'timeout', response: null },
      { status: 200, error: 'timeout' },
      { status: 204, error: null },
    ]);
  });

  it('is not led elsewhere', async () => {
    const elsewhere = await startReceiver();
    open.push(elsewhere);
    const { receiver, account, endpoint } = await subscribed();
    const headers = { location: `${elsewhere.url}stolen` };
    answering(receiver, { status: 302, headers }, { status: 307, headers });
    await cluster.issue(account);
    await receiver.until(accepted);
    expect(await attemptsOf(endpoint, 3)).toMatchObject([
      { status: 302, error: null, response: { headers } },
      { status: 307, error: null },
      { status: 204 },
    ]);
    expect(elsewhere.arrivals).toEqual([]);
  });

  it('is sent whole, and of what was sent and answered is kept the beginning; more of an answer is not read', async () => {
    const { receiver, account, endpoint } = await subscribed();
    answering(receiver, { status: 200, body: 'ü'.repeat(500_000), isEndless: true });
    const about = JSON.stringify({ endpoint, note: 'x' });
    await db
      .prepare(
        `INSERT INTO audit (at_ms, actor, action, account_id, key_id, after) VALUES (?, ?, 'key.deactivated', ?, 'key_x', ?)`,
      )
      .bind(Date.now(), `member:${'m'.repeat(9_000)}`, account, about)
      .run();
    await (await cluster.queue()).send({ kind: 'wake' });
    await receiver.until(accepted);
    const [arrival] = receiver.arrivals;
    expect(arrival).toMatchObject({ verified: true, type: 'key_deactivated' });
    expect(arrival?.body.length).toBeGreaterThan(9_000);
    const [attempt] = await attemptsOf(endpoint, 1);
    expect(attempt).toMatchObject({ status: 200, error: null });
    expect(attempt?.request.body).toBe(arrival?.body.slice(0, 4_096));
    expect(attempt?.response?.body).toBe('ü'.repeat(2_048));
  });

  it('keeps the headers of an answer but for what is very long', async () => {
    const { receiver, account, endpoint } = await subscribed();
    const many = Array.from({ length: 20 }, (_, i) => [`x-${i}-${'n'.repeat(400)}`, 'v'] as const);
    const headers = { ...Object.fromEntries(many), 'a-long': 'y'.repeat(2_000), 'z-short': 'z' };
    answering(receiver, { status: 200, headers });
    await cluster.issue(account);
    const [attempt] = await attemptsOf(endpoint, 1);
    const kept = attempt?.response?.headers ?? {};
    expect(kept).toMatchObject({ 'a-long': 'y'.repeat(500), 'z-short': 'z' });
    expect(Object.entries(kept).join('').length).toBeLessThan(4_200);
  });

  it('goes to the endpoints that take its type, of its account and of the operator', async () => {
    const operator = await subscribed({ owner: 'operator', events: ['key_revoked'] });
    const { receiver, account } = await subscribed({ events: ['key_revoked', 'key_updated'] });
    const other = await subscribed();
    const { id } = await cluster.issue(account);
    expect((await cluster.admin('POST', `/keys/${id}/revoke`)).status).toBe(204);
    await receiver.until(accepted);
    await operator.receiver.until((all) => all.some(({ key }) => key === id));
    expect(receiver.arrivals).toMatchObject([{ type: 'key_revoked', key: id, sequence: 2 }]);
    const seen = operator.receiver.arrivals.find(({ key }) => key === id);
    expect(seen).toMatchObject({ type: 'key_revoked', sequence: 2, verified: true, id: receiver.arrivals[0]?.id });
    expect(seen?.body).toBe(receiver.arrivals[0]?.body);
    expect(other.receiver.arrivals).toEqual([]);
  });

  it('that is never taken is given up, and the operator told', async () => {
    const operator = await subscribed({ owner: 'operator', events: ['dead_letter'] });
    const { receiver, account, endpoint } = await subscribed();
    receiver.answer = () => 503;
    await cluster.issue(account);
    await operator.receiver.until((all) => all.some(({ body }) => body.includes(endpoint)));
    expect(receiver.arrivals).toHaveLength(3);
    expect(await attemptsOf(endpoint, 3)).toHaveLength(3);
    const row = await db.prepare('SELECT * FROM deliveries WHERE endpoint_id = ?').bind(endpoint).first();
    expect(row).toMatchObject({ status: 'failed', attempts: 3, leased: 0, ended_at_ms: expect.any(Number) });
    const letter = operator.receiver.arrivals.find(({ body }) => body.includes(endpoint));
    expect(letter).toMatchObject({ type: 'dead_letter', sequence: null, verified: true });
    expect(JSON.parse(letter?.body ?? '').data).toMatchObject({ endpoint, account, cause: 'attempts' });
  });

  it('that is answered by 410 is the last one of its endpoint, and its owner is told by the others', async () => {
    const { receiver, account, endpoint } = await subscribed();
    const second = await subscribed({ accountId: account, events: ['endpoint_disabled'] });
    answering(receiver, 410);
    await cluster.issue(account);
    await second.receiver.until(accepted);
    expect(second.receiver.arrivals).toMatchObject([{ type: 'endpoint_disabled', verified: true }]);
    const state = await db.prepare('SELECT * FROM webhook_endpoints WHERE id = ?').bind(endpoint).first();
    expect(state).toMatchObject({ status: 'disabled', disabled_by: 'gone' });
    await cluster.issue(account);
    await cluster.schedule();
    const { results } = await db.prepare('SELECT status FROM deliveries WHERE endpoint_id = ?').bind(endpoint).all();
    // What it has not taken waits for it; what came later is not for it.
    expect(results).toEqual([{ status: 'pending' }]);
    expect(receiver.arrivals).toHaveLength(1);
  });

  it('that the endpoint before another URL answers by 410 leaves the endpoint as it is', async () => {
    const { receiver, account, endpoint } = await subscribed();
    const moved = await startReceiver(...receiver.secrets);
    open.push(moved);
    const answer = Promise.withResolvers<number>();
    receiver.answer = () => answer.promise;
    await cluster.issue(account);
    await receiver.until((all) => all.length === 1);
    await db.prepare('UPDATE webhook_endpoints SET url = ? WHERE id = ?').bind(moved.url, endpoint).run();
    answer.resolve(410);
    await moved.until(accepted);
    expect(moved.arrivals[0]).toMatchObject({ id: receiver.arrivals[0]?.id, verified: true });
    const state = await db.prepare('SELECT * FROM webhook_endpoints WHERE id = ?').bind(endpoint).first();
    expect(state).toMatchObject({ status: 'active', failures: 0 });
  });

  it('whose secret cannot be read is not sent unsigned', async () => {
    const { receiver, account, endpoint } = await subscribed();
    await db.prepare('UPDATE webhook_secrets SET key_version = 9 WHERE endpoint_id = ?').bind(endpoint).run();
    await cluster.issue(account);
    const unsigned = { status: null, error: 'not_signed', response: null };
    expect(await attemptsOf(endpoint, 3)).toMatchObject([unsigned, unsigned, unsigned]);
    expect(receiver.arrivals).toEqual([]);
  });
});
