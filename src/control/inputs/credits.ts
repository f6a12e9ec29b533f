import * as z from 'zod';
import { accountQuery, type Checked, invalid, text } from '../input.ts';

/** Credits in millionths, to add or, where negative, to take away. */
const correction = z
  .int('expected a whole number')
  .min(-1_000_000_000_000_000, 'is too large')
  .max(1_000_000_000_000_000, 'is too large')
  .refine((micro) => micro !== 0, 'expected a number other than 0');

export const newGrant = z.strictObject({ micro: correction, note: text(200).nullish() });

/** Which movements to list. */
export const movementQuery = accountQuery;

/** The `Idempotency-Key` header, without which a grant that is sent again would be made again. */
export function readIdempotencyKey(header: string | null): Checked<string> {
  if (header !== null && /^[\x21-\x7e]{1,200}$/.test(header)) return { ok: true, value: header };
  const expected = '1 to 200 visible ASCII characters, new for each grant and the same where it is sent again';
  return invalid('Idempotency-Key', `expected this header, with ${expected}`);
}
