import { type Context, Hono } from 'hono';
import { deny } from '../../decision/denial.ts';
import type { House } from '../../env.ts';
import { denied, respond } from '../answer.ts';
import type { Kept } from '../serve.ts';
import { CONTENT_SECURITY_POLICY, PAGE_FILES } from './docs-page.ts';
import { openApiDocument } from './document.ts';
import type { Section } from './section.ts';

/** Where the OpenAPI document stands, and the page that shows it. */
export const DOCUMENT = '/openapi.json';
export const PAGE = '/docs';

/** So long a browser need not ask again; then it asks by ETag. */
const FRESH_SECONDS = 60;

/** What is sent, and the name by which it is known again. */
interface Sent {
  readonly type: string;
  readonly text: string;
  readonly etag: string;
}

/**
 * The OpenAPI document of these sections and the page that shows it, for anyone. Each is made when it is first asked
 * for and kept by its path; two requests at once make the same twice.
 */
export function openApiRoutes(house: House, sections: readonly Section[]): Hono<Kept> {
  const app = new Hono<Kept>();
  const kept = new Map<string, Sent>();
  const send = (path: string, type: string, read: () => Promise<string | null>) => {
    app.get(path, async (c) => {
      const sent = kept.get(path) ?? (await make(type, read));
      if (sent === null) return respond(house.policy, denied(NO_PAGE), c.env.requestId);
      kept.set(path, sent);
      return answer(c, sent);
    });
    app.all(path, (c) => respond(house.policy, { kind: 'wrong_method', allow: ['GET', 'HEAD'] }, c.env.requestId));
  };
  send(DOCUMENT, 'application/json', async () => JSON.stringify(openApiDocument(house.policy, sections)));
  for (const [name, { type, read }] of Object.entries(PAGE_FILES)) send(PAGE + name, type, read);
  return app;
}

const NO_PAGE = deny('not_found', {
  detail: 'this Worker was bundled without the page: bundle it with the rules of wrangler.toml, or use /openapi.json',
});

async function make(type: string, read: () => Promise<string | null>): Promise<Sent | null> {
  const text = await read();
  if (text === null) return null;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return { type, text, etag: `"${btoa(String.fromCharCode(...digest))}"` };
}

function answer(c: Context<Kept>, { type, text, etag }: Sent): Response {
  const headers = {
    'x-request-id': c.env.requestId,
    'cache-control': `public, max-age=${FRESH_SECONDS}`,
    etag,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': CONTENT_SECURITY_POLICY,
  };
  const known = c.req
    .header('If-None-Match')
    ?.split(',')
    .some((tag) => tag.trim().replace(/^W\//, '') === etag);
  if (known) return new Response(null, { status: 304, headers });
  return new Response(text, { headers: { ...headers, 'content-type': type } });
}
