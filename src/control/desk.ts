import type { House } from '../env.ts';
import type { Actor } from '../registry/audit.ts';
import type { Force } from '../registry/force.ts';
import type { Membership } from '../registry/members.ts';
import type { Entropy } from './entropy.ts';
import type { Identity } from './guards/session.ts';

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
  /** The request whose body a route reads by itself. */
  readonly upload?: Request;
  /** Of which new ids and secrets are made. */
  readonly entropy: Entropy;
}

/** The desk of a session, whatever account it is for. */
export interface SessionDesk extends Desk {
  readonly identity: Identity;
}

/** The desk of who has signed in. The account is the one of this session; nothing of another one is ever found. */
export interface MemberDesk extends SessionDesk, Membership {}

/** The ways that bring a change into force in this house. */
export function forceOf({ env, edge, wake }: House): Force {
  return { db: env.DB, kv: env.KEYS, gate: edge.gate, wake };
}
