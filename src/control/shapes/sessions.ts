import * as z from 'zod';

/** That this token is a session no more. */
export const signedOut = z.strictObject({ signed_out: z.literal(true) }).meta({ id: 'SignedOut' });

/** What the document shows as examples. */
export const examples = { signedOut: { signed_out: true } } as const;
