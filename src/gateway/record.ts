import type { KeyFormat } from '../credential/format.ts';
import { redact, redactLegacy } from '../credential/redact.ts';

/** A request of which no account can be told: without a key that is known, or to a control route. No query string. */
export interface RequestLine {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Why it was refused; undefined where it was forwarded. */
  readonly reason: string | undefined;
  readonly address: string | undefined;
  readonly atMs: number;
  /** From the request's arrival to the first byte of the answer. */
  readonly durationMs: number;
}

/** Writes structured log lines, one JSON object each, in which nothing that reads like a key is left. */
export interface Logger {
  /** Records a request: at most a second late, together with others, since a write for each would cost more than they do. */
  readonly request: (line: RequestLine, waitUntil: (work: Promise<unknown>) => void) => void;
  /**
   * Something that an operator must look at, written at once; but one line of a kind in 10 s, so that an outage does not
   * write one for each request. The next line tells how many were left out.
   */
  readonly alert: (event: string, about: Record<string, string | number>) => void;
}

const FLUSH_AFTER_MS = 1_000;
const LINES_AT_ONCE = 100;
const ALERT_EVERY_MS = 10_000;
/** Fields of few values, by which alerts of one name are of different kinds. */
const KINDS = ['cause', 'origin', 'job'] as const;
/** Fields that hold texts from outside. */
const FOREIGN: ReadonlySet<string> = new Set(['path', 'error']);

/** A logger whose lines name the policy's digest. `format` null: the configuration is broken, so no key is known. */
export function openLogger(format: KeyFormat | null, policyDigest: string, readClock: () => number = Date.now): Logger {
  /** Plain values of any requests; whichever request comes to flush writes them all. */
  let requests: RequestLine[] = [];
  let flushDueAtMs = 0;
  const alerts = new Map<string, { readonly atMs: number; leftOut: number }>();
  const legacy = format?.legacy ?? [];
  const hide = (field: string, value: unknown) =>
    FOREIGN.has(field) && typeof value === 'string' ? redactLegacy(value, legacy) : value;
  const write = (lines: readonly object[]) => {
    const text = lines.map((line) => JSON.stringify({ ...line, policy: policyDigest }, hide)).join('\n');
    console.log(format === null ? text : redact(text, format));
  };
  const flush = () => {
    if (requests.length === 0) return;
    const lines = requests.map((line) => ({ event: 'request', ...line }));
    requests = [];
    write(lines);
  };
  return {
    request(line, waitUntil) {
      requests.push(line);
      const nowMs = line.atMs + line.durationMs;
      if (requests.length === 1) {
        flushDueAtMs = nowMs + FLUSH_AFTER_MS;
        waitUntil(scheduler.wait(FLUSH_AFTER_MS).then(flush));
      } else if (requests.length >= LINES_AT_ONCE || nowMs > flushDueAtMs) flush();
    },
    alert(event, about) {
      const nowMs = readClock();
      const kind = [event, ...KINDS.map((field) => about[field])].join(' ');
      const last = alerts.get(kind);
      if (last !== undefined && Math.abs(nowMs - last.atMs) < ALERT_EVERY_MS) {
        last.leftOut++;
        return;
      }
      alerts.set(kind, { atMs: nowMs, leftOut: 0 });
      const leftOut = last?.leftOut ?? 0;
      write([{ level: 'alert', event, ...about, ...(leftOut > 0 && { left_out: leftOut }) }]);
    },
  };
}
