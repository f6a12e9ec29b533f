import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { createGzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startOrigin, type TestOrigin } from '../support/origin.ts';
import { type Reader, startReader } from './reader.ts';
import type { Mode } from './usage-worker.ts';

/*
 * A long answer takes no memory: that of the runtime's process is measured from outside, from the first megabyte of an
 * answer on, after one that has warmed it up.
 */

const MIB = 1_048_576;
const GROWTH = 16 * MIB;
const CHUNK = `data: ${JSON.stringify({ model: 'small', choices: [{ delta: { content: 'some words ' } }], usage: null })}\n\n`;
const EVENTS = Buffer.from(CHUNK.repeat(Math.floor(MIB / CHUNK.length)));
/** An event and a JSON text that have no end for a long time. */
const FILL = Buffer.alloc(MIB, 'x');
const USAGE = '"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":6}}';

let origin: TestOrigin;
let reader: Reader;

beforeAll(async () => {
  origin = await startOrigin();
  reader = await startReader(origin.url);
});

afterAll(async () => {
  await Promise.all([reader.stop(), origin.stop()]);
});

interface Shape {
  readonly type: string;
  readonly head: string;
  readonly fill: Buffer;
  readonly tail: string;
  readonly mode: Mode;
  readonly coding?: 'gzip';
}

const SSE = { type: 'text/event-stream', head: '', fill: EVENTS, tail: `data: {${USAGE}\n\n` };
const SHAPES: Record<string, Shape> = {
  'a stream of events': { ...SSE, mode: 'read' },
  'a stream of events in gzip': { ...SSE, mode: 'read', coding: 'gzip' },
  'a stream of events without its extra chunk': { ...SSE, mode: 'strip' },
  'one long event': { ...SSE, head: 'data: {"pad":"', fill: FILL, tail: `",${USAGE}\n\n`, mode: 'strip' },
  'one long JSON text in gzip': {
    type: 'application/json',
    head: '{"usage":"',
    fill: FILL,
    tail: `",${USAGE}`,
    mode: 'read',
    coding: 'gzip',
  },
  'one long JSON text': { type: 'application/json', head: '{"usage":"', fill: FILL, tail: `",${USAGE}`, mode: 'read' },
};

/** Streams `mebibytes` and tells how many bytes have been handed to the network. */
function serve(shape: Shape, mebibytes: number): { writtenBytes: number } {
  const told = { writtenBytes: 0 };
  origin.routes.set('/answer', async (_, response) => {
    response.writeHead(200, { 'content-type': shape.type, ...(shape.coding && { 'content-encoding': shape.coding }) });
    const out = shape.coding === undefined ? response : createGzip({ level: 1 });
    if (out !== response) out.pipe(response);
    out.write(shape.head);
    for (let i = 0; i < mebibytes && !response.destroyed; i++) {
      if (!out.write(shape.fill)) await drained(out as ServerResponse, response);
      told.writtenBytes += shape.fill.byteLength;
    }
    out.end(shape.tail);
  });
  return told;
}

function drained(out: ServerResponse, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      out.off('drain', go);
      response.off('close', go);
      resolve();
    };
    out.on('drain', go);
    response.on('close', go);
  });
}

/** Asks without decoding what is coded. */
function ask(mode: Mode): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${reader.url}/answer`, { headers: { 'test-mode': mode } }, resolve).on('error', reject);
  });
}

async function lastUsage(): Promise<unknown> {
  let readings: { usage: unknown }[] = [];
  const read = async () => {
    readings = (await (await fetch(`${reader.url}/readings`)).json()) as typeof readings;
    return readings.length;
  };
  await expect.poll(read).toBeGreaterThan(0);
  return readings.at(-1)?.usage;
}

/** The most that memory grew while an answer passed, from its first byte on. */
async function growthOver(shape: Shape, mebibytes: number): Promise<number> {
  serve(shape, mebibytes);
  const answer = await ask(shape.mode);
  let start = 0;
  let most = 0;
  for await (const _ of answer) {
    const bytes = reader.residentBytes();
    if (start === 0) start = bytes;
    most = Math.max(most, bytes);
  }
  expect(await lastUsage()).toEqual({ prompt: 5, completion: 6 });
  return most - start;
}

describe.skipIf(process.platform !== 'linux')('memory stays flat', () => {
  test.each(Object.entries(SHAPES))('over 100 MB of %s', async (_, shape) => {
    await growthOver(shape, 10);
    expect(await growthOver(shape, 100)).toBeLessThan(GROWTH);
  });

  test('while a slow client holds up a fast origin', async () => {
    const shape = SHAPES['a stream of events'] as Shape;
    await growthOver(shape, 10);
    const start = reader.residentBytes();
    const told = serve(shape, 100);
    const answer = await ask('read');
    answer.pause();
    let before = -1;
    // What the sockets take in is taken within a few rounds.
    while (before !== told.writtenBytes) {
      before = told.writtenBytes;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(told.writtenBytes).toBeLessThan(50 * MIB);
    expect(reader.residentBytes() - start).toBeLessThan(GROWTH);
    answer.destroy();
  });
});
