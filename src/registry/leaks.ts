import { type Actor, AUDIT_COLUMNS, ONCE } from './audit.ts';
import { cutPage, type PageRequest, pageLength, readCursor, textRange } from './page.ts';
import { type Db, type Grace, KEY_COLUMNS, type KeyRow, keyOfRow, readJson, type StoredKey } from './rows.ts';

/*
 * Secrets that were found in public. That one was is an entry of the audit trail, and an event in the outbox until what
 * was done about it holds everywhere.
 */

const LEAKED = 'key.leaked';
/** Bounds of the names of all such entries, by which they are found without reading the rest of the trail. */
const NAMES = textRange(`${LEAKED} `);

/** A secret, of whichever generation it is, and its key as it stands now. */
export interface FoundSecret extends Grace {
  readonly key: StoredKey;
  /** Its visible part. */
  readonly prefix: string;
}

/** The secrets that have one of these digests, by digest, in one query. */
export async function findSecrets(db: Db, digests: readonly string[]): Promise<Map<string, FoundSecret>> {
  if (digests.length === 0) return new Map();
  const { results } = await db
    .prepare(
      `SELECT ${KEY_COLUMNS}, d.digest, s.prefix AS secretPrefix, s.replaced_at_ms AS replacedAtMs,
         s.grace_ends_at_ms AS graceEndsAtMs
       FROM json_each(?) AS c
       CROSS JOIN secret_digests AS d ON d.digest = c.value
       CROSS JOIN secrets AS s ON s.id = d.secret_id
       CROSS JOIN keys AS k ON k.id = s.key_id
       CROSS JOIN accounts AS a ON a.id = k.account_id`,
    )
    .bind(JSON.stringify(digests))
    .all<KeyRow & Grace & { digest: string; secretPrefix: string }>();
  return new Map(
    results.map(({ digest, secretPrefix: prefix, replacedAtMs, graceEndsAtMs, ...row }) => [
      digest,
      { key: keyOfRow(row), prefix, replacedAtMs, graceEndsAtMs },
    ]),
  );
}

/** What the trail tells of a leak. */
export interface LeakAbout {
  /** Who reported it. */
  readonly reporter: string;
  /** What is done about it; `none`: the secret worked no more. */
  readonly outcome: 'revoke' | 'deactivate' | 'notify' | 'none';
  /** The visible part of the secret. */
  readonly prefix: string;
  readonly url: string;
  readonly source: string;
  readonly type: string;
}

/** A leak of one key at one place. */
export interface Leak {
  readonly keyId: string;
  readonly about: LeakAbout;
}

/**
 * Writes down that keys have leaked, in one transaction: an entry of the trail for each key, place and outcome, unless
 * it was written before, and with each entry its event.
 */
export async function noteLeaks(db: Db, leaks: readonly Leak[], actor: Actor, nowMs: number): Promise<void> {
  const named = leaks.map(({ keyId, about }) => {
    const once = `${LEAKED} ${keyId} ${about.outcome} ${about.url}`;
    return [once, { keyId, about, once }] as const;
  });
  const set = JSON.stringify([...new Map(named).values()]);
  await db.batch([
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS}, once)
         SELECT ?2, ?3, ?4, ?5, '${LEAKED}', k.account_id, k.id, NULL, c.value -> 'about', c.value ->> 'once'
         FROM json_each(?1) AS c CROSS JOIN keys AS k ON k.id = c.value ->> 'keyId' WHERE true
         ${ONCE}`,
      )
      .bind(set, nowMs, actor.name, actor.address, actor.requestId),
    // The entry is of this very request, or was there before.
    db
      .prepare(
        `INSERT INTO outbox (kind, account_id, key_id, generation, payload, created_at_ms, next_attempt_at_ms)
         SELECT '${LEAKED}', k.account_id, k.id, k.generation, c.value -> 'about', ?2, ?2
         FROM json_each(?1) AS c CROSS JOIN keys AS k ON k.id = c.value ->> 'keyId'
         WHERE EXISTS (SELECT 1 FROM audit AS n WHERE n.once = c.value ->> 'once' AND n.request_id = ?3)`,
      )
      .bind(set, nowMs, actor.requestId),
  ]);
}

/** A leak as the trail has it. */
export interface NotedLeak {
  readonly id: number;
  readonly atMs: number;
  readonly accountId: string;
  readonly keyId: string;
  readonly about: LeakAbout;
}

/** Which leaks to list. */
export interface LeakQuery extends PageRequest {
  readonly accountId: string | undefined;
  readonly keyId: string | undefined;
}

/** Lists leaks, newest first; null where the cursor is not one of this list's. */
export async function listLeaks(
  db: Db,
  { accountId, keyId, limit: wanted, cursor }: LeakQuery,
): Promise<{ leaks: readonly NotedLeak[]; nextCursor: string | null } | null> {
  const limit = pageLength(wanted);
  const position = cursor === null ? null : readCursor(cursor);
  if (cursor !== null && typeof position?.[1] !== 'number') return null;
  const { results } = await db
    .prepare(
      `SELECT id, at_ms AS atMs, account_id AS accountId, key_id AS keyId, after AS about
       FROM audit INDEXED BY audit_once
       WHERE once >= ?1 AND once < ?2 AND (?3 IS NULL OR account_id = ?3) AND (?4 IS NULL OR key_id = ?4)
         AND (?5 IS NULL OR id < ?5)
       ORDER BY id DESC LIMIT ?6`,
    )
    .bind(...NAMES, accountId ?? null, keyId ?? null, position?.[1] ?? null, limit + 1)
    .all<Omit<NotedLeak, 'about'> & { about: string }>();
  const { rows, nextCursor } = cutPage(results, limit, ({ atMs, id }) => [atMs, id]);
  return { leaks: rows.map((row) => ({ ...row, about: readJson(row.about) as LeakAbout })), nextCursor };
}
