import type { Command } from './command.ts';
import { importKeys } from './import/import.ts';
import { KEY_COMMANDS } from './keys.ts';
import { showUsage } from './ledger.ts';
import { LOCKOUT_COMMANDS } from './lockouts.ts';
import { showLogs } from './logs.ts';
import { whoAmI } from './whoami.ts';

/** Everything that the command line does, in the order of its help. */
export const COMMANDS: readonly Command[] = [
  ...KEY_COMMANDS,
  showUsage,
  showLogs,
  ...LOCKOUT_COMMANDS,
  importKeys,
  whoAmI,
];
