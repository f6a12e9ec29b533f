import { alertNote, type DatedNote } from '../registry/note.ts';

/** What of alerts the operator's endpoints are told: as which action, and by which fields the kinds of one name differ. */
const TOLD: ReadonlyMap<string, { readonly action: string; readonly kind: readonly string[] }> = new Map([
  ['gate_unavailable', { action: 'gate.unavailable', kind: ['cause'] }],
  ['upstream_unhealthy', { action: 'upstream.unhealthy', kind: ['upstream', 'origin'] }],
]);

/** The way of an isolate's alerts to the operator's endpoints. */
export interface Telling {
  /** Has an alert told in the background, once for each kind and ten minutes; of other names nothing is. */
  readonly alert: (event: string, about: Readonly<Record<string, string | number>>) => void;
  /** Sends what could not be sent, if there is any; whoever calls need not wait for it. Never throws. */
  readonly retry: () => Promise<void>;
}

/** The pauses before it is sent again; then the next alert, or {@link Telling.retry}, does so. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000] as const;
/** By then one that sends is done, or its request is gone. */
const SENDS_AT_MOST_MS = 30_000;

/** Nothing to tell yet. `send` answers when it is kept for good; what it throws leaves all of it to be sent again. */
export function openTelling(
  send: (notes: readonly DatedNote[]) => Promise<unknown>,
  nowMs: () => number,
  waitUntil: (work: Promise<unknown>) => void,
): Telling {
  /** The last name of each kind, which is a new one after ten minutes; and what is not sent yet, by name. */
  const named = new Map<string, string>();
  const unsent = new Map<string, DatedNote>();
  /** Until when a request counts as sending; it may have been ended meanwhile. */
  let sendsUntilMs = 0;

  async function sendAll(): Promise<boolean> {
    const notes = [...unsent.values()];
    try {
      await send(notes);
    } catch {
      return false;
    }
    for (const { once } of notes) unsent.delete(once);
    return unsent.size === 0;
  }

  async function retry(): Promise<void> {
    if (unsent.size === 0 || nowMs() < sendsUntilMs) return;
    sendsUntilMs = nowMs() + SENDS_AT_MOST_MS;
    for (const pauseMs of PAUSES_MS) {
      if (await sendAll()) break;
      await scheduler.wait(pauseMs);
    }
    sendsUntilMs = 0;
  }

  return {
    alert(event, about) {
      const told = TOLD.get(event);
      if (told === undefined) return;
      // What a store says of its failure may hold anything.
      const { error: _, ...rest } = about;
      const kind = told.kind.map((field) => about[field]).join(' ');
      const note = alertNote(told.action, kind, rest, nowMs());
      const name = `${event} ${kind}`;
      if (named.get(name) !== note.once) {
        named.set(name, note.once);
        unsent.set(note.once, note);
      }
      if (unsent.size > 0) waitUntil(retry());
    },
    retry,
  };
}
