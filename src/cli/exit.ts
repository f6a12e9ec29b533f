/** What a run of the command line ends with. `docs/cli.md` explains each. */
export const EXIT = {
  ok: 0,
  /** The gateway refused, or something failed. */
  refused: 1,
  /** Wrong use; nothing was sent. */
  usage: 2,
  /** No answer, or one that says to come again: 429 and 5xx. */
  unavailable: 3,
  /** Some lines of an import were refused; all others are in. */
  rejects: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure that is told in one line: what happened and what to do. It names no secret. */
export class CliError extends Error {
  readonly exit: ExitCode;

  constructor(exit: ExitCode, message: string) {
    super(message);
    this.exit = exit;
  }
}

/** Wrong use of the command line. */
export function misuse(message: string): CliError {
  return new CliError(EXIT.usage, message);
}
