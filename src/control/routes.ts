import { type Context, Hono } from 'hono';
import { deny } from '../decision/denial.ts';
import type { House } from '../env.ts';
import { type Answer, denied, respond } from './answer.ts';
import type { Desk } from './desk.ts';
import { ACCESS_HEADER } from './guards/access.ts';
import { guardAdmin } from './guards/admin.ts';
import { noKeys } from './guards/jwks.ts';
import { allowedMethods, type Route } from './route.ts';
import { ACCOUNT_ROUTES } from './routes/accounts.ts';
import { IMPORT_ROUTES } from './routes/imports.ts';
import { KEY_ROUTES } from './routes/keys.ts';
import { LEDGER_ROUTES } from './routes/ledger.ts';
import { ADMIN_MEMBER_ROUTES } from './routes/members.ts';
import { OPERATION_ROUTES } from './routes/operations.ts';
import { ADMIN_WEBHOOK_ROUTES } from './routes/webhooks.ts';
import { type Guarded, type Kept, serve } from './serve.ts';

/** All admin routes; of two that match, the first. */
export const ADMIN_ROUTES: readonly Route<Desk>[] = [
  ...ACCOUNT_ROUTES,
  ...ADMIN_MEMBER_ROUTES,
  ...KEY_ROUTES,
  ...IMPORT_ROUTES,
  ...LEDGER_ROUTES,
  ...OPERATION_ROUTES,
  ...ADMIN_WEBHOOK_ROUTES,
];

/** The admin routes, to be mounted where the policy says. Every one of them is behind the guard. */
export function adminRoutes(house: House): Hono<Kept> {
  const app = new Hono<Kept>();
  const { edge, admin, logger } = house;
  const known = { edge, admin, accessKeys: noKeys(), alert: logger.alert };
  const guard = async (c: Context<Kept>): Promise<Guarded<Desk>> => {
    const guarded = await guardAdmin(known, {
      method: c.req.method,
      address: c.req.header('CF-Connecting-IP') ?? null,
      authorization: c.req.header('Authorization') ?? null,
      assertion: c.req.header(ACCESS_HEADER) ?? null,
      fetchSite: c.req.header('Sec-Fetch-Site') ?? null,
    });
    if (!guarded.ok) return { refusal: denied(guarded.denial) };
    const { name, source } = guarded.admin;
    return { asker: { actor: { name: `admin:${name}`, address: source, requestId: c.env.requestId } } };
  };
  /** What a caller without the right to be here is told does not depend on what is there. */
  const guarded = (answer: Answer) => async (c: Context<Kept>) => {
    const checked = await guard(c);
    return respond(house.policy, 'refusal' in checked ? checked.refusal : answer, c.env.requestId);
  };
  for (const each of ADMIN_ROUTES) app.on(each.method, each.path, (c) => serve(house, each, c, () => guard(c)));
  for (const [path, allow] of allowedMethods(ADMIN_ROUTES)) app.all(path, guarded({ kind: 'wrong_method', allow }));
  app.all('*', guarded(denied(deny('not_found'))));
  return app;
}
