/** The life of a key; `revoked` is final. */
export type KeyStatus = 'active' | 'inactive' | 'revoked';

/** Which rolling quotas a key carries, in requests; absent: no cap, 0: none allowed. */
export interface Quotas {
  readonly total?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
}

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
  /** The member who made the key; null for keys made by an admin and for trial keys. */
  readonly userId: string | null;
  readonly role: string;
  readonly environment: string;
  readonly status: KeyStatus;
  readonly expiresAtMs: number | null;
  /** When the presented secret stops working because a newer one replaced it; null for the current one. */
  readonly graceEndsAtMs: number | null;
  /** Requests per rolling minute; null: the policy's default. */
  readonly ratePerMinute: number | null;
  readonly quotas: Quotas;
  /** Client addresses and CIDR ranges that may use the key; null: all. */
  readonly addresses: readonly string[] | null;
}

/** What of a key a gate keeps, so that a restored database can be reconciled with it (DESIGN §3). */
export type Terms = Pick<KeyRecord, 'status' | 'accountStatus' | 'expiresAtMs' | 'ratePerMinute' | 'quotas'>;

/** The terms of a record or a stored key, always in one order: a gate compares them as text. */
export function termsOf(key: Terms): Terms {
  const { status, accountStatus, expiresAtMs, ratePerMinute, quotas } = key;
  return { status, accountStatus, expiresAtMs, ratePerMinute, quotas };
}
