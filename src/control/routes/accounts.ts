import {
  createAccount,
  listAccounts,
  resumeAccount,
  showAccount,
  suspendAccount,
  updateAccount,
} from '../accounts/accounts.ts';
import { closeAccount } from '../accounts/close.ts';
import { eraseAccount } from '../accounts/erase.ts';
import { exportAccount } from '../accounts/export.ts';
import type { Desk } from '../desk.ts';
import * as input from '../input.ts';
import { accountListQuery, erasure } from '../inputs/people.ts';
import { showLimits } from '../ledger/limits.ts';
import { NDJSON } from '../ledger/logs.ts';
import { id, type Route, route } from '../route.ts';
import * as shape from '../shapes/accounts.ts';
import * as limits from '../shapes/limits.ts';

const { examples } = shape;

/** What becomes of a change that concerns all keys of an account. */
const CHANGE = { denials: ['not_found', 'not_in_force'], unsettled: shape.unsettledAccount } as const;

/** Accounts, for operators. */
export const ACCOUNT_ROUTES: readonly Route<Desk>[] = [
  route(
    'POST',
    '/accounts',
    input.newAccount,
    {
      id: 'createAccount',
      summary: 'Make an account',
      answers: { 201: shape.account },
      denials: ['conflict'],
      example: { input: { name: 'Acme', plan: 'standard', organisation: 'org_2pQ7' }, answer: examples.account },
    },
    createAccount,
  ),
  route(
    'GET',
    '/accounts',
    accountListQuery,
    {
      id: 'listAccounts',
      summary: 'Accounts, newest first',
      answers: { 200: shape.accounts },
      example: { input: { plan: 'standard', limit: '50' }, answer: examples.accounts },
    },
    listAccounts,
  ),
  route(
    'GET',
    '/accounts/:id',
    input.nothing,
    {
      id: 'showAccount',
      summary: 'An account',
      answers: { 200: shape.account },
      denials: ['not_found'],
      example: { answer: examples.account },
    },
    (desk, _, params) => showAccount(desk, id(params)),
  ),
  route(
    'PATCH',
    '/accounts/:id',
    input.accountChange,
    {
      id: 'updateAccount',
      summary: 'Change the name, plan, budget or billing months of an account',
      answers: { 200: shape.changedAccount },
      ...CHANGE,
      example: { input: { plan: 'standard', budget_micro: null }, answer: examples.changedAccount },
    },
    (desk, set, params) => updateAccount(desk, id(params), set),
  ),
  route(
    'POST',
    '/accounts/:id/suspend',
    input.nothing,
    {
      id: 'suspendAccount',
      summary: 'Suspend an account: from the answer on, none of its keys is admitted',
      answers: { 200: shape.changedAccount },
      ...CHANGE,
      example: { answer: examples.suspendedAccount },
    },
    (desk, _, params) => suspendAccount(desk, id(params)),
  ),
  route(
    'POST',
    '/accounts/:id/resume',
    input.nothing,
    {
      id: 'resumeAccount',
      summary: 'End the suspension of an account that is not closed',
      answers: { 200: shape.changedAccount },
      ...CHANGE,
      denials: [...CHANGE.denials, 'conflict'],
      example: { answer: examples.changedAccount },
    },
    (desk, _, params) => resumeAccount(desk, id(params)),
  ),
  route(
    'POST',
    '/accounts/:id/close',
    input.nothing,
    {
      id: 'closeAccount',
      summary: 'Close an account for good: all its keys are revoked',
      answers: { 200: shape.changedAccount },
      ...CHANGE,
      example: { answer: examples.closedAccount },
    },
    (desk, _, params) => closeAccount(desk, id(params)),
  ),
  route(
    'GET',
    '/accounts/:id/export',
    input.nothing,
    {
      id: 'exportAccount',
      summary: 'All that is kept of an account, as NDJSON; its request log has an export of its own',
      answers: { 200: null },
      text: { type: NDJSON, example: examples.exportLines },
      denials: ['not_found'],
      example: {},
    },
    (desk, _, params) => exportAccount(desk, id(params)),
  ),
  route(
    'POST',
    '/accounts/:id/erase',
    erasure,
    {
      id: 'eraseAccount',
      summary: 'Erase whatever tells of persons from an account that is closed; with a cursor, go on',
      answers: { 200: shape.erasedAccount },
      denials: ['not_found', 'conflict'],
      example: { input: {}, answer: examples.erasedAccount },
    },
    (desk, wish, params) => eraseAccount(desk, id(params), wish),
  ),
  route(
    'GET',
    '/accounts/:id/limits',
    input.nothing,
    {
      id: 'showAccountLimits',
      summary: 'What all keys of an account share, and what is left of it',
      answers: { 200: limits.accountLimits },
      denials: ['not_found'],
      example: { answer: limits.examples.accountLimits },
    },
    (desk, _, params) => showLimits(desk, id(params)),
  ),
];
