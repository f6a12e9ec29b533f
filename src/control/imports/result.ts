/** What became of a line, in the order of {@link STATUSES}. */
export const STATUSES = ['created', 'exists', 'duplicate', 'invalid', 'conflict'] as const;
export type Status = (typeof STATUSES)[number];

/** Why a line was not imported: what is wrong with it, and what it stands against. */
export const INVALID_CODES = ['line_too_long', 'encoding', 'json', 'fields', 'format'] as const;
export const CONFLICT_CODES = [
  'other_account',
  'account_missing',
  'account_closed',
  'member_removed',
  'label_taken',
  'overtaken',
] as const;
export type InvalidCode = (typeof INVALID_CODES)[number];
export type ConflictCode = (typeof CONFLICT_CODES)[number];

/** The result of a line, as it is answered. It never holds a secret or a hash, nor any other value of the line. */
export interface Result {
  readonly line: number;
  readonly status: Status;
  /** The key that has the secret, where its account is the line's. */
  readonly id?: string;
  readonly account?: string;
  readonly prefix?: string;
  readonly code?: InvalidCode | ConflictCode;
  readonly message?: string;
}

/**
 * The most bytes of what is told of a line: the results of a chunk stand in one row, of which D1 takes 2 MB, also where
 * each character is written as two.
 */
const MESSAGE_BYTES = 160;
const utf8 = new TextEncoder();

/** A line that is wrong; what is told of it may be cut. */
export function invalidLine(line: number, code: InvalidCode, message: string): Result {
  const { read } = utf8.encodeInto(message, new Uint8Array(MESSAGE_BYTES));
  return { line, status: 'invalid', code, message: read === message.length ? message : `${message.slice(0, read)}…` };
}

const CONFLICTS: Readonly<Record<ConflictCode, string>> = {
  other_account: 'the secret is that of a key of another account',
  account_missing: 'account: there is no account with this id',
  account_closed: 'the account is closed, for good',
  member_removed: 'user: was removed from the account; let them in again first',
  label_taken: 'label: another key of the account has it; choose another label, or revoke that key',
  overtaken: 'something that the line needs was changed at the same time: send it again, in another chunk',
};

/** A line that is right and stands against what is here. */
export function conflictOf(line: number, code: ConflictCode): Result {
  return { line, status: 'conflict', code, message: CONFLICTS[code] };
}

/** How many lines came to what. */
export function countsOf(results: readonly Result[]): Record<Status, number> {
  const counts = { created: 0, exists: 0, duplicate: 0, invalid: 0, conflict: 0 };
  for (const { status } of results) counts[status]++;
  return counts;
}
