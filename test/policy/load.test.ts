import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/policy/load.ts';
import { presets } from '../../src/policy/presets/index.ts';

function loaded(input: unknown) {
  const result = loadPolicy(input);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result;
}

function problems(input: unknown): readonly string[] {
  const result = loadPolicy(input);
  return result.ok ? [] : result.problems;
}

const upstream = { name: 'api', origins: [{ url: 'https://api.example.com' }] };

describe('what loads', () => {
  test('nothing at all is the default preset, and JSON text says the same as the object', () => {
    expect(loaded(undefined)).toEqual(loaded({ preset: 'keystile' }));
    expect(loaded('{"lease":"0s"}')).toEqual(loaded({ lease: '0s' }));
  });

  test.each(Object.keys(presets))('the preset %s', (preset) => {
    expect(loaded({ preset }).policy.preset).toBe(preset);
  });

  test('durations become milliseconds and sizes bytes', () => {
    const { policy } = loaded({ upstreams: [{ ...upstream, timeout: '2m', max_body: '64KB' }] });
    expect(policy.lockouts.secret).toEqual({ strikes: 10, window: 300_000, lock: 900_000 });
    expect(policy.upstreams[0]).toMatchObject({ timeout: 120_000, max_body: 65_536, path: '/**', auth: 'required' });
  });

  test('objects merge key by key, arrays and the error body replace', () => {
    const { policy } = loaded({
      trial: { operations: 3 },
      denials: { revoked: { status: 403 } },
      credential: { places: [{ in: 'header', name: 'X-Token' }] },
      error: { body: { error: '{message}' } },
    });
    expect(policy.trial).toMatchObject({ operations: 3, mints_per_minute: 5 });
    expect(policy.denials.revoked).toMatchObject({ status: 403, code: 'api_key_revoked' });
    expect(policy.credential.places).toEqual([{ in: 'header', name: 'x-token' }]);
    expect(policy.error).toEqual({ content_type: 'application/problem+json', body: { error: '{message}' } });
  });

  test('a preset is never changed by what is laid over it', () => {
    const before = structuredClone(presets);
    loaded({ trial: { operations: 3 }, roles: { extra: { allow: [] } }, plans: { pro: {} } });
    expect(presets).toEqual(before);
  });

  test('the digest is the same for the same policy in another order, and differs for another policy', () => {
    const { digest } = loaded({ lease: '2s', trial: { ttl: '20m', operations: 4 } });
    expect(digest).toMatch(/^[0-9a-f]{16}$/);
    expect(loaded({ trial: { operations: 4, ttl: '20m' }, lease: '2s' }).digest).toBe(digest);
    expect(loaded({ lease: '2s', trial: { ttl: '20m', operations: 5 } }).digest).not.toBe(digest);
  });
});

describe('what is refused names its field', () => {
  const unit = 'expected a whole number and a unit, like';
  test.each<[string, unknown, string]>([
    ['a wrong unit', { lockouts: { secret: { window: '5x' } } }, `policy.lockouts.secret.window: ${unit} "30m"`],
    ['a number without unit', { rotation: { grace: 60 } }, 'policy.rotation.grace: expected string, received number'],
    ['a wrong size', { upstreams: [{ ...upstream, max_body: '5m' }] }, `policy.upstreams[0].max_body: ${unit} "64KB"`],
    [
      'a prefix that shows too little',
      { key: { visible_chars: 1 } },
      'policy.key.visible_chars: Too small: expected number to be >=2',
    ],
    ['an endless duration', { rotation: { grace: '99999999999999999d' } }, 'policy.rotation.grace: is too large'],
    ['a lease that is too long', { lease: '11s' }, 'policy.lease: expected at most "10s"'],
    [
      'a window of nothing',
      { lockouts: { address: { window: '0s' } } },
      'policy.lockouts.address.window: expected "1s" to "365d"',
    ],
    ['an unknown field', { trial: { operation: 3 } }, 'policy.trial.operation: unknown field'],
    ['an unknown field at the top', { leases: '1s' }, 'policy.leases: unknown field'],
    ['an unknown reason', { denials: { sleepy: { status: 400 } } }, 'policy.denials.sleepy: unknown field'],
    [
      'half a row',
      { plans: { pro: { rates: { per_minute: 'x' } } } },
      'policy.plans.pro.rates.per_minute: expected number, received string',
    ],
    ['a missing field', { environments: { prod: {} } }, 'policy.environments.prod.billed: is missing'],
    [
      'a bad name',
      { roles: { Boss: { allow: [] } } },
      'policy.roles.Boss: expected lower-case letters, digits, "-" or "_"',
    ],
    ['an unknown preset', { preset: 'keystyle' }, `policy.preset: expected one of ${Object.keys(presets).join(', ')}`],
    [
      'a preset of the prototype',
      { preset: 'constructor' },
      `policy.preset: expected one of ${Object.keys(presets).join(', ')}`,
    ],
    ['no object', [], 'policy: expected an object, or the JSON text of one'],
    ['no JSON', '{"a":', 'policy: expected an object, or the JSON text of one'],
    [
      'an unknown default role',
      { keys: { default_role: 'boss' } },
      'policy.keys.default_role: there is no role "boss", expected one of viewer, developer, account_admin, service, trial',
    ],
    [
      'a role from a claim that is not named',
      {
        session: { issuer: 'https://a.example', jwks_url: 'https://a.example/jwks', audience: ['a'] },
        members: { role_from_claim: true },
      },
      'policy.members.role_from_claim: needs policy.session.claims.role, the claim that says it',
    ],
    [
      'an unknown trial role',
      { trial: { role: 'boss' } },
      'policy.trial.role: there is no role "boss", expected one of viewer, developer, account_admin, service, trial',
    ],
    [
      'an unknown trial environment',
      { trial: { environment: 'moon' } },
      'policy.trial.environment: there is no environment "moon", expected one of live, test, dev, trial',
    ],
    [
      'an unknown plan',
      { default_plan: 'gold' },
      'policy.default_plan: there is no plan "gold", expected one of standard',
    ],
    ['two upstreams of one name', { upstreams: [upstream, upstream] }, 'policy.upstreams[1].name: "api" is taken'],
    [
      'an origin with a path',
      { upstreams: [{ ...upstream, origins: [{ url: 'https://a.example/v1' }] }] },
      'policy.upstreams[0].origins[0].url: expected an origin only: no path, query or user',
    ],
    [
      'a path in mid-air',
      { upstreams: [{ ...upstream, path: '/a/**/b' }] },
      'policy.upstreams[0].path: expected a path like "/v1/*" or "/v1/**", without a slash at its end',
    ],
    [
      'a prefix that paths lack',
      { upstreams: [{ ...upstream, path: '/v1/**', strip_prefix: '/v' }] },
      'policy.upstreams[0].strip_prefix: every path of "/v1/**" must begin with it',
    ],
    [
      'an unknown placeholder',
      { error: { body: { a: { b: '{status} {secret}' } } } },
      'policy.error.body.a.b: {secret} is unknown, expected {status}, {title}, {code}, {message}, {reason}, {detail}, {limits}, {request_id}',
    ],
    [
      'a weak key',
      { key: { template: 'ks_{env}_{hex:29}{crc32}' } },
      'policy.key.template: holds 116 bits of secret, expected at least 120',
    ],
    [
      'a default above the maximum',
      { limits: { max_rate_per_minute: 10 } },
      'policy.limits.default_rate_per_minute: expected at most max_rate_per_minute, 10',
    ],
    [
      'deliveries that are forgotten before their last attempt',
      { webhooks: { keep: '10h', retries: ['1h', '9h'] } },
      'policy.webhooks.keep: expected at least 11h, what all of retries may take',
    ],
  ])('%s', (_name, input, problem) => {
    expect(problems(input)).toEqual([problem]);
  });

  test('every problem is told, not only the first', () => {
    expect(problems({ lease: 'soon', trial: { ttl: 1, x: 1 } })).toHaveLength(3);
  });

  test('a key format that does not compile', () => {
    expect(problems({ key: { template: 'ks_{nonsense:3}' } })[0]).toMatch(/^policy\.key\.template: /);
  });

  test('a value that may be a credential is not repeated', () => {
    const input = {
      upstreams: [{ ...upstream, origins: [{ url: 'https://u:hunter2@a.example' }], headers: { 'x y': 'hunter2' } }],
    };
    expect(problems(input).length).toBeGreaterThan(0);
    expect(problems(input).join()).not.toContain('hunter2');
  });
});

describe('hostile input', () => {
  test.each([
    '{"__proto__":{"lease":"9s"}}',
    '{"roles":{"constructor":{"allow":[]}}}',
    '{"error":{"body":{"prototype":1}}}',
  ])('reaching for a prototype is refused: %s', (text) => {
    expect(problems(text)).toEqual([expect.stringMatching(/: this name is not allowed$/)]);
    expect(({} as Record<string, unknown>).lease).toBeUndefined();
  });

  test('endless nesting is refused', () => {
    const text = `${'{"error":{"body":'}${'{"a":'.repeat(5_000)}1${'}'.repeat(5_002)}`;
    expect(problems(text)).toEqual([expect.stringMatching(/is nested too deeply$/)]);
  });

  test('the loader answers any JSON and never throws', () => {
    const field = fc.constantFrom(...Object.keys(presets.keystile ?? {}));
    const overrides = fc.dictionary(field, fc.jsonValue());
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), overrides), (value) => {
        for (const input of [value, JSON.stringify(value)]) {
          const result = loadPolicy(input);
          if (!result.ok) for (const problem of result.problems) expect(problem).toMatch(/^policy.*: /s);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a field of another type is refused with its path, wherever it stands', () => {
    const paths = leaves(presets.keystile);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.constantFrom<unknown>([[]], Number.NaN), (path, wrong) => {
        const input = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), wrong);
        if (path.join('.').startsWith('error.body')) return;
        expect(problems(input).join()).toContain(`policy.${path.join('.')}`);
      }),
    );
  });
});

function leaves(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}
