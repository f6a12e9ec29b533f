import type { KeyFormat } from './format.ts';
import type { LegacyFormat } from './legacy.ts';

/** The largest `visible_chars` of a policy: up to here it may be a visible prefix, which is no secret. */
const MAX_VISIBLE_CHARS = 16;
/** The smallest `visible_chars`: what is left of a secret. */
const MIN_VISIBLE_CHARS = 2;

/**
 * Replaces whatever reads like a key, be it whole, cut off or with a wrong checksum, by its visible prefix and "…":
 * the start of a key and behind it more characters than any visible prefix has. Linear in the text.
 */
export function redact(text: string, format: KeyFormat): string {
  const { head, starts } = format;
  let clean = '';
  let done = 0;
  for (let at = text.indexOf(head); at >= 0; at = text.indexOf(head, at + 1)) {
    const start = starts.find((each) => text.startsWith(each, at));
    const secretAt = at + (start?.length ?? 0);
    if (start === undefined || secretAt < done) continue;
    const end = format.runEnd(text, secretAt);
    if (end - secretAt <= MAX_VISIBLE_CHARS) continue;
    // A start whose beginning the run before it has swallowed is a second key, written without a gap.
    if (at >= done) clean += `${text.slice(done, secretAt + MIN_VISIBLE_CHARS)}…`;
    done = end;
  }
  return clean + text.slice(done);
}

/**
 * Replaces in a text from outside, as a path is, whatever could be a secret of an older system by its visible prefix and
 * "…": behind a prefix any run that is longer than visible prefixes are, and without one any run of at least the length of
 * a secret. It is for such texts alone: among names of our own it would find some. Linear in the text for each format.
 */
export function redactLegacy(text: string, formats: readonly LegacyFormat[]): string {
  return formats.reduce(hideFormat, text);
}

function hideFormat(text: string, { prefix, minLength, visibleChars, runEnd }: LegacyFormat): string {
  const shortest = prefix === '' ? minLength : Math.min(minLength, MAX_VISIBLE_CHARS + 1);
  let clean = '';
  let done = 0;
  let at = text.indexOf(prefix);
  while (at >= 0 && at < text.length) {
    const secretAt = at + prefix.length;
    const end = secretAt < done ? secretAt : runEnd(text, secretAt);
    if (end - secretAt >= shortest) {
      // As in `redact`: a prefix that the run before it has swallowed begins a second secret.
      if (at >= done) clean += `${text.slice(done, secretAt + visibleChars)}…`;
      done = end;
    }
    at = text.indexOf(prefix, prefix === '' ? end + 1 : at + 1);
  }
  return clean + text.slice(done);
}
