import { type Answer, denied, json, notInForce, rfc3339 } from '../control/answer.ts';
import type { Desk } from '../control/desk.ts';
import { invalid } from '../control/input.ts';
import { issueKey } from '../control/keys/issue.ts';
import { revocation } from '../control/keys/keys.ts';
import { digestUnder, innerHash } from '../credential/digest.ts';
import { findCredential } from '../credential/parse.ts';
import { type Denial, deny } from '../decision/denial.ts';
import type { Background } from '../gateway/ask.ts';
import { takeFor } from '../gateway/rates.ts';
import { strikeFor } from '../gateway/strike.ts';
import { createAccount } from '../registry/accounts.ts';
import { changeKey } from '../registry/changes.ts';
import { NO_RULES } from '../registry/create.ts';
import { fromPrimary } from '../registry/lookup.ts';
import { findTrialByPrefix } from '../registry/search.ts';

/** What a caller without an account brings. */
export interface Visit extends Desk {
  readonly headers: Headers;
  /** The normalised client address, and the source that lockouts count. */
  readonly address: string;
  readonly source: string;
  readonly back: Background;
}

/**
 * All trial keys stand in one account, made when it is first needed: nobody owns them, so accounts of their own would
 * be rows without a use, and an operator can switch trials off at once by suspending this one. Caps are for owners.
 */
const TRIAL_ACCOUNT = 'acc_trial';

const MINUTE_MS = 60_000;
/** Attempts to revoke by prefix, per minute and address. */
const REVOCATIONS_PER_MINUTE = 30;
/** So short a prefix is no name of one key; from the documents of the product that came up with the route. */
const SHORTEST_PREFIX = 16;

/** Makes a trial key for anyone, so many per minute and address. The key stands in this answer and nowhere else. */
export async function mintTrialKey(visit: Visit): Promise<Answer> {
  const { house, actor, nowMs } = visit;
  const { trial } = house.policy;
  const refusal = await takeFor(house.edge, 'mint', visit.source, trial.mints_per_minute, 'trial_mint_limited');
  if (refusal !== null) return denied(refusal);
  const spec = {
    accountId: TRIAL_ACCOUNT,
    memberId: null,
    label: null,
    category: null,
    environment: trial.environment,
    role: trial.role,
    expiresAtMs: nowMs + trial.ttl,
    ratePerSecond: null,
    ratePerMinute: null,
    quotas: { total: trial.operations },
    addresses: null,
    metadata: {},
  };
  const issue = () => issueKey(visit, spec, NO_RULES);
  let issued = await issue();
  if (!issued.ok && issued.reason === 'account_missing') {
    const account = { id: TRIAL_ACCOUNT, name: 'Trial keys', plan: house.policy.default_plan };
    await createAccount(visit.force.db, account, actor, nowMs);
    issued = await issue();
  }
  if (!issued.ok) return denied(deny(issued.reason === 'account_suspended' ? issued.reason : 'conflict'));
  const body = {
    api_key: issued.secret,
    expires_at: rfc3339(issued.key.expiresAtMs),
    ops_limit: trial.operations,
    message: trial.message
      .replaceAll('{minutes}', String(Math.round(trial.ttl / MINUTE_MS)))
      .replaceAll('{operations}', String(trial.operations)),
  };
  return issued.inForce ? json(body) : notInForce(body);
}

/**
 * Revokes a trial key by the beginning of its secret; where the policy asks for proof, for who sends the whole secret.
 * 200 says that no request that is sent from now on is admitted anywhere.
 */
export async function revokeTrialKey(visit: Visit, prefix: string): Promise<Answer> {
  if (prefix.length < SHORTEST_PREFIX || prefix.length > 200) {
    return denied(invalid('key_prefix', `expected at least ${SHORTEST_PREFIX} characters of the key`).denial);
  }
  const slow = await takeFor(visit.house.edge, 'revoke', visit.source, REVOCATIONS_PER_MINUTE, 'public_rate_limited');
  if (slow !== null) return denied(slow);
  const proof = visit.house.policy.trial.revoke_needs_secret;
  const named = proof ? await provenKey(visit, prefix) : await keyNamed(visit, prefix);
  if (typeof named !== 'string') return denied(named);
  const changed = await changeKey(visit.force, named, visit.actor, visit.nowMs, revocation);
  if (!('key' in changed)) return denied(deny(changed.kind === 'not_found' ? changed.kind : 'conflict'));
  const body = { revoked: true, key_prefix: changed.key.prefix };
  return changed.kind === 'in_force' ? json(body) : notInForce({ key_prefix: changed.key.prefix });
}

/** The id of the one trial key whose secret may begin so. */
async function keyNamed({ house, force }: Visit, prefix: string): Promise<string | Denial> {
  const { environment } = house.policy.trial;
  const [key, other] = await findTrialByPrefix(force.db.withSession('first-primary'), prefix, environment);
  if (key === undefined) return deny('not_found', { detail: 'there is no trial key with this prefix' });
  if (other !== undefined) return deny('conflict', { detail: 'several trial keys have this prefix: send more of it' });
  return key.id;
}

/** The id of the trial key whose whole secret was sent and begins so. A secret that is no key is a strike. */
async function provenKey(visit: Visit, prefix: string): Promise<string | Denial> {
  const { edge, policy } = visit.house;
  const credential = findCredential(visit.headers, policy.credential.places);
  if (credential.kind === 'none') return deny('missing_credential');
  const secret = credential.text;
  if (edge.format.read(secret) === null) return strikeFor(edge, deny('malformed'), visit.source, null);
  const inner = await innerHash(secret);
  const digest = await digestUnder(edge.lookup.peppers[0], inner);
  const record = await fromPrimary(edge.lookup, inner, digest);
  if (record === undefined) return strikeFor(edge, deny('unknown'), visit.source, digest);
  if (record.environment === policy.trial.environment && secret.startsWith(prefix)) return record.keyId;
  const denial = deny('not_found', { detail: 'the secret that was sent is not of a trial key with this prefix' });
  return strikeFor(edge, denial, visit.source, null);
}
