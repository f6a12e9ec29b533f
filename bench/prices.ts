/*
 * Cloudflare's published prices of the Workers Paid plan, beyond what it includes, as data. Read on the day named below
 * in the source of Cloudflare's documentation; check them before you rely on a sum.
 */

/** `usd` for `per` of something. */
export interface Price {
  readonly usd: number;
  readonly per: number;
  readonly source: string;
}

/** When the sources were read. */
export const PRICES_OF = '2026-11-21';

const DOCS = 'https://developers.cloudflare.com';
const WORKERS = `${DOCS}/workers/platform/pricing/`;
const OBJECTS = `${DOCS}/durable-objects/platform/pricing/`;
const KV = `${DOCS}/kv/platform/pricing/`;
const D1 = `${DOCS}/d1/platform/pricing/`;
const MILLION = 1_000_000;

/** What is billed. */
export const PRICES = {
  workerRequests: { usd: 0.3, per: MILLION, source: WORKERS },
  workerCpuMs: { usd: 0.02, per: MILLION, source: WORKERS },
  /** Each call of a method over a stub, and each alarm. */
  objectRequests: { usd: 0.15, per: MILLION, source: OBJECTS },
  /** 128 MB for as long as an object runs, or waits without being able to hibernate; calls at the same time share it. */
  objectGbSeconds: { usd: 12.5, per: MILLION, source: OBJECTS },
  objectRowsRead: { usd: 0.001, per: MILLION, source: OBJECTS },
  /** A row, each index entry of it, each key of the key-value interface, each delete, and each `setAlarm`. */
  objectRowsWritten: { usd: 1, per: MILLION, source: OBJECTS },
  objectGbMonths: { usd: 0.2, per: 1, source: OBJECTS },
  kvReads: { usd: 0.5, per: MILLION, source: KV },
  kvWrites: { usd: 5, per: MILLION, source: KV },
  d1RowsRead: { usd: 0.001, per: MILLION, source: D1 },
  /** A row, and each index entry of it. */
  d1RowsWritten: { usd: 1, per: MILLION, source: D1 },
  d1GbMonths: { usd: 0.75, per: 1, source: D1 },
} as const satisfies Record<string, Price>;

/**
 * Workers Logs, until 2026-12-01; from then on by the gigabyte. One event for each invocation of the Worker, each call
 * of an object and each alarm where `invocation_logs` is on, as it is unless it is switched off, and one for each line
 * that the Worker writes.
 */
export const LOG_EVENT: Price = { usd: 0.6, per: MILLION, source: `${DOCS}/workers/observability/logs/workers-logs/` };

/**
 * CPU time of a request in ms where a run has not measured it: medians of a whole `npm run bench` at full load. They are
 * of all of workerd, objects and stores too, and so more than a Worker is billed for.
 */
export const CPU_MS = { keystile: 0.42, textbook: 1.53 } as const;

/** What is billed, by its name. */
export type Billed = keyof typeof PRICES;
/** How much of each. */
export type Amounts = Readonly<Record<Billed, number>>;

/** What an object is billed for while it is active, whatever it uses. */
export const OBJECT_GB = 128 / 1_000;

/** Dollars for some amounts, by what they are for. */
export function billOf(amounts: Amounts): Record<Billed, number> {
  const lines = Object.entries(PRICES).map(([name, { usd, per }]) => [name, (amounts[name as Billed] * usd) / per]);
  return Object.fromEntries(lines);
}
