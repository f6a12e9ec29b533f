import { type PackedEvent, packedAt } from '../decision/event.ts';
import { deleteRow, edgeRow, rowsAfter, writeEvents } from './log-rows.ts';
import { hasTable } from './tables.ts';

/** Whose requests are erased: those with these keys, or all of the account. */
export type Erased = readonly string[] | 'all';

/** One call ends with the row with which so many rows, or so much of the log in characters, were read. */
const READ_ROWS = 10_000;
const READ_CHARS = 4_000_000;

const KEY = packedAt('keyId');

/** Stands where an event was, so that cursors go on leading to the same places. */
export const NOTHING: PackedEvent = [];

/** Whether an event was erased. */
export function isErased(event: PackedEvent): boolean {
  return event.length === 0;
}

/** Tells whether an event is one of those that are erased. */
export function concernedBy(erased: Erased): (event: PackedEvent) => boolean {
  if (erased === 'all') return () => true;
  const keys = new Set<unknown>(erased);
  return (event) => keys.has(event[KEY]);
}

/**
 * Erases events from the rows behind `afterId`. A row of which nothing is left is deleted if it is older than
 * `keepFromId`, which batches are recognised by, and not the newest, from which the next one is numbered. Returns the
 * last row that it looked at; null: there is none behind.
 */
export function eraseEvents(sql: SqlStorage, erased: Erased, afterId: number, keepFromId: number): number | null {
  const newest = hasTable(sql, 'log') ? edgeRow(sql, 'DESC') : null;
  if (newest === null) return null;
  const isConcerned = concernedBy(erased);
  const changes: (() => void)[] = [];
  let [lastId, read, rows] = [afterId, 0, 0];
  for (const { id, events } of rowsAfter(sql, afterId)) {
    const before = JSON.parse(events) as PackedEvent[];
    const left = before.map((event) => (!isErased(event) && isConcerned(event) ? NOTHING : event));
    const text = left.every(isErased) ? '[]' : JSON.stringify(left);
    if (text === '[]' && id < keepFromId && id !== newest.id) changes.push(() => deleteRow(sql, id));
    else if (left.some((event, i) => event !== before[i])) changes.push(() => writeEvents(sql, id, text));
    [lastId, read, rows] = [id, read + events.length, rows + 1];
    if (read >= READ_CHARS || rows === READ_ROWS) break;
  }
  for (const change of changes) change();
  return lastId === newest.id || rows === 0 ? null : lastId;
}
