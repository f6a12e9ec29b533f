import { type LogBatch, type PackedEvent, packedAt, type RequestEvent } from '../decision/event.ts';
import { concernedBy, type Erased, NOTHING } from './log-erase.ts';

/** What of a batch can be recorded: events, and the same as JSON texts, several of them joined by commas in one. */
export interface ReadBatch {
  readonly id: string;
  readonly events: readonly PackedEvent[];
  readonly pieces: readonly Piece[];
  /** How many of its events were left out. */
  readonly unreadable: number;
}

/** Some consecutive events as JSON, without the brackets around them. */
export interface Piece {
  readonly text: string;
  readonly bytes: number;
  readonly events: readonly PackedEvent[];
}

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === 'string';
const isTextOrNull: Check = (value) => value === null || typeof value === 'string';
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;

/** What each field must be for the sums to stay sums. */
const CHECKS: Readonly<Record<keyof RequestEvent, Check>> = {
  requestId: isText,
  atMs: isCount,
  keyId: isText,
  label: isTextOrNull,
  category: isTextOrNull,
  environment: isText,
  method: isText,
  path: isText,
  status: (value) => isCount(value) && (value as number) >= 100 && (value as number) <= 599,
  reason: isTextOrNull,
  ttfbMs: Number.isFinite,
  bytes: (value) => value === null || isCount(value),
  address: isTextOrNull,
  country: isTextOrNull,
  micro: isCount,
  promptTokens: isCount,
  completionTokens: isCount,
  hold: isTextOrNull,
  reserved: isCount,
  // Absent where an isolate of the version before has packed it.
  replacedAtMs: (value) => value === undefined || value === null || isCount(value),
};

const ADDRESS = packedAt('address');

const PLACED_CHECKS = Object.entries(CHECKS).map(
  ([field, check]) => [packedAt(field as keyof RequestEvent), check] as const,
);

/**
 * Reads a batch. An event that cannot be read, or whose text alone has more than `mostBytes`, is left out and does no
 * harm to the others; a batch that is no JSON array counts as one such event. The texts are the batch's own where all
 * can be read and none is of `erased`.
 */
export function readBatch({ id, events: text }: LogBatch, mostBytes: number, erased: Erased): ReadBatch {
  const listed = parseList(text);
  const readable = listed.filter(isReadable);
  const whole = readable.length === listed.length ? text : JSON.stringify(readable);
  const pieces = piecesOf(whole, readable, mostBytes).map((piece) => withoutErased(piece, erased));
  const events = pieces.flatMap((piece) => piece.events);
  return { id, events, pieces, unreadable: listed.length - events.length };
}

function parseList(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch {
    return [undefined];
  }
}

/** One piece where they fit into it, else one for each that fits. */
function piecesOf(text: string, events: readonly PackedEvent[], mostBytes: number): Piece[] {
  if (events.length === 0) return [];
  const joined = text.trim().slice(1, -1);
  const bytes = utf8Bytes(joined);
  if (bytes <= mostBytes) return [{ text: joined, bytes, events }];
  return events.map(pieceOf).filter((piece) => piece.bytes <= mostBytes);
}

/** A piece of which those of `erased` are not to be found in the log; they are still counted, without their addresses. */
function withoutErased(piece: Piece, erased: Erased): Piece {
  const isConcerned = concernedBy(erased);
  if (!piece.events.some(isConcerned)) return piece;
  const text = piece.events.map((event) => JSON.stringify(isConcerned(event) ? NOTHING : event)).join(',');
  const events = piece.events.map((event) => (isConcerned(event) ? event.with(ADDRESS, null) : event));
  return { text, bytes: utf8Bytes(text), events };
}

/** Fields of a newer version stand behind those that are known here. */
function isReadable(value: unknown): value is PackedEvent {
  return Array.isArray(value) && PLACED_CHECKS.every(([place, check]) => check(value[place]));
}

function pieceOf(event: PackedEvent): Piece {
  const text = JSON.stringify(event);
  return { text, bytes: utf8Bytes(text), events: [event] };
}

const encoder = new TextEncoder();
function utf8Bytes(text: string): number {
  return encoder.encode(text).byteLength;
}
