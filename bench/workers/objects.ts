import movable, {
  clock,
  MovableKeyGate as KeyGate,
  MovableLedger as Ledger,
  MovableLockout as Lockout,
} from '../../test/support/objects-worker.ts';
import { meterCalls, meterState, takeUse, USE_PATH } from './metering.ts';

/* The objects that tests run, with what they are billed for counted. */

const movedMs = () => clock.movedMs;

export class MovableKeyGate extends KeyGate {
  constructor(ctx: DurableObjectState, env: unknown) {
    super(meterState(ctx, 'gate', movedMs), env);
  }
}

export class MovableLockout extends Lockout {
  constructor(ctx: DurableObjectState, env: unknown) {
    super(meterState(ctx, 'lockout', movedMs), env);
  }
}

export class MovableLedger extends Ledger {
  constructor(ctx: DurableObjectState, env: unknown) {
    super(meterState(ctx, 'ledger', movedMs), env);
  }
}

meterCalls('gate', MovableKeyGate, ['admit', 'confirm', 'settle', 'advance', 'alarm']);
meterCalls('lockout', MovableLockout, ['ask', 'strike', 'take', 'alarm']);
meterCalls('ledger', MovableLedger, ['draw', 'settle', 'record', 'alarm']);

/** {@link USE_PATH} gives and resets what was counted; the rest is as in tests. */
export default {
  async fetch(request: Request, env: Parameters<typeof movable.fetch>[1]): Promise<Response> {
    return new URL(request.url).pathname === USE_PATH ? Response.json(takeUse()) : movable.fetch(request, env);
  },
};
