/** Where the value of a JSON object's member stands in the text. */
export interface Span {
  readonly start: number;
  /** Behind its last character. */
  readonly end: number;
}

/** By the members' keys. */
export type Spans = ReadonlyMap<string, Span>;

/**
 * Where the values of the object stand whose `{` is at `at`; null where a key stands twice, since one
 * parser takes the first and another the last. The text must be valid JSON.
 */
export function memberSpans(text: string, at: number): Spans | null {
  const spans = new Map<string, Span>();
  let i = skipSpace(text, at + 1);
  while (text[i] !== '}') {
    const keyEnd = stringEnd(text, i);
    const key: string = JSON.parse(text.slice(i, keyEnd));
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = valueEnd(text, start);
    if (spans.has(key)) return null;
    spans.set(key, { start, end });
    i = skipSpace(text, end);
    if (text[i] === ',') i = skipSpace(text, i + 1);
  }
  return spans;
}

/** Where the first character stands that is no white space. */
export function skipSpace(text: string, from: number): number {
  let i = from;
  while (' \t\n\r'.includes(text[i] ?? 'x')) i++;
  return i;
}

function valueEnd(text: string, from: number): number {
  let depth = 0;
  let i = from;
  do {
    const first = text[i];
    if (first === '"') i = stringEnd(text, i);
    else {
      if (first === '{' || first === '[') depth++;
      if (first === '}' || first === ']') depth--;
      i++;
    }
  } while (depth > 0 || !endsValue(text[i]));
  return i;
}

/** A scalar may be followed by these only; behind a string or an end they do no harm. */
function endsValue(next: string | undefined): boolean {
  return next === undefined || ',]} \t\n\r'.includes(next);
}

/** Behind the closing quote of the string that opens at `from`. */
function stringEnd(text: string, from: number): number {
  for (let i = from + 1; ; i++) {
    i = text.indexOf('"', i);
    let backslashes = 0;
    while (text[i - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return i + 1;
  }
}
