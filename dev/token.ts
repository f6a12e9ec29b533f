import { join } from 'node:path';
import { readTokenFlags } from './flags.ts';
import { fetchToken } from './sign-in/client.ts';
import { findRunning, stateDir } from './state.ts';

/*
 * `npm run -s token [-- --user bob --org demo --role viewer]`: signs in at the issuer that `npm start` runs, and prints
 * the access token alone. Exit 1 and one line where there is none.
 */

async function token(args: readonly string[]): Promise<string> {
  const { user, org, role, state } = readTokenFlags(args);
  const dir = stateDir(join(import.meta.dirname, '..'), state);
  const running = await findRunning(dir);
  if (running === null) throw new Error(`nothing runs from ${dir}; begin with npm start`);
  if (running.issuer === null) throw new Error(`the gateway on port ${running.port} has no local sign-in, or not yet`);
  return fetchToken(running.issuer, { name: user, organisation: org, role });
}

try {
  process.stdout.write(`${await token(process.argv.slice(2))}\n`);
} catch (error) {
  process.stderr.write(`keystile: ${error instanceof Error ? error.message.replaceAll('\n', ' ') : error}\n`);
  process.exitCode = 1;
}
