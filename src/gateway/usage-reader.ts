import type { TokenUsage } from '../decision/price.ts';
import { type Coding, type Compression, codingOf, type Decoder, openDecoder } from './decode.ts';
import { type Count, relay, type Stage, type Write } from './relay.ts';
import { type AnswerReader, EventReader, JsonReader } from './usage-answer.ts';

/** How long an answer is read on for its usage when the client has left; the runtime ends a request after 30 s. */
const READ_ON_MS = 25_000;

/** What was read out of an answer. */
export interface Reading extends Count {
  /** Null where the answer told none that could be read. */
  readonly usage: TokenUsage | null;
  readonly model: string | null;
}

export interface ReadOptions {
  /**
   * Take out the extra chunk that tells the usage: the gateway asked for it and the client did not. Only of an answer
   * without content coding and declared length.
   */
  readonly strip: boolean;
  /** Keeps the reading alive when the client has left. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/**
 * Reads the usage of an OpenAI-style answer, JSON or server-sent events, plain or in gzip, deflate or br, while it
 * passes as it is. `body` is null where the answer has none. A client that leaves does not end the reading at once.
 * `done` never rejects; where the runtime ends the request it stays open.
 */
export function readUsage(
  response: Response,
  { strip, waitUntil }: ReadOptions,
): { readonly body: ReadableStream<Uint8Array> | null; readonly done: Promise<Reading> } {
  const { body, headers } = response;
  if (body === null) return { body, done: Promise.resolve({ usage: null, model: null, bytes: 0, ended: 'whole' }) };
  const coding = codingOf(headers.get('content-encoding') ?? 'identity');
  const length = lengthIn(headers);
  const strips = strip && coding === 'identity' && length === null;
  const reader = coding === null ? null : readerFor(headers.get('content-type') ?? '', strips);
  const stage = reader === null || coding === null ? passing : stageFor(reader, coding, strips);
  const relayed = relay(body, stage, { length, readOnMs: READ_ON_MS });
  waitUntil(relayed.done);
  const done = relayed.done.then((count) => ({ ...count, usage: reader?.usage ?? null, model: reader?.model ?? null }));
  return { body: relayed.body, done };
}

/** Counts a body of unknown length while it passes. A client that leaves ends it. */
export function countBytes(body: ReadableStream<Uint8Array>): {
  readonly body: ReadableStream<Uint8Array>;
  readonly done: Promise<Count>;
} {
  return relay(body, passing, { length: null, readOnMs: 0 });
}

/** Null: the answer is of a kind that tells no usage. */
function readerFor(contentType: string, strip: boolean): AnswerReader | null {
  const [essence = ''] = contentType.split(';');
  switch (essence.trim().toLowerCase()) {
    case 'application/json':
      return new JsonReader();
    case 'text/event-stream':
      return new EventReader(strip);
    default:
      return null;
  }
}

function stageFor(reader: AnswerReader, coding: Coding, strips: boolean): Stage {
  if (coding !== 'identity') return decoding(reader, coding);
  return strips ? stripping(reader) : reading(reader);
}

function lengthIn(headers: Headers): number | null {
  const text = headers.get('content-length');
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

const passing: Stage = { pass: (chunk, write) => write(chunk), end: async () => {} };

/** Reads what is on its way already. */
function reading(reader: AnswerReader): Stage {
  return {
    pass(chunk, write) {
      const written = write(chunk);
      reader.take(chunk);
      return written;
    },
    async end() {
      reader.end();
    },
  };
}

function stripping(reader: AnswerReader): Stage {
  const writeAll = async (pieces: readonly Uint8Array[], write: Write) => {
    for (const piece of pieces) if (piece.byteLength > 0) await write(piece);
  };
  return {
    pass: (chunk, write) => writeAll(reader.take(chunk), write),
    end: (write) => writeAll(reader.end(), write),
  };
}

function decoding(reader: AnswerReader, coding: Compression): Stage {
  let decoder: Decoder | null = null;
  return {
    async pass(chunk, write) {
      const written = write(chunk);
      decoder ??= await openDecoder(coding, (bytes) => reader.take(bytes));
      await decoder.feed(chunk);
      await written;
    },
    async end() {
      await decoder?.end();
      reader.end();
    },
  };
}
