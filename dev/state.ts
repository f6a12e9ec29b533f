import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { UsageError } from './flags.ts';

/** What a run remembers for the next one. */
export interface Memory {
  /** The demo account of each preset. */
  readonly accounts: Readonly<Record<string, string>>;
  /** The demo key of the last run, which the next one revokes. */
  readonly demoKeyId: string | null;
}

/** Where a run keeps what outlives it. */
export interface State {
  readonly dir: string;
  readonly logFile: string;
  readonly varsFile: string;
}

const LOCK_FILE = 'running.json';
const MEMORY_FILE = 'memory.json';

/**
 * The state folder, made where there is none. Secrets lie in `.dev.vars`: the project's own, or for a named folder one
 * inside it, since data made under one pepper opens with no other.
 */
export function openState(root: string, named: string | null): State {
  const dir = named === null ? join(root, '.keystile') : resolve(named);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new UsageError(`--state: ${error instanceof Error ? error.message : error}`);
  }
  return { dir, logFile: join(dir, 'gateway.log'), varsFile: join(named === null ? root : dir, '.dev.vars') };
}

/** Takes the folder for this run. Throws a {@link UsageError} where another run still serves from it. */
export async function claimState(state: State, port: number): Promise<void> {
  const other = readJson(join(state.dir, LOCK_FILE)) as { pid?: unknown; port?: unknown } | null;
  if (typeof other?.pid === 'number' && typeof other.port === 'number' && other.pid !== process.pid) {
    // A number of a process may be used again, and so may a port; both at once is the other run.
    if (isAlive(other.pid) && (await isListening(other.port))) {
      throw new UsageError(`${state.dir} is in use by the gateway on port ${other.port} (process ${other.pid})`);
    }
  }
  writePrivate(join(state.dir, LOCK_FILE), JSON.stringify({ pid: process.pid, port }));
}

/** Lets go of the folder. */
export function releaseState(state: State): void {
  rmSync(join(state.dir, LOCK_FILE), { force: true });
}

/** The Worker's secrets out of `.dev.vars`; a pepper and an admin token are made and kept there where they are missing. */
export function loadSecrets(state: State, adminToken: string | null): Record<string, string> {
  const text = existsSync(state.varsFile) ? readFileSync(state.varsFile, 'utf8') : '';
  const secrets = Object.fromEntries(
    Object.entries(parseEnv(text)).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const made: Record<string, string> = {};
  if (secrets.PEPPERS === undefined) made.PEPPERS = `1:${randomBytes(32).toString('hex')}`;
  if (secrets.ADMIN_TOKEN === undefined && adminToken === null) {
    made.ADMIN_TOKEN = randomBytes(32).toString('hex');
  }
  const lines = Object.entries(made).map(([name, value]) => `${name}="${value}"\n`);
  if (lines.length > 0) {
    writePrivate(state.varsFile, text + (text === '' || text.endsWith('\n') ? '' : '\n') + lines.join(''));
  }
  return { ...secrets, ...made, ...(adminToken === null ? {} : { ADMIN_TOKEN: adminToken }) };
}

/** What the last run left. */
export function recall(state: State): Memory {
  const kept = readJson(join(state.dir, MEMORY_FILE)) as Partial<Memory> | null;
  return { accounts: kept?.accounts ?? {}, demoKeyId: kept?.demoKeyId ?? null };
}

/** Leaves something for the next run. */
export function remember(state: State, memory: Memory): void {
  writePrivate(join(state.dir, MEMORY_FILE), JSON.stringify(memory, null, 2));
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Replaced as a whole, so that a run that is cut off leaves the old file or the new. */
function writePrivate(file: string, text: string): void {
  const next = `${file}.next`;
  writeFileSync(next, text, { mode: 0o600 });
  chmodSync(next, 0o600);
  renameSync(next, file);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
