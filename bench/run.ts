import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Generator, pickGenerator } from './load.ts';
import { type Cores, cpuUs, idleShare, readIdle, takeOtherCores, useQuietWorkerd } from './machine.ts';
import { startBenchOrigin } from './origin.ts';
import { CPU_MS } from './prices.ts';
import { profileTo } from './profile.ts';
import { type Round, type Sample, summarise, table } from './report.ts';
import { CASES } from './storage.ts';
import { type Outcome, storageTables } from './storage-report.ts';
import { measureStreams, streamTable } from './stream.ts';
import { hasStores, startVariant, TITLES, VARIANT_IDS, type Variant, type VariantId } from './variants.ts';

/*
 * `npm run bench`: what Keystile costs beside a bare Worker. Every variant runs in a workerd of its own, without a
 * proxy in front, and they are loaded one at a time, in an order that rotates from round to round.
 */

/** Below this idle share in (a), the generator or the origin was the bottleneck: the round says nothing. */
const LEAST_IDLE = 0.05;
/** Below this share of a core in (a), other work on the machine kept workerd from it. */
const LEAST_BUSY = 0.8;
/** Void rounds per round that is wanted, before the bench gives up. */
const PATIENCE = 2;
const WARM_SECONDS = 1;
const COUNT_SECONDS = 3;

interface Settings {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly json: string | undefined;
  readonly profile: string | undefined;
  /** Only counts what the cases of `storage.ts` call and store. */
  readonly storage: boolean;
  /** Only measures streamed answers, see `stream.ts`. */
  readonly stream: boolean;
}

function readSettings(): Settings {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '10' },
      seconds: { type: 'string', default: '4' },
      connections: { type: 'string', default: '32' },
      json: { type: 'string' },
      profile: { type: 'string' },
      storage: { type: 'boolean', default: false },
      stream: { type: 'boolean', default: false },
    },
  });
  const whole = (name: 'rounds' | 'seconds' | 'connections') => {
    const number = Number(values[name]);
    if (Number.isInteger(number) && number > 0) return number;
    throw new Error(`--${name}: expected a whole number above 0, got "${values[name]}"`);
  };
  const [rounds, seconds, connections] = [whole('rounds'), whole('seconds'), whole('connections')];
  const { json, profile, storage, stream } = values;
  return { rounds, seconds, connections, json, profile, storage, stream };
}

/** A bench on this machine: generator, cores, origin. */
interface Bench extends Settings {
  readonly cores: Cores;
  readonly generator: Generator;
  readonly originUrl: string;
}

async function measure(bench: Bench, variant: Variant): Promise<Sample> {
  const { generator, cores, connections, seconds } = bench;
  const load = { url: variant.url, headers: variant.headers, connections };
  await generator.run({ ...load, seconds: WARM_SECONDS });
  const [cpuBefore, idleBefore] = [cpuUs(variant.pid), readIdle(cores)];
  const loaded = await generator.run({ ...load, seconds });
  const idle = idleShare(idleBefore, readIdle(cores));
  const usedUs = cpuUs(variant.pid) - cpuBefore;
  if (loaded.errors > 0) throw new Error(`(${variant.id}) answered ${loaded.errors} requests with an error`);
  const busy = (usedUs * loaded.perSecond) / (loaded.requests * 1_000_000);
  return { ...loaded, cpuUsPerRequest: usedUs / loaded.requests, busy, idle };
}

async function measureRounds(bench: Bench): Promise<{ rounds: Round[]; voided: number }> {
  const variants: Variant[] = [];
  for (const id of VARIANT_IDS) {
    variants.push(await startVariant({ id, originUrl: bench.originUrl, counted: false, inspected: false }));
  }
  const rounds: Round[] = [];
  let voided = 0;
  while (rounds.length < bench.rounds && voided < PATIENCE * bench.rounds) {
    const samples: Partial<Record<VariantId, Sample>> = {};
    const first = (rounds.length + voided) % variants.length;
    for (const variant of [...variants.slice(first), ...variants.slice(0, first)]) {
      samples[variant.id] = await measure(bench, variant);
    }
    const round = samples as Round;
    const isVoid = round.a.idle < LEAST_IDLE || round.a.busy < LEAST_BUSY;
    if (isVoid) voided++;
    else rounds.push(round);
    progress(isVoid ? 'void' : `round ${rounds.length}`, round);
  }
  await Promise.all(variants.map((variant) => variant.stop()));
  if (rounds.length < bench.rounds) {
    throw new Error('generator, origin or other work on this machine is the bottleneck: nothing to report');
  }
  return { rounds, voided };
}

function progress(title: string, round: Round): void {
  const rates = VARIANT_IDS.map((id) => `${id} ${round[id].perSecond.toFixed(0)}`).join('  ');
  const share = (part: number) => `${(100 * part).toFixed(0)} %`;
  console.error(
    `${title}: ${rates}  (in a: generator and origin idle ${share(round.a.idle)}, workerd busy ${share(round.a.busy)})`,
  );
}

/** Calls of stores per request under full load, in a run of their own. */
async function countCalls(bench: Bench): Promise<Record<VariantId, number>> {
  const perRequest: Record<VariantId, number> = { a: 0, b: 0, c: 0, d: 0, e: 0 };
  for (const id of VARIANT_IDS.filter(hasStores)) {
    const variant = await startVariant({ id, originUrl: bench.originUrl, counted: true, inspected: false });
    const load = { url: variant.url, headers: variant.headers, connections: bench.connections };
    await bench.generator.run({ ...load, seconds: WARM_SECONDS });
    await variant.takeCalls?.();
    const { requests } = await bench.generator.run({ ...load, seconds: COUNT_SECONDS });
    const calls = await variant.takeCalls?.();
    if (calls !== undefined) perRequest[id] = (calls.d1 + calls.kv + calls.objects) / requests;
    await variant.stop();
  }
  return perRequest;
}

/** What each case of `storage.ts` calls and stores. Isolates, objects and origin share the cores as they can. */
async function countStorage({ originUrl }: Bench): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const of of CASES) {
    const outcome = { of, ...(await of.count(originUrl)) };
    outcomes.push(outcome);
    const { requests, seconds, statuses } = outcome.sent;
    console.error(`${of.title}: ${requests} requests in ${seconds.toFixed(1)} s, answered ${JSON.stringify(statuses)}`);
  }
  return outcomes;
}

async function profileAll(bench: Bench, dir: string): Promise<void> {
  mkdirSync(dir, { recursive: true });
  for (const id of VARIANT_IDS) {
    const variant = await startVariant({ id, originUrl: bench.originUrl, counted: false, inspected: true });
    if (variant.inspectorUrl === null) throw new Error('no inspector');
    const load = { url: variant.url, headers: variant.headers, connections: bench.connections };
    await bench.generator.run({ ...load, seconds: WARM_SECONDS });
    const work = () => bench.generator.run({ ...load, seconds: bench.seconds });
    const busiest = await profileTo(join(dir, `${id}.cpuprofile`), variant.inspectorUrl, work);
    console.log(`\n(${id}) ${TITLES[id]}: time by function, callees not counted\n${busiest}`);
    await variant.stop();
  }
}

async function main(settings: Settings, dir: string): Promise<void> {
  const cores = takeOtherCores();
  // The runtime that Miniflare would start by itself.
  const workerd = createRequire(import.meta.resolve('miniflare'))('workerd') as { default: string; version: string };
  useQuietWorkerd(dir, workerd.default, cores);
  const origin = await startBenchOrigin(dir);
  closers.push(() => origin.close());
  const generator = pickGenerator(dir);
  const bench: Bench = { ...settings, cores, generator, originUrl: origin.url };
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cores.total,
    placement: cores.pinned ? 'workerd alone on core 0; generator and origin on the others' : 'nothing pinned',
    generator: generator.name,
    origin: origin.kind,
    workerd: workerd.version,
    node: process.version,
  };
  const lines = Object.entries(machine).map(([name, value]) => `${name}: ${value}`);
  console.log(lines.join('\n'));
  if (settings.profile !== undefined) return profileAll(bench, settings.profile);
  if (settings.storage) {
    const outcomes = await countStorage(bench);
    console.log(`\n${storageTables(outcomes, CPU_MS)}`);
    if (settings.json !== undefined) writeJson(settings.json, { machine, storage: outcomes });
    return;
  }
  if (settings.stream) {
    const streams = await measureStreams();
    console.log(`\n${streamTable(streams)}`);
    if (settings.json !== undefined) writeJson(settings.json, { machine, streams });
    return;
  }
  const callsPerRequest = await countCalls(bench);
  const { rounds, voided } = await measureRounds(bench);
  const results = summarise(rounds, callsPerRequest);
  const { connections, seconds } = settings;
  console.log(
    `\n${rounds.length} rounds of ${seconds} s per variant, ${connections} connections; ${voided} more were void\n`,
  );
  console.log(table(results));
  const storage = await countStorage(bench);
  const cpuMs = (id: VariantId) => results[id].cpuUsPerRequest.median / 1_000;
  console.log(`\n${storageTables(storage, { keystile: cpuMs('c'), textbook: cpuMs('e') })}`);
  const streams = await measureStreams();
  console.log(`\n${streamTable(streams)}`);
  if (settings.json === undefined) return;
  writeJson(settings.json, { machine, settings, results, rounds, voided, storage, streams });
}

function writeJson(file: string, value: object): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

const closers: (() => void)[] = [];
try {
  const settings = readSettings();
  const dir = mkdtempSync(join(tmpdir(), 'keystile-bench-'));
  closers.push(() => rmSync(dir, { recursive: true, force: true }));
  await main(settings, dir);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
for (const close of closers) close();
process.exit();
