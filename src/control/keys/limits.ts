import { QUOTA_NAMES, type QuotaName, type Quotas } from '../../decision/record.ts';
import { highestRates } from '../../gateway/limits.ts';
import type { Policy } from '../../policy/schema.ts';
import type { StoredKey } from '../../registry/keys.ts';
import { type Checked, invalid } from '../input.ts';
import type { LimitWishes } from '../inputs/keys.ts';

/** The limits that a key has of its own. */
export type KeyLimits = Pick<StoredKey, 'ratePerSecond' | 'ratePerMinute' | 'quotas'>;

/** What a key has without limits of its own. */
export const NO_LIMITS: KeyLimits = { ratePerSecond: null, ratePerMinute: null, quotas: {} };

/** Nothing, or the first of the wished limits that the policy does not allow to a key of this plan. */
export function checkLimits(policy: Policy, planName: string, wishes: LimitWishes): Checked<null> {
  const highest = highestRates(policy, planName);
  if ((wishes.rate_limit_per_second ?? 0) > highest.perSecond) {
    return invalid('rate_limit_per_second', `expected at most ${highest.perSecond}`);
  }
  if ((wishes.rate_limit_per_minute ?? 0) > highest.perMinute) {
    return invalid('rate_limit_per_minute', `expected at most ${highest.perMinute}`);
  }
  for (const field of ['quotas', 'credit_quotas'] as const) {
    for (const name of QUOTA_NAMES) {
      const asked = wishes[field]?.[name] ?? null;
      if (asked !== null && !policy.limits[field].includes(name)) {
        return invalid(`${field}.${name}`, 'there is no such quota here');
      }
    }
  }
  return { ok: true, value: null };
}

/**
 * The limits as a change leaves them: what it does not name stays, and null is none. Of quotas it replaces those that
 * it names; null in place of all of them removes all.
 */
export function withLimits({ ratePerSecond, ratePerMinute, quotas }: KeyLimits, wishes: LimitWishes): KeyLimits {
  const { rate_limit_per_second: perSecond, rate_limit_per_minute: perMinute } = wishes;
  const { credits = {}, ...requests } = quotas;
  const inCredits = merged(credits, wishes.credit_quotas);
  return {
    ratePerSecond: perSecond === undefined ? ratePerSecond : perSecond,
    ratePerMinute: perMinute === undefined ? ratePerMinute : perMinute,
    quotas: {
      ...merged(requests, wishes.quotas),
      ...(Object.keys(inCredits).length > 0 && { credits: inCredits }),
    },
  };
}

type Caps = Omit<Quotas, 'credits'>;

function merged(caps: Caps, wishes: LimitWishes['quotas']): Caps {
  if (wishes === undefined) return caps;
  if (wishes === null) return {};
  const after: { [name in QuotaName]?: number } = {};
  for (const name of QUOTA_NAMES) {
    const cap = wishes[name] === undefined ? caps[name] : wishes[name];
    if (cap !== undefined && cap !== null) after[name] = cap;
  }
  return after;
}
