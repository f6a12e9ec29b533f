import type { Context } from 'hono';
import type { House } from '../env.ts';
import { type Answer, denied, respond } from './answer.ts';
import { readJson } from './body.ts';
import { type Desk, forceOf } from './desk.ts';
import { FRESH } from './entropy.ts';
import { repeatable } from './repeat.ts';
import { isRepeatable, type Params, type Route, readsQuery } from './route.ts';

/** What Hono keeps of a request to a control route. */
export interface Kept {
  Bindings: { requestId: string };
}

/** Who asks, once the guard has let them pass: all of their desk that the request itself does not tell. */
export type Asker<D extends Desk> = Omit<D, Exclude<keyof Desk, 'actor'>>;

/** What a guard says: who asks, or the answer to who may not. */
export type Guarded<D extends Desk> = { readonly asker: Asker<D> } | { readonly refusal: Answer };

/**
 * Answers one request by its route: the guard, then the query or the body, then the handler, which a POST with an
 * `Idempotency-Key` runs once. A caller who hangs up cancels nothing that was begun.
 */
export async function serve<D extends Desk>(
  house: House,
  route: Route<D>,
  c: Context<Kept>,
  guard: (nowMs: number, params: Params) => Promise<Guarded<D>>,
): Promise<Response> {
  const begun = answerOf(house, route, c, guard);
  c.executionCtx.waitUntil(begun.then(undefined, () => undefined));
  return respond(house.policy, await begun, c.env.requestId);
}

async function answerOf<D extends Desk>(
  house: House,
  route: Route<D>,
  c: Context<Kept>,
  guard: (nowMs: number, params: Params) => Promise<Guarded<D>>,
): Promise<Answer> {
  const { method, run, about } = route;
  const nowMs = house.edge.clock.nowMs();
  const params = c.req.param() as Params;
  const guarded = await guard(nowMs, params);
  if ('refusal' in guarded) return guarded.refusal;
  const input = readsQuery(route) ? { ok: true as const, value: c.req.query() } : await readJson(c.req.raw);
  if (!input.ok) return denied(input.denial);
  const { value } = input;
  const desk = {
    ...guarded.asker,
    house,
    force: forceOf(house),
    nowMs,
    idempotencyKey: c.req.header('Idempotency-Key') ?? null,
    accept: c.req.header('Accept') ?? null,
    ...(about.upload !== undefined && { upload: c.req.raw }),
    entropy: FRESH,
  } as unknown as D;
  if (!isRepeatable(route)) return run(desk, value, params);
  return repeatable(desk, { method, path: c.req.path, value }, (own) => run(own, value, params));
}
