import { WorkerEntrypoint } from 'cloudflare:workers';
import { type App, openApp } from './app.ts';
import { decideForBinding, misconfiguredDecision } from './control/doors/doors.ts';
import type { Question } from './control/inputs/doors.ts';
import type { Decision } from './control/shapes/doors.ts';
import { deny } from './decision/denial.ts';
import { renderDenial } from './decision/respond.ts';
import { type Env, type House, setUp } from './env.ts';
import { consumeEvents } from './events/consume.ts';
import type { EventMessage } from './events/queue.ts';
import { handle } from './gateway/handler.ts';
import { openLogger } from './gateway/record.ts';
import { loadPolicy } from './policy/load.ts';
import type { Policy } from './policy/schema.ts';
import { runSchedules } from './scheduled.ts';

export type { Question } from './control/inputs/doors.ts';
export type { Decision } from './control/shapes/doors.ts';
export type { Env } from './env.ts';
export { AccountLedger } from './objects/account-ledger.ts';
export { KeyGate } from './objects/key-gate.ts';
export { Lockout } from './objects/lockout.ts';
export { MetricsBoard } from './objects/metrics-board.ts';

type Opened =
  | { readonly house: House; readonly app: App }
  | { readonly problems: readonly string[]; readonly policy: Policy | null };

/** A Worker whose isolate reads its clock by `readClock`. Configuration is resolved at its first request. */
export function createWorker(readClock: () => number) {
  let opened: Opened | undefined;
  const open = (env: Env): Opened => {
    if (opened !== undefined) return opened;
    const setup = setUp(env, readClock);
    opened = setup.ok
      ? { house: setup.house, app: openApp(setup.house) }
      : { problems: setup.problems, policy: readablePolicy(env.POLICY) };
    if (!setup.ok) openLogger(null, 'none').alert('misconfigured', { problems: setup.problems.join('; ') });
    return opened;
  };
  return {
    async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
      const worker = open(env);
      if ('problems' in worker) return misconfigured(worker.policy);
      const { house, app } = worker;
      const { pathname, host } = placeOf(request.url);
      return app.controls(pathname, host) ? app.fetch(request, ctx) : handle(house, request, ctx);
    },
    async scheduled(controller: ScheduledController, env: Env, _ctx: ExecutionContext): Promise<void> {
      const worker = open(env);
      if ('house' in worker)
        await runSchedules(worker.house, worker.house.edge.clock.nowMs(), controller.scheduledTime);
    },
    async queue(batch: MessageBatch<EventMessage>, env: Env, ctx: ExecutionContext): Promise<void> {
      const worker = open(env);
      if ('house' in worker) await consumeEvents(worker.house.courier, batch, (work) => ctx.waitUntil(work));
      else batch.retryAll({ delaySeconds: 60 });
    },
    /** Answers a Worker that is bound to this one; `question` is whatever it has sent. */
    async verify(question: unknown, env: Env, ctx: ExecutionContext): Promise<Decision> {
      const worker = open(env);
      if ('problems' in worker) {
        if (worker.policy === null) throw new Error('Keystile is not configured, and has no policy to say so by');
        return misconfiguredDecision(worker.policy);
      }
      const { house } = worker;
      const work = decideForBinding(house, question, {
        waitUntil: (later) => ctx.waitUntil(later),
        alert: house.logger.alert,
      });
      // Who hangs up cancels nothing that was begun.
      ctx.waitUntil(work);
      return work;
    },
  };
}

/** Host and path of a request's URL, as sent; cheaper than parsing it, for every request. */
function placeOf(url: string): { host: string; pathname: string } {
  const from = url.indexOf('://') + 3;
  const slash = url.indexOf('/', from);
  const query = url.indexOf('?', slash);
  return { host: url.slice(from, slash), pathname: query === -1 ? url.slice(slash) : url.slice(slash, query) };
}

/** The policy whose words tell that another setting is broken; the default's where the policy itself is. */
function readablePolicy(input: unknown): Policy | null {
  const own = loadPolicy(input);
  const loaded = own.ok ? own : loadPolicy(undefined);
  return loaded.ok ? loaded.policy : null;
}

/** A configuration that does not hold is not guessed at: everything is refused until it is mended. */
function misconfigured(policy: Policy | null): Response {
  if (policy === null) return new Response(null, { status: 503 });
  const denial = deny('misconfigured', { retryAfterMs: 60_000 });
  const { status, headers, body } = renderDenial(policy, denial, crypto.randomUUID());
  return new Response(body, { status, headers });
}

const { verify, ...worker } = createWorker(Date.now);

/**
 * What another Worker of the account binds as a service, with `entrypoint = "Keystile"`: the decision on a request that
 * it serves. It shows no service key, since only who configures this account can bind it.
 *
 * @example const decision = await env.KEYSTILE.verify({ key, method: 'POST', path: '/v1/chat', client_ip });
 */
export class Keystile extends WorkerEntrypoint<Env> {
  verify(question: Question): Promise<Decision> {
    return verify(question, this.env, this.ctx);
  }
}

export default worker;
