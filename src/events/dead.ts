import { deadNote } from '../registry/attempts.ts';
import { noteOnce, SYSTEM } from '../registry/note.ts';
import type { Courier } from './courier.ts';
import type { EventMessage } from './queue.ts';

/** Whether a queue is the one of messages that have failed for good; see `dead_letter_queue` in `wrangler.toml`. */
export function isDeadLetters(queue: string): boolean {
  return queue.endsWith('-dead');
}

/**
 * Tells the operator of messages that have failed again and again, once in an hour. Their deliveries are not lost: when
 * their time in the queue is over they are due again.
 */
export async function noteDead({ db, queue, nowMs }: Courier, batch: MessageBatch<EventMessage>): Promise<void> {
  const now = nowMs();
  const deliveries = batch.messages.filter(({ body }) => body.kind === 'deliver').length;
  const note = deadNote({ endpoint: null, account: null, cause: 'queue', deliveries }, now);
  await noteOnce(db, note, SYSTEM, now);
  await queue.send({ kind: 'wake' });
}
