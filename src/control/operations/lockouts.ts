import { addressKey } from '../../decision/address.ts';
import { addressSource, secretSource } from '../../gateway/strike.ts';
import { callObject } from '../../objects/call.ts';
import { noteAction } from '../../registry/note.ts';
import { type Answer, denied, EMPTY, json, rfc3339 } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { type Checked, invalid } from '../input.ts';

/** A source as an operator names it. */
interface Source {
  readonly name: string;
  readonly subject: string;
  readonly windowMs: number;
}

/**
 * Reads `ip` with an address or an IPv6 /64, or `secret` with the digest that `POST /keys/lookup` tells: no secret
 * stands in a URL.
 */
function sourceOf({ house }: Desk, kind: string, subject: string): Checked<Source> {
  const { lockouts } = house.policy;
  if (kind === 'ip') {
    const address = addressKey(subject.replace(/\/64$/, ''));
    if (address === null) return invalid('subject', 'expected an IP address');
    return { ok: true, value: { name: addressSource(address), subject: address, windowMs: lockouts.address.window } };
  }
  if (kind !== 'secret') return invalid('kind', 'expected "ip" or "secret"');
  if (!/^[A-Za-z0-9_-]{43}$/.test(subject))
    return invalid('subject', 'expected a digest, as POST /keys/lookup tells it');
  return { ok: true, value: { name: secretSource(subject), subject, windowMs: lockouts.secret.window } };
}

/** How many strikes a source has in the window, and until when it is locked. */
export async function showLockout(desk: Desk, kind: string, subject: string): Promise<Answer> {
  const source = sourceOf(desk, kind, subject);
  if (!source.ok) return denied(source.denial);
  const { name, windowMs } = source.value;
  const { strikes, lockedUntilMs } = await callObject(() => desk.house.edge.lockout(name).inspect(windowMs));
  return json({ kind, subject: source.value.subject, strikes, locked_until: rfc3339(lockedUntilMs) });
}

/** Lifts a lock and clears the strikes; answers when the source is heard everywhere. */
export async function liftLockout(desk: Desk, kind: string, subject: string): Promise<Answer> {
  const source = sourceOf(desk, kind, subject);
  if (!source.ok) return denied(source.denial);
  const { name, subject: lifted } = source.value;
  await noteAction(desk.force.db, 'lockout.lifted', { kind, subject: lifted }, desk.actor, desk.nowMs);
  await callObject(() => desk.house.edge.lockout(name).lift());
  desk.house.edge.sources.delete(name);
  return EMPTY;
}
