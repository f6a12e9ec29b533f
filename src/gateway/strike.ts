import { type Denial, deny } from '../decision/denial.ts';
import type { KeyRecord } from '../decision/record.ts';
import { callObject } from '../objects/call.ts';
import type { Struck } from '../objects/lockout.ts';
import type { LockoutRule } from '../policy/schema.ts';
import { noteOnce } from '../registry/note.ts';
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
    const lock = { action: 'secret.locked', subject: digest, address: null, owner };
    const locked = await strikeOne(edge, secretSource(digest), lockouts.secret, lock);
    if (locked !== null) return locked;
  }
  if (address === null) return denial;
  const lock = { action: 'address.locked', subject: address, address, owner: undefined };
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

async function strikeOne(edge: Edge, name: string, rule: LockoutRule, lock: Lock): Promise<Denial | null> {
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
    // A lockout of the version before does not tell.
    const untilMs = struck.lockedUntilMs ?? null;
    if (untilMs !== null) await noteLock(edge, lock, untilMs, nowMs);
    return null;
  }
  if (epoch === edge.clock.epoch) keepTold(edge, name, struck, askedAtMs, nowMs);
  return lockedFor(name, struck.retryAfterMs);
}

/** What a strike locks. */
interface Lock {
  readonly action: string;
  /** As operators name it: a digest says nothing to anybody else, and is not told where the key itself can be. */
  readonly subject: string;
  /** null: a secret is tried from many addresses. */
  readonly address: string | null;
  readonly owner: KeyRecord | undefined;
}

/**
 * One entry for each lock: of all strikes one is told that it has locked the source, and the name of the entry keeps a
 * question that was asked twice from writing two. A lock whose entry cannot be written holds all the same.
 */
async function noteLock(edge: Edge, { action, subject, address, owner }: Lock, untilMs: number, nowMs: number) {
  const until = new Date(untilMs).toISOString();
  const of = owner?.keyId ?? subject;
  const note = {
    once: `${action} ${of} ${untilMs}`,
    action,
    accountId: owner?.accountId ?? null,
    keyId: owner?.keyId ?? null,
    about: owner === undefined ? { until, subject } : { until },
  };
  const actor = { name: 'anyone', address, requestId: null };
  await noteOnce(edge.lookup.db, note, actor, nowMs).catch(() => undefined);
}
