import { openApp } from '../../src/app.ts';
import { type Env, setUp } from '../../src/env.ts';
import { runSchedules } from '../../src/scheduled.ts';

export { AccountLedger } from '../../src/objects/account-ledger.ts';
export { KeyGate } from '../../src/objects/key-gate.ts';
export { Lockout } from '../../src/objects/lockout.ts';

/*
 * The control routes alone, in front of the real stores. `x-test-away: gates` makes the gates unreachable for one
 * request; `x-test-at` runs the schedules as if it were then. The real Worker has neither.
 */

function away(env: Env): Env {
  const getByName = (name: string) => {
    const unreachable = async () => {
      throw new Error(`the gate of ${name} is away`);
    };
    return {
      advance: unreachable,
      inspect: unreachable,
      admit: unreachable,
      confirm: unreachable,
      retire: unreachable,
    };
  };
  return { ...env, KEY_GATE: { getByName } as unknown as Env['KEY_GATE'] };
}

function open(env: Env) {
  const setup = setUp(env, Date.now);
  if (!setup.ok) throw new Error(setup.problems.join('; '));
  return { house: setup.house, app: openApp(setup.house) };
}

let near: ReturnType<typeof open> | undefined;
let far: ReturnType<typeof open> | undefined;

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    near ??= open(env);
    far ??= open(away(env));
    const { house, app } = request.headers.get('x-test-away') === 'gates' ? far : near;
    const at = request.headers.get('x-test-at');
    if (at !== null) {
      await runSchedules(house, Number(at));
      return new Response(null, { status: 204 });
    }
    const { pathname, host } = new URL(request.url);
    if (app.controls(pathname, host)) return await app.fetch(request, ctx);
    return new Response('upstream', { status: 418 });
  },
};
