import { type Denial, deny } from '../decision/denial.ts';
import type { KeyRecord } from '../decision/record.ts';
import { callObject } from '../objects/call.ts';
import type { LockNote, Struck } from '../objects/lockout.ts';
import type { LockoutRule } from '../policy/schema.ts';
import type { Background } from './ask.ts';
import { type Edge, keepTold, told } from './edge.ts';
import { gateUnavailable } from './unavailable.ts';

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
 * the address (null: none is known). An attempt on a locked source is no strike. The one that locks a source is written
 * into the audit trail, that of a secret also into its `owner`'s. Returns the denial to answer: the given one, or the
 * lock's. Throws where the lockout cannot be reached.
 */
export async function strikeFor(
  edge: Edge,
  denial: Denial,
  address: string | null,
  digest: string | null,
  owner?: KeyRecord,
): Promise<Denial> {
  const { lockouts } = edge.policy;
  if (digest !== null) {
    const { keyId = null, accountId = null } = owner ?? {};
    // A digest says nothing to anybody else, and is not told where the key itself can be.
    const subject = keyId === null ? digest : null;
    const lock = { action: 'secret.locked', subject, address: null, keyId, accountId } as const;
    const locked = await strikeOne(edge, secretSource(digest), lockouts.secret, lock);
    if (locked !== null) return locked;
  }
  if (address === null) return denial;
  const lock = { action: 'address.locked', subject: address, address, keyId: null, accountId: null } as const;
  return (await strikeOne(edge, addressSource(address), lockouts.address, lock)) ?? denial;
}

/** Strikes the address of who sent what is no key; what cannot be counted is a denial too. */
export async function strikeMalformed(edge: Edge, address: string | null, back: Background): Promise<Denial> {
  try {
    const struck = strikeFor(edge, deny('malformed'), address, null);
    // A caller who hangs up is struck all the same.
    back.waitUntil(struck.catch(() => undefined));
    return await struck;
  } catch {
    return gateUnavailable(back, 'lockout');
  }
}

async function strikeOne(edge: Edge, name: string, rule: LockoutRule, lock: LockNote): Promise<Denial | null> {
  const known = lockDenial(edge, name, edge.clock.nowMs());
  if (known !== null) return known;
  const askedAtMs = edge.clock.nowMs();
  const { epoch } = edge.clock;
  const struck: Struck = await callObject(() =>
    edge.lockout(name).strike({ strikes: rule.strikes, windowMs: rule.window, lockMs: rule.lock }, lock),
  );
  const nowMs = edge.clock.nowMs();
  if (struck.kind === 'counted') {
    edge.sources.delete(name);
    return null;
  }
  if (epoch === edge.clock.epoch) keepTold(edge, name, struck, askedAtMs, nowMs);
  return lockedFor(name, struck.retryAfterMs);
}
