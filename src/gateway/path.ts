/** The path as roles, routes and origins all read it, and the query string as it came ("" or "?…"). */
export type NormalPath = { readonly ok: true; readonly path: string; readonly search: string } | { readonly ok: false };

const REFUSED: NormalPath = { ok: false };
const SLASH = 47;
const DOT = 46;

/** Characters that stand for themselves in a path segment: RFC 3986 `pchar` without `%`, and without `;`. */
const PCHAR = "A-Za-z0-9._~!$&'()*+,=:@-";
/** Encodings that are undone. Of `+`, `,` and `=` they are kept: encoded they are data, plain they may divide. */
const DECODED = /^[A-Za-z0-9._~!$&'()*:@-]$/;
const TO_NORMALISE = new RegExp(`%[0-9A-Fa-f]{2}|[^/%${PCHAR}]`, 'gu');
/** Anything that two readers may read in two ways; tested on the normalised path. */
const AMBIGUOUS = new RegExp(
  [
    '%(?![0-9A-F]{2})', // no encoding
    '%(?:2F|5C|[01][0-9A-F]|7F)', // an encoded slash, backslash or control character
    '%25[0-9A-Fa-f]{2}', // an encoding of an encoding
    '//', // an empty segment
    '%3B', // parameters of a segment, which some origins cut off before they look at the path
    '/\\.\\.?(?:/|$)', // a dot segment
  ].join('|'),
);
/** What never stands raw in a path: it would be a control character, a separator or half a character. */
const NEVER_RAW = /[\\#\p{Cc}\p{Cs}]/u;

const IS_PCHAR = new Uint8Array(128);
for (let code = 0; code < 128; code++)
  IS_PCHAR[code] = new RegExp(`[${PCHAR}]`).test(String.fromCharCode(code)) ? 1 : 0;

/**
 * The one reading of a request's path: from `request.url`, which workerd hands over as the client sent it. Encodings
 * of plain characters are undone, others are written in upper case, and raw characters that no path may hold are
 * encoded (RFC 3986 §6.2.2). Refused are encoded slashes and backslashes, control characters, dot segments, `//`, `;`,
 * encodings of encodings, what is not UTF-8, and a Host that would move the start of the path.
 */
export function normalisePath(rawUrl: string): NormalPath {
  const start = startOfPath(rawUrl);
  if (start === -1) return REFUSED;
  const query = rawUrl.indexOf('?', start);
  const raw = query === -1 ? rawUrl.slice(start) : rawUrl.slice(start, query);
  const path = isPlain(raw) ? raw : rewrite(raw);
  return path === null ? REFUSED : { ok: true, path, search: query === -1 ? '' : rawUrl.slice(query) };
}

function startOfPath(rawUrl: string): number {
  const authority = rawUrl.indexOf('://') + 3;
  const start = rawUrl.indexOf('/', authority);
  for (let at = authority; at < start; at++) {
    const char = rawUrl[at];
    if (char === '?' || char === '#' || char === '@' || char === '\\') return -1;
  }
  return start;
}

/** Whether there is nothing to rewrite or to refuse, as in nearly all requests. */
function isPlain(path: string): boolean {
  let previous = 0;
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (previous === SLASH && (code === SLASH || code === DOT)) return false;
    if (code !== SLASH && IS_PCHAR[code] !== 1) return false;
    previous = code;
  }
  return true;
}

function rewrite(raw: string): string | null {
  if (NEVER_RAW.test(raw)) return null;
  const path = raw.replace(TO_NORMALISE, normaliseOne);
  return AMBIGUOUS.test(path) || !isUtf8(path) ? null : path;
}

function normaliseOne(found: string): string {
  if (!found.startsWith('%')) return encodeURIComponent(found);
  const char = String.fromCharCode(Number.parseInt(found.slice(1), 16));
  return DECODED.test(char) ? char : found.toUpperCase();
}

/** A query string in which what need not be encoded is not, so that it reads like what the origin makes of it. */
export function plainQuery(search: string): string {
  return search.replace(/%[0-9A-Fa-f]{2}/g, normaliseOne);
}

function isUtf8(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
