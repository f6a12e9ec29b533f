import type { TokenUsage } from '../decision/price.ts';

/** Of one member's value; a longer one cannot be read. */
const VALUE_BYTES = 4_096;
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
const MEMBERS = new Map<unknown, Member>([
  ['usage', 'usage'],
  ['model', 'model'],
  ['choices', 'choices'],
]);
const utf8 = new TextDecoder();

/**
 * Reads three members out of a JSON object that passes in pieces, in bounded memory. Only the object's own members
 * count, whatever stands in its strings and inner objects; of a key that stands twice the last one does. What is no
 * valid JSON may be read as anything.
 */
export class UsageScan {
  /** Null where it was not told, is not to be read, or is not whole yet. */
  usage: TokenUsage | null = null;
  model: string | null = null;
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
  /** What the kept bytes belong to. */
  #keeps: 'key' | Member | null = null;
  readonly #kept = new Uint8Array(VALUE_BYTES);
  #keptBytes = 0;

  /** Begins anew, for the next object. */
  reset(): void {
    this.usage = null;
    this.model = null;
    this.mayBeUsageChunk = true;
    this.#depth = 0;
    this.#isOver = false;
    this.#inString = false;
    this.#isEscaped = false;
    this.#hasNoChoices = false;
    this.#keeps = null;
  }

  /** Whether the object was an extra usage chunk, and is whole. */
  get isUsageChunk(): boolean {
    return this.#isOver && this.#hasNoChoices && this.usage !== null;
  }

  /** Reads the bytes from index `from` to before `to`. */
  feed(bytes: Uint8Array, from: number, to: number): void {
    for (let i = from; i < to && !this.#isOver; i++) {
      if (this.#inString && this.#keeps === null && !this.#isEscaped) i = plainTextEnd(bytes, i, to);
      const byte = bytes[i];
      if (byte === undefined || i === to) return;
      if (this.#depth === 0) this.#begin(byte);
      else if (this.#inString) this.#inText(byte);
      else this.#outsideText(byte);
    }
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
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) {
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
    this.#keptBytes = 0;
  }

  #keep(byte: number): void {
    if (this.#keeps === null) return;
    if (this.#keptBytes < VALUE_BYTES) this.#kept[this.#keptBytes] = byte;
    this.#keptBytes++;
    if (this.#keeps !== 'choices' || byte === BRACKET || byte === END_BRACKET || isSpace(byte)) return;
    this.mayBeUsageChunk = false;
    this.#keeps = null;
  }

  #endKey(): void {
    const text = this.#keptBytes <= KEY_BYTES ? this.#keptText() : '';
    this.#named = MEMBERS.get(text.includes('\\') ? parsed(`"${text}"`) : text) ?? null;
    this.#keeps = null;
    this.#isKeyDue = false;
  }

  #endValue(): void {
    const keeps = this.#keeps;
    this.#keeps = null;
    if (keeps === null) return;
    const value = this.#keptBytes <= VALUE_BYTES ? parsed(this.#keptText()) : undefined;
    if (keeps === 'model') this.model = typeof value === 'string' ? value : null;
    if (keeps === 'choices') this.#hasNoChoices = Array.isArray(value) && value.length === 0;
    if (keeps === 'usage') {
      this.usage = tokensOf(value);
      if (this.usage === null) this.mayBeUsageChunk = false;
    }
  }

  #keptText(): string {
    return utf8.decode(this.#kept.subarray(0, this.#keptBytes));
  }
}

/** Where the next quote or backslash stands; `to` where none does. */
function plainTextEnd(bytes: Uint8Array, from: number, to: number): number {
  let i = from;
  while (i < to && bytes[i] !== QUOTE && bytes[i] !== BACKSLASH) i++;
  return i;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
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
