import { openApp } from '../../src/app.ts';
import { type Env, setUp } from '../../src/env.ts';
import { runSchedules } from '../../src/scheduled.ts';

export { AccountLedger } from '../../src/objects/account-ledger.ts';
export { KeyGate } from '../../src/objects/key-gate.ts';
export { Lockout } from '../../src/objects/lockout.ts';
export { MetricsBoard } from '../../src/objects/metrics-board.ts';

/*
 * The control routes alone, in front of the real stores. `x-test-away: gates` (or `ledgers`) makes these objects
 * unreachable for one request, `exports` the ledger of an export after its first part; `x-test-at` runs the schedules
 * as if it were then. The real Worker has neither.
 */

const AWAY = { gates: 'KEY_GATE', ledgers: 'LEDGER' } as const;

function away(env: Env, objects: keyof typeof AWAY): Env {
  const getByName = (name: string) => {
    const unreachable = async () => {
      throw new Error(`the object of ${name} is away`);
    };
    return new Proxy({}, { get: () => unreachable });
  };
  return { ...env, [AWAY[objects]]: { getByName } };
}

function awayAfterFirstPart(env: Env): Env {
  const getByName = (name: string) => {
    const ledger = env.LEDGER.getByName(name);
    return {
      exportLogs: async (...given: Parameters<typeof ledger.exportLogs>) => {
        if (given[1] !== null) throw new Error(`the object of ${name} is away`);
        return ledger.exportLogs(...given);
      },
    };
  };
  return { ...env, LEDGER: { getByName } as unknown as Env['LEDGER'] };
}

function open(env: Env) {
  const setup = setUp(env, Date.now);
  if (!setup.ok) throw new Error(setup.problems.join('; '));
  return { house: setup.house, app: openApp(setup.house) };
}

let near: ReturnType<typeof open> | undefined;
const far: Partial<Record<string, ReturnType<typeof open>>> = {};

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    near ??= open(env);
    far.gates ??= open(away(env, 'gates'));
    far.ledgers ??= open(away(env, 'ledgers'));
    far.exports ??= open(awayAfterFirstPart(env));
    const { house, app } = far[request.headers.get('x-test-away') ?? ''] ?? near;
    const at = request.headers.get('x-test-at');
    if (at !== null) {
      await runSchedules(house, Number(at), Number(request.headers.get('x-test-due') ?? at));
      return new Response(null, { status: 204 });
    }
    const { pathname, host } = new URL(request.url);
    if (app.controls(pathname, host)) return await app.fetch(request, ctx);
    return new Response('upstream', { status: 418 });
  },
};
