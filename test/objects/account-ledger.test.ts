import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Terms } from '../../src/decision/record.ts';
import type { Granted } from '../../src/meter/gate.ts';
import type { AccountTerms, GateAnswer, GateAsk } from '../../src/objects/key-gate.ts';
import { clock, type MovableKeyGate } from '../support/objects-worker.ts';
import { gates, ledgers } from './bindings.ts';

/* A real gate in front of a real ledger: what is drawn comes back or is paid, whatever happens in between. */

const GRANTED = 1_000_000;
const RESERVE = 1_000;
const credits = { prepaid: true, budgetMicro: null, anchorMs: 0 };
const terms: Terms = {
  status: 'active',
  accountStatus: 'active',
  expiresAtMs: null,
  ratePerMinute: null,
  quotas: {},
  role: 'developer',
  addresses: null,
  plan: 'standard',
  ratePerSecond: null,
  budgetMicro: null,
};

let names = 0;

/** An account with credits, and a gate of one of its keys. */
async function open() {
  const accountId = `acc-${++names}`;
  const ledger = ledgers(env).getByName(accountId);
  await ledger.grantCredits({ id: 'first', micro: GRANTED, note: null, actor: 'test' });
  const gate = gates(env).getByName(`gate-of-${accountId}`);
  await gate.advance(1, terms);
  const account: AccountTerms = { accountId, limits: [], credits };
  const ask = (more: Partial<GateAsk> = {}): GateAsk => ({
    generation: 1,
    want: 200,
    leaseMs: 1_000,
    limits: [],
    reserve: RESERVE,
    settle: [],
    account,
    fresh: null,
    ...more,
  });
  const money = async () => {
    const statement = await ledger.statement({ limit: 1, cursor: null, anchorMs: 0 });
    const { balance = 0, held = 0, spent = 0, unreported = 0 } = statement ?? {};
    expect(balance + held + spent + unreported).toBe(GRANTED);
    return { balance, held, spent, unreported };
  };
  const admit = (asked: GateAsk) => gate.admit(asked) as Promise<GateAnswer>;
  return { ledger, gate, account, ask, admit, money };
}

const all = { balance: GRANTED, held: 0, spent: 0, unreported: 0 };
const hasAlarm = (gate: DurableObjectStub<MovableKeyGate>) =>
  runInDurableObject(gate, (_, state) => state.storage.getAlarm());

beforeEach(() => {
  clock.movedMs = 0;
});

describe('what a gate draws from its ledger', () => {
  test('goes back where the ask for which it was drawn is not granted after all', async () => {
    const { gate, ask, admit, money } = await open();
    const [answer] = await Promise.all([admit(ask()), gate.advance(2, { ...terms, status: 'revoked' })]);
    expect(answer.kind).toBe('stale');
    expect((await money()).held).toBeGreaterThan(0);
    expect(await hasAlarm(gate)).not.toBeNull();
    clock.movedMs = 10_000;
    await runDurableObjectAlarm(gate);
    expect(await money()).toEqual(all);
  });

  test('goes back when the isolate has given it back unused', async () => {
    const { gate, ask, admit, money } = await open();
    const { id, permits, micro } = (await admit(ask())) as Granted;
    expect(micro).toBe(permits * RESERVE);
    const unused = { id, used: 0, closed: true, micro: { reserved: 0, settled: 0, cost: 0 } };
    await gate.settle([unused]);
    clock.movedMs = 10_000;
    await runDurableObjectAlarm(gate);
    expect(await money()).toEqual(all);
  });

  test('is not charged where the gate was evicted and has forgotten it', async () => {
    const { ledger, gate, ask, admit, money } = await open();
    await admit(ask());
    await evictDurableObject(gate);
    expect((await money()).held).toBeGreaterThan(0);
    for (const minutes of [16, 60 * 26]) {
      clock.movedMs = minutes * 60_000;
      await runDurableObjectAlarm(ledger);
    }
    expect(await money()).toEqual(all);
  });

  test('is given back once more where the question comes again, also after a restart of the ledger', async () => {
    const { ledger, money, account } = await open();
    const question = {
      id: 'q',
      generation: 1,
      want: 50,
      leaseMs: 1_000,
      limits: [],
      reserve: RESERVE,
      settle: [],
      credits,
    };
    expect(account.credits).toEqual(credits);
    await ledger.draw(question);
    await evictDurableObject(ledger);
    const { micro } = (await ledger.draw(question)) as Granted;
    expect(await money()).toMatchObject({ held: micro });
    await ledger.settle([{ id: 'q', used: 0, closed: true, micro: { reserved: 0, settled: 0, cost: 0 } }]);
    expect(await money()).toEqual(all);
  });

  test('is nothing where an isolate of the version before asks, which knows no accounts', async () => {
    const { admit, ask, money } = await open();
    const { account: _, reserve: __, ...before } = ask();
    expect((await admit(before as GateAsk)).kind).toBe('granted');
    expect(await money()).toEqual(all);
  });
});

describe('a batch of recorded requests', () => {
  const event = (requestId: string, hold: string | null) => [
    ...[requestId, 1_000, 'key_1', null, null, 'live', 'GET', '/', 200, null, 5, 10, null, null],
    ...[400, 0, 0, hold, hold === null ? 0 : RESERVE],
  ];
  const recordTerms = { retention: { ageMs: 86_400_000, bytes: 1_000_000 }, anchorMs: 0 };

  test('is counted once in log, usage and credits, however often and to whichever instance it is sent', async () => {
    const { ledger, ask, admit, money } = await open();
    const { hold = '' } = (await admit(ask({ want: 1 }))) as Granted;
    const batch = { id: 'isolate:1', events: JSON.stringify([event('r1', hold), event('r2', null)]) };
    await Promise.all([ledger.record(batch, recordTerms), ledger.record(batch, recordTerms)]);
    await evictDurableObject(ledger);
    await ledger.record(batch, recordTerms);
    expect(await money()).toMatchObject({ spent: 800 });
    const page = await ledger.logs({ limit: 10, cursor: null });
    expect(page?.events.map(({ requestId }) => requestId)).toEqual(['r2', 'r1']);
    const usage = await ledger.usage({ by: 'hour', fromMs: 0, toMs: 3_600_000 });
    expect(usage.sums).toMatchObject({ requests: 2, micro: 800 });
  });
});
