import * as z from 'zod';
import { settling } from './accounts.ts';
import { AT, pageOf, time } from './shape.ts';

/*
 * The shapes of members and invitations.
 */

const fate = { keys: z.enum(['revoked', 'kept']), key_count: z.int() };

/** A member, or an address that may become one. `since`: when it joined last, or was invited. */
export const person = z
  .strictObject({
    id: z.string(),
    account: z.string(),
    user: z.string().nullable(),
    email: z.string().nullable(),
    role: z.string(),
    status: z.enum(['active', 'invited', 'removed']),
    since: time,
    removed_at: time.nullable(),
    expires_at: time.nullable(),
  })
  .meta({ id: 'Person' });

export const people = pageOf('members', person);

/** A member with the new role, which holds for its keys; so many of them were changed. */
export const changedMember = z
  .strictObject({ ...person.shape, keys_changed: z.int(), ...settling })
  .meta({ id: 'ChangedMember' });

/** What stands beside the error of a new role, or of a member who is in again, that does not hold for all keys yet. */
export const unsettledMember = z.strictObject({ member: z.string(), ...settling });

/** A member that was removed, and what became of the keys that still worked. */
export const removedMember = z.strictObject({ ...person.shape, ...fate, ...settling }).meta({ id: 'RemovedMember' });

/** What stands beside the error of a removal that does not hold for all keys yet. */
export const unsettledRemoval = z.strictObject({ member: z.string(), ...fate, ...settling });

/** How far an erasure has come. */
export const erasedMember = z
  .strictObject({
    account: z.string(),
    member: z.string(),
    erased: z.boolean(),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'ErasedMember' });

const exampleMember = {
  id: 'mem_9dKx2LpT',
  account: 'acc_3vJ8wFq2',
  user: 'user_2pQ7xW',
  email: 'ada@example.com',
  role: 'developer',
  status: 'active',
  since: AT,
  removed_at: null,
  expires_at: null,
} as const;
const exampleInvitation = {
  ...exampleMember,
  id: 'inv_5sTq8ZbN',
  user: null,
  status: 'invited',
  expires_at: '2030-02-14T12:00:00.000Z',
} as const;
const settled = { done: ['key_9dKx2LpT'], pending: [], more: false } as const;

/** What the document shows as examples. */
export const examples = {
  member: exampleMember,
  invitation: exampleInvitation,
  people: { members: [exampleInvitation, exampleMember], next_cursor: null },
  changedMember: { ...exampleMember, role: 'viewer', keys_changed: 1, ...settled },
  removedMember: {
    ...exampleMember,
    status: 'removed',
    removed_at: AT,
    keys: 'revoked',
    key_count: 1,
    ...settled,
  },
  erasedMember: { account: exampleMember.account, member: exampleMember.id, erased: true, next_cursor: null },
  exportLines: `${[{ type: 'member', ...exampleMember }, { type: 'end' }]
    .map((line) => JSON.stringify(line))
    .join('\n')}\n`,
} as const;
