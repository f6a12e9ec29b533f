import { type Denial, deny } from '../../decision/denial.ts';
import type { Policy } from '../../policy/schema.ts';
import { bringIntoForce } from '../../registry/force.ts';
import { type RotationMade, readRotatable, readRotation, rotateSecret } from '../../registry/rotate.ts';
import type { StoredKey } from '../../registry/rows.ts';
import { type Answer, denied, notInForce, rfc3339 } from '../answer.ts';
import type { Desk, MemberDesk } from '../desk.ts';
import { invalid } from '../input.ts';
import type { Rotation } from '../inputs/rotation.ts';
import { keyAbove } from '../visible.ts';
import { missing } from './keys.ts';
import { withKey } from './of-member.ts';
import { type MintedSecret, mintSecret } from './secret.ts';

/** What must hold for who asks, beside the policy. */
export interface Rotator {
  /** Why they may not rotate the key as it stands now; null where they may. */
  readonly refuses: (key: StoredKey) => Denial | null;
  /** The one secret that they may replace; null: whichever is the current one. */
  readonly secretId: string | null;
}

const ANYONE: Rotator = { refuses: () => null, secretId: null };

/** How often a rotation is tried anew on a key that others change at the same time. */
const ATTEMPTS = 6;

const AT_THE_SAME_TIME = deny('conflict', {
  detail: 'the key was rotated at the same time: its new secret is in the answer to that call',
});
const ROTATED_SINCE = deny('conflict', {
  detail: 'this request has rotated the key already, and the key was rotated again since: its secret was replaced',
});
const OTHER_KEYS = deny('rotation_refused', {
  detail: 'the account has other active keys: create a new key, switch over to it, then revoke this one',
});

/** Rotates any key, for operators. */
export function rotateAnyKey(desk: Desk, keyId: string, input: Rotation): Promise<Answer> {
  return rotateKey(desk, keyId, input, ANYONE);
}

/** Rotates a key that who has signed in may change. It gives them its secret, so it must not be above them. */
export function rotateMemberKey(desk: MemberDesk, keyId: string, input: Rotation): Promise<Answer> {
  const rotator: Rotator = { ...ANYONE, refuses: (key) => keyAbove(desk, key) };
  return withKey(desk, keyId, () => rotateKey(desk, keyId, input, rotator));
}

/**
 * Gives a key a new secret, which stands in this answer and nowhere else, also where it is 503. The key keeps its id,
 * its settings and what was counted. 200 says that the new secret works from now on, that the one before works until
 * `grace_period_ends_at`, and that older ones work no more. Of rotations at the same time one is made: until it is in
 * force the others are refused. An inactive key may be rotated, and stays inactive: its secret may have leaked too.
 */
export async function rotateKey(desk: Desk, keyId: string, input: Rotation, rotator: Rotator): Promise<Answer> {
  const { house, force, actor, nowMs } = desk;
  const { policy } = house;
  const graceMs = input.grace_seconds === undefined ? policy.rotation.grace : 1_000 * input.grace_seconds;
  if (graceMs > policy.rotation.grace) {
    return denied(invalid('grace_seconds', `expected at most ${policy.rotation.grace / 1_000}`).denial);
  }
  const terms = { graceEndsAtMs: nowMs + graceMs, alone: !policy.rotation.with_several_keys };
  let { secretId } = rotator;
  let minted: MintedSecret | null = null;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const read = await readRotatable(force.db.withSession('first-primary'), keyId);
    if (read === null) return missing();
    const { key } = read;
    const denial = rotator.refuses(key) ?? refusalOf(policy, key, nowMs);
    if (denial !== null) return denied(denial);
    minted ??= await mintSecret(house, key.environment, desk.entropy);
    // A request that is sent again may have done its work already.
    const before = desk.entropy.isAgain ? await readRotation(force.db, minted.stored.id) : null;
    if (before !== null) {
      return read.secretId === minted.stored.id ? settled(desk, minted, before) : denied(ROTATED_SINCE);
    }
    secretId ??= read.secretId;
    if (read.secretId !== secretId) return denied(AT_THE_SAME_TIME);
    if (read.isRotating) {
      await bringIntoForce(force, [key]);
      return denied(AT_THE_SAME_TIME);
    }
    const rotated = await rotateSecret(force.db, read, minted.stored, terms, actor, nowMs);
    if (rotated.kind === 'several_keys') return denied(OTHER_KEYS);
    if (rotated.kind === 'rotated') return settled(desk, minted, { ...terms, key: rotated.key, oldPrefix: key.prefix });
  }
  return denied(deny('conflict', { detail: 'the key is being changed by others' }));
}

/** Why a key is not rotated, whoever asks. */
function refusalOf({ rotation, trial, environments }: Policy, key: StoredKey, nowMs: number): Denial | null {
  if (key.environment === trial.environment) return deny('trial_rotation');
  if (!rotation.enabled) return deny('rotation_refused');
  if (key.status === 'revoked') return deny('conflict', { detail: 'a revoked key stays revoked: create another' });
  if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs) {
    return deny('conflict', { detail: 'the key has expired: create another, or give this one a later end first' });
  }
  const isKnown = Object.hasOwn(environments, key.environment);
  return isKnown ? null : deny('conflict', { detail: 'there is no environment of this name any more' });
}

/** Brings a rotation that is recorded into force, and tells it. */
async function settled(desk: Desk, { secret }: MintedSecret, made: RotationMade): Promise<Answer> {
  const { key, oldPrefix, graceEndsAtMs } = made;
  const body = {
    new_api_key: secret,
    old_key_prefix: oldPrefix,
    grace_period_ends_at: rfc3339(graceEndsAtMs),
    environment: key.environment,
    id: key.id,
  };
  const inForce = await bringIntoForce(desk.force, [key]);
  if (!inForce.has(key.id)) return notInForce(body);
  return { kind: 'json', status: 200, body, secret: { field: 'new_api_key', environment: key.environment } };
}
