import type { MemberDesk } from '../desk.ts';
import { ownAuditQuery } from '../inputs/ledger.ts';
import { showOwnAudit } from '../ledger/audit.ts';
import { type Route, route } from '../route.ts';
import { audit, examples } from '../shapes/audit.ts';

/** The trail of an account, for those who belong to it. */
export const OWN_AUDIT_ROUTES: readonly Route<MemberDesk>[] = [
  route(
    'GET',
    '/audit',
    ownAuditQuery,
    {
      id: 'showOwnAudit',
      summary: 'What was done in the account, newest first, and the limits that its keys have reached',
      answers: { 200: audit },
      example: { input: { action: 'key.', limit: '50' }, answer: examples.audit },
    },
    showOwnAudit,
  ),
];
