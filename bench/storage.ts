import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, startCluster } from '../test/support/cluster.ts';
import { type PacedRequest, type Sent, sendOne, sendPaced, tally } from './paced.ts';
import { startVariant } from './variants.ts';
import { type ObjectUse, type takeUse, USE_PATH } from './workers/metering.ts';

/*
 * Calls of stores, and rows, by case: what a million requests cost is computed from them. The real Worker in eight
 * isolates, on one set of stores; requests come as from independent clients, each to an isolate at random. Counts only:
 * nothing here depends on how fast the machine is, as long as it keeps up with the rate.
 */

/** What was counted in a case. */
export interface Counted {
  readonly sent: Sent;
  /** Calls of each binding, as `gate.admit`, `d1` or `kv`. */
  readonly calls: Readonly<Record<string, number>>;
  /** By class, from inside the objects. */
  readonly objects: Readonly<Record<string, ObjectUse>>;
  readonly d1RowsRead: number;
  readonly d1RowsWritten: number;
  /** By how much objects and D1 have grown. */
  readonly objectBytes: number;
  readonly d1Bytes: number;
}

/** A case, and what it is aimed to need at most for 1,000 requests. */
export interface Case {
  readonly title: string;
  readonly build: 'keystile' | 'textbook';
  /** The rate of the load; null: it does not matter. */
  readonly perSecond: number | null;
  readonly goals: { readonly gateCalls?: number; readonly rows?: number; readonly dollarsPerMillion?: number };
  readonly count: (originUrl: string) => Promise<Counted>;
}

const ISOLATES = 8;
const WARM_SECONDS = 5;
const TEXTBOOK_PER_SECOND = 100;
const TEXTBOOK_SECONDS = 10;
const PATH = '/v1/models';
const WORKERS = join(import.meta.dirname, 'workers');
const SPARSE_KEYS = 100;
const SPARSE_ROUNDS = 3;
const SPARSE_PER_SECOND = 20;
/** Past every job of an idle gate, and the ten seconds after which an idle object leaves memory. */
const IDLE_SECONDS = 17;
const MINUTE_MS = 60_000;

/** The cases; the last two are what the first is compared with. */
export const CASES: readonly Case[] = [
  {
    title: 'hot: one key, 100/s',
    build: 'keystile',
    perSecond: 100,
    goals: { gateCalls: 130, rows: 60, dollarsPerMillion: 0.5 },
    count: (originUrl) => countKey(originUrl, 60_000, 100, 30),
  },
  {
    title: 'very hot: one key, 1,000/s',
    build: 'keystile',
    perSecond: 1_000,
    goals: { gateCalls: 35, rows: 60 },
    count: (originUrl) => countKey(originUrl, 600_000, 1_000, 10),
  },
  {
    title: 'spent: 600/min, hammered at 500/s',
    build: 'keystile',
    perSecond: 500,
    goals: { gateCalls: 60 },
    count: (originUrl) => countKey(originUrl, 600, 500, 30, spend),
  },
  {
    title: `sparse: ${SPARSE_KEYS} keys, 1/min each`,
    build: 'keystile',
    perSecond: null,
    goals: {},
    count: countSparse,
  },
  {
    title: 'textbook, nothing recorded, 100/s',
    build: 'textbook',
    perSecond: TEXTBOOK_PER_SECOND,
    goals: {},
    count: (originUrl) => countTextbook(originUrl, 'metered'),
  },
  {
    title: 'textbook that records, 100/s',
    build: 'textbook',
    perSecond: TEXTBOOK_PER_SECOND,
    goals: {},
    count: (originUrl) => countTextbook(originUrl, 'recording'),
  },
];

async function withCluster(originUrl: string, work: (cluster: Cluster) => Promise<Counted>): Promise<Counted> {
  const upstreams = [{ name: 'origin', origins: [{ url: originUrl }] }];
  const objects = join(WORKERS, 'objects.ts');
  const cluster = await startCluster({ isolates: ISOLATES, objects, policy: { upstreams } });
  try {
    return await work(cluster);
  } finally {
    await cluster.stop();
  }
}

/** One key under a steady load, once `prepare` and some seconds of the same load have brought it to its usual state. */
function countKey(
  originUrl: string,
  perMinute: number,
  perSecond: number,
  seconds: number,
  prepare: (cluster: Cluster, key: string) => Promise<void> = async () => undefined,
): Promise<Counted> {
  return withCluster(originUrl, async (cluster) => {
    const account = await cluster.account();
    const { key } = await cluster.issue(account, { rate_limit_per_minute: perMinute });
    const next = () => requestTo(cluster, key, randomIsolate());
    await prepare(cluster, key);
    await sendPaced(perSecond, WARM_SECONDS, next);
    return count(cluster, () => sendPaced(perSecond, seconds, next));
  });
}

/** A minute of moved time in which a key's 600 requests are used evenly, so that they also come back so. */
async function spend(cluster: Cluster, key: string): Promise<void> {
  const startMs = performance.now();
  let movedMs = 0;
  for (let second = 1; second <= 60; second++) {
    await Promise.all(Array.from({ length: 12 }, () => sendOne(requestTo(cluster, key, randomIsolate()))));
    movedMs = Math.max(movedMs, Math.round(second * 1_000 - (performance.now() - startMs)));
    await cluster.moveTime(movedMs);
  }
}

/** Each key is used again a minute later, in moved time, when its objects have left memory. */
function countSparse(originUrl: string): Promise<Counted> {
  return withCluster(originUrl, async (cluster) => {
    const keys: string[] = [];
    for (let i = 0; i < SPARSE_KEYS; i++) keys.push((await cluster.issue(await cluster.account())).key);
    const startMs = performance.now();
    const round = async (minute: number) => {
      const sending = keys.map(async (key, i) => {
        await sleep((i * 1_000) / SPARSE_PER_SECOND);
        return sendOne(requestTo(cluster, key, randomIsolate(), `192.0.2.${i + 1}`));
      });
      const statuses = await Promise.all(sending);
      await sleep(IDLE_SECONDS * 1_000);
      await cluster.moveTime(Math.round(minute * MINUTE_MS - (performance.now() - startMs)));
      return statuses;
    };
    await round(1);
    return count(cluster, async () => {
      const all: number[] = [];
      for (let minute = 2; minute < 2 + SPARSE_ROUNDS; minute++) all.push(...(await round(minute)));
      return { requests: all.length, statuses: tally(all), seconds: SPARSE_ROUNDS * 60 };
    });
  });
}

async function count(cluster: Cluster, load: () => Promise<Sent>): Promise<Counted> {
  const before = await take(cluster);
  const sent = await load();
  const { calls, objects, bytes } = await take(cluster);
  if ('d1' in calls) throw new Error('a case of known keys calls D1, whose rows are not counted here');
  const grown = { objectBytes: bytes - before.bytes, d1Bytes: 0 };
  return { sent, calls, objects, d1RowsRead: 0, d1RowsWritten: 0, ...grown };
}

/** What was counted since this was called last, and the bytes that all objects store. */
async function take(cluster: Cluster) {
  const calls: Record<string, number> = {};
  for (let isolate = 0; isolate < ISOLATES; isolate++) {
    for (const [name, n] of Object.entries(await cluster.calls(isolate))) calls[name] = (calls[name] ?? 0) + n;
  }
  const use = (await (await fetch(cluster.objectsUrl + USE_PATH)).json()) as ReturnType<typeof takeUse>;
  return { calls, ...use };
}

/** The textbook build under the load of the hot key. */
async function countTextbook(originUrl: string, kind: 'metered' | 'recording'): Promise<Counted> {
  const entry = join(WORKERS, `${kind}-textbook.ts`);
  const variant = await startVariant({ id: 'e', originUrl, counted: true, inspected: false, entry });
  const { url, headers, takeCalls } = variant;
  const takeAll = async () => {
    const use = (await (await fetch(new URL(USE_PATH, url))).json()) as ReturnType<typeof takeUse>;
    const calls = await takeCalls?.();
    if (calls === undefined) throw new Error('the calls of the textbook build are not counted');
    return { ...use, calls };
  };
  try {
    const next = () => ({ url, headers });
    await sendPaced(TEXTBOOK_PER_SECOND, WARM_SECONDS, next);
    const before = await takeAll();
    const sent = await sendPaced(TEXTBOOK_PER_SECOND, TEXTBOOK_SECONDS, next);
    const { objects, bytes, calls } = await takeAll();
    const { d1, kv, d1RowsRead, d1RowsWritten, d1Bytes } = calls;
    const grown = { objectBytes: bytes - before.bytes, d1Bytes: d1Bytes - before.calls.d1Bytes };
    return { sent, calls: { d1, kv }, objects, d1RowsRead, d1RowsWritten, ...grown };
  } finally {
    await variant.stop();
  }
}

function requestTo(cluster: Cluster, key: string, isolate: number, address = '192.0.2.1'): PacedRequest {
  const headers = { authorization: `Bearer ${key}`, 'cf-connecting-ip': address };
  return { url: `${cluster.urls[isolate]}${PATH}`, headers };
}

function randomIsolate(): number {
  return Math.floor(Math.random() * ISOLATES);
}
