/*
 * Billing months, in UTC: each begins on the anchor's day of the month, or on the last day where the month is shorter
 * (31 January, 28 or 29 February, 31 March), and at the anchor's time of day. Every one is counted from the anchor
 * itself and not from the month before, so that a short month moves none that follow it.
 */

/** A billing month: from `startMs` to just before `endsAtMs`, at which the next one begins. */
export interface Month {
  readonly startMs: number;
  readonly endsAtMs: number;
}

const DAY_MS = 86_400_000;

/** The billing month of `anchorMs` in which `nowMs` lies; 28 to 31 days long. */
export function monthOf(anchorMs: number, nowMs: number): Month {
  const anchor = new Date(anchorMs);
  const now = new Date(nowMs);
  const months = (now.getUTCFullYear() - anchor.getUTCFullYear()) * 12 + now.getUTCMonth() - anchor.getUTCMonth();
  const first = startOf(anchor, months) <= nowMs ? months : months - 1;
  return { startMs: startOf(anchor, first), endsAtMs: startOf(anchor, first + 1) };
}

/** When the month begins that is `months` after the anchor's. */
function startOf(anchor: Date, months: number): number {
  const year = anchor.getUTCFullYear();
  const month = anchor.getUTCMonth() + months;
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const midnightMs = Date.UTC(year, month, Math.min(anchor.getUTCDate(), lastDay));
  return midnightMs + (((anchor.getTime() % DAY_MS) + DAY_MS) % DAY_MS);
}
