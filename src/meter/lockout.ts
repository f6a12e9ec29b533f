/*
 * Strikes against one source: a client address, or one presented secret. So many within a window lock it for a
 * time; attempts while it is locked are not counted, so they do not extend the lock.
 */

/** After `strikes` within `windowMs` the source is locked for `lockMs`. */
export interface StrikeRule {
  readonly strikes: number;
  readonly windowMs: number;
  readonly lockMs: number;
}

/** Storable as it is; `strikesAtMs` is ordered and never longer than the rule's number of strikes. */
export interface LockoutState {
  strikesAtMs: number[];
  lockedUntilMs: number;
}

/** A source without strikes. */
export function unstruck(): LockoutState {
  return { strikesAtMs: [], lockedUntilMs: 0 };
}

/** Whether the source is locked, has strikes that still count, or is clear. */
export function standing(state: LockoutState, nowMs: number, windowMs: number): 'locked' | 'watched' | 'clear' {
  if (state.lockedUntilMs > nowMs) return 'locked';
  const last = state.strikesAtMs.at(-1);
  return last !== undefined && last > nowMs - windowMs ? 'watched' : 'clear';
}

/**
 * Counts a strike. The strike that reaches the rule's number locks the source but is itself still told as a failed
 * attempt: `counted`. `locked` means that the source was locked before, and nothing was counted.
 */
export function strike(state: LockoutState, rule: StrikeRule, nowMs: number): 'counted' | 'locked' {
  if (state.lockedUntilMs > nowMs) return 'locked';
  state.strikesAtMs = state.strikesAtMs.filter((at) => at > nowMs - rule.windowMs);
  state.strikesAtMs.push(nowMs);
  if (state.strikesAtMs.length >= rule.strikes) {
    state.lockedUntilMs = nowMs + rule.lockMs;
    state.strikesAtMs = [];
  }
  return 'counted';
}
