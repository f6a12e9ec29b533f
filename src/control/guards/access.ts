import { type KeyCache, type Unverified, verifyToken } from './jwks.ts';

/* Cloudflare Access in front of the admin routes: it puts a signed JWT into every request that it lets through. */

/** The header in which Access sends the JWT. */
export const ACCESS_HEADER = 'Cf-Access-Jwt-Assertion';

/** Whose Access, and for which application. */
export interface AccessApplication {
  /** `team.cloudflareaccess.com`, or with its scheme. */
  readonly teamDomain: string;
  readonly audience: string;
}

export type AccessCheck = { readonly kind: 'admitted'; readonly name: string } | Unverified;

/** The team's origin, which is also the issuer of its JWTs. */
export function accessIssuer(teamDomain: string): string {
  return (/^https?:\/\//.test(teamDomain) ? teamDomain : `https://${teamDomain}`).replace(/\/+$/, '');
}

/**
 * Verifies an Access JWT by the team's published keys, which Access rotates every six weeks. The name is the e-mail
 * address of a person or the common name of a service token. Without keys nobody passes. Never throws.
 */
export async function checkAccess(
  application: AccessApplication,
  keys: KeyCache,
  assertion: string,
  nowMs: number,
): Promise<AccessCheck> {
  const issuer = accessIssuer(application.teamDomain);
  const rules = {
    jwksUrl: `${issuer}/cdn-cgi/access/certs`,
    issuer,
    audience: [application.audience],
    algorithms: ['RS256'],
    clockToleranceMs: 0,
  };
  const verified = await verifyToken(keys, rules, assertion, nowMs);
  if (verified.kind !== 'verified') return verified;
  const name = verified.claims.email ?? verified.claims.common_name;
  return typeof name === 'string' && name !== '' ? { kind: 'admitted', name } : { kind: 'invalid' };
}
