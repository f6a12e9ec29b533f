import type { RequestEvent } from '../decision/event.ts';
import { addTime, type Histogram, mergeTimes } from './histogram.ts';

/** What some requests come to; storable as JSON. All tallies of a span merge into the span's. */
export interface Tally {
  /** Requests by the class of their status, like "2xx". Their sum is all requests. */
  readonly statuses: Record<string, number>;
  /** Those of them that were refused, by reason. */
  readonly reasons: Record<string, number>;
  micro: number;
  promptTokens: number;
  completionTokens: number;
  readonly ttfb: Histogram;
}

/** Nothing counted. */
export function emptyTally(): Tally {
  return { statuses: {}, reasons: {}, micro: 0, promptTokens: 0, completionTokens: 0, ttfb: {} };
}

/** Counts a request. */
export function countRequest(tally: Tally, event: RequestEvent): void {
  const { status, reason, micro, promptTokens, completionTokens, ttfbMs } = event;
  count(tally.statuses, `${Math.floor(status / 100)}xx`, 1);
  if (reason !== null) count(tally.reasons, reason, 1);
  addCosts(tally, { micro, promptTokens, completionTokens });
  addTime(tally.ttfb, ttfbMs);
}

/** Adds what `from` has counted. */
export function mergeTally(into: Tally, from: Tally): void {
  for (const [status, requests] of Object.entries(from.statuses)) count(into.statuses, status, requests);
  for (const [reason, requests] of Object.entries(from.reasons)) count(into.reasons, reason, requests);
  addCosts(into, from);
  mergeTimes(into.ttfb, from.ttfb);
}

/** How many requests were counted. */
export function requestsOf({ statuses }: Tally): number {
  return Object.values(statuses).reduce((sum, requests) => sum + requests, 0);
}

function count(counts: Record<string, number>, name: string, n: number): void {
  counts[name] = (counts[name] ?? 0) + n;
}

function addCosts(tally: Tally, costs: Pick<Tally, 'micro' | 'promptTokens' | 'completionTokens'>): void {
  tally.micro += costs.micro;
  tally.promptTokens += costs.promptTokens;
  tally.completionTokens += costs.completionTokens;
}
