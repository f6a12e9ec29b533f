/*
 * The times on which the protocol of DESIGN §4 rests, in one place. All are milliseconds.
 */

/** A grant that is not used within max(ttl, SLACK) of the moment it was asked for is dead and asked again. */
export const SLACK_MS = 500;

/** The same for what a ledger grants to a gate: long enough to hand out, within it, grants that live for SLACK. */
export const LEDGER_SLACK_MS = 1_200;

/** A gate's lease on its ledger is this many times as long as those that it gives. */
export const LEDGER_LEASES = 4;

/** What a gate waits beyond a lease's end: clock drift, and steps backward too small to be seen. */
export const GUARD_MS = 60;

/** An isolate's clock that falls this far behind what it has shown before has stepped back: its leases die. */
export const CLOCK_TOLERANCE_MS = 20;

/** Below this a lease would save nothing: the gate is asked every time. */
export const SHORTEST_LEASE_MS = 100;

/** An isolate's lease is never longer than its shortest window divided by this. */
export const LEASES_PER_WINDOW = 60;

/** "No permit before t" while permits are out on lease (they may come back), and otherwise. */
export const REFUSAL_WHILE_LEASED_MS = 100;
export const REFUSAL_MS = 1_000;
/** A leased refusal is no shorter than its window divided by this, so that a spent key is not asked for all the time. */
export const REFUSALS_PER_WINDOW = 120;

/** How long an isolate may answer from what a lockout told it when the address or secret is locked. */
export const LOCKED_LEASE_MS = 1_000;

/** The share of a lease's life after which it is renewed in the background: the rest must outlast a round trip. */
export const RENEW_AT = 0.7;

/** How long a background renewal counts as under way; the request that began it may have been cancelled. */
export const RENEWAL_MARK_MS = 2_000;

/** Where a window is too short for leases, a permit's use is reported so soon after it, together with others. */
export const REPORT_AFTER_MS = 2;

/** How long past a lease's end an isolate waits for an ask that takes the rest back with it, before it calls for that. */
export const RETURN_AFTER_MS = 1_500;

/** Limits up to this size are always asked, one permit at a time, so that they are exact. */
export const SMALL_LIMIT = 60;

/** The longest time that the giver of an answer must assume it to be usable by its asker. */
export function usableMs(ttlMs: number, slackMs = SLACK_MS): number {
  return Math.max(ttlMs, slackMs) + GUARD_MS;
}

/**
 * After so long the next request that asks takes over from the one that returns what a key's grants left; without one
 * it goes on to the end of what it knows of, a lease of 10 s at the most. Its context lives 30 s after its answer.
 */
export const RETURNS_FOR_MS = 8_000;
export const RETURNS_AT_MOST_MS = 20_000;

/** Whether a window is too short for leases, so that each permit is asked for and its use told at once. */
export function isShort({ windowMs }: { readonly windowMs: number | null }): boolean {
  return windowMs !== null && windowMs < LEASES_PER_WINDOW * SHORTEST_LEASE_MS;
}
