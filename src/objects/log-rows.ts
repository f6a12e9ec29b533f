import { type PackedEvent, packedAt } from '../decision/event.ts';
import type { LogFilter } from './log-filter.ts';

/** A row of the log: consecutive events as a JSON array. Its id is when it was written, in ms, made unique by counting up. */
export type LogRow = {
  readonly id: number;
  readonly events: string;
};

/**
 * An entry comes at most so long after its row's time (the clocks of the edge are not far ahead), and as a rule not
 * later than so before it; rows with one that is later, of a long stream say, are in an index of their own. A search by
 * time thus skips all rows but those near it.
 */
const LATE_MS = 600_000;
const IS_LATE = `id - min_at_ms > ${LATE_MS}`;

const AT = packedAt('atMs');

/** Makes the table. What is small stands first in a row, so that reading it does not load the events. */
export function createLog(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS log (
      id INTEGER PRIMARY KEY,
      min_at_ms INTEGER NOT NULL,
      max_at_ms INTEGER NOT NULL,
      end_byte INTEGER NOT NULL,
      batches TEXT NOT NULL,
      events TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS log_late ON log (id) WHERE ${IS_LATE};
  `);
}

/** The newest or the oldest row: its id, and where it ends if all rows since the first are laid end to end. */
export function edgeRow(
  sql: SqlStorage,
  order: 'ASC' | 'DESC',
): { readonly id: number; readonly endByte: number } | null {
  const rows = sql.exec<{ id: number; endByte: number }>(
    `SELECT id, end_byte AS endByte FROM log ORDER BY id ${order} LIMIT 1`,
  );
  return rows.toArray()[0] ?? null;
}

/** Writes a row behind the newest. `text` is the events' JSON without the brackets. */
export function insertRow(
  sql: SqlStorage,
  row: { readonly text: string; readonly bytes: number; readonly events: readonly PackedEvent[] },
  batchIds: readonly string[],
  nowMs: number,
): void {
  const newest = edgeRow(sql, 'DESC') ?? { id: 0, endByte: 0 };
  const times = row.events.map((event) => event[AT] as number);
  sql.exec(
    'INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)',
    Math.max(nowMs, newest.id + 1),
    times.reduce((least, at) => Math.min(least, at)),
    times.reduce((most, at) => Math.max(most, at)),
    newest.endByte + row.bytes,
    JSON.stringify(batchIds),
    `[${row.text}]`,
  );
}

/** The ids of batches by row, of the rows after `id`. */
export function batchesAfter(sql: SqlStorage, id: number): { readonly id: number; readonly batches: string }[] {
  return sql
    .exec<{ id: number; batches: string }>('SELECT id, batches FROM log WHERE id > ? ORDER BY id', id)
    .toArray();
}

/** The rows behind `id`, oldest first, read one by one. */
export function rowsAfter(sql: SqlStorage, id: number): Iterable<LogRow> {
  return sql.exec<LogRow>('SELECT id, events FROM log WHERE id > ? ORDER BY id', id);
}

/** Replaces the events of a row by this JSON array. Its other columns stay: they tell of what it once held. */
export function writeEvents(sql: SqlStorage, id: number, events: string): void {
  sql.exec('UPDATE log SET events = ? WHERE id = ?', events, id);
}

/** Deletes a row. */
export function deleteRow(sql: SqlStorage, id: number): void {
  sql.exec('DELETE FROM log WHERE id = ?', id);
}

/** The rows from `least` to `most` in which there may be what the filter asks for, read one by one. */
export function* rowsOf(
  sql: SqlStorage,
  { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER }: LogFilter,
  order: 'ASC' | 'DESC',
  least: number,
  most: number,
): Generator<LogRow> {
  const lateFrom = Math.min(toMs + LATE_MS, Number.MAX_SAFE_INTEGER);
  const near = { table: 'log', least: Math.max(least, fromMs - LATE_MS), most: Math.min(most, lateFrom - 1) };
  const late = { table: `log INDEXED BY log_late`, least: Math.max(least, lateFrom), most };
  for (const part of order === 'ASC' ? [near, late] : [late, near]) {
    if (part.least > part.most) continue;
    yield* sql.exec<LogRow>(
      `SELECT id, events FROM ${part.table}
       WHERE id BETWEEN ? AND ? AND min_at_ms < ? AND max_at_ms >= ? ${part === late ? `AND ${IS_LATE}` : ''}
       ORDER BY id ${order}`,
      part.least,
      part.most,
      toMs,
      fromMs,
    );
  }
}

/** How far a log is trimmed: rows that are older than `beforeId`, or end at `endByte` or before. */
export interface TrimLine {
  readonly beforeId: number;
  readonly endByte: number;
  /** No row from this one on, whatever the others say. */
  readonly keepFromId: number;
}

const TO_TRIM = 'id < ?1 AND (id < ?2 OR end_byte <= ?3)';

/** Deletes the oldest rows before the line, at most `mostRows` and no more than one beyond `mostBytes`. */
export function deleteRows(sql: SqlStorage, line: TrimLine, mostRows: number, mostBytes: number): void {
  const oldest = edgeRow(sql, 'ASC');
  if (oldest === null) return;
  sql.exec(
    `DELETE FROM log WHERE id IN (
       SELECT id FROM log WHERE ${TO_TRIM} AND end_byte <= ?4 ORDER BY id LIMIT ?5)`,
    line.keepFromId,
    line.beforeId,
    line.endByte,
    oldest.endByte + mostBytes,
    mostRows,
  );
}

/** Whether there is a row before the line. */
export function hasRowBefore(sql: SqlStorage, { keepFromId, beforeId, endByte }: TrimLine): boolean {
  const oldest = edgeRow(sql, 'ASC');
  return oldest !== null && oldest.id < keepFromId && (oldest.id < beforeId || oldest.endByte <= endByte);
}
