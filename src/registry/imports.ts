import type { KeyStatus } from '../decision/record.ts';
import { type Actor, AUDIT_COLUMNS } from './audit.ts';
import type { NewKey } from './create.ts';
import { type Db, labelTaken } from './rows.ts';

/*
 * Keys that come from another system, many at once. Sets are handed over as one JSON parameter, as everywhere, so that a
 * few statements in one transaction write some hundred keys with all that belongs to them.
 */

/** An account, and somebody in it: by its id, or by whose it is as `accounts.external_id` names it; never by both. */
export interface Party {
  readonly account: string | null;
  readonly external: string | null;
  /** As the issuer of sessions knows the person; null: nobody. */
  readonly user: string | null;
}

/** What there is of a {@link Party}. */
export interface FoundParty {
  readonly accountId: string;
  readonly plan: string;
  readonly isClosed: boolean;
  readonly memberRole: string | null;
  readonly memberStatus: 'active' | 'removed' | null;
}

/** A secret that is here already, and which line of which import has brought it; null: none has. */
export interface FoundSecret {
  readonly keyId: string;
  readonly accountId: string;
  readonly prefix: string;
  readonly origin: Origin | null;
}

/** A line of an import. */
export interface Origin {
  readonly import: string;
  readonly chunk: number;
  readonly line: number;
}

/** What is known of lines that are to be imported: by their numbers, and of parties in the given order. */
export interface Known {
  readonly secrets: ReadonlyMap<number, FoundSecret>;
  readonly parties: readonly (FoundParty | null)[];
}

/** The account of a party `p` of a list, by whichever it is named. */
const accountOf = (p: string) =>
  `coalesce(${p} ->> 'account', (SELECT e.id FROM accounts AS e WHERE e.external_id = ${p} ->> 'external'))`;

/** Reads what there is of secrets, each by its digests under all peppers, and of parties, in one round trip. */
export async function readKnown(
  db: Db,
  lines: readonly { readonly line: number; readonly digests: readonly string[] }[],
  parties: readonly Party[],
): Promise<Known> {
  const [found, there] = await db.batch<unknown>([
    db
      .prepare(
        `SELECT c.value ->> 'line' AS line, k.id AS keyId, k.account_id AS accountId, k.prefix,
           u.after ->> 'import' AS import, u.after ->> 'chunk' AS chunk, u.after ->> 'line' AS ofLine
         FROM json_each(?) AS c
         CROSS JOIN json_each(c.value, '$.digests') AS p
         CROSS JOIN secret_digests AS d ON d.digest = p.value
         CROSS JOIN secrets AS s ON s.id = d.secret_id
         CROSS JOIN keys AS k ON k.id = s.key_id
         LEFT JOIN audit AS u ON u.key_id = k.id AND u.action = 'key.imported'`,
      )
      .bind(JSON.stringify(lines.map(({ line, digests }) => ({ line, digests })))),
    db
      .prepare(
        `SELECT c.key AS place, a.id AS accountId, a.plan, a.closed_at_ms AS closedAtMs, m.role, m.status
         FROM json_each(?) AS c
         CROSS JOIN accounts AS a ON a.id = ${accountOf('c.value')}
         LEFT JOIN members AS m ON m.user_id = c.value ->> 'user' AND m.account_id = a.id`,
      )
      .bind(JSON.stringify(parties)),
  ]);
  const secrets = (found?.results ?? []) as SecretRow[];
  const accounts = new Map(((there?.results ?? []) as PartyRow[]).map((row) => [row.place, row]));
  return {
    secrets: new Map(secrets.map((row) => [row.line, secretOfRow(row)])),
    parties: parties.map((_, i) => {
      const row = accounts.get(i);
      if (row === undefined) return null;
      const { accountId, plan, closedAtMs, role, status } = row;
      return { accountId, plan, isClosed: closedAtMs !== null, memberRole: role, memberStatus: status };
    }),
  };
}

interface SecretRow extends Omit<FoundSecret, 'origin'> {
  readonly line: number;
  readonly import: string | null;
  readonly chunk: number | null;
  readonly ofLine: number | null;
}

interface PartyRow extends Pick<FoundParty, 'accountId' | 'plan'> {
  readonly place: number;
  readonly closedAtMs: number | null;
  readonly role: string | null;
  readonly status: FoundParty['memberStatus'];
}

function secretOfRow({ keyId, accountId, prefix, import: id, chunk, ofLine: line }: SecretRow): FoundSecret {
  const origin = id === null || chunk === null || line === null ? null : { import: id, chunk, line };
  return { keyId, accountId, prefix, origin };
}

/** A key to be imported. Ids are the caller's, made for this call; the account and the member are those of the party. */
export interface ImportedKey extends Omit<NewKey, 'accountId' | 'memberId'>, Party {
  readonly line: number;
  readonly status: Exclude<KeyStatus, 'revoked'>;
  readonly createdAtMs: number;
  readonly prefix: string;
  readonly secretId: string;
  /** Under all peppers, the current one first. */
  readonly digests: readonly string[];
  readonly pepperVersion: number;
  /** With which of these roles the member may have this key. */
  readonly owners: readonly string[];
}

/** An account to be made where whose it is has none. */
export interface ImportedAccount {
  readonly id: string;
  readonly external: string;
  readonly name: string;
  readonly plan: string;
}

/** A member to be made where the user is none. */
export interface ImportedMember extends Party {
  readonly id: string;
  readonly role: string;
}

/** All that is written at once. */
export interface ImportedSet {
  readonly keys: readonly ImportedKey[];
  readonly accounts: readonly ImportedAccount[];
  readonly members: readonly ImportedMember[];
}

/** How a set is written. */
export interface ImportTerms {
  /** Whether no other key of the account that is not revoked may have a key's label. */
  readonly uniqueLabel: boolean;
  /** Whose set it is; null: a key that was asked for in its old system. */
  readonly origin: Omit<Origin, 'line'> | null;
}

/** What became of a key: the account that has it now, or why it was not made; null: something has changed meanwhile. */
export type Imported = { readonly accountId: string } | 'label_taken' | null;

/** Whom an account belongs to decides by what its members came in: those of a sign-in are subject to its claims. */
const JOINED_BY = `CASE WHEN a.external_id GLOB 'org:*' OR a.external_id GLOB 'user:*' THEN 'sign_in' ELSE 'admin' END`;
/** As `registry/accounts.ts` tells it: the name of one person's account may be the person's. */
const ACCOUNT_TOLD = `CASE WHEN external_id GLOB 'user:*' THEN json_object('plan', plan, 'by', 'import')
  ELSE json_object('name', name, 'plan', plan, 'by', 'import') END`;

/**
 * Writes keys with their secrets, digests and audit entries, and the accounts and members that they need, in one
 * transaction: each key whole or not at all, and only where no key has its secret, its account is not closed, and its
 * member may have it. Nothing is to be advanced: no gate has ever heard of these keys, and none admits a record that was
 * not read from the primary before it has. Of two keys of one set with the same secret or label the caller gives one.
 * Says of each line what became of it.
 */
export async function writeImported(
  db: Db,
  set: ImportedSet,
  { uniqueLabel, origin }: ImportTerms,
  actor: Actor,
  nowMs: number,
): Promise<ReadonlyMap<number, Imported>> {
  const keys = JSON.stringify(set.keys);
  const accounts = JSON.stringify(set.accounts);
  const members = JSON.stringify(set.members);
  const who = [nowMs, actor.name, actor.address, actor.requestId] as const;
  const taken = `?2 AND ${labelTaken(`c.value ->> 'label'`, 'a.id', `c.value ->> 'id'`)}`;
  const results = await db.batch<unknown>([
    db
      .prepare(
        `INSERT INTO accounts (id, name, plan, status, created_at_ms, external_id)
         SELECT c.value ->> 'id', c.value ->> 'name', c.value ->> 'plan', 'active', ?2, c.value ->> 'external'
         FROM json_each(?1) AS c WHERE TRUE ON CONFLICT DO NOTHING`,
      )
      .bind(accounts, nowMs),
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS})
         SELECT ?2, ?3, ?4, ?5, 'account.created', a.id, NULL, NULL, ${ACCOUNT_TOLD}
         FROM json_each(?1) AS c CROSS JOIN accounts AS a ON a.id = c.value ->> 'id'`,
      )
      .bind(accounts, ...who),
    db
      .prepare(
        `INSERT INTO members (id, account_id, user_id, role, status, joined_by, joined_at_ms)
         SELECT c.value ->> 'id', a.id, c.value ->> 'user', c.value ->> 'role', 'active', ${JOINED_BY}, ?2
         FROM json_each(?1) AS c CROSS JOIN accounts AS a ON a.id = ${accountOf('c.value')} AND a.closed_at_ms IS NULL
         WHERE TRUE ON CONFLICT DO NOTHING`,
      )
      .bind(members, nowMs),
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS})
         SELECT ?2, ?3, ?4, ?5, 'member.joined', m.account_id, NULL, NULL,
           json_object('member', m.id, 'role', m.role, 'by', 'import')
         FROM json_each(?1) AS c CROSS JOIN members AS m ON m.id = c.value ->> 'id'`,
      )
      .bind(members, ...who),
    db
      .prepare(
        `INSERT INTO keys (id, account_id, user_id, label, category, environment, role, status, generation,
           expires_at_ms, rate_per_second, rate_per_minute, quotas, addresses, metadata, prefix, created_at_ms)
         SELECT c.value ->> 'id', a.id, m.id, c.value ->> 'label', c.value ->> 'category', c.value ->> 'environment',
           c.value ->> 'role', c.value ->> 'status', 1, c.value ->> 'expiresAtMs', c.value ->> 'ratePerSecond',
           c.value ->> 'ratePerMinute', c.value ->> 'quotas', c.value ->> 'addresses', c.value ->> 'metadata',
           c.value ->> 'prefix', c.value ->> 'createdAtMs'
         FROM json_each(?1) AS c
         CROSS JOIN accounts AS a ON a.id = ${accountOf('c.value')} AND a.closed_at_ms IS NULL
         LEFT JOIN members AS m ON m.user_id = c.value ->> 'user' AND m.account_id = a.id AND m.status = 'active'
           AND m.role IN (SELECT value FROM json_each(c.value, '$.owners'))
         WHERE (c.value ->> 'user' IS NULL OR m.id IS NOT NULL) AND NOT (${taken})
           AND NOT EXISTS (SELECT 1 FROM json_each(c.value, '$.digests') AS p
             CROSS JOIN secret_digests AS d ON d.digest = p.value)`,
      )
      .bind(keys, uniqueLabel ? 1 : 0),
    db
      .prepare(
        `INSERT INTO secrets (id, key_id, prefix, created_at_ms)
         SELECT c.value ->> 'secretId', k.id, k.prefix, k.created_at_ms
         FROM json_each(?1) AS c CROSS JOIN keys AS k ON k.id = c.value ->> 'id'`,
      )
      .bind(keys),
    db
      .prepare(
        `INSERT INTO secret_digests (digest, secret_id, pepper_version)
         SELECT c.value ->> '$.digests[0]', s.id, c.value ->> 'pepperVersion'
         FROM json_each(?1) AS c CROSS JOIN secrets AS s ON s.id = c.value ->> 'secretId'`,
      )
      .bind(keys),
    db
      .prepare(
        `INSERT INTO audit (${AUDIT_COLUMNS})
         SELECT ?2, ?3, ?4, ?5, iif(?6 IS NULL, 'key.adopted', 'key.imported'), k.account_id, k.id, NULL,
           json_object('id', k.id, 'memberId', k.user_id, 'label', k.label, 'category', k.category,
             'environment', k.environment, 'role', k.role, 'status', k.status, 'expiresAtMs', k.expires_at_ms,
             'ratePerSecond', k.rate_per_second, 'ratePerMinute', k.rate_per_minute, 'quotas', json(k.quotas),
             'addresses', json(k.addresses), 'metadata', json(k.metadata), 'prefix', k.prefix,
             'createdAtMs', k.created_at_ms, 'import', ?6, 'chunk', ?7, 'line', c.value ->> 'line')
         FROM json_each(?1) AS c CROSS JOIN keys AS k ON k.id = c.value ->> 'id'`,
      )
      .bind(keys, ...who, origin?.import ?? null, origin?.chunk ?? null),
    db
      .prepare(
        `SELECT c.value ->> 'line' AS line, k.account_id AS accountId, a.id IS NOT NULL AND ${taken} AS isTaken
         FROM json_each(?1) AS c
         LEFT JOIN keys AS k ON k.id = c.value ->> 'id'
         LEFT JOIN accounts AS a ON a.id = ${accountOf('c.value')}`,
      )
      .bind(keys, uniqueLabel ? 1 : 0),
  ]);
  const rows = (results[8]?.results ?? []) as { line: number; accountId: string | null; isTaken: 0 | 1 }[];
  return new Map(
    rows.map(({ line, accountId, isTaken }): [number, Imported] => {
      if (accountId !== null) return [line, { accountId }];
      return [line, isTaken === 1 ? 'label_taken' : null];
    }),
  );
}

/** A chunk that was answered. `body`: a digest of what was sent; `counts` and `results`: JSON. */
export interface Chunk {
  readonly import: string;
  readonly chunk: number;
  readonly atMs: number;
  readonly body: string;
  readonly counts: string;
  readonly results: string;
}

const CHUNK = `import_id AS import, chunk, at_ms AS atMs, body, counts, results`;
const FIND_CHUNK = `SELECT ${CHUNK} FROM import_chunks WHERE import_id = ? AND chunk = ?`;

/** The chunk of this number, or null where none was answered. */
export async function readChunk(db: Db, importId: string, chunk: number): Promise<Chunk | null> {
  return db.prepare(FIND_CHUNK).bind(importId, chunk).first<Chunk>();
}

/** Keeps a chunk with its answer, unless there is one of this number. Returns the one that stands. */
export async function keepChunk(db: Db, chunk: Chunk): Promise<Chunk> {
  const { import: importId, chunk: number, atMs, body, counts, results } = chunk;
  const [, kept] = await db.batch<Chunk>([
    db
      .prepare(
        `INSERT INTO import_chunks (import_id, chunk, at_ms, body, counts, results) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
      )
      .bind(importId, number, atMs, body, counts, results),
    db.prepare(FIND_CHUNK).bind(importId, number),
  ]);
  return kept?.results[0] ?? chunk;
}

/** All chunks of an import that were answered, by their numbers; without bodies and results. */
export async function readImport(db: Db, importId: string): Promise<Omit<Chunk, 'body' | 'results'>[]> {
  const { results } = await db
    .prepare(
      'SELECT import_id AS import, chunk, at_ms AS atMs, counts FROM import_chunks WHERE import_id = ? ORDER BY chunk',
    )
    .bind(importId)
    .all<Omit<Chunk, 'body' | 'results'>>();
  return results;
}

/** Forgets at most `limit` chunks from before `beforeMs`. Their keys stay. */
export async function purgeChunks(db: Db, beforeMs: number, limit: number): Promise<void> {
  await db
    .prepare(
      `DELETE FROM import_chunks WHERE rowid IN (
         SELECT rowid FROM import_chunks WHERE at_ms <= ? ORDER BY at_ms LIMIT ?)`,
    )
    .bind(beforeMs, limit)
    .run();
}
