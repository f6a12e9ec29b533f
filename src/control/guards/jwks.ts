import {
  createLocalJWKSet,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { freshKeys, isObject, newerKeys, nothingPublished, type Published } from './published.ts';

/*
 * JWTs (RFC 7519) and the published keys of who signs them (RFC 7517), kept as plain JSON.
 */

/** The keys of one issuer as this isolate has them. */
export type KeyCache = Published<JSONWebKeySet>;

/** No keys yet. */
export const noKeys: () => KeyCache = nothingPublished;

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

/**
 * Verifies a token by the issuer's published keys: signature, algorithm, `iss`, `aud`, `exp` (which must be there),
 * `nbf` and `iat`. Without keys nobody passes, and keys that are too old are none. Never throws.
 */
export async function verifyToken(cache: KeyCache, rules: TokenRules, token: string, nowMs: number): Promise<Verified> {
  if (token.length > LONGEST_TOKEN || !isSignedBy(token, rules.algorithms)) return { kind: 'invalid' };
  const keys = freshKeys(cache, nowMs);
  const verified = keys === null ? null : await verifyBy(keys, rules, token, nowMs);
  if (verified !== null) return verified;
  const newer = await newerKeys(cache, { url: rules.jwksUrl, read: readKeySet }, keys, nowMs);
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

function readKeySet(json: unknown): JSONWebKeySet | null {
  const keys = isObject(json) ? json.keys : undefined;
  return Array.isArray(keys) && keys.every(isObject) ? { keys } : null;
}
