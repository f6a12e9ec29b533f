import { type Denial, deny } from '../decision/denial.ts';
import { callObject } from '../objects/call.ts';
import { askSource, type Background } from './ask.ts';
import { type Edge, told } from './edge.ts';
import { addressSource } from './strike.ts';

const MINUTE_MS = 60_000;

/**
 * Counts one event of an address against a rate per rolling minute, in the object `<what>:<address>`, side by side
 * with asking whether the address is locked. Null where it may go on. Throws where an object cannot be reached.
 */
export async function takeFor(
  edge: Edge,
  what: 'public' | 'mint' | 'unmint',
  source: string,
  perMinute: number,
  reason: Denial['reason'],
): Promise<Denial | null> {
  const isClear = told(edge, addressSource(source), edge.clock.nowMs())?.kind === 'clear';
  const [retryAfterMs, heard] = await Promise.all([
    callObject(() => edge.lockout(`${what}:${source}`).take(perMinute, MINUTE_MS)),
    isClear ? null : askSource(edge, source),
  ]);
  if (heard !== null && 'denial' in heard) return heard.denial;
  return retryAfterMs === 0 ? null : deny(reason, { retryAfterMs });
}

/** {@link takeFor} a public route; an object that cannot be reached is a denial too. */
export async function askPublic(
  edge: Edge,
  source: string,
  perMinute: number,
  back: Background,
): Promise<Denial | null> {
  try {
    return await takeFor(edge, 'public', source, perMinute, 'public_rate_limited');
  } catch {
    back.alert('lockout_unreachable', {});
    return deny('gate_unavailable', { retryAfterMs: 1_000 });
  }
}
