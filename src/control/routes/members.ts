import { eraseMember } from '../accounts/erase.ts';
import { exportMember } from '../accounts/export.ts';
import { changeMember, invite, letIn, listMembers, reachOf, removeMember, removeOrLeave } from '../accounts/members.ts';
import type { Desk, MemberDesk } from '../desk.ts';
import * as input from '../input.ts';
import * as people from '../inputs/people.ts';
import { NDJSON } from '../ledger/logs.ts';
import { id, type Params, type Route, route } from '../route.ts';
import * as shape from '../shapes/members.ts';

const { examples } = shape;

const LIST = {
  answers: { 200: shape.people },
  example: { input: { limit: '50' }, answer: examples.people },
} as const;

/** What becomes of a new role, and of a removal. */
const CHANGE = {
  answers: { 200: shape.changedMember },
  unsettled: shape.unsettledMember,
  example: { input: { role: 'viewer' }, answer: examples.changedMember },
} as const;
const REMOVAL = {
  answers: { 200: shape.removedMember, 204: null },
  unsettled: shape.unsettledRemoval,
  example: { input: { revoke_keys: 'true' }, answer: examples.removedMember },
} as const;

/** The members of an account, for its members. */
export const MEMBER_ROUTES: readonly Route<MemberDesk>[] = [
  route(
    'GET',
    '/members',
    people.peopleQuery,
    { id: 'listMembers', summary: 'Members of the account and who is invited, the newest first', ...LIST },
    (desk, query) => listMembers(desk, reachOf(desk), query),
  ),
  route(
    'POST',
    '/members',
    people.newInvitation,
    {
      id: 'inviteMember',
      summary: 'Invite an e-mail address, which becomes a member when it accepts; nothing is sent to it',
      answers: { 201: shape.person },
      denials: ['conflict'],
      example: { input: { email: 'ada@example.com', role: 'developer' }, answer: examples.invitation },
    },
    invite,
  ),
  route(
    'PATCH',
    '/members/:id',
    people.memberChange,
    {
      id: 'changeMember',
      summary: 'Give a member another role, and no key of theirs more than it allows',
      ...CHANGE,
      denials: ['not_found', 'conflict', 'not_in_force'],
    },
    (desk, change, params) => changeMember(desk, reachOf(desk), id(params), change),
  ),
  route(
    'DELETE',
    '/members/:id',
    people.removal,
    {
      id: 'removeMember',
      summary: 'Remove a member with its keys or without, take an invitation back, or leave',
      ...REMOVAL,
      denials: ['not_found', 'conflict', 'not_in_force'],
    },
    (desk, wish, params) => removeOrLeave(desk, id(params), wish),
  ),
];

const member = (params: Params): string => params.member ?? '';
const anyRole = (params: Params) => ({ accountId: id(params), roles: null });

/** The members of accounts, for operators. */
export const ADMIN_MEMBER_ROUTES: readonly Route<Desk>[] = [
  route(
    'GET',
    '/accounts/:id/members',
    people.peopleQuery,
    { id: 'listAccountMembers', summary: 'Members of an account and who is invited', ...LIST, denials: ['not_found'] },
    (desk, query, params) => listMembers(desk, anyRole(params), query),
  ),
  route(
    'POST',
    '/accounts/:id/members',
    people.newMember,
    {
      id: 'letMemberIn',
      summary: 'Make a user of the sign-in a member of an account, or invite an e-mail address',
      answers: { 201: shape.person },
      denials: ['not_found', 'conflict', 'not_in_force'],
      unsettled: shape.unsettledMember,
      example: { input: { user: 'user_2pQ7xW', role: 'developer' }, answer: examples.member },
    },
    (desk, wish, params) => letIn(desk, anyRole(params), wish),
  ),
  route(
    'PATCH',
    '/accounts/:id/members/:member',
    people.memberChange,
    {
      id: 'changeAccountMember',
      summary: 'Give a member of an account another role, and no key of theirs more than it allows',
      ...CHANGE,
      denials: ['not_found', 'conflict', 'not_in_force'],
    },
    (desk, change, params) => changeMember(desk, anyRole(params), member(params), change),
  ),
  route(
    'DELETE',
    '/accounts/:id/members/:member',
    people.removal,
    {
      id: 'removeAccountMember',
      summary: 'Remove a member of an account with its keys or without, or take an invitation back',
      ...REMOVAL,
      denials: ['not_found', 'conflict', 'not_in_force'],
    },
    (desk, wish, params) => removeMember(desk, anyRole(params), member(params), wish),
  ),
  route(
    'GET',
    '/accounts/:id/members/:member/export',
    input.nothing,
    {
      id: 'exportMember',
      summary: 'All that is kept of a member, as NDJSON: its keys, and what it did',
      answers: { 200: null },
      text: { type: NDJSON, example: examples.exportLines },
      denials: ['not_found'],
      example: {},
    },
    (desk, _, params) => exportMember(desk, id(params), member(params)),
  ),
  route(
    'POST',
    '/accounts/:id/members/:member/erase',
    people.erasure,
    {
      id: 'eraseMember',
      summary: 'Remove a member, revoke its keys, and erase who it was; with a cursor, go on',
      answers: { 200: shape.erasedMember },
      denials: ['not_found', 'conflict', 'not_in_force'],
      unsettled: shape.unsettledRemoval,
      example: { input: {}, answer: examples.erasedMember },
    },
    (desk, wish, params) => eraseMember(desk, id(params), member(params), wish),
  ),
];
