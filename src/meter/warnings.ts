import type { LimitView } from './meter.ts';
import { monthOf } from './month.ts';

/*
 * When to tell that most of a quota is used, that it is used up, or that credits run low. Only crossings are told, each
 * once: what was told before is state that its keeper stores.
 *
 * A giver counts permits when it grants them, so while leases are out it counts more than was used. What is out is
 * therefore left out here: a quota is told by what its askers have reported as used, and by what they never reported
 * and was given up for used. That is never more than was used but by what askers lost, and by what a crashed giver
 * counts ahead (`ceilingBlock`). Only where a request was refused for a quota, all that is granted counts: whoever was
 * refused has found it used up.
 */

/** Told when so much is used as the policy warns at, and when nothing is left. */
export type Threshold = 'warning' | 'reached';

/** When a threshold was told, at which limit, and whether it was seen below since. */
interface Told {
  readonly atMs: number;
  readonly limit: number;
  readonly wasBelow: boolean;
}

/** What was told of quotas, by their names. Storable as it is. */
export type ToldQuotas = { readonly [quota: string]: { readonly [threshold in Threshold]?: Told } };

/** A quota as it stands. */
export interface Standing {
  /** Without `warnPercent` nothing is told of it. */
  readonly view: LimitView;
  /** Whether a request was just refused for it. */
  readonly isRefused: boolean;
  /** How much of it, in its unit, is granted and not known to be used; asked only where that may decide. */
  readonly out: () => number;
}

/** A threshold that was crossed. */
export interface Crossing {
  readonly threshold: Threshold;
  readonly quota: string;
  readonly unit: 'requests' | 'credits';
  readonly limit: number;
  readonly used: number;
  readonly percent: number;
  readonly windowMs: number | null;
}

/**
 * What is to be told now, and what was told then: the same object where nothing changed. A threshold is told again
 *  - of a window that rolls: after the use was seen below it, and the window's length after it was told last;
 *  - of a month: in the next one;
 *  - of a total: never;
 *  - of any of them where the limit is higher than that at which it was told.
 */
export function crossings(
  told: ToldQuotas,
  standings: readonly Standing[],
  nowMs: number,
): { readonly told: ToldQuotas; readonly crossed: readonly Crossing[] } {
  const crossed: Crossing[] = [];
  let now = told;
  for (const { view, isRefused, out } of standings) {
    if (view.warnPercent === undefined) continue;
    const counted = view.limit - view.remaining;
    let used: number | null = isRefused ? counted : null;
    for (const threshold of ['warning', 'reached'] as const) {
      const leastUsed = leastOf(threshold, view);
      const known = now[view.name]?.[threshold];
      const isRefusal = threshold === 'reached' && isRefused;
      const mayBeAt = isRefusal || counted >= leastUsed;
      if (mayBeAt && !isArmed(known, view, nowMs)) continue;
      if (mayBeAt) used ??= Math.max(0, counted - out());
      if (isRefusal || (used !== null && mayBeAt && used >= leastUsed)) {
        now = withTold(now, view.name, threshold, { atMs: nowMs, limit: view.limit, wasBelow: false });
        crossed.push(crossing(threshold, view, used ?? counted));
      } else if (known !== undefined && !known.wasBelow) {
        now = withTold(now, view.name, threshold, { ...known, wasBelow: true });
      }
    }
  }
  return { told: now, crossed };
}

/** From which use on a threshold is reached; of a quota of 0 only that it is reached is ever told. */
function leastOf(threshold: Threshold, { limit, warnPercent = 100 }: LimitView): number {
  if (threshold === 'reached') return limit;
  return limit === 0 ? Number.POSITIVE_INFINITY : Math.ceil((limit * warnPercent) / 100);
}

/** Whether a threshold that is reached now is to be told. */
function isArmed(known: Told | undefined, { limit, windowMs, anchorMs }: LimitView, nowMs: number): boolean {
  if (known === undefined || limit > known.limit) return true;
  if (anchorMs !== undefined) return known.atMs < monthOf(anchorMs, nowMs).startMs;
  return windowMs !== null && known.wasBelow && nowMs >= known.atMs + windowMs;
}

function withTold(told: ToldQuotas, quota: string, threshold: Threshold, anew: Told): ToldQuotas {
  return { ...told, [quota]: { ...told[quota], [threshold]: anew } };
}

function crossing(threshold: Threshold, { name, unit, limit, windowMs }: LimitView, used: number): Crossing {
  const percent = limit === 0 ? 100 : Math.floor((used / limit) * 100);
  return { threshold, quota: name, unit: unit ?? 'requests', limit, used, percent, windowMs };
}

/** What was told of an account's credits. Storable as it is. */
export interface ToldCredits {
  readonly low: boolean;
  readonly exhausted: boolean;
  /** What was left after the last grant since `low` was told; null: there was none. */
  readonly liftedToMicro: number | null;
}

/** Of credits nothing was told. */
export const NO_CREDITS_TOLD: ToldCredits = { low: false, exhausted: false, liftedToMicro: null };

/** An account's credits as they stand, in micro-credits. */
export interface CreditStanding {
  /** All that was ever granted. */
  readonly granted: number;
  /** What is not spent, that which leases hold among it: they may bring it back. */
  readonly left: number;
  /** Less than this is low; 0: never. */
  readonly lowMicro: number;
  /** Whether a request was just refused for want of credits. */
  readonly isRefused: boolean;
}

/**
 * What is to be told of credits now, and what was told then: the same object where nothing changed. `low` is told
 * again after a grant that has lifted what is left out of it, `exhausted` after any grant. An account that was never
 * granted anything is not low on credits.
 */
export function creditCrossings(
  told: ToldCredits,
  { granted, left, lowMicro, isRefused }: CreditStanding,
): { readonly told: ToldCredits; readonly crossed: readonly ('low' | 'exhausted')[] } {
  const isLowArmed = !told.low || (told.liftedToMicro !== null && told.liftedToMicro >= lowMicro);
  const isLow = lowMicro > 0 && granted > 0 && left < lowMicro && isLowArmed;
  const isExhausted = !told.exhausted && (isRefused || (granted > 0 && left <= 0));
  if (!isLow && !isExhausted) return { told, crossed: [] };
  const now = {
    low: told.low || isLow,
    exhausted: told.exhausted || isExhausted,
    liftedToMicro: isLow ? null : told.liftedToMicro,
  };
  return {
    told: now,
    crossed: [...(isLow ? (['low'] as const) : []), ...(isExhausted ? (['exhausted'] as const) : [])],
  };
}

/** What counts as told after a grant that left `left`. */
export function afterGrant(told: ToldCredits, left: number): ToldCredits {
  if (!told.low && !told.exhausted) return told;
  return { low: told.low, exhausted: false, liftedToMicro: told.low ? left : null };
}
