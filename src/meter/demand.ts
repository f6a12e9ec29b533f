/** How much was asked for lately, to guess how much will be. */
export interface Demand {
  sinceMs: number;
  count: number;
  perMs: number;
}

/** No demand yet. */
export function noDemand(): Demand {
  return { sinceMs: 0, count: 0, perMs: 0 };
}

/** About how many will be needed within `leaseMs`, from the rate over the last seconds, and a quarter more; at least 1. */
export function expectedWithin(demand: Demand, leaseMs: number, nowMs: number): number {
  const elapsedMs = nowMs - demand.sinceMs;
  const perMs = Math.max(demand.count / Math.max(elapsedMs, 250), elapsedMs < 2_000 ? demand.perMs : 0);
  if (elapsedMs >= 1_000 || elapsedMs < 0) Object.assign(demand, { sinceMs: nowMs, count: 0, perMs });
  const expected = perMs * leaseMs;
  return expected < 1 ? 1 : Math.ceil(expected * 1.25) + 1;
}
