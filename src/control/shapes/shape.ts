import * as z from 'zod';

/*
 * What the shapes of all answers are made of. The shapes themselves stand by subject in `shape-*.ts`, each with an
 * example; the OpenAPI document shows both, and tests check real answers against them.
 */

export { AT, time } from '../../events/shapes/event.ts';

/** A page of a list. `field` names the list. */
export function pageOf<Field extends string, Item extends z.ZodType>(field: Field, item: Item) {
  const list = { [field]: z.array(item) } as { [name in Field]: z.ZodArray<Item> };
  return z.strictObject({ ...list, next_cursor: z.string().nullable() });
}

/** How often something happened, by what it is called. */
export const counts = z.record(z.string(), z.int());
