import { DurableObject } from 'cloudflare:workers';
import type { DatedNote } from '../registry/note.ts';
import { armJobs, planJob, runJobs } from './jobs.ts';
import { keepNotes, resumeNotes, type TellEnv, tellNotes } from './notes.ts';
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
export type BoardCalls = Remote<MetricsBoard, 'add' | 'read' | 'noteCron' | 'tell'>;

/** The name of the one board. */
export const BOARD = 'metrics';

/** Version of what this object stores. */
const STORAGE_VERSION = 1;
const COUNTERS = 'counters';
const CRON_AT = 'cronAtMs';
const STORE_AFTER_MS = 60_000;
/** So many names of notes are remembered; one that comes again after that is told again, and stands once all the same. */
const MOST_KNOWN = 1_000;

/**
 * The sums of what all isolates count, in memory and stored once a minute while they change. A restart loses what had
 * come since. What is shown is stored before: a counter that falls back would be taken for one that began anew, and its
 * whole value for an increase. What isolates tell the operator goes through it too: it keeps that first.
 */
export class MetricsBoard extends DurableObject {
  readonly #storage: DurableObjectStorage;
  readonly #env: TellEnv;
  readonly #counters: Map<string, number>;
  readonly #known = new Set<string>();
  #isStored = true;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as Cloudflare.Env);
    this.#storage = ctx.storage;
    checkVersion(this.#storage, STORAGE_VERSION);
    this.#env = env as TellEnv;
    this.#counters = new Map(Object.entries(this.#storage.kv.get<CountedValues>(COUNTERS) ?? {}));
    resumeNotes(this.#storage);
    armJobs(this.#storage);
  }

  /** The object's clock, in ms. */
  protected nowMs(): number {
    return Date.now();
  }

  /** Adds what an isolate has counted. */
  add(values: CountedValues): void {
    for (const [name, by] of Object.entries(values)) this.#counters.set(name, (this.#counters.get(name) ?? 0) + by);
    if (!this.#isStored) return;
    this.#isStored = false;
    planJob(this.#storage, 'store', this.nowMs() + STORE_AFTER_MS);
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

  /** Takes what the operator is to be told; of those of one name the first. Answers once it is kept for good. */
  tell(notes: readonly DatedNote[]): void {
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    const fresh = notes.filter(({ once }) => !this.#known.has(once));
    for (const { once } of fresh) this.#known.add(once);
    writeVersion(this.#storage, STORAGE_VERSION);
    keepNotes(this.#storage, fresh);
  }

  override async alarm(): Promise<void> {
    await runJobs(this.#storage, this.nowMs(), {
      store: () => this.#store(),
      tell: (nowMs) => tellNotes(this.#storage, this.#env, nowMs),
    });
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
