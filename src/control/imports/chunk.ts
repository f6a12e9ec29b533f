import type * as z from 'zod';
import { digestUnder, type Pepper } from '../../credential/digest.ts';
import { type Denial, deny } from '../../decision/denial.ts';
import { readBytes } from '../../events/bytes.ts';
import { type Chunk, keepChunk, readChunk, readImport } from '../../registry/imports.ts';
import { type Answer, denied, json, rfc3339 } from '../answer.ts';
import type { Desk } from '../desk.ts';
import type { importQuery } from '../inputs/imports.ts';
import { NDJSON } from '../ledger/logs.ts';
import { importGroup, type Mover } from './group.ts';
import { LINE_BYTES, readLine, type Wish } from './line.ts';
import { countsOf, type Result, STATUSES, type Status } from './result.ts';

/** The most lines and bytes of a chunk: lines of 4 KB each, and small enough to be held while it is counted. */
export const CHUNK_LINES = 5_000;
export const CHUNK_BYTES = 20_480_000;

/** How many lines and bytes are written at once: far below the 2 MB of a value that D1 takes. */
const GROUP_LINES = 1_000;
const GROUP_BYTES = 400_000;

const NEWLINE = 10;

/**
 * Imports a chunk of keys. All of it is read and counted before anything is written. A chunk that was answered is not
 * run again; one that was cut off goes on where it stopped, since what its lines have made is known by them.
 */
export async function importChunk(desk: Desk, { import: id, chunk }: z.output<typeof importQuery>): Promise<Answer> {
  const { house, force, actor, nowMs } = desk;
  const { policy, edge } = house;
  const bytes = await bodyOf(desk.upload);
  if ('reason' in bytes) return denied(bytes);
  const { peppers } = edge.lookup;
  const bodies = await digestsOf(peppers, bytes);
  const before = await readChunk(force.db.withSession('first-primary'), id, chunk);
  if (before !== null) return answerOf(before, bodies);
  const origin = { import: id, chunk };
  const mover = { db: force.db, policy, peppers, actor, nowMs, origin, secrets: new Map(), labels: new Set<string>() };
  const results = await importLines(mover, desk, bytes);
  const counts = JSON.stringify(countsOf(results));
  const [body = ''] = bodies;
  const kept = { ...origin, atMs: nowMs, body, counts, results: JSON.stringify(results) };
  return answerOf(await keepChunk(force.db, kept), bodies);
}

/** The bytes of a chunk, or why it is refused as a whole. */
async function bodyOf(request: Request | undefined): Promise<Uint8Array | Denial> {
  const type = request?.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (request === undefined || type !== NDJSON) {
    return deny('request_invalid', { detail: `content-type: expected ${NDJSON}` });
  }
  const bytes = await readBytes(request, CHUNK_BYTES).catch(() => undefined);
  if (bytes === undefined) return deny('request_invalid', { detail: 'body: it ended before its end' });
  const toDo = 'cut the file into smaller chunks, and send each with a number of its own';
  if (bytes === null)
    return deny('body_too_large', { detail: `the body may have at most ${CHUNK_BYTES} bytes: ${toDo}` });
  const lines = countLines(bytes);
  if (lines > CHUNK_LINES) {
    return deny('body_too_large', { detail: `the body has ${lines} lines of at most ${CHUNK_LINES}: ${toDo}` });
  }
  return lines === 0 ? deny('request_invalid', { detail: 'body: expected a key on each line' }) : bytes;
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return bytes.byteLength === 0 || bytes.at(-1) === NEWLINE ? lines : lines + 1;
}

/** By which a body is known again. It is digested as secrets are: a short one could be guessed from its hash alone. */
async function digestsOf(peppers: readonly Pepper[], bytes: Uint8Array): Promise<string[]> {
  const inner = await crypto.subtle.digest('SHA-256', bytes);
  return Promise.all(peppers.map((pepper) => digestUnder(pepper, inner)));
}

async function importLines(mover: Mover, { house }: Desk, bytes: Uint8Array): Promise<Result[]> {
  const { format, policy } = house.edge;
  const results: Result[] = [];
  for (const group of groupsOf(bytes)) {
    const read = await Promise.all(
      group.map(({ line, from, to }) =>
        readLine(format, policy.key.visible_chars, line, bytes.subarray(from, Math.min(to, from + LINE_BYTES + 1))),
      ),
    );
    const told = read.filter((each) => each !== null);
    const wishes = told.filter((each): each is Wish => !('status' in each));
    const imported = wishes.length === 0 ? new Map<number, Result>() : await importGroup(mover, wishes);
    results.push(...told.map((each) => ('status' in each ? each : (imported.get(each.line) as Result))));
  }
  return results;
}

interface Piece {
  /** From 1. */
  readonly line: number;
  readonly from: number;
  readonly to: number;
}

/** The lines of a body, as many together as are written at once. */
function* groupsOf(bytes: Uint8Array): Generator<Piece[]> {
  let group: Piece[] = [];
  let groupBytes = 0;
  for (let line = 1, from = 0; from < bytes.byteLength; line++) {
    const newline = bytes.indexOf(NEWLINE, from);
    const to = newline < 0 ? bytes.byteLength : newline;
    group.push({ line, from, to });
    groupBytes += Math.min(to - from, LINE_BYTES);
    if (group.length >= GROUP_LINES || groupBytes >= GROUP_BYTES) {
      yield group;
      group = [];
      groupBytes = 0;
    }
    from = to + 1;
  }
  if (group.length > 0) yield group;
}

/** The answer that stands for a chunk; other bytes than these have no part in it. */
function answerOf({ import: id, chunk, body, counts, results }: Chunk, bodies: readonly string[]): Answer {
  if (!bodies.includes(body)) {
    const detail = 'chunk: another body was sent under this number: give the new one a number of its own';
    return denied(deny('conflict', { detail }));
  }
  return json({ import: id, chunk, counts: JSON.parse(counts), results: JSON.parse(results) });
}

/** How far an import is: which chunks were answered, as ranges, and what their lines came to. */
export async function showImport({ force }: Desk, id: string): Promise<Answer> {
  const chunks = await readImport(force.db.withSession('first-primary'), id);
  const [first] = chunks;
  if (first === undefined) {
    return denied(deny('not_found', { detail: 'no chunk of an import of this name was answered in the last 30 days' }));
  }
  const all = chunks.map(({ counts }) => JSON.parse(counts) as Record<Status, number>);
  const times = chunks.map(({ atMs }) => atMs);
  return json({
    import: id,
    chunks: rangesOf(chunks.map(({ chunk }) => chunk)),
    counts: Object.fromEntries(STATUSES.map((status) => [status, all.reduce((sum, each) => sum + each[status], 0)])),
    first_at: rfc3339(times.reduce((a, b) => Math.min(a, b))),
    last_at: rfc3339(times.reduce((a, b) => Math.max(a, b))),
  });
}

/** Rising numbers as the ranges that they fill. */
function rangesOf(numbers: readonly number[]): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}
