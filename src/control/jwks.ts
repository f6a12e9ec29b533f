import { Hono } from 'hono';
import * as z from 'zod';
import type { House } from '../env.ts';
import type { Assertions } from '../gateway/assertion.ts';
import { respond } from './answer.ts';
import type { Section } from './openapi/section.ts';
import type { Kept } from './serve.ts';

/** Where the keys stand by which origins verify assertions (RFC 8615, RFC 7517 §5). */
export const JWKS = '/.well-known/jwks.json';

/** So long a copy may be used: how long a new key is published before it signs. */
const FRESH_SECONDS = 300;

const publicKey = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  kid: z.string(),
  alg: z.literal('EdDSA'),
  use: z.literal('sig'),
});
const keySet = z.strictObject({ keys: z.array(publicKey) }).meta({ id: 'KeySet' });

/** The route of the published keys, as the OpenAPI document shows it. */
export const JWKS_SECTION: Section = {
  tag: 'Signed identity',
  description: 'For origins: the keys that sign `X-Keystile-Assertion`.',
  base: '',
  routes: [
    {
      method: 'GET',
      path: JWKS,
      input: null,
      about: {
        id: 'listAssertionKeys',
        summary: 'The public keys by which assertions are verified; the first one signs',
        answers: { 200: keySet },
        example: {
          answer: {
            keys: [
              {
                kty: 'OKP',
                crv: 'Ed25519',
                x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
                kid: '2030-01',
                alg: 'EdDSA',
                use: 'sig',
              },
            ],
          },
        },
      },
    },
  ],
  guard: () => [],
  repeats: false,
};

/** The published keys, for anyone and for pages of any origin. */
export function jwksRoutes({ policy }: House, { keys }: Assertions): Hono<Kept> {
  const app = new Hono<Kept>();
  app.get(JWKS, async (c) => {
    const published = await Promise.all(keys.map((key) => key.publish()));
    const headers = {
      'cache-control': `public, max-age=${FRESH_SECONDS}`,
      'access-control-allow-origin': '*',
      'x-content-type-options': 'nosniff',
      'x-request-id': c.env.requestId,
    };
    return Response.json({ keys: published }, { headers });
  });
  app.all(JWKS, (c) => respond(policy, { kind: 'wrong_method', allow: ['GET', 'HEAD'] }, c.env.requestId));
  return app;
}
