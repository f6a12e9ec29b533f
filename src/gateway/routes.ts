import { compilePattern, type PathMatcher } from '../decision/pattern.ts';
import { compilePrice, type Price } from '../decision/price.ts';
import type { Upstream } from '../policy/schema.ts';
import { type Breaker, closedBreaker } from './breaker.ts';

/** One place that answers for a route. */
export interface Origin {
  /** The origin's URL or the name of the service binding; for logs and the status page. */
  readonly name: string;
  /** Scheme and host, without a slash at the end. */
  readonly base: string;
  /** What assertions that go there have in `aud`: the URL's origin, or `service:` and the name of the binding. */
  readonly audience: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly breaker: Breaker;
}

export interface CompiledRoute {
  readonly name: string;
  /** In the order in which they are tried. Never empty. */
  readonly origins: readonly Origin[];
  readonly stripPrefix: string;
  /** Set on the forwarded request, secrets filled in. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  readonly isPublic: boolean;
  readonly publicRatePerMinute: number;
  readonly price: Price;
}

/** The routes in the policy's order. */
export type Routes = readonly {
  readonly takes: PathMatcher;
  /** Null: every method. */
  readonly methods: ReadonlySet<string> | null;
  readonly route: CompiledRoute;
}[];

export type RoutesResult =
  | { readonly ok: true; readonly routes: Routes }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Bindings and secrets of the Worker, by name. */
type Bindings = Readonly<Record<string, unknown>>;

/** What HTTP allows in a header's value (RFC 9110 §5.5), in the characters that secrets are made of. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Resolves the policy's upstreams against the Worker's bindings. A secret or a service that is not there is a
 * problem, told by its name and never by a value.
 */
export function compileRoutes(upstreams: readonly Upstream[], bindings: Bindings): RoutesResult {
  const problems: string[] = [];
  const routes: Routes = upstreams.map((upstream) => ({
    takes: compilePattern(upstream.path),
    methods: upstream.methods === undefined ? null : new Set(upstream.methods),
    route: compileRoute(upstream, bindings, problems),
  }));
  return problems.length > 0 ? { ok: false, problems } : { ok: true, routes };
}

/**
 * The first route that takes this method and normalised path. TRACE only where the policy names it: an origin answers
 * it with the request as it came in, and so with the secrets that the route has put into its headers (RFC 9110 §9.3.8).
 */
export function matchRoute(routes: Routes, method: string, path: string): CompiledRoute | null {
  for (const { takes, methods, route } of routes) {
    if ((methods === null ? method !== 'TRACE' : methods.has(method)) && takes(path)) return route;
  }
  return null;
}

function compileRoute(upstream: Upstream, bindings: Bindings, problems: string[]): CompiledRoute {
  const at = `policy.upstreams.${upstream.name}`;
  return {
    name: upstream.name,
    origins: upstream.origins.flatMap((origin) => {
      if ('url' in origin) return [urlOrigin(origin.url)];
      const service = bindings[origin.service];
      if (isFetcher(service)) return [serviceOrigin(origin.service, service)];
      problems.push(`${at}.origins: there is no service binding ${origin.service}`);
      return [];
    }),
    stripPrefix: upstream.strip_prefix ?? '',
    headers: Object.entries(upstream.headers).map(([name, template]) => {
      const value = fillIn(template, bindings, (problem) => problems.push(`${at}.headers.${name}: ${problem}`));
      return [name, value] as const;
    }),
    timeoutMs: upstream.timeout,
    maxBodyBytes: upstream.max_body,
    isPublic: upstream.auth === 'none',
    publicRatePerMinute: upstream.public_rate_per_minute,
    price: compilePrice(upstream.cost),
  };
}

function urlOrigin(text: string): Origin {
  const { origin } = new URL(text);
  return {
    name: origin,
    base: origin,
    audience: origin,
    fetch: (url, init) => fetch(url, init),
    breaker: closedBreaker(),
  };
}

/** A bound Worker has no host of its own, so it is given one; the client's stands in `X-Forwarded-Host`. */
function serviceOrigin(name: string, service: Fetcher): Origin {
  const base = `https://${name.toLowerCase().replaceAll('_', '-')}`;
  const audience = `service:${name}`;
  return { name, base, audience, fetch: (url, init) => service.fetch(url, init), breaker: closedBreaker() };
}

function isFetcher(value: unknown): value is Fetcher {
  return typeof value === 'object' && value !== null && 'fetch' in value && typeof value.fetch === 'function';
}

/** A text in which `${NAME}` stands for the Worker secret of that name; one that is not set is reported. */
export function fillIn(template: string, bindings: Bindings, report: (problem: string) => void): string {
  const value = template.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const secret = Object.hasOwn(bindings, name) ? bindings[name] : undefined;
    if (typeof secret === 'string' && secret !== '') return secret;
    report(`the secret ${name} is not set`);
    return '';
  });
  if (!HEADER_VALUE.test(value)) report('holds characters that no header may hold');
  return value;
}
