import { expect, test } from 'vitest';
import type { KeyRecord } from '../../src/decision/record.ts';
import { fromMemory, openLookup, remember } from '../../src/registry/lookup.ts';

/** Memory alone is looked at here, so no store is behind it. */
const lookup = () => openLookup(undefined as never, undefined as never, [] as never);
const at = (generation: number) => ({ keyId: 'key_1', generation }) as KeyRecord;
const MEMORY_MS = 600_000;

test('memory never replaces a higher generation by a lower, not even one that is too old to be used', () => {
  const memory = lookup();
  remember(memory, 'secret', at(3), 0);
  remember(memory, 'secret', at(2), 1);
  expect(fromMemory(memory, 'secret', 2)?.generation).toBe(3);
  remember(memory, 'secret', at(2), MEMORY_MS + 1);
  expect(fromMemory(memory, 'secret', MEMORY_MS + 2)).toBeUndefined();
  remember(memory, 'secret', at(4), MEMORY_MS + 3);
  expect(fromMemory(memory, 'secret', MEMORY_MS + 4)?.generation).toBe(4);
});

test('memory keeps a record for ten minutes, counted from when it was loaded last', () => {
  const memory = lookup();
  remember(memory, 'secret', at(1), 0);
  expect(fromMemory(memory, 'secret', MEMORY_MS - 1)?.generation).toBe(1);
  expect(fromMemory(memory, 'secret', MEMORY_MS)).toBeUndefined();
  remember(memory, 'secret', at(1), MEMORY_MS);
  expect(fromMemory(memory, 'secret', 2 * MEMORY_MS - 1)?.generation).toBe(1);
});
