import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { deriveBytes } from '../../src/credential/derive.ts';
import { Pepper } from '../../src/credential/digest.ts';

const pepper = new Pepper(1, new Uint8Array(32).fill(7));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

it('derives what HMAC-SHA256 in counter mode gives, block by block', async () => {
  const block = (i: number) =>
    createHmac('sha256', Buffer.alloc(32, 7)).update(`${i}:34:keystile: derived bytes, version 12:ab1:c`).digest('hex');
  const bytes = await deriveBytes(pepper, ['ab', 'c'], 70);
  expect(hex(bytes)).toBe((block(1) + block(2) + block(3)).slice(0, 140));
});

it('derives the same from the same, a part of it from less, and nothing alike from anything else', async () => {
  const all = await deriveBytes(pepper, ['a', 'b'], 64);
  expect(hex(await deriveBytes(pepper, ['a', 'b'], 64))).toBe(hex(all));
  expect(hex(await deriveBytes(pepper, ['a', 'b'], 10))).toBe(hex(all).slice(0, 20));
  const others = [['ab'], ['a', 'b', ''], ['b', 'a'], ['', 'ab'], ['a1:b']];
  for (const parts of others) expect(hex(await deriveBytes(pepper, parts, 64)), parts.join()).not.toBe(hex(all));
  const other = new Pepper(2, new Uint8Array(32).fill(8));
  expect(hex(await deriveBytes(other, ['a', 'b'], 64))).not.toBe(hex(all));
});
