import type { Facts } from '../promises.ts';

/** A day, in ms. */
export const DAY_MS = 86_400_000;

/** A power that gives and manages nothing. */
export const NO_POWER: Facts['powers'][string] = { mints: [], grants: [], manages: 'own', verifies: false };

/** An environment that is not billed. */
export const UNBILLED: Facts['environments'][string] = { billed: false, quota: null, leaked: 'revoke' };

/** An environment that is. */
export const BILLED: Facts['environments'][string] = { ...UNBILLED, billed: true };

/** A plan that bounds nothing. */
export const UNBOUND = {
  rates: { per_second: null, per_minute: null },
  quota: null,
  prepaid: true,
  max_key_rate_per_second: null,
  max_key_rate_per_minute: null,
};

/** Rates and quotas of a key where nothing is said of them. */
export const UNLIMITED: NonNullable<Facts['rest']['limits']> = {
  default_rate_per_second: null,
  max_rate_per_second: null,
  default_rate_per_minute: null,
  max_rate_per_minute: null,
  quotas: [],
  credit_quotas: [],
  headers: true,
};

/** Trial keys as WAVIS documents them. */
export const TRIAL: NonNullable<Facts['rest']['trial']> = {
  enabled: true,
  environment: 'trial',
  role: 'trial',
  ttl: 1_800_000,
  operations: 10,
  mints_per_minute: 5,
  revoke_needs_secret: true,
  message: 'This trial key works for {minutes} minutes and {operations} operations.',
};

/** What no document speaks of. */
export const LEFT_OPEN: Facts['rest'] = {
  legacy: { formats: [], verifier: null },
  session: null,
  audit: { calls: false },
  idempotency: { keep: DAY_MS },
  default_plan: 'standard',
  upstreams: [],
  leaks: { github: null },
  assertion: null,
  warnings: { expiry: [14 * DAY_MS, 7 * DAY_MS, DAY_MS], quota_percent: 80, credits_micro: 10_000_000 },
  webhooks: {
    endpoints: 20,
    timeout: 10_000,
    retries: [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000, DAY_MS],
    disable_after: 5 * DAY_MS,
    secret_grace: DAY_MS,
    keep: 30 * DAY_MS,
    allow_local: false,
    resolver: 'https://cloudflare-dns.com/dns-query',
  },
  lease: 1_000,
  gate_unreachable: 'closed',
  reauthorize_every: 30_000,
  log: { retention: 30 * DAY_MS, max_bytes: 4_294_967_296, query: false, address: 'full' },
  server_timing: false,
};
