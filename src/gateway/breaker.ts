/** Consecutive failures after which an origin is left out. */
const OPENS_AFTER = 5;
/** How long it is left out, and then how long one trial request stands for all. */
const PAUSE_MS = 10_000;

/**
 * A circuit breaker of one origin in one isolate. Plain numbers, changed in synchronous steps: requests that
 * interleave can at most try a bad origin once more each.
 */
export interface Breaker {
  failures: number;
  /** Until when the origin is left out; 0 while it is not. */
  openUntilMs: number;
}

export function closedBreaker(): Breaker {
  return { failures: 0, openUntilMs: 0 };
}

/** Whether a request may try the origin now. After the pause one may, and others wait one pause more for its outcome. */
export function mayTry(breaker: Breaker, readMs: () => number): boolean {
  if (breaker.openUntilMs === 0) return true;
  const nowMs = readMs();
  if (nowMs < breaker.openUntilMs) return false;
  breaker.openUntilMs = nowMs + PAUSE_MS;
  return true;
}

/** The origin answered, whatever its status. */
export function recordAnswer(breaker: Breaker): void {
  breaker.failures = 0;
  breaker.openUntilMs = 0;
}

/** The origin could not be reached or was late. Whether it is left out because of that, and was not before. */
export function recordFailure(breaker: Breaker, nowMs: number): boolean {
  breaker.failures++;
  if (breaker.failures >= OPENS_AFTER) breaker.openUntilMs = nowMs + PAUSE_MS;
  return breaker.failures === OPENS_AFTER;
}
