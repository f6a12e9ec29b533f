#!/usr/bin/env node
import { type Access, openAccess, VARIABLES } from './access.ts';
import { readArgs } from './args.ts';
import { COMMANDS } from './commands.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { failureOf } from './failure.ts';
import { helpOf } from './help.ts';
import { openOutput } from './output.ts';
import { version } from './package.json';

/*
 * `npx keystile …`: what was asked for goes to stdout, all else to stderr, and the exit code says how it went.
 */

async function run(argv: readonly string[]): Promise<ExitCode> {
  const output = openOutput(argv.includes('--json'));
  let access: Access | null = null;
  try {
    const asked = readArgs(argv, COMMANDS);
    if (asked.kind === 'version') output.line(version);
    if (asked.kind === 'help') output.line(helpOf(asked.about, COMMANDS));
    if (asked.kind !== 'run') return EXIT.ok;
    const { as: chosen, account } = asked.options as Readonly<Record<string, string | undefined>>;
    return await asked.command.run({
      args: asked.args,
      options: asked.options as never,
      output,
      chosen,
      isKnown: (who) => Boolean(process.env[VARIABLES[who]]),
      async open(as) {
        access = await openAccess(process.env, { as, chosen, account }, output);
        return access;
      },
    });
  } catch (error) {
    const { exit, message } = failureOf(error, access);
    output.note(message);
    return exit;
  }
}

// A reader that has enough, like `head`, ends it without a word.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.refused),
);
process.exitCode = await run(process.argv.slice(2));
