/** What a Worker secret of several entries holds, or what is wrong with it. */
export type Entries<T> =
  | { readonly ok: true; readonly entries: readonly T[] }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a Worker secret of entries that are separated by commas. `read` gives an entry as a value, beside those before
 * it, or says what is wrong. A problem names the entry by its number and never shows it.
 */
export function readEntries<T extends object>(
  secret: string,
  text: string,
  read: (entry: string, before: readonly T[]) => T | string,
): Entries<T> {
  const entries: T[] = [];
  for (const [i, raw] of text.split(',').entries()) {
    const entry = read(raw.trim(), entries);
    if (typeof entry === 'string') return { ok: false, problem: `${secret}: entry ${i + 1}: ${entry}` };
    entries.push(entry);
  }
  return { ok: true, entries };
}
