import { digestUnder, type Pepper } from '../credential/digest.ts';
import type { KeyRecord } from '../decision/record.ts';
import { addDigest, type FoundKey, findByDigests } from './keys.ts';
import { BoundedMap } from './memory.ts';

/*
 * The way from a presented secret to its record: memory, then KV, then the D1 primary. Memory and KV may be stale;
 * they never decide alone (DESIGN §2, §3). A miss is never cached, and only values are, never promises.
 */

/** How long a record may live in an isolate's memory, and in KV. */
const MEMORY_TTL_MS = 600_000;
const KV_TTL_SECONDS = 3_600;
/** KV's own copies at the edge may live on for this long after the value has expired or was deleted. */
const KV_EDGE_TTL_MS = 60_000;
/** The longest time that a cached record can live anywhere; a gate outlives its key by this much. */
export const RECORD_CACHE_MS = KV_TTL_SECONDS * 1_000 + KV_EDGE_TTL_MS + MEMORY_TTL_MS;

const RECORDS_IN_MEMORY = 20_000;

interface Remembered {
  readonly record: KeyRecord;
  readonly loadedAtMs: number;
}

/** Where records are looked up. */
export interface Lookup {
  readonly db: D1Database;
  readonly kv: KVNamespace;
  /** The current pepper first. */
  readonly peppers: readonly [Pepper, ...Pepper[]];
  readonly memory: BoundedMap<string, Remembered>;
}

/** A lookup with an empty memory. */
export function openLookup(db: D1Database, kv: KVNamespace, peppers: Lookup['peppers']): Lookup {
  return { db, kv, peppers, memory: new BoundedMap(RECORDS_IN_MEMORY) };
}

/** The record in this isolate's memory, if it is not too old. `name` is the secret's fingerprint. */
export function fromMemory(lookup: Lookup, name: string, nowMs: number): KeyRecord | undefined {
  const kept = lookup.memory.get(name);
  return kept !== undefined && nowMs - kept.loadedAtMs < MEMORY_TTL_MS ? kept.record : undefined;
}

/** Keeps a record in memory, unless a newer generation is there. */
export function remember(lookup: Lookup, name: string, record: KeyRecord, nowMs: number): void {
  const kept = lookup.memory.get(name);
  if (kept !== undefined && kept.record.generation > record.generation) return;
  lookup.memory.set(name, { record, loadedAtMs: nowMs });
}

/** The name of a digest's record in KV; its number is the version of {@link KeyRecord}. */
export function kvName(digest: string): string {
  return `record:3:${digest}`;
}

/** The record in KV; undefined where there is none, or KV cannot be read. */
export async function fromKv(lookup: Lookup, digest: string): Promise<KeyRecord | undefined> {
  try {
    return (await lookup.kv.get<KeyRecord>(kvName(digest), 'json')) ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * The key of a secret as the D1 primary has it now, and which of its secrets that is, by the digests under all peppers
 * in one query; null where no key has this secret. A secret found under an older pepper gets a digest under the current
 * one. Throws where D1 fails.
 */
export async function findOnPrimary(lookup: Lookup, inner: ArrayBuffer, digest: string): Promise<FoundKey | null> {
  const [current, ...older] = lookup.peppers;
  const digests = [digest, ...(await Promise.all(older.map((pepper) => digestUnder(pepper, inner))))];
  const found = await findByDigests(lookup.db.withSession('first-primary'), digests);
  if (found !== null && found.digest !== digest) {
    // Where the registry cannot be written the old digest still serves, and the next miss tries again.
    await addDigest(lookup.db, digest, found.secretId, current.version).catch(() => undefined);
  }
  return found;
}

/** The record of {@link findOnPrimary}; undefined where there is none. */
export async function fromPrimary(lookup: Lookup, inner: ArrayBuffer, digest: string): Promise<KeyRecord | undefined> {
  return (await findOnPrimary(lookup, inner, digest))?.record;
}

/**
 * Writes a record to KV, unless what this request saw there (`seen`) is newer. Two isolates may still cross and leave
 * the older one: that is harmless, since its generation is below the gate's floor, and the next request repairs it.
 */
export async function writeKv(lookup: Lookup, digest: string, record: KeyRecord, seen?: KeyRecord): Promise<void> {
  if (seen !== undefined && seen.generation > record.generation) return;
  try {
    await lookup.kv.put(kvName(digest), JSON.stringify(record), { expirationTtl: KV_TTL_SECONDS });
  } catch {
    // KV takes one write per second and name; the next miss tries again.
  }
}
