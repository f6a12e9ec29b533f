import type { JWTPayload } from 'jose';
import type { KeyRecord } from '../decision/record.ts';
import { CLOCK_TOLERANCE_MS, RENEWAL_MARK_MS } from '../meter/times.ts';
import type { Policy } from '../policy/schema.ts';
import type { AssertionKey } from './assertion-keys.ts';

/** Where an origin finds the assertion. */
export const ASSERTION_HEADER = 'x-keystile-assertion';

/** A new assertion is made when this part of the old one's life is over, beside a request that uses the old one. */
const RENEWED_AT = 1 / 2;
/** From this part on the old one is not used any more: the rest is for the way to the origin, and for its clock. */
const USED_UNTIL = 3 / 4;

/** Signed statements of who calls, for those to whom requests go. */
export interface Assertions {
  /** The first signs, all are published. */
  readonly keys: readonly [AssertionKey, ...AssertionKey[]];
  /**
   * The assertion of an admitted key for one audience: at once where there is one, which is renewed in the background
   * in good time, and a promise where it must be signed first.
   */
  of(record: KeyRecord, audience: string, waitUntil: (work: Promise<unknown>) => void): string | Promise<string>;
}

type AssertionPolicy = NonNullable<Policy['assertion']>;

interface Kept extends Times {
  readonly token: string;
}

/**
 * Assertions by the policy's issuer. They are kept with the key's record, one for each audience: about twice in an
 * assertion's life one is signed, however many requests there are, and a changed key, of which there is a new record,
 * has new ones. Requests that find none at the same time each sign one and the last is kept, since no request may wait
 * for another's promise; each is good.
 */
export function openAssertions(policy: AssertionPolicy, keys: Assertions['keys'], nowMs: () => number): Assertions {
  const known = new WeakMap<KeyRecord, Map<string, Kept>>();

  async function make(record: KeyRecord, audience: string, atMs: number): Promise<string> {
    const times = timesOf(record, policy.ttl, atMs);
    const token = await keys[0].sign(claimsOf(record, policy.issuer, audience, times));
    const kept = known.get(record) ?? new Map<string, Kept>();
    kept.set(audience, { ...times, token });
    known.set(record, kept);
    return token;
  }

  return {
    keys,
    of(record, audience, waitUntil) {
      const atMs = nowMs();
      const kept = known.get(record)?.get(audience);
      if (kept === undefined || !isUsable(kept, atMs)) return make(record, audience, atMs);
      if (atMs >= kept.renewAtMs) {
        // The request that does it may be cancelled; then another one does, later.
        kept.renewAtMs = atMs + RENEWAL_MARK_MS;
        waitUntil(make(record, audience, atMs));
      }
      return kept.token;
    },
  };
}

/** When an assertion is made and ends, and what becomes of it meanwhile; in ms, but for `endsAtS`. */
export interface Times {
  readonly madeAtMs: number;
  /** Seconds since 1970, as a JWT tells them. */
  readonly endsAtS: number;
  /** Moved on by the request that renews it. */
  renewAtMs: number;
  readonly usableUntilMs: number;
}

/**
 * The times of an assertion that is made at `nowMs`. It ends with its key at the latest, or with a secret that was
 * replaced; one that does is the key's last, and is used until then.
 */
export function timesOf(
  { expiresAtMs, graceEndsAtMs }: Pick<KeyRecord, 'expiresAtMs' | 'graceEndsAtMs'>,
  ttlMs: number,
  nowMs: number,
): Times {
  const lastMs = Math.min(expiresAtMs ?? Number.POSITIVE_INFINITY, graceEndsAtMs ?? Number.POSITIVE_INFINITY);
  const isLast = lastMs <= nowMs + ttlMs;
  return {
    madeAtMs: nowMs,
    endsAtS: Math.floor(Math.min(nowMs + ttlMs, lastMs) / 1_000),
    renewAtMs: isLast ? lastMs : nowMs + RENEWED_AT * ttlMs,
    usableUntilMs: isLast ? lastMs : nowMs + USED_UNTIL * ttlMs,
  };
}

/** Whether one is still to be sent; not after a step of the clock to before it was made. */
export function isUsable({ madeAtMs, usableUntilMs }: Times, nowMs: number): boolean {
  return nowMs < usableUntilMs && nowMs >= madeAtMs - CLOCK_TOLERANCE_MS;
}

/** What an assertion says (RFC 7519 §4.1); in `sub` stands the key, since trial keys share an account. */
export function claimsOf(record: KeyRecord, issuer: string, audience: string, times: Times): JWTPayload {
  return {
    iss: issuer,
    aud: audience,
    sub: record.keyId,
    iat: Math.floor(times.madeAtMs / 1_000),
    exp: times.endsAtS,
    account: record.accountId,
    plan: record.plan,
    ...(record.userId !== null && { user: record.userId }),
    key_id: record.keyId,
    role: record.role,
    environment: record.environment,
  };
}
