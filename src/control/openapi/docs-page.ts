/// <reference path="./docs-page-files.d.ts" />

/** What the page may load: itself, pictures within its style, and the API beside it. Nothing inline, nothing from elsewhere. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Shows the document that stands beside the page. Nothing that is typed in is kept, and no other server is asked. */
const START = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#page',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  persistAuthorization: false,
});
`;

const SCRIPT = 'text/javascript; charset=utf-8';

/** A file of the page. */
interface PageFile {
  readonly type: string;
  /** null: the bundle does not carry it. */
  readonly read: () => Promise<string | null>;
}

/** The files of the page that shows the OpenAPI document and tries it, by what stands behind `/docs`. */
export const PAGE_FILES: Readonly<Record<string, PageFile>> = {
  '': { type: 'text/html; charset=utf-8', read: () => carried(import('./docs-page.html')) },
  '/start.js': { type: SCRIPT, read: async () => START },
  '/swagger-ui.js': { type: SCRIPT, read: () => carried(import('swagger-ui-dist/swagger-ui-bundle.js')) },
  '/swagger-ui.css': { type: 'text/css; charset=utf-8', read: () => carried(import('swagger-ui-dist/swagger-ui.css')) },
};

function carried(module: Promise<{ readonly default: string }>): Promise<string | null> {
  return module.then(
    ({ default: text }) => text,
    () => null,
  );
}
