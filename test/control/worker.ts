import { openApp } from '../../src/app.ts';
import { type Env, setUp } from '../../src/env.ts';
import { runSchedules } from '../../src/scheduled.ts';

export { AccountLedger } from '../../src/objects/account-ledger.ts';
export { KeyGate } from '../../src/objects/key-gate.ts';
export { Lockout } from '../../src/objects/lockout.ts';
export { MetricsBoard } from '../../src/objects/metrics-board.ts';

/*
 * The control routes alone, in front of the real stores. `x-test-away: gates` (or `ledgers`) makes these objects
 * unreachable for one request, the id of a key its gate alone, `exports` the ledger of an export after its first part;
 * `x-test-at` runs the schedules as if it were then. The real Worker has neither.
 */

const AWAY = { gates: 'KEY_GATE', ledgers: 'LEDGER' } as const;

function unreachable(name: string): object {
  const call = async () => {
    throw new Error(`the object of ${name} is away`);
  };
  return new Proxy({}, { get: () => call });
}

function away(env: Env, objects: keyof typeof AWAY): Env {
  return { ...env, [AWAY[objects]]: { getByName: unreachable } };
}

function awayAlone(env: Env, keyId: string): Env {
  const getByName = (name: string) => (name === keyId ? unreachable(name) : env.KEY_GATE.getByName(name));
  return { ...env, KEY_GATE: { getByName } as unknown as Env['KEY_GATE'] };
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
    const who = request.headers.get('x-test-away') ?? '';
    if (who.startsWith('key_')) far[who] ??= open(awayAlone(env, who));
    const { house, app } = far[who] ?? near;
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
