/*
 * Until when answers that a gate has given may still be used, by generation. It is what `advance()` waits for:
 * leases, single permits, leased refusals and leased confirmations all count alike (DESIGN §4).
 */
export interface Fence {
  readonly ends: Map<number, number>;
  /** Until when answers of a predecessor, whose memory is lost, may be used. */
  readonly predecessorEndsAtMs: number;
}

/** The fence of an object that starts at `nowMs` and whose predecessor gave answers usable for `longestMs` at most. */
export function openFence(nowMs: number, longestMs: number): Fence {
  return { ends: new Map(), predecessorEndsAtMs: longestMs > 0 ? nowMs + longestMs : 0 };
}

/** Notes an answer at `generation` that can be used until `endsAtMs`, and forgets the ended ones. */
export function noteAnswer(fence: Fence, generation: number, endsAtMs: number, nowMs: number): void {
  const known = fence.ends.get(generation);
  if (known === undefined) for (const [g, end] of fence.ends) if (end <= nowMs) fence.ends.delete(g);
  if (known === undefined || known < endsAtMs) fence.ends.set(generation, endsAtMs);
}

/** How long until no answer from below `generation` can be used any more; 0 where none can now. */
export function waitMs(fence: Fence, generation: number, nowMs: number): number {
  let until = fence.predecessorEndsAtMs;
  for (const [g, end] of fence.ends) if (g < generation && end > until) until = end;
  return Math.max(0, until - nowMs);
}
