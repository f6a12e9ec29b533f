import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { standing, strike, unstruck } from '../../src/meter/lockout.ts';

const RULE = { strikes: 10, windowMs: 300_000, lockMs: 900_000 };
const T0 = 1_800_000_000_000;

describe('strikes', () => {
  test('the tenth is still told as a failed attempt, the next one as locked', () => {
    const state = unstruck();
    const told = Array.from({ length: 11 }, (_, n) => strike(state, RULE, T0 + n));
    expect(told).toEqual([...Array<string>(10).fill('counted'), 'locked']);
  });

  test('while locked do not extend the lock', () => {
    const state = unstruck();
    for (let n = 0; n < 10; n++) strike(state, RULE, T0);
    for (let ms = 0; ms < RULE.lockMs; ms += 10_000) expect(strike(state, RULE, T0 + ms)).toBe('locked');
    expect(standing(state, T0 + RULE.lockMs - 1, RULE.windowMs)).toBe('locked');
    expect(standing(state, T0 + RULE.lockMs, RULE.windowMs)).toBe('clear');
  });

  test('leave the window one by one', () => {
    const state = unstruck();
    for (let n = 0; n < 9; n++) strike(state, RULE, T0 + n * 1_000);
    strike(state, RULE, T0 + RULE.windowMs);
    expect(standing(state, T0 + RULE.windowMs, RULE.windowMs)).toBe('watched');
    strike(state, RULE, T0 + RULE.windowMs + 500);
    expect(standing(state, T0 + RULE.windowMs + 500, RULE.windowMs)).toBe('locked');
  });

  test('lock if and only if so many lie within the window', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(80_000), { maxLength: 60 }), (gapsMs) => {
        const state = unstruck();
        let nowMs = T0;
        let counted: number[] = [];
        let lockedUntilMs = 0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          const told = strike(state, RULE, nowMs);
          expect(told).toBe(nowMs < lockedUntilMs ? 'locked' : 'counted');
          if (told === 'locked') continue;
          counted = [...counted.filter((at) => at > nowMs - RULE.windowMs), nowMs];
          if (counted.length < RULE.strikes) continue;
          lockedUntilMs = nowMs + RULE.lockMs;
          counted = [];
        }
      }),
    );
  });

  test('make a source watched until the last has left the window', () => {
    const state = unstruck();
    expect(standing(state, T0, RULE.windowMs)).toBe('clear');
    strike(state, RULE, T0);
    expect(standing(state, T0 + RULE.windowMs - 1, RULE.windowMs)).toBe('watched');
    expect(standing(state, T0 + RULE.windowMs, RULE.windowMs)).toBe('clear');
  });
});
