import type { Tally } from '../meter/tally.ts';
import { ALL_KEYS, type LastUse, type Step, type UsageRow, UsageSet } from './usage-set.ts';

/** A row by its name: the columns of its key, in that order. */
const IS_NAMED = 'WHERE key_id = ? AND start_ms = ? AND category = ? AND environment = ?';
const TABLES = { hour: 'usage_hours', day: 'usage_days' } as const satisfies Record<Step, string>;

/** Makes the tables. An update touches no index and so writes one row. */
export function createUsage(sql: SqlStorage): void {
  for (const table of Object.values(TABLES)) {
    sql.exec(`
      CREATE TABLE IF NOT EXISTS ${table} (
        key_id TEXT NOT NULL,
        start_ms INTEGER NOT NULL,
        category TEXT NOT NULL,
        environment TEXT NOT NULL,
        last_at_ms INTEGER NOT NULL,
        last_address TEXT,
        tally TEXT NOT NULL CHECK (json_valid(tally)),
        PRIMARY KEY (key_id, start_ms, category, environment)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS ${table}_by_start ON ${table} (start_ms);
    `);
  }
}

type Stored = {
  key_id: string;
  start_ms: number;
  category: string;
  environment: string;
  last_at_ms: number;
  last_address: string | null;
  tally: string;
};

/** Rows that `rest` of a statement asks for, read one by one. */
export function* readUsage(
  sql: SqlStorage,
  step: Step,
  rest: string,
  ...values: (string | number | null)[]
): Generator<UsageRow> {
  for (const row of sql.exec<Stored>(`SELECT * FROM ${TABLES[step]} ${rest}`, ...values)) {
    yield {
      startMs: row.start_ms,
      keyId: row.key_id,
      category: row.category,
      environment: row.environment,
      last: { atMs: row.last_at_ms, address: row.last_address },
      tally: JSON.parse(row.tally) as Tally,
    };
  }
}

/** Adds rows to those that are stored under their names. */
export function addUsage(sql: SqlStorage, step: Step, rows: Iterable<UsageRow>): void {
  for (const row of rows) {
    const { keyId, startMs, category, environment } = row;
    const sum = new UsageSet();
    for (const known of readUsage(sql, step, IS_NAMED, keyId, startMs, category, environment)) sum.add(known, row);
    sum.add(row, row);
    for (const { last, tally } of sum.rows()) {
      sql.exec(
        `INSERT INTO ${TABLES[step]} VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
         SET last_at_ms = excluded.last_at_ms, last_address = excluded.last_address, tally = excluded.tally`,
        ...[keyId, startMs, category, environment, last.atMs, last.address, JSON.stringify(tally)],
      );
    }
  }
}

/** Deletes the rows of these names. */
export function deleteUsage(sql: SqlStorage, step: Step, rows: Iterable<UsageRow>): void {
  for (const { keyId, startMs, category, environment } of rows) {
    sql.exec(`DELETE FROM ${TABLES[step]} ${IS_NAMED}`, keyId, startMs, category, environment);
  }
}

/** Whether there is any row. */
export function hasUsage(sql: SqlStorage): boolean {
  return Object.values(TABLES).some((table) => sql.exec(`SELECT 1 FROM ${table} LIMIT 1`).toArray().length > 0);
}

/** The first hour that is not yet added up for all keys; 0: none is. */
export function addedUpTo(sql: SqlStorage, hourMs: number): number {
  const [row] = sql
    .exec<{ startMs: number | null }>(`SELECT max(start_ms) AS startMs FROM ${TABLES.hour} WHERE key_id = ?`, ALL_KEYS)
    .toArray();
  return row?.startMs == null ? 0 : row.startMs + hourMs;
}

/** The newest use of a key that is known. */
export function lastUseOf(sql: SqlStorage, keyId: string): LastUse | null {
  for (const step of ['hour', 'day'] as const) {
    for (const row of readUsage(sql, step, 'WHERE key_id = ? ORDER BY start_ms DESC, last_at_ms DESC LIMIT 1', keyId)) {
      return row.last;
    }
  }
  return null;
}
