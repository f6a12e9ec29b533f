import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Json, jsonOf } from './reply.ts';

/* The command line as it is built, run as a process of its own. */

const ROOT = join(import.meta.dirname, '../..');

/** What a run has printed and how it ended. */
export interface Ran {
  /** The exit code, or the signal that ended it. */
  readonly exit: number | NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  /** `out` as JSON; null where it is none. */
  readonly json: Json;
}

/** How a run differs from one without any environment and input. */
export interface Run {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** A run that goes on. */
export interface Running {
  readonly child: ChildProcess;
  /** What stdout has shown so far. */
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<Ran>;
}

export interface CommandLine {
  readonly file: string;
  start(args: readonly string[], run?: Run): Running;
  run(args: readonly string[], run?: Run): Promise<Ran>;
  remove(): void;
}

/** Builds the command line as `npm ci` does, into a folder of its own. */
export async function buildCommandLine(): Promise<CommandLine> {
  const folder = mkdtempSync(join(tmpdir(), 'command-line-'));
  await promisify(execFile)('npm', ['run', '-s', 'build', '--', `--outdir=${folder}`], { cwd: ROOT });
  const file = join(folder, 'keystile.js');
  const start = (args: readonly string[], { env = {}, input = '' }: Run = {}): Running => {
    const child = spawn(process.execPath, [file, ...args], { env: { PATH: process.env.PATH ?? '', ...env } });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      err += text;
    });
    child.stdin.on('error', () => undefined).end(input);
    const ended = new Promise<Ran>((resolve) =>
      child.on('close', (code, signal) => resolve({ exit: code ?? signal, out, err, json: jsonOf(out) })),
    );
    return { child, out: () => out, err: () => err, ended };
  };
  return {
    file,
    start,
    run: (args, run) => start(args, run).ended,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
