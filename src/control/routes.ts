import { Hono } from 'hono';
import type * as z from 'zod';
import { deny } from '../decision/denial.ts';
import type { House } from '../env.ts';
import { ACCESS_HEADER } from './access.ts';
import { createAccount, listAccounts, resumeAccount, showAccount, suspendAccount, updateAccount } from './accounts.ts';
import { type Answer, denied, respond } from './answer.ts';
import { showAudit } from './audit.ts';
import { readJson } from './body.ts';
import { createKey } from './create.ts';
import { grantCredits, showCredits } from './credits.ts';
import { type Desk, forceOf } from './desk.ts';
import { type Admin, guardAdmin } from './guard.ts';
import * as input from './input.ts';
import { movementQuery, newGrant } from './input-credits.ts';
import { logQuery, usageQuery } from './input-ledger.ts';
import { noKeys } from './jwks.ts';
import { activateKey, deactivateKey, limitKey, listKeys, lookUpKey, revokeKey, revokeKeys, showKey } from './keys.ts';
import { liftLockout, showLockout } from './lockouts.ts';
import { showLogs } from './logs.ts';
import { showMetrics } from './metrics.ts';
import { reconcile } from './reconcile.ts';
import { showLimits } from './shared.ts';
import { showStatus } from './status.ts';
import { showUsage } from './usage.ts';

/** What Hono keeps for a request: its id, and the admin once the guard has passed one. */
interface Kept {
  Bindings: { requestId: string };
  Variables: { admin: Admin };
}

type Params = Readonly<Record<string, string>>;

/** One admin route. `run` gets the query of a GET and the body of any other method, checked by its schema. */
interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly run: (desk: Desk, input: unknown, params: Params) => Promise<Answer>;
}

function route<T>(
  method: Route['method'],
  path: string,
  schema: z.ZodType<T>,
  run: (desk: Desk, input: T, params: Params) => Promise<Answer>,
): Route {
  return {
    method,
    path,
    run: async (desk, value, params) => {
      const checked = input.check(schema, value);
      return checked.ok ? run(desk, checked.value, params) : denied(checked.denial);
    },
  };
}

const id = (params: Params): string => params.id ?? '';
const source = (params: Params): [kind: string, subject: string] => [params.kind ?? '', params.subject ?? ''];

/** All admin routes; of two that match, the first. */
const ROUTES: readonly Route[] = [
  route('POST', '/accounts', input.newAccount, createAccount),
  route('GET', '/accounts', input.accountQuery, listAccounts),
  route('GET', '/accounts/:id', input.nothing, (desk, _, params) => showAccount(desk, id(params))),
  route('PATCH', '/accounts/:id', input.accountChange, (desk, set, params) => updateAccount(desk, id(params), set)),
  route('POST', '/accounts/:id/suspend', input.nothing, (desk, _, params) => suspendAccount(desk, id(params))),
  route('POST', '/accounts/:id/resume', input.nothing, (desk, _, params) => resumeAccount(desk, id(params))),
  route('GET', '/accounts/:id/limits', input.nothing, (desk, _, params) => showLimits(desk, id(params))),
  route('POST', '/accounts/:id/keys', input.newKey, (desk, key, params) => createKey(desk, id(params), key)),
  route('GET', '/accounts/:id/credits', movementQuery, (desk, query, params) => showCredits(desk, id(params), query)),
  route('POST', '/accounts/:id/credits', newGrant, (desk, grant, params) => grantCredits(desk, id(params), grant)),
  route('GET', '/accounts/:id/logs', logQuery, (desk, query, params) => showLogs(desk, id(params), query)),
  route('GET', '/accounts/:id/usage', usageQuery, (desk, query, params) => showUsage(desk, id(params), query)),
  route('GET', '/keys', input.keyQuery, listKeys),
  route('POST', '/keys/revoke', input.keyFilter, revokeKeys),
  route('POST', '/keys/lookup', input.presentedKey, lookUpKey),
  route('GET', '/keys/:id', input.nothing, (desk, _, params) => showKey(desk, id(params))),
  route('PATCH', '/keys/:id', input.limitChange, (desk, set, params) => limitKey(desk, id(params), set)),
  route('POST', '/keys/:id/revoke', input.nothing, (desk, _, params) => revokeKey(desk, id(params))),
  route('POST', '/keys/:id/deactivate', input.nothing, (desk, _, params) => deactivateKey(desk, id(params))),
  route('POST', '/keys/:id/activate', input.nothing, (desk, _, params) => activateKey(desk, id(params))),
  route('GET', '/lockouts/:kind/:subject', input.nothing, (desk, _, params) => showLockout(desk, ...source(params))),
  route('DELETE', '/lockouts/:kind/:subject', input.nothing, (desk, _, params) => liftLockout(desk, ...source(params))),
  route('GET', '/status', input.nothing, showStatus),
  route('GET', '/metrics', input.nothing, showMetrics),
  route('POST', '/reconcile', input.reconcileInput, reconcile),
  route('GET', '/audit', input.auditQuery, showAudit),
];

/** The admin routes, to be mounted where the policy says. Every one of them is behind the guard. */
export function adminRoutes(house: House): Hono<Kept> {
  const app = new Hono<Kept>();
  const { edge, admin, logger } = house;
  const guard = { edge, admin, accessKeys: noKeys(), alert: logger.alert };
  const force = forceOf(house);

  app.use(async (c, next) => {
    const guarded = await guardAdmin(guard, {
      method: c.req.method,
      address: c.req.header('CF-Connecting-IP') ?? null,
      authorization: c.req.header('Authorization') ?? null,
      assertion: c.req.header(ACCESS_HEADER) ?? null,
      fetchSite: c.req.header('Sec-Fetch-Site') ?? null,
    });
    if (!guarded.ok) return respond(house.policy, denied(guarded.denial), c.env.requestId);
    c.set('admin', guarded.admin);
    return await next();
  });

  for (const { method, path, run } of ROUTES) {
    app.on(method, path, async (c) => {
      const { requestId } = c.env;
      const body = method === 'GET' ? { ok: true as const, value: c.req.query() } : await readJson(c.req.raw);
      if (!body.ok) return respond(house.policy, denied(body.denial), requestId);
      const admin = c.get('admin');
      const actor = { name: `admin:${admin.name}`, address: admin.source, requestId };
      const idempotencyKey = c.req.header('Idempotency-Key') ?? null;
      const accept = c.req.header('Accept') ?? null;
      const desk = { house, force, actor, nowMs: house.edge.clock.nowMs(), idempotencyKey, accept };
      const work = run(desk, body.value, c.req.param() as Params);
      // A caller who hangs up cancels nothing that was begun.
      c.executionCtx.waitUntil(work.then(undefined, () => undefined));
      return respond(house.policy, await work, requestId);
    });
  }
  for (const [path, allow] of allowed(ROUTES)) {
    app.all(path, (c) => respond(house.policy, { kind: 'wrong_method', allow }, c.env.requestId));
  }
  app.all('*', (c) => respond(house.policy, denied(deny('not_found')), c.env.requestId));
  return app;
}

/** The methods of each path, for 405 and its `Allow`. */
function allowed(routes: readonly Route[]): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const { method, path } of routes) {
    const more = method === 'GET' ? ['GET', 'HEAD'] : [method];
    methods.set(path, [...(methods.get(path) ?? []), ...more]);
  }
  return methods;
}
