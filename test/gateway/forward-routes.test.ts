import { describe, expect, test } from 'vitest';
import { compileRoutes, matchRoute } from '../../src/gateway/routes.ts';
import { type PolicyInput, policySchema } from '../../src/policy/schema.ts';

const compile = (upstreams: PolicyInput['upstreams'], bindings: Record<string, unknown> = {}) =>
  compileRoutes(policySchema.shape.upstreams.parse(upstreams), bindings);
const origins = [{ url: 'https://api.example.com/' }];
/** A reference to a secret, as the policy writes it. */
const secret = (name: string) => `\u0024{${name}}`;

describe('routes', () => {
  test('are taken in order, by method and path', () => {
    const compiled = compile([
      { name: 'posts', path: '/v1/*', methods: ['POST'], origins },
      { name: 'some', path: '/v1/**', origins },
    ]);
    if (!compiled.ok) throw new Error(compiled.problems.join());
    const name = (method: string, path: string) => matchRoute(compiled.routes, method, path)?.name;
    expect(name('POST', '/v1/a')).toBe('posts');
    expect(name('GET', '/v1/a')).toBe('some');
    expect(name('POST', '/v1/a/b')).toBe('some');
    expect(name('GET', '/v2')).toBeUndefined();
  });

  test('take TRACE only where they name it, since its answer shows the headers that were sent to the origin', () => {
    const compiled = compile([
      { name: 'traced', path: '/trace', methods: ['TRACE'], origins },
      { name: 'all', origins },
    ]);
    if (!compiled.ok) throw new Error(compiled.problems.join());
    expect(matchRoute(compiled.routes, 'TRACE', '/v1')).toBeNull();
    expect(matchRoute(compiled.routes, 'TRACE', '/trace')?.name).toBe('traced');
  });

  test('have the secrets of the Worker in their headers', () => {
    const headers = { authorization: `Bearer ${secret('TOKEN')}`, 'x-plain': 'x' };
    const compiled = compile([{ name: 'a', origins, headers }], { TOKEN: 't0k3n' });
    expect(compiled.ok && compiled.routes[0]?.route.headers).toEqual([
      ['authorization', 'Bearer t0k3n'],
      ['x-plain', 'x'],
    ]);
  });

  test('know each origin by the audience that assertions name', () => {
    const urls = [{ url: 'https://API.example.com:443/' }, { url: 'http://127.0.0.1:8080' }];
    const compiled = compile([{ name: 'a', origins: [...urls, { service: 'MY_BACKEND' }] }], {
      MY_BACKEND: { fetch: () => undefined },
    });
    expect(compiled.ok && compiled.routes[0]?.route.origins.map(({ audience }) => audience)).toEqual([
      'https://api.example.com',
      'http://127.0.0.1:8080',
      'service:MY_BACKEND',
    ]);
  });

  test('that lack a secret or a service are a problem with its name', () => {
    const headers = { 'x-a': secret('MISSING'), 'x-b': secret('EMPTY'), 'x-c': secret('toString') };
    const compiled = compile([{ name: 'a', origins: [{ service: 'BACKEND' }], headers }], {
      EMPTY: '',
      BACKEND: 'text',
    });
    expect(compiled).toEqual({
      ok: false,
      problems: [
        'policy.upstreams.a.origins: there is no service binding BACKEND',
        'policy.upstreams.a.headers.x-a: the secret MISSING is not set',
        'policy.upstreams.a.headers.x-b: the secret EMPTY is not set',
        'policy.upstreams.a.headers.x-c: the secret toString is not set',
      ],
    });
  });

  test('refuse a secret that would break its header, without telling it', () => {
    const compiled = compile([{ name: 'a', origins, headers: { 'x-a': secret('S') } }], { S: 'secret\r\nx: y' });
    expect(compiled.ok).toBe(false);
    expect(JSON.stringify(compiled)).not.toContain('secret\\r');
  });
});
