import type { Desk } from '../desk.ts';
import * as input from '../input.ts';
import { auditQuery, leakQuery } from '../inputs/ledger.ts';
import { showLeaks } from '../leaks/list.ts';
import { showAudit } from '../ledger/audit.ts';
import { liftLockout, showLockout } from '../operations/lockouts.ts';
import { showMetrics } from '../operations/metrics.ts';
import { PROMETHEUS_TEXT } from '../operations/prometheus.ts';
import { reconcile } from '../operations/reconcile.ts';
import { showStatus } from '../operations/status.ts';
import { type Params, type Route, route } from '../route.ts';
import * as audit from '../shapes/audit.ts';
import * as leaks from '../shapes/leaks.ts';
import * as shape from '../shapes/operations.ts';

const { examples } = shape;

const source = (params: Params): [kind: string, subject: string] => [params.kind ?? '', params.subject ?? ''];

/** The gateway as a whole, for operators. */
export const OPERATION_ROUTES: readonly Route<Desk>[] = [
  route(
    'GET',
    '/lockouts/:kind/:subject',
    input.nothing,
    {
      id: 'showLockout',
      summary: 'How often an address or a secret was struck, and until when it is locked',
      answers: { 200: shape.lockout },
      example: { answer: examples.lockout },
    },
    (desk, _, params) => showLockout(desk, ...source(params)),
  ),
  route(
    'DELETE',
    '/lockouts/:kind/:subject',
    input.nothing,
    {
      id: 'liftLockout',
      summary: 'Lift a lock and clear the strikes',
      answers: { 204: null },
      example: {},
    },
    (desk, _, params) => liftLockout(desk, ...source(params)),
  ),
  route(
    'GET',
    '/status',
    input.nothing,
    {
      id: 'showStatus',
      summary: 'How this gateway stands: its stores, what waits, peppers, origins and policy',
      answers: { 200: shape.status },
      example: { answer: examples.status },
    },
    showStatus,
  ),
  route(
    'GET',
    '/metrics',
    input.nothing,
    {
      id: 'showMetrics',
      summary: 'What all isolates have counted, in the text format of Prometheus',
      answers: { 200: null },
      text: { type: PROMETHEUS_TEXT, example: examples.metrics },
      example: {},
    },
    showMetrics,
  ),
  route(
    'POST',
    '/reconcile',
    input.reconcileInput,
    {
      id: 'reconcile',
      summary: 'After a restored database: compare a page of keys with their gates, and write the stricter of both',
      answers: { 200: shape.reconciled },
      denials: ['not_in_force'],
      unsettled: shape.reconciled,
      example: { input: { limit: 100 }, answer: examples.reconciled },
    },
    reconcile,
  ),
  route(
    'GET',
    '/audit',
    auditQuery,
    {
      id: 'showAudit',
      summary:
        'What was done, newest first; of one account with the limits that were reached, and calls if the policy says so',
      answers: { 200: audit.audit },
      example: { input: { account: 'acc_3vJ8wFq2', action: 'key.', limit: '50' }, answer: audit.examples.audit },
    },
    showAudit,
  ),
  route(
    'GET',
    '/leaks',
    leakQuery,
    {
      id: 'listLeaks',
      summary: 'Keys that were found in public, newest first: where, and what was done',
      answers: { 200: leaks.leaks },
      example: { input: { limit: '50' }, answer: leaks.examples.leaks },
    },
    showLeaks,
  ),
];
