import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { compileFormat } from '../../src/credential/format.ts';
import { mintKey } from '../../src/credential/mint.ts';
import { redact } from '../../src/credential/redact.ts';
import { type LogBatch, type PackedEvent, type RequestEvent, unpackEvent } from '../../src/decision/event.ts';
import { openDelivery } from '../../src/gateway/delivery.ts';
import { seeded } from '../credential/support.ts';

const START_MS = 1_800_000_000_000;
const ACCOUNT = { plan: 'standard', budgetMicro: null, billingAnchorMs: 7 };
const NEVER = new Promise<never>(() => undefined);

const compiled = compileFormat('ks_{env}_{base62:32}{crc32}', ['live']);
if (!compiled.ok) throw new Error(compiled.problem);
const { format } = compiled;

let ids = 0;
function eventOf(fields: Partial<RequestEvent> = {}): RequestEvent {
  return {
    requestId: `req_${++ids}`,
    atMs: Date.now(),
    keyId: 'key_1',
    label: 'one',
    category: null,
    environment: 'live',
    method: 'GET',
    path: '/v1/models',
    status: 200,
    reason: null,
    ttfbMs: 12,
    bytes: 100,
    address: '192.0.2.1',
    country: 'NL',
    micro: 0,
    promptTokens: 0,
    completionTokens: 0,
    hold: null,
    reserved: 0,
    replacedAtMs: null,
    ...fields,
  };
}

interface Sent {
  readonly atMs: number;
  readonly accountId: string;
  readonly batch: LogBatch;
}

/** What becomes of the n-th attempt to send, from 0. `unanswered`: it arrives, and only its answer is lost. */
type Outcome = 'answered' | 'refused' | 'unanswered' | 'hangs';

/** One isolate, whose batches go to a ledger that takes each id once. */
function openIsolate(outcome: (attempt: number) => Outcome = () => 'answered') {
  const attempts: Sent[] = [];
  const ledger = new Map<string, RequestEvent[]>();
  const alerts: Record<string, unknown>[] = [];
  let lost = 0;
  const delivery = openDelivery({
    isolateId: crypto.randomUUID(),
    nowMs: Date.now,
    redact: (text) => redact(text, format),
    counters: { raise: (_, by = 1) => (lost += by) },
    alert: (event, about) => alerts.push({ event, ...about }),
    async send({ accountId, ...account }, batch) {
      expect(account).toEqual(ACCOUNT);
      const result = outcome(attempts.length);
      attempts.push({ atMs: Date.now(), accountId, batch });
      if (result === 'hangs') return await NEVER;
      if (result !== 'refused') ledger.set(batch.id, (JSON.parse(batch.events) as PackedEvent[]).map(unpackEvent));
      if (result !== 'answered') throw new Error('the ledger is away');
    },
  });
  const record = (event = eventOf(), accountId = 'acc_1') => {
    delivery.record({ accountId, ...ACCOUNT }, event, (work) => void work);
    return event;
  };
  return { record, attempts, alerts, ledger, lost: () => lost, recorded: () => [...ledger.values()].flat() };
}

/** The waits of contexts that die are never over. */
const contexts = { die: false };

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS });
  contexts.die = false;
  vi.stubGlobal('scheduler', {
    wait: (ms: number) => (contexts.die ? NEVER : new Promise((resolve) => setTimeout(resolve, ms))),
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('events', () => {
  test('are sent together, at most a second after the first of them', async () => {
    const moments = fc.tuple(fc.nat(5_000), fc.string({ minLength: 1 }), fc.array(fc.nat(400), { maxLength: 5 }));
    await fc.assert(
      fc.asyncProperty(moments, async ([startMs, accountId, gapsMs]) => {
        await pass(startMs);
        const isolate = openIsolate();
        const due = new Map<string, number>();
        for (const gapMs of [0, ...gapsMs]) {
          await pass(gapMs);
          due.set(isolate.record(eventOf(), accountId).requestId, Date.now() + 1_000);
        }
        await pass(1_000);
        expect(isolate.recorded().length).toBe(gapsMs.length + 1);
        for (const { atMs, batch } of isolate.attempts) {
          for (const { requestId } of isolate.ledger.get(batch.id) ?? []) {
            expect(atMs).toBeLessThanOrEqual(due.get(requestId) ?? 0);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('of an account leave all isolates at the same instants', async () => {
    const isolates = [openIsolate(), openIsolate(), openIsolate()];
    for (let n = 0; n < 300; n++) {
      isolates[(n * 7) % 3]?.record();
      await pass(n % 23);
    }
    await pass(1_000);
    const instants = isolates.flatMap(({ attempts }) => attempts.map(({ atMs }) => atMs % 1_000));
    expect(instants.length).toBeGreaterThan(6);
    expect(new Set(instants).size).toBe(1);
  });

  test('of many accounts leave spread over the second', async () => {
    const isolate = openIsolate();
    for (let n = 0; n < 1_000; n++) isolate.record(eventOf(), `acc_${(n * 7_919).toString(36).padStart(8, '0')}`);
    await pass(1_000);
    const tenths = isolate.attempts.map(({ atMs }) => Math.floor((atMs % 1_000) / 100));
    const counts = Array.from({ length: 10 }, (_, tenth) => tenths.filter((each) => each === tenth).length);
    expect(Math.min(...counts)).toBeGreaterThan(50);
    expect(Math.max(...counts)).toBeLessThan(200);
  });

  test('of different accounts never share a batch', async () => {
    const isolate = openIsolate();
    isolate.record(eventOf({ keyId: 'key_a' }), 'acc_a');
    isolate.record(eventOf({ keyId: 'key_b' }), 'acc_b');
    await pass(1_000);
    expect(isolate.attempts.map(({ accountId }) => accountId).sort()).toEqual(['acc_a', 'acc_b']);
    for (const { accountId, batch } of isolate.attempts) {
      expect(isolate.ledger.get(batch.id)?.map(({ keyId }) => keyId)).toEqual([accountId.replace('acc', 'key')]);
    }
  });

  test('arrive as they were', async () => {
    const isolate = openIsolate();
    const event = isolate.record(
      eventOf({ label: 'naïve "one"\n\\', micro: 123_456, hold: 'h:1', reserved: 5, bytes: null }),
    );
    await pass(1_000);
    expect(isolate.recorded()).toEqual([event]);
  });

  test.each([
    ['500 of them', 500, '/v1/models'],
    ['256 KB of them', 16, `/${'x'.repeat(16_000)}`],
  ])('go at once when there are %s', async (_, count, path) => {
    const isolate = openIsolate();
    for (let n = 1; n < count; n++) isolate.record(eventOf({ path }));
    expect(isolate.attempts.length).toBe(0);
    isolate.record(eventOf({ path }));
    expect(isolate.attempts.length).toBe(1);
    isolate.record(eventOf({ path }));
    await pass(1_000);
    expect(isolate.attempts.map(({ batch }) => isolate.ledger.get(batch.id)?.length)).toEqual([count, 1]);
  });

  test('leave nothing behind that reads like a key, and stay JSON', async () => {
    const isolate = openIsolate();
    const key = mintKey(format, 'live', seeded(1));
    const paths = [`/v1/${key}`, `/${key}"${key}\\`, `/é${key.slice(0, -4)}\n`];
    for (const path of paths) isolate.record(eventOf({ path, label: key }));
    await pass(1_000);
    const [sent] = isolate.attempts;
    expect(sent?.batch.events).not.toContain(key.slice(0, 25));
    const told = isolate.recorded().map(({ path }) => path.replaceAll(/ks_live_.{2}…/g, 'K'));
    expect(told).toEqual(['/v1/K', '/K"K\\', '/éK\n']);
  });
});

describe('a batch', () => {
  test('has an id of its own, in all isolates', async () => {
    const isolates = [openIsolate(), openIsolate()];
    for (let n = 0; n < 5; n++) {
      for (const isolate of isolates) isolate.record();
      await pass(1_000);
    }
    const sent = isolates.flatMap(({ attempts }) => attempts.map(({ batch }) => batch.id));
    expect([sent.length, new Set(sent).size]).toEqual([10, 10]);
  });

  test('is delivered exactly once after any failures, always under the same id', async () => {
    const outcome = fc.constantFrom<Outcome>('answered', 'refused', 'unanswered');
    await fc.assert(
      fc.asyncProperty(fc.array(outcome, { maxLength: 7 }), fc.nat(20), async (outcomes, more) => {
        const isolate = openIsolate((n) => outcomes[n] ?? 'answered');
        const sent = Array.from({ length: 1 + more }, () => isolate.record());
        await pass(30_000);
        expect(isolate.recorded()).toEqual(sent);
        expect(new Set(isolate.attempts.map(({ batch }) => batch.id)).size).toBe(1);
        expect(new Set(isolate.attempts.map(({ batch }) => batch.events)).size).toBe(1);
        const needed = outcomes.indexOf('answered');
        expect(isolate.attempts.length).toBe((needed < 0 ? outcomes.length : needed) + 1);
        expect(isolate.lost()).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  test('is tried for about 20 s with growing pauses; then its events are lost, counted and told', async () => {
    const isolate = openIsolate(() => 'refused');
    for (let n = 0; n < 3; n++) isolate.record();
    await pass(30_000);
    const times = isolate.attempts.map(({ atMs }) => atMs);
    const pauses = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBe(19_750);
    expect(isolate.alerts).toEqual([{ event: 'events_lost', account: 'acc_1', events: 3, of_this_isolate: 3 }]);
    expect(isolate.lost()).toBe(3);
    await pass(60_000);
    isolate.record();
    expect(isolate.attempts.length).toBe(times.length);
  });

  test('that went at once is not sent by its timer too', async () => {
    const isolate = openIsolate(() => 'hangs');
    for (let n = 0; n < 500; n++) isolate.record();
    await pass(2_000);
    expect(isolate.attempts.length).toBe(1);
  });

  test('that cannot be sent holds up no later one', async () => {
    const isolate = openIsolate((n) => (n === 0 ? 'hangs' : 'answered'));
    isolate.record();
    await pass(1_000);
    const later = isolate.record();
    await pass(1_000);
    expect(isolate.recorded()).toEqual([later]);
  });
});

describe('when the context of a request has died', () => {
  test('what it gathered is sent by the next event, of any account', async () => {
    const isolate = openIsolate();
    contexts.die = true;
    const first = isolate.record();
    contexts.die = false;
    await pass(1_300);
    isolate.record(eventOf(), 'acc_2');
    expect(isolate.attempts.length).toBe(1);
    await pass(0);
    expect(isolate.recorded()).toEqual([first]);
  });

  test('what it was sending is sent again under the same id, once it is overdue', async () => {
    const isolate = openIsolate((n) => (n === 0 ? 'hangs' : 'answered'));
    const first = isolate.record();
    await pass(1_000);
    await pass(3_000);
    isolate.record(eventOf(), 'acc_2');
    await pass(1_000);
    expect(isolate.recorded()).not.toContainEqual(first);
    await pass(1_000);
    isolate.record(eventOf(), 'acc_2');
    await pass(1_000);
    expect(isolate.recorded()).toContainEqual(first);
    const [hung, again] = isolate.attempts.filter(({ accountId }) => accountId === 'acc_1');
    expect(again?.batch).toEqual(hung?.batch);
  });

  test('what it was waiting with to send again is taken over too', async () => {
    const isolate = openIsolate((n) => (n === 0 ? 'refused' : 'answered'));
    const first = isolate.record();
    contexts.die = true;
    await pass(1_000);
    contexts.die = false;
    await pass(6_000);
    expect(isolate.attempts.length).toBe(1);
    isolate.record(eventOf(), 'acc_2');
    await pass(0);
    expect(isolate.recorded()).toEqual([first]);
  });

  test('a send that never ends is given up as any that fails', async () => {
    const isolate = openIsolate(() => 'hangs');
    isolate.record();
    for (let n = 0; n < 60; n++) {
      await pass(1_000);
      isolate.record(eventOf(), 'acc_2');
    }
    expect(isolate.attempts.filter(({ accountId }) => accountId === 'acc_1').length).toBe(8);
    expect(isolate.alerts[0]).toMatchObject({ event: 'events_lost', account: 'acc_1', events: 1 });
  });
});

describe('memory', () => {
  test('is bounded: what finds it full is lost, counted and told, and room comes back', async () => {
    let isAway = true;
    const isolate = openIsolate(() => (isAway ? 'refused' : 'answered'));
    const many = 45_000;
    for (let n = 0; n < many; n++) isolate.record(eventOf(), `acc_${n % 50}`);
    const taken = many - isolate.lost();
    expect(taken * 400).toBeLessThan(16_777_216);
    expect(taken * 420).toBeGreaterThan(16_000_000);
    expect(isolate.alerts.at(-1)).toMatchObject({ event: 'events_lost', events: 1, of_this_isolate: isolate.lost() });
    isAway = false;
    await pass(5_000);
    expect(isolate.recorded().length).toBe(taken);
    isolate.record();
    await pass(1_000);
    expect(isolate.recorded().length).toBe(taken + 1);
  });

  test('comes back from what was lost, too', async () => {
    const isolate = openIsolate(() => 'refused');
    for (let n = 0; n < 45_000; n++) isolate.record(eventOf(), `acc_${n % 50}`);
    await pass(30_000);
    expect(isolate.lost()).toBe(45_000);
    const attempts = isolate.attempts.length;
    isolate.record();
    await pass(1_000);
    expect([isolate.lost(), isolate.attempts.length > attempts]).toEqual([45_000, true]);
  });
});
