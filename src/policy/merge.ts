/** Keys that name parts of JavaScript's objects; they name nothing in a policy. */
const REFUSED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
/** Deeper than any policy is. */
const MAX_DEPTH = 24;

/** An object with string keys, as JSON and TOML make them; an array, a date or null is none. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return Object.prototype.toString.call(value) === '[object Object]';
}

/** What must not be merged: keys that reach into prototypes, and nesting without end. */
export function refusedIn(value: unknown, path: string, depth = 0): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (depth === MAX_DEPTH) return [`${path}: is nested too deeply`];
  if (Array.isArray(value)) return value.flatMap((item, i) => refusedIn(item, `${path}[${i}]`, depth + 1));
  return Object.keys(value).flatMap((key) => {
    const inner = `${path}.${key}`;
    if (REFUSED_KEYS.has(key)) return [`${inner}: this name is not allowed`];
    return refusedIn((value as Record<string, unknown>)[key], inner, depth + 1);
  });
}

/**
 * Overrides laid over a base: objects merge key by key, everything else replaces. A path in `whole` (dotted) is
 * replaced as one. Neither argument is changed. Expects what {@link refusedIn} found nothing in.
 */
export function merge(base: unknown, over: unknown, whole: ReadonlySet<string>, path = ''): unknown {
  if (!isTable(base) || !isTable(over) || whole.has(path)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const known = Object.hasOwn(base, key);
    merged[key] = known ? merge(base[key], value, whole, path === '' ? key : `${path}.${key}`) : value;
  }
  return merged;
}
