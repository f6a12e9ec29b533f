import { bringIntoForce, type Force } from '../../registry/force.ts';
import { type KeySet, settlingKeys } from '../../registry/settling.ts';
import { type Answer, json, notInForce } from '../answer.ts';
import { MAX_SET } from '../input.ts';

/** For which keys a change holds, and for which it does not yet. `more`: others wait that were not tried. */
export interface Settled {
  readonly done: readonly string[];
  readonly pending: readonly string[];
  readonly more: boolean;
}

/** How many keys' gates one call advances, in sets of {@link MAX_SET}; within the platform's subrequests. */
const KEYS_PER_CALL = 2 * MAX_SET - 1;

/**
 * Brings a change of many keys into force that is committed: the gates of those that wait first. A key that does not
 * wait is in force already, since its outbox row goes only after its gate has answered; its gate is asked all the same
 * while there is room. What is left over is driven through by the same call again, or by the sweep.
 */
export async function settleKeys(force: Force, set: KeySet): Promise<Settled> {
  const found = await settlingKeys(force.db.withSession('first-primary'), set, KEYS_PER_CALL + 1);
  const taken = found.slice(0, KEYS_PER_CALL).map(({ key }) => key);
  const inForce = new Set<string>();
  for (let i = 0; i < taken.length; i += MAX_SET) {
    for (const id of await bringIntoForce(force, taken.slice(i, i + MAX_SET))) inForce.add(id);
  }
  const ids = taken.map(({ id }) => id);
  return {
    done: ids.filter((id) => inForce.has(id)),
    pending: ids.filter((id) => !inForce.has(id)),
    more: found[KEYS_PER_CALL]?.waiting === true,
  };
}

/** Of a change that concerns no key. */
export const NOTHING_TO_SETTLE: Settled = { done: [], pending: [], more: false };

/** Whether a change holds for all keys. */
export function holds({ pending, more }: Settled): boolean {
  return pending.length === 0 && !more;
}

/** 200 with `body` only if the change holds for all keys; else what stands beside the error is `named`, each with the lists. */
export function settledAnswer(settled: Settled, body: object, named: object): Answer {
  return holds(settled) ? json({ ...body, ...settled }) : notInForce({ ...named, ...settled });
}
