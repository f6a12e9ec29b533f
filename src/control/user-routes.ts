import { type Context, Hono } from 'hono';
import { deny } from '../decision/denial.ts';
import type { House } from '../env.ts';
import { showOwnAccount } from './account-own.ts';
import { denied, respond } from './answer.ts';
import type { MemberDesk } from './desk.ts';
import { guardUser, openUserGuard } from './guard-user.ts';
import * as input from './input.ts';
import { signOut } from './logout.ts';
import { allowedMethods, type Params, type Route, route } from './route.ts';
import { OWN_AUDIT_ROUTES } from './routes/own-audit.ts';
import { OWN_KEY_ROUTES } from './routes/own-keys.ts';
import { type Guarded, type Kept, serve } from './serve.ts';
import * as shape from './shape-accounts.ts';
import * as sessions from './shape-sessions.ts';

/** All routes of who has signed in, below `/api/v1/user`; of two that match, the first. */
export const USER_ROUTES: readonly Route<MemberDesk>[] = [
  ...OWN_KEY_ROUTES,
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
  route(
    'POST',
    '/logout',
    input.nothing,
    {
      id: 'signOut',
      summary: 'Sign this session token out',
      answers: { 200: sessions.signedOut },
      example: { answer: sessions.examples.signedOut },
    },
    signOut,
  ),
  ...OWN_AUDIT_ROUTES,
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
  const mount = (path: string, each: Route<MemberDesk>) =>
    app.on(each.method, path, (c) =>
      serve(house, each, c, async (nowMs, params): Promise<Guarded<MemberDesk>> => {
        const { requestId } = c.env;
        const guarded = await guardUser(guard, {
          method: c.req.method,
          path: filled(USER + each.path, params),
          address: c.req.header('CF-Connecting-IP') ?? null,
          headers: c.req.raw.headers,
          requestId,
          nowMs,
        });
        if (!guarded.ok) return { refusal: denied(guarded.denial) };
        const { source, ...user } = guarded.user;
        return { asker: { ...user, actor: { name: `member:${user.member.id}`, address: source, requestId } } };
      }),
    );
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
