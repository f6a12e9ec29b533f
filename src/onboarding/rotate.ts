import { type Answer, denied } from '../control/answer.ts';
import { findCredential } from '../credential/parse.ts';
import { type Denial, deny } from '../decision/denial.ts';
import { admit, mayContinue, present } from '../gateway/admit.ts';
import { lockOf } from '../gateway/rates.ts';
import { strikeFor } from '../gateway/strike.ts';
import { fromMemory } from '../registry/lookup.ts';
import type { Visit } from './trial.ts';

/** Where a key rotates itself. */
export const ROTATE_PATH = '/api/v1/keys/apikey/rotate';

/**
 * A key's own rotation: refused to trial keys, which have nothing to rotate for. Nothing is spent by asking, so the
 * key is judged as a running stream is; only one that does not pass goes through admission, which strikes and refuses.
 */
export async function rotateOwnKey(visit: Visit): Promise<Answer> {
  return denied(await judge(visit));
}

async function judge(visit: Visit): Promise<Denial> {
  const { edge, policy } = visit.house;
  const locked = await lockOf(edge, visit.source);
  if (locked !== null) return locked;
  const credential = findCredential(visit.headers, policy.credential.places);
  if (credential.kind === 'none') return deny('missing_credential');
  if (edge.format.read(credential.text) === null) return strikeFor(edge, deny('malformed'), visit.source, null);

  const presented = present(edge, credential.text);
  const facts = { method: 'POST', path: ROTATE_PATH, address: visit.address, source: visit.source, reservation: 0 };
  if (await mayContinue(edge, presented, facts, visit.back)) {
    const record = fromMemory(edge.lookup, presented.fingerprint, edge.clock.nowMs());
    return deny(record?.environment === policy.trial.environment ? 'trial_rotation' : 'not_found');
  }
  const admission = await admit(edge, presented, facts, visit.back);
  if (admission.admitted) return deny('not_found');
  const { denial, record } = admission;
  const trial = record?.environment === policy.trial.environment;
  return trial && denial.reason === 'role_forbidden' ? deny('trial_rotation') : denial;
}
