import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { brotliCompressSync, constants, createGzip, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Origin, startOrigin as startDemo } from '../../dev/origin.ts';
import type { Reading } from '../../src/gateway/usage-reader.ts';
import { startOrigin, type TestOrigin } from '../support/origin.ts';
import { type Reader, startReader } from './reader.ts';
import type { Mode } from './usage-worker.ts';

const MIB = 1_048_576;
const JSON_TYPE = { 'content-type': 'application/json' };
const SSE = { 'content-type': 'text/event-stream; charset=utf-8' };
const USAGE = { prompt_tokens: 11, completion_tokens: 22, total_tokens: 33 };
const READ = { usage: { prompt: 11, completion: 22 }, model: 'small' };
const COMPLETION = JSON.stringify({
  model: 'small',
  choices: [{ message: { content: 'hello '.repeat(500) } }],
  usage: USAGE,
});
const event = (value: object) => `data: ${JSON.stringify({ model: 'small', ...value })}\n\n`;
const CONTENT = event({ choices: [{ delta: { content: 'hello' } }], usage: null });
const EXTRA = event({ choices: [], usage: USAGE });
const DONE = 'data: [DONE]\n\n';

/** At a quality that the runtime itself would not choose. */
const brotli = (text: string | Buffer) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
const CODINGS = { gzip: gzipSync, deflate: deflateSync, br: brotli };

let origin: TestOrigin;
let demo: Origin;
let reader: Reader;
let demoReader: Reader;
let url: string;

beforeAll(async () => {
  [origin, demo] = await Promise.all([startOrigin(), startDemo()]);
  reader = await startReader(origin.url);
  demoReader = await startReader(demo.url);
  url = reader.url;
});

afterAll(async () => {
  await Promise.all([reader.stop(), demoReader.stop(), origin.stop()]);
  demo.close();
});

beforeEach(async () => {
  origin.routes.clear();
  await fetch(`${url}/readings`);
});

/** What was read of the answers so far; waits for the first. */
async function readingsAt(base = url): Promise<Reading[]> {
  const readings: Reading[] = [];
  await expect
    .poll(async () => readings.push(...((await (await fetch(`${base}/readings`)).json()) as Reading[])), {
      timeout: 10_000,
    })
    .toBeGreaterThan(0);
  return readings;
}

const reading = async () => (await readingsAt())[0];
const ask = (mode: Mode = 'read', init: RequestInit = {}) =>
  fetch(`${url}/answer`, { ...init, headers: { 'test-mode': mode } });

/** The bytes as they come over the wire. */
function raw(): Promise<{ headers: IncomingMessage['headers']; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    get(`${url}/answer`, async (answer) => {
      resolve({ headers: answer.headers, bytes: Buffer.concat(await answer.toArray()) });
    }).on('error', reject);
  });
}

function answerWith(headers: Record<string, string>, body: string | Buffer, status = 200): void {
  origin.routes.set('/answer', (_, response) => {
    response.writeHead(status, headers).end(body);
  });
}

/** Has the origin answer with a stream that the test writes. */
function openStream(headers: Record<string, string | number>): Promise<ServerResponse> {
  return new Promise((resolve) => {
    origin.routes.set('/answer', (_, response) => {
      response.writeHead(200, headers).flushHeaders();
      resolve(response);
    });
  });
}

const closed = (response: ServerResponse) => new Promise<void>((resolve) => response.on('close', resolve));

describe('an answer', () => {
  test('of declared length passes with it, and its usage is read', async () => {
    answerWith({ ...JSON_TYPE, 'content-length': `${COMPLETION.length}` }, COMPLETION);
    const { headers, bytes } = await raw();
    expect(headers['content-length']).toBe(`${COMPLETION.length}`);
    expect(bytes.toString()).toBe(COMPLETION);
    expect(await reading()).toEqual({ ...READ, bytes: COMPLETION.length, ended: 'whole' });
  });

  test('that streams tells its last usage', async () => {
    const text = CONTENT + event({ choices: [], usage: { prompt_tokens: 1 } }) + EXTRA + DONE;
    answerWith(SSE, text);
    expect(await (await ask()).text()).toBe(text);
    expect(await reading()).toEqual({ ...READ, bytes: text.length, ended: 'whole' });
  });

  test.each(Object.keys(CODINGS) as (keyof typeof CODINGS)[])(
    'in %s passes byte for byte, and its usage is read',
    async (coding) => {
      for (const [type, text] of [
        [JSON_TYPE, COMPLETION],
        [SSE, CONTENT.repeat(5_000) + EXTRA + DONE],
      ] as const) {
        const bytes = CODINGS[coding](text);
        answerWith({ ...type, 'content-encoding': coding }, bytes);
        const passed = await raw();
        expect(passed.headers['content-encoding']).toBe(coding);
        expect(passed.bytes.equals(bytes)).toBe(true);
        expect(await reading()).toEqual({ ...READ, bytes: bytes.byteLength, ended: 'whole' });
      }
    },
  );

  test('in gzip passes event by event', async () => {
    const opened = openStream({ ...SSE, 'content-encoding': 'gzip' });
    const answering = fetch(`${url}/answer`);
    const gzip = createGzip();
    gzip.pipe(await opened);
    const write = (text: string) => gzip.write(text) && gzip.flush(constants.Z_SYNC_FLUSH);
    write(CONTENT);
    const events = (await answering).body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await events?.read())?.value).toBe(CONTENT);
    write(EXTRA);
    expect((await events?.read())?.value).toBe(EXTRA);
    gzip.end();
    expect((await events?.read())?.done).toBe(true);
    expect(await reading()).toMatchObject({ ...READ, ended: 'whole' });
  });

  test.each([
    ['in a coding that is not known', { 'content-encoding': 'zstd' }, zstdCompressSync(COMPLETION)],
    ['in two codings', { 'content-encoding': 'gzip, br' }, brotli(gzipSync(COMPLETION))],
    ['in a broken coding', { 'content-encoding': 'gzip' }, Buffer.from(COMPLETION)],
    ['in a cut coding', { 'content-encoding': 'br' }, brotli(COMPLETION).subarray(0, 20)],
    ['of another type', { 'content-type': 'text/plain' }, Buffer.from(COMPLETION)],
  ])('%s passes and tells no usage', async (_, headers, bytes) => {
    answerWith({ ...JSON_TYPE, ...headers }, bytes);
    expect((await raw()).bytes.equals(bytes)).toBe(true);
    expect(await reading()).toEqual({ usage: null, model: null, bytes: bytes.byteLength, ended: 'whole' });
  });

  test('that decodes to far more than it is passes, and does no harm', async () => {
    const zeros = Buffer.alloc(100 * MIB);
    for (const [coding, bytes] of [
      ['br', brotliCompressSync(zeros)],
      ['gzip', gzipSync(zeros)],
    ] as const) {
      answerWith({ ...JSON_TYPE, 'content-encoding': coding }, bytes);
      expect((await raw()).bytes.equals(bytes)).toBe(true);
      expect(await reading()).toEqual({ usage: null, model: null, bytes: bytes.byteLength, ended: 'whole' });
    }
  });

  test('without a body has nothing to read', async () => {
    answerWith(JSON_TYPE, '', 204);
    expect((await ask()).status).toBe(204);
    expect(await reading()).toEqual({ usage: null, model: null, bytes: 0, ended: 'whole' });
    answerWith({ ...JSON_TYPE, 'content-length': '99' }, '');
    expect((await ask('read', { method: 'HEAD' })).headers.get('content-length')).toBe('99');
    expect(await reading()).toEqual({ usage: null, model: null, bytes: 0, ended: 'whole' });
  });

  test('that the origin breaks off breaks off at the client, and what was read counts', async () => {
    for (const headers of [SSE, { ...SSE, 'content-length': 9_999 }]) {
      for (const mode of ['read', 'strip'] as const) {
        const opened = openStream(headers);
        const answering = ask(mode);
        const response = await opened;
        const sent = EXTRA + CONTENT + CONTENT.slice(0, 20);
        response.write(sent);
        setTimeout(() => response.destroy(), 20);
        await expect((await answering).text()).rejects.toThrow();
        const passed = mode === 'strip' && !('content-length' in headers) ? sent.length - EXTRA.length : sent.length;
        expect(await reading()).toEqual({ ...READ, bytes: passed, ended: 'cut' });
      }
    }
  });
});

describe('the extra usage chunk', () => {
  test('is taken out where that was asked, and counted as not passed', async () => {
    answerWith(SSE, CONTENT + EXTRA + DONE);
    expect(await (await ask('strip')).text()).toBe(CONTENT + DONE);
    expect(await reading()).toEqual({ ...READ, bytes: CONTENT.length + DONE.length, ended: 'whole' });
  });

  test('stays where the length is declared, or the answer is coded', async () => {
    const text = CONTENT + EXTRA + DONE;
    answerWith({ ...SSE, 'content-length': `${text.length}` }, text);
    expect(await (await ask('strip')).text()).toBe(text);
    answerWith({ ...SSE, 'content-encoding': 'gzip' }, gzipSync(text));
    expect(await (await ask('strip')).text()).toBe(text);
  });

  test('does not hold up what comes before it', async () => {
    const opened = openStream(SSE);
    const events = (await ask('strip')).body?.pipeThrough(new TextDecoderStream()).getReader();
    const response = await opened;
    for (const text of [': ping\n\n', CONTENT, CONTENT.slice(0, 50), CONTENT.slice(50), DONE]) {
      response.write(text);
      expect((await events?.read())?.value).toBe(text);
    }
    response.end();
    expect((await events?.read())?.done).toBe(true);
  });

  test('is asked for and never seen by the openai SDK, unless the client asks for it', async () => {
    const client = new OpenAI({ baseURL: `${demoReader.url}/v1`, apiKey: 'any', maxRetries: 0 });
    for (const include_usage of [undefined, false, true]) {
      const stream = await client.chat.completions.create({
        model: 'demo',
        messages: [{ role: 'user', content: 'héllo "stream_options"' }],
        stream: true,
        ...(include_usage !== undefined && { stream_options: { include_usage } }),
      });
      let text = '';
      let extra = 0;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        if (chunk.choices.length === 0) extra++;
      }
      expect(text).toBe('You said "héllo "stream_options"". This answer came through Keystile from the demo origin.');
      expect(extra).toBe(include_usage === true ? 1 : 0);
      const [read] = await readingsAt(demoReader.url);
      expect(read).toMatchObject({ usage: { prompt: 2 }, model: 'demo' });
      expect(read?.usage?.completion).toBeGreaterThan(5);
    }
  });
});

/** Writes until the response is closed or `events` are out: local workerd notices that a client has gone when it writes to it. */
function keepWriting(response: ServerResponse, events = Number.POSITIVE_INFINITY): void {
  let written = 0;
  const timer = setInterval(() => {
    if (written++ < events) response.write(CONTENT);
    else response.end(EXTRA + DONE);
    if (written > events) clearInterval(timer);
  }, 10);
  response.on('close', () => clearInterval(timer));
}

/** Reads the first bytes of an answer and goes. */
async function leave(mode: Mode): Promise<void> {
  const body = (await ask(mode)).body?.getReader();
  await body?.read();
  await body?.cancel();
}

describe('a client that leaves early', () => {
  test.each(['read', 'strip'] as const)('is charged what the origin tells at the end: %s', async (mode) => {
    const opened = openStream(SSE);
    opened.then((response) => keepWriting(response, 30));
    await leave(mode);
    const response = await opened;
    await closed(response);
    expect(response.writableFinished).toBe(true);
    const read = await reading();
    expect(read).toMatchObject({ ...READ, ended: 'cut' });
    expect(read?.bytes).toBeLessThan(30 * CONTENT.length);
  });

  test('is not read for without end', async () => {
    const opened = openStream(SSE);
    opened.then(keepWriting);
    await leave('relay');
    const response = await opened;
    await closed(response);
    expect(response.writableFinished).toBe(false);
    expect(await reading()).toMatchObject({ ended: 'cut' });
  });

  test('ends at once what is only counted', async () => {
    const opened = openStream({ 'content-type': 'text/plain' });
    opened.then(keepWriting);
    await leave('count');
    const response = await opened;
    await closed(response);
    expect(response.writableFinished).toBe(false);
    expect(await reading()).toMatchObject({ ended: 'cut' });
  });
});

describe('a counted body', () => {
  test('passes as it is and is counted', async () => {
    const bytes = Buffer.from(Array.from({ length: 3 * MIB }, (_, i) => (i * 31) % 251));
    origin.routes.set('/answer', (_, response) => {
      response.write(bytes.subarray(0, 70_001));
      response.end(bytes.subarray(70_001));
    });
    expect(Buffer.from(await (await ask('count')).arrayBuffer()).equals(bytes)).toBe(true);
    expect(await reading()).toEqual({ bytes: bytes.byteLength, ended: 'whole' });
  });

  test('that the origin breaks off breaks off at the client', async () => {
    const opened = openStream({});
    const answering = ask('count');
    const response = await opened;
    response.write('part');
    setTimeout(() => response.destroy(), 20);
    await expect((await answering).text()).rejects.toThrow();
    expect(await reading()).toEqual({ bytes: 4, ended: 'cut' });
  });
});
