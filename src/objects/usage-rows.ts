import type { Tally } from '../meter/tally.ts';
import { ALL_KEYS, type LastUse, STEP_MS, type Step, type UsageRow, UsageSet } from './usage-set.ts';

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

/** Forgets from where a key was last used. Returns how many rows that has altered. */
export function eraseAddresses(sql: SqlStorage, keyId: string): number {
  const written = Object.values(TABLES).map(
    (table) =>
      sql.exec(`UPDATE ${table} SET last_address = NULL WHERE key_id = ? AND last_address IS NOT NULL`, keyId)
        .rowsWritten,
  );
  return written.reduce((sum, rows) => sum + rows, 0);
}

/** The first key behind another one by name that has any row, {@link ALL_KEYS} among them; null: there is none. */
export function keyAfter(sql: SqlStorage, keyId: string | null): string | null {
  const first = Object.values(TABLES).map((table) => {
    const rest = keyId === null ? '' : 'WHERE key_id > ?';
    const rows = sql.exec<{ keyId: string | null }>(
      `SELECT min(key_id) AS keyId FROM ${table} ${rest}`,
      ...(keyId === null ? [] : [keyId]),
    );
    return rows.one().keyId;
  });
  return first.reduce((least, key) => (least === null || (key !== null && key < least) ? key : least));
}

/** Whether there is any row. */
export function hasUsage(sql: SqlStorage): boolean {
  return Object.values(TABLES).some((table) => sql.exec(`SELECT 1 FROM ${table} LIMIT 1`).toArray().length > 0);
}

/** The first hour that is not yet added up for all keys; 0: none is. */
export function addedUpTo(sql: SqlStorage): number {
  const [row] = sql
    .exec<{ startMs: number | null }>(`SELECT max(start_ms) AS startMs FROM ${TABLES.hour} WHERE key_id = ?`, ALL_KEYS)
    .toArray();
  return row?.startMs == null ? 0 : row.startMs + STEP_MS.hour;
}

/**
 * The hours that are kept in which a request of any key was refused for one of these reasons, newest first, and those
 * that are not yet added up, whatever is in them.
 */
export function* hoursWith(
  sql: SqlStorage,
  reasons: readonly string[],
  fromMs: number,
  toMs: number,
): Generator<number> {
  const hours = (condition: string, ...values: (string | number)[]) =>
    sql.exec<{ startMs: number }>(
      `SELECT DISTINCT start_ms AS startMs FROM ${TABLES.hour}
       WHERE start_ms >= ? AND start_ms < ? AND ${condition} ORDER BY start_ms DESC`,
      ...values,
    );
  const addedUpToMs = addedUpTo(sql);
  const newest = hours('key_id <> ?', Math.max(fromMs, addedUpToMs), toMs, ALL_KEYS);
  for (const { startMs } of newest) yield startMs;
  const isTold = "SELECT 1 FROM json_each(tally, '$.reasons') AS r WHERE r.key IN (SELECT value FROM json_each(?))";
  const before = Math.min(toMs, addedUpToMs);
  const older = hours(`key_id = ? AND EXISTS (${isTold})`, fromMs, before, ALL_KEYS, JSON.stringify(reasons));
  for (const { startMs } of older) yield startMs;
}

/** How many requests of an hour were refused, by key and reason in their order, those behind `after` ("key reason"). */
export function hitsOf<R extends string>(
  sql: SqlStorage,
  reasons: readonly R[],
  startMs: number,
  keyIds: readonly string[] | null,
  after: string,
  limit: number,
): { readonly keyId: string; readonly reason: R; readonly requests: number }[] {
  const [keyId = '', reason = ''] = after.split(' ');
  return sql
    .exec<{ keyId: string; reason: R; requests: number }>(
      `SELECT h.key_id AS keyId, r.key AS reason, sum(r.value) AS requests
       FROM ${TABLES.hour} AS h CROSS JOIN json_each(h.tally, '$.reasons') AS r
       WHERE h.start_ms = ?1 AND h.key_id >= ?2 AND h.key_id <> ?3 AND (h.key_id, r.key) > (?2, ?4)
         AND r.key IN (SELECT value FROM json_each(?5))
         AND (?6 IS NULL OR h.key_id IN (SELECT value FROM json_each(?6)))
       GROUP BY h.key_id, r.key ORDER BY h.key_id, r.key LIMIT ?7`,
      ...[startMs, keyId, ALL_KEYS, reason, JSON.stringify(reasons), keyIds && JSON.stringify(keyIds), limit],
    )
    .toArray();
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
