import { type Context, Hono } from 'hono';
import { type Answer, denied, respond } from '../control/answer.ts';
import { readJson } from '../control/body.ts';
import { forceOf } from '../control/desk.ts';
import { FRESH } from '../control/entropy.ts';
import { allowedMethods, type Params, readsQuery } from '../control/route.ts';
import { addressKey, normaliseAddress } from '../decision/address.ts';
import { deny } from '../decision/denial.ts';
import type { House } from '../env.ts';
import type { Visit } from './trial.ts';
import { trialRoutes } from './trial-routes.ts';

type App = { Bindings: { requestId: string } };

/** The routes that need no account: a trial key taken and given back. */
export function onboardingRoutes(house: House): Hono<App> {
  const app = new Hono<App>();
  const routes = trialRoutes(house.policy);
  for (const each of routes) {
    const { method, path, run } = each;
    app.on(method, path, async (c) => {
      const answer = (given: Answer) => respond(house.policy, given, c.env.requestId);
      const visit = visitOf(house, c);
      if (visit === null) return answer(denied(deny('address_missing')));
      const body = readsQuery(each) ? { ok: true as const, value: c.req.query() } : await readJson(c.req.raw);
      if (!body.ok) return answer(denied(body.denial));
      const work = run(visit, body.value, c.req.param() as Params);
      // A caller who hangs up cancels nothing that was begun.
      c.executionCtx.waitUntil(work.then(undefined, () => undefined));
      return answer(await work);
    });
  }
  for (const [path, allow] of allowedMethods(routes)) {
    app.all(path, (c) => respond(house.policy, { kind: 'wrong_method', allow }, c.env.requestId));
  }
  return app;
}

function visitOf(house: House, c: Context<App>): Visit | null {
  const text = c.req.header('CF-Connecting-IP') ?? '';
  const address = normaliseAddress(text);
  const source = addressKey(text);
  if (address === null || source === null) return null;
  const { requestId } = c.env;
  return {
    house,
    force: forceOf(house),
    actor: { name: 'anyone', address: source, requestId },
    nowMs: house.edge.clock.nowMs(),
    idempotencyKey: null,
    accept: null,
    entropy: FRESH,
    headers: c.req.raw.headers,
    address,
    source,
    back: { waitUntil: (work) => c.executionCtx.waitUntil(work), alert: house.logger.alert },
  };
}
