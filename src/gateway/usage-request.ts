import type { PriceFacts } from '../decision/price.ts';

/** A request's body as it is forwarded, and what was seen in it. */
export interface UsageRequest extends PriceFacts {
  /** Bytes where it was read, the client's own stream where it was not. */
  readonly body: ReadableStream<Uint8Array> | Uint8Array | null;
  /** Whether the client asked for a stream. */
  readonly stream: boolean;
  /** Whether the gateway asked for the usage chunk, which the client does not expect; `body` has grown by that. */
  readonly injected: boolean;
}

/** Looks at an OpenAI-style request's body before it is forwarded. `includeUsage`: the policy's `include_usage`. */
export async function readRequest(
  body: ReadableStream<Uint8Array> | null,
  _headers: Headers,
  _includeUsage: boolean,
): Promise<UsageRequest> {
  return { body, maxTokens: null, promptBytes: 0, model: null, stream: false, injected: false };
}
