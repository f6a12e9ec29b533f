import { base64url, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { type Publisher, startPublisher } from './published.ts';

/* A sign-in of its own: a real issuer that signs tokens and publishes its keys over HTTP. */

/** Who a token is for. What is not named here becomes a claim as it is; `null` leaves a claim out. */
export interface Person {
  readonly user?: string | null;
  readonly organisation?: string | null;
  readonly email?: string | null;
  /** The value of the claim `role`, which the test policy maps to the role of the same name. */
  readonly role?: string | null;
  readonly [claim: string]: unknown;
}

/** How a token differs from a good one. */
export interface TokenOptions {
  /** Seconds until it ends, from `nowMs`; 600 unless given, negative for one that is over, null for no end. */
  readonly expiresIn?: number | null;
  /** The moment at which it is made; now unless given. */
  readonly nowMs?: number;
  readonly audience?: string | readonly string[] | null;
  readonly issuer?: string;
  /** The issuer's own unless given. `none`: unsigned. `HS256`: with the published key as its secret. */
  readonly alg?: 'none' | 'HS256';
  /** Another key id than that of the key that signs; null: none. */
  readonly kid?: string | null;
}

type Algorithm = 'ES256' | 'RS256';

export interface Issuer extends Publisher {
  readonly jwksUrl: string;
  readonly audience: string;
  /** The table `session` of a policy that trusts this issuer. Roles: viewer, developer, account_admin. */
  readonly policy: {
    readonly issuer: string;
    readonly jwks_url: string;
    readonly audience: readonly string[];
    readonly algorithms: readonly Algorithm[];
    readonly claims: { readonly user: 'sub'; readonly organisation: 'org_id'; readonly role: 'role' };
    readonly roles: Readonly<Record<string, string>>;
  };
  /** A session token. Each has a `jti` of its own. */
  token(person: Person, options?: TokenOptions): Promise<string>;
  /** Signs by a new key from now on, which is published beside the older ones, or in their place. */
  rotate(keepOlder?: boolean): Promise<void>;
}

/** Starts an issuer on a free port. */
export async function startIssuer(algorithm: Algorithm = 'ES256'): Promise<Issuer> {
  let made = 1;
  let signer = await newSigner(algorithm, made);
  let published = [signer.jwk];
  let tokens = 0;
  const publisher = await startPublisher('/jwks', (_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: published }));
  });
  const { url } = publisher;
  const jwksUrl = `${url}/jwks`;
  const audience = 'https://api.example.com';
  const roles = { viewer: 'viewer', developer: 'developer', account_admin: 'account_admin' };

  const own: Omit<Issuer, keyof Publisher> = {
    jwksUrl,
    audience,
    policy: {
      issuer: url,
      jwks_url: jwksUrl,
      audience: [audience],
      algorithms: [algorithm],
      claims: { user: 'sub', organisation: 'org_id', role: 'role' },
      roles,
    },
    async token({ user, organisation, email, role, ...claims }, options = {}) {
      const { nowMs = Date.now(), expiresIn = 600, alg = algorithm, kid = signer.jwk.kid } = options;
      const issuedAt = Math.floor(nowMs / 1_000) - 1;
      const all = {
        iss: options.issuer ?? url,
        aud: options.audience === undefined ? audience : options.audience,
        iat: issuedAt,
        exp: expiresIn === null ? null : Math.floor(nowMs / 1_000) + expiresIn,
        jti: `token-${++tokens}`,
        sub: user,
        org_id: organisation,
        email,
        role,
        ...claims,
      };
      const payload = Object.fromEntries(
        Object.entries(all).filter(([, value]) => value !== undefined && value !== null),
      ) as JWTPayload;
      const header = { alg, typ: 'JWT', ...(kid !== null && { kid }) };
      if (alg === 'none') return `${encode(header)}.${encode(payload)}.`;
      const key = alg === 'HS256' ? new TextEncoder().encode(JSON.stringify(signer.jwk)) : signer.key;
      return new SignJWT(payload).setProtectedHeader(header).sign(key);
    },
    async rotate(keepOlder = true) {
      signer = await newSigner(algorithm, ++made);
      published = [...(keepOlder ? published : []), signer.jwk];
    },
  };
  return Object.assign(publisher, own);
}

async function newSigner(alg: Algorithm, number: number) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: `key-${number}`, alg, use: 'sig' };
  return { jwk, key: privateKey };
}

const encode = (value: object) => base64url.encode(JSON.stringify(value));
