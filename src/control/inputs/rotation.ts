import * as z from 'zod';

/** How to rotate. `grace_seconds`: how long the old secret works on, in place of what the policy says; 0 for a leak. */
export const rotation = z.strictObject({
  grace_seconds: z
    .int('expected a whole number')
    .min(0, 'expected 0 or more')
    .max(31_536_000, 'expected at most a year')
    .optional(),
});
export type Rotation = z.output<typeof rotation>;
