import { handOver } from '../registry/deliveries.ts';
import type { Courier } from './courier.ts';

/**
 * Hands what is due over to the queue, a bounded part of it. Returns how many deliveries that were. What the queue loses
 * is due again in a minute. Where no secret can be read everything waits.
 */
export async function dispatch({ db, queue, seal, nowMs }: Courier): Promise<number> {
  if (seal === null) return 0;
  const attempts = await handOver(db, nowMs());
  if (attempts.length > 0) await queue.sendBatch(attempts.map((each) => ({ body: { kind: 'deliver', ...each } })));
  return attempts.length;
}
