import { type Context, Hono } from 'hono';
import { type Answer, denied, respond } from '../control/answer.ts';
import { readJson } from '../control/body.ts';
import { forceOf } from '../control/desk.ts';
import { check, nothing } from '../control/input.ts';
import { addressKey, normaliseAddress } from '../decision/address.ts';
import { deny } from '../decision/denial.ts';
import type { House } from '../env.ts';
import { ROTATE_PATH, rotateOwnKey } from './rotate.ts';
import { mintTrialKey, revokeTrialKey, type Visit } from './trial.ts';

type App = { Bindings: { requestId: string } };

const TEMP_KEY = '/api/v1/onboarding/temp-key';

/** The routes that need no account: a trial key taken and given back, and a key that rotates itself. */
export function onboardingRoutes(house: House): Hono<App> {
  const app = new Hono<App>();
  const handle = (act: (visit: Visit, c: Context<App>) => Promise<Answer>) => async (c: Context<App>) => {
    const answer = (given: Answer) => respond(house.policy, given, c.env.requestId);
    const visit = visitOf(house, c);
    if (visit === null) return answer(denied(deny('address_missing')));
    const body = await readJson(c.req.raw);
    const checked = body.ok ? check(nothing, body.value) : body;
    if (!checked.ok) return answer(denied(checked.denial));
    const work = act(visit, c);
    // A caller who hangs up cancels nothing that was begun.
    c.executionCtx.waitUntil(work.then(undefined, () => undefined));
    return answer(await work);
  };
  const only = (allow: string) => (c: Context<App>) =>
    respond(house.policy, { kind: 'wrong_method', allow: [allow] }, c.env.requestId);

  if (house.policy.trial.enabled) {
    app.post(TEMP_KEY, handle(mintTrialKey)).all(TEMP_KEY, only('POST'));
    const one = `${TEMP_KEY}/:prefix` as const;
    app
      .delete(
        one,
        handle((visit, c) => revokeTrialKey(visit, c.req.param('prefix') ?? '')),
      )
      .all(one, only('DELETE'));
  }
  app.post(ROTATE_PATH, handle(rotateOwnKey)).all(ROTATE_PATH, only('POST'));
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
    headers: c.req.raw.headers,
    address,
    source,
    back: { waitUntil: (work) => c.executionCtx.waitUntil(work), alert: house.logger.alert },
  };
}
