import type { Cluster } from './cluster.ts';

/*
 * What each way through the gateway costs in calls of bindings; `docs/limits.md` shows the same numbers. `d1` counts
 * statements and batches, `kv` reads, writes and deletions, both also where they are sent in the background. What goes
 * to objects in the background for many requests at once is left out: {@link BACKGROUND}.
 */
export const CALLS = {
  /** A key whose record, lease and address this isolate holds. */
  warm: {},
  /** The same where the plan has rates per minute, which the key's gate draws in advance, and where requests cost. */
  warmOfPlan: {},
  warmAndPaid: {},
  /** The same with `lease = "0s"`: one round, both calls at once. */
  asked: { 'gate.admit': 1, 'lockout.ask': 1 },
  /** This isolate sees key and address for the first time; another one has left the record in KV. */
  coldFromKv: { kv: 1, 'lockout.ask': 1, 'gate.admit': 1 },
  /** The record is nowhere but in D1; one of the two KV calls writes it, in the background. */
  coldFromD1: { kv: 2, 'lockout.ask': 1, d1: 1, 'gate.admit': 1 },
  /** A wrong checksum, length or character. */
  malformed: { 'lockout.strike': 1 },
  /** Well-formed and unknown, from an address that this isolate was told is clear, and from one that it was not. */
  unknown: { kv: 1, d1: 1, 'lockout.strike': 2 },
  unknownFromNewAddress: { kv: 1, 'lockout.ask': 1, d1: 1, 'lockout.strike': 2 },
  /** An address or a secret that this isolate knows to be locked. */
  lockedAddress: {},
  lockedSecret: { kv: 1, 'lockout.ask': 1 },
  /** A revoked key, which this isolate does not know. */
  revoked: { kv: 2, 'lockout.ask': 1, d1: 1, 'lockout.strike': 2 },
  /** The same where this isolate does know: the gate confirms it. */
  revokedAndKnown: { 'gate.confirm': 1, 'lockout.ask': 1, 'lockout.strike': 2 },
  /** This isolate's record is older than the key's gate allows. */
  outdated: { 'gate.admit': 2, d1: 1, kv: 1 },
  /** A question at a door: where the isolate holds all of it, nothing but the key's lease, and nothing at all. */
  doorWarm: {},
  doorOfOtherKey: { kv: 2, d1: 1, 'lockout.ask': 1, 'gate.admit': 1 },
  doorCold: { kv: 3, d1: 1, 'lockout.ask': 2, 'gate.confirm': 1, 'gate.admit': 1 },
  /** The same by a service key that this isolate knows, with a secret that it does not. */
  explained: { d1: 1, 'lockout.inspect': 2, 'gate.inspect': 1 },
  noCredential: {},
  public: { 'lockout.ask': 1, 'lockout.take': 1 },
  health: {},
  /** Making, revoking, and revoking again. */
  createKey: { d1: 3, 'gate.advance': 1 },
  revoke: { d1: 4, 'gate.advance': 1, kv: 1 },
  revokeAgain: { d1: 3, 'gate.advance': 1, kv: 1 },
  revokeHundred: { d1: 4, 'gate.advance': 100, kv: 100 },
  /** An account of 100 keys. */
  suspend: { d1: 4, 'gate.advance': 100, kv: 100 },
  status: { d1: 3, kv: 1, 'gate.inspect': 1, 'lockout.inspect': 1 },
  trialKey: { 'lockout.ask': 1, 'lockout.take': 1, d1: 2, 'gate.advance': 1 },
} as const satisfies Record<string, Readonly<Record<string, number>>>;

/** Recorded requests, by batches; and what became of a grant, where no later question takes it along. */
export const BACKGROUND = ['ledger.record', 'gate.settle'] as const;

/** What was counted of all other calls than these. */
export function without(
  calls: Readonly<Record<string, number>>,
  names: readonly string[],
): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(calls).filter(([name]) => !names.includes(name)));
}

/** As slow as a clock can go: it stands. */
const STANDING_PPM = -1_000_000;

/** Stops the clocks of isolates at a time, so that nothing is over, or renewed, among the calls that are counted. */
export async function stopClocks(cluster: Cluster, isolates: readonly number[], atMs = Date.now()): Promise<void> {
  const standing = { sinceMs: atMs, driftPpm: STANDING_PPM };
  await Promise.all(isolates.map((isolate) => cluster.steer(isolate, 'clock', standing)));
}

/** Lets them go on, from the time that it is. */
export async function startClocks(cluster: Cluster, isolates: readonly number[]): Promise<void> {
  await Promise.all(isolates.map((isolate) => cluster.steer(isolate, 'clock', { driftPpm: 0 })));
}

/** The most calls that 1,000 requests with a spent key may cost (DESIGN §4: a leased refusal). */
export const SPENT_KEY_CALLS_PER_1000 = 100;
