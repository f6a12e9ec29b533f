import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memberSpans, skipSpace } from '../../src/gateway/json-members.ts';
import { readRequest, type UsageRequest } from '../../src/gateway/usage-request.ts';

const MIB = 1_048_576;

/** Reads a body as the gateway does, which is told its length. */
function read(text: string | Uint8Array<ArrayBuffer>, includeUsage = true, headers: Record<string, string> = {}) {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const { body } = new Response(bytes);
  const sent = { 'content-type': 'application/json', 'content-length': `${bytes.byteLength}`, ...headers };
  return readRequest(body, new Headers(sent), includeUsage);
}

function textOf({ body }: UsageRequest): string {
  if (!(body instanceof Uint8Array)) throw new Error('the body was not read');
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
}

const UNKNOWN = { maxTokens: null, promptBytes: 0, model: null, stream: false, injected: false };

describe('what a request allows', () => {
  test('is read out of its body, which passes as it was', async () => {
    const text = '{ "model": "small",\n"max_tokens" : 50, "messages":[{"content":"{\\"max_tokens\\":1}"}] }';
    const asked = await read(text);
    expect(asked).toMatchObject({ maxTokens: 50, model: 'small', stream: false, injected: false });
    expect(asked.promptBytes).toBe(text.length);
    expect(textOf(asked)).toBe(text);
  });

  test.each([
    ['{"max_tokens":5}', 5],
    ['{"max_tokens":5,"max_completion_tokens":7}', 7],
    ['{"max_tokens":5,"max_completion_tokens":null}', 5],
    ['{"max_tokens":9,"max_completion_tokens":1}', 9],
    ['{"max_tokens":5,"n":3}', 15],
    ['{"max_tokens":5,"n":2,"best_of":4}', 20],
    ['{"max_tokens":5,"prompt":["one","two","three"]}', 15],
    ['{"max_tokens":5,"prompt":[[1,2],[3]],"n":2}', 20],
    ['{"max_tokens":5,"prompt":[1,2,3]}', 5],
    ['{"max_tokens":5,"prompt":[]}', 5],
    ['{"max_tokens":5,"best_of":"many"}', null],
    ['{"max_tokens":5,"n":1}', 5],
    ['{"max_tokens":5,"n":0}', 5],
    ['{"max_tokens":5,"n":null}', 5],
    ['{"max_tokens":0}', 0],
    ['{"n":3}', null],
    ['{"max_tokens":-5}', null],
    ['{"max_tokens":1.5}', null],
    ['{"max_tokens":"5"}', null],
    ['{"max_tokens":5,"n":"3"}', null],
    ['{"max_tokens":9007199254740991,"n":2}', null],
    ['{"max_tokens":1e400}', null],
  ])('%s in tokens: %s', async (text, maxTokens) => {
    expect((await read(text)).maxTokens).toBe(maxTokens);
  });

  test('counts a body in bytes, not in characters', async () => {
    expect((await read('{"model":"é€😀"}')).promptBytes).toBe(12 + 9);
  });
});

describe('a body that is not looked at', () => {
  const text = '{"model":"small","max_tokens":1,"stream":true}';

  test.each([
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/jsonl' },
    { 'content-type': 'multipart/form-data; boundary=application/json' },
    { 'content-encoding': 'gzip' },
    { 'content-length': `${MIB + 1}` },
    { 'content-length': 'many' },
  ])('with %o passes as the stream that it is', async (headers) => {
    const asked = await read(text, true, headers);
    expect(asked).toMatchObject(UNKNOWN);
    expect(await new Response(asked.body as ReadableStream).text()).toBe(text);
  });

  test('has no declared length, or is not there', async () => {
    const { body } = new Response(text);
    const asked = await readRequest(body, new Headers({ 'content-type': 'application/json' }), true);
    expect(asked).toEqual({ ...UNKNOWN, body });
    expect(await readRequest(null, new Headers(), true)).toEqual({ ...UNKNOWN, body: null });
  });

  test('is read up to 1 MiB and with parameters of its type', async () => {
    const long = `{"stream":true,"pad":"${'x'.repeat(MIB - 24)}"}`;
    expect(long.length).toBe(MIB);
    const asked = await read(long, true, { 'content-type': 'Application/JSON; charset=utf-8' });
    expect(asked.injected).toBe(true);
  });

  test.each([
    '',
    '{',
    '[]',
    'null',
    '"stream"',
    '{"stream":true}x',
    "{'stream':true}",
    '{"stream":true,}',
    '\ufeff{"stream":true,"max_tokens":1}',
    '{"max_tokens":1,"max_tokens":2,"stream":true}',
    '{"stream":true,"stream_options":{},"stream\\u005foptions":{}}',
  ])('is %j, which one origin may read otherwise than another', async (text) => {
    const asked = await read(text);
    expect(asked).toMatchObject(UNKNOWN);
    expect(textOf(asked)).toBe(text);
  });

  test('is no UTF-8', async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('{"stream":true,"a":"'), 0xff, 0x22, 0x7d]);
    const asked = await read(bytes);
    expect(asked).toMatchObject(UNKNOWN);
    expect(asked.body).toEqual(bytes);
  });

  test('breaks off: that is the caller to know', async () => {
    const body = new ReadableStream({ start: (controller) => controller.error(new Error('gone')) });
    const headers = new Headers({ 'content-type': 'application/json', 'content-length': '9' });
    await expect(readRequest(body, headers, true)).rejects.toThrow('gone');
  });
});

describe('the question for the usage', () => {
  test.each([
    ['{"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    [' {\n"stream" : true}\t', ' {"stream_options":{"include_usage":true},\n"stream" : true}\t'],
    ['{"stream":true,"stream_options":{}}', '{"stream":true,"stream_options":{"include_usage":true}}'],
    ['{"stream":true,"stream_options": { } }', '{"stream":true,"stream_options": {"include_usage":true } }'],
    ['{"stream":true,"stream_options": null }', '{"stream":true,"stream_options": {"include_usage":true} }'],
    [
      '{"stream_options":{"a":[1.0]},"stream":true}',
      '{"stream_options":{"include_usage":true,"a":[1.0]},"stream":true}',
    ],
    [
      '{"stream":true,"stream_options":{"include_usage" : false}}',
      '{"stream":true,"stream_options":{"include_usage" : true}}',
    ],
    [
      '{"stream":true,"stream_options":{"include_usage":null,"a":1}}',
      '{"stream":true,"stream_options":{"include_usage":true,"a":1}}',
    ],
    [
      '{"stream":true,"stream\\u005foptions":{"x":0}}',
      '{"stream":true,"stream\\u005foptions":{"include_usage":true,"x":0}}',
    ],
    [
      '{"stream":true,"a":{"stream_options":{"include_usage":true}}}',
      '{"stream_options":{"include_usage":true},"stream":true,"a":{"stream_options":{"include_usage":true}}}',
    ],
    [
      '{"a":"\\",\\"stream_options\\":{\\"include_usage\\":true}","stream":true}',
      '{"stream_options":{"include_usage":true},"a":"\\",\\"stream_options\\":{\\"include_usage\\":true}","stream":true}',
    ],
    [
      '{"stream":true,"t":1.50e+1,"big":12345678901234567890}',
      '{"stream_options":{"include_usage":true},"stream":true,"t":1.50e+1,"big":12345678901234567890}',
    ],
  ])('is put into %s', async (text, expected) => {
    const asked = await read(text);
    expect(textOf(asked)).toBe(expected);
    expect(asked).toMatchObject({ stream: true, injected: true, promptBytes: text.length });
  });

  test.each([
    '{"stream":true,"stream_options":{"include_usage":true}}',
    '{"stream":true,"stream_options":{"include\\u005fusage":true}}',
    '{"stream":true,"stream_options":{"include_usage":1}}',
    '{"stream":true,"stream_options":{"include_usage":false,"include_usage":false}}',
    '{"stream":true,"stream_options":[]}',
    '{"stream":true,"stream_options":"all"}',
    '{"stream":false}',
    '{"stream":1}',
    '{}',
  ])('is not put into %s', async (text) => {
    const asked = await read(text);
    expect(textOf(asked)).toBe(text);
    expect(asked.injected).toBe(false);
  });

  test('is put nowhere where the policy does not say so', async () => {
    const asked = await read('{"stream":true}', false);
    expect(textOf(asked)).toBe('{"stream":true}');
    expect(asked).toMatchObject({ stream: true, injected: false });
  });
});

// No key ends in a backslash: V8's JSON.parse then takes another that ends in a quote for it.
const key = fc.oneof(
  fc.constantFrom(
    'stream',
    'stream_options',
    'include_usage',
    'max_tokens',
    'model',
    '"',
    '\\\\"',
    '{"',
    '__proto__',
    '',
  ),
  fc.string({ unit: 'binary' }).filter((text) => !text.endsWith('\\')),
);
const value = fc.oneof(fc.json({ maxDepth: 3 }), fc.constantFrom('true', 'false', '1e5', '-0.0', '{}', '[]'));
const space = fc.constantFrom('', '', ' ', '\n', '\t \r\n');
/** JSON texts of objects, as odd as the grammar allows. */
function objectOf(inner: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const member = fc
    .tuple(space, key, space, space, inner, space, fc.boolean())
    .map(([a, name, b, c, text, d, isEscaped]) => {
      const quoted = JSON.stringify(name);
      const written = isEscaped ? quoted.replace(/_/g, '\\u005f') : quoted;
      return `${a}${written}${b}:${c}${text}${d}`;
    });
  return fc
    .tuple(space, fc.array(member, { maxLength: 6 }), space)
    .map(([a, members, b]) => `${a}{${members.join(',')}${a}}${b}`);
}
const objectText = objectOf(fc.oneof(value, objectOf(value)));

describe('any JSON object', () => {
  test('has its values found where they stand', () => {
    fc.assert(
      fc.property(objectText, (text) => {
        const parsed: Record<string, unknown> = JSON.parse(text);
        const spans = memberSpans(text, skipSpace(text, 0));
        if (spans === null) return;
        expect([...spans.keys()].sort()).toEqual(Object.keys(parsed).sort());
        for (const [name, { start, end }] of spans) {
          expect(JSON.parse(text.slice(start, end))).toEqual(Object.getOwnPropertyDescriptor(parsed, name)?.value);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('reads the same after the question, but for the question', async () => {
    const streaming = objectText.map((text) =>
      text.replace('{', /\{\s*\}\s*$/.test(text) ? '{"stream":true' : '{"stream":true,'),
    );
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(streaming, async (text) => {
        const before = JSON.parse(text);
        const result = await read(text);
        const after = textOf(result);
        if (!result.injected) {
          expect(after).toBe(text);
          return;
        }
        asked++;
        const options = before.stream_options ?? {};
        expect(JSON.parse(after)).toEqual({ ...before, stream_options: { ...options, include_usage: true } });
        expect(after.length - text.length).toBeLessThanOrEqual('"stream_options":{"include_usage":true},'.length);
      }),
      { numRuns: 1_000 },
    );
    expect(asked).toBeGreaterThan(300);
  });
});
