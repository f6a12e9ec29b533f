import { env } from 'cloudflare:workers';
import { AccountLedger } from '../../src/objects/account-ledger.ts';
import { KeyGate } from '../../src/objects/key-gate.ts';
import { Lockout } from '../../src/objects/lockout.ts';
import { MetricsBoard as Board } from '../../src/objects/metrics-board.ts';

/** By how much time was moved before this process began; its alarms, which are of the real time, are set by that. */
const BEGAN_MOVED_MS = Number((env as { readonly MOVED_MS?: number }).MOVED_MS ?? 0);

/** What the objects under test take for the time: the real time, moved by this much. */
export const clock = { movedMs: BEGAN_MOVED_MS };

function withMovedAlarms(ctx: DurableObjectState): DurableObjectState {
  if (BEGAN_MOVED_MS === 0) return ctx;
  const { storage } = ctx;
  const setAlarm = storage.setAlarm.bind(storage);
  // Earlier than that none is taken.
  storage.setAlarm = (at, options) => setAlarm(Math.max(1, Number(at) - BEGAN_MOVED_MS), options);
  return ctx;
}

export class MovableKeyGate extends KeyGate {
  constructor(ctx: DurableObjectState, bindings: unknown) {
    super(withMovedAlarms(ctx), bindings);
  }

  protected override nowMs(): number {
    return Date.now() + clock.movedMs;
  }

  /** Ends this instance as a crash would: its memory is gone, what was durable is there for the next one. */
  crash(): void {
    this.ctx.abort('crashed by a test');
  }
}

export class MovableLockout extends Lockout {
  constructor(ctx: DurableObjectState, bindings: unknown) {
    super(withMovedAlarms(ctx), bindings);
  }

  protected override nowMs(): number {
    return Date.now() + clock.movedMs;
  }
}

export class MovableLedger extends AccountLedger {
  constructor(ctx: DurableObjectState, bindings: unknown) {
    super(withMovedAlarms(ctx), bindings);
  }

  protected override nowMs(): number {
    return Date.now() + clock.movedMs;
  }

  /** As {@link MovableKeyGate.crash}. */
  crash(): void {
    this.ctx.abort('crashed by a test');
  }
}

export class MetricsBoard extends Board {
  constructor(ctx: DurableObjectState, bindings: unknown) {
    super(withMovedAlarms(ctx), bindings);
  }

  protected override nowMs(): number {
    return Date.now() + clock.movedMs;
  }
}

interface ObjectsEnv {
  readonly KEY_GATE: DurableObjectNamespace<MovableKeyGate>;
  readonly LEDGER: DurableObjectNamespace<MovableLedger>;
}

/** Steers the objects from outside: `POST /clock {movedMs}`, `POST /crash {key}` or `{account}`, `POST /erase {key}`. */
export default {
  async fetch(request: Request, env: ObjectsEnv): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === '/clock') clock.movedMs = ((await request.json()) as { movedMs: number }).movedMs;
    else if (pathname === '/crash') {
      const { key, account } = (await request.json()) as { key?: string; account?: string };
      const object = key === undefined ? env.LEDGER.getByName(account ?? '') : env.KEY_GATE.getByName(key);
      await Promise.resolve(object.crash()).catch(() => undefined);
    } else if (pathname === '/erase') {
      const { key } = (await request.json()) as { key: string };
      await env.KEY_GATE.getByName(key).retire(Date.now());
    } else return new Response(null, { status: 404 });
    return new Response(null, { status: 204 });
  },
};
