import {
  createLocalJWKSet,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { readBytes } from '../body.ts';

/*
 * JWTs (RFC 7519) and the published keys of who signs them (RFC 7517). The keys are kept as plain JSON: no request
 * may await a promise of another one in a Worker.
 */

/** The keys of one issuer as this isolate has them. */
export interface KeyCache {
  keys: JSONWebKeySet | null;
  fetchedAtMs: number;
  /** When they were last asked for, answered or not. */
  askedAtMs: number;
  /** Whether the last answer was no use. */
  failed: boolean;
  /** Stands for the request that is asking for them now; null: none. */
  asking: symbol | null;
}

/** No keys yet. */
export function noKeys(): KeyCache {
  return { keys: null, fetchedAtMs: 0, askedAtMs: Number.NEGATIVE_INFINITY, failed: false, asking: null };
}

/** What a token must be like. */
export interface TokenRules {
  readonly jwksUrl: string;
  readonly issuer: string;
  /** One of them must stand in `aud`; null: it is not looked at. */
  readonly audience: readonly string[] | null;
  /** Such with a public key only; what a token says of its own algorithm counts for nothing else. */
  readonly algorithms: readonly string[];
  readonly clockToleranceMs: number;
}

/**
 * `expired`: signed by the issuer for this audience, and over. `unreachable`: its keys cannot be had now.
 * `unknown_key`: by a key that was not published when the keys were fetched, which is not long ago; the issuer may have
 * changed its keys since, so it may be an honest token.
 */
export type Unverified =
  | { readonly kind: 'invalid' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'unknown_key' };
export type Verified =
  | { readonly kind: 'verified'; readonly claims: JWTPayload & { readonly exp: number } }
  | Unverified;

/** Longer tokens are refused unread, in characters. */
export const LONGEST_TOKEN = 8_192;

/** Older keys are not used, whether newer ones can be had or not: a key that was withdrawn passes for so long at most. */
const KEYS_TTL_MS = 3_600_000;
/** A key that is not known makes the keys be fetched again, at most this often. */
const REFETCH_MS = 60_000;
/** After a failure, for this long nothing is fetched. */
const RETRY_MS = 2_000;
const FETCH_TIMEOUT_MS = 5_000;
/** When a request that is asking must have been cancelled, since it would have its answer. */
const ABANDONED_MS = FETCH_TIMEOUT_MS + 1_000;
const POLL_MS = 20;
const KEYS_BYTES = 262_144;

/**
 * Verifies a token by the issuer's published keys: signature, algorithm, `iss`, `aud`, `exp` (which must be there),
 * `nbf` and `iat`. Without keys nobody passes. Never throws.
 */
export async function verifyToken(cache: KeyCache, rules: TokenRules, token: string, nowMs: number): Promise<Verified> {
  if (token.length > LONGEST_TOKEN || !isSignedBy(token, rules.algorithms)) return { kind: 'invalid' };
  const keys = freshKeys(cache, nowMs);
  const verified = keys === null ? null : await verifyBy(keys, rules, token, nowMs);
  if (verified !== null) return verified;
  const newer = await newerKeys(cache, rules.jwksUrl, keys, nowMs);
  if (newer === null) return { kind: 'unreachable' };
  if (newer === keys) return { kind: 'unknown_key' };
  return (await verifyBy(newer, rules, token, nowMs)) ?? { kind: 'invalid' };
}

function isSignedBy(token: string, algorithms: readonly string[]): boolean {
  try {
    const { alg } = decodeProtectedHeader(token);
    return typeof alg === 'string' && algorithms.includes(alg);
  } catch {
    return false;
  }
}

/** Null: by another key than these. A token without a key id is by another one where its signature says so. */
async function verifyBy(
  keys: JSONWebKeySet,
  { issuer, audience, algorithms, clockToleranceMs }: TokenRules,
  token: string,
  nowMs: number,
): Promise<Verified | null> {
  const options: JWTVerifyOptions = {
    issuer,
    ...(audience !== null && { audience: [...audience] }),
    algorithms: [...algorithms],
    requiredClaims: ['exp'],
    clockTolerance: clockToleranceMs / 1_000,
    currentDate: new Date(nowMs),
  };
  try {
    const { payload } = await jwtVerify<JWTPayload & { exp: number }>(token, createLocalJWKSet(keys), options);
    const early = (payload.iat ?? 0) * 1_000 > nowMs + clockToleranceMs;
    return early ? { kind: 'invalid' } : { kind: 'verified', claims: payload };
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return null;
    const unsure = error instanceof errors.JWSSignatureVerificationFailed;
    if (unsure && decodeProtectedHeader(token).kid === undefined) return null;
    return { kind: error instanceof errors.JWTExpired ? 'expired' : 'invalid' };
  }
}

function freshKeys({ keys, fetchedAtMs }: KeyCache, nowMs: number): JSONWebKeySet | null {
  return nowMs - fetchedAtMs < KEYS_TTL_MS ? keys : null;
}

/**
 * Other keys than those that were `tried`, which come back where they were fetched just now; null where none can be
 * had. However many requests need them, one asks at a time and the others look for what it left: a flood of unknown
 * key ids makes one fetch a minute.
 */
async function newerKeys(
  cache: KeyCache,
  url: string,
  tried: JSONWebKeySet | null,
  nowMs: number,
): Promise<JSONWebKeySet | null> {
  for (let waited = false; ; waited = true) {
    const keys = freshKeys(cache, nowMs);
    if (keys !== null && keys !== tried) return keys;
    if (waited && cache.failed) return null;
    if (cache.asking === null) {
      const sinceAskedMs = nowMs - cache.askedAtMs;
      if (cache.failed && sinceAskedMs < RETRY_MS) return null;
      if (keys !== null && !cache.failed && sinceAskedMs < REFETCH_MS) return keys;
      return ask(cache, url, nowMs);
    }
    await anothersAnswer(cache);
  }
}

async function ask(cache: KeyCache, url: string, nowMs: number): Promise<JSONWebKeySet | null> {
  const asking = Symbol('asking');
  cache.asking = asking;
  cache.askedAtMs = nowMs;
  const keys = await fetchKeys(url);
  if (cache.asking === asking) cache.asking = null;
  cache.failed = keys === null;
  if (keys !== null) {
    cache.keys = keys;
    cache.fetchedAtMs = nowMs;
  }
  return keys;
}

/** Until the request that is asking has its answer. One that was cancelled never will, and another may ask. */
async function anothersAnswer(cache: KeyCache): Promise<void> {
  const { asking } = cache;
  for (let waitedMs = 0; cache.asking === asking && waitedMs < ABANDONED_MS; waitedMs += POLL_MS) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  if (cache.asking === asking) cache.asking = null;
}

async function fetchKeys(url: string): Promise<JSONWebKeySet | null> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      redirect: 'manual',
    });
    const bytes = response.ok ? await readBytes(response, KEYS_BYTES) : null;
    const set: unknown = bytes === null ? null : JSON.parse(new TextDecoder().decode(bytes));
    return isKeySet(set) ? { keys: set.keys } : null;
  } catch {
    return null;
  }
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  const keys = isObject(value) ? value.keys : undefined;
  return Array.isArray(keys) && keys.every(isObject);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
