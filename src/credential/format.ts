import { BASE62, drawCharacter, tableOf } from './alphabet.ts';
import { CHECKSUM_LENGTH, checksum } from './checksum.ts';
import { compileLegacy, type LegacyFormat, type LegacyRow } from './legacy.ts';
import { type Part, parseTemplate } from './template.ts';

/** What a well-formed key tells; `environment` is null where the template has no {env}. */
export interface ReadKey {
  readonly environment: string | null;
  /** Where the secret begins: the length of the literal part, environment included. */
  readonly secretStart: number;
  /** Which format of an older system it has; null: the own one. */
  readonly legacy: LegacyFormat | null;
}

/** How the keys of one policy look. */
export interface KeyFormat {
  /** What an attacker must guess, in bits; the checksum counts for nothing. */
  readonly secretBits: number;
  /** How many random bytes `mint` takes, so that they practically always suffice. */
  readonly randomBytes: number;
  /** The text with which every key begins. */
  readonly head: string;
  /** The literal parts before the secret, one per environment, the longest first. */
  readonly starts: readonly string[];
  /** The formats of older systems that are taken beside it, those with the longest prefixes first. */
  readonly legacy: readonly LegacyFormat[];
  /** A new key, or null where too many of the bytes had to be skipped. Throws for an unknown environment. */
  readonly mint: (environment: string, random: Uint8Array) => string | null;
  /** Null for what is malformed: prefix, environment, length, characters or checksum. No I/O; a huge text costs nothing. */
  readonly read: (text: string) => ReadKey | null;
  /** Literal part and the first `visibleChars` of the secret; a legacy format says itself how many. Throws for what is no key. */
  readonly visiblePrefix: (key: string, visibleChars: number) => string;
  /** The index behind the run of characters from `at` on that may stand behind a start. */
  readonly runEnd: (text: string, at: number) => number;
}

export type CompiledFormat =
  | { readonly ok: true; readonly format: KeyFormat }
  | { readonly ok: false; readonly problem: string };

interface Start {
  readonly text: string;
  readonly environment: string | null;
}

const ENVIRONMENT = /^[a-z][a-z0-9_-]*$/;

/** Of 2n + 16 bytes fewer than n are usable less than once in 10^15 times, even for base58, which skips 9%. */
const bytesFor = (characters: number) => 2 * characters + 16;

/**
 * Compiles a key template (`template.ts`). {env} stands for one of `environments` and nothing else, and everything
 * behind it has a fixed length, so a key is read in one way only.
 */
export function compileFormat(template: string, environments: readonly string[]): CompiledFormat {
  const parsed = parseTemplate(template);
  if (!parsed.ok) return parsed;
  const { head, parts } = parsed;
  const names = parts.some(({ kind }) => kind === 'env') ? environments : [null];
  if (names.length === 0) return { ok: false, problem: 'the part {env} needs at least one environment' };
  const odd = names.find((name) => name !== null && !ENVIRONMENT.test(name));
  if (odd !== undefined) {
    return { ok: false, problem: `the part {env} cannot stand for "${odd}", expected a name like "live"` };
  }
  const secretAt = parts.findIndex(({ kind }) => kind === 'secret');
  const starts = names.map((environment) => ({ text: startText(parts.slice(0, secretAt), environment), environment }));
  const slots = parts.slice(secretAt).flatMap(slotsOf);
  return { ok: true, format: openFormat(head, starts, slots, parts.at(-1)?.kind === 'checksum') };
}

function startText(parts: readonly Part[], environment: string | null): string {
  return parts.map((part) => (part.kind === 'literal' ? part.text : environment)).join('');
}

/** The characters that may stand at each place of a part: one for a literal, and a checksum's follow by themselves. */
function slotsOf(part: Part): readonly string[] {
  if (part.kind === 'literal') return [...part.text];
  return part.kind === 'secret' ? new Array<string>(part.length).fill(part.alphabet) : [];
}

function openFormat(head: string, starts: readonly Start[], slots: readonly string[], isChecked: boolean): KeyFormat {
  const drawn = slots.filter((alphabet) => alphabet.length > 1);
  const checkLength = isChecked ? CHECKSUM_LENGTH : 0;
  const tailLength = slots.length + checkLength;
  const tables = slots.map(tableOf);
  const tail = tableOf(slots.join('') + (isChecked ? BASE62 : ''));
  const known = starts.map(({ text, environment }) => ({
    text,
    key: { environment, secretStart: text.length, legacy: null },
  }));

  function read(text: string): ReadKey | null {
    const start = known.find((each) => text.length === each.text.length + tailLength && text.startsWith(each.text));
    if (start === undefined) return null;
    const { secretStart } = start.key;
    for (let i = 0; i < tables.length; i++) {
      if (tables[i]?.[text.charCodeAt(secretStart + i)] !== 1) return null;
    }
    const checkAt = text.length - checkLength;
    return isChecked && checksum(text.slice(0, checkAt)) !== text.slice(checkAt) ? null : start.key;
  }

  function mint(environment: string, random: Uint8Array): string | null {
    const start = starts.find((each) => each.environment === null || each.environment === environment);
    if (start === undefined) throw new RangeError(`no key has the environment "${environment}"`);
    const bytes = random.values();
    let key = start.text;
    for (const alphabet of slots) {
      const character = alphabet.length === 1 ? alphabet : drawCharacter(alphabet, bytes);
      if (character === null) return null;
      key += character;
    }
    return isChecked ? key + checksum(key) : key;
  }

  return {
    secretBits: drawn.reduce((bits, alphabet) => bits + Math.log2(alphabet.length), 0),
    randomBytes: bytesFor(drawn.length),
    head,
    starts: starts.map(({ text }) => text).sort((a, b) => b.length - a.length),
    legacy: [],
    mint,
    read,
    visiblePrefix(key, visibleChars) {
      const found = read(key);
      if (found === null) throw new TypeError('only a key of this format has a visible prefix');
      return key.slice(0, found.secretStart + visibleChars);
    },
    runEnd(text, at) {
      let end = at;
      while (tail[text.charCodeAt(end)] === 1) end++;
      return end;
    },
  };
}

/**
 * A format that takes the secrets of older systems too, and mints its own all the same. What begins like a key of the own
 * format is one, or none: only a legacy format whose prefix begins so too has a say about it.
 */
export function withLegacy(own: KeyFormat, rows: readonly LegacyRow[]): KeyFormat {
  if (rows.length === 0) return own;
  const legacy = compileLegacy(rows);
  const ofOwn = new Set(legacy.filter(({ prefix }) => prefix.startsWith(own.head)));

  function formatFor(text: string): LegacyFormat | undefined {
    const format = legacy.find((each) => each.takes(text));
    if (format === undefined || ofOwn.has(format)) return format;
    return own.starts.some((start) => text.startsWith(start)) ? undefined : format;
  }

  return {
    ...own,
    legacy,
    read(text) {
      const key = own.read(text);
      if (key !== null) return key;
      const format = formatFor(text);
      if (format === undefined) return null;
      return { environment: format.environment, secretStart: format.prefix.length, legacy: format };
    },
    visiblePrefix(key, visibleChars) {
      const format = own.read(key) === null ? formatFor(key) : undefined;
      if (format === undefined) return own.visiblePrefix(key, visibleChars);
      return key.slice(0, format.prefix.length + format.visibleChars);
    },
  };
}
