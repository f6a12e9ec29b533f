import type { FilledKey } from './fill.ts';
import type { Json } from './reply.ts';

/*
 * Every kind of change of keys, members and accounts, as admin routes make it: what it is made to, and what it leaves.
 */

/** What a change is made to: an account with keys, which a member has made where there is one. */
export interface Scene {
  readonly account: string;
  readonly member: string | null;
  readonly keys: readonly FilledKey[];
}

/** A kind of change. */
export interface Kind {
  readonly keys: number;
  readonly ofMember?: true;
  /** The keys must not have been used. */
  readonly unused?: true;
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly path: (scene: Scene) => string;
  readonly body?: Json;
  /** What it leaves in the trail, in alphabetical order. */
  readonly entries: readonly string[];
  /** What the same call is answered that comes again; null: it is another change. */
  readonly again: readonly number[] | null;
  /** The field of the answer in which a secret stands. */
  readonly secret?: 'key' | 'new_api_key';
  /** Whether it is sent with an Idempotency-Key: however often, there is one secret. */
  readonly once?: true;
}

const ofKey =
  (rest = '') =>
  ({ keys }: Scene) =>
    `/keys/${keys[0]?.id}${rest}`;
const ofAccount =
  (rest: string) =>
  ({ account }: Scene) =>
    `/accounts/${account}${rest}`;
const ofMember =
  (rest = '') =>
  ({ account, member }: Scene) =>
    `/accounts/${account}/members/${member}${rest}`;
const TWO = { keys: 2, ofMember: true } as const;

const creation = {
  keys: 0,
  method: 'POST',
  path: ofAccount('/keys'),
  body: { environment: 'live' },
  entries: ['key.created'],
  secret: 'key',
} as const;
const rotation = {
  keys: 1,
  method: 'POST',
  path: ofKey('/rotate'),
  body: { grace_seconds: 0 },
  entries: ['key.rotated'],
  secret: 'new_api_key',
} as const;

/** By what they are called. */
export const KINDS: Readonly<Record<string, Kind>> = {
  'a creation': { ...creation, again: null },
  'a creation with an Idempotency-Key': { ...creation, again: [201], once: true },
  'a change of limits': {
    keys: 1,
    method: 'PATCH',
    path: ofKey(),
    body: { rate_limit_per_minute: 0 },
    entries: ['key.limited'],
    again: [200],
  },
  'a revocation': { keys: 1, method: 'POST', path: ofKey('/revoke'), entries: ['key.revoked'], again: [204] },
  'a deactivation': { keys: 1, method: 'POST', path: ofKey('/deactivate'), entries: ['key.deactivated'], again: [200] },
  // 409: the first one is in force from then on, and its secret is lost.
  'a rotation': { ...rotation, again: [200, 409] },
  'a rotation with an Idempotency-Key': { ...rotation, again: [200], once: true },
  'a purge': {
    keys: 1,
    unused: true,
    method: 'DELETE',
    path: ofKey('?purge=true'),
    entries: ['key.purged'],
    again: [204, 404],
  },
  'the removal of a member with its keys': {
    ...TWO,
    method: 'DELETE',
    path: ofMember('?revoke_keys=true'),
    entries: ['key.revoked', 'key.revoked', 'member.removed'],
    again: [200],
  },
  'a lower role of a member': {
    ...TWO,
    method: 'PATCH',
    path: ofMember(),
    body: { role: 'viewer' },
    entries: ['key.updated', 'key.updated', 'member.role_changed'],
    again: [200],
  },
  'a suspension': {
    ...TWO,
    method: 'POST',
    path: ofAccount('/suspend'),
    entries: ['account.suspended'],
    again: [200],
  },
  'the closing of an account': {
    ...TWO,
    method: 'POST',
    path: ofAccount('/close'),
    entries: ['account.closed', 'key.revoked', 'key.revoked'],
    again: [200],
  },
};
