import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pickGenerator } from './load.ts';
import { cpuUs, takeOtherCores, useQuietWorkerd } from './machine.ts';
import { startBenchOrigin } from './origin.ts';
import { show, spread } from './report.ts';
import { startVariant, type Variant } from './variants.ts';

/*
 * `node bench/assertions.ts`: what signed identity costs a warm request, as CPU time of workerd with assertions of that
 * without, loaded in turns. Ratios are taken round by round.
 */

const ROUNDS = 16;
const SECONDS = 2;
const CONNECTIONS = 8;

const dir = mkdtempSync(join(tmpdir(), 'keystile-bench-'));
const cores = takeOtherCores();
const workerd = createRequire(import.meta.resolve('miniflare'))('workerd') as { default: string };
useQuietWorkerd(dir, workerd.default, cores);
const origin = await startBenchOrigin(dir);
const generator = pickGenerator(dir);

const start = (policy: object) =>
  startVariant({ id: 'c', originUrl: origin.url, counted: false, inspected: false, policy });

/** CPU µs per request under full load. */
async function measure({ url, headers, pid }: Variant): Promise<number> {
  const before = cpuUs(pid);
  const { requests, errors } = await generator.run({ url, headers, connections: CONNECTIONS, seconds: SECONDS });
  if (errors > 0) throw new Error(`${errors} requests were answered with an error`);
  return (cpuUs(pid) - before) / requests;
}

const without = await start({});
const signed = await start({ assertion: { issuer: 'https://gateway.example.com' } });
try {
  for (const variant of [without, signed]) await measure(variant);
  const rounds: { without: number; signed: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 2 === 0) rounds.push({ without: await measure(without), signed: await measure(signed) });
    else rounds.push(await measure(signed).then(async (us) => ({ signed: us, without: await measure(without) })));
  }
  const column = (read: (round: (typeof rounds)[number]) => number, digits: number) =>
    show(spread(rounds.map(read)), digits);
  console.log('| | CPU µs/request, median (quartiles) |\n| --- | --- |');
  console.log(`| without assertions | ${column((round) => round.without, 1)} |`);
  console.log(`| with assertions | ${column((round) => round.signed, 1)} |`);
  console.log(`| ratio | ${column((round) => round.signed / round.without, 3)} |`);
} finally {
  await Promise.all([without.stop(), signed.stop()]);
  origin.close();
  rmSync(dir, { recursive: true, force: true });
}
