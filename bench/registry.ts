import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { bundleWorker } from '../dev/bundle.ts';
import { applyMigrations } from '../dev/migrate.ts';
import { show, spread } from './report.ts';

/*
 * `node bench/registry.ts`: how long the registry takes to find a secret and to list keys, in a small and in a large
 * local D1, asked in turns. Ratios are taken round by round.
 */

const COUNTS = { SMALL: 1_000, LARGE: 1_000_000 } as const;
const ROUNDS = 15;
const TIMES = 100;
/** The most that a lookup among a million keys may take, of one among few. */
const GOAL_RATIO = 1.2;
const GOAL_PAGE_MS = 20;

type Size = keyof typeof COUNTS;

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    log: new Log(LogLevel.NONE),
    modules: true,
    script: await bundleWorker(join(import.meta.dirname, 'workers/registry.ts')),
    compatibilityDate: '2026-10-20',
    d1Databases: ['SMALL', 'LARGE'],
  }),
);

async function ask<T>(path: string, about: Readonly<Record<string, string | number>> = {}): Promise<T> {
  const query = new URLSearchParams(Object.entries(about).map(([name, value]) => [name, String(value)]));
  const answer = await miniflare.dispatchFetch(`http://bench.example${path}?${query}`);
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as T;
}

const timed = (db: Size, read: string, round: number) =>
  ask<number>('/time', { db, read, times: TIMES, count: COUNTS[db], round });

try {
  for (const db of ['SMALL', 'LARGE'] as const) {
    await applyMigrations(await miniflare.getD1Database(db), join(import.meta.dirname, '../src/registry/migrations'));
    await ask('/fill', { db, count: COUNTS[db] });
  }
  const show2 = (values: readonly number[]) => show(spread(values), 2);
  console.log(
    `| read | ms among ${COUNTS.SMALL} keys | ms among ${COUNTS.LARGE} | ratio | goal |\n| --- | --- | --- | --- | --- |`,
  );
  for (const read of await ask<string[]>('/')) {
    await Promise.all([timed('SMALL', read, 0), timed('LARGE', read, 0)]);
    const rounds: { small: number; large: number }[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const first = round % 2 === 0 ? 'SMALL' : 'LARGE';
      const one = await timed(first, read, round);
      const other = await timed(first === 'SMALL' ? 'LARGE' : 'SMALL', read, round);
      rounds.push(first === 'SMALL' ? { small: one, large: other } : { small: other, large: one });
    }
    const ratios = rounds.map(({ small, large }) => large / small);
    const large = rounds.map((round) => round.large);
    const isPage = read.includes('page') || read.includes('10,000');
    const met = isPage ? spread(large).median <= GOAL_PAGE_MS : spread(ratios).median <= GOAL_RATIO;
    const goal = isPage ? `${GOAL_PAGE_MS} ms` : `ratio ${GOAL_RATIO}`;
    const small = show2(rounds.map((round) => round.small));
    console.log(`| ${read} | ${small} | ${show2(large)} | ${show2(ratios)} | ${goal} ${met ? 'met' : 'missed'} |`);
  }
} finally {
  await miniflare.dispose();
}
