import type { Cors } from '../policy/schema.ts';

/** Headers of this gateway that a page may read. */
const EXPOSED = 'Deprecation, RateLimit, RateLimit-Policy, Retry-After, Sunset, X-Request-Id';

/** CORS as the policy has it (Fetch standard, "HTTP extensions"). */
export interface CompiledCors {
  /** Null: any origin. */
  readonly origins: ReadonlySet<string> | null;
  readonly methods: string;
  readonly headers: string;
  readonly maxAgeSeconds: string;
}

/** Null where the policy lists no origins: then CORS is the upstream's own matter. */
export function compileCors(cors: Cors): CompiledCors | null {
  if (cors.origins.length === 0) return null;
  return {
    origins: cors.origins.includes('*') ? null : new Set(cors.origins.map((text) => new URL(text).origin)),
    methods: cors.methods.join(', '),
    headers: cors.headers.join(', '),
    maxAgeSeconds: String(Math.floor(cors.max_age / 1_000)),
  };
}

/** The answer to a preflight, which carries no key; null where the request is none. */
export function corsPreflight(cors: CompiledCors, request: Request): Response | null {
  if (request.method !== 'OPTIONS') return null;
  const origin = request.headers.get('origin');
  if (origin === null || !request.headers.has('access-control-request-method')) return null;
  const headers = new Headers();
  if (allow(cors, origin, headers)) {
    headers.set('access-control-allow-methods', cors.methods);
    headers.set('access-control-allow-headers', cors.headers);
    headers.set('access-control-max-age', cors.maxAgeSeconds);
  }
  return new Response(null, { status: 204, headers });
}

/** Writes the CORS headers of an actual answer, a denial's as well as an origin's. `origin` is the request's header. */
export function writeCors(cors: CompiledCors, origin: string | null, headers: Headers): void {
  if (allow(cors, origin, headers)) headers.set('access-control-expose-headers', EXPOSED);
}

/** Whether a page of this origin may read the answer. Where origins are listed, answers differ by origin: `Vary`. */
function allow(cors: CompiledCors, origin: string | null, headers: Headers): boolean {
  if (cors.origins !== null) headers.append('vary', 'Origin');
  if (origin === null || (cors.origins !== null && !cors.origins.has(origin))) return false;
  headers.set('access-control-allow-origin', cors.origins === null ? '*' : origin);
  return true;
}
