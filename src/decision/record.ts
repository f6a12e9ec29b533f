/** The life of a key; `revoked` is final. */
export type KeyStatus = 'active' | 'inactive' | 'revoked';

/** The quotas that a key may carry: in total, in any 24 hours, 7 days, 30 days. */
export const QUOTA_NAMES = ['total', 'daily', 'weekly', 'monthly'] as const;

/** One of {@link QUOTA_NAMES}. */
export type QuotaName = (typeof QUOTA_NAMES)[number];

/** Quotas in micro-credits; absent: no cap, 0: none allowed. */
export type CreditQuotas = { readonly [name in QuotaName]?: number };

/** Quotas in requests, and those in credits; absent: no cap, 0: none allowed. */
export type Quotas = { readonly [name in QuotaName]?: number } & { readonly credits?: CreditQuotas };

/** The floor of a gate whose key was purged: above every generation that a key can have. */
export const PURGED_FLOOR = Number.MAX_SAFE_INTEGER;

/**
 * Everything that decide, admit and the identity headers read of a key, seen through one of its secrets.
 * It is what memory and KV hold. Any change of a field here raises `generation` (DESIGN §3).
 */
export interface KeyRecord {
  readonly keyId: string;
  readonly generation: number;
  readonly accountId: string;
  readonly accountStatus: 'active' | 'suspended';
  readonly plan: string;
  /** What the account may spend in a billing month, in micro-credits; null: no cap. */
  readonly budgetMicro: number | null;
  /** Where the account's billing months begin, in ms. */
  readonly billingAnchorMs: number;
  /** The member who made the key; null for keys made by an admin and for trial keys. */
  readonly memberId: string | null;
  /** The same person as the issuer of sessions knows it. */
  readonly userId: string | null;
  readonly label: string | null;
  readonly category: string | null;
  readonly role: string;
  readonly environment: string;
  readonly status: KeyStatus;
  readonly expiresAtMs: number | null;
  /** When a newer secret replaced the presented one, and when it stops working; null for the current one. */
  readonly replacedAtMs: number | null;
  readonly graceEndsAtMs: number | null;
  /** Requests in any second, and minute; null: the policy's default. */
  readonly ratePerSecond: number | null;
  readonly ratePerMinute: number | null;
  readonly quotas: Quotas;
  /** Client addresses and CIDR ranges that may use the key; null: all. */
  readonly addresses: readonly string[] | null;
}

const TERMS = [
  'status',
  'accountStatus',
  'expiresAtMs',
  'ratePerMinute',
  'quotas',
  'role',
  'addresses',
  'plan',
  'ratePerSecond',
  'budgetMicro',
] as const satisfies readonly (keyof KeyRecord)[];

/** What of a key a gate keeps, so that a restored database can be reconciled with it (DESIGN §3). */
export type Terms = Pick<KeyRecord, (typeof TERMS)[number]>;

/** The terms of a record or a stored key. */
export function termsOf(key: Terms): Terms {
  return Object.fromEntries(TERMS.map((name) => [name, key[name]])) as unknown as Terms;
}

/** Whether terms that a gate keeps are `terms`, as far as it keeps them: an older version kept fewer. */
export function sameTerms(kept: Partial<Terms>, terms: Terms): boolean {
  return TERMS.every((name) => kept[name] === undefined || isEqual(kept[name], terms[name]));
}

/** Whether two JSON values are equal, in whatever order their fields stand. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b)) return a === b;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((name) => isEqual(a[name], b[name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
