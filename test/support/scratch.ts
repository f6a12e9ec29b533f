import { accessSync, constants, mkdtempSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/* Where the stores of a test run lie. They sync all the time what nobody keeps: on a disk that is most of their time. */

const MEMORY = '/dev/shm';
const PREFIX = 'keystile-';
/** A run takes much less; where so little is free, as in a container with the usual 64 MB, the disk is taken. */
const LEAST_FREE_BYTES = 2_147_483_648;
/** What a run has left that was killed is taken away by a later one. */
const LONGEST_RUN_MS = 86_400_000;

/** Has temporary files of this process and its children lie in memory, where there is enough, until it ends. */
export function keepScratchInMemory(): void {
  if (process.env.TMPDIR !== undefined || freeBytes(MEMORY) < LEAST_FREE_BYTES) return;
  removeLeft();
  const own = mkdtempSync(join(MEMORY, PREFIX));
  process.on('exit', () => rmSync(own, { recursive: true, force: true }));
  if (canRun(own)) process.env.TMPDIR = own;
}

/** 0 where there is no such place. */
function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

function removeLeft(): void {
  for (const name of readdirSync(MEMORY).filter((each) => each.startsWith(PREFIX))) {
    const path = join(MEMORY, name);
    try {
      if (statSync(path).mtimeMs < Date.now() - LONGEST_RUN_MS) rmSync(path, { recursive: true });
    } catch {
      // Another's, or gone by now.
    }
  }
}

/** Whether programs may lie there: the browser of the tests unpacks itself. Containers often forbid it. */
function canRun(path: string): boolean {
  const probe = join(path, 'probe');
  writeFileSync(probe, '', { mode: 0o700 });
  try {
    accessSync(probe, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
