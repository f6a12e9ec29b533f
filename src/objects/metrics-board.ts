import { DurableObject } from 'cloudflare:workers';
import type { Remote } from './remote.ts';
import { checkVersion, writeVersion } from './version.ts';

/** Numbers by name. */
export type CountedValues = Readonly<Record<string, number>>;

/** What the board shows. */
export interface Board {
  /** The sums of all that was added. */
  readonly counters: CountedValues;
  /** When the cron ran last; null: not yet. */
  readonly cronAtMs: number | null;
}

/** The board, as Workers call it. */
export type BoardCalls = Remote<MetricsBoard, 'add' | 'read' | 'noteCron'>;

/** The name of the one board. */
export const BOARD = 'metrics';

/** Version of what this object stores. */
const STORAGE_VERSION = 1;
const COUNTERS = 'counters';
const CRON_AT = 'cronAtMs';
const STORE_AFTER_MS = 60_000;

/**
 * The sums of what all isolates count, in memory and stored once a minute while they change. A restart loses what had
 * come since. What is shown is stored before: a counter that falls back would be taken for one that began anew, and its
 * whole value for an increase.
 */
export class MetricsBoard extends DurableObject {
  readonly #storage: DurableObjectStorage;
  readonly #counters: Map<string, number>;
  #isStored = true;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as Cloudflare.Env);
    this.#storage = ctx.storage;
    checkVersion(this.#storage, STORAGE_VERSION);
    this.#counters = new Map(Object.entries(this.#storage.kv.get<CountedValues>(COUNTERS) ?? {}));
  }

  /** Adds what an isolate has counted. */
  async add(values: CountedValues): Promise<void> {
    for (const [name, by] of Object.entries(values)) this.#counters.set(name, (this.#counters.get(name) ?? 0) + by);
    if (!this.#isStored) return;
    this.#isStored = false;
    await this.#storage.setAlarm(Date.now() + STORE_AFTER_MS);
  }

  /** All counters, and when the cron ran last. */
  read(): Board {
    this.#store();
    return { counters: Object.fromEntries(this.#counters), cronAtMs: this.#cronAtMs() };
  }

  /** Notes that the cron runs, and returns when it did before; null: never. */
  noteCron(nowMs: number): number | null {
    const before = this.#cronAtMs();
    writeVersion(this.#storage, STORAGE_VERSION);
    this.#storage.kv.put(CRON_AT, nowMs);
    return before;
  }

  override alarm(): void {
    this.#store();
  }

  #store(): void {
    if (this.#isStored) return;
    writeVersion(this.#storage, STORAGE_VERSION);
    this.#storage.kv.put(COUNTERS, Object.fromEntries(this.#counters));
    this.#isStored = true;
  }

  #cronAtMs(): number | null {
    return this.#storage.kv.get<number>(CRON_AT) ?? null;
  }
}
