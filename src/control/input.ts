import * as z from 'zod';
import { type Denial, deny } from '../decision/denial.ts';
import { LONGEST_PAGE } from '../registry/page.ts';

/*
 * What control requests may say. Every object is strict, and a refusal names its fields, never a value.
 */

/** A checked input, or the `request_invalid` that tells what is wrong with it. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly denial: Denial };

export const MAX_SET = 100;

/** Checks a value against a schema. */
export function check<T>(schema: z.ZodType<T>, value: unknown): Checked<T> {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.slice(0, 5).map(problemOf);
  return { ok: false, denial: deny('request_invalid', { detail: problems.join('; ') }) };
}

/** A refusal of one field. */
export function invalid(field: string, problem: string): { readonly ok: false; readonly denial: Denial } {
  return { ok: false, denial: deny('request_invalid', { detail: `${field}: ${problem}` }) };
}

function problemOf(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(shown);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${[...path, shown(key)].join('.')}: unknown field`).join('; ');
  }
  const message = issue.message.replace(/^Invalid (?:input|option): /, '');
  return `${path.length === 0 ? 'body' : path.join('.')}: ${message}`;
}

/** A field's name as it may be told back: what does not look like one could be a secret in the wrong place. */
function shown(part: PropertyKey): string {
  const text = String(part);
  return /^(?:sha256|[a-z][a-z_]{0,31}|\d{1,4})$/.test(text) ? text : '(unnamed)';
}

/** Some text without control characters, trimmed. */
export const text = (longest: number) =>
  z
    .string()
    .trim()
    .min(1, 'expected some text')
    .max(longest, `expected at most ${longest} characters`)
    .regex(/^[^\p{Cc}]*$/u, 'expected no control characters')
    .refine((value) => value.isWellFormed(), 'expected well-formed Unicode');
/** A limit in requests. */
export const cap = z.int('expected a whole number').min(0, 'expected 0 or more').max(1_000_000_000, 'is too large');
/** Credits in millionths. */
export const micro = z
  .int('expected a whole number')
  .min(0, 'expected 0 or more')
  .max(1_000_000_000_000_000, 'is too large');
/** RFC 3339; milliseconds once read. */
export const time = z.iso
  .datetime({ offset: true, error: 'expected a time like "2030-01-31T12:00:00Z"' })
  .transform(Date.parse);

export const label = text(100);
export const name = text(100);
/** Ids and prefixes: what no such thing can have is simply not found. */
export const token = z.string().min(1, 'expected some text').max(200, 'expected at most 200 characters');

/** An empty body, or `{}`. */
export const nothing = z.strictObject({});

/** A claim of the issuer, as `control/guards/session.ts` reads it. */
const claim = text(200);

export const newAccount = z
  .strictObject({ name, plan: name.optional(), organisation: claim.optional(), user: claim.optional() })
  .refine(({ organisation, user }) => organisation === undefined || user === undefined, {
    path: ['user'],
    error: 'expected either an organisation or a user',
  });

/** What may change of an account. null: no budget, and billing months from its creation on. */
export const accountChange = z.strictObject({
  name: name.optional(),
  plan: name.optional(),
  budget_micro: micro.nullish(),
  billing_anchor: time.nullish(),
});
export type AccountChange = z.output<typeof accountChange>;

/** Which keys to revoke at once; at least one field beside `limit`. */
export const keyFilter = z
  .strictObject({
    account: token.optional(),
    environment: name.optional(),
    label: label.optional(),
    prefix: token.optional(),
    limit: z.int().min(1).max(MAX_SET).default(MAX_SET),
  })
  .refine(({ limit: _, ...fields }) => Object.values(fields).some((field) => field !== undefined), {
    error: 'expected at least one of account, environment, label and prefix',
  });

export const presentedKey = z.strictObject({ key: z.string().min(1).max(1_024) });

export const reconcileInput = z.strictObject({
  cursor: token.optional(),
  limit: z.int().min(1).max(MAX_SET).default(MAX_SET),
});

/** What every list takes. */
export const page = {
  limit: z
    .string()
    .regex(/^\d{1,4}$/, `expected 1 to ${LONGEST_PAGE}`)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= LONGEST_PAGE, `expected 1 to ${LONGEST_PAGE}`)
    .default(50),
  cursor: token.optional(),
};

export const accountQuery = z.strictObject(page);
