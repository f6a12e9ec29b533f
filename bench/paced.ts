import { Agent, request as send } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request of a load. */
export interface PacedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What came of a load. */
export interface Sent {
  readonly requests: number;
  /** Answers by status; 0 where there was none. */
  readonly statuses: Readonly<Record<number, number>>;
  /** From the first request to the last answer. */
  readonly seconds: number;
}

const AGENT = new Agent({ keepAlive: true, maxSockets: 64 });
/** How often it is looked whether requests are due. */
const TICK_MS = 2;

/** Sends one request; its status, or 0. */
export function sendOne({ url, headers }: PacedRequest): Promise<number> {
  return new Promise((resolve) => {
    const outgoing = send(url, { headers, agent: AGENT }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    outgoing.on('error', () => resolve(0));
    outgoing.end();
  });
}

/** How many there are of each status. */
export function tally(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/**
 * Sends requests as independent clients do: at random moments (a Poisson process) with a mean of `perSecond`, whether
 * those before are answered or not. What the machine cannot send in time is sent late, never left out.
 */
export async function sendPaced(perSecond: number, seconds: number, next: () => PacedRequest): Promise<Sent> {
  const sending: Promise<number>[] = [];
  const startMs = performance.now();
  const gapMs = () => (-Math.log(1 - Math.random()) * 1_000) / perSecond;
  for (let dueMs = gapMs(); dueMs < seconds * 1_000; dueMs += gapMs()) {
    while (performance.now() - startMs < dueMs) await sleep(TICK_MS);
    sending.push(sendOne(next()));
  }
  const statuses = tally(await Promise.all(sending));
  return { requests: sending.length, statuses, seconds: (performance.now() - startMs) / 1_000 };
}
