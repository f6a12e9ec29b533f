import type * as z from 'zod';
import { crossCheck } from './checks.ts';
import { policyDigest } from './digest.ts';
import { isTable, merge, refusedIn } from './merge.ts';
import { presets } from './presets/index.ts';
import { type Policy, policySchema } from './schema.ts';

/** A policy with its short name for log lines, or everything that is wrong with it, each with the field's path. */
export type LoadedPolicy =
  | { readonly ok: true; readonly policy: Policy; readonly digest: string }
  | { readonly ok: false; readonly problems: readonly string[] };

type Issue = z.core.$ZodIssue;

const DEFAULT_PRESET = 'keystile';
/** The body of an error is one shape; half of each would be none. */
const WHOLE: ReadonlySet<string> = new Set(['error.body']);

/**
 * Reads the policy: overrides (an object, its JSON, or undefined for none) over the preset that they name, default
 * `keystile`. Objects merge key by key, arrays and `error.body` replace. Never throws and never shows a value of a
 * field that may hold a credential.
 */
export function loadPolicy(input: unknown): LoadedPolicy {
  const overrides = typeof input === 'string' ? parseJson(input) : (input ?? {});
  if (!isTable(overrides)) return refuse(['policy: expected an object, or the JSON text of one']);
  const refused = refusedIn(overrides, 'policy');
  if (refused.length > 0) return refuse(refused);
  const preset = overrides.preset ?? DEFAULT_PRESET;
  if (typeof preset !== 'string' || !Object.hasOwn(presets, preset)) {
    return refuse([`policy.preset: expected one of ${Object.keys(presets).join(', ')}`]);
  }
  const parsed = policySchema.safeParse(merge(presets[preset], overrides, WHOLE));
  if (!parsed.success) return refuse(parsed.error.issues.flatMap((issue) => problemsOf(issue, [])));
  const problems = crossCheck(parsed.data);
  return problems.length > 0 ? refuse(problems) : { ok: true, policy: parsed.data, digest: policyDigest(parsed.data) };
}

function refuse(problems: readonly string[]): LoadedPolicy {
  return { ok: false, problems };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function problemsOf(issue: Issue, above: readonly PropertyKey[]): string[] {
  const path = [...above, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => `${pathText([...path, key])}: unknown field`);
    case 'invalid_key':
      return issue.issues.flatMap((inner) => problemsOf(inner, path));
    default:
      return [`${pathText(path)}: ${sentence(issue.message)}`];
  }
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}.${String(step)}`),
    'policy',
  );
}

/** zod's sentence without its preamble. */
function sentence(message: string): string {
  if (message.endsWith('received undefined')) return 'is missing';
  return message.replace(/^Invalid (?:input|option|discriminator value)[:.] (\w)/, (_all, first: string) =>
    first.toLowerCase(),
  );
}
