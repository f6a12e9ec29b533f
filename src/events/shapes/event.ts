import * as z from 'zod';
import { EVENT_TYPES, type EventType } from '../types.ts';

/*
 * What the shapes of events are made of. The shapes themselves stand by subject beside this file, each with an example;
 * a payload holds what its shape names, and nothing else (`payload.ts`).
 */

/** The version of all payloads. A field that is added leaves it as it is. */
export const VERSION = 1;

/** RFC 3339, in UTC. */
export const time = z.iso.datetime();

/** A time, as examples show it. */
export const AT = '2030-01-31T12:00:00.000Z';

/** What an event is called: the same in every attempt, and in every endpoint. */
export const eventName = (id: number): string => `evt_${id}`;

/** The key that an event is about, as it was called just after it. What is null is not known: the key was deleted. */
export const key = z
  .strictObject({
    id: z.string(),
    prefix: z.string().nullable(),
    label: z.string().nullable(),
    environment: z.string().nullable(),
  })
  .meta({ id: 'EventKey' });

/** Of an event of a key. */
export const ofKey = { account: z.string(), key };

/** Who did it, as the audit trail names them. */
export const actor = z.string();

const exampleKey = { id: 'key_9dKx2LpT', prefix: 'ks_live_Ab3dE9', label: 'production', environment: 'live' } as const;

/** What examples have in common: of events of a key, and of an account. */
export const exampleOfKey = { account: 'acc_3vJ8wFq2', key: exampleKey } as const;
export const exampleOfAccount = { account: 'acc_3vJ8wFq2' } as const;

/**
 * A type of events: what it tells, in one sentence; the fields of `data`; and an example of those. The schema is strict:
 * it knows every field.
 */
export function event<Type extends EventType, Data extends z.ZodRawShape>(
  type: Type,
  summary: string,
  data: Data,
  example: z.input<z.ZodObject<Data>>,
) {
  const name = type.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const schema = z
    .strictObject({
      id: z.string(),
      type: z.literal(type),
      version: z.literal(VERSION),
      timestamp: time,
      sequence: z.int().min(1).nullable(),
      data: z.strictObject(data),
    })
    .meta({ id: `${name}Event`, description: summary });
  const sequence = 'key' in example ? 4 : null;
  const whole = { id: eventName(7), type, version: VERSION, timestamp: AT, sequence, data: example } as const;
  return { schema, summary, audience: EVENT_TYPES[type], example: whole };
}
