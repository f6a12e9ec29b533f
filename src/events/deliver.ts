import type { AttemptRecord } from '../registry/attempts.ts';
import type { Courier } from './courier.ts';
import { resolveTarget, UNRESOLVED } from './resolve.ts';

/** An attempt, and whether the receiver has taken the delivery. */
export interface Sent extends AttemptRecord {
  readonly ok: boolean;
}

/** A request that is signed. */
export interface Signed {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How much of a body is kept, in bytes; of an answer no more is read. */
const KEPT_BYTES = 4_096;
/** How much is kept of the value of a header of an answer, and of all headers with their names, in characters. */
const KEPT_VALUE_CHARS = 500;
const KEPT_HEADER_CHARS = 4_096;

/**
 * Sends one request to an endpoint, once its address is known to be one that is allowed. Only an answer of 2xx that is
 * complete in time counts: redirects lead where nobody has checked, so they are failures. Never throws; `error` says in
 * a word why there was no answer.
 */
export async function deliver(signed: Signed, rules: Courier['rules'], nowMs: () => number): Promise<Sent> {
  const atMs = nowMs();
  const request = { ...signed, body: beginningOf(new TextEncoder().encode(signed.body)) };
  const done = (answer: Pick<Sent, 'status' | 'error' | 'response'>): Sent => {
    const { status, error } = answer;
    const ok = error === null && status !== null && status >= 200 && status < 300;
    return { atMs, durationMs: nowMs() - atMs, request, ...answer, ok };
  };
  const signal = AbortSignal.timeout(rules.timeout);
  let status: number | null = null;
  let headers: Record<string, string> = {};
  try {
    const problem = await resolveTarget(signed.url, rules, signal);
    if (problem !== null) {
      const error = problem === UNRESOLVED ? 'not_resolved' : 'address_refused';
      return done({ status, error: signal.aborted ? 'timeout' : error, response: null });
    }
    const response = await fetch(signed.url, {
      method: 'POST',
      headers: signed.headers,
      body: signed.body,
      redirect: 'manual',
      signal,
    });
    status = response.status;
    headers = keptHeaders(response.headers);
    return done({ status, error: null, response: { headers, body: await readBeginning(response) } });
  } catch {
    const error = signal.aborted ? 'timeout' : 'connection_failed';
    return done({ status, error, response: status === null ? null : { headers, body: '' } });
  }
}

/** The headers that are kept: the first ones, in the order of their names, but for those that are too long for all. */
function keptHeaders(headers: Headers): Record<string, string> {
  let left = KEPT_HEADER_CHARS;
  const kept: [string, string][] = [];
  for (const [name, value] of headers) {
    const shown = value.slice(0, KEPT_VALUE_CHARS);
    if (name.length + shown.length > left) continue;
    left -= name.length + shown.length;
    kept.push([name, shown]);
  }
  return Object.fromEntries(kept);
}

/** What of a body is kept, as text. */
function beginningOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, KEPT_BYTES));
}

/** Reads the beginning of an answer, and lets go of the rest. The signal of its request ends it too. */
async function readBeginning(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const bytes = new Uint8Array(KEPT_BYTES);
  let length = 0;
  try {
    while (length < KEPT_BYTES) {
      const { value } = await reader.read();
      if (value === undefined) break;
      const some = value.subarray(0, KEPT_BYTES - length);
      bytes.set(some, length);
      length += some.length;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
  return beginningOf(bytes.subarray(0, length));
}
