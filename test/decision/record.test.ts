import { describe, expect, test } from 'vitest';
import { isEqual, sameTerms, type Terms, termsOf } from '../../src/decision/record.ts';

const terms: Terms = {
  status: 'active',
  accountStatus: 'active',
  expiresAtMs: 5,
  ratePerMinute: null,
  quotas: { total: 1, daily: 2, credits: { monthly: 3, weekly: 4 } },
  role: 'developer',
  addresses: ['192.0.2.1', '192.0.2.2'],
  plan: 'standard',
  ratePerSecond: null,
  budgetMicro: null,
};

describe('the terms that a gate keeps', () => {
  test('are of a record what limits and admits it', () => {
    expect(termsOf({ ...terms, generation: 7 } as Terms)).toEqual(terms);
  });

  test.each(Object.keys(terms) as (keyof Terms)[])('are not the same with another %s', (name) => {
    expect(sameTerms(terms, { ...terms, [name]: 'other' })).toBe(false);
    expect(sameTerms({ ...terms, [name]: 'other' }, terms)).toBe(false);
  });

  test('of an older version are compared as far as they go', () => {
    const { role: _, plan: __, ...older } = terms;
    expect(sameTerms(older, { ...terms, role: 'viewer', plan: 'pro' })).toBe(true);
    expect(sameTerms(older, { ...terms, budgetMicro: 0 })).toBe(false);
  });

  test('are the same in any order of their quotas, and not with one more or less', () => {
    const quotas = { credits: { weekly: 4, monthly: 3 }, daily: 2, total: 1 };
    expect(sameTerms(terms, { ...terms, quotas })).toBe(true);
    expect(sameTerms(terms, { ...terms, quotas: { ...quotas, weekly: 1 } })).toBe(false);
    expect(sameTerms(terms, { ...terms, quotas: { ...quotas, credits: { weekly: 4 } } })).toBe(false);
  });
});

test.each<[unknown, unknown, boolean]>([
  [null, null, true],
  [null, {}, false],
  [{}, undefined, false],
  [0, null, false],
  [{ a: 1 }, { a: 1, b: undefined }, true],
  [['a', 'b'], ['b', 'a'], false],
])('isEqual(%j, %j) is %s', (a, b, equal) => {
  expect(isEqual(a, b)).toBe(equal);
});
