import * as z from 'zod';
import { DENIAL_REASONS } from '../decision/denial.ts';

/*
 * The policy: everything in which one key product differs from another, as one validated object (DESIGN §6).
 * Written with snake_case fields, durations as "30m" and sizes as "100MB"; once loaded every duration is a
 * number of milliseconds and every size a number of bytes. Unknown fields are refused.
 */

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const UNIT_BYTES: Record<string, number> = { B: 1, KB: 1_024, MB: 1_048_576, GB: 1_073_741_824 };

function united(units: Record<string, number>, example: string) {
  const pattern = new RegExp(`^(\\d+)(${Object.keys(units).join('|')})$`);
  return z.string().transform((text, ctx) => {
    const match = pattern.exec(text);
    const factor = units[match?.[2] ?? ''];
    if (match === null || factor === undefined) {
      ctx.addIssue({ code: 'custom', message: `expected a whole number and a unit, like "${example}"` });
      return z.NEVER;
    }
    const value = Number(match[1]) * factor;
    if (Number.isSafeInteger(value)) return value;
    ctx.addIssue({ code: 'custom', message: 'is too large' });
    return z.NEVER;
  });
}

/** A duration such as "1s" or "24h"; milliseconds once loaded. */
const duration = united(UNIT_MS, '30m');
/** A duration with bounds in ms, which `range` tells in words. */
function durationWithin(minMs: number, maxMs: number, range: string) {
  return duration.refine((ms) => ms >= minMs && ms <= maxMs, `expected ${range}`);
}
/** Of what is counted or must end: never zero. */
const period = durationWithin(1_000, 31_536_000_000, '"1s" to "365d"');
/** A size such as "64KB"; bytes once loaded. */
const size = united(UNIT_BYTES, '64KB');

const name = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'expected lower-case letters, digits, "-" or "_"');
const limit = z.int().min(0).max(1_000_000_000);
const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected an HTTP header name')
  .transform((text) => text.toLowerCase());
const method = z.string().regex(/^[A-Z]{3,10}$/, 'expected an upper-case HTTP method');
/** "/v1/chat", one segment as "*", and any rest as a final "/**"; `decision/pattern.ts` says what matches. */
const pathPattern = z
  .string()
  .regex(
    /^(?:\/|(?:\/(?:\*|(?:[A-Za-z0-9._~:@!$&'()+,;=-]|%[0-9A-F]{2})+))*(?:\/\*\*)?)$/,
    'expected a path like "/v1/*" or "/v1/**", without a slash at its end',
  )
  .min(1, 'expected a path like "/v1/*" or "/v1/**"');

const place = z.discriminatedUnion('in', [
  z.strictObject({ in: z.literal('bearer') }),
  z.strictObject({ in: z.literal('bare') }),
  z.strictObject({ in: z.literal('header'), name: headerName }),
  z.strictObject({ in: z.literal('websocket'), prefix: z.string().regex(/^[A-Za-z0-9._-]+$/) }),
]);

const lockout = z.strictObject({ strikes: z.int().min(1).max(1_000), window: period, lock: period });

const rule = z.strictObject({ methods: z.array(method).min(1).optional(), paths: z.array(pathPattern).min(1) });

const role = z.strictObject({
  /** What this role may call; nothing where empty. */
  allow: z.array(rule),
  /** Exceptions from `allow`. */
  deny: z.array(rule).default([]),
  /** The environments in which its members may make keys. */
  mints: z.array(name).default([]),
  /** The roles beside its own that its members may give, to keys and to members. */
  grants: z.array(name).default([]),
  /** Which keys its members see and change: those they made, or all of the account. */
  manages: z.enum(['own', 'account']).default('own'),
  /** Whether its keys may ask for the decision on any other key: service keys of who proxies by themselves. */
  verifies: z.boolean().default(false),
});

/** The name of a claim, or the path to one within objects. */
const claim = z.union(
  [z.string().min(1).max(200), z.array(z.string().min(1).max(200)).min(1).max(8)],
  'expected the name of a claim, or the names that lead to it',
);

/** Signing algorithms of RFC 7518 and RFC 8037 with a public key. */
const algorithm = z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']);

/** Whose sign-in protects the routes of customers. */
const session = z
  .strictObject({
    /** Exactly as it stands in the claim `iss`. */
    issuer: z.url({ protocol: /^https?$/, error: 'expected the URL of the issuer' }),
    jwks_url: z
      .url({ protocol: /^https?$/, error: 'expected the URL of the published keys' })
      .refine(isProtected, 'expected https, or http on this very machine'),
    /** One of them must stand in `aud`; null: it is not looked at, as with issuers that send none. */
    audience: z.array(z.string().min(1).max(500)).min(1).nullable().default(null),
    /** One of them must be `azp`, where there is any here. */
    authorized_parties: z.array(z.string().min(1).max(500)).default([]),
    algorithms: z.array(algorithm).min(1).default(['RS256']),
    claims: z
      .strictObject({
        user: claim.default('sub'),
        organisation: claim.nullable().default(null),
        email: claim.nullable().default('email'),
        role: claim.nullable().default(null),
      })
      .prefault({}),
    /** What the claim of the role says, and which role that is here; what is not named is none. */
    roles: z.record(z.string().min(1).max(200), name).default({}),
    /** How far the issuer's clock may be off. */
    clock_tolerance: durationWithin(0, 60_000, 'at most "60s"').default(5_000),
  })
  .refine(({ audience, authorized_parties: parties }) => audience !== null || parties.length > 0, {
    path: ['audience'],
    error: 'expected an audience, or authorized_parties in its place',
  });

/** Keys that come over plain http could be anybody's, but for those of this machine. */
function isProtected(text: string): boolean {
  const url = URL.parse(text);
  return url === null || url.protocol === 'https:' || /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
}

const originUrl = z
  .url({ protocol: /^https?$/, error: 'expected an http or https origin such as "https://api.example.com"' })
  .refine((text) => {
    const url = URL.parse(text);
    return url === null || (url.origin === url.href.slice(0, -1) && !/[?#]/.test(text));
  }, 'expected an origin only: no path, query or user');

/** Micro-credits of one request: below a million credits, so that sums of many stay exact. */
const micro = z.int().min(0).max(999_999_999_999);

/** Micro-credits for a million tokens. */
const millionTokens = z.int().min(0).max(1_000_000_000_000_000);
const tokenPrice = z.strictObject({ prompt: millionTokens, completion: millionTokens });

/** What a request of a billed environment costs. `max_micro` is what is reserved while the real cost is not known. */
const cost = z.discriminatedUnion('from', [
  z.strictObject({ from: z.literal('fixed'), micro }),
  /** The origin tells: a header with whole micro-credits. It is not passed on. */
  z.strictObject({ from: z.literal('header'), name: headerName, max_micro: micro.min(1) }),
  /** The `usage` of an OpenAI-style answer, JSON or server-sent events. */
  z.strictObject({
    from: z.literal('usage'),
    /** By the model's name in the answer; "*" stands for every other one. */
    models: z.record(z.string().min(1).max(128), tokenPrice),
    max_micro: micro.min(1),
    /** Asks for `stream_options.include_usage` where the client does not, and takes the extra chunk out again. */
    include_usage: z.boolean().default(false),
  }),
]);

const upstream = z.strictObject({
  name,
  path: pathPattern.default('/**'),
  methods: z.array(method).min(1).optional(),
  /** Tried in order; a later one only where no body byte has been sent. */
  origins: z
    .array(
      z.union(
        [z.strictObject({ url: originUrl }), z.strictObject({ service: z.string().regex(/^[A-Z][A-Z0-9_]*$/) })],
        'expected { url = "https://api.example.com" } or { service = "BINDING" }',
      ),
    )
    .min(1),
  /** Removed from the front of the path before it is forwarded. */
  strip_prefix: z
    .string()
    .regex(/^(\/[A-Za-z0-9._~-]+)+$/)
    .optional(),
  /** Set on the forwarded request; `${NAME}` stands for the Worker secret NAME. */
  headers: z.record(headerName, z.string().max(4_096)).default({}),
  /** How long the origin may take to its first byte. */
  timeout: durationWithin(1, 600_000, '"1ms" to "10m"').default(60_000),
  auth: z.enum(['required', 'none']).default('required'),
  /** For `auth = "none"`: requests per minute and address. */
  public_rate_per_minute: limit.default(60),
  max_body: size.default(104_857_600),
  cost: cost.prefault({ from: 'fixed', micro: 0 }),
});

const wire = z.strictObject({
  status: z.int().min(400).max(599),
  code: z.string().min(1).max(64),
  /**
   * What is wrong and what to do. {limits} stands for the names of the limits that refused, {rates} for the rates among
   * them in words: "per-second", "per-minute".
   */
  message: z.string().min(1).max(500),
});

/** A JSON value in which strings may hold the placeholders that `decision/respond.ts` fills. */
export type BodyTemplate = string | number | boolean | null | { readonly [field: string]: BodyTemplate };
const bodyTemplate: z.ZodType<BodyTemplate> = z.lazy(() =>
  z.union(
    [z.string(), z.number(), z.boolean(), z.null(), z.record(z.string(), bodyTemplate)],
    'expected a text, a number, a boolean, null, or an object of them',
  ),
);

const rates = z.strictObject({
  per_second: limit.nullable().default(null),
  per_minute: limit.nullable().default(null),
});

/** Over any such span of time, or "month": from the account's billing anchor, in UTC. */
const sharedQuota = z.strictObject({ requests: limit, window: z.union([z.literal('month'), period]) });

const plan = z.strictObject({
  /** Account-wide rates, all keys together. */
  rates: rates.prefault({}),
  /** Requests that all keys of billed environments share. */
  quota: sharedQuota.nullable().default(null),
  /** Whether what costs credits is admitted only against the account's balance; if not, it is only counted. */
  prepaid: z.boolean().default(true),
  /** The highest per-key rates that may be set; null: no maximum. */
  max_key_rate_per_second: limit.nullable().default(null),
  max_key_rate_per_minute: limit.nullable().default(null),
  /** Overrides `caps.active_keys_per_account`. */
  active_keys: limit.nullable().optional(),
  /** Overrides `caps.active_keys_per_user`. */
  active_keys_per_user: limit.nullable().optional(),
});

const cors = z.strictObject({
  /** Exact origins, or ["*"]. Empty: no CORS answers at all. */
  origins: z.array(z.union([z.literal('*'), originUrl])).default([]),
  methods: z.array(method).default(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
  headers: z.array(headerName).default(['authorization', 'content-type']),
  max_age: duration.default(600_000),
});

/** How the secrets of a system look that came before; they stand beside the policy's own format. */
const legacyFormat = z.strictObject({
  name,
  /** The text with which its secrets begin; "" for none. */
  prefix: z.string().regex(/^[\x21-\x7e]{0,64}$/, 'expected at most 64 visible ASCII characters'),
  /** The characters behind the prefix; `printable` are the visible ones of ASCII. */
  charset: z.enum(['hex', 'base58', 'base62', 'base64url', 'printable']),
  /** How many characters stand behind the prefix. */
  min_length: z.int().min(8).max(512),
  max_length: z.int().min(8).max(512),
  /** Characters behind the prefix that the visible prefix shows. */
  visible_chars: z.int().min(0).max(16).default(4),
  /** The environment of its keys where nothing else says it. */
  environment: name,
});

/** Who is asked once for a secret of a legacy format that is not known here. */
const legacyVerifier = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'expected the URL that is asked' })
    .refine(isProtected, 'expected https, or http on this very machine'),
  /** How long it may take; after that nobody can say, and nobody is admitted. */
  timeout: durationWithin(50, 5_000, '"50ms" to "5s"').default(1_000),
  /** Sent with the question; `${NAME}` stands for the Worker secret NAME. */
  headers: z.record(headerName, z.string().max(4_096)).default({}),
});

/** The whole policy. `z.output` of it is what the code reads; see the notes on units above. */
export const policySchema = z.strictObject({
  preset: name,
  key: z.strictObject({
    /** Literal text with {env}, {base62:N}, {hex:N} or {base58:N}, and at the end {crc32}; `credential/format.ts`. */
    template: z.string().min(1).max(128),
    /** Characters of the secret part that the visible prefix shows. */
    visible_chars: z.int().min(2).max(16),
  }),
  /** Keys of the system before: how they look, and who is asked for those that were not imported. */
  legacy: z
    .strictObject({
      formats: z.array(legacyFormat).max(8).default([]),
      verifier: legacyVerifier.nullable().default(null),
    })
    .prefault({}),
  environments: z.record(
    name,
    z.strictObject({
      /** Whether its keys cost credits and share the plan's quota. */
      billed: z.boolean(),
      /** What the keys of an unbilled environment share within an account in place of the plan's quota. */
      quota: sharedQuota.nullable().default(null),
      /** What becomes of a key that was found in public; `notify` only writes it down. */
      leaked: z.enum(['revoke', 'deactivate', 'notify']).default('revoke'),
    }),
  ),
  credential: z.strictObject({ places: z.array(place).min(1) }),
  roles: z.record(name, role),
  keys: z.strictObject({
    default_role: name,
    /** Whether a key always has its creator's current role instead of one of its own. */
    role_follows_creator: z.boolean(),
    label_required: z.boolean(),
    label_unique: z.boolean(),
    /** The categories that are offered. */
    categories: z.array(z.string().min(1).max(64)),
    /** Whether a key may carry a category that is not in `categories`. */
    custom_categories: z.boolean(),
    /** Whether removing a member revokes the member's keys. */
    revoke_with_member: z.boolean(),
    /** Whether a key that was never used may be deleted outright. */
    purge_unused: z.boolean(),
  }),
  /** Who signs in; null: nobody, and there are no routes for customers. */
  session: session.nullable().default(null),
  members: z.strictObject({
    /**
     * `sign_in`: the first to sign in for an organisation makes its account and the others join it; without an
     * organisation each has an account of their own. `invitation`: by an invitation of the account's or the operator's
     * admin. `admin`: by the operator alone.
     */
    join: z.enum(['sign_in', 'invitation', 'admin']),
    /** The role of who makes an account by signing in. */
    first_role: name,
    /** The role of who joins without a claim that says another one. */
    default_role: name,
    /** Whether the issuer's claim says the role each time, or only when joining. */
    role_from_claim: z.boolean(),
    /** How long an invitation stands. */
    invitation: period.default(1_209_600_000),
  }),
  caps: z.strictObject({
    active_keys_per_account: limit.nullable(),
    active_keys_per_user: limit.nullable(),
    creations_per_user_per_hour: limit.nullable(),
  }),
  rotation: z.strictObject({
    enabled: z.boolean(),
    grace: duration,
    /** Whether an account with more than one active key may still rotate. */
    with_several_keys: z.boolean(),
  }),
  /** What the audit view shows beside the changes: each request of the log, as `api_call`. */
  audit: z.strictObject({ calls: z.boolean().default(false) }).prefault({}),
  idempotency: z
    .strictObject({
      /** For how long the same `Idempotency-Key` is the same request. */
      keep: period.default(86_400_000),
    })
    .prefault({}),
  lockouts: z.strictObject({ secret: lockout, address: lockout }),
  trial: z.strictObject({
    enabled: z.boolean(),
    environment: name,
    role: name,
    ttl: period,
    operations: z.int().min(1).max(1_000_000),
    mints_per_minute: limit,
    /** Revocation by prefix asks for the whole secret in Authorization. */
    revoke_needs_secret: z.boolean(),
    /** `{minutes}` and `{operations}` are filled in. */
    message: z.string().min(1).max(300),
  }),
  limits: z.strictObject({
    default_rate_per_second: limit.nullable().default(null),
    max_rate_per_second: limit.nullable().default(null),
    default_rate_per_minute: limit.nullable(),
    max_rate_per_minute: limit.nullable(),
    /** Which quotas a key may carry, in requests and in credits. */
    quotas: z.array(z.enum(['total', 'daily', 'weekly', 'monthly'])),
    credit_quotas: z
      .array(z.enum(['total', 'daily', 'weekly', 'monthly']))
      .default(['total', 'daily', 'weekly', 'monthly']),
    /** Whether `RateLimit` and `RateLimit-Policy` are sent. */
    headers: z.boolean(),
  }),
  plans: z.record(name, plan),
  default_plan: name,
  denials: z.record(z.enum(DENIAL_REASONS), wire),
  error: z.strictObject({ content_type: z.enum(['application/problem+json', 'application/json']), body: bodyTemplate }),
  upstreams: z.array(upstream),
  cors: cors.prefault({}),
  control: z
    .strictObject({
      /** The only host that answers control routes; null: every host does. */
      host: z.string().min(1).max(253).nullable().default(null),
      /** In front of every control route, "" for none. */
      base_path: z
        .string()
        .regex(/^(\/[A-Za-z0-9._~-]+)*$/)
        .default(''),
      /** Whether `/openapi.json` and `/docs` are there. */
      docs: z.boolean().default(true),
    })
    .prefault({}),
  /** Who reports keys that were found in public. */
  leaks: z
    .strictObject({
      /** GitHub's secret scanning; null: there is no such route. */
      github: z
        .strictObject({
          /** Where GitHub publishes the keys of its signatures. */
          keys_url: z
            .url({ protocol: /^https?$/, error: 'expected the URL of the published keys' })
            .refine(isProtected, 'expected https, or http on this very machine')
            .default('https://api.github.com/meta/public_keys/secret_scanning'),
        })
        .nullable()
        .default(null),
    })
    .prefault({}),
  /** A signed statement of who calls, for the origin; null: none is made. */
  assertion: z
    .strictObject({
      /** The claim `iss`. */
      issuer: z.url({ protocol: /^https?$/, error: 'expected the URL of this gateway' }),
      /** How long one is good for. */
      ttl: durationWithin(30_000, 600_000, '"30s" to "10m"').default(60_000),
    })
    .nullable()
    .default(null),
  /** What is told before it is too late. */
  warnings: z
    .strictObject({
      /** So long before a key expires; none where empty. */
      expiry: z.array(period).max(8).default([1_209_600_000, 604_800_000, 86_400_000]),
      /** When so much of a quota is used. */
      quota_percent: z.int().min(1).max(99).default(80),
      /** When an account that pays in advance has less than this; 0: never. */
      credits_micro: micro.default(10_000_000),
    })
    .prefault({}),
  /** The endpoints to which events are sent. */
  webhooks: z
    .strictObject({
      /** How many an account may have, and the operator. */
      endpoints: z.int().min(0).max(20).default(20),
      /** How long an endpoint may take to answer. */
      timeout: durationWithin(100, 15_000, '"100ms" to "15s"').default(10_000),
      /** The pauses between one attempt and the next, to which up to a tenth is added; the last one ends a delivery. */
      retries: z
        .array(durationWithin(10, 604_800_000, '"10ms" to "7d"'))
        .min(1)
        .max(20)
        .default([5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000, 86_400_000]),
      /** An endpoint that has only failed for so long is disabled. */
      disable_after: period.default(432_000_000),
      /** How long deliveries are signed with a replaced secret too. */
      secret_grace: durationWithin(0, 604_800_000, 'at most "7d"').default(86_400_000),
      /** For how long deliveries are kept. */
      keep: period.default(2_592_000_000),
      /** Whether http and addresses of private networks are taken: for local work only. */
      allow_local: z.boolean().default(false),
      /** Who resolves names, by DNS over HTTPS with JSON answers. */
      resolver: z
        .url({ protocol: /^https?$/, error: 'expected the URL of a DNS resolver' })
        .refine(isProtected, 'expected https, or http on this very machine')
        .default('https://cloudflare-dns.com/dns-query'),
    })
    .prefault({}),
  /** How long an isolate may admit by itself; "0s" asks the gate every time. */
  lease: durationWithin(0, 10_000, 'at most "10s"'),
  /** When a gate cannot be reached: refuse, or serve what the cache knows as good. */
  gate_unreachable: z.enum(['closed', 'cached']),
  /** How often a running stream or WebSocket is checked again. */
  reauthorize_every: durationWithin(1_000, 3_600_000, '"1s" to "1h"'),
  /** The request log of each account. */
  log: z.strictObject({
    retention: period,
    /** The oldest entries go when an account's log is larger. */
    max_bytes: size
      .refine((bytes) => bytes >= 1_048_576 && bytes <= 8 * 1_073_741_824, 'expected "1MB" to "8GB"')
      .default(4 * 1_073_741_824),
    /** Whether the query string is kept. */
    query: z.boolean().default(false),
    /** How much of the client's address is kept: all, its /24 or /48, or nothing. */
    address: z.enum(['full', 'network', 'none']).default('full'),
  }),
  /** Whether answers carry `Server-Timing`. */
  server_timing: z.boolean().default(false),
});

/** The policy as it is written. */
export type PolicyInput = z.input<typeof policySchema>;
/** The policy as the code reads it: durations in ms, sizes in bytes. */
export type Policy = z.output<typeof policySchema>;
export type CredentialPlace = Policy['credential']['places'][number];
export type Upstream = Policy['upstreams'][number];
/** What a request costs, in micro-credits. */
export type Cost = Upstream['cost'];
/** The prices of a route that is paid by tokens. */
export type UsageCost = Extract<Cost, { from: 'usage' }>;
export type Role = Policy['roles'][string];
/** How sessions are checked. */
export type SessionPolicy = NonNullable<Policy['session']>;
export type Cors = Policy['cors'];
export type Wire = Policy['denials'][keyof Policy['denials']];
export type LockoutRule = Policy['lockouts']['secret'];
