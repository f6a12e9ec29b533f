import { cutPage, type PageRequest, type Position, pageLength, readCursor } from '../registry/page.ts';

/*
 * What has changed an account's credits, newest first: each grant, and one line per day of what was spent and one of
 * what became unreported. All of them together are `balance + held`. None is ever dropped.
 */

/** A grant or a correction of an account's credits. */
export interface NewGrant {
  /** The idempotency key: what comes again under it is the same grant. */
  readonly id: string;
  /** Not 0; negative ones correct. */
  readonly micro: number;
  readonly note: string | null;
  readonly actor: string;
}

/** One line of the list. Of a day, `atMs` is its beginning in UTC, and both `note` and `actor` are null. */
export interface Movement {
  /** Of a grant its idempotency key; of a day's line its date. */
  readonly id: string;
  readonly atMs: number;
  readonly kind: 'grant' | 'spent' | 'unreported';
  /** What it adds to the balance and what is held: negative for what was spent. */
  readonly micro: number;
  readonly note: string | null;
  readonly actor: string | null;
}

/** A day's spending that may still grow. */
export interface Day {
  readonly startMs: number;
  readonly spent: number;
  readonly unreported: number;
}

/** No day with spending. */
export const NO_DAY: Day = { startMs: 0, spent: 0, unreported: 0 };

const DAY_MS = 86_400_000;
/** After every line. */
const NEWEST: Position = [Number.MAX_SAFE_INTEGER, ''];

/** Makes the table. A line's name is its kind and its id. */
export function createMovements(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS credit_movements (
      name TEXT PRIMARY KEY NOT NULL,
      at_ms INTEGER NOT NULL,
      micro INTEGER NOT NULL,
      note TEXT,
      actor TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS credit_movements_by_time ON credit_movements (at_ms, name);
  `);
}

/** The day, or the next one, with what was booked at `nowMs`. A day that is over is written down. A clock that went back books to the newest day. */
export function bookDay(sql: SqlStorage, day: Day, booked: Omit<Day, 'startMs'>, nowMs: number): Day {
  const startMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  if (startMs <= day.startMs) {
    return { ...day, spent: day.spent + booked.spent, unreported: day.unreported + booked.unreported };
  }
  for (const line of linesOf(day)) insertMovement(sql, line);
  return { startMs, ...booked };
}

function linesOf({ startMs, spent, unreported }: Day): Movement[] {
  const id = new Date(startMs).toISOString().slice(0, 10);
  const line = { id, atMs: startMs, note: null, actor: null };
  const lines: Movement[] = [
    { ...line, kind: 'unreported', micro: -unreported },
    { ...line, kind: 'spent', micro: -spent },
  ];
  return lines.filter(({ micro }) => micro !== 0);
}

/** Writes a line. */
export function insertMovement(sql: SqlStorage, movement: Movement): void {
  const { atMs, micro, note, actor } = movement;
  sql.exec('INSERT INTO credit_movements VALUES (?, ?, ?, ?, ?)', nameOf(movement), atMs, micro, note, actor);
}

type MovementRow = Omit<Movement, 'kind' | 'id'> & { readonly name: string };

function read(sql: SqlStorage, where: string, ...values: (string | number)[]): Movement[] {
  const rows = sql.exec<MovementRow & Record<string, SqlStorageValue>>(
    `SELECT name, at_ms AS atMs, micro, note, actor FROM credit_movements WHERE ${where}`,
    ...values,
  );
  return rows.toArray().map(({ name, ...rest }) => {
    const [kind = '', ...id] = name.split(':');
    return { id: id.join(':'), kind: kind as Movement['kind'], ...rest };
  });
}

/** The grant with an idempotency key, or null. */
export function findGrant(sql: SqlStorage, id: string): Movement | null {
  return read(sql, 'name = ?', `grant:${id}`)[0] ?? null;
}

/** A page of the list, `day` among it; null where the cursor is not one of this list's. */
export function listMovements(
  sql: SqlStorage,
  day: Day,
  request: PageRequest,
): { movements: readonly Movement[]; nextCursor: string | null } | null {
  const limit = pageLength(request.limit);
  const position = request.cursor === null ? NEWEST : readCursor(request.cursor);
  if (position === null || typeof position[1] === 'number') return null;
  const [atMs, name] = position;
  const today = linesOf(day).filter((line) => line.atMs < atMs || (line.atMs === atMs && nameOf(line) < name));
  const stored = read(sql, '(at_ms, name) < (?, ?) ORDER BY at_ms DESC, name DESC LIMIT ?', atMs, name, limit + 1);
  const lines = [...today, ...stored].sort((a, b) => b.atMs - a.atMs || (nameOf(a) < nameOf(b) ? 1 : -1));
  const { rows, nextCursor } = cutPage(lines, limit, (line) => [line.atMs, nameOf(line)]);
  return { movements: rows, nextCursor };
}

function nameOf({ kind, id }: Movement): string {
  return `${kind}:${id}`;
}
