/** Digits, capitals, small letters: the order of GitHub's token checksums. */
export const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The characters that secret parts are made of, by the name that a template uses. */
export const ALPHABETS: ReadonlyMap<string, string> = new Map([
  ['base62', BASE62],
  ['hex', '0123456789abcdef'],
  // Base62 without 0, O, I and l, as in Bitcoin addresses.
  ['base58', '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'],
]);

/**
 * The next character of `alphabet` that `bytes` give, every one equally likely: a byte past the last whole multiple
 * of the alphabet's length is skipped, since it would favour the first characters. Null where the bytes run out.
 */
export function drawCharacter(alphabet: string, bytes: Iterator<number>): string | null {
  const fair = 256 - (256 % alphabet.length);
  for (let next = bytes.next(); next.done !== true; next = bytes.next()) {
    if (next.value < fair) return alphabet.charAt(next.value % alphabet.length);
  }
  return null;
}

/** By ASCII code: 1 for the characters of `alphabet`. */
export function tableOf(alphabet: string): Uint8Array {
  const table = new Uint8Array(128);
  for (let i = 0; i < alphabet.length; i++) table[alphabet.charCodeAt(i)] = 1;
  return table;
}
