import type { KeyRecord, KeyStatus, Quotas } from '../decision/record.ts';

/** A database, or a session of one: what the functions that hold SQL are given. */
export type Db = Pick<D1Database, 'prepare' | 'batch'>;

/** A key as the registry has it. */
export interface StoredKey {
  readonly id: string;
  readonly accountId: string;
  readonly accountStatus: 'active' | 'suspended';
  readonly plan: string;
  /** The account's; null: none. */
  readonly budgetMicro: number | null;
  readonly billingAnchorMs: number;
  /** The member who made it, and how the issuer of sessions knows that person. */
  readonly memberId: string | null;
  readonly userId: string | null;
  readonly label: string | null;
  readonly category: string | null;
  readonly environment: string;
  readonly role: string;
  readonly status: KeyStatus;
  readonly generation: number;
  readonly expiresAtMs: number | null;
  readonly ratePerSecond: number | null;
  readonly ratePerMinute: number | null;
  readonly quotas: Quotas;
  readonly addresses: readonly string[] | null;
  /** What its owner keeps with it; nothing reads it here. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The visible part of the current secret. */
  readonly prefix: string;
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
}

/** A key as a query gives it: {@link KEY_COLUMNS}. */
export type KeyRow = Omit<StoredKey, 'quotas' | 'addresses' | 'metadata'> & {
  readonly quotas: string;
  readonly addresses: string | null;
  readonly metadata: string | null;
};

/** The columns of a {@link KeyRow}; the query names keys `k` and accounts `a`. */
export const KEY_COLUMNS = `
  k.id, k.account_id AS accountId, a.status AS accountStatus, a.plan, a.budget_micro AS budgetMicro,
  coalesce(a.billing_anchor_ms, a.created_at_ms) AS billingAnchorMs, k.user_id AS memberId,
  (SELECT m.user_id FROM members AS m WHERE m.id = k.user_id) AS userId, k.label, k.category,
  k.environment, k.role, k.status, k.generation, k.expires_at_ms AS expiresAtMs,
  k.rate_per_second AS ratePerSecond, k.rate_per_minute AS ratePerMinute, k.quotas, k.addresses, k.metadata, k.prefix,
  k.created_at_ms AS createdAtMs, k.revoked_at_ms AS revokedAtMs`;

/**
 * The keys of the set in `?1` that still have the generation with which they were read. Sets are handed over as one
 * JSON parameter and unfolded by SQLite, so none meets D1's limit of 100 parameters, and one key or two hundred take
 * the same statements.
 */
export const UNCHANGED = `json_each(?1) AS c
  CROSS JOIN keys AS k ON k.id = c.value ->> 'id' AND k.generation = c.value ->> 'generation'`;

/**
 * Whether another key of an account has a label, but for those that are revoked. The arguments are SQL; keys that
 * become revoked stay so, so what is free for one statement of a transaction is free for all.
 */
export function labelTaken(label: string, accountId: string, exceptId: string): string {
  return `EXISTS (SELECT 1 FROM keys AS o INDEXED BY keys_by_label WHERE o.label = ${label}
    AND o.account_id = ${accountId} AND o.status <> 'revoked' AND o.id <> ${exceptId})`;
}

/** A stored key from its row. Takes only its own columns, so the row may have more. */
export function keyOfRow(row: KeyRow): StoredKey {
  return {
    id: row.id,
    accountId: row.accountId,
    accountStatus: row.accountStatus,
    plan: row.plan,
    budgetMicro: row.budgetMicro,
    billingAnchorMs: row.billingAnchorMs,
    memberId: row.memberId,
    userId: row.userId,
    label: row.label,
    category: row.category,
    environment: row.environment,
    role: row.role,
    status: row.status,
    generation: row.generation,
    expiresAtMs: row.expiresAtMs,
    ratePerSecond: row.ratePerSecond,
    ratePerMinute: row.ratePerMinute,
    quotas: readQuotas(row.quotas),
    addresses: readAddresses(row.addresses),
    metadata: row.metadata === null ? {} : (readJson(row.metadata) as StoredKey['metadata']),
    prefix: row.prefix,
    createdAtMs: row.createdAtMs,
    revokedAtMs: row.revokedAtMs,
  };
}

/** How long a secret goes on working after another one replaced it. */
export interface Grace {
  readonly replacedAtMs: number | null;
  readonly graceEndsAtMs: number | null;
}

/** Of a current secret. */
export const NO_GRACE: Grace = { replacedAtMs: null, graceEndsAtMs: null };

/** The record of a key, seen through one of its secrets. */
export function recordOfKey(key: StoredKey, { replacedAtMs, graceEndsAtMs }: Grace = NO_GRACE): KeyRecord {
  return {
    keyId: key.id,
    generation: key.generation,
    accountId: key.accountId,
    accountStatus: key.accountStatus,
    plan: key.plan,
    budgetMicro: key.budgetMicro,
    billingAnchorMs: key.billingAnchorMs,
    memberId: key.memberId,
    userId: key.userId,
    label: key.label,
    category: key.category,
    role: key.role,
    environment: key.environment,
    status: key.status,
    expiresAtMs: key.expiresAtMs,
    replacedAtMs,
    graceEndsAtMs,
    ratePerSecond: key.ratePerSecond,
    ratePerMinute: key.ratePerMinute,
    quotas: key.quotas,
    addresses: key.addresses,
  };
}

/** The value of JSON text from the database; undefined where it is not JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Quotas from their column. What cannot be read allows nothing: a damaged row must not lift a limit. */
function readQuotas(text: string): Quotas {
  const quotas = readJson(text);
  if (!isObject(quotas)) return { total: 0 };
  const { credits = {}, ...requests } = quotas;
  return areCaps(requests) && areCaps(credits) ? (quotas as Quotas) : { total: 0 };
}

function areCaps(caps: unknown): boolean {
  return isObject(caps) && Object.values(caps).every((cap) => Number.isSafeInteger(cap) && (cap as number) >= 0);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Addresses from their column. What cannot be read admits none. */
function readAddresses(text: string | null): readonly string[] | null {
  if (text === null) return null;
  const addresses = readJson(text);
  return Array.isArray(addresses) && addresses.every((entry) => typeof entry === 'string') ? addresses : [];
}
