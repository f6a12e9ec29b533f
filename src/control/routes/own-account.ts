import {
  showAccountLogs,
  showAccountUsage,
  showKeyLogs,
  showKeyUsage,
  showOwnAccount,
  updateOwnAccount,
} from '../accounts/own.ts';
import type { MemberDesk } from '../desk.ts';
import * as input from '../input.ts';
import { logQuery, usageQuery } from '../inputs/ledger.ts';
import { ownAccountChange } from '../inputs/people.ts';
import { NDJSON } from '../ledger/logs.ts';
import { id, type Route, route } from '../route.ts';
import * as shape from '../shapes/accounts.ts';
import * as ledger from '../shapes/ledger.ts';

const LOGS = {
  answers: { 200: ledger.logs },
  text: { type: NDJSON, example: ledger.examples.logLines },
  denials: ['not_found'],
  example: { input: { status: '4xx', limit: '50' }, answer: ledger.examples.logs },
} as const;
const USAGE = {
  answers: { 200: ledger.usage },
  denials: ['not_found'],
  example: { input: { by: 'hour' }, answer: ledger.examples.usage },
} as const;

/** The account of a session, and what its ledger tells, for its members. */
export const OWN_ACCOUNT_ROUTES: readonly Route<MemberDesk>[] = [
  route(
    'GET',
    '/account',
    input.nothing,
    {
      id: 'showOwnAccount',
      summary: 'The account of this session: plan, limits, credits and budget',
      answers: { 200: shape.ownAccount },
      example: { answer: shape.examples.ownAccount },
    },
    showOwnAccount,
  ),
  route(
    'PATCH',
    '/account',
    ownAccountChange,
    {
      id: 'updateOwnAccount',
      summary: 'Change the name or the budget of the account',
      answers: { 200: shape.changedOwnAccount },
      denials: ['not_in_force'],
      unsettled: shape.unsettledAccount,
      example: { input: { budget_micro: 25_000_000 }, answer: shape.examples.changedOwnAccount },
    },
    updateOwnAccount,
  ),
  route(
    'GET',
    '/usage',
    usageQuery,
    { id: 'showUsage', summary: 'What the requests of the account came to, by hour or by day', ...USAGE },
    showAccountUsage,
  ),
  route(
    'GET',
    '/logs',
    logQuery,
    { id: 'showLogs', summary: 'The requests with the keys that you see: newest first, or all as NDJSON', ...LOGS },
    showAccountLogs,
  ),
  route(
    'GET',
    '/api-keys/:id/usage',
    usageQuery,
    { id: 'showKeyUsage', summary: 'What the requests of one key came to, by hour or by day', ...USAGE },
    (desk, query, params) => showKeyUsage(desk, id(params), query),
  ),
  route(
    'GET',
    '/api-keys/:id/logs',
    logQuery,
    { id: 'showKeyLogs', summary: 'The requests with one key: newest first, or all as NDJSON', ...LOGS },
    (desk, query, params) => showKeyLogs(desk, id(params), query),
  ),
];
