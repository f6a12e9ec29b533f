import type { CreditTerms } from '../meter/credits.ts';
import { afterGrant, creditCrossings, NO_CREDITS_TOLD, type ToldCredits } from '../meter/warnings.ts';
import { systemNote } from '../registry/note.ts';
import type { Credits } from './credits.ts';
import { keepNotes } from './notes.ts';

const STORED_AS = 'creditsTold';
const ACTIONS = { low: 'credits.low', exhausted: 'credits.exhausted' } as const;

/** Keeps what is to be told of an account's credits, a thin shell around `meter/warnings.ts`. Every method is one synchronous step. */
export class CreditWatch {
  readonly #storage: DurableObjectStorage;
  /** null: an object without a name has nobody to tell. */
  readonly #accountId: string | null;
  #told: ToldCredits;

  constructor(storage: DurableObjectStorage, accountId: string | null) {
    this.#storage = storage;
    this.#accountId = accountId;
    this.#told = storage.kv.get<ToldCredits>(STORED_AS) ?? NO_CREDITS_TOLD;
  }

  /** Looks at the credits of an account that pays in advance; `isRefused`: a request was just refused for want of them. */
  look(credits: Credits, { prepaid, lowMicro }: CreditTerms, isRefused: boolean, nowMs: number): void {
    const accountId = this.#accountId;
    // An isolate of the version before sends no threshold: what it would tell is not told.
    if (accountId === null || !prepaid || lowMicro === undefined) return;
    const { granted, left } = credits.standing();
    const { told, crossed } = creditCrossings(this.#told, { granted, left, lowMicro, isRefused });
    if (crossed.length === 0) return;
    this.#keep(told);
    keepNotes(
      this.#storage,
      crossed.map((threshold) => {
        const about = { balanceMicro: left, ...(threshold === 'low' && { thresholdMicro: lowMicro }) };
        return systemNote(ACTIONS[threshold], { accountId }, `${accountId} ${nowMs}`, about, nowMs);
      }),
    );
  }

  /** Credits were granted. */
  granted(credits: Credits): void {
    const told = afterGrant(this.#told, credits.standing().left);
    if (told !== this.#told) this.#keep(told);
  }

  #keep(told: ToldCredits): void {
    this.#told = told;
    this.#storage.kv.put(STORED_AS, told);
  }
}
