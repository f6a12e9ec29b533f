/**
 * Whether a table exists. Asked anew each time: what a transaction has made and rolled back must not be remembered.
 */
export function hasTable(sql: SqlStorage, name: string): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name).toArray().length > 0;
}
