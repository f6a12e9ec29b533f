import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Chunk, chunksOf, MOST_BYTES, MOST_LINES } from '../../src/cli/import/chunks.ts';

/* How a file is cut: the same bytes alike, however they are read, and nothing twice or missing. */

async function cut(bytes: Buffer, blockBytes: number): Promise<Chunk[]> {
  async function* blocks() {
    for (let from = 0; from < bytes.length; from += blockBytes) yield bytes.subarray(from, from + blockBytes);
  }
  const chunks: Chunk[] = [];
  for await (const chunk of chunksOf(blocks())) chunks.push(chunk);
  return chunks;
}

const linesIn = (bytes: Buffer) => bytes.toString().split('\n').length - (bytes.at(-1) === 10 ? 1 : 0);

describe('a file is cut', () => {
  test('into chunks that are the file again, whatever blocks it is read in', async () => {
    const line = fc.oneof(fc.string({ maxLength: 12 }), fc.constant(''), fc.constant('ü'.repeat(20)));
    const file = fc.tuple(fc.array(line, { maxLength: 60 }), fc.boolean());
    await fc.assert(
      fc.asyncProperty(file, fc.integer({ min: 1, max: 90 }), async ([lines, isEnded], blockBytes) => {
        const bytes = Buffer.from(lines.join('\n') + (isEnded ? '\n' : ''));
        const chunks = await cut(bytes, blockBytes);
        expect(Buffer.concat(chunks.map(({ body }) => body))).toEqual(bytes);
        expect(chunks).toEqual(await cut(bytes, 1_000_000));
        expect(chunks.reduce((sum, each) => sum + each.lines, 0)).toBe(bytes.length === 0 ? 0 : linesIn(bytes));
      }),
    );
  });

  test('at the most lines, and each chunk knows where it stands', async () => {
    const bytes = Buffer.from('{}\n'.repeat(2 * MOST_LINES + 1));
    const chunks = await cut(bytes, 65_536);
    expect(chunks.map(({ number, firstLine, lines }) => [number, firstLine, lines])).toEqual([
      [1, 1, MOST_LINES],
      [2, MOST_LINES + 1, MOST_LINES],
      [3, 2 * MOST_LINES + 1, 1],
    ]);
    expect(chunks.map(({ endByte }) => endByte)).toEqual([15_000, 30_000, 30_003]);
    expect(await cut(Buffer.from('{}\n'.repeat(MOST_LINES)), 65_536)).toHaveLength(1);
  });

  test('at the most bytes, at the end of a line', async () => {
    const line = `${'x'.repeat(15_999)}\n`;
    const chunks = await cut(Buffer.from(line.repeat(1_001)), 65_536);
    expect(chunks.map(({ lines }) => lines)).toEqual([MOST_BYTES / 16_000, MOST_BYTES / 16_000, 1]);
  });

  test('with no more of a long line than shows that it is too long', async () => {
    const bytes = Buffer.from(`{}\n${'x'.repeat(300_000)}\n{"a":1}`);
    for (const blockBytes of [7_000, 65_536, 1_000_000]) {
      const [chunk] = await cut(bytes, blockBytes);
      expect(chunk?.body.toString()).toBe(`{}\n${'x'.repeat(17_000)}\n{"a":1}`);
      expect([chunk?.lines, chunk?.endByte]).toEqual([3, bytes.length]);
    }
  });
});
