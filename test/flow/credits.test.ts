import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { random } from '../meter/timeline.ts';
import { creditsOf, grantCredits, limitsOf, logOf, usageOf } from '../support/books.ts';
import { type Cluster, type IssuedKey, type Send, startCluster } from '../support/cluster.ts';
import { type Call, load } from '../support/load.ts';
import { deadUrl, readAll, startOrigin, type TestOrigin } from '../support/origin.ts';
import { type Json, type Reply, read } from '../support/reply.ts';

/*
 * Promise: an account pays what its requests cost, once, to the micro-credit. Credits are granted over the admin
 * route, spent over HTTP in eight isolates, and compared with what the origin says that it was asked for. Each test has
 * an account of its own, and mostly waits until all is settled: they run side by side.
 */

const ISOLATES = 8;
const DAY_MS = 86_400_000;
const FIXED = 1_000;
const HEADER_MOST = 2_000;
const USAGE_MOST = 5_000;
/** A lease of a gate ends after 4 s, and what isolates did not report of it is waited for 3 s more. */
const SETTLED = { timeout: 90_000, interval: 250 };

const EVERY = Array.from({ length: ISOLATES }, (_, isolate) => isolate);

let origin: TestOrigin;
let cluster: Cluster;
/** What each request cost by what the origin answered, by request id. */
const costs = new Map<string, number>();

async function policy(): Promise<Record<string, unknown>> {
  const origins = [{ url: origin.url }];
  const fixed = { from: 'fixed', micro: FIXED };
  return {
    error: { body: { reason: '{reason}', limits: '{limits}' } },
    environments: { test: { billed: false, quota: { requests: 5, window: '24h' } } },
    plans: { standard: {}, postpaid: { prepaid: false }, small: { quota: { requests: 3, window: 'month' } } },
    upstreams: [
      { name: 'fixed', path: '/fixed/**', origins, cost: fixed },
      { name: 'header', path: '/header/**', origins, cost: { from: 'header', name: 'x-cost', max_micro: HEADER_MOST } },
      { name: 'dead', path: '/dead/**', origins: [{ url: await deadUrl() }], cost: fixed },
      { name: 'late', path: '/late/**', timeout: '50ms', origins, cost: fixed },
      {
        name: 'chat',
        path: '/v1/**',
        origins,
        cost: {
          from: 'usage',
          // One micro-credit for a prompt token, two for a completion token.
          models: { '*': { prompt: 1_000_000, completion: 2_000_000 } },
          max_micro: USAGE_MOST,
          include_usage: true,
        },
      },
    ],
  };
}

const usageOfTokens = (prompt: number, completion: number) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
});
const chunk = (fields: Record<string, unknown>) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', ...fields })}\n\n`;
const delta = (content: string) => chunk({ choices: [{ index: 0, delta: { content } }] });

function routesOf({ routes }: TestOrigin): void {
  const rng = random(7);
  const note = (headers: Record<string, unknown>, cost: number) => costs.set(String(headers['x-request-id']), cost);
  routes.set('/fixed/x', ({ headers }, response) => {
    note(headers, FIXED);
    response.end('{}');
  });
  routes.set('/fixed/missing', ({ headers }, response) => {
    note(headers, 0);
    response.writeHead(404).end();
  });
  routes.set('/header/x', ({ headers }, response) => {
    const cost = Math.floor(rng.between(0, HEADER_MOST + 1));
    note(headers, cost);
    response.setHeader('x-cost', cost);
    response.end('{}');
  });
  routes.set('/header/dear', ({ headers }, response) => {
    note(headers, 3 * HEADER_MOST);
    response.setHeader('x-cost', 3 * HEADER_MOST);
    response.end('{}');
  });
  routes.set('/late/x', () => undefined);
  routes.set('/v1/chat/completions', async (request, response) => {
    const { stream } = JSON.parse(await readAll(request)) as { stream: boolean };
    const [prompt, completion] = [Math.floor(rng.between(1, 1_000)), Math.floor(rng.between(1, 2_000))];
    note(request.headers, prompt + 2 * completion);
    const usage = usageOfTokens(prompt, completion);
    response.setHeader('content-type', stream ? 'text/event-stream' : 'application/json');
    if (!stream) return response.end(JSON.stringify({ id: 'c', model: 'm', choices: [], usage }));
    return response.end(`${delta('Hello')}${chunk({ choices: [], usage })}data: [DONE]\n\n`);
  });
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

function send(key: string, path: string, isolate = 0, init: Send = {}): Promise<Response> {
  const headers = { ...bearer(key), ...init.headers };
  return cluster.send(path, { ...init, headers, address: `10.1.0.${isolate}` }, isolate);
}

function chat(key: string, isolate: number, stream: boolean, path = '/v1/chat/completions'): Promise<Response> {
  const body = JSON.stringify({ model: 'm', stream, max_tokens: 2_000, messages: [] });
  return send(key, path, isolate, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

const get = (key: string, path: string, isolate = 0): Promise<Reply> => read(send(key, path, isolate));

async function accountWith(micro: number, plan = 'standard'): Promise<string> {
  const account = await cluster.account('One', plan);
  if (micro > 0) await grantCredits(cluster, account, micro);
  return account;
}

const sum = (entries: readonly Json[]): number => entries.reduce((total, { micro }) => total + micro, 0);

/** The account as it stands, in which nothing is missing and nothing is twice. */
async function look(account: string, of = cluster): Promise<Json> {
  const now = await creditsOf(of, account);
  const { granted_micro: granted, balance_micro: balance, held_micro: held } = now;
  expect(balance + held + now.spent_micro + now.unreported_micro).toBe(granted);
  expect(now.movements.reduce((total: number, { micro }: Json) => total + micro, 0)).toBe(balance + held);
  expect(held).toBeGreaterThanOrEqual(0);
  return now;
}

/** Waits until nothing is held any more, and `requests` are recorded and paid. */
async function settled(account: string, requests: number, of = cluster): Promise<{ now: Json; log: Json[] }> {
  return vi.waitFor(async () => {
    const [now, log] = [await look(account, of), await logOf(of, account)];
    expect(log).toHaveLength(requests);
    expect([now.held_micro, now.unreported_micro, now.spent_micro]).toEqual([0, 0, sum(log)]);
    return { now, log };
  }, SETTLED);
}

beforeAll(async () => {
  origin = await startOrigin();
  routesOf(origin);
  cluster = await startCluster({ isolates: ISOLATES, origin, policy: await policy() });
});
afterAll(() => cluster.stop());

describe.concurrent('in eight isolates', () => {
  it('requests at fixed prices, at those that the origin tells, and by tokens are paid to the micro-credit', async () => {
    const account = await accountWith(300_000);
    const keys = await Promise.all([1, 2, 3].map(() => cluster.issue(account)));
    const rng = random(11);
    const call = (key: string, isolate: number) => {
      const kind = rng.between(0, 4);
      if (kind < 2) return chat(key, isolate, kind < 1);
      return send(key, kind < 3 ? '/fixed/x' : '/header/x', isolate);
    };
    const looks: Json[] = [];
    const watch = async (untilMs: number) => {
      while (performance.now() < untilMs) {
        looks.push(await look(account));
        await pause(200);
      }
    };
    const calls: Call[] = [];
    const count = (wanted: number) => calls.filter(({ status }) => status === wanted).length;
    // Once, but on a busy machine.
    while (count(402) === 0 || count(200) <= 100 || looks.length <= 20) {
      const untilMs = performance.now() + 12_000;
      const demand = load(() => cluster, { keys, perSecond: 40, call }, rng, untilMs);
      calls.push(...(await Promise.all([demand, watch(untilMs)]))[0]);
    }
    const passed = calls.filter(({ status }) => status === 200);
    const refused = calls.filter(({ status }) => status !== 200);
    const { now, log } = await settled(account, calls.length);

    expect(new Set(refused.map(({ status, reason }) => `${status} ${reason}`))).toEqual(
      new Set(['402 credits_exhausted']),
    );
    // Nothing has cost more than it had reserved.
    for (const { balance_micro: balance } of [...looks, now]) expect(balance).toBeGreaterThanOrEqual(0);
    const told = passed.map(({ requestId }) => [requestId, costs.get(requestId)]);
    const paid = log.filter(({ reason }) => reason === null).map(({ request_id: id, micro }) => [id, micro]);
    expect(new Map(paid as never)).toEqual(new Map(told as never));
    expect(now.spent_micro).toBe(sum(log));
    const usage = await usageOf(cluster, account);
    expect([usage.micro, usage.requests]).toEqual([sum(log), log.length]);
    const tokens = log.reduce((all, each) => all + each.prompt_tokens + 2 * each.completion_tokens, 0);
    expect(usage.prompt_tokens + 2 * usage.completion_tokens).toBe(tokens);
    expect(tokens).toBe(sum(log.filter(({ path }) => path === '/v1/chat/completions')));
  });

  it('a prepaid account is spent to the last micro-credit, and a top-up that was answered admits at once', async () => {
    const account = await accountWith(60 * FIXED);
    const keys = await Promise.all([1, 2, 3].map(() => cluster.issue(account)));
    for (const isolate of EVERY) await cluster.steer(isolate, 'delays', { seed: isolate, maxMs: 10 });
    const rng = random(12);
    const call = (key: string, isolate: number) => send(key, '/fixed/x', isolate);
    let requests = 0;
    let admitted = 0;
    await vi.waitFor(async () => {
      const calls = await load(() => cluster, { keys, perSecond: 60, call }, rng, performance.now() + 1_000);
      requests += calls.length;
      admitted += calls.filter(({ status }) => status === 200).length;
      expect(admitted).toBe(60);
    }, SETTLED);
    expect((await settled(account, requests)).now).toMatchObject({ balance_micro: 0, spent_micro: 60 * FIXED });

    const everywhere = () =>
      Promise.all(EVERY.flatMap((isolate) => keys.map(({ key }) => get(key, '/fixed/x', isolate))));
    for (const { status, body, headers } of await everywhere()) {
      expect([status, body.reason, headers.get('retry-after')]).toEqual([402, 'credits_exhausted', null]);
    }
    for (let round = 0; round < 2; round++) {
      await grantCredits(cluster, account, 500 * FIXED, round);
      for (const { status } of await everywhere()) expect(status).toBe(200);
      await grantCredits(cluster, account, -500 * FIXED + EVERY.length * keys.length * FIXED, round);
      await vi.waitFor(async () => {
        const { balance_micro: balance, held_micro: held } = await look(account);
        expect([balance, held]).toEqual([0, 0]);
      }, SETTLED);
      for (const { status } of await everywhere()) expect(status).toBe(402);
    }
    for (const isolate of EVERY) await cluster.steer(isolate, 'delays', { maxMs: 0 });
  });

  it('the balance falls below zero only by what requests cost more than they had reserved, and then admits nothing', async () => {
    const account = await accountWith(5 * HEADER_MOST);
    const { key } = await cluster.issue(account);
    const first = await Promise.all(EVERY.map((isolate) => get(key, '/header/dear', isolate)));
    const admitted = first.filter(({ status }) => status === 200).length;
    expect(admitted).toBeGreaterThan(0);
    expect(admitted).toBeLessThanOrEqual(5);
    const { now } = await settled(account, EVERY.length);
    expect(now.balance_micro).toBe((5 - 3 * admitted) * HEADER_MOST);
    await grantCredits(cluster, account, -Math.min(0, now.balance_micro));
    for (const isolate of EVERY) expect((await get(key, '/header/x', isolate)).status).toBe(402);
    await grantCredits(cluster, account, EVERY.length * HEADER_MOST);
    expect((await get(key, '/header/x')).status).toBe(200);
  });
});

describe.concurrent('what costs nothing', () => {
  it('are 502, 504 and errors of the origin; they count as requests', async () => {
    const account = await accountWith(10 * FIXED);
    const { key } = await cluster.issue(account);
    const paths = { '/dead/x': 502, '/late/x': 504, '/fixed/missing': 404 };
    for (const [path, status] of Object.entries(paths)) expect((await get(key, path)).status).toBe(status);
    const { now, log } = await settled(account, 3);
    expect(log.map(({ micro, status, reason }) => [micro, status, reason])).toEqual([
      [0, 502, 'upstream_unreachable'],
      [0, 504, 'upstream_timeout'],
      [0, 404, null],
    ]);
    expect([now.balance_micro, now.spent_micro]).toEqual([10 * FIXED, 0]);
  });

  it('are the keys of the environment "test", which have a quota of their own and never touch the balance', async () => {
    const account = await accountWith(2 * FIXED, 'small');
    const [test, live] = await Promise.all([
      cluster.issue(account, { environment: 'test' }),
      cluster.issue(account, { environment: 'live' }),
    ]);
    const seen: Reply[] = [];
    for (let n = 0; n < 7; n++) seen.push(await get(test.key, '/fixed/x', n));
    expect(seen.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429]);
    expect(seen.at(-1)?.body).toMatchObject({ reason: 'plan_quota', limits: ['quota.test'] });
    for (let n = 0; n < 2; n++) expect((await get(live.key, '/fixed/x', n)).status).toBe(200);
    expect((await get(live.key, '/fixed/x')).body).toMatchObject({ reason: 'credits_exhausted', limits: ['credits'] });
    const { now, log } = await settled(account, 10);
    expect(now).toMatchObject({ balance_micro: 0, spent_micro: 2 * FIXED });
    expect(sum(log.filter(({ environment }) => environment === 'test'))).toBe(0);
    const { limits } = await limitsOf(cluster, account);
    expect(limits).toMatchObject([
      { name: 'quota', limit: 3, remaining: 1 },
      { name: 'quota.test', limit: 5, remaining: 0 },
      { name: 'credits', remaining: 0 },
    ]);
  });
});

describe.concurrent('caps', () => {
  it('a budget holds for a billing month from the account’s anchor, over eight isolates', async () => {
    const moved = await startCluster({ isolates: ISOLATES, origin, policy: await policy() });
    try {
      const account = await moved.account('One', 'postpaid');
      const { key } = await moved.issue(account);
      const anchor = new Date(Date.now() - 10 * DAY_MS).toISOString();
      const set = { budget_micro: 5 * FIXED, billing_anchor: anchor };
      expect((await moved.admin('PATCH', `/accounts/${account}`, set)).status).toBe(200);
      const call = (isolate: number) => read(moved.send('/fixed/x', { headers: bearer(key) }, isolate));
      const everywhere = () => Promise.all([...EVERY, ...EVERY].map(call));
      const first = await everywhere();
      expect(first.filter(({ status }) => status === 200)).toHaveLength(5);
      const refused = await call(0);
      expect([refused.status, refused.body.reason]).toEqual([402, 'budget_exhausted']);
      const endsAtMs = Date.parse((await creditsOf(moved, account)).month.ends_at);
      // What is on its way while days pass would be unreported for good.
      await settled(account, 17, moved);
      await moved.moveTime(endsAtMs - Date.now() - 60_000);
      expect((await call(1)).status).toBe(402);
      await moved.moveTime(endsAtMs - Date.now() + 2_000);
      const second = await everywhere();
      expect(second.filter(({ status }) => status === 200)).toHaveLength(5);
      const { now, log } = await settled(account, 34, moved);
      expect(now).toMatchObject({
        spent_micro: 10 * FIXED,
        month: { spent_micro: 5 * FIXED, budget_micro: 5 * FIXED },
      });
      expect(sum(log)).toBe(10 * FIXED);
    } finally {
      await moved.kill();
    }
  });

  it('a key has quotas in credits of its own, in total and rolling, and another key of the account has none', async () => {
    const account = await accountWith(100 * FIXED);
    const keys = await Promise.all([
      cluster.issue(account, { credit_quotas: { total: 4 * FIXED } }),
      cluster.issue(account, { credit_quotas: { daily: 3 * FIXED, weekly: 50 * FIXED } }),
      cluster.issue(account),
    ]);
    const answers = await Promise.all(
      keys.map(({ key }) => Promise.all([...EVERY, ...EVERY].map((isolate) => get(key, '/fixed/x', isolate)))),
    );
    const admitted = answers.map((seen) => seen.filter(({ status }) => status === 200).length);
    expect(admitted).toEqual([4, 3, 16]);
    const [total, daily] = answers.map((seen) => seen.find(({ status }) => status !== 200)?.body);
    expect([total.reason, total.limits]).toEqual(['quota_total', ['credits_total']]);
    expect([daily.reason, daily.limits]).toEqual(['quota_daily', ['credits_daily']]);
    expect((await settled(account, 48)).now).toMatchObject({ balance_micro: 77 * FIXED, spent_micro: 23 * FIXED });
  });

  it('a plan that is not prepaid counts what is spent and refuses nothing', async () => {
    const account = await accountWith(0, 'postpaid');
    const { key } = await cluster.issue(account);
    for (const isolate of EVERY) expect((await get(key, '/fixed/x', isolate)).status).toBe(200);
    const { now } = await settled(account, EVERY.length);
    expect(now).toMatchObject({ granted_micro: 0, spent_micro: 8 * FIXED, balance_micro: -8 * FIXED });
  });
});

describe.concurrent('a client that leaves early', () => {
  /** Reads one event of a stream that the test ends, and leaves. */
  async function leave(key: IssuedKey, end: (response: ServerResponse) => void): Promise<void> {
    let answering: ServerResponse | undefined;
    const path = `/v1/slow/${key.id}`;
    origin.routes.set(path, (_, response) => {
      answering = response;
      response.setHeader('content-type', 'text/event-stream');
      response.write(delta('Hello'));
    });
    const abort = new AbortController();
    const body = JSON.stringify({ model: 'm', stream: true, max_tokens: 2_000, messages: [] });
    const response = await send(key.key, path, 0, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: abort.signal,
    });
    await response.body?.getReader().read();
    abort.abort();
    for (let n = 0; n < 20; n++) {
      await pause(20);
      answering?.write(delta('more '.repeat(100)));
    }
    if (answering !== undefined) end(answering);
  }

  it('is charged what its request cost, once', async () => {
    const account = await accountWith(100_000);
    const key = await cluster.issue(account);
    const usage = usageOfTokens(11, 22);
    await leave(key, (response) => response.end(`${chunk({ choices: [], usage })}data: [DONE]\n\n`));
    const { now, log } = await settled(account, 1);
    expect(log).toMatchObject([{ micro: 55, prompt_tokens: 11, completion_tokens: 22, reason: null }]);
    expect(now).toMatchObject({ spent_micro: 55, balance_micro: 100_000 - 55 });
  });

  it('is charged what its request had reserved where the cost is never told, once', async () => {
    const account = await accountWith(100_000);
    const key = await cluster.issue(account);
    await leave(key, (response) => response.destroy());
    const { now, log } = await settled(account, 1);
    // 2,000 completion tokens at two micro-credits, and each byte of the body as a prompt token.
    const most = 4_000 + JSON.stringify({ model: 'm', stream: true, max_tokens: 2_000, messages: [] }).length;
    expect(log).toMatchObject([{ micro: most, reason: null }]);
    expect(now).toMatchObject({ spent_micro: most, balance_micro: 100_000 - most });
  });
});

describe.concurrent('a revocation', () => {
  it('refunds nothing, prorates nothing, and touches no other key', async () => {
    const account = await accountWith(100 * FIXED);
    const [gone, other] = await Promise.all([cluster.issue(account), cluster.issue(account)]);
    for (const isolate of EVERY) {
      for (const { key } of [gone, other]) expect((await get(key, '/fixed/x', isolate)).status).toBe(200);
    }
    expect((await cluster.admin('POST', `/keys/${gone.id}/revoke`)).status).toBe(204);
    for (const isolate of EVERY) {
      expect((await get(gone.key, '/fixed/x', isolate)).status).toBe(401);
      expect((await get(other.key, '/fixed/x', isolate)).status).toBe(200);
    }
    const { now, log } = await settled(account, 32);
    expect(now).toMatchObject({ granted_micro: 100 * FIXED, spent_micro: 24 * FIXED, balance_micro: 76 * FIXED });
    expect(now.movements.map(({ kind }: Json) => kind).sort()).toEqual(['grant', 'spent']);
    expect(sum(log.filter(({ key }) => key === gone.id))).toBe(8 * FIXED);
  });
});

describe.concurrent('a batch whose answer was lost', () => {
  it('is sent again, and recorded, counted and paid once', async () => {
    const objects = join(import.meta.dirname, '../support/deaf-objects-worker.ts');
    const deaf = await startCluster({ isolates: 2, origin, policy: await policy(), objects });
    try {
      const account = await deaf.account();
      await grantCredits(deaf, account, 100 * FIXED);
      const { key } = await deaf.issue(account);
      for (let n = 0; n < 20; n++) {
        expect((await read(deaf.send('/fixed/x', { headers: bearer(key) }, n % 2))).status).toBe(200);
      }
      const { now, log } = await settled(account, 20, deaf);
      // Long enough for every batch to have come again.
      await pause(2_500);
      const records = await Promise.all([0, 1].map(async (isolate) => (await deaf.calls(isolate))['ledger.record']));
      expect(records.every((calls) => calls !== undefined && calls >= 2)).toBe(true);
      expect(now).toMatchObject({ spent_micro: 20 * FIXED, balance_micro: 80 * FIXED });
      expect(await creditsOf(deaf, account)).toEqual(now);
      expect(await logOf(deaf, account)).toEqual(log);
      expect((await usageOf(deaf, account)).requests).toBe(20);
    } finally {
      await deaf.kill();
    }
  });
});
