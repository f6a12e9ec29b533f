import type { DenialReason } from '../decision/denial.ts';
import type { CountedValues } from '../objects/metrics-board.ts';

/** What the origin did wrong, as metrics tell it. */
export type OriginError = 'unreachable' | 'timeout' | '5xx';

/**
 * A counter: its name and the values of its labels, separated by spaces, of which no value has one. What they mean to
 * an operator stands in `control/operations/metrics.ts`.
 */
export type Series =
  | `admissions ${'leased' | 'asked'}`
  | `denials ${DenialReason}`
  | 'leases'
  | 'stale_answers'
  | `object_calls ${string} ${string}`
  | `origin_errors ${string} ${OriginError}`
  | `origin_times ${string} ${string}`
  | `origin_ms ${string}`
  | 'events_lost';

/** What an isolate counts for the metrics; whole numbers that only grow. */
export interface Counters {
  /** Raises a counter. */
  readonly raise: (series: Series, by?: number) => void;
  /** Counts an upstream's time to the first byte, in ms. */
  readonly time: (upstream: string, ms: number) => void;
  /** Has what is counted sent soon, under this request. To be called for every request. */
  readonly send: (nowMs: number, waitUntil: (work: Promise<unknown>) => void) => void;
}

/** The ends of the buckets of {@link Counters.time}, in ms; what took longer is in the bucket `more`. */
export const TIME_BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000] as const;
export const MORE = 'more';

const SEND_AFTER_MS = 10_000;
/** By then the request that was to send is gone, and another one does. */
const OVERDUE_AFTER_MS = SEND_AFTER_MS + 5_000;

/**
 * Counters at zero, sent by `add`. One call for each isolate in use and 10 s. An isolate that is ended loses what it had
 * not sent, 10 s at most; what could not be sent is sent with the next, and counts twice where only the answer was lost.
 */
export function openCounters(add: (values: CountedValues) => Promise<unknown>): Counters {
  let values = new Map<string, number>();
  let sendsUntilMs = 0;

  /** The last bucket is that of what took longer, where an index of -1 leads. Made once: this is for every request. */
  const names = new Map<string, { readonly sum: Series; readonly buckets: readonly Series[] }>();
  function namesOf(upstream: string) {
    const known = names.get(upstream);
    if (known !== undefined) return known;
    const buckets = [...TIME_BOUNDS_MS, MORE].map((bound): Series => `origin_times ${upstream} ${bound}`);
    const made = { sum: `origin_ms ${upstream}`, buckets } as const;
    names.set(upstream, made);
    return made;
  }

  function raise(series: Series, by = 1): void {
    values.set(series, (values.get(series) ?? 0) + by);
  }

  async function flush(): Promise<void> {
    const sent = values;
    values = new Map();
    sendsUntilMs = 0;
    if (sent.size === 0) return;
    try {
      await add(Object.fromEntries(sent));
    } catch {
      for (const [series, by] of sent) raise(series as Series, by);
    }
  }

  return {
    raise,
    time(upstream, ms) {
      const { sum, buckets } = namesOf(upstream);
      const bound = TIME_BOUNDS_MS.findIndex((each) => ms <= each);
      raise(buckets.at(bound) ?? sum);
      raise(sum, Math.max(0, Math.round(ms)));
    },
    send(nowMs, waitUntil) {
      if (nowMs < sendsUntilMs) return;
      sendsUntilMs = nowMs + OVERDUE_AFTER_MS;
      waitUntil(scheduler.wait(SEND_AFTER_MS).then(flush));
    },
  };
}

/** The same object, with each call of a method counted as `object_calls <object> <method>`. */
export function countCalls<T extends object>(stub: T, object: string, { raise }: Pick<Counters, 'raise'>): T {
  return new Proxy(stub, {
    get(of, method) {
      raise(`object_calls ${object} ${String(method)}`);
      return Reflect.get(of, method);
    },
  });
}
