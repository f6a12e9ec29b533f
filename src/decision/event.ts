/*
 * One request with a key, as it is recorded: the row of the request log, and what usage and credits are counted from.
 * It holds no header and no secret, and no query string unless the policy asks for it.
 */

/** A recorded request. */
export interface RequestEvent {
  /** Minted by the gateway, never the client's. */
  readonly requestId: string;
  /** When it arrived, in ms. */
  readonly atMs: number;
  readonly keyId: string;
  readonly label: string | null;
  readonly category: string | null;
  readonly environment: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Why it was refused; null where it was forwarded. */
  readonly reason: string | null;
  /** From its arrival to the first byte of the answer, in ms. */
  readonly ttfbMs: number;
  /** Of the answer's body; null where they were not counted, as of a WebSocket. */
  readonly bytes: number | null;
  /** As much of the client's address as the policy keeps. */
  readonly address: string | null;
  readonly country: string | null;
  /** What it cost, in micro-credits; 0 in environments that are not billed. */
  readonly micro: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** The ledger's lease out of which `reserved` micro-credits were set aside for this request; null: none. */
  readonly hold: string | null;
  readonly reserved: number;
  /** Of a secret that was used within its grace: when a newer one replaced it. Null: it is the newest, or not known. */
  readonly replacedAtMs: number | null;
}

/** The order of the fields where an event is kept as a list, which takes half the room. New ones go to the end. */
const FIELDS = [
  'requestId',
  'atMs',
  'keyId',
  'label',
  'category',
  'environment',
  'method',
  'path',
  'status',
  'reason',
  'ttfbMs',
  'bytes',
  'address',
  'country',
  'micro',
  'promptTokens',
  'completionTokens',
  'hold',
  'reserved',
  'replacedAtMs',
] as const satisfies readonly (keyof RequestEvent)[];

/** An event as a list of its fields; where each stands tells {@link packedAt}. */
export type PackedEvent = readonly (string | number | null)[];

/** Packs an event. */
export function packEvent(event: RequestEvent): PackedEvent {
  return FIELDS.map((field) => event[field]);
}

/** Unpacks an event. Fields that an older version did not know are null. */
export function unpackEvent(packed: PackedEvent): RequestEvent {
  const event: Record<string, string | number | null> = {};
  for (const [i, field] of FIELDS.entries()) event[field] = packed[i] ?? null;
  return event as unknown as RequestEvent;
}

/** Where a field stands in a {@link PackedEvent}; for SQL. */
export function packedAt(field: keyof RequestEvent): number {
  return (FIELDS as readonly string[]).indexOf(field);
}

/** What an isolate sends to an account's ledger: packed events as JSON text, in which nothing reads like a key. */
export interface LogBatch {
  /** Unique for all time; a batch that comes again is acknowledged and not counted again. */
  readonly id: string;
  /** A JSON array of {@link PackedEvent}. */
  readonly events: string;
}

/** How long and how much of it a log is kept. */
export interface Retention {
  readonly ageMs: number;
  readonly bytes: number;
}
