import { type Denial, deny } from '../decision/denial.ts';
import type { Background } from './ask.ts';

/** Why nobody can say whether a request may pass. */
type Cause =
  | 'store'
  | 'lockout'
  | 'unsettled'
  | 'registry_behind_gate'
  | 'access_keys'
  | 'session'
  | 'session_keys'
  | 'reporter_keys'
  | 'legacy_verifier';

/** Refuses for want of someone to ask, and wakes the operator. */
export function gateUnavailable(
  back: Pick<Background, 'alert'>,
  cause: Cause,
  about: Record<string, string | number> = {},
  retryAfterMs = 1_000,
): Denial {
  back.alert('gate_unavailable', { cause, ...about });
  return deny('gate_unavailable', { retryAfterMs });
}
