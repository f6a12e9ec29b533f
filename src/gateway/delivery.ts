import { type LogBatch, packEvent, type RequestEvent } from '../decision/event.ts';
import type { KeyRecord } from '../decision/record.ts';
import type { Counters } from './counters.ts';

/** Whose ledger an event is for, and how that account pays. */
export type Recipient = Pick<KeyRecord, 'accountId' | 'plan' | 'budgetMicro' | 'billingAnchorMs'>;

/** The way of recorded requests to the ledgers of their accounts. */
export interface Delivery {
  /** Has a request with a key recorded: sent within a second, together with others of its account. Never throws. */
  readonly record: (to: Recipient, event: RequestEvent, waitUntil: (work: Promise<unknown>) => void) => void;
}

/** What a delivery is made of. */
export interface DeliveryParts {
  /** Sends a batch to an account's ledger; throws unless it is durable there. */
  readonly send: (to: Recipient, batch: LogBatch) => Promise<void>;
  /** Takes out of JSON what reads like a key, and leaves it JSON. */
  readonly redact: (text: string) => string;
  /** Random for each isolate, so that no two batches ever have the same id. */
  readonly isolateId: string;
  readonly counters: Pick<Counters, 'raise'>;
  readonly alert: (event: string, about: Record<string, string | number>) => void;
  readonly nowMs: () => number;
}

/** A batch is sent at the first instant of its account after its first event; they are this far apart. */
const PERIOD_MS = 1_000;
/** A batch of this size is sent at once. */
const MOST_EVENTS = 500;
const MOST_CHARS = 262_144;
/** What an event takes, as text or in memory, beside its path. */
const EVENT_CHARS = 400;
/** The pauses before a batch is sent again. With these its request's context lives long enough: 30 s after the answer. */
const PAUSES_MS = [250, 500, 1_000, 2_000, 4_000, 4_000, 8_000] as const;
/** What the batches of an isolate may hold together, of 128 MB of memory; 20 s of 2,000 requests a second. */
const MOST_CHARS_HELD = 16_777_216;
/** By then a batch should have been sent, or its send answered: its request is gone, and another one takes it over. */
const GATHERED_OVERDUE_MS = 250;
const SENT_OVERDUE_MS = 5_000;
/** How often overdue batches are looked for. */
const LOOK_EVERY_MS = 1_000;

/** Plain values of any requests, as nothing else may be shared by them. */
interface Batch {
  readonly id: string;
  readonly to: Recipient;
  events: RequestEvent[];
  /** The events as they are sent, from the first attempt on; they are then no longer kept otherwise. */
  text: string | null;
  count: number;
  chars: number;
  failures: number;
  overdueAtMs: number;
}

/**
 * Gathers the events of each account, and sends them by batches under the request that began each. A batch that fails
 * is sent again, with the same id, for about 20 s. What is lost then, or finds {@link MOST_CHARS_HELD} taken, is counted
 * and told by the alert `events_lost`; what an isolate holds that is ended is lost unseen.
 */
export function openDelivery(parts: DeliveryParts): Delivery {
  const { isolateId, nowMs: readMs } = parts;
  /** Every batch that is not yet delivered or lost; of these `gathering` has those that still grow. */
  const held = new Set<Batch>();
  const gathering = new Map<string, Batch>();
  let charsHeld = 0;
  let batches = 0;
  let lost = 0;
  let looksAtMs = 0;

  function open(to: Recipient, dueAtMs: number): Batch {
    const id = `${isolateId}:${++batches}`;
    const overdueAtMs = dueAtMs + GATHERED_OVERDUE_MS;
    const batch = { id, to, events: [], text: null, count: 0, chars: 0, failures: 0, overdueAtMs };
    held.add(batch);
    gathering.set(to.accountId, batch);
    return batch;
  }

  function lose(accountId: string, events: number): void {
    lost += events;
    parts.counters.raise('events_lost', events);
    parts.alert('events_lost', { account: accountId, events, of_this_isolate: lost });
  }

  /** Whether the batch was still held. */
  function release(batch: Batch): boolean {
    if (!held.delete(batch)) return false;
    charsHeld -= batch.chars;
    return true;
  }

  /** The pause before a batch is sent again; null where it is lost. */
  function fail(batch: Batch): number | null {
    const pauseMs = PAUSES_MS[batch.failures++] ?? null;
    if (pauseMs === null && release(batch)) lose(batch.to.accountId, batch.count);
    return pauseMs;
  }

  /** Sends a batch that still grows; nothing where that was done already. */
  async function close(batch: Batch): Promise<void> {
    if (gathering.get(batch.to.accountId) === batch) await deliver(batch);
  }

  async function deliver(batch: Batch): Promise<void> {
    const { id, to } = batch;
    if (gathering.get(to.accountId) === batch) gathering.delete(to.accountId);
    batch.text ??= parts.redact(JSON.stringify(batch.events.map(packEvent)));
    batch.events = [];
    while (held.has(batch)) {
      batch.overdueAtMs = readMs() + SENT_OVERDUE_MS;
      try {
        await parts.send(to, { id, events: batch.text });
        release(batch);
      } catch {
        const pauseMs = fail(batch);
        if (pauseMs === null) return;
        batch.overdueAtMs = readMs() + pauseMs + SENT_OVERDUE_MS;
        await scheduler.wait(pauseMs);
      }
    }
  }

  function takeOver(nowMs: number, waitUntil: (work: Promise<unknown>) => void): void {
    if (nowMs < looksAtMs) return;
    looksAtMs = nowMs + LOOK_EVERY_MS;
    for (const batch of held) {
      if (nowMs >= batch.overdueAtMs && (batch.text === null || fail(batch) !== null)) waitUntil(deliver(batch));
    }
  }

  return {
    record(to, event, waitUntil) {
      const nowMs = readMs();
      takeOver(nowMs, waitUntil);
      const chars = EVENT_CHARS + event.path.length;
      if (charsHeld + chars > MOST_CHARS_HELD) return lose(to.accountId, 1);
      let batch = gathering.get(to.accountId);
      if (batch === undefined) {
        const dueAtMs = nextInstant(to.accountId, nowMs);
        const opened = open(to, dueAtMs);
        batch = opened;
        waitUntil(scheduler.wait(dueAtMs - nowMs).then(() => close(opened)));
      }
      batch.events.push(event);
      batch.count++;
      batch.chars += chars;
      charsHeld += chars;
      if (batch.count >= MOST_EVENTS || batch.chars >= MOST_CHARS) waitUntil(deliver(batch));
    },
  };
}

/**
 * When the next batch of an account is sent, by the wall clock: at the same instants in every isolate, so that what
 * they send becomes one row of its ledger, and for other accounts at others.
 */
function nextInstant(accountId: string, nowMs: number): number {
  let hash = 0;
  for (let i = 0; i < accountId.length; i++) hash = (Math.imul(hash, 31) + accountId.charCodeAt(i)) | 0;
  const phaseMs = (hash >>> 0) % PERIOD_MS;
  return nowMs + PERIOD_MS - ((((nowMs - phaseMs) % PERIOD_MS) + PERIOD_MS) % PERIOD_MS);
}
