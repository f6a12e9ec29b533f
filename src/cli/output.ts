/** Where a run prints: what it was asked for on stdout, all else on stderr. */
export interface Output {
  /** Whether programs read it. */
  readonly json: boolean;
  /** Whether stderr is a terminal, which can show a line that changes. */
  readonly isLive: boolean;
  /** How wide that is. */
  readonly columns: number;
  /** Prints a line, as it is. */
  line(text: string): void;
  /** Prints a value as JSON in one line. */
  value(value: unknown): void;
  /** Prints a table; its cells are made safe for a terminal. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void;
  /** Prints names and what they stand for, one below the other. */
  fields(fields: Readonly<Record<string, string>>): void;
  /** Tells something beside the output. */
  note(text: string): void;
  /** Shows a line in the place of the one shown before; an empty one takes it away. Nothing where there is no terminal. */
  show(text: string): void;
}

/** Prints to the streams of this process. Colours only for a terminal, and not with `NO_COLOR`. */
export function openOutput(json: boolean): Output {
  const { stdout, stderr, env } = process;
  const isBright = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  const isLive = stderr.isTTY === true && env.TERM !== 'dumb';
  let shown = '';
  const show = (text: string) => {
    if (!isLive || text === shown) return;
    stderr.write(`\r\x1b[K${text}`);
    shown = text;
  };
  const line = (text: string) => {
    show('');
    stdout.write(`${text}\n`);
  };
  return {
    json,
    isLive,
    columns: stderr.columns ?? 80,
    line,
    show,
    value: (value) => line(JSON.stringify(value)),
    table(head, rows) {
      const [first = '', ...others] = aligned([head, ...rows.map((row) => row.map(plain))]);
      for (const text of [isBright ? `\x1b[1m${first}\x1b[0m` : first, ...others]) line(text);
    },
    fields(fields) {
      for (const text of aligned(Object.entries(fields).map(([name, value]) => [name, plain(value)]))) line(text);
    },
    note(text) {
      show('');
      stderr.write(`keystile: ${plain(text)}\n`);
    },
  };
}

/** Rows as lines, their cells one below the other. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Text without what could steer a terminal. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, '\u{fffd}');
}

/** A time as tables show it, to the second in UTC; a dash for none. */
export function timeText(time: string | null | undefined): string {
  return time == null ? '-' : time.replace('T', ' ').replace(/\.\d+/, '');
}

/** Whatever there is; a dash for nothing. */
export function cell(value: string | number | null | undefined): string {
  return value == null || value === '' ? '-' : String(value);
}

/** Credits, given in millionths. */
export function creditsText(micro: number): string {
  return String(micro / 1_000_000);
}
