import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { createAccount } from '../../src/registry/accounts.ts';
import type { Actor } from '../../src/registry/audit.ts';
import { type Created, type CreationRules, createKey, type NewKey, NO_RULES } from '../../src/registry/create.ts';
import type { Member } from '../../src/registry/members.ts';
import type { StoredKey } from '../../src/registry/rows.ts';

const ROOT = join(import.meta.dirname, '../..');
const MIGRATIONS = join(ROOT, 'src/registry/migrations');

/** The migrations whose names match, in their order. Each has several statements, which D1 takes as one. */
export function migrationsOf(names: RegExp): string[] {
  return readdirSync(MIGRATIONS)
    .filter((name) => names.test(name))
    .sort()
    .map((name) => readFileSync(join(MIGRATIONS, name), 'utf8'));
}

/** `schema.sql`, and all migrations. */
export const schema = [readFileSync(join(ROOT, 'schema.sql'), 'utf8')];
export const migrations = migrationsOf(/./);

/** A D1 database in workerd, empty unless statements are given. */
export async function openDatabase(statements: readonly string[] = schema) {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: 'export default { fetch: () => new Response() }',
      compatibilityDate: '2026-10-01',
      d1Databases: ['DB'],
    }),
  );
  const db = (await miniflare.getD1Database('DB')) as unknown as D1Database;
  await apply(db, statements);
  return { db, close: () => miniflare.dispose() };
}

/** Runs statements in one transaction. */
export async function apply(db: D1Database, statements: readonly string[]): Promise<void> {
  if (statements.length > 0) await db.batch(statements.map((statement) => db.prepare(statement)));
}

/** The clock of these tests. */
export const NOW_MS = 1_800_000_000_000;

export const admin: Actor = { name: 'admin:test', address: '192.0.2.1', requestId: 'req_1' };

/** Tries to make a key with a secret of its own; `digest:<id>` is its digest. */
export function tryKey(
  db: D1Database,
  key: Partial<NewKey> & { id: string; prefix?: string },
  rules: Partial<CreationRules> = {},
  nowMs = NOW_MS,
): Promise<Created> {
  const { prefix = `ks_live_${key.id}`, ...fields } = key;
  const whole: NewKey = {
    accountId: 'acc_1',
    memberId: null,
    label: null,
    category: null,
    environment: 'live',
    role: 'developer',
    expiresAtMs: null,
    ratePerSecond: null,
    ratePerMinute: null,
    quotas: {},
    addresses: null,
    metadata: {},
    ...fields,
  };
  const secret = { id: `sec_${key.id}`, prefix, digest: `digest:${key.id}`, pepperVersion: 1 };
  return createKey(db, whole, secret, { ...NO_RULES, ...rules }, admin, nowMs);
}

/** As {@link tryKey}, where nothing can be in the way. */
export async function makeKey(...args: Parameters<typeof tryKey>): Promise<StoredKey> {
  const created = await tryKey(...args);
  if (!created.ok) throw new Error(created.reason);
  return created.key;
}

/** Writes a member of `acc_1`, a developer unless told otherwise. */
export async function addMember(
  db: D1Database,
  { id, accountId = 'acc_1', userId = `user_of_${id}`, role = 'developer' }: Partial<Member> & { id: string },
): Promise<void> {
  await db
    .prepare(
      `INSERT INTO members (id, account_id, user_id, role, status, joined_by, joined_at_ms) VALUES (?, ?, ?, ?, 'active', 'admin', 1)`,
    )
    .bind(id, accountId, userId, role)
    .run();
}

/** Writes `many` keys at once, `k0` first, as {@link makeKey} would; without their audit and outbox. */
export async function fillKeys(db: D1Database, many: number): Promise<void> {
  const numbers = 'WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)';
  await db.batch([
    db
      .prepare(
        `INSERT INTO keys (id, account_id, environment, role, status, generation, quotas, prefix, created_at_ms)
         ${numbers} SELECT 'k' || i, 'acc_1', 'live', 'developer', 'active', 1, '{}', 'ks_live_k' || i, ?2 FROM n`,
      )
      .bind(many, NOW_MS),
    db
      .prepare(`INSERT INTO secrets ${numbers} SELECT 'sec_k' || i, 'k' || i, 'ks_live_k' || i, 1, NULL, NULL FROM n`)
      .bind(many),
    db.prepare(`INSERT INTO secret_digests ${numbers} SELECT 'digest:k' || i, 'sec_k' || i, 1 FROM n`).bind(many),
  ]);
}

/** Opens a database for all tests of a file, and empties it, but for one account, before each. */
export function openForTests(): { readonly db: D1Database } {
  const store: { db: D1Database; close: () => Promise<void> } = { db: {} as D1Database, close: async () => {} };
  beforeAll(async () => {
    Object.assign(store, await openDatabase());
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    const tables = [
      'delivery_attempts',
      'deliveries',
      'events',
      'webhook_secrets',
      'webhook_endpoints',
      'outbox',
      'secret_digests',
      'secrets',
      'key_creations',
      'keys',
      'members',
      'invitations',
      'accounts',
    ];
    await store.db.batch(tables.map((table) => store.db.prepare(`DELETE FROM ${table}`)));
    await createAccount(store.db, { id: 'acc_1', name: 'One', plan: 'free' }, admin, NOW_MS);
  });
  return {
    get db() {
      return store.db;
    },
  };
}

/** All that a change may write. */
export async function written(db: D1Database) {
  return {
    audit: await count(db, 'audit'),
    outbox: (await db.prepare('SELECT * FROM outbox ORDER BY id').all()).results,
    keys: (await db.prepare('SELECT * FROM keys ORDER BY id').all()).results,
  };
}

/** How many rows a table has. */
export async function count(db: D1Database, table: string): Promise<number> {
  return (await db.prepare(`SELECT count(*) AS rows FROM ${table}`).first<number>('rows')) ?? -1;
}
