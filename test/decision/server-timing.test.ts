import { expect, test } from 'vitest';
import { serverTiming } from '../../src/decision/server-timing.ts';

test.each([
  [{ admissionMs: 1.2, originMs: 35 }, 'keystile;dur=1.2, origin;dur=35'],
  [{ admissionMs: 0, originMs: 0.04 }, 'keystile;dur=0, origin;dur=0'],
  [{ admissionMs: 0.06, originMs: null }, 'keystile;dur=0.1'],
  [{ admissionMs: -2, originMs: 1e6 }, 'keystile;dur=0, origin;dur=1000000'],
])('%j is told as %s', (timing, header) => {
  expect(serverTiming(timing)).toBe(header);
});
