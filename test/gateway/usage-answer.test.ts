import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnswerReader, EventReader, JsonReader } from '../../src/gateway/usage-answer.ts';

const encoder = new TextEncoder();

/** Cuts bytes into pieces that end at the given places. */
function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.byteLength + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => bytes.slice(from, at[i] ?? bytes.byteLength));
}

/** Reads a text in pieces, each in memory that is overwritten afterwards; returns what passed. */
function pass(reader: AnswerReader, text: string, cuts: readonly number[] = []): string {
  const passed: Uint8Array[] = [];
  for (const piece of split(encoder.encode(text), cuts)) {
    passed.push(...reader.take(piece).map((bytes) => bytes.slice()));
    piece.fill(0x58);
  }
  passed.push(...reader.end());
  return Buffer.concat(passed).toString();
}

/** Tells by JSON.parse what a reader is to find. */
function told(value: unknown) {
  const { usage, model } = (value ?? {}) as { usage?: Record<string, unknown> | null; model?: unknown };
  const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  const prompt = usage?.prompt_tokens;
  const completion = usage?.completion_tokens ?? 0;
  return {
    usage: isCount(prompt) && isCount(completion) ? { prompt, completion } : null,
    model: typeof model === 'string' ? model : null,
  };
}

const found = ({ usage, model }: AnswerReader) => ({ usage, model });
const cuts = fc.array(fc.nat(5_000), { maxLength: 12 });
const tokens = fc.record({ prompt_tokens: fc.nat(), completion_tokens: fc.nat(), total_tokens: fc.nat() });
const odd = fc.constantFrom<unknown>(
  null,
  [],
  {},
  'usage',
  '"usage":{"prompt_tokens":1}',
  '{"model":"x"}',
  '\\',
  '\\"',
  '}],"',
  { usage: { prompt_tokens: 9 } },
  { prompt_tokens: -1 },
  { prompt_tokens: 1.5 },
  { prompt_tokens: '3' },
  { completion_tokens: 4 },
  { prompt_tokens: 5 },
);
const anything = fc.oneof(odd, tokens, fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }), fc.integer());
const key = fc.constantFrom('usage', 'model', 'choices', 'usag', 'usages', 'Model', 'a"', '{', 'é');
/** A JSON text whose keys may be escaped, may stand twice, and have white space around them. */
const json = fc
  .array(fc.tuple(key, anything, fc.boolean(), fc.constantFrom('', ' ', '\r\n\t')), { maxLength: 8 })
  .map((members) => {
    const written = members.map(([name, value, isEscaped, space]) => {
      const quoted = isEscaped
        ? `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(name.slice(1)).slice(1)}`
        : JSON.stringify(name);
      return `${space}${quoted}${space}:${space}${JSON.stringify(value)}${space}`;
    });
    return `{${written.join(',')}}`;
  });

describe('a JSON answer', () => {
  test('passes as it is and tells what JSON.parse would, however it is split', () => {
    fc.assert(
      fc.property(json, cuts, (text, at) => {
        const reader = new JsonReader();
        expect(pass(reader, text, at)).toBe(text);
        expect(found(reader)).toEqual(told(JSON.parse(text)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('byte by byte, and over a chat completion with much in it', () => {
    const content = 'He said: \\"usage\\": {"prompt_tokens": 1} \\\\"'.repeat(50);
    const usage = {
      prompt_tokens: 12,
      completion_tokens: 34,
      prompt_tokens_details: { cached_tokens: 3, usage: null },
    };
    const text = JSON.stringify({
      id: 'a',
      model: 'gpt-é',
      choices: [{ message: { content, usage: {}, model: 'no' } }],
      usage,
    });
    const reader = new JsonReader();
    pass(
      reader,
      text,
      Array.from({ length: text.length }, (_, i) => i),
    );
    expect(found(reader)).toEqual({ usage: { prompt: 12, completion: 34 }, model: 'gpt-é' });
  });

  test.each([
    '',
    '[]',
    '"usage"',
    '[{"usage":{"prompt_tokens":1}}]',
    '{',
    '{"usage":{"prompt_tokens":1',
    'nonsense {"usage":{"prompt_tokens":1}}',
    '\0'.repeat(100),
  ])('that is %j tells nothing', (text) => {
    const reader = new JsonReader();
    pass(reader, text);
    expect(found(reader)).toEqual({ usage: null, model: null });
  });

  test('may begin with a byte order mark, and break off after its usage', () => {
    const reader = new JsonReader();
    pass(reader, '\ufeff {"usage":{"prompt_tokens":1,"completion_tokens":2},"choi');
    expect(reader.usage).toEqual({ prompt: 1, completion: 2 });
  });

  test('with a usage or a model too long to keep tells none', () => {
    const reader = new JsonReader();
    pass(
      reader,
      JSON.stringify({
        model: 'm'.repeat(5_000),
        usage: { pad: 'x'.repeat(5_000), prompt_tokens: 1 },
        ['k'.repeat(9_000)]: 1,
      }),
    );
    expect(found(reader)).toEqual({ usage: null, model: null });
  });
});

const escapes = (text: string) => text.replace(/./g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);

/** What a client of a stream reads: the events' data, by the standard's own rules. */
function dataOf(text: string): string[] {
  const events: string[] = [];
  let data: string[] = [];
  for (const line of text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)) {
    if (line === '') {
      if (data.length > 0) events.push(data.join('\n'));
      data = [];
    } else if (/^data(:|$)/.test(line)) data.push(line.replace(/^data:? ?/, ''));
  }
  return events;
}

const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
const chunkOf = (usage: unknown, choices: unknown[] = []) =>
  JSON.stringify({ id: 'c', model: 'small', choices, usage });
const CONTENT = [{ index: 0, delta: { content: 'hi \\" "usage":{"prompt_tokens":1} ' } }];
const data = fc.oneof(
  json,
  fc.constantFrom(
    '[DONE]',
    '',
    '{',
    'text',
    chunkOf(null, CONTENT),
    chunkOf(null),
    chunkOf({ prompt_tokens: 7 }, CONTENT),
  ),
  tokens.map((usage) => chunkOf(usage)),
);
interface Event {
  readonly text: string;
  readonly data: string | null;
}
/** One event: comments, other fields, and data in several lines. */
const event: fc.Arbitrary<Event> = fc
  .record({
    data: fc.option(data),
    eol: lineEnd,
    space: fc.constantFrom('', ' '),
    before: fc.subarray([':', ': ping', 'event: x', 'id', 'dat: 1', 'datas: 2', 'retry:5']),
  })
  .filter(({ data, before }) => data !== null || before.length > 0)
  .map(({ data, eol, space, before }) => {
    // Line ends within JSON stand where white space may.
    const lines = data?.split(/\r\n|\r|\n/) ?? [];
    const written = [...before, ...lines.map((line) => `data:${space}${line}`), '', ''];
    return { text: written.join(eol), data: data === null ? null : lines.join('\n') };
  });

const parsed = (text: string | null) => {
  try {
    return JSON.parse(text ?? '') as unknown;
  } catch {
    return null;
  }
};
/** An extra usage chunk, told by JSON.parse. */
function isExtra(text: string | null): boolean {
  const value = parsed(text) as { choices?: unknown } | null;
  const { choices } = value ?? {};
  return told(value).usage !== null && Array.isArray(choices) && choices.length === 0;
}

function expected(events: readonly Event[]) {
  const seen: ReturnType<typeof told> = { usage: null, model: null };
  for (const { usage, model } of events.map((one) => told(parsed(one.data)))) {
    if (usage !== null || seen.model === null) seen.model = model ?? seen.model;
    seen.usage = usage ?? seen.usage;
  }
  return seen;
}

/** An event in which such a key stands twice may be ruled out by the first, and then passes. */
const hasTwice = ({ data }: Event) =>
  /"(?:c|\\u0063)hoices".*"(?:c|\\u0063)hoices"|"(?:u|\\u0075)sage".*"(?:u|\\u0075)sage"/s.test(data ?? '');
const events = fc.array(event, { maxLength: 8 });

describe('a stream of events', () => {
  test('passes as it is and tells what its last usage is, however it is split', () => {
    fc.assert(
      fc.property(events, cuts, fc.constantFrom('', '\ufeff'), (all, at, mark) => {
        const text = mark + all.map(({ text }) => text).join('');
        const reader = new EventReader(false);
        expect(pass(reader, text, at)).toBe(text);
        expect(found(reader)).toEqual(expected(all));
      }),
      { numRuns: 2_000 },
    );
  });

  test('loses its extra usage chunks and not a byte more', () => {
    let lost = 0;
    fc.assert(
      fc.property(events, cuts, (all, at) => {
        fc.pre(!all.some(hasTwice));
        const reader = new EventReader(true);
        const passed = pass(reader, all.map(({ text }) => text).join(''), at);
        expect(found(reader)).toEqual(expected(all));
        const kept = all.filter(({ data }) => !isExtra(data));
        lost += all.length - kept.length;
        expect(dataOf(passed)).toEqual(dataOf(kept.map(({ text }) => text).join('')));
        if (!all.some(({ text }) => /^:/m.test(text))) expect(passed).toBe(kept.map(({ text }) => text).join(''));
      }),
      { numRuns: 2_000 },
    );
    expect(lost).toBeGreaterThan(500);
  });

  const EXTRA = `data: ${chunkOf({ prompt_tokens: 3, completion_tokens: 4 })}`;

  test.each(['\n', '\r\n', '\r'])('with lines that end in %j loses the extra chunk wherever it is cut', (eol) => {
    const [before, after] = [`data: ${chunkOf(null, CONTENT)}${eol}${eol}`, `data: [DONE]${eol}${eol}`];
    const text = `${before}${EXTRA}${eol}${eol}${after}`;
    for (let cut = 0; cut <= text.length; cut++) {
      const reader = new EventReader(true);
      expect(pass(reader, text, [cut]), `${cut}`).toBe(before + after);
      expect(reader.usage, `${cut}`).toEqual({ prompt: 3, completion: 4 });
    }
  });

  test('passes all that cannot be the extra chunk at once', () => {
    const reader = new EventReader(true);
    const take = (text: string) => Buffer.concat(reader.take(encoder.encode(text))).toString();
    expect(take(': ping')).toBe(': ping');
    expect(take('\n')).toBe('\n');
    expect(take('data: [')).toBe('data: [');
    expect(take('DONE]\n\n')).toBe('DONE]\n\n');
    expect(take('data: {"model":"m","cho')).toBe('');
    expect(take('ices":[')).toBe('');
    expect(take('{')).toBe('data: {"model":"m","choices":[{');
    expect(take('"delta":{}}]}\n')).toBe('"delta":{}}]}\n');
    expect(take('\ndata: {"choices":[],"usage":null')).toBe('\n');
    expect(take(',')).toBe('data: {"choices":[],"usage":null,');
    expect(take('"x":1}\n\n')).toBe('"x":1}\n\n');
    expect(take('event: usage\n')).toBe('');
    expect(take('data: text\n')).toBe('event: usage\ndata: text\n');
  });

  test('holds back 8 KB of an event at most, and reads a longer one all the same', () => {
    const reader = new EventReader(true);
    let passed = 0;
    let fed = 0;
    for (const piece of ['data: {"pad":"', ...Array<string>(200).fill('x'.repeat(100))]) {
      fed += piece.length;
      for (const bytes of reader.take(encoder.encode(piece))) passed += bytes.byteLength;
      expect(fed - passed).toBeLessThanOrEqual(8_192);
    }
    reader.take(encoder.encode('","choices":[],"usage":{"prompt_tokens":1}}\n\n'));
    expect(reader.usage).toEqual({ prompt: 1, completion: 0 });
  });

  test.each([
    ['is broken JSON', `data: {"choices":[],"usage":{"prompt_tokens":1},\n\n`],
    ['has a key that only begins like one', `data: {"${escapes('choices')}x":[],"usage":{"prompt_tokens":1}}\n\n`],
    ['has no choices at all', 'data: {"usage":{"prompt_tokens":1}}\n\n'],
    ['has other choices', 'data: {"choices":[[]],"usage":{"prompt_tokens":1}}\n\n'],
  ])('keeps an event that %s', (_, text) => {
    expect(pass(new EventReader(true), text)).toBe(text);
  });

  test('loses an extra chunk whose keys are written in escapes', () => {
    const text = `data: {"${escapes('choices')}":[ ],"${escapes('usage')}":{"prompt_tokens":1}}\n\n`;
    expect(pass(new EventReader(true), text)).toBe('');
  });

  test('that ends within an event tells what that one told, and keeps it back only where it was the extra chunk', () => {
    const whole = new EventReader(true);
    expect(pass(whole, `data: 1\n\n${EXTRA}`)).toBe('data: 1\n\n');
    expect(whole.usage).toEqual({ prompt: 3, completion: 4 });
    expect(pass(new EventReader(true), EXTRA.slice(0, -2))).toBe(EXTRA.slice(0, -2));
  });
});
