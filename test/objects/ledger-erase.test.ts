import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import type { ErasePlace } from '../../src/objects/account-ledger.ts';
import type { Erased } from '../../src/objects/log-erase.ts';
import { ledgers } from './bindings.ts';
import { batchOf, request, START_MS } from './ledger-events.ts';

const TERMS = { retention: { ageMs: 1e12, bytes: 1e9 }, anchorMs: 0 };
const EVER = { fromMs: START_MS - 1, toMs: START_MS + 1, by: 'day' } as const;

let names = 0;
const newLedger = () => ledgers(env).getByName(`erase-${++names}`);

async function eraseAll(ledger: ReturnType<typeof newLedger>, erased: Erased): Promise<number> {
  let calls = 0;
  let place: ErasePlace | null = null;
  do {
    place = await ledger.eraseRequests(erased, place);
    calls += 1;
  } while (place !== null);
  return calls;
}

const keysOf = async (ledger: ReturnType<typeof newLedger>) =>
  (await ledger.logs({ limit: 200, cursor: null }))?.events.map(({ keyId }) => keyId);

test('what is erased is gone for good once it is answered, and what it cost stays', async () => {
  const ledger = newLedger();
  const batch = batchOf([request(), request({ keyId: 'key_b' })]);
  await ledger.record(batch, TERMS);
  const sums = (await ledger.usage(EVER)).sums;
  const statement = await ledger.statement({ limit: 10, cursor: null, anchorMs: 0 });
  expect(statement?.spent).toBe(3_000);
  for (const _ of [1, 2]) {
    expect(await eraseAll(ledger, ['key_a'])).toBe(2);
    await evictDurableObject(ledger);
    expect(await keysOf(ledger)).toEqual(['key_b']);
    expect(await ledger.lastUsed(['key_a', 'key_b'])).toEqual({
      key_a: { atMs: START_MS, address: null },
      key_b: { atMs: START_MS, address: '192.0.2.1' },
    });
    expect((await ledger.usage(EVER)).sums).toEqual(sums);
    expect(await ledger.statement({ limit: 10, cursor: null, anchorMs: 0 })).toEqual(statement);
    await ledger.record(batch, TERMS);
  }
});

test('what comes later of an erased key is counted and paid, and told nowhere else, also after a restart', async () => {
  const ledger = newLedger();
  await eraseAll(ledger, ['key_a']);
  await eraseAll(ledger, ['key_c']);
  await evictDurableObject(ledger);
  await ledger.record(batchOf(['key_a', 'key_b', 'key_c'].map((keyId) => request({ keyId }))), TERMS);
  expect(await keysOf(ledger)).toEqual(['key_b']);
  expect((await ledger.usage({ ...EVER, keyIds: ['key_a', 'key_c'] })).sums).toMatchObject({
    requests: 2,
    micro: 3_000,
  });
  expect((await ledger.lastUsed(['key_c'])).key_c).toEqual({ atMs: START_MS, address: null });
  await eraseAll(ledger, 'all');
  await eraseAll(ledger, ['key_d']);
  await ledger.record(batchOf([request({ keyId: 'key_b' })]), TERMS);
  expect(await keysOf(ledger)).toEqual([]);
  expect((await ledger.usage(EVER)).sums.requests).toBe(4);
  expect((await ledger.statement({ limit: 10, cursor: null, anchorMs: 0 }))?.spent).toBe(6_000);
});

test('an account that never recorded anything is erased at once', async () => {
  expect(await eraseAll(newLedger(), 'all')).toBe(2);
});
