import { readBytes } from '../../events/bytes.ts';

/*
 * Keys that others publish for whoever checks their signatures. They are kept as plain values: no request may await a
 * promise of another one in a Worker.
 */

/** The keys of one publisher as this isolate has them. */
export interface Published<Keys> {
  keys: Keys | null;
  fetchedAtMs: number;
  /** When they were last asked for, answered or not. */
  askedAtMs: number;
  /** Whether the last answer was no use. */
  failed: boolean;
  /** Stands for the request that is asking for them now; null: none. */
  asking: symbol | null;
}

/** Where keys are published, and what is read of the JSON there; null: no keys. */
export interface Publisher<Keys> {
  readonly url: string;
  readonly read: (json: unknown) => Keys | null;
}

/** No keys yet. */
export function nothingPublished<Keys>(): Published<Keys> {
  return { keys: null, fetchedAtMs: 0, askedAtMs: Number.NEGATIVE_INFINITY, failed: false, asking: null };
}

/** After so long keys are fetched anew: a key that was withdrawn passes for so long at most while they can be had. */
const KEYS_TTL_MS = 3_600_000;
/** A key that is not known makes the keys be fetched again, at most this often. */
const REFETCH_MS = 60_000;
/** After a failure, for this long nothing is fetched. */
const RETRY_MS = 2_000;
const FETCH_TIMEOUT_MS = 5_000;
/** When a request that is asking must have been cancelled, since it would have its answer. */
const ABANDONED_MS = FETCH_TIMEOUT_MS + 1_000;
const POLL_MS = 20;
const KEYS_BYTES = 262_144;
/** GitHub refuses who does not say what it is. */
const USER_AGENT = 'keystile';

/** The keys, unless they are too old. */
export function freshKeys<Keys>({ keys, fetchedAtMs }: Published<Keys>, nowMs: number): Keys | null {
  return nowMs - fetchedAtMs < KEYS_TTL_MS ? keys : null;
}

/**
 * Other keys than those that were `tried`, which come back where they were fetched just now; null where none can be
 * had. However many requests need them, one asks at a time and the others look for what it left: a flood of unknown
 * key ids makes one fetch a minute. Never throws.
 */
export async function newerKeys<Keys>(
  cache: Published<Keys>,
  publisher: Publisher<Keys>,
  tried: Keys | null,
  nowMs: number,
): Promise<Keys | null> {
  for (let waited = false; ; waited = true) {
    const keys = freshKeys(cache, nowMs);
    if (keys !== null && keys !== tried) return keys;
    if (waited && cache.failed) return null;
    if (cache.asking === null) {
      const sinceAskedMs = nowMs - cache.askedAtMs;
      if (cache.failed && sinceAskedMs < RETRY_MS) return null;
      if (keys !== null && !cache.failed && sinceAskedMs < REFETCH_MS) return keys;
      return ask(cache, publisher, nowMs);
    }
    await anothersAnswer(cache);
  }
}

async function ask<Keys>(cache: Published<Keys>, publisher: Publisher<Keys>, nowMs: number): Promise<Keys | null> {
  const asking = Symbol('asking');
  cache.asking = asking;
  cache.askedAtMs = nowMs;
  const keys = await fetchKeys(publisher);
  if (cache.asking === asking) cache.asking = null;
  cache.failed = keys === null;
  if (keys !== null) {
    cache.keys = keys;
    cache.fetchedAtMs = nowMs;
  }
  return keys;
}

/** Until the request that is asking has its answer. One that was cancelled never will, and another may ask. */
async function anothersAnswer<Keys>(cache: Published<Keys>): Promise<void> {
  const { asking } = cache;
  for (let waitedMs = 0; cache.asking === asking && waitedMs < ABANDONED_MS; waitedMs += POLL_MS) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  if (cache.asking === asking) cache.asking = null;
}

async function fetchKeys<Keys>({ url, read }: Publisher<Keys>): Promise<Keys | null> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json', 'user-agent': USER_AGENT },
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      redirect: 'manual',
    });
    const bytes = response.ok ? await readBytes(response, KEYS_BYTES) : null;
    return bytes === null ? null : read(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return null;
  }
}

/** Whether a JSON value is an object, and not a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
