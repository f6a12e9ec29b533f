import { exactSnapshot, type Gate, openGate, type StoredMeter } from '../meter/gate.ts';
import { emptyMeter } from '../meter/meter.ts';
import { planJob } from './jobs.ts';
import { writeVersion } from './version.ts';

/* How a gate's counters outlive its object: those of a key and those of an account alike. */

/** After so long without a grant the exact count is written over the ceiling, by the job `flush`. */
export const FLUSH_AFTER_MS = 5_000;

/** The gate as its predecessor stored it. Its ids are new, so those of before are unknown. */
export function openStored(storage: DurableObjectStorage, nowMs: number, slackMs?: number): Gate {
  const stored = storage.kv.get<StoredMeter>('meter') ?? { meter: emptyMeter(), reserve: 0 };
  const longestMs = storage.kv.get<number>('longestMs') ?? 0;
  return openGate(stored, longestMs, `${crypto.randomUUID()}:`, nowMs, slackMs);
}

/** One write when it is raised, before the answer leaves: a successor waits this long for answers it never saw. */
export function storeLongest(storage: DurableObjectStorage, { longestMs }: Gate, version: number): void {
  if (longestMs <= (storage.kv.get<number>('longestMs') ?? 0)) return;
  writeVersion(storage, version);
  storage.kv.put('longestMs', longestMs);
}

/** Writes the exact count. */
export function storeExact(storage: DurableObjectStorage, gate: Gate): void {
  storage.kv.put('meter', exactSnapshot(gate));
}

/** The job `flush`: tells whether it is time for the exact count, and plans itself anew where it is not. */
export function isQuiet(storage: DurableObjectStorage, grantedAtMs: number, nowMs: number): boolean {
  const isOver = nowMs - grantedAtMs >= FLUSH_AFTER_MS;
  if (!isOver) planJob(storage, 'flush', grantedAtMs + FLUSH_AFTER_MS, true);
  return isOver;
}
