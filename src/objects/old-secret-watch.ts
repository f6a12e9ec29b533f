import type { RequestEvent } from '../decision/event.ts';
import { type DatedNote, systemNote } from '../registry/note.ts';

const HOUR_MS = 3_600_000;
/** So many of them are remembered; what is noted again after that is told once all the same, by its name. */
const MOST_KNOWN = 10_000;

/** Of a key that is over no secret works. */
const OVER: ReadonlySet<string | null> = new Set(['revoked', 'expired']);

/** Finds keys of which a replaced secret is used within its grace, each once in an hour. */
export class OldSecretWatch {
  /** The keys and hours that were noted: a long request is recorded in a later hour than that in which it came. */
  readonly #noted = new Set<string>();

  /** What is to be told of requests that were just recorded. */
  notesOf(events: readonly RequestEvent[], nowMs: number): DatedNote[] {
    return events.flatMap(({ keyId, atMs, replacedAtMs, reason }) => {
      if (replacedAtMs === null || OVER.has(reason)) return [];
      const hourMs = Math.floor(atMs / HOUR_MS) * HOUR_MS;
      const name = `${keyId} ${hourMs}`;
      if (this.#noted.has(name)) return [];
      if (this.#noted.size >= MOST_KNOWN) this.#noted.clear();
      this.#noted.add(name);
      const about = { hour: new Date(hourMs).toISOString() };
      return [systemNote('key.old_secret_used', { keyId }, name, about, nowMs)];
    });
  }
}
