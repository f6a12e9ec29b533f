import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { LogBatch, RequestEvent } from '../../src/decision/event.ts';
import { clock, type MovableLedger } from '../support/objects-worker.ts';
import { ledgers } from './bindings.ts';
import { batchOf, request } from './ledger-events.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const SMALL = { ageMs: 30 * DAY_MS, bytes: 1_000 };
const LARGE = { ...SMALL, bytes: 1_000_000_000 };

type Ledger = ReturnType<typeof newLedger>;
let names = 0;
const newLedger = () => ledgers(env).getByName(`ledger-${++names}`);
const inside = <R>(ledger: Ledger, act: (storage: DurableObjectStorage) => R | Promise<R>) =>
  runInDurableObject(ledger, (_: MovableLedger, state) => act(state.storage));
/** In how many ms from now the log is trimmed; null: not any more. */
const trimIn = (ledger: Ledger) =>
  inside(ledger, (storage) => {
    const dueMs = storage.kv.get<{ trim?: number }>('jobs')?.trim;
    return dueMs === undefined ? null : dueMs - Date.now() - clock.movedMs;
  });
const rowsOf = (ledger: Ledger) =>
  inside(ledger, (storage) => storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM log').one().n);
const events = (given: Partial<RequestEvent> = {}) =>
  Array.from({ length: 10 }, () => request({ atMs: Date.now() + clock.movedMs, ...given }));
const record = (ledger: Ledger, retention = LARGE, batch: LogBatch = batchOf(events())) =>
  ledger.record(batch, { retention, anchorMs: 0 });

beforeEach(() => {
  clock.movedMs = 0;
});

describe('the log of a ledger is trimmed', () => {
  test('in an hour after something was recorded, and daily where nothing is', async () => {
    const ledger = newLedger();
    await record(ledger);
    expect(await trimIn(ledger)).toBeGreaterThan(59 * MINUTE_MS);
    clock.movedMs = HOUR_MS;
    await runDurableObjectAlarm(ledger);
    expect(await trimIn(ledger)).toBeGreaterThan(23 * HOUR_MS);
  });

  test('as soon as there is something to trim, where it is too large', async () => {
    const ledger = newLedger();
    await record(ledger);
    clock.movedMs = 10 * MINUTE_MS;
    await record(ledger, SMALL);
    for (const leftMinutes of [5, 10]) {
      const dueInMs = (await trimIn(ledger)) ?? 0;
      expect(Math.ceil(dueInMs / MINUTE_MS)).toBe(leftMinutes);
      const rows = await rowsOf(ledger);
      clock.movedMs += dueInMs + 1_000;
      await record(ledger, SMALL);
      await runDurableObjectAlarm(ledger);
      expect(await rowsOf(ledger)).toBe(rows);
    }
  });

  test('in a minute, and not after each commit, where old rows are beyond its size', async () => {
    const ledger = newLedger();
    await record(ledger);
    clock.movedMs = 20 * MINUTE_MS;
    await record(ledger, SMALL);
    expect(Math.ceil(((await trimIn(ledger)) ?? 0) / MINUTE_MS)).toBe(1);
    clock.movedMs += MINUTE_MS / 2;
    await record(ledger, SMALL);
    expect(await trimIn(ledger)).toBeLessThanOrEqual(MINUTE_MS / 2);
  });

  test('no more when nothing is left of it and of the usage', async () => {
    const ledger = newLedger();
    await record(ledger);
    clock.movedMs = 31 * DAY_MS;
    await runDurableObjectAlarm(ledger);
    expect([await rowsOf(ledger), (await trimIn(ledger)) !== null]).toEqual([0, true]);
    clock.movedMs = 95 * DAY_MS;
    await runDurableObjectAlarm(ledger);
    expect(await trimIn(ledger)).not.toBeNull();
    clock.movedMs = 764 * DAY_MS;
    await runDurableObjectAlarm(ledger);
    expect(await trimIn(ledger)).toBeNull();
    expect(await inside(ledger, (storage) => storage.getAlarm())).toBeNull();
    await record(ledger);
    expect(await trimIn(ledger)).not.toBeNull();
  });
});

test('events that cannot be read are told, with their number and nothing of what they hold', async () => {
  const ledger = newLedger();
  const lines: unknown[] = [];
  const spy = vi.spyOn(console, 'log').mockImplementation((line: string) => lines.push(JSON.parse(line)));
  const broken = request({ path: '/secret', status: 42 });
  await Promise.all([
    record(ledger, LARGE, batchOf([request(), broken, broken])),
    record(ledger, LARGE, { id: 'no-json', events: '[' }),
    record(ledger, LARGE, batchOf(events())),
  ]);
  spy.mockRestore();
  expect(lines).toEqual([{ level: 'alert', event: 'events_unreadable', account: `ledger-${names}`, events: 3 }]);
});
