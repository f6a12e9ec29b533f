import type { Access, Who } from './access.ts';
import type { ExitCode } from './exit.ts';
import type { Output } from './output.ts';

/** An option of a command, for `util.parseArgs` and for its help. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly multiple?: true;
  /** How the help names its value. */
  readonly value?: string;
  readonly about: string;
}

type Options = Readonly<Record<string, Option>>;

/** The values of options that were given. */
export type Values<O extends Options> = {
  readonly [Name in keyof O]?: O[Name] extends { type: 'boolean' }
    ? boolean
    : O[Name] extends { multiple: true }
      ? readonly string[]
      : string;
};

/** What a command gets to run with. */
export interface Call<O extends Options = Options> {
  /** As many as the command has arguments; undefined: an optional one that was left out. */
  readonly args: readonly (string | undefined)[];
  readonly options: Values<O>;
  readonly output: Output;
  /** Who `--as` names. */
  readonly chosen: string | undefined;
  /** Whether the variable of somebody is set. */
  isKnown(who: Who): boolean;
  /** Opens the gateway as who of these is configured, in this order. Throws where nobody is. */
  open(as: readonly Who[]): Promise<Access>;
}

/** A command of the command line. */
export interface Command<O extends Options = Options> {
  readonly name: string;
  /** Like `ID`, or `[ID]` where it may be left out. */
  readonly args: readonly string[];
  readonly summary: string;
  /** Who may run it; the first that is configured does, unless `--as` says who. */
  readonly as: readonly Who[];
  readonly options: O;
  /** More for its help: what is worth knowing, and an example. */
  readonly more: string;
  run(call: Call<O>): Promise<ExitCode>;
}

/** A command with the options that it declares, as one of many. */
export function command<const O extends Options>(given: Command<O>): Command {
  return given as unknown as Command;
}
