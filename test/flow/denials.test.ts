import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DENIAL_REASONS, type DenialReason } from '../../src/decision/denial.ts';
import { ADMIN_TOKEN, type Cluster, READ_TOKEN, type Send, startCluster } from '../support/cluster.ts';
import { unissuedKey } from '../support/keys.ts';
import { deadUrl, startOrigin, type TestOrigin } from '../support/origin.ts';
import { type Json, type Reply, read, status } from '../support/reply.ts';

/*
 * Every denial that can occur, of both presets, as a client sees it: produced over HTTP, asserted by status, body and
 * headers.
 */

const TEMP_KEY = '/api/v1/onboarding/temp-key';
const AUDIENCE = 'test-audience';
const PHRASES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};
const BEARER = 'Bearer realm="keystile"';
const INVALID = `${BEARER}, error="invalid_token"`;
const SCOPE = `${BEARER}, error="insufficient_scope"`;

/** A gateway of one preset, and what is needed to be refused by it in every way. */
class Lab {
  readonly preset: string;
  readonly cluster: Cluster;
  readonly account: string;
  readonly assertion: string;
  #addresses = 0;

  constructor(preset: string, cluster: Cluster, account: string, assertion: string) {
    this.preset = preset;
    this.cluster = cluster;
    this.account = account;
    this.assertion = assertion;
  }

  address(): string {
    return `203.0.113.${++this.#addresses}`;
  }

  send(path: string, init: Send = {}): Promise<Reply> {
    return read(this.cluster.send(path, { address: this.address(), ...init }));
  }

  call(key: string, path = '/v1/x', init: Send = {}): Promise<Reply> {
    return this.send(path, { ...init, headers: { authorization: `Bearer ${key}` } });
  }

  admin(method: string, path: string, body?: unknown, token = ADMIN_TOKEN): Promise<Reply> {
    return read(this.cluster.admin(method, path, body, 0, token));
  }

  async key(fields: Record<string, unknown> = {}): Promise<string> {
    return (await this.cluster.issue(this.account, fields)).key;
  }

  /** The answer to the second of two calls. */
  async twice(fields: Record<string, unknown>): Promise<Reply> {
    const key = await this.key(fields);
    expect((await this.call(key)).status).toBe(200);
    return this.call(key);
  }

  /** A new account on a plan, and a key of it. */
  async keyOf(plan: string, fields: Record<string, unknown> = {}): Promise<{ account: string; key: string }> {
    const account = await this.cluster.account('One', plan);
    return { account, key: (await this.cluster.issue(account, fields)).key };
  }

  /** The answer to the second of two calls with a key of a plan. */
  async twiceOf(plan: string, fields: Record<string, unknown> = {}): Promise<Reply> {
    const { key } = await this.keyOf(plan, fields);
    expect((await this.call(key)).status).toBe(200);
    return this.call(key);
  }

  /** Grants credits under one idempotency key. */
  grant(account: string, micro: number): Promise<Reply> {
    const headers = {
      authorization: `Bearer ${ADMIN_TOKEN}`,
      'content-type': 'application/json',
      'idempotency-key': 'invoice-7',
    };
    const body = JSON.stringify({ micro });
    return this.send(`/admin/v1/accounts/${account}/credits`, { method: 'POST', headers, body });
  }

  async trialKey(address = this.address()): Promise<string> {
    return (await this.send(TEMP_KEY, { method: 'POST', address })).body.api_key;
  }

  async change(action: string): Promise<Reply> {
    const { key, id } = await this.cluster.issue(this.account);
    await this.admin('POST', `/keys/${id}/${action}`);
    return this.call(key);
  }

  /** Rows of keys that no gate has heard of, more than one call can bring into force. */
  async crowd(n: number): Promise<string> {
    const owner = await this.cluster.account();
    const db = await this.cluster.database();
    await db
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
         INSERT INTO keys (id, account_id, environment, role, status, generation, quotas, prefix, created_at_ms)
         SELECT 'key_crowd' || i, ?1, 'live', 'developer', 'active', 1, '{}', 'x' || i, i FROM n`,
      )
      .bind(owner, n)
      .run();
    return owner;
  }
}

interface Row {
  /** Status and code of the presets. */
  readonly keystile: readonly [status: number, code: string];
  readonly wavis: readonly [status: number, code: string];
  readonly make: (lab: Lab) => Promise<Reply>;
  readonly challenge?: string;
  readonly limits?: readonly string[];
  /** What the body says beside the error. */
  readonly also?: readonly string[];
}

const LOCKED = [429, 'BRUTE_FORCE_LOCKOUT'] as const;
const INVALID_KEY = [401, 'INVALID_API_KEY'] as const;
const UNAVAILABLE = [503, 'SERVICE_UNAVAILABLE'] as const;
/** What no code gives yet: members and sessions come with later issues. */
const LATER = 'later';

const ROWS: Readonly<Record<DenialReason, Row | typeof LATER>> = {
  missing_credential: {
    keystile: [401, 'missing_api_key'],
    wavis: [401, 'MISSING_AUTH_HEADER'],
    challenge: BEARER,
    make: (lab) => lab.send('/v1/x'),
  },
  malformed: {
    keystile: [401, 'invalid_api_key'],
    wavis: INVALID_KEY,
    challenge: INVALID,
    make: (lab) => lab.call('no-key'),
  },
  unknown: {
    keystile: [401, 'invalid_api_key'],
    wavis: INVALID_KEY,
    challenge: INVALID,
    make: (lab) => lab.call(unissuedKey(lab.preset)),
  },
  revoked: {
    keystile: [401, 'api_key_revoked'],
    wavis: INVALID_KEY,
    challenge: INVALID,
    make: (lab) => lab.change('revoke'),
  },
  inactive: {
    keystile: [401, 'api_key_inactive'],
    wavis: INVALID_KEY,
    challenge: INVALID,
    make: (lab) => lab.change('deactivate'),
  },
  expired: {
    keystile: [401, 'api_key_expired'],
    wavis: INVALID_KEY,
    challenge: INVALID,
    async make(lab) {
      const key = await lab.key({ expires_at: new Date(Date.now() + 60_000).toISOString() });
      await lab.cluster.moveTime(60_000);
      return lab.call(key);
    },
  },
  grace_ended: {
    keystile: [401, 'api_key_rotated'],
    wavis: INVALID_KEY,
    challenge: INVALID,
    // As a rotation leaves the older secret; the route for it comes later.
    async make(lab) {
      const { key, id } = await lab.cluster.issue(lab.account);
      const db = await lab.cluster.database();
      await db.prepare('UPDATE secrets SET grace_ends_at_ms = 1 WHERE key_id = ?').bind(id).run();
      return lab.call(key);
    },
  },
  account_suspended: {
    keystile: [403, 'account_suspended'],
    wavis: [403, 'ACCOUNT_SUSPENDED'],
    async make(lab) {
      const owner = await lab.cluster.account();
      const { key } = await lab.cluster.issue(owner);
      await lab.admin('POST', `/accounts/${owner}/suspend`);
      return lab.call(key);
    },
  },
  role_forbidden: {
    keystile: [403, 'insufficient_role'],
    wavis: [403, 'INSUFFICIENT_ROLE'],
    challenge: SCOPE,
    make: async (lab) => lab.call(await lab.key({ role: 'viewer' }), '/v1/x', { method: 'POST' }),
  },
  address_forbidden: {
    keystile: [403, 'address_not_allowed'],
    wavis: [403, 'ADDRESS_NOT_ALLOWED'],
    make: async (lab) => lab.call(await lab.key({ addresses: ['192.0.2.0/31', '2001:db8::/32'] })),
  },
  address_missing: {
    keystile: [400, 'client_address_missing'],
    wavis: [400, 'CLIENT_ADDRESS_MISSING'],
    make: async (lab) => lab.call(await lab.key(), '/v1/x', { address: null }),
  },
  secret_locked: {
    keystile: [429, 'key_locked_out'],
    wavis: LOCKED,
    async make(lab) {
      const key = unissuedKey(lab.preset);
      for (let i = 0; i < 10; i++) await lab.call(key);
      return lab.call(key);
    },
  },
  ip_locked: {
    keystile: [429, 'address_locked_out'],
    wavis: LOCKED,
    async make(lab) {
      const address = lab.address();
      for (let i = 0; i < 20; i++) await lab.call('no-key', '/v1/x', { address });
      return lab.call(await lab.key(), '/v1/x', { address });
    },
  },
  rate_limited: {
    keystile: [429, 'rate_limited'],
    wavis: [429, 'RATE_LIMITED'],
    limits: ['rate'],
    make: (lab) => lab.twice({ rate_limit_per_minute: 1 }),
  },
  public_rate_limited: {
    keystile: [429, 'rate_limited'],
    wavis: [429, 'RATE_LIMITED'],
    async make(lab) {
      const address = lab.address();
      expect((await lab.send('/open/x', { address })).status).toBe(200);
      return lab.send('/open/x', { address });
    },
  },
  quota_total: {
    keystile: [403, 'quota_total_reached'],
    wavis: [403, 'QUOTA_EXCEEDED'],
    limits: ['total', 'daily'],
    make: (lab) => lab.twice({ quotas: { total: 1, daily: 1, weekly: 5 } }),
  },
  quota_daily: {
    keystile: [429, 'quota_daily_reached'],
    wavis: [429, 'QUOTA_EXCEEDED'],
    limits: ['rate', 'daily'],
    make: (lab) => lab.twice({ rate_limit_per_minute: 1, quotas: { daily: 1 } }),
  },
  quota_weekly: {
    keystile: [429, 'quota_weekly_reached'],
    wavis: [429, 'QUOTA_EXCEEDED'],
    limits: ['daily', 'weekly'],
    make: (lab) => lab.twice({ quotas: { daily: 1, weekly: 1 } }),
  },
  quota_monthly: {
    keystile: [429, 'quota_monthly_reached'],
    wavis: [429, 'QUOTA_EXCEEDED'],
    limits: ['monthly'],
    make: (lab) => lab.twice({ quotas: { monthly: 1 } }),
  },
  plan_rate: {
    keystile: [429, 'plan_rate_limited'],
    wavis: [429, 'RATE_LIMITED'],
    limits: ['plan'],
    make: (lab) => lab.twiceOf('paced'),
  },
  plan_quota: {
    keystile: [429, 'plan_quota_exceeded'],
    wavis: [429, 'QUOTA_EXCEEDED'],
    limits: ['rate', 'quota'],
    make: (lab) => lab.twiceOf('few', { rate_limit_per_minute: 1 }),
  },
  credits_exhausted: {
    keystile: [402, 'credits_exhausted'],
    wavis: [402, 'CREDITS_EXHAUSTED'],
    limits: ['credits'],
    make: async (lab) => lab.call(await lab.key(), '/paid/x'),
  },
  budget_exhausted: {
    keystile: [402, 'budget_exhausted'],
    wavis: [402, 'BUDGET_EXHAUSTED'],
    limits: ['budget'],
    async make(lab) {
      const { account, key } = await lab.keyOf('postpaid');
      expect((await lab.admin('PATCH', `/accounts/${account}`, { budget_micro: 1 })).status).toBe(200);
      expect((await lab.call(key, '/paid/x')).status).toBe(200);
      return lab.call(key, '/paid/x');
    },
  },
  trial_exhausted: {
    keystile: [402, 'trial_exhausted'],
    wavis: [402, 'TRIAL_OPS_EXHAUSTED'],
    limits: ['total'],
    async make(lab) {
      const key = await lab.trialKey();
      for (let i = 0; i < 10; i++) expect((await lab.call(key)).status).toBe(200);
      return lab.call(key);
    },
  },
  trial_mint_limited: {
    keystile: [429, 'trial_mint_limited'],
    wavis: [429, 'IP_RATE_LIMITED'],
    async make(lab) {
      const address = lab.address();
      for (let i = 0; i < 5; i++) await lab.trialKey(address);
      return lab.send(TEMP_KEY, { method: 'POST', address });
    },
  },
  trial_rotation: {
    keystile: [403, 'trial_key_not_rotatable'],
    wavis: [403, 'INSUFFICIENT_ROLE'],
    challenge: SCOPE,
    make: async (lab) => lab.call(await lab.trialKey(), '/api/v1/keys/apikey/rotate', { method: 'POST' }),
  },
  key_cap: {
    keystile: [409, 'key_cap_reached'],
    wavis: [409, 'KEY_LIMIT_REACHED'],
    async make(lab) {
      const capped = await lab.cluster.account('Capped', 'capped');
      await lab.cluster.issue(capped);
      return lab.admin('POST', `/accounts/${capped}/keys`, { environment: 'live' });
    },
  },
  creation_limited: LATER,
  route_unknown: {
    keystile: [404, 'route_unknown'],
    wavis: [404, 'NOT_FOUND'],
    make: async (lab) => lab.call(await lab.key(), '/elsewhere'),
  },
  upstream_unreachable: {
    keystile: [502, 'upstream_unreachable'],
    wavis: [502, 'UPSTREAM_UNREACHABLE'],
    make: async (lab) => lab.call(await lab.key(), '/dead/x'),
  },
  upstream_timeout: {
    keystile: [504, 'upstream_timeout'],
    wavis: [504, 'UPSTREAM_TIMEOUT'],
    make: async (lab) => lab.call(await lab.key(), '/late/x'),
  },
  gate_unavailable: {
    keystile: [503, 'gate_unavailable'],
    wavis: UNAVAILABLE,
    // A restored database: the gate has seen a generation that the registry has forgotten.
    async make(lab) {
      const { key, id } = await lab.cluster.issue(lab.account);
      for (const action of ['deactivate', 'activate']) await lab.admin('POST', `/keys/${id}/${action}`);
      const db = await lab.cluster.database();
      await db.prepare('DROP TRIGGER IF EXISTS keys_raise_generation').run();
      await db.prepare('UPDATE keys SET generation = 1 WHERE id = ?').bind(id).run();
      return lab.call(key);
    },
  },
  not_in_force: {
    keystile: [503, 'not_in_force'],
    wavis: [503, 'NOT_IN_FORCE'],
    also: ['account', 'done', 'more', 'pending'],
    make: async (lab) => lab.admin('POST', `/accounts/${await lab.crowd(200)}/suspend`),
  },
  misconfigured: {
    keystile: [503, 'misconfigured'],
    wavis: UNAVAILABLE,
    async make(lab) {
      const { origin } = lab.cluster;
      const broken = await startCluster({ origin, policy: { preset: lab.preset }, vars: { PEPPERS: '' } });
      const replies = await Promise.all(['/v1/x', '/healthz', '/admin/v1/keys'].map((path) => read(broken.send(path))));
      await broken.kill();
      const [reply] = replies;
      expect(replies.map((each) => each.body.code)).toEqual(Array(3).fill(reply?.body.code));
      return reply as Reply;
    },
  },
  membership_missing: LATER,
  rotation_refused: LATER,
  user_key_cap: LATER,
  session_missing: LATER,
  session_invalid: LATER,
  signature_invalid: LATER,
  session_expired: {
    keystile: [401, 'session_expired'],
    wavis: [401, 'SESSION_EXPIRED'],
    challenge: INVALID,
    make: (lab) => lab.send('/admin/v1/keys', { headers: { 'cf-access-jwt-assertion': lab.assertion } }),
  },
  admin_missing: {
    keystile: [401, 'admin_token_missing'],
    wavis: [401, 'MISSING_ADMIN_TOKEN'],
    challenge: BEARER,
    make: (lab) => lab.send('/admin/v1/keys'),
  },
  admin_invalid: {
    keystile: [401, 'admin_token_invalid'],
    wavis: [401, 'INVALID_ADMIN_TOKEN'],
    challenge: INVALID,
    make: (lab) => lab.send('/admin/v1/keys', { headers: { authorization: 'Bearer wrong' } }),
  },
  admin_forbidden: {
    keystile: [403, 'admin_forbidden'],
    wavis: [403, 'INSUFFICIENT_ROLE'],
    challenge: SCOPE,
    make: (lab) => lab.admin('POST', '/accounts', { name: 'One' }, READ_TOKEN),
  },
  body_too_large: {
    keystile: [413, 'body_too_large'],
    wavis: [413, 'BODY_TOO_LARGE'],
    make: async (lab) => lab.call(await lab.key(), '/small/x', { method: 'POST', body: 'x'.repeat(11) }),
  },
  path_refused: {
    keystile: [400, 'path_refused'],
    wavis: [400, 'INVALID_PATH'],
    make: async (lab) => lab.call(await lab.key(), '/v1//x'),
  },
  request_invalid: {
    keystile: [400, 'request_invalid'],
    wavis: [400, 'INVALID_REQUEST'],
    make: (lab) => lab.admin('POST', '/accounts', {}),
  },
  not_found: {
    keystile: [404, 'not_found'],
    wavis: [404, 'NOT_FOUND'],
    make: (lab) => lab.admin('GET', '/keys/key_none'),
  },
  conflict: {
    keystile: [409, 'conflict'],
    wavis: [409, 'CONFLICT'],
    async make(lab) {
      const { id } = await lab.cluster.issue(lab.account);
      await lab.admin('POST', `/keys/${id}/revoke`);
      return lab.admin('POST', `/keys/${id}/activate`);
    },
  },
  idempotency_conflict: {
    keystile: [409, 'idempotency_conflict'],
    wavis: [409, 'IDEMPOTENCY_CONFLICT'],
    async make(lab) {
      const { account } = await lab.keyOf('standard');
      expect((await lab.grant(account, 1)).status).toBe(201);
      return lab.grant(account, 2);
    },
  },
};

let origin: TestOrigin;
const { privateKey, publicKey } = await generateKeyPair('RS256');

async function expiredAssertion(): Promise<string> {
  return new SignJWT({ email: 'ada@example.com' })
    .setProtectedHeader({ alg: 'RS256', kid: 'one' })
    .setIssuer(origin.url)
    .setAudience(AUDIENCE)
    .setExpirationTime(Math.floor(Date.now() / 1_000) - 3_600)
    .sign(privateKey);
}

async function openLab(preset: string): Promise<Lab> {
  const origins = [{ url: origin.url }];
  const upstreams = [
    { name: 'open', path: '/open/**', auth: 'none', public_rate_per_minute: 1, origins },
    { name: 'dead', path: '/dead/**', origins: [{ url: await deadUrl() }] },
    { name: 'late', path: '/late/**', timeout: '50ms', origins },
    { name: 'small', path: '/small/**', max_body: '10B', origins },
    { name: 'paid', path: '/paid/**', origins, cost: { from: 'fixed', micro: 1 } },
    { name: 'v1', path: '/v1/**', origins },
  ];
  const plans = {
    standard: {},
    capped: { active_keys: 1 },
    paced: { rates: { per_minute: 1 } },
    few: { quota: { requests: 1, window: '5h' } },
    slow: { rates: { per_minute: 1 }, quota: { requests: 1, window: '5h' } },
    postpaid: { prepaid: false },
  };
  const policy = { preset, upstreams, plans };
  const vars = { ACCESS_TEAM_DOMAIN: origin.url, ACCESS_AUDIENCE: AUDIENCE };
  const cluster = await startCluster({ origin, policy, vars });
  return new Lab(preset, cluster, await cluster.account(), await expiredAssertion());
}

beforeAll(async () => {
  origin = await startOrigin();
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256' }];
  origin.routes.set('/cdn-cgi/access/certs', (_, response) => response.end(JSON.stringify({ keys })));
  origin.routes.set('/late/x', () => undefined);
});
afterAll(() => origin.stop());

describe.each(['keystile', 'wavis'] as const)('the preset %s', (preset) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(preset);
  });
  afterAll(() => lab.cluster.kill());

  const occurring = DENIAL_REASONS.filter((reason) => ROWS[reason] !== LATER);
  it.each(occurring)('answers %s with its status, body and headers', async (reason) => {
    const row = ROWS[reason] as Row;
    const [wanted, code] = row[preset];
    const { status: seen, headers, body } = await row.make(lab);
    expect([seen, body?.code]).toEqual([wanted, code]);
    const { detail, request_id: requestId, ...rest } = body as Json;
    for (const field of row.also ?? []) delete rest[field];
    expect(rest).toEqual({
      type: 'about:blank',
      title: PHRASES[wanted],
      status: wanted,
      code,
      ...(row.limits !== undefined && { limits: row.limits }),
    });
    expect(detail).toMatch(/^.{10,}$/);
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('x-request-id')).toBe(requestId);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('www-authenticate')).toBe(row.challenge ?? null);
    expect(headers.get('access-control-allow-origin')).toBeNull();
    if (wanted === 429 || wanted === 503) expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    else expect(headers.get('retry-after')).toBeNull();
  });

  it('answers a refusal of a HEAD request without a body and with the same headers', async () => {
    const response = await lab.cluster.send('/v1/x', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([401, '']);
    expect(response.headers.get('www-authenticate')).toBe(BEARER);
  });

  it('names every limit of key and plan that refuses, and the slowest decides when to come again', async () => {
    const fields = { rate_limit_per_minute: 1, quotas: { daily: 1, weekly: 2 } };
    const { key } = await lab.keyOf('slow', { rate_limit_per_minute: 1, quotas: { weekly: 2 } });
    expect((await lab.call(key)).status).toBe(200);
    const shared = await lab.call(key);
    expect([shared.status, shared.body.limits]).toEqual([429, ['rate', 'plan', 'quota']]);
    // The plan's 5 hours, and the bucket of 75 s in which the request was counted.
    const hours = Number(shared.headers.get('retry-after')) / 3_600;
    expect([hours > 4.99, hours < 5.03]).toEqual([true, true]);

    const { key: daily } = await lab.keyOf('slow', fields);
    expect((await lab.call(daily)).status).toBe(200);
    const own = await lab.call(daily);
    expect([own.status, own.body.limits]).toEqual([429, ['rate', 'daily', 'plan', 'quota']]);
    expect(Number(own.headers.get('retry-after'))).toBeGreaterThan(23.9 * 3_600);

    // What never frees up by itself is later than all that do.
    const { key: poor } = await lab.keyOf('slow', fields);
    expect((await lab.call(poor)).status).toBe(200);
    const paid = await lab.call(poor, '/paid/x');
    expect([paid.status, paid.body.limits]).toEqual([402, ['rate', 'daily', 'plan', 'quota', 'credits']]);
    expect(paid.headers.get('retry-after')).toBeNull();
  });

  it('counts no refused request against any limit', async () => {
    const key = await lab.key({ role: 'viewer', rate_limit_per_minute: 1, quotas: { total: 1 } });
    const refuse = () => lab.call(key, '/v1/x', { method: 'POST' });
    for (let i = 0; i < 5; i++) expect((await refuse()).status).toBe(403);
    expect(await status(lab.cluster.call(key, 0, lab.address()))).toBe(200);
  });
});

it('a broken policy is told in the words of the default one, and no path is served', async () => {
  const broken = await startCluster({ origin, policy: { preset: 'wavis', leaze: '1s' } });
  for (const path of ['/v1/x', '/healthz', '/admin/v1/status', '/api/v1/onboarding/temp-key']) {
    const { status: seen, body, headers } = await read(broken.send(path));
    expect([path, seen, body.code, headers.get('retry-after')]).toEqual([path, 503, 'misconfigured', '60']);
  }
  expect(broken.logs.filter((line) => line.includes('policy.leaze')).length).toBe(1);
  await broken.kill();
});
