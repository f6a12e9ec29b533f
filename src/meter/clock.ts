import { CLOCK_TOLERANCE_MS } from './times.ts';

/*
 * An isolate's clock, watched. Leases are safe under any skew and small drift; a step backward would lengthen them,
 * so it starts a new epoch, and whatever was asked for or held in an older epoch is dead (DESIGN §4).
 * A step that no request sees, because the isolate was idle, cannot be told from idleness; then a lease can live
 * longer by at most the idle time within its life.
 */
export interface Clock {
  /** The time, in ms. Looks for steps backward; calls `onStep` when it finds one. */
  nowMs(): number;
  readonly epoch: number;
}

/** Watches `read`. Requests may show times a little apart, as a Worker's clock stands still between I/O. */
export function watchClock(read: () => number, onStep: () => void): Clock {
  let highestMs = 0;
  const clock = {
    epoch: 0,
    nowMs(): number {
      const nowMs = read();
      if (nowMs > highestMs) highestMs = nowMs;
      else if (nowMs < highestMs - CLOCK_TOLERANCE_MS) {
        highestMs = nowMs;
        clock.epoch++;
        onStep();
      }
      return nowMs;
    },
  };
  return clock;
}
