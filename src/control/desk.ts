import type { House } from '../env.ts';
import type { Actor } from '../registry/audit.ts';
import type { Force } from '../registry/force.ts';

/** What a control function works with: the house, who asks, and when. */
export interface Desk {
  readonly house: House;
  readonly force: Force;
  readonly actor: Actor;
  readonly nowMs: number;
  /** The `Idempotency-Key` header as it was sent; null: none. */
  readonly idempotencyKey: string | null;
  /** The `Accept` header as it was sent; null: none. */
  readonly accept: string | null;
}

/** The ways that bring a change into force in this house. */
export function forceOf({ env, edge }: House): Force {
  return { db: env.DB, kv: env.KEYS, gate: edge.gate };
}
