import type { TokenUsage } from '../decision/price.ts';
import { UsageScan } from './usage-scan.ts';

/** An event that is held back may be this long; a longer one passes. */
const HELD_BYTES = 8_192;

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const NEWLINE = new Uint8Array([LF]);
const DATA = new TextEncoder().encode('data:');
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Reads the usage of an OpenAI-style answer that passes in pieces. */
export interface AnswerReader {
  readonly usage: TokenUsage | null;
  readonly model: string | null;
  /** Reads a piece, and returns what passes on now, of it and of earlier ones. */
  take(chunk: Uint8Array): readonly Uint8Array[];
  /** Nothing more comes: returns what was held back. */
  end(): readonly Uint8Array[];
}

/** Reads an `application/json` answer, which passes as it is. */
export class JsonReader implements AnswerReader {
  readonly #scan = new UsageScan();

  get usage(): TokenUsage | null {
    return this.#scan.usage;
  }

  get model(): string | null {
    return this.#scan.model;
  }

  take(chunk: Uint8Array): readonly Uint8Array[] {
    this.#scan.feed(chunk, 0, chunk.byteLength);
    return [chunk];
  }

  end(): readonly Uint8Array[] {
    return [];
  }
}

/**
 * Reads a `text/event-stream` (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream):
 * the last usage that an event's data tells counts. With `strip` the extra usage chunk (`choices` empty, `usage` set)
 * is taken out; for that an event is held back as long as it can still be that chunk, which ends with its first choice.
 */
export class EventReader implements AnswerReader {
  usage: TokenUsage | null = null;
  /** Of the event that told the usage, or else of the first that told it. */
  model: string | null = null;

  readonly #strip: boolean;
  readonly #scan = new UsageScan();
  /** How far the line is read; `name`: as many bytes of "data:" as have matched. */
  #line: 'start' | 'name' | 'data' | 'rest' = 'start';
  #matched = 0;
  #isAfterCr = false;
  /** The line that was just read is empty: it ends the event. */
  #isBlank = false;
  #inEvent = false;
  #isHolding = false;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** The event that was taken out ended in CR; an LF right behind is of it. */
  #dropsLf = false;

  constructor(strip: boolean) {
    this.#strip = strip;
  }

  take(chunk: Uint8Array): readonly Uint8Array[] {
    const passed: Uint8Array[] = [];
    /** Where the bytes begin that are not taken out, and of them those that are held back. */
    let from = 0;
    let heldFrom = 0;
    for (let i = 0; i < chunk.byteLength; ) {
      const first = chunk[i];
      // A comment is no part of that chunk, and may stand alone to keep a connection alive.
      if (this.#strip && !this.#inEvent && this.#line === 'start' && !isLineEnd(first) && first !== COLON) {
        this.#inEvent = true;
        this.#isHolding = true;
        heldFrom = i;
      }
      const drops = this.#dropsLf && first === LF;
      this.#dropsLf = false;
      i = this.#readLine(chunk, i);
      if (drops) from = i;
      const isExtra = this.#isBlank && this.#endEvent();
      if (isExtra && this.#isHolding) {
        passed.push(chunk.subarray(from, heldFrom));
        this.#dropHeld();
        from = i;
        this.#dropsLf = this.#isAfterCr;
      } else if (this.#isHolding && (this.#isBlank || !this.#scan.mayBeUsageChunk)) passed.push(...this.#release());
    }
    const passedTo = this.#isHolding ? heldFrom : chunk.byteLength;
    passed.push(chunk.subarray(from, passedTo));
    if (this.#isHolding) {
      this.#held.push(chunk.slice(heldFrom));
      this.#heldBytes += chunk.byteLength - heldFrom;
      if (this.#heldBytes > HELD_BYTES) passed.push(...this.#release());
    }
    return passed;
  }

  end(): readonly Uint8Array[] {
    if (this.#endEvent()) this.#dropHeld();
    return this.#release();
  }

  /** Reads on to behind the next line end, or to the end of the chunk; returns where that is. */
  #readLine(chunk: Uint8Array, from: number): number {
    let i = from;
    this.#isBlank = false;
    if (this.#line === 'start') {
      const isSecondHalf = this.#isAfterCr && chunk[i] === LF;
      this.#isAfterCr = false;
      if (isSecondHalf) return i + 1;
      this.#isBlank = isLineEnd(chunk[i]);
      this.#line = 'name';
      this.#matched = 0;
    }
    let end = i;
    while (end < chunk.byteLength && !isLineEnd(chunk[end])) end++;
    for (; this.#line === 'name' && i < end; i++) this.#readName(chunk[i] as number);
    if (this.#line === 'data') this.#scan.feed(chunk, i, end);
    if (end === chunk.byteLength) return end;
    if (this.#line === 'data') this.#scan.feed(NEWLINE, 0, 1);
    this.#line = 'start';
    this.#isAfterCr = chunk[end] === CR;
    return end + 1;
  }

  #readName(byte: number): void {
    if (byte === DATA[this.#matched]) {
      this.#matched++;
      if (this.#matched === DATA.byteLength) this.#line = 'data';
    } else if (this.#matched > 0 || !BYTE_ORDER_MARK.includes(byte)) this.#line = 'rest';
  }

  /** Keeps what the event told, and returns whether it was the extra chunk. */
  #endEvent(): boolean {
    const { usage, isUsageChunk } = this.#scan;
    if (usage !== null || this.model === null) this.model = this.#scan.model ?? this.model;
    this.usage = usage ?? this.usage;
    this.#scan.reset();
    this.#inEvent = false;
    return isUsageChunk;
  }

  #dropHeld(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#isHolding = false;
  }

  #release(): readonly Uint8Array[] {
    const held = this.#held;
    this.#dropHeld();
    return held;
  }
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === LF || byte === CR;
}
