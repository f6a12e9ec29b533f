import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unstable_splitSqlQuery as statementsOf } from 'wrangler';

/** As much of a D1 database as migrating takes. */
export interface MigratedDatabase<Statement> {
  prepare(sql: string): Statement & { all(): Promise<{ results: unknown[] }>; bind(...values: unknown[]): Statement };
  batch(statements: Statement[]): Promise<unknown>;
}

/** The table in which `wrangler d1 migrations apply` keeps what it has applied; either can go on after the other. */
const APPLIED = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** Applies the folder's migrations that are not yet applied, in order, each in one transaction. */
export async function applyMigrations<Statement>(db: MigratedDatabase<Statement>, folder: string): Promise<void> {
  await db.batch([db.prepare(APPLIED)]);
  const { results } = await db.prepare('SELECT name FROM d1_migrations').all();
  const applied = new Set((results as { name: string }[]).map(({ name }) => name));
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  for (const name of files.sort()) {
    if (applied.has(name)) continue;
    const statements = statementsOf(readFileSync(join(folder, name), 'utf8')).map((sql) => db.prepare(sql));
    await db.batch([...statements, db.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name)]);
  }
}
