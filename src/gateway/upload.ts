/** The slowest upload that is waited for, about 1 Mbit/s: a body of known length adds its time to the route's. */
const SLOWEST_BYTES_PER_MS = 125;

/** What an origin that is late answers in its place. */
export const LATE = null;

/** A request's body: as the client streams it, or read already. */
export type RequestBody = ReadableStream<Uint8Array> | Uint8Array | null;

/** The way up of one request: its body, and what ends the upstream call. */
export interface Upload {
  readonly body: RequestBody;
  /** Aborts the call of a counted body; others need no signal, which would cost each request. */
  readonly signal: AbortSignal | undefined;
  /** Resolves when the origin's time is over. */
  readonly late: Promise<typeof LATE>;
  /** The origin has answered: from here on nothing is late. */
  readonly answered: () => void;
  /** Whether a counted body is still being sent. */
  readonly isOpen: () => boolean;
  readonly isTooLarge: () => boolean;
  readonly isLate: () => boolean;
}

/**
 * Starts the clock of a request and bounds its body. A declared length is judged at once (null: too large) and the
 * runtime holds the client to it, so that body passes untouched; one of unknown length is counted on its way.
 */
export function openUpload(body: RequestBody, headers: Headers, maxBytes: number, timeoutMs: number): Upload | null {
  if (body === null) return untouched(null, timeoutMs);
  const declared = headers.get('content-length');
  if (declared === null && !(body instanceof Uint8Array)) return countedUpload(body, maxBytes, timeoutMs);
  const declaredBytes = body instanceof Uint8Array ? body.byteLength : Number(declared);
  return declaredBytes > maxBytes ? null : untouched(body, timeoutMs + declaredBytes / SLOWEST_BYTES_PER_MS);
}

const never = () => false;

/**
 * The timer is not cleared: it ends with its request, and clearing costs as much as setting. A call that was late
 * ends with the request too, once it is answered.
 */
function untouched(body: Upload['body'], timeoutMs: number): Upload {
  let isLate = false;
  const late = new Promise<typeof LATE>((resolve) => {
    setTimeout(() => {
      isLate = true;
      resolve(LATE);
    }, timeoutMs);
  });
  return { body, signal: undefined, late, answered: () => {}, isOpen: never, isTooLarge: never, isLate: () => isLate };
}

/** Each chunk starts the time anew, since it is the origin's time that is limited and not the client's. */
function countedUpload(body: ReadableStream<Uint8Array>, maxBytes: number, timeoutMs: number): Upload {
  const abort = new AbortController();
  const { promise: late, resolve } = Promise.withResolvers<typeof LATE>();
  let end: 'large' | 'late' | null = null;
  const endAs = (reason: 'large' | 'late') => {
    end ??= reason;
    abort.abort();
    resolve(LATE);
  };
  const startClock = () => setTimeout(() => endAs('late'), timeoutMs);
  let timer: ReturnType<typeof setTimeout> | null = startClock();
  let isOpen = true;
  const onChunk = () => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = startClock();
  };
  const onEnd = () => {
    isOpen = false;
  };
  return {
    body: body.pipeThrough(counted(maxBytes, () => endAs('large'), onChunk, onEnd)),
    signal: abort.signal,
    late,
    answered() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
    isOpen: () => isOpen,
    isTooLarge: () => end === 'large',
    isLate: () => end === 'late',
  };
}

function counted(maxBytes: number, onTooLarge: () => void, onChunk: () => void, onEnd: () => void) {
  let sentBytes = 0;
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      sentBytes += chunk.byteLength;
      // Nothing more is passed and the call is ended: were the body only closed, the origin would take it for whole.
      if (sentBytes > maxBytes) return onTooLarge();
      onChunk();
      controller.enqueue(chunk);
    },
    flush: onEnd,
  });
}
