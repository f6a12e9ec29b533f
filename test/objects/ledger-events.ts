import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { type LogBatch, packEvent, type RequestEvent } from '../../src/decision/event.ts';
import { gates } from './bindings.ts';

/** When these tests begin to count. */
export const START_MS = Date.UTC(2026, 2, 14, 10, 20);

/** A request, like any other but for what is given. */
export function request(given: Partial<RequestEvent> = {}): RequestEvent {
  return {
    requestId: 'r',
    atMs: START_MS,
    keyId: 'key_a',
    label: 'web',
    category: null,
    environment: 'live',
    method: 'POST',
    path: '/v1/chat/completions',
    status: 200,
    reason: null,
    ttfbMs: 120,
    bytes: 2_048,
    address: '192.0.2.1',
    country: 'DE',
    micro: 1_500,
    promptTokens: 12,
    completionTokens: 34,
    hold: null,
    reserved: 0,
    replacedAtMs: null,
    ...given,
  };
}

let batches = 0;

/** A batch of these requests. */
export function batchOf(events: readonly RequestEvent[], id = `batch-${++batches}`): LogBatch {
  return { id, events: JSON.stringify(events.map(packEvent)) };
}

let objects = 0;

/** Runs in an object with empty storage of its own. */
export function inObject<R>(act: (storage: DurableObjectStorage) => R | Promise<R>): Promise<R> {
  const object = gates(env).getByName(`ledger-${++objects}-${crypto.randomUUID()}`);
  return runInDurableObject(object, (_, state) => act(state.storage));
}

/** Rows that the statements of `act` write, as they are charged: each row of a table and of its indexes. */
export function rowsWritten(storage: DurableObjectStorage, act: (storage: DurableObjectStorage) => void): number {
  const cursors: { readonly rowsWritten: number }[] = [];
  const exec = (...given: Parameters<SqlStorage['exec']>) => {
    const cursor = storage.sql.exec(...given);
    cursors.push(cursor);
    return cursor;
  };
  act({ sql: { exec } } as unknown as DurableObjectStorage);
  return cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0);
}
