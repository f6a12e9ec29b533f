import { Hono } from 'hono';
import { deny } from '../decision/denial.ts';
import type { House } from '../env.ts';
import { ACCESS_HEADER } from './access.ts';
import { denied, respond } from './answer.ts';
import { readJson } from './body.ts';
import { type Desk, forceOf } from './desk.ts';
import { type Admin, guardAdmin } from './guard.ts';
import { noKeys } from './jwks.ts';
import { allowedMethods, type Params, type Route, readsQuery } from './route.ts';
import { ACCOUNT_ROUTES } from './routes/accounts.ts';
import { KEY_ROUTES } from './routes/keys.ts';
import { LEDGER_ROUTES } from './routes/ledger.ts';
import { OPERATION_ROUTES } from './routes/operations.ts';

/** What Hono keeps for a request: its id, and the admin once the guard has passed one. */
interface Kept {
  Bindings: { requestId: string };
  Variables: { admin: Admin };
}

/** All admin routes; of two that match, the first. */
export const ADMIN_ROUTES: readonly Route<Desk>[] = [
  ...ACCOUNT_ROUTES,
  ...KEY_ROUTES,
  ...LEDGER_ROUTES,
  ...OPERATION_ROUTES,
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

  for (const { method, path, run } of ADMIN_ROUTES) {
    app.on(method, path, async (c) => {
      const { requestId } = c.env;
      const body = readsQuery(method) ? { ok: true as const, value: c.req.query() } : await readJson(c.req.raw);
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
  for (const [path, allow] of allowedMethods(ADMIN_ROUTES)) {
    app.all(path, (c) => respond(house.policy, { kind: 'wrong_method', allow }, c.env.requestId));
  }
  app.all('*', (c) => respond(house.policy, denied(deny('not_found')), c.env.requestId));
  return app;
}
