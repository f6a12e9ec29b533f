import type { PackedEvent } from '../decision/event.ts';
import { unpackEvent } from '../decision/event.ts';
import { type LogFilter, matcherOf } from './log-filter.ts';
import { lineOf } from './log-line.ts';
import { edgeRow, rowsOf } from './log-rows.ts';
import { hasTable } from './tables.ts';

/** How much of the log one step reads at most, in characters and in rows; a row that is larger is read alone. */
const STEP_CHARS = 250_000;
const STEP_ROWS = 1_000;
/** In how large chunks the reader gets it at most; the runtime's own size, 4 KB, makes many small ones. */
const CHUNK_BYTES = 65_536;

interface Step {
  readonly text: string;
  readonly nextId: number;
  readonly isLast: boolean;
}

/**
 * What the filter asks for as NDJSON in bytes, oldest first, up to the newest entry of now. Rows are read as the reader
 * takes them, and other work of the object goes in between; what is trimmed meanwhile is left out.
 */
export function exportLog(sql: SqlStorage, filter: LogFilter): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const most = hasTable(sql, 'log') ? (edgeRow(sql, 'DESC')?.id ?? -1) : -1;
  let nextId = 0;
  return new ReadableStream({
    type: 'bytes',
    autoAllocateChunkSize: CHUNK_BYTES,
    async pull(controller) {
      for (let isLast = nextId > most; !isLast; ) {
        const step = readStep(sql, filter, nextId, most);
        nextId = step.nextId;
        isLast = step.isLast;
        if (step.text !== '') return controller.enqueue(encoder.encode(step.text));
        await scheduler.wait(0);
      }
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

function readStep(sql: SqlStorage, filter: LogFilter, least: number, most: number): Step {
  const matches = matcherOf(filter);
  const lines: string[] = [];
  let chars = 0;
  let rows = 0;
  for (const row of rowsOf(sql, filter, 'ASC', least, most)) {
    for (const event of JSON.parse(row.events) as PackedEvent[]) {
      if (matches(event)) lines.push(`${JSON.stringify(lineOf(unpackEvent(event)))}\n`);
    }
    chars += row.events.length;
    rows += 1;
    if (chars >= STEP_CHARS || rows === STEP_ROWS) return { text: lines.join(''), nextId: row.id + 1, isLast: false };
  }
  return { text: lines.join(''), nextId: most + 1, isLast: true };
}
