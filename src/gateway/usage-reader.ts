import type { TokenUsage } from '../decision/price.ts';

/** How a body went. */
export interface Count {
  /** Of the body as it was passed on. */
  readonly bytes: number;
  /** `cut`: the origin broke off, or the client left before the end. */
  readonly ended: 'whole' | 'cut';
}

/** What was read out of an answer. */
export interface Reading extends Count {
  /** Null where the answer told none that could be read. */
  readonly usage: TokenUsage | null;
  readonly model: string | null;
}

export interface ReadOptions {
  /** Take out the extra chunk that tells the usage: the gateway asked for it and the client did not. */
  readonly strip: boolean;
  /** Keeps the reading alive when the client has left. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** Reads the usage of an OpenAI-style answer while it passes. `body` is null where the answer has none. */
export function readUsage(
  response: Response,
  _options: ReadOptions,
): { readonly body: ReadableStream<Uint8Array> | null; readonly done: Promise<Reading> } {
  return { body: response.body, done: Promise.resolve({ usage: null, model: null, bytes: 0, ended: 'whole' }) };
}

/** Counts a body while it passes. */
export function countBytes(body: ReadableStream<Uint8Array>): {
  readonly body: ReadableStream<Uint8Array>;
  readonly done: Promise<Count>;
} {
  return { body, done: Promise.resolve({ bytes: 0, ended: 'whole' }) };
}
