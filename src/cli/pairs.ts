import { misuse } from './exit.ts';

/** `NAME=VALUE`, as often as it was given, as one record. Throws for one without a name, naming the option alone. */
export function pairsOf(option: string, given: readonly string[] | undefined): Record<string, string> | undefined {
  return (
    given &&
    Object.fromEntries(
      given.map((text) => {
        const at = text.indexOf('=');
        if (at < 1) throw misuse(`--${option}: expected NAME=VALUE`);
        return [text.slice(0, at), text.slice(at + 1)];
      }),
    )
  );
}

const PERIODS = ['total', 'daily', 'weekly', 'monthly'] as const;
type Quotas = { -readonly [period in (typeof PERIODS)[number]]?: number };

/** `PERIOD=NUMBER`, as often as it was given. */
export function quotasOf(option: string, given: readonly string[] | undefined): Quotas | undefined {
  const pairs = pairsOf(option, given);
  return (
    pairs &&
    Object.fromEntries(
      Object.entries(pairs).map(([period, number]) => {
        if (PERIODS.some((each) => each === period)) return [period, numberOf(option, number)];
        throw misuse(`--${option}: expected one of ${PERIODS.join(', ')} before "="`);
      }),
    )
  );
}

/** A whole number of 0 or more. */
export function numberOf(option: string, given: string): number;
export function numberOf(option: string, given: string | undefined): number | undefined;
export function numberOf(option: string, given: string | undefined): number | undefined {
  if (given === undefined || /^\d{1,15}$/.test(given)) return given === undefined ? undefined : Number(given);
  throw misuse(`--${option}: expected a whole number of 0 or more`);
}

/** What an object holds beside undefined. */
export function given<const T extends object>(fields: T): { -readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
