import { type LogBatch, type PackedEvent, type RequestEvent, type Retention, unpackEvent } from '../decision/event.ts';
import { type PageRequest, type Position, pageLength, readCursor, writeCursor } from '../registry/page.ts';
import { type Piece, readBatch } from './log-batch.ts';
import { type Erased, eraseEvents } from './log-erase.ts';
import { type ExportPart, type ExportSpan, exportPart } from './log-export.ts';
import { type LogFilter, matcherOf } from './log-filter.ts';
import { batchesAfter, createLog, deleteRows, edgeRow, hasRowBefore, insertRow, rowsOf } from './log-rows.ts';
import { hasTable } from './tables.ts';

export type { LogFilter } from './log-filter.ts';

/** Which requests to list, and how many. */
export interface LogQuery extends LogFilter, PageRequest {}

/** Requests, newest first. A page may be short, or empty, and still have a cursor. */
export interface LogPage {
  readonly events: readonly RequestEvent[];
  /** Where each of them stands: when it was recorded, in ms, and its place there. */
  readonly places: readonly Position[];
  readonly nextCursor: string | null;
}

/** What of a ledger the readers of the log call. */
export interface LogCalls {
  /** Null where the cursor is not one of this list's. */
  logs(query: LogQuery): Promise<LogPage | null>;
  /** NDJSON, oldest first, part by part. */
  exportLogs(filter: LogFilter, span: ExportSpan | null): Promise<ExportPart>;
}

/** What {@link Journal.append} has recorded, and how many events it has left out. */
export interface Appended {
  readonly events: readonly RequestEvent[];
  readonly unreadable: number;
}

/** For so long a batch that comes again is recognised, and so no row is trimmed that is younger. */
export const REPEAT_MS = 900_000;
/** The most text of events in a row, in bytes; the platform's limit for a row is 2 MB. */
const ROW_BYTES = 1_000_000;
/** How many entries one page looks at. */
const MOST_SCANNED = 10_000;
/** What one {@link Journal.trim} takes away. */
const TRIM_ROWS = 1_000;
const TRIM_BYTES = 64_000_000;

/** Behind every entry. */
const NEWEST: Position = [Number.MAX_SAFE_INTEGER, 0];

/**
 * An account's request log in its ledger's storage. Batches that arrive together are one row, and an entry's place is
 * its row and where it stands in it: the order of arrival here, which nothing changes later. Every method is one
 * synchronous step, and none remembers what a transaction around it could still roll back.
 */
export class Journal {
  readonly #sql: SqlStorage;
  /** The batches of the last {@link REPEAT_MS} by id, each with its row; what {@link append} writes is read from there. */
  readonly #known = new Map<string, number>();
  /** The last row whose batches are known; null: none was read. */
  #knownTo: number | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /** Whether a batch is recorded. */
  isKnown(batchId: string): boolean {
    this.#learn();
    return this.#known.has(batchId);
  }

  /**
   * Records batches, each of them once, and returns the events that it has recorded: what else is counted from them is
   * counted from these, in the same transaction. An event that cannot be read is left out, and its batch is recorded
   * without it; one of `erased` is returned without its address, and not to be found in the log.
   */
  append(batches: readonly LogBatch[], nowMs: number, erased: Erased = []): Appended {
    this.#learn();
    this.#forget(nowMs);
    const fresh = new Map(batches.filter(({ id }) => !this.#known.has(id)).map((batch) => [batch.id, batch]));
    const given = [...fresh.values()].map((batch) => readBatch(batch, ROW_BYTES, erased));
    const read = given.filter(({ events }) => events.length > 0);
    if (read.length > 0) createLog(this.#sql);
    let batchIds = read.map(({ id }) => id);
    for (const row of packRows(read.flatMap(({ pieces }) => pieces))) {
      insertRow(this.#sql, row, batchIds, nowMs);
      batchIds = [];
    }
    return {
      events: read.flatMap(({ events }) => events.map(unpackEvent)),
      unreadable: given.reduce((sum, { unreadable }) => sum + unreadable, 0),
    };
  }

  /** Lists requests, newest first. Null where the cursor is not one of this list's. */
  page(query: LogQuery): LogPage | null {
    const position = query.cursor === null ? NEWEST : readCursor(query.cursor);
    if (position === null || typeof position[1] !== 'number') return null;
    const events: RequestEvent[] = [];
    const places: Position[] = [];
    if (!hasTable(this.#sql, 'log')) return { events, places, nextCursor: null };
    const [limit, matches] = [pageLength(query.limit), matcherOf(query)];
    let last = position;
    let scanned = 0;
    for (const row of rowsOf(this.#sql, query, 'DESC', 0, position[0])) {
      const list = JSON.parse(row.events) as PackedEvent[];
      const end = row.id === position[0] ? Math.min(position[1], list.length) : list.length;
      for (const [i, event] of list.slice(0, end).reverse().entries()) {
        const isMatch = matches(event);
        if (scanned === MOST_SCANNED || (isMatch && events.length === limit)) {
          return { events, places, nextCursor: writeCursor(last) };
        }
        scanned += 1;
        last = [row.id, end - 1 - i];
        if (!isMatch) continue;
        events.push(unpackEvent(event));
        places.push(last);
      }
    }
    return { events, places, nextCursor: null };
  }

  /** Erases events from the rows behind `afterId`, see {@link eraseEvents}. */
  erase(erased: Erased, afterId: number, nowMs: number): number | null {
    return eraseEvents(this.#sql, erased, afterId, nowMs - REPEAT_MS);
  }

  /** A part of an export, see {@link exportPart}. */
  exportPart(filter: LogFilter, span: ExportSpan | null): ExportPart {
    return exportPart(this.#sql, filter, span);
  }

  /** Whether nothing is recorded, or all of it is trimmed. */
  get isEmpty(): boolean {
    return !hasTable(this.#sql, 'log') || edgeRow(this.#sql, 'ASC') === null;
  }

  /**
   * From when on {@link trim} finds the log larger than `bytes`, in ms, which may be long ago; null: it is not. That is
   * when the oldest row is {@link REPEAT_MS} old: until then batches are recognised by it, so it stays, and the log is
   * larger than `bytes` by what comes in that time.
   */
  overflowsAtMs(bytes: number): number | null {
    if (!hasTable(this.#sql, 'log')) return null;
    const [oldest, newest] = [edgeRow(this.#sql, 'ASC'), edgeRow(this.#sql, 'DESC')];
    if (oldest === null || newest === null || newest.endByte - oldest.endByte < bytes) return null;
    return oldest.id + REPEAT_MS + 1;
  }

  /**
   * Deletes the oldest rows: those that arrived more than `ageMs` ago, and those beyond `bytes`, which are counted as
   * the JSON texts of the entries. Returns whether there is more to delete, since one step deletes a bounded number.
   */
  trim({ ageMs, bytes }: Retention, nowMs: number): boolean {
    const newest = hasTable(this.#sql, 'log') ? edgeRow(this.#sql, 'DESC') : null;
    if (newest === null) return false;
    const line = { keepFromId: nowMs - REPEAT_MS, beforeId: nowMs - ageMs, endByte: newest.endByte - bytes };
    deleteRows(this.#sql, line, TRIM_ROWS, TRIM_BYTES);
    return hasRowBefore(this.#sql, line);
  }

  /** Reads the batches of the rows that are new since the last time; the first time, of those that may come again. */
  #learn(): void {
    if (!hasTable(this.#sql, 'log')) return;
    const after = this.#knownTo ?? (edgeRow(this.#sql, 'DESC')?.id ?? 0) - REPEAT_MS - 1;
    for (const { id, batches } of batchesAfter(this.#sql, after)) {
      for (const batchId of JSON.parse(batches) as string[]) this.#known.set(batchId, id);
      this.#knownTo = id;
    }
  }

  #forget(nowMs: number): void {
    for (const [batchId, id] of this.#known) {
      if (id >= nowMs - REPEAT_MS) return;
      this.#known.delete(batchId);
    }
  }
}

/** Lays pieces end to end into as few rows as hold them. */
function packRows(pieces: readonly Piece[]): Piece[] {
  const rows: Piece[][] = [];
  let free = 0;
  for (const piece of pieces) {
    free -= piece.bytes + 1;
    if (free < 0) {
      rows.push([]);
      free = ROW_BYTES - piece.bytes;
    }
    rows.at(-1)?.push(piece);
  }
  return rows.map((row) => ({
    text: row.map(({ text }) => text).join(','),
    bytes: row.reduce((sum, { bytes }) => sum + bytes + 1, -1),
    events: row.flatMap(({ events }) => events),
  }));
}
