import type * as z from 'zod';
import { digestUnder, innerHash } from '../../credential/digest.ts';
import { decide } from '../../decision/decide.ts';
import { deny } from '../../decision/denial.ts';
import { limitsOf } from '../../gateway/limits.ts';
import { callObject } from '../../objects/call.ts';
import { findOnPrimary } from '../../registry/lookup.ts';
import { recordOfKey } from '../../registry/rows.ts';
import { type Answer, denied, json, rfc3339 } from '../answer.ts';
import type { OwnKeyDesk } from '../guards/own-key.ts';
import type { keyUsageQuery } from '../inputs/ledger.ts';
import type { Rotation } from '../inputs/rotation.ts';
import { countedView } from '../ledger/limits.ts';
import { usageOf } from '../ledger/usage.ts';
import { revokeKey } from './keys.ts';
import { rotateKey } from './rotate.ts';

const REPLACED = deny('conflict', {
  detail:
    'this secret was replaced by a rotation and cannot rotate the key: use the new secret, or ask someone who manages the key',
});

/**
 * Who the key is, what limits it, and what is left. `prefix` is that of the secret that was sent, and
 * `grace_period_ends_at` null for the current one. `usage` is null while the gate cannot be reached.
 */
export async function showOwnKey({ house, record, presented }: OwnKeyDesk): Promise<Answer> {
  const { edge, policy } = house;
  const limits = limitsOf(record, policy);
  const report = await callObject(() => edge.gate(record.keyId).inspect(limits)).catch(() => null);
  return json({
    id: record.keyId,
    account: record.accountId,
    prefix: edge.format.visiblePrefix(presented.secret, policy.key.visible_chars),
    label: record.label,
    category: record.category,
    environment: record.environment,
    role: record.role,
    status: record.status,
    expires_at: rfc3339(record.expiresAtMs),
    grace_period_ends_at: rfc3339(record.graceEndsAtMs),
    usage: report && countedView(report),
  });
}

/** What the key's requests came to, by hour or by day; those of its earlier secrets too. */
export function showOwnUsage(desk: OwnKeyDesk, query: z.output<typeof keyUsageQuery>): Promise<Answer> {
  const { accountId, keyId } = desk.record;
  return usageOf(desk, accountId, query, [keyId]);
}

/**
 * Rotates the key by its current secret. One that was replaced may not, though it still works: who has an old secret,
 * as from a leak, must not be able to take the key over. The key is judged again where the new secret is written.
 */
export async function rotateOwnKey(desk: OwnKeyDesk, input: Rotation): Promise<Answer> {
  const { house, record, presented, facts } = desk;
  const { edge, policy } = house;
  if (record.replacedAtMs !== null && !desk.entropy.isAgain) return denied(REPLACED);
  const inner = await innerHash(presented.secret);
  const found = await findOnPrimary(edge.lookup, inner, await digestUnder(edge.lookup.peppers[0], inner));
  if (found === null) return denied(deny('conflict', { detail: 'the key is not there any more' }));
  return rotateKey(desk, record.keyId, input, {
    secretId: found.secretId,
    refuses: (key) => decide(recordOfKey(key), facts, policy, edge.clock.nowMs()),
  });
}

/** Ends the key, for good. 204 says that no request that is sent from now on is admitted anywhere. */
export function revokeOwnKey(desk: OwnKeyDesk): Promise<Answer> {
  return revokeKey(desk, desk.record.keyId);
}
