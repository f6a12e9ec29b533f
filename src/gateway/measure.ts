import { costOf, type Price, type TokenUsage } from '../decision/price.ts';
import { countBytes, readUsage } from './usage-reader.ts';

/** What a request came to, once its answer has ended. */
export interface Measured {
  /** Of the answer's body; null where they are not counted, as of a WebSocket. */
  readonly bytes: number | null;
  /** Micro-credits, by the route's price. */
  readonly micro: number;
  readonly tokens: TokenUsage;
}

/** How an answer is to be measured. */
export interface Metering {
  readonly price: Price;
  /** What the request may cost, also where no limit is there to set it aside from. */
  readonly reservation: number;
  /** The gateway asked for a usage chunk that the client does not expect. */
  readonly strip: boolean;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

const NO_TOKENS: TokenUsage = { prompt: 0, completion: 0 };

/** What a request costs that was refused after its admission: rate and quota, and no credits (DESIGN §4). */
export const NOTHING: Measured = { bytes: 0, micro: 0, tokens: NO_TOKENS };

/**
 * Measures an answer while it passes; `length` is its `Content-Length`. One of declared length whose cost its headers tell is known at once, and its body
 * never enters JavaScript; the length is then the declared one, also for a client that leaves early.
 */
export function measure(
  answer: Response,
  length: string | null,
  metering: Metering,
): { readonly body: ReadableStream<Uint8Array> | null; readonly measured: Measured | Promise<Measured> } {
  const { price, reservation } = metering;
  const { body, status, headers } = answer;
  const header = price.from === 'header' ? headers.get(price.header) : null;
  const told = { status, header, usage: null, model: null, reservation };
  if (body === null) {
    const bytes = answer.webSocket === null ? 0 : null;
    return { body, measured: { bytes, micro: costOf(price, told), tokens: NO_TOKENS } };
  }
  if (price.from === 'usage') {
    const read = readUsage(answer, metering);
    const measured = read.done.then(({ bytes, usage, model }) => ({
      bytes,
      micro: costOf(price, { ...told, usage, model }),
      tokens: usage ?? NO_TOKENS,
    }));
    return { body: read.body, measured };
  }
  const micro = costOf(price, told);
  if (length !== null) return { body, measured: { bytes: Number(length), micro, tokens: NO_TOKENS } };
  const counted = countBytes(body);
  return { body: counted.body, measured: counted.done.then(({ bytes }) => ({ bytes, micro, tokens: NO_TOKENS })) };
}
