import { importSPKI } from 'jose';
import { freshKeys, isObject, newerKeys, type Published } from '../guards/published.ts';

/*
 * GitHub signs what it reports: ECDSA over P-256 and SHA-256 of the very bytes of the body, by one of the keys that it
 * publishes (GitHub Docs, "Secret scanning partner program").
 */

/** The published keys in PEM, by their identifiers. Those that sign no more are among them. */
export type ReporterKeys = ReadonlyMap<string, string>;

/** What a report is signed with: the identifier of the key, and r and s, 32 bytes each. */
export interface Signature {
  readonly key: string;
  readonly bytes: Uint8Array;
}

export const KEY_HEADER = 'Github-Public-Key-Identifier';
export const SIGNATURE_HEADER = 'Github-Public-Key-Signature';

const SCALAR_BYTES = 32;
const IDENTIFIER = /^[\x21-\x7e]{1,200}$/;
/** Base64 of 8 to 72 bytes: as many as a signature by such a key takes. */
const BASE64 = /^(?=.{12,96}$)[A-Za-z0-9+/]+={0,2}$/;
const ECDSA = { name: 'ECDSA', hash: 'SHA-256' };

/** The signature that the headers of a report carry; null where they carry none that could hold. Asks nobody. */
export function readSignature(headers: Headers): Signature | null {
  const key = headers.get(KEY_HEADER) ?? '';
  const bytes = rawSignature(fromBase64(headers.get(SIGNATURE_HEADER) ?? ''));
  return IDENTIFIER.test(key) && bytes !== null ? { key, bytes } : null;
}

function fromBase64(text: string): Uint8Array {
  try {
    return BASE64.test(text) ? Uint8Array.from(atob(text), (character) => character.charCodeAt(0)) : new Uint8Array();
  } catch {
    return new Uint8Array();
  }
}

/**
 * An ECDSA signature over P-256 as WebCrypto takes it, r and s with leading zeros, from its DER form (RFC 3279 §2.2.3,
 * X.690 §8.3 and §10.1); null for what is no DER of two such numbers, to the last bit.
 */
export function rawSignature(der: Uint8Array): Uint8Array | null {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const raw = new Uint8Array(2 * SCALAR_BYTES);
  let at = 2;
  for (const end of [SCALAR_BYTES, 2 * SCALAR_BYTES]) {
    const number = integerAt(der, at);
    if (number === null) return null;
    raw.set(number.bytes, end - number.bytes.length);
    at = number.end;
  }
  return at === der.length ? raw : null;
}

/** The magnitude of an INTEGER that is not negative and no longer than it must be; null for anything else. */
function integerAt(der: Uint8Array, at: number): { bytes: Uint8Array; end: number } | null {
  const end = at + 2 + (der[at + 1] ?? 0);
  const content = der.subarray(at + 2, end);
  const [first = 0x80, second = 0x80] = content;
  if (der[at] !== 0x02 || end > der.length || first >= 0x80) return null;
  if (first === 0 && content.length > 1 && second < 0x80) return null;
  const bytes = first === 0 ? content.subarray(1) : content;
  return bytes.length > SCALAR_BYTES ? null : { bytes, end };
}

/**
 * Whether a body is signed by a published key. Keys that are known go on being used while GitHub cannot be reached;
 * `unreachable`: this one is not among them, and newer ones cannot be had now. Never throws.
 */
export async function checkSignature(
  cache: Published<ReporterKeys>,
  url: string,
  signature: Signature,
  body: Uint8Array,
  nowMs: number,
): Promise<'valid' | 'invalid' | 'unreachable'> {
  const known = freshKeys(cache, nowMs);
  const newer = known?.has(signature.key) ? known : await newerKeys(cache, { url, read: readKeys }, known, nowMs);
  const pem = (newer ?? cache.keys)?.get(signature.key);
  if (pem === undefined) return newer === null ? 'unreachable' : 'invalid';
  try {
    const key = await importSPKI(pem, 'ES256');
    return (await crypto.subtle.verify(ECDSA, key, signature.bytes, body)) ? 'valid' : 'invalid';
  } catch {
    return 'invalid';
  }
}

/** `{"public_keys": [{"key_identifier", "key", "is_current"}]}`; an entry that is none is left out. */
function readKeys(json: unknown): ReporterKeys | null {
  const list = isObject(json) ? json.public_keys : undefined;
  if (!Array.isArray(list)) return null;
  const keys = new Map<string, string>();
  for (const entry of list) {
    if (!isObject(entry)) continue;
    const { key_identifier: identifier, key } = entry;
    if (typeof identifier === 'string' && typeof key === 'string') keys.set(identifier, key);
  }
  return keys;
}
