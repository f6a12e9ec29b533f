import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { countCalls } from '../../src/gateway/counters.ts';
import { clock, type MetricsBoard } from '../support/objects-worker.ts';
import { metrics } from './bindings.ts';

let names = 0;
const newBoard = () => metrics(env).getByName(`board-${++names}`);
type Board = ReturnType<typeof newBoard>;

const counters = async (board: Board) => (await board.read()).counters;
const storage = <T>(board: Board, look: (storage: DurableObjectStorage) => T | Promise<T>) =>
  runInDurableObject(board, (_: MetricsBoard, state) => look(state.storage));
const stored = (board: Board) => storage(board, ({ kv }) => kv.get('counters'));

/** Lets a minute pass, after which what has changed is stored. */
function store(board: Board): Promise<boolean> {
  clock.movedMs += 61_000;
  return runDurableObjectAlarm(board);
}

beforeEach(() => {
  clock.movedMs = 0;
});

describe('the board', () => {
  test('adds up what isolates have counted', async () => {
    const board = newBoard();
    expect(await board.read()).toEqual({ counters: {}, cronAtMs: null });
    await board.add({ leases: 2, 'admissions leased': 5 });
    await Promise.all(Array.from({ length: 20 }, () => board.add({ leases: 1 })));
    expect(await counters(board)).toEqual({ leases: 22, 'admissions leased': 5 });
  });

  test('stores by an alarm, at most once a minute and only what has changed', async () => {
    const board = newBoard();
    await board.add({ leases: 1 });
    const alarmAtMs = await storage(board, (of) => of.getAlarm());
    expect((alarmAtMs ?? 0) - Date.now()).toBeGreaterThan(55_000);
    for (let n = 0; n < 5; n++) await board.add({ leases: 1 });
    expect(await storage(board, (of) => of.getAlarm())).toBe(alarmAtMs);
    expect(await stored(board)).toBeUndefined();
    expect(await store(board)).toBe(true);
    expect(await stored(board)).toEqual({ leases: 6 });
    expect(await storage(board, (of) => of.getAlarm())).toBeNull();
    await board.add({ leases: 1 });
    expect(await storage(board, (of) => of.getAlarm())).not.toBeNull();
  });

  test('loses with a restart what was not stored yet', async () => {
    const board = newBoard();
    await board.add({ leases: 3 });
    await store(board);
    await board.add({ leases: 4 });
    await evictDurableObject(board);
    expect(await counters(board)).toEqual({ leases: 3 });
  });

  test('never falls below what it has shown', async () => {
    const board = newBoard();
    let shown = 0;
    for (let n = 1; n < 8; n++) {
      await board.add({ leases: n });
      if (n % 3 === 0) await evictDurableObject(board);
      const { leases = 0 } = await counters(board);
      expect(leases).toBeGreaterThanOrEqual(shown);
      shown = leases;
      await evictDurableObject(board);
    }
    expect(shown).toBe(1 + 2 + 4 + 5 + 7);
  });

  test('notes durably when the cron ran, and tells when it did before', async () => {
    const board = newBoard();
    expect(await board.noteCron(1_000)).toBeNull();
    await evictDurableObject(board);
    expect(await board.noteCron(61_000)).toBe(1_000);
    await evictDurableObject(board);
    expect((await board.read()).cronAtMs).toBe(61_000);
  });
});

test('calls of an object are counted by its methods, and go through', async () => {
  const board = newBoard();
  const raised: string[] = [];
  const counted = countCalls(board, 'board', { raise: (series) => raised.push(series) });
  await counted.add({ leases: 1 });
  expect((await counted.read()).counters).toEqual({ leases: 1 });
  await expect(countCalls(board, 'board', { raise: () => undefined }).noteCron(5)).resolves.toBeNull();
  expect(raised).toEqual(['object_calls board add', 'object_calls board read']);
});
