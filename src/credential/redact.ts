import type { KeyFormat } from './format.ts';

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
