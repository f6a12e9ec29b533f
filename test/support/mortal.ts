import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
import type { Reply } from './reply.ts';

/* A gateway whose process is killed and started again on its state, time after time, and those who call it all the same. */

/** What a caller waits before the same call again, in ms. */
const AGAIN_MS = 20;

export class Mortal {
  readonly #options: ClusterOptions;
  #running: Promise<Cluster>;
  #killed = new WeakSet<Cluster>();
  #movedMs = 0;
  #interrupted = 0;

  /** `options` have a state folder and an origin, which outlive it. */
  constructor(options: ClusterOptions & Required<Pick<ClusterOptions, 'stateDir' | 'origin'>>) {
    this.#options = options;
    this.#running = startCluster(options);
  }

  /** As it runs now. */
  get cluster(): Promise<Cluster> {
    return this.#running;
  }

  /** By how much time was moved. */
  get movedMs(): number {
    return this.#movedMs;
  }

  /** The time that it is on its clocks, in ms. */
  get nowMs(): number {
    return Date.now() + this.#movedMs;
  }

  /** How many calls were under way when it was killed. */
  get interrupted(): number {
    return this.#interrupted;
  }

  /** Kills it and starts it again, so much later by its clocks. */
  async kill(laterMs: number): Promise<void> {
    const cluster = await this.#running;
    this.#killed.add(cluster);
    this.#movedMs += laterMs;
    this.#running = cluster.kill().then(() => startCluster({ ...this.#options, movedMs: this.#movedMs }));
    await this.#running;
  }

  /** Asks until there is an answer, for which `isDone`, again where the gateway was killed or has failed meanwhile. */
  async insist(ask: (cluster: Cluster) => Promise<Reply>, isDone: (reply: Reply) => boolean): Promise<Reply> {
    for (;;) {
      const cluster = await this.#running;
      try {
        const reply = await ask(cluster);
        if (isDone(reply)) return reply;
      } catch (error) {
        if (!this.#killed.has(cluster)) throw error;
        this.#interrupted++;
      }
      await pause(AGAIN_MS);
    }
  }

  /** Lets the cron run, for as long as nobody kills it. */
  async schedule(): Promise<void> {
    const cluster = await this.#running;
    await cluster.schedule().catch((error) => {
      if (!this.#killed.has(cluster)) throw error;
    });
  }

  async stop(): Promise<void> {
    await (await this.#running).kill();
  }
}
