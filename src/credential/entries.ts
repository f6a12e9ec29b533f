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

/** A key of a Worker secret that has several over time. */
export interface VersionedKey {
  readonly version: number;
  readonly bytes: Uint8Array;
}

const VERSION = /^[1-9]\d{0,8}$/;
const HEX = /^(?:[0-9a-fA-F]{2})+$/;

/**
 * Reads a Worker secret of `version:hex` entries, the current one first: versions are different whole numbers from 1,
 * keys have `minBytes` or more, and `maxBytes` at most. A problem names the entry by its number and never shows it.
 */
export function readVersionedKeys(
  secret: string,
  text: string,
  minBytes: number,
  maxBytes = Number.POSITIVE_INFINITY,
): Entries<VersionedKey> {
  return readEntries<VersionedKey>(secret, text, (entry, before) => {
    const colon = entry.indexOf(':');
    const digits = entry.slice(colon + 1);
    if (!VERSION.test(entry.slice(0, Math.max(colon, 0)))) {
      return `expected version:hex with a whole version from 1, like "1:" and ${2 * minBytes} hex digits`;
    }
    if (!HEX.test(digits)) return 'expected an even number of hex digits behind the version';
    if (digits.length < 2 * minBytes) return `expected at least ${2 * minBytes} hex digits`;
    if (digits.length > 2 * maxBytes) return `expected at most ${2 * maxBytes} hex digits`;
    const version = Number(entry.slice(0, colon));
    if (before.some((other) => other.version === version)) return 'its version stands twice';
    const bytes = (digits.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
    return { version, bytes: Uint8Array.from(bytes) };
  });
}
