import type { Policy } from '../policy/schema.ts';
import { ALPHABETS, BASE62, tableOf } from './alphabet.ts';

/** How the secrets of a system look that came before; a row of `legacy.formats`. */
export type LegacyRow = Policy['legacy']['formats'][number];

/** A {@link LegacyRow} that can be read by. */
export interface LegacyFormat {
  readonly name: string;
  readonly prefix: string;
  /** The environment of its keys where nothing else says it. */
  readonly environment: string;
  /** How many characters may stand behind the prefix. */
  readonly minLength: number;
  readonly maxLength: number;
  /** How many of them its visible prefix shows. */
  readonly visibleChars: number;
  /** Whether a text is a secret of this format. No I/O; a huge text costs nothing. */
  readonly takes: (text: string) => boolean;
  /** The index behind the run of characters from `at` on that may stand behind the prefix. */
  readonly runEnd: (text: string, at: number) => number;
}

const VISIBLE_ASCII = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i)).join('');

const CHARSETS: Readonly<Record<LegacyRow['charset'], string>> = {
  hex: ALPHABETS.get('hex') ?? '',
  base58: ALPHABETS.get('base58') ?? '',
  base62: BASE62,
  base64url: `${BASE62}-_`,
  printable: VISIBLE_ASCII,
};

/** Compiles legacy formats, those with the longest prefixes first: of two that take a text, the closer one says how it looks. */
export function compileLegacy(rows: readonly LegacyRow[]): readonly LegacyFormat[] {
  return rows.map(compileRow).sort((a, b) => b.prefix.length - a.prefix.length);
}

function compileRow(row: LegacyRow): LegacyFormat {
  const { name, prefix, environment, min_length: minLength, max_length: maxLength, visible_chars: visibleChars } = row;
  const table = tableOf(CHARSETS[row.charset]);
  const runEnd = (text: string, at: number): number => {
    let end = at;
    while (table[text.charCodeAt(end)] === 1) end++;
    return end;
  };
  const takes = (text: string): boolean => {
    const length = text.length - prefix.length;
    if (length < minLength || length > maxLength || !text.startsWith(prefix)) return false;
    return runEnd(text, prefix.length) === text.length;
  };
  return { name, prefix, environment, minLength, maxLength, visibleChars, takes, runEnd };
}
