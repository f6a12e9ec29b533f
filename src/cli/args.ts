import { parseArgs } from 'node:util';
import type { Command, Option } from './command.ts';
import { misuse } from './exit.ts';

/** The options of every command. */
export const COMMON = {
  json: { type: 'boolean', about: 'print JSON, for programs' },
  help: { type: 'boolean', about: 'show this' },
} as const satisfies Readonly<Record<string, Option>>;

/** The option of commands that several may run. */
export const AS = {
  as: { type: 'string', value: 'WHO', about: 'run as admin, session or key, where several are configured' },
} as const satisfies Readonly<Record<string, Option>>;

/** What a command line asks for. */
export type Asked =
  | { readonly kind: 'version' }
  /** `about`: the command, or the first word of several; empty: all. */
  | { readonly kind: 'help'; readonly about: string }
  | {
      readonly kind: 'run';
      readonly command: Command;
      readonly args: readonly (string | undefined)[];
      readonly options: Readonly<Record<string, unknown>>;
    };

/** Reads a command line. Throws wrong use, and tells back no word that could be a secret. */
export function readArgs(argv: readonly string[], commands: readonly Command[]): Asked {
  const [first, second] = argv;
  if (first === undefined) return { kind: 'help', about: '' };
  if (first === '--version') return { kind: 'version' };
  if (first === '--help' || first === '-h') return { kind: 'help', about: '' };
  if (first === 'help') return { kind: 'help', about: argv.slice(1).join(' ') };
  const command =
    commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first);
  const group = commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name);
  if (command === undefined && group.length > 0 && (second === undefined || second === '--help' || second === '-h')) {
    return { kind: 'help', about: first };
  }
  if (command === undefined && group.length > 0)
    throw misuse(`${first}: expected one of: ${group.map(lastWord).join(', ')}`);
  if (command === undefined) throw unknownCommand(first, commands);
  const rest = argv.slice(command.name.split(' ').length);
  const { values, positionals }: Parsed = parse(rest, optionsOf(command), command.name);
  if (values.help === true) return { kind: 'help', about: command.name };
  const least = command.args.filter((arg) => !arg.startsWith('[')).length;
  if (positionals.length < least || positionals.length > command.args.length) {
    throw misuse(`${command.name}: expected ${counted(command.args)}; see keystile ${command.name} --help`);
  }
  return { kind: 'run', command, args: command.args.map((_, i) => positionals[i]), options: values };
}

/** All options of a command. */
export function optionsOf({ options, as }: Command): Readonly<Record<string, Option>> {
  return { ...options, ...(as.length > 1 && AS), ...COMMON };
}

function counted(args: readonly string[]): string {
  return args.length === 0 ? 'no arguments' : args.join(' ');
}

function lastWord(name: string): string {
  return name.split(' ').at(-1) ?? name;
}

function unknownCommand(word: string, commands: readonly Command[]) {
  const shown = /^-{0,2}[a-z][a-z-]{0,15}$/.test(word) ? `"${word}" is no command` : 'a command comes first';
  return misuse(`${shown}; expected one of: ${commands.map(({ name }) => name).join(', ')}`);
}

interface Parsed {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

function parse(args: readonly string[], options: Readonly<Record<string, Option>>, name: string): Parsed {
  const config = Object.entries(options).map(([option, { type, multiple = false }]) => [
    option,
    { type, multiple, ...(option === 'help' && { short: 'h' }) },
  ]);
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries(config), strict: true, allowPositionals: true });
  } catch (error) {
    const [sentence] = error instanceof Error ? error.message.split(/\.\s|\n/) : [];
    throw misuse(`${name}: ${sentence}; see keystile ${name} --help`);
  }
}
