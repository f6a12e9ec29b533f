import { KeyGate } from '../../src/objects/key-gate.ts';
import { Lockout } from '../../src/objects/lockout.ts';

/** What the objects under test take for the time: the real time, moved by this much. */
export const clock = { movedMs: 0 };

export class MovableKeyGate extends KeyGate {
  protected override nowMs(): number {
    return Date.now() + clock.movedMs;
  }
}

export class MovableLockout extends Lockout {
  protected override nowMs(): number {
    return Date.now() + clock.movedMs;
  }
}

export default {
  fetch(): Response {
    return new Response(null, { status: 404 });
  },
};
