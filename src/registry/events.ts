import type { EventType } from '../events/types.ts';
import { type Db, readJson } from './rows.ts';

/** What a key was called when something happened to it. */
export interface EventKey {
  readonly prefix: string;
  readonly label: string | null;
  readonly environment: string;
}

/** An event, with the entry of the audit trail that it is. Nothing of it changes any more. */
export interface EventSource {
  /** Of the entry. */
  readonly id: number;
  readonly type: EventType;
  readonly atMs: number;
  readonly accountId: string | null;
  readonly keyId: string | null;
  /** Which event of its key it is, from 1; null: of no key. */
  readonly sequence: number | null;
  readonly key: EventKey | null;
  readonly actor: string;
  readonly action: string;
  readonly before: unknown;
  readonly after: unknown;
}

type EventRow = Omit<EventSource, 'key' | 'before' | 'after'> & Record<'key' | 'before' | 'after', string | null>;

/** These events, by id, in one query; what does not exist is missing. */
export async function readEvents(db: Db, ids: readonly number[]): Promise<Map<number, EventSource>> {
  if (ids.length === 0) return new Map();
  const { results } = await db
    .prepare(
      `SELECT e.id, e.type, e.at_ms AS atMs, e.account_id AS accountId, e.key_id AS keyId, e.sequence, e.key,
         n.actor, n.action, n.before, n.after
       FROM json_each(?) AS c CROSS JOIN events AS e ON e.id = c.value CROSS JOIN audit AS n ON n.id = e.id`,
    )
    .bind(JSON.stringify(ids))
    .all<EventRow>();
  const read = (text: string | null) => (text === null ? null : readJson(text));
  return new Map(
    results.map((row) => [
      row.id,
      { ...row, key: read(row.key) as EventKey | null, before: read(row.before), after: read(row.after) },
    ]),
  );
}

/**
 * Forgets events from before `beforeMs` that no delivery has, as where an endpoint was deleted with its deliveries: of
 * the `limit` oldest, since what is as old and has a delivery goes with that.
 */
export async function purgeEvents(db: Db, beforeMs: number, limit: number): Promise<void> {
  await db
    .prepare(
      `DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY id LIMIT ?)
         AND at_ms < ? AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event_id = events.id)`,
    )
    .bind(limit, beforeMs)
    .run();
}
