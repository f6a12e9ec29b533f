import { type Denial, deny } from '../decision/denial.ts';
import { callObject } from '../objects/call.ts';
import type { Struck } from '../objects/lockout.ts';
import type { LockoutRule } from '../policy/schema.ts';
import { type Edge, keepTold, told } from './edge.ts';

/** The name of the lockout object of a client address, and of a presented secret's digest. */
export const addressSource = (address: string): string => `ip:${address}`;
export const secretSource = (digest: string): string => `secret:${digest}`;

/** The denial of a source that is known to be locked; null where nothing is known. */
export function lockDenial(edge: Edge, name: string, nowMs: number): Denial | null {
  const known = told(edge, name, nowMs);
  if (known?.kind !== 'locked') return null;
  return lockedFor(name, Math.max(1, known.lockEndsAtMs - nowMs));
}

/** The denial of a source that is locked for `retryAfterMs` more. */
export function lockedFor(name: string, retryAfterMs: number): Denial {
  return deny(name.startsWith('ip:') ? 'ip_locked' : 'secret_locked', { retryAfterMs });
}

/**
 * Counts a failed attempt, awaited: against the presented secret (null: it was malformed, or is no key) and against
 * the address. An attempt on a locked source is no strike. Returns the denial to answer: the given one, or the lock's.
 * Throws where the lockout cannot be reached.
 */
export async function strikeFor(edge: Edge, denial: Denial, address: string, digest: string | null): Promise<Denial> {
  const { lockouts } = edge.policy;
  if (digest !== null) {
    const locked = await strikeOne(edge, secretSource(digest), lockouts.secret);
    if (locked !== null) return locked;
  }
  return (await strikeOne(edge, addressSource(address), lockouts.address)) ?? denial;
}

async function strikeOne(edge: Edge, name: string, rule: LockoutRule): Promise<Denial | null> {
  const known = lockDenial(edge, name, edge.clock.nowMs());
  if (known !== null) return known;
  const askedAtMs = edge.clock.nowMs();
  const { epoch } = edge.clock;
  const struck: Struck = await callObject(() =>
    edge.lockout(name).strike({ strikes: rule.strikes, windowMs: rule.window, lockMs: rule.lock }),
  );
  const nowMs = edge.clock.nowMs();
  if (struck.kind === 'counted') {
    edge.sources.delete(name);
    return null;
  }
  if (epoch === edge.clock.epoch) keepTold(edge, name, struck, askedAtMs, nowMs);
  return lockedFor(name, struck.retryAfterMs);
}
