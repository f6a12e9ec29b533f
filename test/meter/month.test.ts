import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { monthOf } from '../../src/meter/month.ts';

const DAY_MS = 86_400_000;
const at = (text: string) => Date.parse(text);
const time = fc.integer({ min: at('1970-01-01T00:00:00Z'), max: at('2120-01-01T00:00:00Z') });
/** Anchors at the end of a month are the ones that matter. */
const anchors = fc.oneof(
  time,
  fc
    .record({
      year: fc.integer({ min: 1980, max: 2100 }),
      month: fc.nat(11),
      back: fc.nat(3),
      ofDay: fc.nat(DAY_MS - 1),
    })
    .map(({ year, month, back, ofDay }) => Date.UTC(year, month + 1, -back) + ofDay),
);

describe('billing months', () => {
  test.each([
    ['2025-01-31T10:30:00Z', '2025-02-10T00:00:00Z', '2025-01-31T10:30:00Z', '2025-02-28T10:30:00Z'],
    ['2025-01-31T10:30:00Z', '2025-03-01T00:00:00Z', '2025-02-28T10:30:00Z', '2025-03-31T10:30:00Z'],
    ['2024-01-31T10:30:00Z', '2024-02-29T10:29:59.999Z', '2024-01-31T10:30:00Z', '2024-02-29T10:30:00Z'],
    ['2024-01-31T10:30:00Z', '2024-04-01T00:00:00Z', '2024-03-31T10:30:00Z', '2024-04-30T10:30:00Z'],
    ['2024-02-29T00:00:00Z', '2025-02-28T00:00:00Z', '2025-02-28T00:00:00Z', '2025-03-29T00:00:00Z'],
    ['2024-12-15T23:59:59.999Z', '2025-01-15T23:59:59.998Z', '2024-12-15T23:59:59.999Z', '2025-01-15T23:59:59.999Z'],
    ['2025-06-30T12:00:00Z', '2025-02-28T11:00:00Z', '2025-01-30T12:00:00Z', '2025-02-28T12:00:00Z'],
  ])('anchored at %s, %s lies in the one from %s to %s', (anchor, now, start, end) => {
    expect(monthOf(at(anchor), at(now))).toEqual({ startMs: at(start), endsAtMs: at(end) });
  });

  test('tile time without gap or overlap', () => {
    fc.assert(
      fc.property(anchors, time, (anchorMs, nowMs) => {
        const month = monthOf(anchorMs, nowMs);
        expect(month.startMs).toBeLessThanOrEqual(nowMs);
        expect(month.endsAtMs).toBeGreaterThan(nowMs);
        expect(monthOf(anchorMs, month.startMs)).toEqual(month);
        expect(monthOf(anchorMs, month.endsAtMs - 1)).toEqual(month);
        expect(monthOf(anchorMs, month.endsAtMs).startMs).toBe(month.endsAtMs);
        expect(monthOf(anchorMs, month.startMs - 1).endsAtMs).toBe(month.startMs);
      }),
      { numRuns: 5_000 },
    );
  });

  test('begin on the anchor’s day or the last of the month, at its time of day', () => {
    fc.assert(
      fc.property(anchors, time, (anchorMs, nowMs) => {
        const start = new Date(monthOf(anchorMs, nowMs).startMs);
        const anchor = new Date(anchorMs);
        expect(start.toISOString().slice(10)).toBe(anchor.toISOString().slice(10));
        const wanted = anchor.getUTCDate();
        const isLast = new Date(start.getTime() + DAY_MS).getUTCDate() === 1;
        expect(start.getUTCDate() === wanted || (start.getUTCDate() < wanted && isLast)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });
});
