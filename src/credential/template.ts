import { ALPHABETS } from './alphabet.ts';

/** A part of a key template. */
export type Part =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'env' }
  | { readonly kind: 'secret'; readonly alphabet: string; readonly length: number }
  | { readonly kind: 'checksum' };

/** Long enough that a leaked key is recognised for what it is. */
const MIN_HEAD_CHARS = 2;
const MAX_SECRET_CHARS = 128;
const KNOWN = '{env}, {base62:N}, {hex:N}, {base58:N} and {crc32}';

const PIECE = /\{[^{}]*\}|[^{}]+|[{}]/g;
/** What needs no escaping in a header, a URL, JSON and a WebSocket subprotocol. */
const LITERAL = /^[A-Za-z0-9._-]+$/;
const SECRET = /^\{([a-z0-9]+):(\d+)\}$/;

/**
 * Splits a template such as `ks_{env}_{base62:32}{crc32}` into its parts, in an order that can be read back: literal
 * text (`head`), at most one {env}, then secret parts, and {crc32} last. A problem names the part.
 */
export function parseTemplate(
  template: string,
):
  | { readonly ok: true; readonly head: string; readonly parts: readonly Part[] }
  | { readonly ok: false; readonly problem: string } {
  const parts: Part[] = [];
  for (const piece of template.match(PIECE) ?? []) {
    const part = parsePart(piece);
    if (typeof part === 'string') return { ok: false, problem: part };
    parts.push(part);
  }
  const [head] = parts;
  if (head?.kind !== 'literal' || head.text.length < MIN_HEAD_CHARS) {
    return { ok: false, problem: `must begin with ${MIN_HEAD_CHARS} or more characters of literal text, like "ks_"` };
  }
  const problem = orderProblem(parts.map(({ kind }) => kind));
  return problem === null ? { ok: true, head: head.text, parts } : { ok: false, problem };
}

function parsePart(piece: string): Part | string {
  if (piece === '{' || piece === '}') return `a "${piece}" has no counterpart`;
  if (piece === '{env}') return { kind: 'env' };
  if (piece === '{crc32}') return { kind: 'checksum' };
  if (!piece.startsWith('{')) {
    if (LITERAL.test(piece)) return { kind: 'literal', text: piece };
    return `the text "${piece}" may only hold letters, digits, ".", "_" and "-"`;
  }
  const [, name = '', digits] = SECRET.exec(piece) ?? [];
  const alphabet = ALPHABETS.get(name);
  if (alphabet === undefined) return `the part ${piece} is not known, expected one of ${KNOWN}`;
  const length = Number(digits);
  if (length >= 1 && length <= MAX_SECRET_CHARS) return { kind: 'secret', alphabet, length };
  return `the part ${piece} must have a length from 1 to ${MAX_SECRET_CHARS}`;
}

function orderProblem(kinds: readonly Part['kind'][]): string | null {
  const secretAt = kinds.indexOf('secret');
  if (secretAt < 0) return 'has no secret part, expected {base62:N}, {hex:N} or {base58:N}';
  if (kinds.indexOf('env') !== kinds.lastIndexOf('env')) return 'the part {env} stands twice';
  if (kinds.indexOf('env') > secretAt) return 'the part {env} must stand before the first secret part';
  if (kinds.slice(0, -1).includes('checksum')) return 'the part {crc32} must be the last one, and only once';
  return null;
}
