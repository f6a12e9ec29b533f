/**
 * Grows where an origin fills it: many streams of small events run at once, while a large body costs by the read, about
 * 5 KB of what only the garbage collector frees.
 */
const FIRST_READ_BYTES = 4_096;
const LARGEST_READ_BYTES = 262_144;
const GROWTH = 4;

/** How a body went. */
export interface Count {
  /** Of the body as it was passed on. */
  readonly bytes: number;
  /** `cut`: the origin broke off, or the client left before the end. */
  readonly ended: 'whole' | 'cut';
}

/** Hands bytes to the client and resolves when they are taken; once the client has left, at once. */
export type Write = (bytes: Uint8Array) => Promise<void>;

/** What happens to each chunk on its way. A chunk's memory is used again once `pass` has resolved. */
export interface Stage {
  readonly pass: (chunk: Uint8Array, write: Write) => Promise<void>;
  /** Nothing more comes. */
  readonly end: (write: Write) => Promise<void>;
}

interface RelayOptions {
  /** Of the body as it is passed on, where that is known: the client is then told it. */
  readonly length: number | null;
  /** How long the origin is read on when the client has left. */
  readonly readOnMs: number;
}

/**
 * Passes an origin's body on, one chunk at a time and none before the last one was taken. What breaks off here breaks
 * off at the client. `done` never rejects. The runtime tells that a client has left when it is written to.
 */
export function relay(
  body: ReadableStream<Uint8Array>,
  stage: Stage,
  { length, readOnMs }: RelayOptions,
): { readonly body: ReadableStream<Uint8Array>; readonly done: Promise<Count> } {
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  return { body: readable, done: pump(body.getReader({ mode: 'byob' }), writable.getWriter(), stage, readOnMs) };
}

async function pump(
  reader: ReadableStreamBYOBReader,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  stage: Stage,
  readOnMs: number,
): Promise<Count> {
  let bytes = 0;
  let leaving: ReturnType<typeof setTimeout> | null = null;
  const write: Write = async (chunk) => {
    if (leaving !== null) return;
    try {
      await writer.write(chunk);
      bytes += chunk.byteLength;
    } catch {
      leaving = setTimeout(() => reader.cancel().catch(() => {}), readOnMs);
    }
  };
  let isWhole = false;
  try {
    await readAll(reader, (chunk) => stage.pass(chunk, write)).finally(() => stage.end(write));
    if (leaving === null) {
      await writer.close();
      isWhole = true;
    }
  } catch (error) {
    await writer.abort(error).catch(() => {});
  }
  if (leaving !== null) clearTimeout(leaving);
  return { bytes, ended: isWhole ? 'whole' : 'cut' };
}

/** Reads a stream to its end through one piece of memory, which is used again once `take` has resolved. */
export async function readAll(
  reader: ReadableStreamBYOBReader,
  take: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  let memory = new ArrayBuffer(FIRST_READ_BYTES);
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(memory));
    if (done) return;
    await take(value);
    const isFilled = value.byteLength === value.buffer.byteLength;
    const grows = isFilled && value.byteLength < LARGEST_READ_BYTES;
    memory = grows ? new ArrayBuffer(GROWTH * value.byteLength) : value.buffer;
  }
}
