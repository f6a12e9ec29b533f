import { BASE_URL, VARIABLES, type Who } from './access.ts';
import { optionsOf } from './args.ts';
import type { Command } from './command.ts';
import { misuse } from './exit.ts';

const HEAD = 'Keystile: keys of an API, from the command line.';

const ENVIRONMENT = `Environment:
  ${BASE_URL}     the gateway, like https://keys.example.com
  ${VARIABLES.admin}  an admin token: keys of all accounts, lockouts, imports
  ${VARIABLES.session}        a session token of the sign-in: keys of one's own account
  ${VARIABLES.key}      an API key: what it may do for itself
  NO_COLOR              no colours

  Where several are set, the first in this order that may run a command does, and the command says so. A secret never
  stands on the command line: set a variable to "-" and it is read from standard input.`;

const EXITS = `Exit codes:
  0 done   1 refused or failed   2 wrong use, nothing was sent   3 no answer, or come again later
  4 an import is done but for some lines   130 interrupted`;

const BY: Readonly<Record<Who, string>> = { admin: 'an admin token', session: 'a session', key: 'an API key' };

/** The help of a command, of all that begin with a word, or of everything. Throws where there is no such command. */
export function helpOf(about: string, commands: readonly Command[]): string {
  const command = commands.find(({ name }) => name === about);
  if (command !== undefined) return ofCommand(command);
  const group = commands.filter(({ name }) => about === '' || name.startsWith(`${about} `));
  if (group.length === 0) throw misuse('there is no such command; see keystile --help');
  const list = rows(group.map(({ name, args, summary }) => [[name, ...args].join(' '), summary]));
  const more = 'keystile COMMAND --help tells more of a command.';
  return about === ''
    ? [HEAD, `Commands:\n${list}`, ENVIRONMENT, EXITS, more].join('\n\n')
    : [`Commands:\n${list}`, more].join('\n\n');
}

function ofCommand(command: Command): string {
  const { name, args, summary, as, more } = command;
  const options = Object.entries(optionsOf(command)).map(([option, { value, about, multiple }]): [string, string] => [
    value === undefined ? `--${option}` : `--${option} ${value}`,
    multiple ? `${about}; as often as needed` : about,
  ]);
  return [
    `keystile ${[name, ...args].join(' ')} [options]`,
    `${summary}. With ${as.map((who) => BY[who]).join(', or ')}.`,
    `Options:\n${rows(options)}`,
    ...(more === '' ? [] : [more]),
  ].join('\n\n');
}

function rows(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}
