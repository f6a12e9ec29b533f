import * as z from 'zod';
import { name, text, time, token } from '../input.ts';
import { newKey } from './keys.ts';

/*
 * What requests about imports may say, and the lines of one.
 */

const MOST_CHUNKS = 1_000_000;
const importId = z
  .string('expected a name of your own for the import')
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'expected 1 to 64 letters, digits, ".", "_" and "-"');

/** Which chunk of which import is sent. */
export const importQuery = z.strictObject({
  import: importId,
  chunk: z
    .string(`expected a number from 1 to ${MOST_CHUNKS}`)
    .regex(/^[1-9]\d{0,6}$/, `expected a number from 1 to ${MOST_CHUNKS}`)
    .transform(Number)
    .refine((chunk) => chunk <= MOST_CHUNKS, `expected a number from 1 to ${MOST_CHUNKS}`),
});

/** A name by which the old system or the issuer of sessions knows somebody. */
const known = text(200);

/** All that may be said of a key that comes from another system, but its secret. */
const settings = newKey.omit({ copy_from: true }).extend({
  account: token.optional(),
  organisation: known.optional(),
  account_ref: known.optional(),
  account_name: name.optional(),
  plan: name.optional(),
  user: known.optional(),
  user_role: name.optional(),
  active: z.boolean().default(true),
  created_at: time.optional(),
});
export type ImportSettings = z.output<typeof settings>;

const NAMES = ['account', 'organisation', 'account_ref'] as const;

/** Names the account once; nothing else: that of the user. */
function namesAccount(line: ImportSettings): boolean {
  const named = NAMES.filter((field) => line[field] !== undefined);
  return named.length === 1 || (named.length === 0 && line.user !== undefined);
}
const ACCOUNT_ONCE = {
  path: ['account'],
  error: 'expected one of account, organisation and account_ref, or a user alone',
};
const USER_ROLE_OF = { path: ['user_role'], error: 'expected a user, whose role it is' };
const hasUser = ({ user, user_role: role }: ImportSettings) => role === undefined || user !== undefined;

/** What a verifier says of a secret that it knows. */
export const verifiedKey = settings.refine(namesAccount, ACCOUNT_ONCE).refine(hasUser, USER_ROLE_OF);

const SHA256_BYTES = 32;

/** SHA-256 as hex, base64 or base64url; bytes once read. */
const sha256 = z.string().transform((value, ctx) => {
  const bytes = bytesOf(value);
  if (bytes !== null) return bytes;
  ctx.addIssue({ code: 'custom', message: 'expected SHA-256 as 64 hex digits, or as base64 or base64url' });
  return z.NEVER;
});

function bytesOf(value: string): ArrayBuffer | null {
  if (/^[0-9a-fA-F]{64}$/.test(value)) {
    return Uint8Array.from({ length: SHA256_BYTES }, (_, i) => Number.parseInt(value.slice(2 * i, 2 * i + 2), 16))
      .buffer;
  }
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(value)) return null;
  const binary = atob(value.slice(0, 43).replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0)).buffer;
}

/** A line of an import: a key with its secret, or with a hash of it. */
export const importLine = settings
  .extend({
    key: z.string().min(1, 'expected the secret').max(1_024, 'expected at most 1024 characters').optional(),
    sha256: sha256.optional(),
    format: name.optional(),
    prefix: z.string().max(200, 'expected at most 200 characters').optional(),
  })
  .refine(namesAccount, ACCOUNT_ONCE)
  .refine(hasUser, USER_ROLE_OF)
  .refine(({ key, sha256 }) => (key === undefined) !== (sha256 === undefined), {
    path: ['key'],
    error: 'expected either key or sha256',
  })
  .refine(({ key, format, prefix }) => key === undefined || (format === undefined && prefix === undefined), {
    path: ['key'],
    error: 'tells its format and prefix itself: leave them out',
  });
export type ImportLine = z.output<typeof importLine>;
