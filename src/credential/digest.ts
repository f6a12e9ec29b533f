import { readVersionedKeys } from './entries.ts';

const encoder = new TextEncoder();
const HMAC = { name: 'HMAC', hash: 'SHA-256' };
const HASH_BYTES = 32;
const MIN_PEPPER_BYTES = 32;

/** A secret under which digests are made. Its bytes are private, so that no log and no JSON shows them. */
export class Pepper {
  readonly version: number;
  readonly #bytes: Uint8Array;
  #key: CryptoKey | null = null;

  constructor(version: number, bytes: Uint8Array) {
    this.version = version;
    this.#bytes = bytes;
  }

  /**
   * HMAC-SHA256 of `message` (RFC 2104). Requests that come before the first import has ended each import the key and
   * the last one keeps it: they are equal, and no request waits for another's promise.
   */
  async mac(message: ArrayBuffer | Uint8Array): Promise<ArrayBuffer> {
    this.#key ??= await crypto.subtle.importKey('raw', this.#bytes, HMAC, false, ['sign']);
    return crypto.subtle.sign(HMAC, this.#key, message);
  }
}

export type ParsedPeppers =
  | { readonly ok: true; readonly peppers: readonly [Pepper, ...Pepper[]] }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads PEPPERS, `version:hex` entries separated by commas, the current one first: versions are different whole
 * numbers from 1, peppers have 32 bytes or more. A problem names the entry by its number and never shows it.
 */
export function parsePeppers(text: string | undefined): ParsedPeppers {
  if (text === undefined || text.trim() === '') return { ok: false, problem: 'PEPPERS: is not set' };
  const read = readVersionedKeys('PEPPERS', text, MIN_PEPPER_BYTES);
  if (!read.ok) return read;
  const peppers = read.entries.map(({ version, bytes }) => new Pepper(version, bytes));
  return { ok: true, peppers: peppers as [Pepper, ...Pepper[]] };
}

/** SHA-256 of a secret: the inner hash, all that is kept of it while a request runs (DESIGN §2). */
export function innerHash(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', encoder.encode(text));
}

/** Bytes as hex digits in lower case. */
export function hex(bytes: ArrayBuffer | Uint8Array): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The digest by which a secret is stored: base64url, without padding, of HMAC-SHA256(pepper, inner hash). */
export async function digestUnder(pepper: Pepper, inner: ArrayBuffer): Promise<string> {
  const mac = new Uint8Array(await pepper.mac(inner));
  return btoa(String.fromCharCode(...mac))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace('=', '');
}

/** Whether two texts of any length are equal. How long it takes tells nothing of where they differ. */
export async function secureEqual(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([innerHash(a), innerHash(b)]);
  const [leftBytes, rightBytes] = [new Uint8Array(left), new Uint8Array(right)];
  let difference = 0;
  for (let i = 0; i < HASH_BYTES; i++) difference |= (leftBytes[i] ?? 0) ^ (rightBytes[i] ?? 0);
  return difference === 0;
}
