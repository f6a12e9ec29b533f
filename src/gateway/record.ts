import type { KeyFormat } from '../credential/format.ts';
import { redact } from '../credential/redact.ts';

/** One request, as it is recorded. It holds no header, no query string and no secret. */
export interface RequestEvent {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Why it was refused; undefined where it was forwarded. */
  readonly reason: string | undefined;
  readonly keyId: string | undefined;
  readonly accountId: string | undefined;
  readonly address: string | undefined;
  readonly atMs: number;
  /** From the request's arrival to the first byte of the answer. */
  readonly durationMs: number;
}

/** Writes structured log lines, one JSON object each, in which nothing that reads like a key is left. */
export interface Logger {
  /** Records a request: at most a second late, together with others, since a write for each would cost more than they do. */
  readonly request: (event: RequestEvent, waitUntil: (work: Promise<unknown>) => void) => void;
  /** Something that an operator must look at, written at once. */
  readonly alert: (event: string, about: Record<string, string | number>) => void;
}

const FLUSH_AFTER_MS = 1_000;
const LINES_AT_ONCE = 100;

/** A logger whose lines name the policy's digest. `format` null: the configuration is broken, so no key is known. */
export function openLogger(format: KeyFormat | null, policyDigest: string): Logger {
  /** Plain values of any requests; whichever request comes to flush writes them all. */
  let events: RequestEvent[] = [];
  let flushDueAtMs = 0;
  const write = (lines: readonly object[]) => {
    const text = lines.map((line) => JSON.stringify({ ...line, policy: policyDigest })).join('\n');
    console.log(format === null ? text : redact(text, format));
  };
  const flush = () => {
    if (events.length === 0) return;
    const lines = events.map((event) => ({ event: 'request', ...event }));
    events = [];
    write(lines);
  };
  return {
    request(event, waitUntil) {
      events.push(event);
      const nowMs = event.atMs + event.durationMs;
      if (events.length === 1) {
        flushDueAtMs = nowMs + FLUSH_AFTER_MS;
        waitUntil(scheduler.wait(FLUSH_AFTER_MS).then(flush));
      } else if (events.length >= LINES_AT_ONCE || nowMs > flushDueAtMs) flush();
    },
    alert: (event, about) => write([{ level: 'alert', event, ...about }]),
  };
}
