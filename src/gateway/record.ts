import type { KeyFormat } from '../credential/format.ts';
import { redact } from '../credential/redact.ts';

/** One request, as it is recorded. It holds no header, no query string and no secret. */
export interface RequestEvent {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Why it was refused; absent where it was forwarded. */
  readonly reason?: string;
  readonly keyId?: string;
  readonly accountId?: string;
  readonly address?: string;
  /** From the request's arrival to the first byte of the answer. */
  readonly durationMs: number;
}

/** Writes structured log lines, one JSON object each, in which nothing that reads like a key is left. */
export interface Logger {
  readonly request: (event: RequestEvent) => void;
  /** Something that an operator must look at. */
  readonly alert: (event: string, about: Record<string, string | number>) => void;
}

/** A logger whose lines name the policy's digest. `format` null: the configuration is broken, so no key is known. */
export function openLogger(format: KeyFormat | null, policyDigest: string): Logger {
  const write = (line: Record<string, unknown>) => {
    const text = JSON.stringify({ ...line, policy: policyDigest });
    console.log(format === null ? text : redact(text, format));
  };
  return {
    request: (event) => write({ event: 'request', ...event }),
    alert: (event, about) => write({ level: 'alert', event, ...about }),
  };
}
