import type { Courier } from './courier.ts';

/** Hands what is due over to the queue, a bounded part of it. Returns how many deliveries that were. */
export async function dispatch(_courier: Courier): Promise<number> {
  return 0;
}
