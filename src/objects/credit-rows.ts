import { type CreditState, earliestExpiry, type Hold, type MonthTotals } from '../meter/credits.ts';
import type { Day } from './credit-movements.ts';
import { hasTable } from './tables.ts';

/*
 * How an account's credits are stored: one row with all totals, so that a batch of settlements is one row written
 * beside those of its holds, and one row for each hold.
 */

/** Makes the tables. */
export function createCredits(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS credits (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      granted INTEGER NOT NULL,
      spent INTEGER NOT NULL,
      unreported INTEGER NOT NULL,
      months TEXT NOT NULL CHECK (json_valid(months)),
      day_ms INTEGER NOT NULL,
      day_spent INTEGER NOT NULL,
      day_unreported INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS credit_holds (
      id TEXT PRIMARY KEY NOT NULL,
      micro INTEGER NOT NULL,
      from_ms INTEGER NOT NULL,
      ends_at_ms INTEGER NOT NULL,
      open INTEGER NOT NULL,
      closed INTEGER NOT NULL,
      provisional INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
  `);
}

/** The totals as they are stored. */
export function totalsOf({ granted, spent, unreported, months }: CreditState): (string | number)[] {
  return [granted, spent, unreported, JSON.stringify(months)];
}

/** Writes the totals, and the day that they are booked to. */
export function writeTotals(sql: SqlStorage, state: CreditState, day: Day): void {
  const values = [...totalsOf(state), day.startMs, day.spent, day.unreported];
  sql.exec('INSERT OR REPLACE INTO credits VALUES (1, ?, ?, ?, ?, ?, ?, ?)', ...values);
}

/** Writes a hold; undefined erases it. */
export function writeHold(sql: SqlStorage, id: string, hold: Hold | undefined): void {
  if (hold === undefined) {
    sql.exec('DELETE FROM credit_holds WHERE id = ?', id);
    return;
  }
  const { micro, fromMs, endsAtMs, open, closed, provisional } = hold;
  const values = [id, micro, fromMs, endsAtMs, open, Number(closed), Number(provisional)];
  sql.exec('INSERT OR REPLACE INTO credit_holds VALUES (?, ?, ?, ?, ?, ?, ?)', ...values);
}

type TotalsRow = {
  granted: number;
  spent: number;
  unreported: number;
  months: string;
  startMs: number;
  daySpent: number;
  dayUnreported: number;
};
type HoldRow = Omit<Hold, 'closed' | 'provisional'> & { id: string; closed: number; provisional: number };

/** Reads all that is stored; null where there are no tables. */
export function readCredits(sql: SqlStorage): { readonly state: CreditState; readonly day: Day } | null {
  if (!hasTable(sql, 'credits')) return null;
  const totals = sql.exec<TotalsRow>(
    `SELECT granted, spent, unreported, months, day_ms AS startMs, day_spent AS daySpent,
       day_unreported AS dayUnreported FROM credits`,
  );
  const rows = sql.exec<HoldRow>(
    'SELECT id, micro, from_ms AS fromMs, ends_at_ms AS endsAtMs, open, closed, provisional FROM credit_holds',
  );
  return stateOf(totals.toArray()[0], rows.toArray());
}

/** The totals are absent where nothing but holds was written. */
function stateOf(totals: TotalsRow | undefined, rows: readonly HoldRow[]): { state: CreditState; day: Day } {
  const { granted = 0, spent = 0, unreported = 0, months = '[]', startMs = 0 } = totals ?? {};
  const { daySpent = 0, dayUnreported = 0 } = totals ?? {};
  const holds = new Map(rows.map(({ id, ...row }) => [id, holdOf(row)]));
  const held = [...holds.values()].reduce((sum, { open, provisional }) => sum + (provisional ? 0 : open), 0);
  const dueMs = earliestExpiry(holds);
  const state = { granted, spent, unreported, held, dueMs, months: JSON.parse(months) as MonthTotals[], holds };
  return { state, day: { startMs, spent: daySpent, unreported: dayUnreported } };
}

function holdOf(row: Omit<HoldRow, 'id'>): Hold {
  return { ...row, closed: row.closed === 1, provisional: row.provisional === 1 };
}
