import { innerHash } from '../../credential/digest.ts';
import type { KeyFormat } from '../../credential/format.ts';
import { check } from '../input.ts';
import { type ImportLine, type ImportSettings, importLine } from '../inputs/imports.ts';
import { invalidLine, type Result } from './result.ts';

/** A line that says what it should: all of it but the secret, which is a hash from here on. */
export interface Wish {
  readonly line: number;
  readonly settings: ImportSettings;
  readonly secret: Secret;
}

/** What is known of a secret. */
export interface Secret {
  /** SHA-256 of it. */
  readonly inner: ArrayBuffer;
  /** What may be shown of it. */
  readonly prefix: string;
  /** What its format says; null: nothing. */
  readonly environment: string | null;
  /** Whether the secret itself names that environment, so that no other one can be meant. */
  readonly isNamed: boolean;
}

/** The most bytes of a line. */
export const LINE_BYTES = 16_384;
/** The most that a given prefix shows behind what its format begins with, and the least that it leaves out. */
const MOST_VISIBLE = 16;
const LEAST_HIDDEN = 8;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** Reads a line; null: it is blank. */
export async function readLine(
  format: KeyFormat,
  visibleChars: number,
  line: number,
  bytes: Uint8Array,
): Promise<Wish | Result | null> {
  if (bytes.byteLength > LINE_BYTES) {
    return invalidLine(line, 'line_too_long', `expected at most ${LINE_BYTES} bytes`);
  }
  let text: string;
  try {
    text = utf8.decode(bytes).trim();
  } catch {
    return invalidLine(line, 'encoding', 'expected UTF-8');
  }
  if (text === '') return null;
  const value = objectOf(text);
  if (value === null) return invalidLine(line, 'json', 'expected one JSON object on the line');
  const checked = check(importLine, value);
  if (!checked.ok) return invalidLine(line, 'fields', checked.denial.detail ?? '');
  const { key, sha256, format: name, prefix, ...settings } = checked.value;
  const secret = key === undefined ? hashed(format, line, checked.value) : await plain(format, visibleChars, line, key);
  return 'status' in secret ? secret : { line, settings, secret };
}

function objectOf(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** A secret that is known in full. */
export async function secretOf(format: KeyFormat, visibleChars: number, key: string): Promise<Secret | null> {
  const read = format.read(key);
  if (read === null) return null;
  const { environment, legacy } = read;
  const isNamed = legacy === null && environment !== null;
  return { inner: await innerHash(key), prefix: format.visiblePrefix(key, visibleChars), environment, isNamed };
}

async function plain(format: KeyFormat, visibleChars: number, line: number, key: string): Promise<Secret | Result> {
  const secret = await secretOf(format, visibleChars, key);
  if (secret !== null) return secret;
  const missing = 'the secret has neither the own format nor one of legacy.formats: add its format to the policy first';
  return invalidLine(line, 'format', missing);
}

function hashed(format: KeyFormat, line: number, wish: ImportLine): Secret | Result {
  const { sha256: inner = new ArrayBuffer(), format: name, prefix } = wish;
  const legacy = name === undefined ? null : format.legacy.find((each) => each.name === name);
  if (legacy === undefined) {
    const names = format.legacy.map((each) => each.name).join(', ') || 'none: there are no legacy formats';
    return invalidLine(line, 'fields', `format: expected one of ${names}`);
  }
  const { runEnd } = legacy ?? format;
  const most = legacy === null ? MOST_VISIBLE : Math.min(MOST_VISIBLE, legacy.minLength - LEAST_HIDDEN);
  const starts = legacy === null ? format.starts : [legacy.prefix];
  const shown = prefix ?? (legacy === null ? format.head : legacy.prefix);
  const start = starts.find((each) => shown.startsWith(each));
  const isBare = prefix === undefined;
  if (!isBare && (start === undefined || runEnd(shown, start.length) !== shown.length)) {
    return invalidLine(line, 'fields', 'prefix: expected what the secret begins with, in its format');
  }
  if (!isBare && start !== undefined && shown.length - start.length > most) {
    return invalidLine(
      line,
      'fields',
      `prefix: expected at most ${most} characters behind what the format begins with`,
    );
  }
  return { inner, prefix: shown, environment: legacy?.environment ?? null, isNamed: false };
}
