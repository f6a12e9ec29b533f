import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/*
 * Who runs on which core. workerd gets one core for itself, which it fills; the load generator, the origin and this
 * process share the others, and must be left idle time there, or they would be what is measured.
 */

/** Linux counts CPU time in these; USER_HZ is 100 on every platform that Node runs on. */
const TICK_US = 10_000;

/** How the cores are shared; `pinned` is false where `taskset` or a second core is missing. */
export interface Cores {
  readonly pinned: boolean;
  readonly total: number;
}

/** Moves this process, and so all that it starts, away from core 0. */
export function takeOtherCores(): Cores {
  const total = availableParallelism();
  if (total < 2 || process.platform !== 'linux') return { pinned: false, total };
  try {
    execFileSync('taskset', ['-a', '-p', '-c', `1-${total - 1}`, String(process.pid)], { stdio: 'ignore' });
    return { pinned: true, total };
  } catch {
    return { pinned: false, total };
  }
}

/**
 * Makes Miniflare start workerd on core 0, and without reading what the Worker logs line by line: on the platform
 * that is nobody's CPU time either. Writing the lines stays the Worker's own cost.
 */
export function useQuietWorkerd(dir: string, workerd: string, { pinned }: Cores): void {
  const script = join(dir, 'workerd');
  writeFileSync(script, `#!/bin/sh\nexec ${pinned ? 'taskset -c 0 ' : ''}"${workerd}" "$@" >/dev/null\n`);
  chmodSync(script, 0o755);
  process.env.MINIFLARE_WORKERD_PATH = script;
}

/** The ids of the workerd processes that this process, or one that it has started, has started. */
export function workerdProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const fields = statOf(pid);
      if (fields?.command !== 'workerd') return false;
      return fields.parent === process.pid || statOf(String(fields.parent))?.parent === process.pid;
    })
    .map(Number);
}

/** The memory that a process has, in MB; 0 where it is gone. */
export function residentMb(pid: number): number {
  try {
    const [, kb = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kb) / 1_024;
  } catch {
    return 0;
  }
}

/** CPU time that a process has used so far, user and system, in µs. */
export function cpuUs(pid: number): number {
  const fields = statOf(String(pid));
  if (fields === null) throw new Error(`process ${pid} is gone`);
  return fields.ticks * TICK_US;
}

/** Time that has passed and time that was idle on the cores of generator and origin, in ticks since the start. */
export interface Idle {
  readonly total: number;
  readonly idle: number;
}

/** Reads {@link Idle}. */
export function readIdle({ pinned }: Cores): Idle {
  let total = 0;
  let idle = 0;
  for (const line of readFileSync('/proc/stat', 'utf8').split('\n')) {
    const [name = '', ...columns] = line.split(/\s+/);
    if (!/^cpu\d+$/.test(name) || (pinned && name === 'cpu0')) continue;
    const ticks = columns.slice(0, 8).map(Number);
    total += ticks.reduce((sum, each) => sum + each, 0);
    idle += (ticks[3] ?? 0) + (ticks[4] ?? 0);
  }
  return { total, idle };
}

/** The idle share between two readings, 0 to 1. */
export function idleShare(before: Idle, after: Idle): number {
  return (after.idle - before.idle) / Math.max(1, after.total - before.total);
}

/** proc(5): the command may hold blanks and stands in brackets; the numbers follow it. */
function statOf(pid: string): { command: string; parent: number; ticks: number } | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { command: text.slice(text.indexOf('(') + 1, end), parent: Number(fields[1]), ticks };
}
