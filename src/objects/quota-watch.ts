import type { LimitView } from '../meter/meter.ts';
import { type Book, outOf } from '../meter/settle.ts';
import { type Crossing, crossings, type Standing, type ToldQuotas } from '../meter/warnings.ts';
import { type DatedNote, systemNote } from '../registry/note.ts';
import { keepNotes } from './notes.ts';

/** Whose quotas are watched: a key's, or those that an account's keys share. */
export type Owner = { readonly keyId: string } | { readonly accountId: string };

const STORED_AS = 'quotasTold';
const ACTIONS = { warning: 'quota.warning', reached: 'quota.reached' } as const;

/** Keeps what is to be told of quotas, a thin shell around `meter/warnings.ts`. Every method is one synchronous step. */
export class QuotaWatch {
  readonly #storage: DurableObjectStorage;
  /** null: an object without a name has nobody to tell. */
  readonly #owner: Owner | null;
  #told: ToldQuotas;

  constructor(storage: DurableObjectStorage, owner: Owner | null) {
    this.#storage = storage;
    this.#owner = owner;
    this.#told = storage.kv.get<ToldQuotas>(STORED_AS) ?? {};
  }

  /** Looks at quotas as a giver has them; `violated` names those that have just refused a request. */
  look(book: Book, views: readonly LimitView[], violated: readonly string[], nowMs: number): void {
    this.lookAt(
      views.map((view) => ({ view, isRefused: violated.includes(view.name), out: () => outOf(book, view) })),
      nowMs,
    );
  }

  /** The same for standings of any kind. */
  lookAt(standings: readonly Standing[], nowMs: number): void {
    const owner = this.#owner;
    if (owner === null) return;
    const { told, crossed } = crossings(this.#told, standings, nowMs);
    if (told === this.#told) return;
    this.#told = told;
    this.#storage.kv.put(STORED_AS, told);
    keepNotes(
      this.#storage,
      crossed.map((crossing) => noteOf(owner, crossing, nowMs)),
    );
  }
}

function noteOf(owner: Owner, { threshold, ...about }: Crossing, nowMs: number): DatedNote {
  const id = 'keyId' in owner ? owner.keyId : owner.accountId;
  return systemNote(ACTIONS[threshold], owner, `${id} ${about.quota} ${nowMs}`, about, nowMs);
}
