import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openTelling } from '../../src/gateway/telling.ts';
import type { DatedNote } from '../../src/registry/note.ts';

const SLOT_MS = 600_000;
const START_MS = 3_000 * SLOT_MS;

/** One isolate whose notes go to an object that takes them, is away, or never answers. */
function openIsolate() {
  const sent: (readonly string[])[] = [];
  const taken: DatedNote[] = [];
  const state = { object: 'there' as 'there' | 'away' | 'hangs' };
  const telling = openTelling(
    async (notes) => {
      sent.push(notes.map(({ once }) => once));
      if (state.object === 'hangs') await new Promise(() => undefined);
      if (state.object === 'away') throw new Error('the object is away');
      taken.push(...notes);
    },
    Date.now,
    (work) => void work,
  );
  return { telling, sent, taken, state };
}

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS });
  vi.stubGlobal('scheduler', { wait: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)) });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('an alert', () => {
  test('is told once for each kind and ten minutes', async () => {
    const { telling, taken } = openIsolate();
    for (let i = 0; i < 50; i++) telling.alert('gate_unavailable', { cause: i % 2 === 0 ? 'store' : 'lockout' });
    telling.alert('upstream_unhealthy', { upstream: 'api', origin: 'https://a.example' });
    telling.alert('upstream_unhealthy', { upstream: 'api', origin: 'https://b.example' });
    await vi.advanceTimersByTimeAsync(SLOT_MS - 1);
    telling.alert('gate_unavailable', { cause: 'store' });
    await vi.advanceTimersByTimeAsync(0);
    expect(taken.map(({ once }) => once)).toEqual([
      'gate.unavailable store 3000',
      'gate.unavailable lockout 3000',
      'upstream.unhealthy api https://a.example 3000',
      'upstream.unhealthy api https://b.example 3000',
    ]);
    await vi.advanceTimersByTimeAsync(1);
    telling.alert('gate_unavailable', { cause: 'store' });
    await vi.advanceTimersByTimeAsync(0);
    expect(taken.at(-1)).toMatchObject({ once: 'gate.unavailable store 3001', actor: { name: 'system' } });
    expect(taken).toHaveLength(5);
  });

  test('is told with its fields, but for what a store says of its failure', async () => {
    const { telling, taken } = openIsolate();
    telling.alert('gate_unavailable', { cause: 'store', error: 'no such key: ks_live_…', served: 'cached' });
    await vi.advanceTimersByTimeAsync(0);
    expect(taken[0]).toMatchObject({ action: 'gate.unavailable', accountId: null, keyId: null, atMs: START_MS });
    expect(taken[0]?.about).toEqual({ cause: 'store', served: 'cached' });
  });

  test('of any other name is the log’s alone', async () => {
    const { telling, sent } = openIsolate();
    for (const name of ['events_lost', 'renewal_failed', 'cron_late', 'toString']) telling.alert(name, {});
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toEqual([]);
  });
});

describe('what cannot be sent', () => {
  test('is sent again after growing pauses, by one request at a time, with what has come meanwhile', async () => {
    const { telling, sent, taken, state } = openIsolate();
    state.object = 'away';
    telling.alert('gate_unavailable', { cause: 'store' });
    await vi.advanceTimersByTimeAsync(500);
    for (let i = 0; i < 20; i++) telling.alert('gate_unavailable', { cause: 'lockout' });
    await vi.advanceTimersByTimeAsync(600);
    expect(sent.map(({ length }) => length)).toEqual([1, 2]);
    state.object = 'there';
    await vi.advanceTimersByTimeAsync(2_000);
    expect(taken.map(({ once }) => once)).toEqual(['gate.unavailable store 3000', 'gate.unavailable lockout 3000']);
  });

  test('is kept for the next alert, or whoever looks, and then sent once', async () => {
    const { telling, sent, taken, state } = openIsolate();
    state.object = 'away';
    telling.alert('gate_unavailable', { cause: 'store' });
    await vi.advanceTimersByTimeAsync(60_000);
    const before = sent.length;
    expect(before).toBe(4);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(before);
    state.object = 'there';
    await telling.retry();
    await telling.retry();
    telling.alert('gate_unavailable', { cause: 'store' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect([sent.length, taken.length]).toEqual([before + 1, 1]);
  });

  test('is sent by the next alert as soon as the one before has given up', async () => {
    const { telling, taken, state } = openIsolate();
    state.object = 'away';
    telling.alert('gate_unavailable', { cause: 'store' });
    await vi.advanceTimersByTimeAsync(15_000);
    state.object = 'there';
    telling.alert('gate_unavailable', { cause: 'store' });
    await vi.advanceTimersByTimeAsync(0);
    expect(taken).toHaveLength(1);
  });

  test('is sent by another request where the one that sent it was ended', async () => {
    const { telling, taken, state } = openIsolate();
    state.object = 'hangs';
    telling.alert('gate_unavailable', { cause: 'store' });
    await vi.advanceTimersByTimeAsync(29_000);
    state.object = 'there';
    telling.alert('gate_unavailable', { cause: 'store' });
    await vi.advanceTimersByTimeAsync(0);
    expect(taken).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    telling.alert('gate_unavailable', { cause: 'store' });
    await vi.advanceTimersByTimeAsync(0);
    expect(taken).toHaveLength(1);
  });
});
