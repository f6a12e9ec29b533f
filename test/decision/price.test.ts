import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePrice, costOf, type Outcome, reservation } from '../../src/decision/price.ts';

const MOST = 999_999_999_999;
const UNKNOWN = { maxTokens: null, promptBytes: 0, model: null };
const fixed = compilePrice({ from: 'fixed', micro: 250 });
const header = compilePrice({ from: 'header', name: 'x-cost', max_micro: 9_000 });
const usage = compilePrice({
  from: 'usage',
  models: { small: { prompt: 150_000, completion: 600_000 }, '*': { prompt: 1_000_000, completion: 3_000_000 } },
  max_micro: 50_000,
  include_usage: false,
});
const named = compilePrice({
  from: 'usage',
  models: { small: { prompt: 1, completion: 1 } },
  max_micro: 700,
  include_usage: true,
});

function outcome(told: Partial<Outcome>): Outcome {
  return { status: 200, header: null, usage: null, model: null, reservation: 777, ...told };
}
const tokens = (prompt: number, completion: number) => ({ usage: { prompt, completion } });

describe('a reservation', () => {
  test('is the fixed price, or the ceiling of a header', () => {
    expect(reservation(fixed, UNKNOWN)).toBe(250);
    expect(reservation(header, { maxTokens: 5, promptBytes: 5, model: 'small' })).toBe(9_000);
  });

  test('is what the request allows at most, where it says so', () => {
    expect(reservation(usage, { maxTokens: 1_000, promptBytes: 400, model: 'small' })).toBe(60 + 600);
    expect(reservation(usage, { maxTokens: 1_000, promptBytes: 400, model: 'other' })).toBe(400 + 3_000);
    expect(reservation(usage, { maxTokens: 0, promptBytes: 0, model: 'small' })).toBe(0);
  });

  test('is never above the ceiling, and is the ceiling where something is unknown', () => {
    expect(reservation(usage, { maxTokens: 1_000_000, promptBytes: 400, model: 'small' })).toBe(50_000);
    expect(reservation(usage, { maxTokens: null, promptBytes: 400, model: 'small' })).toBe(50_000);
    expect(reservation(usage, { maxTokens: 1, promptBytes: 400, model: null })).toBe(50_000);
    for (const model of ['other', 'constructor', '__proto__', '*']) {
      expect(reservation(named, { maxTokens: 1, promptBytes: 1, model }), model).toBe(700);
    }
  });

  test('covers what the answer costs that keeps to it', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), fc.nat(100_000), fc.nat(100_000), (bytes, max, less, fewer) => {
        const facts = { maxTokens: max, promptBytes: bytes, model: 'small' };
        const wide = compilePrice({
          from: 'usage',
          models: { '*': { prompt: 7, completion: 11_003 } },
          max_micro: MOST,
          include_usage: false,
        });
        const cost = costOf(wide, outcome({ ...tokens(Math.min(bytes, less), Math.min(max, fewer)), model: 'small' }));
        expect(cost).toBeLessThanOrEqual(reservation(wide, facts));
      }),
    );
  });
});

describe('a fixed price', () => {
  test('is not taken for an error', () => {
    for (const status of [101, 200, 204, 301, 304, 399])
      expect(costOf(fixed, outcome({ status })), `${status}`).toBe(250);
    for (const status of [400, 404, 429, 500, 502, 504])
      expect(costOf(fixed, outcome({ status })), `${status}`).toBe(0);
  });
});

describe('a price by header', () => {
  test('is what the origin tells, of an error too', () => {
    expect(costOf(header, outcome({ header: '0' }))).toBe(0);
    expect(costOf(header, outcome({ header: '1234' }))).toBe(1_234);
    expect(costOf(header, outcome({ header: '12345678' }))).toBe(12_345_678);
    expect(costOf(header, outcome({ header: '999999999999' }))).toBe(999_999_999_999);
    expect(costOf(header, outcome({ header: '12', status: 500 }))).toBe(12);
  });

  test('is the reservation where it cannot be read, and nothing of an error', () => {
    for (const text of [null, '', ' ', '-1', '1.5', '1e3', '0x10', '1, 2', '1000000000000', 'NaN', '١']) {
      expect(costOf(header, outcome({ header: text })), `${text}`).toBe(777);
      expect(costOf(header, outcome({ header: text, status: 404 })), `${text}`).toBe(0);
    }
  });
});

describe('a price by tokens', () => {
  test("is that of the answer's model, or else of any other", () => {
    expect(costOf(usage, outcome({ ...tokens(1_000, 1_000), model: 'small' }))).toBe(150 + 600);
    expect(costOf(usage, outcome({ ...tokens(1_000, 1_000), model: 'small-2' }))).toBe(1_000 + 3_000);
    expect(costOf(usage, outcome(tokens(1_000, 1_000)))).toBe(1_000 + 3_000);
  });

  test('is rounded up to a whole micro-credit, once', () => {
    expect(costOf(usage, outcome({ ...tokens(1, 0), model: 'small' }))).toBe(1);
    expect(costOf(usage, outcome({ ...tokens(7, 1), model: 'small' }))).toBe(2);
    expect(costOf(usage, outcome({ ...tokens(0, 0), model: 'small' }))).toBe(0);
  });

  test('is the reservation where no usage or no price is there, and nothing of an error or an answer without content', () => {
    for (const told of [{}, { model: 'small' }]) {
      expect(costOf(usage, outcome(told))).toBe(777);
      for (const status of [101, 204, 302, 304]) expect(costOf(usage, outcome({ ...told, status }))).toBe(0);
      expect(costOf(usage, outcome({ ...told, status: 400 }))).toBe(0);
    }
    for (const model of ['other', 'constructor', null]) {
      expect(costOf(named, outcome({ ...tokens(5, 5), model }))).toBe(777);
      expect(costOf(named, outcome({ ...tokens(5, 5), model, status: 503 }))).toBe(0);
    }
  });

  test('is exact where the product passes 2^53, and has an end', () => {
    const price = compilePrice({
      from: 'usage',
      models: { '*': { prompt: 999_999_999_937, completion: 3 } },
      max_micro: 1,
      include_usage: false,
    });
    expect(costOf(price, outcome(tokens(999_937, 1)))).toBe(999_936_999_938);
    expect(costOf(price, outcome(tokens(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)))).toBe(MOST);
  });

  test('is whole, and never below the exact value nor a micro-credit above it', () => {
    const amount = fc.maxSafeNat();
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.nat(10_000_000), amount, amount, (prompt, completion, a, b) => {
        const models = { m: { prompt: a % MOST, completion: b % MOST } };
        const price = compilePrice({ from: 'usage', models, max_micro: 1, include_usage: false });
        const cost = costOf(price, outcome({ ...tokens(prompt, completion), model: 'm' }));
        expect(Number.isSafeInteger(cost)).toBe(true);
        if (cost === MOST) return;
        const exact = BigInt(prompt) * BigInt(a % MOST) + BigInt(completion) * BigInt(b % MOST);
        expect(BigInt(cost) * 1_000_000n >= exact).toBe(true);
        expect((BigInt(cost) - 1n) * 1_000_000n < exact).toBe(true);
      }),
    );
  });
});
