import type { RequestEvent } from '../decision/event.ts';
import { type DatedNote, SYSTEM } from '../registry/note.ts';

const HOUR_MS = 3_600_000;
/** So many keys are remembered; what is noted again after that is told once all the same, by its name. */
const MOST_KNOWN = 10_000;

/** Of a key that is over no secret works. */
const OVER: ReadonlySet<string | null> = new Set(['revoked', 'expired']);

/** Finds keys of which a replaced secret is used within its grace, each once in an hour. */
export class OldSecretWatch {
  /** The newest hour that was noted, by key. */
  readonly #noted = new Map<string, number>();

  /** What is to be told of requests that were just recorded. */
  notesOf(events: readonly RequestEvent[], nowMs: number): DatedNote[] {
    return events.flatMap(({ keyId, atMs, replacedAtMs, reason }) => {
      const hourMs = Math.floor(atMs / HOUR_MS) * HOUR_MS;
      if (replacedAtMs === null || OVER.has(reason) || hourMs <= (this.#noted.get(keyId) ?? 0)) return [];
      if (this.#noted.size >= MOST_KNOWN) this.#noted.clear();
      this.#noted.set(keyId, hourMs);
      return [noteOf(keyId, hourMs, nowMs)];
    });
  }
}

function noteOf(keyId: string, hourMs: number, nowMs: number): DatedNote {
  const action = 'key.old_secret_used';
  const about = { hour: new Date(hourMs).toISOString() };
  return { once: `${action} ${keyId} ${hourMs}`, action, accountId: null, keyId, about, atMs: nowMs, actor: SYSTEM };
}
