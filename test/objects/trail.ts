import { type runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, vi } from 'vitest';
import schema from '../../schema.sql?raw';

/** The registry of the objects under test; it has no table before {@link openTrail}. */
export const db = (env as unknown as { readonly DB: D1Database }).DB;

/** An entry of the audit trail. */
export interface Entry {
  readonly at_ms: number;
  readonly actor: string;
  readonly action: string;
  readonly account_id: string | null;
  readonly key_id: string | null;
  readonly address: string | null;
  readonly after: string;
}

type Stub = Parameters<typeof runDurableObjectAlarm>[0];

/** Makes the registry's tables, and an account. */
export async function openTrail(): Promise<void> {
  await db.prepare(schema).run();
  await db
    .prepare(
      "INSERT INTO accounts (id, name, plan, status, created_at_ms) VALUES ('acc_1', 'One', 'standard', 'active', 0)",
    )
    .run();
}

/** A key of the account. */
export async function addKey(id: string): Promise<void> {
  await db
    .prepare(
      `INSERT INTO keys (id, account_id, environment, role, status, generation, quotas, prefix, created_at_ms)
       VALUES (?, 'acc_1', 'live', 'developer', 'active', 1, '{}', 'ks_live_ab', 0)`,
    )
    .bind(id)
    .run();
}

/** Whatever is written into the trail fails as long as it is away. */
export const takeAway = () => db.prepare('ALTER TABLE audit RENAME TO audit_away').run();
export const bringBack = () => db.prepare('ALTER TABLE audit_away RENAME TO audit').run();

/** What the trail tells of a key, an account or an address, oldest first. */
export async function trailOf(owner: string): Promise<Entry[]> {
  const { results } = await db
    .prepare('SELECT * FROM audit WHERE ?1 IN (key_id, account_id, address, action) ORDER BY id')
    .bind(owner)
    .all<Entry>();
  return results;
}

/** Waits for so many entries. */
export async function told(owner: string, count: number): Promise<Entry[]> {
  return vi.waitFor(
    async () => {
      const entries = await trailOf(owner);
      expect(entries.length).toBeGreaterThanOrEqual(count);
      return entries;
    },
    { timeout: 20_000, interval: 20 },
  );
}

/** What an object has still to tell, oldest first. */
export function keptIn(object: Stub): Promise<[string, unknown][]> {
  return runInDurableObject(object, (_, { storage }) => [...storage.kv.list({ prefix: 'note:' })]);
}

/** Waits until an object has nothing to tell. */
export async function quiet(object: Stub): Promise<void> {
  await vi.waitFor(async () => expect(await keptIn(object)).toEqual([]), { timeout: 20_000, interval: 20 });
}

/** Looks into an object's storage. */
export function storageOf<T>(object: Stub, look: (storage: DurableObjectStorage) => T | Promise<T>): Promise<T> {
  return runInDurableObject(object, (_, { storage }) => look(storage));
}
