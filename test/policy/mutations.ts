import { crossCheck } from '../../src/policy/checks.ts';
import { type Policy, type PolicyInput, policySchema } from '../../src/policy/schema.ts';
import type { Promised } from './promises.ts';

/** A preset with one value changed. */
export interface Mutant {
  /** Where, as `lockouts.secret.strikes`. */
  readonly path: string;
  /** What was done, as `10 → 11`. */
  readonly change: string;
  /** What it is then; null: the loader refuses it. */
  readonly policy: Policy | null;
}

type Change = Pick<Mutant, 'path' | 'change'> & { readonly input: unknown };

type Step = string | number;

/** What stands in the place of a value, whatever it means there. */
const NUMBERS = (value: number) => [value + 1, value - 1, 0, 999];
const INSTEAD_OF_NULL = [1, '1h', 'other', true, {}];
/** By what a text is read as; anything else may be a name or a choice. */
const KINDS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^\d+[a-z]+$/, ['1s', '7s', '2h']],
  [/^\//, ['/**', '/*']],
  [/^[A-Z]+$/, ['GET', 'POST']],
  [/^application\//, ['application/json', 'application/problem+json']],
];
const CHOICES = [
  'own',
  'account',
  'sign_in',
  'invitation',
  'admin',
  'closed',
  'cached',
  'bearer',
  'bare',
  'total',
  'daily',
];

/** Every change of one value, of one name and of one entry that gives another policy or none. */
export function mutantsOf(preset: PolicyInput): Mutant[] {
  const original = JSON.stringify(policySchema.parse(preset));
  const names = [preset.roles, preset.environments, preset.plans].flatMap((table) => Object.keys(table));
  return changesOf(preset, [], names).flatMap(({ path, change, input }) => {
    const { data, success } = policySchema.safeParse(input);
    if (success && JSON.stringify(data) === original) return [];
    return [{ path, change, policy: success && crossCheck(data).length === 0 ? data : null }];
  });

  function changesOf(value: unknown, path: readonly Step[], known: readonly string[]): Change[] {
    const mutant = (input: unknown, change: string): Change => ({ path: path.join('.'), change, input });
    const put = (other: unknown) =>
      mutant(replaced(preset, path, other), `${JSON.stringify(value)} → ${JSON.stringify(other)}`);
    if (Array.isArray(value)) {
      return value.flatMap((item, i) => [
        mutant(replaced(preset, path, value.toSpliced(i, 1)), `without ${JSON.stringify(item)}`),
        ...changesOf(item, [...path, i], known),
      ]);
    }
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value);
      return entries.flatMap(([name, inner]) => {
        const others = entries.filter(([other]) => other !== name);
        return [
          mutant(replaced(preset, path, Object.fromEntries(others)), `without ${name}`),
          mutant(replaced(preset, path, Object.fromEntries([...others, [`${name}x`, inner]])), `${name} → ${name}x`),
          ...changesOf(inner, [...path, name], known),
        ];
      });
    }
    // A sentence is only ever another sentence.
    const isSentence = path[0] === 'denials' || (path[0] === 'error' && path[1] === 'body');
    return othersOf(value, isSentence ? [] : textsLike(value, known))
      .filter((other) => other !== value)
      .map(put);
  }
}

function othersOf(value: unknown, texts: readonly string[]): unknown[] {
  if (typeof value === 'boolean') return [!value];
  if (typeof value === 'number') return NUMBERS(value);
  if (typeof value === 'string') return [`${value}x`, `x${value}`, value.slice(0, -1), value.slice(1), ...texts];
  return INSTEAD_OF_NULL;
}

function textsLike(value: unknown, names: readonly string[]): readonly string[] {
  const kind = KINDS.find(([pattern]) => pattern.test(String(value)));
  return kind === undefined ? [...CHOICES, ...names] : kind[1];
}

function replaced(tree: unknown, path: readonly Step[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const copy = Array.isArray(tree) ? [...tree] : { ...(tree as object) };
  const table = copy as Record<Step, unknown>;
  table[step] = replaced(table[step], rest, value);
  return copy;
}

/** What notices a change: the loader, or the first promise that no longer holds; null: nothing does. */
export function caughtBy({ policy }: Mutant, promises: readonly Promised[]): string | null {
  if (policy === null) return 'the loader refuses it';
  return promises.find((promised) => isBroken(promised, policy))?.name ?? null;
}

function isBroken({ holds }: Promised, policy: Policy): boolean {
  try {
    holds(policy);
    return false;
  } catch {
    return true;
  }
}
