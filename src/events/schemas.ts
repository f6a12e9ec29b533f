import type * as z from 'zod';
import { accountEvents } from './shapes/accounts.ts';
import { keyEvents } from './shapes/keys.ts';
import { operatorEvents } from './shapes/operators.ts';
import type { Audience, EventType } from './types.ts';

/** What is said of a type of events. */
export interface EventAbout {
  /** Of the whole payload; strict. */
  readonly schema: z.ZodObject<{ data: z.ZodObject }>;
  /** One sentence: when it happens. */
  readonly summary: string;
  readonly audience: Audience;
  /** A payload. */
  readonly example: object;
}

/** Every type of events, with the schema of its payload. */
export const EVENTS = { ...keyEvents, ...accountEvents, ...operatorEvents } as const satisfies Record<
  EventType,
  EventAbout
>;

/** The payload of a type of events. */
export type PayloadOf<Type extends EventType> = z.output<(typeof EVENTS)[Type]['schema']>;
