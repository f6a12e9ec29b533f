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

/** A file of the page. `read` throws where the bundle does not carry it. */
interface PageFile {
  readonly type: string;
  readonly read: () => Promise<string>;
}

/** The files of the page that shows the OpenAPI document and tries it, by what stands behind `/docs`. */
export const PAGE_FILES: Readonly<Record<string, PageFile>> = {
  '': { type: 'text/html; charset=utf-8', read: async () => (await import('./docs-page.html')).default },
  '/start.js': { type: SCRIPT, read: async () => START },
  '/swagger-ui.js': { type: SCRIPT, read: async () => (await import('swagger-ui-dist/swagger-ui-bundle.js')).default },
  '/swagger-ui.css': {
    type: 'text/css; charset=utf-8',
    read: async () => (await import('swagger-ui-dist/swagger-ui.css')).default,
  },
};
