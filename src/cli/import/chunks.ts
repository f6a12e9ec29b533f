/*
 * How a file of any length is cut into what the gateway takes at once. The same bytes are always cut alike, however they
 * are read: a chunk is known to the gateway by its number, and is not imported twice.
 */

export const MOST_LINES = 5_000;
/** Well below what the gateway takes; a line more at most. */
export const MOST_BYTES = 8_000_000;
/** So much of a line is sent: more than the gateway takes, so that it says what is wrong with a longer one. */
const LONGEST_LINE = 17_000;

const NEWLINE = 10;

/** Whole lines of a file. */
export interface Chunk {
  /** From 1. */
  readonly number: number;
  /** The number of its first line in the file, from 1. */
  readonly firstLine: number;
  readonly lines: number;
  readonly body: Buffer;
  /** How many bytes of the file there are up to its end. */
  readonly endByte: number;
}

/** Cuts a stream of bytes into chunks. It holds one of them at a time. */
export async function* chunksOf(source: AsyncIterable<Buffer>): AsyncGenerator<Chunk> {
  let number = 0;
  let firstLine = 1;
  let endByte = 0;
  let lines = 0;
  let lineBytes = 0;
  let bytes = 0;
  let parts: Buffer[] = [];
  const cut = (): Chunk => {
    const chunk = { number: ++number, firstLine, lines, body: Buffer.concat(parts, bytes), endByte };
    firstLine += lines;
    [lines, bytes, parts] = [0, 0, []];
    return chunk;
  };
  for await (const block of source) {
    for (let from = 0; from < block.length; ) {
      const newline = block.indexOf(NEWLINE, from);
      const to = newline < 0 ? block.length : newline;
      const kept = block.subarray(from, Math.min(to, from + Math.max(0, LONGEST_LINE - lineBytes)));
      const end = newline < 0 ? to : to + 1;
      parts.push(kept, block.subarray(to, end));
      bytes += kept.length + end - to;
      endByte += end - from;
      lineBytes = newline < 0 ? lineBytes + to - from : 0;
      from = end;
      if (newline >= 0) lines++;
      if (newline >= 0 && (lines === MOST_LINES || bytes >= MOST_BYTES)) yield cut();
    }
  }
  if (lineBytes > 0) lines++;
  if (lines > 0) yield cut();
}
