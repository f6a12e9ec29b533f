import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/* A state folder and a port of their own, for runs of `npm start` as a user has them. */

const ROOT = join(import.meta.dirname, '../..');

export interface Run {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number | null>;
  out: string;
  err: string;
}

export interface Place {
  readonly state: string;
  readonly port: number;
  /** Starts with these flags and no others. */
  start(...flags: string[]): Run;
  /** Starts here, and waits until it is ready. */
  startReady(...flags: string[]): Promise<Run>;
  /** Ends all runs and removes the folder. */
  close(): Promise<void>;
}

export async function openPlace(): Promise<Place> {
  const state = mkdtempSync(join(tmpdir(), 'keystile-start-'));
  const port = await freePort();
  const runs: Run[] = [];
  const start = (...flags: string[]) => {
    const run = spawnScript('start', flags);
    runs.push(run);
    return run;
  };
  return {
    state,
    port,
    start,
    async startReady(...flags) {
      const run = start('--state', state, '--port', String(port), ...flags);
      await new Promise<void>((resolve, reject) => {
        run.child.stdout.on('data', () => /^ready /m.test(run.out) && resolve());
        run.ended.then((code) => reject(new Error(`ended with ${code}: ${run.err}`)));
      });
      return run;
    },
    async close() {
      await Promise.all(runs.map((run) => end(run)));
      rmSync(state, { recursive: true });
    },
  };
}

/** Runs a script of `dev/`. */
export function spawnScript(name: 'start' | 'token', flags: readonly string[]): Run {
  const child = spawn(process.execPath, [join(ROOT, 'dev', `${name}.ts`), ...flags]);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const run: Run = { child, ended, out: '', err: '' };
  child.stdout.on('data', (text) => {
    run.out += text;
  });
  child.stderr.on('data', (text) => {
    run.err += text;
  });
  return run;
}

/** Ends a run as Ctrl-C does. */
export async function end(run: Run): Promise<number | null> {
  if (run.child.exitCode === null && run.child.signalCode === null) run.child.kill('SIGINT');
  return run.ended;
}

/** The printed commands, in their order. */
export function commands(run: Run): [chat: string, trial: string, keys: string | undefined] {
  const [chat, trial, keys] = run.out.split('\n').filter((line) => line.startsWith('curl '));
  if (chat === undefined || trial === undefined) throw new Error(`no commands in: ${run.out}`);
  return [chat, trial, keys];
}

/** Pastes a command into a terminal in the project's folder. */
export function shell(command: string): string {
  return execFileSync('sh', ['-c', command], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

export function hold(wanted: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => resolve(server));
  });
}

export async function isFree(wanted: number): Promise<boolean> {
  const server = await hold(wanted).catch(() => null);
  if (server !== null) await new Promise((resolve) => server.close(resolve));
  return server !== null;
}

export async function freePort(): Promise<number> {
  const server = await hold(0);
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
