/** The slowest upload that is waited for, about 1 Mbit/s: a body of known length adds its time to the route's. */
const SLOWEST_BYTES_PER_MS = 125;

/** The way up of one request: its body, and the signal that ends the upstream call. */
export interface Upload {
  readonly body: ReadableStream<Uint8Array> | null;
  readonly signal: AbortSignal;
  /** The origin has answered or was given up. */
  readonly stopClock: () => void;
  /** Whether a counted body is still being sent. */
  readonly isOpen: () => boolean;
  readonly isTooLarge: () => boolean;
  readonly isLate: () => boolean;
}

/**
 * Starts the clock of a request and bounds its body. A declared length is judged at once (null: too large) and the
 * runtime holds the client to it, so that body passes untouched; one of unknown length is counted on its way, and
 * each of its chunks starts the time anew, since it is the origin's time that is limited and not the client's.
 */
export function openUpload(request: Request, headers: Headers, maxBytes: number, timeoutMs: number): Upload | null {
  const { body } = request;
  const declared = body === null ? null : headers.get('content-length');
  const declaredBytes = Number(declared);
  if (declaredBytes > maxBytes) return null;
  const abort = new AbortController();
  let end: 'large' | 'late' | null = null;
  const endAs = (reason: 'large' | 'late') => {
    end = reason;
    abort.abort();
  };
  let timer: ReturnType<typeof setTimeout> | null = setTimeout(
    endAs,
    timeoutMs + declaredBytes / SLOWEST_BYTES_PER_MS,
    'late',
  );
  let isOpen = body !== null && declared === null;
  const restartClock = () => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = setTimeout(endAs, timeoutMs, 'late');
  };
  return {
    body:
      isOpen && body !== null
        ? body.pipeThrough(
            counted(maxBytes, endAs, restartClock, () => {
              isOpen = false;
            }),
          )
        : body,
    signal: abort.signal,
    stopClock() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
    isOpen: () => isOpen,
    isTooLarge: () => end === 'large',
    isLate: () => end === 'late',
  };
}

function counted(maxBytes: number, endAs: (reason: 'large') => void, onChunk: () => void, onEnd: () => void) {
  let sentBytes = 0;
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      sentBytes += chunk.byteLength;
      // Nothing more is passed and the call is ended: were the body only closed, the origin would take it for whole.
      if (sentBytes > maxBytes) return endAs('large');
      onChunk();
      controller.enqueue(chunk);
    },
    flush: onEnd,
  });
}
