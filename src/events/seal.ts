import { readVersionedKeys, type VersionedKey } from '../credential/entries.ts';

/*
 * The secrets of webhook endpoints must be read again to sign, so they are kept, but encrypted: by AES-GCM (NIST SP
 * 800-38D) under a key of the Worker that the database does not have.
 */

/** Encrypts and decrypts secrets. */
export interface Seal {
  /** The version of the key under which secrets are sealed now. */
  readonly version: number;
  /** All versions that can be opened. */
  readonly versions: readonly number[];
  /** `secret` as text that only {@link open} reads, and only for the same `owner`: who takes it elsewhere has nothing. */
  seal(secret: string, owner: string): Promise<string>;
  /** The secret that was sealed under a version. Throws where its key is gone, or it is of another owner, or altered. */
  open(sealed: string, version: number, owner: string): Promise<string>;
}

export type ParsedSealKeys =
  | { readonly ok: true; readonly keys: readonly VersionedKey[] | null }
  | { readonly ok: false; readonly problem: string };

const KEY_BYTES = 32;
/** The nonce of AES-GCM: random, for each secret its own. */
const NONCE_BYTES = 12;

/** Reads WEBHOOK_KEYS, `version:hex` entries of 32 bytes, the current one first; null where it is not set. */
export function parseSealKeys(text: string | undefined): ParsedSealKeys {
  if (text === undefined || text.trim() === '') return { ok: true, keys: null };
  const read = readVersionedKeys('WEBHOOK_KEYS', text, KEY_BYTES, KEY_BYTES);
  return read.ok ? { ok: true, keys: read.entries } : read;
}

/** A seal under the first of these keys, which opens what was sealed under any of them. */
export function openSeal(keys: readonly VersionedKey[]): Seal {
  const keyOf = async (version: number) => {
    const bytes = keys.find((key) => key.version === version)?.bytes;
    if (bytes === undefined) throw new Error(`WEBHOOK_KEYS: has no version ${version}, under which a secret is sealed`);
    return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
  };
  const version = keys[0]?.version ?? 0;
  return {
    version,
    versions: keys.map((key) => key.version),
    async seal(secret, owner) {
      const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const sealed = await crypto.subtle.encrypt(algorithm(iv, owner), await keyOf(version), encode(secret));
      return btoa(String.fromCharCode(...iv, ...new Uint8Array(sealed)));
    },
    async open(sealed, under, owner) {
      const bytes = Uint8Array.from(atob(sealed), (character) => character.charCodeAt(0));
      const iv = bytes.subarray(0, NONCE_BYTES);
      const key = await keyOf(under);
      return new TextDecoder().decode(
        await crypto.subtle.decrypt(algorithm(iv, owner), key, bytes.subarray(NONCE_BYTES)),
      );
    },
  };
}

const encode = (text: string) => new TextEncoder().encode(text);
const algorithm = (iv: Uint8Array, owner: string) => ({ name: 'AES-GCM', iv, additionalData: encode(owner) });
