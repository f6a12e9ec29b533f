import * as z from 'zod';
import { normaliseAddress } from '../../decision/address.ts';
import { presentedKey } from '../input.ts';

/** The same as of a price in the policy: below a million credits, so that sums of many stay exact. */
const MOST_MICRO = 999_999_999_999;
const LONGEST_PATH = 8_192;

/**
 * What a service asks about a key. Without `path` the role is not asked; without `client_ip` no address is judged and
 * none is struck. `cost`: micro-credits that are charged at once. `explain`: why it would be refused, and nothing else.
 */
export const question = z
  .strictObject({
    key: presentedKey.shape.key,
    method: z
      .string()
      .regex(/^[A-Z][A-Z-]{1,31}$/, 'expected an upper-case HTTP method')
      .optional(),
    path: z
      .string()
      .startsWith('/', 'expected the path of the request, as the client sent it')
      .max(LONGEST_PATH, `expected at most ${LONGEST_PATH} characters`)
      .optional(),
    client_ip: z
      .string()
      .refine((text) => normaliseAddress(text) !== null, 'expected an IP address')
      .optional(),
    cost: z
      .int('expected a whole number')
      .min(0, 'expected 0 or more')
      .max(MOST_MICRO, `expected at most ${MOST_MICRO}`)
      .optional(),
    explain: z.boolean().optional(),
  })
  .refine(({ method, path }) => method === undefined || path !== undefined, {
    path: ['method'],
    error: 'expected a path beside it',
  });

/** What {@link question} takes. */
export type Question = z.input<typeof question>;
