import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { bundleWorker } from '../dev/bundle.ts';
import { show, spread } from './report.ts';

/*
 * `node bench/ledger.ts`: how long a ledger takes to read its log and its usage, measured inside the object.
 */

const ROUNDS = 15;
/** Reads in a measurement, since the object's clock tells whole milliseconds. */
const TIMES = 10;
const GOAL_MS = 20;

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    log: new Log(LogLevel.NONE),
    modules: true,
    script: await bundleWorker(join(import.meta.dirname, 'workers/ledger.ts')),
    compatibilityDate: '2026-10-20',
    durableObjects: { LEDGER: { className: 'Ledger', useSQLite: true } },
  }),
);

async function ask<T>(path: string): Promise<T> {
  const answer = await miniflare.dispatchFetch(`http://bench.example${path}`);
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as T;
}

try {
  const { requests, bytes } = await ask<{ requests: number; bytes: number }>('/fill');
  console.log(`${requests} requests logged, ${(bytes / requests).toFixed(0)} bytes each with their usage\n`);
  console.log('| read | ms, median (quartiles) | goal |\n| --- | --- | --- |');
  for (const read of await ask<string[]>('/')) {
    const path = `/time?read=${encodeURIComponent(read)}&times=${TIMES}`;
    await ask(path);
    const took: number[] = [];
    for (let round = 0; round < ROUNDS; round++) took.push(await ask<number>(path));
    const times = spread(took);
    console.log(`| ${read} | ${show(times, 2)} | ${GOAL_MS} ms ${times.median <= GOAL_MS ? 'met' : 'missed'} |`);
  }
} finally {
  await miniflare.dispose();
}
