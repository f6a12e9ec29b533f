import { setTimeout as sleep } from 'node:timers/promises';
import { KeystileError } from '../client/client.ts';

/** For so long an answer is waited for. */
const TIMEOUT_MS = 60_000;
const ATTEMPTS = 3;
const PAUSE_MS = 500;
/** Nothing was sent, so nothing was lost: it is told at once. */
const NOT_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ERR_INVALID_URL', 'UND_ERR_CONNECT_TIMEOUT'];

/**
 * Sends a request, and again where its answer was lost on the way: all that the command line sends may be sent twice.
 * New secrets have an `Idempotency-Key`, so that they are not lost with their answer. Throws as `fetch` does.
 */
export async function sendThrough(request: Request): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetch(request.clone(), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      if (attempt === ATTEMPTS || NOT_SENT.includes(codeOf(error))) throw error;
    }
    await sleep(PAUSE_MS * attempt);
  }
}

/** What `fetch` failed by: a code of the system or of the HTTP client. */
export function codeOf(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? (name === 'TimeoutError' ? 'no answer in time' : 'no connection');
}

const LONGEST_PAUSE_MS = 30_000;

/** How long to wait before the next attempt: as long as the gateway asks, or longer from one to the next. */
export function pauseMs(error: unknown, failures: number): number {
  const asked = error instanceof KeystileError ? error.retryAfterSeconds : null;
  return asked === null ? Math.min(PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS) : asked * 1_000;
}
