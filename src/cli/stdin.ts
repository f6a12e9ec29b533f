import { createInterface } from 'node:readline';
import { misuse } from './exit.ts';

let isTaken = false;

/** Says that standard input is read for something. Throws where it is read already. */
export function takeStdin(what: string): NodeJS.ReadStream {
  if (isTaken) throw misuse(`${what}: standard input is read for something else already`);
  isTaken = true;
  return process.stdin;
}

/** The first line of standard input: a secret, which thus stands neither in the shell's history nor in `ps`. */
export async function readLine(what: string): Promise<string> {
  for await (const line of createInterface({ input: takeStdin(what) })) {
    if (line.trim() !== '') return line.trim();
  }
  throw misuse(`${what}: expected it on standard input, which was empty`);
}
