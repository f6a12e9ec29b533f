import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../meter/timeline.ts';
import type { Cluster } from './cluster.ts';
import { startOrigin, type TestOrigin } from './origin.ts';
import { jsonOf } from './reply.ts';

/*
 * Random load on many isolates, and what of it arrived at the origin. Times are of this process's monotonic clock.
 */

/** A request as the origin saw it. */
export interface Arrival {
  readonly requestId: string;
  readonly keyId: string;
  readonly account: string;
  readonly atMs: number;
}

/** A request as its client saw it, answered. */
export interface Call {
  readonly requestId: string;
  readonly keyId: string;
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly status: number;
  /** Why it was refused, as the policy's body tells under `reason`; null: it was not. */
  readonly reason: string | null;
}

/** An origin that notes what arrives and answers at once, and what has arrived. */
export async function notingOrigin(): Promise<{ readonly origin: TestOrigin; readonly arrivals: Arrival[] }> {
  const origin = await startOrigin();
  const arrivals: Arrival[] = [];
  origin.routes.set('/v1/models', ({ headers }, response) => {
    arrivals.push({
      requestId: String(headers['x-request-id']),
      keyId: String(headers['x-keystile-key-id']),
      account: String(headers['x-keystile-account']),
      atMs: performance.now(),
    });
    response.end('{}');
  });
  return { origin, arrivals };
}

/** What calls: one of the keys, chosen by chance, about so often over all isolates. */
export interface Demand {
  readonly keys: readonly { readonly key: string; readonly id: string }[];
  readonly perSecond: number;
  /** How a client calls; without, it reads `/v1/models`. */
  readonly call?: (key: string, isolate: number) => Promise<Response>;
}

/**
 * Calls from every isolate at random moments until the time has come. Each isolate has two clients, so that one which
 * waits for its answer does not stop the demand. A call without an answer is left out: the process was killed.
 */
export async function load(
  cluster: () => Cluster,
  { keys, perSecond, call }: Demand,
  rng: Random,
  untilMs: number,
): Promise<Call[]> {
  const calls: Call[] = [];
  const isolates = cluster().urls.length;
  const meanMs = (1_000 * isolates * 2) / perSecond;
  const client = async (isolate: number) => {
    await pause(rng.between(0, meanMs));
    while (performance.now() < untilMs) {
      const nextMs = performance.now() + rng.between(0, 2 * meanMs);
      const { key, id } = keys[Math.floor(rng.between(0, keys.length))] as Demand['keys'][number];
      const sentMs = performance.now();
      try {
        const response = await (call?.(key, isolate) ?? cluster().call(key, isolate, `10.1.0.${isolate}`));
        const reason = jsonOf(await response.text())?.reason ?? null;
        const requestId = response.headers.get('x-request-id') ?? '';
        calls.push({ requestId, keyId: id, sentMs, answeredMs: performance.now(), status: response.status, reason });
      } catch {}
      await pause(Math.max(0, nextMs - performance.now()));
    }
  };
  await Promise.all(Array.from({ length: 2 * isolates }, (_, n) => client(n % isolates)));
  return calls;
}

/** A passage from a client to the origin: the moment of admission lies in it. */
export interface Passage {
  readonly sentMs: number;
  readonly atMs: number;
}

/** When each request was sent, by its id. */
export function sentOf(calls: readonly Call[]): Map<string, number> {
  return new Map(calls.map(({ requestId, sentMs }) => [requestId, sentMs]));
}

/** The passages of requests that arrived and were answered. */
export function passagesOf(arrivals: readonly Arrival[], sent: ReadonlyMap<string, number>): Passage[] {
  return arrivals.flatMap(({ requestId, atMs }) => {
    const sentMs = sent.get(requestId);
    return sentMs === undefined ? [] : [{ sentMs, atMs }];
  });
}

/** The most requests that were surely admitted within any `windowMs`: of each the whole passage lies in it. */
export function surelyWithin(passages: readonly Passage[], windowMs: number): number {
  const sorted = passages.toSorted((a, b) => a.sentMs - b.sentMs);
  let most = 0;
  for (const [first, { sentMs }] of sorted.entries()) {
    let sum = 0;
    for (let i = first; i < sorted.length; i++) {
      const passage = sorted[i] as Passage;
      if (passage.sentMs >= sentMs + windowMs) break;
      if (passage.atMs < sentMs + windowMs) sum++;
    }
    most = Math.max(most, sum);
  }
  return most;
}

/** A limit of one key, or of all that are called; `windowMs` null: in total. */
export interface Bound {
  readonly keyId?: string;
  readonly limit: number;
  readonly windowMs: number | null;
}

/**
 * What could have been admitted of these calls, by a limiter that counts each when it is sent, and that learns of its
 * use as late as a gate and a ledger do: one way there and back later, for which that call's own time stands. So what a
 * busy machine leaves of the demand, and what it takes for each way, is in it.
 */
export function idealOf(calls: readonly Call[], bounds: readonly Bound[]): Call[] {
  const counted = bounds.map((bound) => ({ ...bound, endsMs: [] as number[] }));
  return calls
    .toSorted((a, b) => a.sentMs - b.sentMs)
    .filter(({ keyId, sentMs, answeredMs }) => {
      const own = counted.filter((bound) => bound.keyId === undefined || bound.keyId === keyId);
      const isRoom = own.every(({ limit, endsMs }) => endsMs.filter((endMs) => endMs > sentMs).length < limit);
      if (!isRoom) return false;
      for (const { windowMs, endsMs } of own) endsMs.push((windowMs ?? Number.POSITIVE_INFINITY) + answeredMs);
      return true;
    });
}

/** The calls of the first `ms`. */
export function firstOf(calls: readonly Call[], ms: number): Call[] {
  const untilMs = Math.min(...calls.map(({ sentMs }) => sentMs)) + ms;
  return calls.filter(({ sentMs }) => sentMs < untilMs);
}
