import * as z from 'zod';
import { LONGEST_URL } from '../../events/target.ts';
import { type Audience, EVENT_TYPES, type EventType } from '../../events/types.ts';
import { accountQuery, text } from '../input.ts';

/*
 * What requests about webhooks may say.
 */

const ALL = Object.keys(EVENT_TYPES) as EventType[];

/** The types of events that an endpoint may ask for: a test goes to the endpoint that it is made for. */
function typesOf(audience: Audience): readonly EventType[] {
  const heard = audience === 'operator' ? ALL : ALL.filter((type) => EVENT_TYPES[type] === audience);
  return heard.filter((type) => type !== 'test');
}

/** The fields of an endpoint. null: no description, and all events. */
function fieldsOf(audience: Audience) {
  const types = typesOf(audience);
  return {
    url: text(LONGEST_URL),
    description: text(200).nullish(),
    events: z
      .array(z.enum(types, `expected one of ${types.join(', ')}`))
      .min(1, 'expected at least one type of events, or null for all')
      .max(100, 'expected at most 100')
      .transform((wanted) => types.filter((type) => wanted.includes(type)))
      .nullish(),
  };
}

/** A new endpoint of somebody who may hear of these events. */
export const newEndpoint = (audience: Audience) => z.strictObject(fieldsOf(audience));
export type NewEndpoint = z.output<ReturnType<typeof newEndpoint>>;

/** What may change of an endpoint. */
export const endpointChange = (audience: Audience) =>
  z.strictObject({
    ...z.strictObject(fieldsOf(audience)).partial().shape,
    status: z.enum(['active', 'disabled'], 'expected "active" or "disabled"').optional(),
  });
export type EndpointChange = z.output<ReturnType<typeof endpointChange>>;

/** Which deliveries of an endpoint. */
export const deliveryQuery = accountQuery.extend({
  status: z.enum(['pending', 'delivered', 'failed'], 'expected "pending", "delivered" or "failed"').optional(),
  type: z.enum(ALL, `expected one of ${ALL.join(', ')}`).optional(),
});
