import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openCounters } from '../../src/gateway/counters.ts';
import type { CountedValues } from '../../src/objects/metrics-board.ts';

/** Counters whose sends fail where `isAway` says so. */
function open(isAway: () => boolean = () => false) {
  const sent: CountedValues[] = [];
  const counters = openCounters(async (values) => {
    if (isAway()) throw new Error('the board is away');
    sent.push(values);
  });
  const send = () => counters.send(Date.now(), (work) => void work);
  return { ...counters, sent, request: send };
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  vi.stubGlobal('scheduler', { wait: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)) });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('counters', () => {
  test('are sent together 10 s after the first request, and begin anew', async () => {
    const counters = open();
    for (let n = 0; n < 5; n++) {
      counters.raise('admissions leased');
      counters.request();
      await pass(1_000);
    }
    counters.raise('events_lost', 7);
    expect(counters.sent).toEqual([]);
    await pass(5_000);
    expect(counters.sent).toEqual([{ 'admissions leased': 5, events_lost: 7 }]);
    counters.raise('leases');
    counters.request();
    await pass(10_000);
    expect(counters.sent.slice(1)).toEqual([{ leases: 1 }]);
  });

  test('of an idle isolate are not sent', async () => {
    const counters = open();
    counters.request();
    await pass(60_000);
    expect(counters.sent).toEqual([]);
  });

  test('that could not be sent come with the next, once', async () => {
    let isAway = true;
    const counters = open(() => isAway);
    counters.raise('stale_answers', 2);
    counters.request();
    await pass(10_000);
    isAway = false;
    counters.raise('stale_answers');
    counters.request();
    await pass(10_000);
    expect(counters.sent).toEqual([{ stale_answers: 3 }]);
  });

  test('are sent by another request where the first is gone', async () => {
    const counters = open();
    vi.stubGlobal('scheduler', { wait: () => new Promise(() => undefined) });
    counters.raise('leases');
    counters.request();
    vi.stubGlobal('scheduler', { wait: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)) });
    await pass(14_999);
    counters.request();
    await pass(10_000);
    expect(counters.sent).toEqual([]);
    counters.request();
    await pass(10_000);
    expect(counters.sent).toEqual([{ leases: 1 }]);
  });

  test('have times in the bucket that they do not exceed', async () => {
    const counters = open();
    for (const ms of [0, 5, 6, 60_000, 60_001, -3]) counters.time('api', ms);
    counters.request();
    await pass(10_000);
    expect(counters.sent).toEqual([
      {
        'origin_times api 5': 3,
        'origin_times api 10': 1,
        'origin_times api 60000': 1,
        'origin_times api more': 1,
        'origin_ms api': 120_012,
      },
    ]);
  });
});
