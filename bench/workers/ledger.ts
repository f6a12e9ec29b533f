import { DurableObject } from 'cloudflare:workers';
import { packEvent, type RequestEvent } from '../../src/decision/event.ts';
import { Journal } from '../../src/objects/journal.ts';
import { Usage } from '../../src/objects/usage.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS = 30;
const GROUPS = 1_000;
const EVENTS = 100;
const KEYS = 20;

/** What is read, by its name. `toMs` is just after the newest request. */
const READS: Readonly<Record<string, (journal: Journal, usage: Usage, toMs: number) => unknown>> = {
  'newest page of the log, 50 entries': (journal) => journal.page({ limit: 50, cursor: null }),
  'newest page of the log, 200 entries': (journal) => journal.page({ limit: 200, cursor: null }),
  'newest page of one key': (journal) => journal.page({ limit: 50, cursor: null, keyIds: ['key_7'] }),
  'page of an hour of three weeks ago': (journal, _, toMs) =>
    journal.page({ limit: 50, cursor: null, fromMs: toMs - 21 * DAY_MS, toMs: toMs - 21 * DAY_MS + HOUR_MS }),
  'page of a filter that finds nothing': (journal) => journal.page({ limit: 50, cursor: null, keyIds: ['key_none'] }),
  'usage of 30 days by day': (_, usage, toMs) => usage.series({ fromMs: toMs - DAYS * DAY_MS, toMs, by: 'day' }),
  'usage of 30 days by hour': (_, usage, toMs) => usage.series({ fromMs: toMs - DAYS * DAY_MS, toMs, by: 'hour' }),
  'usage of 30 days by hour, one key': (_, usage, toMs) =>
    usage.series({ fromMs: toMs - DAYS * DAY_MS, toMs, by: 'hour', keyIds: ['key_7'] }),
  'last use of all keys': (_, usage) => usage.lastUsed(Array.from({ length: KEYS }, (__, i) => `key_${i}`)),
};

/** A ledger's log and usage alone, with 100,000 requests of 20 keys in 30 days. */
export class Ledger extends DurableObject {
  readonly #journal = new Journal(this.ctx.storage);
  readonly #usage = new Usage(this.ctx.storage);

  /** Records the requests, and tells how much room they take. */
  fill(): { requests: number; bytes: number } {
    const fromMs = this.#toMs() - DAYS * DAY_MS;
    for (let group = 0; group < GROUPS; group++) {
      const nowMs = fromMs + ((group + 1) * DAYS * DAY_MS) / GROUPS - 1;
      const events = Array.from({ length: EVENTS }, (_, i) => packEvent(eventAt(nowMs - (EVENTS - i), group + i)));
      this.ctx.storage.transactionSync(() => {
        this.#usage.count(
          this.#journal.append([{ id: `batch-${group}`, events: JSON.stringify(events) }], nowMs).events,
          nowMs,
        );
      });
    }
    return { requests: GROUPS * EVENTS, bytes: this.ctx.storage.sql.databaseSize };
  }

  /** Reads `times` times; how long one took, in ms. The clock of a Worker moves with its I/O only. */
  async time(read: string, times: number): Promise<number> {
    await scheduler.wait(1);
    const sinceMs = Date.now();
    for (let i = 0; i < times; i++) READS[read]?.(this.#journal, this.#usage, this.#toMs());
    await scheduler.wait(0);
    return (Date.now() - sinceMs) / times;
  }

  #toMs(): number {
    return Date.UTC(2026, 5, 15, 12, 30);
  }
}

function eventAt(atMs: number, i: number): RequestEvent {
  const status = [200, 200, 200, 200, 200, 200, 404, 429, 500, 200][i % 10] ?? 200;
  return {
    requestId: `0b9fa1c2-7d3e-4c58-9a41-${i.toString(16).padStart(12, '0')}`,
    atMs,
    keyId: `key_${i % KEYS}`,
    label: `service ${i % KEYS}`,
    category: i % KEYS < 10 ? 'production' : 'experiments',
    environment: 'live',
    method: 'POST',
    path: '/v1/chat/completions',
    status,
    reason: status === 429 ? 'rate_limited' : null,
    ttfbMs: 40 + ((i * 7_919) % 2_000),
    bytes: 1_000 + i,
    address: `192.0.2.${i % 250}`,
    country: 'DE',
    micro: status === 200 ? 1_250 : 0,
    promptTokens: 300,
    completionTokens: 120,
    hold: null,
    reserved: 0,
    replacedAtMs: null,
  };
}

interface Env {
  readonly LEDGER: DurableObjectNamespace<Ledger>;
}

/** `/fill` and then `/time?read=…&times=…`; `/` tells the names of the reads. */
export default {
  async fetch(request: Request, { LEDGER }: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const ledger = LEDGER.getByName('account');
    if (pathname === '/fill') return Response.json(await ledger.fill());
    if (pathname !== '/time') return Response.json(Object.keys(READS));
    return Response.json(await ledger.time(searchParams.get('read') ?? '', Number(searchParams.get('times'))));
  },
};
