import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** One stretch of load. */
export interface Load {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly connections: number;
}

/** What came of it. `errors` counts everything but a 2xx or 3xx. */
export interface Loaded {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly errors: number;
}

/** A load generator: as many requests as the connections allow, each sent when the last was answered. */
export interface Generator {
  readonly name: 'wrk' | 'autocannon';
  run(load: Load): Promise<Loaded>;
}

const run = promisify(execFile);

/** wrk(1)'s own report is for people; this one is for us. */
const WRK_REPORT = `done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\n{"requests":%d,"us":%d,"p50Us":%d,"p99Us":%d,"errors":%d}\\n', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`;

/** wrk where it is installed, since it takes the least CPU time for itself; else autocannon. */
export function pickGenerator(dir: string): Generator {
  const hasWrk = spawnSync('wrk', ['-v']).error === undefined;
  return hasWrk ? wrk(dir) : autocannon(join(import.meta.dirname, 'node_modules/.bin/autocannon'));
}

function wrk(dir: string): Generator {
  const script = join(dir, 'report.lua');
  writeFileSync(script, WRK_REPORT);
  return {
    name: 'wrk',
    run: async ({ url, headers, seconds, connections }) => {
      const given = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
      const args = ['-t1', `-c${connections}`, `-d${seconds}s`, ...given, '-s', script, url];
      const { stdout } = await run('wrk', args);
      const { us, ...counted } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      return { ...counted, perSecond: counted.requests / (us / 1_000_000) };
    },
  };
}

function autocannon(command: string): Generator {
  return {
    name: 'autocannon',
    run: async ({ url, headers, seconds, connections }) => {
      const given = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}=${value}`]);
      const args = ['--json', '-n', '-c', String(connections), '-d', String(seconds), ...given, url];
      const { stdout } = await run(command, args, { maxBuffer: 16_777_216 });
      const { requests, latency, errors, non2xx, duration } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      return {
        requests: requests.total,
        perSecond: requests.total / duration,
        p50Us: latency.p50 * 1_000,
        p99Us: latency.p99 * 1_000,
        errors: errors + non2xx,
      };
    },
  };
}
