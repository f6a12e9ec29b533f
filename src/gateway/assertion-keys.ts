import { type JWK, type JWTPayload, SignJWT } from 'jose';
import { readEntries } from '../credential/entries.ts';

/*
 * The keys that sign assertions: Ed25519 (RFC 8032), as JWS has it (RFC 8037).
 */

/** What kind of JWT an assertion is, so that no other JWT passes for one (RFC 8725 §3.11). */
export const ASSERTION_TYPE = 'keystile-assertion+jwt';
const ALGORITHM = 'EdDSA';
const CURVE = 'Ed25519';

const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;
/** A private key of Ed25519 in PKCS8 is these bytes and 32 of its own (RFC 8410 §7). */
const PKCS8_HEAD = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
const PKCS8_BYTES = PKCS8_HEAD.length + 32;
const MADE_BY = '`openssl genpkey -algorithm ed25519 -outform DER | openssl base64 -A`';

/** A public key, as a JWK set has it (RFC 7517 §4, RFC 8037 §2). */
export interface PublicKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly alg: 'EdDSA';
  readonly use: 'sig';
}

/** A key that signs assertions. Its bytes are private, so that no log and no JSON shows them. */
export class AssertionKey {
  readonly kid: string;
  readonly #pkcs8: Uint8Array;
  #signing: CryptoKey | null = null;
  #published: PublicKey | null = null;

  /** `pkcs8` is a private key of Ed25519, as {@link parseAssertionKeys} lets it through. */
  constructor(kid: string, pkcs8: Uint8Array) {
    this.kid = kid;
    this.#pkcs8 = pkcs8;
  }

  /**
   * A JWT with these claims (RFC 7519). Requests that come before the first import has ended each import the key and
   * the last one keeps it: they are equal, and no request waits for another's promise.
   */
  async sign(claims: JWTPayload): Promise<string> {
    this.#signing ??= await crypto.subtle.importKey('pkcs8', this.#pkcs8, CURVE, false, ['sign']);
    const header = { alg: ALGORITHM, kid: this.kid, typ: ASSERTION_TYPE };
    return new SignJWT(claims).setProtectedHeader(header).sign(this.#signing);
  }

  /** The public half, by which anyone verifies. */
  async publish(): Promise<PublicKey> {
    this.#published ??= await this.#publicHalf();
    return this.#published;
  }

  async #publicHalf(): Promise<PublicKey> {
    const key = await crypto.subtle.importKey('pkcs8', this.#pkcs8, CURVE, true, ['sign']);
    const { x = '' } = (await crypto.subtle.exportKey('jwk', key)) as JWK;
    return { kty: 'OKP', crv: CURVE, x, kid: this.kid, alg: ALGORITHM, use: 'sig' };
  }
}

export type ParsedAssertionKeys =
  | { readonly ok: true; readonly keys: readonly [AssertionKey, ...AssertionKey[]] }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads ASSERTION_KEYS, `kid:base64` entries separated by commas: Ed25519 private keys in PKCS8, each under a name of
 * its own. The first signs, all are published. A problem names the entry by its number and never shows it.
 */
export function parseAssertionKeys(text: string | undefined): ParsedAssertionKeys {
  if (text === undefined || text.trim() === '') {
    return { ok: false, problem: 'ASSERTION_KEYS: is not set, and policy.assertion asks for it' };
  }
  const read = readEntries<AssertionKey>('ASSERTION_KEYS', text, (entry, before) => {
    const key = parseKey(entry);
    if (typeof key === 'string') return key;
    return before.some(({ kid }) => kid === key.kid) ? 'its name stands twice' : key;
  });
  return read.ok ? { ok: true, keys: read.entries as [AssertionKey, ...AssertionKey[]] } : read;
}

function parseKey(entry: string): AssertionKey | string {
  const colon = entry.indexOf(':');
  const kid = entry.slice(0, Math.max(colon, 0));
  if (!KEY_ID.test(kid)) return 'expected name:key, the name of at most 64 letters, digits, ".", "_" and "-"';
  const bytes = bytesOf(entry.slice(colon + 1));
  const isKey = bytes?.length === PKCS8_BYTES && PKCS8_HEAD.every((byte, i) => bytes[i] === byte);
  if (!isKey) return `expected an Ed25519 private key behind the name, as ${MADE_BY} writes it`;
  return new AssertionKey(kid, bytes);
}

function bytesOf(base64: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
