import type { LogBatch } from '../../src/decision/event.ts';
import type { RecordTerms } from '../../src/objects/account-ledger.ts';
import { MovableLedger as Ledger } from './objects-worker.ts';

export { default, MetricsBoard, MovableKeyGate, MovableLockout } from './objects-worker.ts';

/** A ledger whose first answer to each batch is lost on its way, after the batch was recorded. */
export class MovableLedger extends Ledger {
  readonly #heard = new Set<string>();

  override async record(batch: LogBatch, terms: RecordTerms): Promise<void> {
    await super.record(batch, terms);
    if (this.#heard.has(batch.id)) return;
    this.#heard.add(batch.id);
    throw new Error('the answer was lost');
  }
}
