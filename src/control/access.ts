import { createLocalJWKSet, decodeProtectedHeader, errors, type JSONWebKeySet, jwtVerify } from 'jose';

/*
 * Cloudflare Access in front of the admin routes: it puts a signed JWT into every request that it lets through.
 * The signing keys are kept as plain JSON: no request may await a promise of another one in a Worker.
 */

/** The header in which Access sends the JWT. */
export const ACCESS_HEADER = 'Cf-Access-Jwt-Assertion';

/** Whose Access, and for which application. */
export interface AccessApplication {
  /** `team.cloudflareaccess.com`, or with its scheme. */
  readonly teamDomain: string;
  readonly audience: string;
}

/** The signing keys as this isolate has them. Two requests may fetch at the same time; the later answer stays. */
export interface AccessKeys {
  keys: JSONWebKeySet | null;
  fetchedAtMs: number;
  /** When they were last asked for, answered or not. */
  askedAtMs: number;
  /** Whether the last answer was no use. */
  failed: boolean;
}

/** No keys yet. */
export function noAccessKeys(): AccessKeys {
  return { keys: null, fetchedAtMs: 0, askedAtMs: Number.NEGATIVE_INFINITY, failed: false };
}

/** `expired`: signed by Access for this application, and over. `unreachable`: the keys cannot be had now. */
export type AccessCheck =
  | { readonly kind: 'admitted'; readonly name: string }
  | { readonly kind: 'invalid' | 'expired' | 'unreachable' };

/** Access rotates its keys every six weeks and leaves the old ones published for seven days. */
const KEYS_TTL_MS = 3_600_000;
/** A key id that is not known makes the keys be fetched again, at most this often. */
const REFETCH_MS = 60_000;
/** After a failure, for this long nothing is fetched. */
const RETRY_MS = 2_000;
const FETCH_TIMEOUT_MS = 5_000;

/** The team's origin, which is also the issuer of its JWTs. */
export function accessIssuer(teamDomain: string): string {
  return (/^https?:\/\//.test(teamDomain) ? teamDomain : `https://${teamDomain}`).replace(/\/+$/, '');
}

/**
 * Verifies an Access JWT (RFC 7519, RS256) by the team's published keys. The name is the e-mail address of a person or
 * the common name of a service token. Without keys nobody passes. Never throws.
 */
export async function checkAccess(
  application: AccessApplication,
  cache: AccessKeys,
  assertion: string,
  nowMs: number,
): Promise<AccessCheck> {
  const kid = keyIdOf(assertion);
  if (kid === null) return { kind: 'invalid' };
  const issuer = accessIssuer(application.teamDomain);
  const keys = await keysFor(cache, kid, issuer, nowMs);
  if (keys === null) return { kind: 'unreachable' };
  try {
    const { payload } = await jwtVerify(assertion, createLocalJWKSet(keys), {
      issuer,
      audience: application.audience,
      algorithms: ['RS256'],
      requiredClaims: ['exp'],
      currentDate: new Date(nowMs),
    });
    const name = payload.email ?? payload.common_name;
    return typeof name === 'string' && name !== '' ? { kind: 'admitted', name } : { kind: 'invalid' };
  } catch (error) {
    return { kind: error instanceof errors.JWTExpired ? 'expired' : 'invalid' };
  }
}

function keyIdOf(assertion: string): string | null {
  try {
    const { alg, kid } = decodeProtectedHeader(assertion);
    return alg === 'RS256' && typeof kid === 'string' ? kid : null;
  } catch {
    return null;
  }
}

async function keysFor(cache: AccessKeys, kid: string, issuer: string, nowMs: number): Promise<JSONWebKeySet | null> {
  const current = nowMs - cache.fetchedAtMs < KEYS_TTL_MS ? cache.keys : null;
  const sinceAskedMs = nowMs - cache.askedAtMs;
  if (current?.keys.some((key) => key.kid === kid) === true) return current;
  if (current !== null && sinceAskedMs < REFETCH_MS) return current;
  if (current === null && cache.failed && sinceAskedMs < RETRY_MS) return null;
  cache.askedAtMs = nowMs;
  const fetched = await fetchKeys(`${issuer}/cdn-cgi/access/certs`);
  cache.failed = fetched === null;
  if (fetched === null) return null;
  cache.keys = fetched;
  cache.fetchedAtMs = nowMs;
  return fetched;
}

async function fetchKeys(url: string): Promise<JSONWebKeySet | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), redirect: 'manual' });
    const body = response.ok ? await response.json<Partial<JSONWebKeySet>>() : {};
    return Array.isArray(body.keys) ? { keys: body.keys } : null;
  } catch {
    return null;
  }
}
