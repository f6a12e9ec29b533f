import type { PriceFacts } from '../decision/price.ts';
import { memberSpans, type Spans, skipSpace } from './json-members.ts';

/** A longer body is not looked at. */
const MAX_BODY_BYTES = 1_048_576;
const JSON_TYPE = /^application\/json\s*(;|$)/i;
const ASK = '"include_usage":true';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** A request's body as it is forwarded, and what was seen in it. */
export interface UsageRequest extends PriceFacts {
  /** Bytes where it was read, the client's own stream where it was not. */
  readonly body: ReadableStream<Uint8Array> | Uint8Array | null;
  /** Whether the client asked for a stream. */
  readonly stream: boolean;
  /** Whether the gateway asked for the usage chunk, which the client does not expect; `body` has grown by that. */
  readonly injected: boolean;
}

/**
 * Looks at an OpenAI-style request's body before it is forwarded. Read is one that is declared as JSON without content
 * coding, and of at most 1 MiB; any other passes untouched, and nothing is known of it. With `includeUsage` a streaming
 * request that does not ask for its usage is made to, by characters put in where they belong: all others stay as they
 * are. A body that is no JSON object, or in which a key stands twice, passes as it was. Rejects where the client breaks
 * its body off.
 */
export async function readRequest(
  body: ReadableStream<Uint8Array> | null,
  headers: Headers,
  includeUsage: boolean,
): Promise<UsageRequest> {
  if (body === null || !isReadable(headers)) return unknown(body);
  const bytes = await new Response(body).bytes();
  const text = textOf(bytes);
  const request = text === null ? null : objectIn(text);
  if (text === null || request === null) return unknown(bytes);
  const start = skipSpace(text, 0);
  const spans = memberSpans(text, start);
  if (spans === null) return unknown(bytes);
  const stream = request.stream === true;
  const asking = includeUsage && stream ? askForUsage(text, start, request.stream_options, spans) : null;
  return {
    body: asking === null ? bytes : encoder.encode(asking),
    maxTokens: maxTokensOf(request),
    promptBytes: bytes.byteLength,
    model: typeof request.model === 'string' ? request.model : null,
    stream,
    injected: asking !== null,
  };
}

function unknown(body: UsageRequest['body']): UsageRequest {
  return { body, maxTokens: null, promptBytes: 0, model: null, stream: false, injected: false };
}

function isReadable(headers: Headers): boolean {
  const length = headers.get('content-length');
  if (length === null || !(Number(length) <= MAX_BODY_BYTES)) return false;
  const coding = headers.get('content-encoding') ?? 'identity';
  return JSON_TYPE.test(headers.get('content-type') ?? '') && coding.toLowerCase() === 'identity';
}

/** Null where it would not be the same bytes again. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of a request with the question for its usage; null where that is asked, or nothing sensible stands there. */
function askForUsage(text: string, start: number, options: unknown, spans: Spans): string | null {
  const at = spans.get('stream_options');
  if (at === undefined) return replaced(text, start + 1, start + 1, `"stream_options":{${ASK}},`);
  if (options === null) return replaced(text, at.start, at.end, `{${ASK}}`);
  if (!isObject(options)) return null;
  const inner = memberSpans(text, at.start);
  if (inner === null) return null;
  const asked = inner.get('include_usage');
  if (asked === undefined) return replaced(text, at.start + 1, at.start + 1, inner.size === 0 ? ASK : `${ASK},`);
  if (options.include_usage !== false && options.include_usage !== null) return null;
  return replaced(text, asked.start, asked.end, 'true');
}

function replaced(text: string, start: number, end: number, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

/** Over all choices of all prompts. Of two fields that say the same the larger counts, whichever the origin reads. */
function maxTokensOf({
  max_completion_tokens,
  max_tokens,
  n,
  best_of,
  prompt,
}: Record<string, unknown>): number | null {
  const told = [max_completion_tokens, max_tokens].filter((each) => each !== undefined && each !== null);
  const choices = [n ?? 1, best_of ?? 1];
  if (told.length === 0 || !told.every(isCount) || !choices.every(isCount)) return null;
  const all = Math.max(...told) * Math.max(1, ...choices) * promptsIn(prompt);
  return Number.isSafeInteger(all) ? all : null;
}

/** A prompt is a text or a list of token numbers; a list of either is several. */
function promptsIn(prompt: unknown): number {
  return Array.isArray(prompt) && typeof prompt[0] !== 'number' ? Math.max(1, prompt.length) : 1;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
