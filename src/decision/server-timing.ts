/** Where a request's time went, in ms. */
export interface Timing {
  /** From its arrival to its admission or refusal. */
  readonly admissionMs: number;
  /** From its admission to the origin's first byte; null: it was not forwarded. */
  readonly originMs: number | null;
}

/**
 * The value of `Server-Timing` (W3C Server Timing §2), to a tenth of a millisecond.
 *
 * @example `keystile;dur=1.2, origin;dur=35`
 */
export function serverTiming({ admissionMs, originMs }: Timing): string {
  const keystile = `keystile;dur=${tenths(admissionMs)}`;
  return originMs === null ? keystile : `${keystile}, origin;dur=${tenths(originMs)}`;
}

/** A clock may step back between two readings. */
function tenths(ms: number): number {
  return Math.max(0, Math.round(ms * 10) / 10);
}
