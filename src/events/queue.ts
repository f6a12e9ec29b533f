import { waitUntil } from 'cloudflare:workers';

/**
 * What the queue carries: no event and no secret, only what to look at in the registry. `wake`: whatever is due.
 * `deliver`: the n-th attempt of a delivery; one that was made already is none of this message's.
 */
export type EventMessage =
  | { readonly kind: 'wake' }
  | { readonly kind: 'deliver'; readonly delivery: number; readonly attempt: number };

/** The binding of the queue. */
export type EventQueue = Queue<EventMessage>;

/**
 * Lets what is due be delivered, in the background and in `delaySeconds`: whoever calls waits for nothing. A message
 * that is lost costs time and no event: the cron looks too.
 */
export function wakeQueue(queue: EventQueue, delaySeconds = 0): void {
  waitUntil(queue.send({ kind: 'wake' }, { delaySeconds }).catch(() => undefined));
}
