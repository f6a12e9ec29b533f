import type { Desk } from '../desk.ts';
import { movementQuery, newGrant } from '../inputs/credits.ts';
import { logQuery, usageQuery } from '../inputs/ledger.ts';
import { grantCredits, showCredits } from '../ledger/credits.ts';
import { NDJSON, showLogs } from '../ledger/logs.ts';
import { showUsage } from '../ledger/usage.ts';
import { id, type Route, route } from '../route.ts';
import * as shape from '../shapes/ledger.ts';

const { examples } = shape;

/** What the ledgers of accounts tell, for operators. */
export const LEDGER_ROUTES: readonly Route<Desk>[] = [
  route(
    'GET',
    '/accounts/:id/credits',
    movementQuery,
    {
      id: 'showCredits',
      summary: 'Where an account stands, and what led there',
      answers: { 200: shape.credits },
      denials: ['not_found'],
      example: { input: { limit: '50' }, answer: examples.credits },
    },
    (desk, query, params) => showCredits(desk, id(params), query),
  ),
  route(
    'POST',
    '/accounts/:id/credits',
    newGrant,
    {
      id: 'grantCredits',
      summary: 'Grant credits to an account, or correct them',
      answers: { 201: shape.movement, 200: shape.movement },
      denials: ['not_found', 'idempotency_conflict'],
      needsIdempotencyKey: true,
      example: { input: { micro: 50_000_000, note: 'January' }, answer: examples.movement },
    },
    (desk, grant, params) => grantCredits(desk, id(params), grant),
  ),
  route(
    'GET',
    '/accounts/:id/logs',
    logQuery,
    {
      id: 'showAccountLogs',
      summary: 'The requests of an account: newest first by page, or all as NDJSON, oldest first',
      answers: { 200: shape.logs },
      text: { type: NDJSON, example: examples.logLines },
      denials: ['not_found'],
      example: { input: { key: 'key_9dKx2LpT', status: '4xx', limit: '50' }, answer: examples.logs },
    },
    (desk, query, params) => showLogs(desk, id(params), query),
  ),
  route(
    'GET',
    '/accounts/:id/usage',
    usageQuery,
    {
      id: 'showAccountUsage',
      summary: 'What the requests of an account came to, by hour or by day',
      answers: { 200: shape.usage },
      denials: ['not_found'],
      example: { input: { by: 'hour' }, answer: examples.usage },
    },
    (desk, query, params) => showUsage(desk, id(params), query),
  ),
];
