import { closeSync, openSync, realpathSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { orThrow } from '../../client/client.ts';
import type { operations } from '../../client/schema.ts';
import type { Access } from '../access.ts';
import { command } from '../command.ts';
import { EXIT, misuse } from '../exit.ts';
import { isLater, isLost, unreachable } from '../failure.ts';
import type { Output } from '../output.ts';
import { pauseMs } from '../send.ts';
import { type Chunk, chunksOf } from './chunks.ts';
import { openSource } from './file.ts';
import { showProgress } from './progress.ts';

type Answer = operations['importKeys']['responses'][200]['content']['application/json'];
type Counts = Answer['counts'];

/** A line that was not imported; it never holds a secret. */
interface Reject {
  readonly line: number;
  readonly status: string;
  readonly code: string | undefined;
  readonly message: string | undefined;
}

const OPERATOR = ['admin'] as const;
/** So often in a row the gateway may ask to come again. */
const MOST_FAILURES = 12;
/** So many refused lines are told where no file is for them. */
const MOST_TOLD = 10;

/** Brings in keys of another system. */
export const importKeys = command({
  name: 'import',
  args: ['FILE'],
  summary: 'Bring in keys of another system with the secrets that they have',
  as: OPERATOR,
  options: {
    'import-id': {
      type: 'string',
      value: 'NAME',
      about: 'the name of the import; of what is in the file unless given',
    },
    rejects: { type: 'string', value: 'FILE', about: 'where to write which lines were refused and why' },
  },
  more: `FILE has a JSON object on each line, as docs/migration.md says; "-" is standard input and needs --import-id.
The same command again goes on where it was: what is imported is not imported twice.
Example: keystile import keys.ndjson --rejects refused.ndjson`,
  async run({ args: [file = ''], options, output, open }) {
    const source = await openSource(file, options['import-id']);
    const access = await open(OPERATOR);
    const rejects = openRejects(options.rejects, file);
    const onInterrupt = () => {
      output.note('stopped: the same command goes on from here');
      process.kill(process.pid, 'SIGINT');
    };
    process.once('SIGINT', onInterrupt);
    const startMs = Date.now();
    let lines = 0;
    let counts: Partial<Counts> = {};
    for await (const chunk of chunksOf(source.open())) {
      const answer = await sendChunk(access, source.id, chunk, output);
      rejects.write(answer.results.flatMap((result) => rejectOf(result, chunk.firstLine)));
      lines += chunk.lines;
      counts = sumOf(counts, answer.counts);
      const share = source.bytes === null ? null : Math.min(1, chunk.endByte / source.bytes);
      showProgress(output, { lines, refused: rejects.count, share, elapsedMs: Date.now() - startMs });
    }
    process.off('SIGINT', onInterrupt);
    rejects.close(output);
    if (output.json) output.value({ import: source.id, lines, counts });
    else output.fields({ import: source.id, lines: String(lines), ...textsOf(counts) });
    return rejects.count === 0 ? EXIT.ok : EXIT.rejects;
  },
});

/** Sends a chunk until the gateway takes it. Throws where it refuses, or is away for too long. */
async function sendChunk({ keystile, baseUrl }: Access, id: string, chunk: Chunk, output: Output): Promise<Answer> {
  for (let failures = 0; ; failures++) {
    try {
      return await orThrow(
        keystile.POST('/admin/v1/imports', {
          params: { query: { import: id, chunk: String(chunk.number) } },
          headers: { 'content-type': 'application/x-ndjson' },
          body: '',
          bodySerializer: () => chunk.body,
        }),
      );
    } catch (error) {
      if (!isLater(error) || failures === MOST_FAILURES) throw error;
      if (failures === 0) {
        const why = isLost(error) ? unreachable(baseUrl, error) : 'the gateway does not take more at the moment';
        output.note(`${why}; trying again`);
      }
      await sleep(pauseMs(error, failures));
    }
  }
}

function rejectOf(result: Answer['results'][number], firstLine: number): Reject[] {
  if (result.status !== 'invalid' && result.status !== 'conflict') return [];
  const { line, status, code, message } = result;
  return [{ line: firstLine + line - 1, status, code, message }];
}

function sumOf(counts: Partial<Counts>, more: Counts): Counts {
  const entries = Object.entries(more).map(([status, count]) => [
    status,
    (counts[status as keyof Counts] ?? 0) + count,
  ]);
  return Object.fromEntries(entries);
}

function textsOf(counts: Partial<Counts>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(counts).map(([status, count]) => [status, String(count)]));
}

/** Keeps the refused lines in a file, or the first of them to be told at the end. */
function openRejects(path: string | undefined, input: string) {
  let count = 0;
  const told: Reject[] = [];
  const file = path === undefined ? null : openNew(notInput(path, input));
  return {
    get count() {
      return count;
    },
    write(rejects: readonly Reject[]) {
      count += rejects.length;
      if (file === null) told.push(...rejects.slice(0, MOST_TOLD - told.length));
      else for (const reject of rejects) writeSync(file, `${JSON.stringify(reject)}\n`);
    },
    close(output: Output) {
      if (file !== null) closeSync(file);
      for (const { line, code, message } of told) output.note(`line ${line}: ${code}: ${message}`);
      if (file === null && count > told.length) output.note(`and ${count - told.length} more: --rejects keeps all`);
    },
  };
}

function openNew(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw misuse(`--rejects: the file cannot be written: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function notInput(path: string, input: string): string {
  const real = (name: string) => {
    try {
      return realpathSync(name);
    } catch {
      return name;
    }
  };
  if (real(path) === real(input)) throw misuse('--rejects: expected another file than that of the keys');
  return path;
}
