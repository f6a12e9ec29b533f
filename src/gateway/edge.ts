import { FINGERPRINT_KEY_BYTES, type Fingerprint, makeFingerprint } from '../credential/fingerprint.ts';
import type { KeyFormat } from '../credential/format.ts';
import type { Denial } from '../decision/denial.ts';
import type { KeyRecord } from '../decision/record.ts';
import { type Clock, watchClock } from '../meter/clock.ts';
import { emptySlot, killLeases, type Slot } from '../meter/lease.ts';
import { RENEW_AT } from '../meter/times.ts';
import type { AccountLedger, LedgerCalls } from '../objects/account-ledger.ts';
import type { GateCalls, KeyGate } from '../objects/key-gate.ts';
import type { Lockout, LockoutCalls, Standing } from '../objects/lockout.ts';
import type { Policy } from '../policy/schema.ts';
import { type Lookup, openLookup } from '../registry/lookup.ts';
import { BoundedMap } from '../registry/memory.ts';
import type { Background } from './ask.ts';
import { type Counters, countCalls } from './counters.ts';

/** What this isolate was told of a source: `clear`, or `locked`, usable from `askedAtMs` to `endsAtMs`. */
export interface Told {
  readonly kind: 'clear' | 'locked';
  readonly askedAtMs: number;
  readonly endsAtMs: number;
  /** For `locked`: when the lock ends, by this isolate's clock. */
  readonly lockEndsAtMs: number;
  /** When to ask again in the background; moved on by the request that does. */
  renewAtMs: number;
}

/** Keys and sources of which an isolate remembers leases. A forgotten lease costs a question. */
const SLOTS = 20_000;
const SOURCES = 20_000;

/** A secret that no key has, and from which client address it came (IPv6: one /64); null: none is known. */
export interface Miss {
  readonly secret: string;
  readonly inner: ArrayBuffer;
  readonly digest: string;
  readonly source: string | null;
}

/**
 * Asks elsewhere for a key that is not here. Its record, fresh from the primary; undefined: nobody knows it; or why it
 * cannot be said. Throws where a store fails.
 */
export type Adopt = (edge: Edge, miss: Miss, back: Background) => Promise<KeyRecord | Denial | undefined>;

/** All that one isolate holds: plain values that outlive a request, and the ways to the stores. */
export interface Edge {
  readonly policy: Policy;
  readonly format: KeyFormat;
  /** Names secrets in this isolate's memory. */
  readonly fingerprint: Fingerprint;
  readonly lookup: Lookup;
  readonly clock: Clock;
  readonly slots: BoundedMap<string, Slot>;
  /** By the name of their lockout object, `ip:…` or `secret:…`. */
  readonly sources: BoundedMap<string, Told>;
  readonly gate: (keyId: string) => GateCalls;
  readonly lockout: (name: string) => LockoutCalls;
  readonly ledger: (accountId: string) => LedgerCalls;
  readonly counters: Counters;
  /** null: what is not here is nowhere. */
  readonly adopt: Adopt | null;
}

/** What an edge is made of. */
export interface EdgeParts extends Pick<Edge, 'policy' | 'format' | 'adopt'> {
  readonly db: D1Database;
  readonly kv: KVNamespace;
  readonly peppers: Lookup['peppers'];
  readonly gates: DurableObjectNamespace<KeyGate>;
  readonly lockouts: DurableObjectNamespace<Lockout>;
  readonly ledgers: DurableObjectNamespace<AccountLedger>;
  /** The isolate's clock, in ms. */
  readonly readClock: () => number;
  readonly counters: Counters;
}

/** An edge that holds nothing yet. */
export function openEdge(parts: EdgeParts): Edge {
  const { policy, format, gates, lockouts, ledgers, counters, adopt } = parts;
  const slots = new BoundedMap<string, Slot>(SLOTS);
  const sources = new BoundedMap<string, Told>(SOURCES);
  return {
    policy,
    format,
    fingerprint: makeFingerprint(crypto.getRandomValues(new Uint8Array(FINGERPRINT_KEY_BYTES))),
    lookup: openLookup(parts.db, parts.kv, parts.peppers),
    clock: watchClock(parts.readClock, () => {
      for (const slot of slots.values()) killLeases(slot);
      sources.clear();
    }),
    slots,
    sources,
    gate: (keyId) => countCalls(gates.getByName(keyId) as unknown as GateCalls, 'gate', counters),
    lockout: (name) => countCalls(lockouts.getByName(name) as unknown as LockoutCalls, 'lockout', counters),
    ledger: (accountId) => countCalls(ledgers.getByName(accountId) as unknown as LedgerCalls, 'ledger', counters),
    counters,
    adopt,
  };
}

/** What this isolate holds of a key. */
export function slotOf(edge: Edge, keyId: string): Slot {
  const known = edge.slots.get(keyId);
  if (known !== undefined) return known;
  const slot = emptySlot();
  edge.slots.set(keyId, slot);
  return slot;
}

/** Keeps what a lockout told of a source; `askedAtMs` is the isolate's clock from before the question. */
export function keepTold(
  edge: Edge,
  name: string,
  standing: Exclude<Standing, { kind: 'watched' }>,
  askedAtMs: number,
  nowMs: number,
): void {
  edge.sources.set(name, {
    kind: standing.kind,
    askedAtMs,
    endsAtMs: askedAtMs + standing.ttlMs,
    lockEndsAtMs: standing.kind === 'locked' ? nowMs + standing.retryAfterMs : 0,
    renewAtMs: askedAtMs + RENEW_AT * standing.ttlMs,
  });
}

/** What is still to be believed of a source. */
export function told(edge: Edge, name: string, nowMs: number): Told | undefined {
  const known = edge.sources.get(name);
  return known !== undefined && nowMs >= known.askedAtMs && nowMs < known.endsAtMs ? known : undefined;
}
