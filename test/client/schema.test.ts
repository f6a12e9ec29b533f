import { expect, test } from 'vitest';
import { typesOf } from '../../dev/client/types.ts';
import { sectionsOf } from '../../src/app.ts';
import { openApiDocument } from '../../src/control/openapi/document.ts';
import { loadPolicy } from '../../src/policy/load.ts';

/** A gateway that has every route there is. */
function fullDocument() {
  const loaded = loadPolicy({
    upstreams: [{ name: 'api', origins: [{ url: 'https://api.example.org' }] }],
    session: { issuer: 'https://a.example', jwks_url: 'https://a.example/keys', audience: ['api'] },
    leaks: { github: {} },
    assertion: { issuer: 'https://b.example' },
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('; '));
  const tokens = [{ name: 'ops', scope: 'full', token: '' }] as const;
  return openApiDocument(loaded.policy, sectionsOf({ policy: loaded.policy, admin: { tokens, access: null } }));
}

test('the document has every route that some policy has', () => {
  const paths = Object.keys(fullDocument().paths as object);
  for (const path of ['/api/v1/user/account', '/admin/v1/imports', '/api/v1/keys/verify', '/leaks/github']) {
    expect(paths).toContain(path);
  }
  expect(paths.some((path) => path.endsWith('/jwks.json'))).toBe(true);
});

test('the types of the client are those of the OpenAPI document; if not, run: npm run client', async () => {
  await expect(await typesOf(fullDocument())).toMatchFileSnapshot('../../src/client/schema.ts');
});
