import { type JsonWebKey, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { newAssertionKey } from './assertion-key.ts';
import { UsageError } from './flags.ts';

/** What a run remembers for the next one. */
export interface Memory {
  /** The demo account of each preset. */
  readonly accounts: Readonly<Record<string, string>>;
  /** The demo key of the last run, which the next one revokes. */
  readonly demoKeyId: string | null;
}

/** What makes the local issuer of the next run the same one. */
export interface KeptIssuer {
  readonly port: number;
  /** Its private key. */
  readonly key: JsonWebKey;
}

/** A run that serves from a state folder. */
export interface Running {
  readonly pid: number;
  readonly port: number;
  /** The local issuer; null: none, or not yet. */
  readonly issuer: string | null;
}

/** Where a run keeps what outlives it. */
export interface State {
  readonly dir: string;
  readonly logFile: string;
  readonly varsFile: string;
}

const LOCK_FILE = 'running.json';
const MEMORY_FILE = 'memory.json';
const ISSUER_FILE = 'issuer.json';

/**
 * The state folder, made where there is none. Secrets lie in `.dev.vars`: the project's own, or for a named folder one
 * inside it, since data made under one pepper opens with no other.
 */
export function openState(root: string, named: string | null): State {
  const dir = stateDir(root, named);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new UsageError(`--state: ${error instanceof Error ? error.message : error}`);
  }
  return { dir, logFile: join(dir, 'gateway.log'), varsFile: join(named === null ? root : dir, '.dev.vars') };
}

/** The state folder: the project's own, or the named one. */
export function stateDir(root: string, named: string | null): string {
  return named === null ? join(root, '.keystile') : resolve(named);
}

/** Takes the folder for this run. Throws a {@link UsageError} where another run still serves from it. */
export async function claimState(state: State, port: number): Promise<void> {
  const other = await findRunning(state.dir);
  if (other !== null && other.pid !== process.pid) {
    throw new UsageError(`${state.dir} is in use by the gateway on port ${other.port} (process ${other.pid})`);
  }
  tellRunning(state, { pid: process.pid, port, issuer: null });
}

/** Tells other processes what this run serves. */
export function tellRunning(state: State, running: Running): void {
  writePrivate(join(state.dir, LOCK_FILE), JSON.stringify(running));
}

/** The run that serves from a folder, or null. */
export async function findRunning(dir: string): Promise<Running | null> {
  const told = readJson(join(dir, LOCK_FILE)) as Partial<Running> | null;
  if (typeof told?.pid !== 'number' || typeof told.port !== 'number') return null;
  // A number of a process may be used again, and so may a port; both at once is that run.
  const isThere = isAlive(told.pid) && (await isListening(told.port));
  return isThere ? { pid: told.pid, port: told.port, issuer: told.issuer ?? null } : null;
}

/** Lets go of the folder. */
export function releaseState(state: State): void {
  rmSync(join(state.dir, LOCK_FILE), { force: true });
}

/**
 * The Worker's secrets out of `.dev.vars`. What is missing is made and kept there: a pepper, a key for the secrets of webhook
 * endpoints, an admin token, and where assertions are `signed` a key for them.
 */
export function loadSecrets(state: State, adminToken: string | null, signed: boolean): Record<string, string> {
  const text = existsSync(state.varsFile) ? readFileSync(state.varsFile, 'utf8') : '';
  const secrets = Object.fromEntries(
    Object.entries(parseEnv(text)).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const made: Record<string, string> = {};
  if (secrets.PEPPERS === undefined) made.PEPPERS = `1:${randomBytes(32).toString('hex')}`;
  if (secrets.ADMIN_TOKEN === undefined && adminToken === null) {
    made.ADMIN_TOKEN = randomBytes(32).toString('hex');
  }
  if (secrets.WEBHOOK_KEYS === undefined) made.WEBHOOK_KEYS = `1:${randomBytes(32).toString('hex')}`;
  if (signed && secrets.ASSERTION_KEYS === undefined) made.ASSERTION_KEYS = newAssertionKey('local');
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

/** The issuer of the last run. */
export function recallIssuer(state: State): KeptIssuer | null {
  return readJson(join(state.dir, ISSUER_FILE)) as KeptIssuer | null;
}

/** Leaves the issuer for the next run. */
export function rememberIssuer(state: State, issuer: KeptIssuer): void {
  writePrivate(join(state.dir, ISSUER_FILE), JSON.stringify(issuer));
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
