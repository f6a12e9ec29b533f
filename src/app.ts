import { Hono } from 'hono';
import { denied, respond } from './control/answer.ts';
import { DOORS, doorRoutes } from './control/doors/routes.ts';
import { JWKS, JWKS_SECTION, jwksRoutes } from './control/jwks.ts';
import { GITHUB, LEAK_SECTION, leakRoutes } from './control/leaks/routes.ts';
import { DOCUMENT, openApiRoutes, PAGE } from './control/openapi/routes.ts';
import type { Section } from './control/openapi/section.ts';
import {
  adminSection,
  DOOR_SECTION,
  HEALTH_SECTION,
  OWN_KEY_SECTION,
  USER_SECTION,
} from './control/openapi/sections.ts';
import { OWN_KEY, ownKeyRoutes } from './control/own-key-routes.ts';
import { adminRoutes } from './control/routes.ts';
import { KEYS_ALIAS, USER, userRoutes } from './control/user-routes.ts';
import { mayVerify } from './decision/decide.ts';
import { deny } from './decision/denial.ts';
import type { House } from './env.ts';
import { corsPreflight, writeCors } from './gateway/cors.ts';
import { ADDRESS_HEADER } from './gateway/handler.ts';
import { SERVICE_KEY_HEADER } from './gateway/headers.ts';
import { normalisePath } from './gateway/path.ts';
import { onboardingRoutes } from './onboarding/routes.ts';
import { trialSection } from './onboarding/sections.ts';

/** The control routes: everything that does not go to an upstream. */
export interface App {
  /** Whether a request to `host` is for a control route; asked for every request, so it costs next to nothing. */
  controls(pathname: string, host: string): boolean;
  /** Answers a control route. Never throws. */
  fetch(request: Request, ctx: ExecutionContext): Promise<Response>;
}

const ADMIN = '/admin/v1';
const ROOMS = [ADMIN, '/api/v1/onboarding', OWN_KEY] as const;
const USER_ROOMS = [USER, KEYS_ALIAS] as const;
const NO_PAGES = [ADMIN, ...DOORS] as const;
const HEALTH = '/healthz';
const SLASH = 47;

/** Which room answers which path. */
export function openApp(house: House): App {
  const { policy, logger, cors, assertions } = house;
  const { github } = policy.leaks;
  const base = policy.control.base_path;
  const only = policy.control.host?.toLowerCase() ?? null;
  const health = base + HEALTH;
  // What the policy has no use for, like the customers' routes without a sign-in, is not there: its path is the upstream's.
  const rooms = [
    ...ROOMS,
    ...(policy.session === null ? [] : USER_ROOMS),
    ...(policy.control.docs ? [PAGE, DOCUMENT] : []),
    ...(assertions === null ? [] : [JWKS]),
    ...(github === null ? [] : [GITHUB]),
    ...(mayVerify(policy) ? DOORS : []),
  ];
  const isIn = (room: string, pathname: string) => {
    const end = base.length + room.length;
    return pathname.startsWith(room, base.length) && (pathname.length === end || pathname.charCodeAt(end) === SLASH);
  };

  const app = new Hono<{ Bindings: { requestId: string; isRecorded: boolean } }>();
  app.get(health, (c) => respond(policy, { kind: 'json', status: 200, body: { status: 'ok' } }, c.env.requestId));
  app.all(health, (c) => respond(policy, { kind: 'wrong_method', allow: ['GET', 'HEAD'] }, c.env.requestId));
  app.route(base + ADMIN, adminRoutes(house));
  app.route(base, onboardingRoutes(house));
  app.route(base, ownKeyRoutes(house));
  app.route(base, userRoutes(house));
  app.route(base, doorRoutes(house));
  if (policy.control.docs) app.route(base, openApiRoutes(house, sectionsOf(house)));
  if (assertions !== null) app.route(base, jwksRoutes(house, assertions));
  if (github !== null) app.route(base, leakRoutes(house, github.keys_url));
  app.notFound((c) => respond(policy, denied(deny('not_found')), c.env.requestId));
  app.onError((error, c) => {
    logger.alert('control_failed', { error: error.message, request: c.env.requestId });
    return respond(policy, denied(deny('gate_unavailable', { retryAfterMs: 1_000 })), c.env.requestId);
  });

  return {
    controls: (pathname, host) =>
      (only === null || host === only) &&
      pathname.startsWith(base) &&
      (pathname === health || rooms.some((room) => isIn(room, pathname))),
    async fetch(request, ctx) {
      const requestId = crypto.randomUUID();
      const kept = { requestId, isRecorded: false };
      const atMs = house.edge.clock.nowMs();
      // Pages may call everything but what is for operators and services.
      const { pathname } = new URL(request.url);
      const shared = NO_PAGES.some((room) => isIn(room, pathname)) ? null : cors;
      const preflight = shared === null ? null : corsPreflight(shared, request);
      // A question whose path was resolved away from its door, on the way here, must find no 200 elsewhere.
      const isStray = request.headers.has(SERVICE_KEY_HEADER) && !DOORS.some((room) => isIn(room, pathname));
      const refusal = isStray ? respond(policy, denied(deny('path_refused')), requestId) : null;
      const response = preflight ?? refusal ?? (await app.fetch(request, kept, ctx));
      if (preflight !== null) response.headers.set('x-request-id', requestId);
      else if (shared !== null) writeCors(shared, request.headers.get('origin'), response.headers);
      if (kept.isRecorded) return response;
      const target = normalisePath(request.url);
      logger.request(
        {
          requestId,
          method: request.method,
          path: target.ok ? target.path : '',
          status: response.status,
          reason: undefined,
          address: request.headers.get(ADDRESS_HEADER) ?? undefined,
          atMs,
          durationMs: house.edge.clock.nowMs() - atMs,
        },
        (work) => ctx.waitUntil(work),
      );
      return response;
    },
  };
}

/** All routes that there are here, as the OpenAPI document shows them. */
export function sectionsOf({ policy, admin }: Pick<House, 'policy' | 'admin'>): Section[] {
  const isRun = admin.tokens.length > 0 || admin.access !== null;
  return [
    trialSection(policy),
    OWN_KEY_SECTION,
    ...(mayVerify(policy) ? [DOOR_SECTION] : []),
    ...(policy.session === null ? [] : [USER_SECTION]),
    ...(isRun ? [adminSection(admin)] : []),
    ...(policy.assertion === null ? [] : [JWKS_SECTION]),
    ...(policy.leaks.github === null ? [] : [LEAK_SECTION]),
    HEALTH_SECTION,
  ];
}
