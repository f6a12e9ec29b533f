import { type EventQueue, wakeQueue } from '../events/queue.ts';
import { type DatedNote, noteAllOnce } from '../registry/note.ts';
import { planJob, plannedFor, RETRY_MS } from './jobs.ts';

/*
 * What happens in objects and is to be told: kept in the object's own storage, in the synchronous step of what has
 * caused it, until it stands in the audit trail, where it becomes an event. The trail takes each once, so that telling
 * it again after a crash does no harm.
 */

/** What telling takes. */
export interface TellEnv {
  readonly DB: D1Database;
  readonly EVENTS: EventQueue;
}

/** What is kept, by its place in their order. */
const PREFIX = 'note:';
const PLACE_DIGITS = 12;
/** How often it could not be told since it could last. */
const FAILURES = 'noteFailures';
/** The job of an object's alarm that tells; the last of its table, since whatever is kept while it runs is left to it. */
const TELL = 'tell';
/** What one alarm tells at most: so often so many. */
const ROUNDS = 20;
const NOTES_AT_ONCE = 50;
const LONGEST_RETRY_MS = 900_000;
/** Long ago by any clock; an alarm cannot be set to 0. */
const AT_ONCE = 1;
/** An entry of the trail stands at most so long after its time, so that the trail can be read by time: one that was kept for longer bears a later one. */
const LATE_MS = 300_000;

function keptIn(storage: DurableObjectStorage, options: { limit: number; reverse?: boolean }): [string, DatedNote][] {
  return [...storage.kv.list<DatedNote>({ prefix: PREFIX, ...options })];
}

/** When an object may be erased at the earliest that has still something to tell; null: it has nothing to tell. */
export function toldByMs(storage: DurableObjectStorage, nowMs: number): number | null {
  return hasNotes(storage) ? Math.max(plannedFor(storage, TELL) ?? 0, nowMs) + RETRY_MS : null;
}

function hasNotes(storage: DurableObjectStorage): boolean {
  return keptIn(storage, { limit: 1 }).length > 0;
}

/** At an object's start: plans to tell what is kept, where an older version has run the alarm and knew no such job. */
export function resumeNotes(storage: DurableObjectStorage): void {
  if (plannedFor(storage, TELL) === null && hasNotes(storage)) planJob(storage, TELL, AT_ONCE);
}

/** Keeps what happened, to be told by {@link tellNotes} as soon as the alarm rings. */
export function keepNotes(storage: DurableObjectStorage, notes: readonly DatedNote[]): void {
  if (notes.length === 0) return;
  const [last] = keptIn(storage, { limit: 1, reverse: true });
  let place = last === undefined ? 0 : Number(last[0].slice(PREFIX.length));
  for (const note of notes) storage.kv.put(PREFIX + String(++place).padStart(PLACE_DIGITS, '0'), note);
  // Else the job is planned, or runs and will see these too.
  if (last === undefined) planJob(storage, TELL, AT_ONCE);
}

/**
 * The job `tell`: writes what is kept into the trail, lets the events go out, and forgets it. Where the registry is away
 * it is tried again, after longer pauses each time. Never throws.
 */
export async function tellNotes(storage: DurableObjectStorage, env: TellEnv, nowMs: number): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const kept = keptIn(storage, { limit: NOTES_AT_ONCE });
    if (kept.length === 0) return;
    try {
      await noteAllOnce(
        env.DB,
        kept.map(([, note]) => ({ ...note, atMs: Math.max(note.atMs, nowMs - LATE_MS) })),
      );
    } catch {
      const failures = storage.kv.get<number>(FAILURES) ?? 0;
      storage.kv.put(FAILURES, failures + 1);
      planJob(storage, TELL, nowMs + Math.min(RETRY_MS * 2 ** failures, LONGEST_RETRY_MS), true);
      return;
    }
    wakeQueue(env.EVENTS);
    for (const [name] of kept) storage.kv.delete(name);
    storage.kv.delete(FAILURES);
  }
  if (hasNotes(storage)) planJob(storage, TELL, nowMs + RETRY_MS, true);
}
