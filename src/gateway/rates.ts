import { type Denial, deny } from '../decision/denial.ts';
import { callObject } from '../objects/call.ts';
import { askSource, type Background } from './ask.ts';
import { type Edge, told } from './edge.ts';
import { addressSource, lockDenial } from './strike.ts';
import { gateUnavailable } from './unavailable.ts';

const MINUTE_MS = 60_000;

/** The denial of a locked address; asks its lockout unless this isolate holds its answer. Throws where it cannot. */
export async function lockOf(edge: Edge, source: string): Promise<Denial | null> {
  const nowMs = edge.clock.nowMs();
  const name = addressSource(source);
  if (told(edge, name, nowMs) !== undefined) return lockDenial(edge, name, nowMs);
  const heard = await askSource(edge, source);
  return 'denial' in heard ? heard.denial : null;
}

/**
 * Counts one event of an address against a rate for any minute, in the object `<what>:<address>`; a locked address
 * is refused before, and counted nowhere. Null where it may go on. Throws where an object cannot be reached.
 */
export async function takeFor(
  edge: Edge,
  what: 'public' | 'mint' | 'revoke' | 'own' | 'leaks' | 'legacy',
  source: string,
  perMinute: number,
  reason: Denial['reason'],
): Promise<Denial | null> {
  const locked = await lockOf(edge, source);
  if (locked !== null) return locked;
  const retryAfterMs = await callObject(() => edge.lockout(`${what}:${source}`).take(perMinute, MINUTE_MS));
  return retryAfterMs === 0 ? null : deny(reason, { retryAfterMs });
}

/** {@link takeFor} a public route; an object that cannot be reached is a denial too. */
export async function takePublic(
  edge: Edge,
  source: string,
  perMinute: number,
  back: Background,
): Promise<Denial | null> {
  try {
    return await takeFor(edge, 'public', source, perMinute, 'public_rate_limited');
  } catch {
    return gateUnavailable(back, 'lockout');
  }
}
