import { type Denial, type DenialReason, deny } from '../decision/denial.ts';
import { type KeyRecord, QUOTA_NAMES } from '../decision/record.ts';
import type { CreditTerms } from '../meter/credits.ts';
import type { Refused } from '../meter/gate.ts';
import type { Limit } from '../meter/meter.ts';
import type { Policy } from '../policy/schema.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What is told where a limit never frees up by itself: who asks sooner asks in vain. */
const NEVER_MS = 3_600_000;

/** Over which window the quotas of a key roll; null: over its whole life. */
const QUOTA_WINDOWS_MS = { total: null, daily: DAY_MS, weekly: 7 * DAY_MS, monthly: 30 * DAY_MS } as const;

type Plan = Policy['plans'][string];
type SharedQuota = NonNullable<Plan['quota']>;
/** Of whom an account's limits are asked. */
type Sharing = Pick<KeyRecord, 'plan' | 'environment' | 'billingAnchorMs'>;

/** A plan; the default one in place of one that the policy has no more, so that losing a plan lifts no limit. */
export function planOf(policy: Policy, name: string): Plan {
  return policy.plans[name] ?? (policy.plans[policy.default_plan] as Plan);
}

function lowest(...rates: (number | null)[]): number {
  return Math.min(...rates.map((rate) => rate ?? Number.POSITIVE_INFINITY));
}

/** The highest rates that a key of a plan may have, also where it asks for none; infinite where there is no maximum. */
export function highestRates(policy: Policy, planName: string): { perSecond: number; perMinute: number } {
  const plan = planOf(policy, planName);
  return {
    perSecond: lowest(policy.limits.max_rate_per_second, plan.max_key_rate_per_second),
    perMinute: lowest(policy.limits.max_rate_per_minute, plan.max_key_rate_per_minute),
  };
}

/**
 * The limits of a key: its rates or the policy's default ones, as far as its plan allows them, and its quotas, those in
 * micro-credits under `credits_<quota>`.
 */
export function limitsOf(record: KeyRecord, policy: Policy): Limit[] {
  const { default_rate_per_second, default_rate_per_minute } = policy.limits;
  const highest = highestRates(policy, record.plan);
  const perSecond = lowest(record.ratePerSecond ?? default_rate_per_second, highest.perSecond);
  const perMinute = lowest(record.ratePerMinute ?? default_rate_per_minute, highest.perMinute);
  const limits: Limit[] = [];
  if (Number.isFinite(perSecond)) limits.push({ name: 'rate_second', limit: perSecond, windowMs: SECOND_MS });
  if (Number.isFinite(perMinute)) limits.push({ name: 'rate', limit: perMinute, windowMs: MINUTE_MS });
  const { quotas } = record;
  const { quota_percent: warnPercent } = policy.warnings;
  for (const name of QUOTA_NAMES) {
    const limit = quotas[name];
    if (limit !== undefined) limits.push({ name, limit, windowMs: QUOTA_WINDOWS_MS[name], warnPercent });
  }
  for (const name of QUOTA_NAMES) {
    const limit = quotas.credits?.[name];
    const windowMs = QUOTA_WINDOWS_MS[name];
    if (limit !== undefined) limits.push({ name: `credits_${name}`, limit, windowMs, unit: 'credits', warnPercent });
  }
  return limits;
}

/**
 * What all keys of the record's account share, for its ledger: the rates of its plan, and the plan's quota or, in an
 * environment that is not billed, that environment's own, under a name of its own.
 */
export function accountLimitsOf(record: Sharing, policy: Policy): Limit[] {
  const plan = planOf(policy, record.plan);
  const { per_second, per_minute } = plan.rates;
  const limits: Limit[] = [];
  if (per_second !== null) limits.push({ name: 'plan_second', limit: per_second, windowMs: SECOND_MS });
  if (per_minute !== null) limits.push({ name: 'plan', limit: per_minute, windowMs: MINUTE_MS });
  const environment = policy.environments[record.environment];
  const billed = environment?.billed === true;
  const shared = billed ? plan.quota : environment?.quota;
  if (shared) {
    const name = billed ? 'quota' : `quota.${record.environment}`;
    limits.push({ ...sharedLimit(name, shared, record), warnPercent: policy.warnings.quota_percent });
  }
  return limits;
}

function sharedLimit(name: string, { requests: limit, window }: SharedQuota, record: Sharing): Limit {
  return window === 'month'
    ? { name, limit, windowMs: null, anchorMs: record.billingAnchorMs }
    : { name, limit, windowMs: window };
}

/** By what the record's account may spend; null: nothing bounds it, and what is spent is only counted. */
export function creditTermsOf(
  record: Pick<KeyRecord, 'plan' | 'budgetMicro' | 'billingAnchorMs'>,
  policy: Policy,
): CreditTerms | null {
  const { prepaid } = planOf(policy, record.plan);
  const { budgetMicro, billingAnchorMs } = record;
  if (!prepaid && budgetMicro === null) return null;
  const { credits_micro: lowMicro, quota_percent: warnPercent } = policy.warnings;
  return { prepaid, budgetMicro, anchorMs: billingAnchorMs, lowMicro, warnPercent };
}

/** The micro-credits that a request which may cost `micro` reserves: none where nothing bounds what is spent. */
export function reserveOf(record: KeyRecord, policy: Policy, micro: number): number {
  if (micro === 0 || policy.environments[record.environment]?.billed !== true) return 0;
  return record.quotas.credits !== undefined || creditTermsOf(record, policy) !== null ? micro : 0;
}

/** The denial of every limit. What all keys of an unbilled environment share is a `quota` too. */
const REASONS: Readonly<Record<string, DenialReason>> = {
  rate: 'rate_limited',
  rate_second: 'rate_limited',
  total: 'quota_total',
  daily: 'quota_daily',
  weekly: 'quota_weekly',
  monthly: 'quota_monthly',
  credits_total: 'quota_total',
  credits_daily: 'quota_daily',
  credits_weekly: 'quota_weekly',
  credits_monthly: 'quota_monthly',
  plan: 'plan_rate',
  plan_second: 'plan_rate',
  quota: 'plan_quota',
  credits: 'credits_exhausted',
  budget: 'budget_exhausted',
};

/** What of a refusal tells why. */
type Refusing = Pick<Refused, 'violated' | 'retryAfterMs' | 'limits'>;

/** Which of several limits that never free up by themselves is told first; those that are not here come last. */
const NEVER_FIRST = ['credits', 'credits_total', 'total'];

/**
 * The denial of a gate's refusal. Of several limits the one that frees up last decides; what never does by itself,
 * like a total, is later than all that do.
 */
export function limitDenial(refused: Refusing, record: KeyRecord, policy: Policy): Denial {
  const { violated, retryAfterMs } = refused;
  const [last = 'rate'] = violated.toSorted((a, b) => freesAt(refused, b) - freesAt(refused, a) || rank(b) - rank(a));
  const trial = last === 'total' && record.environment === policy.trial.environment;
  const reason = trial ? 'trial_exhausted' : (REASONS[last.split('.')[0] as string] ?? 'rate_limited');
  return deny(reason, { retryAfterMs: retryAfterMs ?? NEVER_MS, limits: violated });
}

function freesAt({ limits }: Refusing, name: string): number {
  return limits.find((limit) => limit.name === name)?.resetAtMs ?? Number.POSITIVE_INFINITY;
}

function rank(name: string): number {
  return NEVER_FIRST.indexOf(name);
}
