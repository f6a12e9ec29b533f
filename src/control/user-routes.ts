import { type Context, Hono } from 'hono';
import { deny } from '../decision/denial.ts';
import type { House } from '../env.ts';
import { denied, respond } from './answer.ts';
import type { MemberDesk, SessionDesk } from './desk.ts';
import { signOut } from './guards/sign-out.ts';
import { guardSession, guardUser, openUserGuard, type UserRequest } from './guards/user.ts';
import * as input from './input.ts';
import { rotation } from './inputs/rotation.ts';
import { rotateMemberKey } from './keys/rotate.ts';
import { allowedMethods, id, type Params, type Route, route } from './route.ts';
import { MEMBER_KEY_ROUTES } from './routes/member-keys.ts';
import { MEMBER_ROUTES } from './routes/members.ts';
import { OWN_ACCOUNT_ROUTES } from './routes/own-account.ts';
import { OWN_AUDIT_ROUTES } from './routes/own-audit.ts';
import { OWN_WEBHOOK_ROUTES } from './routes/webhooks.ts';
import { type Guarded, type Kept, serve } from './serve.ts';
import * as rotations from './shapes/rotation.ts';
import * as sessions from './shapes/sessions.ts';

/** All routes of who has signed in, below `/api/v1/user`; of two that match, the first. */
export const USER_ROUTES: readonly Route<MemberDesk>[] = [
  ...OWN_ACCOUNT_ROUTES,
  ...MEMBER_ROUTES,
  ...MEMBER_KEY_ROUTES,
  ...OWN_AUDIT_ROUTES,
  ...OWN_WEBHOOK_ROUTES,
  route(
    'POST',
    '/api-keys/:id/rotate',
    rotation,
    {
      id: 'rotateKey',
      summary: 'Give a key a new secret, which is shown once, here',
      answers: { 200: rotations.rotatedKey },
      denials: ['not_found', 'trial_rotation', 'rotation_refused', 'conflict', 'not_in_force'],
      unsettled: rotations.rotatedKey,
      example: { input: { grace_seconds: 3_600 }, answer: rotations.examples.rotatedKey },
    },
    (desk, terms, params) => rotateMemberKey(desk, id(params), terms),
  ),
];

/** Open to every session, also to one that belongs to no account, and makes none. */
export const LOGOUT: Route<SessionDesk> = route(
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
);

/** Where the customers' routes stand, and where those of keys stand too. */
export const USER = '/api/v1/user';
const KEYS = '/api-keys';
export const KEYS_ALIAS = '/api/v1/api-keys';

/** The customers' routes, each behind the guard of sessions. Without a sign-in in the policy there are none. */
export function userRoutes(house: House): Hono<Kept> {
  const app = new Hono<Kept>();
  const guard = openUserGuard(house);
  if (guard === null) return app;
  const requestOf = (c: Context<Kept>, path: string, nowMs: number, params: Params): UserRequest => ({
    method: c.req.method,
    path: filled(USER + path, params),
    address: c.req.header('CF-Connecting-IP') ?? null,
    headers: c.req.raw.headers,
    requestId: c.env.requestId,
    nowMs,
  });
  const mount = (path: string, each: Route<MemberDesk>) =>
    app.on(each.method, path, (c) =>
      serve(house, each, c, async (nowMs, params): Promise<Guarded<MemberDesk>> => {
        const guarded = await guardUser(guard, requestOf(c, each.path, nowMs, params));
        if (!guarded.ok) return { refusal: denied(guarded.denial) };
        const { source: address, ...user } = guarded.user;
        return { asker: { ...user, actor: { name: `member:${user.member.id}`, address, requestId: c.env.requestId } } };
      }),
    );
  app.on(LOGOUT.method, USER + LOGOUT.path, (c) =>
    serve(house, LOGOUT, c, async (nowMs, params): Promise<Guarded<SessionDesk>> => {
      const guarded = await guardSession(guard, requestOf(c, LOGOUT.path, nowMs, params));
      if (!guarded.ok) return { refusal: denied(guarded.denial) };
      const { identity, source: address } = guarded.user;
      return {
        asker: { identity, actor: { name: `session:${identity.tokenId}`, address, requestId: c.env.requestId } },
      };
    }),
  );
  for (const each of USER_ROUTES) for (const path of pathsOf(each.path)) mount(path, each);
  const wrongMethod = (allow: readonly string[]) => (c: Context<Kept>) =>
    respond(house.policy, { kind: 'wrong_method', allow }, c.env.requestId);
  for (const [path, allow] of allowedMethods([...USER_ROUTES, LOGOUT])) {
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
