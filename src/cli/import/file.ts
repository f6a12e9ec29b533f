import { createHash } from 'node:crypto';
import { accessSync, constants, createReadStream, type Stats, statSync } from 'node:fs';
import { misuse } from '../exit.ts';
import { takeStdin } from '../stdin.ts';
import { MOST_BYTES, MOST_LINES } from './chunks.ts';

/** What is imported: a file, or standard input. */
export interface Source {
  /** The name of its import. */
  readonly id: string;
  /** null: nobody knows. */
  readonly bytes: number | null;
  open(): AsyncIterable<Buffer>;
}

/**
 * Opens a file, or standard input for `-`. The import of a file is named after what is in it, and how that is cut, so the
 * same file always goes on where it was, and one that was changed begins anew.
 */
export async function openSource(file: string, givenId: string | undefined): Promise<Source> {
  if (givenId !== undefined && !/^[A-Za-z0-9._-]{1,64}$/.test(givenId)) {
    throw misuse('--import-id: expected 1 to 64 letters, digits, ".", "_" and "-"');
  }
  if (file === '-') return { id: named(givenId), bytes: null, open: () => takeStdin('the keys') };
  const stats = statOf(file);
  const open = () => createReadStream(file);
  // A pipe can be read only once.
  if (!stats.isFile()) return { id: named(givenId), bytes: null, open };
  return { id: givenId ?? (await nameOf(file)), bytes: stats.size, open };
}

function named(givenId: string | undefined): string {
  if (givenId !== undefined) return givenId;
  throw misuse('what is no file needs --import-id, by which the import can go on');
}

function statOf(file: string): Stats {
  try {
    if (statSync(file).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    accessSync(file, constants.R_OK);
    return statSync(file);
  } catch (error) {
    throw misuse(`the file cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

async function nameOf(file: string): Promise<string> {
  const hash = createHash('sha256').update(`${MOST_LINES} ${MOST_BYTES}\n`);
  for await (const block of createReadStream(file)) hash.update(block);
  return `file-${hash.digest('hex').slice(0, 32)}`;
}
