import { expect, test } from 'vitest';
import { rateLimitHeaders } from '../../src/decision/ratelimit.ts';

test('limits are told in the syntax of the IETF draft', () => {
  expect(
    rateLimitHeaders([
      { name: 'rate', limit: 600, unit: null, remaining: 599, windowSeconds: 60, resetSeconds: 11.2 },
      { name: 'total', limit: 10, unit: null, remaining: 3, windowSeconds: null, resetSeconds: null },
    ]),
  ).toEqual({
    'ratelimit-policy': '"rate";q=600;w=60, "total";q=10',
    ratelimit: '"rate";r=599;t=12, "total";r=3',
  });
});

test('what remains is a whole number and never below zero', () => {
  const view = { name: 'rate', limit: 5, unit: null, remaining: -2, windowSeconds: 60, resetSeconds: -1 };
  expect(rateLimitHeaders([view])?.ratelimit).toBe('"rate";r=0;t=0');
  expect(rateLimitHeaders([{ ...view, remaining: 1.9 }])?.ratelimit).toBe('"rate";r=1;t=0');
});

test('what is not requests names its unit', () => {
  const view = {
    name: 'budget',
    limit: 500,
    unit: 'micro-credits',
    remaining: 20,
    windowSeconds: null,
    resetSeconds: 9,
  };
  expect(rateLimitHeaders([view])?.['ratelimit-policy']).toBe('"budget";q=500;qu="micro-credits"');
});

test('without a limit there are no headers', () => {
  expect(rateLimitHeaders([])).toBeNull();
});
