import { type PackedEvent, unpackEvent } from '../decision/event.ts';
import { type LogFilter, matcherOf } from './log-filter.ts';
import { lineOf } from './log-line.ts';
import { edgeRow, rowsOf } from './log-rows.ts';
import { hasTable } from './tables.ts';

/** The rows that an export has still to look at, by their ids, both included. */
export interface ExportSpan {
  readonly fromId: number;
  readonly toId: number;
}

/** A part of an export. The text may be empty and still not be the end; `next` null: it is. */
export interface ExportPart {
  readonly text: string;
  readonly next: ExportSpan | null;
}

/** A part ends with the row that makes it so large, in characters, or with which so much of the log has been read. */
const PART_CHARS = 1_000_000;
const READ_CHARS = 4_000_000;
const READ_ROWS = 10_000;

/**
 * What the filter asks for as NDJSON of {@link lineOf}, oldest first: the part at the start of `span`, so much as a call
 * of an object may well take. `span` null: the first one, of all that there is now. What is trimmed between two parts is
 * left out.
 */
export function exportPart(sql: SqlStorage, filter: LogFilter, span: ExportSpan | null): ExportPart {
  const { fromId, toId } = span ?? wholeLog(sql);
  const matches = matcherOf(filter);
  const lines: string[] = [];
  let [written, read, rows] = [0, 0, 0];
  if (fromId > toId) return { text: '', next: null };
  for (const row of rowsOf(sql, filter, 'ASC', fromId, toId)) {
    for (const event of JSON.parse(row.events) as PackedEvent[]) {
      if (!matches(event)) continue;
      const line = `${JSON.stringify(lineOf(unpackEvent(event)))}\n`;
      lines.push(line);
      written += line.length;
    }
    read += row.events.length;
    rows += 1;
    if (written >= PART_CHARS || read >= READ_CHARS || rows === READ_ROWS) {
      return { text: lines.join(''), next: row.id < toId ? { fromId: row.id + 1, toId } : null };
    }
  }
  return { text: lines.join(''), next: null };
}

function wholeLog(sql: SqlStorage): ExportSpan {
  const newest = hasTable(sql, 'log') ? edgeRow(sql, 'DESC') : null;
  return { fromId: 0, toId: newest?.id ?? -1 };
}
