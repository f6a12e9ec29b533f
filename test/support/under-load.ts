import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { inTurn } from './in-turn.ts';
import { jsonOf } from './reply.ts';

/*
 * Changes of keys that every isolate is using all the while, on clocks that differ and jump: what was sent when, with
 * which answer, and from when on which change must be seen. Times are of this process's monotonic clock.
 */

/** Keys are used for this long before the first change, and so many changes are made at a time. */
const WARM_UP_MS = 300;
const CHANGES_AT_ONCE = 100;
/**
 * How often a key is used just before its change, where it is used, so that a lease has permits left; and for how many
 * changes that is done at a time: on a busy machine the leases of more would have ended before these are asked for.
 */
const USES = 3;
const WARMED_AT_ONCE = 4;
/** How long a key goes on being used after its change was acknowledged. */
const FOCUS_MS = 200;
/** Each key is used in two of eight isolates, so that both hold leases on it. */
const GROUPS = 4;
/** The longest pause between what is sent to an isolate all the while. */
const LONGEST_GAP_MS = 100;

/** A key that is used; `method` is what it calls with, `GET` unless given. */
export interface UsedKey {
  readonly id: string;
  readonly key: string;
  readonly method?: string;
}

/** A request that was answered. `code`: why it was refused; null: it was not. */
export interface Sent {
  readonly keyId: string;
  readonly isolate: number;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  readonly status: number;
  readonly code: string | null;
}

/**
 * Requests over all isolates until it is told to stop: mostly with the keys in `focus`, whose change is under way or
 * just acknowledged, else with random keys of the pool. The address tells the isolate: `10.0.<isolate>.…`.
 */
class Load {
  readonly sent: Sent[] = [];
  readonly #cluster: Cluster;
  readonly #focus = Array.from({ length: GROUPS }, () => new Set<UsedKey>());
  readonly #groups: ReadonlyMap<UsedKey, number>;
  #running = true;
  readonly #loops: Promise<void>[];

  constructor(cluster: Cluster, pool: readonly UsedKey[]) {
    this.#cluster = cluster;
    this.#groups = new Map(pool.map((key, i) => [key, i % GROUPS]));
    const isolates = cluster.urls.length;
    this.#loops = Array.from({ length: isolates }, (_, isolate) => {
      const own = pool.filter((key) => this.#groups.get(key) === isolate % GROUPS);
      return this.#loop(own, isolate % GROUPS, isolate);
    });
  }

  focus(keys: readonly UsedKey[]): void {
    for (const key of keys) this.#focusOf(key).add(key);
  }

  leave(keys: readonly UsedKey[]): void {
    for (const key of keys) this.#focusOf(key).delete(key);
  }

  /** Uses each of the keys, so that both of its isolates hold leases on it. */
  async warm(keys: readonly UsedKey[]): Promise<void> {
    for (let use = 0; use < USES; use++) await this.#useAll(keys, 0);
  }

  /** Uses each of the keys at once, in one more isolate too, and waits while it goes on being used. */
  async probe(keys: readonly UsedKey[]): Promise<void> {
    await Promise.all([this.#useAll(keys, 1), pause(FOCUS_MS)]);
  }

  async #useAll(keys: readonly UsedKey[], others: number): Promise<void> {
    const isolates = [...this.#cluster.urls.keys()];
    const uses = keys.flatMap((key) => {
      const group = this.#groups.get(key) ?? 0;
      const own = isolates.filter((isolate) => isolate % GROUPS === group || isolate === group + others);
      return own.map((isolate) => this.#send(key, isolate));
    });
    await Promise.all(uses);
  }

  #focusOf(key: UsedKey): Set<UsedKey> {
    return this.#focus[this.#groups.get(key) ?? 0] as Set<UsedKey>;
  }

  async #loop(pool: readonly UsedKey[], group: number, isolate: number): Promise<void> {
    while (this.#running) {
      const focus = this.#focus[group] as Set<UsedKey>;
      const from = focus.size > 0 && Math.random() < 0.9 ? [...focus] : pool;
      await this.#send(from[Math.floor(Math.random() * from.length)] as UsedKey, isolate);
      await pause(Math.random() * LONGEST_GAP_MS);
    }
  }

  async #send({ id: keyId, key, method = 'GET' }: UsedKey, isolate: number): Promise<void> {
    const address = `10.0.${isolate}.${Math.floor(Math.random() * 4)}`;
    const sentAtMs = performance.now();
    const headers = { authorization: `Bearer ${key}` };
    const response = await this.#cluster.send('/v1/models', { method, headers, address }, isolate);
    const text = await response.text();
    const code = response.ok ? null : (jsonOf(text)?.code ?? `status ${response.status}`);
    this.sent.push({ keyId, isolate, sentAtMs, answeredAtMs: performance.now(), status: response.status, code });
  }

  async stop(): Promise<readonly Sent[]> {
    this.#running = false;
    await Promise.all(this.#loops);
    return this.sent;
  }
}

/** Skews, drifts and delays the isolates, each differently; returns what ends the stepping of clocks. */
export async function disturb(cluster: Cluster): Promise<() => Promise<void>> {
  const isolates = cluster.urls.length;
  const offsets = Array.from({ length: isolates }, (_, i) => skewOf(i));
  for (let i = 0; i < isolates; i++) {
    await cluster.steer(i, 'clock', { offsetMs: offsets[i] as number, driftPpm: (i - 4) * 2_000 });
    await cluster.steer(i, 'delays', { seed: i + 1, maxMs: 10 });
  }
  let stepping = true;
  const steps = (async () => {
    for (let i = 0; stepping; i = (i + 3) % isolates) {
      await pause(300);
      offsets[i] = (offsets[i] as number) - 30 - Math.floor(Math.random() * 1_500);
      await cluster.steer(i, 'clock', { offsetMs: offsets[i] as number });
    }
  })();
  return async () => {
    stepping = false;
    await steps;
  };
}

/** How far an isolate's clock is off at first; later it steps back by seconds, and the order of clocks stays. */
export function skewOf(isolate: number): number {
  return (isolate - 4) * 3_600_000 + isolate * 17;
}

/** Keys, and what is done to them, one thing after the other. Each step tells whether it was acknowledged. */
export interface Change {
  readonly keys: readonly UsedKey[];
  readonly steps: readonly (() => Promise<boolean>)[];
}

/** When a step began, from when on it must be seen, and until when: then the next one began. */
interface Window {
  readonly beganMs: number;
  readonly fromMs: number;
  untilMs: number;
}

/** What was sent, and of each key when each of its steps held; one that was not acknowledged is null. */
export interface Run {
  readonly sent: readonly Sent[];
  readonly held: ReadonlyMap<string, readonly (Window | null)[]>;
  /** How many steps were acknowledged. */
  readonly acknowledged: number;
}

/** Makes the changes, many at a time and as fast as the machine can, while all keys are used all the time. */
export async function underLoad(cluster: Cluster, changes: readonly Change[]): Promise<Run> {
  const load = new Load(
    cluster,
    changes.flatMap(({ keys }) => keys),
  );
  const held = new Map<string, (Window | null)[]>();
  let acknowledged = 0;
  const warmed = Array.from({ length: WARMED_AT_ONCE }, () => Promise.resolve());
  await pause(WARM_UP_MS);
  await inTurn(
    changes.entries(),
    async ([n, { keys, steps }]) => {
      load.focus(keys);
      const turn = n % WARMED_AT_ONCE;
      warmed[turn] = (warmed[turn] as Promise<void>).then(() => load.warm(keys));
      await warmed[turn];
      const windows: (Window | null)[] = [];
      for (const { id } of keys) held.set(id, windows);
      for (const step of steps) {
        const beganMs = performance.now();
        const last = windows.at(-1) ?? null;
        if (last !== null) last.untilMs = beganMs;
        const done = await step();
        windows.push(done ? { beganMs, fromMs: performance.now(), untilMs: Number.POSITIVE_INFINITY } : null);
        if (done) acknowledged++;
        await load.probe(keys);
      }
      load.leave(keys);
    },
    CHANGES_AT_ONCE,
  );
  return { sent: await load.stop(), held, acknowledged };
}

/** What was sent after a step had been acknowledged, and was answered before the next began. */
export function sentWhile({ sent, held }: Run, step = 0, keys?: readonly UsedKey[]): Sent[] {
  const of = keys && new Set(keys.map(({ id }) => id));
  return sent.filter(({ keyId, sentAtMs, answeredAtMs }) => {
    const window = of?.has(keyId) === false ? null : held.get(keyId)?.[step];
    return window != null && sentAtMs > window.fromMs && answeredAtMs < window.untilMs;
  });
}
