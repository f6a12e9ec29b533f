/*
 * When a delivery is tried again, and when its endpoint. Pure: time and chance are given.
 */

/** Up to so much is added to a pause, so that what failed together does not come back together. */
const JITTER = 0.1;
/** The longest that a receiver may ask for. */
const LONGEST_RETRY_AFTER_MS = 86_400_000;
/** Other deliveries of an endpoint that fails do not wait for longer. */
const LONGEST_ENDPOINT_PAUSE_MS = 300_000;

/**
 * When the next attempt is after `failures` of them have failed, the last just now; null: after none, they are used up.
 * `random` is of [0, 1). A receiver that asks for more time is given it.
 */
export function nextAttemptAtMs(
  pausesMs: readonly number[],
  failures: number,
  notBeforeMs: number,
  random: number,
  nowMs: number,
): number | null {
  const pauseMs = pausesMs[failures - 1];
  if (pauseMs === undefined) return null;
  return Math.max(nowMs + Math.ceil(pauseMs * (1 + JITTER * random)), notBeforeMs);
}

/** The pauses of an endpoint that fails. */
export function endpointPausesMs(pausesMs: readonly number[]): number[] {
  return pausesMs.map((pauseMs) => Math.min(pauseMs, LONGEST_ENDPOINT_PAUSE_MS));
}

/**
 * Before when a receiver wants nothing, by its header `Retry-After` (RFC 9110, 10.2.3: seconds, or a date), at most a
 * day ahead; 0 where it says nothing that can be read.
 */
export function readRetryAfter(value: string | null, nowMs: number): number {
  if (value === null) return 0;
  const text = value.trim();
  const atMs = /^\d+$/.test(text) ? nowMs + Number(text) * 1_000 : HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? 0 : Math.min(atMs, nowMs + LONGEST_RETRY_AFTER_MS);
}

/** The one form of dates that is still written; `Date.parse` alone would read much else. */
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
