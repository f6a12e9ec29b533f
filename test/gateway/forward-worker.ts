import { compileCors, corsPreflight } from '../../src/gateway/cors.ts';
import { forward } from '../../src/gateway/forward.ts';
import { normalisePath } from '../../src/gateway/path.ts';
import { compileRoutes, matchRoute } from '../../src/gateway/routes.ts';
import type { Policy } from '../../src/policy/schema.ts';

/** What the tests configure; the identity is fixed. */
export interface ForwardConfig {
  readonly upstreams: Policy['upstreams'];
  readonly cors: Policy['cors'];
  readonly places: Policy['credential']['places'];
  /** Null: answers are not watched. */
  readonly everyMs: number | null;
}

const state = { checks: 0, holds: true, clockMs: 0 };
let routes: ReturnType<typeof compileRoutes> | undefined;

export default {
  async fetch(
    request: Request,
    env: { CONFIG: ForwardConfig } & Record<string, unknown>,
    ctx: ExecutionContext,
  ): Promise<Response> {
    const control = request.headers.get('test-control');
    if (control !== null) {
      Object.assign(state, JSON.parse(control));
      return Response.json(state);
    }
    const config = env.CONFIG;
    // As recording does: the context outlives the answer, so a timer that was left behind would still go off.
    ctx.waitUntil(scheduler.wait(1_500));
    routes ??= compileRoutes(config.upstreams, env);
    if (!routes.ok) return Response.json(routes.problems, { status: 503 });
    const cors = compileCors(config.cors);
    const preflight = cors === null ? null : corsPreflight(cors, request);
    if (preflight !== null) return preflight;
    const normal = normalisePath(request.url);
    if (!normal.ok) return Response.json({ reason: 'path_refused' }, { status: 400 });
    const route = matchRoute(routes.routes, request.method, normal.path);
    if (route === null) return Response.json({ reason: 'route_unknown' }, { status: 404 });
    const reauthorize = async () => {
      state.checks++;
      return state.holds;
    };
    const forwarded = await forward({
      body: request.body,
      method: request.method,
      url: request.url,
      headers: request.headers,
      path: normal.path,
      search: normal.search,
      route,
      places: config.places,
      identity: {
        'x-keystile-account': 'acc_1',
        'x-keystile-plan': 'pro',
        'x-keystile-key-id': 'key_1',
        'x-keystile-role': 'developer',
        'x-keystile-environment': 'live',
        'x-request-id': 'req_1',
      },
      assertion: async (audience) => `for ${audience}`,
      clientAddress: '203.0.113.7',
      answerHeaders: { 'x-request-id': 'req_1', ratelimit: '"rate";r=9;t=60' },
      cors,
      watch: config.everyMs === null ? null : { reauthorize, everyMs: config.everyMs },
      metering: null,
      timedFromMs: null,
      counters: { raise: () => {}, time: () => {} },
      alert: () => {},
      nowMs: () => state.clockMs,
    });
    if (forwarded.kind === 'response') return forwarded.response;
    return Response.json({ reason: forwarded.denial.reason }, { status: 500 });
  },
};
