import type { JWTPayload } from 'jose';
import { hex, innerHash } from '../../credential/digest.ts';
import type { SessionPolicy } from '../../policy/schema.ts';
import { emailKey } from './email.ts';
import { type KeyCache, type Unverified, verifyToken } from './jwks.ts';

/** Who has signed in, as the issuer's token says it. */
export interface Identity {
  readonly user: string;
  /** Null: the token names none. */
  readonly organisation: string | null;
  /** As {@link emailKey} writes it; null: none, or one that the issuer does not say is verified though it says of it. */
  readonly email: string | null;
  /** The role of this policy that the token's stands for; null: none. */
  readonly role: string | null;
  /** By which the token is known once it was signed out. It tells nothing of the token. */
  readonly tokenId: string;
  /** When the token was issued; 0: it does not say. */
  readonly issuedAtMs: number;
  /** From when on nobody admits the token, the tolerance of clocks included. */
  readonly expiresAtMs: number;
}

export type SessionCheck = { readonly kind: 'admitted'; readonly identity: Identity } | Unverified;

type Claim = SessionPolicy['claims']['user'];

/** The latest moment that a Date can hold. */
const LAST_MS = 8.64e15;
const LONGEST_NAME = 200;
/** RFC 5321 §4.5.3.1.3. */
const LONGEST_EMAIL = 254;

/**
 * Verifies a session token by the policy's issuer and reads who it is for. What is missing where it must be, or is not
 * a plain text where one must be, makes it invalid: nobody gets an account by accident. Never throws.
 */
export async function checkSession(
  session: SessionPolicy,
  keys: KeyCache,
  token: string,
  nowMs: number,
): Promise<SessionCheck> {
  const rules = {
    jwksUrl: session.jwks_url,
    issuer: session.issuer,
    audience: session.audience,
    algorithms: session.algorithms,
    clockToleranceMs: session.clock_tolerance,
  };
  const verified = await verifyToken(keys, rules, token, nowMs);
  if (verified.kind !== 'verified') return verified;
  const { claims } = verified;
  const person = isForUs(session, claims) ? personOf(session, claims) : null;
  if (person === null) return { kind: 'invalid' };
  const endsAtMs = Math.ceil(claims.exp + session.clock_tolerance / 1_000) * 1_000;
  const tokenId = await tokenIdOf(claims, token);
  const issuedAtMs = Math.floor((claims.iat ?? 0) * 1_000);
  return { kind: 'admitted', identity: { ...person, tokenId, issuedAtMs, expiresAtMs: Math.min(endsAtMs, LAST_MS) } };
}

/** `azp` (OpenID Connect Core §2) must be known where the policy names any; without an audience it must be there. */
function isForUs({ audience, authorized_parties: parties }: SessionPolicy, { azp }: JWTPayload): boolean {
  if (azp === undefined) return audience !== null;
  return parties.length === 0 || (typeof azp === 'string' && parties.includes(azp));
}

function personOf({ claims: names, roles }: SessionPolicy, claims: JWTPayload) {
  const user = claimAt(claims, names.user);
  const organisation = claimAt(claims, names.organisation) ?? null;
  if (!isName(user) || (organisation !== null && !isName(organisation))) return null;
  return { user, organisation, email: emailOf(claims, names.email), role: roleOf(claimAt(claims, names.role), roles) };
}

/** The value of a claim, by its name or by a path of names; undefined: there is none. */
function claimAt(claims: JWTPayload, claim: Claim | null): unknown {
  if (claim === null) return undefined;
  return (typeof claim === 'string' ? [claim] : claim).reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? (value as Readonly<Record<string, unknown>>)[name]
        : undefined,
    claims,
  );
}

/** No blanks at its ends: a header loses them, and two users would be one to the origin. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && isText(value) && value.length <= LONGEST_NAME && value === value.trim();
}

function isText(value: string): boolean {
  return value !== '' && value.isWellFormed() && !/\p{Cc}/u.test(value);
}

/**
 * The e-mail address, unless the issuer says anything but that it is verified: by the claim `email_verified`, or by the
 * one that stands beside the address and is called so with `_verified` (as `https://example.com/email_verified`).
 */
function emailOf(claims: JWTPayload, claim: Claim | null): string | null {
  const email = claimAt(claims, claim);
  if (claim === null || typeof email !== 'string' || email.length > LONGEST_EMAIL) return null;
  const path = typeof claim === 'string' ? [claim] : claim;
  const beside = [...path.slice(0, -1), `${path.at(-1)}_verified`];
  const told = [claims.email_verified, claimAt(claims, beside)];
  if (told.some((verified) => verified !== undefined && verified !== true && verified !== 'true')) return null;
  return isText(email) && /^[^\s@]+@[^\s@]+$/.test(email) ? emailKey(email) : null;
}

/** Of several roles in the token the one that the policy names first. */
function roleOf(value: unknown, roles: SessionPolicy['roles']): string | null {
  const said: readonly unknown[] = Array.isArray(value) ? value : [value];
  return Object.entries(roles).find(([name]) => said.includes(name))?.[1] ?? null;
}

/**
 * SHA-256, as hex, of the token's `jti`, else of its signed part: a signature can be written in several ways, and all
 * of them are the same token.
 */
async function tokenIdOf({ jti }: JWTPayload, token: string): Promise<string> {
  const hash = await innerHash(typeof jti === 'string' && jti !== '' ? jti : token.slice(0, token.lastIndexOf('.')));
  return hex(hash);
}
