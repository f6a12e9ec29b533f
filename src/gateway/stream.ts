/** Asks again, while a response runs, whether its key still holds. */
export interface Watch {
  /** Whether the key is still good; a failure to find out counts as no. */
  readonly reauthorize: () => Promise<boolean>;
  /** The longest that a response outlives its key. */
  readonly everyMs: number;
}

/** Up to this declared length a response is over soon enough, and passes without a look. */
const SHORT_BYTES = 1_048_576;

/** Whether a body may run for long: one of unknown length, as of server-sent events, or a large one. */
export function isLong(contentLength: string | null): boolean {
  return contentLength === null || Number(contentLength) > SHORT_BYTES;
}

/**
 * A body that breaks off once its key no longer holds; broken off and not ended, so that nobody takes a part for the
 * whole. The bytes go through the runtime's own pipe. The check lives as long as this pipe and needs no `waitUntil`:
 * the runtime keeps a request's context while a stream made in it is being sent.
 */
export function watchStream(body: ReadableStream<Uint8Array>, watch: Watch): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream();
  const cut = new AbortController();
  const stop = startChecks(watch, () => cut.abort(new Error('The key is no longer valid.')));
  // An error of either end reaches the other through the pipe; here only its end counts.
  body.pipeTo(writable, { signal: cut.signal }).then(stop, stop);
  return readable;
}

/**
 * Asks at half time and cuts when the answer is no, or is not there in the other half: so a cut never comes later
 * than `everyMs` after the last good answer was asked for. Returns what ends the checks.
 */
export function startChecks(watch: Watch, cut: () => void): () => void {
  const halfMs = watch.everyMs / 2;
  let isOver = false;
  let timer = setTimeout(check, halfMs);
  const stop = () => {
    isOver = true;
    clearTimeout(timer);
  };
  const end = () => {
    stop();
    cut();
  };
  function check(): void {
    timer = setTimeout(end, halfMs);
    watch.reauthorize().then(
      (holds) => {
        if (isOver) return;
        if (!holds) return end();
        clearTimeout(timer);
        timer = setTimeout(check, halfMs);
      },
      () => {
        if (!isOver) end();
      },
    );
  }
  return stop;
}
