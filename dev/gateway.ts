import { type ChildProcess, fork } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';

/** What a local gateway is started with. */
export interface GatewayOptions {
  /** The project's folder, in which `wrangler.toml` lies. */
  readonly root: string;
  readonly port: number;
  /** Where D1, KV and the objects keep their data. */
  readonly dataDir: string;
  readonly secrets: Readonly<Record<string, string>>;
  /** In place of `[vars.POLICY]`. */
  readonly policy: Readonly<Record<string, unknown>>;
}

/** What the gateway's process tells, once. */
export type GatewayReport = { readonly kind: 'up' } | { readonly kind: 'failed'; readonly problem: string };

/** A running gateway. */
export interface Gateway {
  stop(): Promise<void>;
}

const STOP_WITHIN_MS = 5_000;

/**
 * Starts the gateway in a process of its own, which ends when this one does, even by a kill: it sees the channel close.
 * All that it writes goes to the log file. Throws where the gateway cannot start; calls `onCrash` when it dies later.
 */
export async function startGateway(options: GatewayOptions, logFile: string, onCrash: () => void): Promise<Gateway> {
  const log = openSync(logFile, 'w', 0o600);
  const child = fork(join(import.meta.dirname, 'gateway-process.ts'), { stdio: ['ignore', log, log, 'ipc'] });
  child.send(options);
  const report = await firstReport(child);
  if (report.kind === 'failed') throw new Error(report.problem);
  child.once('exit', onCrash);
  return {
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.removeListener('exit', onCrash);
        child.once('exit', () => resolve());
        child.disconnect();
        setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS).unref();
      }),
  };
}

function firstReport(child: ChildProcess): Promise<GatewayReport> {
  return new Promise((resolve) => {
    child.once('message', (message) => resolve(message as GatewayReport));
    child.once('error', (error) => resolve({ kind: 'failed', problem: error.message }));
    child.once('exit', (code) => resolve({ kind: 'failed', problem: `the gateway's process ended with ${code}` }));
  });
}
