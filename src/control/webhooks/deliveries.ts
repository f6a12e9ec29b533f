import type * as z from 'zod';
import { deny } from '../../decision/denial.ts';
import { eventName } from '../../events/shapes/event.ts';
import {
  type Delivery,
  type LoggedAttempt,
  listDeliveries,
  readDelivery,
  resendDelivery,
  type Sending,
  testEndpoint,
  WISHES_PER_MINUTE,
} from '../../registry/delivery-log.ts';
import { type Answer, denied, json, rfc3339 } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { invalid } from '../input.ts';
import type { deliveryQuery } from '../inputs/webhooks.ts';
import { missing, type Owner } from './endpoints.ts';

/** A delivery as answers show it. */
export function deliveryView(delivery: Delivery) {
  const { id, endpointId: webhook, eventId, type, keyId: key, status, attempts } = delivery;
  const { createdAtMs, nextAttemptAtMs, endedAtMs } = delivery;
  const shown = { id: `del_${id}`, webhook, event: eventName(eventId), type, key, status, attempts };
  const times = { next_attempt_at: rfc3339(nextAttemptAtMs), ended_at: rfc3339(endedAtMs) };
  return { ...shown, created_at: rfc3339(createdAtMs), ...times };
}

/** The same with what was sent and what came back. */
export function deliveryWithLog(delivery: Delivery, attempts: readonly LoggedAttempt[]) {
  const log = attempts.map(({ atMs, durationMs, ...shown }) => ({
    ...shown,
    at: rfc3339(atMs),
    duration_ms: durationMs,
  }));
  return { ...deliveryView(delivery), log };
}

const missingDelivery = (): Answer => denied(deny('not_found', { detail: 'there is no delivery with this id' }));

/** What `del_…` names; null: it is no id of a delivery. */
function numberOf(deliveryId: string): number | null {
  return /^del_[1-9]\d{0,14}$/.test(deliveryId) ? Number(deliveryId.slice('del_'.length)) : null;
}

/** The deliveries of an endpoint, newest first. */
export async function showDeliveries(
  { force }: Desk,
  accountId: Owner,
  id: string,
  query: z.output<typeof deliveryQuery>,
): Promise<Answer> {
  const { cursor = null, ...rest } = query;
  const page = await listDeliveries(force.db.withSession('first-primary'), { accountId, id, cursor, ...rest });
  if (page === 'missing') return missing();
  if (page === 'cursor') return denied(invalid('cursor', 'expected the next_cursor of this list').denial);
  return json({ deliveries: page.deliveries.map(deliveryView), next_cursor: page.nextCursor });
}

/** One delivery with its attempts. */
export async function showDelivery({ force }: Desk, accountId: Owner, id: string, deliveryId: string): Promise<Answer> {
  const number = numberOf(deliveryId);
  const read =
    number === null ? null : await readDelivery(force.db.withSession('first-primary'), { accountId, id }, number);
  return read === null ? missingDelivery() : json(deliveryWithLog(read.delivery, read.attempts));
}

/** Lets a delivery that has ended be sent again. */
export async function sendAgain(desk: Desk, accountId: Owner, id: string, deliveryId: string): Promise<Answer> {
  const number = numberOf(deliveryId);
  if (number === null) return missingDelivery();
  const { force, actor, nowMs } = desk;
  const sending = await resendDelivery(force.db, { accountId, id }, number, actor, nowMs);
  return sent(desk, sending, 200, missingDelivery);
}

/** Sends a test to an endpoint: an event of its own, which has a delivery like any other. */
export async function sendTest(desk: Desk, accountId: Owner, id: string): Promise<Answer> {
  const { force, actor, nowMs, entropy } = desk;
  return sent(desk, await testEndpoint(force.db, { accountId, id }, entropy.id('req'), actor, nowMs), 201, missing);
}

function sent({ force }: Desk, sending: Sending, status: 200 | 201, absent: () => Answer): Answer {
  switch (sending.kind) {
    case 'sending':
      force.wake();
      return json(deliveryView(sending.delivery), status);
    case 'missing':
      return absent();
    case 'disabled':
      return denied(deny('conflict', { detail: 'the webhook endpoint is disabled: activate it first' }));
    case 'often': {
      const detail = `${WISHES_PER_MINUTE} tests and deliveries were sent by request within a minute: try again in a minute`;
      return denied(deny('conflict', { detail }));
    }
    case 'waiting':
      return denied(deny('conflict', { detail: 'the delivery is pending: it is sent without being asked for' }));
  }
}
