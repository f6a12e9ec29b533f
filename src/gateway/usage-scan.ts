import type { TokenUsage } from '../decision/price.ts';

/** Of one member's value; a longer one cannot be read. */
const VALUE_BYTES = 4_096;
const MODEL_BYTES = 1_024;
/** "choices" with every letter escaped. */
const KEY_BYTES = 42;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const BRACE = 0x7b;
const END_BRACE = 0x7d;
const BRACKET = 0x5b;
const END_BRACKET = 0x5d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

type Member = 'usage' | 'model' | 'choices';
const MEMBERS: readonly Member[] = ['usage', 'model', 'choices'];
const utf8 = new TextDecoder();

/** Bytes up to a limit. Most of what is kept is looked at as bytes: texts would be garbage by the event. */
class Kept {
  length = 0;
  readonly #bytes: Uint8Array;

  constructor(limit: number) {
    this.#bytes = new Uint8Array(limit);
  }

  add(byte: number): void {
    if (this.length < this.#bytes.byteLength) this.#bytes[this.length] = byte;
    this.length++;
  }

  is(ascii: string): boolean {
    if (this.length !== ascii.length) return false;
    for (let i = 0; i < this.length; i++) if (this.#bytes[i] !== ascii.charCodeAt(i)) return false;
    return true;
  }

  /** Null where it was longer than the limit. */
  get text(): string | null {
    if (this.length > this.#bytes.byteLength) return null;
    return utf8.decode(this.#bytes.subarray(0, this.length));
  }

  /** The value of a JSON text; undefined where it is none. */
  get value(): unknown {
    return parsed(this.text);
  }
}

/**
 * Reads three members out of a JSON object that passes in pieces, in bounded memory. Only the object's own members
 * count, whatever stands in its strings and inner objects; of a key that stands twice the last one does. What is no
 * valid JSON may be read as anything.
 */
export class UsageScan {
  /** Null where it was not told, is not to be read, or is not whole yet. */
  usage: TokenUsage | null = null;
  /** Whether this can still become an answer's extra usage chunk: `choices` empty and `usage` set. */
  mayBeUsageChunk = true;

  #depth = 0;
  #isOver = false;
  #isKeyDue = false;
  #inString = false;
  #isEscaped = false;
  #hasNoChoices = false;
  /** The member that the last key names. */
  #named: Member | null = null;
  /** What is kept now. */
  #keeps: 'key' | Member | null = null;
  readonly #key = new Kept(KEY_BYTES);
  #isKeyEscaped = false;
  readonly #model = new Kept(MODEL_BYTES);
  readonly #other = new Kept(VALUE_BYTES);

  /** Begins anew, for the next object. */
  reset(): void {
    this.usage = null;
    this.#model.length = 0;
    this.mayBeUsageChunk = true;
    this.#depth = 0;
    this.#isOver = false;
    this.#inString = false;
    this.#isEscaped = false;
    this.#hasNoChoices = false;
    this.#keeps = null;
  }

  /** Null where it was not told, or is no text. */
  get model(): string | null {
    const { value } = this.#model;
    return typeof value === 'string' ? value : null;
  }

  /** Whether the object was an extra usage chunk, and is whole. */
  get isUsageChunk(): boolean {
    return this.#isOver && this.#hasNoChoices && this.usage !== null;
  }

  /** Reads the bytes from index `from` to before `to`. */
  feed(bytes: Uint8Array, from: number, to: number): void {
    for (let i = from; i < to && !this.#isOver; ) {
      if (this.#keeps === null && (this.#inString || this.#depth > 1)) {
        i = this.#skip(bytes, i, to);
        continue;
      }
      const byte = bytes[i++] as number;
      if (this.#depth === 0) this.#begin(byte);
      else if (this.#inString) this.#inText(byte);
      else this.#outsideText(byte);
    }
  }

  /** Reads on to behind the value that is of no interest, which most bytes are in; returns where that is. */
  #skip(bytes: Uint8Array, from: number, to: number): number {
    let depth = this.#depth;
    let inString = this.#inString;
    let isEscaped = this.#isEscaped;
    let i = from;
    while (i < to && (inString || depth > 1)) {
      const byte = bytes[i++];
      if (isEscaped) isEscaped = false;
      else if (byte === QUOTE) inString = !inString;
      else if (inString) isEscaped = byte === BACKSLASH;
      else if (byte === BRACE || byte === BRACKET) depth++;
      else if (byte === END_BRACE || byte === END_BRACKET) depth--;
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#isEscaped = isEscaped;
    return i;
  }

  #begin(byte: number): void {
    if (byte === BRACE) {
      this.#depth = 1;
      this.#isKeyDue = true;
    } else if (!isSpace(byte) && !BYTE_ORDER_MARK.includes(byte)) {
      this.#isOver = true;
      this.mayBeUsageChunk = false;
    }
  }

  #inText(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) {
      this.#isEscaped = true;
      this.#isKeyEscaped = true;
    } else if (byte === QUOTE) {
      this.#inString = false;
      if (this.#keeps === 'key') this.#endKey();
    }
    this.#keep(byte);
  }

  #outsideText(byte: number): void {
    const isTop = this.#depth === 1;
    if (isTop && byte === COLON) this.#startKeeping(this.#named);
    else if (isTop && (byte === COMMA || byte === END_BRACE)) {
      this.#endValue();
      this.#isOver = byte === END_BRACE;
      this.#isKeyDue = true;
    } else if (isTop && this.#isKeyDue && byte === QUOTE) {
      this.#inString = true;
      this.#startKeeping('key');
    } else {
      if (byte === QUOTE) this.#inString = true;
      else if (byte === BRACE || byte === BRACKET) this.#depth++;
      else if (byte === END_BRACE || byte === END_BRACKET) this.#depth--;
      this.#keep(byte);
    }
  }

  #startKeeping(what: 'key' | Member | null): void {
    this.#keeps = what;
    this.#isKeyEscaped = false;
    this.#kept.length = 0;
  }

  get #kept(): Kept {
    if (this.#keeps === 'key') return this.#key;
    return this.#keeps === 'model' ? this.#model : this.#other;
  }

  #keep(byte: number): void {
    if (this.#keeps === null) return;
    this.#kept.add(byte);
    if (this.#keeps !== 'choices' || byte === BRACKET || byte === END_BRACKET || isSpace(byte)) return;
    this.mayBeUsageChunk = false;
    this.#keeps = null;
  }

  #endKey(): void {
    const key = this.#isKeyEscaped ? parsed(`"${this.#key.text}"`) : null;
    this.#named = MEMBERS.find((member) => key === member || this.#key.is(member)) ?? null;
    this.#keeps = null;
    this.#isKeyDue = false;
  }

  #endValue(): void {
    const keeps = this.#keeps;
    this.#keeps = null;
    if (keeps === 'choices') {
      const { value } = this.#other;
      this.#hasNoChoices = Array.isArray(value) && value.length === 0;
    } else if (keeps === 'usage') {
      this.usage = this.#other.is('null') ? null : tokensOf(this.#other.value);
      if (this.usage === null) this.mayBeUsageChunk = false;
    }
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An embedding's usage has no `completion_tokens`. Null where it is no usage. */
function tokensOf(value: unknown): TokenUsage | null {
  if (typeof value !== 'object' || value === null) return null;
  const { prompt_tokens: prompt, completion_tokens: completion } = value as Record<string, unknown>;
  if (!isCount(prompt)) return null;
  if (completion === undefined || completion === null) return { prompt, completion: 0 };
  return isCount(completion) ? { prompt, completion } : null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
