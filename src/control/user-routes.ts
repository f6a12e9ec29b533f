import { type Context, Hono } from 'hono';
import { deny } from '../decision/denial.ts';
import type { House } from '../env.ts';
import { showOwnAccount } from './account-own.ts';
import { denied, respond } from './answer.ts';
import { readJson } from './body.ts';
import { forceOf, type MemberDesk } from './desk.ts';
import { guardUser, openUserGuard } from './guard-user.ts';
import * as input from './input.ts';
import { allowedMethods, type Params, type Route, readsQuery, route } from './route.ts';
import * as shape from './shape-accounts.ts';

type Kept = { Bindings: { requestId: string } };

/** All routes of who has signed in, below `/api/v1/user`; of two that match, the first. */
export const USER_ROUTES: readonly Route<MemberDesk>[] = [
  route(
    'GET',
    '/account',
    input.nothing,
    {
      id: 'showOwnAccount',
      summary: 'The account of this session',
      answers: { 200: shape.ownAccount },
      example: { answer: shape.examples.ownAccount },
    },
    showOwnAccount,
  ),
];

/** Where the customers' routes stand, and where those of keys stand too. */
export const USER = '/api/v1/user';
const KEYS = '/api-keys';
export const KEYS_ALIAS = '/api/v1/api-keys';

/** The customers' routes, each behind the guard of sessions. Without a sign-in in the policy there are none. */
export function userRoutes(house: House): Hono<Kept> {
  const app = new Hono<Kept>();
  const guard = openUserGuard(house);
  if (guard === null) return app;
  const force = forceOf(house);
  const mount = (path: string, { method, path: canonical, run }: Route<MemberDesk>) =>
    app.on(method, path, async (c) => {
      const { requestId } = c.env;
      const nowMs = house.edge.clock.nowMs();
      const params = c.req.param() as Params;
      const request = {
        method: c.req.method,
        path: filled(USER + canonical, params),
        address: c.req.header('CF-Connecting-IP') ?? null,
        headers: c.req.raw.headers,
        requestId,
        nowMs,
      };
      const work = async () => {
        const guarded = await guardUser(guard, request);
        if (!guarded.ok) return denied(guarded.denial);
        const body = readsQuery(method) ? { ok: true as const, value: c.req.query() } : await readJson(c.req.raw);
        if (!body.ok) return denied(body.denial);
        const { member, account, identity, source } = guarded.user;
        const actor = { name: `member:${member.id}`, address: source, requestId };
        const idempotencyKey = c.req.header('Idempotency-Key') ?? null;
        const accept = c.req.header('Accept') ?? null;
        return run(
          { house, force, actor, nowMs, idempotencyKey, accept, member, account, identity },
          body.value,
          params,
        );
      };
      const begun = work();
      // A caller who hangs up cancels nothing that was begun.
      c.executionCtx.waitUntil(begun.then(undefined, () => undefined));
      return respond(house.policy, await begun, requestId);
    });
  for (const each of USER_ROUTES) for (const path of pathsOf(each.path)) mount(path, each);
  const wrongMethod = (allow: readonly string[]) => (c: Context<Kept>) =>
    respond(house.policy, { kind: 'wrong_method', allow }, c.env.requestId);
  for (const [path, allow] of allowedMethods(USER_ROUTES)) {
    for (const each of pathsOf(path)) app.all(each, wrongMethod(allow));
  }
  for (const room of [USER, KEYS_ALIAS]) {
    app.all(`${room}/*`, (c) => respond(house.policy, denied(deny('not_found')), c.env.requestId));
  }
  return app;
}

/** Where a route answers: the routes of keys have two places. */
function pathsOf(path: string): string[] {
  const isOfKeys = path === KEYS || path.startsWith(`${KEYS}/`);
  return isOfKeys ? [USER + path, KEYS_ALIAS + path.slice(KEYS.length)] : [USER + path];
}

/** A route's path with its parameters: what a role is asked about. */
function filled(path: string, params: Params): string {
  return path.replace(/:([a-z]+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
}
