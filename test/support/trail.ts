import { isDeepStrictEqual } from 'node:util';
import { digestOf } from './fill.ts';
import type { Json } from './reply.ts';

/*
 * What the audit trail says of keys, and what the registry has: the entries of a key, from its creation on, must give
 * the very row; and what its secrets must be answered follows from the rows.
 */

/** An entry of the trail, in the order in which they were written. */
export interface Entry {
  readonly id: number;
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly accountId: string | null;
  readonly keyId: string | null;
  readonly requestId: string | null;
  readonly before: Json;
  readonly after: Json;
}

/** All entries of the trail. */
export async function readTrail(db: D1Database): Promise<Entry[]> {
  const { results } = await db
    .prepare(
      `SELECT id, at_ms AS atMs, actor, action, account_id AS accountId, key_id AS keyId, request_id AS requestId,
         before, after FROM audit ORDER BY id`,
    )
    .all<Entry>();
  return results.map((row) => ({ ...row, before: JSON.parse(row.before), after: JSON.parse(row.after) }));
}

/** A secret of a key, by its visible prefix. `replacedBy`: its place among the secrets; null: it is the current one. */
interface SecretRow {
  readonly prefix: string;
  readonly replacedAtMs: number | null;
  readonly graceEndsAtMs: number | null;
}

/** A key with its secrets, as its rows have it, in the words of the trail. */
export interface KeyState {
  readonly key: Readonly<Record<string, unknown>>;
  readonly generation: number;
  readonly secrets: readonly SecretRow[];
}

/** All keys, by id. */
export async function readKeyStates(db: D1Database): Promise<Map<string, KeyState>> {
  const [keys, secrets] = await db.batch<Json>([
    db.prepare(
      `SELECT id, account_id AS accountId, user_id AS memberId, label, category, environment, role, status, generation,
         expires_at_ms AS expiresAtMs, rate_per_second AS ratePerSecond, rate_per_minute AS ratePerMinute, quotas,
         addresses, coalesce(metadata, '{}') AS metadata, prefix FROM keys`,
    ),
    db.prepare(
      `SELECT key_id AS keyId, prefix, replaced_at_ms AS replacedAtMs, grace_ends_at_ms AS graceEndsAtMs FROM secrets`,
    ),
  ]);
  const states = (keys?.results ?? []).map((whole): KeyState => {
    const { generation, quotas, addresses, metadata, ...row } = whole as Record<string, Json>;
    const key = {
      ...row,
      quotas: JSON.parse(quotas),
      addresses: JSON.parse(addresses),
      metadata: JSON.parse(metadata),
    };
    const own = (secrets?.results ?? []).filter(({ keyId }) => keyId === row.id);
    return { key, generation, secrets: own as SecretRow[] };
  });
  return new Map(states.map((state) => [String(state.key.id), state]));
}

/** What an entry only tells of: it alters nothing of the key. */
const TELLS = new Set([
  'key.expiring',
  'key.expired',
  'key.grace_ended',
  'key.old_secret_used',
  'key.leaked',
  'secret.locked',
  'quota.warning',
  'quota.reached',
]);

/** Whether an entry is of a change, and not of what only happened to a key. */
export function alters({ action }: Entry): boolean {
  return !TELLS.has(action);
}

/**
 * What does not fit between the entries of one key and its rows; `state` is undefined where there is no such key. The
 * entries begin with its creation, or with how it stood then, with one secret.
 */
export function misfits(entries: readonly Entry[], state: KeyState | undefined, start?: KeyState): string[] {
  const problems: string[] = [];
  const rotations: Json[] = [];
  let key: Readonly<Record<string, unknown>> | null = start?.key ?? null;
  for (const { id, action, before, after } of entries.filter(alters)) {
    const say = (problem: string) => problems.push(`entry ${id}, ${action}: ${problem}`);
    if ((action === 'key.created') !== (key === null)) say('is not where a life begins');
    for (const [field, value] of Object.entries(before ?? {})) {
      if (!isDeepStrictEqual(key?.[field], value)) say(`${field} was not ${JSON.stringify(value)}`);
    }
    if (action === 'key.rotated') rotations.push(after);
    const { graceEndsAtMs: _, with: __, ...set }: Record<string, unknown> = after ?? {};
    key = action === 'key.created' ? { ...set, status: 'active' } : action === 'key.purged' ? null : { ...key, ...set };
  }
  if (!isDeepStrictEqual(key ?? undefined, state?.key)) {
    problems.push(`the trail ends with ${JSON.stringify(key)}, the registry has ${JSON.stringify(state?.key)}`);
  }
  if (key === null || state === undefined) return problems;
  return [
    ...problems,
    ...misfitSecrets(String(start?.key.prefix ?? entries[0]?.after.prefix), rotations, state.secrets),
  ];
}

/** A rotation makes one secret, gives the one before a grace, and ends that of all earlier ones. */
function misfitSecrets(first: string, rotations: readonly Json[], secrets: readonly SecretRow[]): string[] {
  const told = [first, ...rotations.map(({ prefix }) => prefix)];
  const expected = told.map((prefix, i) => ({
    prefix,
    replaced: i < rotations.length,
    grace: i === rotations.length - 1 ? rotations[i].graceEndsAtMs : i < rotations.length ? 'ended' : null,
  }));
  const found = secrets.map(({ prefix, replacedAtMs, graceEndsAtMs }) => {
    const isLast = prefix === told.at(-2);
    return {
      prefix,
      replaced: replacedAtMs !== null,
      grace: replacedAtMs !== null && !isLast && graceEndsAtMs === replacedAtMs ? 'ended' : graceEndsAtMs,
    };
  });
  const byPrefix = (a: { prefix: string }, b: { prefix: string }) => (a.prefix < b.prefix ? -1 : 1);
  if (isDeepStrictEqual(expected.toSorted(byPrefix), found.toSorted(byPrefix))) return [];
  return [`the secrets are ${JSON.stringify(found)}, the trail says ${JSON.stringify(expected)}`];
}

/** What a call with a secret must be answered: 200, or the code of the preset `keystile`. */
export type Fate = 200 | string;

/** What follows from the rows for calls with these secrets; `method` is what they call with. */
export async function fatesOf(
  db: D1Database,
  secrets: readonly string[],
  nowMs: number,
  method = 'GET',
): Promise<Map<string, Fate>> {
  const digests = await Promise.all(secrets.map(digestOf));
  const { results } = await db
    .prepare(
      `SELECT d.digest, k.status, a.status AS account, k.expires_at_ms AS expiresAtMs, k.role,
         k.rate_per_minute AS ratePerMinute, s.replaced_at_ms AS replacedAtMs, s.grace_ends_at_ms AS graceEndsAtMs
       FROM json_each(?) AS c CROSS JOIN secret_digests AS d ON d.digest = c.value
       CROSS JOIN secrets AS s ON s.id = d.secret_id CROSS JOIN keys AS k ON k.id = s.key_id
       CROSS JOIN accounts AS a ON a.id = k.account_id`,
    )
    .bind(JSON.stringify(digests))
    .all<Json>();
  const rows = new Map(results.map((row) => [row.digest, row]));
  return new Map(secrets.map((secret, i) => [secret, fateOf(rows.get(digests[i]), nowMs, method)]));
}

function fateOf(row: Json, nowMs: number, method: string): Fate {
  if (row === undefined) return 'invalid_api_key';
  if (row.status === 'revoked') return 'api_key_revoked';
  if (row.account !== 'active') return 'account_suspended';
  if (row.status === 'inactive') return 'api_key_inactive';
  if (row.expiresAtMs !== null && row.expiresAtMs <= nowMs) return 'api_key_expired';
  const isOver = row.graceEndsAtMs <= nowMs || row.graceEndsAtMs <= row.replacedAtMs;
  if (row.replacedAtMs !== null && isOver) return 'api_key_rotated';
  if (row.role === 'viewer' && method !== 'GET') return 'insufficient_role';
  return row.ratePerMinute === 0 ? 'rate_limited' : 200;
}
