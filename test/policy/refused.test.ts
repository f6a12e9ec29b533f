import { describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/policy/load.ts';
import type { PolicyInput } from '../../src/policy/schema.ts';

/*
 * Policies that are wrong in one place: each is refused, and the problem begins with the path of that very field. Those
 * that a person would write are picked by hand; the others are made from a policy that sets every field.
 */

type Tree = { readonly [field: string]: unknown };
type Path = readonly (string | number)[];

const complete = {
  preset: 'keystile',
  key: { template: 'acme_{env}_{base62:32}', visible_chars: 6 },
  legacy: {
    formats: [
      {
        name: 'old',
        prefix: 'sk-',
        charset: 'base62',
        min_length: 20,
        max_length: 40,
        visible_chars: 4,
        environment: 'test',
      },
    ],
    verifier: { url: 'https://old.example.com/check', timeout: '1s', headers: { authorization: 'Bearer $' } },
  },
  environments: { live: { billed: true, quota: { requests: 5, window: '1h' }, leaked: 'notify' } },
  credential: { places: [{ in: 'bearer' }, { in: 'header', name: 'x-key' }, { in: 'websocket', prefix: 'k.' }] },
  roles: {
    developer: {
      allow: [{ methods: ['GET'], paths: ['/v1/**'] }],
      deny: [{ methods: ['POST'], paths: ['/v1/*'] }],
      mints: ['live'],
      grants: ['viewer'],
      manages: 'account',
      verifies: true,
    },
  },
  keys: {
    default_role: 'developer',
    role_follows_creator: false,
    label_required: true,
    label_unique: true,
    categories: ['production'],
    custom_categories: false,
    revoke_with_member: true,
    purge_unused: true,
  },
  session: {
    issuer: 'https://id.example.com',
    jwks_url: 'https://id.example.com/keys',
    audience: ['api'],
    authorized_parties: ['https://app.example.com'],
    algorithms: ['RS256'],
    claims: { user: 'sub', organisation: ['o', 'id'], email: 'email', role: 'role' },
    roles: { boss: 'account_admin' },
    clock_tolerance: '5s',
  },
  members: {
    join: 'invitation',
    first_role: 'account_admin',
    default_role: 'developer',
    role_from_claim: true,
    invitation: '7d',
  },
  caps: { active_keys_per_account: 25, active_keys_per_user: 5, creations_per_user_per_hour: 10 },
  rotation: { enabled: true, grace: '24h', with_several_keys: false },
  audit: { calls: true },
  idempotency: { keep: '24h' },
  lockouts: {
    secret: { strikes: 10, window: '5m', lock: '15m' },
    address: { strikes: 20, window: '5m', lock: '15m' },
  },
  trial: {
    enabled: true,
    environment: 'live',
    role: 'trial',
    ttl: '30m',
    operations: 10,
    mints_per_minute: 5,
    revoke_needs_secret: true,
    message: '{minutes} minutes',
  },
  limits: {
    default_rate_per_second: 10,
    max_rate_per_second: 20,
    default_rate_per_minute: 100,
    max_rate_per_minute: 200,
    quotas: ['daily'],
    credit_quotas: ['monthly'],
    headers: true,
  },
  plans: {
    pro: {
      rates: { per_second: 10, per_minute: 100 },
      quota: { requests: 1_000, window: 'month' },
      prepaid: false,
      max_key_rate_per_second: 5,
      max_key_rate_per_minute: 50,
      active_keys: 3,
      active_keys_per_user: 2,
    },
  },
  default_plan: 'pro',
  denials: { revoked: { status: 401, code: 'gone', message: 'Gone.' } },
  error: { content_type: 'application/json', body: { error: '{message}' } },
  upstreams: [
    {
      name: 'api',
      path: '/v1/**',
      methods: ['GET'],
      origins: [{ url: 'https://api.example.com' }],
      strip_prefix: '/v1',
      headers: { authorization: 'Bearer $' },
      timeout: '10s',
      auth: 'required',
      public_rate_per_minute: 60,
      max_body: '1MB',
      cost: { from: 'usage', models: { '*': { prompt: 1, completion: 2 } }, max_micro: 10, include_usage: true },
    },
  ],
  cors: { origins: ['https://app.example.com'], methods: ['GET'], headers: ['authorization'], max_age: '10m' },
  control: { host: 'keys.example.com', base_path: '/keys', docs: true },
  leaks: { github: { keys_url: 'https://api.example.com/keys' } },
  assertion: { issuer: 'https://keys.example.com', ttl: '60s' },
  warnings: { expiry: ['14d'], quota_percent: 80, credits_micro: 5 },
  webhooks: {
    endpoints: 20,
    timeout: '10s',
    retries: ['5s', '5m'],
    disable_after: '5d',
    secret_grace: '1d',
    keep: '30d',
    allow_local: false,
    resolver: 'https://dns.example.com/dns-query',
  },
  lease: '1s',
  gate_unreachable: 'closed',
  reauthorize_every: '30s',
  log: { retention: '30d', max_bytes: '1GB', query: false, address: 'network' },
  server_timing: true,
} satisfies Deep<PolicyInput>;

type Deep<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: Deep<T[K]> } : T;

function problems(input: unknown): readonly string[] {
  const loaded = loadPolicy(input);
  return loaded.ok ? [] : loaded.problems;
}

function replaced(tree: unknown, [step, ...rest]: Path, value: unknown): unknown {
  if (step === undefined) return value;
  if (Array.isArray(tree)) return tree.with(Number(step), replaced(tree[Number(step)], rest, value));
  return { ...(tree as Tree), [step]: replaced((tree as Tree)[step], rest, value) };
}

const pathText = (path: Path) => path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');

function nodesOf(value: unknown, path: Path = []): { readonly path: Path; readonly value: unknown }[] {
  const inner = Array.isArray(value)
    ? value.flatMap((item, i) => nodesOf(item, [...path, i]))
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, each]) => nodesOf(each, [...path, name]))
      : [];
  return [{ path, value }, ...inner];
}

/** Where any JSON value may stand. */
const FREE = ['.error.body'];
/** What is one thing or another is told as a whole. */
const WHOLE = ['.session.claims.organisation', '.upstreams[0].origins[0]'];
const nodes = nodesOf(complete).filter(
  ({ path }) => path.length > 0 && !FREE.some((free) => pathText(path).startsWith(free)),
);
const leaves = nodes.filter(({ value }) => typeof value !== 'object');
const tables = nodes.filter(({ value, path }) => {
  const isNamed = ['environments', 'roles', 'plans', 'models', 'headers'].includes(String(path.at(-1)));
  return typeof value === 'object' && !Array.isArray(value) && !isNamed && pathText(path) !== '.session.roles';
});

/** Whether a problem is of this field, or of something in it. */
function isAt(problem: string, path: string): boolean {
  const whole = WHOLE.find((each) => path.startsWith(each)) ?? path;
  return problem.startsWith(`policy${whole}`) && '.[:'.includes(problem.charAt('policy'.length + whole.length));
}

test('a policy that sets every field loads', () => expect(problems(complete)).toEqual([]));

describe('picked by hand', () => {
  const over = (path: string, value: unknown): [string, unknown, string] => {
    const steps = path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    return [`${path} = ${JSON.stringify(value)}`, replaced(complete, steps, value), pathText(steps)];
  };
  test.each([
    over('key.template', 'acme_{env}_{base62:12}'),
    over('key.template', '{base62:32}'),
    over('key.template', 'acme_{base62:32}_{env}'),
    over('key.visible_chars', 17),
    over('key.visible_chars', 4.5),
    over('environments.live.billed', 'yes'),
    over('environments.live.quota.window', 'year'),
    over('environments.live.leaked', 'ignore'),
    over('credential.places', []),
    over('credential.places.1.name', 'x key'),
    over('credential.places.0.in', 'query'),
    over('roles.developer.allow.0.methods', ['get']),
    over('roles.developer.allow.0.paths', []),
    over('roles.developer.allow.0.paths.0', 'v1/**'),
    over('roles.developer.manages', 'everything'),
    over('keys.categories', ['']),
    over('session.jwks_url', 'http://id.example.com/keys'),
    over('session.audience', []),
    over('session.algorithms', ['HS256']),
    over('session.clock_tolerance', '5m'),
    over('members.join', 'anyone'),
    over('members.invitation', '0s'),
    over('caps.active_keys_per_account', -1),
    over('caps.creations_per_user_per_hour', '10'),
    over('rotation.grace', '1 day'),
    over('lockouts.secret.strikes', 0),
    over('lockouts.address.lock', '15'),
    over('trial.operations', 0),
    over('trial.ttl', '30 minutes'),
    over('trial.message', '{hours} hours'),
    over('limits.quotas', ['yearly']),
    over('limits.default_rate_per_minute', 1_000),
    over('plans.pro.rates.per_second', 1.5),
    over('plans.pro.quota.requests', -1),
    over('denials.revoked.status', 200),
    over('denials.revoked.code', ''),
    over('denials.revoked.message', 'Wait {seconds}.'),
    over('error.content_type', 'text/html'),
    over('error.body', []),
    over('upstreams.0.origins', []),
    over('upstreams.0.origins.0.url', 'ftp://api.example.com'),
    over('upstreams.0.path', '/v1/'),
    over('upstreams.0.timeout', '11m'),
    over('upstreams.0.max_body', '5'),
    over('upstreams.0.auth', 'optional'),
    over('upstreams.0.cost.max_micro', 0),
    over('cors.origins', ['app.example.com']),
    over('control.base_path', 'keys/'),
    over('legacy.formats.0.charset', 'base32'),
    over('legacy.formats.0.min_length', 4),
    over('legacy.verifier.url', 'http://old.example.com'),
    over('legacy.verifier.timeout', '1m'),
    over('leaks.github.keys_url', 'http://api.example.com'),
    over('assertion.issuer', 'keys.example.com'),
    over('assertion.ttl', '1h'),
    over('lease', '1m'),
    over('gate_unreachable', 'open'),
    over('reauthorize_every', '0s'),
    over('log.max_bytes', '1KB'),
    over('log.address', 'hashed'),
    over('default_plan', 'gold'),
    over('keys.default_role', 'boss'),
    over('members.first_role', 'boss'),
    over('session.roles.boss', 'king'),
    over('roles.developer.mints.0', 'moon'),
    over('roles.developer.grants.0', 'king'),
    over('trial.environment', 'moon'),
  ])('%s', (_name, input, path) => {
    const told = problems(input);
    expect(told.length).toBeGreaterThan(0);
    expect(told.filter((problem) => !isAt(problem, path))).toEqual([]);
  });
});

describe('made from every field', () => {
  test('there are many', () => expect(leaves.length + tables.length).toBeGreaterThan(130));

  test.each(leaves.map(({ path }) => [pathText(path), path] as const))('policy%s is no list of lists', (text, path) => {
    const told = problems(replaced(complete, path, [[]]));
    expect(told).toHaveLength(1);
    expect(told.filter((problem) => !isAt(problem, text))).toEqual([]);
  });

  test.each(tables.map(({ path }) => [pathText(path), path] as const))('policy%s has no such field', (text, path) => {
    const told = problems(replaced(complete, [...path, 'colour'], 'red'));
    expect(told.length).toBeGreaterThan(0);
    expect(told.filter((problem) => !isAt(problem, text))).toEqual([]);
  });
});
